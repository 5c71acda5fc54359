"""Tasks of a run that others take the place of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fiftyone_cvat.runs.absent_tasks import regain
from fiftyone_cvat.runs.stored_runs import NO_FIELDS, ids_in, without_ids

__all__ = ["Replacement", "leave_frames", "leave_labels", "replace_task"]


@dataclass(frozen=True, slots=True)
class Replacement:
    """A task that takes the place of another one.

    Attributes:
        old: the task that the run has
        new: the task that takes its place
        frames: the position of a frame in the old task to that in the new one
        job_ids: the jobs of the new task, in the order of their frames
        label_names: the server's ids of the new task's labels to their names
    """

    old: int
    new: int
    frames: Mapping[int, int]
    job_ids: list[int]
    label_names: Mapping[int, str]


def replace_task(results: Any, task: Replacement) -> None:
    """Put a task in the place of another one, which is forgotten.

    No annotation of the new task is known as a label yet.

    Args:
        results: the run's results, which are changed in place
        task: the tasks
    """
    old, new = task.old, task.new
    if old in results.lost:
        regain(results, {old: results.lost.pop(old)})
    _forget_server_ids(results, old)
    results.task_ids = [new if each == old else each for each in results.task_ids]
    del results.job_ids[old]
    results.job_ids[new] = task.job_ids
    frames = results.frame_id_map.pop(old)
    results.frame_id_map[new] = {
        position: frames[each] for each, position in task.frames.items()
    }
    left_out = {
        # which annotations a copy had says nothing of those that there are now
        place: {key: each for key, each in by_id.items() if not each["annotations"]}
        for place, by_id in results.left_out.pop(old, {}).items()
    }
    if any(left_out.values()):
        results.left_out[new] = left_out
    if old in results.unstored:
        results.unstored[new] = results.unstored.pop(old)
    results.labels_task_map = {
        name: [new if each == old else each for each in ids]
        for name, ids in results.labels_task_map.items()
    }
    results.tasks_with_view = [
        new if each == old else each for each in results.tasks_with_view
    ]
    starts = results.id_map.get("_clips_frame_start") or {}
    for key in (old, str(old)):
        if key in starts:
            starts[type(key)(new)] = starts.pop(key)
    results.fingerprints.setdefault("labels", {}).update(task.label_names)
    for task_id in (old, new):
        # another server may have given its number to another task
        results.last_loads.pop(task_id, None)
    results.attached.pop(old, None)
    results.attached[new] = old


def leave_frames(results: Any, frames: Iterable[Mapping[str, str]]) -> None:
    """Take frames that no task has any more out of a run; their labels stay here.

    Args:
        results: the run's results, which are changed in place
        frames: the ids of the sample, and for videos of the frame
    """
    there = {
        _place(each) for by in results.frame_id_map.values() for each in by.values()
    }
    gone = [each for each in frames if _place(each) not in there]
    for name, by_sample in results.id_map.items():
        if name in NO_FIELDS:
            continue
        for each in gone:
            if "frame_id" not in each:
                by_sample.pop(each["sample_id"], None)
            elif isinstance(by_sample.get(each["sample_id"]), dict):
                by_sample[each["sample_id"]].pop(each["frame_id"], None)


def leave_labels(results: Any, gone: Collection[tuple[Any, str]]) -> None:
    """Take labels out of a run; they stay here as they are.

    Args:
        results: the run's results, which are changed in place
        gone: field and id of each label; of a scalar the id of its frame or sample
    """
    ids = {key for _, key in gone}
    for name, by_sample in results.id_map.items():
        if name not in NO_FIELDS:
            scalars = {key for label_field, key in gone if label_field == name}
            results.id_map[name] = without_ids(by_sample, ids, scalars)


def _place(frame: Mapping[str, str]) -> str:
    return frame.get("frame_id") or frame["sample_id"]


def _forget_server_ids(results: Any, task_id: int) -> None:
    """Forget which annotations the labels of a task were, unless others have them."""
    own = _label_ids(results, [task_id])
    own -= _label_ids(results, [each for each in results.task_ids if each != task_id])
    for kind, by_id in results.server_id_map.items():
        gone = {number for number, text in by_id.items() if _label_id(text) in own}
        for by_number in (by_id, results.fingerprints.get(kind, {})):
            for number in gone & by_number.keys():
                del by_number[number]


def _label_ids(results: Any, task_ids: Iterable[int]) -> set[Any]:
    """Return the ids of the labels on the frames of some tasks."""
    frames = [
        each for one in task_ids for each in results.frame_id_map.get(one, {}).values()
    ]
    found: set[Any] = set()
    for name, by_sample in results.id_map.items():
        if name in NO_FIELDS:
            continue
        for each in frames:
            ids = by_sample.get(each["sample_id"])
            if "frame_id" in each and isinstance(ids, dict):
                ids = ids.get(each["frame_id"])
            found.update(ids_in(ids))
    return found


def _label_id(text: str) -> str:
    """Return the id of a label from the text of ``label_id``, which may name a part."""
    return text.strip().partition(".")[0]
