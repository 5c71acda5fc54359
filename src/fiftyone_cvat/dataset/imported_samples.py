"""The samples of tasks that nobody sent, found or added by the paths of their media."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import fiftyone as fo
import fiftyone.core.media as fom

from fiftyone_cvat.convert.shared.frames import meta_to_range, video_frames_to_frames
from fiftyone_cvat.dataset.video_metadata import frames_by_number
from fiftyone_cvat.dataset.views import all_slices
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.server.imported_tasks import ImportedTask
from fiftyone_cvat.server.related_images import FRAME_SLICE
from fiftyone_cvat.types import Json, LabelSchema

__all__ = [
    "add_missing_groups",
    "add_missing_samples",
    "frames_of_tasks",
    "note_classes",
]


def add_missing_samples(dataset: Any, paths: Iterable[str]) -> None:
    """Add samples of files that the dataset has none of.

    Args:
        dataset: the dataset
        paths: where the files are

    Raises:
        ConfigurationError: if the files are not of the kind of the dataset's media
    """
    known = set(all_slices(dataset).values("filepath"))
    new = [each for each in dict.fromkeys(paths) if each not in known]
    if not new:
        return
    if dataset.media_type == fom.GROUP:
        raise ConfigurationError(
            f"Dataset '{dataset.name}' has groups, and no sample of {len(new)} files "
            f"in CVAT, such as '{new[0]}': nothing says which group they belong to; "
            "add their samples first"
        )
    kind = dataset.media_type or fom.get_media_type(new[0])
    wrong = [each for each in new if fom.get_media_type(each) != kind]
    if wrong:
        raise ConfigurationError(
            f"The samples of dataset '{dataset.name}' are of type '{kind}', and "
            f"{len(wrong)} files in CVAT of another, such as '{wrong[0]}': import them "
            "into a dataset of their own"
        )
    dataset.add_samples([fo.Sample(filepath=each) for each in new])


def add_missing_groups(
    dataset: Any,
    path_by_frame: Mapping[tuple[int, int], str],
    slices_by_frame: Mapping[tuple[int, int], Mapping[str, str]],
) -> None:
    """Add groups of files that the dataset has none of, with the images beside them.

    Args:
        dataset: the dataset, which is empty or has groups
        path_by_frame: task and position of a frame to its file, which goes to the
            default slice
        slices_by_frame: the same to the names of other slices to their files

    Raises:
        ConfigurationError: if the dataset has samples that are in no group
    """
    if dataset.media_type is None:
        dataset.add_group_field("group", default=FRAME_SLICE)
    elif dataset.media_type != fom.GROUP:
        raise ConfigurationError(
            f"`related_slices`: dataset '{dataset.name}' has samples that are in no "
            "group: import the tasks into a dataset of their own"
        )
    field, main = dataset.group_field, dataset.default_group_slice
    known = set(all_slices(dataset).values("filepath")) if len(dataset) else set()
    new = []
    for frame, path in path_by_frame.items():
        if path in known:
            continue
        known.add(path)
        group = fo.Group()
        for name, each in {**slices_by_frame.get(frame, {}), main: path}.items():
            new.append(fo.Sample(filepath=each, **{field: group.element(name)}))
    dataset.add_samples(new)


def frames_of_tasks(
    dataset: Any,
    tasks: Sequence[ImportedTask],
    path_by_frame: Mapping[tuple[int, int], str],
) -> dict[int, dict[int, dict[str, str]]]:
    """Return what the frames of tasks are; those of videos that are not there are made.

    Args:
        dataset: the dataset
        tasks: the tasks
        path_by_frame: task and position of a frame, 0 for a video, to its file

    Returns:
        task id to the position in the task, from 0, to the ids of sample and, of a
        video, of the frame; frames without a sample are left out
    """
    paths, ids = all_slices(dataset).values(["filepath", "id"])
    id_by_path = dict(zip(paths, ids, strict=True))
    found: dict[int, dict[int, str]] = {each.id: {} for each in tasks}
    for (task_id, frame), path in path_by_frame.items():
        if path in id_by_path:
            found[task_id][frame] = id_by_path[path]
    videos = [each for each in tasks if each.is_video and found[each.id]]
    video_ids = {found[each.id][0] for each in videos}
    frames_by_video: dict[str, dict[int, str]] = {}
    if video_ids:
        frames_by_video = frames_by_number(all_slices(dataset).select([*video_ids]))
    frames = {
        task_id: {
            frame: {"sample_id": each} for frame, each in sorted(by_frame.items())
        }
        for task_id, by_frame in found.items()
    }
    for task in videos:
        sample_id, used = found[task.id][0], meta_to_range(task.meta)
        own = video_frames_to_frames(sample_id, frames_by_video[sample_id], used)
        asked = own if task.frames is None else task.frames
        frames[task.id] = {frame: own[frame] for frame in own if frame in asked}
    return {task_id: each for task_id, each in frames.items() if each}


def note_classes(
    dataset: Any, label_schema: LabelSchema, labels: Sequence[Json]
) -> None:
    """Note the classes of fields and the colours of labels in a dataset.

    Args:
        dataset: the dataset, whose ``classes`` and ``info["cvat_label_colors"]`` are
            added to
        label_schema: the fields
        labels: the labels as the server describes them
    """
    names = [each["name"] for each in labels]
    for label_field, info in label_schema.items():
        if info["type"] == "scalar":
            continue
        # the database takes no dots in the names of entries
        name = label_field.replace(dataset._FRAMES_PREFIX, "")
        known = list(dataset.classes.get(name, []))
        own = info.get("cvat_classes") or names
        dataset.classes[name] = [*known, *(each for each in own if each not in known)]
    colors = {each["name"]: each["color"] for each in labels if each.get("color")}
    known_colors = dataset.info.get("cvat_label_colors", {})
    dataset.info["cvat_label_colors"] = known_colors | colors
    dataset.save()
