"""Samples that have no media file of their own are refused by name."""

from __future__ import annotations

import fiftyone as fo
import pytest

import fiftyone_cvat
from fiftyone_cvat.backend import CVATBackendConfig
from fiftyone_cvat.dataset.media_paths import MULTIMODAL
from fiftyone_cvat.errors import MediaError
from fiftyone_cvat.upload.checks import check_run

CONFIG = CVATBackendConfig("cvat", {"cats": {"type": "detections"}})


def recordings(dataset, number):
    """Fill a dataset with recordings of robots, which have no file of their own."""
    lerobot = pytest.importorskip("fiftyone.utils.lerobot")
    kind = getattr(lerobot, "LeRobotEpisodeReference", None)
    if kind is None:
        pytest.skip("this FiftyOne has no samples without a file")
    dataset._record_media_sources([{"id": "a", "kind": "lerobot-episode", "loc": "/a"}])
    dataset.add_samples(
        fo.Sample(media_reference=kind(key=f"a/{each}")) for each in range(number)
    )


def of_files(dataset, *names):
    dataset.add_samples(fo.Sample(filepath=f"/recordings/{name}") for name in names)


def test_references(dataset):
    recordings(dataset, 7)
    first = ", ".join(dataset.values("id")[:5])
    with pytest.raises(MediaError, match=f"Samples {first} and 2 more are multimodal"):
        check_run(None, dataset, CONFIG)
    view = dataset[:1]
    with pytest.raises(MediaError, match=f"Sample {view.first().id} is multimodal"):
        check_run(None, view, CONFIG)


def test_files_of_several_sensors(dataset):
    of_files(dataset, "one.mcap", "two.mcap")
    if dataset.media_type != MULTIMODAL:
        pytest.skip("this FiftyOne takes them for files of no known kind")
    with pytest.raises(MediaError, match=f"Samples {dataset.first().id}, .* multimoda"):
        check_run(None, dataset, CONFIG)


def test_tasks_are_not_imported_into_recordings(dataset):
    """It is said before anybody is asked to sign in."""
    recordings(dataset, 1)
    with pytest.raises(MediaError, match=f"Sample {dataset.first().id} is multimodal"):
        fiftyone_cvat.import_tasks(dataset, tasks=[1], url="http://127.0.0.1:1")
