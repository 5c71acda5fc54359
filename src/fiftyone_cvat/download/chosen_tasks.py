"""Which tasks and frames of a run are loaded: of chosen jobs, or those that changed."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.convert.from_cvat.reconciliation import Reconciliation
from fiftyone_cvat.convert.shared.frames import frame_refs
from fiftyone_cvat.runs.chosen_jobs import choose_jobs
from fiftyone_cvat.runs.last_loads import TaskLoad, last_load
from fiftyone_cvat.runs.stored_runs import hide
from fiftyone_cvat.types import Json

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["ChosenTasks"]


class ChosenTasks:
    """Chooses what of a run is loaded, by its results' configuration.

    Its ``jobs`` are those to load; with ``only_changed`` a task is left that is on the
    server as the last load has taken it.

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
        # task id to its jobs that were chosen; None for all of all tasks
        self._jobs_by_task: dict[int, list[Json]] | None = None

    def leave_others(self) -> Reconciliation:
        """Take tasks that are not to be loaded out of the run until it is saved.

        Returns:
            counts of what is in none of the chosen jobs, and of what has not changed

        Raises:
            ConfigurationError: if ``jobs`` names what no job can have
        """
        results = self._results
        # the dates first: what is changed from here on is loaded the next time
        dates = {}
        if results.config.notes_loads:
            dates = self._api._updated_dates(results.task_ids)
        ids_by_task = self._choose()
        results.tasks_in_part = {key for key, ids in ids_by_task.items() if ids}
        results.loads = {
            task_id: TaskLoad(date, ids_by_task.get(task_id))
            for task_id, date in dates.items()
        }
        not_asked = [task_id for task_id, ids in ids_by_task.items() if ids == []]
        as_loaded = []
        if results.config.only_changed:
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
        self.has_left = bool(not_asked or as_loaded)
        return counts

    def _choose(self) -> dict[int, list[int] | None]:
        """Return the ids of each task's jobs that were chosen; None for all."""
        results = self._results
        if results.config.jobs is None:
            return {}
        by_task = self._api._jobs_by_task(results.task_ids)
        jobs = [job for of_task in by_task.values() for job in of_task]
        chosen = {job["id"] for job in choose_jobs(jobs, results.config.jobs)}
        self._jobs_by_task = {}
        ids_by_task: dict[int, list[int] | None] = {}
        for task_id, of_task in by_task.items():
            mine = [job for job in of_task if job["id"] in chosen]
            self._jobs_by_task[task_id] = mine
            are_all = of_task and len(mine) == len(of_task)
            ids_by_task[task_id] = None if are_all else [job["id"] for job in mine]
        return ids_by_task

    def frames_left(self, task_id: int, frames: Collection[int]) -> set[int]:
        """Return the frames of a task that are in none of the chosen jobs.

        Args:
            task_id: the task
            frames: the positions of the frames
        """
        if self._jobs_by_task is None:
            return set()
        return set(frames).difference(
            *(
                range(job["start_frame"], job["stop_frame"] + 1)
                for job in self._jobs_by_task[task_id]
            )
        )

    def images_left(self) -> set[str]:
        """Return the ids of images that are in none of the chosen jobs."""
        left = set()
        for task_id in self._results.task_ids:
            refs = frame_refs(self._results.frame_id_map[task_id])
            for frame in self.frames_left(task_id, refs):
                if refs[frame].frame_id is None:
                    left.add(refs[frame].sample_id)
        return left
