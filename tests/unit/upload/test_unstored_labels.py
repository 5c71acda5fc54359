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


def outline(text, x, class_id=1, frame=0, **more):
    values = [{"spec_id": 7, "value": text}]
    points = [x, 0.0, x, 9.0, x + 5, 9.0]
    label = {"label_id": class_id, "frame": frame, "attributes": values}
    return label | {"type": "polygon", "points": points} | more


def parts_after(sent, stored, kind="shapes"):
    none = {"tags": [], "shapes": [], "tracks": []}
    task = TaskAnnotations(FRAMES, {}, **{**none, kind: sent}, id_map={})
    return forget_unstored(task, {**none, kind: stored}, NAMES, {})


def test_no_part_is_missing():
    sent = [outline("a", 1), outline("a.2", 2)]
    assert parts_after(sent, sent) == {}


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_parts(lost):
    sent = [outline("a", 1), outline("a.2", 2), outline("a.3", 3), outline("b", 4)]
    stored = [each for number, each in enumerate(sent) if number != lost]
    points = sent[lost]["points"]
    note = {"type": "polygon", "points": points, "class": "cat", "part": lost, "of": 3}
    assert parts_after(sent, stored) == {"f0": {"a": [note]}}


def test_parts_of_two_labels():
    sent = [outline(text, 1, frame=n) for n in (0, 1) for text in ("a", "a.2", "a.3")]
    found = parts_after(sent, [sent[1], *sent[3:5]])
    assert {key: [each["part"] for each in by["a"]] for key, by in found.items()} == {
        "f0": [0, 2],
        "f1": [2],
    }


def test_labels_without_any_part_are_not_in_parts():
    sent = [outline("a", 1), outline("a.2", 2), outline("b", 3)]
    assert parts_after(sent, sent[2:]) == {}


def test_parts_of_classes():
    """Masks of one segmentation have one text; of one class the points decide."""
    sent = [outline("a", 1), outline("a", 2, class_id=2), outline("a", 3)]
    for lost in range(3):
        stored = [each for number, each in enumerate(sent) if number != lost]
        [note] = parts_after(sent, stored)["f0"]["a"]
        assert note["part"] == lost
        assert note["points"] == sent[lost]["points"]
    rounded = [{**each, "points": [3.01, *each["points"][1:]]} for each in sent[2:]]
    [note] = parts_after(sent, [sent[1], *rounded])["f0"]["a"]
    assert note["class"] == "cat"


def test_parts_of_tracks():
    def in_track(number, *frames):
        shapes = [outline(f"{each}.{number}", 1, frame=each) for each in frames]
        end = outline(f"{frames[-1]}.{number}", 1, frame=2, outside=True)
        track = {"label_id": 1, "frame": 0, "attributes": []}
        return track | {"shapes": [*shapes, end]}

    sent = [in_track(1, 0, 1), in_track(2, 0, 1)]
    for lost in (0, 1):
        found = parts_after(sent, [sent[1 - lost]], "tracks")
        assert found.keys() == {"f0", "f1"}
        assert [each["part"] for each in found["f1"]["1"]] == [lost]
    # a track goes on where a key shape of it is missing
    assert parts_after(sent, [sent[0], in_track(2, 0)], "tracks") == {}
