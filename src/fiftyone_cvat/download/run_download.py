"""A run's way down: ask for each task, read it, report."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

import fiftyone.core.utils as fou

from fiftyone_cvat.api.schema_members import SchemaMembers
from fiftyone_cvat.convert.from_cvat.answer_checks import check_annotations, check_meta
from fiftyone_cvat.convert.from_cvat.reconciliation import Reconciliation
from fiftyone_cvat.convert.shared.frames import (
    FrameRef,
    frame_refs,
    frames_to_sizes,
    source_frames_to_frames,
)
from fiftyone_cvat.convert.to_cvat.project_schema import labels_to_cvat_schema
from fiftyone_cvat.convert.to_cvat.schema import SchemaParts
from fiftyone_cvat.dataset.absent_attributes import (
    narrow_attributes,
    restore_attributes,
)
from fiftyone_cvat.dataset.columns import Columns, StoredLabels
from fiftyone_cvat.dataset.garbage import collection_paused
from fiftyone_cvat.download.placement import RunReader
from fiftyone_cvat.errors import ConfigurationError, NotFoundError
from fiftyone_cvat.runs.stored_runs import forget, gather_frames, set_aside
from fiftyone_cvat.server.task_answers import TaskAnswer
from fiftyone_cvat.transport.side_by_side import begin, side_by_side

__all__ = ["Download"]

logger = logging.getLogger(__name__)


class Download(SchemaMembers):
    """Read annotations from CVAT and bring them into FiftyOne's form."""

    def download_annotations(
        self, results: Any, coerce_text_attrs: bool | None = None
    ) -> dict[Any, Any]:
        """Download the annotations from the CVAT server for the given results
        instance and parses them into the appropriate FiftyOne types.

        What came of the labels is counted in ``results.reconciliation``. Labels that
        came back as they went up are returned as they are in the dataset.

        Args:
            results: a :class:`CVATAnnotationResults`
            coerce_text_attrs: whether to guess types that the dataset does not tell;
                by default as the run's configuration says

        Returns:
            the annotations dict: field to kind of label to sample id to label id to
            label; for the frames of a video with their ids between the two latter

        Raises:
            ConfigurationError: if this is not the server or organization that the run
                was sent to, and has none of its tasks
        """  # noqa: D205  the documented text
        restore_attributes(results)
        left = [each for each in results.task_ids if each not in results.frame_id_map]
        if left:
            raise ConfigurationError(
                f"Run '{results.key}' was stopped, and its tasks "
                f"{', '.join(map(str, left))} could not be deleted then: delete them "
                "with its `cleanup()`, then the run"
            )
        if results.progress and results.progress["pending"]:
            logger.warning(
                "%d tasks of run '%s' are not on the server yet: resume the run",
                len(results.progress["pending"]),
                results.key,
            )
        owners = gather_frames(results)
        columns = Columns(results)
        reader: RunReader | None = None
        gone = []
        task_ids = list(results.task_ids)
        with (
            fou.ProgressBar(total=len(task_ids), iters_str="tasks") as bar,
            side_by_side(
                lambda task_id: self._read_task(task_id, results, owners, columns),
                task_ids,
                min(results.config.max_workers, len(task_ids)),
            ) as answers,
        ):
            for task_id, found in zip(bar(task_ids), answers, strict=True):
                if found is None:
                    logger.warning("Skipping task %d, which no longer exists", task_id)
                    gone.append(task_id)
                    continue
                task, stored = found
                if reader is None:
                    schema = self._schema_of(results, task)
                    reader = RunReader(self, results, schema, columns)
                    if coerce_text_attrs is not None:
                        reader.contexts.keep_text = not coerce_text_attrs
                with collection_paused():
                    reader.read(task, stored)
        if reader is None:
            self._check_whereabouts(results)
            logger.warning(
                "CVAT at %s has no task of run '%s' any more: there is nothing to "
                "load, and nothing has changed here",
                self.base_url,
                results.key,
            )
            results.reconciliation = Reconciliation()
            set_aside(results)
            return {}
        forget(results, gone)
        settled = reader.settled
        settled.finish()
        results.reconciliation = settled.reconciliation
        results.absent_attributes = settled.absent
        results.deleted = sorted(settled.deleted, key=str)
        narrow_attributes(results, settled.edited)
        for line in settled.reconciliation.lines():
            logger.info("%s", line)
        return settled.annotations

    def _check_whereabouts(self, results: Any) -> None:
        """Check that a run whose tasks are not found is looked for where it was sent.

        Raises:
            ConfigurationError: if this is another server or organization
        """
        config = results.config
        url = str(config.stored_url or "").rstrip("/")
        sent_to = (url, config.organization or None)
        if sent_to != (self.base_url, self._organization or None):
            raise ConfigurationError(
                f"CVAT at {self.base_url} (organization: {self._organization}) has no "
                f"task of run '{results.key}', which was sent to {sent_to[0]} "
                f"(organization: {sent_to[1]}): load it from there; nothing has "
                "changed here"
            )

    def _schema_of(self, results: Any, task: TaskAnswer) -> SchemaParts:
        """Return the schema of a run: its own, or that of the project it went to."""
        config = results.config
        attributes = (config.occluded_attr, config.group_id_attr)
        in_project = config.project_id is not None or config.project_name is not None
        if in_project and not results.project_ids:
            return labels_to_cvat_schema(task.labels, config.label_schema, *attributes)
        return self._build_cvat_schema(config.label_schema, *attributes)

    def _read_task(
        self,
        task_id: int,
        results: Any,
        owners: Mapping[str, str],
        columns: Columns,
    ) -> tuple[TaskAnswer, StoredLabels] | None:
        """Ask for a task, and read its labels here while the server answers.

        Returns:
            None if the task does not exist any more
        """
        refs = {
            frame: FrameRef(owners.get(ref.frame_id or "", ref.sample_id), ref.frame_id)
            for frame, ref in frame_refs(results.frame_id_map[task_id]).items()
        }
        stored = begin(partial(columns.read, set(refs.values())))
        task = self._ask_for_task(task_id, results, refs)
        return None if task is None else (task, stored())

    def _ask_for_task(
        self, task_id: int, results: Any, refs: dict[int, FrameRef]
    ) -> TaskAnswer | None:
        """Ask for a task; None if it does not exist any more.

        Args:
            task_id: the task
            results: the run's results
            refs: the position of a frame, as they were numbered when it went up, to
                what it is in the dataset
        """
        where = f"Task {task_id}: {{}}".format
        try:
            url = self.task_annotation_url(task_id)
            answer = self.get(url, print_error_info=False)
        except NotFoundError:
            return None
        with collection_paused():
            annotations = answer.json()
        check_annotations(annotations, where(url))
        url = self.task_data_meta_url(task_id)
        meta = self.get(url).json()
        images = [frame for frame, ref in refs.items() if ref.frame_id is None]
        check_meta(meta, images, where(url))
        if results.frame_numbering == "source":
            starts = results.id_map.get("_clips_frame_start") or {}
            offset = starts.get(str(task_id), starts.get(task_id, 0))
            refs = source_frames_to_frames(refs, meta, offset)
        jobs = [(0, meta["size"] - 1)]
        # how a task is cut into jobs is decided as it is created
        if annotations["tracks"] and len(results.job_ids.get(task_id) or ()) != 1:
            jobs = [
                (job["start_frame"], job["stop_frame"])
                for job in self._get_annotation_jobs(task_id)
            ]
        return TaskAnswer(
            task_id,
            self._get_task_labels(task_id),
            frames_to_sizes(meta),
            annotations,
            refs,
            jobs,
            set(meta.get("deleted_frames") or ()),
        )
