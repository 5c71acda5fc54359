"""Operators for the sample that is open: see it in CVAT, and raise an issue there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import fiftyone as fo
import fiftyone.core.media as fom
from fiftyone.operators import Operator, OperatorConfig, types

from fiftyone_cvat.errors import CVATError
from fiftyone_cvat.plugin.background import Tell, work_with_progress
from fiftyone_cvat.plugin.runs import choose_run, credentials
from fiftyone_cvat.plugin.shown import alert, prompt
from fiftyone_cvat.workflows.results import results_of_run

__all__ = ["OpenInCVAT", "RaiseIssue"]


class OpenInCVAT(Operator):
    """Gives the address of the frame in view in CVAT's editor."""

    @property
    def config(self) -> OperatorConfig:
        """How the App offers it."""
        return OperatorConfig(
            name="open_in_cvat",
            label="CVAT: open in CVAT",
            description="The frame in view, in CVAT's editor",
            icon="open_in_new",
            dynamic=True,
        )

    def resolve_placement(self, ctx: Any) -> types.Placement:  # noqa: ARG002
        """Return its button in the view of a sample."""
        return _placement("Open in CVAT", "open_in_new")

    def resolve_input(self, ctx: Any) -> types.Property:
        """Return the form, which has the link."""
        inputs = types.Object()
        _add_link(ctx, inputs)
        return prompt(inputs, "Open in CVAT", "Done")

    def execute(self, ctx: Any) -> dict[str, Any]:
        """Return the address, for those who call it from Python."""
        return {"url": _url(ctx, ctx.params["anno_key"], _frame_number(ctx))}


class RaiseIssue(Operator):
    """Opens an issue in CVAT at the label that is selected, or on the whole frame."""

    @property
    def config(self) -> OperatorConfig:
        """How the App offers it."""
        return OperatorConfig(
            name="raise_issue",
            label="CVAT: raise an issue",
            description="Tell annotators in CVAT what is wrong with a label",
            icon="add_comment",
            dynamic=True,
            execute_as_generator=True,
        )

    def resolve_placement(self, ctx: Any) -> types.Placement:  # noqa: ARG002
        """Return its button in the view of a sample."""
        return _placement("Raise an issue in CVAT", "add_comment")

    def resolve_input(self, ctx: Any) -> types.Property:
        """Return the form: where, and what is to be said."""
        inputs = types.Object()
        if _sample_id(ctx) is None:
            _ask_for_sample(inputs)
        elif choose_run(ctx, inputs) is not None:
            label = _selected_label(ctx)
            if label is None:
                words = "No label is selected: the issue is on the whole frame"
                alert(inputs, "place", "info", words)
            else:
                alert(inputs, "place", "info", f"At the selected label '{label.label}'")
            _add_frame_number(ctx, inputs)
            inputs.str(
                "text",
                required=True,
                label="What is wrong?",
                view=types.TextFieldView(multiline=True),
            )
        return prompt(inputs, "Raise an issue in CVAT", "Raise")

    def execute(self, ctx: Any) -> Iterator[Any]:
        """Open it, and tell its number."""
        key, text = ctx.params["anno_key"], ctx.params["text"]
        label, number = _selected_label(ctx), _frame_number(ctx)

        def open_issue(tell: Tell) -> str:
            tell("Opening the issue", None)
            results = results_of_run(ctx.dataset, key, **credentials(ctx))
            place = place_of(label)
            found = results.add_issue(_sample_id(ctx), place, text, frame_number=number)
            url = results.frame_url(_sample_id(ctx), frame_number=number)
            return f"Issue {found} is open: [see the frame in CVAT]({url})"

        yield from work_with_progress(
            ctx,
            "Opening the issue",
            open_issue,
            lambda line: [line],
            is_of_dataset=False,
        )


