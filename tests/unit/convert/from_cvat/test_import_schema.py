"""The fields that labels of imported tasks go to."""

from __future__ import annotations

import pytest

from fiftyone_cvat.convert.from_cvat.import_schema import (
    annotations_to_kinds,
    classes_of_any_type,
    labels_to_label_schema,
)
from fiftyone_cvat.errors import ConfigurationError

LABELS = [
    {"id": number, "name": name, "type": kind, "attributes": []}
    for number, (name, kind) in enumerate(
        [
            ("car", "any"),
            ("truck", "rectangle"),
            ("lane", "polyline"),
            ("hand", "skeleton"),
            ("rain", "tag"),
        ]
    )
]
FRAME = {
    "name": "frame.of.video",
    "type": "tag",
    "attributes": [
        {"name": "weather", "input_type": "select", "values": ["wet", "dry"]},
        {"name": "cars", "input_type": "number", "values": ["0", "9", "1"]},
        {"name": "speed", "input_type": "number", "values": ["0", "9", "0.5"]},
        {"name": "any.number", "input_type": "number"},
        {"name": "night", "input_type": "checkbox", "values": ["false"]},
        {"name": "note", "input_type": "text", "values": [""]},
    ],
}
DEFAULT = {
    "detections": {"type": "detections"},
    "polylines": {"type": "polylines"},
    "keypoints": {"type": "keypoints"},
    "classifications": {"type": "classifications"},
}


def test_a_field_for_each_kind():
    assert labels_to_label_schema(LABELS, {}, "", {}) == DEFAULT


def test_fields_of_frames():
    schema = labels_to_label_schema(
        LABELS, {"car": "frames.cars", "r*": "w"}, "frames.", {}
    )
    assert {"frames.cars", "frames.w", "frames.detections"} < schema.keys()
    assert all(each.startswith("frames.") for each in schema)


@pytest.mark.parametrize(
    ("pattern", "kind", "classes"),
    [
        ("car|truck", "detections", ["car", "truck"]),
        ("l*", "polylines", ["lane"]),
        ("hand", "keypoints", ["hand"]),
        ("rain", "classifications", ["rain"]),
    ],
)
def test_named_classes_come_first(pattern, kind, classes):
    schema = labels_to_label_schema(LABELS, {pattern: "own"}, "", {})
    assert schema["own"] == {
        "type": kind,
        "cvat_classes": {each: each for each in classes},
    }
    others = [each for each in DEFAULT if each != kind]
    assert [f"own_{each}" for each in others] == [
        each for each in schema if each.startswith("own_")
    ]
    assert list(schema)[4:] == list(DEFAULT)


def test_no_class_fits():
    with pytest.raises(ConfigurationError, match=r"'van'.*car, hand"):
        labels_to_label_schema(LABELS, {"van": "vans"}, "", {})


@pytest.mark.parametrize(
    ("shapes", "kind"),
    [
        ([], "detections"),
        (["mask", "rectangle", "polygon"], "detections"),
        (["polygon", "ellipse", "mask"], "polylines"),
        (["points"], "keypoints"),
        (["rectangle", "polyline"], "detections"),
    ],
)
def test_what_is_drawn_decides_for_classes_of_any_type(shapes, kind):
    drawn = [{"label_id": 0, "type": each} for each in shapes]
    # what is drawn with other classes tells nothing
    drawn += [{"label_id": 2, "type": "polyline"}] * 9
    tracks = [{"label_id": 99, "shapes": []}]
    annotations = {"tags": [], "shapes": drawn, "tracks": tracks}

    kinds = annotations_to_kinds(annotations, LABELS)
    schema = labels_to_label_schema(LABELS, {"car": "own"}, "", kinds)

    assert schema["own"]["type"] == kind
    assert classes_of_any_type(LABELS, {"*": "all", "car": "own", "h*": "no"}) == [
        {"car"},
        {"car"},
        set(),
    ]


def test_tags_and_tracks_decide_too():
    tags = [{"label_id": 0}]
    tracks = [{"label_id": 0, "shapes": [{"type": "points"}]}] * 2
    annotations = {"tags": tags, "shapes": [], "tracks": tracks}
    kinds = annotations_to_kinds(annotations, LABELS)
    assert kinds == {"car": {"classifications": 1, "keypoints": 2}}


@pytest.mark.parametrize(
    ("attribute", "kind"),
    [
        ("weather", "str"),
        ("cars", "int"),
        ("speed", "float"),
        ("any.number", "float"),
        ("night", "bool"),
        ("note", "str"),
    ],
)
def test_an_attribute_of_a_class_is_a_scalar(attribute, kind):
    fields = {f"frame.of.video.{attribute}": "value"}
    schema = labels_to_label_schema([*LABELS, FRAME], fields, "frames.", {})
    assert schema["frames.value"] == {
        "type": "scalar",
        "cvat_classes": {"frame.of.video": "frame.of.video"},
        "cvat_attribute": attribute,
        "value_type": kind,
    }
    assert "value_detections" not in schema


def test_a_class_that_is_called_like_an_attribute_comes_first():
    twin = {"name": "frame.of.video.note", "type": "tag", "attributes": []}
    fields = {"frame.of.video.note": "notes"}
    schema = labels_to_label_schema([FRAME, twin], fields, "", {})
    assert schema["notes"]["type"] == "classifications"


def test_no_attribute_fits():
    with pytest.raises(ConfigurationError, match=r"no attribute.*class\.attribute"):
        labels_to_label_schema([FRAME], {"frame.of.video.x": "x"}, "", {})


@pytest.mark.parametrize(
    "fields",
    [
        {"truck": "a", "lane": "a"},
        {"lane": "a", "frame.of.video.note": "a"},
        {"frame.of.video.note": "a", "frame.of.video.night": "a"},
    ],
    ids=["kinds", "scalar beside labels", "two scalars"],
)
def test_one_field_for_two_kinds_is_refused(fields):
    with pytest.raises(ConfigurationError, match=r"'a' .*another field"):
        labels_to_label_schema([*LABELS, FRAME], fields, "", {})
