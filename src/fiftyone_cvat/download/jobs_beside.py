"""Jobs whose labels are beside those of their tasks: ground truth, and replicas.

What annotators draw in them shows how good the task's labels are, and is none of them:
it goes into fields of its own, and the run keeps the ids of these labels apart, by job.
Each job is loaded as a run of its own would be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import fiftyone.core.labels as fol

from fiftyone_cvat.convert.from_cvat.answer_checks import (
    check_annotations,
    check_frames,
    check_meta,
)
from fiftyone_cvat.convert.from_cvat.reconciliation import Reconciliation
from fiftyone_cvat.convert.shared.frames import (
    FrameRef,
    frame_refs,
    frames_as_numbered,
    frames_of_job,
    included_positions,
)
from fiftyone_cvat.dataset.absent_attributes import (
    AbsentAttributes,
    restore_attributes,
)
from fiftyone_cvat.dataset.moved_labels import fields_of_labels
from fiftyone_cvat.dataset.views import field_in_dataset
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.last_loads import LoadOptions
from fiftyone_cvat.runs.stored_runs import (
    NO_FIELDS,
    first_frame,
    ids_in,
    put_ids,
    without_ids,
)
from fiftyone_cvat.server.task_answers import AskedTask
from fiftyone_cvat.transport.side_by_side import side_by_side
from fiftyone_cvat.types import RETURN_TYPES, Json

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["JobsBeside"]

OTHER_TYPE = (
    "label of ground truth or a replica, of a type that its field does not hold"
)


@dataclass(frozen=True, slots=True)
class _JobBeside:
    """What a job has, as if it were all that its task has.

    Attributes:
        job: the job as the server describes it
        asked: the labels and data of its task, and its own annotations
        refs: the positions of its frames to what they are
    """

    job: Json
    asked: AskedTask
    refs: dict[int, FrameRef]


@dataclass(slots=True)
class _Merged:
    """What came of several jobs together."""

    counts: Reconciliation = field(default_factory=Reconciliation)
    absent: AbsentAttributes = field(default_factory=AbsentAttributes)
    annotations: dict[Any, Any] = field(default_factory=dict)
    id_map: dict[Any, Any] = field(default_factory=dict)
    ids_by_job: dict[int, Any] = field(default_factory=dict)


class JobsBeside:
    """Loads jobs beside a run into the fields that they go to.

    Args:
        api: the session
        results: the run's results
        jobs: jobs of any type but annotation, as the server describes them

    Raises:
        ConfigurationError: if the labels are not to be loaded into fields of their own
    """

    def __init__(
        self, api: CVATAnnotationAPI, results: Any, jobs: Sequence[Json]
    ) -> None:
        self._api = api
        self._results = results
        self._jobs = jobs
        self._merged = _Merged()
        self._clip_by_frame: dict[str, str] = {}
        options = results.config.load_options
        self._holders: Mapping[Any, str] = options.holder_by_field
        fields = results.config.label_schema
        own = [name for name in fields if self._holders.get(name, name) in fields]
        where = f"Job {jobs[0]['id']} of task {jobs[0]['task_id']} is a "
        where += f"{jobs[0]['type']} job: its labels are none of the task's"
        if None in fields:
            raise ConfigurationError(
                f"{where}, and run '{results.key}' names no fields that others could "
                "take the place of"
            )
        if own:
            raise ConfigurationError(
                f"{where}, and '{own[0]}' holds those. Name another field for it: "
                f"`fiftyone_cvat.load(dataset, '{results.key}', jobs=..., "
                f"dest_field={{'{own[0]}': ...}})`"
            )
        if options.fills_empty:
            raise ConfigurationError(
                f"{where}; `empty` is for jobs of annotation: leave it out"
            )

    def runs(self) -> Iterator[tuple[int, Any]]:
        """Yield each job's id, and results of a run of it alone.

        The fields of that run are those that the labels go to.
        """
        workers = min(self._results.config.max_workers, len(self._jobs))
        with side_by_side(self._ask, self._jobs, workers) as answers:
            for each in answers:
                yield each.job["id"], self._run_of(each)

    def take(self, job_id: int, run: Any, annotations: Mapping[Any, Any]) -> None:
        """Take what a run of one job has brought down.

        Args:
            job_id: the job
            run: the results of that run
            annotations: field to kind of label to sample id to label id to label
        """
        merged = self._merged
        ids: dict[Any, Any] = {}
        for name, info in self._results.config.label_schema.items():
            holder, kind = self._holders[name], RETURN_TYPES[info["type"]]
            mine = annotations.get(holder, {}).get(kind, {})
            place = merged.annotations.setdefault(name, {}).setdefault(kind, {})
            put_ids(place, self._by_first_clip(mine))
            known = merged.id_map.setdefault(holder, {})
            put_ids(known, self._by_first_clip(run.id_map.get(holder, {})))
            ids[name] = _ids_of(mine)
        merged.ids_by_job[job_id] = ids
        _leave_out_others(run)
        _add_counts(merged.counts, run.reconciliation)
        merged.counts.jobs.append(job_id)
        _add_absent(merged.absent, run.absent_attributes)

    def _by_first_clip(self, by_sample: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what is on frames, each under the first of the clips that have it.

        FiftyOne merges what a frame has from one clip only.
        """
        if not self._results._is_clips:
            return by_sample
        found: dict[str, Any] = {}
        for clip_id, by_frame in by_sample.items():
            for frame_id, value in by_frame.items():
                first = self._clip_by_frame.setdefault(frame_id, clip_id)
                found.setdefault(first, {})[frame_id] = value
        return found

    def finish(self) -> dict[Any, Any]:
        """Note in the run's results what came of the jobs.

        Returns:
            what FiftyOne is to merge, by the run's fields
        """
        results, merged = self._results, self._merged
        # of the task's own labels none was asked for
        merged.counts.not_asked = sum(map(len, results.frame_id_map.values()))
        results.reconciliation = merged.counts
        results.absent_attributes = merged.absent
        results.unexpected = None
        # what one job has narrowed says nothing of the others
        restore_attributes(results)
        results.ids_beside = merged.ids_by_job
        results.ids_to_merge = _clips(results) | merged.id_map
        return merged.annotations

    def _ask(self, job: Json) -> _JobBeside:
        """Ask for what a job has."""
        api, results, task_id = self._api, self._results, job["task_id"]
        url = api.task_data_meta_url(task_id)
        meta = api.get(url).json()
        check_meta(meta, (), f"Task {task_id}: {url}")
        refs = frames_as_numbered(
            results.frame_numbering,
            frame_refs(results.frame_id_map[task_id]),
            meta,
            first_frame(results, task_id),
        )
        url = api.job_annotation_url(job["id"])
        annotations = api.get(url).json()
        check_annotations(annotations, f"Job {job['id']}: {url}")
        frames = _frames_in(api, job)
        return _JobBeside(
            job,
            AskedTask(api._get_task_labels(task_id), meta, annotations),
            {frame: ref for frame, ref in refs.items() if frame in frames},
        )

    def _run_of(self, beside: _JobBeside) -> Any:
        """Return results of a run of one job alone."""
        results, task_id = self._results, beside.job["task_id"]
        config = copy(results.config)
        config.load_options = LoadOptions()
        config.label_schema = {
            self._holders[name]: info
            for name, info in results.config.label_schema.items()
        }
        run = type(results)(
            results.samples,
            config,
            results.key,
            _clips(results) | self._known(beside),
            results.server_id_map,
            project_ids=results.project_ids,
            task_ids=[task_id],
            job_ids={},
            frame_id_map={task_id: _frames_of(beside.refs)},
            labels_task_map={name: [task_id] for name in config.label_schema},
            fingerprints={"labels": results.fingerprints.get("labels", {})},
            # no view has shown what is drawn in it
            tasks_with_view=[task_id],
            backend=results.backend,
        )
        run.asked = {task_id: beside.asked}
        # what is narrowed of the schema is restored when the load is over
        run.whole_attributes = results.whole_attributes
        return run

    def _known(self, beside: _JobBeside) -> dict[str, Any]:
        """Return the ids of a job's labels in each field that they go to.

        Those that are in no field any more were deleted in the dataset; what is in
        another field only, or in one that was deleted, is new to this one.
        """
        results = self._results
        dataset = results.samples._root_dataset
        by_field = results.beside_ids.get(beside.job["id"], {})
        held = fields_of_labels(dataset, {*ids_in(by_field)} - {True})
        known: dict[str, Any] = {}
        for name in results.config.label_schema:
            holder = self._holders[name]
            place = field_in_dataset(results, holder)
            if dataset.has_field(place):
                others = {key for key, fields in held.items() if place not in fields}
                known[holder] = without_ids(by_field.get(name, {}), others)
        return known


