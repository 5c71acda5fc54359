"""Which track a label of a video belongs to: that of its ``index`` or ``instance``.

FiftyOne names an object of a video in two ways: by an ``index``, a number, or by an
``instance``, which the labels have that its App makes. A track is what labels of one
class share an index, or, without an index, an instance. A label that has an instance
only is in the track of the same object's labels that have an index, if there are any.
Where the two disagree, the index counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

__all__ = [
    "IndexByObject",
    "Naming",
    "TrackKey",
    "index_by_object",
    "indexes_by_object",
    "instance_id",
    "most_frequent",
    "objects_in_dispute",
    "track_key",
]

TrackKey = int | str
"""What the labels of a track share besides their class: an index, or an instance's id.

The two never equal each other: an id is a text.
"""


class Naming(NamedTuple):
    """How the labels of a field name their objects: some of them in either way."""

    by_instance: bool = False
    by_index: bool = False


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


def indexes_by_object(
    labels: Iterable[Any],
) -> dict[tuple[str | None, str], Counter[int]]:
    """Return which indexes the objects have that some labels are of.

    Args:
        labels: all labels of a field on the frames of a task

    Returns:
        class and instance's id to how many labels have which index; objects without
        any are not there
    """
    counts: dict[tuple[str | None, str], Counter[int]] = defaultdict(Counter)
    for label in labels:
        if label.index is not None:
            instance = instance_id(label)
            if instance is not None:
                counts[label.label, instance][label.index] += 1
    return dict(counts)


def index_by_object(labels: Iterable[Any]) -> dict[tuple[str | None, str], int]:
    """Return which index the object has that some labels are of.

    Of several indexes it is the one that most of the object's labels have; of as many
    labels the lowest.

    Args:
        labels: all labels of a field on the frames of a task

    Returns:
        class and instance's id to the index; objects without any are not there
    """
    return most_frequent(indexes_by_object(labels))


def most_frequent(
    counts: Mapping[tuple[str | None, str], Counter[int]],
) -> dict[tuple[str | None, str], int]:
    """Return which index each object has, of what :func:`indexes_by_object` returns."""
    return {
        key: min(count, key=lambda index: (-count[index], index))
        for key, count in counts.items()
    }


def objects_in_dispute(
    counts: Mapping[tuple[str | None, str], Counter[int]],
) -> list[str]:
    """Return the objects whose instance and index do not say the same.

    They have several indexes, or one that another object of their class has, too.

    Args:
        counts: what :func:`indexes_by_object` returns

    Returns:
        the ids of their instances
    """
    sharers: Counter[tuple[str | None, int]] = Counter()
    for (name, _), count in counts.items():
        sharers.update((name, index) for index in count)
    return [
        instance
        for (name, instance), count in counts.items()
        if len(count) > 1 or any(sharers[name, index] > 1 for index in count)
    ]


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
