"""What the last load of a run has done, in the panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fiftyone.operators import types

from fiftyone_cvat.plugin.panel_jobs import ago
from fiftyone_cvat.plugin.panel_parts import as_wide_as_it_is, row
from fiftyone_cvat.plugin.shown import plain

__all__ = ["add_load"]

WHAT = ("kept", "changed", "added", "deleted", "unmatched")


def add_load(
    panel: types.Object, load: Mapping[str, Any], on_click: Callable[[Any], Any]
) -> None:
    """Add the numbers of labels by field; a click on one shows the samples.

    Args:
        panel: where to
        load: what :func:`~fiftyone_cvat.plugin.noted_loads.last_load` returns
        on_click: the panel's method
    """
    words = f"**Last load** {ago(load['date'])}"
    if "counts" not in load:
        panel.md(f"{words}, outside the App: no details", name="load_date")
        return
    panel.md(words, name="load_date")
    for number, (label_field, counts) in enumerate(load["counts"].items()):
        line = row(panel, f"load_{number}")
        line.md(plain(label_field), name="field", componentsProps=as_wide_as_it_is)
        samples = load["samples"].get(label_field, {})
        for what in WHAT:
            words = f"{counts.get(what, 0)} {what}"
            if not samples.get(what):
                line.md(words, name=what, componentsProps=as_wide_as_it_is)
                continue
            line.btn(
                what,
                label=words,
                title=f"Show the samples with labels that were {what}",
                on_click=on_click,
                params={"field": label_field, "what": what},
                variant="outlined",
                componentsProps=as_wide_as_it_is,
            )
    reasons = load["lines"][len(load["counts"]) :]
    if reasons:
        panel.md("\n\n".join(map(plain, reasons)), name="load_reasons")
