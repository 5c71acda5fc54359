"""Pictures and videos of known size and number, the same bytes in every run."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

FRAMES_A_SECOND = 10


def make_pictures(
    folder: Path, count: int, width: int, height: int, *, noise: bool = False
) -> list[Path]:
    """Write JPEG pictures, unless they are there; return their paths in order.

    Args:
        folder: where to write them
        count: how many
        width: in pixels
        height: in pixels
        noise: whether to fill them with noise, which makes them large
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:05d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        if path.is_file():
            continue
        shape = (height, width, 3)
        if noise:
            pixels = np.random.default_rng(number).integers(0, 256, shape, np.uint8)
        else:
            pixels = np.full(shape, number % 256, np.uint8)
        if not cv2.imwrite(str(path), pixels):
            raise OSError(f"{path} cannot be written")
    return paths


def make_video(path: Path, frames: int, width: int, height: int) -> Path:
    """Write an MPEG-4 video, unless it is there; return its path."""
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(path), kind, FRAMES_A_SECOND, (width, height))
    for number in range(frames):
        writer.write(np.full((height, width, 3), number % 256, np.uint8))
    writer.release()
    return path
