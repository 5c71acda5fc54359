"""Rows, stacks and buttons of the panel, which is narrow or wide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fiftyone.operators import types

__all__ = ["add_button", "as_wide_as_it_is", "row", "stack"]

as_wide_as_it_is = {"item": {"sx": {"width": "auto"}}}
"""Props of what takes no more of a row than it needs."""


def row(parent: types.Object, name: str, **styles: Any) -> types.Object:
    """Add a row that breaks where the panel is narrow.

    Args:
        parent: where to
        name: its name there
        **styles: its styles, as CSS names them
    """
    plain = {"display": "flex", "flexWrap": "wrap", "alignItems": "center", "gap": 1}
    return parent.h_stack(name, componentsProps={"grid": {"sx": plain | styles}})


def stack(*, gap: str, padding: str, is_container: bool = False) -> types.View:
    """Return the view of a column.

    Args:
        gap: the space between its parts
        padding: that around them
        is_container: whether styles of its parts may ask how wide it is
    """
    styles: dict[str, Any] = {
        "gap": gap,
        "padding": padding,
        # else what is widest in it would make it wider than the panel
        "gridTemplateColumns": "minmax(0, 1fr)",
    }
    if is_container:
        styles["containerType"] = "inline-size"
    return types.GridView(
        orientation="vertical", componentsProps={"grid": {"sx": styles}}
    )


def add_button(
    parent: types.Object,
    name: str,
    label: str,
    icon: str,
    on_click: Callable[[Any], Any],
    *,
    params: Mapping[str, Any] | None = None,
    is_first: bool = False,
) -> None:
    """Add a button.

    Args:
        parent: where to
        name: its name there
        label: what it says
        icon: the name of its icon
        on_click: the panel's method
        params: what that is given
        is_first: whether it is the one to be seen first
    """
    parent.btn(
        name,
        label=label,
        icon=icon,
        on_click=on_click,
        params=dict(params or {}),
        variant="contained" if is_first else "outlined",
        componentsProps=as_wide_as_it_is,
    )
