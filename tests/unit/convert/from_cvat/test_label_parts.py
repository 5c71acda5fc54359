"""Several annotations into one label."""

from __future__ import annotations

import numpy as np
import pytest

from fiftyone_cvat.convert.from_cvat.label_parts import merge_parts, merge_segmentation
from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.shared.segmentations import MaskPiece
from fiftyone_cvat.types import Size
from tests.builders import (
    detection,
    object_id,
    polyline,
    segmentation,
)

PART = [[[0, 0], [1, 0], [1, 1]]]
OTHER = [[[0, 0], [0.5, 0], [0.5, 0.5]]]


def part(value, number=1):
    return ReadLabel("polylines", 0, value, object_id(), number, {"id": number})


class TestParts:
    def test_one_part(self):
        label = polyline()
        assert merge_parts([part(label)]) is label

    def test_points_are_joined_and_the_first_gives_its_attributes(self):
        first, second = polyline(points=PART, color="red"), polyline(points=OTHER)
        label = merge_parts([part(first), part(second, 2)])
        assert label.points == [PART[0], OTHER[0]]
        assert label["color"] == "red"

    def test_part_of_another_kind_is_left(self):
        first = polyline(points=PART)
        assert merge_parts([part(first), part(detection(), 2)]).points == PART
        box = detection()
        assert merge_parts([part(box), part(polyline(), 2)]) is box


class TestSegmentations:
    PIECE = MaskPiece("dog", np.array([[True]]), 1, 0, 0)

    def test_pieces_make_a_segmentation(self):
        label = merge_segmentation([self.PIECE], Size(3, 2), {2: "dog"}, None)
        assert label.mask.tolist() == [[0, 2, 0], [0, 0, 0]]

    @pytest.mark.parametrize(
        ("before", "expected"),
        [
            ([[9, 9, 2]], [[9, 2, 0]]),
            ([[9, 7], [9, 7]], [[9, 2, 7]]),
            (None, [[0, 2, 0]]),
        ],
        ids=["same size", "another size", "no mask"],
    )
    def test_values_that_are_no_targets_are_kept(self, before, expected):
        label = merge_segmentation(
            [self.PIECE], Size(3, 1), {2: "dog"}, segmentation(before)
        )
        assert label.mask.tolist() == expected

    @pytest.mark.parametrize(
        ("before", "targets", "expected"),
        [
            ([[[2, 2, 2], [9, 9, 9]]], {2: "dog"}, [[0, 2]]),
            ([[2, 9]], {"#000002": "dog"}, [[[0, 0, 0], [0, 0, 2]]]),
            ([2, 9], {2: "dog"}, [[0, 2]]),
        ],
        ids=["in color", "in gray", "no picture"],
    )
    def test_pixels_that_the_targets_do_not_fit(self, before, targets, expected):
        label = merge_segmentation(
            [self.PIECE], Size(2, 1), targets, segmentation(before)
        )
        assert label.mask.tolist() == expected

    def test_nothing(self):
        label = merge_segmentation([], Size(2, 1), {}, None)
        assert label.mask.tolist() == [[0, 0]]
