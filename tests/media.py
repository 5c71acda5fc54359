"""Makers of tiny media files whose bytes depend on nothing but the arguments.

Cassettes know media by their hash, and encoders change their output from version to
version. So PNGs are written here, uncompressed; what cannot be written in a few lines
lies in ``tests/data``:

- ``rotated.jpg``: 24 x 16 pixels stored, EXIF orientation 6, so shown as 16 x 24
- ``video.mp4``: 12 frames of 32 x 24 pixels at 10 per second, MPEG-4 part 2
- ``video-5.mp4``, ``video-8.mp4``: its first 5 and its first 8 frames
"""

from __future__ import annotations

import shutil
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).parent / "data"

COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""PNG's colour type by the number of channels."""


def pixels(
    width: int = 32,
    height: int = 24,
    *,
    seed: int = 0,
    channels: int = 3,
    bits: int = 8,
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return an image of a gradient that differs from seed to seed."""
    y, x, channel = np.ogrid[:height, :width, :channels]
    values = (7 * x + 5 * y + 31 * channel + 101 * seed) * (1 if bits == 8 else 257)
    return values.astype(np.uint8 if bits == 8 else np.uint16)


def write_png(path: str | Path, image: NDArray[np.uint8] | NDArray[np.uint16]) -> str:
    """Write an image of 1 to 4 channels, 8 or 16 bits each; return its path."""
    height, width, channels = image.shape
    bits = 8 * image.dtype.itemsize
    kind = COLOR_TYPES[channels]
    lines = image.astype(image.dtype.newbyteorder(">"))
    raw = b"".join(b"\0" + line.tobytes() for line in lines)
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)),
        (b"IDAT", _stored(raw)),
        (b"IEND", b""),
    ):
        check = zlib.crc32(name + data)
        content += struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)
    Path(path).write_bytes(content)
    return str(path)


def make_image(path: str | Path, width: int = 32, height: int = 24, **kwargs) -> str:
    """Write a PNG of :func:`pixels`, whose keywords it takes; return its path."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return write_png(path, pixels(width, height, **kwargs))


def make_images(
    folder: str | Path, names: Sequence[str] = ("1.png", "2.png", "3.png"), **kwargs
) -> list[str]:
    """Write PNGs of different content into a folder; return their paths."""
    return [
        make_image(Path(folder) / name, seed=seed, **kwargs)
        for seed, name in enumerate(names)
    ]


def copy_video(path: str | Path, frames: int = 12) -> str:
    """Put a video of ``tests/data`` at a path; return the path."""
    name = "video.mp4" if frames == 12 else f"video-{frames}.mp4"
    return str(shutil.copyfile(DATA / name, path))


def copy_rotated_jpeg(path: str | Path) -> str:
    """Put the rotated JPEG of ``tests/data`` at a path; return the path."""
    return str(shutil.copyfile(DATA / "rotated.jpg", path))


def _stored(raw: bytes) -> bytes:
    """Return a zlib stream of stored blocks: no two libraries differ in it."""
    size = 0xFFFF
    blocks = [raw[start : start + size] for start in range(0, len(raw), size)] or [b""]
    stream = b"\x78\x01"
    for number, block in enumerate(blocks, 1):
        last = number == len(blocks)
        stream += struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block
    return stream + struct.pack(">I", zlib.adler32(raw))
