"""What of an annotation an annotator can change, in a few characters.

An annotation whose fingerprint is that of the one that went up was not touched in CVAT,
whatever has become of its label in the dataset meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from fiftyone_cvat.convert.shared.server_ids import AttributeIds, ClassIds
from fiftyone_cvat.types import CVATSchema, Json

__all__ = [
    "AnnotationNames",
    "annotation_to_fingerprint",
    "annotations_to_fingerprints",
    "on_other_frames",
    "schema_names",
]

_LENGTH = 8
"""Bytes of a fingerprint: of a million annotations two are alike once in 10^7 runs."""

_OF_SHAPES = ("type", "rotation", "occluded", "outside", "z_order")


@dataclass(slots=True)
class AnnotationNames:
    """What the server's ids in annotations stand for; names outlive the ids.

    Args:
        class_ids: CVAT class name, and that with a node's, to the server's id
        attribute_ids: the server's id of a label to the ids of its attributes by name
        defaults: attribute id to the text that the server fills in for none
    """

    class_ids: ClassIds
    attribute_ids: AttributeIds
    defaults: Mapping[int, str]
    class_by_id: dict[int, Any] = field(init=False)
    attribute_by_id: dict[int, str] = field(init=False)

    def __post_init__(self) -> None:
        self.class_by_id = {number: name for name, number in self.class_ids.items()}
        self.attribute_by_id = {
            number: name
            for by_name in self.attribute_ids.values()
            for name, number in by_name.items()
        }


def annotations_to_fingerprints(
    annotations: Json, names: AnnotationNames
) -> dict[str, dict[int, str]]:
    """Return the fingerprints of a task's annotations.

    Args:
        annotations: ``tags``, ``shapes`` and ``tracks`` as the server sent them
        names: what the ids in them stand for

    Returns:
        ``tags``, ``shapes`` and ``tracks``, each from the server's id of an
        annotation to its fingerprint; a track has one for all its shapes
    """
    return {
        kind: {
            each["id"]: annotation_to_fingerprint(each, kind, names)
            for each in annotations.get(kind) or []
        }
        for kind in ("tags", "shapes", "tracks")
    }


def annotation_to_fingerprint(
    annotation: Json, kind: str, names: AnnotationNames
) -> str:
    """Return the fingerprint of a tag, a shape, or a track with all its shapes.

    Args:
        annotation: the annotation as the server sent it
        kind: ``tags``, ``shapes`` or ``tracks``
        names: what the ids in it stand for
    """
    content = _common(annotation, names)
    if kind == "shapes":
        content += _form(annotation)
        content += [
            (names.class_by_id.get(each["label_id"]), _form(each))
            for each in annotation.get("elements") or []
        ]
    elif kind == "tracks":
        content += _track(annotation, names)
    return blake2b(orjson.dumps(content), digest_size=_LENGTH).hexdigest()


def on_other_frames(annotation: Json, frames: Mapping[int, int]) -> Json | None:
    """Return an annotation as it would be in a task with its frames in another order.

    Args:
        annotation: a tag, shape or track as the server sent it
        frames: the position of a frame to that in the other task

    Returns:
        None if the other task lacks one of its frames
    """
    changed = dict(annotation)
    if "frame" in annotation:
        if annotation["frame"] not in frames:
            return None
        changed["frame"] = frames[annotation["frame"]]
    for name in ("shapes", "elements"):
        parts = [on_other_frames(each, frames) for each in annotation.get(name) or ()]
        if None in parts:
            return None
        if name in annotation:
            changed[name] = parts
    return changed


def schema_names(
    cvat_schema: CVATSchema,
    class_ids: ClassIds,
    attribute_ids: AttributeIds,
) -> AnnotationNames:
    """Return what the server's ids stand for, with the defaults of a schema.

    Args:
        cvat_schema: CVAT class name to its attributes by name
        class_ids: CVAT class name to the server's id of the label
        attribute_ids: the server's id of a label to the ids of its attributes by name
    """
    defaults = {
        number: str(cvat_schema[name][attribute].get("default_value") or "")
        for name, label_id in class_ids.items()
        for attribute, number in attribute_ids.get(label_id, {}).items()
        if attribute in cvat_schema.get(name, ())
    }
    return AnnotationNames(class_ids, attribute_ids, defaults)


def _common(annotation: Json, names: AnnotationNames) -> list[Any]:
    return [
        names.class_by_id.get(annotation["label_id"]),
        annotation.get("frame"),
        annotation.get("group") or 0,
        _texts(annotation, names),
    ]


def _form(shape: Json) -> list[Any]:
    # run lengths are stored as integers and sent as floats
    points = [*map(float, shape.get("points") or [])]
    return [points, *(shape.get(each) or 0 for each in _OF_SHAPES)]


def _track(track: Json, names: AnnotationNames) -> list[Any]:
    return [
        [
            (each.get("frame"), _form(each), _texts(each, names))
            for each in track["shapes"]
        ],
        [
            (names.class_by_id.get(each["label_id"]), _track(each, names))
            for each in track.get("elements") or []
        ],
    ]


def _texts(annotation: Json, names: AnnotationNames) -> list[tuple[str, str]]:
    """Return an annotation's attributes but those that are at their default."""
    return sorted(
        (names.attribute_by_id.get(each["spec_id"], ""), each["value"])
        for each in annotation.get("attributes") or []
        if each["value"] != names.defaults.get(each["spec_id"], "")
    )
