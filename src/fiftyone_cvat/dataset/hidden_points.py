"""Points of keypoints that a view hides: they did not go up, and stay as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from fiftyone_cvat.convert.from_cvat.originals import Original
from fiftyone_cvat.dataset.stored_labels import LIST_BY_TYPE, StoredLabel, labels_in

__all__ = ["hide_points", "note_hidden_points", "note_points"]


def note_hidden_points(
    hidden_points: dict[str, list[list[float]]],
    labels: Iterable[StoredLabel],
    shown: Iterable[StoredLabel],
) -> None:
    """Note which points of keypoints a view hides.

    A view of ``filter_keypoints`` tells it only before a load: what annotators add has
    no confidence, and would be hidden, too.

    Args:
        hidden_points: label id to the hidden points; changed in place
        labels: keypoints as the dataset has them
        shown: the same as the view shows them, NaN where it hides a point
    """
    by_id = {each.id: each for each in shown}
    for label in labels:
        other = by_id.get(label.id)
        if other is None or len(other.points) != len(label.points):
            continue
        pairs = zip(label.points, other.points, strict=True)
        hidden = [list(own) for own, seen in pairs if _is_known(own, but_not=seen)]
        if hidden:
            hidden_points[label.id] = hidden


def hide_points(
    value: Any, label_type: str, hidden_points: dict[str, list[list[float]]]
) -> Any:
    """Return what a field holds as it went up: NaN in place of hidden points.

    Args:
        value: the field's keypoints, wrapped
        label_type: the field's type
        hidden_points: label id to the hidden points
    """
    labels = []
    for label in labels_in(value, label_type):
        hidden = hidden_points.get(label.id, ())
        points = [[np.nan] * 2 if list(p) in hidden else p for p in label.points]
        labels.append(label.with_value("points", points))
    name = LIST_BY_TYPE.get(label_type)
    return labels[0] if name is None else {name: labels}


def note_points(by_id: Mapping[str, Original], labels: Iterable[StoredLabel]) -> None:
    """Note the points of keypoints as they went up.

    Args:
        by_id: label id to what is known of the label; changed in place
        labels: keypoints as they went up
    """
    for label in labels:
        if label.id in by_id:
            by_id[label.id].points_shown = label.points


def _is_known(point: Any, *, but_not: Any) -> bool:
    return bool(np.isfinite(point).all() and not np.isfinite(but_not).all())
