"""Runs behind FiftyOne's own front door: its configuration, its stored runs."""

from __future__ import annotations

import fiftyone as fo
import fiftyone.core.config as foc
import pytest

from fiftyone_cvat.backend import CVATAnnotationResults
from tests import media
from tests.replay.run import Run, box, moved

SCHEMA = {"cats": {"type": "detections"}}


@pytest.fixture
def cats(dataset, tmp_path):
    for path in media.make_images(tmp_path, ("1.png", "2.png", "3.png")):
        cats = fo.Detections(detections=[box(), box("dog", 0.5)])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


@pytest.fixture
def switched(monkeypatch, server):
    """FiftyOne as it is where the environment names this package's configuration."""
    for name, value in {
        "CONFIG_CLS": "fiftyone_cvat.backend.CVATBackendConfig",
        "URL": server.url,
        "ACCESS_TOKEN": server.access_token,
        "TASK_SIZE": "2",
        "IMAGE_QUALITY": "60",
    }.items():
        monkeypatch.setenv(f"FIFTYONE_CVAT_{name}", value)
    monkeypatch.setattr(fo, "annotation_config", foc.load_annotation_config())


def test_the_switch_in_the_environment(cats, switched, server):
    results = cats.annotate("run", label_field="cats", launch_editor=False)

    assert isinstance(results, CVATAnnotationResults)
    assert len(results.task_ids) == 2
    api = results.connect_to_api()
    assert api.base_url == server.url
    meta = api.get(api.task_data_meta_url(results.task_ids[0])).json()
    assert meta["image_quality"] == 60
    ids = cats.values("cats.detections.id")
    cats.load_annotations("run", cleanup=True)
    assert cats.values("cats.detections.id") == ids
    assert not any(map(api.task_exists, results.task_ids))
    stored = str(cats.get_annotation_info("run").serialize())
    assert server.access_token not in stored


def test_a_renamed_run(cats, server):
    run = Run(cats, server, SCHEMA)
    cats.rename_annotation_run("run", "other")
    run.key = "other"
    run.change("update", shapes=[moved(run.annotations()["shapes"][0])])
    run.results = cats.load_annotation_results("other", **run.credentials)

    assert run.load() == {"cats": {"kept": 5, "changed": 1}}
    assert cats.list_annotation_runs() == ["other"]


def test_a_dataset_that_was_read_again(cats, server):
    run = Run(cats.limit(2), server, SCHEMA, task_size=1)
    run.change("delete", shapes=run.annotations()["shapes"][:1])
    cats.reload()
    cats._annotation_cache.clear()

    view = cats.load_annotation_view("run")
    run.results = results = cats.load_annotation_results("run", **run.credentials)

    assert view.values("id") == cats.limit(2).values("id")
    assert results.config.label_schema.keys() == {"cats"}
    assert run.load() == {"cats": {"kept": 3, "deleted": 1}}


def test_what_the_first_load_brought_is_known_to_the_second(cats, server):
    run = Run(cats, server, SCHEMA)
    shape = run.annotations()["shapes"][0]
    run.change("create", shapes=[{**moved(shape), "id": None, "attributes": []}])
    assert run.load() == {"cats": {"kept": 6, "added": 1}}
    cats._annotation_cache.clear()
    run.results = cats.load_annotation_results("run", **run.credentials)
    before = run.documents()

    assert run.load() == {"cats": {"kept": 7}}
    assert run.differences(before) == []

    # and what is deleted after that goes
    newest = max(run.annotations()["shapes"], key=lambda each: each["id"])
    run.change("delete", shapes=[newest])
    assert run.load() == {"cats": {"kept": 6, "deleted": 1}}
    assert run.differences() == []


def test_loading_and_cleaning_up_at_once(cats, server):
    run = Run(cats, server, SCHEMA, project_name="for one run")
    [project_id] = run.results.project_ids

    assert run.load(cleanup=True) == {"cats": {"kept": 6}}

    assert not run.api.project_exists(project_id)
    assert run.results.task_ids == []
    assert run.differences() == []
    cats.delete_annotation_run("run")
    assert cats.list_annotation_runs() == []


def test_samples_deleted_while_their_labels_are_out(cats, server):
    run = Run(cats, server, SCHEMA)
    gone = cats.first()
    cats.delete_samples([gone])
    before = run.documents()

    run.load()

    assert len(cats) == 2
    assert run.differences(before) == []


def test_samples_added_while_labels_are_out(cats, server, tmp_path):
    run = Run(cats, server, SCHEMA)
    path = media.make_image(tmp_path / "new.png")
    cats.add_sample(fo.Sample(filepath=path, cats=fo.Detections(detections=[box()])))
    before = run.documents()

    assert run.load() == {"cats": {"kept": 6}}
    assert run.differences(before) == []


def test_a_run_that_was_removed(cats, server):
    run = Run(cats, server, SCHEMA)
    cats.delete_annotation_run("run")

    with pytest.raises(ValueError, match="run"):
        cats.load_annotations("run", **run.credentials)

    assert run.differences() == []
