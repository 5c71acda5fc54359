"""Which types the values of a field have: those that the dataset gives them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import fiftyone.core.fields as fof

from fiftyone_cvat.convert.shared.attribute_names import declared_type, is_text
from fiftyone_cvat.dataset.sent_labels import Originals

__all__ = ["value_types"]


def value_types(
    samples: Any, label_field: str | None, originals: Originals
) -> dict[str, type]:
    """Return the types that the dataset gives a field's attributes.

    What the dataset's schema does not declare is taken from the run's labels, if all
    agree.

    Args:
        samples: the collection that has the field
        label_field: the field, or None where a label schema names none
        originals: the run's labels of the field as they are in the dataset

    Returns:
        attribute name to type; the type of a scalar field itself is under ``""``
    """
    if label_field is None:
        return {}
    schema = {"": samples.get_field(label_field)}
    document = schema[""]
    if isinstance(document, fof.EmbeddedDocumentField):
        _, path = samples._get_label_field_path(label_field)
        document = samples.get_field(path)
    while isinstance(document, fof.ListField):
        document = document.field
    if isinstance(document, fof.EmbeddedDocumentField):
        schema |= document.get_field_schema()
    types = {name: declared_type(each) for name, each in schema.items()}
    declared = {name: each for name, each in types.items() if each is not None}
    return _types_of_labels(originals, declared) | declared


def _types_of_labels(
    originals: Originals, declared: Collection[str]
) -> dict[str, type]:
    """Return the types of attributes that have the same one in all labels.

    Args:
        originals: the labels
        declared: names whose types are known
    """
    types: dict[str, set[type]] = defaultdict(set)
    for by_id in originals.values():
        for original in by_id.values():
            if not original.is_gone:
                for name, value in original.held.iter_attributes():
                    if name not in declared:
                        types[name].add(_type_of(value))
    known = {name: each - {type(None)} for name, each in types.items()}
    return {name: each.pop() for name, each in known.items() if len(each) == 1}


def _type_of(value: Any) -> type:
    return type(value) if value is None or is_text(value) else object
