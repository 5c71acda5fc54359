"""From the label schemas of FiftyOne's App to attributes that CVAT can ask for.

The App has them since FiftyOne 1.16: each attribute has a type and the component
with which it is typed or chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, log10
from typing import Any

from fiftyone_cvat.convert.shared.attribute_names import TAGS
from fiftyone_cvat.convert.to_cvat.attribute_specs import attribute_spec, attribute_tool
from fiftyone_cvat.errors import SchemaError

__all__ = ["app_attribute", "is_choice"]

_CHOICES = {"dropdown": "select", "radio": "radio"}
"""Components of the App in which one of several values is chosen, to types of CVAT."""

_TEXTS = ("str", "int", "float")
"""Types of the App whose values are a text, or are read from one."""

_UNSENT = {"type": "text", "values": [], "read_only": True, "sent": False}
"""What stays in FiftyOne: lists, dates, dicts and ids, which no text is."""

STEPS = 100
"""In how many steps, at least, a slider goes from its one end to the other."""


def app_attribute(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return how CVAT asks for an attribute, as a label schema of a run says it.

    Args:
        name: the attribute's name
        settings: what the App's label schema says of it: ``type``, ``component``, and
            maybe ``values``, ``range``, ``default`` and ``read_only``

    Returns:
        a dict with ``type``, and maybe ``values``, ``default`` and ``read_only``;
        ``sent`` is False for what stays in FiftyOne, since no text in CVAT is its
        value. Choices that CVAT does not take are typed as text
    """
    kind = settings.get("type")
    if name == TAGS and kind == "list<str>":
        tool: dict[str, Any] = {"type": "text", "values": []}
    elif kind == "bool":
        tool = attribute_tool(name, value=True)
    elif kind in _TEXTS:
        tool = _of_text(name, kind, settings)
    else:
        return dict(_UNSENT)
    if settings.get("read_only"):
        tool["read_only"] = True
    return tool


def is_choice(settings: Mapping[str, Any]) -> bool:
    """Tell whether one of the values that are listed is chosen in the App."""
    return settings.get("component") in _CHOICES and bool(settings.get("values"))


def _of_text(name: str, kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "int" and attribute_tool(name, 1)["type"] == "group_id":
        return attribute_tool(name, 1)
    tool: dict[str, Any] = {"type": "text", "values": []}
    ends = settings.get("range")
    if is_choice(settings):
        tool = {
            "type": _CHOICES[settings["component"]],
            "values": [*settings["values"]],
        }
    elif settings.get("component") == "slider" and ends:
        low, high = ends
        tool = {"type": "number", "values": [low, high, _step(kind, high - low)]}
    default = settings.get("default")
    more = {} if default is None else {"default": default}
    for each in (tool | more, tool, {"type": "text", "values": []} | more):
        if _fits(name, each):
            return each
    return {"type": "text", "values": []}


def _step(kind: str, length: float) -> float:
    """Return the spacing of a slider's values: 1, or a power of ten."""
    return 1 if kind == "int" else 10.0 ** floor(log10(length / STEPS))


def _fits(name: str, tool: Mapping[str, Any]) -> bool:
    try:
        attribute_spec(name, tool["type"], dict(tool))
    except SchemaError:
        return False
    return True
