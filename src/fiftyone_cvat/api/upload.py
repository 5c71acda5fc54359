"""A run's way up: check everything, then create tasks, media and annotations."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import fiftyone.core.media as fom
import fiftyone.core.utils as fou

from fiftyone_cvat.api.fields import Fields
from fiftyone_cvat.api.schemas import Schemas
from fiftyone_cvat.api.videos import add_video_metadata, ensure_frames
from fiftyone_cvat.api.views import with_masks_on_disk
from fiftyone_cvat.convert.attributes import value_to_text
from fiftyone_cvat.convert.frames import FrameRange, frame_argument, frames_to_sizes
from fiftyone_cvat.convert.project_schema import tell_fields_apart
from fiftyone_cvat.errors import ConfigurationError, CVATError, SchemaError, UploadError
from fiftyone_cvat.types import CVATSchema, Json, LabelSchema, Size

__all__ = ["Upload"]

logger = logging.getLogger(__name__)

MAX_TASK_NAME = 256
SUPPORTED_MEDIA = (fom.IMAGE, fom.VIDEO, fom.POINT_CLOUD, fom.THREE_D)


@dataclass(slots=True)
class _Run:
    """What a run has on the server so far."""

    cvat_schema: CVATSchema
    scalar_attrs: dict[Any, bool | None]
    occluded_attrs: dict[Any, dict[str, str]]
    group_id_attrs: dict[Any, dict[str, str]]
    project_id: int | None
    label_schema: LabelSchema
    created_project_ids: list[int] = field(default_factory=list)
    task_ids: list[int] = field(default_factory=list)
    job_ids: dict[int, list[int]] = field(default_factory=dict)
    frame_id_map: dict[int, dict[int, dict[str, str]]] = field(default_factory=dict)
    id_map: dict[Any, Any] = field(default_factory=dict)
    server_id_map: dict[str, dict[int, str]] = field(
        default_factory=lambda: {"tags": {}, "shapes": {}, "tracks": {}}
    )
    labels_task_map: dict[Any, list[int]] = field(default_factory=dict)


class Upload(Schemas, Fields):
    """Send samples and their labels to CVAT."""

    def upload_samples(self, samples: Any, anno_key: str, backend: Any) -> Any:
        """Uploads the given samples to CVAT according to the given backend's
        annotation and server configuration.

        Everything that can be checked is checked before anything is created; if
        something fails after that, what was created is deleted again.

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
        run = self._prepare(samples, config)
        batch_size = self._get_batch_size(samples, config.task_size)
        number = len(samples)
        count = math.ceil(number / batch_size)
        logger.info("Uploading samples to CVAT...")
        try:
            with fou.ProgressBar(total=number, iters_str="samples") as bar:
                for index in range(count):
                    begin = index * batch_size
                    batch = samples[begin : begin + batch_size]
                    name = _task_name(config, samples, index if count > 1 else None)
                    self._upload_task(run, config, batch, index, name)
                    bar.update(min(batch_size, number - begin))
        except BaseException:
            self._roll_back(run)
            raise

        results = backend.results_class(
            samples,
            config,
            anno_key,
            run.id_map,
            run.server_id_map,
            run.created_project_ids,
            run.task_ids,
            run.job_ids,
            run.frame_id_map,
            run.labels_task_map,
            backend=backend,
        )
        config.label_schema = run.label_schema
        results.save_config()
        return results

    def _check_config(self, samples: Any, config: Any) -> None:
        """Check all that can be checked without the label schema."""
        if not len(samples):
            raise ConfigurationError(
                "There are no samples to annotate: the collection is empty"
            )
        if samples.media_type not in SUPPORTED_MEDIA:
            raise ConfigurationError(
                f"Collections of type '{samples.media_type}' cannot be annotated in "
                f"CVAT; select samples of type {' or '.join(SUPPORTED_MEDIA)}"
            )
        if samples.media_type == fom.THREE_D and config.media_field == "filepath":
            raise ConfigurationError(
                "CVAT takes point clouds (.pcd), not scenes: name the field that holds "
                "the paths of the point clouds as `media_field`"
            )
        self._parse_local_files(samples.values(config.media_field))
        names = [*_listed(config.task_assignee), *_listed(config.job_assignees)]
        unknown = [each for each in set(names) if self.get_user_id(each) is None]
        if unknown:
            raise ConfigurationError(
                f"CVAT at {self.base_url} has no user {', '.join(sorted(unknown))} "
                "that you may see: check `task_assignee` and `job_assignees`, and the "
                "`organization`"
            )
        self._parse_reviewers(config.job_reviewers)
        config.job_reviewers = None  # said once, not for every task

    def _prepare(self, samples: Any, config: Any) -> _Run:
        """Settle the project and the schema of a run."""
        name, project_id = self._parse_project_details(
            config.project_name, config.project_id
        )
        label_schema = config.label_schema
        if project_id is None and None in label_schema:
            raise SchemaError(
                "Without an existing project a run needs a `label_schema` or a "
                "`label_field`"
            )
        if project_id is not None:
            self._check_project_schema(label_schema, project_id)
        _add_skeletons(samples, label_schema)
        _spell_out_scalars(label_schema)
        schema, scalars, occluded, group_ids, _ = self._get_cvat_schema(
            label_schema,
            project_id=project_id,
            occluded_attr=config.occluded_attr,
            group_id_attr=config.group_id_attr,
        )
        run = _Run(schema, scalars, occluded, group_ids, project_id, label_schema)
        if project_id is None and name is not None:
            run.project_id = self.create_project(name, schema)
            run.created_project_ids.append(run.project_id)
        for label_field in label_schema:
            run.id_map[label_field] = {}
            run.labels_task_map[label_field] = []
        return run

    def _check_project_schema(self, label_schema: LabelSchema, project_id: int) -> None:
        """Check what an existing project's own labels make impossible."""
        if self._has_ignored_attributes(label_schema):
            raise SchemaError(
                "An existing project brings its own classes and attributes, so those "
                "of the label schema are not used, but they name attributes of type "
                "'occluded' or 'group_id': use `occluded_attr` and `group_id_attr`"
            )
        tell_fields_apart(label_schema, self._get_project_labels(project_id))
        for each in self._ensure_one_field_per_type(label_schema):
            logger.warning(
                "Field '%s' is left out: its classes in this project do not tell it "
                "from another field of the same type",
                each,
            )

    def _upload_task(
        self, run: _Run, config: Any, batch: Any, index: int, name: str
    ) -> None:
        """Create one task with its media and annotations."""
        start, stop, step = _frame_arguments(config, batch, index)
        task_id, class_ids, attribute_ids = self._create_task_upload_data(
            config,
            index,
            name,
            run.cvat_schema,
            run.project_id,
            batch,
            run.task_ids,
            run.job_ids,
            run.frame_id_map,
            start,
            stop,
            step,
        )
        sizes = self._verify_uploaded_frames(task_id, batch, start, stop, step)
        tags: list[Any] = []
        shapes: list[Any] = []
        tracks: list[Any] = []
        for label_field, info in run.label_schema.items():
            run.labels_task_map[label_field].append(task_id)
            if not info.get("existing_field"):
                continue
            self._update_shapes_tags_tracks(
                tags,
                shapes,
                tracks,
                run.id_map,
                info["type"],
                batch,
                label_field,
                info,
                run.cvat_schema,
                start,
                stop,
                step,
                run.scalar_attrs,
                bool(info.get("only_keyframes")),
                run.occluded_attrs,
                run.group_id_attrs,
                frame_sizes=sizes,
            )
        server_ids = self._upload_annotations(
            shapes, tags, tracks, class_ids, attribute_ids, task_id
        )
        for kind, by_id in server_ids.items():
            run.server_id_map[kind].update(by_id)

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
            task_assignee=_in_turn(config.task_assignee, idx),
            project_id=project_id,
            issue_tracker=_in_turn(config.issue_tracker, idx),
        )
        task_ids.append(task_id)
        job_ids[task_id] = self.upload_data(
            task_id,
            samples_batch.values(config.media_field),
            image_quality=config.image_quality,
            use_cache=config.use_cache,
            use_zip_chunks=config.use_zip_chunks,
            chunk_size=config.chunk_size,
            job_assignees=_job_assignees(config, samples_batch, idx),
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
    ) -> dict[int, Size]:
        """Check that a task holds as many frames as were sent.

        Args:
            task_id: the task
            samples: a collection whose samples are the task's media, in order
            frame_start: the first frame of a video that was sent, from 0
            frame_stop: the last one, inclusive
            frame_step: the spacing between them

        Returns:
            position in the task to the frame's size in pixels, as the server sees it:
            turned as the picture's EXIF data say

        Raises:
            UploadError: if it does not: its annotations would lie on other pictures
        """
        meta = self.get(self.task_data_meta_url(task_id)).json()
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
            return frames_to_sizes(meta)
        expected = len(samples)
        if meta["size"] != expected:
            raise UploadError(
                f"Task {task_id} ({self.base_task_url(task_id)}) has {meta['size']} "
                f"frames, but {expected} were sent: CVAT left out media that it "
                "cannot read"
            )
        return frames_to_sizes(meta)

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
        if not (anno_tags or anno_shapes or anno_tracks):
            return self._create_server_id_map({}, attr_id_map)
        stored = self.put(self.task_annotation_url(task_id), json=payload).json()
        for kind in ("tags", "shapes"):
            missing = len(payload[kind]) - len(stored[kind])
            if missing > 0:
                logger.warning(
                    "CVAT did not store %d of %d %s in task %d (%s)",
                    missing,
                    len(payload[kind]),
                    kind,
                    task_id,
                    self.base_task_url(task_id),
                )
        return self._create_server_id_map(stored, attr_id_map)

    def _roll_back(self, run: _Run) -> None:
        """Delete what a run that failed has created."""
        if not run.task_ids and not run.created_project_ids:
            return
        logger.warning("The upload failed: deleting what it created in CVAT")
        tasks = [(self.delete_task, "Task", each) for each in run.task_ids]
        ids = run.created_project_ids
        projects = [(self.delete_project, "Project", each) for each in ids]
        for delete, kind, each in tasks + projects:
            try:
                delete(each)
            except CVATError as error:
                logger.warning("%s %d may be left in CVAT: %s", kind, each, error)


