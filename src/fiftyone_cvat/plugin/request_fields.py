"""The fields of a request in its form: types, classes and attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import fiftyone as fo
import fiftyone.core.media as fom
from fiftyone.operators import types

from fiftyone_cvat.convert.to_cvat.attribute_specs import ATTRIBUTE_TYPES
from fiftyone_cvat.workflows.preview import complete_schema

__all__ = ["add_fields", "chosen_schema", "fields_of"]

TYPES_BY_LABEL = {
    fo.Classification: ("classification",),
    fo.Classifications: ("classifications",),
    fo.Detection: ("detection", "instance"),
    fo.Detections: ("detections", "instances"),
    fo.Polyline: ("polyline", "polygon"),
    fo.Polylines: ("polylines", "polygons"),
    fo.Keypoint: ("keypoint",),
    fo.Keypoints: ("keypoints",),
    fo.Segmentation: ("segmentation",),
}
SCALARS = (fo.StringField, fo.IntField, fo.FloatField, fo.BooleanField)
NEW_TYPES = {
    fom.IMAGE: (
        "detections",
        "instances",
        "polygons",
        "polylines",
        "keypoints",
        "classifications",
        "classification",
    ),
    fom.VIDEO: ("detections", "instances", "polygons", "polylines", "keypoints"),
    fom.POINT_CLOUD: ("detections", "classifications", "classification"),
    fom.THREE_D: ("detections", "classifications", "classification"),
}
"""What new fields may be, by the kind of media."""

PREFIX = "frames."


def fields_of(samples: Any) -> dict[str, tuple[str, ...]]:
    """Return the fields that can be annotated, with the types that each may go up as.

    Args:
        samples: the samples of the request
    """
    is_video = samples.media_type == fom.VIDEO
    found = samples.get_frame_field_schema() if is_video else samples.get_field_schema()
    prefix = PREFIX if is_video else ""
    types_by_field = {}
    for name, field in (found or {}).items():
        if field.read_only or name in ("id", "filepath", "frame_number", "tags"):
            continue
        label = getattr(field, "document_type", None)
        if label in TYPES_BY_LABEL:
            types_by_field[f"{prefix}{name}"] = TYPES_BY_LABEL[label]
        elif isinstance(field, SCALARS):
            types_by_field[f"{prefix}{name}"] = ("scalar",)
    return types_by_field


def add_fields(inputs: types.Object, samples: Any, params: Mapping[str, Any]) -> None:
    """Add the choice of fields, and for each of them what is annotated in it.

    Args:
        inputs: the form
        samples: the samples of the request
        params: the values of the form so far
    """
    known = fields_of(samples)
    choices = types.AutocompleteView(allow_user_input=True, multiple=True)
    for name, kinds in known.items():
        if kinds != ("scalar",):
            choices.add_choice(name, label=name)
    for name, kinds in known.items():
        if kinds == ("scalar",):
            choices.add_choice(name, label=name)
    new = f"'{PREFIX}...'" if samples.media_type == fom.VIDEO else "another name"
    inputs.list(
        "fields",
        types.String(),
        required=True,
        label="Fields",
        description=f"Choose fields of the dataset, or write {new} for a new one",
        view=choices,
    )
    for name in params.get("fields") or ():
        _add_field(inputs, samples, name, known.get(name), params)


def chosen_schema(params: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the label schema that a form says.

    Args:
        params: the values of the form
    """
    schema = {}
    for name in params.get("fields") or ():
        given = params.get(_key(name)) or {}
        info: dict[str, Any] = {}
        if given.get("type"):
            info["type"] = given["type"]
        if given.get("classes"):
            info["classes"] = list(given["classes"])
        if "attributes" in given:
            info["attributes"] = dict(map(_attribute, given["attributes"] or ()))
        schema[str(name)] = info
    return schema


def _add_field(
    inputs: types.Object,
    samples: Any,
    name: str,
    kinds: Sequence[str] | None,
    params: Mapping[str, Any],
) -> None:
    """Add what is annotated in one field, filled with what the dataset has."""
    given = params.get(_key(name)) or {}
    is_new = kinds is None
    offered = kinds or NEW_TYPES.get(samples.media_type, NEW_TYPES[fom.IMAGE])
    kind = given.get("type") or offered[0]
    section = types.Object()
    choices = types.DropdownView()
    for each in offered:
        choices.add_choice(each, label=each)
    section.enum(
        "type",
        choices.values(),
        default=offered[0],
        required=True,
        label="Type",
        view=choices,
    )
    found = {} if is_new else complete_schema(samples, {name: {"type": kind}})[name]
    if kind != "segmentation":
        _add_classes(section, found, is_needed=is_new and kind != "scalar")
    if kind not in ("segmentation", "scalar"):
        _add_attributes(section, found)
    inputs.define_property(
        _key(name),
        section,
        label=name,
        description="A new field" if is_new else None,
        view=types.ObjectView(label=name),
    )


def _add_classes(
    section: types.Object, found: Mapping[str, Any], *, is_needed: bool
) -> None:
    names = [str(each) for each in found.get("classes") or () if isinstance(each, str)]
    choices = types.AutocompleteView(allow_user_input=True, multiple=True)
    for each in names:
        choices.add_choice(each, label=each)
    section.list(
        "classes",
        types.String(),
        default=names or None,
        required=is_needed,
        label="Classes",
        description="Those that the dataset has are filled in; write others",
        view=choices,
    )


def _add_attributes(section: types.Object, found: Mapping[str, Any]) -> None:
    attribute = types.Object()
    attribute.str(
        "name", required=True, label="Attribute", view=types.FieldView(space=4)
    )
    choices = types.DropdownView(space=3)
    for each in ATTRIBUTE_TYPES:
        choices.add_choice(each, label=each)
    attribute.enum("type", choices.values(), required=True, label="Input", view=choices)
    attribute.str(
        "values",
        label="Values",
        view=types.FieldView(space=5, placeholder="comma-separated"),
    )
    filled = [
        {
            "name": name,
            "type": info.get("type", "text"),
            "values": ", ".join(map(_text, info.get("values") or ())),
        }
        for name, info in sorted((found.get("attributes") or {}).items())
    ]
    section.list("attributes", attribute, default=filled, label="Attributes")


def _attribute(given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return name and description of an attribute of the form."""
    kind = given.get("type") or "text"
    info: dict[str, Any] = {"type": kind}
    values = [each.strip() for each in (given.get("values") or "").split(",")]
    values = [each for each in values if each]
    if values and kind == "checkbox":
        info["values"] = [{"true": True, "false": False}.get(v, v) for v in values]
    elif values:
        info["values"] = values
    return given.get("name") or "", info


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _key(name: str) -> str:
    """Return the name of a field's part of the form."""
    return "field_" + re.sub(r"\W", "_", str(name))
