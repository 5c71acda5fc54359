"""Each request of a review meets faults: nothing is said or done twice, or lost."""

from __future__ import annotations

import json
import re
import urllib.parse
from itertools import count
from types import SimpleNamespace

import fiftyone as fo
import pytest

from fiftyone_cvat import CVATAnnotationAPI
from fiftyone_cvat.server import changes
from tests import media
from tests.faults.proxy import FAULTS, Fault, FaultProxy
from tests.faults.server import USER, StandIn, page
from tests.sizes import sized

CHANGES = ["done, then reset", "reset", "done, answer cut", "done, then web page"]
OVERLOAD = ["reset", "502", "done, then 503", "done, answer twice, late"]
EVERY = sized(small=3, large=1, huge=1)
SCHEMA = {"kind": {"type": "classification", "classes": ["a", "b"]}}
NOW = "2026-11-30T12:00:00Z"


class Reviewed(StandIn):
    """A stand-in that keeps stages, states and issues, too."""

    def __init__(self):
        super().__init__()
        self.numbers = count(1)
        self.begin()

    def begin(self):
        """Forget what was reviewed."""
        self.work, self.issues, self.comments = {}, {}, {}

    def answer(self, method, target, body):
        url = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(url.query))
        path = url.path.rstrip("/").removeprefix("/api")
        given = json.loads(body) if body and path.startswith(PATHS) else {}
        with self.lock:
            if path == "/users":
                return page([USER])
            if path == "/jobs" and "filter" in query:
                return page(map(self.job, self.tasks))
            number = int((re.search(r"\d+", path) or ["0"])[0])
            if path == f"/jobs/{number}":
                self.work.setdefault(number, {}).update(given)
                return 200, {"id": number}
            if path == f"/jobs/{number}/data/meta":
                return 200, self.tasks[number]["meta"]
            if path.startswith(("/issues", "/comments")):
                return self.answer_review(method, path, number, given)
        return super().answer(method, target, body)

    def job(self, number):
        own = self.work.get(number, {})
        return {
            "id": number,
            "task_id": number,
            "type": "annotation",
            "start_frame": 0,
            "stop_frame": self.tasks[number]["task"]["size"] - 1,
            "stage": own.get("stage", "annotation"),
            "state": own.get("state", "new"),
            "assignee": USER if own.get("assignee") else None,
            "organization": None,
            "issues": {"count": len(self.issues)},
        }

    def answer_review(self, method, path, number, given):
        items = self.issues if path.startswith("/issues") else self.comments
        if method == "GET":
            return page(items.values())
        if method == "PATCH":
            items[number] |= given
            return 200, items[number]
        new = next(self.numbers)
        about = {"id": new, "owner": USER, "created_date": NOW}
        items[new] = {**about, "resolved": False, **given}
        if items is self.issues:
            comment = {"issue": new, "message": given["message"]}
            key = next(self.numbers)
            self.comments[key] = {**about, "id": key, **comment}
        return 201, items[new]

    def said(self):
        """Return what is left of a review, without numbers."""
        issues = [
            (
                each["position"],
                each["resolved"],
                [c["message"] for c in self.comments.values() if c["issue"] == key],
            )
            for key, each in self.issues.items()
        ]
        return sorted(self.work.items()), issues


PATHS = ("/jobs/", "/issues", "/comments")


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """A run of two tasks, and a proxy in front of its server."""
    server = Reviewed()
    proxy = FaultProxy(server.url, delay=0.9)
    dataset = fo.Dataset()
    for path in media.make_images(
        tmp_path_factory.mktemp("pictures"), ["a.png", "b.png"]
    ):
        dataset.add_sample(fo.Sample(path, kind=fo.Classification(label="a")))
    results = dataset.annotate(
        "run",
        label_schema=SCHEMA,
        task_size=1,
        backend="cvat",
        config_cls="fiftyone_cvat.backend.CVATBackendConfig",
        url=server.url,
        access_token="token",
    )
    made = SimpleNamespace(server=server, proxy=proxy, results=results)
    made.expected = reviewed(made, None, Fault("none"))
    made.requests = list(proxy.requests)
    yield made
    dataset.delete()
    proxy.close()
    server.close()


@pytest.fixture(autouse=True)
def quick_to_settle(monkeypatch):
    monkeypatch.setattr(changes, "SETTLING", 0.1)


def reviewed(sent, chosen, fault):
    """Review the run, with one request spoiled; return what is left of it."""
    server, results = sent.server, sent.results
    dataset = results.samples._root_dataset
    server.begin()
    results.clear_status()
    for name in ("cvat_issues", "cvat_issues_keypoints"):
        if dataset.has_field(name):
            dataset.delete_sample_field(name)
    with CVATAnnotationAPI(
        "cvat", sent.proxy.url, access_token="token", timeout=0.6
    ) as api:
        results.use_api(api)
        sent.proxy.spoil(chosen, fault)
        results.assign(to="admin")
        results.advance(jobs={"assignee": "admin"}, state="completed")
        issue = results.add_issue(dataset.first(), (0.5, 0.5), "why?")
        results.add_issue(dataset.first(), (0.5, 0.5), "why?")
        results.resolve(issue, text="so")
        status = results.write_status()
        counts = results.load_issues()
    texts = dataset.values("cvat_issues_keypoints.keypoints.comments.text")
    states = dataset.values("cvat.state")
    return server.said(), status, counts, texts, states


def test_undisturbed(sent):
    said, status, counts, texts, states = sent.expected

    jobs, issues = said
    assert [each for _, each in jobs] == [{"assignee": 1, "state": "completed"}] * 2
    # the same words at the same place may be said again on purpose
    place = [16.0, 12.0]
    assert issues == [(place, True, ["why?", "so"]), (place, False, ["why?"])]
    assert status == {"completed": 2}
    assert counts.added == 2
    assert texts == [[["why?", "so"], ["why?"]], None]
    assert states == ["completed"] * 2
    names = {each for each, _ in sent.requests}
    assert {
        "PATCH /api/jobs/1",
        "POST /api/issues",
        "PATCH /api/issues/1",
        "POST /api/comments",
        "GET /api/jobs",
        "GET /api/jobs/1/data/meta",
        "GET /api/issues",
        "GET /api/comments",
        "GET /api/users",
    } == names


@pytest.mark.parametrize("fault", CHANGES)
def test_changes_are_made_once(sent, fault):
    for request in sent.requests:
        if not request[0].startswith("GET"):
            assert reviewed(sent, request, FAULTS[fault]) == sent.expected, request
            assert sent.proxy.is_struck


@pytest.mark.parametrize("fault", OVERLOAD)
def test_each_request_meets_faults(sent, fault):
    for request in sent.requests[::EVERY]:
        assert reviewed(sent, request, FAULTS[fault]) == sent.expected, request


def test_answers_that_are_late(sent):
    for name in ("POST /api/issues", "POST /api/comments"):
        found = reviewed(sent, (name, 0), FAULTS["done, then delay"])
        assert found == sent.expected, name
