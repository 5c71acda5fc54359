"""``fiftyone-cvat plan``: what an annotation run would send to CVAT."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fiftyone_cvat.commands.datasets import named_dataset
from fiftyone_cvat.commands.options import DatasetName, signing_in
from fiftyone_cvat.console import work_aside

if TYPE_CHECKING:
    from fiftyone_cvat.upload.run_preview import RunPreview

__all__ = ["plan"]


@signing_in
def plan(
    dataset: DatasetName,
    server: dict[str, Any],
    label_field: Annotated[
        list[str],
        typer.Option(
            metavar="FIELD", help="A field to annotate; may be given several times."
        ),
    ],
    label_type: Annotated[
        str | None,
        typer.Option(metavar="TYPE", help="The type of new fields, as detections."),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="The classes, with commas.  [default: those there]"
        ),
    ] = None,
    view: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A saved view, in place of all samples."),
    ] = None,
    task_size: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="At most N images per task.")
    ] = None,
    segment_size: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="At most N images per job.")
    ] = None,
    project_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The project of the tasks.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print it as JSON, in a line.")
    ] = False,
) -> None:
    """Show what an annotation run would send to CVAT.

    Its tasks, jobs, classes and labels are shown. Everything is checked as before an
    upload, and nothing is created or changed, here or there. What is not given as an
    option comes from FiftyOne's configuration, such as FIFTYONE_CVAT_ACCESS_TOKEN.
    """
    given: dict[str, Any] = {
        "label_type": label_type,
        "classes": _names(classes),
        "task_size": task_size,
        "segment_size": segment_size,
        "project_name": project_name,
    }
    settings = {name: each for name, each in given.items() if each is not None}
    with work_aside():
        samples = named_dataset(dataset)
        from fiftyone_cvat.errors import ConfigurationError, CVATError
        from fiftyone_cvat.workflows.preview import preview, saved_view

        if view is not None:
            samples = saved_view(samples, view)
        fields: Any = {each: {} for each in dict.fromkeys(label_field)}
        try:
            found = preview(samples, None, label_schema=fields, **settings, **server)
        except CVATError:
            raise
        except ValueError as error:
            raise ConfigurationError(f"FiftyOne refuses it: {error}") from None
    typer.echo(_json_line(found) if as_json else found)


def _json_line(found: RunPreview) -> str:
    shown = asdict(found)
    del shown["label_schema"]
    return json.dumps(shown)


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [each.strip() for each in text.split(",")]
