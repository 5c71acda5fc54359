"""The methods of a run's results by which its work in CVAT is followed and steered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fiftyone_cvat.dataset.issue_fields import IssueCounts
from fiftyone_cvat.dataset.owned_fields import check_name
from fiftyone_cvat.dataset.status_fields import clear_status_field
from fiftyone_cvat.review.issues import load_issues, open_issue, resolve_issues
from fiftyone_cvat.review.status import FrameAddresses, status_of_run, write_status
from fiftyone_cvat.review.steering import advance_jobs, assign_jobs
from fiftyone_cvat.runs.chosen_jobs import ChosenJobs
from fiftyone_cvat.runs.job_status import JobStatus

__all__ = ["Review"]


class Review:
    """Follow and steer the work on a run.

    It asks the server anew each time. ``jobs`` are chosen as
    :func:`~fiftyone_cvat.runs.chosen_jobs.choose_jobs` says: a state
    (``"completed"``), a stage (``"acceptance"``), a mapping (``{"stage": "acceptance",
    "state": "completed"}``, ``{"assignee": "alice"}``), the ids of jobs, or a function
    of the job as the server describes it.
    """

    connect_to_api: Any
    samples: Any
    key: str
    _addresses: FrameAddresses | None = None

    def job_status(self) -> list[JobStatus]:
        """Return where the annotation jobs of the run stand.

        Returns:
            the jobs in the order of tasks and frames, with their stage, state,
            assignee, frames, and how many issues they have

        Raises:
            ConfigurationError: if no job of the run is seen
        """
        return status_of_run(self.connect_to_api(), self)

    def write_status(
        self, field: str = "cvat", *, frames: bool = False
    ) -> dict[str, int]:
        """Write to each sample of the run where it stands in CVAT.

        The field has ``job_id``, ``task_id``, ``stage``, ``state``, ``assignee``,
        ``url``, which opens the frame in CVAT's editor, ``issues`` and
        ``unresolved_issues``, which are counted on the sample. A video stands where
        its job does that is farthest back. A saved view for each state, such as
        ``cvat completed``, shows the samples in it. Writing again brings it up to date.

        Args:
            field: the name of the field, which no other run may have
            frames: whether to write it to the frames of videos, too

        Returns:
            state to the number of samples in it

        Raises:
            ConfigurationError: if no job of the run is seen, or if there is a field or
                a view of the name that this did not make, before anything is written
        """
        check_name(field)
        return write_status(self.connect_to_api(), self, field, frames=frames)

    def clear_status(self, field: str = "cvat") -> None:
        """Delete what :meth:`write_status` has made: the field and its views.

        Args:
            field: the name of the field

        Raises:
            ConfigurationError: if the field is not one that this run has made
        """
        clear_status_field(self.samples._root_dataset, field, self.key)

    def frame_url(self, sample: Any, *, frame_number: int | None = None) -> str:
        """Return the address of a sample's frame in CVAT's editor.

        The server is asked once for all samples; :meth:`write_status` writes the
        addresses of all.

        Args:
            sample: a sample or a frame of a video, or the id of either
            frame_number: which frame of a video, from 1; by default the first that was
                sent

        Raises:
            ConfigurationError: if the run has not sent it
        """
        api = self.connect_to_api()
        if self._addresses is None or not self._addresses.is_of(api, self):
            self._addresses = FrameAddresses(api, self)
        return self._addresses.find(sample, frame_number)

    def load_issues(self, field: str = "cvat_issues") -> IssueCounts:
        """Bring the issues of the run from CVAT into fields of the dataset.

        Outlines and boxes are polylines in the field, points keypoints in
        ``<field>_keypoints``; those of videos are in fields of frames. Each has
        ``issue_id``, ``job_id``, ``resolved``, ``author``, ``created_at`` (in UTC),
        ``text``, which is its first comment, ``comments``, each with ``author``,
        ``created_at`` and ``text``, and ``url``. Loading twice changes nothing; tags
        that were added here stay.

        Args:
            field: the name of the field, which no other run may have

        Returns:
            how many were ``added``, ``changed``, ``kept`` and ``deleted``

        Raises:
            ConfigurationError: if no job of the run is seen, or if there is a field of
                the name that this did not make, before anything is written
        """
        check_name(field)
        return load_issues(self.connect_to_api(), self, field)

    def add_issue(
        self,
        sample: Any,
        points_or_box: Any,
        text: str,
        *,
        frame_number: int | None = None,
    ) -> int:
        """Open an issue in CVAT.

        Args:
            sample: a sample or a frame of a video, or the id of either
            points_or_box: a point ``(x, y)``, a box ``(x, y, width, height)``, or a
                list of points, in relative coordinates; CVAT shows two points as
                corners of a box, more as an outline
            text: its first comment
            frame_number: which frame of a video, from 1; by default the first that was
                sent

        Returns:
            the issue's id in CVAT

        Raises:
            ConfigurationError: if the run has not sent the sample, or there is no text
            GeometryError: if it is no point, box or list of points
            AccessDeniedError: if the user may not do that
        """
        api = self.connect_to_api()
        return open_issue(api, self, sample, points_or_box, text, frame_number)

    def resolve(
        self, issues: Any, *, text: str | None = None, resolved: bool = True
    ) -> list[int]:
        """Resolve issues in CVAT, or open them again.

        Args:
            issues: an issue, or several: ids in CVAT, or labels that
                :meth:`load_issues` has made
            text: a comment to add to each
            resolved: False to open them again

        Returns:
            the ids of the issues

        Raises:
            ConfigurationError: if the run has no such issue, before anything is changed
            AccessDeniedError: if the user may not do that
        """
        api = self.connect_to_api()
        return resolve_issues(api, self, issues, text, resolved=resolved)

    def assign(
        self, *, jobs: ChosenJobs = None, to: str | Sequence[str] | None
    ) -> list[int]:
        """Assign jobs of the run.

        Args:
            jobs: which jobs; by default all annotation jobs
            to: a user name, several who get them in turn, or None for nobody

        Returns:
            the ids of the jobs, in the order of their frames

        Raises:
            ConfigurationError: if there is no such job or user, before anything is
                changed
            AccessDeniedError: if the user may not do that; jobs that were changed
                before are noted in it
        """
        return assign_jobs(self.connect_to_api(), self, jobs, to)

    def advance(
        self,
        *,
        jobs: ChosenJobs = None,
        stage: str | None = None,
        state: str | None = None,
    ) -> list[int]:
        """Take jobs of the run to a stage, a state, or both.

        Args:
            jobs: which jobs; by default all annotation jobs
            stage: ``annotation``, ``validation`` or ``acceptance``
            state: ``new``, ``in progress``, ``rejected`` or ``completed``; by default
                a job that goes to another stage is ``new`` there, as CVAT has it

        Returns:
            the ids of the jobs, in the order of their frames

        Raises:
            ConfigurationError: if there is no such job, stage or state, before anything
                is changed
            AccessDeniedError: if the user may not do that; jobs that were changed
                before are noted in it
        """
        return advance_jobs(self.connect_to_api(), self, jobs, stage, state)
