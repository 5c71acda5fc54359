"""Jobs on the server: list and assign."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from fiftyone_cvat.convert.from_cvat.answer_checks import check_jobs
from fiftyone_cvat.server.users import Users
from fiftyone_cvat.transport.responses import id_in
from fiftyone_cvat.types import Json

__all__ = ["Jobs"]


class Jobs(Users):
    """List the jobs of a task, and assign them."""

    def _assign_jobs(self, job_ids: Sequence[int], usernames: Sequence[str]) -> None:
        """Assign jobs to users in turn."""
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
        url = self.jobs_url(task_id)
        jobs = self._get_paginated_results(url)
        check_jobs(jobs, f"Task {task_id}: {url}")
        return [job for job in jobs if job.get("type", "annotation") == "annotation"]
