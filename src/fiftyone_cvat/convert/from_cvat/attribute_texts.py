"""Texts of an annotation's attributes to values of a label's attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import fiftyone.core.labels as fol

from fiftyone_cvat.convert.from_cvat.field_context import FieldContext
from fiftyone_cvat.convert.shared.attribute_names import (
    is_attribute_name,
    text_to_tags,
    type_in_class,
)
from fiftyone_cvat.convert.shared.server_ids import AttributeIds
from fiftyone_cvat.convert.shared.texts import LABEL_ID, text_to_value
from fiftyone_cvat.types import Json

__all__ = [
    "RefusedText",
    "attribute_values",
    "refused_texts",
    "texts_not_sent",
    "typed_values",
]


class RefusedText(NamedTuple):
    """A text of an attribute that is no value of a label, and why."""

    attribute: str
    text: str
    reason: str


def attribute_values(annotation: Json, spec_ids: AttributeIds) -> dict[str, str]:
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
    label_type: type[fol.Label],
    label_id: int,
    values: Mapping[str, str],
    context: FieldContext,
) -> tuple[dict[str, Any], list[RefusedText]]:
    """Return the values of a label's attributes, and the texts that are none.

    Args:
        label_type: FiftyOne's class of the label
        label_id: the server's id of the annotation's label
        values: texts by the names of the attributes
        context: what is known about the field
    """
    typed: dict[str, Any] = {}
    refused: list[RefusedText] = []
    spec_ids = context.spec_ids.get(label_id, {})
    input_types = context.input_types.get(label_id, {})
    for name, text in values.items():
        if not is_attribute_name(name):
            if text:
                reason = f"attribute '{name}', a name that no label can have"
                refused.append(RefusedText(name, text, reason))
            continue
        kind: type | str | None = type_in_class(label_type, name)
        kind = kind or context.value_types.get(name)
        tool = input_types.get(spec_ids[name])
        if kind is None and (context.keep_text or tool == "number"):
            kind = tool
        try:
            value = _value_of(text, kind, tool)
        except ValueError:
            # a label that went up keeps its value
            value = None
            reason = f"text in attribute '{name}' that is no value of its type"
            refused.append(RefusedText(name, text, reason))
        choices = context.choices.get(spec_ids[name])
        if choices and text not in choices:
            # the server fills in an empty text where a class was changed
            continue
        if value is not None and (value != "" or kind is str):
            typed[name] = value
    return typed, refused


def _value_of(text: str, kind: type | str | None, tool: str | None) -> Any:
    """Return the value that a text is; ValueError if it is none of the kind."""
    if kind is list:
        return text_to_tags(text)
    if kind in (int, float) and tool == "checkbox":
        # checkboxes of numbers show 1 and 0
        truth = text_to_value(text, bool)
        return truth if truth is None else text_to_value(str(int(truth)), kind)
    return text_to_value(text, kind)


def refused_texts(
    annotation: Json,
    values: Mapping[str, str],
    context: FieldContext,
    label_type: type[fol.Label],
) -> list[RefusedText]:
    """Return the texts of attributes that are no values of a label.

    Args:
        annotation: the annotation as the server sent it
        values: its texts by the names of the attributes
        context: what is known about the field
        label_type: FiftyOne's class of the label
    """
    own = {name: text for name, text in values.items() if name != LABEL_ID}
    label_id = annotation["label_id"]
    return typed_values(label_type, label_id, own, context)[1] if own else []


def texts_not_sent(
    refused: Sequence[RefusedText],
    sent: Sequence[Json],
    spec_ids: Mapping[int, Mapping[str, int]],
) -> list[RefusedText]:
    """Return texts that are no values of a label, but for those that went up with it.

    Args:
        refused: the texts
        sent: the annotations that the label goes up as, with the server's ids
        spec_ids: CVAT's label ids to its attributes' ids by name
    """
    had = attribute_values(sent[0], spec_ids) if refused and sent else {}
    return [
        each
        for each in refused
        # CVAT takes white space off the ends of texts
        if each.text.strip() != had.get(each.attribute, "").strip()
    ]
