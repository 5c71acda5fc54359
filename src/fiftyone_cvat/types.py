"""The shapes of the data: JSON on the wire, and values passed between modules.

Coordinates are in pixels, edges, half-open, with (0, 0) at the top left, unless a
name says ``relative``: then they are fractions of the frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NotRequired, TypedDict

__all__ = [
    "CONFIG_CLS",
    "DAY",
    "AttributeSpec",
    "AttributeValue",
    "CVATSchema",
    "FieldSchema",
    "GEOMETRY",
    "ClassSchema",
    "Json",
    "LabelSchema",
    "RETURN_TYPES",
    "Shape",
    "Size",
    "Skeleton",
    "Tag",
    "Track",
]

Json = dict[str, Any]
"""A JSON object as the server sends or takes it."""

LabelSchema = dict[Any, dict[str, Any]]
"""FiftyOne's label schema: field name (or None) to its type, classes, attributes."""

CONFIG_CLS = "fiftyone_cvat.backend.CVATBackendConfig"
"""What stands in FiftyOne's configuration of a backend that is this package."""

DAY = 86_400
"""The most seconds between two questions: systems cannot wait for very long."""

GEOMETRY = ("rotation", "location", "dimensions")
"""Attributes of a detection that CVAT keeps as the shape's own geometry."""

RETURN_TYPES = {
    "classification": "classifications",
    "classifications": "classifications",
    "detection": "detections",
    "detections": "detections",
    "instance": "detections",
    "instances": "detections",
    "polyline": "polylines",
    "polylines": "polylines",
    "polygon": "polylines",
    "polygons": "polylines",
    "keypoint": "keypoints",
    "keypoints": "keypoints",
    "segmentation": "segmentation",
    "scalar": "scalar",
}
"""The kind that labels of a field's type are returned as, as FiftyOne expects it."""


class Size(NamedTuple):
    """A frame's size in pixels."""

    width: int
    height: int


class AttributeSpec(TypedDict):
    """An attribute of a CVAT label, as the server takes it."""

    name: str
    input_type: str
    mutable: bool
    values: list[str]
    default_value: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The nodes of a skeleton by name, and its edges as pairs of their positions."""

    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]


class ClassSchema(dict[str, AttributeSpec]):
    """The attributes of a CVAT label by name.

    Attributes:
        skeleton: the skeleton, if it is one
        class_by_field: field to the class that it calls so in CVAT
    """

    skeleton: Skeleton | None = None

    def __init__(self, *args: Any, **specs: Any) -> None:
        super().__init__(*args, **specs)
        self.class_by_field: dict[Any, str] = {}


CVATSchema = dict[str, ClassSchema]
"""CVAT class name to the specifications of its attributes by name."""


class FieldSchema(CVATSchema):
    """The part of a schema that holds the classes of one field.

    Attributes:
        cvat_classes: the field's class to CVAT class name
    """

    def __init__(self, schema: CVATSchema, cvat_classes: Mapping[str, str]) -> None:
        super().__init__({name: schema[name] for name in cvat_classes.values()})
        self.cvat_classes = dict(cvat_classes)

    def add_class(self, name: str) -> None:
        """Add a class without attributes, called as the field calls it."""
        self.setdefault(name, ClassSchema())
        self.cvat_classes[name] = name


class AttributeValue(TypedDict):
    """An attribute's value; ``spec_id`` is a name until ids are put in."""

    spec_id: Any
    value: str


class Tag(TypedDict):
    """A label of a whole frame; ``label_id`` is a name until ids are put in."""

    id: NotRequired[int]
    label_id: Any
    frame: int
    group: int
    source: str
    attributes: list[AttributeValue]


class Shape(TypedDict):
    """A shape on one frame; ``label_id`` is a name until ids are put in."""

    id: NotRequired[int]
    type: str
    label_id: NotRequired[Any]
    frame: int
    points: list[float]
    rotation: NotRequired[float]
    occluded: bool
    outside: NotRequired[bool]
    keyframe: NotRequired[bool]
    z_order: int
    group: int
    source: str
    attributes: list[AttributeValue]
    elements: NotRequired[list[Any]]


class Track(TypedDict):
    """One object over several frames; only key shapes are listed."""

    id: NotRequired[int]
    label_id: Any
    frame: int
    group: int
    source: str
    attributes: list[AttributeValue]
    shapes: list[Shape]
    elements: NotRequired[list[Any]]
