"""Keypoints and skeletons, in the order of the nodes."""

from __future__ import annotations

import json
import math
import random
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.shared.skeletons import (
    keypoint_to_skeleton,
    skeleton_label,
    skeleton_to_points,
    sublabel_ids_by_label,
)
from fiftyone_cvat.errors import GeometryError, SchemaError

NAN = math.nan
NODES = ["nose", "left eye", "nose2"]
NAME = {"name": "name", "input_type": "text", "mutable": False, "values": []}


def drawing(label):
    return ET.fromstring(f"<svg>{label['svg']}</svg>")


def label(sublabels, nodes, **fields):
    """Build a label as the server sends it: ``nodes`` is number to attribute."""
    circles = "".join(
        f'<circle r="1.5" {attribute} data-node-id="{number}" cx="1"></circle>'
        for number, attribute in nodes.items()
    )
    return {
        "id": 1,
        "name": "body",
        "type": "skeleton",
        "svg": f'<line data-node-from="1" data-node-to="2"></line>{circles}',
        "sublabels": [{"id": key, "name": name} for key, name in sublabels.items()],
        **fields,
    }


def test_label_has_a_sublabel_and_a_circle_for_each_node():
    result = skeleton_label("body", NODES, [[0, 1, 2], [2, 0]], [NAME])
    assert result["name"] == "body"
    assert result["type"] == "skeleton"
    assert result["attributes"] == [NAME]
    assert result["sublabels"] == [
        {"name": name, "type": "points", "attributes": []} for name in NODES
    ]
    circles = drawing(result).findall("circle")
    assert [each.attrib["data-label-name"] for each in circles] == NODES
    assert [each.attrib["data-node-id"] for each in circles] == ["1", "2", "3"]
    for each in circles:
        assert each.attrib["data-type"] == "element node"
        assert each.attrib["data-element-id"] == each.attrib["data-node-id"]
    places = {(each.attrib["cx"], each.attrib["cy"]) for each in circles}
    assert len(places) == len(NODES)
    assert json.loads(json.dumps(result)) == result


def test_edges_join_the_circles_of_their_nodes():
    root = drawing(skeleton_label("body", NODES, [[0, 1, 2], [2, 0]]))
    at = {
        each.attrib["data-node-id"]: (each.attrib["cx"], each.attrib["cy"])
        for each in root.findall("circle")
    }
    lines = [each.attrib for each in root.findall("line")]
    ends = [(line["data-node-from"], line["data-node-to"]) for line in lines]
    assert ends == [("1", "2"), ("2", "3"), ("3", "1")]
    for line, (start, end) in zip(lines, ends, strict=True):
        assert line["data-type"] == "edge"
        assert (line["x1"], line["y1"]) == at[start]
        assert (line["x2"], line["y2"]) == at[end]


@pytest.mark.parametrize("name", ["a&b", "<x>", "ü", 'six"inches'])
def test_names_are_written_as_they_are_for_the_server_replaces_them(name):
    assert f'data-label-name="{name}"' in skeleton_label("body", [name], [])["svg"]


@pytest.mark.parametrize(
    ("nodes", "edges", "words"),
    [
        pytest.param([], [], "no nodes", id="no nodes"),
        pytest.param(["a", ""], [], "without a name", id="no name"),
        pytest.param(["a", "x" * 65], [], "'x{60}...'.* 65 characters", id="long"),
        pytest.param(["a", " b"], [], "' b' .* white space", id="white space"),
        pytest.param(["a", "b\0"], [], "has a NUL character at 1", id="NUL"),
        pytest.param(["\ud800"], [], "has half a character .* at 0", id="surrogate"),
        pytest.param(["a", "b", "a"], [], "'a' and 'a'", id="same name"),
        pytest.param(["a", 'a"b'], [], "apart", id="name and quote"),
        pytest.param(["a", "b"], [[0, 2]], "nodes 0 to 1", id="edge too far"),
        pytest.param(["a", "b"], [[-1, 0]], "nodes 0 to 1", id="negative edge"),
    ],
)
def test_skeleton_that_cannot_be_is_refused(nodes, edges, words):
    with pytest.raises(SchemaError, match=words) as caught:
        skeleton_label("body", nodes, edges)
    assert "body" in str(caught.value)


