"""What is wrong with an answer of the server, before anything is made of it.

Answers are plain JSON, and a proxy, a plugin or another version of the server may
send any. An annotation with a fault is left out and its label stays as it is; an
answer that cannot be used as a whole is an error.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from math import isnan
from typing import Any

from fiftyone_cvat.errors import AnswerError
from fiftyone_cvat.types import Json

__all__ = [
    "annotation_fault",
    "check_annotations",
    "check_jobs",
    "check_labels",
    "check_meta",
    "check_stored",
    "label_id_texts",
    "reference_fault",
]

MAX_FRAMES = 2**24
"""More than four days of video at 30 frames a second."""

MAX_SIDE = 2**20
MAX_PIXELS = 2**32
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
_FILTER = re.compile(r"step=[1-9][0-9]{0,8}")


def annotation_fault(annotation: Any, kind: str) -> str | None:
    """Tell what is wrong with an annotation as the server sent it.

    Args:
        annotation: a tag, shape or track: any JSON
        kind: ``tags``, ``shapes`` or ``tracks``

    Returns:
        the fault in words, or None if the annotation can be read
    """
    if type(annotation) is not dict:
        return f"no object, but {_shown(annotation)}"
    number = annotation.get("id")
    if type(number) is not int or not 0 <= number < MAX_INT:
        return f"the id {_shown(number)} is none"
    if kind == "tracks":
        return _track_fault(annotation)
    fault = _common_fault(annotation)
    if fault or kind == "tags":
        return fault
    return _shape_fault(annotation)


def _common_fault(annotation: Json) -> str | None:
    """Tell what is wrong with what tags, shapes and tracks have in common."""
    if type(annotation.get("label_id")) is not int:
        return f"the label_id {_shown(annotation.get('label_id'))} is none"
    group = annotation.get("group")
    if group is not None and (type(group) is not int or not 0 <= group < MAX_INT):
        return f"the group {_shown(group)} is none"
    return _frame_fault(annotation) or _attributes_fault(annotation.get("attributes"))


def _frame_fault(annotation: Json) -> str | None:
    frame = annotation.get("frame")
    if type(frame) is not int or not 0 <= frame < MAX_FRAMES:
        return f"the frame {_shown(frame)} is none"
    return None


def _attributes_fault(attributes: Any) -> str | None:
    if attributes is None:
        return None
    if type(attributes) is not list:
        return f"the attributes are no list, but {_shown(attributes)}"
    for each in attributes:
        if (
            type(each) is not dict
            or type(each.get("spec_id")) is not int
            or type(each.get("value")) is not str
        ):
            return f"the attribute {_shown(each)} has no id and text"
    return None


def _shape_fault(shape: Json) -> str | None:
    """Tell what is wrong with the geometry of a shape and of its elements."""
    fault = _own_fault(shape)
    if fault or shape.get("type") != "skeleton":
        return fault
    return _elements_fault(shape.get("elements"))


def _own_fault(shape: Json) -> str | None:
    """Tell what is wrong with what every shape has, also one of a track.

    Not with the elements of a skeleton: a track has those itself.
    """
    get = shape.get
    rotation, order = get("rotation"), get("z_order")
    if rotation is not None and (
        type(rotation) not in _NUMBERS or not -MAX_NUMBER < rotation < MAX_NUMBER
    ):
        return f"the rotation {_shown(rotation)} is none"
    if order is not None and (
        type(order) is not int or not -MAX_NUMBER < order < MAX_NUMBER
    ):
        return f"the z_order {_shown(order)} is none"
    if type(get("occluded")) not in _TRUTHS or type(get("outside")) not in _TRUTHS:
        return "occluded or outside is neither true nor false"
    if get("type") != "skeleton":
        fault = _points_fault(get("type"), get("points"))
        return "elements of no skeleton" if get("elements") else fault
    # the points of a skeleton are those of its elements
    points = get("points") or []
    if type(points) is not list or any(type(each) not in _NUMBERS for each in points):
        return f"the points are {_shown(points)}"
    return None


def _points_fault(kind: Any, points: Any) -> str | None:
    if type(kind) is not str or kind not in _KINDS:
        return f"the type {_shown(kind)} is unknown"
    if type(points) is not list:
        return f"the points are no list, but {_shown(points)}"
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
    """Tell what is wrong with the nodes of a skeleton on one frame."""
    if type(elements) is not list or not elements:
        return "a skeleton without elements"
    known = set()
    for each in elements:
        if type(each) is not dict or type(each.get("label_id")) is not int:
            return f"the element {_shown(each)} has no label_id"
        if each.get("type") == "skeleton":
            return "a skeleton in a skeleton"
        fault = _shape_fault(each)
        if fault:
            return f"element {each['label_id']}: {fault}"
        known.add(each["label_id"])
    return None if len(known) == len(elements) else "two elements of one node"


def _track_fault(track: Json) -> str | None:
    """Tell what is wrong with a track, or with one of a skeleton's elements."""
    fault = _common_fault(track)
    if fault:
        return fault
    shapes = track.get("shapes")
    if type(shapes) is not list or not shapes:
        return "a track without shapes"
    with_nodes = False
    for shape in shapes:
        if type(shape) is not dict:
            return f"the shape {_shown(shape)} is no object"
        with_nodes = with_nodes or shape.get("type") == "skeleton"
        fault = _frame_fault(shape) or _attributes_fault(shape.get("attributes"))
        fault = fault or _own_fault(shape)
        if fault:
            return f"shape on frame {_shown(shape.get('frame'))}: {fault}"
    return _element_tracks_fault(track.get("elements"), with_nodes=with_nodes)


