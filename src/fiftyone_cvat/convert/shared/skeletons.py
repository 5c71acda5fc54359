"""Between FiftyOne keypoints and CVAT skeletons, in the order of a skeleton's nodes.

A skeleton in CVAT is a label with one sublabel per node and a drawing that numbers the
nodes. The server promises no order of sublabels or elements, so nodes are told apart
by the ids of their sublabels.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise, permutations
from typing import Any

import numpy as np

from fiftyone_cvat.convert.shared.texts import check_characters, check_ends, shorten
from fiftyone_cvat.errors import GeometryError, SchemaError
from fiftyone_cvat.types import AttributeSpec, Json

__all__ = [
    "check_nodes",
    "keypoint_to_skeleton",
    "skeleton_label",
    "skeleton_to_points",
    "sublabel_ids_by_label",
]

MAX_NODE = 64
"""CVAT's limit for the name of a node, in characters."""

_END = re.compile(r"</circle>|/>")
_MAX_DIGITS = 9
_ATTRIBUTE = re.compile(r'\bdata-(node-id|label-id|label-name)="(.*?)"')


def skeleton_label(
    name: str,
    node_names: Sequence[str],
    edges: Sequence[Sequence[int]],
    attributes: Sequence[AttributeSpec] = (),
) -> Json:
    """Build a CVAT label for a skeleton.

    CVAT wants a drawing, and FiftyOne has no positions for one: the nodes are drawn
    on a circle, clockwise from the top.

    Args:
        name: the label's name
        node_names: the nodes' names; their order is the order of a keypoint's points
        edges: chains of two or more connected nodes, as positions in ``node_names``
        attributes: the specifications of the attributes of the whole skeleton

    Returns:
        the label as the server takes it

    Raises:
        SchemaError: if there are no nodes, a name is empty, too long or not told apart
            from another, or an edge leads to a node that is not there
    """
    check_nodes(name, node_names, edges)
    turn = 2 * math.pi / len(node_names)
    at = [
        (50 + 40 * math.sin(turn * i), 50 - 40 * math.cos(turn * i))
        for i in range(len(node_names))
    ]
    lines = [
        f'<line x1="{at[a][0]:.2f}" y1="{at[a][1]:.2f}" x2="{at[b][0]:.2f}"'
        f' y2="{at[b][1]:.2f}" data-type="edge" data-node-from="{a + 1}"'
        f' data-node-to="{b + 1}"></line>'
        for chain in edges
        for a, b in pairwise(chain)
    ]
    # the server looks for the names as they are and puts ids in their place
    circles = [
        f'<circle r="0.75" cx="{x:.2f}" cy="{y:.2f}" data-type="element node"'
        f' data-element-id="{i}" data-node-id="{i}" data-label-name="{node}"></circle>'
        for i, ((x, y), node) in enumerate(zip(at, node_names, strict=True), 1)
    ]
    return {
        "name": name,
        "type": "skeleton",
        "attributes": list(attributes),
        "sublabels": [
            {"name": node, "type": "points", "attributes": []} for node in node_names
        ],
        "svg": "".join(lines + circles),
    }


def keypoint_to_skeleton(
    points_px: Sequence[Sequence[float]],
    sublabel_ids: Sequence[Any],
    *,
    frame: int = 0,
) -> list[Json]:
    """Convert the points of a keypoint to the elements of a CVAT skeleton.

    CVAT has no element without a position: a point that is not known is outside, in
    the middle of the known ones.

    Args:
        points_px: ``(x, y)`` in pixels for each node, NaN if not known
        sublabel_ids: the ids or names of the sublabels in the order of the nodes
        frame: the frame's position in the task, from 0

    Returns:
        an element for each node

    Raises:
        GeometryError: if there are more or fewer points than nodes
    """
    if len(points_px) != len(sublabel_ids):
        raise GeometryError(
            f"{len(points_px)} points for a skeleton of {len(sublabel_ids)} nodes"
        )
    points = np.array(points_px, dtype=np.float64).reshape(-1, 2)
    known = np.isfinite(points).reshape(-1, 2).all(axis=1).reshape(-1)
    points[~known] = points[known].mean(axis=0) if known.any() else 0.0
    return [
        {
            "type": "points",
            "label_id": sublabel_id,
            "frame": frame,
            "points": point,
            "occluded": False,
            "outside": not is_known,
            "z_order": 0,
            "rotation": 0.0,
            "group": 0,
            "source": "manual",
            "attributes": [],
        }
        for point, is_known, sublabel_id in zip(
            points.tolist(), known.tolist(), sublabel_ids, strict=True
        )
    ]


