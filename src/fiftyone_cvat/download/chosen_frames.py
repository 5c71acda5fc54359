"""Which frames of a run are loaded: those of the jobs that were chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fiftyone_cvat.runs.chosen_jobs import choose_jobs
from fiftyone_cvat.transport.side_by_side import side_by_side

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["choose_frames"]


def choose_frames(api: CVATAnnotationAPI, results: Any) -> dict[int, set[int]]:
    """Ask for the jobs of a run, and return the frames of those that are to be loaded.

    A frame that jobs share is loaded if one of them is chosen. Tasks that do not exist
    any more have no jobs.

    Args:
        api: the session
        results: the run's results, whose configuration has the choice in ``jobs``

    Returns:
        the id of each task of the run to the positions of its frames that were chosen

    Raises:
        ConfigurationError: if the choice names what no job can have
    """
    task_ids = list(results.task_ids)
    workers = min(results.config.max_workers, len(task_ids))
    with side_by_side(api._get_annotation_jobs, task_ids, workers) as answers:
        jobs_by_task = dict(zip(task_ids, answers, strict=True))
    jobs = [job for of_task in jobs_by_task.values() for job in of_task]
    chosen = {job["id"] for job in choose_jobs(jobs, results.config.jobs)}
    return {
        task_id: {
            frame
            for job in of_task
            if job["id"] in chosen
            for frame in range(job["start_frame"], job["stop_frame"] + 1)
        }
        for task_id, of_task in jobs_by_task.items()
    }
