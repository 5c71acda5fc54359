"""The names of slices that related images of frames become."""

from __future__ import annotations

import pytest

from fiftyone_cvat.server.related_images import slices_of_images


@pytest.mark.parametrize(
    ("images", "slices"),
    [
        pytest.param([], [], id="none"),
        pytest.param(
            [["a/left.jpg", "a/right.jpg"], ["b/right.jpg"], []],
            [["left", "right"], ["right"], []],
            id="alike",
        ),
        pytest.param(
            [["a/1.jpg", "b/1.jpg"], ["a/2.jpg", "b/2.jpg"]],
            [["related_1", "related_2"]] * 2,
            id="called as the frame",
        ),
        pytest.param(
            [["a/x.jpg", "b/x.jpg"], ["a/y.jpg"]],
            [["related_1", "related_2"], ["related_1"]],
            id="twice in a frame",
        ),
        pytest.param([["frame.jpg"]], [["related_1"]], id="frame"),
    ],
)
def test_slices(images, slices):
    paths = {(7, frame): each for frame, each in enumerate(images)}

    found = slices_of_images(paths)

    assert [list(found[frame]) for frame in paths] == slices
    assert {frame: [*each.values()] for frame, each in found.items()} == paths
