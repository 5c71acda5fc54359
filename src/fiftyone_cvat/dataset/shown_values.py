"""Values that a run's view shows in place of the dataset's, and edits of the latter.

A stage as ``set_field`` shows its value whatever the dataset has. So a run notes what
the dataset had in its place when labels went up: what is other since then was edited
there, or has been loaded already, and comes before what the view shows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.dataset.stored_labels import LIST_BY_TYPE, labels_by_ref
from fiftyone_cvat.dataset.views import (
    all_slices,
    frames_as_they_are,
    shows_other_values,
    values_of_view,
)
from fiftyone_cvat.types import Json, LabelSchema

__all__ = ["RawValues", "note_raw_values", "with_edits"]

RawValues = dict[Any, dict[str, dict[str, str]]]
"""Field to the id of a label to the names of what a view shows otherwise, each to a
fingerprint of what the dataset has. A scalar has the id of its frame or sample, and the
name "".
"""

_LENGTH = 8
"""Bytes of a fingerprint."""

_ABSENT = object()


def note_raw_values(
    samples: Any, label_schema: LabelSchema, sample_ids: Collection[str]
) -> RawValues:
    """Return what the dataset has where a view shows other values.

    Args:
        samples: the collection to annotate
        label_schema: the run's label schema
        sample_ids: the ids of the samples that are annotated
    """
    if not shows_other_values(samples):
        return {}
    view = samples.select([*sample_ids])
    is_frames, dataset = samples._is_frames, samples._root_dataset
    stored = frames_as_they_are(samples) if is_frames else all_slices(dataset)
    of_sources = samples._is_clips or samples._is_patches
    ids = [*{*view.values("sample_id" if of_sources else "id")}]
    try:
        stored_values = stored.select(ids)
        shown_values = values_of_view(stored, samples).select(ids)
        found: RawValues = {}
        for label_field, info in label_schema.items():
            if label_field is None or not stored.has_field(label_field):
                continue
            columns = [
                labels_by_ref(each, label_field, _raw=True)
                for each in (stored_values, shown_values)
            ]
            found[label_field] = _digests(info.get("type") or "", *columns)
    finally:
        if is_frames:
            stored._dataset.delete()
    return found


def _digests(
    label_type: str, stored: Mapping[FrameRef, Any], shown: Mapping[FrameRef, Any]
) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for ref, value in stored.items():
        if label_type == "scalar":
            if repr(value) != repr(shown.get(ref)):
                found[ref.key] = {"": _digest(value)}
            continue
        labels = {each["_id"]: each for each in _labels(shown.get(ref), label_type)}
        for each in _labels(value, label_type):
            names = _differing(each, labels.get(each["_id"], each))
            if names:
                digests = {name: _digest(each.get(name, _ABSENT)) for name in names}
                found[str(each["_id"])] = digests
    return found


def with_edits(
    shown: Any, stored: Any, label_type: str, key: str, noted: Mapping[str, Any]
) -> Any:
    """Return what a view shows, but what was edited in the dataset as it is there.

    Args:
        shown: what the view shows of a field, as the database gives it
        stored: what the dataset has
        label_type: the type of the run's field
        key: the id of the frame, or sample
        noted: what is noted of the field, see :data:`RawValues`
    """
    if label_type == "scalar":
        is_as_sent = noted.get(key, {}).get("") == _digest(stored)
        return shown if is_as_sent else stored
    if shown is None or stored is None:
        return stored
    by_id = {each["_id"]: each for each in _labels(stored, label_type)}
    labels = [
        _with_edits(each, by_id.get(each["_id"], each), noted)
        for each in _labels(shown, label_type)
    ]
    name = LIST_BY_TYPE.get(label_type)
    return {**shown, name: labels} if name is not None else (labels or [shown])[0]


def _with_edits(shown: Json, stored: Json, noted: Mapping[str, Any]) -> Json:
    digests = noted.get(str(shown["_id"]), {})
    label = dict(shown)
    for name in _differing(shown, stored):
        value = stored.get(name, _ABSENT)
        if digests.get(name) == _digest(value):
            continue
        if value is _ABSENT:
            del label[name]
        else:
            label[name] = value
    return label


def _labels(value: Any, label_type: str) -> Iterator[Json]:
    name = LIST_BY_TYPE.get(label_type)
    labels = [value] if name is None else (value or {}).get(name) or ()
    return (each for each in labels if each and "_id" in each)


def _differing(first: Json, second: Json) -> list[str]:
    """Return the names whose values differ."""
    return [
        name
        for name in dict.fromkeys([*first, *second])
        # NaN equals NaN, but True not 1
        if repr(first.get(name, _ABSENT)) != repr(second.get(name, _ABSENT))
    ]


def _digest(value: Any) -> str:
    text = "" if value is _ABSENT else repr(value)
    return blake2b(text.encode(), digest_size=_LENGTH).hexdigest()
