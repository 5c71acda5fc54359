"""Where a run's tasks and jobs stand, as lines for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
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
    api: Any,
) -> Iterator[str]:
    """Yield the status of a run line by line.

    Args:
        status: field to task id to the task's summary, with its jobs
        api: gives the addresses of tasks' pages
    """
    if not status:
        yield "The run has no tasks any more"
    fields_by_tasks: dict[tuple[int, ...], list[Any]] = {}
    for label_field, tasks in status.items():
        fields_by_tasks.setdefault((*tasks,), []).append(label_field)
    for task_ids, fields in fields_by_tasks.items():
        names = ", ".join(
            "all labels" if each is None else f"'{each}'" for each in fields
        )
        yield f"Status for label {'field' if len(fields) == 1 else 'fields'} {names}:"
        if not task_ids:
            yield "    no task"
        for task_id in task_ids:
            task = status[fields[0]][task_id]
            yield f"    Task {task_id} ({task['name']}):"
            yield from _aligned(_facts(task, api.base_task_url(task_id)))


def _facts(task: Mapping[str, Any], url: str) -> Iterator[tuple[str, str]]:
    """Yield what there is to say of a task and its jobs, each with its name."""
    yield "Status", task["status"]
    yield "Assignee", username_of(task["assignee"]) or "nobody"
    yield "Last updated", _time(str(task["last_updated"]))
    yield "URL", url
    for job_id, job in task["jobs"].items():
        who = username_of(job.get("assignee")) or "nobody"
        yield (
            f"Job {job_id}",
            f"{job.get('stage')}, {job.get('state')}, assigned to {who}",
        )


def _aligned(facts: Iterable[tuple[str, str]]) -> Iterator[str]:
    found = [*facts]
    width = max(len(name) for name, _ in found)
    for name, value in found:
        yield f"        {name + ':':<{width + 1}} {value}"


def _time(text: str) -> str:
    """Return a time of the server to the minute, or as it is if it is none."""
    found = re.match(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[\d:.]*Z$", text, re.ASCII)
    return text if found is None else f"{found[1]} {found[2]} UTC"
