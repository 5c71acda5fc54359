"""Where the labels of imported tasks go, by what the tasks are of."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.server.imported_tasks import ImportedTask
from fiftyone_cvat.workflows.imports import _prefix_of_fields

DATASET = SimpleNamespace(_FRAMES_PREFIX="frames.")
PICTURES = ImportedTask(1, {"frames": [{"name": "a.png"}, {"name": "b.png"}]})
VIDEO = ImportedTask(2, {"frames": [{"name": "a.mp4"}]})
FRAMES = {1: {0: {}}, 2: {0: {}}}


@pytest.mark.parametrize(
    ("tasks", "frames", "prefix"),
    [
        ([PICTURES], FRAMES, ""),
        ([VIDEO], FRAMES, "frames."),
        # what the dataset has no sample of does not count
        ([PICTURES, VIDEO], {1: {0: {}}}, ""),
        ([PICTURES, VIDEO], {2: {0: {}}}, "frames."),
    ],
    ids=["pictures", "video", "pictures only", "video only"],
)
def test_labels_of_videos_go_to_frames(tasks, frames, prefix):
    assert _prefix_of_fields(DATASET, tasks, frames) == prefix


def test_videos_and_pictures_are_imported_one_after_the_other():
    with pytest.raises(ConfigurationError, match=r"Task 2 is of a video and task 1"):
        _prefix_of_fields(DATASET, [PICTURES, VIDEO], FRAMES)
