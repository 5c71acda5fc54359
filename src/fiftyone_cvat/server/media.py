"""Media and jobs of a task: what the documented ``upload_data`` does."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from fiftyone_cvat.server.changes import Changes
from fiftyone_cvat.server.jobs import Jobs
from fiftyone_cvat.server.media_files import MediaFile, name_media
from fiftyone_cvat.server.task_media import TaskMedia
from fiftyone_cvat.types import Json

__all__ = ["Media"]

logger = logging.getLogger(__name__)


class Media(Changes, Jobs):
    """Fill a task with media, and assign the jobs that come of it."""

    def upload_data(
        self,
        task_id: int,
        paths: Sequence[str],
        image_quality: int = 75,
        use_cache: bool = True,
        use_zip_chunks: bool = True,
        chunk_size: int | None = None,
        job_assignees: Sequence[str] | None = None,
        job_reviewers: Sequence[str] | None = None,
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
            ServerJobError: if the server cannot build the task
            WaitTimeoutError: if the server does not build it in time
        """
        data: Json = {
            "image_quality": image_quality,
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
        media = TaskMedia(self, task_id)
        media.wait(media.send(files, data))

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

    def _parse_reviewers(self, job_reviewers: Sequence[str] | None) -> None:
        """Say that job reviewers are not used: CVAT 2 has no such role."""
        if job_reviewers:
            logger.warning(
                "CVAT 2 has no job reviewers: ignoring %s", ", ".join(job_reviewers)
            )
