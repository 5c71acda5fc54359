"""Labels in nested dicts."""

from __future__ import annotations

import pytest

from fiftyone_cvat.convert.from_cvat.nested_results import (
    add_label_to_results,
    get_ignored_types,
    get_segmentation_id,
    merge_results,
)
from tests.builders import detection, object_id, polyline

PART = [[[0, 0], [1, 0], [1, 1]]]
OTHER = [[[0, 0], [0.5, 0], [0.5, 0.5]]]


def test_labels_by_id():
    results, first, second = {}, detection(number=1), detection(number=2)
    add_label_to_results(results, "detections", first)
    add_label_to_results(results, "detections", second)
    assert results == {object_id(1): first, object_id(2): second}


def test_built_in_defect_copy_with_the_same_id_replaced_the_first():
    results, first, copy = {}, detection(), detection(box=(0, 0, 1, 1))
    add_label_to_results(results, "detections", first)
    add_label_to_results(results, "detections", copy)
    assert list(results.values()) == [first, copy]
    assert results[object_id()] is first
    assert copy.id != object_id()
    assert results[copy.id] is copy


def test_outlines_of_one_label_are_joined():
    results = {}
    add_label_to_results(results, "polylines", polyline(points=PART))
    add_label_to_results(results, "polylines", polyline(points=OTHER))
    assert list(results) == [object_id()]
    assert results[object_id()].points == PART + OTHER


def test_outlines_of_a_segmentation_in_the_order_of_painting():
    results = {}
    for name, points in [("a", PART), ("a", OTHER), ("b", PART), ("a", OTHER)]:
        label = polyline(name, points)
        add_label_to_results(results, "segmentation", label, "seg")
    assert list(results) == ["seg"]
    drawn = [(each.label, each.points) for each in results["seg"].polylines]
    assert drawn == [("a", PART + OTHER), ("b", PART), ("a", OTHER)]


def test_new_segmentation_has_an_id():
    results = {}
    add_label_to_results(results, "segmentation", polyline())
    (label_id,) = results
    assert len(label_id) == 24


@pytest.mark.parametrize(
    ("results", "new", "merged"),
    [
        ({}, {}, {}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 2}, {"a": 1}),
        ({"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"x": 1, "y": 2}}),
        ({"a": {"x": 1}}, {"a": 5}, {"a": {"x": 1}}),
        ({}, {"a": {}}, {"a": {}}),
    ],
)
def test_merge_results(results, new, merged):
    assert merge_results(results, new) is results
    assert results == merged


@pytest.mark.parametrize(
    ("id_map", "frame_id", "found"),
    [
        ({}, None, None),
        ({"s": "one"}, None, "one"),
        ({"s": None}, None, None),
        ({"s": ["one"]}, None, "one"),
        ({"s": ["one", "two"]}, None, None),
        ({"s": {"f": "one"}}, "f", "one"),
        ({"s": {"f": ["one"]}}, "f", "one"),
        ({"s": {"f": "one"}}, "g", None),
        ({"s": {"f": "one"}}, None, None),
        ({"s": None}, "f", None),
    ],
)
def test_segmentation_id(id_map, frame_id, found):
    assert get_segmentation_id(id_map, "s", frame_id) == found


@pytest.mark.parametrize(
    ("project", "types", "last", "ignored"),
    [
        (None, ["detections", "keypoints"], False, set()),
        (1, ["detections"], False, set()),
        (
            1,
            ["detections", "keypoints"],
            False,
            {"classifications", "polylines", "keypoints", "segmentation", "scalar"},
        ),
        (1, ["detections", "keypoints"], True, {"keypoints"}),
    ],
    ids=["no project", "one kind", "first field", "last field"],
)
def test_ignored_types(project, types, last, ignored):
    assert get_ignored_types(project, types, "instances", last) == ignored


@pytest.mark.parametrize("last", [True, False])
def test_field_without_type_takes_what_no_other_field_expects(last):
    assert get_ignored_types(1, ["detections"], None, last) == {"detections"}
    assert get_ignored_types(1, [], None, last) == set()
    assert get_ignored_types(None, ["detections", "keypoints"], None, last) == set()