def place_of(label: Any) -> Any:
    """Return where in its frame a label is, as ``add_issue`` takes it.

    Args:
        label: a FiftyOne label; what has no place is on the whole frame, as None is
    """
    if isinstance(label, fo.Detection) and label.bounding_box:
        return list(label.bounding_box)
    if isinstance(label, fo.Polyline) and label.points:
        return [tuple(point) for part in label.points for point in part]
    if isinstance(label, fo.Keypoint) and label.points:
        there = [each for each in label.points if each[0] == each[0]]  # no NaN
        return there[0] if len(there) == 1 else _box_around(there)
    return [0.0, 0.0, 1.0, 1.0]


def _box_around(points: list[Any]) -> list[float]:
    xs, ys = zip(*points, strict=True)
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def _placement(label: str, icon: str) -> types.Placement:
    view = types.Button(label=label, icon=icon, prompt=True)
    return types.Placement(types.Places.SAMPLES_VIEWER_ACTIONS, view)


def _add_link(ctx: Any, inputs: types.Object) -> None:
    """Add the link to the frame, or say why there is none."""
    if _sample_id(ctx) is None:
        _ask_for_sample(inputs)
        return
    key = choose_run(ctx, inputs)
    if key is None:
        return
    number = _add_frame_number(ctx, inputs)
    try:
        url = _url(ctx, key, number)
    except CVATError as error:
        alert(inputs, "fault", "error", str(error)).invalid = True
        return
    inputs.view(
        "link",
        types.LinkView(
            label=f"Open the frame in CVAT: {url}",
            href=url,
            new_window=True,
            componentsProps={
                "link": {"sx": {"fontSize": "1.1rem", "textDecoration": "underline"}}
            },
        ),
    )


def _ask_for_sample(inputs: types.Object) -> None:
    alert(
        inputs, "no_sample", "warning", "Open a sample, or select one, before"
    ).invalid = True


def _url(ctx: Any, key: str, frame_number: int | None) -> str:
    results = results_of_run(ctx.dataset, key, **credentials(ctx))
    return str(results.frame_url(_sample_id(ctx), frame_number=frame_number))


def _sample_id(ctx: Any) -> str | None:
    """Return the sample that is open; else that of the selected label or sample."""
    if ctx.current_sample:
        return str(ctx.current_sample)
    for each in ctx.selected_labels:
        return str(_value(each, "sample_id"))
    return next(iter(ctx.selected), None)


def _add_frame_number(ctx: Any, inputs: types.Object) -> int | None:
    """Add which frame of a video is meant; return it."""
    sample = ctx.dataset[_sample_id(ctx)] if _sample_id(ctx) else None
    if sample is None or sample.media_type != fom.VIDEO:
        return None
    found = _frame_number(ctx)
    inputs.int(
        "frame_number",
        default=found,
        min=1,
        label="Frame of the video, from 1",
        description="Select a label in the frame, and its number is filled in",
    )
    return found


def _frame_number(ctx: Any) -> int | None:
    """Return the frame that the form says, else that of the selected label."""
    if ctx.params.get("frame_number"):
        return int(ctx.params["frame_number"])
    for each in ctx.selected_labels:
        found = _value(each, "frame_number")
        return int(found) if found else None
    return None


def _selected_label(ctx: Any) -> Any:
    """Return the label that is selected on the sample, or None."""
    for each in ctx.selected_labels:
        if str(_value(each, "sample_id")) != _sample_id(ctx):
            continue
        view = ctx.dataset.select_labels(labels=[dict(each)])
        sample = view.first()
        holder = sample
        name = str(_value(each, "field"))
        if name.startswith("frames."):
            holder = sample.frames[int(_value(each, "frame_number"))]
            name = name.removeprefix("frames.")
        found = holder[name]
        several = getattr(found, getattr(found, "_LABEL_LIST_FIELD", ""), None)
        return found if several is None else next(iter(several), None)
    return None


def _value(selected: Mapping[str, Any], name: str) -> Any:
    """Return a value of a selected label, as the App or Python names it."""
    head, _, tail = name.partition("_")
    return selected.get(name, selected.get(head + tail.capitalize()))
