"""Runs that fail on the way leave nothing behind: no task, no project, no key."""

from __future__ import annotations

from math import nan
from pathlib import Path
from urllib.parse import urlencode

import fiftyone as fo
import pytest

from fiftyone_cvat import CVATAnnotationAPI
from fiftyone_cvat.errors import (
    ConfigurationError,
    GeometryError,
    MediaError,
    SchemaError,
    ServerJobError,
    WaitTimeoutError,
)
from fiftyone_cvat.server import server_work
from tests import media
from tests.replay.run import Run, box

SCHEMA = {"cats": {"type": "detections"}}


@pytest.fixture
def cats(dataset, tmp_path):
    for path in media.make_images(tmp_path, ("first.png", "second.png")):
        cats = fo.Detections(detections=[box()])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


@pytest.fixture
def nothing_left(cats, server):
    """Check that neither the server nor the dataset knows of the run."""
    before = list(cats._sample_collection.find({}))
    yield
    assert cats.list_annotation_runs() == []
    words = {"search": cats.name.replace(" ", "_")}
    with CVATAnnotationAPI("cvat", **server.credentials) as api:
        for url in (api.tasks_url, api.projects_url):
            assert api._get_paginated_results(f"{url}?{urlencode(words)}") == []
    after = list(cats._sample_collection.find({}))
    assert [each["cats"] for each in after] == [each["cats"] for each in before]


def project_name(dataset):
    return f"project of {dataset.name.replace(' ', '_')}"


def spoil(dataset):
    """Make the last picture one that the server cannot read."""
    Path(dataset.last().filepath).write_bytes(b"\x89PNG\r\n\x1a\n no picture")


def test_no_samples(cats, server, nothing_left):
    with pytest.raises((ConfigurationError, ValueError), match="empty"):
        Run(cats.match(fo.ViewField("filepath") == "none"), server, SCHEMA)


@pytest.mark.parametrize(
    ("schema", "kwargs", "error", "words"),
    [
        pytest.param(
            {
                "cats": {
                    "type": "detections",
                    "attributes": {"a" * 65: {"type": "text"}},
                }
            },
            {},
            SchemaError,
            "65 characters",
            id="long attribute",
        ),
        pytest.param(
            SCHEMA,
            {"job_assignees": ["nessie", "yeti"]},
            ConfigurationError,
            "nessie, yeti",
            id="job assignees",
        ),
        pytest.param(
            {"cats": {"type": "detections", "classes": ["cat", " "]}},
            {},
            SchemaError,
            "cats",
            id="class without a name",
        ),
        pytest.param(
            SCHEMA, {"task_size": 0}, ConfigurationError, "task_size", id="task size"
        ),
        pytest.param(
            SCHEMA,
            {"image_quality": 101},
            ConfigurationError,
            "image_quality",
            id="quality",
        ),
    ],
)
def test_refused_in_time(cats, server, nothing_left, schema, kwargs, error, words):
    with pytest.raises(error, match=words):
        Run(cats, server, schema, **kwargs)


def test_a_sample_without_media(cats, server, nothing_left):
    sample = cats.first()
    sample["small"] = sample.filepath
    sample.save()

    with pytest.raises(MediaError):
        Run(cats, server, SCHEMA, media_field="small")


@pytest.mark.parametrize("x", [nan, float("inf")])
def test_boxes_that_lie_nowhere(cats, server, nothing_left, x):
    sample = cats.last()
    sample.cats.detections[0].bounding_box = [x, 0.1, 0.2, 0.2]
    sample.save()

    with pytest.raises(GeometryError, match=sample.id):
        Run(cats, server, SCHEMA, task_size=1)

    sample.cats.detections[0].bounding_box = [0.1, 0.2, 0.3137, 0.2718]
    sample.save()


def test_a_project_made_for_a_run_that_fails(cats, server, nothing_left):
    spoil(cats)

    with pytest.raises(ServerJobError, match="Truncated File Read"):
        Run(cats, server, SCHEMA, task_size=1, project_name=project_name(cats))


def test_a_project_that_was_there_stays(cats, server):
    with CVATAnnotationAPI("cvat", **server.credentials) as api:
        project_id = api.create_project("was there", {"cat": {}})
        spoil(cats)

        with pytest.raises(ServerJobError, match="Truncated File Read"):
            Run(cats, server, SCHEMA, task_size=1, project_name="was there")

        assert api.get_empty_projects([project_id]) == [project_id]
        assert api.project_exists(project_id)
    assert cats.list_annotation_runs() == []


def test_an_interruption_from_the_keyboard(cats, server, nothing_left, monkeypatch):
    real = CVATAnnotationAPI._upload_annotations

    def interrupted(self, *args):
        if args[-1] != first[0]:
            raise KeyboardInterrupt
        return real(self, *args)

    first: list[int] = []
    real_create = CVATAnnotationAPI.create_task

    def create_task(self, *args, **kwargs):
        made = real_create(self, *args, **kwargs)
        first.append(made[0])
        return made

    monkeypatch.setattr(CVATAnnotationAPI, "create_task", create_task)
    monkeypatch.setattr(CVATAnnotationAPI, "_upload_annotations", interrupted)

    with pytest.raises(KeyboardInterrupt):
        Run(cats, server, SCHEMA, task_size=1)

    assert len(first) == 2


def test_work_that_does_not_end_in_time(cats, server, nothing_left, monkeypatch):
    monkeypatch.setattr(server_work, "_finished", lambda *args: None)

    with pytest.raises(WaitTimeoutError, match="task"):
        Run(cats, server, SCHEMA, wait_timeout=0.1)


def test_the_same_key_works_after_a_failure(cats, server):
    good = Path(cats.last().filepath).read_bytes()
    spoil(cats)
    with pytest.raises(ServerJobError):
        Run(cats, server, SCHEMA)
    Path(cats.last().filepath).write_bytes(good)

    run = Run(cats, server, SCHEMA)

    assert run.load() == {"cats": {"kept": 2}}
    assert run.differences() == []
