"""What is unchanged is not read; the result is that of reading all of it."""

from __future__ import annotations

import contextlib
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.download import placement, unchanged
from fiftyone_cvat.errors import CVATError
from tests.fuzz.runs import KINDS
from tests.fuzz.spoiling import spoiled
from tests.fuzz.test_reading import examples, runs, server

__all__ = ["runs", "server"]  # the fixtures


@contextlib.contextmanager
def all_is_read():
    """Let every annotation be read and every segmentation be painted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placement, "unchanged_annotation", lambda *_: None)
        patch.setattr(unchanged, "shows_pieces", lambda *_: False)
        yield


def outcome(run, answers):
    """Return all that comes out of a load but for the ids of new labels."""
    run.results.deleted, run.results.left_out = [], {}
    try:
        annotations = run.load(deepcopy(answers))
    except CVATError as error:
        return str(error)
    known = set(run.labels)
    results, found = run.results, run.found(annotations)
    new = [_without_id(value) for key, value in found.items() if key not in known]
    return {
        "known": {key: value for key, value in found.items() if key in known},
        "new": sorted(map(repr, new)),
        "counts": results.reconciliation,
        "server ids": {
            kind: {key: _known(text, known) for key, text in ids.items()}
            for kind, ids in results.server_id_map.items()
        },
        "deleted": results.deleted,
        "left out": results.left_out,
        "absent": results.absent_attributes.ids,
        "schema": results.config.label_schema,
    }


def _known(text, known):
    return text if text.partition(".")[0] in known else "new"


def _without_id(value):
    if not isinstance(value, str) or "ObjectId('" not in value:
        return value
    before, _, after = value.partition("ObjectId('")
    return before + after.partition("')")[2]


def edited(annotations, data):
    """Return annotations as editors leave them: moved, copied, deleted, cleared."""
    annotations = deepcopy(annotations)
    places = [(kind, each) for kind in KINDS for each in annotations[kind]]
    chosen = data.draw(
        st.lists(st.integers(0, len(places) - 1), min_size=1, max_size=4)
    )
    for number in chosen:
        kind, annotation = places[number]
        if annotation not in annotations[kind]:
            continue
        edit = data.draw(st.sampled_from(EDITS))
        edit(annotations[kind], annotation, data)
    return annotations


def _shapes(annotation):
    return annotation.get("shapes") or [annotation]


def _move(_, annotation, data):
    shape = data.draw(st.sampled_from(_shapes(annotation)))
    if shape.get("points") and shape.get("type") != "mask":
        shape["points"][0] += data.draw(st.sampled_from([0.0004, 0.002, 3.0]))


def _paste(siblings, annotation, data):
    copy = deepcopy(annotation)
    copy["id"] = max(each["id"] for each in siblings) + 1000
    siblings.insert(data.draw(st.integers(0, len(siblings))), copy)


def _delete(siblings, annotation, _):
    siblings.remove(annotation)


def _clear(_, annotation, data):
    data.draw(st.sampled_from(_shapes(annotation)))["attributes"] = []


def _retype(_, annotation, data):
    for each in _shapes(annotation):
        if each.get("attributes"):
            value = data.draw(st.sampled_from(["", "red", " 7 ", "x.2"]))
            each["attributes"][-1]["value"] = value


def _swap(siblings, annotation, data):
    other = data.draw(st.sampled_from(siblings))
    for first, second in zip(_shapes(annotation), _shapes(other), strict=False):
        mine, theirs = first.get("attributes"), second.get("attributes")
        first["attributes"], second["attributes"] = theirs, mine


def _to_frame(_, annotation, data):
    annotation["frame"] = data.draw(st.integers(0, 3))


def _occlude(_, annotation, data):
    data.draw(st.sampled_from(_shapes(annotation)))["occluded"] = True


EDITS = [_move, _paste, _delete, _clear, _retype, _swap, _to_frame, _occlude]


def test_what_is_unchanged_is_not_read(runs, monkeypatch):
    read = []
    monkeypatch.setattr(
        placement, "read_annotation", lambda *args: read.append(args) or None
    )
    for run in runs.values():
        run.load()
    assert all(
        kind == "tags" or annotation["type"] == "mask" for annotation, kind, _ in read
    )


@examples(3)
@given(st.data())
def test_edits(runs, data):
    run = runs[data.draw(st.sampled_from(sorted(runs)))]
    annotations = edited(run.answers["annotations"], data)
    deleted = data.draw(st.sampled_from([[], [], [0]]))
    meta = run.answers["meta"] | {"deleted_frames": deleted}
    answers = run.answers | {"annotations": annotations, "meta": meta}

    found = outcome(run, answers)
    with all_is_read():
        assert outcome(run, answers) == found


@examples(1)
@given(st.data())
def test_spoiled_answers(runs, data):
    run = runs[data.draw(st.sampled_from(sorted(runs)))]
    annotations = data.draw(spoiled(run.answers["annotations"])).answer
    answers = run.answers | {"annotations": annotations}

    found = outcome(run, answers)
    with all_is_read():
        assert outcome(run, answers) == found
