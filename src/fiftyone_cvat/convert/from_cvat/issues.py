"""From issues and the comments on them to labels that show where and what they are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import fiftyone.core.labels as fol
from fiftyone import DynamicEmbeddedDocument

from fiftyone_cvat.convert.from_cvat.annotation_faults import (
    MAX_FRAMES,
    MAX_INT,
    MAX_NUMBER,
    shown,
)
from fiftyone_cvat.errors import AnswerError, GeometryError
from fiftyone_cvat.geometry import pixels_to_points
from fiftyone_cvat.types import Json, Size

__all__ = [
    "ATTRIBUTES",
    "OPEN",
    "RESOLVED",
    "check_comments",
    "check_issues",
    "issue_to_label",
]

OPEN, RESOLVED = "open", "resolved"
"""The classes of issues."""

ATTRIBUTES = (
    *("label", "points", "closed", "filled", "issue_id", "job_id", "resolved"),
    *("author", "created_at", "text", "comments", "url"),
)
"""What the label of an issue has of it."""

CORNERS = 4
"""Numbers in the position of a box, which has two opposite corners."""


def issue_to_label(
    issue: Json, comments: Sequence[Json], size: Size, server: str, url: str
) -> fol.Label:
    """Convert an issue to a label.

    Args:
        issue: the issue as the server describes it
        comments: its comments, likewise, oldest first
        size: the frame's size in pixels
        server: the server's address, by which the label's id is the same in each load
        url: the address of the frame in CVAT's editor

    Returns:
        a Keypoint if it is at one point, else a closed Polyline around its place, in
        relative coordinates, with the label ``open`` or ``resolved``, and as
        attributes ``issue_id``, ``job_id``, ``resolved``, ``author``, ``created_at``,
        ``text``, which is the first comment, ``comments``, each with ``author``,
        ``created_at`` and ``text``, and ``url``

    Raises:
        GeometryError: if the frame has no area, or the position is none in it
    """
    position = issue["position"]
    if not position:
        raise GeometryError("an issue without a position")
    if len(position) == CORNERS:
        x1, y1, x2, y2 = position
        position = [x1, y1, x2, y1, x2, y2, x1, y2]
    points = [list(each) for each in pixels_to_points(position, size)]
    texts = [
        DynamicEmbeddedDocument(
            author=_name(each), created_at=_moment(each), text=each["message"]
        )
        for each in comments
    ]
    attributes = {
        "label": RESOLVED if issue["resolved"] else OPEN,
        "issue_id": issue["id"],
        "job_id": issue["job"],
        "resolved": issue["resolved"],
        "author": _name(issue),
        "created_at": _moment(issue),
        "text": texts[0].text if texts else None,
        "comments": texts,
        "url": url,
        "id": _label_id(server, issue["id"]),
    }
    if len(points) == 1:
        return fol.Keypoint(points=points, **attributes)
    return fol.Polyline(points=[points], closed=True, filled=False, **attributes)


def check_issues(issues: Sequence[Any], where: str) -> None:
    """Refuse issues that do not tell where they are.

    Args:
        issues: what the server answers: a list of any JSON
        where: the URL, for the message

    Raises:
        AnswerError: if one has no id, job, frame, position or state
    """
    for each in issues:
        _check_numbers(each, where, "issue", id=MAX_INT, job=MAX_INT, frame=MAX_FRAMES)
        position = each.get("position")
        if type(position) is not list or not all(map(_is_coordinate, position)):
            _refuse(where, f"the position {shown(position)} of one issue is none")
        if type(each.get("resolved")) is not bool:
            _refuse(where, "an issue does not tell whether it is resolved")
        _check_moment(each, where, "issue")


def check_comments(comments: Sequence[Any], where: str) -> None:
    """Refuse comments that do not tell what they are about.

    Args:
        comments: what the server answers: a list of any JSON
        where: the URL, for the message

    Raises:
        AnswerError: if one has no id, issue or text
    """
    for each in comments:
        _check_numbers(each, where, "comment", id=MAX_INT, issue=MAX_INT)
        if type(each.get("message")) is not str:
            _refuse(where, "a comment has no text")
        _check_moment(each, where, "comment")


def _label_id(server: str, issue_id: int) -> str:
    """Return the id of the label of an issue, the same whenever it is loaded."""
    return hashlib.sha256(f"{server} {issue_id}".encode()).hexdigest()[:24]


def _is_coordinate(value: Any) -> bool:
    """Tell whether a value is a number of pixels; NaN is none."""
    return type(value) in (int, float) and -MAX_NUMBER < value < MAX_NUMBER


def _check_numbers(value: Any, where: str, what: str, **limits: int) -> None:
    if type(value) is not dict:
        _refuse(where, f"the {what} {shown(value)} is no object")
    for key, limit in limits.items():
        number = value.get(key)
        if type(number) is not int or not 0 <= number < limit:
            _refuse(where, f"the {key} {shown(number)} of one {what} is none")


def _check_moment(value: Json, where: str, what: str) -> None:
    try:
        _moment(value)
    except (TypeError, ValueError, OverflowError):
        text = shown(value["created_date"])
        _refuse(where, f"the creation {text} of one {what} is no date")


def _name(thing: Json) -> str | None:
    """Return the name of whoever wrote something; None if that user is gone."""
    owner = thing.get("owner")
    name = owner.get("username") if isinstance(owner, dict) else owner
    return None if name is None else str(name)


def _moment(thing: Json) -> datetime | None:
    """Return when something was written, as the database holds it: UTC, in ms."""
    text = thing.get("created_date")
    if text is None:
        return None
    moment = datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _refuse(where: str, fault: str) -> None:
    raise AnswerError(
        f"{where} was answered with what cannot be read: {fault}. Nothing has changed "
        "here; check that no proxy changes answers, else report it with the version of "
        "the server"
    )
