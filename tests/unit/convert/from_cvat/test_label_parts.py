"""Several annotations into one label."""

from __future__ import annotations

import numpy as np
import pytest

from fiftyone_cvat.convert.from_cvat.label_parts import merge_parts, merge_segmentation
from fiftyone_cvat.convert.from_cvat.labels import ReadLabel, read_annotation
from fiftyone_cvat.convert.from_cvat.originals import Original
from fiftyone_cvat.convert.shared.segmentations import MaskPiece
from fiftyone_cvat.convert.to_cvat.shapes import create_polyline_shapes
from fiftyone_cvat.types import Size
from tests.builders import (
    SIZE,
    context,
    cvat_schema,
    detection,
    object_id,
    polyline,
    segmentation,
    server_labels,
    stored,
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


NAN = [float("nan")] * 2
TRIANGLE = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]
RIGHT = [[x + 0.25, y] for x, y in TRIANGLE]
GAP = [TRIANGLE[0], NAN, *TRIANGLE[1:]]
UNSENT = {
    "empty": [],
    "a point": TRIANGLE[:1],
    "a line": TRIANGLE[:2],
    "all unknown": [NAN, NAN, NAN, NAN],
    "too few known": [TRIANGLE[0], NAN, TRIANGLE[1], NAN],
}
"""Parts of a polygon that CVAT has no shape for."""


def came(label, *sent):
    """Return what is read of the polygons of a label, by part: moved, or None."""
    labels = server_labels(cvat_schema("cat", "dog"))
    known = context("polygons", labels)
    reads = [read_annotation(each, "shapes", known) for each in sent]
    return merge_parts(reads, label)


def went_up(points, **more):
    label = polyline(points=points, **more)
    shapes = create_polyline_shapes([label], cvat_schema("cat", "dog"), "f", 0, SIZE)[1]
    labels = server_labels(cvat_schema("cat", "dog"))
    return Original(label, stored(shapes, labels))


def moved(shape, by=1.0):
    return {**shape, "points": [each + by for each in shape["points"]]}


class TestKeptParts:
    @pytest.mark.parametrize("place", [0, 1, 2])
    @pytest.mark.parametrize("unsent", UNSENT.values(), ids=UNSENT)
    def test_a_part_that_did_not_go_up_stays_in_its_place(self, unsent, place):
        points = [TRIANGLE, RIGHT]
        points.insert(place, unsent)
        original = went_up(points)
        first, second = original.annotations
        label = came(original, moved(first), second)
        assert len(label.points) == 3
        assert repr(label.points[place]) == repr(unsent)
        left = [each for n, each in enumerate(label.points) if n != place]
        assert left[1] == RIGHT
        assert left[0][0] == pytest.approx([0.11, 0.12])

    def test_a_part_that_was_deleted_goes(self):
        original = went_up([TRIANGLE, [], RIGHT, GAP])
        _, second, third = original.annotations
        label = came(original, moved(second), third)
        assert [len(each) for each in label.points] == [0, 3, 4]
        assert repr(label.points[2]) == repr(GAP)

    def test_unknown_points_stay_where_no_point_came_or_went(self):
        original = went_up([GAP])
        [sent] = original.annotations
        [part] = came(original, moved(sent)).points
        assert repr(part[1]) == repr(NAN)
        assert part[2] == pytest.approx([0.51, 0.12])
        more = {**sent, "points": [*sent["points"], 1.0, 2.0]}
        [part] = came(original, more).points
        assert len(part) == 4
        assert np.isfinite(part).all()

    def test_new_parts_come_last(self):
        original = went_up([[], TRIANGLE])
        [sent] = original.annotations
        label = came(original, sent, moved(sent, 5.0))
        assert [len(each) for each in label.points] == [0, 3, 3]
        assert label.points[1] == TRIANGLE

    def test_an_open_outline_stays_open(self):
        original = went_up([TRIANGLE], closed=False, filled=True)
        [sent] = original.annotations
        assert came(original, moved(sent)).closed is False


RING = [*TRIANGLE, TRIANGLE[0]]


class TestEndsOfLines:
    """A line that ends where it began: in the dataset, or because it is closed."""

    @pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
    @pytest.mark.parametrize("number", [0, 1], ids=["the first", "the second"])
    @pytest.mark.parametrize(
        "points",
        [[RING, RIGHT], [RIGHT, RING], [RING, RING], [RIGHT, TRIANGLE]],
        ids=["ring first", "ring last", "two rings", "no ring"],
    )
    def test_moving_a_part_closes_or_opens_none(self, points, number, closed):
        original = went_up(points, closed=closed, filled=False)
        sent = list(original.annotations)
        sent[number] = moved(sent[number])
        label = came(original, *sent)
        assert label.closed is closed
        assert [len(each) for each in label.points] == [len(each) for each in points]
        assert label.points[1 - number] == points[1 - number]
        ends = label.points[number][0], label.points[number][-1]
        assert (ends[0] == ends[1]) is (len(points[number]) == len(RING))

    def test_a_line_that_an_annotator_closes(self):
        original = went_up([TRIANGLE], closed=False, filled=False)
        [sent] = original.annotations
        label = came(
            original, {**sent, "points": [*sent["points"], *sent["points"][:2]]}
        )
        assert label.closed is True
        assert label.points == [[pytest.approx(each) for each in TRIANGLE]]

    def test_one_of_two_that_an_annotator_opens(self):
        original = went_up([TRIANGLE, RIGHT], closed=True, filled=False)
        first, second = original.annotations
        label = came(original, {**first, "points": first["points"][:-2]}, second)
        assert label.closed is False
        assert label.points[0] == [pytest.approx(each) for each in TRIANGLE]
        assert label.points[1] == [*RIGHT, RIGHT[0]]

    def test_two_new_ones_of_which_one_is_closed(self):
        open_line = polyline(points=[RIGHT], closed=False, filled=False)
        closed_line = polyline(points=[TRIANGLE], closed=True, filled=False)
        label = merge_parts([part(closed_line), part(open_line, 2)])
        assert label.closed is False
        assert label.points == [RING, RIGHT]


class TestSegmentations:
    PIECE = MaskPiece("dog", np.array([[True]]), 1, 0, 0)

    def test_pieces_make_a_segmentation(self):
        label = merge_segmentation([self.PIECE], Size(3, 2), {2: "dog"}, None)
        assert label.mask.tolist() == [[0, 2, 0], [0, 0, 0]]

    @pytest.mark.parametrize(
        ("before", "expected"),
        [
            ([[9, 9, 2]], [[9, 2, 0]]),
            ([[9, 9, 7, 7, 9, 7]], [[9, 9, 2, 2, 9, 7]]),
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
