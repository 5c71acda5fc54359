"""CVAT's ellipses as polygons and masks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fiftyone_cvat.convert.shared.masks import (
    PlacedMask,
    count_centres,
    paint_intervals,
)
from fiftyone_cvat.convert.shared.polygons import flat_to_pairs
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.types import Size

__all__ = ["ellipse_to_mask", "ellipse_to_polygon", "rotate_points"]

_NUMBERS = 4  # centre x, centre y, right x, top y
_VERTICES = 96  # an inscribed polygon of 96 has 99.93 % of the area


def rotate_points(
    flat_points: Sequence[float], degrees: float, centre: Sequence[float]
) -> list[float]:
    """Rotate points in CVAT's sense, clockwise on the screen.

    Args:
        flat_points: ``[x1, y1, x2, y2, ...]`` in pixels
        degrees: the angle
        centre: ``(x, y)`` in pixels, the point that stays

    Returns:
        ``[x1, y1, x2, y2, ...]`` in pixels

    Raises:
        GeometryError: if a coordinate has no partner
    """
    pairs = flat_to_pairs(flat_points)
    cos, sin = _cos_sin(degrees)
    turned = (pairs - centre) @ np.array([[cos, sin], [-sin, cos]]) + centre
    rotated: list[float] = turned.ravel().tolist()
    return rotated


def ellipse_to_polygon(
    points: Sequence[float], rotation_degrees: float = 0.0
) -> list[float]:
    """Convert a CVAT ellipse to a polygon with its area to 0.1 %.

    Args:
        points: ``(centre x, centre y, right x, top y)`` in pixels, before rotation
        rotation_degrees: clockwise on the screen

    Returns:
        ``[x1, y1, x2, y2, ...]`` in pixels, without repeating the first vertex

    Raises:
        GeometryError: if there are not four finite numbers
    """
    x, y, radius_x, radius_y = _ellipse(points)
    angles = np.linspace(0, 2 * math.pi, _VERTICES, endpoint=False)
    outline = np.stack([x + radius_x * np.cos(angles), y + radius_y * np.sin(angles)])
    return rotate_points(outline.T.ravel().tolist(), rotation_degrees, (x, y))


def ellipse_to_mask(
    points: Sequence[float], rotation_degrees: float, size: Size
) -> PlacedMask | None:
    """Convert a CVAT ellipse to a mask of the pixels whose centres it contains.

    Args:
        points: ``(centre x, centre y, right x, top y)`` in pixels, before rotation
        rotation_degrees: clockwise on the screen
        size: the frame's size in pixels; what lies outside it is left out

    Returns:
        the mask cropped to its covered pixels, its left column and its top row; None
        if no pixel is covered

    Raises:
        GeometryError: if there are not four finite numbers
    """
    x, y, a, b = _ellipse(points)
    if a == 0 or b == 0:
        return None
    cos, sin = _cos_sin(rotation_degrees)
    reach = math.hypot(a * sin, b * cos)  # from the centre up and down
    first, last = count_centres(np.array([y - reach, y + reach]), size.height).tolist()
    row = np.arange(first, last)
    down = row + 0.5 - y
    # the chord of each row, from the ellipse's equation solved for x
    half = a * b * np.sqrt(np.maximum(reach**2 - down**2, 0)) / reach**2
    middle = x + down * cos * sin * (a**2 - b**2) / reach**2
    start = count_centres(middle - half, size.width)
    end = count_centres(middle + half, size.width)
    return paint_intervals(row, start, end)


def _ellipse(points: Sequence[float]) -> tuple[float, float, float, float]:
    """Give the centre and the two radii."""
    if len(points) != _NUMBERS or not np.isfinite(points).all():
        raise GeometryError(f"expected 4 finite numbers, not {list(points)}")
    x, y, right, top = (float(number) for number in points)
    return x, y, abs(right - x), abs(y - top)


def _cos_sin(degrees: float) -> tuple[float, float]:
    """Give cosine and sine, exact for quarter turns."""
    quarters, rest = divmod(degrees, 90)
    cos, sin = math.cos(math.radians(rest)), math.sin(math.radians(rest))
    for _ in range(int(quarters) % 4):
        cos, sin = -sin, cos
    return cos, sin
