"""The parts that a label is drawn in: each is the geometry of one shape.

What makes parts is given a label, the frame's size in pixels and the class's skeleton.
It returns none where CVAT has no way to show the label.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fiftyone_cvat.convert.shared.masks import clip_mask, stretch_mask
from fiftyone_cvat.convert.shared.polyline_parts import least_points
from fiftyone_cvat.convert.shared.run_lengths import mask_to_runs
from fiftyone_cvat.convert.shared.skeletons import keypoint_to_skeleton
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.geometry import box_to_corners, plain_pixels, points_to_pixels
from fiftyone_cvat.types import Size, Skeleton

__all__ = [
    "Part",
    "PartsOf",
    "box_parts",
    "instance_parts",
    "keypoint_parts",
    "polyline_parts",
]

Part = tuple[str, list[Any], float, list[Any]]
"""The type of a shape, its points, its rotation and its elements."""

PartsOf = Callable[[Any, Size, Skeleton | None], list[Part]]
"""What makes the parts of a label, on a frame of some size."""


def box_parts(label: Any, size: Size, _: Any = None) -> list[Part]:
    """Return the rectangle of a detection, or its cuboid in 3D."""
    box = label.bounding_box
    if box is None or not len(box):
        return _cuboid_parts(label)
    rotation = label.get_attribute_value("rotation", None)
    corners = box_to_corners(box, size)
    if not rotation:
        return [("rectangle", corners, 0.0, [])]
    rotation = float(rotation)
    if not math.isfinite(rotation):
        raise GeometryError(f"a rotation of {rotation} degrees")
    # less than nothing by a hair is 360.0 after the first step
    return [("rectangle", corners, rotation % 360.0 % 360.0, [])]


def _cuboid_parts(label: Any) -> list[Part]:
    """CVAT keeps nine numbers of a cuboid in 3D and fills up to sixteen."""
    numbers: list[float] = []
    for name in ("location", "rotation", "dimensions"):
        values = label.get_attribute_value(name, None)
        if values is None:
            return []
        triple = [float(value) for value in values]
        if len(triple) != 3 or not np.isfinite(triple).all():  # noqa: PLR2004
            raise GeometryError(f"expected 3 finite numbers as {name}, not {triple}")
        numbers.extend(triple)
    return [("cuboid", numbers + [0.0] * 7, 0.0, [])]


def instance_parts(label: Any, size: Size, _: Any = None) -> list[Part]:
    """Return the mask of a detection, without what lies outside the frame."""
    mask = label.get_mask() if label.has_mask else None
    if mask is None:
        return []
    mask = np.asarray(mask, dtype=bool)
    if not mask.any():
        return []
    if mask.ndim == 3 and mask.shape[2] == 1:  # noqa: PLR2004
        mask = mask[..., 0]
    if mask.ndim != 2:  # noqa: PLR2004
        raise GeometryError(f"a mask of shape {mask.shape} instead of height and width")
    box = label.bounding_box
    if box is None:
        raise GeometryError("a mask, but no bounding box to place it")
    x_min, y_min, x_max, y_max = box_to_corners(box, size)
    height = _extent(y_max - y_min, mask.shape[0])
    width = _extent(x_max - x_min, mask.shape[1])
    pixels = stretch_mask(mask, width, height)
    clipped = clip_mask(pixels, round(x_min), round(y_min), size)
    if clipped is None:
        return []
    is_whole = pixels is mask and clipped[0].shape == mask.shape
    if not is_whole and not clipped[0].any():
        return []
    return [("mask", mask_to_runs(*clipped), 0.0, [])]


def _extent(pixels: float, count: int) -> int:
    """Return how many pixels a mask covers that is stretched over some length.

    A mask that fits its box to a pixel keeps its own number, whatever fraction of a
    pixel the box begins at.
    """
    return count if abs(pixels - count) < 1 else max(1, round(pixels))


def polyline_parts(label: Any, size: Size, _: Any = None) -> list[Part]:
    """Return the polygons of a filled polyline, or the lines of another one."""
    kind = "polygon" if label.filled else "polyline"
    least = least_points(filled=bool(label.filled))
    is_ring = label.closed and not label.filled
    parts: list[Part] = []
    for given in label.points:
        points, pixels = _known(given, size, least)
        if len(points) < least:
            continue
        if is_ring and points[0] != points[-1]:
            pixels += pixels[:2]
        parts.append((kind, pixels, 0.0, []))
    return parts


def keypoint_parts(label: Any, size: Size, skeleton: Skeleton | None) -> list[Part]:
    """Return the skeleton of a keypoint, or the points of it that are known."""
    given = label.points
    known, known_pixels = _known(given, size)
    if skeleton is not None:
        pixels = points_to_pixels(given, size)
        pairs = list(zip(pixels[::2], pixels[1::2], strict=True))
        if len(pairs) == len(skeleton.nodes) and np.isfinite(pixels).any():
            elements = keypoint_to_skeleton(pairs, skeleton.nodes)
            return [("skeleton", [], 0.0, elements)]
    return [("points", known_pixels, 0.0, [])] if len(known) else []


def _known(
    points: Sequence[Sequence[float]], size: Size, least: int = 1
) -> tuple[Sequence[Sequence[float]], list[float]]:
    """Return the points that are not NaN and, if there are enough, their pixels.

    Most often all are known, which a sum shows; to ask each takes 2 us per point.
    """
    pixels = plain_pixels(points, size)
    if pixels is not None:
        return points, pixels
    _check_infinite(points)
    known = [point for point in points if np.isfinite(point).all()]
    return known, points_to_pixels(known, size) if len(known) >= least else []


def _check_infinite(points: Sequence[Sequence[float]]) -> None:
    """Refuse points at infinity; one that is NaN is not known."""
    for point in points:
        if np.isinf(point).any():
            raise GeometryError(f"a point at {list(point)}")
