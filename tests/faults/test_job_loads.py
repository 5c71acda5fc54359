"""Loads of some jobs, of what has changed, and of finished jobs meet faults.

Whatever happens to a request, the dataset is as before, or as the load should leave
it; and the next load brings all.
"""

from __future__ import annotations

import json
from collections import Counter
from types import SimpleNamespace

import fiftyone as fo
import pytest
from typer.testing import CliRunner

import fiftyone_cvat
from fiftyone_cvat import cli
from fiftyone_cvat.errors import CVATError
from tests import media
from tests.faults.proxy import FAULTS, Fault, FaultProxy
from tests.faults.server import StandIn
from tests.sizes import sized

SCHEMA = {"boxes": {"type": "detections", "classes": ["cat"], "attributes": {}}}
NONE = Fault("none")
SMALL = [
    "reset",
    "500",
    "done, then 503",
    "done, answer cut",
    "done, answer twice, late",
]
EVERY_FAULT = sized(small=SMALL, large=list(FAULTS), huge=list(FAULTS))
EVERY = sized(small=4, large=3, huge=1)
"""Every how many-th request; each fault begins with another one."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A server, a proxy in front of it, and four pictures."""
    server = StandIn()
    proxy = FaultProxy(server.url, delay=0.9)
    folder = tmp_path_factory.mktemp("pictures")
    paths = media.make_images(folder, [f"{each}.png" for each in "abcd"])
    yield SimpleNamespace(server=server, proxy=proxy, paths=paths)
    proxy.close()
    server.close()


class Case:
    """A run of two tasks with two jobs each, whose boxes were moved in CVAT."""

    def __init__(self, place):
        self.server, self.proxy = place.server, place.proxy
        self.proxy.spoil(None, NONE)
        self.settings = {
            "url": self.proxy.url,
            "access_token": "token",
            "timeout": 0.6,
        }
        self.dataset = fo.Dataset()
        for number, path in enumerate(place.paths, 1):
            box = fo.Detection(label="cat", bounding_box=[0.1, 0.25, 0.25, 0.25])
            box.id = f"{number:024x}"
            boxes = fo.Detections(detections=[box])
            self.dataset.add_sample(fo.Sample(path, boxes=boxes))
        self.results = self.dataset.annotate(
            "run",
            label_schema=SCHEMA,
            task_size=2,
            segment_size=1,
            backend="cvat",
            config_cls="fiftyone_cvat.backend.CVATBackendConfig",
            **self.settings,
        )
        self.task_ids = list(self.results.task_ids)
        self.settings.pop("timeout")
        self.places = self.boxes()

    def close(self):
        for task_id in self.task_ids:
            self.server.tasks.pop(task_id)
        self.dataset.delete()

    def finish(self, task_id, number):
        """Complete a job of a task."""
        job = self.server.jobs_of(task_id)[number]
        self.server.tasks[task_id]["states"][job["id"]] = "completed"
        return job["id"]

    def move(self, task_id, by=1.0):
        """Move the boxes of a task, and draw another one on each of its pictures."""
        record = self.server.tasks[task_id]
        shapes = record["annotations"]["shapes"]
        moved = [
            {**each, "points": [value + by for value in each["points"]]}
            for each in shapes
        ]
        drawn = [{**each, "attributes": [], "points": [1, 2, 5, 7]} for each in shapes]
        for action, given in (("update", moved), ("create", drawn)):
            body = {"tags": [], "shapes": given, "tracks": []}
            self.server.change(record, "PATCH", {"action": action}, body)

    def boxes(self):
        """Count the boxes by picture, the one that went up, and place."""
        return Counter(
            (
                sample.filepath[-5],
                each.id if each.id.startswith("0" * 20) else "new",
                round(each.bounding_box[0] * 32, 3),
            )
            for sample in self.dataset
            for each in sample.boxes.detections
        )

    def forget(self):
        """Go on as another process would."""
        self.dataset.clear_cache()


def load_completed(case):
    fiftyone_cvat.load(
        case.dataset, "run", jobs="completed", unexpected="keep", **case.settings
    )


def load_changed(case):
    fiftyone_cvat.load(case.dataset, "run", unexpected="keep", **case.settings)


