"""``fiftyone-cvat watch``: loads each job of a run when it is finished."""

from __future__ import annotations

import contextlib
import json
import sys
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
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["watch"]


NOTHING = "Nothing to load: no such job was finished or changed since the last load"


@signing_in
def watch(
    dataset: DatasetName,
    anno_key: AnnoKey,
    server: dict[str, Any],
    jobs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATE",
            help="Which jobs to load: a state, a stage, an id, or assignee=NAME, "
            "state=STATE, stage=STAGE; may be given again.  [default: completed]",
        ),
    ] = None,
    every: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=1,
            max=DAY,
            callback=number_of_seconds,
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
            help="Give finished frames without labels an empty list.",
        ),
    ] = None,
    unexpected: Annotated[
        str,
        typer.Option(
            metavar="ignore|keep",
            help="What becomes of labels that the run's fields do not hold.",
        ),
    ] = "ignore",
    update_label_schema: Annotated[
        bool,
        typer.Option(
            "--update-label-schema",
            help="Add classes that annotators added to the dataset's label schemas.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each load as JSON, in a line.")
    ] = False,
) -> None:
    """Load each job once it is finished, until Ctrl-C.

    A job that is changed or opened again is loaded again when it is finished anew. The
    run remembers what was loaded, so this may be stopped and begun again at any time.
    A server that does not answer is asked again; with --once it is an error. What is
    not given as an option comes from FiftyOne's configuration, such as
    FIFTYONE_CVAT_ACCESS_TOKEN.

    The exit status is 0, also after Ctrl-C without --once, and 1 after an error.
    """
    chosen = _chosen(jobs or ["completed"])
    if unexpected not in ("ignore", "keep"):
        raise typer.BadParameter("--unexpected is ignore or keep")
    options: dict[str, Any] = {
        "jobs": chosen,
        "empty": empty,
        "unexpected": unexpected,
        "update_label_schema": update_label_schema,
        **server,
    }
    # cron has to see that a load was not finished
    ends_well = () if once else (KeyboardInterrupt,)
    with contextlib.suppress(*ends_well):
        loads = _begin(dataset, anno_key, options, every=None if once else every)
        for each in _quietly(loads):
            for line in _json_line(each) if as_json else _lines(each):
                typer.echo(line)
            sys.stdout.flush()


def _begin(
    dataset: str, anno_key: str, options: dict[str, Any], *, every: float | None
) -> Iterable[Any]:
    """Return what is loaded: as it comes, or once if there are no seconds between.

    Raises:
        CVATError: if there is no such dataset or run, or no database
    """
    with work_aside():
        samples = named_dataset(dataset)
        from fiftyone_cvat.workflows import watching

        if every is None:
            return [watching.load_finished(samples, anno_key, **options)]
        return watching.watch(samples, anno_key, every=every, **options)


def _chosen(texts: Sequence[str]) -> Any:
    """Return what the texts of ``--jobs`` choose: a text, a mapping or ids.

    Raises:
        BadParameter: if they do not go together
    """
    if all("=" in each for each in texts):
        chosen: dict[str, list[str]] = {}
        for each in texts:
            key, _, value = each.partition("=")
            chosen.setdefault(key, []).append(value)
        return chosen
    if all(each.isdecimal() for each in texts):
        return [int(each) for each in texts]
    if len(texts) == 1:
        return texts[0]
    raise typer.BadParameter(
        "--jobs is given again for ids, or as state=STATE, stage=STAGE and "
        "assignee=NAME, all of which must hold"
    )


def _quietly(loads: Iterable[Any]) -> Iterator[Any]:
    """Yield loads, as they come, while FiftyOne prints elsewhere."""
    several = iter(loads)
    while True:
        with work_aside():
            each = next(several, None)
        if each is None:
            return
        yield each


def _lines(loaded: Any) -> Iterator[str]:
    jobs = ", ".join(map(str, loaded.job_ids))
    several = "job" if len(loaded.job_ids) == 1 else "jobs"
    yield f"Loaded {several} {jobs}" if jobs else NOTHING
    for line in loaded.reconciliation.lines():
        yield f"  {line}"


def _json_line(loaded: Any) -> Iterator[str]:
    counts = loaded.reconciliation
    fields = {str(name): counts.totals(name) for name in counts.counts}
    yield json.dumps({"job_ids": loaded.job_ids, "fields": fields})
