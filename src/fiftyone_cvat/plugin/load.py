"""The operator that loads the labels of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fiftyone.operators import Operator, OperatorConfig, types

from fiftyone_cvat.plugin.background import Tell, long_work, work_with_progress
from fiftyone_cvat.plugin.noted_loads import note_load
from fiftyone_cvat.plugin.runs import choose_run, credentials
from fiftyone_cvat.plugin.shown import plain, prompt
from fiftyone_cvat.runs.chosen_jobs import STAGES, STATES
from fiftyone_cvat.runs.load_keywords import UPDATE, has_label_schemas
from fiftyone_cvat.workflows.traced_loads import traced_load

__all__ = ["LoadAnnotations"]

UNEXPECTED = {
    "keep": "Keep them, in fields of their own",
    "ignore": "Leave them in CVAT",
}
EVERY = "every"
CHOICES = ("state", "stage", "assignee")


class LoadAnnotations(Operator):
    """Loads the labels of a run, or of some of its jobs."""

    @property
    def config(self) -> OperatorConfig:
        """How the App offers it."""
        return long_work(
            name="load_annotations",
            label="CVAT: load annotations",
            description="Bring labels from CVAT into the dataset",
            icon="download",
        )

    def resolve_input(self, ctx: Any) -> types.Property:
        """Return the form: the run, its jobs, and what becomes of which labels."""
        inputs = types.Object()
        key = choose_run(ctx, inputs)
        if key is not None:
            _add_jobs(ctx, inputs)
            _add_destinations(ctx, inputs, key)
        return prompt(inputs, "Load annotations from CVAT", "Load")

    def execute(self, ctx: Any) -> Iterator[Any]:
        """Load, and tell what became of the labels."""
        given = load_arguments(ctx.params)
        key = given.pop("anno_key")

        def load(tell: Tell) -> Any:
            report = traced_load(
                ctx.dataset,
                key,
                progress=lambda bar: tell("Merging labels", bar.progress),
                **given,
                **credentials(ctx),
            )
            note_load(ctx, key, report)
            return report

        yield from work_with_progress(
            ctx,
            f"Loading run '{key}'",
            load,
            lambda report: [plain(line) for line in report.lines],
        )


def load_arguments(params: dict[str, Any]) -> dict[str, Any]:
    """Return what a filled form gives to ``load``.

    Args:
        params: the values of the form
    """
    found: dict[str, Any] = {
        "anno_key": params["anno_key"],
        "unexpected": params.get("unexpected", "keep"),
        "refresh": bool(params.get("refresh")),
        "cleanup": bool(params.get("cleanup")),
        "empty": "completed" if params.get("empty") else None,
    }
    if params.get(UPDATE):
        found[UPDATE] = True
    chosen = _conditions(params)
    if params.get("jobs"):
        found["jobs"] = [int(each) for each in params["jobs"]]
    elif chosen:
        found["jobs"] = chosen
    fields = params.get("dest_fields") or {}
    holders = {
        each["field"]: each["dest"]
        for each in fields.values()
        if each.get("dest") and each.get("field")
    }
    if holders:
        found["dest_field"] = holders
    return found


def _conditions(params: dict[str, Any]) -> dict[str, Any]:
    """Return what the form says of the state, stage and assignee of jobs."""
    return {n: params[n] for n in CHOICES if params.get(n) not in (None, "", EVERY)}


def _add_jobs(ctx: Any, inputs: types.Object) -> None:
    """Add which jobs are meant: by number, as the panel says, or by state and stage."""
    jobs = ctx.params.get("jobs")
    if jobs:
        inputs.list(
            "jobs",
            types.Number(int=True),
            label="Jobs",
            description="The numbers of the jobs to load; without any, all",
        )
        return
    for name, values in (("state", STATES), ("stage", STAGES)):
        choices = types.DropdownView()
        choices.add_choice(EVERY, label=f"every {name}")
        for each in values:
            choices.add_choice(each, label=each)
        inputs.enum(
            name,
            choices.values(),
            default=EVERY,
            label=f"Jobs by {name}",
            view=choices,
        )
    inputs.str(
        "assignee",
        label="Jobs of",
        description="A user name; empty for those of everybody",
    )


def _add_destinations(ctx: Any, inputs: types.Object, key: str) -> None:
    choices = types.RadioGroup()
    for value, words in UNEXPECTED.items():
        choices.add_choice(value, label=words)
    inputs.enum(
        "unexpected",
        choices.values(),
        default="keep",
        label="Labels that the fields of the run do not hold",
        view=choices,
    )
    inputs.bool(
        "empty",
        label="Note where nothing was drawn",
        description="Finished frames without labels get an empty list, not none",
    )
    inputs.bool(
        "refresh",
        label="Read all tasks",
        description="Also those that nobody has changed since they were loaded",
    )
    if has_label_schemas():
        inputs.bool(
            UPDATE,
            label="Add new classes to the App's label schemas",
            description=(
                "Those that annotators have added; with 'Read all tasks' also those of "
                "labels that were loaded before"
            ),
        )
    inputs.bool("elsewhere", label="Load into other fields")
    if ctx.params.get("elsewhere"):
        fields = types.Object()
        config = ctx.dataset.get_annotation_info(key).config
        for number, name in enumerate(config.label_schema or {}):
            row = types.Object()
            row.str("field", default=name, view=types.HiddenView())
            row.str("dest", label=f"In place of '{name}'")
            fields.define_property(f"f{number}", row)
        inputs.define_property("dest_fields", fields)
    is_part = bool(ctx.params.get("jobs") or _conditions(ctx.params))
    if not is_part:
        inputs.bool(
            "cleanup",
            label="Delete the tasks in CVAT after that",
            description="The labels are here then; what is in CVAT is gone",
        )
