"""From CVAT tags and shapes to FiftyOne labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import fiftyone.core.labels as fol
import numpy as np
from bson import ObjectId
from numpy.typing import NDArray

from fiftyone_cvat.convert.from_cvat.attribute_texts import (
    RefusedText,
    attribute_values,
    typed_values,
)
from fiftyone_cvat.convert.from_cvat.field_context import FieldContext
from fiftyone_cvat.convert.from_cvat.label_templates import build_label
from fiftyone_cvat.convert.shared.attribute_names import TAGS
from fiftyone_cvat.convert.shared.ellipses import ellipse_to_mask, ellipse_to_polygon
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from fiftyone_cvat.convert.shared.masks import clip_mask
from fiftyone_cvat.convert.shared.polygons import mask_to_polygons, polygons_to_mask
from fiftyone_cvat.convert.shared.run_lengths import runs_to_mask
from fiftyone_cvat.convert.shared.segmentations import MaskPiece
from fiftyone_cvat.convert.shared.skeletons import skeleton_to_points
from fiftyone_cvat.convert.shared.texts import LABEL_ID, text_to_value
from fiftyone_cvat.convert.shared.track_keys import TrackKey
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.geometry import corners_to_box, pixels_to_points
from fiftyone_cvat.types import Json

__all__ = ["AnnotationType", "ReadLabel", "read_annotation"]

AnnotationType = Literal["tags", "shapes", "track", "tracks"]

DETECTIONS = ("detection", "detections", "instance", "instances")
LINES = ("polyline", "polylines")
POLYLINES = (*LINES, "polygon", "polygons")


@dataclass(slots=True)
class ReadLabel:
    """An annotation as it was read, before ids are settled.

    Attributes:
        kind: ``classifications``, ``detections``, ``polylines``, ``keypoints``,
            ``segmentation`` or ``scalar``
        frame: the frame's position in the task, from 0
        value: a FiftyOne label, a scalar, or a :class:`MaskPiece`; None as long as
            ``read_later`` has not been called
        label_id: the id that came in the attribute ``label_id``, or None
        part: the number of the label's part, from 1
        annotation: the annotation as the server sent it
        track: the number of its track in the task, or None
        key: the key of its track in the dataset, or None
        index: the index of its track there, or None
        instance: the id of the instance of its track there, or None
        refused: texts of attributes that are no values of the label
        is_untouched: whether the annotation is in CVAT as it went up
        sent: what the annotation went up as, if it came back as that; its label is
            most likely the dataset's own and is not read before it turns out not to be
        read_later: reads it then
        unread_class: the class of a label that is not read
        is_empty: whether it is the tag of a scalar, and has no value
    """

    kind: str
    frame: int
    value: Any
    label_id: str | None
    part: int
    annotation: Json
    track: int | None = None
    key: TrackKey | None = None
    index: int | None = None
    instance: str | None = None
    refused: Sequence[RefusedText] = ()
    is_untouched: bool = False
    sent: Json | None = None
    read_later: Callable[[], ReadLabel | None] | None = None
    unread_class: str | None = None
    is_empty: bool = False

    @property
    def class_name(self) -> str:
        """The class of the label."""
        return str(self.unread_class or self.value.label)

    def read_value(self) -> Any:
        """Return the value, read now if it was not."""
        if self.read_later is not None:
            read = self.read_later()
            self.value = None if read is None else read.value
            self.read_later = None
            if self.index is not None:
                self.value.index = self.index
        return self.value

    def set_track(self, key: TrackKey, index: int | None, instance: str | None) -> None:
        """Set what track the annotation is of, and the index of a label that is read.

        Args:
            key: the key of the track
            index: its index, or None
            instance: the id of its instance, or None
        """
        self.key, self.index, self.instance = key, index, instance
        if self.read_later is None and index is not None:
            self.value.index = index


def read_annotation(
    annotation: Json,
    annotation_type: AnnotationType,
    context: FieldContext,
) -> ReadLabel | None:
    """Convert one tag, shape, or shape of a track, to a label.

    Args:
        annotation: the annotation as the server sent it
        annotation_type: ``tags``, ``shapes``, or ``tracks`` for a shape of one
        context: what is known about the field

    Returns:
        the label, or None if its class is none of the field's, its text is no value,
        or it has no pixel in the picture where the label is made of pixels
    """
    label_id = annotation["label_id"]
    name = context.class_by_label_id.get(label_id)
    if name is None:
        return None
    values = attribute_values(annotation, context.spec_ids)
    if annotation_type == "tags":
        read = _read_tag(name, values, context)
    else:
        read = _read_shape(annotation, name, context)
    if read is None:
        return None
    kind, value = read

    identity, part = split_label_id(values.pop(LABEL_ID, None))
    refused: Sequence[RefusedText] = ()
    if isinstance(value, _Draft):
        refused = _add_attributes(value, annotation, values, context)
        if annotation.get("keyframe"):
            value.attributes["keyframe"] = True
        value = build_label(value.label_type, value.fields, value.attributes)
    frame = annotation["frame"]
    return ReadLabel(kind, frame, value, identity, part, annotation, refused=refused)


def _read_tag(
    name: str, values: Mapping[str, str], context: FieldContext
) -> tuple[str, Any] | None:
    if context.label_type != "scalar":
        return "classifications", _draft(fol.Classification, name)
    kind = context.value_types.get("")
    if not context.scalar_in_attribute:
        try:
            return "scalar", text_to_value(name, kind or str)
        except ValueError:
            return "scalar", None
    if context.scalar_attribute is not None:
        text = values.get(context.scalar_attribute)
    else:
        text = next((each for key, each in values.items() if key != LABEL_ID), None)
    if text is None or (text == "" and kind is not str):
        return None
    fallback = str if context.keep_text else None
    try:
        return "scalar", text_to_value(text, kind or fallback)
    except ValueError:
        return "scalar", None


def _read_shape(
    shape: Json, name: str, context: FieldContext
) -> tuple[str, Any] | None:
    read = _READERS.get(shape["type"])
    return None if read is None else read(shape, name, context)


def _read_rectangle(shape: Json, name: str, context: FieldContext) -> tuple[str, Any]:
    size = context.size_of_frame(shape["frame"])
    box = corners_to_box(shape["points"], size)
    draft = _draft(fol.Detection, name, bounding_box=box)
    if shape.get("rotation"):
        draft.attributes["rotation"] = shape["rotation"]
    return "detections", draft


def _read_polygon(
    shape: Json, name: str, context: FieldContext
) -> tuple[str, Any] | None:
    size = context.size_of_frame(shape["frame"])
    if context.label_type == "segmentation" or context.label_type in DETECTIONS:
        pixels = polygons_to_mask([shape["points"]], size)
        return None if pixels is None else _mask_label(pixels, shape, name, context)
    points = pixels_to_points(shape["points"], size)
    return "polylines", _outline(name, [points])


def _read_mask(shape: Json, name: str, context: FieldContext) -> tuple[str, Any] | None:
    # points of a few bytes may ask for a mask that no memory holds
    size = context.size_of_frame(shape["frame"])
    inside = clip_mask(*runs_to_mask(shape["points"], math.prod(size)), size)
    if inside is None or not inside[0].any():
        return None
    mask, left, top = inside
    if context.label_type in POLYLINES:
        parts = [
            pixels_to_points(points, size)
            for points in mask_to_polygons(mask, left, top)
        ]
        if not parts:
            return None
        filled = context.label_type not in LINES
        return "polylines", _line(name, parts, closed=True, filled=filled)
    return _mask_label((mask, left, top), shape, name, context)


def _read_ellipse(
    shape: Json, name: str, context: FieldContext
) -> tuple[str, Any] | None:
    size = context.size_of_frame(shape["frame"])
    rotation = shape.get("rotation") or 0.0
    if context.label_type == "segmentation" or context.label_type in DETECTIONS:
        pixels = ellipse_to_mask(shape["points"], rotation, size)
        return None if pixels is None else _mask_label(pixels, shape, name, context)
    points = ellipse_to_polygon(shape["points"], rotation)
    return "polylines", _outline(name, [pixels_to_points(points, size)])


def _read_polyline(shape: Json, name: str, context: FieldContext) -> tuple[str, Any]:
    points = pixels_to_points(shape["points"], context.size_of_frame(shape["frame"]))
    # how a closed line goes up: it ends where it began
    closed = len(points) > 3 and points[0] == points[-1]  # noqa: PLR2004
    if closed:
        points = points[:-1]
    return "polylines", _line(name, [points], closed=closed, filled=False)


def _read_points(shape: Json, name: str, context: FieldContext) -> tuple[str, Any]:
    points = pixels_to_points(shape["points"], context.size_of_frame(shape["frame"]))
    return "keypoints", _points(name, points)


def _read_skeleton(shape: Json, name: str, context: FieldContext) -> tuple[str, Any]:
    nodes = context.nodes_by_label_id.get(shape["label_id"], [])
    if not nodes:
        raise GeometryError(f"'{name}' is a class without nodes")
    pixels = skeleton_to_points(shape.get("elements") or [], nodes)
    points = pixels_to_points(pixels, context.size_of_frame(shape["frame"]))
    return "keypoints", _points(name, points)


_CUBOID = (1, 3, 2, 0, 7, 5, 4, 6)
"""CVAT's corners in FiftyOne's order.

