"""``fiftyone-cvat status``: where the jobs of a run stand, as a table or as JSON."""

from __future__ import annotations

import contextlib
import json
import sys
from time import sleep
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fiftyone_cvat.commands.datasets import named_dataset
from fiftyone_cvat.commands.options import (
    AnnoKey,
    DatasetName,
    number_of_seconds,
    signing_in,
)
from fiftyone_cvat.console import work_aside
from fiftyone_cvat.types import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fiftyone_cvat.runs.job_status import JobStatus

__all__ = ["status"]


@signing_in
def status(
    dataset: DatasetName,
    anno_key: AnnoKey,
    server: dict[str, Any],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the jobs as JSON, a line each time.")
    ] = False,
    watch: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=1,
            max=DAY,
            callback=number_of_seconds,
            help="Ask again after so many seconds, until Ctrl-C.",
        ),
    ] = None,
) -> None:
    """Show how far the jobs of a run are in CVAT.

    Nothing is changed, here or there. With --watch a server that does not answer is
    asked again, and the exit status after Ctrl-C is 0. What is not given as an option
    comes from FiftyOne's configuration, such as FIFTYONE_CVAT_ACCESS_TOKEN.
    """
    show = _show_json if as_json else _show_table
    if watch is None:
        with work_aside():
            jobs = _results_of(dataset, anno_key, server).job_status()
        show(dataset, anno_key, jobs)
        return
    with contextlib.suppress(KeyboardInterrupt):
        with work_aside():
            results = _results_of(dataset, anno_key, server)
        for jobs in _asked_again(results, watch):
            if not as_json and sys.stdout.isatty():
                typer.echo("\033[2J\033[H", nl=False)  # on a page of its own each time
            show(dataset, anno_key, jobs)


def _asked_again(results: Any, seconds: float) -> Iterator[Sequence[JobStatus]]:
    """Yield how far the jobs of a run are, each time that the server answers."""
    from fiftyone_cvat.workflows.watching import AWAY, may_come_back

    while True:
        try:
            with work_aside():
                jobs = results.job_status()
        except AWAY as error:
            if not may_come_back(error):
                raise
            typer.echo(f"Asking again in {seconds:g} seconds: {error}", err=True)
        else:
            yield jobs
        sleep(seconds)


def _results_of(dataset: str, anno_key: str, server: dict[str, Any]) -> Any:
    """Return the results of a run.

    Raises:
        CVATError: if there is no such dataset or run, or no database
    """
    samples = named_dataset(dataset)
    from fiftyone_cvat.workflows.results import results_of_run

    return results_of_run(samples, anno_key, **server)


def _show_table(dataset: str, anno_key: str, jobs: Sequence[JobStatus]) -> None:
    from fiftyone_cvat.runs.job_status import job_table

    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    title = f"Run '{anno_key}' of dataset '{dataset}'"
    for line in job_table(title, jobs, blocks="█░" if unicode else "#."):
        typer.echo(line)


def _show_json(dataset: str, anno_key: str, jobs: Sequence[JobStatus]) -> None:
    from dataclasses import asdict

    found = {
        "dataset": dataset,
        "anno_key": anno_key,
        "jobs": [asdict(job) for job in jobs],
    }
    typer.echo(json.dumps(found))
    sys.stdout.flush()
