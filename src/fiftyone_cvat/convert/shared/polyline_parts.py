"""Which parts of a polyline CVAT has a shape for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["has_shape", "least_points"]


def least_points(*, filled: bool) -> int:
    """Return how many known points a polygon, or else a line, needs."""
    return 3 if filled else 2


def has_shape(part: Sequence[Sequence[float]], *, filled: bool) -> bool:
    """Tell whether a part goes up: a point that is NaN is not known and does not count.

    Args:
        part: its relative points
        filled: whether it is one of a filled polyline, which goes up as polygons
    """
    known = sum(bool(np.isfinite(point).all()) for point in part)
    return known >= least_points(filled=filled)
