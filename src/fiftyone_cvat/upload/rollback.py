"""What a run has created: saved while it can be resumed, deleted if it fails."""

from __future__ import annotations

import logging
from collections.abc import Callable
from math import isfinite
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.errors import CVATError
from fiftyone_cvat.transport.waiting import time_left, within
from fiftyone_cvat.upload.run_state import RunPart, RunState, Target

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["Rollback"]

logger = logging.getLogger(__name__)


class Rollback:
    """Keeps account of what a run has created since this was made.

    Args:
        api: the session
        run: the run
        target: where its results go
    """

    def __init__(self, api: CVATAnnotationAPI, run: RunState, target: Target) -> None:
        self._api = api
        self._run = run
        self._target = target
        self._made_before = frozenset(api._ledger.made)

    def results(self) -> Any:
        """Return a run's results as they are now.

        While it can be resumed there is something left to do, if only a name.
        """
        done = self._run.done()
        progress = None
        if self._run.progress is not None:
            progress = {
                "token": self._run.progress.token,
                "count": self._run.count,
                "pending": self._run.pending,
            }
        return self._target.backend.results_class(
            self._target.samples,
            self._target.backend.config,
            self._target.key,
            done.id_map,
            done.server_id_map,
            self._run.project_ids,
            done.task_ids,
            done.job_ids,
            done.frame_id_map,
            done.labels_task_map,
            fingerprints=done.fingerprints,
            progress=progress,
            tasks_with_view=self._run.tasks_with_view,
            hidden_points=self._run.hidden_points,
            unstored=done.unstored,
            raw_values=self._run.raw_values,
            backend=self._target.backend,
        )

    def save_progress(self) -> None:
        """Save how far a run is, if it is to be resumed in case that it stops."""
        if self._run.progress is not None:
            self._save()

    def _save(self) -> None:
        results = self.results()
        results.save_config()
        self._target.backend.save_run_results(
            self._target.samples, self._target.key, results
        )

    def stop(self, error: BaseException) -> None:
        """Delete what a run that failed has created; finished tasks if it says so.

        What cannot be deleted is noted in the error, and kept in the run.

        Args:
            error: why the run failed
        """
        self._api._give_up_sent(error)
        tasks, projects = self._made_in(self._api.tasks_url), list[int]()
        if self._run.progress is None:
            projects = self._made_in(self._api.projects_url)
        else:
            finished = set(self._run.done().task_ids)
            tasks = [each for each in tasks if each not in finished]
            done = self._run.count - len(self._run.pending)
            error.add_note(
                f"{done} of {self._run.count} tasks are finished and kept; go on with "
                "`fiftyone_cvat.resume(dataset, key)`, or delete them with the run's "
                "`cleanup()`"
            )
        if tasks or projects:
            logger.warning("The upload failed: deleting what it created in CVAT")
        try:
            with self._api._undoing(error, "What had no answer"):
                _delete_each(self._api.delete_task, tasks)
                _delete_each(self._api._delete_if_empty, projects)
                self._api._delete_lost()
        finally:
            self._keep_left(error, tasks, projects)
        # it may have been stopped before the last task was saved
        self.save_progress()

    def _made_in(self, url: str) -> list[int]:
        """Return the ids of the tasks, or projects, that a run has created."""
        return sorted(
            made_id
            for at, made_id in self._api._ledger.made - self._made_before
            if at == url
        )

    def _keep_left(
        self, error: BaseException, tasks: list[int], projects: list[int]
    ) -> None:
        """Say what could not be deleted, and keep it findable."""
        urls = [self._api.base_task_url(each) for each in tasks]
        urls += [f"{self._api.base_url}/projects/{each}" for each in projects]
        lost = self._api._ledger.lost
        for each in lost:
            error.add_note(
                f"The server may yet create '{each.name}' at {each.url}: look for it "
                "there"
            )
        lost.clear()
        if not urls:
            return
        error.add_note(f"Not deleted in CVAT yet: {', '.join(urls)}")
        if self._run.progress is not None:
            # resuming and cleaning up find them by their names
            return
        key = self._target.key
        if key is None:
            return  # nothing is stored of such a run
        error.add_note(
            f"Run '{key}' is kept until then: delete them with its `cleanup()`, then "
            f"it with `dataset.delete_annotation_run('{key}')`"
        )
        run = self._run
        run.project_ids, run.before, run.parts = projects, RunPart(task_ids=tasks), {}
        self._save()


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