def _clips(results: Any) -> dict[Any, Any]:
    """Return what a run's ``id_map`` has besides fields."""
    return {name: results.id_map[name] for name in NO_FIELDS & results.id_map.keys()}


def _frames_in(api: CVATAnnotationAPI, job: Json) -> set[int]:
    """Return the positions of a job's frames: ground truth has some of its task's."""
    frames = set(frames_of_job(job))
    if job["type"] != "ground_truth":
        return frames
    url = api.job_data_meta_url(job["id"])
    meta = api.get(url).json()
    check_frames(meta, f"Job {job['id']}: {url}")
    included = included_positions(meta)
    return frames if included is None else frames.intersection(included)


def _frames_of(refs: Mapping[int, FrameRef]) -> dict[int, dict[str, str]]:
    """Return frames as a run's ``frame_id_map`` has them."""
    frames = {}
    for position, ref in refs.items():
        frames[position] = {"sample_id": ref.sample_id}
        if ref.frame_id is not None:
            frames[position]["frame_id"] = ref.frame_id
    return frames


def _ids_of(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the ids of labels, or of scalars True, as an ``id_map`` has them."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict) and not any(
            isinstance(each, fol.Label) for each in value.values()
        ):
            found[key] = _ids_of(value)
        elif isinstance(value, dict):
            found[key] = [*value]
        else:
            found[key] = True
    return found


def _leave_out_others(run: Any) -> None:
    """Count labels of types that their fields do not hold as left out.

    FiftyOne would put them among those of the task.
    """
    counts, pending = run.reconciliation, run.unexpected
    counts.undecided.clear()
    for each in pending.labels if pending is not None else ():
        counts.add(each.label_field, each.task_id, "unmatched")
        counts.add_reason(OTHER_TYPE)


def _add_counts(total: Reconciliation, counts: Reconciliation) -> None:
    for name, by_task in counts.counts.items():
        for task_id, numbers in by_task.items():
            for what, number in numbers.items():
                total.add(name, task_id, what, number)
    for reason, number in counts.reasons.items():
        total.reasons[reason] = total.reasons.get(reason, 0) + number
    total.examples.update(counts.examples)
    total.deleted_frames += counts.deleted_frames


def _add_absent(total: AbsentAttributes, absent: AbsentAttributes) -> None:
    for label_field, by_name in absent.ids.items():
        for name, ids in by_name.items():
            total.ids[label_field][name] = [*total.ids[label_field][name], *ids]
    for part in ("indexes", "instances", "lists"):
        for label_field, by_id in getattr(absent, part).items():
            getattr(total, part)[label_field].update(by_id)
