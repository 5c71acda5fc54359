"""What the server did not store is none of a run's labels."""

from __future__ import annotations

import pytest

from fiftyone_cvat.convert.shared.fingerprints import AnnotationNames
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.types import ClassSchema
from fiftyone_cvat.upload.task_annotations import TaskAnnotations
from fiftyone_cvat.upload.unstored_labels import forget_unstored

NAMES = AnnotationNames(
    {"cat": 1, "mood": 2}, {1: {"label_id": 7}, 2: {"value": 8}}, {}
)
FRAMES = {0: FrameRef("s", "f0"), 1: FrameRef("s", "f1")}


def shape(label_id, frame=0):
    values = [{"spec_id": 7, "value": label_id}]
    return {"label_id": 1, "frame": frame, "attributes": values}


def track(*label_ids):
    shapes = [shape(each, frame) for frame, each in enumerate(label_ids)]
    return {"label_id": 1, "frame": 0, "attributes": [], "shapes": shapes}


def tag(frame):
    values = [{"spec_id": 8, "value": "calm"}]
    return {"label_id": 2, "frame": frame, "attributes": values}


def ids_after(id_map, sent, stored):
    none = {"tags": [], "shapes": [], "tracks": []}
    schema = {name: ClassSchema() for name in ("cat", "mood")}
    schema["cat"].class_by_field["cats"] = "cat"
    schema["mood"].class_by_field["mood"] = "mood"
    task = TaskAnnotations(FRAMES, {}, **{**none, **sent}, id_map=id_map)
    forget_unstored(task, {**none, **stored}, NAMES, schema)
    return task.id_map


@pytest.mark.parametrize(
    ("sent", "stored", "left"),
    [
        pytest.param(
            {"shapes": [shape("a"), shape("b", 1)]},
            {"shapes": [shape("a")]},
            {"f0": ["a"], "f1": []},
            id="a shape",
        ),
        pytest.param(
            {"shapes": [shape("a"), shape("a.2"), shape("b", 1)]},
            {"shapes": [shape("a.2"), shape("b", 1)]},
            {"f0": ["a"], "f1": ["b"]},
            id="a part of a label",
        ),
        pytest.param(
            {"tracks": [track("a", "b")]},
            {"tracks": [track("a")]},
            {"f0": ["a"], "f1": ["b"]},
            id="a shape of a track, which goes on",
        ),
        pytest.param(
            {"tracks": [track("a", "b")]}, {}, {"f0": [], "f1": []}, id="a track"
        ),
        pytest.param(
            {"tags": [shape("a"), shape("b", 1)]},
            {"tags": [shape("b", 1)]},
            {"f0": [], "f1": ["b"]},
            id="a tag with an id",
        ),
    ],
)
def test_labels(sent, stored, left):
    id_map = {"cats": {"s": {"f0": ["a"], "f1": ["b"]}}}
    assert ids_after(id_map, sent, stored) == {"cats": {"s": left}}


def test_one_label_of_a_sample():
    id_map = {"cats": {"s": "a"}}
    assert ids_after(id_map, {"shapes": [shape("a")]}, {}) == {"cats": {"s": None}}


def test_scalar():
    id_map = {"mood": {"s": {"f0": True, "f1": True}}, "cats": {}}
    left = {"mood": {"s": {"f0": False, "f1": True}}, "cats": {}}
    sent = {"tags": [tag(0), tag(1)]}
    assert ids_after(id_map, sent, {"tags": [tag(1)]}) == left


def test_all_are_stored():
    id_map = {"mood": {"s": {"f0": True}}, "cats": {"s": {"f0": ["a", "unsent"]}}}
    sent = {"tags": [tag(0)], "shapes": [shape("a")]}
    assert ids_after(id_map, sent, sent) == id_map
