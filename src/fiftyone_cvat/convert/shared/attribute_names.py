"""Which attributes a label can have, and which of their values are text in CVAT."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import fiftyone.core.fields as fof
import fiftyone.core.labels as fol
import numpy as np

from fiftyone_cvat.types import RETURN_TYPES

__all__ = [
    "INDEX",
    "LABEL_TYPES",
    "TAGS",
    "declared_type",
    "is_attribute_name",
    "is_text",
    "tags_to_text",
    "text_to_tags",
    "type_in_class",
    "unfit_attributes",
]

TAGS = "tags"
"""The attribute that is the tags of a label: a list of texts."""

INDEX = "index"
"""The attribute that tells which object, and in videos which track, a label is of."""

LABEL_TYPES: dict[str, type[fol.Label]] = {
    "classifications": fol.Classification,
    "detections": fol.Detection,
    "polylines": fol.Polyline,
    "keypoints": fol.Keypoint,
}
"""The kinds of label that have attributes, to FiftyOne's classes."""

_PARTS = frozenset(
    (
        *("_cls", "_id", "attributes", "bounding_box", "closed", "filled", "id"),
        *("label", "logits", "mask", "mask_path", "points"),
    )
)
"""What labels are made of: attributes of these names would spoil them."""

_NAME = re.compile(r"[^$._\0][^.\0]*")
"""The names that the database takes for an attribute."""

_FIELDS = frozenset(("confidence", INDEX, "instance", TAGS))
"""Fields of labels that may be annotated."""

_TYPES: tuple[tuple[type[fof.Field], type], ...] = (
    (fof.StringField, str),
    (fof.BooleanField, bool),
    (fof.IntField, int),
    (fof.FloatField, float),
)

_TYPES_OF_TOOL: dict[str, type] = {
    "checkbox": bool,
    "group_id": int,
    "number": float,
    "occluded": bool,
}
"""Types of attributes, to the type of all that they hold; others hold what is typed."""

_BETWEEN_TAGS = re.compile(r"[,\r\n]")


@lru_cache(maxsize=1000)
def is_attribute_name(name: str) -> bool:
    """Return whether a label in FiftyOne can have an attribute of a name.

    It cannot if the name is a part of labels, or of how they work, or none that the
    database takes.
    """
    if name in _PARTS or not _NAME.fullmatch(name):
        return False
    return name in _FIELDS or not any(
        hasattr(each, name) for each in LABEL_TYPES.values()
    )


def declared_type(field: Any) -> type | None:
    """Return the type of the values of a field.

    Args:
        field: a FiftyOne field, or None

    Returns:
        ``str``, ``bool``, ``int`` or ``float``; ``object`` for values that no text is,
        such as lists and arrays; None if the field does not tell
    """
    if type(field) in (fof.Field, type(None)):
        return None
    found = (each for field_type, each in _TYPES if isinstance(field, field_type))
    return next(found, object)


def type_in_class(label_type: type[fol.Label], name: str) -> type | None:
    """Return the type that FiftyOne's own class gives an attribute.

    Args:
        label_type: the class of the label
        name: the name of the attribute

    Returns:
        what :func:`declared_type` does; ``list`` for ``tags``; None for an attribute
        that is none of the class, which may be anything
    """
    return _type_in_class(label_type.__name__, name)


@lru_cache(maxsize=1000)
def _type_in_class(class_name: str, name: str) -> type | None:
    label_type = getattr(fol, class_name)
    if name == TAGS:
        return list
    if name == "instance" and hasattr(label_type, "instance_id"):
        return object  # an `Instance`, which FiftyOne declares nowhere
    return declared_type(label_type._fields.get(name))


def is_text(value: Any) -> bool:
    """Return whether CVAT's text can hold a value: text, a number, or a truth value."""
    return isinstance(value, (str, bool, int, float, np.bool_, np.number))


def tags_to_text(tags: Any) -> str | None:
    """Return the text that tags go up as; None for no tags."""
    if not isinstance(tags, (list, tuple)) or {*map(type, tags)} != {str}:
        return None
    return ", ".join(tags)


def text_to_tags(text: str, before: Sequence[str] = ()) -> list[str]:
    """Return the tags that a text has, without white space and repetitions.

    Args:
        text: tags with commas or ends of lines between them; or a list as Python writes
            it, which runs of FiftyOne's own backend sent
        before: the tags that the label has; one of them that has a comma itself is not
            taken apart
    """
    if text.strip() == str([*before]):
        return [*before]
    pieces = _pieces_of(text)
    whole = [(_pieces_of(each), each) for each in before]
    whole.sort(key=lambda each: -len(each[0]))
    tags: list[str] = []
    while pieces:
        known = (each for each in whole if pieces[: len(each[0])] == each[0])
        own, tag = next(known, (pieces[:1], pieces[0]))
        del pieces[: len(own)]
        if tag.strip() and tag not in tags:
            tags.append(tag)
    return tags


def _pieces_of(tag: str) -> list[str]:
    return [each.strip() for each in _BETWEEN_TAGS.split(tag)]


def unfit_attributes(
    label_type: str | None, attributes: Mapping[str, Mapping[str, Any]]
) -> tuple[list[str], dict[str, str]]:
    """Return the attributes of a label schema that labels cannot have.

    Args:
        label_type: the type of the field
        attributes: attribute name to ``type`` and maybe ``values``; those with ``sent``
            False stay in FiftyOne and are not looked at

    Returns:
        a tuple of

        -   the names that no label can have
        -   name to what it must hold, for those whose type or values cannot be held
    """
    kind = RETURN_TYPES.get(label_type or "", "")
    owner = LABEL_TYPES.get(kind)
    sent = {name: each for name, each in attributes.items() if each.get("sent", True)}
    names = [name for name in sent if not is_attribute_name(name)]
    wrong = {}
    for name, info in sent.items():
        wanted = None if owner is None or name in names else type_in_class(owner, name)
        if wanted is not None and not _holds(wanted, info):
            wrong[name] = _WORDS[wanted]
    return names, wrong


_WORDS = {
    str: "text",
    bool: "true or false",
    int: "whole numbers",
    float: "numbers",
    list: "texts",
    object: "values that no text is",
}


def _holds(wanted: type, info: Mapping[str, Any]) -> bool:
    """Return whether all that can be chosen as a value of an attribute is of a type."""
    if wanted is object:
        return False
    tool = info.get("type", "text")
    given = _TYPES_OF_TOOL.get(tool)
    if wanted in (str, list):
        return given is None
    if given is bool or wanted is bool:
        return given is wanted
    # of a text, whatever may be typed, only what is typed that is none is left out
    chosen = [] if tool == "text" else [*(info.get("values") or ())]
    chosen += [] if info.get("default") is None else [info["default"]]
    return all(_is_number(each, wanted) for each in chosen)


def _is_number(value: Any, wanted: type) -> bool:
    try:
        number = float(str(value))
    except ValueError:
        return False
    return number.is_integer() if wanted is int else abs(number) < float("inf")
