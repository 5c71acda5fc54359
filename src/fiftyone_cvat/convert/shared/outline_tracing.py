"""The outlines of the parts of a mask, along the edges of pixels.

A corner is a point between pixels where an outline turns: it ends one level and one
upright segment. Where two parts touch in a point there are two corners, one per part.
Sorted along the rows, corners pair up into the level segments, sorted along the
columns into the upright ones; following both in turn runs round an outline.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

__all__ = ["trace_outlines"]


def trace_outlines(mask: NDArray[np.bool_]) -> list[list[tuple[int, int]]]:
    """Trace the outline of every region of pixels that touch along an edge.

    Args:
        mask: booleans of shape ``(height, width)``

    Returns:
        the corners ``(x, y)`` of each region's outline, clockwise on the screen,
        without repeating the first and in the order of the regions' first pixels;
        a hole is joined to its region by a level cut of no width
    """
    outlines = _Outlines(mask)
    return [outlines.ring(start) for start in outlines.starts]


class _Outlines:
    """Rings of corners, each with the index of the one that follows it.

    Corners are numbered along the rows, so that corners ``2 k`` and ``2 k + 1`` end
    the same level segment. All rings have their region on the right hand side.
    """

    def __init__(self, mask: NDArray[np.bool_]) -> None:
        x, y, upright_keys = _corners(np.pad(mask, 1))
        order = np.argsort(upright_keys)
        across = np.empty_like(order)
        across[order[::2]], across[order[1::2]] = order[1::2], order[::2]

        self.x: list[int] = x.tolist()
        self.y: list[int] = y.tolist()
        self.follower = [-1] * len(x)
        self.starts: list[int] = []

        self._upright: list[int] = across.tolist()
        self._sorted: list[int] = order.tolist()
        self._keys: list[int] = upright_keys[order].tolist()
        self._height: int = mask.shape[0]
        self._width: int = mask.shape[1]
        self._pixels = np.pad(mask, ((0, 0), (1, 0))).tobytes()
        self._link()

    def ring(self, start: int) -> list[tuple[int, int]]:
        """Give the corners of a ring from its start."""
        points = [(self.x[start], self.y[start])]
        corner = self.follower[start]
        while corner != start:
            points.append((self.x[corner], self.y[corner]))
            corner = self.follower[corner]
        return points

    def _link(self) -> None:
        """Link the rings; each is met first in the leftmost corner of its top row."""
        for start in range(len(self.x)):
            if self.follower[start] >= 0:
                continue
            if self._pixels[self._pixel(start)]:
                self.starts.append(start)
                self._link_ring(start ^ 1, start)
            else:
                self._link_ring(start, start ^ 1)
                self._join(start)

    def _link_ring(self, corner: int, level: int) -> None:
        """Link one ring, from a corner whose level segment comes from ``level``."""
        first = corner
        while True:
            self.follower[level] = corner
            level = self._upright[corner]
            self.follower[corner] = level
            corner = level ^ 1
            if corner == first:
                return

    def _join(self, start: int) -> None:
        """Cut from a hole's start to the left, as far as another ring.

        That ring's top row is above or it is further left, so it is linked already.
        Its segment there runs upwards, and cuts into it from above are behind the new
        one.
        """
        y = self.y[start]
        pixel = self._pixel(start)
        x = self._pixels.rfind(0, pixel - self.x[start] - 1, pixel) % (self._width + 1)
        key = 2 * (x * (self._height + 1) + y) + 1
        position = bisect_right(self._keys, key) - 1
        top, bottom = self._sorted[position : position + 2]

        behind = self.follower[bottom]
        self.follower[bottom] = self._add(x, y, start)
        # the way back begins at the other end of the hole's first level segment
        if self.y[top] == y:
            self.follower[start ^ 1] = self.follower[top]
        else:
            self.follower[start ^ 1] = self._add(x, y, behind)

    def _add(self, x: int, y: int, follower: int) -> int:
        self.x.append(x)
        self.y.append(y)
        self.follower.append(follower)
        return len(self.x) - 1

    def _pixel(self, corner: int) -> int:
        """Find the pixel to the lower right of a corner."""
        return self.y[corner] * (self._width + 1) + self.x[corner] + 1


def _corners(
    padded: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Find the corners of a mask that has a border of one empty pixel.

    Returns:
        their columns and rows, sorted by row and column, and keys that sort them by
        column and row
    """
    stride = padded.shape[1]
    pixels = padded.ravel()
    upright = pixels[1:] ^ pixels[:-1]
    above, below = upright[:-stride], upright[stride:]
    touching = above & below & (pixels[: -stride - 1] ^ pixels[stride:-1])
    corners = np.flatnonzero((above ^ below) | touching)
    twice = touching[corners]
    times = twice + 1
    second = np.arange(times.sum()) == np.repeat(np.cumsum(times) - 1, times)
    corners, twice = np.repeat(corners, times), np.repeat(twice, times)
    y, x = np.divmod(corners, stride)
    # where two parts touch, the first corner is the left part's: it goes on upwards
    # if that is the upper one, else downwards
    lower = twice & (second == pixels[corners])
    return x, y, 2 * (x * (padded.shape[0] - 1) + y) + lower
