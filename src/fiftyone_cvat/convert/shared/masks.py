"""Masks: what one is, how it is cut and stretched, and painted row by row.

A mask is an array of shape ``(height, width)`` together with the column ``left`` and
the row ``top`` of its first pixel in the frame. A shape covers the pixels whose centre
lies inside it; pixel ``(x, y)`` has its centre at ``(x + 0.5, y + 0.5)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.types import Size

__all__ = [
    "Mask",
    "PlacedMask",
    "check_mask",
    "clip_mask",
    "count_centres",
    "fill_runs",
    "merge_sort",
    "paint_intervals",
    "stretch_mask",
]

Mask = NDArray[np.bool_]
"""An array of booleans of shape ``(height, width)``, one per pixel."""

PlacedMask = tuple[Mask, int, int]
"""A mask with its left column and top row in the frame."""


def check_mask(mask: Mask) -> None:
    """Refuse what is no mask.

    Raises:
        GeometryError: if it is not a two-dimensional array of booleans or has no pixels
    """
    if mask.ndim != 2 or mask.dtype != np.bool_ or not mask.size:  # noqa: PLR2004
        raise GeometryError(
            f"a mask must be an array of booleans with height and width,"
            f" not {mask.dtype} of shape {mask.shape}"
        )


def clip_mask(mask: Mask, left: int, top: int, size: Size) -> PlacedMask | None:
    """Crop a mask to the frame.

    Args:
        mask: booleans of shape ``(height, width)``
        left: the column of the first pixel, negative outside the frame
        top: the row of the first pixel, negative outside the frame
        size: the frame's size in pixels

    Returns:
        the part inside the frame as a view, its left column and its top row; None if
        nothing of the array is inside

    Raises:
        GeometryError: if the mask is not a two-dimensional array of booleans or has
            no pixels
    """
    check_mask(mask)
    height, width = mask.shape
    inside = mask[
        max(0, -top) : max(0, min(height, size.height - top)),
        max(0, -left) : max(0, min(width, size.width - left)),
    ]
    return (inside, max(0, left), max(0, top)) if inside.size else None


def stretch_mask(mask: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    """Stretch a mask over some pixels.

    Each pixel takes the value at its centre, so that nothing is blurred.

    Args:
        mask: of shape ``(height, width)``, or ``(height, width, channels)``
        width: how many columns it is to have
        height: how many rows it is to have

    Returns:
        the mask itself if it has that size
    """
    if mask.shape[:2] == (height, width):
        return mask
    rows = ((np.arange(height) + 0.5) * mask.shape[0] / height).astype(int)
    columns = ((np.arange(width) + 0.5) * mask.shape[1] / width).astype(int)
    stretched: NDArray[Any] = mask[rows[:, None], columns]
    return stretched


def paint_intervals(
    row: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64]
) -> PlacedMask | None:
    """Make a mask of half-open intervals of columns, which may overlap.

    Args:
        row: the row of each interval, not negative
        start: its first column, not negative
        end: the column behind its last; an interval may be empty

    Returns:
        the mask cropped to its covered pixels, its left column and its top row; None
        if no pixel is covered
    """
    covered = start < end
    row, start, end = row[covered], start[covered], end[covered]
    if not row.size:
        return None
    top, left = int(row.min()), int(start.min())
    height, width = int(row.max()) + 1 - top, int(end.max()) - left
    starts = merge_sort((row - top) * width + start - left)
    ends = merge_sort((row - top) * width + end - left)
    # as many intervals have begun as have ended: nothing is covered in between
    gap = np.flatnonzero(starts[1:] > ends[:-1])
    edges = np.empty(2 * gap.size + 4, np.int64)
    edges[0], edges[1], edges[-2], edges[-1] = 0, starts[0], ends[-1], height * width
    edges[2:-2:2], edges[3:-2:2] = ends[gap], starts[gap + 1]
    return fill_runs(edges[1:] - edges[:-1], height, width), left, top


def merge_sort(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sort values that are sorted in long stretches: a merge sort is fastest."""
    return np.sort(values, kind="stable")


def fill_runs(runs: NDArray[np.int64], height: int, width: int) -> Mask:
    """Make a mask of run lengths in row-major order, beginning with background."""
    values = np.zeros(len(runs), bool)
    values[1::2] = True
    return np.repeat(values, runs).reshape(height, width)


def count_centres(edges: NDArray[np.float64], length: int) -> NDArray[np.int64]:
    """Count the pixel centres of ``[0, length)`` before each edge."""
    # two calls instead of np.clip, which takes 4 us more
    centres = np.ceil(edges - 0.5)
    return np.minimum(np.maximum(centres, 0), length).astype(np.int64)
