"""A run that was stopped on its way up: tidy up and go on."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fiftyone_cvat.dataset.stored_labels import check_field_types
from fiftyone_cvat.dataset.views import with_masks_on_disk
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.server.changes import mark_of, marked
from fiftyone_cvat.transport.messages import value_in
from fiftyone_cvat.upload.checks import Progress, RunPart, RunState, task_name
from fiftyone_cvat.upload.rollback import Target
from fiftyone_cvat.upload.run_upload import Upload

__all__ = ["Resuming"]

logger = logging.getLogger(__name__)


class Resuming(Upload):
    """Go on with runs that were stopped."""

    def resume_upload(self, results: Any) -> Any:
        """Go on with a run that was stopped or failed, from its last finished task.

        What the run has created and not finished is deleted first. Labels go up as
        they are in the dataset now.

        Args:
            results: the :class:`CVATAnnotationResults` of a run with
                ``on_failure="keep"``

        Returns:
            the :class:`CVATAnnotationResults` of the whole run

        Raises:
            ConfigurationError: if nothing of the run is left to do, or if a field of it
                is gone or of another type
        """
        if not results.progress:
            raise ConfigurationError(
                f"Run '{results.key}' is complete: there is nothing to resume"
            )
        config = results.config
        samples = with_masks_on_disk(results.samples, config.label_schema)
        gone = [
            label_field
            for label_field, info in config.label_schema.items()
            if info.get("existing_field") and not samples.has_field(label_field)
        ]
        if gone:
            raise ConfigurationError(
                f"Run '{results.key}' cannot go on without the fields of its labels, "
                f"which are deleted or renamed: {', '.join(gone)}"
            )
        check_field_types(samples, config.label_schema)
        progress = Progress(
            results.progress["token"],
            {int(index): ids for index, ids in results.progress["pending"].items()},
        )
        run = self._restore(results, progress)
        names = [
            task_name(config, samples, each, run.count) for each in range(run.count)
        ]
        # CVAT takes white space off the ends of names
        name_by_marked = {
            marked(name, progress.token).strip(): name
            for name in (config.project_name or "", *names)
        }
        self._tidy(run.before.task_ids, run.project_ids, progress.token, name_by_marked)
        batches = {
            index: samples.select(ids, ordered=True)
            for index, ids in progress.pending.items()
        }
        return self._send(run, batches, Target(samples, results.key, results.backend))

    def _restore(self, results: Any, progress: Progress) -> RunState:
        """Return the state of a run as it was saved."""
        config = results.config
        name, project_id = config.project_name, config.project_id
        if results.project_ids:
            project_id = None
        elif name is not None:
            name, project_id = self._parse_project_details(name, project_id)
        run = self._run_state(config, project_id)
        if results.project_ids:
            run.project_id = results.project_ids[0]
        elif project_id is None:
            run.new_project_name = name
        run.project_ids = results.project_ids
        run.count = results.progress["count"]
        run.progress = progress
        run.before = RunPart(
            results.task_ids,
            results.job_ids,
            results.frame_id_map,
            results.id_map,
            results.server_id_map,
            results.labels_task_map,
            results.fingerprints,
        )
        return run

    def delete_upload(self, results: Any) -> None:
        """Delete all that a run has created, finished or not.

        Projects that have tasks of others are left.

        Args:
            results: the :class:`CVATAnnotationResults` of the run
        """
        if results.progress:
            token = results.progress["token"]
            self._tidy(results.task_ids, results.project_ids, token, {})
        if results.task_ids:
            logger.info("Deleting tasks...")
            self.delete_tasks(results.task_ids)
        empty = self.get_empty_projects(results.project_ids)
        if empty:
            logger.info("Deleting projects...")
            self.delete_projects(empty)

    def _tidy(
        self,
        task_ids: list[int],
        project_ids: list[int],
        token: str,
        name_by_marked: Mapping[str, str],
    ) -> None:
        """Delete what a stopped run left unfinished; name what it had finished.

        Args:
            task_ids: the run's tasks that are finished
            project_ids: the projects that it has created
            token: what marks the names of what is unfinished
            name_by_marked: marked name to the whole one, which the mark may have cut
        """
        mark = mark_of(token)
        for url, own, delete in (
            (self.tasks_url, task_ids, self.delete_task),
            (self.projects_url, project_ids, self.delete_project),
        ):
            for found in self._get_paginated_results(f"{url}?search={token}"):
                marked_name = value_in(found, "name", url)
                number = value_in(found, "id", url)
                if mark not in marked_name:
                    continue
                if number in own:
                    # a dataset that has another name since gives tasks other ones
                    rest = marked_name.removesuffix(mark)
                    name = name_by_marked.get(marked_name, rest)
                    self.patch(f"{url}/{number}", json={"name": name})
                else:
                    delete(number)
