"""Runs are stored as one text, and read as if FiftyOne had written each part."""

from __future__ import annotations

import datetime

import fiftyone.utils.annotations as foua
import numpy as np
import pytest
from bson import ObjectId, json_util

from fiftyone_cvat.runs.stored_runs import PackedResults, stored_to_results

AT = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)

PARTS = {
    "plain": {},
    "no field": {"id_map": {None: {}, "cats": {"s1": ["l1", "l2"], "s2": None}}},
    "scalars": {"id_map": {"frames.n": {"s1": {"f1": True}}}},
    "numbers as keys": {
        "server_id_map": {"shapes": {7: "l1", 8: "l1.2"}},
        "fingerprints": {"labels": {9: "cat"}},
        "last_loads": {1: ["2026-01-02", None, [4]]},
        "lost": {3: {"is_hidden": True, "id_map": {"cats": {"s3": ["l3"]}}}},
    },
    "values of BSON": {"raw_values": {"seen": {"s1": AT, "s2": ObjectId(b"a" * 12)}}},
    "sets, arrays and tuples": {
        "raw_values": {"a": {"b"}, "c": np.array([[1.5, 2]]), "d": (1, None)}
    },
    "no number": {"raw_values": {"a": [float("inf"), -1e300, 2**70]}},
    "texts that look like BSON": {"raw_values": {"a": 'say "$oid"', "b": "ü\ud83d\n"}},
}


def results(**parts):
    made = foua.AnnotationResults(None, None, "key", parts.pop("id_map", {}))
    made.task_ids, made.job_ids, made.frame_id_map = [1], {1: [4]}, {}
    made.labels_task_map = {"cats": [1]}
    vars(made).update(parts)
    return made


def as_read(what):
    return stored_to_results(json_util.loads(json_util.dumps(what.serialize())))


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_is_read_as_fiftyone_writes_it(parts):
    made = results(**parts)
    assert as_read(PackedResults(made)) == as_read(made)


@pytest.mark.parametrize("number", [np.int64(3), np.float32(0.5), np.bool_(True)])
def test_numbers_of_numpy(number):
    made = results(raw_values={"a": {"s1": number}})
    assert as_read(PackedResults(made))["raw_values"] == {"a": {"s1": number.item()}}


def test_is_one_text():
    stored = PackedResults(results()).serialize()
    assert stored.keys() == {"cls", "packed"}
    assert isinstance(stored["packed"], str)


def test_what_cannot_be_stored_is_an_error():
    with pytest.raises(TypeError, match="object"):
        PackedResults(results(raw_values={"a": object()})).serialize()
