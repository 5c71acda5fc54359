"""Names of classes and attributes, and the server's ids of them."""

from __future__ import annotations

from copy import deepcopy

import pytest

from fiftyone_cvat.convert.shared.server_ids import (
    class_and_attribute_ids,
    create_server_id_map,
    filter_field_classes,
    remap_ids,
    remap_track_ids,
)
from fiftyone_cvat.types import Skeleton
from tests.builders import (
    cvat_schema,
    cvat_shape,
    cvat_tag,
    cvat_track,
    identity,
    object_id,
    server_labels,
    spec,
    track_shape,
)

CLASS_IDS = {"cat": 1, ("cat", "nose"): 11, "dog": 2, ("dog", "nose"): 21}
ATTRIBUTE_IDS = {1: {"color": 5, "label_id": 6}, 2: {"label_id": 7}}


def value(spec_id, text="x"):
    return {"spec_id": spec_id, "value": text}


def test_ids_of_classes_nodes_and_attributes():
    schema = cvat_schema("cat", attributes=[spec()])
    schema |= cvat_schema("body", skeleton=Skeleton(("nose", "eye"), ()))
    assert class_and_attribute_ids(server_labels(schema)) == (
        {"cat": 1, "body": 4, ("body", "nose"): 6, ("body", "eye"): 7},
        {1: {"color": 2, "label_id": 3}, 4: {"label_id": 5}},
    )


@pytest.mark.parametrize("sublabels", [{}, {"sublabels": None}, {"sublabels": []}])
def test_label_without_sublabels(sublabels):
    label = {"id": 1, "name": "cat", "attributes": [], **sublabels}
    assert class_and_attribute_ids([label]) == ({"cat": 1}, {1: {}})


def test_remap_ids_in_place():
    shapes = [
        cvat_shape(attributes=[value("label_id"), value("color"), value("unknown")]),
        cvat_tag("dog", attributes=[value("color"), value("label_id")]),
    ]
    result = remap_ids(shapes, CLASS_IDS, ATTRIBUTE_IDS)
    assert result is shapes
    assert result == [
        cvat_shape(label_id=1, attributes=[value(6), value(5)]),
        cvat_tag(2, attributes=[value(7)]),
    ]


def test_remap_ids_of_nodes_by_their_skeleton():
    elements = [{"label_id": "nose", "points": [1, 2]}]
    shape = cvat_shape("skeleton", [], "dog", elements=deepcopy(elements))
    assert remap_ids([shape], CLASS_IDS, ATTRIBUTE_IDS)[0]["elements"] == [
        {"label_id": 21, "points": [1, 2]}
    ]


def test_remap_track_ids_in_place():
    tracks = [
        cvat_track(
            track_shape(attributes=[value("label_id")]),
            attributes=[value("color"), value("unknown")],
            elements=[cvat_track(track_shape(attributes=[]), label_id="nose")],
        )
    ]
    result = remap_track_ids(tracks, CLASS_IDS, ATTRIBUTE_IDS)
    assert result is tracks
    assert result == [
        cvat_track(
            track_shape(attributes=[value(6)]),
            label_id=1,
            attributes=[value(5)],
            elements=[cvat_track(track_shape(attributes=[]), label_id=11)],
        )
    ]


def test_server_id_map_of_tags_shapes_and_tracks():
    mine = {"spec_id": 6, "value": object_id()}
    answer = {
        "tags": [cvat_tag(1, id=10, attributes=[value(5), mine])],
        "shapes": [
            cvat_shape(label_id=2, id=20, attributes=[value(7, "second")]),
            cvat_shape(label_id=1, id=21, attributes=[value(5)]),
            cvat_shape(label_id=1, id=22, attributes=[value(6, "")]),
            cvat_shape(label_id=9, id=23, attributes=[mine]),
        ],
        "tracks": [
            cvat_track(
                track_shape(attributes=[]),
                track_shape(attributes=[mine]),
                track_shape(attributes=[value(6, "later")]),
                label_id=1,
                id=30,
            )
        ],
    }
    assert create_server_id_map(answer, ATTRIBUTE_IDS) == {
        "tags": {10: object_id()},
        "shapes": {20: "second"},
        "tracks": {30: object_id()},
    }


@pytest.mark.parametrize("answer", [{}, {"tags": None, "shapes": [], "tracks": None}])
def test_server_id_map_of_nothing(answer):
    empty = {"tags": {}, "shapes": {}, "tracks": {}}
    assert create_server_id_map(answer, ATTRIBUTE_IDS) == empty


def test_server_id_map_keeps_the_part():
    shape = cvat_shape(
        label_id=1, id=1, attributes=[{**identity(1, part=2), "spec_id": 6}]
    )
    ids = create_server_id_map({"shapes": [shape]}, ATTRIBUTE_IDS)
    assert ids["shapes"] == {1: f"{object_id()}.2"}


@pytest.mark.parametrize(
    ("classes", "kept"),
    [([], []), ([1], [0]), ({1, 3}, [0, 2]), (iter([3]), [2]), ([9], [])],
)
def test_filter_field_classes(classes, kept):
    annotations = [{"label_id": 1}, {"label_id": 2}, {"label_id": 3}]
    wanted = [annotations[each] for each in kept]
    tags, shapes, tracks = filter_field_classes(
        annotations, annotations[::-1], annotations, classes
    )
    assert (tags, shapes, tracks) == (wanted, wanted[::-1], wanted)
