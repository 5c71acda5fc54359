"""What is wrong with an annotation, in words."""

from __future__ import annotations

import re
from math import inf, nan

import pytest

from fiftyone_cvat.convert.from_cvat.annotation_faults import (
    annotation_fault,
    label_id_texts,
    reference_fault,
)

TEXT = {"spec_id": 3, "value": "a"}
TAG = {"id": 1, "label_id": 2, "frame": 0, "group": 0, "attributes": [TEXT]}
BOX = {**TAG, "type": "rectangle", "points": [1.0, 2, 3, 4.5], "rotation": 0.0}
NODE = {"label_id": 5, "type": "points", "points": [1.0, 2.0], "outside": False}
MAN = {**TAG, "type": "skeleton", "points": [], "elements": [NODE]}
TRACK = {**TAG, "shapes": [{k: BOX[k] for k in BOX if k != "label_id"}]}
MEN = {
    **TAG,
    "shapes": [{"frame": 0, "type": "skeleton", "points": []}],
    "elements": [{**TAG, "label_id": 5, "shapes": [{**NODE, "frame": 0}]}],
}


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (TAG, "tags"),
        ({**TAG, "group": None, "attributes": None}, "tags"),
        (BOX, "shapes"),
        ({**BOX, "elements": [], "rotation": None, "z_order": None}, "shapes"),
        ({**BOX, "type": "mask", "points": [0, 4, 1, 1, 2, 2]}, "shapes"),
        ({**BOX, "type": "cuboid", "points": [0.0] * 16}, "shapes"),
        (MAN, "shapes"),
        (TRACK, "tracks"),
        (MEN, "tracks"),
    ],
)
def test_nothing_is_wrong(annotation, kind):
    assert annotation_fault(annotation, kind) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": None}, "id null"),
        ({"id": True}, "id True"),
        ({"id": 2**63}, "id 9223372036854775808"),
        ({"label_id": "2"}, "label_id '2'"),
        ({"frame": -1}, "frame -1"),
        ({"frame": 10**9}, "frame 1000000000"),
        ({"frame": 1.0}, r"frame 1\.0"),
        ({"group": -1}, "group -1"),
        ({"attributes": {}}, "attributes are no list, but an object of 0"),
        ({"attributes": [None]}, "attribute null"),
        ({"attributes": [{"spec_id": 3, "value": 1}]}, "attribute an object of 2"),
        ({"type": "star"}, "type 'star' is unknown"),
        ({"type": ["mask"]}, "type a list of 1 is unknown"),
        ({"points": None}, "points are no list, but null"),
        ({"points": [1.0] * 3}, "3 numbers are not what a rectangle has"),
        ({"type": "polygon", "points": [1.0] * 5}, "5 numbers"),
        ({"type": "points", "points": []}, "0 numbers"),
        ({"type": "mask", "points": [0, 0, 0, 0]}, "4 numbers"),
        ({"points": [1, 2, 3, "4"]}, "not all numbers"),
        ({"points": [1, 2, 3, True]}, "not all numbers"),
        ({"points": [1, nan, 3, 4]}, "not finite"),
        ({"points": [1, 2, inf, 4]}, "too large"),
        ({"points": [1, 2.0, 3, 10**400]}, "too large"),
        ({"points": [-1e308, 1e308, 3, 4]}, "too large"),
        ({"rotation": "90"}, "rotation '90'"),
        ({"rotation": nan}, "rotation nan"),
        ({"z_order": 0.5}, r"z_order 0\.5"),
        ({"occluded": 1}, "neither true nor false"),
        ({"elements": [NODE]}, "elements of no skeleton"),
    ],
)
def test_a_shape_with_a_fault(change, words):
    assert re.search(words, annotation_fault({**BOX, **change}, "shapes") or "")


@pytest.mark.parametrize(
    ("annotation", "kind", "fault"),
    [
        ("cat", "tags", "no object, but 'cat'"),
        (["x"], "tracks", "no object, but a list of 1"),
        ({**MAN, "elements": []}, "shapes", "a skeleton without elements"),
        (
            {**MAN, "elements": [], "shapes": []},
            "shapes",
            "a skeleton without elements",
        ),
        ({**MAN, "elements": [NODE, NODE]}, "shapes", "two elements of one node"),
        ({**MAN, "points": "x"}, "shapes", "the points are 'x'"),
        ({**TRACK, "shapes": []}, "tracks", "a track without shapes"),
        ({**TRACK, "shapes": [7]}, "tracks", "the shape 7 is no object"),
        ({**MEN, "elements": None}, "tracks", "a skeleton without elements"),
        ({**TRACK, "elements": [TRACK]}, "tracks", "elements of no skeleton"),
        (
            {**MEN, "elements": [MEN]},
            "tracks",
            "element 2: a skeleton in a skeleton",
        ),
        (
            {**TRACK, "shapes": [{**BOX, "frame": -(10**9)}]},
            "tracks",
            "shape on frame -1000000000: the frame -1000000000 is none",
        ),
    ],
)
def test_fault_of_a_whole(annotation, kind, fault):
    assert annotation_fault(annotation, kind) == fault


def test_references():
    assert reference_fault(TRACK, {2: {3: "text"}}) is None
    assert reference_fault(TAG, {1: {3: "text"}}) == "its class 2 is none of the task"
    assert reference_fault(TRACK, {2: {}}) == "its attribute 3 is none of its class"


@pytest.mark.parametrize("shapes", [None, 7, [None, {"attributes": [TEXT, 8]}]])
def test_texts_of_an_annotation_with_any_fault(shapes):
    texts = label_id_texts({"attributes": "x", "shapes": shapes}, {3})
    assert texts == ({"a"} if isinstance(shapes, list) else set())
