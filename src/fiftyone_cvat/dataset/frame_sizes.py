"""The sizes of a task's frames, as the samples' metadata have them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import fiftyone.core.media as fom

from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.types import Size

__all__ = ["sizes_from_metadata", "sizes_in_metadata"]

MAX_PIXELS = 10**8
"""Of a picture whose metadata are believed: a mask of as many takes 100 MB."""


def sizes_in_metadata(
    samples: Any, frames: Mapping[int, FrameRef]
) -> dict[int, Size] | None:
    """Return what the samples' metadata tell of the sizes of a task's frames.

    Args:
        samples: a collection with the task's samples
        frames: the position in the task to what the frame is

    Returns:
        the position to the size in pixels, as the server tells it unless it turns a
        picture as its EXIF data say; None if it is not known of all, or one is too
        large to trust in it before the server says so
    """
    if samples.media_type not in (fom.IMAGE, fom.VIDEO):
        return dict.fromkeys(frames, Size(0, 0))
    sizes = _sizes_told(samples, frames)
    is_known = all(
        min(size) > 0 and math.prod(size) <= MAX_PIXELS for size in sizes.values()
    )
    return sizes if is_known else None


def sizes_from_metadata(
    samples: Any, frames: Mapping[int, FrameRef]
) -> dict[int, Size]:
    """Return the sizes of a task's frames by position, in pixels; compute metadata.

    Args:
        samples: a collection with the task's samples
        frames: the position in the task to what the frame is
    """
    samples.compute_metadata()
    return _sizes_told(samples, frames)


def _sizes_told(samples: Any, frames: Mapping[int, FrameRef]) -> dict[int, Size]:
    """Return what metadata tell of the sizes of frames, 0 for what they do not."""
    names = ["id", "metadata.width", "metadata.height"]
    if samples.media_type == fom.VIDEO:
        names = ["id", "metadata.frame_width", "metadata.frame_height"]
    sizes = {
        sample_id: Size(width or 0, height or 0)
        for sample_id, width, height in zip(*samples.values(names), strict=True)
    }
    return {position: sizes[ref.sample_id] for position, ref in frames.items()}
