"""What a label says besides its place: class, attributes, occlusion, group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fiftyone_cvat.convert.shared.attribute_names import (
    TAGS,
    is_attribute_name,
    is_text,
    tags_to_text,
)
from fiftyone_cvat.convert.shared.texts import (
    LABEL_ID,
    MAX_TEXT,
    check_text,
    shorten,
    text_to_number,
    value_to_checkbox,
    value_to_text,
)
from fiftyone_cvat.convert.to_cvat.class_names import cvat_class
from fiftyone_cvat.errors import SchemaError
from fiftyone_cvat.types import AttributeSpec, AttributeValue, CVATSchema, Skeleton

__all__ = ["ClassPlan", "is_checkbox", "parse_label", "plan_class", "read_label"]

MAX_GROUP = 2**31
"""CVAT fails on a group from here on."""

ParsedLabel = tuple[
    str | None,
    list[AttributeValue] | None,
    list[AttributeValue] | None,
    dict[str, str] | None,
    bool | None,
    int | None,
]


def is_checkbox(spec: AttributeSpec) -> bool:
    """Return whether an attribute is a checkbox, which knows two values."""
    return spec.get("input_type") == "checkbox"


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """What to read from the labels of a class: the same for all that a call converts.

    Attributes:
        name: the CVAT class name
        attributes: the names of the attributes, each with whether it is mutable, and
            whether it is a checkbox
        occluded_attr: the attribute that holds occlusion, or None
        group_id_attr: the attribute that holds the group id, or None
        skeleton: the class's skeleton, or None
    """

    name: str
    attributes: tuple[tuple[str, bool, bool], ...]
    occluded_attr: str | None
    group_id_attr: str | None
    skeleton: Skeleton | None


def plan_class(
    name: str | None,
    cvat_schema: CVATSchema,
    label_field: str,
    occluded_attrs: Mapping[str, str] | None = None,
    group_id_attrs: Mapping[str, str] | None = None,
) -> ClassPlan | None:
    """Return what to read from the labels of a class; None if the schema has it not.

    Args:
        name: the class in FiftyOne
        cvat_schema: CVAT class name to its attributes by name
        label_field: the field that the labels are in
        occluded_attrs: CVAT class name to the attribute that holds occlusion
        group_id_attrs: CVAT class name to the attribute that holds the group id
    """
    class_name = cvat_class(name, cvat_schema, label_field)
    if class_name is None:
        return None
    specs = cvat_schema[class_name]
    return ClassPlan(
        class_name,
        tuple(
            (each, specs[each]["mutable"], is_checkbox(specs[each]))
            for each in specs
            if each != LABEL_ID and is_attribute_name(each)
        ),
        (occluded_attrs or {}).get(class_name),
        (group_id_attrs or {}).get(class_name),
        getattr(specs, "skeleton", None),
    )


def parse_label(
    label: Any,
    cvat_schema: CVATSchema,
    label_field: str,
    label_id: str | None = None,
    occluded_attrs: Mapping[str, str] | None = None,
    group_id_attrs: Mapping[str, str] | None = None,
) -> ParsedLabel:
    """Read from a FiftyOne label what all kinds of CVAT annotation have.

    Args:
        label: a label with ``label``, ``id`` and attributes
        cvat_schema: CVAT class name to its attributes by name
        label_field: the field that the label is in
        label_id: the id to send; the label's own by default
        occluded_attrs: CVAT class name to the attribute that holds occlusion
        group_id_attrs: CVAT class name to the attribute that holds the group id

    Returns:
        a tuple of

        -   the CVAT class name
        -   the values of the mutable attributes, ``label_id`` first
        -   the values of the immutable attributes
        -   the attributes whose names had to be changed: none, since attributes that
            old datasets keep in a label's dict go up under their own names
        -   whether the object is occluded: it is if the value is a number other than
            0 and NaN, or one of the texts ``true``, ``1``, ``1.0`` and ``yes``
        -   its group, 0 for none

        each None if the label's class is not in the schema

    Raises:
        SchemaError: if CVAT does not take the text of an attribute, or the occlusion is
            neither a number nor a text
    """
    plan = plan_class(
        label.label, cvat_schema, label_field, occluded_attrs, group_id_attrs
    )
    if plan is None:
        return None, None, None, None, None, None
    identity = label.id if label_id is None else label_id
    mutable, immutable, occluded, group_id = read_label(label, plan, identity)
    return plan.name, mutable, immutable, {}, occluded, group_id


def read_label(
    label: Any, plan: ClassPlan, identity: str
) -> tuple[list[AttributeValue], list[AttributeValue], bool, int]:
    """Read the values of a label's attributes.

    Args:
        label: a label of the plan's class
        plan: what to read
        identity: the id to send

    Returns:
        a tuple of mutable attributes, immutable ones, whether the object is occluded,
        and its group, as :func:`parse_label` gives them

    Raises:
        SchemaError: as :func:`parse_label` does
    """
    mutable: list[AttributeValue] = [{"spec_id": LABEL_ID, "value": identity}]
    immutable: list[AttributeValue] = []
    value_of = label.get_attribute_value
    for name, is_mutable, as_checkbox in plan.attributes:
        value = value_of(name, None)
        if name == TAGS:
            value = tags_to_text(value)
        if value is None or not is_text(value):
            continue
        text = value if type(value) is str else value_to_text(value)
        if as_checkbox:
            truth = value_to_checkbox(value)
            if truth is None:
                continue  # annotators would see a box that is neither
            text = truth
        # most texts are short and plain: the message costs more than reading the value
        if len(text) > MAX_TEXT or "\0" in text or not text.isascii():
            of_class = f"class '{shorten(plan.name)}'"
            check_text(text, f"{of_class}: attribute '{name}' of label {label.id}")
        (mutable if is_mutable else immutable).append({"spec_id": name, "value": text})
    occluded, group_id = False, 0
    if plan.occluded_attr is not None:
        occluded = _is_occluded(label, plan.occluded_attr)
    if plan.group_id_attr is not None:
        group_id = _group(label.get_attribute_value(plan.group_id_attr, None))
    return mutable, immutable, occluded, group_id


def _is_occluded(label: Any, name: str) -> bool:
    try:
        return _truth(label.get_attribute_value(name, None))
    except SchemaError as error:
        raise SchemaError(f"attribute '{name}' of label {label.id}: {error}") from error


def _truth(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in ("true", "1", "1.0", "yes")
    if value is None:
        return False
    if not isinstance(value, (bool, int, float, np.bool_, np.number)):
        raise SchemaError(
            f"a value of type {type(value).__name__} does not tell whether the object "
            "is occluded: make it true or false"
        )
    # NaN is how tables spell a value that is missing
    return bool(value) and not np.isnan(value)


def _group(value: Any) -> int:
    number = text_to_number(str(value)) if value is not None else None
    return int(number) if number is not None and 0 < number < MAX_GROUP else 0
