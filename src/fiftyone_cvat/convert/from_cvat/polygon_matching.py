"""Polygons and polylines between two key frames, as CVAT interpolates them.

The two key outlines may have different numbers of vertices. Every vertex is matched
with the one of the other outline that is nearest in the fraction of the outline's
length, and moves to it in a straight line. Where several vertices move from or to
one, those that come too near to each other are left out.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["interpolate_outline"]

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_MAX_POINTS = 1 << 18  # worked on at a time


class _Bundle(NamedTuple):
    """Pairs ``start`` to ``stop`` (exclusive) share a vertex on one side."""

    start: int
    stop: int
    spacing: float


def interpolate_outline(
    before: Floats, after: Floats, progress: Floats
) -> list[list[float]]:
    """Interpolate between two outlines; repeat the first vertex to close them.

    Args:
        before: the earlier outline, of shape ``(vertices, 2)``, in pixels
        after: the later outline, of shape ``(vertices, 2)``, in pixels
        progress: the times, from 0 for the earlier outline to 1 for the later

    Returns:
        ``[x1, y1, x2, y2, ...]`` for each time, in pixels; the number of vertices
        may change with time
    """
    fractions = _fractions(before), _fractions(after)
    heads = _nearest(*fractions)
    tails = np.arange(len(before))
    bundles: list[_Bundle] = []
    # one to one is what most outlines are: 60 us less between two key shapes
    if len(before) != len(after) or (heads != tails).any():
        tails, heads = _match(heads, *fractions)
        bundles = _bundles(tails, heads, before, after)
    starts, steps = before[tails], after[heads] - before[tails]
    batch = max(1, _MAX_POINTS // len(tails))
    outlines: list[list[float]] = []
    for first in range(0, len(progress), batch):
        times = progress[first : first + batch, np.newaxis, np.newaxis]
        outlines += _thin(starts + steps * times, bundles)
    return outlines


def _fractions(outline: Floats) -> Floats:
    """Give the fraction of the outline's length that lies before each vertex."""
    lengths = np.zeros(len(outline))
    np.cumsum(_distances(outline[1:], outline[:-1]), out=lengths[1:])
    return lengths / lengths[-1] if lengths[-1] else lengths


def _match(heads: Indices, before: Floats, after: Floats) -> tuple[Indices, Indices]:
    """Pair the vertices of two outlines by their fractions.

    Args:
        heads: the later vertex that is nearest to each earlier one
        before: the fractions of the earlier outline
        after: the fractions of the later outline

    Returns:
        the indices of the earlier and of the later vertex of each pair, sorted
    """
    tails = np.arange(len(before))
    left_over = np.setdiff1d(np.arange(len(after)), heads)
    tails = np.concatenate([tails, _nearest(after[left_over], before)])
    heads = np.concatenate([heads, left_over])
    order = np.lexsort((heads, tails))
    return tails[order], heads[order]


def _nearest(values: Floats, fractions: Floats) -> Indices:
    """Find the fraction nearest to each value: the first of several."""
    upper = np.minimum(np.searchsorted(fractions, values), len(fractions) - 1)
    below, above = fractions[np.maximum(upper - 1, 0)], fractions[upper]
    is_below = np.abs(values - below) <= np.abs(values - above)
    nearest: Indices = np.searchsorted(fractions, np.where(is_below, below, above))
    return nearest


def _bundles(
    tails: Indices, heads: Indices, before: Floats, after: Floats
) -> list[_Bundle]:
    """Find the pairs that share a vertex, and how near to each other they may come.

    That is half of the mean distance of the vertices on the side where they differ.
    """
    fans = np.bincount(tails) > 1
    ends = np.flatnonzero(
        (tails[1:] != tails[:-1])
        & (fans[tails[1:]] | fans[tails[:-1]] | (heads[1:] != heads[:-1]))
    )
    edges = [0, *(ends + 1).tolist(), len(tails)]
    bundles = []
    for start, stop in pairwise(edges):
        if stop - start == 1:
            continue
        outline, indices = (after, heads) if fans[tails[start]] else (before, tails)
        part = outline[indices[start] : indices[stop - 1] + 1]
        length = sum(_distances(part[1:], part[:-1]).tolist())
        bundles.append(_Bundle(start, stop, length / (2 * len(part))))
    return bundles


def _thin(outlines: Floats, bundles: list[_Bundle]) -> list[list[float]]:
    """Leave out vertices that are too near to the one before in their bundle.

    The ends of a bundle stay, unless nothing else does and they are too near to each
    other: then their middle takes their place.
    """
    count = len(outlines)
    if not bundles:
        flat: list[list[float]] = outlines.reshape(count, -1).tolist()
        return flat
    kept = np.ones(outlines.shape[:2], bool)
    for start, stop, spacing in bundles:
        last = outlines[:, start]
        for vertex in range(start + 1, stop - 1):
            point = outlines[:, vertex]
            far = _distances(point, last) >= spacing
            kept[:, vertex] = far
            last = np.where(far[:, np.newaxis], point, last)
        first, last = outlines[:, start], outlines[:, stop - 1]
        merged = _distances(first, last) < spacing
        merged &= ~kept[:, start + 1 : stop - 1].any(axis=1)
        outlines[merged, start] = (first[merged] + last[merged]) / 2
        kept[merged, stop - 1] = False
    return [outlines[i, kept[i]].ravel().tolist() for i in range(count)]


def _distances(points: Floats, others: Floats) -> Floats:
    apart = points - others
    x, y = apart[..., 0], apart[..., 1]
    distances: Floats = np.sqrt(x**2 + y**2)
    return distances
