"""What FiftyOne's merge writes wrongly into labels, and what puts it right.

When labels are loaded, FiftyOne sets every attribute of the label schema on every
label that came back, to null where there is none. Labels that nobody touched must
stay as they are, so those nulls are taken out again. Labels that share an index on a
frame, which tracks of different classes may, get theirs when the merge is over, and so
do all of clips, whose tracks FiftyOne numbers anew. Labels that have become ones of
another object get its instance then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import fiftyone.core.frame as fofr
import fiftyone.core.labels as fol
import fiftyone.core.sample as fos
import fiftyone.core.utils as fou
import numpy as np
from bson import ObjectId

from fiftyone_cvat.convert.from_cvat.comparison import same_value
from fiftyone_cvat.convert.from_cvat.keypoint_lists import lists_beside
from fiftyone_cvat.convert.shared.attribute_names import is_attribute_name
from fiftyone_cvat.dataset.batches import in_batches
from fiftyone_cvat.runs.stored_runs import is_import
from fiftyone_cvat.types import GEOMETRY, Json

__all__ = [
    "AbsentAttributes",
    "label_ids_at",
    "labels_in_document",
    "leave_out_all_fields",
    "leave_out_empty_fields",
    "narrow_attributes",
    "place_of",
    "reload_documents",
    "remove_nulls",
    "restore_indexes",
    "restore_instances",
    "restore_lists",
    "restore_attributes",
]


@dataclass(slots=True)
class AbsentAttributes:
    """Which labels had no such attribute before they were loaded.

    Attributes:
        ids: field to attribute to the ids of the labels
        indexes: field to the id of a label to the index that it gets after the merge
        instances: field to the id of a label to the id of the instance that it gets
            then, or None for none
        lists: field to the id of a keypoint to its points and to name and value of the
            lists beside them that it gets then; of an array plain values and their type
    """

    ids: dict[Any, dict[str, list[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    indexes: dict[Any, dict[str, int]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    instances: dict[Any, dict[str, str | None]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    lists: dict[Any, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))

    def note_lists(self, label_field: Any, label: Any, before: Any) -> None:
        """Note the lists beside the points of a keypoint that differ from before.

        Args:
            label_field: the field
            label: the keypoint as it is to be merged
            before: the keypoint as it is in the dataset
        """
        changed = {
            name: _as_plain(label[name])
            for name, value in lists_beside(before)
            if not same_value(label[name], value)
        }
        if changed:
            points = [[*map(float, each)] for each in label.points]
            self.lists[label_field][label.id] = [points, changed]

    def note(self, label_field: Any, names: Collection[str], label: Any) -> None:
        """Note the attributes that a label does not have.

        Args:
            label_field: the field
            names: the attributes that the label schema names
            label: the label as it is in the dataset
        """
        for name in names:
            if not label.has_attribute(name):
                self.ids[label_field][name].append(label.id)


def narrow_attributes(
    results: Any, edited: Mapping[Any, set[str]] | None = None
) -> None:
    """Leave FiftyOne only attributes to merge that have changed on some label.

    It sets each attribute of the schema on each label that came back, which takes a
    time that grows with the square of the labels of a picture: 600 labels with two
    attributes took 37 s instead of one. The whole schema is kept aside.

    Args:
        results: the run's results, whose configuration is changed in place
        edited: field to the attributes that differ on some label that changed, or None
            if all may differ from the dataset's
    """
    schema = results.config.label_schema
    for info in schema.values():
        _narrow(results, info, is_attribute_name)
    others = set(results.id_map) - schema.keys() - {"_clips", "_frames"}
    if edited is None or others:
        return  # labels were loaded into other fields, which may lag behind
    for label_field, info in schema.items():
        if not (info.get("existing_field") or is_import(results)):
            continue
        wanted = set(edited.get(label_field, ()))
        if not info.get("allow_spatial_edits", True):
            wanted.difference_update(GEOMETRY)
        _narrow(results, info, wanted.__contains__)


def _narrow(
    results: Any, info: dict[str, Any], is_wanted: Callable[[str], bool]
) -> None:
    """Leave a field only some of its attributes; keep the whole ones aside."""
    classes = info.get("classes") or ()
    for each in (info, *(each for each in classes if isinstance(each, dict))):
        attributes = each.get("attributes") or {}
        left = {name: spec for name, spec in attributes.items() if is_wanted(name)}
        if len(left) < len(attributes):
            results.whole_attributes.append((each, "attributes", attributes))
            each["attributes"] = left


def leave_out_empty_fields(results: Any, annotations: Mapping[Any, Any]) -> None:
    """Leave FiftyOne only fields to merge that are there, or get a label.

    It creates each field of the schema. The whole schema is kept aside.

    Args:
        results: the run's results, whose configuration is changed in place
        annotations: what FiftyOne is to merge
    """
    schema = results.config.label_schema
    for label_field in list(schema):
        has_labels = any((annotations.get(label_field) or {}).values())
        if not has_labels and not results.samples._root_dataset.has_field(label_field):
            results.whole_attributes.append(
                (schema, label_field, schema.pop(label_field))
            )


def leave_out_all_fields(results: Any) -> None:
    """Leave FiftyOne nothing to merge: it would show a bar of nothing for each field.

    The whole schema is kept aside.

    Args:
        results: the run's results, whose configuration is changed in place
    """
    schema = results.config.label_schema
    # the first is put back first
    for label_field in reversed(list(schema)):
        results.whole_attributes.append((schema, label_field, schema.pop(label_field)))


def restore_attributes(results: Any) -> None:
    """Undo what :func:`narrow_attributes` did to a run's schema."""
    # what was narrowed twice was whole before the first time
    for place, name, value in reversed(results.whole_attributes):
        place[name] = value
    results.whole_attributes.clear()


