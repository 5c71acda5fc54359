"""Runs whose tasks are created side by side: order, failures, and late answers."""

from __future__ import annotations

import json
import re
import threading
import time

import fiftyone as fo
import pytest

import fiftyone_cvat
from fiftyone_cvat import resume
from fiftyone_cvat.errors import ServerJobError
from fiftyone_cvat.server.run_jobs import SINCE_FRAMES_MOVE_DATES
from fiftyone_cvat.transport import side_by_side
from fiftyone_cvat.upload.run_upload import RunUpload
from tests import media

CONFIG = "fiftyone_cvat.backend.CVATBackendConfig"
SCHEMA = {"boxes": {"type": "detections", "classes": ["cat"], "attributes": {}}}
COUNT = 7


@pytest.fixture
def dataset(tmp_path):
    made = fo.Dataset()
    names = [f"{number}.png" for number in range(COUNT)]
    for number, path in enumerate(media.make_images(tmp_path, names)):
        boxes = [
            fo.Detection(label="cat", bounding_box=[0.25, 0.25, 0.25, 0.25])
            for _ in range(number)
        ]
        made.add_sample(fo.Sample(str(path), boxes=fo.Detections(detections=boxes)))
    yield made
    made.delete()


def credentials(server):
    return {"url": server.url, "access_token": "token"}


def annotate(dataset, server, **more):
    return dataset.annotate(
        "run",
        backend="cvat",
        config_cls=CONFIG,
        label_schema=SCHEMA,
        task_size=1,
        task_name="name",
        **credentials(server),
        **more,
    )


def names(server):
    return [each["task"]["name"] for each in server.tasks.values()]


def in_order(server, results):
    return [server.tasks[each]["task"]["name"] for each in results.task_ids]


ALL = [f"name_{number + 1}" for number in range(COUNT)]


@pytest.mark.parametrize("workers", [1, 3, 16])
def test_results_have_the_order_of_the_samples(dataset, server, workers):
    under_way, most = [0], [0]
    lock = threading.Lock()

    def watch(method, path, done):
        if method == "PUT":
            with lock:
                under_way[0] += -1 if done else 1
                most[0] = max(most[0], under_way[0])
            # the first tasks last longest
            time.sleep(0 if done else 0.3 / int(re.search(r"/tasks/(\d+)", path)[1]))

    server.watch = watch
    before = list(dataset._sample_collection.find({}))

    results = annotate(dataset, server, max_workers=workers)

    assert (most[0] > 1) == (workers > 1)
    assert in_order(server, results) == ALL
    shapes = [
        len(server.tasks[each]["annotations"]["shapes"]) for each in results.task_ids
    ]
    assert shapes == list(range(COUNT))
    assert [*results.frame_id_map] == results.task_ids == [*results.job_ids]
    assert results.labels_task_map == {"boxes": results.task_ids}
    dataset.load_annotations("run", unexpected="keep", **credentials(server))
    assert list(dataset._sample_collection.find({})) == before


def fail_at(server, monkeypatch, name):
    """Let the server fail to build one task; the ones after it are slow."""
    real = server.answer_task

    def answer(method, path, query, body, task_id):
        own = server.tasks[task_id]["task"]["name"]
        if "/requests/" in path and own.startswith(name):
            return 200, {"id": "1", "status": "failed", "message": "no picture"}
        return real(method, path, query, body, task_id)

    monkeypatch.setattr(server, "answer_task", answer)


def test_a_failure_deletes_all_tasks(dataset, server, monkeypatch):
    fail_at(server, monkeypatch, "name_4")
    created = []
    real = server.add_task
    monkeypatch.setattr(
        server,
        "add_task",
        lambda given: created.append(given["name"]) or real(given),
    )

    with pytest.raises(ServerJobError, match="no picture") as caught:
        annotate(dataset, server, max_workers=2)

    where = "The upload of run 'run' stopped at task 4 of 7 ('name_4')"
    assert where in caught.value.__notes__
    assert names(server) == []
    assert set(ALL[:4]) <= set(created)
    assert dataset.list_annotation_runs() == []


def test_a_failure_keeps_finished_tasks(dataset, server, monkeypatch):
    with monkeypatch.context() as patch:
        fail_at(server, patch, "name_4")
        with pytest.raises(ServerJobError):
            annotate(dataset, server, max_workers=3, on_failure="keep")
    stayed = dict(server.tasks)
    assert "name_4" not in names(server)

    results = resume(dataset, "run", **credentials(server))

    assert stayed.keys() <= server.tasks.keys() == set(results.task_ids)
    assert sorted(names(server)) == ALL


