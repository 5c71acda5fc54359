"""What CVAT says of a run, within a time that somebody waits."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYetError
from threading import Thread
from typing import Any

from fiftyone_cvat.dataset.run_samples import present
from fiftyone_cvat.errors import CVATError
from fiftyone_cvat.plugin.runs import credentials
from fiftyone_cvat.review.run_frames import RunFrames
from fiftyone_cvat.runs.job_status import JobStatus
from fiftyone_cvat.workflows.results import results_of_run

__all__ = ["job_sample_ids", "job_statuses"]

PATIENCE = 20.0
"""Seconds to wait for an answer; requests are sent again for longer than that."""


def job_statuses(ctx: Any, anno_key: str) -> tuple[list[JobStatus], str | None]:
    """Return where the jobs of a run stand, or else what is in the way.

    Args:
        ctx: the context of an operator or panel
        anno_key: the run's key

    Returns:
        the jobs, and None; or no jobs, and what went wrong and what to do
    """
    found: Future[list[JobStatus]] = Future()
    dataset, given = ctx.dataset, credentials(ctx)

    def ask() -> None:
        try:
            results = results_of_run(dataset, anno_key, **given)
            found.set_result(results.job_status())
        except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
            found.set_exception(error)

    Thread(target=ask, daemon=True).start()
    try:
        return found.result(PATIENCE), None
    except NotYetError:
        url = dataset.get_annotation_info(anno_key).config.url
        return [], (
            f"CVAT at {url} has not answered for {PATIENCE:.0f} seconds; try again "
            "with 'Refresh', or find the cause with 'Check the setup'"
        )
    except CVATError as error:
        return [], str(error)


def job_sample_ids(ctx: Any, anno_key: str, jobs: Sequence[JobStatus]) -> list[str]:
    """Return the samples of jobs, in their order.

    Args:
        ctx: the context of an operator or panel
        anno_key: the run's key
        jobs: some of the run's jobs
    """
    results = results_of_run(ctx.dataset, anno_key, **credentials(ctx))
    frames = RunFrames(results.connect_to_api(), results)
    refs = [
        ref
        for job in jobs
        for position, ref in frames.in_dataset(job.task_id).items()
        if job.first_frame <= position <= job.last_frame
    ]
    there = present(ctx.dataset, refs)
    return list(dict.fromkeys(each.sample_id for each in refs if each in there))
