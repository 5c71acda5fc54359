"""FiftyOne's merge of a run's labels: noted before, put right after it.

A process may end in the middle of it. Then labels that were added on the server are
in the dataset, and the run does not know that they are its own; what the merge wrote
wrongly is still there. So the run is saved with what is about to be merged, and the
next load begins where that one stopped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import fiftyone.core.labels as fol

from fiftyone_cvat.console import tell_counts
from fiftyone_cvat.dataset.absent_attributes import (
    AbsentAttributes,
    label_ids_at,
    place_of,
    remove_nulls,
    restore_attributes,
    restore_indexes,
    restore_instances,
    restore_lists,
)
from fiftyone_cvat.dataset.batches import in_batches
from fiftyone_cvat.dataset.empty_labels import fill_empty
from fiftyone_cvat.dataset.label_schemas import note_new_classes
from fiftyone_cvat.dataset.moved_labels import fields_of_labels, take_out_doubled
from fiftyone_cvat.dataset.unexpected_labels import settle_unexpected
from fiftyone_cvat.runs.absent_tasks import keep_added, take_back
from fiftyone_cvat.runs.last_loads import note_loads
from fiftyone_cvat.runs.stored_runs import ids_in, put_ids, without_ids

__all__ = ["begin_merge", "finish_merge", "resume_merge"]


def begin_merge(results: Any, annotations: dict[Any, Any]) -> bool:
    """Note in a run's results what is about to be merged.

    Args:
        results: the run's results, which are changed in place
        annotations: what FiftyOne is to merge

    Returns:
        whether a merge that is stopped would need it
    """
    note_new_classes(results, annotations)
    added: list[list[str]] = []
    into: list[list[str]] = []
    if not results.ids_beside:
        known = set(ids_in(results.id_map))
        added = _labels_but(annotations, known)
        into = _into_others(results, annotations)
    absent = results.absent_attributes
    pending = results.unexpected
    loaded = set() if pending is None else pending.ids_of_loaded()
    held: dict[str, set[str]] = {}
    fields: list[str] = []
    if loaded:
        dataset = results.samples._root_dataset
        held, fields = fields_of_labels(dataset, loaded), dataset._get_label_fields()
    results.merged_fields = []
    results.merge = {
        "beside": results.ids_beside,
        "added": added,
        "into": into,
        "held": [[key, sorted(names)] for key, names in held.items()],
        "fields": sorted(fields),
        "absent": [
            [label_field, name, ids]
            for label_field, by_name in absent.ids.items()
            for name, ids in by_name.items()
        ],
        "indexes": [
            [label_field, by_id]
            for label_field, by_id in absent.indexes.items()
            if by_id
        ],
        "instances": [
            [label_field, by_id]
            for label_field, by_id in absent.instances.items()
            if by_id
        ],
        "lists": [
            [label_field, by_id] for label_field, by_id in absent.lists.items() if by_id
        ],
    }
    return any(results.merge.values()) or bool(results.left_out)


def finish_merge(results: Any) -> None:
    """Put right what FiftyOne's merge of a run's labels left wrong; it is over.

    Args:
        results: the run's results
    """
    is_load = results.merge is not None
    if is_load:
        results.left_frames = results.reconciliation.not_asked
    _end_merge(results)
    if is_load:
        results.load_date = datetime.now(UTC).isoformat()
        results.reconciliation.holders = _holders(results)
    for line in results.reconciliation.lines() if is_load else ():
        tell_counts(line)
    if results.ids_beside is None:
        keep_added(results)
    else:
        _note_beside(results, results.ids_beside)
    take_back(results)
    notes, results.load_notes = results.load_notes, None
    if notes is None:
        return
    results.tasks_with_view = sorted({*results.tasks_with_view, *notes.whole_tasks})
    results.frames_with_view = sorted({*results.frames_with_view, *notes.frames})
    fill_empty(results, notes.finished)
    note_loads(results, notes)


def _holders(results: Any) -> dict[Any, str]:
    """Return the run's fields of labels to those that FiftyOne has merged them into.

    It does not tell what its ``dest_field`` is. Fields that hold their own labels are
    left out.
    """
    told = results.config.load_options.holder_by_field
    fields = results.config.label_schema
    merged = {*results.merged_fields}
    left = [
        name
        for name, info in fields.items()
        if info.get("type") not in (None, "scalar") and name not in merged
    ]
    others = merged - fields.keys() - {*results.other_fields}
    by_name = {name: "another field" for name in left if name not in told}
    if len(by_name) == len(others) == 1:
        by_name = dict.fromkeys(by_name, *others)
    elsewhere = {name: holder for name, holder in told.items() if holder != name}
    return by_name | elsewhere if results.merged_fields else elsewhere


def _end_merge(results: Any) -> None:
    """Put right what FiftyOne's merge of a run's labels left wrong.

    Args:
        results: the run's results
    """
    restore_attributes(results)
    absent = results.absent_attributes
    others = results.id_map.keys() & {*results.samples._get_label_fields()}
    remove_nulls(results.samples, absent.ids, others)
    restore_indexes(results.samples, absent.indexes, others)
    restore_instances(results.samples, absent.instances, others)
    restore_lists(results.samples, absent.lists, others)
    results.absent_attributes = AbsentAttributes()
    merge = results.merge or {}
    held = dict(merge.get("held", ()))
    doubled = take_out_doubled(results, held, merge.get("fields", ())) if held else ()
    settle_unexpected(results, doubled)
    results.merge = None


def resume_merge(results: Any) -> None:
    """Put right what a merge left that was stopped, and note which labels it added.

    Args:
        results: the run's results, which are changed in place
    """
    take_back(results)
    results.load_notes = None  # of a load whose merge is not over
    if not results.merge:
        return
    absent = AbsentAttributes()
    for label_field, name, ids in results.merge["absent"]:
        absent.ids[label_field][name] = ids
    for label_field, by_id in results.merge["indexes"]:
        absent.indexes[label_field] = by_id
    for label_field, by_id in results.merge.get("instances", ()):
        absent.instances[label_field] = by_id
    for label_field, by_id in results.merge.get("lists", ()):
        absent.lists[label_field] = by_id
    results.absent_attributes = absent
    _adopt(results, results.merge["added"])
    into: dict[str, list[list[str]]] = defaultdict(list)
    for holder, *path in results.merge.get("into", ()):
        into[holder].append(path)
    for holder, paths in into.items():
        _adopt(results, paths, [holder])
    _note_beside(results, results.merge.get("beside") or {})
    _end_merge(results)


def _labels_but(
    annotations: Mapping[Any, Any], known: Collection[str]
) -> list[list[str]]:
    """Return the keys down to each label that is not known."""
    return [
        list(path)
        for by_kind in annotations.values()
        for kind, by_sample in by_kind.items()
        if kind != "scalar"
        for path in _paths(by_sample)
        if path[-1] not in known
    ]


def _into_others(results: Any, annotations: Mapping[Any, Any]) -> list[list[str]]:
    """Return other fields that labels go to, each before the keys down to a label."""
    found = []
    for name, holder in results.config.load_options.holder_by_field.items():
        if name in annotations and holder != name:
            known = {*ids_in(results.id_map.get(holder) or {})}
            paths = _labels_but({name: annotations[name]}, known)
            found += [[holder, *path] for path in paths]
    return found


def _note_beside(results: Any, ids_by_job: Mapping[Any, Any]) -> None:
    """Note which labels of jobs beside the run are in the dataset, in its results.

    Args:
        results: the run's results
        ids_by_job: job to field to the ids of labels that came down, as an ``id_map``
    """
    new = {*ids_in(ids_by_job)} - {True}
    gone = new - fields_of_labels(results.samples._root_dataset, new).keys()
    for job_id, by_field in ids_by_job.items():
        own = results.beside_ids.setdefault(int(job_id), {})
        put_ids(own, without_ids(by_field, gone))


def _adopt(
    results: Any, added: list[list[str]], fields: Iterable[str] | None = None
) -> None:
    """Note labels as the run's own where they are in the dataset.

    Args:
        results: the run's results
        added: the keys down to each label
        fields: the fields to look in, as the run names them; None for all
    """
    dataset = results.samples._root_dataset
    prefix = dataset._FRAMES_PREFIX if results._is_frames else ""
    ids = [path[-1] for path in added]
    there = [*dataset._get_label_fields()] if ids else []
    if fields is not None:
        there = [each for each in there if each.removeprefix(prefix) in fields]
    for label_field in there:
        collection, path, listed = place_of(dataset, label_field)
        present = {
            str(each)
            for batch in in_batches(ids)
            for each in label_ids_at(collection, path, {f"{path}._id": {"$in": batch}})
        }
        name = label_field.removeprefix(prefix)
        present -= {*ids_in(results.id_map.get(name) or {})}
        mine = [each for each in added if each[-1] in present]
        if not mine:
            continue
        new: dict[str, Any] = {}
        for *keys, label_id in mine:
            place = new
            for key in keys[:-1]:
                place = place.setdefault(key, {})
            if listed:
                place.setdefault(keys[-1], []).append(label_id)
            else:
                place[keys[-1]] = label_id
        results._update_id_map(name, new)


def _paths(value: Any) -> Iterator[tuple[str, ...]]:
    """Yield the keys down to each label, the last of which is the label's id."""
    for key, each in value.items():
        if isinstance(each, dict):
            for path in _paths(each):
                yield (key, *path)
        elif isinstance(each, fol.Label):
            yield (key,)
