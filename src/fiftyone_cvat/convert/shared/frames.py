"""Between positions in a CVAT task and samples and frames of a dataset.

CVAT numbers the frames of a video from 0, and those of a task again from 0, in the
order of its media. FiftyOne numbers the frames of a video from 1, and a clip's
``support`` names its first and last frame. This is the only module that knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.types import Json, Size

__all__ = [
    "FrameRange",
    "FrameRef",
    "file_frames_to_frames",
    "frame_argument",
    "frame_refs",
    "included_positions",
    "frames_as_numbered",
    "frames_of_job",
    "frames_to_sizes",
    "meta_to_range",
    "job_frame_to_size",
    "put_at_frame",
    "sample_ids_to_frames",
    "source_frames_to_frames",
    "video_frames_to_frames",
]


class FrameRef(NamedTuple):
    """The sample of a task's frame, and the frame's id where it is one of a video."""

    sample_id: str
    frame_id: str | None

    @property
    def key(self) -> str:
        """The one id that tells the frame from all others: its own, or the sample's."""
        return self.frame_id or self.sample_id


@dataclass(frozen=True, slots=True)
class FrameRange:
    """The frames of a video that are in a task.

    Attributes:
        start: the first one, from 0
        stop: the last one, inclusive, or None for the end of the video
        step: the spacing between them
    """

    start: int = 0
    stop: int | None = None
    step: int = 1

    @classmethod
    def of_task(
        cls, start: int | None, stop: int | None, step: int | None
    ) -> FrameRange:
        """Return the frames that arguments of a run name; None stands for all."""
        return cls(start or 0, stop, step or 1)

    def position(self, frame_number: int) -> int | None:
        """Return a frame's position in the task, or None if it is not in it.

        Args:
            frame_number: the frame as FiftyOne numbers it, from 1
        """
        offset = frame_number - 1 - self.start
        late = self.stop is not None and frame_number - 1 > self.stop
        return None if offset < 0 or late or offset % self.step else offset // self.step

    def within(self, support: Sequence[int]) -> FrameRange:
        """Return the range counted from the start of a clip, and cut at its end.

        Args:
            support: the first and last frame of the clip, from 1, inclusive
        """
        first, last = support[0] - 1, support[1] - 1
        stop = last if self.stop is None else min(first + self.stop, last)
        return FrameRange(first + self.start, stop, self.step)


def frame_argument(value: Any, index: int, filepath: str) -> int | None:
    """Return what an argument of a run says of one video.

    Args:
        value: None, a number for all videos, a list of one for each video, or a dict
            from filepath to one
        index: the video's position in the collection, from 0
        filepath: the video's filepath

    Raises:
        ConfigurationError: if a list is too short
    """
    if isinstance(value, Mapping):
        value = value.get(filepath)
    elif isinstance(value, (list, tuple)):
        if index >= len(value):
            raise ConfigurationError(
                f"`frame_start`, `frame_stop` or `frame_step` lists {len(value)} "
                f"values, but there are more videos: none for '{filepath}'"
            )
        value = value[index]
    return None if value is None else int(value)


def sample_ids_to_frames(sample_ids: Iterable[str]) -> dict[int, dict[str, str]]:
    """Number the samples of an image task.

    Args:
        sample_ids: the samples' ids, in the order of their media

    Returns:
        the position in the task, from 0, to ``{"sample_id": ...}``
    """
    return {number: {"sample_id": each} for number, each in enumerate(sample_ids)}


def video_frames_to_frames(
    sample_id: str, frame_by_number: Mapping[int, str], frames: FrameRange
) -> dict[int, dict[str, str]]:
    """Number the frames of a video task.

    Args:
        sample_id: the video's sample
        frame_by_number: number of the frame, from 1, to its id
        frames: the frames that are in the task

    Returns:
        the position in the task, from 0, to ``{"sample_id": ..., "frame_id": ...}``
    """
    positions = {
        frames.position(number): {"sample_id": sample_id, "frame_id": frame_id}
        for number, frame_id in frame_by_number.items()
    }
    return {number: each for number, each in positions.items() if number is not None}


def put_at_frame(by_sample: dict[str, Any], ref: FrameRef, value: Any) -> None:
    """Put a value where a run's ``id_map`` has that of a frame, in place.

    Args:
        by_sample: sample id, and for videos frame id, to values
        ref: what the frame is
        value: the value
    """
    if ref.frame_id is None:
        by_sample[ref.sample_id] = value
    else:
        by_sample.setdefault(ref.sample_id, {})[ref.frame_id] = value


def frame_refs(frame_id_map: Mapping[int, Mapping[str, str]]) -> dict[int, FrameRef]:
    """Return what each frame of a task is.

    Args:
        frame_id_map: a task's part of a run's ``frame_id_map``
    """
    return {
        number: FrameRef(each["sample_id"], each.get("frame_id"))
        for number, each in frame_id_map.items()
    }


