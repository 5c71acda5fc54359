"""Which jobs are meant: by state, stage, assignee, id, or a function that tells."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, SupportsIndex, TypeAlias

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.keywords import nearest
from fiftyone_cvat.types import Json

__all__ = [
    "STAGES",
    "STATES",
    "ChosenJobs",
    "choose_jobs",
    "is_of_annotation",
    "meant",
    "repeatable",
    "shown_ids",
    "username_of",
]

STAGES = ("annotation", "validation", "acceptance")
"""The stages of a job, in the order in which it goes through them."""

STATES = ("new", "in progress", "rejected", "completed")
"""The states that a job may have in each stage."""

TYPES = ("annotation", "ground_truth", "replica", "consensus_replica")
"""What jobs are for; servers before 2.80 call replicas ``consensus_replica``."""

REPLICAS = frozenset({"replica", "consensus_replica"})

ChosenJobs: TypeAlias = (
    str | int | Mapping[str, Any] | Iterable[int] | Callable[[Json], Any] | None
)
"""What :func:`choose_jobs` takes."""

MAX_NAMED = 20
"""Ids that a message names."""


def choose_jobs(jobs: Sequence[Json], chosen: ChosenJobs) -> list[Json]:
    """Return the jobs that are meant, in their order.

    Ground truth and replicas are meant only if ``type`` or their ids say so.

    Args:
        jobs: jobs of all types, as the server describes them
        chosen: a state (``"completed"``), a stage (``"acceptance"``), or the name of a
            user to whom any of the jobs is assigned; a mapping of
            ``state``, ``stage``, ``type`` or ``assignee``, all of which must hold, to
            one value or a list of those that will do, an assignee of None for nobody;
            the id of a job, or several; a function that is given each annotation job
            and tells whether it is meant; None for all annotation jobs

    Returns:
        the jobs; none if no job is so

    Raises:
        ConfigurationError: if there is no such state, stage, type or key, or if a job
            with one of the ids is not among them
    """
    is_meant = meant(jobs, chosen)
    return [job for job in jobs if is_meant(job)]


def meant(jobs: Sequence[Json], chosen: ChosenJobs) -> Callable[[Json], bool]:
    """Return a function that tells of each job whether it is meant, now or later.

    Args:
        jobs: the jobs that there are now, as the server describes them
        chosen: as for :func:`choose_jobs`

    Raises:
        ConfigurationError: as :func:`choose_jobs` does; the function itself raises none
    """
    chosen = repeatable(chosen)
    if chosen is None:
        return is_of_annotation
    if isinstance(chosen, frozenset):
        _check_ids(chosen, [job["id"] for job in jobs])
        return lambda job: job["id"] in chosen
    if isinstance(chosen, Mapping):
        wanted = _conditions(jobs, chosen)
        return lambda job: (
            ("type" in wanted or is_of_annotation(job))
            and all(_value(job, key) in values for key, values in wanted.items())
        )
    if isinstance(chosen, str):
        key = _key_of(jobs, chosen)
        return lambda job: is_of_annotation(job) and _value(job, key) == chosen
    return lambda job: is_of_annotation(job) and bool(chosen(job))


def repeatable(
    chosen: ChosenJobs,
) -> str | dict[str, Any] | frozenset[int] | Callable[[Json], Any] | None:
    """Return a choice of jobs that can be asked for again and again.

    What can be gone through once only, such as a generator of ids, is gone through.

    Args:
        chosen: what :func:`choose_jobs` takes

    Returns:
        the same: a text, a mapping to lists, ids, a function, or None

    Raises:
        ConfigurationError: if it is nothing that can choose jobs
    """
    if chosen is None or isinstance(chosen, str) or callable(chosen):
        return chosen
    if isinstance(chosen, Mapping):
        return {key: _several(value) for key, value in chosen.items()}
    return _ids(chosen)


def username_of(user: Any) -> str | None:
    """Return the name of a user as the server describes them; None for nobody.

    Args:
        user: an object with a name, or, of some servers, a name or number alone
    """
    name = user.get("username") if isinstance(user, dict) else user
    return str(name) if name else None


def shown_ids(ids: Iterable[int]) -> str:
    """Return ids as a message names them: not all of very many.

    Args:
        ids: the ids
    """
    several = list(ids)
    shown = ", ".join(map(str, several[:MAX_NAMED]))
    return f"{shown}, ... ({len(several)})" if len(several) > MAX_NAMED else shown


def is_of_annotation(job: Json) -> bool:
    """Tell whether a job's labels are those of its task.

    Those of ground truth and of replicas are beside them.

    Args:
        job: the job as the server describes it
    """
    return bool(_value(job, "type") == "annotation")


def _value(job: Json, key: str) -> Any:
    """Return what a mapping compares of a job."""
    if key == "assignee":
        return username_of(job.get("assignee"))
    # a server that knows one type only does not tell it
    return job.get("type", "annotation") if key == "type" else job.get(key)


def _conditions(
    jobs: Sequence[Json], chosen: Mapping[str, list[Any]]
) -> dict[str, Collection[Any]]:
    """Return key to the values that will do, if all of them make sense."""
    known = {"state": STATES, "stage": STAGES, "type": TYPES}
    keys = (*known, "assignee")
    wrong = [key for key in chosen if key not in keys]
    if wrong or not chosen:
        words = ", ".join(repr(key) for key in wrong) or "nothing"
        raise ConfigurationError(
            f"`jobs` names {words}; jobs are chosen by {_listed(keys)}"
        )
    wanted: dict[str, Collection[Any]] = dict(chosen)
    for key, values in wanted.items():
        valid = _known(jobs, key, known[key]) if key in known else ()
        for value in values:
            is_name = value is None or isinstance(value, str)
            if value not in valid if key in known else not is_name:
                expected = _listed(valid) if key in known else "a user name or None"
                raise ConfigurationError(
                    f"`jobs` has the {key} {value!r}; it can be {expected}"
                )
    if REPLICAS.intersection(wanted.get("type", ())):
        wanted["type"] = REPLICAS.union(wanted["type"])
    return wanted


def _key_of(jobs: Sequence[Json], name: str) -> str:
    """Return of what a name is the value: of the state, the stage or the assignee."""
    states, stages = _known(jobs, "state", STATES), _known(jobs, "stage", STAGES)
    if name in states:
        return "state"
    if name in stages:
        return "stage"
    if not any(_value(job, "assignee") == name for job in jobs):
        near = nearest(name, [*states, *stages])
        question = "" if near is None else f": did you mean '{near}'?"
        raise ConfigurationError(
            f"`jobs` is {name!r}, which chooses none{question or '.'} Jobs have a "
            f"state ({_listed(states)}), a stage ({_listed(stages)}) and an "
            "assignee, and none is assigned to a user of that name. If it is a user "
            f"who may have jobs later, give {{'assignee': {name!r}}} (on the command "
            f"line assignee={name}). Other choices are mappings, job "
            "ids, or a function of a job"
        )
    return "assignee"


def _known(jobs: Sequence[Json], key: str, names: Sequence[str]) -> list[str]:
    """Return the names that make sense: a server may have more than are known here."""
    found = (_value(job, key) for job in jobs)
    return list(dict.fromkeys([*names, *filter(None, found)]))


def _several(value: Any) -> list[Any]:
    """Return the values of a condition or choice, of which there may be one."""
    # an array of NumPy that is one number cannot be gone through
    is_one = isinstance(value, (str, bytes)) or getattr(value, "ndim", 1) == 0
    return [value] if is_one or not isinstance(value, Iterable) else list(value)


def _ids(chosen: Any) -> frozenset[int]:
    """Return the ids of jobs that were given: one, or several."""
    several = _several(chosen)
    for each in several:
        # a number of NumPy is one, too; a truth value is none
        if isinstance(each, bool) or not isinstance(each, SupportsIndex):
            raise ConfigurationError(
                f"`jobs` has {each!r}, which is no job's id; it can be a state, a "
                "stage, a mapping, job ids, or a function of a job"
            )
    return frozenset(operator.index(each) for each in several)


def _check_ids(ids: Collection[int], known: Sequence[int]) -> None:
    gone = sorted(set(ids).difference(known))
    if not gone:
        return
    are = f"jobs {shown_ids(gone)} are" if len(gone) > 1 else f"job {gone[0]} is"
    raise ConfigurationError(
        f"`jobs`: {are} not there: deleted in CVAT, not to be seen by this user, or "
        f"of other tasks; there are {shown_ids(known) or 'none'}"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{each}'" for each in names)
