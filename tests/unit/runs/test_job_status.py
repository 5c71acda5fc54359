"""Where jobs stand: which one a sample stands with, and the table of all."""

from __future__ import annotations

import pytest

from fiftyone_cvat.runs.job_status import (
    FrameStatus,
    JobStatus,
    farthest_back,
    job_table,
)


def job(number=1, stage="annotation", state="new", **more):
    values = {
        "task_id": 7,
        "job_id": number,
        "stage": stage,
        "state": state,
        "assignee": None,
        "first_frame": 0,
        "last_frame": 9,
        "issues": 0,
        "unresolved_issues": 0,
        "url": "",
    }
    return JobStatus(**values | more)


@pytest.mark.parametrize(
    "in_order",
    [
        [("acceptance", "rejected"), ("annotation", "new")],
        [("annotation", "new"), ("annotation", "in progress")],
        [("annotation", "in progress"), ("annotation", "completed")],
        [("annotation", "completed"), ("validation", "new")],
        [("validation", "completed"), ("acceptance", "new")],
        [("acceptance", "completed"), ("audit", "new")],
        [("annotation", "completed"), ("annotation", "paused")],
    ],
)
@pytest.mark.parametrize("step", [1, -1])
def test_a_sample_stands_with_its_hindmost_job(in_order, step):
    jobs = [job(n, *each) for n, each in enumerate(in_order)]
    frames = [FrameStatus(each, f"url {each.job_id}", 2, 1) for each in jobs]

    found = farthest_back(frames[::step])

    assert (found.job, found.url) == (jobs[0], "url 0")
    assert (found.issues, found.unresolved_issues) == (4, 2)


def test_of_equal_jobs_the_first_counts():
    frames = [FrameStatus(job(n), f"url {n}", 0, 0) for n in (3, 1)]

    assert farthest_back(frames).job.job_id == 3


def test_table():
    jobs = [
        job(9, state="completed", assignee="alice", issues=2, unresolved_issues=1),
        job(10, "validation", "paused", first_frame=10, last_frame=14, issues=1),
        job(11, "validation", "rejected", first_frame=15, last_frame=19),
    ]

    lines = list(job_table("A title", jobs, blocks="#."))

    assert lines == [
        "A title",
        "",
        "new          ....................    0%  0 jobs, 0 frames",
        "in progress  ....................    0%  0 jobs, 0 frames",
        "rejected     #####...............   25%  1 job, 5 frames",
        "completed    ##########..........   50%  1 job, 10 frames",
        "paused       #####...............   25%  1 job, 5 frames",
        "",
        "job  task  frames  stage       state      assignee  issues",
        "  9     7  0-9     annotation  completed  alice     2 (1 open)",
        " 10     7  10-14   validation  paused     nobody    1",
        " 11     7  15-19   validation  rejected   nobody    0",
    ]


def test_table_of_no_jobs():
    lines = list(job_table("A title", []))

    assert lines[2] == "new          ░░░░░░░░░░░░░░░░░░░░    0%  0 jobs, 0 frames"
    assert len(lines) == 6
