"""What is stored of a run, and what its parts are."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from bson import json_util

__all__ = [
    "NO_FIELDS",
    "PackedResults",
    "first_frame",
    "gather_frames",
    "is_import",
    "ids_in",
    "keep_results",
    "number_targets",
    "put_ids",
    "stored_to_results",
    "with_ids",
    "without_ids",
]

NO_FIELDS = frozenset({"_clips", "_frames", "_clips_frame_start"})
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


class PackedResults:
    """A run's results in the form in which they are stored: one text.

    FiftyOne walks through each id of a run in Python before it writes them, and PyMongo
    once more; Python's own JSON writes a run of 4,000 images eight times as fast.

    Args:
        results: the run's results
    """

    def __init__(self, results: Any) -> None:
        self._results = results

    def serialize(self) -> dict[str, Any]:
        """Return what FiftyOne stores: the class of the results, and the text."""
        names = (name for name in self._results.attributes() if name != "cls")
        parts = {name: _with_texts(getattr(self._results, name)) for name in names}
        text = json.dumps(parts, default=_bson_to_json)
        return {"cls": self._results.cls, "packed": text}

    def get_meta(self) -> Any:
        """Return what FiftyOne stores of the results beside them."""
        return self._results.get_meta()


def _with_texts(part: Any) -> Any:
    """Return a part of a run with the keys that FiftyOne gives it: JSON has no None."""
    if not isinstance(part, dict):
        return part
    return {str(key): each for key, each in part.items()}


def _bson_to_json(value: Any) -> Any:
    if isinstance(value, set):
        return list(value)
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return json_util.default(value)


def _unpacked(stored: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a run's results, of older versions and the built-in, too."""
    text = stored.get("packed")
    if text is None:
        return stored
    # PyMongo's takes each object apart in Python; only values of BSON need it
    parts: dict[str, Any] = json_util.loads(text) if '"$' in text else json.loads(text)
    return parts


def stored_to_results(stored: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a run's results from what is stored of them.

    JSON has turned ids that are keys into strings. Runs that the built-in CVAT
    integration saved long ago lack some of them.

    Args:
        stored: what the database holds
    """
    stored = _unpacked(stored)
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
        "loaded_jobs": {
            int(job_id): date
            for job_id, date in (stored.get("loaded_jobs") or {}).items()
        },
        "last_loads": {
            int(task_id): load
            for task_id, load in (stored.get("last_loads") or {}).items()
        },
        "tasks_with_view": stored.get("tasks_with_view") or [],
        "frames_with_view": stored.get("frames_with_view") or [],
        "raw_values": stored.get("raw_values"),
        "beside_ids": {
            int(job_id): by_field
            for job_id, by_field in (stored.get("beside_ids") or {}).items()
        },
        "left_frames": stored.get("left_frames") or 0,
        "load_date": stored.get("load_date"),
        "other_fields": stored.get("other_fields") or [],
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
    if "frame_id_map" not in part:
        return part  # the ids of labels of a task that the run still has
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


def put_ids(place: dict[Any, Any], ids: Mapping[Any, Any]) -> None:
    """Put a part of a run's ``id_map`` beside what is there, in place.

    Args:
        place: what is there, which is changed
        ids: the part; ids in lists come behind those that are there
    """
    for key, each in ids.items():
        if isinstance(each, dict):
            put_ids(place.setdefault(key, {}), each)
        elif isinstance(each, list):
            place[key] = [*dict.fromkeys([*place.get(key, ()), *each])]
        else:
            place[key] = each


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
