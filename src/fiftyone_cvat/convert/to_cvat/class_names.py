"""What a class of a field is called in CVAT."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from fiftyone_cvat.convert.to_cvat.schema import classes_of
from fiftyone_cvat.types import CVATSchema, FieldSchema, LabelSchema

__all__ = ["cvat_class", "field_schema", "project_classes"]


def field_schema(
    cvat_schema: CVATSchema, label_field: Any, label_info: Mapping[str, Any]
) -> FieldSchema:
    """Return the part of a schema that holds the classes of one field.

    A label of a class that only another field has is no label of this run.

    Args:
        cvat_schema: CVAT class name to its attributes by name
        label_field: the field
        label_info: the field's part of the label schema
    """
    known = {
        each.class_by_field[label_field]: name
        for name, each in cvat_schema.items()
        if label_field in getattr(each, "class_by_field", ())
    }
    cvat_classes = {}
    for name, _ in classes_of(label_field, label_info):
        cvat_name = known.get(name) or _named_by_rule(name, cvat_schema, label_field)
        if cvat_name is not None:
            cvat_classes[name] = cvat_name
    return FieldSchema(cvat_schema, cvat_classes)


def cvat_class(
    name: str | None, cvat_schema: CVATSchema, label_field: str
) -> str | None:
    """Return the CVAT class of a FiftyOne class, or None if the schema has none.

    Args:
        name: the class
        cvat_schema: CVAT class name to its attributes by name, of the field or of all
            fields, where a class that several fields share is called
            ``<class>_<field>``
        label_field: the field
    """
    if name is None:
        return None
    if isinstance(cvat_schema, FieldSchema):
        return cvat_schema.cvat_classes.get(name)
    return _named_by_rule(name, cvat_schema, label_field)


def _named_by_rule(
    name: str, cvat_names: Container[str], label_field: Any
) -> str | None:
    """Return what a class is called in CVAT: as it is, or ``<class>_<field>``."""
    names = (name, f"{name}_{label_field}")
    return next((each for each in names if each in cvat_names), None)


def project_classes(
    label_schema: LabelSchema, known: Container[str]
) -> dict[Any, dict[str, str]]:
    """Return what the classes of a run are called in a project that such a run made.

    Args:
        label_schema: the run's label schema
        known: the project's classes

    Returns:
        field to class to CVAT class name; classes that the project lacks are left out
    """
    classes_by_field = {
        label_field: list(
            dict.fromkeys(name for name, _ in classes_of(label_field, info))
        )
        for label_field, info in label_schema.items()
    }

    def is_renamed(name: str, label_field: Any) -> bool:
        renamed = f"{name}_{label_field}"
        return renamed in known and not any(
            renamed in classes and not is_renamed(renamed, other)
            for other, classes in classes_by_field.items()
        )

    result: dict[Any, dict[str, str]] = {}
    for label_field, classes in classes_by_field.items():
        names = {
            name: f"{name}_{label_field}" if is_renamed(name, label_field) else name
            for name in classes
        }
        result[label_field] = {k: each for k, each in names.items() if each in known}
    return result
