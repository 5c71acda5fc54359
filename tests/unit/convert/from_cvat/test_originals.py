"""What is kept of a label whose annotations changed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fiftyone_cvat.convert.from_cvat.originals import Original, adopt_unchanged
from tests.builders import (
    cvat_shape,
    detection,
    keypoint,
    object_id,
    polyline,
)

NAN = math.nan
SPECS = {1: {"label_id": 5, "color": 6, "age": 7}}
PART = [[[0, 0], [1, 0], [1, 1]]]
OTHER = [[[0, 0], [0.5, 0], [0.5, 0.5]]]


def sent(*shapes):
    return list(shapes) or [cvat_shape(label_id=1, attributes=[])]


def value(spec_id, text):
    return {"spec_id": spec_id, "value": text}


def adopted(label, before, got, went_up=None, defaults=None):
    original = Original(before, sent() if went_up is None else went_up)
    adopt_unchanged(label, original, got, SPECS, defaults or {})
    return label


class TestUnchanged:
    def test_geometry_that_did_not_change_is_kept_to_the_last_bit(self):
        before = detection(box=(0.1, 0.2, 0.3, 0.4), rotation=30, mask=np.eye(2) > 0)
        label = detection(box=(0.1000001, 0.2, 0.3, 0.4), color="red")
        adopted(label, before, sent())
        assert label.bounding_box == [0.1, 0.2, 0.3, 0.4]
        assert label["rotation"] == 30
        assert label.mask.tolist() == [[True, False], [False, True]]

    def test_geometry_that_changed_is_new(self):
        moved = cvat_shape(label_id=1, points=[0, 0, 1, 1], attributes=[])
        label = detection(box=(0, 0, 0.01, 0.02))
        adopted(label, detection(), [moved])
        assert label.bounding_box == [0, 0, 0.01, 0.02]
        assert not label.has_attribute("rotation")

    def test_built_in_defect_rotation_reset_to_zero_was_lost(self):
        before = detection(rotation=30.0)
        went_up = sent(cvat_shape(label_id=1, rotation=30.0, attributes=[]))
        label = adopted(detection(), before, sent(), went_up)
        assert label["rotation"] == 0.0

    def test_index_of_a_label_in_no_track_is_kept(self):
        moved = {**sent()[0], "points": [1, 2, 3, 4]}
        assert adopted(detection(), detection(index=7), [moved]).index == 7
        assert adopted(detection(index=3), detection(index=7), [moved]).index == 3

    @pytest.mark.parametrize(
        ("value", "before", "after"),
        [
            (False, None, None),
            (0, None, None),
            (True, None, True),
            (False, True, False),
        ],
    )
    def test_occlusion_and_group_of_a_label_that_had_none(self, value, before, after):
        moved = {**sent()[0], "points": [1, 2, 3, 4]}
        label = detection(hidden=value)
        had = detection() if before is None else detection(hidden=before)
        assert adopted(label, had, [moved])["hidden"] is after

    def test_new_rotation_is_kept(self):
        before = detection(rotation=30.0)
        went_up = sent(cvat_shape(label_id=1, rotation=30.0, attributes=[]))
        got = sent(cvat_shape(label_id=1, rotation=0.5, attributes=[]))
        label = adopted(detection(rotation=0.5), before, got, went_up)
        assert label["rotation"] == 0.5

    def test_polyline_keeps_how_it_is_drawn(self):
        before = polyline(points=PART, closed=False, filled=False)
        label = polyline(points=OTHER, closed=True, filled=True)
        adopted(label, before, sent())
        assert (label.points, label.closed, label.filled) == (PART, False, False)

    def test_part_more_is_a_change(self):
        label = polyline(points=PART + OTHER)
        adopted(label, polyline(points=PART), sent() * 2)
        assert label.points == PART + OTHER

    @pytest.mark.parametrize(
        ("before", "points", "expected"),
        [
            pytest.param(
                [(0.1, 0.1), (NAN, NAN), (0.2, 0.2)],
                [(0.3, 0.3), (0.4, 0.4)],
                [(0.3, 0.3), (NAN, NAN), (0.4, 0.4)],
                id="unknown point keeps its place",
            ),
            pytest.param(
                [(0.1, 0.1), (NAN, NAN)],
                [(0.3, 0.3), (0.4, 0.4)],
                [(0.3, 0.3), (0.4, 0.4)],
                id="point added",
            ),
            pytest.param([(0.1, 0.1)], [(0.3, 0.3)], [(0.3, 0.3)], id="all known"),
            pytest.param([], [(0.3, 0.3)], [(0.3, 0.3)], id="no points before"),
        ],
    )
    def test_points_that_did_not_go_up(self, before, points, expected):
        moved = cvat_shape("points", [1, 2], label_id=1, attributes=[])
        label = adopted(keypoint(points=points), keypoint(points=before), [moved])
        np.testing.assert_array_equal(label.points, expected)

    @pytest.mark.parametrize(
        ("before", "text", "after"),
        [
            pytest.param("0001", "0002", "0002", id="text of digits"),
            pytest.param("x", "", "", id="text emptied"),
            pytest.param(7, "8", 8, id="int"),
            pytest.param(7.0, "8", 8.0, id="float"),
            pytest.param(True, "false", False, id="bool"),
            pytest.param(7, "", None, id="number emptied"),
        ],
    )
    def test_attribute_keeps_its_type(self, before, text, after):
        got = sent(cvat_shape(label_id=1, attributes=[value(6, text)]))
        went_up = sent(cvat_shape(label_id=1, attributes=[value(6, str(before))]))
        label = adopted(detection(), detection(color=before), got, went_up)
        assert label["color"] == after
        assert type(label["color"]) is type(after)

    def test_default_that_nobody_chose_is_no_value(self):
        got = sent(cvat_shape(label_id=1, attributes=[value(6, "red")]))
        label = detection(color="red")
        adopted(label, detection(), got, defaults={6: "red"})
        assert label["color"] is None

    @pytest.mark.parametrize(
        ("identity", "color"),
        [(object_id(), "red"), ("", "blue")],
        ids=["chosen", "filled in where an editor cleared all"],
    )
    def test_default_in_place_of_a_value(self, identity, color):
        went_up = sent(cvat_shape(label_id=1, attributes=[value(6, "blue")]))
        attributes = [value(5, identity), value(6, "red")]
        got = sent(cvat_shape(label_id=1, attributes=attributes))
        label = detection(color="red")
        adopted(label, detection(color="blue"), got, went_up, {6: "red"})
        assert label["color"] == color

    @pytest.mark.parametrize(
        ("text", "after"), [("12", 12), ("twelve", 7), ("1.5", 7), ("", None)]
    )
    def test_text_that_is_no_value_of_the_type_keeps_the_value(self, text, after):
        went_up = sent(cvat_shape(label_id=1, attributes=[value(7, "7")]))
        got = sent(cvat_shape(label_id=1, attributes=[value(7, text)]))
        label = adopted(detection(), detection(age=7), got, went_up)
        assert label["age"] == after

    def test_white_space_that_the_server_takes_off_is_no_change(self):
        went_up = sent(cvat_shape(label_id=1, attributes=[value(6, " red ")]))
        got = sent(cvat_shape(label_id=1, attributes=[value(6, "red")]))
        label = adopted(detection(color="red"), detection(color=" red "), got, went_up)
        assert label["color"] == " red "

    def test_label_that_could_not_go_up(self):
        label = adopted(detection(box=(0, 0, 1, 1)), detection(), sent(), [])
        assert label.bounding_box == [0, 0, 1, 1]

    def test_changed_class_has_other_attributes(self):
        got = [cvat_shape(label_id=9, attributes=[value(6, "red")])]
        went_up = sent(cvat_shape(label_id=1, attributes=[value(6, "blue")]))
        before = detection(color="blue", note="mine")
        label = adopted(detection("dog"), before, got, went_up)
        assert label.label == "dog"
        assert not label.has_attribute("color")
        assert label["note"] == "mine"
