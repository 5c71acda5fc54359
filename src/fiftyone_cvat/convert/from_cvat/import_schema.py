"""The fields that labels of tasks go to that nobody sent."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from fiftyone_cvat.convert.shared.texts import text_to_number
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.types import Json, LabelSchema

__all__ = ["annotations_to_kinds", "classes_of_any_type", "labels_to_label_schema"]

KINDS = ("detections", "polylines", "keypoints", "classifications")
"""Kinds of label, and the names of the fields that they go to by default."""

ANY = "any"
"""CVAT's type of a label of which any shape may be drawn."""

KIND_BY_TYPE = {
    "polygon": "polylines",
    "polyline": "polylines",
    "ellipse": "polylines",
    "points": "keypoints",
    "skeleton": "keypoints",
    "tag": "classifications",
}
"""CVAT's type of a label or shape to the kind of it; all others are detections."""


def classes_of_any_type(
    labels: Sequence[Json], fields: Mapping[str, str]
) -> list[set[str]]:
    """Return for each field of named classes those whose type tells no kind.

    Args:
        labels: the labels as the server describes them
        fields: names of classes, with ``*`` and ``|``, to the field of their labels
    """
    names = [each["name"] for each in labels if _type_of(each) == ANY]
    return [{each for each in names if _fits(each, pattern)} for pattern in fields]


def annotations_to_kinds(
    annotations: Json, labels: Sequence[Json]
) -> dict[str, Counter[str]]:
    """Count the kinds that the annotations of a task are, by class.

    Args:
        annotations: its ``tags``, ``shapes`` and ``tracks``
        labels: its labels as the server describes them
    """
    name_by_id = {each["id"]: each["name"] for each in labels}
    found: dict[str, Counter[str]] = {}
    for each in (*annotations["shapes"], *annotations["tracks"], *annotations["tags"]):
        name = name_by_id.get(each["label_id"])
        if name is None:
            continue
        shape = each["shapes"][0] if each.get("shapes") else each
        kind = KIND_BY_TYPE.get(shape.get("type", "tag"), "detections")
        found.setdefault(name, Counter())[kind] += 1
    return found


def labels_to_label_schema(
    labels: Sequence[Json],
    fields: Mapping[str, str],
    prefix: str,
    drawn: Mapping[str, Counter[str]],
) -> LabelSchema:
    """Return fields for all kinds of label; those of named classes come first.

    Args:
        labels: the labels as the server describes them
        fields: names of classes, with ``*`` and ``|``, to the field of their labels;
            ``class.attribute`` to the field of the scalars that tags of the class have
        prefix: what is put before names of fields: ``frames.`` for those of videos
        drawn: class to how many of its labels are of which kind, as far as they are
            known: it decides for classes whose type is any

    Raises:
        ConfigurationError: if no class fits
    """
    schema: LabelSchema = {}
    for pattern, name in fields.items():
        root = prefix + name.removeprefix(prefix)
        scalar = _scalar_named(labels, pattern)
        if scalar is not None:
            _refuse_another_kind(schema.get(root), "scalar", pattern, name)
            schema[root] = scalar
            continue
        classes = [each["name"] for each in labels if _fits(each["name"], pattern)]
        if not classes:
            known = ", ".join(sorted(each["name"] for each in labels))
            raise ConfigurationError(
                f"`fields`: no class fits '{pattern}', and no attribute of one, "
                f"written as class.attribute; there are {known or 'none'}"
            )
        main = _main_kind(labels, classes, drawn)
        _refuse_another_kind(schema.get(root), main, pattern, name)
        for kind in KINDS:
            own = root if kind == main else f"{root}_{kind}"
            info = schema.setdefault(own, {"type": kind, "cvat_classes": {}})
            info["cvat_classes"] |= {each: each for each in classes}
    for kind in KINDS:
        schema.setdefault(prefix + kind, {"type": kind})
    return schema


def _refuse_another_kind(
    info: Mapping[str, Any] | None, kind: str, pattern: str, name: str
) -> None:
    """Refuse to give a field a second kind of labels, or a second scalar."""
    if info is not None and (info["type"] != kind or kind == "scalar"):
        raise ConfigurationError(
            f"`fields`: '{pattern}' would go to '{name}' as {kind}, which takes "
            f"{info['type']} of others already: give it another field"
        )


def _scalar_named(labels: Sequence[Json], name: str) -> dict[str, Any] | None:
    """Return the field of scalars that ``class.attribute`` names, or None.

    A class comes first that is called so itself.
    """
    if any(_fits(each["name"], name) for each in labels):
        return None
    for label in labels:
        for spec in label["attributes"]:
            if name == f"{label['name']}.{spec['name']}":
                return {
                    "type": "scalar",
                    "cvat_classes": {label["name"]: label["name"]},
                    "cvat_attribute": spec["name"],
                    "value_type": _value_type(spec),
                }
    return None


def _value_type(spec: Json) -> str:
    """Return the type of values that an attribute may have, one for all of them."""
    if spec["input_type"] == "number":
        # the least, the greatest, and the step between them
        numbers = [text_to_number(each) for each in spec.get("values") or ()]
        is_whole = numbers and all(isinstance(each, int) for each in numbers)
        return "int" if is_whole else "float"
    return "bool" if spec["input_type"] == "checkbox" else "str"


def _fits(name: str, pattern: str) -> bool:
    return any(fnmatch.fnmatchcase(name, each) for each in pattern.split("|"))


def _main_kind(
    labels: Sequence[Json], classes: Sequence[str], drawn: Mapping[str, Counter[str]]
) -> str:
    """Return the kind that most labels of some classes are, else the first by type."""
    counts: Counter[str] = Counter()
    kinds = set()
    for each in labels:
        if each["name"] in classes:
            counts += drawn.get(each["name"], Counter())
            kinds.add(KIND_BY_TYPE.get(_type_of(each), "detections"))
    if counts:
        return max(KINDS, key=counts.__getitem__)
    return next(each for each in KINDS if each in kinds)


def _type_of(label: Json) -> str:
    return str(label.get("type") or ANY)
