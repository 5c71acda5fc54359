"""Polygons as masks, and back."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fiftyone_cvat.convert.shared.polygons import mask_to_polygons, polygons_to_mask
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.types import Size
from tests.unit.convert.shared.pixels import SIZE, drawn, in_frame, masks, places

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
