"""Frames of tasks that nobody sent whose samples are in slices of groups.

FiftyOne's ``import_annotations`` takes the samples of all slices for those that labels
are imported for, but looks for them in the active slice only, and there takes a video
for an image. What it has not found is found here, by the name of the file, as there.
"""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import fiftyone.core.media as fom

from fiftyone_cvat.dataset.video_metadata import frames_by_number
from fiftyone_cvat.dataset.views import all_slices

__all__ = ["TaskFiles", "add_frames_of_slices"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TaskFiles:
    """The media of one task.

    Attributes:
        names: the names of its images in order, or of its video
        deleted_frames: the positions of frames that were deleted in CVAT
    """

    names: list[str]
    deleted_frames: Collection[int]


@dataclass(frozen=True, slots=True)
class _Member:
    """A sample of a group."""

    id: str
    slice: str
    group_id: str
    name: str


def add_frames_of_slices(results: Any, files_by_task: Mapping[int, TaskFiles]) -> None:
    """Add the frames of all slices to those of tasks that nobody sent.

    A file whose name several samples have is left out, with a warning. If FiftyOne has
    left out samples of the active slice, it was given a part of the dataset: samples
    of groups that are not in it are left out, too.

    Args:
        results: the results, whose samples are groups; changed in place
        files_by_task: task id to its media
    """
    dataset = results.samples._root_dataset
    members = _members(dataset)
    for task_id, files in files_by_task.items():
        _add_frames(dataset, members, results.frame_id_map[task_id], files)
    if dataset._has_frame_fields():
        _leave_out_images(results)


def _add_frames(
    dataset: Any,
    members: list[_Member],
    frames: dict[int, dict[str, str]],
    files: TaskFiles,
) -> None:
    """Add the frames of all slices to those of a task, in place."""
    found = {ref["sample_id"] for ref in frames.values()}
    # what FiftyOne has found it may have by another name
    names = {n: name for n, name in enumerate(files.names) if n not in frames}
    new = _new_members(members, names, found)
    kinds = dataset.group_media_types
    images = {
        position: each
        for position, each in new.items()
        if kinds[each.slice] != fom.VIDEO and position not in files.deleted_frames
    }
    if any(each.slice == dataset.group_slice for each in images.values()):
        groups = {each.group_id for each in members if each.id in found}
        images = {key: each for key, each in images.items() if each.group_id in groups}
    frames.update({key: {"sample_id": each.id} for key, each in images.items()})
    videos = {each.id for each in members if kinds[each.slice] == fom.VIDEO}
    ids = {each.id for each in new.values()} | found
    _number_frames(dataset, frames, ids & videos)


def _new_members(
    members: list[_Member], names: Mapping[int, str], found: Collection[str]
) -> dict[int, _Member]:
    """Return the positions of files to the samples that alone have their names.

    Args:
        members: all samples
        names: the positions of files to their names
        found: the samples that are known already
    """
    by_name: dict[str, list[_Member]] = defaultdict(list)
    for each in members:
        by_name[each.name].append(each)
    new = {
        position: fitting
        for position, name in names.items()
        if (fitting := by_name.get(name))
        and not any(each.id in found for each in fitting)
    }
    unclear = [names[position] for position, fitting in new.items() if fitting[1:]]
    if unclear:
        logger.warning(
            "%d files in CVAT are left out, since several samples have their name "
            "(eg %s): import them for one slice after the other",
            len(unclear),
            unclear[0],
        )
    return {key: fitting[0] for key, fitting in new.items() if not fitting[1:]}


def _members(dataset: Any) -> list[_Member]:
    samples = all_slices(dataset)
    field = dataset.group_field
    columns = samples.values(["id", f"{field}.name", f"{field}._id", "filepath"])
    return [
        _Member(sample_id, name, str(group_id), os.path.basename(path))  # noqa: PTH119
        for sample_id, name, group_id, path in zip(*columns, strict=True)
    ]


def _number_frames(
    dataset: Any, frames: dict[int, dict[str, str]], video_ids: Collection[str]
) -> None:
    """Number the frames of a video, if it is one, instead of the video, in place."""
    if not video_ids:
        return
    videos = dataset.select_group_slices(media_type=fom.VIDEO).select([*video_ids])
    frames.clear()
    for sample_id, by_number in frames_by_number(videos).items():
        for number, frame_id in by_number.items():
            frames[number - 1] = {"sample_id": sample_id, "frame_id": frame_id}


def _leave_out_images(results: Any) -> None:
    """Leave out images beside videos, which FiftyOne gives no fields."""
    number = 0
    for frames in results.frame_id_map.values():
        images = [key for key, ref in frames.items() if "frame_id" not in ref]
        for key in images:
            del frames[key]
        number += len(images)
    if number:
        logger.warning(
            "%d images are left out: in a dataset that has videos, too, FiftyOne's "
            "`import_annotations` puts all labels into fields of frames, which images "
            "have not. Import into a dataset of the images alone, and merge it",
            number,
        )
