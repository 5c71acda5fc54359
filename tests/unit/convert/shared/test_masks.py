"""Masks, run lengths, outlines and ellipses."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fiftyone_cvat.convert.shared.masks import (
    clip_mask,
    ellipse_to_mask,
    ellipse_to_polygon,
    mask_to_polygons,
    mask_to_runs,
    polygons_to_mask,
    rotate_points,
    runs_to_mask,
)
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.types import Size

SIZE = Size(16, 12)

masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=10))
places = st.integers(0, 3)
coordinates = st.one_of(
    st.integers(-4, 20).map(float),
    st.integers(-8, 40).map(lambda number: number / 2),
    st.integers(-4096, 20_480).map(lambda number: number / 1024),
)
polygons = st.lists(
    st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=7),
    min_size=1,
    max_size=3,
).map(lambda rings: [[z for point in ring for z in point] for ring in rings])


def drawn(*rows):
    return np.array([[letter == "#" for letter in row] for row in rows])


def in_frame(placed, size=SIZE):
    frame = np.zeros((size.height, size.width), bool)
    if placed is not None:
        mask, left, top = placed
        frame[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return frame


SHAPES = {
    "one pixel": (drawn("#"), 1),
    "nothing": (drawn("..", ".."), 0),
    "everything": (drawn("###", "###"), 1),
    "two parts": (drawn("#.#", "#.#"), 2),
    "parts that touch in a point": (drawn("#.", ".#"), 2),
    "parts that touch in a point, mirrored": (drawn(".#", "#."), 2),
    "hole": (drawn("###", "#.#", "###"), 1),
    "hole of two pixels that touch in a point": (
        drawn("####", "#.##", "##.#", "####"),
        1,
    ),
    "hole beside a notch": (drawn("####", "#.#.", "####"), 1),
    "holes in a row": (drawn("#######", "#.#.#.#", "#######"), 1),
    "holes below each other": (drawn("###", "#.#", "###", "#.#", "###"), 1),
    "part in a hole": (drawn("#####", "#...#", "#.#.#", "#...#", "#####"), 2),
    "hole level with a step": (drawn("#...", "####", "##.#", "####"), 1),
    "hole level with an overhang": (
        drawn("####.", "#####", ".####", ".#.##", ".####"),
        1,
    ),
}


@pytest.mark.parametrize(
    ("mask", "left", "top", "points"),
    [
        pytest.param(drawn(".#", "##"), 3, 5, [1, 3, 3, 5, 4, 6], id="begins empty"),
        pytest.param(drawn("#.", ".."), 0, 0, [0, 1, 3, 0, 0, 1, 1], id="begins full"),
        pytest.param(drawn("..", ".."), 1, 1, [4, 1, 1, 2, 2], id="all empty"),
        pytest.param(drawn("#"), 7, 8, [0, 1, 7, 8, 7, 8], id="one pixel"),
    ],
)
def test_mask_is_runs_and_inclusive_corners(mask, left, top, points):
    assert mask_to_runs(mask, left, top) == points
    back, *place = runs_to_mask([float(number) for number in points])
    assert np.array_equal(back, mask)
    assert place == [left, top]


@given(masks, places, places)
def test_mask_comes_back_from_runs_with_its_extent(mask, left, top):
    points = mask_to_runs(mask, left, top)
    assert all(type(number) is int for number in points)
    back, *place = runs_to_mask(points)
    assert back.dtype == np.bool_
    assert np.array_equal(back, mask)
    assert place == [left, top]
    assert mask_to_runs(back, *place) == points


@settings(deadline=None)  # the first example imports the SDK
@given(masks, places, places)
def test_runs_are_those_of_the_sdk(mask, left, top):
    from cvat_sdk.masks import decode_mask, encode_mask

    frame = in_frame((mask, left, top), Size(14, 14))
    box = [left, top, left + mask.shape[1], top + mask.shape[0]]
    points = mask_to_runs(mask, left, top)
    assert points == encode_mask(frame, box)
    assert np.array_equal(decode_mask(points, image_width=14, image_height=14), frame)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        pytest.param([0, 0, 1, 1], "too few", id="no runs"),
        pytest.param([1.5, 2.5, 0, 0, 1, 1], "whole", id="half pixels"),
        pytest.param([math.nan, 4, 0, 0, 1, 1], "whole", id="nan"),
        pytest.param([-1, 5, 0, 0, 1, 1], "negative", id="negative run"),
        pytest.param([4, 2, 2, 1, 3], "inverted", id="inverted box"),
        pytest.param([1, 2, 0, 0, 1, 1], "add up to 3", id="too short"),
        pytest.param([1, 4, 0, 0, 1, 1], "add up to 5", id="too long"),
        pytest.param([2**62] * 4 + [4, 0, 0, 1, 1], "add up to", id="wraps round"),
        pytest.param([2**64, 4, 0, 0, 1, 1], "add up to", id="more than 64 bits"),
    ],
)
def test_bad_runs_are_refused(points, words):
    with pytest.raises(GeometryError, match=words):
        runs_to_mask(points)


@pytest.mark.parametrize(
    ("mask", "left", "top"),
    [
        pytest.param(np.ones((2, 2), np.uint8), 0, 0, id="not booleans"),
        pytest.param(np.ones(4, bool), 0, 0, id="one dimension"),
        pytest.param(np.ones((0, 3), bool), 0, 0, id="no pixels"),
        pytest.param(np.ones((2, 2), bool), -1, 0, id="outside the frame"),
    ],
)
def test_bad_mask_is_refused(mask, left, top):
    with pytest.raises(GeometryError):
        mask_to_runs(mask, left, top)


@given(masks, st.integers(-12, 18), st.integers(-12, 14))
def test_clipping_keeps_what_is_inside_the_frame(mask, left, top):
    wide = np.zeros((40, 50), bool)
    wide[15 + top : 15 + top + mask.shape[0], 15 + left : 15 + left + mask.shape[1]] = (
        mask
    )
    clipped = clip_mask(mask, left, top, SIZE)
    assert np.array_equal(in_frame(clipped), wide[15:27, 15:31])
    if clipped is not None:
        inside, x, y = clipped
        assert (x, y) == (max(left, 0), max(top, 0))
        assert x + inside.shape[1] == min(left + mask.shape[1], SIZE.width)
        assert y + inside.shape[0] == min(top + mask.shape[0], SIZE.height)


@pytest.mark.parametrize(("mask", "parts"), SHAPES.values(), ids=SHAPES)
def test_outlines_cover_the_mask_again(mask, parts):
    outlines = mask_to_polygons(mask, 3, 2)
    assert len(outlines) == parts
    assert np.array_equal(
        in_frame(polygons_to_mask(outlines, SIZE)), in_frame((mask, 3, 2))
    )


@settings(max_examples=300)
@given(masks, places, st.integers(0, 2))
def test_outlines_cover_any_mask_again(mask, left, top):
    outlines = mask_to_polygons(mask, left, top)
    placed = polygons_to_mask(outlines, SIZE)
    assert np.array_equal(in_frame(placed), in_frame((mask, left, top)))
    if placed is not None:
        assert mask_to_polygons(*placed) == outlines


@given(masks)
def test_outlines_turn_at_every_corner_and_have_the_area_of_the_mask(mask):
    area = 0.0
    for outline in mask_to_polygons(mask, 0, 0):
        corners = np.reshape(outline, (-1, 2))
        steps = np.roll(corners, -1, axis=0) - corners
        assert ((steps == 0).sum(axis=1) == 1).all()
        assert ((steps == 0)[:-1] != (steps == 0)[1:]).all()
        area += (
            corners[:, 0] * np.roll(corners[:, 1], -1)
            - corners[:, 1] * np.roll(corners[:, 0], -1)
        ).sum() / 2
    assert area == mask.sum()


def test_corners_between_others_are_left_out():
    square = mask_to_polygons(drawn("####", "####", "####"), 2, 5)
    assert square == [[2.0, 5.0, 6.0, 5.0, 6.0, 8.0, 2.0, 8.0]]


def by_even_odd_rule(polygon, size):
    """Test every pixel centre, in fractions."""
    covered = np.zeros((size.height, size.width), bool)
    points = [
        (Fraction(x), Fraction(y))
        for x, y in zip(polygon[::2], polygon[1::2], strict=True)
    ]
    for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True):
        for row in range(size.height):
            y = row + Fraction(1, 2)
            if (y1 <= y) != (y2 <= y):
                x = x1 + (y - y1) * (x2 - x1) / (y2 - y1)
                covered[row] ^= [
                    column + Fraction(1, 2) >= x for column in range(size.width)
                ]
    return covered


@settings(max_examples=60, deadline=None)
@given(polygons)
def test_polygons_cover_the_pixels_whose_centres_lie_inside(parts):
    expected = np.any([by_even_odd_rule(part, SIZE) for part in parts], axis=0)
    placed = polygons_to_mask(parts, SIZE)
    assert np.array_equal(in_frame(placed), expected)
    if placed is not None:
        mask, left, top = placed
        assert left + mask.shape[1] <= SIZE.width
        assert top + mask.shape[0] <= SIZE.height
        for border in (mask[0], mask[-1], mask[:, 0], mask[:, -1]):
            assert border.any()
    else:
        assert not expected.any()


def test_polygon_is_that_of_shapely():
    angles = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    radii = 20 + 15 * np.sin(7 * angles)
    ring = np.stack([40 + radii * np.cos(angles), 30 + radii * np.sin(angles)], axis=1)
    size = Size(70, 60)
    x, y = np.meshgrid(np.arange(70) + 0.5, np.arange(60) + 0.5)
    expected = shapely.contains_xy(shapely.Polygon(ring), x, y)
    placed = polygons_to_mask([ring.ravel().tolist()], size)
    assert np.array_equal(in_frame(placed, size), expected)


def test_neighbours_neither_overlap_nor_leave_a_gap():
    cut = [0.1, 0.3, 13.7, 11.9]
    upper = polygons_to_mask(
        [[0.0, -9.0, 90.0, -9.0, 90.0, 90.0, *cut[2:], *cut[:2]]], SIZE
    )
    lower = polygons_to_mask([[0.0, -9.0, *cut, 90.0, 90.0, 0.0, 90.0]], SIZE)
    assert (in_frame(upper) ^ in_frame(lower)).all()


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([], id="no polygon"),
        pytest.param([[]], id="no vertices"),
        pytest.param([[1.0, 1.0, 5.0, 5.0]], id="line"),
        pytest.param([[1.0, 1.0, 1.4, 1.0, 1.4, 1.4]], id="between the centres"),
        pytest.param([[50.0, 1.0, 60.0, 1.0, 60.0, 9.0]], id="outside the frame"),
    ],
)
def test_polygons_without_pixels_are_no_mask(parts):
    assert polygons_to_mask(parts, SIZE) is None


@pytest.mark.parametrize(
    "polygon",
    [
        pytest.param([1.0, 2.0, 3.0], id="no partner"),
        pytest.param([1.0, 2.0, math.nan, 3.0, 4.0, 5.0], id="nan"),
        pytest.param([1.0, 2.0, math.inf, 3.0, 4.0, 5.0], id="infinite"),
    ],
)
def test_bad_polygon_is_refused(polygon):
    with pytest.raises(GeometryError):
        polygons_to_mask([polygon], SIZE)


@pytest.mark.parametrize(
    ("degrees", "point"),
    [
        pytest.param(0.0, [5.0, 2.0], id="none"),
        pytest.param(90.0, [3.0, 4.0], id="quarter turn, right goes down"),
        pytest.param(180.0, [1.0, 2.0], id="half turn"),
        pytest.param(-90.0, [3.0, 0.0], id="back"),
        pytest.param(450.0, [3.0, 4.0], id="more than a turn"),
    ],
)
def test_rotation_is_clockwise_on_the_screen(degrees, point):
    assert rotate_points([5.0, 2.0], degrees, (3.0, 2.0)) == point


def test_rotation_by_any_angle():
    root = math.sqrt(2)
    assert rotate_points([1.0, 0.0, 0.0, 0.0], 45.0, (0.0, 0.0)) == pytest.approx(
        [1 / root, 1 / root, 0.0, 0.0]
    )


ellipses = st.tuples(
    st.floats(-4, 20), st.floats(-4, 16), st.floats(0.1, 15), st.floats(0.1, 15)
)


@given(ellipses, st.floats(-400, 400))
def test_ellipse_becomes_a_polygon_of_its_area(ellipse, rotation):
    x, y, a, b = ellipse
    polygon = ellipse_to_polygon([x, y, x + a, y - b], rotation)
    outline = shapely.Polygon(np.reshape(polygon, (-1, 2)))
    assert outline.area == pytest.approx(math.pi * a * b, rel=1e-3)
    assert np.allclose([outline.centroid.x, outline.centroid.y], [x, y])


def test_ellipse_is_rotated_clockwise():
    polygon = np.reshape(ellipse_to_polygon([10, 10, 18, 9], 30), (-1, 2))
    tip = polygon[np.hypot(*(polygon - 10).T).argmax()] - 10
    assert math.degrees(math.atan2(tip[1], tip[0])) % 180 == pytest.approx(30)


@given(ellipses, st.one_of(st.floats(0, 360), st.sampled_from([0.0, 90.0, 270.0])))
def test_ellipse_covers_the_pixels_whose_centres_lie_inside(ellipse, rotation):
    x, y, a, b = ellipse
    across, down = np.meshgrid(np.arange(16) + 0.5 - x, np.arange(12) + 0.5 - y)
    cos, sin = math.cos(math.radians(rotation)), math.sin(math.radians(rotation))
    distance = ((across * cos + down * sin) / a) ** 2
    distance += ((down * cos - across * sin) / b) ** 2
    covered = in_frame(ellipse_to_mask([x, y, x + a, y - b], rotation, SIZE))
    assert not (covered & (distance > 1 + 1e-9)).any()
    assert not (~covered & (distance < 1 - 1e-9)).any()


@pytest.mark.parametrize(
    "points",
    [
        pytest.param([3.0, 3.0, 3.0, 1.0], id="no width"),
        pytest.param([3.0, 3.0, 5.0, 3.0], id="no height"),
        pytest.param([60.0, 3.0, 65.0, 1.0], id="outside the frame"),
    ],
)
def test_ellipse_without_pixels_is_no_mask(points):
    assert ellipse_to_mask(points, 20.0, SIZE) is None


@pytest.mark.parametrize("points", [[1.0, 2.0, 3.0], [1.0, 2.0, math.nan, 3.0]])
def test_bad_ellipse_is_refused(points):
    with pytest.raises(GeometryError):
        ellipse_to_polygon(points)
    with pytest.raises(GeometryError):
        ellipse_to_mask(points, 0.0, SIZE)
