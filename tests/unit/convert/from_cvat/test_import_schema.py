"""The fields that labels of imported tasks go to."""

from __future__ import annotations

import pytest

from fiftyone_cvat.convert.from_cvat.import_schema import labels_to_label_schema
from fiftyone_cvat.errors import ConfigurationError

LABELS = [
    {"name": "car", "type": "any"},
    {"name": "truck", "type": "rectangle"},
    {"name": "lane", "type": "polyline"},
    {"name": "hand", "type": "skeleton"},
    {"name": "rain", "type": "tag"},
]
DEFAULT = {
    "detections": {"type": "detections"},
    "polylines": {"type": "polylines"},
    "keypoints": {"type": "keypoints"},
    "classifications": {"type": "classifications"},
}


def test_a_field_for_each_kind():
    assert labels_to_label_schema(LABELS, {}, "") == DEFAULT


def test_fields_of_frames():
    schema = labels_to_label_schema(
        LABELS, {"car": "frames.cars", "r*": "w"}, "frames."
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
    schema = labels_to_label_schema(LABELS, {pattern: "own"}, "")
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
        labels_to_label_schema(LABELS, {"van": "vans"}, "")
