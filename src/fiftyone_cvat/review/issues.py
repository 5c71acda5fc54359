"""The issues of a run: shown in its dataset, opened and resolved from there."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import fiftyone.core.labels as fol

from fiftyone_cvat.convert.from_cvat.issues import issue_to_label
from fiftyone_cvat.convert.shared.frames import FrameRef, frames_of_job
from fiftyone_cvat.convert.to_cvat.issue_positions import to_issue_position
from fiftyone_cvat.dataset.issue_fields import IssueCounts, write_issue_fields
from fiftyone_cvat.dataset.run_samples import present
from fiftyone_cvat.errors import ConfigurationError, GeometryError
from fiftyone_cvat.review.run_frames import RunFrames
from fiftyone_cvat.review.run_jobs import annotation_jobs, job_of, jobs_of_run
from fiftyone_cvat.runs.chosen_jobs import shown_ids
from fiftyone_cvat.runs.members import several as items_of
from fiftyone_cvat.server.issues import (
    add_comment,
    add_issue,
    comments_of_issues,
    issues_of_jobs,
    set_resolved,
)
from fiftyone_cvat.types import Json

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["load_issues", "open_issue", "resolve_issues"]

logger = logging.getLogger(__name__)


def load_issues(api: CVATAnnotationAPI, results: Any, field: str) -> IssueCounts:
    """Bring the issues of a run into fields of its dataset.

    Args:
        api: the session
        results: the run's results
        field: the name of the field

    Returns:
        how many were added, changed, kept and deleted

    Raises:
        ConfigurationError: if no job of the run is seen, or if there is a field of the
            name that is not the run's
    """
    jobs = jobs_of_run(api, results)
    issues = issues_of_jobs(api, jobs)
    comments = comments_of_issues(api, jobs, issues)
    frames = RunFrames(api, results)
    dataset = results.samples._root_dataset
    seen: dict[int, set[int]] = defaultdict(set)
    for job in jobs:
        seen[job["task_id"]].update(frames_of_job(job))
    refs = {
        # issues of jobs that this user does not see stay as they are
        task_id: {
            frame: ref
            for frame, ref in frames.in_dataset(task_id).items()
            if frame in of_task
        }
        for task_id, of_task in seen.items()
    }
    there = present(dataset, (ref for each in refs.values() for ref in each.values()))
    labels: dict[FrameRef, list[fol.Label]] = defaultdict(list)
    by_id = {job["id"]: job for job in jobs}
    with_issues = dict.fromkeys(issue["job"] for issue in issues)
    frames.ask_for_sizes(
        [by_id[each] for each in with_issues], results.config.max_workers
    )
    for issue in issues:
        job, position = by_id[issue["job"]], issue["frame"]
        ref = refs[job["task_id"]].get(position)
        if ref not in there:
            _tell_left_out(issue, "the dataset has no sample of its frame")
            continue
        url = api.job_frame_url(job["task_id"], job["id"], position)
        size = frames.size_of(job, position)
        try:
            label = issue_to_label(
                issue, comments[issue["id"]], size, api.base_url, url
            )
        except GeometryError as error:
            _tell_left_out(issue, str(error))
            continue
        labels[ref].append(label)
    return write_issue_fields(dataset, field, results.key, labels, there)


def open_issue(
    api: CVATAnnotationAPI,
    results: Any,
    sample: Any,
    place: Any,
    text: str,
    frame_number: int | None,
) -> int:
    """Open an issue on a sample; return its id in CVAT.

    Args:
        api: the session
        results: the run's results
        sample: a sample or a frame of a video, or the id of either
        place: where: what :func:`to_issue_position` takes
        text: the first comment
        frame_number: which frame of a video it is, from 1; None for the first one

    Raises:
        ConfigurationError: if the run has no such sample or frame, or no text is given
        GeometryError: if the place is none
        AccessDeniedError: if the user may not do that
    """
    _check_text(text)
    frames = RunFrames(api, results)
    frame = frames.find(sample, frame_number)
    job = job_of(annotation_jobs(jobs_of_run(api, results)), frame)
    if job is None:
        raise ConfigurationError(
            f"CVAT at {api.base_url} shows no job of task {frame.task_id} with frame "
            f"{frame.position}: an issue needs one"
        )
    position = to_issue_position(place, frames.size_of(job, frame.position))
    return add_issue(api, job, frame.position, position, text)


def resolve_issues(
    api: CVATAnnotationAPI,
    results: Any,
    issues: Any,
    text: str | None,
    *,
    resolved: bool,
) -> list[int]:
    """Resolve issues of a run, or open them again.

    Args:
        api: the session
        results: the run's results
        issues: an issue, or several: ids in CVAT, or labels that were loaded
        text: a comment to add to each; None for none
        resolved: whether they are resolved then

    Returns:
        the ids of the issues

    Raises:
        ConfigurationError: if the run has no such issue, before anything is changed
        AccessDeniedError: if the user may not do that
    """
    ids = _issue_ids(issues)
    if text is not None:
        _check_text(text)
    jobs = {job["id"]: job for job in jobs_of_run(api, results)}
    known = {each["id"]: each for each in issues_of_jobs(api, list(jobs.values()))}
    gone = [each for each in ids if each not in known]
    if gone:
        raise ConfigurationError(
            f"Run '{results.key}' has no issue {shown_ids(gone)}: deleted in CVAT, or "
            f"of another run; it has {shown_ids(known) or 'none'}"
        )
    for each in ids:
        issue = known[each]
        job = jobs[issue["job"]]
        if text is not None:
            add_comment(api, job, issue, text)
        if issue["resolved"] != resolved:
            set_resolved(api, job, issue, resolved=resolved)
    return ids


def _issue_ids(issues: Any) -> list[int]:
    """Return the ids of issues that were given: numbers or labels, one or several."""
    several: Sequence[Any]
    if isinstance(issues, (fol.Polylines, fol.Keypoints)):
        several = issues.polylines if hasattr(issues, "polylines") else issues.keypoints
    else:
        is_one = isinstance(issues, (Integral, str, fol.Label))
        several = [issues] if is_one else items_of("issues", issues)
    ids: list[Any] = [
        getattr(each, "issue_id", None) if isinstance(each, fol.Label) else each
        for each in several
    ]
    wrong = [each for each in ids if not isinstance(each, Integral)]
    if wrong:
        raise ConfigurationError(
            f"`issues` has {wrong[0]!r}, which is no issue: give ids, or labels that "
            "`load_issues()` has made"
        )
    return [int(each) for each in dict.fromkeys(ids)]


def _check_text(text: Any) -> None:
    if not isinstance(text, str) or not text.strip():
        raise ConfigurationError(f"`text` must be what is to be said, not {text!r}")


def _tell_left_out(issue: Json, reason: str) -> None:
    logger.warning(
        "Issue %d of job %d: left out: %s", issue["id"], issue["job"], reason
    )
