"""``fiftyone-cvat import``: brings the labels of tasks into a dataset."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from fiftyone_cvat.commands.options import signing_in
from fiftyone_cvat.console import work_aside

__all__ = ["import_tasks"]


@signing_in
def import_tasks(
    dataset: Annotated[
        str,
        typer.Argument(
            metavar="DATASET",
            help="The name of the dataset; a new one is created.",
            show_default=False,
        ),
    ],
    server: dict[str, Any],
    project: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Import all tasks of this project."),
    ] = None,
    task: Annotated[
        list[int] | None,
        typer.Option(metavar="ID", help="Import this task; may be given again."),
    ] = None,
    job: Annotated[
        list[int] | None,
        typer.Option(metavar="ID", help="Import only this job; may be given again."),
    ] = None,
    media: Annotated[
        str | None,
        typer.Option(
            metavar="download|FOLDER",
            help="Download the media, or take them from a folder.",
        ),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASSES=FIELD",
            help='Which field gets which classes: "car|truck=vehicles"; '
            '"frame.weather=weather" makes an attribute of tags a scalar.',
        ),
    ] = None,
    related_slices: Annotated[
        bool,
        typer.Option(
            "--related-slices", help="Make groups of frames and their related images."
        ),
    ] = False,
    anno_key: Annotated[
        str, typer.Option(metavar="KEY", help="The key of the annotation run.")
    ] = "cvat_import",
) -> None:
    """Bring labels from CVAT into a dataset, new or not.

    The same command brings later what has changed there. What is not given as an
    option comes from FiftyOne's configuration, such as FIFTYONE_CVAT_ACCESS_TOKEN.
    """
    fields = dict(each.partition("=")[::2] for each in field or ())
    if not all(name and classes for classes, name in fields.items()):
        raise typer.BadParameter('--field is written as "CLASSES=FIELD"')
    with work_aside():  # FiftyOne logs to what is standard output when it is imported
        import fiftyone as fo

        from fiftyone_cvat.runs.job_status import counted
        from fiftyone_cvat.workflows import imports
        from fiftyone_cvat.workflows.database import open_database

        open_database()
    is_new = not fo.dataset_exists(dataset)
    samples = (
        fo.Dataset(dataset, persistent=True) if is_new else fo.load_dataset(dataset)
    )
    try:
        with work_aside():
            results = imports.import_tasks(
                samples,
                project=project,
                tasks=task,
                jobs=job,
                media=media,
                fields=fields,
                anno_key=anno_key,
                related_slices=related_slices,
                **server,
            )
    except BaseException:
        if is_new and not len(samples):
            samples.delete()
        raise
    for line in results.reconciliation.lines():
        typer.echo(line)
    typer.echo(
        f"Dataset '{dataset}': {counted(len(samples), 'sample')}, run '{anno_key}'"
    )
