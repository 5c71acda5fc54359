"""What a run has created: saved while it can be resumed, deleted if it fails."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fiftyone_cvat.api.preparing import Preparation, RunPart, RunState
from fiftyone_cvat.errors import CVATError
from fiftyone_cvat.waiting import time_left

__all__ = ["Rollback", "Target"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """Where the results of a run go: its samples, its key, its backend."""

    samples: Any
    key: str
    backend: Any


class Rollback(Preparation):
    """Keep account of what a run has created."""

    def _settle_lost(self) -> None:
        """Delete what was created twice; the run itself has all that it needs."""
        try:
            self._delete_lost()
        except CVATError as error:
            names = ", ".join(f"'{each.name}' at {each.url}" for each in self._lost)
            logger.warning("An empty one may be left of %s: %s", names, error)
            self._lost.clear()

    def _results(self, run: RunState, target: Target) -> Any:
        """Return a run's results as they are now.

        While it can be resumed there is something left to do, if only a name.
        """
        done = run.done
        progress = None
        if run.progress is not None:
            progress = {
                "token": run.progress.token,
                "count": run.count,
                "pending": run.progress.pending,
            }
        return target.backend.results_class(
            target.samples,
            target.backend.config,
            target.key,
            done.id_map,
            done.server_id_map,
            run.project_ids,
            done.task_ids,
            done.job_ids,
            done.frame_id_map,
            done.labels_task_map,
            fingerprints=done.fingerprints,
            progress=progress,
            backend=target.backend,
        )

    def _save_progress(self, run: RunState, target: Target) -> None:
        """Save how far a run is, if it is to be resumed in case that it stops."""
        if run.progress is not None:
            self._save(run, target)

    def _save(self, run: RunState, target: Target) -> None:
        results = self._results(run, target)
        results.save_config()
        target.backend.save_run_results(target.samples, target.key, results)

    def _stop(self, run: RunState, error: BaseException, target: Target) -> None:
        """Delete what a run that failed has created; finished tasks if it says so.

        What cannot be deleted is noted in the error, and kept in the run.
        """
        self._give_up_sent(error)
        tasks, projects = self._unfinished(run), list[int]()
        if run.progress is None:
            tasks, projects = run.done.task_ids + tasks, list(run.project_ids)
        else:
            done = run.count - len(run.progress.pending)
            error.add_note(
                f"{done} of {run.count} tasks are finished and kept; go on with "
                "`fiftyone_cvat.resume(dataset, key)`, or delete them with the run's "
                "`cleanup()`"
            )
        if tasks or projects:
            logger.warning("The upload failed: deleting what it created in CVAT")
        try:
            with self._undoing(error, "What had no answer"):
                _delete_each(self.delete_task, tasks)
                _delete_each(self._delete_if_empty, projects)
                self._lost += self._delete_lost()
        finally:
            self._keep_left(run, error, target, (tasks, projects))

    def _unfinished(self, run: RunState) -> list[int]:
        """Return the tasks that a run has created and that are not finished."""
        made = self._made - run.made_before
        ids = sorted(number for url, number in made if url == self.tasks_url)
        return [each for each in ids if each not in run.done.task_ids]

    def _keep_left(
        self,
        run: RunState,
        error: BaseException,
        target: Target,
        left: tuple[list[int], list[int]],
    ) -> None:
        """Say what could not be deleted, and keep it findable."""
        tasks, projects = left
        urls = [self.base_task_url(each) for each in tasks]
        urls += [f"{self.base_url}/projects/{each}" for each in projects]
        for each in self._lost:
            error.add_note(
                f"The server may yet create '{each.name}' at {each.url}: look for it "
                "there"
            )
        self._lost.clear()
        if not urls:
            return
        error.add_note(f"Not deleted in CVAT yet: {', '.join(urls)}")
        if run.progress is not None:
            # resuming and cleaning up find them by their names
            return
        error.add_note(
            f"Run '{target.key}' is kept until then: delete them with its `cleanup()`, "
            f"then it with `dataset.delete_annotation_run('{target.key}')`"
        )
        run.project_ids, run.done = projects, RunPart(task_ids=tasks)
        self._save(run, target)


def _delete_each(delete: Callable[[int], None], ids: list[int]) -> None:
    """Delete objects, and take the ids of those that are deleted off the list."""
    for each in list(ids):
        if time_left() <= 0:
            return
        try:
            delete(each)
        except CVATError as failure:
            logger.warning("%d is not deleted in CVAT yet: %s", each, failure)
        else:
            ids.remove(each)
