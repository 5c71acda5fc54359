"""Tasks that a run is without: for good, or until it is saved.

FiftyOne deletes labels of a run that are not among those that it is given, so the run
must not have, while it merges, what was not read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fiftyone_cvat.runs.stored_runs import NO_FIELDS, gather_frames, put_ids

__all__ = [
    "forget",
    "hide",
    "lend_ids",
    "keep_added",
    "regain",
    "show_hidden",
    "show_tasks",
    "take_back",
]


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
        results.unstored, results.beside_ids = {}, {}
        return {}
    gone = list(dict.fromkeys(task_ids))
    results.lost = {
        task_id: part
        for task_id, part in results.lost.items()
        if task_id not in gone or not part.get("is_hidden")
    }
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
            name: {k: _copied(by_sample[k]) for k in sample_ids & by_sample.keys()}
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
        _regain_task(results, task_id, part)
        _regain_ids(results, part)


def _regain_task(results: Any, task_id: int, part: dict[str, Any]) -> None:
    """Put back what a run knew of a task, but for its labels."""
    results.task_ids = [*results.task_ids, task_id]
    results.job_ids[task_id] = part["job_ids"]
    results.frame_id_map[task_id] = part["frame_id_map"]
    if part["left_out"]:
        results.left_out[task_id] = part["left_out"]
    if part.get("unstored"):
        results.unstored[task_id] = part["unstored"]
    for name in part["fields"]:
        results.labels_task_map.setdefault(name, []).append(task_id)


def _regain_ids(results: Any, part: dict[str, Any]) -> None:
    for name, by_sample in part["id_map"].items():
        known = results.id_map.setdefault(name, {})
        for key, ids in by_sample.items():
            known.setdefault(key, ids)


def hide(results: Any, task_ids: Iterable[int]) -> None:
    """Take some tasks out of a run until :func:`show_hidden` puts them back.

    A process may end before: they are stored with what the run has lost.

    Args:
        results: the run's results, which are changed in place
        task_ids: tasks that are there, but cannot be seen, or are not to be loaded
    """
    place_by_task = {task_id: place for place, task_id in enumerate(results.task_ids)}
    parts = forget(results, task_ids)
    hidden = {
        task_id: part | {"is_hidden": True, "place": place_by_task[task_id]}
        for task_id, part in parts.items()
    }
    results.lost = {**results.lost, **hidden}


def show_tasks(results: Any) -> None:
    """Put into a run what :func:`hide` has taken out of it, but for its labels.

    FiftyOne deletes labels of a run that are not among those that it is given, and
    knows nothing of tasks; whoever follows the work, or cleans up, wants all of them.

    Args:
        results: the run's results, which are changed in place
    """
    hidden = _hidden(results)
    away = {key: each for key, each in hidden.items() if "frame_id_map" in each}
    for task_id, part in away.items():
        _regain_task(results, task_id, part)
        clips = {
            name: part["id_map"][name] for name in NO_FIELDS & part["id_map"].keys()
        }
        _regain_ids(results, {"id_map": clips})
    _put_in_place(results, away)
    ids_alone = {
        task_id: {"is_hidden": True, "id_map": part["id_map"]}
        for task_id, part in hidden.items()
    }
    results.lost = {**results.lost, **ids_alone}


def show_hidden(results: Any) -> None:
    """Put into a run all that :func:`hide` has taken out of it, in place."""
    show_tasks(results)
    for part in _hidden(results).values():
        _regain_ids(results, part)
    results.lost = {
        task_id: part
        for task_id, part in results.lost.items()
        if not part.get("is_hidden")
    }


def _hidden(results: Any) -> dict[int, dict[str, Any]]:
    return {
        task_id: part for task_id, part in results.lost.items() if part.get("is_hidden")
    }


def _put_in_place(results: Any, parts: dict[int, dict[str, Any]]) -> None:
    """Let tasks that are back have the place among the run's that they had."""
    places = {task_id: part.get("place", 0) for task_id, part in parts.items()}
    for task_id in sorted(places, key=lambda each: places[each]):
        results.task_ids.remove(task_id)
        results.task_ids.insert(places[task_id], task_id)
    order = {task_id: place for place, task_id in enumerate(results.task_ids)}
    for task_ids in results.labels_task_map.values():
        task_ids.sort(key=lambda each: order.get(each, len(order)))


def lend_ids(results: Any, ids: dict[Any, Any]) -> None:
    """Give FiftyOne other ids of labels than the run's own until it is saved.

    It deletes labels of a run that are not among those it is given.

    Args:
        results: the run's results, which are changed in place
        ids: the ids, as an ``id_map``; none if nothing is to be merged
    """
    results.set_aside, results.id_map = results.id_map, ids


def take_back(results: Any) -> None:
    """Put into a run what a load has taken out of it until it is saved, in place."""
    if results.set_aside is not None:
        results.id_map, results.set_aside = results.set_aside, None
    results.ids_to_merge, results.ids_beside = None, None
    show_hidden(results)


def keep_added(results: Any) -> None:
    """Put into the run's own ids of labels what FiftyOne has added to those lent to it.

    Args:
        results: the run's results, which are changed in place
    """
    if results.set_aside is not None:
        for name, by_sample in results.id_map.items():
            if name not in NO_FIELDS:
                put_ids(results.set_aside.setdefault(name, {}), by_sample)


def _copied(ids: Any) -> Any:
    """Return a part of an ``id_map`` for itself: frames that clips share are gathered.

    ``deepcopy`` does the same in ten times the time.
    """
    if isinstance(ids, dict):
        return {key: _copied(each) for key, each in ids.items()}
    return [*ids] if isinstance(ids, list) else ids


def _sample_ids(frames: dict[int, dict[str, str]]) -> set[str]:
    return {each["sample_id"] for each in frames.values()}
