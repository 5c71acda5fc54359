"""Tasks on the server: create, fill, list, delete; their labels."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fiftyone_cvat.convert.from_cvat.answer_checks import check_labels
from fiftyone_cvat.convert.shared.server_ids import class_and_attribute_ids
from fiftyone_cvat.convert.to_cvat.schema import cvat_schema_to_labels
from fiftyone_cvat.errors import NotFoundError, ServerJobError
from fiftyone_cvat.runs.arguments import web_address, whole_number
from fiftyone_cvat.runs.chosen_jobs import is_of_annotation
from fiftyone_cvat.runs.members import number_of, numbers_of, paths_of, several
from fiftyone_cvat.server.creations import Creations
from fiftyone_cvat.server.jobs import Jobs
from fiftyone_cvat.server.media_faults import faulty_files
from fiftyone_cvat.server.media_files import MediaFile, is_video, name_media
from fiftyone_cvat.server.task_media import TaskMedia
from fiftyone_cvat.transport.responses import id_in, value_in
from fiftyone_cvat.types import CVATSchema, Json

__all__ = ["Tasks"]

logger = logging.getLogger(__name__)


class Tasks(Creations, Jobs):
    """Create, fill, list and delete tasks."""

    def create_task(
        self,
        name: str,
        schema: CVATSchema | None = None,
        segment_size: int | None = None,
        image_quality: int = 75,
        task_assignee: str | None = None,
        project_id: int | None = None,
        issue_tracker: str | None = None,
    ) -> tuple[int, dict[str, int], dict[int, dict[str, int]]]:
        """Creates a task on the CVAT server using the given label schema.

        Args:
            name: a name for the task
            schema: the label schema to use for the created task: CVAT class name to
                the specifications of its attributes by name; not used with a project
            segment_size: maximum number of images to load into a job. Not
                applicable to videos
            image_quality: an int in ``[0, 100]`` determining the image quality to
                upload to CVAT; today's servers take it with the media, see
                :meth:`upload_data`
            task_assignee: the username to assign the created task(s)
            project_id: the ID of a project to which upload the task
            issue_tracker: the URL of an issue tracker to link the task

        Returns:
            a tuple of

            -   **task_id**: the ID of the created task in CVAT
            -   **class_id_map**: a dictionary mapping the IDs assigned to classes by
                CVAT
            -   **attr_id_map**: a dictionary mapping the IDs assigned to attributes
                by CVAT for every class
        """
        segment_size = whole_number("segment_size", segment_size, least=1)
        whole_number("image_quality", image_quality, least=0, most=100)
        project_id = whole_number("project_id", project_id, least=1)
        web_address("issue_tracker", issue_tracker)
        task_json: Json = {"name": name}
        if project_id is None:
            task_json["labels"] = cvat_schema_to_labels(schema or {})
        else:
            task_json["project_id"] = project_id
        if segment_size is not None:
            task_json["segment_size"] = segment_size
        if issue_tracker is not None:
            task_json["bug_tracker"] = issue_tracker
        assignee_id = self.get_user_id(task_assignee)
        if assignee_id is not None:
            task_json["assignee_id"] = assignee_id

        task_id, labels = self._get_task_id_labels_json(task_json)
        class_id_map, attr_id_map = class_and_attribute_ids(labels)
        return task_id, class_id_map, attr_id_map

    def list_tasks(self) -> list[int]:
        """Returns the list of task IDs.

        Returns:
            the list of task IDs
        """
        return self._list_ids(self.tasks_url, self.tasks_page_url)

    def task_exists(self, task_id: int) -> bool:
        """Checks if the given task exists.

        Args:
            task_id: the task ID

        Returns:
            True/False
        """
        return self._exists(self.task_url(task_id))

    def task_summary(self, task_id: int) -> Json | None:
        """Return where a task stands, with its jobs.

        Args:
            task_id: the task ID

        Returns:
            ``name``, ``status``, ``assignee``, ``last_updated``, and ``jobs``, job id
            to the job as the server describes it, in the order of their frames; None
            if there is no such task
        """
        try:
            answer = self.get(self.task_url(task_id), print_error_info=False)
        except NotFoundError:
            logger.warning("Task %d no longer exists", task_id)
            return None
        jobs = sorted(self._list_jobs(task_id), key=_place)
        task = answer.json()
        name, status, updated = (
            value_in(task, key, answer.url)
            for key in ("name", "status", "updated_date")
        )
        return {
            "name": name,
            "status": status,
            "assignee": task.get("assignee"),
            "last_updated": updated,
            "jobs": {id_in(job, self.jobs_url(task_id)): job for job in jobs},
        }

    def delete_task(self, task_id: int) -> None:
        """Deletes the given task from the CVAT server.

        A task that does not exist any more is no error.

        Args:
            task_id: the task ID
        """
        task_id = number_of("task_id", task_id)
        self._delete_if_exists(self.task_url(task_id))
        self._ledger.made.discard((self.tasks_url, task_id))

    def delete_tasks(self, task_ids: Iterable[int], progress: Any = None) -> None:
        """Deletes the given tasks from the CVAT server.

        Args:
            task_ids: an iterable of task IDs
            progress: whether to render a progress bar (True/False), use the default
                value ``fiftyone.config.show_progress_bars`` (None), or a progress
                callback function to invoke instead
        """
        ids = numbers_of("task_ids", task_ids)
        self._delete_each(self.delete_task, ids, "tasks", progress)

    def upload_data(
        self,
        task_id: int,
        paths: Sequence[str],
        image_quality: int = 75,
        use_cache: bool = True,
        use_zip_chunks: bool = True,
        chunk_size: int | None = None,
        job_assignees: Sequence[str | None] | None = None,
        job_reviewers: Sequence[str | None] | None = None,
        frame_start: int | None = None,
        frame_stop: int | None = None,
        frame_step: int | None = None,
    ) -> list[int]:
        """Uploads a list of media to the task with the given ID.

        The media stand in the task in the order in which they are given.

        Args:
            task_id: the task ID
            paths: a list of media paths to upload
            image_quality: an int in ``[0, 100]`` determining the image quality to
                upload to CVAT
            use_cache: whether to use a cache when uploading data. Using a cache
                reduces task creation time as data will be processed on-the-fly and
                stored in the cache when requested
            use_zip_chunks: when annotating videos, whether to upload video frames in
                smaller chunks. Setting this option to False may result in reduced
                video quality in CVAT due to size limitations on ZIP files that can
                be uploaded to CVAT
            chunk_size: the number of frames to upload per ZIP chunk
            job_assignees: a list of usernames to assign jobs, in turn
            job_reviewers: a list of usernames to assign job reviews; CVAT 2 has no
                reviewers, so they are named in a warning and not used
            frame_start: an optional first frame to start uploading from, from 0
            frame_stop: an optional last frame to upload, inclusive
            frame_step: an optional positive integer specifying the spacing between
                frames to upload

        Returns:
            a list of the job IDs created for the task, in the order of their frames

        Raises:
            MediaError: if a file is missing or of no kind that CVAT takes
            ConfigurationError: if frames are no numbers that can work
            ServerJobError: if the server cannot build the task
            WaitTimeoutError: if the server does not build it in time
        """
        task_id = number_of("task_id", task_id)
        paths = paths_of("paths", paths)
        job_assignees = (
            None
            if job_assignees is None
            else list(several("job_assignees", job_assignees))
        )
        quality = whole_number("image_quality", image_quality, least=0, most=100)
        chunk_size = whole_number("chunk_size", chunk_size, least=1)
        frame_start = whole_number("frame_start", frame_start, least=0)
        frame_stop = whole_number("frame_stop", frame_stop, least=0)
        frame_step = whole_number("frame_step", frame_step, least=1)
        data: Json = {
            "image_quality": quality,
            "use_cache": use_cache,
            "use_zip_chunks": use_zip_chunks,
            "chunk_size": chunk_size or None,
            "start_frame": frame_start,
            "stop_frame": frame_stop,
            "frame_filter": None if frame_step is None else f"step={frame_step}",
            "sorting_method": "predefined",
        }
        data = {name: value for name, value in data.items() if value is not None}

        files = self._parse_local_files(paths)
        self._sent_media[task_id] = files
        media = TaskMedia(self, task_id)
        try:
            media.wait(media.send(files, data))
        except ServerJobError as error:
            raise _with_files(error, files) from error

        job_ids = self._get_job_ids(task_id)
        self._parse_reviewers(job_reviewers)
        self._assign_jobs(job_ids, job_assignees or [])
        return job_ids

    def _parse_local_files(self, paths: Sequence[str | Path]) -> list[MediaFile]:
        """Check media files and name them for the server.

        Args:
            paths: one video, or images or point clouds, in order

        Returns:
            the files with their names on the server

        Raises:
            MediaError: if a file is missing or of no kind that CVAT takes
        """
        return name_media(paths)

    def _parse_reviewers(self, job_reviewers: Sequence[str | None] | None) -> None:
        """Say that job reviewers are not used: CVAT 2 has no such role."""
        if isinstance(job_reviewers, str):
            job_reviewers = [job_reviewers]
        names = [each for each in job_reviewers or () if each is not None]
        if names:
            logger.warning(
                "CVAT 2 has no job reviewers: ignoring %s", ", ".join(map(str, names))
            )

    def _get_task_labels(self, task_id: int) -> list[Json]:
        """Return a task's labels as the server describes them.

        Raises:
            AnswerError: if annotations cannot be read by them
        """
        url = self.labels_url(task_id)
        labels = self._get_paginated_results(url)
        check_labels(labels, f"Task {task_id}: {url}")
        return labels

    def _get_task_id_labels_json(self, task_json: Json) -> tuple[int, list[Json]]:
        """Create a task; return its id and its labels as the server describes them.

        Args:
            task_json: the task as the server takes it
        """
        task_id: int = self._create(self.tasks_url, task_json)["id"]
        try:
            return task_id, self._get_task_labels(task_id)
        except BaseException as error:
            # nobody knows of the task yet
            with self._undoing(error, self.base_task_url(task_id)):
                self.delete_task(task_id)
            raise

    def _get_attr_class_maps(
        self, task_id: int
    ) -> tuple[dict[int, dict[str, int]], dict[str, int]]:
        """Return the ids of a task's attributes by label and name, and of its labels.

        Args:
            task_id: the task ID

        Returns:
            a tuple of

            -   the server's id of a label to the ids of its attributes by name
            -   the name of a label to its id
        """
        class_ids, attribute_ids = class_and_attribute_ids(
            self._get_task_labels(task_id)
        )
        return attribute_ids, class_ids


def _with_files(error: ServerJobError, files: Sequence[MediaFile]) -> ServerJobError:
    """Return an error of a task's building that names the files it is about."""
    paths = [each.path for each in files]
    if len(files) == 1 and is_video(paths[0]):
        found, words = paths, f"its video is '{paths[0]}'"
    else:
        found, words = faulty_files(paths)
    if not found:
        return error
    told = ServerJobError(f"{error}; {words}")
    told.media = tuple(map(str, found))
    return told


def _place(job: Any) -> tuple[bool, int]:
    """Return where a job stands among those of its task: by its frames, others last."""
    if not isinstance(job, dict):
        return (True, 0)  # it is refused as it is read
    start = job.get("start_frame")
    return (not is_of_annotation(job), start if isinstance(start, int) else 0)
