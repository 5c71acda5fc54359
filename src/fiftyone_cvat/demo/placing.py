"""Where labels stand: at their boxes, over no other label, inside of the picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Area", "place_labels"]

Area = tuple[float, float, float, float]
"""Left, top, right, bottom."""

ON_LABEL = 1000.0
ON_BOX = 2.5
LATER = 40.0
"""What a place costs: a pixel over a label, a pixel over another box, being a less
usual place."""


def place_labels(
    boxes: Sequence[Area],
    sizes: Sequence[tuple[float, float]],
    picture: tuple[float, float],
) -> list[Area]:
    """Find a place for the label of each box.

    Args:
        boxes: the boxes
        sizes: width and height of each label
        picture: width and height of the picture

    Returns:
        a place for each label, in the same order
    """
    places: dict[int, Area] = {}
    # the small boxes first: large ones have more places to choose from
    for number in sorted(range(len(boxes)), key=lambda each: _size(boxes[each])):
        others = [box for each, box in enumerate(boxes) if each != number]
        costs = [
            (_cost(place, others, places.values()) + LATER * rank, place)
            for rank, place in enumerate(_places(boxes[number], sizes[number], picture))
        ]
        places[number] = min(costs)[1]
    return [places[number] for number in range(len(boxes))]


def _places(
    box: Area, size: tuple[float, float], picture: tuple[float, float]
) -> Iterator[Area]:
    """Yield places at a box, the usual ones first, all inside of the picture."""
    (left, top, right, bottom), (width, height), gap = box, size, 3.0
    middle = (left + right - width) / 2
    for x, y in (
        (left, top - height - gap),
        (middle, top - height - gap),
        (right - width, top - height - gap),
        (left, bottom + gap),
        (middle, bottom + gap),
        (right - width, bottom + gap),
        (left + gap, top + gap),
        (left + gap, bottom - height - gap),
        (right + gap, top),
        (right + gap, bottom - height),
        (left - width - gap, top),
        (left - width - gap, bottom - height),
        (middle, top - 2 * height - 2 * gap),
        (middle, bottom + height + 2 * gap),
    ):
        inside_x = min(max(x, 2.0), picture[0] - width - 2.0)
        inside_y = min(max(y, 2.0), picture[1] - height - 2.0)
        yield inside_x, inside_y, inside_x + width, inside_y + height


def _cost(place: Area, boxes: Sequence[Area], labels: Iterable[Area]) -> float:
    cost = sum(ON_BOX * math.sqrt(_overlap(place, box)) for box in boxes)
    for label in labels:
        cost += ON_LABEL * _overlap(place, label)
    return cost


def _overlap(one: Area, other: Area) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height)


def _size(box: Area) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
