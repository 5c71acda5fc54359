"""Between the frames of a run's tasks in CVAT and those of its dataset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from fiftyone_cvat.convert.from_cvat.answer_checks import check_frames, check_meta
from fiftyone_cvat.convert.shared.frames import (
    FrameRef,
    frame_refs,
    frames_as_numbered,
    job_frame_to_size,
)
from fiftyone_cvat.dataset.run_samples import frame_id_at, ids_of, in_dataset
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.stored_runs import first_frame
from fiftyone_cvat.transport.side_by_side import side_by_side
from fiftyone_cvat.types import Json, Size

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["RunFrames", "TaskFrame"]


class TaskFrame(NamedTuple):
    """A frame of a task: the task, and the frame's position in it, from 0."""

    task_id: int
    position: int


class RunFrames:
    """The frames of a run, by task and by sample.

    Args:
        api: the session
        results: the run's results
    """

    def __init__(self, api: CVATAnnotationAPI, results: Any) -> None:
        self._api = api
        self._results = results
        self._dataset = results.samples._root_dataset
        self._by_clip = results.id_map.get("_clips", {})
        self._refs: dict[int, dict[int, FrameRef]] = {}
        self._job_metas: dict[str, Json] = {}

    def of_task(self, task_id: int) -> dict[int, FrameRef]:
        """Return what each frame of a task is, in the run's own view.

        The server is asked, once, for a video that the run has numbered otherwise.

        Args:
            task_id: the task

        Returns:
            the position in the task, from 0, to the frame
        """
        if task_id not in self._refs:
            self._refs[task_id] = self._as_numbered(task_id)
        return self._refs[task_id]

    def _as_numbered(self, task_id: int) -> dict[int, FrameRef]:
        results = self._results
        refs = frame_refs(results.frame_id_map.get(task_id, {}))
        is_video = any(ref.frame_id for ref in refs.values())
        if results.frame_numbering == "task" or not is_video:
            return refs
        offset = first_frame(results, task_id)
        url = self._api.task_data_meta_url(task_id)
        meta = self._api.get(url).json()
        check_meta(meta, (), f"Task {task_id}: {url}")
        return frames_as_numbered(results.frame_numbering, refs, meta, offset)

    def in_dataset(self, task_id: int) -> dict[int, FrameRef]:
        """Return what each frame of a task is in the dataset.

        Args:
            task_id: the task

        Returns:
            the position in the task, from 0, to the frame
        """
        refs = self.of_task(task_id)
        return {place: in_dataset(self._results, ref) for place, ref in refs.items()}

    def find(self, sample: Any, frame_number: int | None = None) -> TaskFrame:
        """Return the frame of a task that shows a sample.

        Args:
            sample: a sample or a frame of a video, or the id of either
            frame_number: which frame of a video it is, from 1; None for the first one
                that is in a task

        Raises:
            ConfigurationError: if the run has no such sample or frame
        """
        wanted = ids_of(sample)
        for each in wanted:
            places = self._places.get(each, [])
            if places and frame_number is not None:
                video_id = self._by_clip.get(each, each)
                frame_id = frame_id_at(self._dataset, str(video_id), frame_number)
                of_frame = set(self._places.get(str(frame_id), ()))
                places = [place for place in places if place in of_frame]
            if places:
                return min(places)
        which = "" if frame_number is None else f"frame {frame_number} of "
        raise ConfigurationError(
            f"Run '{self._results.key}' has not sent {which}sample '{wanted[0]}', or "
            "its task is gone"
        )

    def ask_for_sizes(self, jobs: Sequence[Json], workers: int) -> None:
        """Ask for the sizes of the frames of several jobs, some at a time.

        Args:
            jobs: the jobs as the server describes them
            workers: how many requests at a time
        """
        urls = [self._api.job_data_meta_url(job["id"]) for job in jobs]
        with side_by_side(
            self._job_meta, urls, max(1, min(workers, len(urls)))
        ) as metas:
            for _ in metas:
                pass

    def size_of(self, job: Json, position: int) -> Size:
        """Return the size of a frame in pixels; (0, 0) for a point cloud.

        It is asked of the job: who annotates it may not see its task.

        Args:
            job: a job that has the frame, as the server describes it
            position: the frame's position in the task, from 0
        """
        meta = self._job_meta(self._api.job_data_meta_url(job["id"]))
        return job_frame_to_size(meta, job["start_frame"], position)

    @cached_property
    def _places(self) -> dict[str, list[TaskFrame]]:
        """The id of each sample and frame, as any view knows it, to where it is."""
        places: dict[str, list[TaskFrame]] = defaultdict(list)
        for task_id in self._results.task_ids:
            for position, ref in self.of_task(task_id).items():
                keys = {*ref, *in_dataset(self._results, ref)}
                for key in keys - {None}:
                    places[str(key)].append(TaskFrame(task_id, position))
        return dict(places)

    def _job_meta(self, url: str) -> Json:
        """Return what the server says of a job's frames; it is asked once."""
        if url not in self._job_metas:
            meta = self._api.get(url).json()
            check_frames(meta, url)
            self._job_metas[url] = meta
        return self._job_metas[url]
