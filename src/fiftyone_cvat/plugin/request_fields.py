"""The fields of a request in its form: types, classes and attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import fiftyone as fo
import fiftyone.core.media as fom
from fiftyone.operators import types

from fiftyone_cvat.convert.to_cvat.attribute_specs import ATTRIBUTE_TYPES
from fiftyone_cvat.plugin.filled_fields import Filled, fill_field
from fiftyone_cvat.plugin.shown import alert

__all__ = ["add_fields", "chosen_schema", "fields_of", "fill_fields"]

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


def add_fields(
    inputs: types.Object, samples: Any, params: Mapping[str, Any]
) -> dict[str, Filled]:
    """Add the choice of fields, and for each of them what is annotated in it.

    Args:
        inputs: the form
        samples: the samples of the request
        params: the values of the form so far

    Returns:
        what the fields are filled with
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
    new_types = NEW_TYPES.get(samples.media_type, NEW_TYPES[fom.IMAGE])
    filled = {}
    for name in params.get("fields") or ():
        filled[str(name)] = _fill(samples, name, known.get(name), params)
        offered, given = known.get(name, new_types), params.get(_key(name)) or {}
        _add_field(inputs, name, offered, given, filled[str(name)])
    return filled


def fill_fields(samples: Any, params: Mapping[str, Any]) -> dict[str, Filled]:
    """Return what the chosen fields of a form are filled with; new ones with nothing.

    Args:
        samples: the samples of the request
        params: the values of the form
    """
    known = fields_of(samples)
    return {
        str(name): _fill(samples, name, known.get(name), params)
        for name in params.get("fields") or ()
    }


def chosen_schema(
    params: Mapping[str, Any], filled: Mapping[str, Filled]
) -> dict[str, dict[str, Any]]:
    """Return the label schema that a form says.

    Args:
        params: the values of the form
        filled: what it was filled with, by field
    """
    return {
        name: each.schema(params.get(_key(name)) or {}) for name, each in filled.items()
    }


def _fill(
    samples: Any, name: str, kinds: Sequence[str] | None, params: Mapping[str, Any]
) -> Filled:
    if kinds is None:
        return Filled()
    given = params.get(_key(name)) or {}
    return fill_field(samples, name, given.get("type") or kinds[0])


def _add_field(
    inputs: types.Object,
    name: str,
    offered: Sequence[str],
    given: Mapping[str, Any],
    filled: Filled,
) -> None:
    """Add what is annotated in one field, filled with what the dataset has."""
    is_new = not filled.info
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
    words, *more = filled.words or [""]
    if words:
        alert(section, "of_app", "info", words, ". ".join(more))
    if kind != "segmentation" and not filled.is_read_only:
        _add_classes(section, filled, is_needed=is_new and kind != "scalar")
    if kind not in ("segmentation", "scalar") and not filled.is_read_only:
        _add_attributes(section, filled)
    inputs.define_property(
        _key(name),
        section,
        label=name,
        description="A new field" if is_new else None,
        view=types.ObjectView(label=name),
    )


def _add_classes(section: types.Object, filled: Filled, *, is_needed: bool) -> None:
    choices = types.AutocompleteView(allow_user_input=True, multiple=True)
    for each in filled.classes:
        choices.add_choice(each, label=each)
    section.list(
        "classes",
        types.String(),
        default=filled.classes or None,
        required=is_needed,
        label="Classes",
        description="Those that the dataset has are filled in; write others",
        view=choices,
    )


def _add_attributes(section: types.Object, filled: Filled) -> None:
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
    section.list("attributes", attribute, default=filled.rows, label="Attributes")


def _key(name: str) -> str:
    """Return the name of a field's part of the form."""
    return "field_" + re.sub(r"\W", "_", str(name))
