"""Choosing jobs by state, stage, type, assignee, id, or a function."""

from __future__ import annotations

import numpy as np
import pytest

from fiftyone_cvat.errors import ConfigurationError, CVATError
from fiftyone_cvat.runs.chosen_jobs import (
    STAGES,
    STATES,
    choose_jobs,
    meant,
    repeatable,
    username_of,
)


def job(number, stage, state, assignee=None, **more):
    user = {"id": number, "username": assignee} if assignee else None
    return {"id": number, "stage": stage, "state": state, "assignee": user, **more}


JOBS = [
    job(3, "annotation", "new"),
    job(1, "annotation", "completed", "alice"),
    job(2, "acceptance", "completed", "bob", type="annotation"),
    job(5, "validation", "rejected", "alice"),
    job(8, "annotation", "in progress", type="ground_truth"),
    job(9, "annotation", "new", type="consensus_replica"),
]


def ids(chosen, jobs=JOBS):
    return [each["id"] for each in choose_jobs(jobs, chosen)]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (None, [3, 1, 2, 5]),
        ("completed", [1, 2]),
        ("in progress", []),
        ("acceptance", [2]),
        ("alice", [1, 5]),
        ("annotation", [3, 1]),  # the stage: the type is asked for in a mapping
        ({"stage": "acceptance", "state": "completed"}, [2]),
        ({"stage": "acceptance", "state": "new"}, []),
        ({"state": ["new", "rejected"]}, [3, 5]),
        ({"state": ("new",)}, [3]),
        ({"state": "new", "type": "replica"}, [9]),
        ({"assignee": "alice"}, [1, 5]),
        ({"assignee": "alice", "state": "rejected"}, [5]),
        ({"assignee": None}, [3]),
        ({"assignee": ["bob", None], "type": "annotation"}, [3, 2]),
        ({"assignee": "nobody of this name"}, []),
        ({"type": "ground_truth"}, [8]),
        ({"type": "annotation"}, [3, 1, 2, 5]),
        ({"type": "replica"}, [9]),
        ({"type": "consensus_replica"}, [9]),
        (2, [2]),
        ([2, 3, 2], [3, 2]),
        ({2, 3}, [3, 2]),
        (np.array([1, 5]), [1, 5]),
        (np.int64(8), [8]),
        (np.array(8), [8]),
        (range(1, 4), [3, 1, 2]),
        ((1, 5), [1, 5]),
        (dict.fromkeys([1, 5]).keys(), [1, 5]),
        (iter([1, 5]), [1, 5]),
        ((each for each in (1, 5)), [1, 5]),
        ({"state": (each for each in ["new", "rejected"])}, [3, 5]),
        ({"assignee": np.array(["bob", "alice"])}, [1, 2, 5]),
        ({"state": {"new": 1}.keys()}, [3]),
        ([], []),
        (lambda job: job["id"] > 1, [3, 2, 5]),
    ],
)
def test_chosen(chosen, expected):
    assert ids(chosen) == expected


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ("done", ["'done'", *STATES, *STAGES]),
        ("Completed", ["'Completed'", "'completed'"]),
        ("in_progress", ["'in progress'"]),
        ("ground_truth", ["'ground_truth'", *STAGES]),
        ("7", ["'7'", "job ids"]),
        ({"state": "done"}, ["state 'done'", *STATES]),
        ({"stage": ["annotation", "review"]}, ["stage 'review'", *STAGES]),
        ({"type": "gt"}, ["type 'gt'", "ground_truth"]),
        ({"state": None}, ["state None"]),
        ({"assignee": 12}, ["assignee 12", "user name"]),
        ({"status": "new"}, ["'status'", "'state'", "'stage'", "'assignee'", "'type'"]),
        ({}, ["nothing", "'state'"]),
        (True, ["True"]),
        (2.5, ["2.5"]),
        (b"12", ["b'12'"]),
        (np.array([1.5]), ["1.5"]),
        (object(), ["object"]),
        (["completed"], ["'completed'", "no job's id"]),
        ([1, None], ["None"]),
    ],
)
def test_bad_choices_name_the_valid_ones(chosen, words):
    with pytest.raises(ConfigurationError) as caught:
        choose_jobs(JOBS, chosen)

    assert all(each in str(caught.value) for each in words), caught.value


@pytest.mark.parametrize(
    ("chosen", "jobs", "words"),
    [
        (7, JOBS, ["job 7 is not there", "3, 1, 2, 5, 8, 9"]),
        ([1, 7, 6], JOBS, ["jobs 6, 7 are not there"]),
        (1, [], ["there are none"]),
        (1, [job(n, "annotation", "new") for n in range(100, 200)], ["119, ... (100)"]),
    ],
)
def test_jobs_that_are_gone(chosen, jobs, words):
    with pytest.raises(CVATError) as caught:
        choose_jobs(jobs, chosen)

    assert all(each in str(caught.value) for each in words), caught.value


def test_names_that_a_server_has_and_nobody_here_knows():
    jobs = [*JOBS, job(10, "audit", "paused"), job(11, "audit", "new", type="interval")]

    assert ids("paused", jobs) == [10]
    assert ids({"stage": "audit", "type": "interval"}, jobs) == [11]


@pytest.mark.parametrize(
    "make",
    [
        lambda: (each for each in (1, 5)),
        lambda: iter({1, 5}),
        lambda: map(int, "15"),
        lambda: {"assignee": iter(["alice"])},
        lambda: {"assignee": ["alice"]},
        lambda: "alice",
        lambda: lambda job: job["assignee"] is not None and job["id"] != 2,
    ],
)
def test_choices_that_are_asked_for_again_and_again(make):
    chosen = repeatable(make())

    assert [ids(chosen) for _ in range(3)] == [[1, 5]] * 3
    assert repeatable(None) is None


def test_a_choice_that_is_changed_later():
    names = ["alice"]
    chosen = repeatable({"assignee": names})
    names.append("bob")

    assert ids(chosen) == [1, 5]


@pytest.mark.parametrize(
    "chosen", ["alice", "paused", {"assignee": "alice"}, {"state": "paused"}, [1, 5]]
)
def test_what_is_meant_later(chosen):
    jobs = [
        job(1, "annotation", "paused", "alice"),
        job(5, "annotation", "paused", "alice"),
    ]
    is_meant = meant(jobs, chosen)

    # nobody has a job, and no job has that state
    assert not any(map(is_meant, [job(3, "annotation", "new")]))
    assert is_meant(job(1, "annotation", "paused", "alice"))


def test_errors_of_a_predicate_are_its_own():
    with pytest.raises(KeyError, match="nothing"):
        choose_jobs(JOBS, lambda job: job["nothing"])


@pytest.mark.parametrize(
    ("user", "name"),
    [
        (None, None),
        ({"id": 1, "username": "a"}, "a"),
        ({}, None),
        ("a", "a"),
        (12, "12"),
    ],
)
def test_names_of_users(user, name):
    assert username_of(user) == name
