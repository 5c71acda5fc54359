"""Where a run's tasks and jobs stand, as lines for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fiftyone_cvat.runs.chosen_jobs import username_of

__all__ = ["status_by_field", "status_lines"]


def status_by_field(
    tasks_by_field: Mapping[Any, list[int]], summary: Callable[[int], Any]
) -> dict[Any, dict[int, Any]]:
    """Return where tasks stand, field by field; those that are gone are left out.

    Args:
        tasks_by_field: field to the tasks that it is annotated in
        summary: gives the summary of a task, or None if there is no such task
    """
    task_ids = {each for ids in tasks_by_field.values() for each in ids}
    by_task = {each: summary(each) for each in sorted(task_ids)}
    return {
        label_field: {each: by_task[each] for each in ids if by_task[each]}
        for label_field, ids in tasks_by_field.items()
    }


def status_lines(
    status: Mapping[Any, Mapping[int, Mapping[str, Any]]],
    task_url: Callable[[int], str],
) -> Iterator[str]:
    """Yield the status of a run line by line.

    Args:
        status: field to task id to the task's summary, with its jobs
        task_url: gives the address of a task's page
    """
    for label_field, tasks in status.items():
        yield f"Status for label field '{label_field}':"
        for task_id, task in tasks.items():
            yield f"    Task {task_id} ({task['name']}):"
            yield f"        Status: {task['status']}"
            yield f"        Assignee: {username_of(task['assignee']) or 'nobody'}"
            yield f"        Last updated: {task['last_updated']}"
            yield f"        URL: {task_url(task_id)}"
            for job_id, job in task["jobs"].items():
                yield (
                    f"        Job {job_id}: {job.get('stage')}, {job.get('state')}, "
                    f"assigned to {username_of(job.get('assignee')) or 'nobody'}"
                )
