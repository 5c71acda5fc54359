"""Metadata of videos, also where ``ffprobe`` is missing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import cv2
import fiftyone.core.metadata as fometa

from fiftyone_cvat.errors import MediaError

__all__ = [
    "add_video_metadata",
    "ensure_frames",
    "frames_by_number",
    "read_video_metadata",
]


def add_video_metadata(samples: Any) -> None:
    """Fill in the metadata of videos that have none.

    FiftyOne reads them with ``ffprobe``; OpenCV, which comes with FiftyOne, reads the
    same figures where that program is not installed.

    Args:
        samples: a collection of videos

    Raises:
        MediaError: if a video cannot be read
    """
    if shutil.which("ffprobe"):
        samples.compute_metadata()
        return
    paths, counts = samples.values(["filepath", "metadata.total_frame_count"])
    metadata = {
        path: read_video_metadata(path)
        for path, count in zip(paths, counts, strict=True)
        if count is None
    }
    if metadata:
        samples.set_values("metadata", metadata, key_field="filepath")


def frames_by_number(videos: Any) -> dict[str, dict[int, str]]:
    """Return the id of each frame of videos by its number; those missing are made.

    Args:
        videos: a collection of videos

    Returns:
        sample id to the number of a frame, from 1, to its id
    """
    add_video_metadata(videos)
    ensure_frames(videos)
    columns = videos.values(["id", "frames.id", "frames.frame_number"])
    return {
        sample_id: dict(zip(numbers, frame_ids, strict=True))
        for sample_id, frame_ids, numbers in zip(*columns, strict=True)
    }


def ensure_frames(samples: Any) -> None:
    """Make sure that each frame of some videos has a document in the database.

    Args:
        samples: a collection of videos, or of clips of videos
    """
    if samples._is_clips:
        # for a clips view FiftyOne would make frames of samples that do not exist
        samples = samples._root_dataset.select(samples.distinct("sample_id"))
    samples.ensure_frames()


def read_video_metadata(path: str) -> fometa.VideoMetadata:
    """Read the metadata of a video with OpenCV.

    Args:
        path: the video

    Returns:
        frame size in pixels, frame rate a second, frame count, duration in seconds

    Raises:
        MediaError: if it cannot be read
    """
    video = cv2.VideoCapture(path)
    try:
        count = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
        if not video.isOpened() or count <= 0:
            raise MediaError(f"'{path}' cannot be read as a video")
        rate = float(video.get(cv2.CAP_PROP_FPS))
        return fometa.VideoMetadata(
            size_bytes=Path(path).stat().st_size,
            frame_width=int(video.get(cv2.CAP_PROP_FRAME_WIDTH)),
            frame_height=int(video.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            frame_rate=rate,
            total_frame_count=count,
            duration=count / rate if rate > 0 else None,
        )
    finally:
        video.release()
