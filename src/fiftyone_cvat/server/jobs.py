"""Jobs on the server: list and assign."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence

from fiftyone_cvat.convert.from_cvat.answer_checks import check_jobs
from fiftyone_cvat.runs.chosen_jobs import is_of_annotation
from fiftyone_cvat.server.users import Users
from fiftyone_cvat.transport.responses import id_in
from fiftyone_cvat.types import Json

__all__ = ["Jobs"]

logger = logging.getLogger(__name__)

ORGANIZATION = "X-Organization"
"""The header that names the organization which a request is about."""


class Jobs(Users):
    """List the jobs of a task, and assign them."""

    def _assign_jobs(
        self, job_ids: Sequence[int], usernames: Sequence[str | None]
    ) -> None:
        """Assign jobs to users in turn; None is nobody."""
        for job_id, username in zip(job_ids, itertools.cycle(usernames), strict=False):
            user_id = self.get_user_id(username)
            if user_id is not None:
                url = self.taskless_job_url(job_id)
                self.patch(url, json={self.assignee_key: user_id}, harmless=True)

    def _get_job_ids(self, task_id: int) -> list[int]:
        """Return the ids of a task's annotation jobs, in the order of their frames."""
        jobs = self._get_annotation_jobs(task_id)
        jobs.sort(key=lambda job: job["start_frame"])
        return [id_in(job, self.jobs_url(task_id)) for job in jobs]

    def _get_annotation_jobs(self, task_id: int) -> list[Json]:
        """Return a task's jobs as the server describes them.

        Ground truth and replicas are not among them: a ground truth job spans all
        others, but shows none of their tracks.
        """
        jobs = self._list_jobs(task_id)
        check_jobs(jobs, f"Task {task_id}: {self.jobs_url(task_id)}")
        return [job for job in jobs if is_of_annotation(job)]

    def _list_jobs(self, task_id: int) -> list[Json]:
        """Return all jobs of a task, also of one that moved to another organization.

        In an organization the server lists only what is there, though it shows a task
        that is elsewhere. Without one it lists all that the user may see.
        """
        url = self.jobs_url(task_id)
        jobs = self._get_paginated_results(url)
        if not jobs and self._organization:
            jobs = self._all_items(url, headers={ORGANIZATION: None})
        if not jobs:
            where = self._organization or "none"
            logger.warning(
                "CVAT at %s shows no jobs of task %d (organization: %s): it has none "
                "yet, or it moved to an organization whose jobs you may not see",
                self.base_url,
                task_id,
                where,
            )
        return jobs
