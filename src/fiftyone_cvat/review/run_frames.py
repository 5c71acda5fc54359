"""Between the frames of a run's tasks in CVAT and those of its dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from fiftyone_cvat.convert.from_cvat.answer_checks import check_meta
from fiftyone_cvat.convert.shared.frames import (
    FrameRef,
    frame_refs,
    frames_as_numbered,
)
from fiftyone_cvat.dataset.run_samples import frame_id_at, ids_of, in_dataset
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.stored_runs import first_frame
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
        self._metas: dict[str, Json] = {}

    def of_task(self, task_id: int) -> dict[int, FrameRef]:
        """Return what each frame of a task is, in the run's own view.

        Args:
            task_id: the task

        Returns:
            the position in the task, from 0, to the frame
        """
        results = self._results
        refs = frame_refs(results.frame_id_map.get(task_id, {}))
        is_video = any(ref.frame_id for ref in refs.values())
        if results.frame_numbering == "task" or not is_video:
            return refs
        offset = first_frame(results, task_id)
        meta = self._meta(self._api.task_data_meta_url(task_id))
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
            found = min(self._shown(each, frame_number), default=None)
            if found is not None:
                return found
        which = "" if frame_number is None else f"frame {frame_number} of "
        raise ConfigurationError(
            f"Run '{self._results.key}' has not sent {which}sample '{wanted[0]}', or "
            "its task is gone"
        )

    def size_of(self, job: Json, position: int) -> Size:
        """Return the size of a frame in pixels; (0, 0) for a point cloud.

        It is asked of the job: who annotates it may not see its task.

        Args:
            job: a job that has the frame, as the server describes it
            position: the frame's position in the task, from 0
        """
        meta = self._meta(self._api.job_data_meta_url(job["id"]))
        frames = meta["frames"]
        # a video lists one of its frames only
        number = 0 if len(frames) == 1 else position - job["start_frame"]
        each = frames[number] if 0 <= number < len(frames) else {}
        return Size(each.get("width") or 0, each.get("height") or 0)

    def _shown(self, key: str, frame_number: int | None) -> Iterator[TaskFrame]:
        """Yield the frames of tasks that show a sample or frame."""
        results = self._results
        frame_id = None
        if frame_number is not None:
            dataset = results.samples._root_dataset
            by_clip = results.id_map.get("_clips", {})
            frame_id = frame_id_at(dataset, str(by_clip.get(key, key)), frame_number)
            if frame_id is None:
                return
        for task_id in results.task_ids:
            for position, ref in self.of_task(task_id).items():
                video = in_dataset(results, ref)
                ids = {ref.sample_id, *ref, *video}
                if key in ids and frame_id in (None, video.frame_id):
                    yield TaskFrame(task_id, position)

    def _meta(self, url: str) -> Json:
        """Return what the server says of frames; it is asked once."""
        if url not in self._metas:
            meta = self._api.get(url).json()
            check_meta(meta, (), url)
            self._metas[url] = meta
        return self._metas[url]