def test_finished_tasks_stay_whichever_fails(dataset, server, monkeypatch):
    """The first task fails when the two beside it are done."""
    done = threading.Event()
    end = time.monotonic() + 10
    finish = RunUpload._finish_task

    def note(*args):
        finish(*args)
        if len(server.tasks) > 2 and names(server).count("name_1") == 0:
            done.set()

    real = server.answer_task

    def answer(method, path, query, body, task_id):
        own = server.tasks[task_id]["task"]["name"]
        if "/requests/" in path and own.startswith("name_1"):
            # nothing may wait here: a server answers one request after the other
            state = "failed" if done.is_set() or time.monotonic() > end else "started"
            return 200, {"id": "1", "status": state, "message": "no picture"}
        return real(method, path, query, body, task_id)

    with monkeypatch.context() as patch:
        patch.setattr(RunUpload, "_finish_task", note)
        patch.setattr(server, "answer_task", answer)
        with pytest.raises(ServerJobError) as caught:
            annotate(dataset, server, max_workers=3, on_failure="keep")
    stayed = dict(server.tasks)
    assert len(stayed) >= 2
    assert "name_1" not in {each["task"]["name"] for each in stayed.values()}
    where = "The upload of run 'run' stopped at task 1 of 7 ('name_1')"
    assert where in caught.value.__notes__

    resume(dataset, "run", **credentials(server))

    assert stayed.keys() <= server.tasks.keys()
    assert sorted(names(server)) == ALL


def test_each_creation_without_an_answer_is_told(dataset, server, monkeypatch):
    creating = threading.Barrier(5)

    def watch(method, path, done):
        if method == "POST" and path.endswith("/tasks") and not done:
            creating.wait(10)
            time.sleep(5)

    server.watch = watch

    def press(ended):
        creating.wait(10)
        raise KeyboardInterrupt

    monkeypatch.setattr(side_by_side, "_next", press)
    with pytest.raises(KeyboardInterrupt) as caught:
        annotate(dataset, server, max_workers=4)

    notes = " ".join(caught.value.__notes__)
    assert [each for each in ALL if f"'{each}' at" in notes] == ALL[:4]


def test_what_is_created_after_ctrl_c_is_deleted(dataset, server, monkeypatch):
    answered = threading.Event()

    def watch(method, path, done):
        if method == "POST" and path.endswith("/tasks") and len(server.tasks) > 1:
            if done:
                answered.set()
            else:
                time.sleep(2.5)

    server.watch = watch

    def press(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(RunUpload, "_finish_task", press)
    with pytest.raises(KeyboardInterrupt) as caught:
        annotate(dataset, server, max_workers=3)

    notes = " ".join(caught.value.__notes__)
    assert f"at {server.url}/api/tasks: look for it there" in notes
    end = time.monotonic() + 20
    while not (answered.is_set() and not server.tasks):
        assert time.monotonic() < end, json.dumps(names(server))
        time.sleep(0.05)


def asked_at_once(dataset, server, **settings):
    """Load the run; return the most requests for parts of tasks under way at once."""
    under_way, most = [0], [0]
    lock = threading.Lock()

    def watch(method, path, done):
        parts = r"annotations$|/data/meta$|/labels"
        if not done and re.search(parts, path.split("?")[0]):
            with lock:
                under_way[0] += 1
                most[0] = max(most[0], under_way[0])
            time.sleep(0.3)
            # before the client has its answer, and asks for more
            with lock:
                under_way[0] -= 1

    server.watch = watch
    fiftyone_cvat.load(dataset, "run", **settings, **credentials(server))
    return most[0]


@pytest.mark.parametrize(("workers", "most"), [(1, 1), (2, 1), (4, 3), (9, 9)])
def test_parts_of_few_tasks_are_asked_for_at_once(dataset, server, workers, most):
    """Never for more than `max_workers` at a time, and all of the few that changed."""
    results = annotate(dataset, server, max_workers=workers)
    for record in server.tasks.values():
        # its dates tell of deleted frames, too: there is no need to ask for them
        record["task"][SINCE_FRAMES_MOVE_DATES] = None
    loaded = asked_at_once(dataset, server)
    assert loaded <= min(workers, COUNT)
    changed = results.task_ids[: max(1, workers // 3)]
    for task_id in changed:
        server.tasks[task_id]["task"]["updated_date"] = "2031-01-01T00:00:00Z"

    again = asked_at_once(dataset, server)

    assert again == most
