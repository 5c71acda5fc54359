"""Masks from intervals of columns on rows of pixels.

A mask is an array of shape ``(height, width)`` together with the column ``left`` and
the row ``top`` of its first pixel in the frame.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Mask",
    "PlacedMask",
    "count_centres",
    "fill_runs",
    "merge_sort",
    "paint_intervals",
]

Mask = NDArray[np.bool_]
"""An array of booleans of shape ``(height, width)``, one a pixel."""

PlacedMask = tuple[Mask, int, int]
"""A mask with its left column and top row in the frame."""


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
