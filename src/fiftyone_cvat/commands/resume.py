"""``fiftyone-cvat resume``: goes on with a run that was stopped."""

from __future__ import annotations

from typing import Any

import typer

from fiftyone_cvat.commands.datasets import named_dataset
from fiftyone_cvat.commands.options import AnnoKey, DatasetName, signing_in
from fiftyone_cvat.console import work_aside

__all__ = ["resume"]


@signing_in
def resume(dataset: DatasetName, anno_key: AnnoKey, server: dict[str, Any]) -> None:
    """Go on with an upload that was stopped.

    It works for runs that were begun with on_failure="keep". Finished tasks stay as
    they are. The server is the one that the run was sent to. What is not given as an
    option comes from FiftyOne's configuration, such as FIFTYONE_CVAT_ACCESS_TOKEN.
    """
    with work_aside():
        samples = named_dataset(dataset)
        from fiftyone_cvat.runs.job_status import counted
        from fiftyone_cvat.workflows.resumption import resume as resume_run

        results = resume_run(samples, anno_key, **server)
    tasks = counted(len(results.task_ids), "task")
    typer.echo(f"Run '{anno_key}' is complete: {tasks}")
