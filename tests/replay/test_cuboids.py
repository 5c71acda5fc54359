"""Cuboids and ellipses, which FiftyOne holds as other labels than CVAT."""

from __future__ import annotations

import math

import fiftyone as fo
import numpy as np
import pytest

from fiftyone_cvat.convert.shared.polygons import polygons_to_mask
from fiftyone_cvat.types import Size
from tests import media
from tests.replay.run import Run, moved

WIDTH, HEIGHT = 32, 24
# upper and lower ends of the edges front left, front right, back right, back left
CUBOID = [4, 8, 4, 20, 14, 8, 14, 20, 20, 4, 20, 16, 10, 4, 10, 16]
ELLIPSE = [16.0, 12.0, 26.0, 6.0]  # centre, right, top
TURN = 30.0
TARGETS = {1: "crate"}
LINES = ("polygons", "polylines")
FIELDS = {
    "detections": {"type": "detections", "classes": ["crate"]},
    "instances": {"type": "instances", "classes": ["crate"]},
    "polygons": {"type": "polygons", "classes": ["crate"]},
    "polylines": {"type": "polylines", "classes": ["crate"]},
    "segmentation": {"type": "segmentation", "mask_targets": TARGETS},
}


@pytest.fixture
def picture(dataset, tmp_path):
    [path] = media.make_images(tmp_path, ("picture.png",))
    dataset.add_sample(fo.Sample(filepath=path))
    return dataset


def draw(run, kind, points, **kwargs):
    shape = {
        "type": kind,
        "frame": 0,
        "label_id": run.label_ids()["crate"],
        "points": [float(each) for each in points],
        "attributes": [],
        **kwargs,
    }
    run.change("create", shapes=[shape])


def corners_of(label):
    """Return the corners that a label of edges has, in pixels."""
    return {
        (round(x * WIDTH, 6), round(y * HEIGHT, 6))
        for part in label.points
        for x, y in part
    }


def pairs(numbers):
    return set(zip(map(float, numbers[::2]), map(float, numbers[1::2]), strict=True))


def inside_ellipse(turn=0.0):
    """Return which pixels' centres the ellipse contains."""
    x, y, right, top = ELLIPSE
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    across, down = columns + 0.5 - x, rows + 0.5 - y
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    along, aside = across * cos + down * sin, -across * sin + down * cos
    return (along / (right - x)) ** 2 + (aside / (y - top)) ** 2 <= 1


def pixels_of(label):
    x, y, width, height = label.bounding_box
    left, top = round(x * WIDTH), round(y * HEIGHT)
    assert label.mask.shape == (round(height * HEIGHT), round(width * WIDTH))
    canvas = np.zeros((HEIGHT, WIDTH), bool)
    canvas[top : top + label.mask.shape[0], left : left + label.mask.shape[1]] = (
        label.mask
    )
    return canvas