def remove_nulls(
    samples: Any,
    absent: Mapping[Any, Mapping[str, list[str]]],
    others: Collection[Any] = (),
) -> None:
    """Take attributes that are null out of labels that did not have them.

    Args:
        samples: the collection that the labels are in
        absent: field to attribute to the ids of the labels
        others: fields that the labels may have been loaded into instead
    """
    for label_field in dict.fromkeys([*absent, *others]):
        if not samples.has_field(label_field):
            continue
        ids_by_name: dict[str, list[str]] = defaultdict(list)
        for source in absent if label_field in others else [label_field]:
            for name, label_ids in absent[source].items():
                ids_by_name[name] += label_ids
        collection, path, listed = place_of(samples, label_field)
        null = {"$type": "null"}
        # most loads left none: one look through the collection instead of many
        any_null = [{f"{path}.{name}": null} for name in ids_by_name]
        if not any_null or not collection.find_one({"$or": any_null}, {"_id"}):
            continue
        for name, label_ids in ids_by_name.items():
            for batch in in_batches(label_ids):
                ids = {"$in": batch}
                if listed:
                    collection.update_many(
                        {f"{path}._id": ids},
                        {"$unset": {f"{path}.$[label].{name}": ""}},
                        array_filters=[{"label._id": ids, f"label.{name}": null}],
                    )
                else:
                    collection.update_many(
                        {f"{path}._id": ids, f"{path}.{name}": null},
                        {"$unset": {f"{path}.{name}": ""}},
                    )
    if absent:
        reload_documents(samples)


