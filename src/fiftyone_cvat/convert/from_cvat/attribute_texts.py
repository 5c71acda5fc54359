"""Texts of an annotation's attributes to values of a label's attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import fiftyone.core.labels as fol

from fiftyone_cvat.convert.from_cvat.field_context import FieldContext
from fiftyone_cvat.convert.shared.attributes import LABEL_ID, text_to_value
from fiftyone_cvat.types import Json

__all__ = ["attribute_values", "is_attribute_name", "refused_texts", "typed_values"]

_PARTS = frozenset(
    (
        *("_cls", "_id", "attributes", "bounding_box", "closed", "filled", "id"),
        *("label", "logits", "mask", "mask_path", "points", "tags"),
    )
)
"""What labels are made of: attributes of these names would spoil them."""

_NAME = re.compile(r"[^$._\0][^.\0]*")
"""The names that the database takes for an attribute."""

_LABELS = (fol.Classification, fol.Detection, fol.Keypoint, fol.Polyline)

_FIELDS = frozenset(("confidence", "index", "instance"))
"""Fields of labels that may be annotated."""


@lru_cache(maxsize=1000)
def is_attribute_name(name: str) -> bool:
    """Tell whether a label in FiftyOne can have an attribute of a name.

    It cannot if the name is a part of labels, or of how they work, or none that the
    database takes.
    """
    if name in _PARTS or not _NAME.fullmatch(name):
        return False
    return name in _FIELDS or not any(hasattr(each, name) for each in _LABELS)


def attribute_values(
    annotation: Json, spec_ids: Mapping[int, Mapping[str, int]]
) -> dict[str, str]:
    """Return the texts of an annotation's attributes by name.

    Args:
        annotation: the annotation, as the server sent it or takes it
        spec_ids: CVAT's label ids to its attributes' ids by name
    """
    text_by_id = {
        each["spec_id"]: each["value"] for each in annotation.get("attributes") or []
    }
    names = spec_ids.get(annotation["label_id"], {})
    return {
        name: text_by_id[spec_id]
        for name, spec_id in names.items()
        if spec_id in text_by_id
    }


def typed_values(
    label_id: int, values: Mapping[str, str], context: FieldContext
) -> tuple[dict[str, Any], list[str]]:
    """Return the values of a label's attributes, and why some texts are none.

    Args:
        label_id: the server's id of the annotation's label
        values: texts by the names of the attributes
        context: what is known about the field
    """
    typed: dict[str, Any] = {}
    refused = []
    spec_ids = context.spec_ids.get(label_id, {})
    input_types = context.input_types.get(label_id, {})
    for name, text in values.items():
        if not is_attribute_name(name):
            if text:
                refused.append(f"attribute '{name}', a name that no label can have")
            continue
        kind: type | str | None = context.value_types.get(name)
        if kind is None and context.keep_text:
            kind = input_types.get(spec_ids[name])
        try:
            value = text_to_value(text, kind)
        except ValueError:
            # a label that went up keeps its value
            value = None
            refused.append(f"text in attribute '{name}' that is no value of its type")
        choices = context.choices.get(spec_ids[name])
        if choices and text not in choices:
            # the server fills in an empty text where a class was changed
            continue
        if value is not None and (value != "" or kind is str):
            typed[name] = value
    return typed, refused


def refused_texts(
    annotation: Json, values: Mapping[str, str], context: FieldContext
) -> list[str]:
    """Return why some texts of attributes are not values of a label.

    Args:
        annotation: the annotation as the server sent it
        values: its texts by the names of the attributes
        context: what is known about the field
    """
    own = {name: text for name, text in values.items() if name != LABEL_ID}
    return typed_values(annotation["label_id"], own, context)[1] if own else []
