"""What is wrong with single annotations, in words.

Annotations are plain JSON and may be anything. One with a fault is left out, and its
label stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from math import isnan
from typing import Any

from fiftyone_cvat.types import Json

__all__ = [
    "annotation_fault",
    "label_id_texts",
    "reference_fault",
    "shown",
    "stored_fault",
]

MAX_FRAMES = 2**24
"""More than four days of video at 30 frames a second."""

MAX_INT = 2**63
"""Whole numbers from here on do not fit into the database."""

MAX_NUMBER = 1e10
"""No coordinate, in pixels or metres, and no run of a mask is as large."""

_SHOWN = 60

_COUNTS = {"rectangle": 4, "ellipse": 4, "cuboid": 16}
_PAIRS = frozenset(("polygon", "polyline", "points"))
_KINDS = frozenset((*_COUNTS, *_PAIRS, "mask"))
_CORNERS = 4
_NUMBERS = (int, float)
_OF_NUMBERS = ({float}, {int}, {int, float})
_TRUTHS = (bool, type(None))


def annotation_fault(annotation: Any, kind: str) -> str | None:
    """Return what is wrong with an annotation as the server sent it.

    Args:
        annotation: a tag, shape or track: any JSON
        kind: ``tags``, ``shapes`` or ``tracks``

    Returns:
        the fault in words, or None if the annotation can be read
    """
    if type(annotation) is not dict:
        return f"no object, but {shown(annotation)}"
    number = annotation.get("id")
    if type(number) is not int or not 0 <= number < MAX_INT:
        return f"the id {shown(number)} is none"
    if kind == "tracks":
        return _track_fault(annotation)
    fault = _common_fault(annotation)
    if fault or kind == "tags":
        return fault
    return _shape_fault(annotation)


def _common_fault(annotation: Json) -> str | None:
    """Return what is wrong with what tags, shapes and tracks have in common."""
    if type(annotation.get("label_id")) is not int:
        return f"the label_id {shown(annotation.get('label_id'))} is none"
    group = annotation.get("group")
    if group is not None and (type(group) is not int or not 0 <= group < MAX_INT):
        return f"the group {shown(group)} is none"
    return _frame_fault(annotation) or _attributes_fault(annotation.get("attributes"))


def _frame_fault(annotation: Json) -> str | None:
    frame = annotation.get("frame")
    if type(frame) is not int or not 0 <= frame < MAX_FRAMES:
        return f"the frame {shown(frame)} is none"
    return None


def _attributes_fault(attributes: Any) -> str | None:
    if attributes is None:
        return None
    if type(attributes) is not list:
        return f"the attributes are no list, but {shown(attributes)}"
    for each in attributes:
        if (
            type(each) is not dict
            or type(each.get("spec_id")) is not int
            or type(each.get("value")) is not str
        ):
            return f"the attribute {shown(each)} has no id and text"
    return None


def _shape_fault(shape: Json) -> str | None:
    """Return what is wrong with the geometry of a shape and of its elements."""
    fault = _own_fault(shape)
    if fault or shape.get("type") != "skeleton":
        return fault
    return _elements_fault(shape.get("elements"))


def _own_fault(shape: Json) -> str | None:
    """Return what is wrong with what every shape has, also one of a track.

    Not with the elements of a skeleton: a track has those itself.
    """
    get = shape.get
    rotation, order = get("rotation"), get("z_order")
    if rotation is not None and (
        type(rotation) not in _NUMBERS or not -MAX_NUMBER < rotation < MAX_NUMBER
    ):
        return f"the rotation {shown(rotation)} is none"
    if order is not None and (
        type(order) is not int or not -MAX_NUMBER < order < MAX_NUMBER
    ):
        return f"the z_order {shown(order)} is none"
    if type(get("occluded")) not in _TRUTHS or type(get("outside")) not in _TRUTHS:
        return "occluded or outside is neither true nor false"
    if get("type") != "skeleton":
        fault = _points_fault(get("type"), get("points"))
        return "elements of no skeleton" if get("elements") else fault
    # the points of a skeleton are those of its elements
    points = get("points") or []
    if type(points) is not list or any(type(each) not in _NUMBERS for each in points):
        return f"the points are {shown(points)}"
    return None


def _points_fault(kind: Any, points: Any) -> str | None:
    if type(kind) is not str or kind not in _KINDS:
        return f"the type {shown(kind)} is unknown"
    if type(points) is not list:
        return f"the points are no list, but {shown(points)}"
    count = len(points)
    wanted = _COUNTS.get(kind)
    if kind in _PAIRS:
        wrong = not count or count % 2
    else:
        wrong = count != wanted if wanted else count <= _CORNERS
    if wrong:
        return f"{count} numbers are not what a {kind} has"
    if set(map(type, points)) not in _OF_NUMBERS:
        return "the points are not all numbers"
    if not (min(points) > -MAX_NUMBER and max(points) < MAX_NUMBER):
        return "a coordinate is too large"
    # NaN is neither too large nor too small
    return "a coordinate is not finite" if isnan(sum(points)) else None


def _elements_fault(elements: Any) -> str | None:
    """Return what is wrong with the nodes of a skeleton on one frame."""
    if type(elements) is not list or not elements:
        return "a skeleton without elements"
    known = set()
    for each in elements:
        if type(each) is not dict or type(each.get("label_id")) is not int:
            return f"the element {shown(each)} has no label_id"
        if each.get("type") == "skeleton":
            return "a skeleton in a skeleton"
        fault = _shape_fault(each)
        if fault:
            return f"element {each['label_id']}: {fault}"
        known.add(each["label_id"])
    return None if len(known) == len(elements) else "two elements of one node"


def _track_fault(track: Json) -> str | None:
    """Return what is wrong with a track, or with one of a skeleton's elements."""
    fault = _common_fault(track)
    if fault:
        return fault
    shapes = track.get("shapes")
    if type(shapes) is not list or not shapes:
        return "a track without shapes"
    with_nodes = False
    for shape in shapes:
        if type(shape) is not dict:
            return f"the shape {shown(shape)} is no object"
        with_nodes = with_nodes or shape.get("type") == "skeleton"
        fault = _frame_fault(shape) or _attributes_fault(shape.get("attributes"))
        fault = fault or _own_fault(shape)
        if fault:
            return f"shape on frame {shown(shape.get('frame'))}: {fault}"
    return _element_tracks_fault(track.get("elements"), with_nodes=with_nodes)


