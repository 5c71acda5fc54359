"""The fields that labels of tasks go to that nobody sent."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.types import Json, LabelSchema

__all__ = ["labels_to_label_schema"]

KINDS = ("detections", "polylines", "keypoints", "classifications")
"""Kinds of label, and the names of the fields that they go to by default."""

KIND_BY_TYPE = {
    "polygon": "polylines",
    "polyline": "polylines",
    "ellipse": "polylines",
    "points": "keypoints",
    "skeleton": "keypoints",
    "tag": "classifications",
}
"""CVAT's type of a label to the kind that its shapes are; all others are boxes."""


def labels_to_label_schema(
    labels: Sequence[Json], fields: Mapping[str, str], prefix: str
) -> LabelSchema:
    """Return fields for all kinds of label; those of named classes come first.

    Args:
        labels: the labels as the server describes them
        fields: names of classes, with ``*`` and ``|``, to the field of their labels
        prefix: what is put before names of fields: ``frames.`` for those of videos

    Raises:
        ConfigurationError: if no class fits
    """
    schema: LabelSchema = {}
    for pattern, name in fields.items():
        classes = [each["name"] for each in labels if _fits(each["name"], pattern)]
        if not classes:
            known = ", ".join(sorted(each["name"] for each in labels))
            raise ConfigurationError(
                f"`fields`: no class fits '{pattern}'; there are {known or 'none'}"
            )
        root = prefix + name.removeprefix(prefix)
        main = _main_kind(labels, classes)
        for kind in KINDS:
            own = root if kind == main else f"{root}_{kind}"
            info = schema.setdefault(own, {"type": kind, "cvat_classes": {}})
            info["cvat_classes"] |= {each: each for each in classes}
    for kind in KINDS:
        schema.setdefault(prefix + kind, {"type": kind})
    return schema


def _fits(name: str, pattern: str) -> bool:
    return any(fnmatch.fnmatchcase(name, each) for each in pattern.split("|"))


def _main_kind(labels: Sequence[Json], classes: Sequence[str]) -> str:
    """Return the first kind that labels of some classes are by their types."""
    kinds = {
        KIND_BY_TYPE.get(each.get("type", "any"), "detections")
        for each in labels
        if each["name"] in classes
    }
    return next(each for each in KINDS if each in kinds)
