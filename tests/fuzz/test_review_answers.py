"""Whatever a server says of jobs, issues and comments: it is read, or an error of ours.

In all, that is 80 examples, 400 with ``--size large``, and 4,000 with ``--size huge``.
"""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace

import fiftyone as fo
import orjson
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from fiftyone_cvat.errors import CVATError
from fiftyone_cvat.review.issues import load_issues
from fiftyone_cvat.review.status import write_status
from fiftyone_cvat.server.urls import Urls
from tests.fuzz.spoiling import spoiled
from tests.sizes import sized

NOW = "2026-11-30T12:00:00.123456Z"
ANN = {"id": 1, "username": "ann"}
JOB = {"id": 5, "task_id": 1, "type": "annotation", "stage": "annotation"}
JOB |= {"state": "new", "assignee": ANN, "organization": None, "issues": {"count": 2}}
ISSUE = {"id": 7, "job": 5, "frame": 0, "position": [8.0, 6.0], "resolved": False}
ISSUE |= {"owner": ANN, "created_date": NOW, "comments": {"count": 1}}
COMMENT = {"id": 9, "issue": 7, "owner": ANN, "message": "a", "created_date": NOW}
META = {"size": 2, "included_frames": [0, 1]}
META |= {"frames": [{"name": "a.png", "width": 32, "height": 24}] * 2}
ANSWERS = {
    "jobs": [
        {**JOB, "start_frame": 0, "stop_frame": 1},
        {**JOB, "id": 6, "start_frame": 1, "stop_frame": 1, "organization": 3},
    ],
    "issues": [
        ISSUE,
        {**ISSUE, "id": 8, "job": 6, "frame": 1, "position": [1.0, 2.0, 8.0, 6.0]},
    ],
    "comments": [COMMENT, {**COMMENT, "id": 10, "issue": 8, "owner": None}],
    "meta": META,
}


class Answering(Urls):
    """A session whose lists are what it is given."""

    _url = "http://cvat"
    _organization = None

    def __init__(self, answers):
        self.answers = answers

    def _all_items(self, url, headers=None):
        name = url.partition("?")[0].rpartition("/")[2]
        return deepcopy(self.answers[name])

    def get(self, url):
        return SimpleNamespace(json=lambda: deepcopy(self.answers["meta"]))


@pytest.fixture(scope="module")
def results():
    dataset = fo.Dataset()
    dataset.add_samples([fo.Sample(f"{n}.png") for n in range(2)])
    frames = {n: {"sample_id": each} for n, each in enumerate(dataset.values("id"))}
    yield SimpleNamespace(
        samples=dataset,
        key="run",
        config=SimpleNamespace(max_workers=1),
        task_ids=[1],
        job_ids={1: [5, 6]},
        frame_id_map={1: frames},
        frame_numbering="task",
        id_map={},
        _is_frames=False,
    )
    dataset.delete()


def on_the_wire(value):
    """Return JSON as it arrives: NaN is null, and larger numbers do not."""
    try:
        return orjson.loads(orjson.dumps(value))
    except TypeError:
        reject()


def review(results, answers):
    api = Answering(answers)
    load_issues(api, results, "said")
    write_status(api, results, "work", frames=True)


def test_what_is_true_is_read(results):
    review(results, ANSWERS)

    assert results.samples.values("work.job_id") == [5, 5]
    assert results.samples.values("said_keypoints.keypoints.text") == [["a"], None]
    assert results.samples.values("said.polylines.text") == [None, ["a"]]


@pytest.mark.parametrize("name", ANSWERS)
@settings(
    max_examples=sized(small=20, large=100, huge=1000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_what_is_spoiled_is_read_or_refused(results, name, data):
    answer = on_the_wire(data.draw(spoiled(ANSWERS[name])).answer)
    if name != "meta" and not isinstance(answer, list):
        return  # the session refuses it

    try:
        review(results, ANSWERS | {name: answer})
    except CVATError:
        review(results, ANSWERS)

    for path in ("said.polylines", "said_keypoints.keypoints"):
        found = results.samples.values(path) if results.samples.has_field(path) else []
        labels = [label for each in found for label in each or ()]
        assert all(label.id and label.url for label in labels)
