"""Lists of jobs, issues and comments of several tasks: what is asked, and where."""

from __future__ import annotations

import json
import urllib.parse
from types import SimpleNamespace

import pytest

from fiftyone_cvat.errors import AccessDeniedError, AnswerError, NotFoundError
from fiftyone_cvat.server.issues import comments_of_issues, issues_of_jobs
from fiftyone_cvat.server.run_jobs import (
    jobs_of_tasks,
    organization_of,
    update_job,
    updated_dates,
    url_among,
)

ROOT = "http://cvat/api"
NO_ORGANIZATION = {"X-Organization": None}


class Lists:
    """A session that answers with what it is given, and notes what it is asked."""

    base_api_url = ROOT
    tasks_url = f"{ROOT}/tasks"
    issues_url = f"{ROOT}/issues"
    comments_url = f"{ROOT}/comments"
    base_url = "http://cvat"

    def __init__(self, *answers, organization=None):
        self.answers = list(answers)
        self.asked = []
        self._organization = organization

    def task_data_meta_url(self, task_id):
        return f"{ROOT}/tasks/{task_id}/data/meta"

    def taskless_job_url(self, job_id):
        return f"{ROOT}/jobs/{job_id}"

    def _all_items(self, url, headers=None):
        parts = urllib.parse.urlsplit(url)
        query = dict(urllib.parse.parse_qsl(parts.query))
        rule = json.loads(query.pop("filter"))
        (field, ids) = rule["in"]
        name = parts.path.rpartition("/")[2]
        self.asked.append((name, field["var"], ids, query, headers))
        return self.answers.pop(0)

    def get(self, url, **kwargs):
        self.asked.append(url)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(json=lambda: answer)

    def patch(self, url, **kwargs):
        self.asked.append((url, kwargs))


def job(number, task_id=1, start=0, **more):
    about = {"stage": "annotation", "state": "new", "organization": None}
    frames = {"start_frame": start, "stop_frame": start + 1}
    return {"id": number, "task_id": task_id, **about, **frames, **more}


def issue(number, job_id, **more):
    return {
        "id": number,
        "job": job_id,
        "frame": 0,
        "position": [1.0, 2.0],
        "resolved": False,
        "created_date": None,
        **more,
    }


def comment(number, issue_id):
    return {"id": number, "issue": issue_id, "message": "a", "created_date": None}


def ids(items):
    return [each["id"] for each in items]


def test_jobs_come_in_the_order_of_tasks_and_frames():
    strange = job(9, task_id=5)
    # one is on two pages: the list has changed in between
    found = [job(4, 2), job(3, 1, 2), job(2, 1), strange, job(4, 2)]
    api = Lists(found)

    assert ids(jobs_of_tasks(api, [2, 1])) == [4, 2, 3]
    assert api.asked == [("jobs", "task_id", [2, 1], {}, None)]


def test_tasks_that_an_organization_does_not_list_are_asked_for_without_it():
    api = Lists([job(4, 2)], [job(3, 1)], organization="team")

    assert ids(jobs_of_tasks(api, [1, 2])) == [3, 4]
    assert api.asked == [
        ("jobs", "task_id", [1, 2], {}, None),
        ("jobs", "task_id", [1], {}, NO_ORGANIZATION),
    ]


def test_jobs_of_many_tasks_are_asked_for_in_parts():
    api = Lists([job(1, 700)], [job(2, 2)], [job(3, 1)])

    assert ids(jobs_of_tasks(api, list(range(700, 0, -1)))) == [1, 2, 3]
    assert [len(each[2]) for each in api.asked] == [300, 300, 100]
    assert all(len(url) < 6000 for url in url_among(ROOT, "task_id", [10**9] * 300))


def test_no_task_is_no_request():
    api = Lists()

    assert jobs_of_tasks(api, []) == []
    assert issues_of_jobs(api, []) == []
    assert comments_of_issues(api, [], []) == {}


@pytest.mark.parametrize("change", [{"task_id": None}, {"state": None}, {"id": "1"}])
def test_jobs_that_do_not_tell_where_they_stand(change):
    with pytest.raises(AnswerError, match=r"http://cvat/api/jobs\?filter="):
        jobs_of_tasks(Lists([{**job(1), **change}]), [1])


