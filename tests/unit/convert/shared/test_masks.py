"""Masks, cut at the edges of a frame."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.shared.masks import clip_mask
from tests.unit.convert.shared.pixels import SIZE, in_frame, masks


@given(masks, st.integers(-12, 18), st.integers(-12, 14))
def test_clipping_keeps_what_is_inside_the_frame(mask, left, top):
    wide = np.zeros((40, 50), bool)
    wide[15 + top : 15 + top + mask.shape[0], 15 + left : 15 + left + mask.shape[1]] = (
        mask
    )
    clipped = clip_mask(mask, left, top, SIZE)
    assert np.array_equal(in_frame(clipped), wide[15:27, 15:31])
    if clipped is not None:
        inside, x, y = clipped
        assert (x, y) == (max(left, 0), max(top, 0))
        assert x + inside.shape[1] == min(left + mask.shape[1], SIZE.width)
        assert y + inside.shape[0] == min(top + mask.shape[0], SIZE.height)
