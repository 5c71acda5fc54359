"""From FiftyOne label schemas to the labels that CVAT has of a run's classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from fiftyone_cvat.convert.shared.skeletons import skeleton_label
from fiftyone_cvat.convert.shared.texts import (
    LABEL_ID,
    check_characters,
    check_ends,
    shorten,
)
from fiftyone_cvat.convert.to_cvat.attribute_specs import (
    MAX_NAME,
    attribute_spec,
    label_id_attribute,
    to_cvat_attributes,
)
from fiftyone_cvat.convert.to_cvat.schema_form import check_form
from fiftyone_cvat.errors import SchemaError
from fiftyone_cvat.types import (
    GEOMETRY,
    RETURN_TYPES,
    AttributeSpec,
    ClassSchema,
    CVATSchema,
    Json,
    LabelSchema,
    Skeleton,
)

__all__ = [
    "SchemaParts",
    "build_cvat_schema",
    "check_texts",
    "classes_of",
    "cvat_schema_to_labels",
    "get_return_label_types",
    "schema_attributes",
]

SchemaParts = tuple[
    CVATSchema,
    dict[Any, bool | None],
    dict[Any, dict[str, str]],
    dict[Any, dict[str, str]],
    dict[Any, dict[str, str]],
]


def build_cvat_schema(
    label_schema: LabelSchema,
    occluded_attr: str | None = None,
    group_id_attr: str | None = None,
) -> SchemaParts:
    """Build CVAT labels from a FiftyOne label schema.

    A class that several fields share becomes one CVAT label per field, called
    ``<class>_<field>``, so that each shape finds its way back. So does a class that is
    called like one of those.

    Args:
        label_schema: field name to ``type``, ``classes``, ``attributes``; names given
            by the two other arguments are added to its attributes, in place
        occluded_attr: the attribute that holds occlusion in every field, or None
        group_id_attr: the attribute that holds group ids in every field, or None

    Returns:
        a tuple of

        -   CVAT class name to its attributes by name
        -   field to whether its scalars are values of a tag's attribute (True) or
            the names of tags (False); None if it holds no scalars
        -   field to CVAT class name to the attribute that holds occlusion
        -   field to CVAT class name to the attribute that holds group ids
        -   field to class name to CVAT class name

    Raises:
        SchemaError: if a class or attribute cannot be expressed in CVAT
    """
    check_form(label_schema, with_numbers=True)
    check_texts(label_schema)
    fields = [
        _field_classes(name, info, occluded_attr, group_id_attr)
        for name, info in label_schema.items()
    ]
    shared = _shared_classes(fields)

    cvat_schema: CVATSchema = {}
    occluded_attrs: dict[Any, dict[str, str]] = {}
    group_id_attrs: dict[Any, dict[str, str]] = {}
    cvat_classes_by_field: dict[Any, dict[str, str]] = {}
    for each in fields:
        cvat_names = cvat_classes_by_field.setdefault(each.field, {})
        for name, specs in each.attributes_by_class.items():
            cvat_name = f"{name}_{each.field}" if name in shared else name
            _check_class_name(cvat_name, each.field)
            if cvat_name in cvat_schema:
                raise SchemaError(
                    f"Class '{name}' of field '{each.field}' would be '{cvat_name}' in "
                    "CVAT, which another field uses already: rename one of the two"
                )
            specs.class_by_field[each.field] = name
            cvat_names[name] = cvat_name
            cvat_schema[cvat_name] = specs
        occluded_attrs |= _renamed(each.field, each.occluded_by_class, cvat_names)
        group_id_attrs |= _renamed(each.field, each.group_id_by_class, cvat_names)

    scalars = {
        name: not info.get("classes") if info.get("type") == "scalar" else None
        for name, info in label_schema.items()
    }
    return cvat_schema, scalars, occluded_attrs, group_id_attrs, cvat_classes_by_field


def check_texts(label_schema: LabelSchema) -> None:
    """Refuse texts anywhere in a label schema that CVAT does not take.

    FiftyOne's database takes no half characters, and no NUL in names, either.

    Args:
        label_schema: field name to ``type``, ``classes``, ``attributes``

    Raises:
        SchemaError: if one has a character that is NUL or half of one
    """
    for label_field, info in label_schema.items():
        check_characters(str(label_field), f"Field '{shorten(str(label_field))}'")
        for path, text in _texts(info):
            where = shorten(".".join(path))
            what = f"Field '{label_field}': '{shorten(text)}' in {where}"
            check_characters(text, what)


def _texts(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[Any, str]]:
    """Yield each text in a part of a label schema with the names that lead to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield path, str(name)
            yield from _texts(each, (*path, str(name)))
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each, path)


def cvat_schema_to_labels(schema: CVATSchema) -> list[Json]:
    """Return the labels of a schema as the server takes them."""
    labels = []
    if not isinstance(schema, Mapping):
        raise SchemaError(
            "`schema` must be a dict of CVAT's classes to their attributes, not "
            f"{schema!r:.80}"
        )
    for name, attributes in schema.items():
        if not isinstance(name, str) or not isinstance(attributes, Mapping):
            raise SchemaError(
                "`schema` is a dict of CVAT's classes to dicts of their attributes, "
                f"and has {attributes!r:.80} for {name!r:.80}"
            )
        specs = list(attributes.values())
        skeleton = getattr(attributes, "skeleton", None)
        if skeleton is None:
            labels.append({"name": name, "attributes": specs})
        else:
            labels.append(skeleton_label(name, skeleton.nodes, skeleton.edges, specs))
    return labels


def get_return_label_types(
    label_schema: LabelSchema, label_fields: Iterable[Any]
) -> list[str]:
    """Return the kinds that the labels of some fields are returned as."""
    types = [label_schema[name].get("type") for name in label_fields]
    return [RETURN_TYPES[each] for each in types if each]


