"""Which track a label of a video belongs to: that of its ``index`` or ``instance``.

FiftyOne names an object of a video in two ways: by an ``index``, a number, or by an
``instance``, which the labels have that its App makes. A track is what labels of one
class share an index, or, without an index, an instance. A label that has an instance
only is in the track of the same object's labels that have an index, if there are any.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["IndexByObject", "TrackKey", "index_by_object", "instance_id", "track_key"]

TrackKey = int | str
"""What the labels of a track share besides their class: an index, or an instance's id.

The two never equal each other: an id is a text.
"""

IndexByObject = Mapping[tuple[str | None, str], int]
"""Class and instance's id to the index of the object's labels."""


def instance_id(label: Any) -> str | None:
    """Return the id of a label's instance, or None if it has none.

    Args:
        label: FiftyOne's label, or one as the database holds it
    """
    instance = label.get_attribute_value("instance", None)
    if isinstance(instance, Mapping):
        found = instance.get("_id")
    else:
        # a text in its place, which other programs may write, is none
        found = getattr(instance, "id", None)
    return None if found is None else str(found)


def index_by_object(labels: Iterable[Any]) -> dict[tuple[str | None, str], int]:
    """Return which index the object has that some labels are of.

    Of several indexes it is the one that most of the object's labels have; of as many
    labels the lowest.

    Args:
        labels: all labels of a field on the frames of a task

    Returns:
        class and instance's id to the index; objects without any are not there
    """
    counts: dict[tuple[str | None, str], Counter[int]] = defaultdict(Counter)
    for label in labels:
        if label.index is not None:
            instance = instance_id(label)
            if instance is not None:
                counts[label.label, instance][label.index] += 1
    return {
        key: min(count, key=lambda index: (-count[index], index))
        for key, count in counts.items()
    }


def track_key(label: Any, indexes: IndexByObject) -> TrackKey | None:
    """Return the key of a label's track, or None if it is in none.

    Args:
        label: the label
        indexes: what :func:`index_by_object` returns for the labels of its task
    """
    if label.index is not None:
        index: int = label.index
        return index
    instance = instance_id(label)
    if instance is None:
        return None
    return indexes.get((label.label, instance), instance)
