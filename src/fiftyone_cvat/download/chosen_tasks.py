"""Which tasks and frames of a run are loaded: of chosen jobs, or those that changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.convert.from_cvat.answer_checks import check_meta
from fiftyone_cvat.convert.from_cvat.reconciliation import Reconciliation
from fiftyone_cvat.convert.shared.frames import (
    FrameRef,
    frame_refs,
    frames_as_numbered,
    frames_of_job,
)
from fiftyone_cvat.errors import AccessDeniedError, ConfigurationError, NotFoundError
from fiftyone_cvat.runs.absent_tasks import hide
from fiftyone_cvat.runs.chosen_jobs import STATES, choose_jobs, is_of_annotation
from fiftyone_cvat.runs.last_loads import LoadNotes, TaskLoad, last_load
from fiftyone_cvat.runs.stored_runs import first_frame
from fiftyone_cvat.server.run_jobs import jobs_of_tasks, updated_dates
from fiftyone_cvat.server.task_answers import TaskAnswer
from fiftyone_cvat.types import Json

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["ChosenTasks"]


class ChosenTasks:
    """Chooses what of a run is loaded, by its results' configuration.

    Its ``jobs`` are those to load; with ``only_changed`` a task is left that is on the
    server as an earlier load has taken it. A frame that several jobs have is loaded if
    one of them is chosen, and then from all tasks that have it: what they say of its
    labels is one.

    Args:
        api: the session
        results: the run's results

    Attributes:
        has_left: whether tasks were left that may well be on the server
        jobs_beside: the jobs that were chosen, if their labels are none of their tasks'
        jobs_loaded: the ids of jobs that were chosen and whose tasks were read
    """

    def __init__(self, api: CVATAnnotationAPI, results: Any) -> None:
        self._api = api
        self._results = results
        self._options = results.config.load_options
        self.has_left = False
        self.jobs_beside: list[Json] = []
        self.jobs_loaded: list[int] = []
        # each task's jobs that were chosen, if any was to be; their ids, None for all
        self._jobs_by_task: dict[int, list[Json]] = {}
        self._ids_by_task: dict[int, list[int] | None] = {}
        # the frames to load, None for all
        self._asked_keys: set[str] | None = None
        self._chosen_by = ""
        self._dates: dict[int, str] = {}
        self._notes = LoadNotes()

    def choose(self) -> None:
        """Find out which jobs are to be loaded.

        Raises:
            ConfigurationError: if ``jobs`` names what no job can have, or jobs of
                annotation and others together
        """
        results, options = self._results, self._options
        # the dates first: what is changed from here on is loaded the next time
        if options.are_noted:
            self._dates = updated_dates(
                self._api, results.task_ids, results.config.max_workers
            )
        chosen, results.config.jobs = results.config.jobs, None
        if chosen is None and not options.fills_empty:
            return
        self._chosen_by = chosen if isinstance(chosen, str) else ""
        jobs = jobs_of_tasks(self._api, results.task_ids)
        meant = choose_jobs(jobs, chosen)
        self.jobs_beside = [job for job in meant if not is_of_annotation(job)]
        if self.jobs_beside and len(self.jobs_beside) < len(meant):
            job = self.jobs_beside[0]
            raise ConfigurationError(
                f"Job {job['id']} of task {job['task_id']} is a {job['type']} job, and "
                "others are of annotation: load them one after the other"
            )
        self._note_choice(jobs, {job["id"] for job in meant})
        if chosen is None:
            self._ids_by_task = {}
        else:
            self._asked_keys = self._keys_of_jobs()

    def leave_others(self) -> Reconciliation:
        """Take tasks that are not to be loaded out of the run until it is saved.

        Returns:
            counts of what is in none of the chosen jobs, and of what has not changed
        """
        results = self._results
        asked, frames_by_task = self._asked_keys, results.frame_id_map
        # FiftyOne takes the labels of a video for one, even of other frames
        ids_by_task = {
            task_id: {each for ref in frames.values() for each in ref.values() if each}
            for task_id, frames in frames_by_task.items()
        }
        not_asked = {
            task_id
            for task_id, ids in ids_by_task.items()
            if asked is not None and asked.isdisjoint(ids)
        }
        as_loaded = {
            task_id
            for task_id in self._dates.keys() - not_asked
            if self._options.only_changed
            and self._load_of(task_id).is_in(last_load(results, task_id))
        }
        read = set(results.task_ids) - not_asked - as_loaded
        read |= _with_frames_of(read, ids_by_task)
        not_asked -= read
        as_loaded -= read
        count = sum(len(frames_by_task[task_id]) for task_id in not_asked)
        hide(results, [*not_asked, *as_loaded])
        self.has_left = bool(not_asked or as_loaded)
        nothing = "" if read else self._why_nothing(not_asked, as_loaded)
        return Reconciliation(
            not_asked=count, tasks_as_loaded=len(as_loaded), nothing=nothing
        )

    def _why_nothing(self, not_asked: set[int], as_loaded: set[int]) -> str:
        """Return why there is no task to be read, in words."""
        if as_loaded:
            jobs = " of the chosen jobs" if not_asked else ""
            return f"Nothing{jobs} has changed in CVAT since the last load"
        if self._chosen_by in STATES:
            yet = "" if self._chosen_by == "new" else " yet"
            return f"No job is {self._chosen_by}{yet}: nothing is loaded"
        return "No job is as it was asked for: nothing is loaded"

    def _note_choice(self, jobs: Iterable[Json], ids: Collection[int]) -> None:
        """Note which of each task's jobs of annotation were chosen."""
        by_task: dict[int, list[Json]] = {each: [] for each in self._results.task_ids}
        for job in jobs:
            if is_of_annotation(job):
                by_task[job["task_id"]].append(job)
        for task_id, of_task in by_task.items():
            mine = [job for job in of_task if job["id"] in ids]
            known = {*(self._results.job_ids.get(task_id) or ())}
            # the server may list only some of a task's jobs, or none
            left = known.union(job["id"] for job in of_task).difference(ids)
            are_all = bool(mine) and not left
            self._jobs_by_task[task_id] = mine
            self._ids_by_task[task_id] = None if are_all else [j["id"] for j in mine]

    def _keys_of_jobs(self) -> set[str]:
        """Return the ids of the frames that are in the chosen jobs."""
        keys = set()
        for task_id, ids in self._ids_by_task.items():
            refs = frame_refs(self._results.frame_id_map[task_id])
            if ids is None:
                keys |= {ref.key for ref in refs.values()}
            elif ids:
                frames = _frames_of(self._jobs_by_task[task_id])
                refs = self._as_in_task(task_id, refs)
                keys |= {ref.key for frame, ref in refs.items() if frame in frames}
        return keys

    def _as_in_task(
        self, task_id: int, refs: dict[int, FrameRef]
    ) -> dict[int, FrameRef]:
        """Return frames by their position in a task, however the run numbers them."""
        api, results = self._api, self._results
        are_images = all(ref.frame_id is None for ref in refs.values())
        if results.frame_numbering == "task" or are_images:
            return refs
        url = api.task_data_meta_url(task_id)
        try:
            meta = api.get(url, print_error_info=False).json()
        except (NotFoundError, AccessDeniedError):
            return {}  # a task that is not seen is told of when it is read
        check_meta(meta, (), f"Task {task_id}: {url}")
        offset = first_frame(results, task_id)
        return frames_as_numbered(results.frame_numbering, refs, meta, offset)

    def _load_of(self, task_id: int) -> TaskLoad:
        """Return what is loaded of a task if it is read now."""
        done: list[int] = []
        if self._options.fills_empty:
            done = [job["id"] for job in self._jobs_by_task[task_id] if _is_done(job)]
        return TaskLoad(self._dates[task_id], self._ids_by_task.get(task_id), done)

    def is_listed(self, task_id: int) -> bool:
        """Whether this load has seen a task in the server's list of tasks."""
        return task_id in self._dates

    def frames_left(self, refs: Mapping[int, FrameRef]) -> set[int]:
        """Return the frames of a task that are in none of the chosen jobs.

        Args:
            refs: the position of each frame to what it is
        """
        keys = self._asked_keys
        if keys is None:
            return set()
        return {frame for frame, ref in refs.items() if ref.key not in keys}

    def keys_left(self) -> set[str]:
        """Return the ids of the frames, or samples, that are in none of those jobs."""
        keys = self._asked_keys
        if keys is None:
            return set()
        every = self._results.frame_id_map.values()
        refs = (ref for frames in every for ref in frame_refs(frames).values())
        return {ref.key for ref in refs} - keys

    def ids_to_merge(self) -> dict[Any, Any] | None:
        """Return the run's ids of labels without those that FiftyOne may not delete.

        In other fields than the run's those of frames that are not asked for stay, too.

        Returns:
            None if FiftyOne may know all that the run has now
        """
        results, left = self._results, self.keys_left()
        holders = {*self._options.holder_by_field.values()}
        if not left or not holders:
            return None
        return {
            name: _without_keys(by_sample, left) if name in holders else by_sample
            for name, by_sample in results.id_map.items()
        }

    def note(self, task: TaskAnswer) -> None:
        """Note what is loaded of a task that was read.

        Args:
            task: what the server answers about it
        """
        notes = self._notes
        if task.not_asked:
            asked = task.refs.keys() - task.not_asked
            notes.frames |= {task.refs[frame].key for frame in asked}
        else:
            notes.whole_tasks.add(task.id)
        if task.id in self._dates:
            notes.loads[task.id] = self._load_of(task.id)
        jobs = self._jobs_by_task.get(task.id, ())
        self.jobs_loaded += [job["id"] for job in jobs]
        if self._options.are_noted:
            dates = {job["id"]: job.get("updated_date") for job in jobs}
            notes.job_dates.update(dates)
        if self._options.fills_empty:
            frames = _frames_of(filter(_is_done, jobs)) - task.deleted_frames
            there = frames & task.refs.keys()
            notes.finished |= {task.refs[frame].key for frame in there}

    def notes(self, unfinished: Collection[FrameRef]) -> LoadNotes:
        """Return what is to be noted of the load when it is merged.

        Args:
            unfinished: frames of which not everything that was drawn is loaded
        """
        self._notes.finished -= {ref.key for ref in unfinished}
        return self._notes


