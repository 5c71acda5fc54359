"""A second load reads the tasks that have changed on the server, and no others."""

from __future__ import annotations

import fiftyone as fo
import pytest
import urllib3

import fiftyone_cvat
from tests import media
from tests.replay.run import Run, box, moved
from tests.replay.test_attachment import finished
from tests.replay.test_moved import new_project, plain

DETECTIONS = {"cats": {"type": "detections"}}
UNCHANGED = "Nothing has changed in CVAT since the last load"


@pytest.fixture
def cats(dataset, tmp_path):
    """Two pictures of a cat each."""
    for path in media.make_images(tmp_path, ["a.png", "b.png"]):
        cats = fo.Detections(detections=[box()])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


@pytest.fixture
def run(cats, server):
    """Two tasks, which have been loaded."""
    run = Run(cats, server, DETECTIONS, task_size=1)
    assert load(run) == {"cats": {"kept": 2}}
    return run


def load(run, **kwargs):
    kwargs = {"unexpected": "keep", **run.credentials, **kwargs}
    fiftyone_cvat.load(run.dataset, run.key, **kwargs)
    counts = run.results.reconciliation
    return {
        name: {what: n for what, n in counts.totals(name).items() if n}
        for name in counts.counts
    }


def job_ids(run, task_id):
    jobs = run.api._get_annotation_jobs(task_id)
    return [job["id"] for job in sorted(jobs, key=lambda job: job["start_frame"])]


def first_shape(run, task_id):
    return min(run.annotations(task_id)["shapes"], key=lambda shape: shape["id"])


def update(run, task_id):
    run.change("update", task_id, shapes=[moved(first_shape(run, task_id))])


def create(run, task_id):
    new = first_shape(run, task_id) | {"id": None, "attributes": []}
    run.change("create", task_id, shapes=[new])


def delete(run, task_id):
    run.change("delete", task_id, shapes=[first_shape(run, task_id)])


def put(run, task_id):
    url = run.api.task_annotation_url(task_id)
    body = run.annotations(task_id)
    shapes = [moved(each) for each in body["shapes"]]
    for each in shapes:
        del each["id"]
    body["shapes"] = shapes
    run.api.put(url, json=body)


def by_job(run, task_id):
    url = run.api.job_annotation_url(job_ids(run, task_id)[0])
    shape = moved(run.api.get(url).json()["shapes"][0])
    body = {"version": 0, "tags": [], "shapes": [shape], "tracks": []}
    run.api.patch(url, params={"action": "update"}, json=body)


def clear_job(run, task_id):
    run.api.delete(run.api.job_annotation_url(job_ids(run, task_id)[0]))


def delete_frame(run, task_id):
    run.api.patch(run.api.task_data_meta_url(task_id), json={"deleted_frames": [0]})


def rename_label(run, task_id):
    label = next(
        each for each in run.api._get_task_labels(task_id) if each["name"] == "cat"
    )
    url = f"{run.api.base_api_url}/labels/{label['id']}"
    run.api.patch(url, json={"name": "lion"})


def delete_label(run, task_id):
    label = next(
        each for each in run.api._get_task_labels(task_id) if each["name"] == "cat"
    )
    run.api.delete(f"{run.api.base_api_url}/labels/{label['id']}")


def import_file(run, task_id):
    """Import a file of annotations, which takes the place of those that are there."""
    meta = run.api.get(run.api.task_data_meta_url(task_id)).json()
    [frame] = meta["frames"]
    shape = first_shape(run, task_id)
    label_id = shape["attributes"][0]["value"]
    text = (
        "<annotations><version>1.1</version>"
        f'<image id="0" name="{frame["name"]}" width="{frame["width"]}" '
        f'height="{frame["height"]}">'
        '<box label="cat" occluded="0" source="manual" xtl="2" ytl="2" xbr="20" '
        f'ybr="20" z_order="0"><attribute name="label_id">{label_id}</attribute></box>'
        "</image></annotations>"
    )
    begun = run.api.post(
        run.api.task_annotation_url(task_id),
        params={"format": "CVAT 1.1"},
        files={"annotation_file": ("annotations.xml", text.encode())},
    ).json()
    finished(run.api, begun["rq_id"])


def move_to_project(run, task_id):
    """Move a task to a project, where its labels and their attributes are others."""
    labels = [plain(each) for each in run.api._get_task_labels(task_id)]
    project_id = new_project(run, labels)
    run.api.patch(run.api.task_url(task_id), json={"project_id": project_id})


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (update, {"changed": 1}),
        (create, {"kept": 1, "added": 1}),
        (delete, {"deleted": 1}),
        (put, {"changed": 1}),
        (by_job, {"changed": 1}),
        (clear_job, {"deleted": 1}),
        (delete_frame, {"kept": 1}),
        (rename_label, {"changed": 1}),
        (delete_label, {"deleted": 1}),
        (import_file, {"changed": 1}),
        (move_to_project, {"kept": 1}),
    ],
)
def test_every_change_arrives(run, change, counts):
    task_ids = list(run.results.task_ids)
    change(run, task_ids[1])

    assert load(run) == {"cats": counts}

    assert run.results.reconciliation.tasks_as_loaded == 1
    assert run.results.task_ids == task_ids
    before = run.documents()
    assert load(run) == {}
    assert run.results.reconciliation.tasks_as_loaded == 2
    assert run.results.reconciliation.lines() == [UNCHANGED]
    assert run.differences(before) == []


