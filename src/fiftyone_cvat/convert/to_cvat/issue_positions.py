"""From points or a box of a sample to the position of an issue."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.geometry import box_to_corners, points_to_pixels
from fiftyone_cvat.types import Size

__all__ = ["to_issue_position"]

BOX = 4
"""Numbers of a box."""


def to_issue_position(place: Any, size: Size) -> list[float]:
    """Convert a place in a frame to the position of an issue.

    Args:
        place: a box ``(x, y, width, height)``, a point ``(x, y)``, or a list of points,
            in relative coordinates; two points are corners of a box, more an outline
        size: the frame's size in pixels

    Returns:
        ``[x1, y1, x2, y2, ...]`` in pixels: one point, two opposite corners of a box,
        or an outline

    Raises:
        GeometryError: if it is none of these, has numbers that are not finite, or the
            frame has no area
    """
    try:
        values = [_plain(each) for each in place]
    except (TypeError, ValueError):
        values = []
    if len(values) == BOX and _are_numbers(values):
        position = box_to_corners(values, size)
    elif len(values) == 2 and _are_numbers(values):  # noqa: PLR2004  x and y
        position = points_to_pixels([values], size)
    elif values and not any(map(_is_number, values)):
        position = points_to_pixels(values, size)
    else:
        position = []
    if not position or not all(map(math.isfinite, position)):
        raise GeometryError(
            f"An issue cannot be at {place!r}: give a box (x, y, width, height), a "
            "point (x, y) or a list of points, in relative coordinates"
        )
    return position


def _plain(value: Any) -> Any:
    """Return a number or a point, also of NumPy, as plain numbers."""
    return float(value) if not _is_sequence(value) else [float(each) for each in value]


def _is_sequence(value: Any) -> bool:
    return not isinstance(value, str) and hasattr(value, "__len__")


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(map(_is_number, values))


def _is_number(value: Any) -> bool:
    return isinstance(value, float)
