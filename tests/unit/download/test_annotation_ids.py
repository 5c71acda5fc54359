"""How many annotations a label went up as, and which label one is remembered to be."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.download.annotation_ids import AnnotationIds
from tests.builders import object_id

LABEL, OTHER = object_id(1), object_id(2)


def read(number, kind="detections", track=None):
    annotation = {"id": number, "label_id": 1}
    return ReadLabel(kind, 0, None, None, 1, annotation, track=track)


def test_pieces_of_a_segmentation_have_one_id_and_are_counted_each():
    ids = AnnotationIds({"shapes": {1: LABEL, 2: LABEL, 3: OTHER}})

    assert (ids.pieces_sent(LABEL), ids.pieces_sent(OTHER)) == (2, 1)


def test_a_part_that_was_sent_twice_counts_once():
    ids = AnnotationIds({"shapes": {1: LABEL, 2: f"{LABEL}.2", 3: f"{LABEL}.2"}})

    assert ids.parts_sent(LABEL) == 2


def test_what_is_remembered_later_did_not_go_up():
    ids = AnnotationIds({})
    ids.remember(read(1), LABEL)

    assert ids.parts_sent(LABEL) == ids.pieces_sent(LABEL) == 0


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        pytest.param(read(7, "classifications"), "tags", id="tag"),
        pytest.param(read(7), "shapes", id="shape"),
        pytest.param(read(7, track=0), "tracks", id="track"),
    ],
)
def test_an_annotation_is_remembered_by_the_servers_id_of_its_kind(label, kind):
    noted = {}
    AnnotationIds(noted).remember(label, LABEL)

    assert noted == {kind: {7: LABEL}}


def test_a_shape_is_the_label_that_it_is_remembered_to_be():
    ids = AnnotationIds({"shapes": {7: LABEL}})

    assert ids.remembered(read(7)) == LABEL
    assert ids.remembered(read(8)) is None


def test_a_shape_of_a_track_is_not_remembered_one_by_one():
    ids = AnnotationIds({"tracks": {7: LABEL}})

    assert ids.remembered(read(7, track=0)) is None


def test_a_track_keeps_the_first_label_that_it_is_remembered_by():
    ids = AnnotationIds({})
    ids.remember(read(7, track=0), LABEL)
    ids.remember(read(7, track=0), OTHER)

    assert ids.of_tracks == {7: LABEL}


@pytest.mark.parametrize(
    ("text", "number", "told", "said"),
    [
        (LABEL, 1, {LABEL}, {LABEL}),
        ("", 1, {OTHER}, {OTHER}),
        (LABEL, 5, {LABEL}, {LABEL, OTHER}),
        ("", 9, set(), set()),
        (f"{LABEL}.2", 9, {LABEL}, {LABEL}),
    ],
)
def test_the_server_s_id_counts_where_the_label_id_is_lost(text, number, told, said):
    ids = AnnotationIds({"shapes": {1: LABEL if text else OTHER, 5: OTHER}})
    attributes = [{"spec_id": 3, "value": text}]
    annotation = {"id": number, "label_id": 1, "attributes": attributes}
    task = SimpleNamespace(label_id_specs={1: 3})

    assert ids.told_by(annotation, "shapes", task) == told
    assert ids.said_by(annotation, "shapes", task) == said
