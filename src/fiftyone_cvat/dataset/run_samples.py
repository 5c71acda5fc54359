"""The frames of a run as those of its dataset, whatever view it was made for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.dataset.views import all_slices
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.arguments import whole_number

__all__ = ["frame_id_at", "ids_of", "in_dataset", "present"]


def in_dataset(results: Any, ref: FrameRef) -> FrameRef:
    """Return a frame of a run as one of its dataset.

    Args:
        results: the run's results
        ref: the frame, of a clip one of the clip, of a view of frames a sample there

    Returns:
        the id of the dataset's sample and, of a video, of the frame
    """
    if results._is_frames:
        video_id = results.id_map["_frames"].get(ref.sample_id, ref.sample_id)
        return FrameRef(str(video_id), ref.sample_id)
    by_clip = results.id_map.get("_clips", {})
    return ref._replace(sample_id=str(by_clip.get(ref.sample_id, ref.sample_id)))


def present(dataset: Any, refs: Iterable[FrameRef]) -> set[FrameRef]:
    """Return the frames of a dataset that are still there.

    Args:
        dataset: the dataset
        refs: its frames
    """
    wanted = set(refs)
    samples = all_slices(dataset).select(list({each.sample_id for each in wanted}))
    sample_ids = set(samples.values("id"))
    frame_ids: set[str] = set()
    if any(each.frame_id for each in wanted):
        frame_ids.update(samples.values("frames.id", unwind=True))
    return {
        each
        for each in wanted
        if each.sample_id in sample_ids
        and (each.frame_id is None or each.frame_id in frame_ids)
    }


def ids_of(sample: Any) -> list[str]:
    """Return the ids by which a run may know what it is given.

    Args:
        sample: a sample, of a view too, a frame, or the id of either
    """
    if isinstance(sample, str):
        return [sample]
    # a patch has its sample's, a clip that of its video, a frame of a video likewise
    found = [getattr(sample, name, None) for name in ("id", "sample_id")]
    ids = [str(each) for each in found if each is not None]
    if not ids:
        raise ConfigurationError(f"{sample!r} is no sample or frame, and no id of one")
    return ids


def frame_id_at(dataset: Any, sample_id: str, frame_number: int) -> str | None:
    """Return the id of a frame of a video; None if it has none of that number.

    Args:
        dataset: the dataset
        sample_id: the video's sample
        frame_number: the frame's number, from 1
    """
    number = whole_number("frame_number", frame_number, least=1)
    if not dataset._has_frame_fields():
        raise ConfigurationError(
            f"`frame_number` is {number}, and dataset '{dataset.name}' has no videos"
        )
    video = all_slices(dataset).select(sample_id)
    numbers, ids = video.values(["frames.frame_number", "frames.id"], unwind=True)
    return dict(zip(numbers, ids, strict=True)).get(number)