def test_each_organization_is_asked_for_its_own():
    jobs = [
        job(1),
        job(2, organization=7, issues={"count": 2}),
        job(3, organization=7, issues={"count": 0}),
        job(4, organization=7, issues={}),
    ]
    del jobs[0]["organization"]  # a server that does not tell it
    mine = job(5)
    answers = [[issue(6, 1)], [issue(5, 4), issue(8, 9), issue(2, 2)], [issue(3, 5)]]
    api = Lists(*answers)

    found = issues_of_jobs(api, [*jobs, mine])

    assert ids(found) == [2, 3, 5, 6]
    assert api.asked == [
        ("issues", "job_id", [1], {}, None),
        ("issues", "job_id", [2, 4], {"org_id": "7"}, NO_ORGANIZATION),
        ("issues", "job_id", [5], {}, NO_ORGANIZATION),
    ]

    api = Lists([comment(9, 6)], [comment(8, 2), comment(7, 2), comment(6, 99)], [])
    comments = comments_of_issues(api, [*jobs, mine], found)

    assert {key: ids(each) for key, each in comments.items()} == {
        2: [7, 8],
        3: [],
        5: [],
        6: [9],
    }
    assert [each[2:] for each in api.asked] == [
        ([1], {}, None),
        ([2, 4], {"org_id": "7"}, NO_ORGANIZATION),
        ([5], {}, NO_ORGANIZATION),
    ]


def test_a_job_is_changed_where_it_is():
    api = Lists()

    update_job(api, job(3, organization=7), state="completed")

    assert api.asked == [
        (
            f"{ROOT}/jobs/3",
            {
                "json": {"state": "completed"},
                "harmless": True,
                "headers": NO_ORGANIZATION,
                "params": {"org_id": 7},
            },
        )
    ]
    assert organization_of(job(1)) == {"headers": NO_ORGANIZATION}
    assert organization_of({"id": 1}) == {}


def task(number, **more):
    return {"id": number, "updated_date": f"day {number}", **more}


def frames(deleted):
    return {
        "size": 3,
        "start_frame": 0,
        "stop_frame": 2,
        "frames": [{"name": f"{n}.png", "width": 2, "height": 2} for n in range(3)],
        "deleted_frames": deleted,
    }


def test_dates_that_move_with_frames_are_taken_as_they_are():
    api = Lists([task(2, project_name=None), task(1, project_name="a")])

    assert updated_dates(api, [1, 2], 4) == {1: "day 1", 2: "day 2"}
    assert api.asked == [("tasks", "id", [1, 2], {}, None)]


def test_dates_that_stay_are_told_with_the_frames_that_were_deleted():
    listed = [task(1), task(2), task(3, project_name=None)]

    def dates(*answers):
        api = Lists(listed, *answers)
        found = updated_dates(api, [1, 2, 3, 4], 1)
        metas = [f"{ROOT}/tasks/{each}/data/meta" for each in (1, 2)]
        assert api.asked == [("tasks", "id", [1, 2, 3, 4], {}, None), *metas]
        return found

    before = dates(frames([]), frames(None))
    assert before == {1: "day 1", 2: "day 2", 3: "day 3"}
    deleted = dates(frames([2, 0]), frames([]))
    assert deleted[1] != before[1]
    assert deleted == {**before, 1: deleted[1]}
    assert dates(frames([0, 2]), frames([])) == deleted
    assert dates(frames([0]), frames([]))[1] not in (before[1], deleted[1])


@pytest.mark.parametrize("error", [NotFoundError, AccessDeniedError])
def test_tasks_whose_frames_are_not_seen_have_no_date(error):
    gone = error("GET", f"{ROOT}/tasks/1/data/meta", 404, "gone")
    api = Lists([task(1), task(2)], gone, frames([]))

    assert updated_dates(api, [1, 2], 1) == {2: "day 2"}


def test_frames_that_are_none():
    with pytest.raises(AnswerError, match="Task 1: http://cvat/api/tasks/1/data/meta"):
        updated_dates(Lists([task(1)], frames(7)), [1], 1)
