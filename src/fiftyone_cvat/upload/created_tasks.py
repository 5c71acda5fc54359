"""What a run has created in CVAT, as lines for people."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from fiftyone_cvat.runs.job_status import counted

__all__ = ["created_lines"]

MAX_SHOWN = 5
"""Tasks that are shown each; of more, the status has the rest."""


def created_lines(
    job_ids: Mapping[int, Collection[int]],
    samples: int,
    task_url: Callable[[int], str],
) -> Iterator[str]:
    """Yield what was created: how much it is, and where each task is.

    Args:
        job_ids: the tasks, in order, to their jobs
        samples: how many samples they have
        task_url: gives the address of a task's page
    """
    task_ids = [*job_ids]
    jobs = sum(map(len, job_ids.values()))
    yield (
        f"Created {counted(len(task_ids), 'task')} in CVAT, with "
        f"{counted(jobs, 'job')} and {counted(samples, 'sample')}:"
    )
    for each in task_ids[:MAX_SHOWN]:
        yield f"    {task_url(each)}"
    if len(task_ids) > MAX_SHOWN:
        more = f"{len(task_ids) - MAX_SHOWN:,}"
        yield f"    ... and {more} more: `results.print_status()` lists them"