def _frame_arguments(
    config: Any, batch: Any, index: int
) -> tuple[int | None, int | None, int | None]:
    """Return first, last and spacing of the frames of a video that go into a task."""
    if batch.media_type != fom.VIDEO:
        return None, None, None
    filepath = batch.values("filepath")[0]
    start, stop, step = (
        frame_argument(value, index, filepath)
        for value in (config.frame_start, config.frame_stop, config.frame_step)
    )
    if not batch._is_clips:
        return start, stop, step
    frames = FrameRange.of_task(start, stop, step).within(batch.values("support")[0])
    return frames.start, frames.stop, step


def _job_assignees(config: Any, batch: Any, index: int) -> list[str]:
    """Return who gets the jobs of a task; a video is one job, of the next in turn."""
    names = _listed(config.job_assignees)
    if batch.media_type == fom.IMAGE or not names:
        return names
    return [names[index % len(names)]]


def _spell_out_scalars(label_schema: LabelSchema) -> None:
    """Make classes that are numbers or truth values text, in place.

    FiftyOne takes what is no text for a dict of classes when labels are loaded.
    """
    for info in label_schema.values():
        if info.get("type") == "scalar" and info.get("classes"):
            info["classes"] = [
                each if isinstance(each, dict) else value_to_text(each)
                for each in info["classes"]
            ]


def _add_skeletons(samples: Any, label_schema: LabelSchema) -> None:
    """Add the dataset's skeletons to the fields of keypoints, in place."""
    for name, info in label_schema.items():
        if info.get("type") not in ("keypoint", "keypoints"):
            continue
        skeleton = samples.skeletons.get(name) or samples.default_skeleton
        if skeleton is not None:
            edges = [list(pair) for line in skeleton.edges for pair in pairwise(line)]
            count = 1 + max((node for pair in edges for node in pair), default=-1)
            labels = skeleton.labels or [str(node + 1) for node in range(count)]
            info["skeleton"] = {"labels": list(labels), "edges": edges}


def _task_name(config: Any, samples: Any, index: int | None) -> str:
    name = config.task_name
    if name is None:
        name = f"FiftyOne_{samples._root_dataset.name.replace(' ', '_')}"
    number = "" if index is None else f"_{index + 1}"
    return str(name)[: MAX_TASK_NAME - len(number)] + number


def _listed(value: str | Sequence[str] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _in_turn(value: str | Sequence[str] | None, index: int) -> str | None:
    values = _listed(value)
    return values[index % len(values)] if values else None
