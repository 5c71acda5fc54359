"""Between positions in a CVAT task and samples and frames of a dataset.

CVAT numbers the frames of a task from 0, in the order of its media. FiftyOne numbers
the frames of a video from 1. This is the only module that knows both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from fiftyone_cvat.types import Json, Size

__all__ = ["FrameRef", "frame_refs", "frames_to_sizes", "sample_ids_to_frames"]


class FrameRef(NamedTuple):
    """The sample of a task's frame, and the frame's id where it is one of a video."""

    sample_id: str
    frame_id: str | None


def sample_ids_to_frames(sample_ids: Iterable[str]) -> dict[int, dict[str, str]]:
    """Number the samples of an image task.

    Args:
        sample_ids: the samples' ids, in the order of their media

    Returns:
        the position in the task, from 0, to ``{"sample_id": ...}``
    """
    return {number: {"sample_id": each} for number, each in enumerate(sample_ids)}


def frame_refs(frame_id_map: Mapping[int, Mapping[str, str]]) -> dict[int, FrameRef]:
    """Return what each frame of a task is.

    Args:
        frame_id_map: a task's part of a run's ``frame_id_map``
    """
    return {
        number: FrameRef(each["sample_id"], each.get("frame_id"))
        for number, each in frame_id_map.items()
    }


def frames_to_sizes(meta: Mapping[str, Any]) -> dict[int, Size]:
    """Return the size of each frame of a task.

    Args:
        meta: a task's data, as the server describes it; it lists a single frame for
            a video, and no sizes for point clouds

    Returns:
        position in the task to size; point clouds have the size (0, 0)
    """
    frames: list[Json] = meta["frames"]
    sizes = [Size(each.get("width") or 0, each.get("height") or 0) for each in frames]
    number = meta["size"]
    if len(sizes) == 1:
        sizes = sizes * number
    return dict(enumerate(sizes[:number]))
