"""Operators that bring what CVAT says of a run to its samples: status and issues."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fiftyone.operators import Operator, OperatorConfig, types

from fiftyone_cvat.plugin.background import Tell, long_work, work_with_progress
from fiftyone_cvat.plugin.runs import choose_run, credentials
from fiftyone_cvat.plugin.shown import plain, prompt
from fiftyone_cvat.runs.job_status import counted
from fiftyone_cvat.workflows.results import results_of_run

__all__ = ["LoadIssues", "WriteStatus"]


class WriteStatus(Operator):
    """Writes to each sample of a run where it stands in CVAT."""

    @property
    def config(self) -> OperatorConfig:
        """How the App offers it."""
        return long_work(
            name="write_status",
            label="CVAT: write status to samples",
            description="Stage, state, assignee and address in CVAT, on each sample",
            icon="label",
        )

    def resolve_input(self, ctx: Any) -> types.Property:
        """Return the form: the run and the field."""
        return _form(ctx, "Write status to samples", "cvat", "Write", is_status=True)

    def execute(self, ctx: Any) -> Iterator[Any]:
        """Write it, and tell how many samples are in which state."""
        key, field = ctx.params["anno_key"], ctx.params.get("field") or "cvat"
        is_by_frame = bool(ctx.params.get("frames"))

        def write(tell: Tell) -> dict[str, int]:
            tell("Asking CVAT for its jobs", None)
            results = results_of_run(ctx.dataset, key, **credentials(ctx))
            return dict(results.write_status(field, frames=is_by_frame))

        def lines(numbers: dict[str, int]) -> list[str]:
            found = [f"{counted(n, 'sample')} {state}" for state, n in numbers.items()]
            return [
                f"Field **{plain(field)}** is written: {', '.join(found)}",
                f"Saved views such as **{plain(field)} completed** show them.",
            ]

        yield from work_with_progress(ctx, "Writing status", write, lines)


class LoadIssues(Operator):
    """Brings the issues of a run from CVAT into fields of the dataset."""

    @property
    def config(self) -> OperatorConfig:
        """How the App offers it."""
        return long_work(
            name="load_issues",
            label="CVAT: load issues",
            description="What reviewers say in CVAT, as labels of the dataset",
            icon="comment",
        )

    def resolve_input(self, ctx: Any) -> types.Property:
        """Return the form: the run and the field."""
        return _form(ctx, "Load issues", "cvat_issues", "Load", is_status=False)

    def execute(self, ctx: Any) -> Iterator[Any]:
        """Load them, and tell how many are new."""
        key, field = ctx.params["anno_key"], ctx.params.get("field") or "cvat_issues"

        def load(tell: Tell) -> Any:
            tell("Asking CVAT for issues", None)
            results = results_of_run(ctx.dataset, key, **credentials(ctx))
            return results.load_issues(field)

        def lines(counts: Any) -> list[str]:
            numbers = {
                "added": counts.added,
                "changed": counts.changed,
                "kept": counts.kept,
                "deleted": counts.deleted,
            }
            words = ", ".join(f"{number} {what}" for what, number in numbers.items())
            return [f"Issues in field **{plain(field)}**: {words}"]

        yield from work_with_progress(ctx, "Loading issues", load, lines)


def _form(
    ctx: Any, title: str, field: str, button: str, *, is_status: bool
) -> types.Property:
    inputs = types.Object()
    if choose_run(ctx, inputs) is not None:
        inputs.str("field", default=field, required=True, label="Field")
        if is_status and ctx.dataset._contains_videos(any_slice=True):
            inputs.bool("frames", label="Write it to the frames of videos, too")
    return prompt(inputs, title, button)
