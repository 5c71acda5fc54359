"""A run's way up: check everything, then create tasks, media and annotations."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import fiftyone.core.media as fom

from fiftyone_cvat import console
from fiftyone_cvat.console import Work
from fiftyone_cvat.convert.shared.fingerprints import (
    annotations_to_fingerprints,
    schema_names,
)
from fiftyone_cvat.convert.shared.frames import frame_refs, frames_to_sizes
from fiftyone_cvat.dataset.field_annotations import warn_of_unsent
from fiftyone_cvat.dataset.shown_values import note_raw_values
from fiftyone_cvat.dataset.video_metadata import add_video_metadata, ensure_frames
from fiftyone_cvat.dataset.views import count_other_kinds, with_all_of_kind
from fiftyone_cvat.server.creations import marked
from fiftyone_cvat.server.media_files import in_order_of_frames
from fiftyone_cvat.transport.side_by_side import as_they_end
from fiftyone_cvat.upload.checks import check_run, prepare_run
from fiftyone_cvat.upload.created_tasks import created_lines
from fiftyone_cvat.upload.faulty_samples import naming_samples
from fiftyone_cvat.upload.rollback import Rollback
from fiftyone_cvat.upload.run_state import Progress, RunPart, RunState, Target
from fiftyone_cvat.upload.task_annotations import RunAnnotations
from fiftyone_cvat.upload.task_options import frame_arguments, task_name
from fiftyone_cvat.upload.unstored_labels import forget_unstored

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["RunUpload", "upload_run"]

logger = logging.getLogger(__name__)

OTHER_KIND = {
    "detection": "they have a mask, which labels of type 'instances' have",
    "instance": "they have no mask, as labels of type 'detections'",
    "polygon": "they are not filled, as labels of type 'polylines'",
    "polyline": "they are filled, which labels of type 'polygons' are",
}
"""Type of labels, in the singular, to why the others of its field are not sent."""


def upload_run(
    api: CVATAnnotationAPI, samples: Any, anno_key: str, backend: Any
) -> Any:
    """Check a run, then send it; the arguments and errors are the documented ones.

    Args:
        api: the API, whose documented members do each step
        samples: the collection to annotate
        anno_key: the annotation key
        backend: the :class:`CVATBackend`

    Returns:
        the run's :class:`CVATAnnotationResults`
    """
    config = backend.config
    samples = with_all_of_kind(samples, config.label_schema)
    check_run(api, samples, config)
    if samples.media_type == fom.VIDEO:
        add_video_metadata(samples)
        ensure_frames(samples)
    for label_field, number in count_other_kinds(samples, config.label_schema).items():
        label_type = config.label_schema[label_field]["type"]
        reason = f"labels stay in FiftyOne: {OTHER_KIND[label_type.removesuffix('s')]}"
        warn_of_unsent(label_field, {reason: number})
    size = api._get_batch_size(samples, config.task_size)
    begins = range(0, len(samples), size)
    batches = {
        index: samples[begin : begin + size] for index, begin in enumerate(begins)
    }
    run = prepare_run(api, samples, config)
    run.count = len(batches)
    if config.on_failure == "keep" and anno_key is not None:
        ids = samples.values("id")
        pending = {
            index: ids[begin : begin + size] for index, begin in enumerate(begins)
        }
        run.progress = Progress(secrets.token_hex(4), pending)
    return RunUpload(api, run, Target(samples, anno_key, backend)).send(batches)


class RunUpload:
    """Sends the tasks of one run.

    Args:
        api: the API, whose documented members do each step
        run: the run, which has its schema
        target: where its results go
    """

    def __init__(self, api: CVATAnnotationAPI, run: RunState, target: Target) -> None:
        self._api = api
        self._run = run
        self._target = target
        self._annotations = RunAnnotations(api, run, target.backend.config)
        self._account = Rollback(api, run, target)

    def send(self, batches: Mapping[int, Any]) -> Any:
        """Create the tasks of the run, side by side.

        Args:
            batches: the number of each task that is still to do, from 0, to the
                collection whose samples are its media, in order

        Returns:
            the run's :class:`CVATAnnotationResults`
        """
        run, target = self._run, self._target
        config = target.backend.config
        console.tell("Uploading samples to CVAT...")
        total = sum(len(batch) for batch in batches.values())
        self._check_annotations(batches, total)
        self._annotations.tell_of_all()
        config.label_schema = run.label_schema
        self._note_raw_values(batches.values())
        at = "before the first task"
        workers = min(config.max_workers, len(batches))
        left, failed = list(batches), list[int]()
        names = {
            each: task_name(config, target.samples, each, run.count) for each in batches
        }

        def upload(item: tuple[int, Any]) -> RunPart | None:
            index, batch = item
            if not len(batch):
                return None
            name = _marked(names[index], run)
            media_field = target.backend.config.media_field
            try:
                with naming_samples(batch, media_field):
                    return self._upload_task(batch, index, name)
            except BaseException:
                failed.append(index)
                raise

        try:
            self._account.save_progress()
            self._prepare_project()
            with (
                Work(total, "samples", "sent", has_bar=len(batches) > 1) as work,
                as_they_end(upload, batches.items(), workers) as parts,
            ):
                at = ""
                for (index, batch), part in parts:
                    self._finish_task(part, index, names[index])
                    left.remove(index)
                    work.add(len(batch))
            at = "after the last task"
            self._api._settle_lost()
            results = self._account.results()
            results.progress = None
            if target.samples.has_annotation_run(target.key):
                # else nothing but this API knows of the run
                results.save_config()
        except BaseException as error:
            if not at:
                index = (failed or left)[0]
                at = f"at task {index + 1} of {run.count} ('{names[index]}')"
            error.add_note(f"The upload of run '{target.key}' stopped {at}")
            self._account.stop(error)
            raise
        self._tell_created(total)
        return results

    def _check_annotations(self, batches: Mapping[int, Any], total: int) -> None:
        """Refuse labels that cannot go up, before anything is created."""
        with Work(total, "samples", "checked", has_bar=False) as work:
            for index, batch in batches.items():
                if len(batch):
                    self._annotations.check(batch, index)
                work.add(len(batch))

    def _tell_created(self, samples: int) -> None:
        parts = [self._run.parts[each] for each in sorted(self._run.parts)]
        job_ids = {
            each: part.job_ids.get(each, ()) for part in parts for each in part.task_ids
        }
        if not job_ids:
            return
        for line in created_lines(job_ids, samples, self._api.base_task_url):
            console.tell(line)

    def _note_raw_values(self, batches: Iterable[Any]) -> None:
        """Note what the dataset has where the run's view shows other values."""
        run = self._run
        ids = [each for batch in batches for each in batch.values("id")]
        found = note_raw_values(self._target.samples, run.label_schema, ids)
        for label_field, by_id in found.items():
            run.raw_values.setdefault(label_field, {}).update(by_id)

    def _prepare_project(self) -> None:
        """Create the project of the run, or add ``label_id`` to one that exists."""
        run = self._run
        if run.project_id is not None and run.labels_without_id:
            self._api._add_project_label_ids(run.project_id, run.labels_without_id)
        name = run.new_project_name
        if name is None:
            return
        run.project_id = self._api.create_project(_marked(name, run), run.cvat_schema)
        run.project_ids.append(run.project_id)
        run.new_project_name = None
        if run.progress is not None:
            self._account.save_progress()
            self._api.patch(self._api.project_url(run.project_id), json={"name": name})

    def _finish_task(self, part: RunPart | None, index: int, name: str) -> None:
        """Note that a task is finished; None stands for one without samples.

        A run that can be resumed gives a task its own name only after it is saved: so
        a task with a mark in its name is finished or not, by what is saved.
        """
        if part is None:
            logger.warning("Task '%s' is left out: its samples are deleted", name)
        self._run.parts[index] = part or RunPart()
        if self._run.progress is not None:
            self._account.save_progress()
            if part is not None:
                self._api.patch(
                    self._api.task_url(part.task_ids[0]), json={"name": name}
                )

    def _upload_task(self, batch: Any, index: int, name: str) -> RunPart:
        """Create one task with its media and annotations."""
        api, run, config = self._api, self._run, self._target.backend.config
        part = RunPart()
        arguments = frame_arguments(config, batch, index)
        task_id, class_ids, attribute_ids = api._create_task_upload_data(
            config,
            index,
            name,
            run.cvat_schema,
            run.project_id,
            batch,
            part.task_ids,
            part.job_ids,
            part.frame_id_map,
            *arguments,
        )
        meta = api._verify_uploaded_frames(task_id, batch, *arguments)
        if batch.media_type != fom.VIDEO:
            batch = in_order_of_frames(batch, config.media_field, meta)
            part.frame_id_map[task_id] = api._build_frame_id_map(batch)
        for label_field in run.label_schema:
            part.labels_task_map[label_field] = [task_id]
        sizes = frames_to_sizes(meta)
        # a video may have fewer frames than FiftyOne counts
        part.frame_id_map[task_id] = {
            frame: each
            for frame, each in part.frame_id_map[task_id].items()
            if frame in sizes
        }
        frames = frame_refs(part.frame_id_map[task_id])
        annotations = self._annotations.of_task(index, batch, arguments, frames, sizes)
        part.server_id_map = api._upload_annotations(
            annotations.shapes,
            annotations.tags,
            annotations.tracks,
            class_ids,
            attribute_ids,
            task_id,
        )
        stored = api._stored.pop(task_id, {})
        names = schema_names(run.cvat_schema, class_ids, attribute_ids)
        part.fingerprints = annotations_to_fingerprints(stored, names)
        part.fingerprints["labels"] = {
            number: name for name, number in class_ids.items() if isinstance(name, str)
        }
        if stored:
            parts = forget_unstored(annotations, stored, names, run.cvat_schema)
            part.unstored = {task_id: parts} if parts else {}
        part.id_map = annotations.id_map
        return part


def _marked(name: str, run: RunState) -> str:
    """Mark a name as that of something unfinished, if the run can be resumed."""
    return name if run.progress is None else marked(name, run.progress.token)
