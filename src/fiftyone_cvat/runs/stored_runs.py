"""What is stored of a run: read, rid of tasks that are gone, given back others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from fiftyone_cvat.errors import CVATError

__all__ = [
    "cached_unless_refused",
    "NO_FIELDS",
    "first_frame",
    "forget",
    "gather_frames",
    "hide",
    "is_import",
    "ids_in",
    "keep_results",
    "number_targets",
    "regain",
    "set_aside",
    "show_hidden",
    "stored_to_results",
    "take_back",
    "with_ids",
    "without_ids",
]

NO_FIELDS = ("_clips", "_frames", "_clips_frame_start")
"""What a run's ``id_map`` has besides fields."""


def is_import(results: Any) -> bool:
    """Tell whether a run is of tasks that it did not send, see ``import_tasks``.

    Args:
        results: the run's results
    """
    return bool(getattr(results.config, "is_import", False))


def first_frame(results: Any, task_id: int) -> int:
    """Return the frame of its video that a run of the built-in has counted from.

    Args:
        results: the run's results
        task_id: a task of it; one of a clip counts from the clip's first frame
    """
    starts = results.id_map.get("_clips_frame_start") or {}
    return int(starts.get(str(task_id), starts.get(task_id, 0)))


@contextmanager
def keep_results(run_doc: Any, *, overwrite: bool = True, **_: Any) -> Iterator[None]:
    """Keep the stored results of a run until new ones are saved in the block.

    FiftyOne deletes the file that holds them before it writes another: a process that
    ends in between would leave none, and nobody would know the run's tasks.

    Args:
        run_doc: FiftyOne's document of the run
        overwrite: whether they may be replaced; else FiftyOne refuses it
        **_: what else FiftyOne is told about saving them
    """
    if not overwrite:
        yield
        return
    file = run_doc.results
    old = file.grid_id
    file.grid_id = file.gridout = None
    try:
        yield
    except BaseException:
        file.grid_id, file.gridout = old, None
        raise
    if old:
        file.fs.delete(old)


@contextmanager
def cached_unless_refused(results: Any) -> Iterator[None]:
    """Let FiftyOne forget results that it caches if loading them fails in the block.

    It would take them once more, with their server, organization and credentials,
    whatever the next load is given.

    Args:
        results: the run's results
    """
    try:
        yield
    except CVATError:
        results.samples._root_dataset._annotation_cache.pop(results.key, None)
        raise