def restore_indexes(
    samples: Any, indexes: Mapping[Any, Mapping[str, int]], others: Collection[Any]
) -> None:
    """Give labels the index that they had to lack while FiftyOne merged them.

    Where they have one, FiftyOne merged them into another field. There it numbers the
    tracks anew: one whose index another track has got gets one that is free.

    Args:
        samples: the collection that the labels are in
        indexes: field to the id of a label to its index
        others: fields that the labels may have been loaded into instead
    """
    index_by_id = {
        ObjectId(label_id): index
        for by_id in indexes.values()
        for label_id, index in by_id.items()
    }
    if not index_by_id:
        return
    for label_field in {*indexes, *others}:
        if not samples.has_field(label_field):
            continue
        collection, path, listed = place_of(samples, label_field)
        new_by_id = index_by_id
        if label_field not in indexes:
            new_by_id = _free_indexes(collection, path, index_by_id)
        ids_by_index: dict[int, list[ObjectId]] = defaultdict(list)
        for label_id, index in new_by_id.items():
            ids_by_index[index].append(label_id)
        by_batch = (
            (index, {"$in": batch})
            for index, label_ids in ids_by_index.items()
            for batch in in_batches(label_ids)
        )
        for index, ids in by_batch:
            if not listed:
                where = {f"{path}._id": ids, f"{path}.index": None}
                collection.update_many(where, {"$set": {f"{path}.index": index}})
                continue
            collection.update_many(
                {f"{path}._id": ids},
                {"$set": {f"{path}.$[label].index": index}},
                array_filters=[{"label._id": ids, "label.index": None}],
            )
    reload_documents(samples)


def _free_indexes(
    collection: Any, path: str, index_by_id: Mapping[ObjectId, int]
) -> dict[ObjectId, int]:
    """Return the indexes of labels that no other track of their video has."""
    found = collection.find({f"{path}._id": {"$in": [*index_by_id]}}, {"_sample_id": 1})
    videos = {each.get("_sample_id") for each in found} - {None}
    labels_by_video: dict[Any, list[Any]] = defaultdict(list)
    parts = {"_sample_id": 1, f"{path}._id": 1, f"{path}.index": 1}
    for document in collection.find({"_sample_id": {"$in": [*videos]}}, parts):
        labels_by_video[document["_sample_id"]] += labels_in_document(document, path)
    new_by_id: dict[ObjectId, int] = dict(index_by_id)
    for labels in labels_by_video.values():
        waiting = [
            each["_id"]
            for each in labels
            if each["_id"] in index_by_id and each.get("index") is None
        ]
        wanted = {index_by_id[each] for each in waiting}
        taken = {each["index"] for each in labels if each.get("index") is not None}
        free = count(max(taken | wanted, default=0) + 1)
        instead = {index: next(free) for index in sorted(wanted & taken)}
        for label_id in waiting:
            index = index_by_id[label_id]
            new_by_id[label_id] = instead.get(index, index)
    return new_by_id


def restore_instances(
    samples: Any,
    instances: Mapping[Any, Mapping[str, str | None]],
    others: Collection[Any],
) -> None:
    """Give labels the instance of their object, which FiftyOne does not merge.

    Args:
        samples: the collection that the labels are in
        instances: field to the id of a label to the id of its instance, None for none
        others: fields that the labels may have been loaded into instead: those of
            which these have a copy stay as they are
    """
    left = {
        ObjectId(label_id): instance
        for by_id in instances.values()
        for label_id, instance in by_id.items()
    }
    if not left:
        return
    copies = set(others) - instances.keys()
    for label_field in (*copies, *instances):
        if not samples.has_field(label_field):
            continue
        collection, path, listed = place_of(samples, label_field)
        place = f"{path}.$[label].instance" if listed else f"{path}.instance"
        here = {
            each
            for batch in in_batches(left)
            for each in label_ids_at(collection, path, {f"{path}._id": {"$in": batch}})
            if each in left
        }
        ids_by_instance: dict[str | None, list[ObjectId]] = defaultdict(list)
        for label_id in here:
            ids_by_instance[left[label_id]].append(label_id)
        by_batch = (
            (instance, {"$in": batch})
            for instance, label_ids in ids_by_instance.items()
            for batch in in_batches(label_ids)
        )
        for instance, ids in by_batch:
            filters = {"array_filters": [{"label._id": ids}]} if listed else {}
            change: Any = {"$unset": {place: ""}}
            if instance is not None:
                change = {"$set": {place: fol.Instance(id=instance).to_dict()}}
            collection.update_many({f"{path}._id": ids}, change, **filters)
        if label_field in copies:
            left = {key: each for key, each in left.items() if key not in here}
    reload_documents(samples)


