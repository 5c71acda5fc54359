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
BOTH = {1, 2}


@pytest.mark.parametrize(
    ("tasks", "found", "prefix"),
    [
        ([PICTURES], BOTH, ""),
        ([VIDEO], BOTH, "frames."),
        # what the dataset has no sample of does not count
        ([PICTURES, VIDEO], {1}, ""),
        ([PICTURES, VIDEO], {2}, "frames."),
    ],
    ids=["pictures", "video", "pictures only", "video only"],
)
def test_labels_of_videos_go_to_frames(tasks, found, prefix):
    assert _prefix_of_fields(DATASET, tasks, found) == prefix


def test_videos_and_pictures_are_imported_one_after_the_other():
    with pytest.raises(ConfigurationError, match=r"Task 2 is of a video and task 1"):
        _prefix_of_fields(DATASET, [PICTURES, VIDEO], BOTH)
