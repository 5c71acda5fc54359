"""From FiftyOne detections, polylines, keypoints and segmentations to CVAT shapes.

All labels but segmentations go through :func:`create_shapes`; they differ in what makes
the parts of a label.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fiftyone_cvat.convert.shared.label_ids import join_label_id
from fiftyone_cvat.convert.shared.masks import stretch_mask
from fiftyone_cvat.convert.shared.run_lengths import mask_to_runs
from fiftyone_cvat.convert.shared.segmentations import (
    check_pixels,
    class_masks,
    gray_or_rgb,
)
from fiftyone_cvat.convert.shared.texts import LABEL_ID, shorten
from fiftyone_cvat.convert.shared.track_keys import TrackKey, track_key
from fiftyone_cvat.convert.to_cvat.class_names import cvat_class
from fiftyone_cvat.convert.to_cvat.label_attributes import (
    ClassPlan,
    plan_class,
    read_label,
)
from fiftyone_cvat.convert.to_cvat.shape_parts import (
    Part,
    PartsOf,
    box_parts,
    instance_parts,
    keypoint_parts,
    polyline_parts,
)
from fiftyone_cvat.convert.to_cvat.tracks import TracksByClass, add_shapes_to_tracks
from fiftyone_cvat.errors import GeometryError, SchemaError
from fiftyone_cvat.types import AttributeValue, CVATSchema, Shape, Size

__all__ = [
    "FrameContext",
    "create_detection_shapes",
    "create_keypoint_shapes",
    "create_polyline_shapes",
    "create_segmentation_shapes",
    "create_shapes",
]

Shapes = tuple[list[str], list[Shape], TracksByClass, dict[str, str]]
"""The ids of the labels that have a shape, the shapes, the tracks by class and index
(or the instance's id where there is no index), and no renamed attributes."""

_INSTANCES = ("instance", "instances")


class FrameContext(NamedTuple):
    """The frame that labels lie on: the arguments that all kinds of label share.

    Attributes:
        cvat_schema: CVAT class name to its attributes by name
        label_field: the field that the labels are in
        frame_id: the frame's position in the task, from 0
        frame_size: the frame's size in pixels; not used for point clouds
        load_tracks: whether labels with an ``index`` or an ``instance`` become tracks
        occluded_attrs: CVAT class name to the attribute that holds occlusion
        group_id_attrs: CVAT class name to the attribute that holds the group id
        label_id: the id to send instead of each label's own
    """

    cvat_schema: CVATSchema
    label_field: str
    frame_id: int
    frame_size: Size | Sequence[int]
    load_tracks: bool
    occluded_attrs: Mapping[str, str] | None
    group_id_attrs: Mapping[str, str] | None
    label_id: str | None = None


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

    The detections have a relative ``bounding_box``, or ``location``, ``rotation`` and
    ``dimensions`` of three numbers each. A ``label_type`` of ``instance`` or
    ``instances`` takes their masks, any other their boxes. The other arguments are
    those of :class:`FrameContext`, the result is that of :func:`create_shapes`.
    """
    parts_of = instance_parts if label_type in _INSTANCES else box_parts
    attrs = (load_tracks, occluded_attrs, group_id_attrs, label_id)
    frame = FrameContext(cvat_schema, label_field, frame_id, frame_size, *attrs)
    return create_shapes(detections, parts_of, frame)


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

    The polylines have relative ``points``, a list of parts, each a list of ``(x, y)``.
    The ``label_type`` is not used: each label says whether it is filled. The other
    arguments are those of :class:`FrameContext`, the result is that of
    :func:`create_shapes`.
    """
    attrs = (load_tracks, occluded_attrs, group_id_attrs)
    frame = FrameContext(cvat_schema, label_field, frame_id, frame_size, *attrs)
    return create_shapes(polylines, polyline_parts, frame)


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

    The keypoints have relative ``points``, a list of ``(x, y)``. The ``label_type`` is
    not used. The other arguments are those of :class:`FrameContext`, the result is that
    of :func:`create_shapes`.
    """
    attrs = (load_tracks, occluded_attrs, group_id_attrs)
    frame = FrameContext(cvat_schema, label_field, frame_id, frame_size, *attrs)
    return create_shapes(keypoints, keypoint_parts, frame)


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

    The segmentation has a mask of integers or RGB; one of another size than the
    frame's is stretched. The ``mask_targets`` are pixel value, or RGB hex string, to
    class name. The ``label_type`` is not used. The other arguments are those of
    :class:`FrameContext`.

    Returns:
        a tuple of the label's id, the shapes, no tracks, no renamed attributes

    Raises:
        GeometryError: if the mask is neither gray nor in color, has no pixels, or
            pixels that cannot be told by the targets, see
            :func:`~fiftyone_cvat.convert.shared.segmentations.check_pixels`
    """
    size = _size(frame_size)
    targets = mask_targets or {}
    pixels = segmentation.get_mask() if segmentation.has_mask else None
    if pixels is None:
        return segmentation.id, [], {}, {}
    try:
        pixels = gray_or_rgb(pixels)
        check_pixels(pixels, targets)
    except GeometryError as error:
        raise GeometryError(f"Label {segmentation.id}: {error}") from error
    pixels = stretch_mask(pixels, size.width, size.height)
    shapes = []
    for name, mask, left, top in class_masks(pixels, targets):
        class_name = cvat_class(name, cvat_schema, label_field)
        if class_name is not None:
            identity = AttributeValue(spec_id=LABEL_ID, value=segmentation.id)
            part: Part = ("mask", mask_to_runs(mask, left, top), 0.0, [])
            [shape] = _shapes_of([part], class_name, frame_id, [identity])
            del shape["elements"]  # masks of classes go up without
            shapes.append(shape)
    return segmentation.id, shapes, {}, {}


def create_shapes(
    labels: Iterable[Any], parts_of: PartsOf, frame: FrameContext
) -> Shapes:
    """Convert labels of one frame, of whatever kind, to shapes.

    Args:
        labels: labels with ``label``, ``id`` and attributes
        parts_of: what makes the parts of a label, each of which becomes a shape
        frame: the frame that they lie on

    Returns:
        a tuple of the ids of the labels that have a shape, the shapes, the tracks by
        class and index or instance, no renamed attributes
    """
    ids: list[str] = []
    shapes: list[Shape] = []
    tracks: TracksByClass = {}
    size = _size(frame.frame_size)
    plans: dict[str | None, ClassPlan | None] = {}
    for label in labels:
        name = label.label
        if name not in plans:
            plans[name] = _plan(name, frame)
        plan = plans[name]
        if plan is None:
            continue
        label_id = label.id
        identity = label_id if frame.label_id is None else frame.label_id
        common, fixed, occluded, group = read_label(label, plan, identity)
        key = _track_key(label) if frame.load_tracks else None
        try:
            parts = parts_of(label, size, plan.skeleton)
        except (GeometryError, OSError, TypeError, ValueError) as error:
            raise GeometryError(f"Label {label_id}: {error}") from error
        if not parts:
            continue
        ids.append(label_id)
        if key is not None and not _are_one_track(parts, plan):
            key = None
        attributes = common if key is not None or not fixed else common + fixed
        made = _shapes_of(parts, plan.name, frame.frame_id, attributes, occluded, group)
        if key is None:
            shapes += made
            continue
        add_shapes_to_tracks(
            tracks,
            made,
            plan.name,
            key,
            frame.frame_id,
            fixed,
            keyframe=bool(label.get_attribute_value("keyframe", False)),
            group_id=group,
        )
    return ids, shapes, tracks, {}


def _plan(name: str | None, frame: FrameContext) -> ClassPlan | None:
    """Look a class up, which takes 1 us: once a frame, and not for each label."""
    return plan_class(
        name,
        frame.cvat_schema,
        frame.label_field,
        frame.occluded_attrs,
        frame.group_id_attrs,
    )


def _shapes_of(
    parts: Iterable[Part],
    class_name: str,
    frame_id: int,
    attributes: list[AttributeValue],
    occluded: bool = False,
    group: int = 0,
) -> list[Shape]:
    """Return a shape for each part of a label."""
    shapes: list[Shape] = []
    for kind, points, rotation, elements in parts:
        for element in elements:
            element["frame"] = frame_id
        own = _of_part(len(shapes) + 1, attributes) if shapes else attributes
        shapes.append(
            {
                "type": kind,
                "label_id": class_name,
                "frame": frame_id,
                "points": points,
                "rotation": rotation,
                "occluded": occluded,
                "z_order": 0,
                "group": group,
                "source": "manual",
                "attributes": own,
                "elements": elements,
            }
        )
    return shapes


def _track_key(label: Any) -> TrackKey | None:
    """Return the key of a label's track; refuse an ``index`` that is no track's."""
    index = label.index
    if index is None:
        return track_key(label, {})
    is_number = isinstance(index, (int, float, np.number)) and index is not True
    if not is_number or index is False or index % 1 != 0:
        raise SchemaError(
            f"Label {label.id}: its index {shorten(repr(index))} is no whole number, "
            "which makes it no part of a track: correct it, or set it to None"
        )
    return track_key(label, {})


def _are_one_track(parts: Sequence[Part], plan: ClassPlan) -> bool:
    """Return whether parts fit in one track: skeletons and points never mix."""
    return plan.skeleton is None or all(part[0] == "skeleton" for part in parts)


def _of_part(number: int, attributes: list[AttributeValue]) -> list[AttributeValue]:
    """Copy a label's attributes for one of its parts, and say in its id which it is.

    By hand, since a deep copy takes 7 us.
    """
    identity, *others = (each.copy() for each in attributes)
    identity["value"] = join_label_id(identity["value"], number)
    return [identity, *others]


def _size(size: Size | Sequence[int]) -> Size:
    return Size(int(size[0]), int(size[1])) if len(size) else Size(0, 0)
