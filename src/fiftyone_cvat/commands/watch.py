"""``fiftyone-cvat watch``: loads each job of a run when it is finished."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fiftyone_cvat.runs.arguments import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["watch"]


def watch(
    dataset: Annotated[str, typer.Argument(help="The name of the dataset.")],
    anno_key: Annotated[str, typer.Argument(help="The key of the annotation run.")],
    jobs: Annotated[
        str,
        typer.Option(
            metavar="STATE", help="The state or stage of jobs that are to be loaded."
        ),
    ] = "completed",
    every: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=1,
            max=DAY,
            help="Ask again after so many seconds.",
        ),
    ] = 60.0,
    once: Annotated[
        bool,
        typer.Option("--once", help="Load what is finished now, and end: for cron."),
    ] = False,
    empty: Annotated[
        str | None,
        typer.Option(
            metavar="completed",
            help="Give frames of completed jobs without labels an empty list of them.",
        ),
    ] = None,
    unexpected: Annotated[
        str,
        typer.Option(
            metavar="ignore|keep", help="Labels that the run's fields do not hold."
        ),
    ] = "ignore",
) -> None:
    """Load each job of a run once when it is finished, until Ctrl-C.

    A job that is changed or opened again is loaded again when it is finished anew. The
    run remembers what was loaded, so this may be stopped and begun again at any time.
    """
    from fiftyone_cvat.workflows import watching
    from fiftyone_cvat.workflows.results import dataset_of_name

    samples = dataset_of_name(dataset)
    options = {"jobs": jobs, "empty": empty, "unexpected": unexpected}
    if once:
        loaded = watching.load_finished(samples, anno_key, **options)
        _show([loaded])
        return
    with contextlib.suppress(KeyboardInterrupt):
        _show(watching.watch(samples, anno_key, every=every, **options))


def _show(loads: Iterable[Any]) -> None:
    """Print what was loaded, as it comes."""
    for each in loads:
        jobs = ", ".join(map(str, each.job_ids))
        typer.echo(f"Loaded job {jobs}" if jobs else "No job is newly finished")
        for line in each.reconciliation.lines():
            typer.echo(f"  {line}")
