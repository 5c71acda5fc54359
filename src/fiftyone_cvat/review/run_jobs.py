"""The jobs of a run, and which of them has a frame."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.review.run_frames import TaskFrame
from fiftyone_cvat.runs.chosen_jobs import choose_jobs
from fiftyone_cvat.runs.stored_runs import is_import
from fiftyone_cvat.server.run_jobs import jobs_of_tasks
from fiftyone_cvat.types import Json

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["annotation_jobs", "job_of", "jobs_of_run", "jobs_seen", "tasks_unseen"]

logger = logging.getLogger(__name__)


def jobs_of_run(api: CVATAnnotationAPI, results: Any) -> list[Json]:
    """Return the jobs of a run, of all types, in the order of tasks and frames.

    Args:
        api: the session
        results: the run's results; of an import of some jobs only these are its own

    Returns:
        the jobs as the server describes them

    Raises:
        ConfigurationError: if the run has no task, or none of its tasks is seen
    """
    jobs = jobs_seen(api, results)
    unseen = tasks_unseen(results, jobs)
    if unseen:
        logger.warning(
            "CVAT at %s shows no jobs of the tasks %s of run '%s': they are left out",
            api.base_url,
            ", ".join(map(str, unseen)),
            results.key,
        )
    return jobs


def jobs_seen(api: CVATAnnotationAPI, results: Any) -> list[Json]:
    """Return what :func:`jobs_of_run` does, and say nothing of tasks without jobs.

    Args:
        api: the session
        results: the run's results

    Raises:
        ConfigurationError: if the run has no task, or none of its tasks is seen
    """
    if not results.task_ids:
        raise ConfigurationError(f"Run '{results.key}' has no tasks any more")
    jobs = jobs_of_tasks(api, results.task_ids)
    if not jobs:
        tasks = ", ".join(map(str, results.task_ids))
        raise ConfigurationError(
            f"CVAT at {api.base_url} (organization: {api._organization or 'none'}) "
            f"shows no jobs of the tasks {tasks} of run '{results.key}': they were "
            "deleted, are in another organization, or may not be seen by this user"
        )
    if not is_import(results):
        return jobs
    return [job for job in jobs if _has_any(job, results.frame_id_map[job["task_id"]])]


def tasks_unseen(results: Any, jobs: Sequence[Json]) -> list[int]:
    """Return the tasks of a run that have none of some jobs.

    Args:
        results: the run's results
        jobs: the jobs
    """
    seen = {job["task_id"] for job in jobs}
    return [each for each in results.task_ids if each not in seen]


def annotation_jobs(jobs: Sequence[Json]) -> list[Json]:
    """Return the jobs that are no ground truth and no replicas.

    Args:
        jobs: the jobs as the server describes them
    """
    return choose_jobs(jobs, None)


def job_of(jobs: Sequence[Json], frame: TaskFrame) -> Json | None:
    """Return the job that has a frame; of those that overlap there the first.

    Args:
        jobs: annotation jobs in the order of their frames
        frame: the frame

    Returns:
        None if no job has it
    """
    for job in jobs:
        is_in = job["start_frame"] <= frame.position <= job["stop_frame"]
        if is_in and job["task_id"] == frame.task_id:
            return job
    return None


def _has_any(job: Json, frames: Iterable[int]) -> bool:
    return any(job["start_frame"] <= each <= job["stop_frame"] for each in frames)
