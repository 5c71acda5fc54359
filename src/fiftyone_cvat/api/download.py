"""A run's way down: ask for each task, read it, report."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import fiftyone.core.utils as fou

from fiftyone_cvat.api.answers import TaskAnswer
from fiftyone_cvat.api.parsing import Parsing
from fiftyone_cvat.api.reading import RunReader
from fiftyone_cvat.api.upload import Upload
from fiftyone_cvat.convert.frames import frame_refs, frames_to_sizes
from fiftyone_cvat.errors import NotFoundError

__all__ = ["Download"]

logger = logging.getLogger(__name__)


class Download(Upload, Parsing):
    """Read annotations from CVAT and bring them into FiftyOne's form."""

    def download_annotations(self, results: Any) -> dict[Any, Any]:
        """Download the annotations from the CVAT server for the given results
        instance and parses them into the appropriate FiftyOne types.

        What came of the labels is counted in ``results.reconciliation``. Labels that
        came back as they went up are returned as they are in the dataset.

        Args:
            results: a :class:`CVATAnnotationResults`

        Returns:
            the annotations dict: field to kind of label to sample id to label id to
            label; for the frames of a video with their ids between the two latter
        """  # noqa: D205  the documented text
        config = results.config
        _, project_id = self._parse_project_details(
            config.project_name, config.project_id
        )
        if results.project_ids:
            # the run made the project, so the run's own schema is complete
            project_id = None
        schema = self._get_cvat_schema(
            config.label_schema,
            project_id=project_id,
            occluded_attr=config.occluded_attr,
            group_id_attr=config.group_id_attr,
        )
        reader = RunReader(self, results, schema)
        gone = []
        with fou.ProgressBar(total=len(results.task_ids), iters_str="tasks") as bar:
            for task_id in bar(list(results.task_ids)):
                task = self._read_task(task_id, results.frame_id_map[task_id])
                if task is None:
                    logger.warning("Skipping task %d, which no longer exists", task_id)
                    gone.append(task_id)
                else:
                    reader.read(task)
        if gone:
            results._forget_tasks(gone)
        results.reconciliation = reader.reconciliation
        results.absent_attributes = reader.absent
        for line in reader.reconciliation.lines():
            logger.info("%s", line)
        return reader.annotations

    def _read_task(
        self, task_id: int, frame_id_map: Mapping[int, Mapping[str, str]]
    ) -> TaskAnswer | None:
        """Ask for a task; None if it does not exist any more."""
        try:
            url = self.task_annotation_url(task_id)
            annotations = self.get(url, print_error_info=False).json()
        except NotFoundError:
            return None
        meta = self.get(self.task_data_meta_url(task_id)).json()
        job_starts: set[int] = set()
        if annotations.get("tracks"):
            jobs = self._get_paginated_results(self.jobs_url(task_id))
            job_starts = {job["start_frame"] for job in jobs}
        return TaskAnswer(
            task_id,
            self._get_task_labels(task_id),
            frames_to_sizes(meta),
            annotations,
            frame_refs(frame_id_map),
            job_starts,
            set(meta.get("deleted_frames") or ()),
        )
