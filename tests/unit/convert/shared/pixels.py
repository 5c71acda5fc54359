"""Masks to test with, drawn or drawn at random."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fiftyone_cvat.types import Size

SIZE = Size(16, 12)
masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=10))
places = st.integers(0, 3)


def drawn(*rows):
    return np.array([[letter == "#" for letter in row] for row in rows])


def in_frame(placed, size=SIZE):
    frame = np.zeros((size.height, size.width), bool)
    if placed is not None:
        mask, left, top = placed
        frame[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return frame
