"""Which uploaded label an annotation is, though ids get lost and get copied.

An annotator's tools lose the attribute ``label_id`` (a class with other attributes) and
copy it (paste). No label is dropped because of an id: the id in the attribute decides,
then the server's id, then the place. Of several claims on one id the nearest to what
went up wins, and the others are new labels.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fiftyone_cvat.convert.shared.label_ids import split_label_id
from fiftyone_cvat.types import Json

__all__ = ["Claim", "box_distance", "settle_ids"]

Box = tuple[Sequence[float], Sequence[float]]
"""The lowest and the highest value on each axis."""

Distance = Callable[[Json, Json], float]

OUTLINES = ("polygon", "polyline")
"""Types of shapes of which a label may have several."""

FARTHEST = 0.5
"""How far apart, as 1 - IoU of their boxes, two shapes may be to be one label."""


@dataclass(slots=True)
class Claim:
    """An annotation that may be an uploaded label.

    Attributes:
        label_id: the id that came with it, or None
        part: the number of the label's part, from 1; where the place decides which
            label it is, that of the part that went up there
        server_label_id: the id that went up with the server's id of it, or None
        shape: the annotation as the server sent it
    """

    label_id: str | None
    part: int
    server_label_id: str | None
    shape: Json


def settle_ids(
    claims: Sequence[Claim],
    uploaded: Mapping[str, Sequence[Json]],
    new_id: Callable[[], str],
    *,
    in_space: bool = False,
) -> list[str]:
    """Decide which label each annotation of one frame and field is.

    Args:
        claims: the annotations
        uploaded: the ids of the labels that went up for this frame and field, to
            their shapes, in the order of their parts
        new_id: makes the id of a new label
        in_space: whether cuboids lie in a point cloud rather than on an image

    Returns:
        an id for each annotation; parts of one label have the same id
    """
    distance = partial(box_distance, in_space=in_space)
    ids: list[str | None] = [None] * len(claims)
    taken: dict[tuple[str, int], int] = {}
    wishes: tuple[Callable[[Claim], tuple[str | None, int]], ...] = (
        lambda claim: (claim.label_id, claim.part),
        lambda claim: split_label_id(claim.server_label_id),
    )
    for wish in wishes:
        rivals: dict[tuple[str, int], list[int]] = {}
        for position, claim in enumerate(claims):
            label_id, part = wish(claim)
            part = part if _is_outline(claim) else 1
            if ids[position] is None and label_id in uploaded:
                rivals.setdefault((str(label_id), part), []).append(position)
        for key, positions in rivals.items():
            if key not in taken:
                shape = _shape_of(uploaded, *key)
                winner = _nearest(positions, claims, shape, distance)
                taken[key] = winner
                ids[winner] = key[0]

    _settle_by_place(claims, uploaded, ids, {key[0] for key in taken}, distance)
    copies: dict[tuple[str | None, int], str] = {}
    number: Counter[tuple[str | None, int]] = Counter()
    for position, claim in enumerate(claims):
        if ids[position] is None:
            # the parts of a label that was copied are one label again
            copy = claim.label_id, number[claim.label_id, claim.part]
            number[claim.label_id, claim.part] += 1
            is_part = claim.label_id is not None and _is_outline(claim)
            if not is_part or copy not in copies:
                copies[copy] = new_id()
            ids[position] = copies[copy]
    return [str(each) for each in ids]


def _is_outline(claim: Claim) -> bool:
    """Return whether an annotation may be one of several parts of a label."""
    return claim.shape.get("type") in OUTLINES


def _settle_by_place(
    claims: Sequence[Claim],
    uploaded: Mapping[str, Sequence[Json]],
    ids: list[str | None],
    known: set[str],
    distance: Distance,
) -> None:
    """Give ids that nobody claimed to annotations that lie where they went up."""
    missing = [
        (key, part, shape)
        for key, shapes in uploaded.items()
        if key not in known
        for part, shape in enumerate(shapes, 1)
        if part == 1 or shape.get("type") in OUTLINES
    ]
    free = [
        position
        for position, claim in enumerate(claims)
        # a copy has an id, so it is a copy and not a label that lost its id
        if ids[position] is None and claim.label_id is None
    ]
    pairs = sorted(
        (apart, position, key, part)
        for key, part, shape in missing
        for position in free
        if (apart := distance(claims[position].shape, shape)) <= FARTHEST
        and (part == 1 or _is_outline(claims[position]))
    )
    done: set[tuple[str, int]] = set()
    for _, position, key, part in pairs:
        if ids[position] is None and (key, part) not in done:
            ids[position] = key
            claims[position].part = part
            done.add((key, part))


def _shape_of(
    uploaded: Mapping[str, Sequence[Json]], label_id: str, part: int
) -> Json | None:
    shapes = uploaded[label_id]
    return shapes[part - 1] if part <= len(shapes) else None


def _nearest(
    positions: Sequence[int],
    claims: Sequence[Claim],
    shape: Json | None,
    distance: Distance,
) -> int:
    if len(positions) == 1 or shape is None:
        return positions[0]
    return min(positions, key=lambda each: distance(claims[each].shape, shape))


def box_distance(first: Json, second: Json, *, in_space: bool = False) -> float:
    """Return how far apart two annotations are.

    Args:
        first: an annotation
        second: another one
        in_space: whether cuboids lie in a point cloud rather than on an image

    Returns:
        1 - IoU of their boxes, from 0 to 1, and more than 1 by the distance of their
        centres where they do not meet; 0 for two tags
    """
    a, b = (_box(each, in_space=in_space) for each in (first, second))
    if a is None or b is None:
        return 0.0 if a is b else math.inf
    axes = list(zip(*a, *b, strict=False))
    overlap = math.prod(
        max(0.0, min(high, other_high) - max(low, other_low))
        for low, high, other_low, other_high in axes
    )
    union = _extent(a) + _extent(b) - overlap
    if overlap > 0 and union > 0:
        return 1.0 - overlap / union
    between = (sum(each[:2]) / 2 - sum(each[2:]) / 2 for each in axes)
    apart = math.hypot(*between)
    # boxes without area (points, level lines) coincide or do not
    return apart / (1.0 + apart) if union == 0 else 1.0 + apart


def _box(annotation: Json, *, in_space: bool) -> Box | None:
    points: Any = annotation.get("points")
    if annotation.get("elements"):
        points = [value for each in annotation["elements"] for value in each["points"]]
    if not points:
        return None
    if annotation.get("type") == "mask":
        left, top, right, bottom = points[-4:]
        return (left, top), (right + 1, bottom + 1)
    if annotation.get("type") == "ellipse":
        x, y, right, top = points
        return (2 * x - right, top), (right, 2 * y - top)
    if annotation.get("type") == "cuboid" and in_space:
        # centre, angles and sizes; how it is turned makes little difference here
        halves = [
            (at, size / 2) for at, size in zip(points[:3], points[6:9], strict=True)
        ]
        low, high = ([at + sign * half for at, half in halves] for sign in (-1, 1))
        return low, high
    xs, ys = points[::2], points[1::2]
    return (min(xs), min(ys)), (max(xs), max(ys))


def _extent(box: Box) -> float:
    return math.prod(high - low for low, high in zip(*box, strict=True))
