"""From FiftyOne detections, polylines, keypoints and segmentations to CVAT shapes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fiftyone_cvat.convert.shared.attributes import LABEL_ID, shorten
from fiftyone_cvat.convert.shared.label_ids import join_label_id
from fiftyone_cvat.convert.shared.masks import clip_mask, stretch_mask
from fiftyone_cvat.convert.shared.polyline_parts import least_points
from fiftyone_cvat.convert.shared.run_lengths import mask_to_runs
from fiftyone_cvat.convert.shared.segmentations import (
    check_pixels,
    class_masks,
    gray_or_rgb,
)
from fiftyone_cvat.convert.shared.skeletons import keypoint_to_skeleton
from fiftyone_cvat.convert.to_cvat.label_attributes import (
    ClassPlan,
    cvat_class,
    plan_class,
    read_label,
)
from fiftyone_cvat.convert.to_cvat.tracks import TracksByClass, add_shapes_to_tracks
from fiftyone_cvat.errors import GeometryError, SchemaError
from fiftyone_cvat.geometry import box_to_corners, plain_pixels, points_to_pixels
from fiftyone_cvat.types import AttributeValue, CVATSchema, Shape, Size, Skeleton

__all__ = [
    "create_detection_shapes",
    "create_keypoint_shapes",
    "create_polyline_shapes",
    "create_segmentation_shapes",
]

Shapes = tuple[list[str], list[Shape], TracksByClass, dict[str, str]]


def create_detection_shapes(
    detections: Iterable[Any],
    cvat_schema: CVATSchema,
    label_field: str,
    frame_id: int,
    frame_size: Size | Sequence[int],
    label_type: str | None = None,
    label_id: str | None = None,
    load_tracks: bool = False,
    occluded_attrs: Mapping[str, str] | None = None,
    group_id_attrs: Mapping[str, str] | None = None,
) -> Shapes:
    """Convert the detections of one frame to shapes.

    Boxes become rectangles, or cuboids where they are three-dimensional; masks become
    masks. Boxes are not rounded; ``rotation`` is in degrees, clockwise on the screen.
    Masks without pixels in the frame have no shape: CVAT has no way to show one.

    Args:
        detections: labels with a relative ``bounding_box``, or with ``location``,
            ``rotation`` and ``dimensions`` of three numbers each
        cvat_schema: CVAT class name to its attributes by name
        label_field: the field that the labels are in
        frame_id: the frame's position in the task, from 0
        frame_size: the frame's size in pixels; not used for point clouds
        label_type: ``instance`` or ``instances`` for masks, else boxes
        label_id: the id to send instead of each label's own
        load_tracks: whether labels with an ``index`` become tracks
        occluded_attrs: CVAT class name to the attribute that holds occlusion
        group_id_attrs: CVAT class name to the attribute that holds the group id

    Returns:
        a tuple of the ids of the labels that have a shape, the shapes, the tracks by
        class and index, no renamed attributes
    """
    build = _instance_parts if label_type in _INSTANCES else _box_parts
    frame = _Frame(cvat_schema, label_field, frame_id, _size(frame_size))
    frame.label_id = label_id
    frame.occluded_attrs, frame.group_id_attrs = occluded_attrs, group_id_attrs
    for label in detections:
        frame.add(label, build, load_tracks)
    return frame.ids, frame.shapes, frame.tracks, {}


def create_segmentation_shapes(
    segmentation: Any,
    cvat_schema: CVATSchema,
    label_field: str,
    frame_id: int,
    frame_size: Size | Sequence[int],
    label_type: str | None = None,
    mask_targets: Mapping[Any, str] | None = None,
) -> tuple[str, list[Shape], TracksByClass, dict[str, str]]:
    """Convert the segmentation of one frame to masks, one for each class.

    Args:
        segmentation: a label with a mask of integers or RGB
        cvat_schema: CVAT class name to its attributes by name
        label_field: the field that the label is in
        frame_id: the frame's position in the task, from 0
        frame_size: the frame's size in pixels; a mask of another size is stretched
        label_type: not used: it is ``segmentation``
        mask_targets: pixel value, or RGB hex string, to class name

    Returns:
        a tuple of the label's id, the shapes, no tracks, no renamed attributes

    Raises:
        GeometryError: if the mask is neither gray nor in color, has no pixels, or
            pixels that cannot be told by the targets, see
            :func:`~fiftyone_cvat.convert.shared.segmentations.check_pixels`
    """
    size = _size(frame_size)
    pixels = segmentation.get_mask() if segmentation.has_mask else None
    if pixels is None:
        return segmentation.id, [], {}, {}
    try:
        pixels = gray_or_rgb(pixels)
        check_pixels(pixels, mask_targets or {})
    except GeometryError as error:
        raise GeometryError(f"Label {segmentation.id}: {error}") from error
    pixels = stretch_mask(pixels, size.width, size.height)
    shapes = []
    for name, mask, left, top in class_masks(pixels, mask_targets or {}):
        class_name = cvat_class(name, cvat_schema, label_field)
        if class_name is None:
            continue
        identity = AttributeValue(spec_id=LABEL_ID, value=segmentation.id)
        shapes.append(
            Shape(
                type="mask",
                label_id=class_name,
                frame=frame_id,
                points=[*mask_to_runs(mask, left, top)],
                rotation=0.0,
                occluded=False,
                z_order=0,
                group=0,
                source="manual",
                attributes=[identity],
            )
        )
    return segmentation.id, shapes, {}, {}


def create_polyline_shapes(
    polylines: Iterable[Any],
    cvat_schema: CVATSchema,
    label_field: str,
    frame_id: int,
    frame_size: Size | Sequence[int],
    label_type: str | None = None,
    load_tracks: bool = False,
    occluded_attrs: Mapping[str, str] | None = None,
    group_id_attrs: Mapping[str, str] | None = None,
) -> Shapes:
    """Convert the polylines of one frame to shapes, one for each part.

    Filled polylines become polygons, and need three points; others become polylines,
    and need two. A closed polyline that is not filled ends where it began.

    Args:
        polylines: labels with relative ``points``, a list of parts, each a list of
            ``(x, y)``
        cvat_schema: CVAT class name to its attributes by name
        label_field: the field that the labels are in
        frame_id: the frame's position in the task, from 0
        frame_size: the frame's size in pixels
        label_type: not used: each label tells whether it is filled
        load_tracks: whether labels with an ``index`` become tracks
        occluded_attrs: CVAT class name to the attribute that holds occlusion
        group_id_attrs: CVAT class name to the attribute that holds the group id

    Returns:
        a tuple of the ids of the labels that have a shape, the shapes, the tracks by
        class and index, no renamed attributes
    """
    frame = _Frame(cvat_schema, label_field, frame_id, _size(frame_size))
    frame.occluded_attrs, frame.group_id_attrs = occluded_attrs, group_id_attrs
    for label in polylines:
        frame.add(label, _polyline_parts, load_tracks)
    return frame.ids, frame.shapes, frame.tracks, {}


def create_keypoint_shapes(
    keypoints: Iterable[Any],
    cvat_schema: CVATSchema,
    label_field: str,
    frame_id: int,
    frame_size: Size | Sequence[int],
    label_type: str | None = None,
    load_tracks: bool = False,
    occluded_attrs: Mapping[str, str] | None = None,
    group_id_attrs: Mapping[str, str] | None = None,
) -> Shapes:
    """Convert the keypoints of one frame to shapes.

    Keypoints of a class with a skeleton become skeletons, in which a point that is not
    known (NaN) is outside; others become points without those. So do keypoints with
    more or fewer points than the skeleton has nodes, outside of any track: a track
    holds either skeletons or points.

    Args:
        keypoints: labels with relative ``points``, a list of ``(x, y)``
        cvat_schema: CVAT class name to its attributes by name
        label_field: the field that the labels are in
        frame_id: the frame's position in the task, from 0
        frame_size: the frame's size in pixels
        label_type: not used: it is ``keypoint`` or ``keypoints``
        load_tracks: whether labels with an ``index`` become tracks
        occluded_attrs: CVAT class name to the attribute that holds occlusion
        group_id_attrs: CVAT class name to the attribute that holds the group id

    Returns:
        a tuple of the ids of the labels that have a shape, the shapes, the tracks by
        class and index, no renamed attributes
    """
    frame = _Frame(cvat_schema, label_field, frame_id, _size(frame_size))
    frame.occluded_attrs, frame.group_id_attrs = occluded_attrs, group_id_attrs
    for label in keypoints:
        frame.add(label, _keypoint_parts, load_tracks)
    return frame.ids, frame.shapes, frame.tracks, {}


_INSTANCES = ("instance", "instances")


_Part = tuple[str, list[Any], float, list[Any]]
"""The type of a shape, its points, its rotation and its elements."""


@dataclass(slots=True)
class _Frame:
    """What the labels of one frame have become."""

    cvat_schema: CVATSchema
    label_field: str
    number: int
    size: Size
    label_id: str | None = None
    occluded_attrs: Mapping[str, str] | None = None
    group_id_attrs: Mapping[str, str] | None = None
    ids: list[str] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    tracks: TracksByClass = field(default_factory=dict)
    plans: dict[str | None, ClassPlan | None] = field(default_factory=dict)

    def add(self, label: Any, build: Any, as_track: bool) -> None:
        name = label.label
        if name not in self.plans:
            self.plans[name] = self._plan(name)
        plan = self.plans[name]
        if plan is None:
            return
        label_id = label.id
        identity = label_id if self.label_id is None else self.label_id
        common, fixed, occluded, group = read_label(label, plan, identity)
        as_track = as_track and label.index is not None
        if as_track:
            _check_index(label)
        try:
            parts: list[_Part] = build(label, self.size, plan.skeleton)
        except (GeometryError, OSError, TypeError, ValueError) as error:
            raise GeometryError(f"Label {label_id}: {error}") from error
        if not parts:
            return
        if plan.skeleton is not None and any(part[0] != "skeleton" for part in parts):
            as_track = False
        self.ids.append(label_id)
        own = common if as_track or not fixed else common + fixed
        shapes = [] if as_track else self.shapes
        for number, part in enumerate(parts, 1):
            attributes = own if number == 1 else _of_part(number, own)
            shapes.append(self._shape(part, plan.name, occluded, group, attributes))
        if not as_track:
            return
        keyframe = bool(label.get_attribute_value("keyframe", False))
        add_shapes_to_tracks(
            self.tracks,
            shapes,
            plan.name,
            label.index,
            self.number,
            fixed,
            keyframe,
            group_id=group,
        )

    def _plan(self, name: str | None) -> ClassPlan | None:
        """Look a class up once a frame: 1 us, which each label would pay."""
        return plan_class(
            name,
            self.cvat_schema,
            self.label_field,
            self.occluded_attrs,
            self.group_id_attrs,
        )

    def _shape(
        self,
        part: _Part,
        class_name: str,
        occluded: bool,
        group: int,
        attributes: list[AttributeValue],
    ) -> Shape:
        kind, points, rotation, elements = part
        for element in elements:
            element["frame"] = self.number
        return {
            "type": kind,
            "label_id": class_name,
            "frame": self.number,
            "points": points,
            "rotation": rotation,
            "occluded": occluded,
            "z_order": 0,
            "group": group,
            "source": "manual",
            "attributes": attributes,
            "elements": elements,
        }


def _check_index(label: Any) -> None:
    """Refuse an ``index`` by which labels are no track."""
    index = label.index
    is_number = isinstance(index, (int, float, np.number)) and index is not True
    if not is_number or index is False or index % 1 != 0:
        raise SchemaError(
            f"Label {label.id}: its index {shorten(repr(index))} is no whole number, "
            "which makes it no part of a track: correct it, or set it to None"
        )


def _of_part(number: int, attributes: list[AttributeValue]) -> list[AttributeValue]:
    """Copy a label's attributes for one of its parts, and say in its id which it is.

    By hand, since a deep copy takes 7 us.
    """
    identity, *others = (each.copy() for each in attributes)
    identity["value"] = join_label_id(identity["value"], number)
    return [identity, *others]


def _box_parts(label: Any, size: Size, _: Any = None) -> list[_Part]:
    box = label.bounding_box
    if box is None or not len(box):
        return _cuboid_parts(label)
    rotation = label.get_attribute_value("rotation", None)
    corners = box_to_corners(box, size)
    if not rotation:
        return [("rectangle", corners, 0.0, [])]
    rotation = float(rotation)
    if not math.isfinite(rotation):
        raise GeometryError(f"a rotation of {rotation} degrees")
    # less than nothing by a hair is 360.0 after the first step
    return [("rectangle", corners, rotation % 360.0 % 360.0, [])]


def _cuboid_parts(label: Any) -> list[_Part]:
    """CVAT keeps nine numbers of a cuboid in space and fills up to sixteen."""
    numbers: list[float] = []
    for name in ("location", "rotation", "dimensions"):
        values = label.get_attribute_value(name, None)
        if values is None:
            return []
        triple = [float(value) for value in values]
        if len(triple) != 3 or not np.isfinite(triple).all():  # noqa: PLR2004
            raise GeometryError(f"expected 3 finite numbers as {name}, not {triple}")
        numbers.extend(triple)
    return [("cuboid", numbers + [0.0] * 7, 0.0, [])]


def _instance_parts(label: Any, size: Size, _: Any = None) -> list[_Part]:
    mask = label.get_mask() if label.has_mask else None
    if mask is None:
        return []
    mask = np.asarray(mask, dtype=bool)
    if not mask.any():
        return []
    if mask.ndim == 3 and mask.shape[2] == 1:  # noqa: PLR2004
        mask = mask[..., 0]
    if mask.ndim != 2:  # noqa: PLR2004
        raise GeometryError(f"a mask of shape {mask.shape} instead of height and width")
    box = label.bounding_box
    if box is None:
        raise GeometryError("a mask, but no bounding box to place it")
    x_min, y_min, x_max, y_max = box_to_corners(box, size)
    height = _extent(y_max - y_min, mask.shape[0])
    width = _extent(x_max - x_min, mask.shape[1])
    pixels = stretch_mask(mask, width, height)
    clipped = clip_mask(pixels, round(x_min), round(y_min), size)
    if clipped is None:
        return []
    is_whole = pixels is mask and clipped[0].shape == mask.shape
    if not is_whole and not clipped[0].any():
        return []
    return [("mask", mask_to_runs(*clipped), 0.0, [])]


def _extent(pixels: float, count: int) -> int:
    """Return how many pixels a mask covers that is stretched over some length.

    A mask that fits its box to a pixel keeps its own number, whatever fraction of a
    pixel the box begins at.
    """
    return count if abs(pixels - count) < 1 else max(1, round(pixels))


def _polyline_parts(label: Any, size: Size, _: Any = None) -> list[_Part]:
    kind = "polygon" if label.filled else "polyline"
    least = least_points(filled=bool(label.filled))
    is_ring = label.closed and not label.filled
    parts: list[_Part] = []
    for given in label.points:
        points, pixels = _known(given, size, least)
        if len(points) < least:
            continue
        if is_ring and points[0] != points[-1]:
            pixels += pixels[:2]
        parts.append((kind, pixels, 0.0, []))
    return parts


def _keypoint_parts(label: Any, size: Size, skeleton: Skeleton | None) -> list[_Part]:
    given = label.points
    known, known_pixels = _known(given, size)
    if skeleton is not None:
        pixels = points_to_pixels(given, size)
        pairs = list(zip(pixels[::2], pixels[1::2], strict=True))
        if len(pairs) == len(skeleton.nodes) and np.isfinite(pixels).any():
            elements = keypoint_to_skeleton(pairs, skeleton.nodes)
            return [("skeleton", [], 0.0, elements)]
    return [("points", known_pixels, 0.0, [])] if len(known) else []


def _known(
    points: Sequence[Sequence[float]], size: Size, least: int = 1
) -> tuple[Sequence[Sequence[float]], list[float]]:
    """Return the points that are not NaN and, if there are enough, their pixels.

    Most often all are known, which a sum tells; to ask each takes 2 us a point.
    """
    pixels = plain_pixels(points, size)
    if pixels is not None:
        return points, pixels
    _check_infinite(points)
    known = [point for point in points if np.isfinite(point).all()]
    return known, points_to_pixels(known, size) if len(known) >= least else []


def _check_infinite(points: Sequence[Sequence[float]]) -> None:
    """Refuse points at infinity; one that is NaN is not known."""
    for point in points:
        if np.isinf(point).any():
            raise GeometryError(f"a point at {list(point)}")


def _size(size: Size | Sequence[int]) -> Size:
    return Size(int(size[0]), int(size[1])) if len(size) else Size(0, 0)
