"""Which annotations are one label where nobody expects any."""

from __future__ import annotations

import pytest

from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.download.unexpected import _labels_of_parts
from tests.builders import object_id


def read(number, part, label_id=1, kind="polygon", **of_track):
    return ReadLabel(
        kind="polylines",
        frame=0,
        value=None,
        label_id=None if label_id is None else object_id(label_id),
        part=part,
        annotation={"id": number, "type": kind},
        **of_track,
    )


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param([read(0, 2), read(1, 1)], [[1, 0]], id="parts in any order"),
        pytest.param([read(0, 1), read(1, 1, 2)], [[0], [1]], id="labels"),
        pytest.param([read(0, 1, None), read(1, 1, None)], [[0], [1]], id="no ids"),
        pytest.param(
            [read(0, 1), read(1, 1), read(2, 2), read(3, 2)],
            [[0, 2], [1, 3]],
            id="a copy",
        ),
        pytest.param(
            [read(0, 1, kind="mask"), read(1, 2, kind="mask")], [[0], [1]], id="masks"
        ),
        pytest.param(
            [read(0, 1, track=0, key=5), read(1, 2, track=1, key=5)],
            [[0, 1]],
            id="tracks of one key",
        ),
        pytest.param(
            [read(n, 1 + n % 2, track=n, key=5 + n // 2) for n in range(4)],
            [[0, 1], [2, 3]],
            id="a track and its copy",
        ),
    ],
)
def test_parts_of_labels(labels, expected):
    found = _labels_of_parts(labels)

    assert [[each.annotation["id"] for each in parts] for parts in found] == expected
