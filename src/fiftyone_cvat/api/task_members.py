"""The documented members that fill a task of a run: media, frames, annotations."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import fiftyone.core.media as fom

from fiftyone_cvat.api.field_members import FieldMembers
from fiftyone_cvat.convert.from_cvat.answer_checks import check_meta
from fiftyone_cvat.errors import UploadError
from fiftyone_cvat.server.annotations import store_annotations
from fiftyone_cvat.server.media_faults import MAX_NAMED
from fiftyone_cvat.server.tasks import Tasks
from fiftyone_cvat.types import CVATSchema, Json
from fiftyone_cvat.upload.task_options import in_turn, job_assignees

__all__ = ["TaskMembers"]

logger = logging.getLogger(__name__)


class TaskMembers(Tasks, FieldMembers):
    """Create a task of a run, fill it, and check what the server has of it."""

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
        files = self._sent_media.pop(task_id, ())
        if samples.media_type == fom.VIDEO:
            expected = self._compute_expected_frames(
                samples, frame_start, frame_stop, frame_step
            )
            if meta["size"] != expected:
                logger.warning(
                    "Task %d (%s) has %d frames where FiftyOne expects %d of '%s': "
                    "labels on frames that not both have stay as they are",
                    task_id,
                    self.base_task_url(task_id),
                    meta["size"],
                    expected,
                    samples.values("filepath")[0],
                )
            return meta
        expected = len(samples)
        if meta["size"] != expected:
            there = {each.get("name") for each in meta["frames"]}
            lost = [str(each.path) for each in files if each.name not in there]
            words = ", ".join(f"'{each}'" for each in lost[:MAX_NAMED])
            error = UploadError(
                f"Task {task_id} ({self.base_task_url(task_id)}) has {meta['size']} "
                f"frames, but {expected} were sent: CVAT left out media that it "
                f"cannot read{f', such as {words}' if words else ''}"
            )
            error.media = tuple(lost)
            raise error
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
            stored = store_annotations(
                self, task_id, payload, class_id_map, attr_id_map
            )
        # a run remembers more of it than their ids
        self._stored[task_id] = stored
        return self._create_server_id_map(stored, attr_id_map)
