"""From FiftyOne classifications and scalars to CVAT tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fiftyone_cvat.convert.shared.texts import check_text, value_to_text
from fiftyone_cvat.convert.to_cvat.class_names import cvat_class
from fiftyone_cvat.convert.to_cvat.label_attributes import parse_label
from fiftyone_cvat.types import AttributeValue, CVATSchema, Size, Tag

__all__ = ["create_classification_tags", "create_scalar_tags"]

Tags = tuple[Any, list[Tag], dict[str, Any], dict[str, str]]


def create_classification_tags(
    classifications: Iterable[Any],
    cvat_schema: CVATSchema,
    label_field: str,
    frame_id: int,
    frame_size: Size | None,
    label_type: str | None = None,
) -> Tags:
    """Convert the classifications of one frame to tags.

    Args:
        classifications: labels with ``label``, ``id`` and attributes
        cvat_schema: CVAT class name to its attributes by name
        label_field: the field that the labels are in
        frame_id: the frame's position in the task, from 0
        frame_size: not used: a tag has no place
        label_type: ``classification`` for a field that holds one label, else None or
            ``classifications``

    Returns:
        a tuple of the ids of the labels that have a tag (one id or None for a field
        that holds one label), the tags, no tracks, no renamed attributes
    """
    ids: list[str] = []
    tags: list[Tag] = []
    for label in classifications:
        class_name, mutable, immutable, _, _, group = parse_label(
            label, cvat_schema, label_field
        )
        if class_name is None:
            continue
        ids.append(label.id)
        attributes = (mutable or []) + (immutable or [])
        tags.append(_tag(class_name, frame_id, attributes, group or 0))
    if label_type == "classification":
        return (ids[0] if ids else None), tags, {}, {}
    return ids, tags, {}, {}


def create_scalar_tags(
    label: Any,
    cvat_schema: CVATSchema,
    label_field: str,
    frame_id: int,
    frame_size: Size | None,
    label_type: str | None = None,
    assign_scalar_attrs: Mapping[Any, bool | None] | bool = False,
) -> Tags:
    """Convert the scalar of one frame to a tag.

    Args:
        label: a string, number, boolean, or None
        cvat_schema: CVAT class name to its attributes by name
        label_field: the field that the scalar is in
        frame_id: the frame's position in the task, from 0
        frame_size: not used: a tag has no place
        label_type: not used: it is ``scalar``
        assign_scalar_attrs: field to whether its scalars are values of the attribute
            of a tag that is named like the field; otherwise they are names of tags

    Returns:
        a tuple of whether the scalar has a tag, the tags, no tracks, no renamed
        attributes

    Raises:
        SchemaError: if CVAT does not take the scalar as the value of an attribute
    """
    if isinstance(assign_scalar_attrs, Mapping):
        assign_scalar_attrs = bool(assign_scalar_attrs.get(label_field))
    text = value_to_text(label)
    attributes: list[AttributeValue] = []
    class_name: str | None = None
    if not assign_scalar_attrs:
        class_name = cvat_class(text, cvat_schema, label_field)
        if class_name is None and isinstance(label, bool):
            # classes may be named as Python spells booleans
            class_name = cvat_class(str(label), cvat_schema, label_field)
    elif label_field in cvat_schema and label is not None:
        class_name = label_field
        check_text(text, "the value")
        name = next(iter(cvat_schema[label_field]))
        attributes = [AttributeValue(spec_id=name, value=text)]
    if class_name is None:
        return False, [], {}, {}
    return True, [_tag(class_name, frame_id, attributes)], {}, {}


def _tag(
    class_name: str, frame_id: int, attributes: list[AttributeValue], group: int = 0
) -> Tag:
    return Tag(
        label_id=class_name,
        group=group,
        frame=frame_id,
        source="manual",
        attributes=attributes,
    )
