"""Which tasks and frames of a run are loaded: of chosen jobs, or those that changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.convert.from_cvat.reconciliation import Reconciliation
from fiftyone_cvat.convert.shared.frames import FrameRef, frame_refs
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.chosen_jobs import ChosenJobs, choose_jobs
from fiftyone_cvat.runs.last_loads import TaskLoad, last_load
from fiftyone_cvat.runs.stored_runs import hide
from fiftyone_cvat.server.run_jobs import jobs_of_tasks, updated_dates
from fiftyone_cvat.types import Json

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["ChosenTasks"]


class ChosenTasks:
    """Chooses what of a run is loaded, by its results' configuration.

    Its ``jobs`` are those to load; with ``only_changed`` a task is left that is on the
    server as an earlier load has taken it.

    Args:
        api: the session
        results: the run's results

    Attributes:
        has_left: whether tasks were left that may well be on the server
    """

    def __init__(self, api: CVATAnnotationAPI, results: Any) -> None:
        self._api = api
        self._results = results
        self.has_left = False
        self._jobs: ChosenJobs = None
        # each task's jobs that were chosen, and their ids, which are None for all
        self._jobs_by_task: dict[int, list[Json]] = {}
        self._ids_by_task: dict[int, list[int] | None] = {}

    def leave_others(self) -> Reconciliation:
        """Take tasks that are not to be loaded out of the run until it is saved.

        Returns:
            counts of what is in none of the chosen jobs, and of what has not changed

        Raises:
            ConfigurationError: if ``jobs`` names what no job can have
        """
        results, options = self._results, self._results.config.load_options
        results.completed_frames, results.job_dates = [], {}
        # the dates first: what is changed from here on is loaded the next time
        dates = {}
        if options.are_noted:
            dates = updated_dates(self._api, results.task_ids)
        self._jobs, results.config.jobs = results.config.jobs, None
        if self._jobs is not None or options.holder_by_field is not None:
            self._jobs_by_task = self._choose()
        results.tasks_in_part = {
            task_id for task_id, ids in self._ids_by_task.items() if ids
        }
        results.loads = {
            task_id: TaskLoad(
                date, self._ids_by_task.get(task_id), self._completed(task_id)
            )
            for task_id, date in dates.items()
        }
        not_asked = [key for key, ids in self._ids_by_task.items() if ids == []]
        as_loaded = []
        if options.only_changed:
            as_loaded = [
                task_id
                for task_id, load in results.loads.items()
                if task_id not in not_asked and load.is_in(last_load(results, task_id))
            ]
        frames = results.frame_id_map
        counts = Reconciliation(
            not_asked=sum(len(frames[task_id]) for task_id in not_asked),
            tasks_as_loaded=len(as_loaded),
        )
        hide(results, [*not_asked, *as_loaded])
        results.job_dates = {
            job["id"]: job.get("updated_date")
            for task_id in results.task_ids
            for job in self._jobs_by_task.get(task_id, ())
        }
        self.has_left = bool(not_asked or as_loaded)
        return counts

    def _choose(self) -> dict[int, list[Json]]:
        """Return each task's jobs that were chosen."""
        results = self._results
        jobs = jobs_of_tasks(self._api, results.task_ids)
        chosen = {job["id"] for job in _of_annotation(choose_jobs(jobs, self._jobs))}
        by_task: dict[int, list[Json]] = {task_id: [] for task_id in results.task_ids}
        for job in jobs:
            if _is_of_annotation(job):
                by_task[job["task_id"]].append(job)
        found = {}
        for task_id, of_task in by_task.items():
            found[task_id] = [job for job in of_task if job["id"] in chosen]
            are_all = len(found[task_id]) == len(of_task)
            ids = [job["id"] for job in found[task_id]]
            self._ids_by_task[task_id] = None if are_all else ids
        return found

    def _completed(self, task_id: int) -> list[int]:
        """Return the chosen jobs of a task whose frames without labels have none."""
        if self._results.config.load_options.holder_by_field is None:
            return []
        return [job["id"] for job in self._jobs_by_task[task_id] if _is_done(job)]

    def note_completed(self, task_id: int, refs: Mapping[int, FrameRef]) -> None:
        """Note the frames of a task that are in jobs which are completed.

        Args:
            task_id: the task
            refs: the position of each frame that is not deleted to what it is
        """
        if self._results.config.load_options.holder_by_field is not None:
            done = filter(_is_done, self._jobs_by_task[task_id])
            frames = {frame for job in done for frame in _frames(job)}
            found = [ref for frame, ref in refs.items() if frame in frames]
            self._results.completed_frames += found

    def frames_left(self, task_id: int, frames: Collection[int]) -> set[int]:
        """Return the frames of a task that are in none of the chosen jobs.

        Args:
            task_id: the task
            frames: the positions of the frames
        """
        if self._ids_by_task.get(task_id) is None:
            return set()
        return set(frames).difference(*map(_frames, self._jobs_by_task[task_id]))

    def images_left(self) -> set[str]:
        """Return the ids of images that are in none of the chosen jobs."""
        left = set()
        for task_id in self._results.task_ids:
            refs = frame_refs(self._results.frame_id_map[task_id])
            for frame in self.frames_left(task_id, refs):
                if refs[frame].frame_id is None:
                    left.add(refs[frame].sample_id)
        return left


def _frames(job: Json) -> range:
    """Return the positions of a job's frames."""
    return range(job["start_frame"], job["stop_frame"] + 1)


def _of_annotation(jobs: Sequence[Json]) -> Sequence[Json]:
    """Return jobs, if their labels are those of their tasks.

    Raises:
        ConfigurationError: if one has labels of its own
    """
    others = [job for job in jobs if not _is_of_annotation(job)]
    if others:
        job = others[0]
        raise ConfigurationError(
            f"Job {job['id']} of task {job['task_id']} is a {job['type']} job: its "
            "labels are beside those of the task, and a run does not load them"
        )
    return jobs


def _is_of_annotation(job: Json) -> bool:
    return bool(job.get("type", "annotation") == "annotation")


def _is_done(job: Json) -> bool:
    return bool(job.get("state") == "completed")