CVAT's are the upper and lower ends of the edges front left, front right, back right,
back left; FiftyOne's go round the front and then round the back, from below left.
"""


def _read_cuboid(
    shape: Json, name: str, context: FieldContext
) -> tuple[str, Any] | None:
    points = shape["points"]
    if context.is_point_cloud:
        draft = _draft(fol.Detection, name)
        draft.attributes["location"] = points[:3]
        draft.attributes["rotation"] = points[3:6]
        draft.attributes["dimensions"] = points[6:9]
        return "detections", draft
    size = context.size_of_frame(shape["frame"])
    corners = pixels_to_points(points, size)
    cuboid = fol.Polyline.from_cuboid([corners[i] for i in _CUBOID])
    closed, filled = cuboid.closed, cuboid.filled
    return "polylines", _line(name, cuboid.points, closed=closed, filled=filled)


_READERS: dict[str, Callable[[Json, str, FieldContext], tuple[str, Any] | None]] = {
    "rectangle": _read_rectangle,
    "polygon": _read_polygon,
    "polyline": _read_polyline,
    "points": _read_points,
    "skeleton": _read_skeleton,
    "mask": _read_mask,
    "ellipse": _read_ellipse,
    "cuboid": _read_cuboid,
}


@dataclass(slots=True)
class _Draft:
    """What a label is built of."""

    label_type: type[fol.Label]
    fields: dict[str, Any]
    attributes: dict[str, Any]


def _draft(label_type: type[fol.Label], name: str, **fields: Any) -> _Draft:
    return _Draft(label_type, {"id": str(ObjectId()), "label": name, **fields}, {})


def _line(name: str, parts: Any, *, closed: bool, filled: bool) -> _Draft:
    # FiftyOne makes lists of tuples, too, but one by one
    points = [[[*pair] for pair in part] for part in parts]
    return _draft(fol.Polyline, name, points=points, closed=closed, filled=filled)


def _points(name: str, points: list[tuple[float, float]]) -> _Draft:
    return _draft(fol.Keypoint, name, points=[[*pair] for pair in points])


def _outline(name: str, parts: list[list[tuple[float, float]]]) -> _Draft:
    return _line(name, parts, closed=True, filled=True)


def _mask_label(
    pixels: tuple[NDArray[np.bool_], int, int],
    shape: Json,
    name: str,
    context: FieldContext,
) -> tuple[str, Any]:
    mask, left, top = pixels
    if context.label_type == "segmentation":
        piece = MaskPiece(name, mask, left, top, shape.get("z_order") or 0)
        return "segmentation", piece
    size = context.size_of_frame(shape["frame"])
    height, width = mask.shape
    box = corners_to_box([left, top, left + width, top + height], size)
    return "detections", _draft(fol.Detection, name, bounding_box=box, mask=mask)


def _add_attributes(
    draft: _Draft, annotation: Json, values: Mapping[str, str], context: FieldContext
) -> list[RefusedText]:
    """Give a label its attributes; return the texts that are none."""
    label_id = annotation["label_id"]
    typed, refused = typed_values(draft.label_type, label_id, values, context)
    if TAGS in typed:
        draft.fields[TAGS] = typed.pop(TAGS)
    draft.attributes.update(typed)
    occluded = context.occluded_attrs.get(draft.fields["label"])
    if occluded is not None and "occluded" in annotation:
        draft.attributes[occluded] = bool(annotation["occluded"])
    group_id = context.group_id_attrs.get(draft.fields["label"])
    if group_id is not None:
        draft.attributes[group_id] = annotation.get("group") or 0
    return refused
