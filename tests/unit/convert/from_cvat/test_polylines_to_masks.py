"""Outlines that stand for masks."""

from __future__ import annotations

import fiftyone.core.labels as fol
import pytest

from fiftyone_cvat.convert.from_cvat.polylines_to_masks import (
    convert_polylines,
    convert_polylines_to_masks,
)
from tests.builders import detection, object_id, polyline


def test_outline_becomes_the_mask_of_an_instance():
    corners = [[(0.1, 0.4), (0.12, 0.4), (0.12, 0.44), (0.1, 0.44)]]
    label = polyline(points=corners, index=4, color="red")
    made = convert_polylines("id" * 12, label, {}, (100, 50))
    assert isinstance(made, fol.Detection)
    assert (made.label, made.index, made["color"]) == ("cat", 4, "red")
    assert made.bounding_box == pytest.approx([0.1, 0.4, 0.02, 0.04])
    assert made.mask.tolist() == [[True] * 2] * 2


def test_outlines_become_a_segmentation():
    square = [[(0, 0), (0.5, 0), (0.5, 1), (0, 1)]]
    label = fol.Polylines(polylines=[polyline("b", square), polyline("a", square)])
    made = convert_polylines(object_id(), label, {}, (2, 1))
    assert made.id == object_id()
    assert made.mask.tolist() == [[1, 0]]
    targets = {"mask_targets": {5: "a", 6: "b"}}
    made = convert_polylines(object_id(), label, targets, (2, 1))
    assert made.mask.tolist() == [[5, 0]]


@pytest.mark.parametrize(
    "label", [detection(), polyline(points=[[(5, 5), (6, 5), (6, 6)]]), "text", 3]
)
def test_other_labels_are_left_alone(label):
    assert convert_polylines(object_id(), label, {}, (100, 50)) is label


def test_results_are_converted_where_masks_are_wanted():
    results = {
        "detections": {
            "s": {"1": polyline()},
            "v": {"f": {"2": polyline()}},
            "unknown": {"3": polyline()},
        },
        "polylines": {"s": {"4": polyline()}},
    }
    sizes = {"s": {"width": 10, "height": 10}, "v": {"width": 10, "height": 10}}
    results["detections"]["s"] = {object_id(1): polyline()}
    results["detections"]["v"]["f"] = {object_id(2): polyline()}
    convert_polylines_to_masks(results, {}, sizes | {"unknown": None})
    boxes = results["detections"]
    assert isinstance(boxes["s"][object_id(1)], fol.Detection)
    assert isinstance(boxes["v"]["f"][object_id(2)], fol.Detection)
    assert isinstance(boxes["unknown"]["3"], fol.Polyline)
    assert isinstance(results["polylines"]["s"]["4"], fol.Polyline)