def schema_attributes(info: dict[str, Any]) -> set[str]:
    """Return the names of all attributes of a field, and of its shapes' geometry.

    Args:
        info: the field's part of the label schema
    """
    names = {*(info.get("attributes") or {}), *GEOMETRY}
    for each in info.get("classes") or []:
        if isinstance(each, dict):
            names |= set(each["attributes"])
    return names


@dataclass(slots=True)
class _FieldClasses:
    """The classes of one field with their attributes."""

    field: Any
    attributes_by_class: dict[str, ClassSchema] = field(default_factory=dict)
    occluded_by_class: dict[str, str] = field(default_factory=dict)
    group_id_by_class: dict[str, str] = field(default_factory=dict)


def _field_classes(
    name: Any,
    info: dict[str, Any],
    occluded_attr: str | None,
    group_id_attr: str | None,
) -> _FieldClasses:
    given = info["attributes"] = info.get("attributes") or {}
    common, occluded, group_id = _attributes_of(f"Field '{name}'", _in_order(given))
    if occluded is None and occluded_attr is not None:
        occluded = occluded_attr
        common.pop(occluded_attr, None)
        given[occluded_attr] = {"type": "occluded"}
    if group_id is None and group_id_attr is not None:
        group_id = group_id_attr
        common.pop(group_id_attr, None)
        given[group_id_attr] = {"type": "group_id"}
    _check_reserved(common, name)
    if RETURN_TYPES.get(info.get("type", "")) == "detections":
        common = {key: each for key, each in common.items() if key not in GEOMETRY}

    skeleton = None
    if info.get("skeleton"):
        nodes, edges = info["skeleton"]["labels"], info["skeleton"]["edges"]
        skeleton = Skeleton(tuple(nodes), tuple((a, b) for a, b in edges))

    result = _FieldClasses(name)
    for class_name, extra in classes_of(name, info):
        where = f"Class '{shorten(class_name)}' of field '{name}'"
        specs, own_occluded, own_group_id = _attributes_of(where, extra)
        _check_reserved(specs, name)
        merged = deepcopy(common) | specs
        # FiftyOne lists what labels have as attributes of all classes
        merged.pop(own_occluded or "", None)
        merged.pop(own_group_id or "", None)
        if info.get("existing_field") and info.get("type") != "scalar":
            merged[LABEL_ID] = label_id_attribute()
        if info.get("type") == "scalar" and not info.get("classes") and not merged:
            merged["value"] = attribute_spec("value", "text", {})
        own = result.attributes_by_class.setdefault(class_name, ClassSchema())
        own.update(merged)
        own.skeleton = skeleton
        if own_occluded or occluded:
            result.occluded_by_class[class_name] = str(own_occluded or occluded)
        if own_group_id or group_id:
            result.group_id_by_class[class_name] = str(own_group_id or group_id)
    return result


def _attributes_of(
    where: str, attributes: dict[str, dict[str, Any]]
) -> tuple[dict[str, AttributeSpec], str | None, str | None]:
    """Convert attributes; say in an error whose they are."""
    try:
        return to_cvat_attributes(attributes)
    except SchemaError as error:
        raise SchemaError(f"{where}: {error}") from error


def _in_order(attributes: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return attributes in the order in which annotators see them.

    FiftyOne finds those of existing labels in an order that changes from one process
    to the next: where a user has chosen nothing about them, they go by name.
    """
    plain: tuple[list[Any], ...] = ([], [True, False])
    chosen = (
        each.get("type") in ("select", "radio", "number")
        or "default" in each
        or list(each.get("values") or []) not in plain
        for each in attributes.values()
    )
    return attributes if any(chosen) else dict(sorted(attributes.items()))


def classes_of(
    name: Any, info: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each class of a field with the attributes that only it has."""
    for each in info.get("classes") or [name]:
        if isinstance(each, dict):
            for class_name in each["classes"]:
                yield class_name, each["attributes"]
        else:
            yield str(each), {}


def _shared_classes(fields: list[_FieldClasses]) -> set[str]:
    seen: set[str] = set()
    shared: set[str] = set()
    for each in fields:
        names = set(each.attributes_by_class)
        shared |= seen & names
        seen |= names
    new = shared
    while new:
        # what they are called then may be the name of a class, too
        renamed = {
            f"{name}_{each.field}"
            for each in fields
            for name in new.intersection(each.attributes_by_class)
        }
        new = (renamed & seen) - shared
        shared |= new
    return shared


def _renamed(
    name: Any, attribute_by_class: dict[str, str], cvat_names: dict[str, str]
) -> dict[Any, dict[str, str]]:
    if not attribute_by_class:
        return {}
    return {name: {cvat_names[key]: each for key, each in attribute_by_class.items()}}


def _check_class_name(name: str, label_field: Any) -> None:
    if not name.strip():
        raise SchemaError(
            f"Field '{label_field}' has a class without a name: give its labels a "
            "class, or name the others as `classes`"
        )
    check_ends(name, f"Class '{shorten(name)}' of field '{label_field}'", "class")
    if len(name) > MAX_NAME:
        raise SchemaError(
            f"Class name '{shorten(name)}' of field '{label_field}' has {len(name)} "
            f"characters; CVAT takes {MAX_NAME}: rename the class"
        )


def _check_reserved(specs: dict[str, AttributeSpec], label_field: Any) -> None:
    if LABEL_ID in specs:
        raise SchemaError(
            f"Field '{label_field}' has an attribute called '{LABEL_ID}', in which "
            "FiftyOne's ids travel: rename it, or leave it out of `attributes`"
        )
