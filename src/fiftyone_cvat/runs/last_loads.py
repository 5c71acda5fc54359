"""What of each task a run has loaded last, to load only what has changed since."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["LoadNotes", "LoadOptions", "TaskLoad", "last_load", "note_loads"]


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What a load is asked for besides its jobs.

    Attributes:
        are_noted: whether what it takes is noted, so that the next one may leave it
        only_changed: whether what earlier ones have noted, and nobody has changed
            since, is left
        fills_empty: whether frames of completed jobs that have no label are to get an
            empty list
        holder_by_field: the run's fields to those that they are loaded into, if others
        progress: whether to show progress bars, None for FiftyOne's default, or a
            function to call instead
        updates_label_schema: whether classes that annotators have added are written
            into the dataset's label schemas
    """

    are_noted: bool = False
    only_changed: bool = False
    fills_empty: bool = False
    holder_by_field: Mapping[Any, str] = field(default_factory=dict)
    progress: Any = None
    updates_label_schema: bool = False


@dataclass(frozen=True, slots=True)
class TaskLoad:
    """What is loaded of a task.

    Attributes:
        date: what told before the load when the task was changed last
        job_ids: the jobs that are loaded; None for all
        completed: the jobs of which frames without labels are said to have none
    """

    date: str
    job_ids: Collection[int] | None = None
    completed: Collection[int] = ()

    def is_in(self, last: TaskLoad | None) -> bool:
        """Tell whether an earlier load has taken all of it, and nothing has changed.

        Args:
            last: that load, or None
        """
        if last is None or last.date != self.date:
            return False
        if not {*self.completed} <= {*last.completed}:
            return False
        if last.job_ids is None:
            return True
        return self.job_ids is not None and {*self.job_ids} <= {*last.job_ids}

    def joined(self, last: TaskLoad | None) -> TaskLoad:
        """Return what both have taken, if nothing has changed in between.

        Args:
            last: an earlier load of the task, or None
        """
        if last is None or last.date != self.date:
            return self
        completed = sorted({*self.completed, *last.completed})
        if self.job_ids is None or last.job_ids is None:
            return TaskLoad(self.date, None, completed)
        job_ids = sorted({*self.job_ids, *last.job_ids})
        return TaskLoad(self.date, job_ids, completed)


@dataclass(slots=True)
class LoadNotes:
    """What a load has taken, to be noted in the run when FiftyOne has merged it.

    Attributes:
        loads: what is loaded of each task
        job_dates: the ids of jobs that are loaded to when they were changed last
        whole_tasks: the tasks of which all frames are loaded
        frames: the ids of the frames, or else samples, of other tasks that are loaded
        finished: the ids of those of completed jobs on which everything is loaded
    """

    loads: dict[int, TaskLoad] = field(default_factory=dict)
    job_dates: dict[int, str | None] = field(default_factory=dict)
    whole_tasks: set[int] = field(default_factory=set)
    frames: set[str] = field(default_factory=set)
    finished: set[str] = field(default_factory=set)


def last_load(results: Any, task_id: int) -> TaskLoad | None:
    """Return what a run has loaded of a task last, or None.

    Args:
        results: the run's results
        task_id: the task
    """
    stored = results.last_loads.get(task_id)
    return None if stored is None else TaskLoad(*stored)


def note_loads(results: Any, notes: LoadNotes) -> None:
    """Note in a run's results what the load that is over has taken, in place.

    A task of which anything was left out is not noted: the next load may want it.

    Args:
        results: the run's results
        notes: what the load has taken
    """
    counts = results.reconciliation.counts
    for task_id, load in notes.loads.items():
        numbers = [each[task_id] for each in counts.values() if task_id in each]
        if any(each["unmatched"] for each in numbers):
            results.last_loads.pop(task_id, None)
            continue
        joined = load.joined(last_load(results, task_id))
        all_ids = results.job_ids.get(task_id)
        are_all = all_ids and {*all_ids} <= {*(joined.job_ids or ())}
        job_ids = None if are_all or joined.job_ids is None else [*joined.job_ids]
        results.last_loads[task_id] = [joined.date, job_ids, [*joined.completed]]
    results.loaded_jobs |= notes.job_dates
