"""Jobs of a run given to people, and taken to a stage and a state."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.errors import AccessDeniedError, ConfigurationError, CVATError
from fiftyone_cvat.review.run_jobs import jobs_of_run
from fiftyone_cvat.runs.arguments import one_of
from fiftyone_cvat.runs.chosen_jobs import (
    STAGES,
    STATES,
    ChosenJobs,
    choose_jobs,
    username_of,
)
from fiftyone_cvat.runs.members import several
from fiftyone_cvat.server.run_jobs import update_job
from fiftyone_cvat.types import Json

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["advance_jobs", "assign_jobs"]

logger = logging.getLogger(__name__)

MAX_NAMED = 20
"""Users that a message names."""

RIGHTS = (
    "Stage and assignee of a job may be changed by the owner and the assignee of its "
    "task or project, and by maintainers of its organization; its state by its own "
    "assignee, too. A read-only access token may change nothing."
)


def assign_jobs(
    api: CVATAnnotationAPI,
    results: Any,
    jobs: ChosenJobs,
    to: str | Sequence[str] | None,
) -> list[int]:
    """Assign jobs of a run to users in turn.

    Args:
        api: the session
        results: the run's results
        jobs: which jobs, as for :func:`choose_jobs`
        to: a user name, several, or None for nobody

    Returns:
        the ids of the jobs, in the order of their frames

    Raises:
        ConfigurationError: if there is no such job or user, before anything is changed
        AccessDeniedError: if the user may not do that
    """
    names = [to] if to is None or isinstance(to, str) else several("to", to)
    if not names:
        raise ConfigurationError("`to` names nobody; None takes the assignees away")
    user_ids = {name: _user_id(api, name) for name in dict.fromkeys(names)}
    chosen = _chosen(api, results, jobs)
    _change(
        api,
        [
            (job, {api.assignee_key: user_ids[name]})
            for job, name in zip(chosen, cycle(names), strict=False)
            if username_of(job.get("assignee")) != name
        ],
    )
    return [job["id"] for job in chosen]


def advance_jobs(
    api: CVATAnnotationAPI,
    results: Any,
    jobs: ChosenJobs,
    stage: str | None,
    state: str | None,
) -> list[int]:
    """Take jobs of a run to a stage, a state, or both.

    Args:
        api: the session
        results: the run's results
        jobs: which jobs, as for :func:`choose_jobs`
        stage: ``annotation``, ``validation`` or ``acceptance``; None for where it is
        state: ``new``, ``in progress``, ``rejected`` or ``completed``; None for what it
            is, or ``new`` in another stage

    Returns:
        the ids of the jobs, in the order of their frames

    Raises:
        ConfigurationError: if there is no such job, stage or state, before anything is
            changed
        AccessDeniedError: if the user may not do that
    """
    given = {"stage": stage, "state": state}
    wanted = {key: name for key, name in given.items() if name is not None}
    if not wanted:
        raise ConfigurationError("Give a `stage` or a `state` to take the jobs to")
    for key, name in wanted.items():
        one_of(key, name, *(STAGES if key == "stage" else STATES))
    chosen = _chosen(api, results, jobs)
    changes = [(job, _difference(job, wanted)) for job in chosen]
    _change(api, [(job, change) for job, change in changes if change])
    return [job["id"] for job in chosen]


def _difference(job: Json, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what has to be asked for: more than that may not be allowed."""
    change = {key: name for key, name in wanted.items() if job[key] != name}
    # in another stage the state is new, unless it is asked for
    return wanted if "stage" in change else change


def _chosen(api: CVATAnnotationAPI, results: Any, jobs: ChosenJobs) -> list[Json]:
    every = jobs_of_run(api, results)
    chosen = choose_jobs(every, jobs)
    if not chosen:
        counts = Counter((job["stage"], job["state"]) for job in every)
        logger.warning(
            "No job of run '%s' is as `jobs` says; there are %s",
            results.key,
            ", ".join(f"{n} in {a}, {b}" for (a, b), n in sorted(counts.items())),
        )
    return chosen


def _user_id(api: CVATAnnotationAPI, name: str | None) -> int | None:
    if name is None:
        return None
    with api._told_of_users([name]):
        user_id = api.get_user_id(name)
    if user_id is None:
        known = list(_user_names(api))
        shown = ", ".join(known[:MAX_NAMED])
        more = ", ..." if len(known) > MAX_NAMED else ""
        raise ConfigurationError(
            f"CVAT at {api.base_url} has no user '{name}' that you may see; there are "
            f"{shown}{more}"
        )
    return user_id


def _user_names(api: CVATAnnotationAPI) -> Iterator[str]:
    names = api._get_paginated_results(api.users_url, value="username")
    yield from sorted(map(str, names))


def _change(
    api: CVATAnnotationAPI, changes: Sequence[tuple[Json, dict[str, Any]]]
) -> None:
    """Change jobs one after the other; an error tells which were changed before it."""
    done: list[int] = []
    for job, change in changes:
        try:
            update_job(api, job, **change)
        except CVATError as error:
            if isinstance(error, AccessDeniedError):
                error.advice = RIGHTS
            if done:
                error.add_note(f"Changed before: jobs {', '.join(map(str, done))}")
            raise
        done.append(job["id"])
