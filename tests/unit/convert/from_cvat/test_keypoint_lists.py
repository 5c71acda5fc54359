"""Lists beside the points of a keypoint follow them, whatever annotators do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.from_cvat.keypoint_lists import (
    keep_in_step,
    lists_beside,
    order_of_points,
)
from tests.builders import keypoint

NAN = math.nan
SIZE = 100.0


def shape(points, kind="points"):
    return {"type": kind, "points": [SIZE * each for point in points for each in point]}


@st.composite
def edits(draw):
    """Points, some not known, which of them stay, and where new ones are put."""
    count = draw(st.integers(1, 8))
    known = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    stays = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    new = draw(st.lists(st.integers(0, count), max_size=3))
    return known, stays, new


@given(edits())
def test_points_that_stay_keep_their_values(edit):
    known, stays, new = edit
    places = [(0.1 + number / 20, 0.5) for number in range(len(known))]
    points = [
        place if each else (NAN, NAN) for place, each in zip(places, known, strict=True)
    ]
    values = [float(number) for number in range(len(points))]
    before = keypoint(points=points, confidence=values, names=[*map(str, values)])
    came = [p for p, a, b in zip(places, known, stays, strict=True) if a and b]
    recognised = set(came)
    for number, at in enumerate(new):
        came.insert(min(at, len(came)), (0.9, number / 10))
    if not any(known) or not came:
        return
    label = keypoint(points=came, confidence=values, names=before["names"])
    sent = [shape([p for p, each in zip(places, known, strict=True) if each])]

    reasons = keep_in_step(label, before, sent, [shape(came)])

    confidence = label.confidence
    assert confidence is None or len(confidence) == len(label.points)
    assert label["names"] is None or len(label["names"]) == len(label.points)
    finite = [tuple(each) for each in label.points if np.isfinite(each).all()]
    assert finite == came
    if confidence is None:
        assert not recognised
        assert any("'confidence'" in each for each in reasons)
        return
    for point, value in zip(label.points, confidence, strict=True):
        if tuple(point) in recognised:
            assert places.index(tuple(point)) == value
        elif not np.isfinite(point).all():
            assert not known[int(value)]


@pytest.mark.parametrize(
    ("sent", "got", "number", "order"),
    [
        ([1, 1, 2, 2, 3, 3], [1, 1, 2, 2, 3, 3], 3, [0, 1, 2]),
        ([1, 1, 2, 2, 3, 3], [2.004, 2, 3, 3], 3, [1, 2]),
        # which of two in one place is gone, nobody can tell
        ([1, 1, 1, 1, 3, 3], [1, 1, 3, 3], 3, [1, 2]),
        ([1, 1, 2, 2], [5, 5, 6, 6], 2, [0, 1]),
        ([1, 1, 2, 2], [5, 5, 6, 6, 7, 7], 2, [None] * 3),
        ([], [5, 5, 6, 6], 2, [0, 1]),
        ([], [5, 5], 2, [None]),
        ([1, 1], [], 1, []),
    ],
)
def test_order_of_points(sent, got, number, order):
    assert order_of_points(sent, got, number) == order


def test_a_skeleton_has_its_nodes_in_order():
    before = keypoint(points=[(0.1, 0.1), (NAN, NAN)], confidence=[0.5, 0.25])
    label = keypoint(points=[(NAN, NAN), (0.3, 0.3)], confidence=[0.5, 0.25])
    assert keep_in_step(label, before, [], [shape([], "skeleton")]) == []
    assert label.confidence == [0.5, 0.25]


def test_lists_beside_points():
    points = [(0.1, 0.1), (0.2, 0.2)]
    label = keypoint(points=points, confidence=[0.5, 0.25], tags=["a", "b"])
    label["array"], label["long"] = np.array([[1, 2], [3, 4]]), [1, 2, 3]
    label["number"], label["text"], label["scalar"] = 2, "ab", np.array(2)
    assert {name for name, _ in lists_beside(label)} == {"confidence", "array"}
    assert list(lists_beside(keypoint(points=[], mine=[]))) == []