def _with_frames_of(
    task_ids: Iterable[int], ids_by_task: Mapping[int, Collection[str]]
) -> set[int]:
    """Return the tasks that have a frame, or a sample, of some tasks, or of those."""
    tasks_by_id: dict[str, list[int]] = defaultdict(list)
    for task_id, ids in ids_by_task.items():
        for each in ids:
            tasks_by_id[each].append(task_id)
    shared: dict[int, set[int]] = defaultdict(set)
    for together in tasks_by_id.values():
        if len(together) > 1:
            for task_id in together:
                shared[task_id].update(together)
    found: set[int] = set()
    left = [*task_ids]
    while left:
        task_id = left.pop()
        if task_id not in found:
            found.add(task_id)
            left += shared[task_id]
    return found


def _without_keys(
    by_sample: Mapping[str, Any], keys: Collection[str]
) -> dict[str, Any]:
    """Return the part of an ``id_map`` that is of other frames, or samples."""
    found: dict[str, Any] = {}
    for key, ids in by_sample.items():
        if isinstance(ids, dict):
            found[key] = _without_keys(ids, keys)
        elif key not in keys:
            found[key] = ids
    return found


def _frames_of(jobs: Iterable[Json]) -> set[int]:
    """Return the positions of the frames of jobs."""
    return {frame for job in jobs for frame in frames_of_job(job)}


def _is_done(job: Json) -> bool:
    return bool(job.get("state") == "completed")
