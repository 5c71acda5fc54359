"""Lists that run beside the points of a keypoint: kept in step with them.

A keypoint has a confidence for each point, in the order of the points, and may have
lists of its own. Annotators add points and take some away, and CVAT does not tell which
ones: those that lie where they lay are recognised, and so are moved ones between them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from fiftyone_cvat.types import Json

__all__ = ["keep_in_step", "lists_beside", "order_of_points"]

TOLERANCE = 0.01
"""Pixels: a point that is nearer than this to where it lay is where it lay."""

_PLAIN = (str, bool, int, float, type(None))

_NO_LISTS = ("points", "tags")


def keep_in_step(
    label: Any,
    before: Any,
    sent: Sequence[Json],
    got: Sequence[Json],
    shown: Sequence[Any] | None = None,
) -> list[str]:
    """Give a keypoint back the points that did not go up, and cut its lists, in place.

    Args:
        label: the keypoint as it came back, with the lists that it had
        before: the keypoint as it is in the dataset
        sent: the annotations that it goes up as
        got: the annotations that came back
        shown: its points as they went up, NaN where they did not, or None if they are
            those of the dataset

    Returns:
        what became of lists that have no value for some point
    """
    is_skeleton = got[0].get("type") == "skeleton"
    are_known = [_is_known(each) for each in shown or before.points]
    if is_skeleton and len(label.points) == len(before.points):
        # a node is a node, wherever it lies
        label.points = [
            point if is_known or _is_known(point) else own
            for point, own, is_known in zip(
                label.points, before.points, are_known, strict=True
            )
        ]
        return []
    known = [number for number, each in enumerate(are_known) if each]
    pixels = sent[0]["points"] if sent and sent[0].get("type") == "points" else []
    matched = order_of_points(pixels, got[0].get("points") or [], len(known))
    if len(matched) != len(label.points):
        matched = order_of_points((), [0.0, 0.0] * len(label.points), len(known))
    reasons = []
    order = matched
    if any(each is not None for each in matched):
        order = _with_unknown(matched, known, len(are_known))
        rest = iter(label.points)
        label.points = [
            next(rest) if number is None or are_known[number] else before.points[number]
            for number in order
        ]
    elif not all(are_known):
        # a view hid those that are there
        hidden = [
            number
            for number, own in enumerate(before.points)
            if not are_known[number] and _is_known(own)
        ]
        label.points = [*label.points, *(before.points[each] for each in hidden)]
        order = [*matched, *hidden]
        if len(hidden) < are_known.count(False):
            reasons.append(
                "keypoint whose points changed: those that were NaN are gone"
            )
    if order == list(range(len(are_known))):
        return []
    for name, values in lists_beside(before):
        label[name], reason = _cut(name, values, order)
        reasons.extend(reason)
    return reasons


def lists_beside(label: Any) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of lists and arrays with a value for each point."""
    number = len(label.points or ())
    for name in label.field_names if number else ():
        values = label[name]
        if name in _NO_LISTS or not isinstance(values, (list, tuple, np.ndarray)):
            continue
        if getattr(values, "ndim", 1) and len(values) == number:
            yield name, values


def order_of_points(
    sent: Sequence[float], got: Sequence[float], number: int
) -> list[int | None]:
    """Return which of the points that went up each point is that came back.

    Args:
        sent: their coordinates in pixels: x, y, x, y, ...; none if they are not known
        got: those that came back
        number: how many points went up

    Returns:
        the position of the point that went up, from 0, or None for a new one, and for
        one that may be one of several
    """
    before = _places(sent) if len(sent) == 2 * number else [None] * number
    after = _places(got)
    first: dict[Any, int] = {}
    for position, place in enumerate(before):
        if place is not None:
            first.setdefault(_cell(place), position)
    names_before = [
        position if place is None else first[_cell(place)]
        for position, place in enumerate(before)
    ]
    names_after = [
        _name_of(place, before, first, ("new", position))
        for position, place in enumerate(after)
    ]
    order: list[int | None] = []
    matcher = SequenceMatcher(None, names_before, names_after, autojunk=False)
    for what, begin, end, new_begin, new_end in matcher.get_opcodes():
        count = new_end - new_begin
        if what == "equal" or count == end - begin:
            order.extend(range(begin, end))
        else:
            order.extend([None] * count)
    return order


def _is_known(point: Any) -> bool:
    return bool(np.isfinite(point).all())


def _places(pixels: Sequence[float]) -> list[Any]:
    return list(zip(pixels[::2], pixels[1::2], strict=True))


def _cell(place: tuple[float, float]) -> tuple[int, int]:
    return math.floor(place[0] / TOLERANCE), math.floor(place[1] / TOLERANCE)


def _name_of(
    place: tuple[float, float], before: Sequence[Any], first: Any, default: Any
) -> Any:
    """Return the first point that lies in a place, or a default."""
    x, y = _cell(place)
    cells = ((x + dx, y + dy) for dx in (0, -1, 1) for dy in (0, -1, 1))
    found = (first[each] for each in cells if each in first)
    return next(
        (each for each in found if math.dist(before[each], place) <= TOLERANCE), default
    )


def _with_unknown(
    matched: Sequence[int | None], known: Sequence[int], count: int
) -> list[int | None]:
    """Put points that are not known between those that they lay between.

    Args:
        matched: which of the known points each point is
        known: the positions of the known points among all
        count: how many points there were
    """
    unknown = sorted(set(range(count)) - set(known))
    order: list[int | None] = []
    position = 0
    for each in matched:
        # a new point comes after the ones that may be meant
        position = position if each is None else each
        limit = known[position] if position < len(known) else count
        while unknown and unknown[0] < limit:
            order.append(unknown.pop(0))
        order.append(None if each is None else known[each])
        position = position if each is None else each + 1
    return [*order, *unknown]


def _cut(name: str, values: Any, order: Sequence[int | None]) -> tuple[Any, list[str]]:
    """Return a list in the order of the points, or None, and what became of it."""
    array = values if isinstance(values, np.ndarray) else None
    plain: list[Any] = values.tolist() if array is not None else list(values)
    is_new = None in order
    has_old = any(each is not None for each in order)
    is_plain = all(isinstance(each, (*_PLAIN, list)) for each in plain)
    are_numbers = all(type(each) is float for each in plain)
    if not (is_plain and has_old and (are_numbers or not is_new)):
        had = f"'{name}', which had a value for each of them"
        return None, [f"keypoint whose points changed: {had}, is cleared"]
    cut = [math.nan if each is None else plain[each] for each in order]
    reason = [f"keypoint with new points, which are NaN in '{name}'"] if is_new else []
    return (cut if array is None else np.array(cut, array.dtype)), reason