@pytest.mark.older_servers
def test_a_frame_that_is_restored(run):
    [*_, task_id] = run.results.task_ids
    update(run, task_id)
    delete_frame(run, task_id)
    assert load(run) == {"cats": {"kept": 1}}

    url = run.api.task_data_meta_url(task_id)
    run.api.patch(url, json={"deleted_frames": []})

    assert load(run) == {"cats": {"changed": 1}}
    assert load(run) == {}


@pytest.fixture
def shown(run, capsys, caplog, monkeypatch):
    """What a load tells; no bar of FiftyOne's is shown, which would be an empty one."""
    monkeypatch.setattr(fo.config, "show_progress_bars", True)
    caplog.set_level("INFO", "fiftyone_cvat")
    capsys.readouterr()  # of the first load

    def lines():
        assert capsys.readouterr() == ("", "")
        told = [
            each.getMessage()
            for each in caplog.records
            if each.name.startswith("fiftyone")
        ]
        caplog.clear()
        return told

    return lines


@pytest.mark.older_servers
def test_nothing_is_read_of_what_has_not_changed(
    run, server_version, monkeypatch, shown
):
    schema = run.results.config.label_schema
    before = [*schema]
    asked = []
    real_urlopen = urllib3.HTTPConnectionPool.urlopen

    def urlopen(self, method, url, *args, **kwargs):
        asked.append(f"{method} {url.split('?')[0]}")
        return real_urlopen(self, method, url, *args, **kwargs)

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", urlopen)
    load(run)

    # older servers do not date a task anew when its frames are deleted
    frames = [f"GET /api/tasks/{each}/data/meta" for each in run.results.task_ids]
    assert sorted(asked) == ["GET /api/tasks", *(frames if server_version else [])]
    assert shown() == ["Downloading labels from CVAT...", UNCHANGED]
    assert run.results.config.label_schema is schema
    assert [*schema] == before


def test_all_are_read_on_demand(run):
    assert load(run, refresh=True) == {"cats": {"kept": 2}}
    assert run.load() == {"cats": {"kept": 2}}


def test_in_another_process(run):
    update(run, run.results.task_ids[0])
    run.dataset._annotation_cache.clear()
    run.results = run.dataset.load_annotation_results("run", **run.credentials)

    assert load(run) == {"cats": {"changed": 1}}
    assert run.results.reconciliation.tasks_as_loaded == 1


def test_into_another_field(run):
    update(run, run.results.task_ids[0])

    assert load(run, dest_field="other") == {"cats": {"kept": 1, "changed": 1}}
    assert run.dataset.count("other.detections") == 2
    # that says nothing of the field itself
    assert load(run) == {"cats": {"kept": 1}}
    assert run.results.reconciliation.tasks_as_loaded == 1


def test_jobs_one_after_the_other(cats, server):
    run = Run(cats, server, DETECTIONS, segment_size=1)
    first, second = job_ids(run, run.task_id)

    assert load(run, jobs=first)["cats"] == {"kept": 2}
    assert run.results.reconciliation.tasks_as_loaded == 0
    assert load(run, jobs=first) == {}
    assert run.results.reconciliation.tasks_as_loaded == 1
    load(run, jobs=second)
    assert run.results.reconciliation.tasks_as_loaded == 0
    load(run)
    assert run.results.reconciliation.tasks_as_loaded == 1
    update(run, run.task_id)
    load(run, jobs=second)
    assert run.results.reconciliation.tasks_as_loaded == 0
    assert run.differences() == []
    assert load(run)["cats"] == {"kept": 1, "changed": 1}


def test_what_was_left_out_is_read_again(run):
    line = {"type": "polyline", "points": [1, 1, 9, 9, 9, 3]}
    shape = first_shape(run, run.task_id) | {"id": None, "attributes": []}
    run.change("create", shapes=[shape | line])
    load(run, unexpected="ignore")
    assert not run.dataset.has_field("polylines")

    assert load(run) == {"cats": {"kept": 1}, "polylines": {"added": 1}}

    assert load(run) == {}


def test_a_merge_that_was_stopped(run, monkeypatch):
    update(run, run.task_id)
    with monkeypatch.context() as context:
        context.setattr(run.results.backend, "save_run_results", _fail)
        with pytest.raises(ZeroDivisionError):
            load(run)

    assert "cats" in load(run)
    assert run.results.reconciliation.tasks_as_loaded == 1


def _fail(*_args, **_kwargs):
    raise ZeroDivisionError


def test_tasks_that_are_gone(run, shown):
    first, second = run.results.task_ids
    run.api.delete_task(first)

    assert load(run) == {}

    [*_, skipped, nothing] = shown()
    assert "no longer exists" in skipped
    assert nothing == "CVAT shows none of the tasks to be loaded: nothing is loaded"
    assert run.results.task_ids == [second]
