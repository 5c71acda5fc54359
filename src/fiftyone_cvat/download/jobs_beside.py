"""Jobs whose labels are beside those of their tasks: ground truth, and replicas.

What annotators draw in them shows how good the task's labels are, and is none of them:
it goes into fields of its own, and the run keeps the ids of these labels apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.convert.from_cvat.answer_checks import check_annotations, check_meta
from fiftyone_cvat.convert.shared.frames import (
    FrameRef,
    frame_refs,
    frames_as_numbered,
)
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.last_loads import LoadOptions
from fiftyone_cvat.runs.stored_runs import NO_FIELDS, first_frame
from fiftyone_cvat.server.task_answers import AskedTask
from fiftyone_cvat.transport.side_by_side import side_by_side
from fiftyone_cvat.types import Json

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["is_beside", "results_beside", "take_over"]


@dataclass(frozen=True, slots=True)
class _TaskBeside:
    """What some jobs of a task have, as if it were all that the task has.

    Attributes:
        id: the task's id
        asked: its labels and data, and the annotations of the jobs
        refs: the positions of the jobs' frames to what they are
    """

    id: int
    asked: AskedTask
    refs: dict[int, FrameRef]


def is_beside(job: Json) -> bool:
    """Tell whether the labels of a job are none of its task's.

    Args:
        job: the job as the server describes it
    """
    # a server that knows one type only does not tell it
    return bool(job.get("type", "annotation") != "annotation")


def results_beside(api: CVATAnnotationAPI, results: Any, jobs: Sequence[Json]) -> Any:
    """Return results of a run of these jobs alone, into the fields that they go to.

    Args:
        api: the session
        results: the run's results
        jobs: jobs of any type but annotation, as the server describes them

    Raises:
        ConfigurationError: if the labels are not to be loaded into fields of their own
    """
    holder_by_field = _holders(results, jobs[0])
    jobs_by_task: dict[int, list[Json]] = {}
    for job in jobs:
        jobs_by_task.setdefault(job["task_id"], []).append(job)
    workers = min(results.config.max_workers, len(jobs_by_task))
    with side_by_side(
        lambda each: _ask(api, results, *each), jobs_by_task.items(), workers
    ) as answers:
        tasks = [*answers]
    refs = {ref for task in tasks for ref in task.refs.values()}
    task_ids = [task.id for task in tasks]
    config = copy(results.config)
    config.load_options = LoadOptions()
    config.label_schema = {
        holder_by_field[name]: info
        for name, info in results.config.label_schema.items()
    }
    clips = NO_FIELDS & results.id_map.keys()
    id_map = {name: results.id_map[name] for name in clips}
    for name, by_sample in results.beside_ids.get(_place(holder_by_field), {}).items():
        id_map[name] = _ids_on(by_sample, refs)
    beside = type(results)(
        results.samples,
        config,
        results.key,
        id_map,
        results.server_id_map,
        project_ids=results.project_ids,
        task_ids=task_ids,
        job_ids={},
        frame_id_map={task.id: _frames_of(task.refs) for task in tasks},
        labels_task_map=dict.fromkeys(config.label_schema, task_ids),
        fingerprints={"labels": results.fingerprints.get("labels", {})},
        # no view has shown what is drawn in them
        tasks_with_view=task_ids,
        backend=results.backend,
    )
    beside.asked = {task.id: task.asked for task in tasks}
    # what is narrowed of the schema is restored when the load is over
    beside.whole_attributes = results.whole_attributes
    return beside


def take_over(
    results: Any, beside: Any, annotations: Mapping[Any, Any], jobs: Iterable[Json]
) -> dict[Any, Any]:
    """Note in a run's results what came of jobs beside it.

    Args:
        results: the run's results, which are changed in place
        beside: those of the jobs, see :func:`results_beside`
        annotations: what came down, by the fields that it goes to
        jobs: the jobs

    Returns:
        what FiftyOne is to merge, by the run's fields
    """
    counts = results.reconciliation = beside.reconciliation
    asked = sum(len(frames) for frames in beside.frame_id_map.values())
    frames = sum(len(frames) for frames in results.frame_id_map.values())
    counts.not_asked = frames - asked
    counts.jobs = [job["id"] for job in jobs]
    results.unexpected = beside.unexpected
    results.absent_attributes = beside.absent_attributes
    holders = results.config.load_options.holder_by_field
    results.place_beside, results.ids_to_merge = _place(holders), beside.id_map
    return {
        name: annotations.get(holders[name], {}) for name in results.config.label_schema
    }


def _holders(results: Any, job: Json) -> Mapping[Any, str]:
    """Return the run's fields to those that labels of a job beside it go to."""
    fields = results.config.label_schema
    holders: Mapping[Any, str] = results.config.load_options.holder_by_field
    own = [name for name in fields if holders.get(name, name) in fields]
    if own:
        raise ConfigurationError(
            f"Job {job['id']} of task {job['task_id']} is a {job['type']} job: its "
            f"labels are none of the task's, and '{own[0]}' holds those. Name another "
            f"field for it: `fiftyone_cvat.load(dataset, '{results.key}', jobs=..., "
            f"dest_field={{'{own[0]}': ...}})`"
        )
    return holders