@pytest.mark.parametrize(
    ("points", "placed", "outside"),
    [
        pytest.param([(1, 2), (3, 4)], [[1, 2], [3, 4]], [False, False], id="all"),
        pytest.param(
            [(1, 2), (NAN, NAN), (3, 6)],
            [[1, 2], [2, 4], [3, 6]],
            [False, True, False],
            id="one is hidden",
        ),
        pytest.param(
            [(NAN, 2), (3, 4)], [[3, 4], [3, 4]], [True, False], id="half a point"
        ),
        pytest.param(
            [(NAN, NAN)] * 2, [[0, 0], [0, 0]], [True, True], id="all are hidden"
        ),
    ],
)
def test_elements_of_a_keypoint(points, placed, outside):
    elements = keypoint_to_skeleton(points, range(7, 7 + len(points)), frame=5)
    assert [each["points"] for each in elements] == placed
    assert [each["outside"] for each in elements] == outside
    assert [each["label_id"] for each in elements] == [*range(7, 7 + len(points))]
    assert {each["type"] for each in elements} == {"points"}
    assert {each["frame"] for each in elements} == {5}
    assert json.loads(json.dumps(elements)) == elements


@pytest.mark.parametrize("count", [0, 1, 3])
def test_keypoint_of_another_number_of_points_is_refused(count):
    with pytest.raises(GeometryError, match=f"{count} points"):
        keypoint_to_skeleton([(1.0, 2.0)] * count, [7, 8])


def test_elements_that_are_missing_or_outside_are_not_a_number():
    elements = [
        {"label_id": 9, "points": [5.0, 6.0]},
        {"label_id": 7, "points": [1.0, 2.0], "outside": True},
        {"label_id": 99, "points": [0.0, 0.0]},
    ]
    points = skeleton_to_points(elements, [7, 8, 9])
    assert points == pytest.approx([NAN, NAN, NAN, NAN, 5.0, 6.0], nan_ok=True)


coordinate = st.floats(-1e4, 1e4)


@given(
    st.lists(
        st.one_of(st.tuples(coordinate, coordinate), st.just((NAN, NAN))), max_size=9
    ),
    st.randoms(use_true_random=False),
)
def test_built_in_defect_points_of_a_skeleton_came_in_another_order(points, shuffle):
    ids = shuffle.sample(range(100), len(points))
    elements = keypoint_to_skeleton(points, ids)
    assert all(math.isfinite(z) for each in elements for z in each["points"])
    shuffle.shuffle(elements)
    flat = [z for point in points for z in point]
    assert skeleton_to_points(elements, ids) == pytest.approx(flat, nan_ok=True, abs=0)


@pytest.mark.parametrize(
    ("sublabels", "nodes", "ids"),
    [
        pytest.param(
            {11: "a", 12: "b"},
            {1: 'data-label-id="11"', 2: 'data-label-id="12"'},
            [11, 12],
            id="as they were made",
        ),
        pytest.param(
            {12: "b", 13: "c", 11: "a"},
            {
                1: 'data-label-id="13"',
                10: 'data-label-id="11"',
                2: 'data-label-id="12"',
            },
            [13, 12, 11],
            id="as they are numbered",
        ),
        pytest.param(
            {11: "a", 12: "b"},
            {1: 'data-label-name="b"', 2: 'data-label-name="a"'},
            [12, 11],
            id="by name",
        ),
        pytest.param(
            {13: "c", 12: "b", 11: "a"},
            {1: 'data-label-id="12"'},
            [12, 11, 13],
            id="not all are drawn",
        ),
        pytest.param(
            {12: "b", 11: "a"},
            {1: 'data-label-id="98"', 2: 'data-label-name="x"', 3: ""},
            [11, 12],
            id="drawing of something else",
        ),
    ],
)
def test_order_of_sublabels_is_that_of_the_nodes(sublabels, nodes, ids):
    labels = [
        {"id": 5, "name": "car", "type": "rectangle", "sublabels": [], "svg": ""},
        label(sublabels, nodes),
    ]
    assert sublabel_ids_by_label(labels) == {1: ids}


def test_drawing_may_be_missing_or_closed_in_short():
    assert sublabel_ids_by_label([label({12: "b", 11: "a"}, {}, svg=None)]) == {
        1: [11, 12]
    }
    svg = '<circle data-node-id="1" data-label-id="12"/><circle data-node-id="2"/>'
    assert sublabel_ids_by_label([label({11: "a", 12: "b"}, {}, svg=svg)]) == {
        1: [12, 11]
    }


def test_our_own_label_has_the_order_of_the_nodes():
    names = [f"node {number}" for number in range(12)]
    ours = skeleton_label("body", names, [])
    ids = random.Random(1).sample(range(50), len(names))
    ours["id"] = 1
    for sublabel, key in zip(ours["sublabels"], ids, strict=True):
        sublabel["id"] = key
    random.Random(2).shuffle(ours["sublabels"])
    assert sublabel_ids_by_label([ours]) == {1: ids}