def watch_once(case):
    case.dataset.persistent = True
    options = {"url": case.proxy.url, "access_token": "token"}
    with pytest.MonkeyPatch.context() as patch:
        known = fo.annotation_config.backends.setdefault("cvat", {})
        for name, value in options.items():
            patch.setitem(known, name, value)
        result = CliRunner().invoke(
            cli.app, ["watch", case.dataset.name, "run", "--once", "--json"]
        )
    if result.exception is not None:
        raise result.exception
    case.printed = json.loads(result.stdout.splitlines()[-1])


def only_some_jobs(case):
    first, second = case.task_ids
    case.move(first)
    case.move(second)
    case.finish(first, 0)
    case.finish(second, 1)


def one_task_changed(case):
    first, second = case.task_ids
    case.move(first)
    load_changed(case)
    case.forget()
    case.move(second)


SCENARIOS = {
    "some jobs": (only_some_jobs, load_completed),
    "only what changed": (one_task_changed, load_changed),
    "watch --once": (only_some_jobs, watch_once),
}


@pytest.fixture(scope="module")
def expected(place):
    """By scenario: the requests of a load, the boxes after it, and after the next."""
    found = {}
    for name, (prepare, act) in SCENARIOS.items():
        case = Case(place)
        try:
            prepare(case)
            case.forget()
            case.proxy.spoil(None, NONE)
            act(case)
            requests, after = list(case.proxy.requests), case.boxes()
            load_changed(case)
            found[name] = SimpleNamespace(
                requests=requests, after=after, whole=case.boxes()
            )
        finally:
            case.close()
    return found


@pytest.mark.parametrize("name", SCENARIOS)
def test_undisturbed(expected, name):
    found = expected[name]
    names = {each for each, _ in found.requests}

    assert "GET /api/tasks/1/annotations" in names
    assert ("GET /api/jobs" in names) == (name != "only what changed")
    assert "GET /api/tasks" in names
    assert all(each.startswith("GET ") for each in names)
    # each picture has the box that went up, moved, and one that was drawn
    assert found.whole.total() == 8
    if name != "only what changed":
        assert {each[0] for each in found.after if each[1] == "new"} == {"a", "d"}


@pytest.mark.parametrize("fault", EVERY_FAULT)
@pytest.mark.parametrize("name", SCENARIOS)
def test_each_request_meets_faults(place, expected, name, fault):
    prepare, act = SCENARIOS[name]
    first = EVERY_FAULT.index(fault) % EVERY
    for request in expected[name].requests[first::EVERY]:
        case = Case(place)
        try:
            prepare(case)
            case.forget()
            before = case.boxes()
            case.proxy.spoil(request, FAULTS[fault])
            try:
                act(case)
            except CVATError:
                assert case.boxes() == before, request
                case.proxy.spoil(None, NONE)
                case.forget()
                act(case)
            assert case.boxes() == expected[name].after, request
            case.forget()
            case.proxy.spoil(None, NONE)
            load_changed(case)
            assert case.boxes() == expected[name].whole, request
            # nothing is left to be loaded
            load_changed(case)
            assert case.boxes() == expected[name].whole, request
            results = case.dataset.load_annotation_results("run")
            assert results.reconciliation.tasks_as_loaded == 2
            assert results.task_ids == case.task_ids
        finally:
            case.close()


@pytest.mark.parametrize("jobs", [None, "completed"])
def test_what_another_process_has_loaded_is_not_added_again(
    place, expected, processes, jobs
):
    case = Case(place)
    try:
        only_some_jobs(case)
        case.dataset.persistent = True
        process = processes.start(
            "load", case.dataset.name, key="run", kwargs={**case.settings, "jobs": jobs}
        )
        assert processes.wait(process) == 0
        there = sum(number for each, number in case.boxes().items() if each[1] == "new")
        assert there == (4 if jobs is None else 2)

        # these results were cached before
        load_changed(case)

        assert case.boxes() == expected["some jobs"].whole
        assert case.dataset.load_annotation_results("run") is case.results
        assert case.results.reconciliation.totals("boxes")["added"] == 4 - there
    finally:
        case.close()
