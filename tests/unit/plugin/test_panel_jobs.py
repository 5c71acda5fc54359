"""The table of jobs in the panel: of none, one and many."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fiftyone.operators import types

from fiftyone_cvat.plugin.panel_jobs import PAGE, add_bar, add_jobs, ago, jobs_meant
from fiftyone_cvat.plugin.shown import plain
from fiftyone_cvat.runs.job_status import JobStatus

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def job(number, state="new", **more):
    values = {
        "task_id": 1,
        "job_id": number,
        "stage": "annotation",
        "state": state,
        "assignee": None,
        "first_frame": 0,
        "last_frame": 9,
        "issues": 0,
        "unresolved_issues": 0,
        "url": f"http://cvat/tasks/1/jobs/{number}",
    }
    return JobStatus(**values | more)


def nothing(ctx):
    """Stand in for a method of the panel."""


METHODS = dict.fromkeys(("turn_page", "show_job", "show_state"), nothing)


def listed(jobs, shown=None, page=0):
    """Return the parts of the panel that list jobs."""
    panel = types.Object()
    add_jobs(panel, jobs, shown, page, METHODS)
    return panel.properties


def links(parts):
    cells = parts["jobs"].type.properties
    return [each for name, each in cells.items() if name.endswith("_link_0")]


@pytest.mark.parametrize(
    ("number", "page", "shown", "buttons"),
    [
        (0, 0, 0, []),
        (1, 0, 1, []),
        (PAGE, 0, PAGE, []),
        (500, 0, PAGE, ["after"]),
        (500, 7, PAGE, ["before", "after"]),
        (500, 19, PAGE, ["before"]),
        (501, 20, 1, ["before"]),
    ],
)
def test_pages(number, page, shown, buttons):
    parts = listed([job(each) for each in range(number)], page=page)

    assert len(links(parts)) == shown
    pages = parts["pages"].type.properties if "pages" in parts else {}
    assert [each for each in pages if each != "which"] == buttons


def test_link_opens_the_job_in_a_tab_of_its_own():
    (link,) = links(listed([job(7)]))

    assert (link.view.label, link.view.href) == ("7", "http://cvat/tasks/1/jobs/7")
    assert link.view.to_json()["new_window"]


def test_only_jobs_in_a_state():
    jobs = [job(1), job(2, "completed"), job(3, "completed")]

    parts = listed(jobs, "completed")

    assert [each.view.label for each in links(parts)] == ["2", "3"]
    count = parts["jobs_head"].type.properties["count"]
    assert count.default == "**2 of 3 jobs: completed**"
    assert jobs_meant(jobs, None) == jobs


def test_bar_has_the_states_that_there_are():
    panel = types.Object()
    jobs = [job(1, "completed"), job(2, "completed"), job(3), job(4, "a new state")]

    add_bar(panel, jobs, None, nothing)

    bar = panel.properties["bar"].type.properties.values()
    assert [each.view.label for each in bar] == [
        "1 new",
        "2 completed",
        "1 a new state",
    ]


@pytest.mark.parametrize(
    ("date", "words"),
    [
        (None, ""),
        ("2026-11-30T11:59:30Z", "just now"),
        ("2026-11-30T11:58:00.123456Z", "1 min ago"),
        ("2026-11-30T02:00:00+00:00", "10 h ago"),
        ("2026-11-01T12:00:00Z", "29 d ago"),
        ("2026-11-30T12:00:09Z", "just now"),
    ],
)
def test_ago(date, words):
    assert ago(date, NOON) == words


def test_names_are_not_taken_for_markdown():
    assert plain("a_b *c* [d](e)") == "a\\_b \\*c\\* \\[d\\](e)"
