"""Pixels and fractions: one edge convention, there and back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.geometry import (
    box_to_corners,
    corners_to_box,
    pixels_to_points,
    plain_pixels,
    points_to_pixels,
)
from fiftyone_cvat.types import Size

SIZE = Size(200, 100)
NAN = math.nan

sizes = st.builds(Size, st.integers(1, 20_000), st.integers(1, 20_000))
fractions = st.floats(-2, 3)


@pytest.mark.parametrize(
    ("box", "corners"),
    [
        ([0, 0, 1, 1], [0, 0, 200, 100]),
        ([0.25, 0.5, 0.5, 0.25], [50, 50, 150, 75]),
        ([0.5, 0.5, 0, 0], [100, 50, 100, 50]),
        ([-0.5, 0, 2, 1], [-100, 0, 300, 100]),
        (np.array([0, 0, 0.005, 0.01]), [0, 0, 1, 1]),
    ],
    ids=["whole frame", "inside", "empty", "outside", "one pixel"],
)
def test_box(box, corners):
    assert box_to_corners(box, SIZE) == pytest.approx(corners)
    assert corners_to_box(corners, SIZE) == pytest.approx(list(box))
    assert all(type(value) is float for value in box_to_corners(box, SIZE))


@pytest.mark.parametrize(
    ("points", "pixels"),
    [
        ([], []),
        ([(0, 0), (1, 1)], [0, 0, 200, 100]),
        ([(0.125, 0.25)], [25, 25]),
        ([(-0.5, 1.5)], [-100, 150]),
    ],
    ids=["none", "corners", "inside", "outside"],
)
def test_points(points, pixels):
    assert points_to_pixels(points, SIZE) == pixels
    assert pixels_to_points(pixels, SIZE) == points
    assert all(type(value) is float for value in points_to_pixels(points, SIZE))


def test_missing_points_stay_missing():
    pixels = points_to_pixels([(NAN, NAN), (0.5, 0.5)], SIZE)

    assert np.isnan(pixels[:2]).all()
    assert pixels[2:] == [100, 50]
    assert np.isnan(pixels_to_points(pixels, SIZE)[0]).all()


@pytest.mark.parametrize("corners", [[150, 75, 50, 50], [150, 50, 50, 75]])
def test_corners_in_any_order(corners):
    assert corners_to_box(corners, SIZE) == [0.25, 0.5, 0.5, 0.25]


@given(st.tuples(*[fractions] * 2, *[st.floats(0, 3)] * 2), sizes)
def test_box_and_back(box, size):
    back = corners_to_box(box_to_corners(box, size), size)

    assert back == pytest.approx(box, abs=1e-12)


@given(st.lists(st.tuples(fractions, fractions)), sizes)
def test_points_and_back(points, size):
    back = pixels_to_points(points_to_pixels(points, size), size)

    assert np.array(back) == pytest.approx(np.array(points), abs=1e-12)


@pytest.mark.parametrize("size", [Size(0, 10), Size(10, 0), Size(-1, 10)])
@pytest.mark.parametrize(
    "call",
    [
        lambda size: box_to_corners([0, 0, 1, 1], size),
        lambda size: corners_to_box([0, 0, 1, 1], size),
        lambda size: points_to_pixels([(0, 0)], size),
        lambda size: pixels_to_points([0, 0], size),
    ],
    ids=["box_to_corners", "corners_to_box", "points_to_pixels", "pixels_to_points"],
)
def test_frame_without_area(call, size):
    with pytest.raises(GeometryError, match=rf"{size.width} x {size.height} pixels"):
        call(size)


@pytest.mark.parametrize("convert", [box_to_corners, corners_to_box])
@pytest.mark.parametrize(
    "values",
    [[], [0, 0, 1], [0, 0, 1, 1, 1], [0, 0, NAN, 1], [0, 0, math.inf, 1]],
    ids=str,
)
def test_what_is_no_box(convert, values):
    with pytest.raises(GeometryError, match="4 finite numbers"):
        convert(values, SIZE)


def test_coordinate_without_partner():
    with pytest.raises(GeometryError, match="3 coordinates do not make pairs"):
        pixels_to_points([1, 2, 3], SIZE)


@pytest.mark.parametrize("point", [(0.5,), (0.5, 0.5, 0.5), ()])
def test_point_that_is_no_pair(point):
    with pytest.raises(GeometryError, match=f"a point of {len(point)} numbers"):
        points_to_pixels([(0, 0), point], Size(2, 2))
    with pytest.raises(GeometryError, match=f"a point of {len(point)} numbers"):
        points_to_pixels([point], Size(2, 2))


numbers = st.floats() | st.integers(-5, 5) | st.floats(-2, 2).map(np.float64)


@given(st.lists(st.tuples(numbers, numbers)), sizes)
def test_points_one_by_one_are_those_of_an_array(points, size):
    pixels = points_to_pixels(points, size)
    with np.errstate(over="ignore"):
        expected = (np.array(points, float).reshape(-1, 2) * size).ravel()

    assert all(type(value) is float for value in pixels)
    np.testing.assert_array_equal(pixels, expected)
    assert plain_pixels(points, size) in (None, pixels)


@given(st.tuples(numbers, numbers, numbers, numbers), sizes)
def test_corners_are_those_of_an_array(box, size):
    x, y, width, height = np.array(box, float)
    if not np.isfinite([x, y, width, height]).all():
        with pytest.raises(GeometryError, match="4 finite numbers"):
            box_to_corners(box, size)
        return
    with np.errstate(over="ignore"):
        far = (x + width) * size.width, (y + height) * size.height
        expected = [x * size.width, y * size.height, *far]
    corners = box_to_corners(box, size)

    assert all(type(value) is float for value in corners)
    np.testing.assert_array_equal(corners, expected)
