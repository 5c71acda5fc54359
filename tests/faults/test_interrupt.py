"""Ctrl-C at some moments of a run: how soon it ends, and what is left."""

from __future__ import annotations

import os
import re
import signal
import threading
import time

import fiftyone as fo
import pytest

from fiftyone_cvat import resume
from fiftyone_cvat.backend import CVATBackend
from fiftyone_cvat.errors import ConfigurationError
from tests import media

CONFIG = "fiftyone_cvat.backend.CVATBackendConfig"
SCHEMA = {"boxes": {"type": "detections", "classes": ["cat"], "attributes": {}}}
NAMES = ["a.png", "b.png", "c.png"]
SECONDS = 2.0


@pytest.fixture
def dataset(tmp_path):
    made = fo.Dataset()
    for path in media.make_images(tmp_path, NAMES):
        box = fo.Detection(label="cat", bounding_box=[0.25, 0.25, 0.25, 0.25])
        made.add_sample(fo.Sample(str(path), boxes=fo.Detections(detections=[box])))
    yield made
    made.delete()


@pytest.fixture
def interrupt(server, dataset, processes):
    """Return a function that starts a process and presses Ctrl-C in it."""

    def run(do, at, *, number=0, stall=0.0, slow=0.0, again=None, **kwargs):
        """Return what a process prints that is interrupted.

        Args:
            do: what it does
            at: the pattern of method and path of the request at which that happens
            number: which one of those requests, from 0
            stall: seconds that this request lasts
            slow: seconds that each request lasts after it
            again: seconds after which there is another Ctrl-C
            **kwargs: keywords of the call
        """
        seen, lock, pids = [], threading.Lock(), []
        pressed, started = [], threading.Event()

        def press():
            os.kill(pids[0], signal.SIGINT)
            pressed.append(time.monotonic())

        def watch(method, path, done):
            if done:
                return
            with lock:
                is_later = len(seen) > number
                seen.extend([path] * bool(re.search(at, f"{method} {path}")))
                is_now = len(seen) > number and not is_later
            if is_now:
                started.wait(10)
                press()
                if again is not None:
                    threading.Timer(again, press).start()
                time.sleep(stall)
            elif is_later:
                time.sleep(slow)

        server.watch = watch
        begin = len(processes.log.read_bytes())
        pid = processes.start(do, dataset.name, key="run", kwargs=kwargs)
        pids.append(pid)
        started.set()
        status = processes.wait(pid)
        ended = time.monotonic()
        server.watch = lambda *args: None
        text = processes.log.read_bytes()[begin:].decode()
        assert status == 1, text
        assert "KeyboardInterrupt" in text
        assert ended - pressed[-1] < SECONDS, text
        getattr(dataset, CVATBackend._results_cache_field()).clear()
        dataset.reload()
        return text

    return run


def credentials(server):
    return {"url": server.url, "access_token": "token"}


def arguments(server, **more):
    return {
        **credentials(server),
        "config_cls": CONFIG,
        "label_schema": SCHEMA,
        "task_size": 1,
        "task_name": "name",
        "max_workers": 1,
        **more,
    }


def names(server):
    return sorted(each["task"]["name"] for each in server.tasks.values())


MOMENTS = {
    "signing in": ("GET /api/users/self", 0),
    "the answer to a creation": ("POST /api/tasks$", 1),
    "a task's labels": ("GET /api/labels", 1),
    "media": ("POST .*/data", 1),
    "polling": ("GET /api/requests/", 1),
    "labels": ("PUT .*/annotations", 2),
}


@pytest.mark.parametrize(
    ("moment", "stall"),
    [*((each, 30.0) for each in MOMENTS), ("the answer to a creation", 0.0)],
)
def test_upload(dataset, server, interrupt, moment, stall):
    at, number = MOMENTS[moment]

    text = interrupt("annotate", at, number=number, stall=stall, **arguments(server))

    assert dataset.list_annotation_runs() == []
    assert names(server) == []
    if stall and "creation" in moment:
        where = f"{server.url}/api/tasks"
        assert f"The server may yet create 'name_2' at {where}" in text


@pytest.mark.parametrize("number", [0, 2])
@pytest.mark.parametrize("moment", MOMENTS)
def test_several_tasks_under_way(dataset, server, interrupt, moment, number):
    at, _ = MOMENTS[moment]
    number = 0 if moment == "signing in" else number
    kwargs = arguments(server, max_workers=3)

    text = interrupt("annotate", at, number=number, stall=30.0, **kwargs)

    assert dataset.list_annotation_runs() == []
    assert names(server) == []
    lost = text.count(f"at {server.url}/api/tasks: look for it there")
    assert lost == int("creation" in moment)


