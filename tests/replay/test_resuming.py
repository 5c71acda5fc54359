"""Runs that keep what is finished when they stop, and go on from there."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import fiftyone as fo
import fiftyone.core.config as foc
import pytest
from typer.testing import CliRunner

from fiftyone_cvat import CVATAnnotationAPI, cli, resume
from fiftyone_cvat.backend import CVATBackend
from fiftyone_cvat.errors import ConfigurationError, ServerJobError
from fiftyone_cvat.upload import run_upload
from fiftyone_cvat.upload.rollback import Rollback
from tests import media
from tests.replay.run import Run, box

SCHEMA = {"cats": {"type": "detections"}}
NAMES = ("1.png", "2.png", "3.png")
TOKEN = "0123abcd"


class Killed(BaseException):
    """The end of the process: nothing runs after it."""


@pytest.fixture
def cats(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(run_upload.secrets, "token_hex", lambda _: TOKEN)
    for number, path in enumerate(media.make_images(tmp_path, NAMES)):
        boxes = [box(x=0.1 * number, score=0.5), box("dog", x=0.5)]
        cats = fo.Detections(detections=boxes)
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


@pytest.fixture
def api(server):
    with CVATAnnotationAPI("cvat", **server.credentials) as api:
        yield api


def names_on_server(api, url, dataset):
    words = urlencode({"search": dataset.name.replace(" ", "_")})
    return sorted(each["name"] for each in api._get_paginated_results(f"{url}?{words}"))


def task_names(dataset, *numbers):
    name = dataset.name.replace(" ", "_")
    return [f"FiftyOne_{name}_{number}" for number in numbers]


def kill(monkeypatch, method, turn):
    """End the process, as far as the server and the database see it, in some call."""
    owner = Rollback if method == "save_progress" else CVATAnnotationAPI
    real = getattr(owner, method)
    turns = iter(range(1, 100))

    def killed(self, *args, **kwargs):
        if next(turns) == turn:
            raise Killed
        return real(self, *args, **kwargs)

    monkeypatch.setattr(owner, method, killed)
    monkeypatch.setattr(Rollback, "stop", lambda *args: None)


def as_another_process(dataset):
    getattr(dataset, CVATBackend._results_cache_field()).clear()
    dataset.reload()


def check_complete(dataset, server, api, before):
    """Check that a run has all of its tasks, once, and that its labels come back."""
    assert names_on_server(api, api.tasks_url, dataset) == task_names(dataset, 1, 2, 3)
    dataset.load_annotations("run", unexpected="keep", **server.credentials)
    results = dataset.load_annotation_results("run", **server.credentials)
    assert results.progress is None
    assert results.reconciliation.totals("cats")["kept"] == 6
    after = list(dataset._sample_collection.find({}))
    assert [each["cats"] for each in after] == [each["cats"] for each in before]


@pytest.mark.in_order
@pytest.mark.older_servers
def test_a_task_that_fails_leaves_the_finished_ones(cats, server, api):
    before = list(cats._sample_collection.find({}))
    spoiled = Path(cats.values("filepath")[1])
    good = spoiled.read_bytes()
    spoiled.write_bytes(b"\x89PNG\r\n\x1a\n no picture")

    with pytest.raises(ServerJobError) as failure:
        Run(cats, server, SCHEMA, task_size=1, on_failure="keep")

    notes = " ".join(failure.value.__notes__)
    assert "stopped at task 2 of 3" in notes
    assert "1 of 3 tasks are finished and kept" in notes
    assert names_on_server(api, api.tasks_url, cats) == task_names(cats, 1)

    spoiled.write_bytes(good)
    as_another_process(cats)
    first = list(cats.load_annotation_results("run", **server.credentials).task_ids)

    results = resume(cats, "run", **server.credentials)

    assert results.task_ids[:1] == first
    assert len(results.task_ids) == 3
    check_complete(cats, server, api, before)
    with pytest.raises(ConfigurationError, match="complete"):
        resume(cats, "run", **server.credentials)


@pytest.mark.in_order
@pytest.mark.parametrize(
    ("method", "turn", "left"),
    [
        pytest.param("create_task", 1, [], id="before the first task"),
        pytest.param("upload_data", 2, [1, 2], id="before the media"),
        pytest.param("_upload_annotations", 2, [1, 2], id="before the labels"),
        pytest.param("patch", 2, [1, 2], id="before a name"),
        pytest.param("save_progress", 4, [1, 2, 3], id="before it is saved"),
        pytest.param("patch", 3, [1, 2, 3], id="before the last name"),
    ],
)
def test_a_process_that_was_killed(cats, server, api, monkeypatch, method, turn, left):
    before = list(cats._sample_collection.find({}))
    with monkeypatch.context() as patch:
        kill(patch, method, turn)
        with pytest.raises(Killed):
            Run(cats, server, SCHEMA, task_size=1, on_failure="keep")
    found = names_on_server(api, api.tasks_url, cats)
    assert [each.removesuffix(f" [{TOKEN}]") for each in found] == task_names(
        cats, *left
    )

    as_another_process(cats)
    resume(cats, "run", **server.credentials)

    check_complete(cats, server, api, before)


@pytest.mark.parametrize(
    ("method", "turn"),
    [
        pytest.param("save_progress", 2, id="before it is saved"),
        pytest.param("patch", 1, id="before its name"),
    ],
)
def test_a_process_that_was_killed_at_its_project(
    cats, server, api, monkeypatch, method, turn
):
    before = list(cats._sample_collection.find({}))
    name = f"project of {cats.name.replace(' ', '_')}"
    with monkeypatch.context() as patch:
        kill(patch, method, turn)
        with pytest.raises(Killed):
            Run(
                cats,
                server,
                SCHEMA,
                task_size=1,
                project_name=name,
                on_failure="keep",
            )
    as_another_process(cats)

    results = resume(cats, "run", **server.credentials)

    assert names_on_server(api, api.projects_url, cats) == [name]
    check_complete(cats, server, api, before)
    results.cleanup()
    assert names_on_server(api, api.projects_url, cats) == []


@pytest.mark.in_order
@pytest.mark.parametrize("turn", [1, 3, 4])
def test_names_as_long_as_names_may_be(cats, server, api, monkeypatch, turn):
    """The mark of what is unfinished has no room in them."""
    name = cats.name.replace(" ", "_").ljust(256, "x")
    names = [f"{name[:254]}_{number}" for number in (1, 2, 3)]
    with monkeypatch.context() as patch:
        kill(patch, "patch", turn)
        with pytest.raises(Killed):
            Run(
                cats,
                server,
                SCHEMA,
                task_size=1,
                task_name=name,
                project_name=name,
                on_failure="keep",
            )
    as_another_process(cats)

    results = resume(cats, "run", url=server.url, access_token=server.access_token)

    assert names_on_server(api, api.projects_url, cats) == [name]
    assert names_on_server(api, api.tasks_url, cats) == names
    found = [api.task_summary(each)["name"] for each in results.task_ids]
    assert found == names


def test_what_is_finished_can_be_loaded(cats, server, monkeypatch, caplog):
    with monkeypatch.context() as patch:
        kill(patch, "_upload_annotations", 2)
        with pytest.raises(Killed):
            Run(cats, server, SCHEMA, task_size=1, on_failure="keep")
    as_another_process(cats)
    before = list(cats._sample_collection.find({}))

    cats.load_annotations("run", **server.credentials)

    assert "2 tasks of run 'run' are not on the server yet" in caplog.text
    after = list(cats._sample_collection.find({}))
    assert [each["cats"] for each in after] == [each["cats"] for each in before]
    # and the rest goes up all the same
    assert len(resume(cats, "run", **server.credentials).task_ids) == 3


def test_fields_that_are_not_what_they_were(cats, server, api, monkeypatch):
    with monkeypatch.context() as patch:
        kill(patch, "_upload_annotations", 2)
        with pytest.raises(Killed):
            Run(cats, server, SCHEMA, task_size=1, on_failure="keep")
    before = names_on_server(api, api.tasks_url, cats)
    cats.rename_sample_field("cats", "pets")
    with pytest.raises(ConfigurationError, match="deleted or renamed: cats"):
        resume(cats, "run", **server.credentials)

    cats.set_values("cats", [fo.Classification(label="cat")] * len(cats))
    with pytest.raises(ConfigurationError, match="of type Classification now"):
        resume(cats, "run", **server.credentials)

    assert names_on_server(api, api.tasks_url, cats) == before
    cats.load_annotation_results("run", **server.credentials).cleanup()
    assert names_on_server(api, api.tasks_url, cats) == []


def test_videos_deleted_before_their_tasks_are_there(
    dataset, server, api, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(run_upload.secrets, "token_hex", lambda _: TOKEN)
    for number in (1, 2):
        path = media.copy_video(tmp_path / f"{number}.mp4", 5)
        sample = fo.Sample(filepath=path)
        sample.frames[1] = fo.Frame(cats=fo.Detections(detections=[box(index=1)]))
        dataset.add_sample(sample)
    with monkeypatch.context() as patch:
        kill(patch, "create_task", 2)
        with pytest.raises(Killed):
            Run(dataset, server, {"frames.cats": SCHEMA["cats"]}, on_failure="keep")
    as_another_process(dataset)
    dataset.delete_samples([dataset.last().id])

    results = resume(dataset, "run", **server.credentials)

    [name] = task_names(dataset, 2)
    assert f"Task '{name}' is left out: its samples are deleted" in caplog.text
    assert names_on_server(api, api.tasks_url, dataset) == task_names(dataset, 1)
    assert (len(results.task_ids), results.progress) == (1, None)


def test_the_command(cats, server, api, monkeypatch):
    before = list(cats._sample_collection.find({}))
    with monkeypatch.context() as patch:
        kill(patch, "_upload_annotations", 2)
        with pytest.raises(Killed):
            Run(cats, server, SCHEMA, task_size=1, on_failure="keep")
    as_another_process(cats)
    monkeypatch.setenv("FIFTYONE_CVAT_ACCESS_TOKEN", server.access_token)
    monkeypatch.setattr(fo, "annotation_config", foc.load_annotation_config())

    result = CliRunner().invoke(cli.app, ["resume", cats.name, "run"])

    assert result.output.endswith("Run 'run' is complete: 3 tasks\n")
    assert result.exit_code == 0
    check_complete(cats, server, api, before)
