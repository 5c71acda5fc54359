"""Operators that look after a run: go on with it, point it elsewhere, delete it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fiftyone.operators import Operator, OperatorConfig, types

from fiftyone_cvat.plugin.background import Tell, long_work, work_with_progress
from fiftyone_cvat.plugin.noted_loads import forget_load
from fiftyone_cvat.plugin.runs import choose_run, credentials
from fiftyone_cvat.plugin.shown import alert, plain, prompt
from fiftyone_cvat.runs.job_status import counted
from fiftyone_cvat.workflows.attachment import attach
from fiftyone_cvat.workflows.results import results_of_run
from fiftyone_cvat.workflows.resumption import resume

__all__ = ["AttachTasks", "CleanUp", "ResumeRun"]

MISSING = {
    "list": "Change nothing, and list them",
    "keep": "Keep them here, out of the run",
    "delete": "Delete them with the next load",
}


class ResumeRun(Operator):
    """Goes on with a run that was stopped before all of its tasks were created."""

    @property
    def config(self) -> OperatorConfig:
        """How the App offers it."""
        return long_work(
            name="resume_run",
            label="CVAT: resume a run",
            description="Go on with a request that was stopped",
            icon="play_arrow",
        )

    def resolve_input(self, ctx: Any) -> types.Property:
        """Return the form: the run."""
        inputs = types.Object()
        if choose_run(ctx, inputs) is not None:
            inputs.md(
                "Tasks that are finished stay as they are; the others are made anew."
            )
        return prompt(inputs, "Resume a run", "Go on")

    def execute(self, ctx: Any) -> Iterator[Any]:
        """Go on, and tell how many tasks there are."""
        key = ctx.params["anno_key"]

        def go_on(tell: Tell) -> Any:
            tell("Sending what is left", None)
            return resume(ctx.dataset, key, **credentials(ctx))

        def lines(results: Any) -> list[str]:
            tasks = counted(len(results.task_ids), "task")
            return [f"Run **{plain(key)}** is complete: {tasks}"]

        yield from work_with_progress(ctx, "Looking what is left", go_on, lines)


class AttachTasks(Operator):
    """Points a run at tasks that were restored, duplicated or moved."""

    @property
    def config(self) -> OperatorConfig:
        """How the App offers it."""
        return long_work(
            name="attach_tasks",
            label="CVAT: attach tasks",
            description="Point a run at tasks that were restored, duplicated or moved",
            icon="link",
        )

    def resolve_input(self, ctx: Any) -> types.Property:
        """Return the form: the run's tasks, each with the one in its place."""
        inputs = types.Object()
        key = choose_run(ctx, inputs)
        if key is not None:
            self._add_tasks(ctx, inputs, key)
        return prompt(inputs, "Attach tasks", "Attach")

    def _add_tasks(self, ctx: Any, inputs: types.Object, key: str) -> None:
        results = results_of_run(ctx.dataset, key, cache=False)
        tasks = types.Object()
        for task_id in [*results.task_ids, *results.lost]:
            tasks.int(f"task_{task_id}", label=f"In place of task {task_id}", min=1)
        inputs.define_property("tasks", tasks, view=types.ObjectView())
        choices = types.RadioGroup()
        for value, words in MISSING.items():
            choices.add_choice(value, label=words)
        inputs.enum(
            "missing",
            choices.values(),
            default="list",
            label="Labels that the new tasks lack",
            view=choices,
        )
        for name, label in (("url", "Server"), ("organization", "Organization")):
            inputs.str(name, label=f"{label} of the new tasks, if it is another")

    def execute(self, ctx: Any) -> Iterator[Any]:
        """Attach, and tell what the next load will find."""
        key, params = ctx.params["anno_key"], ctx.params
        task_ids = {
            int(name.removeprefix("task_")): int(new)
            for name, new in (params.get("tasks") or {}).items()
            if new
        }
        where = {n: params[n] for n in ("url", "organization") if params.get(n)}

        def point(tell: Tell) -> Any:
            tell("Comparing tasks", None)
            chosen = params.get("missing")
            missing = None if chosen == "list" else chosen
            given = credentials(ctx) | where
            return attach(ctx.dataset, key, task_ids, missing=missing, **given)

        def lines(results: Any) -> list[str]:
            tasks = ", ".join(map(str, results.task_ids))
            counts = results.reconciliation.lines()
            return [f"Run **{plain(key)}** has the tasks {tasks}", *map(plain, counts)]

        yield from work_with_progress(ctx, "Attaching tasks", point, lines)


class CleanUp(Operator):
    """Deletes what a run has created in CVAT, and the run itself, if that is wanted."""

    @property
    def config(self) -> OperatorConfig:
        """How the App offers it."""
        return long_work(
            name="clean_up",
            label="CVAT: clean up",
            description="Delete the tasks of a run in CVAT, or its record here",
            icon="delete",
        )

    def resolve_input(self, ctx: Any) -> types.Property:
        """Return the form: the run and what of it is deleted, with a warning."""
        inputs = types.Object()
        if choose_run(ctx, inputs) is not None:
            inputs.bool(
                "tasks",
                default=True,
                label="Delete its tasks in CVAT, and the project that it created",
            )
            inputs.bool("record", default=False, label="Delete the record of the run")
            alert(
                inputs,
                "warning",
                "warning",
                "What annotators did and nobody has loaded is lost",
                "Labels of the dataset stay as they are.",
            )
        return prompt(inputs, "Clean up", "Delete")

    def execute(self, ctx: Any) -> Iterator[Any]:
        """Delete, and tell what."""
        key, params = ctx.params["anno_key"], ctx.params

        def delete(tell: Tell) -> list[str]:
            done = []
            if params.get("tasks", True):
                tell("Deleting tasks", None)
                results = results_of_run(ctx.dataset, key, **credentials(ctx))
                number = len(results.task_ids)
                results.cleanup()
                results.backend.store(results)
                done.append(
                    f"{counted(number, 'task')} of run **{plain(key)}** deleted"
                )
            if params.get("record"):
                ctx.dataset.delete_annotation_run(key)
                forget_load(ctx, key)
                done.append(f"The record of run **{plain(key)}** is deleted")
            return done or ["Nothing was to be deleted"]

        yield from work_with_progress(ctx, "Deleting", delete, list)
