"""A run whose jobs are loaded one by one, as annotators finish them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import sleep
from typing import Any

from pymongo.errors import ConnectionFailure

from fiftyone_cvat.console import tell
from fiftyone_cvat.convert.from_cvat.reconciliation import Reconciliation
from fiftyone_cvat.errors import (
    CertificateError,
    DatabaseError,
    RedirectError,
    RequestError,
    RequestTimeoutError,
    UnreachableError,
)
from fiftyone_cvat.review.run_jobs import jobs_seen, tasks_unseen
from fiftyone_cvat.runs.arguments import positive_number
from fiftyone_cvat.runs.chosen_jobs import ChosenJobs, meant, repeatable, shown_ids
from fiftyone_cvat.runs.job_status import counted
from fiftyone_cvat.types import DAY, Json
from fiftyone_cvat.workflows.loading import load
from fiftyone_cvat.workflows.results import dataset_of, newest_results, results_of_run

__all__ = ["AWAY", "LoadedJobs", "load_finished", "may_come_back", "watch"]

logger = logging.getLogger(__name__)

AWAY = (
    *(UnreachableError, RequestTimeoutError, RequestError),
    *(DatabaseError, ConnectionFailure),
)
"""What is raised if a server or the database does not answer, among others."""

NO_CREDENTIALS = (
    *("unexpected", "empty", "dest_field", "progress"),
    "update_label_schema",
)
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class LoadedJobs:
    """Jobs that were loaded together.

    Attributes:
        job_ids: the jobs
        reconciliation: what came of their labels
    """

    job_ids: list[int]
    reconciliation: Reconciliation


def watch(
    samples: Any,
    anno_key: str,
    *,
    jobs: ChosenJobs = "completed",
    every: float = 60.0,
    **settings: Any,
) -> Iterator[LoadedJobs]:
    """Load each job of a run when it is as it is waited for, until the caller stops.

    A job is loaded once, and again if it was changed since, or opened and finished
    anew. The run remembers which were loaded: whoever watches it again goes on there.
    With ``dest_field`` it does not, and who watches it again loads all of them first. A
    server or database that does not answer, or is overloaded, is asked again the next
    time. What others do with the run meanwhile is taken over.

    Args:
        samples: the dataset, or a view into it
        anno_key: the annotation key
        jobs: which jobs are waited for, as for ``load``; of users who may have none yet
            as a mapping, ``{"assignee": "alice"}``. Ids of jobs that are deleted while
            it is watched are left out, with a warning
        every: seconds between two questions to the server, at most a day
        **settings: as for ``load``: ``unexpected``, ``empty``, ``dest_field``,
            ``update_label_schema``, ``progress``, and credentials

    Returns:
        an iterator over the jobs that were loaded, each time that there are any; the
        first question is asked when its first item is

    Raises:
        ConfigurationError: if there is no such run, at once, or no more; if none of its
            tasks is seen; or if ``jobs`` names what no job can have
    """
    seconds = positive_number("every", every, most=DAY)
    watcher = _Watcher(samples, anno_key, jobs, settings)
    watcher.check_run()
    tell(f"Watching run '{anno_key}': CVAT is asked every {seconds:g} s")
    return _loaded(watcher, seconds)


def _loaded(watcher: _Watcher, seconds: float) -> Iterator[LoadedJobs]:
    """Yield the jobs that a watcher has loaded, each time that there are any."""
    while True:
        try:
            loaded = watcher.load_new()
        except AWAY as error:
            if not may_come_back(error):
                raise
            logger.warning("Asking again in %g seconds: %s", seconds, error)
        else:
            if loaded.job_ids:
                yield loaded
        sleep(seconds)


def load_finished(
    samples: Any, anno_key: str, *, jobs: ChosenJobs = "completed", **settings: Any
) -> LoadedJobs:
    """Load the jobs of a run that are as they are waited for, and were not loaded yet.

    Args:
        samples: the dataset, or a view into it
        anno_key: the annotation key
        jobs: which jobs are waited for, as for ``load``
        **settings: as for ``load``; labels of other types stay in CVAT by default

    Returns:
        the jobs that were loaded, if any, and what came of their labels
    """
    return _Watcher(samples, anno_key, jobs, settings).load_new()


class _Watcher:
    """Loads new jobs each time that it is asked.

    Args:
        samples: the dataset, or a view into it
        anno_key: the annotation key
        jobs: which jobs are waited for
        settings: what ``load`` takes besides
    """

    def __init__(
        self,
        samples: Any,
        anno_key: str,
        jobs: ChosenJobs,
        settings: Mapping[str, Any],
    ) -> None:
        self._dataset = dataset_of(samples)
        self._key = anno_key
        self._jobs = repeatable(jobs)
        self._settings = {"unexpected": "ignore", **settings}
        self._credentials = {
            key: each for key, each in settings.items() if key not in NO_CREDENTIALS
        }
        self._is_meant: Callable[[Json], bool] | None = None
        # whether no load was stopped that left the run half done in this process
        self._is_known = True
        # what a run that loads into other fields does not remember
        self._loaded: dict[int, Any] = {}
        self._told: set[tuple[str, int]] = set()

    def check_run(self) -> None:
        """Refuse a run that is none of this package, if the database tells.

        Raises:
            ConfigurationError: if it is none, or not there
        """
        with suppress(DatabaseError):  # it is asked again
            results_of_run(self._dataset, self._key, **self._credentials)

    def load_new(self) -> LoadedJobs:
        """Load the jobs that are as they are waited for, and were not loaded yet."""
        is_known, self._is_known = self._is_known, False
        results = newest_results(
            self._dataset, self._key, is_known=is_known, **self._credentials
        )
        api = results.connect_to_api()
        jobs = jobs_seen(api, results)
        if self._is_meant is None:
            self._is_meant = meant(jobs, self._jobs)
        self._tell_what_is_gone(api.base_url, results, jobs)
        is_noted = self._settings.get("dest_field") is None
        loaded = results.loaded_jobs if is_noted else self._loaded
        new = {
            job["id"]: job.get("updated_date")
            for job in jobs
            if self._is_meant(job)
            and (job["id"], job.get("updated_date")) not in loaded.items()
        }
        if not new:
            self._is_known = True
            return LoadedJobs([], Reconciliation())
        which = f"{counted(len(new), 'job')} of run '{self._key}'"
        tell(f"Loading {which}: {shown_ids([*new])}")
        load(self._dataset, self._key, jobs=[*new], refresh=True, **self._settings)
        self._is_known = True
        counts = results.reconciliation
        # a task may have been deleted, or not be seen, in between
        self._loaded |= {job_id: new[job_id] for job_id in counts.jobs}
        return LoadedJobs(counts.jobs, counts)

    def _tell_what_is_gone(self, url: str, results: Any, jobs: list[Json]) -> None:
        """Warn of tasks without jobs, and of named jobs that are gone, once each."""
        named = self._jobs if isinstance(self._jobs, frozenset) else ()
        gone = {
            "tasks": tasks_unseen(results, jobs),
            "jobs": sorted({*named} - {job["id"] for job in jobs}),
        }
        for what, ids in gone.items():
            new = [each for each in ids if (what, each) not in self._told]
            self._told |= {(what, each) for each in new}
            if new:
                logger.warning(
                    "CVAT at %s shows no %s %s of run '%s': they were deleted, or may "
                    "not be seen by this user, and are left out",
                    url,
                    what,
                    shown_ids(new),
                    self._key,
                )


def may_come_back(error: Exception) -> bool:
    """Tell whether the same question may be answered later.

    Args:
        error: one of :data:`AWAY`
    """
    if isinstance(error, RequestError):
        return error.status == TOO_MANY_REQUESTS or error.status >= SERVER_ERROR
    return not isinstance(error, (CertificateError, RedirectError))
