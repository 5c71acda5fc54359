"""A run whose jobs are loaded one by one, as annotators finish them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from time import sleep
from typing import Any

from fiftyone_cvat.convert.from_cvat.reconciliation import Reconciliation
from fiftyone_cvat.errors import (
    CertificateError,
    RedirectError,
    RequestError,
    RequestTimeoutError,
    UnreachableError,
)
from fiftyone_cvat.runs.arguments import DAY, positive_number
from fiftyone_cvat.runs.chosen_jobs import ChosenJobs, choose_jobs
from fiftyone_cvat.server.run_jobs import jobs_of_tasks
from fiftyone_cvat.workflows.loading import load
from fiftyone_cvat.workflows.results import results_of_run

__all__ = ["LoadedJobs", "load_finished", "watch"]

logger = logging.getLogger(__name__)

CVAT_IS_AWAY = (UnreachableError, RequestTimeoutError, RequestError)
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
    anew. The run remembers which were loaded: whoever watches it again goes on there. A
    server that does not answer, or is overloaded, is asked again the next time.

    Args:
        samples: the dataset, or a view into it
        anno_key: the annotation key
        jobs: which jobs are waited for, as for ``load``
        every: seconds between two questions to the server
        **settings: as for ``load``: ``unexpected``, ``empty``, ``dest_field``,
            ``progress``, and credentials

    Yields:
        the jobs that were loaded, each time that there are any

    Raises:
        ConfigurationError: if there is no such run, or if ``jobs`` names what no job
            can have
    """
    seconds = positive_number("every", every, most=DAY)
    while True:
        try:
            loaded = load_finished(samples, anno_key, jobs=jobs, **settings)
        except CVAT_IS_AWAY as error:
            if not _may_come_back(error):
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
    dataset = samples._root_dataset
    names = ("unexpected", "empty", "dest_field", "progress")
    credentials = {key: each for key, each in settings.items() if key not in names}
    results = results_of_run(dataset, anno_key, **credentials)
    api = results.connect_to_api()
    new = [
        job["id"]
        for job in choose_jobs(jobs_of_tasks(api, results.task_ids), jobs)
        if results.loaded_jobs.get(job["id"]) != job.get("updated_date")
    ]
    if not new:
        return LoadedJobs([], Reconciliation())
    options = {"unexpected": "ignore"} | settings
    load(dataset, anno_key, jobs=new, refresh=True, **options)
    return LoadedJobs(new, results.reconciliation)


def _may_come_back(error: Exception) -> bool:
    """Return whether the same question may be answered later."""
    if isinstance(error, RequestError):
        return error.status == TOO_MANY_REQUESTS or error.status >= SERVER_ERROR
    return not isinstance(error, (CertificateError, RedirectError))