def _place(holder_by_field: Mapping[Any, str]) -> str:
    """Return what the run calls the fields that labels beside it go to together."""
    return ",".join(sorted(holder_by_field.values()))


def _ask(
    api: CVATAnnotationAPI, results: Any, task_id: int, jobs: Sequence[Json]
) -> _TaskBeside:
    """Ask for what some jobs of a task have."""
    url = api.task_data_meta_url(task_id)
    meta = api.get(url).json()
    check_meta(meta, (), f"Task {task_id}: {url}")
    refs = frames_as_numbered(
        results.frame_numbering,
        frame_refs(results.frame_id_map[task_id]),
        meta,
        first_frame(results, task_id),
    )
    annotations: Json = {"tags": [], "shapes": [], "tracks": []}
    frames: set[int] = set()
    for job in jobs:
        url = api.job_annotation_url(job["id"])
        own = api.get(url).json()
        check_annotations(own, f"Job {job['id']}: {url}")
        for kind in annotations:
            annotations[kind] += own[kind]
        frames |= _frames_in(api, job)
    return _TaskBeside(
        task_id,
        AskedTask(api._get_task_labels(task_id), meta, annotations),
        {frame: ref for frame, ref in refs.items() if frame in frames},
    )


def _frames_in(api: CVATAnnotationAPI, job: Json) -> set[int]:
    """Return the positions of a job's frames: ground truth has some of its task's."""
    frames = set(range(job["start_frame"], job["stop_frame"] + 1))
    if job["type"] != "ground_truth":
        return frames
    meta = api.get(api.job_data_meta_url(job["id"])).json()
    included = meta.get("included_frames")
    return frames if included is None else frames.intersection(included)


def _frames_of(refs: Mapping[int, FrameRef]) -> dict[int, dict[str, str]]:
    """Return frames as a run's ``frame_id_map`` has them."""
    frames = {}
    for position, ref in refs.items():
        frames[position] = {"sample_id": ref.sample_id}
        if ref.frame_id is not None:
            frames[position]["frame_id"] = ref.frame_id
    return frames


def _ids_on(by_sample: Mapping[str, Any], refs: Iterable[FrameRef]) -> dict[str, Any]:
    """Return the part of a field's ids that is of some frames."""
    found: dict[str, Any] = {}
    for ref in refs:
        ids = by_sample.get(ref.sample_id)
        if ref.frame_id is None:
            if ids is not None:
                found[ref.sample_id] = ids
        elif isinstance(ids, dict) and ref.frame_id in ids:
            found.setdefault(ref.sample_id, {})[ref.frame_id] = ids[ref.frame_id]
    return found
