"""Refuse an answer of the server that cannot be used as a whole.

Answers are plain JSON, and a proxy, a plugin or another version of the server may send
any. A single annotation with a fault is no error: see
:mod:`~fiftyone_cvat.convert.from_cvat.annotation_faults`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from fiftyone_cvat.convert.from_cvat.annotation_faults import (
    MAX_FRAMES,
    MAX_INT,
    shown,
    stored_fault,
)
from fiftyone_cvat.errors import AnswerError
from fiftyone_cvat.types import Json

__all__ = [
    "check_annotations",
    "check_frames",
    "check_jobs",
    "check_labels",
    "check_meta",
    "check_states",
    "check_stored",
]

MAX_SIDE = 2**20
MAX_PIXELS = 2**32

_FILTER = re.compile(r"step=[1-9][0-9]{0,8}")


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
            _refuse(where, f"'{key}' is no list, but {shown(answer.get(key))}")


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
            fault = stored_fault(each, kind)
            if fault:
                _refuse(where, f"one of the {kind}: {fault}")


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
        _refuse(where, f"the size {shown(number)} is none")
    _check_sizes(frames, where)
    deleted = meta.get("deleted_frames")
    if deleted is not None and (
        type(deleted) is not list
        or not all(_is_whole(each, MAX_FRAMES) for each in deleted)
    ):
        _refuse(where, f"the deleted frames are {shown(deleted)}")
    _check_selection(meta, where)
    known = min(number, len(frames))
    if max(positions, default=-1) >= known:
        _refuse(where, f"{known} frames, but the run sent {max(positions) + 1}")
    if not positions and len(frames) not in (1, number):
        _refuse(where, f"{len(frames)} frames are described, but there are {number}")


def check_frames(meta: Any, where: str) -> None:
    """Refuse a description of a job's data that tells no sizes of its frames.

    Args:
        meta: what the server answers: any JSON
        where: the URL, for the message

    Raises:
        AnswerError: if a size is missing, the included frames are no numbers, or they
            are chosen in a way that cannot be read
    """
    _check_object(meta, where)
    _check_sizes(meta.get("frames"), where)
    _check_selection(meta, where)
    included = meta.get("included_frames")
    if included is not None and (
        type(included) is not list
        or not all(_is_whole(each, MAX_FRAMES) for each in included)
    ):
        _refuse(where, f"the included frames are {shown(included)}")


def _check_sizes(frames: Any, where: str) -> None:
    if type(frames) is not list:
        _refuse(where, f"the frames are no list, but {shown(frames)}")
    for each in frames:
        if type(each) is not dict:
            _refuse(where, f"the frame {shown(each)} is no object")
        width, height = each.get("width") or 0, each.get("height") or 0
        whole = _is_whole(width, MAX_SIDE) and _is_whole(height, MAX_SIDE)
        if not whole or width * height > MAX_PIXELS:
            _refuse(where, f"a frame of {shown(width)} x {shown(height)} pixels")


def _check_selection(meta: Json, where: str) -> None:
    """Refuse frames of a video that are chosen in a way that cannot be read."""
    start = meta.get("start_frame", 0)
    if not _is_whole(start, MAX_FRAMES):
        _refuse(where, f"the first frame {shown(start)} is none")
    name = meta.get("frame_filter") or ""
    if type(name) is not str or (name and not _FILTER.fullmatch(name)):
        _refuse(where, f"the frame filter {shown(name)} is none")


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
                _refuse(where, f"the {key} {shown(each.get(key))} of a job is none")
        if type(each.get("type", "")) is not str:
            _refuse(where, f"the type {shown(each['type'])} of a job is none")


def check_states(jobs: Sequence[Any], where: str) -> None:
    """Refuse jobs that do not tell where they stand.

    Args:
        jobs: what the server answers: a list of any JSON
        where: the URL, for the message

    Raises:
        AnswerError: if a job has no id, task, stage or state, or an organization or
            issues that are none
    """
    check_jobs(jobs, where)
    for each in jobs:
        for key in ("id", "task_id"):
            if not _is_whole(each.get(key), MAX_INT):
                _refuse(where, f"the {key} {shown(each.get(key))} of a job is none")
        for key in ("stage", "state"):
            if type(each.get(key)) is not str:
                _refuse(where, f"the {key} {shown(each.get(key))} of a job is none")
        if type(each.get("organization")) not in (int, type(None)):
            _refuse(where, "the organization of a job is no number")
        count = _children_count(each.get("issues"), where)
        if count is not None and not _is_whole(count, MAX_INT):
            _refuse(where, f"the number of issues {shown(count)} of a job is none")


def _children_count(summary: Any, where: str) -> Any:
    """Return how many objects a job says that it has; None if it does not say."""
    if summary is None:
        return None
    _check_object(summary, where)
    return summary.get("count")


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
                _refuse(where, f"the {key} {shown(label[key])} of a label is none")
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
        _refuse(where, f"the {key} are no list, but {shown(children)}")
    return children or []


def _check_named(things: Sequence[Any], what: str, where: str) -> None:
    """Refuse objects without ids and names of their own."""
    for each in things:
        _check_object(each, where)
        if not (_is_whole(each.get("id"), MAX_INT) and type(each.get("name")) is str):
            _refuse(where, f"the {what} {shown(each)} has no id and name")
    for key in ("id", "name"):
        if len({each[key] for each in things}) != len(things):
            _refuse(where, f"two {what}s have the same {key}")


def _check_object(value: Any, where: str) -> None:
    if type(value) is not dict:
        _refuse(where, f"no object, but {shown(value)}")


def _is_whole(value: Any, limit: int) -> bool:
    return type(value) is int and 0 <= value < limit


def _refuse(where: str, fault: str) -> None:
    raise AnswerError(
        f"{where} was answered with what cannot be read: {fault}. Nothing has changed "
        "here; check that no proxy changes answers, else report it with the version of "
        "the server"
    )