def skeleton_to_points(
    elements: Sequence[Mapping[str, Any]], sublabel_ids: Sequence[Any]
) -> list[float]:
    """Convert the elements of a CVAT skeleton to points in the order of its nodes.

    Args:
        elements: the elements in any order
        sublabel_ids: the ids of the sublabels in the order of the nodes

    Returns:
        ``[x1, y1, x2, y2, ...]`` in pixels for each node; NaN where an element is
        outside or missing
    """
    known = {
        element["label_id"]: element["points"][:2]
        for element in elements
        if not element.get("outside")
    }
    missing = [math.nan, math.nan]
    return [
        value
        for sublabel_id in sublabel_ids
        for value in known.get(sublabel_id, missing)
    ]


def sublabel_ids_by_label(labels_json: Sequence[Json]) -> dict[int, list[int]]:
    """Find the order of the nodes of each skeleton among a server's labels.

    The order is that of the numbers of the nodes in the skeleton's drawing. Nodes
    that are not drawn follow in the order in which they were made.

    Args:
        labels_json: labels as the server sends them, of any type

    Returns:
        the id of each skeleton's label to the ids of its sublabels in order
    """
    return {
        label["id"]: _sublabel_ids(label.get("svg") or "", label.get("sublabels") or ())
        for label in labels_json
        if label.get("type") == "skeleton"
    }


def _sublabel_ids(svg: str, sublabels: Sequence[Json]) -> list[int]:
    by_name = {sublabel["name"]: sublabel["id"] for sublabel in sublabels}
    id_by_text = {str(each): each for each in by_name.values()}
    numbers: dict[int, int] = {}
    for rest in svg.split("<circle")[1:]:
        node = dict(_ATTRIBUTE.findall(_END.split(rest, maxsplit=1)[0]))
        sublabel_id = id_by_text.get(node.get("label-id", ""))
        sublabel_id = sublabel_id or by_name.get(node.get("label-name"))
        number = node.get("node-id", "")
        if sublabel_id and number.isdecimal() and len(number) <= _MAX_DIGITS:
            numbers[sublabel_id] = int(number)
    last = max(numbers.values(), default=0) + 1
    return sorted(by_name.values(), key=lambda each: (numbers.get(each, last), each))


def check_nodes(
    name: str, node_names: Sequence[str], edges: Sequence[Sequence[int]]
) -> None:
    """Refuse a skeleton that CVAT would not take, or not as it is.

    Args:
        name: the label's name, for messages
        node_names: the nodes' names
        edges: chains of connected nodes, as positions in ``node_names``

    Raises:
        SchemaError: as :func:`skeleton_label` does
    """
    if not node_names:
        raise SchemaError(f"Skeleton {name!r} has no nodes")
    if "" in node_names:
        raise SchemaError(f"Skeleton {name!r} has a node without a name")
    for node in node_names:
        what = f"Node {shorten(node)!r} of skeleton {name!r}"
        check_characters(node, what)
        check_ends(node, what, "node")
        if len(node) > MAX_NODE:
            raise SchemaError(
                f"{what} has a name of {len(node)} characters; CVAT takes {MAX_NODE}: "
                "rename the node"
            )
    for node, other in permutations(node_names, 2):
        # the server, which looks for quoted names, finds the one in the other too
        if other == node or other.startswith(f'{node}"'):
            raise SchemaError(
                f"CVAT cannot tell the nodes {node!r} and {other!r} of skeleton"
                f" {name!r} apart; rename one"
            )
    for chain in edges:
        if not all(0 <= node < len(node_names) for node in chain):
            raise SchemaError(
                f"Skeleton {name!r} has an edge {list(chain)}, but only nodes 0 to"
                f" {len(node_names) - 1}"
            )
