"""Labels of a run that are in another field than it knows, or get into a second one.

A field of labels that a load made, of a type that the run's fields do not hold, may be
renamed, or its labels put into another. FiftyOne would load them anew, into the field
that ``unexpected`` names: they are followed by their ids, and what its merge doubled is
taken out of that field again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from fiftyone_cvat.dataset.absent_attributes import (
    label_ids_at,
    labels_in_document,
    place_of,
    reload_documents,
)
from fiftyone_cvat.dataset.batches import in_batches
from fiftyone_cvat.runs.stored_runs import NO_FIELDS, ids_in, with_ids, without_ids
from fiftyone_cvat.types import RETURN_TYPES, Json

__all__ = [
    "delete_labels",
    "fields_of_labels",
    "follow_labels",
    "label_documents",
    "take_out_doubled",
]

KINDS = frozenset(RETURN_TYPES.values())
"""The names of the fields that ``unexpected="keep"`` loads into."""

NOT_MERGED = frozenset(("_id", "_cls", "tags", "index", "instance"))
"""Parts of a label that are its own in each field: tracks are numbered by field."""


def label_documents(
    dataset: Any, label_field: str, where: Mapping[str, Any]
) -> Iterator[tuple[Any, Json]]:
    """Yield the labels of a field as the database holds them.

    Args:
        dataset: the dataset
        label_field: the field, of frames with their prefix
        where: which documents of samples, or frames, to look at

    Yields:
        the id of the document, and the label's part of it
    """
    collection, path, _ = place_of(dataset, label_field)
    for document in collection.find(where, {path: 1}):
        for each in labels_in_document(document, path):
            yield document["_id"], each


def fields_of_labels(dataset: Any, label_ids: Collection[str]) -> dict[str, set[str]]:
    """Return the fields that hold labels, by the label's id.

    Args:
        dataset: the dataset
        label_ids: the ids of the labels
    """
    found: dict[str, set[str]] = defaultdict(set)
    for label_field in dataset._get_label_fields() if label_ids else ():
        collection, path, _ = place_of(dataset, label_field)
        for batch in in_batches(label_ids):
            where = {f"{path}._id": {"$in": batch}}
            for each in label_ids_at(collection, path, where):
                if str(each) in label_ids:
                    found[str(each)].add(label_field)
    return found


def follow_labels(results: Any) -> dict[str, str]:
    """Note labels under the fields that they are in now.

    Those are labels that earlier loads put into fields that are not the run's.

    Args:
        results: the run's results, whose ``id_map`` is changed in place

    Returns:
        the ids of labels that only a field holds which cannot be noted, one of the run
        or one of frames instead of samples, to that field
    """
    dataset = results.samples._root_dataset
    prefix = dataset._FRAMES_PREFIX if results._is_frames else ""
    schema = results.config.label_schema
    mine = {key for name in schema for key in ids_in(results.id_map.get(name) or {})}
    ids_by_field = {
        name: {*ids_in(ids)} - mine - {True}
        for name, ids in results.id_map.items()
        if name not in schema and name not in NO_FIELDS
    }
    places = fields_of_labels(dataset, set().union(*ids_by_field.values()))
    own = {f"{prefix}{name}" for name in schema}
    strays: dict[str, str] = {}
    for name, label_ids in ids_by_field.items():
        here = prefix + name
        moved: dict[str, set[str]] = defaultdict(set)
        for label_id in label_ids & places.keys():
            there = sorted(places[label_id])
            of_frames = dataset._is_frame_field(here)
            fits = [
                each
                for each in there
                if each not in own and dataset._is_frame_field(each) == of_frames
            ]
            if here in there:
                continue
            if fits:
                moved[fits[0]].add(label_id)
            else:
                strays[label_id] = there[0]
        for label_field, ids in moved.items():
            part = with_ids(results.id_map[name], ids)
            results.id_map[name] = without_ids(results.id_map[name], ids)
            results._update_id_map(label_field.removeprefix(prefix), part)
            if name in results.other_fields:
                now = label_field.removeprefix(prefix)
                results.other_fields = sorted({*results.other_fields, now})
        if moved and not any(ids_in(results.id_map[name])):
            del results.id_map[name]
    return strays


def take_out_doubled(
    results: Any, held: Mapping[str, Sequence[str]], fields: Collection[str]
) -> set[str]:
    """Take labels out of fields that a merge put them into beside their own.

    What came back of them goes to the field of theirs that the run knows.

    Args:
        results: the run's results, whose ``id_map`` is changed in place
        held: the ids of labels to the fields that held them before the merge
        fields: the fields of labels that there were before the merge

    Returns:
        the ids of the labels
    """
    dataset = results.samples._root_dataset
    prefix = dataset._FRAMES_PREFIX if results._is_frames else ""
    known = {f"{prefix}{name}" for name in results.id_map}
    known -= {f"{prefix}{name}" for name in results.config.label_schema}
    homes: dict[str, dict[str, str]] = defaultdict(dict)
    for label_id, there in fields_of_labels(dataset, held.keys()).items():
        before = held[label_id]
        home = next((each for each in before if each in known), "")
        for label_field in there.difference(before):
            name = label_field.removeprefix(dataset._FRAMES_PREFIX)
            if label_field in fields or label_field in known or name in KINDS:
                homes[label_field][label_id] = home
            # else it is a copy that somebody has made since
    for label_field, home_by_id in homes.items():
        _hand_over(dataset, label_field, home_by_id)
        delete_labels(dataset, label_field, home_by_id)
        name = label_field.removeprefix(prefix)
        # what only a field holds that the run does not know stays noted here
        noted = {key for key, home in home_by_id.items() if home}
        ids = without_ids(results.id_map.pop(name, {}), noted)
        if any(ids_in(ids)):
            results.id_map[name] = ids
        if label_field not in fields:
            _tidy(dataset, label_field)
    if homes:
        reload_documents(dataset)
    return {key for home_by_id in homes.values() for key in home_by_id}


def delete_labels(dataset: Any, label_field: str, label_ids: Collection[str]) -> None:
    """Delete labels from a field of samples or, with their prefix, of frames."""
    dataset.delete_labels(ids=[*label_ids], fields=label_field)


def _hand_over(dataset: Any, label_field: str, home_by_id: Mapping[str, str]) -> None:
    """Write what labels of a field are into their copies in other fields."""
    wanted = {"$in": [ObjectId(each) for each in home_by_id]}

    def labels_at(name: str) -> Iterator[tuple[Any, Json]]:
        _, path, _ = place_of(dataset, name)
        for document_id, each in label_documents(
            dataset, name, {f"{path}._id": wanted}
        ):
            if str(each["_id"]) in home_by_id:
                yield document_id, each

    new_by_id = {str(each["_id"]): each for _, each in labels_at(label_field)}
    for home in {*home_by_id.values()} - {""}:
        collection, path, listed = place_of(dataset, home)
        place = f"{path}.$[label]" if listed else path
        writes = []
        for document_id, old in labels_at(home):
            key = str(old["_id"])
            values = {
                f"{place}.{name}": value
                for name, value in new_by_id.get(key, {}).items()
                if name not in NOT_MERGED and value != old.get(name)
            }
            if home_by_id[key] == home and values:
                own: Any = [{"label._id": old["_id"]}] if listed else None
                where = {"_id": document_id}
                writes.append(UpdateOne(where, {"$set": values}, array_filters=own))
        if writes:
            collection.bulk_write(writes)


def _tidy(dataset: Any, label_field: str) -> None:
    """Delete a field that a merge has made if it has no labels; else empty lists."""
    collection, path, listed = place_of(dataset, label_field)
    field, in_frames = dataset._handle_frame_field(label_field)
    if collection.find_one({f"{path}._id": {"$exists": True}}, {"_id"}) is None:
        delete = (
            dataset.delete_frame_field if in_frames else dataset.delete_sample_field
        )
        delete(field)
    elif listed:
        whole = path.rpartition(".")[0]
        collection.update_many({path: []}, {"$set": {whole: None}})