def _element_tracks_fault(elements: Any, *, with_nodes: bool) -> str | None:
    if not with_nodes:
        return "elements of no skeleton" if elements else None
    if type(elements) is not list or not elements:
        return "a skeleton without elements"
    known = set()
    for each in elements:
        if type(each) is not dict:
            return f"the element {_shown(each)} is no object"
        fault = "a skeleton in a skeleton" if each.get("elements") else None
        fault = fault or _track_fault(each)
        if fault:
            return f"element {_shown(each.get('label_id'))}: {fault}"
        known.add(each["label_id"])
    return None if len(known) == len(elements) else "two elements of one node"


def reference_fault(
    annotation: Json, spec_ids: Mapping[int, Collection[int]]
) -> str | None:
    """Tell which class or attribute of an annotation its task does not have.

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


def check_annotations(answer: Any, where: str) -> None:
    """Refuse an answer that does not tell which annotations a task has.

    Args:
        answer: what the server answers: any JSON
        where: the URL and the task, for the message

    Raises:
        AnswerError: if a list of tags, shapes or tracks is missing
    """
    _check_object(answer, where)
    for key in ("tags", "shapes", "tracks"):
        if type(answer.get(key)) is not list:
            # an empty list would delete every label
            _refuse(where, f"'{key}' is no list, but {_shown(answer.get(key))}")


def check_stored(answer: Any, where: str) -> None:
    """Refuse an answer that does not tell which annotations the server has stored.

    Args:
        answer: what the server answers: any JSON
        where: the URL and the task, for the message

    Raises:
        AnswerError: if a list is missing, or what tells an annotation from others
    """
    check_annotations(answer, where)
    for kind in ("tags", "shapes", "tracks"):
        for each in answer[kind]:
            fault = _stored_fault(each, kind)
            if fault:
                _refuse(where, f"one of the {kind}: {fault}")


def _stored_fault(annotation: Any, kind: str) -> str | None:
    if type(annotation) is not dict:
        return f"no object, but {_shown(annotation)}"
    if type(annotation.get("id")) is not int:
        return f"the id {_shown(annotation.get('id'))} is none"
    fault = _common_fault(annotation)
    if fault or kind != "tracks":
        return fault
    shapes = annotation.get("shapes")
    if type(shapes) is not list or not all(type(each) is dict for each in shapes):
        return f"the shapes are {_shown(shapes)}"
    faults = (_attributes_fault(each.get("attributes")) for each in shapes)
    return next(filter(None, faults), None)


def check_meta(meta: Any, positions: Collection[int], where: str) -> None:
    """Refuse a description of a task's data that its frames cannot be read by.

    Args:
        meta: what the server answers: any JSON
        positions: the positions that the run knows, each of an image of its own; none
            for a video
        where: the URL and the task, for the message

    Raises:
        AnswerError: if a size, a number or an image is missing
    """
    _check_object(meta, where)
    frames, number = meta.get("frames"), meta.get("size")
    if not _is_whole(number, MAX_FRAMES):
        _refuse(where, f"the size {_shown(number)} is none")
    if type(frames) is not list:
        _refuse(where, f"the frames are no list, but {_shown(frames)}")
    for each in frames:
        if type(each) is not dict:
            _refuse(where, f"the frame {_shown(each)} is no object")
        width, height = each.get("width") or 0, each.get("height") or 0
        whole = _is_whole(width, MAX_SIDE) and _is_whole(height, MAX_SIDE)
        if not whole or width * height > MAX_PIXELS:
            _refuse(where, f"a frame of {_shown(width)} x {_shown(height)} pixels")
    deleted = meta.get("deleted_frames")
    if deleted is not None and (
        type(deleted) is not list
        or not all(_is_whole(each, MAX_FRAMES) for each in deleted)
    ):
        _refuse(where, f"the deleted frames are {_shown(deleted)}")
    _check_selection(meta, where)
    known = min(number, len(frames))
    if max(positions, default=-1) >= known:
        _refuse(where, f"{known} frames, but the run sent {max(positions) + 1}")
    if not positions and len(frames) not in (1, number):
        _refuse(where, f"{len(frames)} frames are described, but there are {number}")


def _check_selection(meta: Json, where: str) -> None:
    """Refuse frames of a video that are chosen in a way that cannot be read."""
    start = meta.get("start_frame", 0)
    if not _is_whole(start, MAX_FRAMES):
        _refuse(where, f"the first frame {_shown(start)} is none")
    name = meta.get("frame_filter") or ""
    if type(name) is not str or (name and not _FILTER.fullmatch(name)):
        _refuse(where, f"the frame filter {_shown(name)} is none")


def check_jobs(jobs: Sequence[Any], where: str) -> None:
    """Refuse jobs that do not tell their frames.

    Args:
        jobs: what the server answers: a list of any JSON
        where: the URL and the task, for the message

    Raises:
        AnswerError: if a job does not tell its first and last frame
    """
    for each in jobs:
        _check_object(each, where)
        for key in ("start_frame", "stop_frame"):
            if not _is_whole(each.get(key), MAX_FRAMES):
                _refuse(where, f"the {key} {_shown(each.get(key))} of a job is none")
        if type(each.get("type", "")) is not str:
            _refuse(where, f"the type {_shown(each['type'])} of a job is none")


def check_labels(labels: Sequence[Any], where: str) -> None:
    """Refuse labels by which annotations cannot be read.

    Args:
        labels: what the server answers: a list of any JSON
        where: the URL and the task, for the message

    Raises:
        AnswerError: if a label or an attribute has no id or name, or one that another
            has
    """
    _check_named(labels, "label", where)
    for label in labels:
        if type(label.get("attributes")) is not list:
            _refuse(where, f"label '{label['name']}' has no list of attributes")
        _check_attributes(label["attributes"], where)
        _check_named(_children(label, "sublabels", where), "sublabel", where)
        for key in ("color", "svg", "type"):
            if type(label.get(key)) not in (str, type(None)):
                _refuse(where, f"the {key} {_shown(label[key])} of a label is none")
    specs = [each["id"] for label in labels for each in label["attributes"]]
    if len(set(specs)) != len(specs):
        _refuse(where, "two attributes have the same id")


def _check_attributes(attributes: Sequence[Any], where: str) -> None:
    _check_named(attributes, "attribute", where)
    for each in attributes:
        name = each["name"]
        if type(each.get("input_type")) is not str:
            _refuse(where, f"attribute '{name}' has no input type")
        if type(each.get("default_value")) not in (str, type(None)):
            _refuse(where, f"the default value of attribute '{name}' is no text")
        values = _children(each, "values", where)
        if not all(type(value) is str for value in values):
            _refuse(where, f"a value of attribute '{name}' is no text")


def _children(parent: Mapping[str, Any], key: str, where: str) -> list[Any]:
    children = parent.get(key)
    if type(children) not in (list, type(None)):
        _refuse(where, f"the {key} are no list, but {_shown(children)}")
    return children or []


def _check_named(things: Sequence[Any], what: str, where: str) -> None:
    """Refuse objects without ids and names of their own."""
    for each in things:
        _check_object(each, where)
        if not (_is_whole(each.get("id"), MAX_INT) and type(each.get("name")) is str):
            _refuse(where, f"the {what} {_shown(each)} has no id and name")
    for key in ("id", "name"):
        if len({each[key] for each in things}) != len(things):
            _refuse(where, f"two {what}s have the same {key}")


def _check_object(value: Any, where: str) -> None:
    if type(value) is not dict:
        _refuse(where, f"no object, but {_shown(value)}")


def _is_whole(value: Any, limit: int) -> bool:
    return type(value) is int and 0 <= value < limit


def _refuse(where: str, fault: str) -> None:
    raise AnswerError(
        f"{where} was answered with what cannot be read: {fault}. Nothing has changed "
        "here; check that no proxy changes answers, else report it with the version of "
        "the server"
    )


def _shown(value: Any) -> str:
    """Return a value as a short text."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    if value is None:
        return "null"
    text = repr(value[:_SHOWN] if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
