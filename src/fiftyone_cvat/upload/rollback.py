"""What a run has created: saved while it can be resumed, deleted if it fails."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any

from fiftyone_cvat.errors import CVATError
from fiftyone_cvat.transport.waiting import time_left, within
from fiftyone_cvat.upload.checks import Preparation, RunPart, RunState

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
        done = run.done()
        progress = None
        if run.progress is not None:
            progress = {
                "token": run.progress.token,
                "count": run.count,
                "pending": run.pending,
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
        tasks, projects = self._made_in(run, self.tasks_url), list[int]()
        if run.progress is None:
            projects = self._made_in(run, self.projects_url)
        else:
            finished = set(run.done().task_ids)
            tasks = [each for each in tasks if each not in finished]
            done = run.count - len(run.pending)
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
                self._delete_lost()
        finally:
            self._keep_left(run, error, target, (tasks, projects))
        # it may have been stopped before the last task was saved
        self._save_progress(run, target)

    def _made_in(self, run: RunState, url: str) -> list[int]:
        """Return the ids of the tasks, or projects, that a run has created."""
        return sorted(
            made_id for at, made_id in self._made - run.made_before if at == url
        )

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
        run.project_ids, run.before, run.parts = projects, RunPart(task_ids=tasks), {}
        self._save(run, target)


def _delete_each(delete: Callable[[int], None], ids: list[int]) -> None:
    """Delete objects, and take the ids of those that are deleted off the list.

    Where the time is bounded, one that the server is at work on is left for the end,
    and one whose answer is late is deleted by then, as a rule.
    """
    shares = (len(ids) + 1, 1) if isfinite(time_left()) else (1,)
    for share, each in ((share, each) for share in shares for each in list(ids)):
        if time_left() <= 0:
            return
        try:
            with within(time_left() / share):
                delete(each)
        except CVATError as failure:
            level = logging.WARNING if share == 1 else logging.DEBUG
            logger.log(level, "%d is not deleted in CVAT yet: %s", each, failure)
        else:
            ids.remove(each)