def restore_lists(
    samples: Any, lists: Mapping[Any, Mapping[str, Any]], others: Collection[Any]
) -> None:
    """Give keypoints the lists beside their points that FiftyOne does not merge.

    Args:
        samples: the collection that the keypoints are in
        lists: field to the id of a keypoint to its points and its lists by name; a
            keypoint with other points, of which this is a copy, keeps its own
        others: fields that the keypoints may have been loaded into instead
    """
    values_by_id = {
        key: each for by_id in lists.values() for key, each in by_id.items()
    }
    if not values_by_id:
        return
    for label_field in {*lists, *others}:
        if not samples.has_field(label_field):
            continue
        collection, path, listed = place_of(samples, label_field)
        place = f"{path}.$[label]" if listed else path
        for label_id, (points, values) in values_by_id.items():
            label = {"_id": ObjectId(label_id), "points": points}
            stored = {
                f"{place}.{name}": _stored(*each) for name, each in values.items()
            }
            if listed:
                own = {f"label.{name}": each for name, each in label.items()}
                found = {f"{path}._id": label["_id"]}
                collection.update_many(found, {"$set": stored}, array_filters=[own])
            else:
                found = {f"{path}.{name}": each for name, each in label.items()}
                collection.update_many(found, {"$set": stored})
    reload_documents(samples)


def _as_plain(values: Any) -> list[Any]:
    """Return values as JSON holds them, and the type of an array, or None."""
    if isinstance(values, np.ndarray):
        return [values.tolist(), str(values.dtype)]
    return [None if values is None else list(values), None]


def _stored(values: Any, dtype: str | None) -> Any:
    if dtype is None:
        return values
    return fou.serialize_numpy_array(np.array(values, dtype))


def labels_in_document(document: Json, path: str) -> list[Json]:
    """Return the labels of a field in a document, or what was asked for of them.

    Args:
        document: of a sample or a frame, as the database holds it
        path: the path of the label, or the labels, in it
    """
    value: Any = document
    for name in path.split("."):
        value = (value or {}).get(name)
    labels = value if isinstance(value, list) else [value]
    return [each for each in labels if each]


def label_ids_at(
    collection: Any, path: str, where: Mapping[str, Any]
) -> Iterator[ObjectId]:
    """Yield the ids of all labels of a field in some documents.

    Args:
        collection: the documents
        path: the path of the labels in one
        where: which documents
    """
    for document in collection.find(where, {f"{path}._id": 1}):
        for label in labels_in_document(document, path):
            yield label["_id"]


def reload_documents(samples: Any) -> None:
    """Let samples and frames in memory follow what was written past them."""
    dataset = samples._root_dataset
    fos.Sample._reload_docs(dataset._sample_collection_name)
    if dataset._has_frame_fields():
        fofr.Frame._reload_docs(dataset._frame_collection_name)


def place_of(samples: Any, label_field: str) -> tuple[Any, str, bool]:
    """Return the database's collection of a field, its path there, if it is a list."""
    dataset = samples._root_dataset
    label_type = samples._get_label_field_type(label_field)
    listed = getattr(label_type, "_LABEL_LIST_FIELD", None)
    in_frames = samples._is_frames or samples._is_frame_field(label_field)
    collection = dataset._frame_collection if in_frames else dataset._sample_collection
    path = label_field.removeprefix(dataset._FRAMES_PREFIX)
    return collection, path if listed is None else f"{path}.{listed}", bool(listed)
