"""Fingerprints: the same for what is the same, another for each change."""

from __future__ import annotations

from copy import deepcopy

import pytest

from fiftyone_cvat.convert.shared.fingerprints import (
    AnnotationNames,
    annotation_to_fingerprint,
    annotations_to_fingerprints,
    on_other_frames,
    schema_names,
)
from fiftyone_cvat.types import ClassSchema
from tests.builders import cvat_shape

AGE, NAME = 7, 8
CLASS_IDS = {"cat": 1, "dog": 2}
ATTRIBUTE_IDS = {1: {"age": AGE, "name": NAME}, 2: {}}
NAMES = AnnotationNames(CLASS_IDS, ATTRIBUTE_IDS, {AGE: "3"})


def shape(**kwargs):
    texts = [{"spec_id": AGE, "value": "5"}, {"spec_id": NAME, "value": "Tom"}]
    return cvat_shape(label_id=1, attributes=texts) | {"id": 9, **kwargs}


def fingerprint(annotation, names=NAMES):
    return annotation_to_fingerprint(annotation, "shapes", names)


@pytest.mark.parametrize(
    "same",
    [
        shape(id=10),
        shape(points=[25, 12.5, 75.0, 37.5]),
        shape(source="auto"),
        shape(elements=None),
        shape(attributes=shape()["attributes"][::-1]),
    ],
    ids=["id", "integers", "source", "no elements", "order"],
)
def test_what_says_nothing(same):
    assert fingerprint(same) == fingerprint(shape())


@pytest.mark.parametrize(
    "other",
    [
        shape(label_id=2),
        shape(frame=1),
        shape(points=[25.0, 12.5, 75.0, 37.6]),
        shape(rotation=1.0),
        shape(occluded=True),
        shape(group=2),
        shape(z_order=1),
        shape(attributes=shape()["attributes"][:1]),
        shape(attributes=[{"spec_id": NAME, "value": "5"}]),
        shape(elements=[shape()]),
    ],
)
def test_each_change_is_seen(other):
    assert fingerprint(other) != fingerprint(shape())


def test_defaults_that_the_server_fills_in():
    name = {"spec_id": NAME, "value": "Tom"}
    filled = shape(attributes=[name, {"spec_id": AGE, "value": "3"}])

    assert fingerprint(filled) == fingerprint(shape(attributes=[name]))


def test_names_count_and_not_the_ids():
    elsewhere = deepcopy(shape(label_id=11))
    for each in elsewhere["attributes"]:
        each["spec_id"] += 10
    ids = {11: {"age": AGE + 10, "name": NAME + 10}}

    names = AnnotationNames({"cat": 11}, ids, {})
    assert fingerprint(elsewhere, names) == fingerprint(shape())
    renamed = AnnotationNames({"tiger": 1}, ATTRIBUTE_IDS, {})
    assert fingerprint(shape(), renamed) != fingerprint(shape())


def test_names_of_a_schema():
    schema = {"cat": ClassSchema(age={"default_value": 3, "input_type": "text"})}

    names = schema_names(schema, CLASS_IDS, ATTRIBUTE_IDS)

    assert names.defaults == {AGE: "3"}
    assert names.class_by_id == {1: "cat", 2: "dog"}


def test_annotations_by_kind():
    found = annotations_to_fingerprints({"shapes": [shape()], "tags": None}, NAMES)

    assert found == {"tags": {}, "shapes": {9: fingerprint(shape())}, "tracks": {}}


def test_tracks():
    def track(*shapes, **kwargs):
        return {"id": 3, "label_id": 1, "frame": 0, "shapes": [*shapes], **kwargs}

    node = {"label_id": 2, "frame": 0, "shapes": [shape(outside=True)]}
    different = [
        track(shape()),
        track(shape(), shape(frame=1)),
        track(shape(outside=True)),
        track(shape(), label_id=2),
        track(shape(), elements=[node]),
        track(shape(), elements=[node | {"shapes": [shape()]}]),
    ]
    prints = {annotation_to_fingerprint(each, "tracks", NAMES) for each in different}

    assert len(prints) == len(different)
    keyframe = track(shape(keyframe=True, id=7))
    assert annotation_to_fingerprint(keyframe, "tracks", NAMES) in prints


def test_frames_in_another_order():
    track = {"frame": 0, "shapes": [{"frame": 0}, {"frame": 1}], "points": [1.0]}
    skeleton = {"frame": 1, "elements": [{"label_id": 2}]}

    assert on_other_frames(track, {0: 5, 1: 3}) == {
        "frame": 5,
        "shapes": [{"frame": 5}, {"frame": 3}],
        "points": [1.0],
    }
    assert on_other_frames(skeleton, {1: 4}) == {**skeleton, "frame": 4}
    assert on_other_frames(track, {0: 5}) is None
    assert on_other_frames(skeleton, {0: 0}) is None
    # what it is given stays
    assert track["shapes"] == [{"frame": 0}, {"frame": 1}]
