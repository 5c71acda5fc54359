"""Which frame of a task shows which sample."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat.api.upload import _in_order_of_frames
from tests import media

NAMES = ("a.png", "b.png", "c.png")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (NAMES, NAMES),
        (("c.png", "a.png", "b.png"), ("c.png", "a.png", "b.png")),
        # what they are called on the server does not tell which is which
        (("1.png", "2.png", "3.png"), NAMES),
        (("b.png", "a.png", "3.png"), NAMES),
        ((None, None, None), NAMES),
    ],
    ids=["as sent", "other order", "other names", "one other name", "no names"],
)
def test_order_of_frames(dataset, tmp_path, names, expected):
    paths = media.make_images(tmp_path, NAMES)
    dataset.add_samples([fo.Sample(filepath=each) for each in paths])
    meta = {"frames": [{"name": name} for name in names]}

    ordered = _in_order_of_frames(dataset, "filepath", meta)

    assert [each.filename for each in ordered] == list(expected)


def test_order_of_frames_with_equal_names(dataset, tmp_path):
    """Files of equal names in different folders have other names on the server."""
    for folder in ("1", "2"):
        (tmp_path / folder).mkdir()
        [path] = media.make_images(tmp_path / folder, ["a.png"])
        dataset.add_sample(fo.Sample(filepath=path, folder=folder))
    meta = {"frames": [{"name": "a-2.png"}, {"name": "a.png"}]}

    ordered = _in_order_of_frames(dataset, "filepath", meta)

    assert ordered.values("folder") == ["2", "1"]