@pytest.mark.parametrize("moment", ["the answer to a creation", "polling", "labels"])
def test_several_tasks_under_way_that_are_kept(dataset, server, interrupt, moment):
    at, number = MOMENTS[moment]
    kwargs = arguments(server, on_failure="keep", max_workers=2)

    text = interrupt("annotate", at, number=number, stall=30.0, **kwargs)

    left = dict(server.tasks)
    assert f"{len(left)} of 3 tasks are finished and kept" in text
    results = resume(dataset, "run", **credentials(server))
    assert left.keys() <= server.tasks.keys() == set(results.task_ids)
    assert sorted(names(server)) == ["name_1", "name_2", "name_3"]


@pytest.mark.parametrize("moment", ["the answer to a creation", "polling"])
def test_upload_that_is_kept(dataset, server, interrupt, moment):
    at, number = MOMENTS[moment]
    kwargs = arguments(server, on_failure="keep")

    text = interrupt("annotate", at, number=number, stall=30.0, **kwargs)

    assert names(server) == [f"name_{each + 1}" for each in range(number)]
    assert f"{number} of 3 tasks are finished and kept" in text
    results = resume(dataset, "run", **credentials(server))
    assert len(results.task_ids) == 3
    assert names(server) == ["name_1", "name_2", "name_3"]


def build_for_ever(server, monkeypatch):
    """Let the server be at work on the second task, which cannot be deleted so long."""
    real = server.answer_task
    is_busy = [True]

    def answer(method, path, query, body, task_id):
        if is_busy and "name_2" in server.tasks[task_id]["task"]["name"]:
            if "/requests/" in path:
                return 200, {"id": "1", "status": "started", "message": ""}
            if method == "DELETE":
                return 500, {"detail": "busy"}
        return real(method, path, query, body, task_id)

    monkeypatch.setattr(server, "answer_task", answer)
    return is_busy


def test_a_task_that_is_being_built(dataset, server, interrupt, monkeypatch):
    is_busy = build_for_ever(server, monkeypatch)
    kwargs = arguments(server)

    text = interrupt("annotate", "GET /api/requests/", number=4, **kwargs)

    (task_id,) = server.tasks
    assert f"Not deleted in CVAT yet: {server.url}/tasks/{task_id}" in text
    before = list(dataset._sample_collection.find({}))
    with pytest.raises(ConfigurationError, match=f"{task_id} could not be deleted"):
        dataset.load_annotations("run", **credentials(server))
    assert list(dataset._sample_collection.find({})) == before
    is_busy.clear()
    dataset.load_annotation_results("run", **credentials(server)).cleanup()
    dataset.delete_annotation_run("run")
    assert names(server) == []


def test_a_task_that_is_being_built_is_found_by_its_mark(
    dataset, server, interrupt, monkeypatch
):
    is_busy = build_for_ever(server, monkeypatch)
    kwargs = arguments(server, on_failure="keep")

    text = interrupt("annotate", "GET /api/requests/", number=4, **kwargs)

    first, second = server.tasks
    assert f"Not deleted in CVAT yet: {server.url}/tasks/{second}" in text
    is_busy.clear()
    results = dataset.load_annotation_results("run", **credentials(server))
    assert results.task_ids == [first]
    results.cleanup()
    assert names(server) == []


def test_a_slow_server(dataset, server, interrupt):
    text = interrupt(
        "annotate", "PUT .*/annotations", number=2, slow=0.7, **arguments(server)
    )

    # an answer that came too late was an answer
    assert f"Not deleted in CVAT yet: {server.url}/tasks/" in text
    results = dataset.load_annotation_results("run", **credentials(server))
    results.cleanup()
    assert names(server) == []


def test_ctrl_c_twice(dataset, server, interrupt):
    begun = time.monotonic()

    text = interrupt(
        "annotate",
        "PUT .*/annotations",
        number=2,
        slow=30.0,
        again=0.3,
        **arguments(server),
    )

    assert text.count("KeyboardInterrupt") >= 2  # some codecs wrap one in another
    for each in server.tasks:
        assert f"{server.url}/tasks/{each}" in text
    results = dataset.load_annotation_results("run", **credentials(server))
    assert results.task_ids == [*server.tasks]
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(("at", "stall"), [("/annotations", 0.0), ("/labels", 30.0)])
def test_load(dataset, server, interrupt, at, stall):
    dataset.annotate("run", backend="cvat", **arguments(server))
    before = list(dataset._sample_collection.find({}))

    interrupt("load", at, stall=stall, **credentials(server))

    assert list(dataset._sample_collection.find({})) == before
    dataset.load_annotations("run", **credentials(server))
    assert list(dataset._sample_collection.find({})) == before
    assert names(server) == ["name_1", "name_2", "name_3"]
