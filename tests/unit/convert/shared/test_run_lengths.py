"""Masks as run lengths, and back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings

from fiftyone_cvat.convert.shared.run_lengths import mask_to_runs, runs_to_mask
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.types import Size
from tests.unit.convert.shared.pixels import drawn, in_frame, masks, places


@pytest.mark.parametrize(
    ("mask", "left", "top", "points"),
    [
        pytest.param(drawn(".#", "##"), 3, 5, [1, 3, 3, 5, 4, 6], id="begins empty"),
        pytest.param(drawn("#.", ".."), 0, 0, [0, 1, 3, 0, 0, 1, 1], id="begins full"),
        pytest.param(drawn("..", ".."), 1, 1, [4, 1, 1, 2, 2], id="all empty"),
        pytest.param(drawn("#"), 7, 8, [0, 1, 7, 8, 7, 8], id="one pixel"),
    ],
)
def test_mask_is_runs_and_inclusive_corners(mask, left, top, points):
    assert mask_to_runs(mask, left, top) == points
    back, *place = runs_to_mask([float(number) for number in points])
    assert np.array_equal(back, mask)
    assert place == [left, top]


@given(masks, places, places)
def test_mask_comes_back_from_runs_with_its_extent(mask, left, top):
    points = mask_to_runs(mask, left, top)
    assert all(type(number) is int for number in points)
    back, *place = runs_to_mask(points)
    assert back.dtype == np.bool_
    assert np.array_equal(back, mask)
    assert place == [left, top]
    assert mask_to_runs(back, *place) == points


@settings(deadline=None)  # the first example imports the SDK
@given(masks, places, places)
def test_runs_are_those_of_the_sdk(mask, left, top):
    from cvat_sdk.masks import decode_mask, encode_mask

    frame = in_frame((mask, left, top), Size(14, 14))
    box = [left, top, left + mask.shape[1], top + mask.shape[0]]
    points = mask_to_runs(mask, left, top)
    assert points == encode_mask(frame, box)
    assert np.array_equal(decode_mask(points, image_width=14, image_height=14), frame)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        pytest.param([0, 0, 1, 1], "too few", id="no runs"),
        pytest.param([1.5, 2.5, 0, 0, 1, 1], "whole", id="half pixels"),
        pytest.param([math.nan, 4, 0, 0, 1, 1], "whole", id="nan"),
        pytest.param([-1, 5, 0, 0, 1, 1], "negative", id="negative run"),
        pytest.param([4, 2, 2, 1, 3], "inverted", id="inverted box"),
        pytest.param([1, 2, 0, 0, 1, 1], "add up to 3", id="too short"),
        pytest.param([1, 4, 0, 0, 1, 1], "add up to 5", id="too long"),
        pytest.param([2**62] * 4 + [4, 0, 0, 1, 1], "add up to", id="wraps round"),
        pytest.param([2**64, 4, 0, 0, 1, 1], "add up to", id="more than 64 bits"),
    ],
)
def test_bad_runs_are_refused(points, words):
    with pytest.raises(GeometryError, match=words):
        runs_to_mask(points)


@pytest.mark.parametrize(
    ("mask", "left", "top"),
    [
        pytest.param(np.ones((2, 2), np.uint8), 0, 0, id="not booleans"),
        pytest.param(np.ones(4, bool), 0, 0, id="one dimension"),
        pytest.param(np.ones((0, 3), bool), 0, 0, id="no pixels"),
        pytest.param(np.ones((2, 2), bool), -1, 0, id="outside the frame"),
    ],
)
def test_bad_mask_is_refused(mask, left, top):
    with pytest.raises(GeometryError):
        mask_to_runs(mask, left, top)