def _element_tracks_fault(elements: Any, *, with_nodes: bool) -> str | None:
    if not with_nodes:
        return "elements of no skeleton" if elements else None
    if type(elements) is not list or not elements:
        return "a skeleton without elements"
    known = set()
    for each in elements:
        if type(each) is not dict:
            return f"the element {shown(each)} is no object"
        fault = "a skeleton in a skeleton" if each.get("elements") else None
        fault = fault or _track_fault(each)
        if fault:
            return f"element {shown(each.get('label_id'))}: {fault}"
        known.add(each["label_id"])
    return None if len(known) == len(elements) else "two elements of one node"


def stored_fault(annotation: Any, kind: str) -> str | None:
    """Return what is wrong with what tells a stored annotation from others.

    Args:
        annotation: a tag, shape or track: any JSON
        kind: ``tags``, ``shapes`` or ``tracks``

    Returns:
        the fault in words, or None if it can be told from others
    """
    if type(annotation) is not dict:
        return f"no object, but {shown(annotation)}"
    if type(annotation.get("id")) is not int:
        return f"the id {shown(annotation.get('id'))} is none"
    fault = _common_fault(annotation)
    if fault or kind != "tracks":
        return fault
    shapes = annotation.get("shapes")
    if type(shapes) is not list or not all(type(each) is dict for each in shapes):
        return f"the shapes are {shown(shapes)}"
    faults = (_attributes_fault(each.get("attributes")) for each in shapes)
    return next(filter(None, faults), None)


def reference_fault(
    annotation: Json, spec_ids: Mapping[int, Collection[int]]
) -> str | None:
    """Return which class or attribute of an annotation its task does not have.

    Args:
        annotation: a tag, shape or track without a fault
        spec_ids: the ids of the task's labels to those of their attributes
    """
    known = spec_ids.get(annotation["label_id"])
    if known is None:
        return f"its class {annotation['label_id']} is none of the task"
    for part in (annotation, *(annotation.get("shapes") or ())):
        for each in part.get("attributes") or ():
            if each["spec_id"] not in known:
                return f"its attribute {each['spec_id']} is none of its class"
    return None


def label_id_texts(annotation: Any, spec_ids: Collection[int]) -> set[str]:
    """Return the texts of the attribute ``label_id`` anywhere in an annotation.

    Args:
        annotation: a tag, shape or track as the server sent it, with any fault
        spec_ids: the ids of the attributes ``label_id``
    """
    return {
        each["value"]
        for part in (annotation, *_objects(annotation, "shapes"))
        for each in _objects(part, "attributes")
        if type(each.get("spec_id")) is int
        and each["spec_id"] in spec_ids
        and type(each.get("value")) is str
    }


def _objects(parent: Any, key: str) -> Iterator[Json]:
    """Yield the objects of a list, if there is one."""
    children = parent.get(key) if type(parent) is dict else None
    if type(children) is list:
        yield from (each for each in children if type(each) is dict)


def shown(value: Any) -> str:
    """Return a value as a short text."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    if value is None:
        return "null"
    text = repr(value[:_SHOWN] if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
