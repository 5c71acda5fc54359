"""The labels of an existing project or task as the schema of a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from fiftyone_cvat.convert.shared.attribute_names import is_attribute_name
from fiftyone_cvat.convert.shared.skeletons import sublabel_ids_by_label
from fiftyone_cvat.convert.shared.texts import LABEL_ID
from fiftyone_cvat.convert.to_cvat.attribute_specs import (
    SHAPE_PROPERTIES,
    label_id_attribute,
)
from fiftyone_cvat.convert.to_cvat.class_names import project_classes
from fiftyone_cvat.convert.to_cvat.schema import SchemaParts, classes_of
from fiftyone_cvat.errors import SchemaError
from fiftyone_cvat.types import (
    RETURN_TYPES,
    AttributeSpec,
    ClassSchema,
    CVATSchema,
    Json,
    LabelSchema,
    Skeleton,
)

__all__ = [
    "check_properties",
    "ensure_one_field_per_type",
    "has_ignored_attributes",
    "labels_to_cvat_schema",
    "labels_without_label_id",
    "names_of_no_attribute",
    "tell_fields_apart",
]


def labels_to_cvat_schema(
    labels: Iterable[Json],
    label_schema: LabelSchema,
    occluded_attr: str | None = None,
    group_id_attr: str | None = None,
) -> SchemaParts:
    """Build the schema of a run from the labels that a project or task has.

    Args:
        labels: the labels as the server describes them
        label_schema: the run's label schema; classes and attributes of each field
            that holds no scalars are replaced by the server's, in place
        occluded_attr: the attribute that holds occlusion in every field, or None
        group_id_attr: the attribute that holds group ids in every field, or None

    Returns:
        the same tuple as :func:`build_cvat_schema`
    """
    cvat_schema, attributes_by_class = _read_labels(labels)
    asked_for = (occluded_attr, group_id_attr)
    for name in asked_for:
        if name is not None:
            for attributes in attributes_by_class.values():
                attributes[name] = {}

    def own_classes(info: dict[str, Any]) -> dict[str, str]:
        return info.get("cvat_classes") or {each: each for each in cvat_schema}

    scalars: dict[Any, bool | None] = {}
    by_property: tuple[dict[Any, dict[str, str]], dict[Any, dict[str, str]]] = ({}, {})
    for label_field, info in label_schema.items():
        own = deepcopy(attributes_by_class)
        for kind, by_field, by_class in zip(
            SHAPE_PROPERTIES,
            by_property,
            _property_attributes(info, cvat_schema, asked_for),
            strict=True,
        ):
            if by_class:
                by_field[label_field] = by_class
            for class_name, name in by_class.items():
                own[class_name].setdefault(name, {"type": kind})
        is_scalar = info.get("type") == "scalar"
        scalars[label_field] = not info.get("classes") if is_scalar else None
        if not is_scalar and info.get("type") is not None:
            info["attributes"] = {}
            info["classes"] = [
                {"classes": [each], "attributes": deepcopy(own[known])}
                for each, known in own_classes(info).items()
                if known in own
            ]

    cvat_names = {name: own_classes(info) for name, info in label_schema.items()}
    _note_fields(cvat_schema, cvat_names)
    occluded_attrs, group_id_attrs = by_property
    return cvat_schema, scalars, occluded_attrs, group_id_attrs, cvat_names


def _note_fields(
    cvat_schema: CVATSchema, cvat_names: Mapping[Any, Mapping[str, str]]
) -> None:
    """Note with each label of a project which class of which field it is."""
    for label_field, cvat_classes in cvat_names.items():
        for class_name, cvat_name in cvat_classes.items():
            if cvat_name in cvat_schema:
                cvat_schema[cvat_name].class_by_field[label_field] = class_name


def _property_attributes(
    info: Mapping[str, Any],
    cvat_schema: CVATSchema,
    asked_for: tuple[str | None, str | None],
) -> list[dict[str, str]]:
    """Return CVAT class name to the attribute of a field for each shape property.

    Args:
        info: the field's part of the label schema
        cvat_schema: CVAT class name to its attributes by name
        asked_for: the attributes that hold the properties in every field, or None
    """
    return [
        dict.fromkeys(cvat_schema, given)
        if given is not None
        else {
            class_name: name
            for name in sorted(found)
            for class_name, specs in cvat_schema.items()
            # an attribute that the project itself has is one
            if name not in specs
        }
        for given, found in zip(asked_for, _properties(info), strict=True)
    ]


def _read_labels(
    labels: Iterable[Json],
) -> tuple[CVATSchema, dict[str, dict[str, Any]]]:
    """Return the classes of labels with their attributes, as both sides write them."""
    cvat_schema: CVATSchema = {}
    attributes_by_class: dict[str, dict[str, Any]] = {}
    for label in labels:
        specs = {each["name"]: each for each in label["attributes"]}
        known = {name: each for name, each in specs.items() if name != LABEL_ID}
        own = ClassSchema(known | {LABEL_ID: label_id_attribute()})
        if label.get("type") == "skeleton":
            name_by_id = {each["id"]: each["name"] for each in label["sublabels"]}
            order = sublabel_ids_by_label([label])[label["id"]]
            own.skeleton = Skeleton(tuple(name_by_id[each] for each in order), ())
        cvat_schema[label["name"]] = own
        attributes_by_class[label["name"]] = {
            name: _label_attribute(each)
            for name, each in known.items()
            if is_attribute_name(name)
        }
    return cvat_schema, attributes_by_class


def labels_without_label_id(labels: Iterable[Json]) -> list[Json]:
    """Return the labels that lack the attribute ``label_id``."""
    return [
        label
        for label in labels
        if all(each["name"] != LABEL_ID for each in label["attributes"])
    ]


def names_of_no_attribute(labels: Iterable[Json]) -> list[str]:
    """Return the names of attributes that labels in FiftyOne cannot have, in order.

    Args:
        labels: the labels as the server describes them
    """
    names = {each["name"] for label in labels for each in label["attributes"]}
    return sorted(each for each in names if not is_attribute_name(each))


def tell_fields_apart(label_schema: LabelSchema, labels: Iterable[Json]) -> None:
    """Note the project's class of each class of fields of one type, in place.

    Fields of one type can be told apart if no class of the project belongs to two of
    them. That holds for projects that a run with the same fields has created, where
    classes that fields share are called ``<class>_<field>``.

    Args:
        label_schema: the label schema; fields that are told apart get an entry
            ``cvat_classes``
        labels: the project's labels as the server describes them
    """
    known = {label["name"] for label in labels}
    fields_by_kind: dict[str, list[Any]] = defaultdict(list)
    for name, info in label_schema.items():
        if name is not None and info["type"] != "scalar":
            fields_by_kind[RETURN_TYPES[info["type"]]].append(name)
    cvat_classes = project_classes(label_schema, known)
    for fields in fields_by_kind.values():
        maps = [cvat_classes[name] for name in fields]
        classes = [each for by_class in maps for each in by_class.values()]
        if len(fields) > 1 and all(maps) and len(classes) == len(set(classes)):
            for name, by_class in zip(fields, maps, strict=True):
                label_schema[name]["cvat_classes"] = by_class


def ensure_one_field_per_type(
    label_schema: LabelSchema,
    verbose: bool = True,
) -> list[Any]:
    """Drop each field whose kind of label another field has already, in place.

    Fields that classes tell apart are left, see :func:`tell_fields_apart`.

    Args:
        label_schema: the label schema
        verbose: whether to drop them; otherwise they are only named

    Returns:
        the fields that share their kind with an earlier one
    """
    seen = set()
    extra = []
    for name, info in list(label_schema.items()):
        if name is None or "cvat_classes" in info:
            continue
        kind = RETURN_TYPES[info["type"]]
        kind = "classifications" if kind == "scalar" else kind
        if kind not in seen:
            seen.add(kind)
            continue
        extra.append(name)
        if verbose:
            del label_schema[name]
    return extra


def has_ignored_attributes(label_schema: LabelSchema) -> bool:
    """Return whether a field has attributes of the types ``occluded``, ``group_id``."""
    return any(any(_properties(info)) for info in label_schema.values())


def check_properties(
    label_schema: LabelSchema,
    occluded_attr: str | None = None,
    group_id_attr: str | None = None,
) -> None:
    """Check that each field has one attribute for occlusion, and one for groups.

    FiftyOne finds them among what labels have, where they are called as CVAT calls
    them.

    Args:
        label_schema: the label schema
        occluded_attr: the attribute that holds occlusion in every field, or None
        group_id_attr: the attribute that holds group ids in every field, or None

    Raises:
        SchemaError: if a field names several
    """
    for label_field, info in label_schema.items():
        for kind, given, found in zip(
            SHAPE_PROPERTIES,
            (occluded_attr, group_id_attr),
            _properties(info),
            strict=True,
        ):
            names = sorted(found if given is None else found | {given})
            if len(names) > 1:
                listed = "', '".join(names)
                raise SchemaError(
                    f"Field '{label_field}' has several attributes for what is one "
                    f"property of a shape in CVAT, '{kind}': '{listed}'; "
                    f"name one of them as `{kind}_attr`, and leave the others out "
                    "of `attributes`"
                )


def _properties(info: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """Return a field's attributes of the types ``occluded`` and ``group_id``."""
    occluded: set[str] = set()
    group_ids: set[str] = set()
    of_classes = [extra for _, extra in classes_of(None, info)]
    for attributes in (info.get("attributes") or {}, *of_classes):
        for names, kind in zip((occluded, group_ids), SHAPE_PROPERTIES, strict=True):
            names |= {
                name
                for name, each in attributes.items()
                if each.get("type") == kind and each.get("sent", True)
            }
    return occluded, group_ids


def _label_attribute(spec: AttributeSpec) -> dict[str, Any]:
    """Describe a server's attribute as a FiftyOne label schema does."""
    attribute: dict[str, Any] = {"type": spec["input_type"]}
    if spec.get("default_value"):
        attribute["default"] = spec["default_value"]
    if spec["values"] and spec["values"][0] != "":
        attribute["values"] = spec["values"]
    return attribute
