"""Ellipses as polygons and masks."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.shared.ellipses import (
    ellipse_to_mask,
    ellipse_to_polygon,
    rotate_points,
)
from fiftyone_cvat.errors import GeometryError
from tests.unit.convert.shared.pixels import SIZE, in_frame


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