def stored_to_results(stored: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a run's results from what is stored of them.

    JSON has turned ids that are keys into strings. Runs that the built-in CVAT
    integration saved long ago lack some of them.

    Args:
        stored: what the database holds
    """
    return {
        "id_map": stored["id_map"],
        "server_id_map": {
            kind: {int(server_id): label_id for server_id, label_id in by_id.items()}
            for kind, by_id in (stored.get("server_id_map") or {}).items()
        },
        "project_ids": stored.get("project_ids") or [],
        "task_ids": stored["task_ids"],
        "job_ids": {int(task_id): ids for task_id, ids in stored["job_ids"].items()},
        "frame_id_map": {
            int(task_id): {int(frame): each for frame, each in frames.items()}
            for task_id, frames in stored["frame_id_map"].items()
        },
        "labels_task_map": stored["labels_task_map"],
        "frame_numbering": stored.get("frame_numbering", "source"),
        "progress": stored.get("progress"),
        "fingerprints": {
            kind: {int(server_id): each for server_id, each in by_id.items()}
            for kind, by_id in (stored.get("fingerprints") or {}).items()
        },
        "merge": stored.get("merge"),
        "deleted": [(name, key) for name, key in stored.get("deleted") or ()],
        "left_out": {
            int(task_id): by_place
            for task_id, by_place in (stored.get("left_out") or {}).items()
        },
        "hidden_points": stored.get("hidden_points") or {},
        "unstored": {
            int(task_id): by_place
            for task_id, by_place in (stored.get("unstored") or {}).items()
        },
        "tasks_with_view": stored.get("tasks_with_view") or [],
        "raw_values": stored.get("raw_values"),
        "lost": {
            int(task_id): _stored_to_part(part)
            for task_id, part in (stored.get("lost") or {}).items()
        },
        "attached": {
            int(task_id): old for task_id, old in (stored.get("attached") or {}).items()
        },
    }


def _stored_to_part(part: dict[str, Any]) -> dict[str, Any]:
    """Return what a run knew of one task from what is stored of it."""
    frames = {int(frame): each for frame, each in part["frame_id_map"].items()}
    return part | {"frame_id_map": frames}


def number_targets(label_schema: Any) -> None:
    """Make pixel values numbers again where JSON has turned them into texts, in place.

    Args:
        label_schema: the label schema of a run
    """
    for info in label_schema.values() if isinstance(label_schema, dict) else ():
        targets = info.get("mask_targets")
        if isinstance(targets, dict):
            info["mask_targets"] = {
                int(key)
                if isinstance(key, str) and key.lstrip("-").isdecimal()
                else key: name
                for key, name in targets.items()
            }


OF_TASKS = (
    *("project_ids", "task_ids", "job_ids", "id_map", "frame_id_map"),
    *("server_id_map", "labels_task_map", "deleted", "fingerprints", "left_out"),
    *("lost", "attached", "unstored"),
)
"""What a run's results hold of its tasks."""


def forget(
    results: Any, task_ids: Iterable[int] | None = None
) -> dict[int, dict[str, Any]]:
    """Take tasks out of a run, with the labels that went up in them.

    Args:
        results: the run's results, which are changed in place
        task_ids: tasks that do not exist any more; None for all that the run has

    Returns:
        task id to what the run knew of it, which :func:`regain` takes; nothing if all
        tasks are forgotten
    """
    if task_ids is None:
        results.project_ids, results.task_ids = [], []
        results.job_ids, results.id_map, results.frame_id_map = {}, {}, {}
        results.server_id_map, results.labels_task_map = {}, {}
        results.deleted, results.fingerprints = [], {}
        results.left_out, results.lost, results.attached = {}, {}, {}
        results.unstored = {}
        return {}
    gone = list(dict.fromkeys(task_ids))
    parts = {task_id: _part(results, task_id) for task_id in gone}
    sample_ids: set[str] = set()
    for task_id in gone:
        results.job_ids.pop(task_id, None)
        results.left_out.pop(task_id, None)
        results.unstored.pop(task_id, None)
        sample_ids |= _sample_ids(results.frame_id_map.pop(task_id, {}))
    gather_frames(results)
    for frames in results.frame_id_map.values():
        sample_ids -= _sample_ids(frames)
    for by_sample in results.id_map.values():
        for sample_id in sample_ids:
            by_sample.pop(sample_id, None)
    results.task_ids = [each for each in results.task_ids if each not in gone]
    results.labels_task_map = {
        label_field: [each for each in ids if each not in gone]
        for label_field, ids in results.labels_task_map.items()
    }
    return parts


def _part(results: Any, task_id: int) -> dict[str, Any]:
    """Return what a run knows of one task."""
    frames = results.frame_id_map.get(task_id, {})
    sample_ids = _sample_ids(frames)
    return {
        "job_ids": results.job_ids.get(task_id, []),
        "frame_id_map": frames,
        "left_out": results.left_out.get(task_id, {}),
        "unstored": results.unstored.get(task_id, {}),
        "id_map": {
            # frames that clips share are gathered later, in place
            name: {k: deepcopy(by_sample[k]) for k in sample_ids & by_sample.keys()}
            for name, by_sample in results.id_map.items()
        },
        "fields": [
            name for name, ids in results.labels_task_map.items() if task_id in ids
        ],
    }


def regain(results: Any, parts: dict[int, dict[str, Any]]) -> None:
    """Put tasks back into a run that :func:`forget` has taken out of it.

    Args:
        results: the run's results, which are changed in place
        parts: task id to what the run knew of it
    """
    for task_id, part in parts.items():
        results.task_ids = [*results.task_ids, task_id]
        results.job_ids[task_id] = part["job_ids"]
        results.frame_id_map[task_id] = part["frame_id_map"]
        if part["left_out"]:
            results.left_out[task_id] = part["left_out"]
        if part.get("unstored"):
            results.unstored[task_id] = part["unstored"]
        for name, by_sample in part["id_map"].items():
            known = results.id_map.setdefault(name, {})
            known.update(by_sample | known)
        for name in part["fields"]:
            results.labels_task_map.setdefault(name, []).append(task_id)


def hide(results: Any, task_ids: Iterable[int]) -> None:
    """Take some tasks out of a run until :func:`show_hidden` puts them back.

    A process may end before: they are stored with what the run has lost.

    Args:
        results: the run's results, which are changed in place
        task_ids: tasks that are there, but cannot be seen
    """
    place_by_task = {task_id: place for place, task_id in enumerate(results.task_ids)}
    parts = forget(results, task_ids)
    hidden = {
        task_id: part | {"is_hidden": True, "place": place_by_task[task_id]}
        for task_id, part in parts.items()
    }
    results.lost = {**results.lost, **hidden}


def show_hidden(results: Any) -> None:
    """Put into a run what :func:`hide` has taken out of it, in place."""
    hidden = {
        task_id: part for task_id, part in results.lost.items() if part.get("is_hidden")
    }
    results.lost = {
        task_id: part for task_id, part in results.lost.items() if task_id not in hidden
    }
    regain(results, hidden)
    for task_id in sorted(hidden, key=lambda each: hidden[each].get("place", 0)):
        results.task_ids.remove(task_id)
        results.task_ids.insert(hidden[task_id].get("place", 0), task_id)


def set_aside(results: Any) -> None:
    """Take all tasks out of a run until it is saved.

    FiftyOne deletes labels of a run that are not among those it is given.

    Args:
        results: the run's results, which are changed in place
    """
    results.set_aside = {name: getattr(results, name) for name in OF_TASKS}
    forget(results)


def take_back(results: Any) -> None:
    """Put into a run what was taken out of it until it is saved, in place."""
    for name, value in getattr(results, "set_aside", {}).items():
        setattr(results, name, value)
    results.set_aside = {}
    show_hidden(results)


def gather_frames(results: Any) -> dict[str, str]:
    """Put the labels of frames that several clips of a run have under one of them.

    FiftyOne loads the labels of a frame from one clip only.

    Args:
        results: the run's results, whose ``id_map`` is changed in place; that a task
            has not got labels that another one has is noted in ``left_out``

    Returns:
        the frame's id to that of the first clip, or else video, that has it
    """
    owners: dict[str, str] = {}
    tasks: dict[str, dict[str, int]] = {}
    for task_id in results.task_ids:
        for each in results.frame_id_map.get(task_id, {}).values():
            if "frame_id" in each:
                owners.setdefault(each["frame_id"], each["sample_id"])
                by_sample = tasks.setdefault(each["frame_id"], {})
                by_sample[each["sample_id"]] = task_id
    for label_field, by_clip in results.id_map.items():
        if label_field in NO_FIELDS:
            continue
        moves = [
            (clip_id, frame_id, owners[frame_id])
            for clip_id, by_frame in by_clip.items()
            for frame_id in (by_frame if isinstance(by_frame, dict) else ())
            if owners.get(frame_id, clip_id) != clip_id
        ]
        for clip_id, frame_id, owner in moves:
            first = by_clip.setdefault(owner, {})
            new = by_clip[clip_id].pop(frame_id)
            ids = [_ids(label_field, each) for each in (first.get(frame_id), new)]
            # what a clip was given whose task is gone is not another one's alone
            held = tasks[frame_id] if clip_id in tasks[frame_id] else {}
            for sample_id, task_id in held.items():
                lacking = set(ids[sample_id == clip_id]) ^ {*ids[0], *ids[1]}
                _note_missing(results, task_id, frame_id, lacking)
            first[frame_id] = _union(first.get(frame_id), new)
    return owners


def ids_in(ids: Any) -> Iterator[Any]:
    """Yield the ids in a part of a run's ``id_map``: True for a scalar.

    Args:
        ids: the ids of a frame, a sample or a field
    """
    if isinstance(ids, dict):
        for each in ids.values():
            yield from ids_in(each)
    elif isinstance(ids, list):
        yield from ids
    elif ids:
        yield ids


def with_ids(ids: Any, wanted: Collection[str]) -> Any:
    """Return a part of a run's ``id_map`` with some labels only.

    Args:
        ids: the ids of a frame, a sample or a field
        wanted: the ids of the labels
    """
    if isinstance(ids, dict):
        parts = {key: with_ids(each, wanted) for key, each in ids.items()}
        return {key: each for key, each in parts.items() if each}
    if isinstance(ids, list):
        return [each for each in ids if each in wanted]
    return ids if isinstance(ids, str) and ids in wanted else None


def without_ids(ids: Any, gone: Collection[str], scalars: Collection[str] = ()) -> Any:
    """Return a part of a run's ``id_map`` without some labels.

    Args:
        ids: the ids of a frame, a sample or a field
        gone: the ids of the labels
        scalars: the ids of frames or samples whose scalar goes, too
    """
    if isinstance(ids, dict):
        return {
            key: without_ids(each, gone, scalars)
            for key, each in ids.items()
            if not (each is True and key in scalars)
        }
    if isinstance(ids, list):
        return [each for each in ids if each not in gone]
    return None if isinstance(ids, str) and ids in gone else ids


def _note_missing(
    results: Any, task_id: int, frame_id: str, label_ids: Iterable[str]
) -> None:
    """Note that a task has not got labels of a frame that another one has."""
    for label_id in label_ids:
        by_place = results.left_out.setdefault(task_id, {})
        by_id = by_place.setdefault(frame_id, {})
        by_id.setdefault(label_id, {"annotations": [], "index": None})


def _ids(label_field: Any, value: Any) -> list[str]:
    if value is True:
        return [str(label_field)]
    if isinstance(value, list):
        return value
    return [value] if value else []


def _union(first: Any, second: Any) -> Any:
    """Return the ids of a frame that two clips have."""
    if not first or not second or first is True:
        return first or second
    ids = [*dict.fromkeys([*_ids(None, first), *_ids(None, second)])]
    is_one = len(ids) == 1 and not isinstance(first, list)
    return ids[0] if is_one else ids


def _sample_ids(frames: dict[int, dict[str, str]]) -> set[str]:
    return {each["sample_id"] for each in frames.values()}
