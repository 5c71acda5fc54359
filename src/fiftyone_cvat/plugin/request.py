"""The operator that sends samples to CVAT."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

import fiftyone.core.media as fom
from fiftyone.operators import Operator, OperatorConfig, types

from fiftyone_cvat.errors import CVATError
from fiftyone_cvat.plugin.background import (
    Tell,
    Warnings,
    long_work,
    work_with_progress,
)
from fiftyone_cvat.plugin.filled_fields import Filled
from fiftyone_cvat.plugin.request_fields import (
    add_fields,
    chosen_schema,
    fill_fields,
)
from fiftyone_cvat.plugin.request_options import add_options, chosen_options
from fiftyone_cvat.plugin.runs import BACKEND, backend_name, server_settings
from fiftyone_cvat.plugin.shown import alert, plain, prompt
from fiftyone_cvat.runs.job_status import counted
from fiftyone_cvat.upload.run_preview import RunPreview
from fiftyone_cvat.workflows.preview import preview

__all__ = ["RequestAnnotations"]

TARGETS = {
    "dataset": "the whole dataset",
    "view": "the current view",
    "samples": "the selected samples",
    "labels": "the selected labels",
}
MAX_NAMED = 12
"""Tasks and labels that the preview names."""


class RequestAnnotations(Operator):
    """Sends samples, with the labels that they have, to CVAT."""

    @property
    def config(self) -> OperatorConfig:
        """How the App offers it."""
        return long_work(
            name="request_annotations",
            label="CVAT: request annotations",
            description="Send samples and labels to CVAT, to be annotated there",
            icon="upload",
        )

    def resolve_input(self, ctx: Any) -> types.Property:
        """Return the form, with what it would send, or what is wrong with it."""
        inputs = types.Object()
        samples = _add_target(ctx, inputs)
        _add_key(ctx, inputs)
        is_ready, filled = True, {}
        try:
            filled = add_fields(inputs, samples, ctx.params)
            is_ready = add_options(inputs, samples.media_type, ctx.params)
            if not is_ready:
                words = "Some options cannot work: see what is said beside them"
                alert(inputs, "fault", "error", words).invalid = True
        except (CVATError, ValueError) as error:
            is_ready = False
            alert(inputs, "fault", "error", str(error)).invalid = True
        if is_ready and filled:
            _add_preview(ctx, inputs, samples, filled)
        return prompt(inputs, "Request annotations from CVAT", "Send")

    def execute(self, ctx: Any) -> Iterator[Any]:
        """Send, and tell where it went."""
        samples = _target(ctx, ctx.params.get("target"))
        key = ctx.params["anno_key"]

        def send(tell: Tell) -> Any:
            settings = _settings(ctx, samples, fill_fields(samples, ctx.params))
            tell(f"Sending {counted(len(samples), 'sample')} to CVAT", None)
            return samples.annotate(key, **settings, config_cls=BACKEND)

        yield from work_with_progress(ctx, "Checking the request", send, _lines)


def _lines(results: Any) -> list[str]:
    """Return what was sent, with links."""
    api = results.connect_to_api()
    tasks = results.task_ids
    links = [f"[task {each}]({api.base_task_url(each)})" for each in tasks[:MAX_NAMED]]
    if len(tasks) > MAX_NAMED:
        links.append(f"and {len(tasks) - MAX_NAMED} more")
    return [
        f"Run **{plain(results.key)}** is in CVAT: {', '.join(links)}",
        "The panel 'CVAT' shows how the work goes on.",
    ]


def _settings(ctx: Any, samples: Any, filled: Mapping[str, Filled]) -> dict[str, Any]:
    """Return what a filled form gives to ``annotate``."""
    return {
        "backend": backend_name(),
        "label_schema": chosen_schema(ctx.params, filled),
        **chosen_options(ctx.params, samples.media_type),
        **server_settings(ctx),
    }


def _target(ctx: Any, target: str | None) -> Any:
    """Return the samples that are meant; of groups those of the slice in view."""
    samples = ctx.dataset if target in (None, "dataset") else ctx.view
    if samples.media_type == fom.GROUP:
        samples = samples.select_group_slices(_slice(ctx))
    if target == "labels":
        return samples.select_labels(labels=ctx.selected_labels)
    if target == "samples":
        return samples.select(ctx.selected)
    return samples


def _slice(ctx: Any) -> str:
    """Return the slice of groups that the App shows."""
    return str(ctx.group_slice or ctx.dataset.group_slice)


def _add_target(ctx: Any, inputs: types.Object) -> Any:
    """Add what there is to send; return the samples that are meant."""
    offered = ["dataset"]
    if ctx.view != ctx.dataset.view():
        offered.append("view")
    if ctx.selected:
        offered.append("samples")
    if ctx.selected_labels:
        offered.append("labels")
    target = ctx.params.get("target")
    if target not in offered:
        target = offered[-1]
    is_grouped = ctx.dataset.media_type == fom.GROUP
    choices = types.RadioGroup(orientation="horizontal")
    for each in offered:
        choices.add_choice(each, label=TARGETS[each])
    inputs.enum(
        "target",
        choices.values(),
        default=offered[-1],
        required=True,
        label="Send",
        description=f"Slice '{_slice(ctx)}' of the groups" if is_grouped else None,
        view=choices,
    )
    return _target(ctx, target)


def _add_key(ctx: Any, inputs: types.Object) -> None:
    """Add the key of the run, which must be free and a name."""
    keys = ctx.dataset.list_annotation_runs()
    number = 1
    while f"cvat_{number}" in keys:
        number += 1
    made = inputs.str(
        "anno_key",
        default=f"cvat_{number}",
        required=True,
        label="Key of the run",
        description="The name by which the run is found again",
    )
    key = ctx.params.get("anno_key")
    if key in keys:
        made.invalid, made.error_message = True, f"There is a run '{key}' already"
    elif key and not key.isidentifier():
        made.invalid = True
        made.error_message = "Letters, digits and '_' only, and no digit first"


def _add_preview(
    ctx: Any, inputs: types.Object, samples: Any, filled: Mapping[str, Filled]
) -> None:
    """Add what would be sent, or an error beside the part that it names."""
    try:
        found, warnings = _previewed(ctx, samples, filled)
    except (CVATError, ValueError) as error:
        _add_fault(inputs, str(error))
        return
    jobs = sum(each.jobs for each in found.tasks)
    tasks = counted(len(found.tasks), "task")
    where = "" if found.project is None else f" in project {found.project}"
    label = (
        f"{counted(len(samples), 'sample')} will go to CVAT, in {tasks} with "
        f"{counted(jobs, 'job')}{where}"
    )
    alert(inputs, "preview", "info", label, _preview_details(found))
    for number, each in enumerate(dict.fromkeys(warnings)):
        alert(inputs, f"warning_{number}", "warning", each)


def _preview_details(found: RunPreview) -> str:
    classes = [
        f"{name} ({', '.join(attributes)})" if attributes else name
        for name, attributes in found.classes.items()
    ]
    shown = ", ".join(classes[:MAX_NAMED])
    if len(classes) > MAX_NAMED:
        shown += f" and {len(classes) - MAX_NAMED} more"
    number_by_field = {name: sum(each.values()) for name, each in found.labels.items()}
    labels = [
        f"{number} of {name}" for name, number in number_by_field.items() if number
    ]
    there = f" Labels that go up: {', '.join(labels)}." if labels else ""
    return f"CVAT's labels: {shown}.{there}"


def _add_fault(inputs: types.Object, message: str) -> None:
    """Put a message beside the option or field that it names, else below the form."""
    places = dict(inputs.properties)
    options = places.get("options")
    if options is not None:
        places |= options.type.properties
    for name in re.findall(r"`(\w+)`|Field '([^']+)'", message):
        key = name[0] or "field_" + re.sub(r"\W", "_", name[1])
        if key in places:
            places[key].invalid, places[key].error_message = True, message
            break
    words, _, advice = message.partition("; ")
    alert(inputs, "fault", "error", words, advice).invalid = True


_kept: OrderedDict[str, tuple[RunPreview, list[str]]] = OrderedDict()
MAX_KEPT = 16


def _previewed(
    ctx: Any, samples: Any, filled: Mapping[str, Filled]
) -> tuple[RunPreview, list[str]]:
    """Return what the form would send, and warnings; asked once for the same form."""
    settings = _settings(ctx, samples, filled)
    key = repr((ctx.prompt_id, ctx.params, len(samples)))
    if ctx.prompt_id is None or key not in _kept:
        with Warnings() as heard:
            found = preview(samples, ctx.params.get("anno_key"), **settings)
        _kept[key] = (found, heard.messages)
        while len(_kept) > MAX_KEPT:
            _kept.popitem(last=False)
    return _kept[key]
