"""Issues of jobs and the comments on them: listed, opened, answered, resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fiftyone_cvat.convert.from_cvat.issues import check_comments, check_issues
from fiftyone_cvat.server.changes import Changes
from fiftyone_cvat.server.run_jobs import organization_of, url_among
from fiftyone_cvat.server.session import Session
from fiftyone_cvat.transport.requests import with_params
from fiftyone_cvat.transport.responses import id_in, reading
from fiftyone_cvat.types import Json

__all__ = [
    "add_comment",
    "add_issue",
    "comments_of_issues",
    "issues_of_jobs",
    "set_resolved",
]


def issues_of_jobs(api: Session, jobs: Sequence[Json]) -> list[Json]:
    """Return the issues of jobs, oldest first.

    Jobs that tell that they have none are not asked.

    Args:
        api: the session
        jobs: the jobs as the server describes them

    Returns:
        the issues as the server describes them

    Raises:
        AnswerError: if an issue has no id, job, frame or position
    """
    # a count of None is of a server that does not tell it
    with_issues = [job for job in jobs if (job.get("issues") or {}).get("count") != 0]
    issues = _listed(api, api.issues_url, "job_id", with_issues, check_issues)
    ids = {job["id"] for job in with_issues}
    return sorted(
        (each for each in issues if each["job"] in ids), key=lambda each: each["id"]
    )


def comments_of_issues(
    api: Session, jobs: Sequence[Json], issues: Iterable[Json]
) -> dict[int, list[Json]]:
    """Return the comments on issues, oldest first.

    Args:
        api: the session
        jobs: the jobs of the issues, as the server describes them
        issues: the issues, likewise

    Returns:
        the id of each issue to its comments as the server describes them

    Raises:
        AnswerError: if a comment has no id, issue or text
    """
    by_issue: dict[int, list[Json]] = {each["id"]: [] for each in issues}
    with_issues = {each["job"] for each in issues}
    asked = [job for job in jobs if job["id"] in with_issues]
    comments = _listed(api, api.comments_url, "job_id", asked, check_comments)
    for each in sorted(comments, key=lambda each: each["id"]):
        by_issue.get(each["issue"], []).append(each)
    return by_issue


def add_issue(
    api: Changes, job: Json, frame: int, position: Sequence[float], text: str
) -> int:
    """Open an issue; return its id.

    Args:
        api: the session
        job: the job as the server describes it
        frame: the frame's position in the task, from 0
        position: ``[x1, y1, x2, y2, ...]`` in pixels
        text: the first comment

    Raises:
        AccessDeniedError: if the user may not do that
    """
    body = {
        "job": job["id"],
        "frame": frame,
        "position": list(position),
        "message": text,
    }

    def same() -> list[Json]:
        found = issues_of_jobs(api, [{**job, "issues": {}}])
        there = (frame, body["position"])
        return [each for each in found if (each["frame"], each["position"]) == there]

    return _add(api, api.issues_url, body, same, job)


def add_comment(api: Changes, job: Json, issue: Json, text: str) -> int:
    """Answer to an issue; return the comment's id.

    Args:
        api: the session
        job: the job of the issue, as the server describes it
        issue: the issue, likewise
        text: the comment

    Raises:
        AccessDeniedError: if the user may not do that
    """
    body = {"issue": issue["id"], "message": text}

    def same() -> list[Json]:
        found = comments_of_issues(api, [job], [issue])[issue["id"]]
        return [each for each in found if each["message"] == text]

    return _add(api, api.comments_url, body, same, job)


def set_resolved(api: Session, job: Json, issue: Json, *, resolved: bool) -> None:
    """Resolve an issue, or open it again.

    Args:
        api: the session
        job: the job of the issue, as the server describes it
        issue: the issue, likewise
        resolved: whether it is resolved

    Raises:
        AccessDeniedError: if the user may not do that
    """
    url, body = api.issue_url(issue["id"]), {"resolved": resolved}
    api.patch(url, json=body, harmless=True, **organization_of(job))


def _add(
    api: Changes, url: str, body: Json, same: Callable[[], list[Json]], job: Json
) -> int:
    """Create an issue or a comment once, although an answer may be lost.

    Args:
        api: the session
        url: the list that it goes into
        body: what is sent
        same: lists what is there and looks like it
        job: the job of it, as the server describes it
    """
    known = {each["id"] for each in same()}

    def send() -> int:
        answer = api.post(url, json=body, harmless=False, **organization_of(job))
        with reading(answer):
            return id_in(answer.json(), url)

    def look() -> int | None:
        new = [each["id"] for each in same() if each["id"] not in known]
        return max(new, default=None)

    return api._send_surely(send, look)


def _listed(
    api: Session,
    url: str,
    key: str,
    jobs: Sequence[Json],
    check: Callable[[list[Any], str], None],
) -> list[Json]:
    """Return the items of a list that belong to some jobs.

    Each organization is asked for its own: without its name, the server leaves out
    what only a member of it may see.
    """
    found: dict[int, Json] = {}
    places = {repr(organization_of(job)): organization_of(job) for job in jobs}
    for name, place in places.items():
        ids = [job["id"] for job in jobs if repr(organization_of(job)) == name]
        for part in url_among(url, key, ids):
            where = with_params(part, place.get("params"))
            items = api._all_items(where, headers=place.get("headers"))
            check(items, where)
            # a list that changes between two pages has an item on both
            found |= {each["id"]: each for each in items}
    return list(found.values())
