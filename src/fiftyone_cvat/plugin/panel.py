"""The panel: where the runs of a dataset stand, and buttons for what to do next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from fiftyone.operators import Panel, PanelConfig, types

from fiftyone_cvat.errors import CVATError
from fiftyone_cvat.plugin.noted_loads import last_load
from fiftyone_cvat.plugin.panel_built_in import add_built_in
from fiftyone_cvat.plugin.panel_jobs import add_bar, add_jobs, jobs_meant
from fiftyone_cvat.plugin.panel_loads import add_load
from fiftyone_cvat.plugin.panel_parts import add_button, row, stack
from fiftyone_cvat.plugin.run_status import job_sample_ids, job_statuses
from fiftyone_cvat.plugin.runs import built_in_runs, own_runs
from fiftyone_cvat.plugin.shown import alert
from fiftyone_cvat.runs.job_status import JobStatus, counted
from fiftyone_cvat.workflows.adoption import adopt_run

__all__ = ["CVATPanel"]

ACTIONS = {
    "load_annotations": ("Load", "download"),
    "write_status": ("Status to samples", "label"),
    "load_issues": ("Issues", "comment"),
    "resume_run": ("Resume", "play_arrow"),
    "attach_tasks": ("Attach tasks", "link"),
    "clean_up": ("Clean up", "delete"),
}
"""Operators of a run, with the words and icon of their buttons."""


class CVATPanel(Panel):
    """Shows the runs of the dataset and steers them."""

    @property
    def config(self) -> PanelConfig:
        """How the App offers it."""
        return PanelConfig(
            name="cvat",
            label="CVAT",
            icon="draw",
            surfaces="grid",
            help_markdown="Where the annotation runs of this dataset stand in CVAT",
        )

    def on_load(self, ctx: Any) -> None:
        """Look at the runs of the dataset, and ask CVAT about the newest one."""
        self.refresh(ctx)

    def on_change_dataset(self, ctx: Any) -> None:
        """Begin anew with another dataset."""
        ctx.panel.state.anno_key = None
        self.refresh(ctx)

    def refresh(self, ctx: Any) -> None:
        """Ask CVAT where the jobs of the chosen run stand."""
        state = ctx.panel.state
        keys = own_runs(ctx.dataset) if ctx.dataset is not None else []
        key = state.anno_key if state.anno_key in keys else next(iter(keys), None)
        state.keys, state.anno_key = keys, key
        state.built_in = built_in_runs(ctx.dataset) if ctx.dataset is not None else []
        state.jobs, state.error, state.load = [], None, None
        state.page, state.shown = 0, None
        if key is None:
            return
        jobs, state.error = job_statuses(ctx, key)
        state.jobs = [asdict(each) for each in jobs]
        try:
            state.load = last_load(ctx, key)
        except CVATError as error:
            state.error = state.error or str(error)

    def choose_run(self, ctx: Any) -> None:
        """Look at another run."""
        ctx.panel.state.anno_key = ctx.params["value"]
        self.refresh(ctx)

    def take_over(self, ctx: Any) -> None:
        """Make a run of FiftyOne's built-in integration one of this package."""
        state, key, fault = ctx.panel.state, ctx.params["anno_key"], None
        try:
            adopt_run(ctx.dataset, key)
            state.anno_key = key
        except CVATError as error:
            fault = str(error)
        self.refresh(ctx)
        state.error = fault or state.error

    def choose_state(self, ctx: Any) -> None:
        """Show the jobs in one state only, or all again."""
        state, chosen = ctx.panel.state, ctx.params["state"]
        state.shown = None if state.shown == chosen else chosen
        state.page = 0

    def turn_page(self, ctx: Any) -> None:
        """Show other jobs of many."""
        ctx.panel.state.page = ctx.params["page"]

    def show_job(self, ctx: Any) -> None:
        """Show the samples of a job."""
        key, job_id = ctx.panel.state.anno_key, ctx.params["job_id"]
        jobs = [each for each in _jobs(ctx) if each.job_id == job_id]
        self._show(ctx, job_sample_ids(ctx, key, jobs))

    def show_state(self, ctx: Any) -> None:
        """Show the samples of all jobs that are listed."""
        state = ctx.panel.state
        jobs = jobs_meant(_jobs(ctx), state.shown)
        self._show(ctx, job_sample_ids(ctx, state.anno_key, jobs))

    def show_change(self, ctx: Any) -> None:
        """Show the samples on which the last load has changed labels of a field."""
        of_field = (ctx.panel.state.load or {})["samples"][ctx.params["field"]]
        self._show(ctx, of_field[ctx.params["what"]])

    def begin(self, ctx: Any) -> None:
        """Open the form of an operator."""
        name = ctx.params["operator"]
        params = {"anno_key": ctx.panel.state.anno_key} if name in ACTIONS else {}
        if name == "load_annotations" and ctx.panel.state.shown:
            params["state"] = ctx.panel.state.shown
        uri = self.uri.replace(f"/{self.name}", f"/{name}")
        is_new = name == "request_annotations"
        after = self.show_newest if is_new else self.refresh
        ctx.prompt(uri, params=params, on_success=after)

    def show_newest(self, ctx: Any) -> None:
        """Look at the run that was requested last."""
        ctx.panel.state.anno_key = None
        self.refresh(ctx)

    def render(self, ctx: Any) -> types.Property:
        """Lay it out for what is known."""
        panel, state = types.Object(), ctx.panel.state
        self._add_head(panel, state)
        if state.error:
            alert(panel, "error", "error", *_words_and_advice(state.error))
        if state.anno_key:
            jobs = _jobs(ctx)
            if jobs:
                add_bar(panel, jobs, state.shown, self.choose_state)
            self._add_actions(panel)
            if state.load:
                add_load(panel, state.load, self.show_change)
            if jobs:
                methods = {
                    "turn_page": self.turn_page,
                    "show_job": self.show_job,
                    "show_state": self.show_state,
                }
                add_jobs(panel, jobs, state.shown, state.page or 0, methods)
        if state.built_in:
            add_built_in(panel, state.built_in, self.take_over)
        return types.Property(
            panel, view=stack(gap="12px", padding="16px", is_container=True)
        )

    def _add_head(self, panel: types.Object, state: Any) -> None:
        head = row(panel, "head")
        if state.keys:
            choices = types.DropdownView(
                label="Annotation run",
                componentsProps={
                    "item": {"sx": {"minWidth": 200, "flex": "1 1 200px"}}
                },
            )
            for key in state.keys:
                choices.add_choice(key, label=key)
            head.enum(
                "anno_key_chosen",
                choices.values(),
                default=state.anno_key,
                view=choices,
                on_change=self.choose_run,
            )
            add_button(head, "refresh", "Refresh", "refresh", self.refresh)
        else:
            panel.md(
                "**No annotation runs yet.** Send samples to CVAT, follow the work "
                "here, and load the labels when they are done.",
                name="empty",
            )
            head = row(panel, "first")
        add_button(
            head,
            "request",
            "Request annotations",
            "add",
            self.begin,
            params={"operator": "request_annotations"},
            is_first=not state.keys,
        )
        add_button(
            head,
            "doctor",
            "Check the setup",
            "medical_services",
            self.begin,
            params={"operator": "check_setup"},
        )

    def _add_actions(self, panel: types.Object) -> None:
        actions = row(panel, "actions")
        for name, (label, icon) in ACTIONS.items():
            add_button(
                actions,
                name,
                label,
                icon,
                self.begin,
                params={"operator": name},
                is_first=name == "load_annotations",
            )

    def _show(self, ctx: Any, sample_ids: list[str]) -> None:
        """Show samples as the view, and say how many if there are none."""
        if not sample_ids:
            ctx.ops.notify("No samples of these are in the dataset", variant="warning")
            return
        ctx.ops.set_view(ctx.dataset.select(sample_ids))
        ctx.ops.notify(counted(len(sample_ids), "sample"), variant="info")


Method = Callable[[Any], None]


def _jobs(ctx: Any) -> list[JobStatus]:
    return [JobStatus(**each) for each in ctx.panel.state.jobs or ()]


def _words_and_advice(message: str) -> tuple[str, str]:
    words, _, advice = message.partition("; ")
    return words, advice
