"""How what an import has made is compared to what went up: field by field.

Coordinates are compared within 1e-6 of the picture, everything else exactly. Labels are
known by their attribute ``number``: ids are new in another dataset.
"""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest

from fiftyone_cvat import import_tasks

__all__ = [
    "assert_import_again_changes_nothing",
    "assert_same_tracks",
    "differences",
    "in_field",
    "labels_in",
]

PRECISION = 1e-6


def in_field(kind, labels):
    if kind == "classification":
        return labels[0]
    kind = "detections" if kind == "instances" else kind
    kind = "polylines" if kind == "polygons" else kind
    made = getattr(fo, kind.capitalize())
    return made(**{kind: labels})


def content(label):
    """Return what a label holds besides its id, without what is None.

    CVAT has an empty text where somebody draws a shape and says nothing.
    """
    values = {name: label[name] for name in label.field_names if name != "id"}
    return {
        name: value
        for name, value in values.items()
        if value is not None and not (isinstance(value, str) and value == "")
    }


def is_same(ours, theirs):
    if isinstance(ours, float) or isinstance(theirs, float):
        return ours == pytest.approx(theirs, abs=PRECISION, nan_ok=True)
    if isinstance(ours, np.ndarray):
        return np.array_equal(ours, theirs)
    if isinstance(ours, (list, tuple)):
        pairs = zip(ours, theirs, strict=True)
        return len(ours) == len(theirs) and all(is_same(*each) for each in pairs)
    return type(ours) is type(theirs) and ours == theirs


def labels_in(value):
    """Return the labels of a field by class and number."""
    if value is None:
        return []
    listed = getattr(value, "_LABEL_LIST_FIELD", None)
    labels = [value] if listed is None else value[listed]
    return sorted(labels, key=lambda each: (each.label, str(content(each))))


def by_number(value):
    labels = labels_in(value)
    return sorted(labels, key=lambda each: each.get_attribute_value("number", -1))


def differences(ours, theirs, fields):
    """Return what differs in the labels of two documents, field by field.

    An import does not know of fields of one label: it fills fields of any number.
    """
    found = []
    for field in fields:
        mine = by_number(ours[field] if ours.has_field(field) else None)
        own = by_number(theirs[field] if theirs.has_field(field) else None)
        if len(mine) != len(own):
            found.append((field, mine, own))
            continue
        for first, second in zip(mine, own, strict=True):
            one, other = content(first), content(second)
            found += [
                (field, name, one.get(name), other.get(name))
                for name in sorted(one.keys() | other.keys())
                if not is_same(one.get(name), other.get(name))
            ]
    return found


def documents(dataset):
    found = list(dataset._sample_collection.find({}))
    if dataset._has_frame_fields():
        found += dataset._frame_collection.find({})
    for each in found:
        each.pop("last_modified_at", None)
    return found


def assert_import_again_changes_nothing(dataset, **kwargs):
    before = [repr(each) for each in documents(dataset)]
    results = import_tasks(dataset, **kwargs)
    counts = results.reconciliation
    for name in counts.counts:
        totals = {what for what, n in counts.totals(name).items() if n}
        assert totals <= {"kept"}, name
    assert [repr(each) for each in documents(dataset)] == before


def indexes_by_track(sample, field):
    """Return the indexes that the labels of one class and number have."""
    found = {}
    for frame in sample.frames.values():
        for each in labels_in(frame[field]):
            found.setdefault((each.label, each.number), set()).add(each.index)
    return found


def assert_same_tracks(ours, theirs, field):
    """Hold that the tracks of a field have indexes of their own, one for each.

    Those of an import count from 1, whatever they were.
    """
    given, sent = indexes_by_track(ours, field), indexes_by_track(theirs, field)
    assert all(len(each) == 1 for each in given.values())
    assert given.keys() == sent.keys()
    tracks = [key for key, each in sent.items() if each != {None}]
    assert [key for key, each in given.items() if each != {None}] == tracks
    used = [index for key in tracks for index in given[key]]
    assert len(used) == len({*used})