def meta_to_range(meta: Mapping[str, Any]) -> FrameRange:
    """Return the frames of a video that are in a task.

    Args:
        meta: a task's data, as the server describes it
    """
    start, spacing = meta["start_frame"], _step(meta)
    return FrameRange(start, start + (meta["size"] - 1) * spacing, spacing)


def frames_as_numbered(
    numbering: str, refs: Mapping[int, FrameRef], meta: Mapping[str, Any], offset: int
) -> dict[int, FrameRef]:
    """Number frames by their position in the task, however the run has numbered them.

    Args:
        numbering: ``task`` if they are numbered so; ``source`` for a run that the
            built-in CVAT integration saved, and ``file`` for tasks that nobody sent
        refs: the number of a frame to what it is; images have their position
        meta: a task's data, as the server describes it
        offset: the frame that the run counted from: a clip's first, or 0
    """
    if numbering == "source":
        return source_frames_to_frames(refs, meta, offset)
    if numbering == "file":
        return file_frames_to_frames(refs, meta)
    return dict(refs)


def source_frames_to_frames(
    refs: Mapping[int, FrameRef], meta: Mapping[str, Any], offset: int
) -> dict[int, FrameRef]:
    """Number frames by their position in the task instead of in the video.

    Runs that the built-in CVAT integration saved have all frames of a video, or of a
    clip, in the order in which they are in the video.

    Args:
        refs: the number of a frame in the video or clip, from 0, to what it is
        meta: a task's data, as the server describes it
        offset: the frame that the run counted from: a clip's first, or 0
    """
    if _are_images(refs):
        return dict(refs)
    numbers = (number - offset for number in _source_frames(meta))
    return {
        position: refs[number]
        for position, number in enumerate(numbers)
        if number in refs
    }


def file_frames_to_frames(
    refs: Mapping[int, FrameRef], meta: Mapping[str, Any]
) -> dict[int, FrameRef]:
    """Number frames by their position in the task instead of in a file that is here.

    The file is the whole video, as CVAT got it, or what the task has of it, if it was
    downloaded from there; how many frames it has tells which.

    Args:
        refs: the number of a frame in the file, from 0, to what it is
        meta: a task's data, as the server describes it
    """
    here, in_task = len(refs), meta["size"]
    in_source = max(_source_frames(meta), default=-1) + 1
    if _are_images(refs) or abs(in_source - here) > abs(in_task - here):
        return {number: ref for number, ref in refs.items() if number < in_task}
    return source_frames_to_frames(refs, meta, 0)


def _are_images(refs: Mapping[int, FrameRef]) -> bool:
    return all(ref.frame_id is None for ref in refs.values())


def _source_frames(meta: Mapping[str, Any]) -> range:
    """Return the frames of a video, from 0, that are in a task, in their order."""
    start, step_size = meta["start_frame"], _step(meta)
    return range(start, start + meta["size"] * step_size, step_size)


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


def _step(meta: Mapping[str, Any]) -> int:
    """Return the spacing of the frames that were taken of the media."""
    _, _, step = str(meta.get("frame_filter") or "").partition("step=")
    return int(step or 1)


def frames_of_job(job: Mapping[str, Any]) -> range:
    """Return the positions in the task from a job's first frame to its last.

    Args:
        job: the job as the server describes it
    """
    return range(job["start_frame"], job["stop_frame"] + 1)


def included_positions(meta: Mapping[str, Any]) -> list[int] | None:
    """Return the positions in the task of the frames that a job has.

    The server names them as frames of the media: in a video that is annotated from some
    frame on, or in steps, those are others.

    Args:
        meta: the job's data, as the server describes it

    Returns:
        None if it has all frames from its first to its last
    """
    included = meta.get("included_frames")
    if included is None:
        return None
    start, step = meta.get("start_frame") or 0, _step(meta)
    return [(number - start) // step for number in included]


def job_frame_to_size(meta: Mapping[str, Any], first: int, position: int) -> Size:
    """Return the size of a frame of a job.

    Args:
        meta: a job's data, as the server describes it; it lists a single frame for a
            video, and of a ground truth job those that it has, or all between them
        first: the position in the task of the job's first frame, from 0
        position: that of the frame

    Returns:
        the size in pixels; (0, 0) for a point cloud, or if the job has no such frame
    """
    frames, included = meta["frames"], included_positions(meta) or ()
    number = position - first
    if len(frames) == 1:
        number = 0
    elif len(frames) == len(included):
        number = included.index(position) if position in included else -1
    each = frames[number] if 0 <= number < len(frames) else {}
    return Size(each.get("width") or 0, each.get("height") or 0)
