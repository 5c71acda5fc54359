"""What is read of many frames or labels is read in batches, and only what is needed."""

from __future__ import annotations

from types import SimpleNamespace

import fiftyone as fo
import pytest
from bson import ObjectId, encode

from fiftyone_cvat.convert.from_cvat.reconciliation import Reconciliation
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.dataset import batches, unexpected_labels
from fiftyone_cvat.dataset.absent_attributes import (
    remove_nulls,
    restore_indexes,
    restore_instances,
)
from fiftyone_cvat.dataset.unexpected_labels import (
    UnexpectedLabel,
    UnexpectedLabels,
    settle_unexpected,
)
from tests.builders import detection, object_id

COUNT = 5
MOST_BYTES = 16 * 1024 * 1024


@pytest.fixture(params=[1, 2, 5, 100])
def size(monkeypatch, request):
    monkeypatch.setattr(batches, "IDS", request.param)
    return request.param


def test_all_ids_are_in_batches(size):
    ids = [object_id(number) for number in range(COUNT)]
    found = list(batches.in_batches(ids))
    assert [each for batch in found for each in batch] == [*map(ObjectId, ids)]
    assert all(len(each) == size for each in found[:-1])
    assert list(batches.in_batches([])) == []


def test_a_query_holds_a_batch_twice():
    ids = [ObjectId()] * batches.IDS
    assert len(encode({"a": {"$in": ids}, "b": {"$in": ids}})) < MOST_BYTES


@pytest.fixture(params=["list", "label"])
def labels(dataset, request):
    """Return labels in a field `cats`, one a sample."""
    found = [detection(number=number) for number in range(1, COUNT + 1)]
    for each in found:
        as_list = fo.Detections(detections=[each])
        value = as_list if request.param == "list" else each
        dataset.add_sample(fo.Sample(f"/{each.id}.png", cats=value))
    return found


def in_database(dataset, name):
    _, path = dataset._get_label_field_path("cats", name)
    return dataset.values(path, unwind=True)


def test_indexes(dataset, labels, size):
    restore_indexes(dataset, {"cats": {each.id: 7 for each in labels}}, [])
    assert in_database(dataset, "index") == [7] * COUNT


def test_instances(dataset, labels, size):
    instance = object_id(99)
    restore_instances(dataset, {"cats": {each.id: instance for each in labels}}, [])
    assert [str(each) for each in in_database(dataset, "instance._id")] == (
        [instance] * COUNT
    )


def test_nulls(dataset, labels, size):
    _, path = dataset._get_label_field_path("cats")
    collection = dataset._sample_collection
    place = f"{path}.$[].mood" if path != "cats" else "cats.mood"
    collection.update_many({}, {"$set": {place: None}})
    remove_nulls(dataset, {"cats": {"mood": [each.id for each in labels]}})
    assert not collection.find_one({f"{path}.mood": {"$type": "null"}})


@pytest.mark.parametrize("others", [[], ["cats"], ["cats", "dogs"]])
def test_a_load_without_nulls_looks_once(dataset, labels, others, monkeypatch):
    looks = []
    kind = type(dataset._sample_collection)
    find_one = kind.find_one

    def counted(collection, *args, **kwargs):
        looks.append(args[0])
        return find_one(collection, *args, **kwargs)

    ids = [each.id for each in labels]
    absent = {"cats": {"mood": ids, "age": ids, "index": ids}}
    monkeypatch.setattr(kind, "find_one", counted)
    remove_nulls(dataset, absent, others)
    assert len([each for each in looks if "$or" in each]) == 1
    assert not any("mood" in key for each in looks for key in each)


def test_unexpected_labels(dataset, labels, size, monkeypatch):
    """Of five, two came as they are, one is changed, one is not, one is not there."""
    read_whole = []
    read = unexpected_labels._labels_at

    def noted(results, label_field, refs):
        read_whole.extend(refs)
        return read(results, label_field, refs)

    monkeypatch.setattr(unexpected_labels, "_labels_at", noted)
    refs = [FrameRef(each, None) for each in dataset.values("id")]
    whats = ["kept", "added", "changed", "changed", "kept"]
    came = [each.copy() for each in labels]
    for each, label in zip(came, labels, strict=True):
        each.id = label.id
    came[3].label = "other"
    came[4].id = object_id(77)
    pending = [
        UnexpectedLabel("dogs", 1, ref, "detections", label, what, was_loaded=True)
        for ref, label, what in zip(refs, came, whats, strict=True)
    ]
    results = SimpleNamespace(
        unexpected=UnexpectedLabels(pending),
        reconciliation=Reconciliation(),
        config=SimpleNamespace(label_schema={"dogs": {"type": "polylines"}}),
        samples=dataset,
        id_map={"cats": {ref.sample_id: ["any"] for ref in refs}},
        _is_frames=False,
        other_fields=[],
    )

    settle_unexpected(results)

    counts = results.reconciliation
    found = {what: number for what, number in counts.totals("cats").items() if number}
    assert found == {"kept": 1, "added": 1, "changed": 1}
    assert counts.totals("dogs")["unmatched"] == 2
    assert sorted(read_whole) == sorted(refs[2:4])
