"""``fiftyone-cvat attach``: points a run at other tasks."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from fiftyone_cvat.commands.datasets import named_dataset
from fiftyone_cvat.commands.options import AnnoKey, DatasetName, signing_in
from fiftyone_cvat.console import work_aside

__all__ = ["attach"]


@signing_in
def attach(
    dataset: DatasetName,
    anno_key: AnnoKey,
    tasks: Annotated[
        list[str],
        typer.Argument(
            metavar="OLD=NEW",
            help="The number of a task of the run, and of the one in its place.",
            show_default=False,
        ),
    ],
    server: dict[str, Any],
    missing: Annotated[
        str | None,
        typer.Option(
            metavar="keep|delete",
            help="What becomes of labels that the new tasks lack.",
        ),
    ] = None,
) -> None:
    """Point a run at tasks that were restored or moved.

    Frames are found by their names, labels by their ids or places. What the new tasks
    lack is listed and nothing changes, unless --missing says what becomes of it. What
    is not given as an option comes from FiftyOne's configuration, such as
    FIFTYONE_CVAT_ACCESS_TOKEN.
    """
    task_ids = dict(_pair(each) for each in tasks)
    with work_aside():
        samples = named_dataset(dataset)
        from fiftyone_cvat.workflows.attachment import attach as attach_tasks

        results = attach_tasks(samples, anno_key, task_ids, missing=missing, **server)
    typer.echo(
        f"Run '{anno_key}' has the tasks {', '.join(map(str, results.task_ids))}"
    )
    for line in results.reconciliation.lines():
        typer.echo(line)


def _pair(text: str) -> tuple[int, int]:
    """Return the two numbers of a text like ``12=34``."""
    old, _, new = text.partition("=")
    if not (old.isdecimal() and new.isdecimal()):
        raise typer.BadParameter(f"'{text}' is not OLD=NEW, such as 12=34")
    return int(old), int(new)