def on_picture(value):
    """Return which pixels of the picture a field's only label covers."""
    if isinstance(value, fo.Segmentation):
        return value.mask == 1
    if isinstance(value, fo.Detections):
        return pixels_of(value.detections[0])
    [points] = value.polylines[0].points
    numbers = [each for x, y in points for each in (x * WIDTH, y * HEIGHT)]
    mask, left, top = polygons_to_mask([numbers], Size(WIDTH, HEIGHT))
    canvas = np.zeros((HEIGHT, WIDTH), bool)
    canvas[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return canvas


def assert_kept(run, name):
    """Load again, and twice: nothing that the dataset holds may change."""
    loaded = run.documents()
    for _ in range(2):
        assert run.load() == {name: {"kept": 1}}
        assert run.differences(loaded) == []


def area_of(points):
    x, y = np.array(points).T * [[WIDTH], [HEIGHT]]
    return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2


@pytest.mark.parametrize("name", ["polylines", "polygons"])
def test_built_in_defect_cuboid_on_an_image_was_one_in_space(picture, server, name):
    run = Run(picture, server, {name: FIELDS[name]})
    draw(run, "cuboid", CUBOID)

    assert run.load() == {name: {"added": 1}}

    [label] = picture.first()[name].polylines
    assert corners_of(label) == pairs(CUBOID)
    corners = np.array(CUBOID, float).reshape(-1, 2)[[1, 3, 2, 0, 7, 5, 4, 6]]
    expected = fo.Polyline.from_cuboid(corners / [WIDTH, HEIGHT], label="crate")
    assert len(label.points) == len(expected.points)
    for got, wanted in zip(label.points, expected.points, strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-12)
    assert (label.closed, label.filled) == (expected.closed, expected.filled)
    assert_kept(run, name)


def test_a_cuboid_that_was_moved_after_loading(picture, server):
    run = Run(picture, server, {"polylines": FIELDS["polylines"]})
    draw(run, "cuboid", CUBOID)
    run.load()
    [before] = picture.first().polylines.polylines
    [shape] = run.annotations()["shapes"]
    run.change("update", shapes=[moved(shape)])

    assert run.load() == {"polylines": {"changed": 1}}

    [label] = picture.first().polylines.polylines
    assert label.id == before.id
    assert corners_of(label) == pairs([each + 1 for each in CUBOID])
    assert_kept(run, "polylines")


def test_a_cuboid_deleted_after_loading(picture, server):
    run = Run(picture, server, {"polylines": FIELDS["polylines"]})
    draw(run, "cuboid", CUBOID)
    run.load()
    run.change("delete", shapes=run.annotations()["shapes"])

    assert run.load() == {"polylines": {"deleted": 1}}

    left = picture.first().polylines
    assert left is None or left.polylines == []


def test_a_cuboid_drawn_for_boxes_is_not_expected(picture, server):
    run = Run(picture, server, {"detections": FIELDS["detections"]})
    draw(run, "cuboid", CUBOID)

    assert run.load() == {"detections": {}, "polylines": {"added": 1}}

    sample = picture.first()
    assert sample["detections"] is None
    [extra] = list(picture.get_field_schema(embedded_doc_type=fo.Polylines))
    [label] = sample[extra].polylines
    assert corners_of(label) == pairs(CUBOID)
    loaded = run.documents()
    assert run.load() == {"detections": {}, "polylines": {"kept": 1}}
    assert run.differences(loaded) == []

    [shape] = run.annotations()["shapes"]
    run.change("update", shapes=[moved(shape)])
    assert run.load() == {"detections": {}, "polylines": {"changed": 1}}
    [label] = picture.first()[extra].polylines
    assert corners_of(label) == pairs([value + 1 for value in CUBOID])


def test_a_label_of_a_cuboid_goes_round(picture, server):
    corners = np.array(CUBOID, float).reshape(-1, 2)[[1, 3, 2, 0, 7, 5, 4, 6]]
    label = fo.Polyline.from_cuboid(corners / [WIDTH, HEIGHT], label="crate", load=0.3)
    sample = picture.first()
    sample["polylines"] = fo.Polylines(polylines=[label])
    sample.save()
    run = Run(picture, server, {"polylines": {"type": "polylines"}})
    shapes = sorted(run.annotations()["shapes"], key=lambda each: each["id"])
    assert len(shapes) == len(label.points)

    assert run.load() == {"polylines": {"kept": 1}}
    assert run.differences() == []

    run.change("update", shapes=[moved(each) for each in shapes])
    assert run.load() == {"polylines": {"changed": 1}}
    [changed] = picture.first().polylines.polylines
    assert (changed.id, changed.load) == (label.id, 0.3)
    assert len(changed.points) == len(label.points)
    for got, before in zip(changed.points, label.points, strict=True):
        by = np.array([1 / WIDTH, 1 / HEIGHT])
        np.testing.assert_allclose(got, np.array(before) + by)
    assert_kept(run, "polylines")


def test_a_cuboid_goes_round_twice(picture, server):
    first = Run(picture, server, {"polylines": FIELDS["polylines"]}, key="first")
    draw(first, "cuboid", CUBOID)
    first.load()

    second = Run(picture, server, {"polylines": {"type": "polylines"}}, key="second")

    assert second.load() == {"polylines": {"kept": 1}}
    assert second.differences() == []


@pytest.mark.parametrize("name", ["detections", "instances"])
@pytest.mark.parametrize("turn", [0.0, TURN])
def test_built_in_defect_ellipse_was_lost(picture, server, name, turn):
    run = Run(picture, server, {name: FIELDS[name]})
    draw(run, "ellipse", ELLIPSE, rotation=turn)

    assert run.load() == {name: {"added": 1}}

    [label] = picture.first()[name].detections
    np.testing.assert_array_equal(pixels_of(label), inside_ellipse(turn))
    assert_kept(run, name)


@pytest.mark.parametrize("name", ["polygons", "polylines"])
def test_an_ellipse_drawn_for_lines(picture, server, name):
    run = Run(picture, server, {name: FIELDS[name]})
    draw(run, "ellipse", ELLIPSE, rotation=TURN)

    assert run.load() == {name: {"added": 1}}

    [label] = picture.first()[name].polylines
    assert (label.closed, label.filled) == (True, True)
    assert area_of(label.points[0]) == pytest.approx(math.pi * 10 * 6, rel=1e-3)
    assert_kept(run, name)


def test_an_ellipse_drawn_for_a_segmentation(picture, server):
    run = Run(picture, server, {"segmentation": FIELDS["segmentation"]})
    draw(run, "ellipse", ELLIPSE)

    assert run.load() == {"segmentation": {"added": 1}}

    mask = picture.first().segmentation.mask
    np.testing.assert_array_equal(mask, inside_ellipse())
    assert_kept(run, "segmentation")


@pytest.mark.parametrize("name", FIELDS)
def test_an_ellipse_goes_round_twice(picture, server, name):
    first = Run(picture, server, {name: FIELDS[name]}, key="first")
    draw(first, "ellipse", ELLIPSE, rotation=TURN)
    first.load()

    # boxes have no masks and lines no areas: it goes up as what it is now
    now = {"detections": "instances", "polylines": "polygons"}.get(name, name)
    info = {**FIELDS[name], "type": now}
    second = Run(picture, server, {name: info}, key="second")

    kind = "polygon" if now == "polygons" else "mask"
    assert [each["type"] for each in second.annotations()["shapes"]] == [kind]
    assert second.load() == {name: {"kept": 1}}
    assert second.differences() == []


@pytest.mark.parametrize("name", FIELDS)
def test_an_ellipse_that_was_turned_after_loading(picture, server, name):
    run = Run(picture, server, {name: FIELDS[name]})
    draw(run, "ellipse", ELLIPSE)
    run.load()
    loaded = run.documents()
    [shape] = run.annotations()["shapes"]
    run.change("update", shapes=[{**shape, "rotation": TURN}])

    assert run.load() == {name: {"changed": 1}}

    [(changed, _, _)] = run.differences(loaded)
    assert changed == name
    pixels = on_picture(picture.first()[name])
    # an outline is an ellipse to a thousandth of its area
    assert (pixels ^ inside_ellipse(TURN)).sum() <= (2 if name in LINES else 0)
    assert_kept(run, name)
