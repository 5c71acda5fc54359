"""The methods of a run's results by which its tasks are looked at and deleted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fiftyone_cvat import console
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs import absent_tasks
from fiftyone_cvat.runs.arguments import without_secrets
from fiftyone_cvat.runs.job_status import counted
from fiftyone_cvat.runs.members import numbers_of
from fiftyone_cvat.runs.status import status_by_field, status_lines

__all__ = ["RunTasks"]


class RunTasks:
    """The tasks of a run on the server."""

    connect_to_api: Any
    key: str
    task_ids: list[int]
    job_ids: dict[int, list[int]]
    labels_task_map: dict[Any, list[int]]
    config: Any

    def __repr__(self) -> str:
        tasks = counted(len(self.task_ids), "task")
        url = getattr(self.config, "url", None) or "a server that is not set"
        where = without_secrets(url)
        return f"<{type(self).__name__} of run '{self.key}': {tasks} at {where}>"

    # FiftyOne's has every id of the run
    __str__ = __repr__

    def launch_editor(self) -> None:
        """Launches the CVAT editor and loads the first task for this annotation run."""
        if not self.task_ids:
            raise ConfigurationError(
                f"Run '{self.key}' has no tasks any more: there is nothing to open"
            )
        api, task_id = self.connect_to_api(), self.task_ids[0]
        jobs = self.job_ids.get(task_id)
        url = api.base_job_url(task_id, jobs[0]) if jobs else api.base_task_url(task_id)
        console.tell(f"Launching editor at '{url}'...")
        api.launch_editor(url=url)

    def get_status(self) -> dict[Any, Any]:
        """Gets the status of the assigned tasks and jobs.

        Returns:
            field to task id to ``name``, ``status``, ``assignee``, ``last_updated``
            and ``jobs``, job id to the job as the server describes it; tasks that do
            not exist any more are left out
        """
        return status_by_field(self.labels_task_map, self.connect_to_api().task_summary)

    def print_status(self) -> None:
        """Prints the status of the assigned tasks and jobs."""
        console.write_lines(status_lines(self.get_status(), self.connect_to_api()))

    def delete_tasks(self, task_ids: Iterable[int]) -> None:
        """Deletes the given tasks from both the CVAT server and this run.

        Args:
            task_ids: an iterable of task IDs
        """
        gone = numbers_of("task_ids", task_ids)
        self.connect_to_api().delete_tasks(gone)
        absent_tasks.forget(self, gone)

    def cleanup(self) -> None:
        """Deletes all tasks and created projects associated with this run.

        Projects that have tasks of others are left. After a load of some jobs only
        nothing is deleted, with a :class:`ConfigurationError`.
        """
        self.connect_to_api().delete_upload(self)
        absent_tasks.forget(self)
