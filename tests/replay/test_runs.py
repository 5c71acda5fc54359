"""Runs: tasks and jobs, results that are stored, read again, and cleaned up."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat import adopt_run
from fiftyone_cvat.backend import CVATAnnotationResults
from tests import media
from tests.replay.run import Run, box, moved

SCHEMA = {"cats": {"type": "detections"}}


@pytest.fixture
def cats(dataset, tmp_path):
    names = [f"{number}.png" for number in range(5)]
    for path in media.make_images(tmp_path, names):
        cats = fo.Detections(detections=[box(), box("dog", 0.5)])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


def test_what_the_form_of_the_app_says(cats, server, caplog):
    """It sends one text, with commas, under a name of its own."""
    both = f"{server.username}, {server.other_user}"
    run = Run(cats[:2], server, SCHEMA, segment_size=1, job_assignee=both)

    jobs = run.results.get_status()["cats"][run.task_id]["jobs"]
    in_order = [jobs[each] for each in run.results.job_ids[run.task_id]]
    who = [each["assignee"]["username"] for each in in_order]
    assert who == [server.username, server.other_user]
    assert "job_assignee" not in caplog.text


def test_nobody_gets_some_tasks_and_jobs(cats, server, caplog):
    run = Run(
        cats,
        server,
        SCHEMA,
        task_size=3,
        segment_size=2,
        issue_tracker=(None, "https://example.com/2"),
        task_assignee=[server.username, None],
        job_assignees=(None, server.other_user),
        job_reviewers=[None, "ann"],
    )
    results = run.results

    tasks = [run.api.get(run.api.task_url(each)).json() for each in results.task_ids]
    who = [each["assignee"] and each["assignee"]["username"] for each in tasks]
    assert who == [server.username, None]
    assert [each["bug_tracker"][-1:] for each in tasks] == ["", "2"]
    jobs = results.get_status()["cats"][results.task_ids[0]]["jobs"]
    first, second = (jobs[each] for each in results.job_ids[results.task_ids[0]])
    assert first["assignee"] is None
    assert second["assignee"]["username"] == server.other_user
    assert "CVAT 2 has no job reviewers: ignoring ann" in caplog.text


@pytest.mark.older_servers
def test_tasks_and_jobs(cats, server):
    run = Run(
        cats,
        server,
        SCHEMA,
        task_size=3,
        segment_size=2,
        task_name="Katzen ü",
        issue_tracker=["https://example.com/1", "https://example.com/2"],
        task_assignee=server.username,
        job_assignees=[server.username, server.other_user],
    )
    results = run.results
    assert [len(results.job_ids[each]) for each in results.task_ids] == [2, 1]

    status = results.get_status()["cats"]

    assert [each["name"] for each in status.values()] == ["Katzen ü_1", "Katzen ü_2"]
    assert {each["assignee"]["username"] for each in status.values()} == {
        server.username
    }
    jobs = status[results.task_ids[0]]["jobs"]
    in_order = [jobs[each] for each in results.job_ids[results.task_ids[0]]]
    assert [each["start_frame"] for each in in_order] == [0, 2]
    assert [each["assignee"]["username"] for each in in_order] == [
        server.username,
        server.other_user,
    ]
    tasks = [run.api.get(run.api.task_url(each)).json() for each in results.task_ids]
    assert [each["bug_tracker"][-1] for each in tasks] == ["1", "2"]
    assert run.load() == {"cats": {"kept": 10}}
    assert run.differences() == []


def test_status_is_printed(cats, server, capsys):
    run = Run(cats, server, SCHEMA)
    capsys.readouterr()

    run.results.print_status()

    printed = capsys.readouterr().out
    assert f"    Task {run.task_id} " in printed
    assert run.api.base_task_url(run.task_id) in printed


def test_editor(cats, server, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda url, new: opened.append(url))
    run = Run(cats, server, SCHEMA, launch_editor=True)

    run.results.launch_editor()

    job = run.results.job_ids[run.task_id][0]
    assert opened == [f"{server.url}/tasks/{run.task_id}/jobs/{job}"] * 2


def test_deleted_tasks(cats, server):
    run = Run(cats, server, SCHEMA, task_size=2)
    first, second, third = run.results.task_ids
    run.results.delete_tasks([second])
    assert run.results.task_ids == [first, third]
    run.api.delete_task(first)

    assert run.load() == {"cats": {"kept": 2}}

    assert run.differences() == []
    assert run.results.task_ids == [third]
    assert run.results.get_status()["cats"].keys() == {third}
    run.results.cleanup()
    assert not run.api.task_exists(third)
    assert run.results.task_ids == []


def test_results_from_the_database(cats, server):
    run = Run(cats, server, SCHEMA, task_size=3)
    cats._annotation_cache.clear()

    results = cats.load_annotation_results("run", **run.credentials)

    assert isinstance(results, CVATAnnotationResults)
    assert results is not run.results
    for name in ("id_map", "server_id_map", "task_ids", "job_ids", "frame_id_map"):
        assert getattr(results, name) == getattr(run.results, name)
    run.results = results
    # every label id is lost: the server's own ids are what is left
    for task_id in results.task_ids:
        shapes = run.annotations(task_id)["shapes"]
        cleared = [{**moved(each, 20.0), "attributes": []} for each in shapes]
        run.change("update", task_id, shapes=cleared)
    assert run.load() == {"cats": {"changed": 10}}


def test_nothing_secret_is_stored(cats, server):
    run = Run(cats, server, SCHEMA, username="annie", password="swordfish-1")
    run_doc = cats._doc.annotation_runs["run"]
    run_doc.results.seek(0)
    stored = f"{run_doc.to_mongo()} {run_doc.results.read()}"

    assert run.task_id
    for secret in (server.access_token, "annie", "swordfish-1"):
        assert secret not in stored


@pytest.mark.parametrize("dest_field", ["copy", {"cats": "copy"}])
def test_other_field(cats, server, dest_field):
    run = Run(cats, server, SCHEMA)
    shape = run.annotations()["shapes"][0]
    run.change("update", shapes=[moved(shape)])

    run.load(dest_field=dest_field)

    assert run.differences() == []
    ids = cats.values("cats.detections.id", unwind=True)
    assert sorted(cats.values("copy.detections.id", unwind=True)) == sorted(ids)
    before = run.documents()
    run.load(dest_field=dest_field)
    assert run.differences(before) == []


def test_run_of_the_built_in_is_finished_here(cats, server, monkeypatch):
    # its requests verify no certificate, which is no matter on loopback
    results = cats.annotate(
        "run",
        label_schema=SCHEMA,
        backend="cvat",
        config_cls="fiftyone.utils.cvat.CVATBackendConfig",
        url=server.url,
        username=server.username,
        password=server.password,
    )
    assert not isinstance(results, CVATAnnotationResults)

    adopt_run(cats, "run")

    results = cats.load_annotation_results("run", **server.credentials)
    assert isinstance(results, CVATAnnotationResults)
    api = results.connect_to_api()
    url = api.task_annotation_url(results.task_ids[0])
    shapes = api.get(url).json()["shapes"]
    gone = {"version": 0, "tags": [], "tracks": [], "shapes": shapes[:1]}
    api.patch(url, params={"action": "delete"}, json=gone)
    ids = cats.values("cats.detections.id", unwind=True)
    cats.load_annotations("run", **server.credentials)
    assert cats.values("cats.detections.id", unwind=True) == ids[1:]
    adopt_run(cats, "run")
    results.cleanup()


def test_two_runs_do_not_disturb_each_other(cats, server):
    first = Run(cats.limit(3), server, SCHEMA)
    second = Run(cats.skip(2), server, SCHEMA, key="second")
    shape = second.annotations()["shapes"][-1]
    second.change("update", shapes=[moved(shape)])

    assert second.load() == {"cats": {"kept": 5, "changed": 1}}
    assert first.load() == {"cats": {"kept": 6}}
    assert len([each for each in first.differences() if each[0] == "cats"]) == 1
