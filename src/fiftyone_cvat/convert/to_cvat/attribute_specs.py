"""From the attributes of a FiftyOne label schema to those of a CVAT label."""

from __future__ import annotations

from typing import Any

from fiftyone_cvat.convert.shared.attribute_names import is_attribute_name
from fiftyone_cvat.convert.shared.texts import (
    LABEL_ID,
    check_characters,
    shorten,
    value_to_text,
)
from fiftyone_cvat.errors import SchemaError
from fiftyone_cvat.types import AttributeSpec

__all__ = [
    "ATTRIBUTE_TYPES",
    "MAX_NAME",
    "attribute_spec",
    "attribute_tool",
    "label_id_attribute",
    "to_cvat_attributes",
]

MAX_NAME = 64
"""CVAT's limit for the names of labels and attributes, in characters."""

MAX_VALUE = 200
"""CVAT's limit for one of the values to choose from, in characters."""

MAX_VALUES = 4096
"""CVAT's limit for all of them together, each in a line, in characters."""

MAX_DEFAULT = 128
"""CVAT's limit for a default value, in characters."""

SHAPE_PROPERTIES = ("occluded", "group_id")
"""Types of attributes that in CVAT are properties of every shape."""

ATTRIBUTE_TYPES = (
    *("text", "select", "radio", "checkbox", "number"),
    *SHAPE_PROPERTIES,
)
"""The types of attributes that a label schema may name."""


def attribute_tool(name: str, value: Any) -> dict[str, Any]:
    """Return how to annotate an attribute of a label schema.

    Args:
        name: the attribute's name
        value: a value of it, or None

    Returns:
        a dict with ``type``, ``values``, ``sent``: False for what stays here
    """
    if value is not None and not is_attribute_name(name):
        # labels have it, of this name or not, and keep it
        return {"type": "text", "values": [], "read_only": True, "sent": False}
    if isinstance(value, bool):
        if name == "occluded":
            return {"type": "occluded"}
        return {"type": "checkbox", "values": [True, False]}
    if isinstance(value, int) and name == "group_id":
        return {"type": "group_id"}
    if not isinstance(value, (str, float, int, type(None))):
        # CVAT has only text for it, which could not be read back
        return {"type": "text", "values": [], "read_only": True, "sent": False}
    return {"type": "text", "values": []}


def label_id_attribute() -> AttributeSpec:
    """Return the attribute in which a label's FiftyOne id travels."""
    return AttributeSpec(name=LABEL_ID, input_type="text", mutable=True, values=[])


def to_cvat_attributes(
    attributes: dict[str, dict[str, Any]],
) -> tuple[dict[str, AttributeSpec], str | None, str | None]:
    """Convert a field's attributes to the form in which CVAT takes them.

    Args:
        attributes: FiftyOne's attributes, name to ``type`` and maybe ``values``,
            ``default``, ``mutable``; those with ``sent`` False stay in FiftyOne; the
            types ``occluded`` and ``group_id`` are not attributes in CVAT but
            properties of a shape

    Returns:
        a tuple of

        -   the CVAT attributes by name
        -   the name of the attribute of type ``occluded``, or None
        -   the name of the attribute of type ``group_id``, or None

    Raises:
        SchemaError: if a name, a value to choose from or a default is longer than
            CVAT takes, or an attribute has no values to choose from
    """
    specs: dict[str, AttributeSpec] = {}
    name_by_property: dict[str, str] = {}
    for name, info in attributes.items():
        if not info.get("sent", True):
            continue
        if name != name.strip() or not name:
            raise SchemaError(
                f"Attribute name '{shorten(name)}' is empty, or begins or ends with "
                "white space, which CVAT takes off: rename the attribute"
            )
        check_characters(name, f"Attribute name '{shorten(name)}'")
        if len(name) > MAX_NAME:
            raise SchemaError(
                f"Attribute name '{shorten(name)}' has {len(name)} characters; CVAT "
                f"takes {MAX_NAME}: rename the attribute"
            )
        kind = info.get("type", "text")
        if kind in SHAPE_PROPERTIES:
            name_by_property[kind] = name
        else:
            specs[name] = attribute_spec(name, kind, info)
    return specs, name_by_property.get("occluded"), name_by_property.get("group_id")


def attribute_spec(name: str, kind: str, info: dict[str, Any]) -> AttributeSpec:
    """Return one attribute as CVAT takes it.

    Args:
        name: its name
        kind: CVAT's input type
        info: its ``values``, ``default`` and ``mutable``, if it has them

    Raises:
        SchemaError: if it has no values to choose from, or CVAT takes none of them
    """
    values = [value_to_text(each) for each in info.get("values") or []]
    if kind == "checkbox":
        # the server knows these two, spelled so, whatever the user listed
        values = ["false", "true"]
    if not values and kind in ("select", "radio", "number"):
        wanted = "[min, max, step]" if kind == "number" else "the values to choose from"
        raise SchemaError(
            f"Attribute '{name}' of type '{kind}' needs `values`: {wanted}"
        )
    if any("\n" in each for each in values):
        raise SchemaError(
            f"A value of attribute '{name}' has several lines; CVAT takes one for each"
        )
    _check_values(name, values)
    spec = AttributeSpec(
        name=name,
        input_type=kind,
        mutable=bool(info.get("mutable", True)),
        values=values,
    )
    default = info.get("default")
    if default is not None:
        text = spec["default_value"] = value_to_text(default)
        _check_length(f"The default '{shorten(text)}' of attribute '{name}'", text)
    return spec


def _check_values(name: str, values: list[str]) -> None:
    for each in values:
        what = f"The value '{shorten(each)}' of attribute '{name}'"
        _check_length(what, each, MAX_VALUE)
    together = "\n".join(each.strip() for each in values)
    what = f"The {len(values)} values of attribute '{name}', each in a line,"
    _check_length(what, together, MAX_VALUES)


def _check_length(what: str, text: str, most: int = MAX_DEFAULT) -> None:
    # CVAT takes white space off the ends of texts
    length = len(text.strip())
    if length > most:
        raise SchemaError(
            f"{what} has {length} characters; CVAT takes {most}: shorten what the "
            "label schema says"
        )
