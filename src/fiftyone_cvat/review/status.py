"""Where the jobs, frames and samples of a run stand."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.dataset.run_samples import present
from fiftyone_cvat.dataset.status_fields import write_status_field
from fiftyone_cvat.review.run_frames import RunFrames
from fiftyone_cvat.review.run_jobs import annotation_jobs, job_of, jobs_of_run
from fiftyone_cvat.runs.chosen_jobs import username_of
from fiftyone_cvat.runs.job_status import FrameStatus, JobStatus, farthest_back
from fiftyone_cvat.server.issues import issues_of_jobs
from fiftyone_cvat.types import Json

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["FrameAddresses", "status_of_run", "write_status"]


def status_of_run(api: CVATAnnotationAPI, results: Any) -> list[JobStatus]:
    """Return where the jobs of a run stand, in the order of tasks and frames.

    Args:
        api: the session
        results: the run's results

    Raises:
        ConfigurationError: if no job of the run is seen
    """
    jobs = annotation_jobs(jobs_of_run(api, results))
    return _statuses(api, jobs, issues_of_jobs(api, jobs))


def write_status(
    api: CVATAnnotationAPI, results: Any, field: str, *, frames: bool
) -> dict[str, int]:
    """Write where the samples of a run stand to a field.

    Args:
        api: the session
        results: the run's results
        field: the name of the field
        frames: whether to write it to the frames of videos, too

    Returns:
        state to how many samples are in it

    Raises:
        ConfigurationError: if no job of the run is seen, or if there is a field or view
            of the name that is not the run's
    """
    jobs = annotation_jobs(jobs_of_run(api, results))
    issues = issues_of_jobs(api, jobs)
    by_frame = _by_frame(api, results, jobs, issues)
    dataset = results.samples._root_dataset
    there = present(dataset, by_frame)
    found = {ref: each for ref, each in by_frame.items() if ref in there}
    of_sample: dict[str, list[FrameStatus]] = defaultdict(list)
    for ref, status in found.items():
        of_sample[ref.sample_id].append(status)
    by_sample = {key: farthest_back(several) for key, several in of_sample.items()}
    of_frame = {ref.frame_id: each for ref, each in found.items() if ref.frame_id}
    write_status_field(dataset, field, results.key, by_sample, of_frame, frames=frames)
    return dict(Counter(each.job.state for each in by_sample.values()))


class FrameAddresses:
    """Tells the addresses of a run's frames in CVAT's editor.

    How a task is cut into jobs is decided as it is created: the server is asked once.

    Args:
        api: the session
        results: the run's results
    """

    def __init__(self, api: CVATAnnotationAPI, results: Any) -> None:
        self._api = api
        self._results = results
        self._known = _extent(results)
        self._frames = RunFrames(api, results)
        self._jobs: list[Json] | None = None

    def is_of(self, api: CVATAnnotationAPI, results: Any) -> bool:
        """Tell whether it is of a session, and of a run as it is now."""
        return self._api is api and self._known == _extent(results)

    def find(self, sample: Any, frame_number: int | None) -> str:
        """Return the address of a frame; a task of one job is not asked for it.

        Args:
            sample: a sample or a frame of a video, or the id of either
            frame_number: which frame of a video it is, from 1; None for the first one

        Raises:
            ConfigurationError: if the run has no such sample or frame, or none of its
                jobs is seen
        """
        frame = self._frames.find(sample, frame_number)
        job_ids = self._results.job_ids.get(frame.task_id) or []
        if len(job_ids) == 1:
            return self._api.job_frame_url(frame.task_id, job_ids[0], frame.position)
        if self._jobs is None:
            self._jobs = annotation_jobs(jobs_of_run(self._api, self._results))
        job = job_of(self._jobs, frame)
        if job is None:
            return self._api.base_task_url(frame.task_id)
        return self._api.job_frame_url(frame.task_id, job["id"], frame.position)


def _extent(results: Any) -> dict[int, int]:
    """Return the tasks of a run, with how many frames they have."""
    return {
        task_id: len(results.frame_id_map.get(task_id, ()))
        for task_id in results.task_ids
    }


def _by_frame(
    api: CVATAnnotationAPI,
    results: Any,
    jobs: Sequence[Json],
    issues: Sequence[Json],
) -> dict[FrameRef, FrameStatus]:
    """Return where the frames of a run stand; a frame in several jobs in the first."""
    statuses = _statuses(api, jobs, issues)
    # jobs of videos overlap: who looks at a frame means it in all of them
    tasks = {job["id"]: job["task_id"] for job in jobs}
    every = Counter((tasks[each["job"]], each["frame"]) for each in issues)
    unresolved = Counter(
        (tasks[each["job"]], each["frame"]) for each in issues if not each["resolved"]
    )
    run_frames = RunFrames(api, results)
    found: dict[FrameRef, FrameStatus] = {}
    refs = {
        task_id: run_frames.in_dataset(task_id)
        for task_id in dict.fromkeys(each.task_id for each in statuses)
    }
    for job in statuses:
        for position in range(job.first_frame, job.last_frame + 1):
            ref = refs[job.task_id].get(position)
            if ref is None or ref in found:
                continue
            place = (job.task_id, position)
            url = api.job_frame_url(job.task_id, job.job_id, position)
            found[ref] = FrameStatus(job, url, every[place], unresolved[place])
    return found


def _statuses(
    api: CVATAnnotationAPI, jobs: Sequence[Json], issues: Sequence[Json]
) -> list[JobStatus]:
    every = Counter(each["job"] for each in issues)
    unresolved = Counter(each["job"] for each in issues if not each["resolved"])
    return [
        JobStatus(
            task_id=job["task_id"],
            job_id=job["id"],
            stage=job["stage"],
            state=job["state"],
            assignee=username_of(job.get("assignee")),
            first_frame=job["start_frame"],
            last_frame=job["stop_frame"],
            issues=every[job["id"]],
            unresolved_issues=unresolved[job["id"]],
            url=api.base_job_url(job["task_id"], job["id"]),
            updated=job.get("updated_date"),
        )
        for job in jobs
    ]
