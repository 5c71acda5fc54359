"""Runs of FiftyOne's built-in CVAT integration in the panel, to be taken over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fiftyone.operators import types

from fiftyone_cvat.plugin.panel_parts import add_button, as_wide_as_it_is, row
from fiftyone_cvat.plugin.shown import plain

__all__ = ["add_built_in"]

MAX_LISTED = 10
"""Runs that are listed; the next ones are when these are taken over."""


def add_built_in(
    panel: types.Object, keys: Sequence[str], on_click: Callable[[Any], Any]
) -> None:
    """Add a list of runs, each with a button that takes it over.

    Args:
        panel: where to
        keys: the keys of the runs
        on_click: the panel's method
    """
    panel.md(
        "**Runs of FiftyOne's built-in CVAT integration.** Take one over to follow and "
        "load it here. Its record in the dataset changes, nothing in CVAT.",
        name="built_in_note",
    )
    for number, key in enumerate(keys[:MAX_LISTED]):
        line = row(panel, f"built_in_{number}")
        line.md(plain(key), name="key", componentsProps=as_wide_as_it_is)
        params = {"anno_key": key}
        add_button(line, "take", "Take over", "login", on_click, params=params)
    if len(keys) > MAX_LISTED:
        panel.md(f"and {len(keys) - MAX_LISTED} more", name="built_in_more")
