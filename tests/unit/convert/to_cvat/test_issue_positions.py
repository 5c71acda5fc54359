"""Places in a frame as positions of issues."""

from __future__ import annotations

import numpy as np
import pytest

from fiftyone_cvat.convert.to_cvat.issue_positions import to_issue_position
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.types import Size

SIZE = Size(40, 20)


@pytest.mark.parametrize(
    ("place", "position"),
    [
        ((0.25, 0.5), [10, 10]),
        ([0, 1], [0, 20]),
        (np.array([0.25, 0.5], np.float32), [10, 10]),
        ([(0.25, 0.5)], [10, 10]),
        ((0.25, 0.25, 0.5, 0.5), [10, 5, 30, 15]),
        (np.array([0.25, 0.25, 0.5, 0.5]), [10, 5, 30, 15]),
        ([(0.25, 0.25), (0.75, 0.75)], [10, 5, 30, 15]),
        ([[0, 0], [1, 0], [0.5, 0.5]], [0, 0, 40, 0, 20, 10]),
        (np.array([[0, 0], [1, 0], [0.5, 0.5]]), [0, 0, 40, 0, 20, 10]),
        ([(0, 0), (1, 0), (1, 1), (0, 1)], [0, 0, 40, 0, 40, 20, 0, 20]),
    ],
)
def test_places(place, position):
    assert to_issue_position(place, SIZE) == position


@pytest.mark.parametrize(
    "place",
    [
        None,
        7,
        "here",
        [],
        [0.5],
        [0.1, 0.2, 0.3],
        [0.1] * 5,
        [(0.5,)],
        [(0.1, 0.2, 0.3)],
        [(0.1, 0.2), 0.3],
        [("a", "b")],
        (0.5, float("nan")),
        (0.1, 0.1, float("inf"), 0.1),
        [(0.1, 0.1), (float("nan"), 0.1), (0.2, 0.2)],
    ],
)
def test_what_is_no_place(place):
    with pytest.raises(GeometryError):
        to_issue_position(place, SIZE)


def test_a_frame_without_a_size():
    with pytest.raises(GeometryError, match="0 x 0"):
        to_issue_position((0.5, 0.5), Size(0, 0))
