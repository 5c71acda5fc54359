"""What a load says where there is nothing to load, or nobody to be asked."""

from __future__ import annotations

import io

import fiftyone as fo
import pytest

import fiftyone_cvat
from fiftyone_cvat.errors import ConfigurationError
from tests import media

CONFIG = "fiftyone_cvat.backend.CVATBackendConfig"
SCHEMA = {"boxes": {"type": "detections", "classes": ["cat"], "attributes": {}}}


@pytest.fixture
def dataset(tmp_path):
    made = fo.Dataset()
    [path] = media.make_images(tmp_path, ["1.png"])
    box = fo.Detection(label="cat", bounding_box=[0.25, 0.25, 0.25, 0.25])
    made.add_sample(fo.Sample(path, boxes=fo.Detections(detections=[box])))
    yield made
    made.delete()


@pytest.fixture
def signed_in(server):
    return {"url": server.url, "access_token": "token"}


@pytest.fixture
def results(dataset, signed_in):
    settings = {"config_cls": CONFIG, "label_schema": SCHEMA, **signed_in}
    return dataset.annotate("run", backend="cvat", **settings)


def test_a_run_that_was_cleaned_up(dataset, results, signed_in, caplog, capsys):
    results.cleanup()
    capsys.readouterr()

    results.print_status()
    dataset.load_annotations("run", unexpected="keep", **signed_in)

    assert "The run has no tasks any more" in capsys.readouterr().out
    [told] = [
        each.getMessage() for each in caplog.records if each.levelname == "WARNING"
    ]
    assert told.endswith("`dataset.delete_annotation_run('run')` frees its key")
    assert "attach" not in told


def test_no_task_is_attached(dataset, results, signed_in):
    with pytest.raises(ConfigurationError, match="OLD_TASK: NEW_TASK"):
        fiftyone_cvat.attach(dataset, "run", {}, **signed_in)


def test_nobody_can_be_asked(dataset, results, signed_in, server, monkeypatch):
    [task_id] = results.task_ids
    annotations = server.tasks[task_id]["annotations"]
    drawn = {"type": "points", "points": [3.0, 4.0], "id": 987, "attributes": []}
    annotations["shapes"].append({**annotations["shapes"][0], **drawn})
    annotations["shapes"][0]["points"][0] += 1
    before = dataset.first().boxes.detections[0].bounding_box
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    with pytest.raises(ConfigurationError, match="give `unexpected` as 'ignore', "):
        fiftyone_cvat.load(dataset, "run", **signed_in)

    assert dataset.first().boxes.detections[0].bounding_box == before
    fiftyone_cvat.load(dataset, "run", unexpected="ignore", **signed_in)
    assert dataset.first().boxes.detections[0].bounding_box != before
