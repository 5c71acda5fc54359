"""A run's way up: check everything, then create tasks, media and annotations."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from typing import Any

import fiftyone.core.media as fom
import fiftyone.core.utils as fou

from fiftyone_cvat.convert.from_cvat.answer_checks import check_meta
from fiftyone_cvat.convert.shared.fingerprints import (
    annotations_to_fingerprints,
    schema_names,
)
from fiftyone_cvat.convert.shared.frames import frame_refs, frames_to_sizes
from fiftyone_cvat.dataset.video_metadata import add_video_metadata, ensure_frames
from fiftyone_cvat.dataset.views import with_masks_on_disk
from fiftyone_cvat.errors import UploadError
from fiftyone_cvat.server.changes import marked
from fiftyone_cvat.server.media_files import in_order_of_frames
from fiftyone_cvat.transport.side_by_side import as_they_end
from fiftyone_cvat.types import CVATSchema, Json
from fiftyone_cvat.upload.checks import (
    Progress,
    RunPart,
    RunState,
    frame_arguments,
    in_turn,
    job_assignees,
    task_name,
)
from fiftyone_cvat.upload.rollback import Rollback, Target

__all__ = ["Upload"]

logger = logging.getLogger(__name__)


class Upload(Rollback):
    """Send samples and their labels to CVAT."""

    def upload_samples(self, samples: Any, anno_key: str, backend: Any) -> Any:
        """Uploads the given samples to CVAT according to the given backend's
        annotation and server configuration.

        Everything that can be checked is checked before anything is created. If
        something fails after that, what was created is deleted again; with
        ``on_failure="keep"`` finished tasks stay, and :meth:`resume_upload` goes on.

        Args:
            samples: a :class:`fiftyone.core.collections.SampleCollection`
            anno_key: the annotation key
            backend: a :class:`CVATBackend` to use to perform the upload

        Returns:
            a :class:`CVATAnnotationResults`

        Raises:
            MediaError: if a media file is missing or of no kind that CVAT takes
            SchemaError: if the label schema cannot be expressed in CVAT
            ConfigurationError: if the configuration cannot work
        """  # noqa: D205  the documented text
        config = backend.config
        samples = with_masks_on_disk(samples, config.label_schema)
        self._check_config(samples, config)
        if samples.media_type == fom.VIDEO:
            add_video_metadata(samples)
            ensure_frames(samples)
        size = self._get_batch_size(samples, config.task_size)
        begins = range(0, len(samples), size)
        batches = {
            index: samples[begin : begin + size] for index, begin in enumerate(begins)
        }
        run = self._prepare(samples, config)
        run.count = len(batches)
        if config.on_failure == "keep":
            ids = samples.values("id")
            pending = {
                index: ids[begin : begin + size] for index, begin in enumerate(begins)
            }
            run.progress = Progress(secrets.token_hex(4), pending)
        return self._send(run, batches, Target(samples, anno_key, backend))

    def _send(self, run: RunState, batches: Mapping[int, Any], target: Target) -> Any:
        """Create the tasks of a run, side by side; return its results."""
        config = target.backend.config
        for index, batch in batches.items():
            if len(batch):
                self._check_labels(run, config, batch, index)
        config.label_schema = run.label_schema
        logger.info("Uploading samples to CVAT...")
        at = "before the first task"
        run.made_before = frozenset(self._made)
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
            try:
                return self._upload_task(run, config, batch, index, name)
            except BaseException:
                failed.append(index)
                raise

        try:
            self._save_progress(run, target)
            self._create_project(run, target)
            total = sum(len(batch) for batch in batches.values())
            with (
                fou.ProgressBar(total=total, iters_str="samples") as bar,
                as_they_end(upload, batches.items(), workers) as parts,
            ):
                at = ""
                for (index, batch), part in parts:
                    self._finish_task(run, part, index, names[index], target)
                    left.remove(index)
                    bar.update(len(batch))
            at = "after the last task"
            self._settle_lost()
            results = self._results(run, target)
            results.progress = None
            if target.samples.has_annotation_run(target.key):
                # else nothing but this API knows of the run
                results.save_config()
        except BaseException as error:
            if not at:
                index = (failed or left)[0]
                at = f"at task {index + 1} of {run.count} ('{names[index]}')"
            error.add_note(f"The upload of run '{target.key}' stopped {at}")
            self._stop(run, error, target)
            raise
        return results

    def _create_project(self, run: RunState, target: Target) -> None:
        """Create the project of a run, if it is to have a new one."""
        name = run.new_project_name
        if name is None:
            return
        run.project_id = self.create_project(_marked(name, run), run.cvat_schema)
        run.project_ids.append(run.project_id)
        run.new_project_name = None
        if run.progress is not None:
            self._save_progress(run, target)
            self.patch(self.project_url(run.project_id), json={"name": name})

    def _finish_task(
        self,
        run: RunState,
        part: RunPart | None,
        index: int,
        name: str,
        target: Target,
    ) -> None:
        """Note that a task is finished; None stands for one without samples.

        A run that can be resumed gives a task its own name only after it is saved: so
        a task with a mark in its name is finished or not, by what is saved.
        """
        if part is None:
            logger.warning("Task '%s' is left out: its samples are deleted", name)
        run.parts[index] = part or RunPart()
        if run.progress is not None:
            self._save_progress(run, target)
            if part is not None:
                self.patch(self.task_url(part.task_ids[0]), json={"name": name})

    def _upload_task(
        self, run: RunState, config: Any, batch: Any, index: int, name: str
    ) -> RunPart:
        """Create one task with its media and annotations."""
        part = RunPart()
        arguments = frame_arguments(config, batch, index)
        task_id, class_ids, attribute_ids = self._create_task_upload_data(
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
        meta = self._verify_uploaded_frames(task_id, batch, *arguments)
        if batch.media_type != fom.VIDEO:
            batch = in_order_of_frames(batch, config.media_field, meta)
            part.frame_id_map[task_id] = self._build_frame_id_map(batch)
        for label_field in run.label_schema:
            part.labels_task_map[label_field] = [task_id]
        frames, sizes = frame_refs(part.frame_id_map[task_id]), frames_to_sizes(meta)
        annotations = self._annotations_of(run, index, batch, arguments, frames, sizes)
        part.id_map = annotations.id_map
        part.server_id_map = self._upload_annotations(
            annotations.shapes,
            annotations.tags,
            annotations.tracks,
            class_ids,
            attribute_ids,
            task_id,
        )
        stored = self._stored.pop(task_id, {})
        names = schema_names(run.cvat_schema, class_ids, attribute_ids)
        part.fingerprints = annotations_to_fingerprints(stored, names)
        return part

    def _create_task_upload_data(
        self,
        config: Any,
        idx: int,
        task_name: str,
        cvat_schema: CVATSchema,
        project_id: int | None,
        samples_batch: Any,
        task_ids: list[int],
        job_ids: dict[int, list[int]],
        frame_id_map: dict[int, dict[int, dict[str, str]]],
        frame_start: int | None,
        frame_stop: int | None,
        frame_step: int | None,
    ) -> tuple[int, dict[str, int], dict[int, dict[str, int]]]:
        """Create a task and send its media; note its ids, in place.

        Args:
            config: the run's :class:`CVATBackendConfig`
            idx: the number of the task in its run, from 0; assignees and issue
                trackers that are lists are used in turn
            task_name: the task's name
            cvat_schema: CVAT class name to its attributes by name
            project_id: the project to create it in, or None
            samples_batch: a collection whose samples are the task's media, in order
            task_ids: the run's task ids
            job_ids: the run's job ids by task id
            frame_id_map: the run's frames by task id
            frame_start: the first frame of a video to send, from 0
            frame_stop: the last one, inclusive
            frame_step: the spacing between them

        Returns:
            as :meth:`create_task`
        """
        task_id, class_id_map, attr_id_map = self.create_task(
            task_name,
            schema=cvat_schema,
            segment_size=config.segment_size,
            image_quality=config.image_quality,
            task_assignee=in_turn(config.task_assignee, idx),
            project_id=project_id,
            issue_tracker=in_turn(config.issue_tracker, idx),
        )
        task_ids.append(task_id)
        job_ids[task_id] = self.upload_data(
            task_id,
            samples_batch.values(config.media_field),
            image_quality=config.image_quality,
            use_cache=config.use_cache,
            use_zip_chunks=config.use_zip_chunks,
            chunk_size=config.chunk_size,
            job_assignees=job_assignees(config, samples_batch, idx),
            job_reviewers=config.job_reviewers,
            frame_start=frame_start,
            frame_stop=frame_stop,
            frame_step=frame_step,
        )
        frame_id_map[task_id] = self._build_frame_id_map(
            samples_batch, frame_start, frame_stop, frame_step
        )
        return task_id, class_id_map, attr_id_map

    def _verify_uploaded_frames(
        self,
        task_id: int,
        samples: Any,
        frame_start: int | None,
        frame_stop: int | None,
        frame_step: int | None,
    ) -> Json:
        """Check that a task holds as many frames as were sent.

        Args:
            task_id: the task
            samples: a collection whose samples are the task's media, in order
            frame_start: the first frame of a video that was sent, from 0
            frame_stop: the last one, inclusive
            frame_step: the spacing between them

        Returns:
            the task's data as the server describes them: frames in its own order, and
            their sizes in pixels, turned as the picture's EXIF data say

        Raises:
            UploadError: if it does not: its annotations would lie on other pictures
        """
        url = self.task_data_meta_url(task_id)
        meta: Json = self.get(url).json()
        check_meta(meta, (), f"Task {task_id}: {url}")
        if samples.media_type == fom.VIDEO:
            expected = self._compute_expected_frames(
                samples, frame_start, frame_stop, frame_step
            )
            if meta["size"] != expected:
                logger.warning(
                    "Task %d (%s) has %d frames where FiftyOne expects %d",
                    task_id,
                    self.base_task_url(task_id),
                    meta["size"],
                    expected,
                )
            return meta
        expected = len(samples)
        if meta["size"] != expected:
            raise UploadError(
                f"Task {task_id} ({self.base_task_url(task_id)}) has {meta['size']} "
                f"frames, but {expected} were sent: CVAT left out media that it "
                "cannot read"
            )
        return meta

    def _upload_annotations(
        self,
        anno_shapes: list[Any],
        anno_tags: list[Any],
        anno_tracks: list[Any],
        class_id_map: Mapping[str, int],
        attr_id_map: Mapping[int, Mapping[str, int]],
        task_id: int,
    ) -> dict[str, dict[int, str]]:
        """Send the annotations of a task, and check that the server has them all.

        Args:
            anno_shapes: shapes with names in ``label_id`` and ``spec_id``; they get
                ids, in place
            anno_tags: tags, likewise
            anno_tracks: tracks, likewise
            class_id_map: CVAT class name to the server's id of the label
            attr_id_map: the server's id of a label to its attributes' ids by name
            task_id: the task

        Returns:
            ``tags``, ``shapes`` and ``tracks``, each from the server's id of an
            annotation to the label's id
        """
        payload: Json = {
            "version": 0,
            "tags": self._remap_ids(anno_tags, class_id_map, attr_id_map),
            "shapes": self._remap_ids(anno_shapes, class_id_map, attr_id_map),
            "tracks": self._remap_track_ids(anno_tracks, class_id_map, attr_id_map),
        }
        stored: Json = {}
        if anno_tags or anno_shapes or anno_tracks:
            stored = self._store_annotations(
                task_id, payload, class_id_map, attr_id_map
            )
        # a run remembers more of it than their ids
        self._stored[task_id] = stored
        return self._create_server_id_map(stored, attr_id_map)


def _marked(name: str, run: RunState) -> str:
    """Mark a name as that of something unfinished, if the run can be resumed."""
    return name if run.progress is None else marked(name, run.progress.token)
