"""Between polygons and the masks of the pixels that they cover."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fiftyone_cvat.convert.shared.masks import (
    Mask,
    PlacedMask,
    check_mask,
    count_centres,
    merge_sort,
    paint_intervals,
)
from fiftyone_cvat.convert.shared.outline_tracing import trace_outlines
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.types import Size

__all__ = ["flat_to_pairs", "mask_to_polygons", "polygons_to_mask"]


def polygons_to_mask(
    polygons: Sequence[Sequence[float]], size: Size
) -> PlacedMask | None:
    """Convert the polygons of one object to a mask.

    A pixel is covered if its centre lies inside a polygon: inside by the even-odd
    rule within one polygon, by any of them for several. Of centres exactly on an
    edge, those on the left or upper side are covered, so that neighbours which
    share an edge neither overlap nor leave a gap.

    Args:
        polygons: ``[x1, y1, x2, y2, ...]`` each, in pixels
        size: the frame's size in pixels; what lies outside it is left out

    Returns:
        the mask cropped to its covered pixels, its left column and its top row; None
        if no pixel is covered

    Raises:
        GeometryError: if coordinates are not finite or not in pairs
    """
    part, (x, y, lower_x, lower_y) = _edges(polygons)
    first = count_centres(y, size.height)
    counts = count_centres(lower_y, size.height) - first
    before = np.cumsum(counts) - counts
    # which edge: taking by it is quicker than to repeat each array
    edge = np.repeat(np.arange(len(counts)), counts)
    row = np.arange(len(edge)) + (first - before)[edge]
    run, rise = (lower_x - x)[edge], (lower_y - y)[edge]
    column = count_centres(x[edge] + (row + 0.5 - y[edge]) * run / rise, size.width)
    part = part[edge]

    # an even number of edges of each part crosses a row: sorted, they come in pairs
    column_bits, row_bits = (int(length).bit_length() for length in size)
    crossings = merge_sort((part << row_bits | row) << column_bits | column)
    column = crossings & (1 << column_bits) - 1
    row = crossings[::2] >> column_bits & (1 << row_bits) - 1
    return paint_intervals(row, column[::2], column[1::2])


def mask_to_polygons(mask: Mask, left: int, top: int) -> list[list[float]]:
    """Convert a mask to the outlines of its parts, along the edges of pixels.

    ``polygons_to_mask`` of the outlines is the mask again. A part is a region of
    pixels that touch along an edge. A hole is joined to the rest of its outline by a
    cut of no width.

    Args:
        mask: booleans of shape ``(height, width)``
        left: the column of the first pixel in the frame
        top: the row of the first pixel in the frame

    Returns:
        ``[x1, y1, x2, y2, ...]`` for each part, in pixels, from top to bottom

    Raises:
        GeometryError: if the mask is not a two-dimensional array of booleans or has
            no pixels
    """
    check_mask(mask)
    return [
        [
            float(z + offset)
            for point in ring
            for z, offset in zip(point, (left, top), strict=True)
        ]
        for ring in trace_outlines(mask)
    ]


def _edges(
    polygons: Sequence[Sequence[float]],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give the edges that are not level.

    Returns:
        for each edge the index of its polygon, and an array of shape ``(4, edges)``
        of ``x`` and ``y`` of its upper end and of its lower end
    """
    rings = [flat_to_pairs(polygon) for polygon in polygons if len(polygon)]
    if not rings:
        return np.empty(0, np.int64), np.empty((4, 0))
    upper = np.concatenate(rings)
    if not np.isfinite(upper).all():
        raise GeometryError("a polygon has a coordinate that is not finite")
    lower = np.concatenate([turn for ring in rings for turn in (ring[1:], ring[:1])])
    part = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    rising = lower[:, 1] < upper[:, 1]
    upper[rising], lower[rising] = lower[rising], upper[rising]
    slanted = upper[:, 1] < lower[:, 1]
    return part[slanted], np.concatenate([upper.T, lower.T])[:, slanted]


def flat_to_pairs(flat_points: Sequence[float]) -> NDArray[np.float64]:
    """Return points as an array of shape ``(points, 2)``.

    Args:
        flat_points: ``[x1, y1, x2, y2, ...]``

    Raises:
        GeometryError: if a coordinate has no partner
    """
    if len(flat_points) % 2:
        raise GeometryError(f"{len(flat_points)} coordinates do not make pairs")
    return np.array(flat_points, dtype=np.float64).reshape(-1, 2)
