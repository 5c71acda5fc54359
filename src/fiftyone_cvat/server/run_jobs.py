"""The jobs of several tasks, and the tasks: asked for at once, and changed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from fiftyone_cvat.convert.from_cvat.answer_checks import check_meta, check_states
from fiftyone_cvat.errors import AccessDeniedError, NotFoundError
from fiftyone_cvat.server.jobs import ORGANIZATION
from fiftyone_cvat.server.session import Session
from fiftyone_cvat.transport.requests import with_params
from fiftyone_cvat.transport.responses import id_in, value_in
from fiftyone_cvat.transport.side_by_side import side_by_side
from fiftyone_cvat.types import Json

__all__ = [
    "jobs_of_tasks",
    "organization_of",
    "update_job",
    "updated_dates",
    "url_among",
]

logger = logging.getLogger(__name__)

MAX_IDS = 300
"""Ids in one URL: proxies refuse those of more than some 8,000 characters."""

SINCE_FRAMES_MOVE_DATES = "project_name"
"""What servers tell of a listed task that set its date when frames are deleted.

Those that have begun to set it a little before they told this are asked in vain.
"""


def jobs_of_tasks(api: Session, task_ids: Sequence[int]) -> list[Json]:
    """Return the jobs of tasks, of all types, in the order of tasks and frames.

    Args:
        api: the session
        task_ids: the tasks; those that are gone, or not seen, have no jobs

    Returns:
        the jobs as the server describes them

    Raises:
        AnswerError: if a job does not tell its task, frames, stage or state
    """
    jobs = _jobs(api, task_ids, None)
    if api._organization:
        # in an organization the server lists only what is there
        seen = {job["task_id"] for job in jobs}
        elsewhere = [each for each in task_ids if each not in seen]
        jobs += _jobs(api, elsewhere, {ORGANIZATION: None})
    positions = {task_id: number for number, task_id in enumerate(task_ids)}
    return sorted(
        jobs,
        key=lambda job: (positions[job["task_id"]], job["start_frame"], job["id"]),
    )


def updated_dates(
    api: Session, task_ids: Sequence[int], workers: int
) -> dict[int, str]:
    """Return what tells whether tasks were changed: when that was last.

    It is as the server writes it. It moves with every change of the task's
    annotations, labels, frames and project, and stays with those of issues and of the
    state of jobs. Where the server's own date stays when frames are deleted, they
    are named, too.

    Args:
        api: the session
        task_ids: the tasks; those that the server does not list are left out
        workers: how many tasks are asked for their frames at a time

    Raises:
        AnswerError: if a task does not tell its date, or which frames were deleted
    """
    found = {}
    silent = []
    for url in url_among(api.tasks_url, "id", task_ids):
        for task in api._all_items(url):
            task_id = id_in(task, url)
            found[task_id] = str(value_in(task, "updated_date", url))
            if SINCE_FRAMES_MOVE_DATES not in task:
                silent.append(task_id)
    deleted_frames = partial(_deleted_frames, api)
    with side_by_side(
        deleted_frames, silent, max(1, min(workers, len(silent)))
    ) as answers:
        for task_id, deleted in zip(silent, answers, strict=True):
            if deleted is None:
                del found[task_id]
            elif deleted:
                found[task_id] += f" without {deleted}"
    return found


def _deleted_frames(api: Session, task_id: int) -> list[int] | None:
    """Return the frames that were deleted in a task; None if it is not seen (any more).

    It is told of when it is read.
    """
    url = api.task_data_meta_url(task_id)
    try:
        meta = api.get(url, print_error_info=False).json()
    except (NotFoundError, AccessDeniedError):
        return None
    check_meta(meta, (), f"Task {task_id}: {url}")
    return sorted(meta.get("deleted_frames") or ())


def _jobs(api: Session, task_ids: Sequence[int], headers: Any) -> list[Json]:
    found: dict[int, Json] = {}
    for url in url_among(f"{api.base_api_url}/jobs", "task_id", task_ids):
        jobs = api._all_items(url, headers=headers)
        check_states(jobs, url)
        # a list that changes between two pages has an item on both
        found |= {job["id"]: job for job in jobs}
    wanted = set(task_ids)
    return [job for job in found.values() if job["task_id"] in wanted]


def url_among(url: str, key: str, ids: Iterable[int]) -> Iterator[str]:
    """Yield the URLs of the parts of a list whose items have one of some values.

    Args:
        url: the URL of the list
        key: what the server calls the value
        ids: the values; of many, each URL names some
    """
    several = list(ids)
    for start in range(0, len(several), MAX_IDS):
        rule = {"in": [{"var": key}, several[start : start + MAX_IDS]]}
        yield with_params(url, {"filter": json.dumps(rule, separators=(",", ":"))})


def update_job(api: Session, job: Json, **changes: Any) -> None:
    """Change a job.

    Args:
        api: the session
        job: the job as the server describes it
        **changes: what to set: ``assignee``, a user's id or None, ``stage``, ``state``

    Raises:
        AccessDeniedError: if the user may not do that
    """
    url = api.taskless_job_url(job["id"])
    api.patch(url, json=changes, harmless=True, **organization_of(job))


def organization_of(job: Json) -> dict[str, Any]:
    """Return what makes a request one in the organization that a job is in.

    Who is a member there may see and do more than without it; and a task may be in
    another one than the session.

    Args:
        job: the job as the server describes it

    Returns:
        further arguments of the session's verbs; none if the job does not tell it
    """
    if "organization" not in job:
        return {}
    number = job["organization"]
    params = {} if number is None else {"params": {"org_id": number}}
    return {"headers": {ORGANIZATION: None}, **params}
