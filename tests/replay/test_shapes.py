"""Masks, polygons, lines and points that annotators change, draw and delete."""

from __future__ import annotations

from math import nan

import fiftyone as fo
import numpy as np
import pytest

from tests import media
from tests.replay.run import Run, box, moved

DRAWN = {"frame": 0, "attributes": []}


@pytest.fixture
def picture(dataset, tmp_path):
    [path] = media.make_images(tmp_path, ("picture.png",))
    dataset.add_sample(fo.Sample(filepath=path))
    return dataset


def with_field(dataset, name, value):
    sample = dataset.first()
    sample[name] = value
    sample.save()
    return dataset


def instance(left, top, mask, label="cat", **kwargs):
    height, width = mask.shape
    where = [left / 32, top / 24, width / 32, height / 24]
    return fo.Detection(label=label, bounding_box=where, mask=mask, **kwargs)


def pixels_of(label):
    """Return the pixels of a detection's mask on the whole picture."""
    x, y, width, height = label.bounding_box
    left, top = round(x * 32), round(y * 24)
    assert label.mask.shape == (round(height * 24), round(width * 32))
    canvas = np.zeros((24, 32), bool)
    canvas[top : top + label.mask.shape[0], left : left + label.mask.shape[1]] = (
        label.mask
    )
    return canvas


def runs(*lengths, corners):
    return [*map(float, lengths), *map(float, corners)]


def in_order(run):
    return sorted(run.annotations()["shapes"], key=lambda shape: shape["id"])


@pytest.mark.older_servers
def test_a_mask_that_was_painted_over(picture, server):
    ring = np.ones((4, 5), bool)
    ring[1:3, 1:4] = False
    edge = np.ones((3, 4), bool)
    labels = [instance(3, 4, ring, score=0.5), instance(28, 21, edge)]
    with_field(picture, "cats", fo.Detections(detections=labels))
    run = Run(picture, server, {"cats": {"type": "instances"}})
    assert run.load() == {"cats": {"kept": 2}}
    assert run.differences() == []
    ring_shape, _ = in_order(run)
    assert ring_shape["points"][-4:] == [3, 4, 7, 7]

    # the hole is filled: 20 pixels in one run
    filled = runs(0, 20, corners=(3, 4, 7, 7))
    run.change("update", shapes=[{**ring_shape, "points": filled}])

    assert run.load() == {"cats": {"kept": 1, "changed": 1}}
    one, two = picture.first().cats.detections
    assert (one.id, two.id) == tuple(each.id for each in labels)
    assert one.score == 0.5
    assert one.mask.all()
    assert pixels_of(one).sum() == 20
    assert pixels_of(two)[21:, 28:].all()
    before = run.documents()
    assert run.load() == {"cats": {"kept": 2}}
    assert run.differences(before) == []


def test_built_in_defect_mask_lost_its_last_row_and_column(picture, server):
    run = Run(picture, server, {"cats": {"type": "instances", "classes": ["cat"]}})
    shape = {
        **DRAWN,
        "type": "mask",
        "label_id": run.label_ids()["cat"],
        # a row of the picture's whole width, and one pixel more below it
        "points": runs(0, 33, 31, corners=(0, 22, 31, 23)),
    }
    run.change("create", shapes=[shape])

    assert run.load() == {"cats": {"added": 1}}

    [label] = picture.first().cats.detections
    expected = np.zeros((24, 32), bool)
    expected[22] = True
    expected[23, 0] = True
    np.testing.assert_array_equal(pixels_of(label), expected)
    # and it goes up again as what came down
    again = Run(picture, server, {"cats": {"type": "instances"}}, key="again")
    [sent] = again.annotations()["shapes"]
    assert sent["points"] == shape["points"]
    assert again.load() == {"cats": {"kept": 1}}
    assert again.differences() == []


def test_a_box_among_masks_stays_a_box(picture, server):
    labels = [instance(3, 4, np.ones((4, 5), bool)), box(x=0.5)]
    with_field(picture, "cats", fo.Detections(detections=labels))
    run = Run(picture, server, {"cats": {"type": "instances"}})

    run.load()

    assert run.differences() == []


def test_polygons_and_masks_drawn_for_instances(picture, server):
    run = Run(picture, server, {"cats": {"type": "instances", "classes": ["cat"]}})
    common = {**DRAWN, "label_id": run.label_ids()["cat"]}
    square = [4.0, 4, 10, 4, 10, 8, 4, 8]
    run.change(
        "create",
        shapes=[
            {**common, "type": "polygon", "points": square},
            {**common, "type": "ellipse", "points": [20.0, 12.0, 24.0, 9.0]},
        ],
    )

    assert run.load() == {"cats": {"added": 2}}

    square, ellipse = picture.first().cats.detections
    expected = np.zeros((24, 32), bool)
    expected[4:8, 4:10] = True
    np.testing.assert_array_equal(pixels_of(square), expected)
    y, x = np.ogrid[:24, :32]
    inside = ((x + 0.5 - 20) / 4) ** 2 + ((y + 0.5 - 12) / 3) ** 2 <= 1
    assert (pixels_of(ellipse) ^ inside).sum() <= 2


@pytest.mark.older_servers
def test_polygons_that_were_edited(picture, server):
    corners = [(0.1, 0.1), (0.5, 0.127), (0.3, 0.51)]
    island = [(0.6, 0.6), (0.9, 0.6), (0.7, 0.9)]
    common = {"label": "lawn", "closed": True, "filled": True}
    labels = [
        fo.Polyline(points=[corners], kind="one", **common),
        fo.Polyline(points=[corners, island], kind="two", **common),
    ]
    with_field(picture, "lawns", fo.Polylines(polylines=labels))
    run = Run(picture, server, {"lawns": {"type": "polygons"}})
    one, main, part = in_order(run)
    assert main["points"] == one["points"]
    # the first moves, and of the two parts of the second the island gets a corner
    more = [*part["points"], 20.0, 20.5]
    run.change("update", shapes=[moved(one), {**part, "points": more}])

    assert run.load() == {"lawns": {"changed": 2}}

    first, second = picture.first().lawns.polylines
    assert [first.id, second.id] == [each.id for each in labels]
    assert (first.kind, second.kind) == ("one", "two")
    assert first.points[0][0] == pytest.approx((0.1 + 1 / 32, 0.1 + 1 / 24))
    assert [len(each) for each in second.points] == [3, 4]
    np.testing.assert_allclose(second.points[0], corners)
    assert second.points[1][3] == pytest.approx((20 / 32, 20.5 / 24))
    assert first.closed
    assert second.filled
    before = run.documents()
    assert run.load() == {"lawns": {"kept": 2}}
    assert run.differences(before) == []


def test_a_copy_of_two_parts_is_one_label(picture, server):
    parts = [
        [(0.1, 0.1), (0.4, 0.1), (0.4, 0.4)],
        [(0.6, 0.6), (0.9, 0.6), (0.9, 0.9)],
    ]
    lawn = fo.Polyline(label="lawn", points=parts, closed=True, filled=True)
    sample = picture.first()
    sample["polylines"] = fo.Polylines(polylines=[lawn])
    sample.save()
    run = Run(picture, server, {"polylines": {"type": "polygons"}})
    copies = [{**moved(each), "id": None} for each in run.annotations()["shapes"]]
    run.change("create", shapes=copies)

    assert run.load() == {"polylines": {"kept": 1, "added": 1}}

    first, second = picture.first().polylines.polylines
    assert (first.id, len(second.points)) == (lawn.id, 2)
    before = run.documents()
    assert run.load() == {"polylines": {"kept": 2}}
    assert run.differences(before) == []


def test_a_part_of_a_polygon_that_was_deleted(picture, server):
    parts = [
        [(0.1, 0.1), (0.5, 0.127), (0.3, 0.51)],
        [(0.6, 0.6), (0.9, 0.6), (0.7, 0.9)],
    ]
    lawn = fo.Polyline(label="lawn", points=parts, closed=True, filled=True)
    with_field(picture, "lawns", fo.Polylines(polylines=[lawn]))
    run = Run(picture, server, {"lawns": {"type": "polygons"}})
    _, second = in_order(run)
    run.change("delete", shapes=[second])

    assert run.load() == {"lawns": {"changed": 1}}

    [label] = picture.first().lawns.polylines
    assert label.id == lawn.id
    assert len(label.points) == 1
    np.testing.assert_allclose(label.points[0], parts[0])


def test_parts_that_did_not_go_up_stay(picture, server):
    line, triangle = [(0.1, 0.1), (0.2, 0.2)], [(0.1, 0.1), (0.5, 0.1), (0.5, 0.5)]
    unknown = [(nan, nan), (0.3, 0.3), (nan, nan), (nan, nan)]
    other = [(0.6, 0.6), (0.9, 0.6), (nan, nan), (0.9, 0.9)]
    points = [line, triangle, unknown, [], other]
    area = fo.Polyline(label="a", points=points, closed=True, filled=True)
    way = fo.Polyline(label="a", points=[line[:1], line, [], other])
    with_field(picture, "areas", fo.Polylines(polylines=[area]))
    with_field(picture, "ways", fo.Polylines(polylines=[way]))
    types = {"areas": {"type": "polygons"}, "ways": {"type": "polylines"}}
    run = Run(picture, server, types)
    filled, _, bent, _ = sorted(in_order(run), key=lambda each: each["type"])
    run.change("update", shapes=[moved(filled), moved(bent)])

    assert run.load() == {"areas": {"changed": 1}, "ways": {"changed": 1}}

    filled = picture.first().areas.polylines[0].points
    bent = picture.first().ways.polylines[0].points
    assert [len(each) for each in filled] == [2, 3, 4, 0, 4]
    assert [len(each) for each in bent] == [1, 2, 0, 4]
    assert filled[1][0] == pytest.approx([0.1 + 1 / 32, 0.1 + 1 / 24])
    assert bent[1][0] == pytest.approx([0.1 + 1 / 32, 0.1 + 1 / 24])
    kept = [line, unknown, other, line[:1], other]
    found = [filled[0], filled[2], filled[4], bent[0], bent[3]]
    for part, expected in zip(found, kept, strict=True):
        np.testing.assert_array_equal(part, expected)
    before = run.documents()
    assert run.load() == {"areas": {"kept": 1}, "ways": {"kept": 1}}
    assert run.differences(before) == []


def test_built_in_defect_lines_did_not_go_up(picture, server):
    points = [(0.1, 0.1), (0.5, 0.127), (0.3, 0.51)]
    labels = [
        fo.Polyline(label="road", points=[points], closed=False, filled=False),
        fo.Polyline(label="road", points=[points], closed=True, filled=False),
    ]
    with_field(picture, "roads", fo.Polylines(polylines=labels))
    run = Run(picture, server, {"roads": {"type": "polylines"}})
    open_line, closed_line = in_order(run)
    assert len(open_line["points"]) == 6
    assert closed_line["points"][:2] == closed_line["points"][-2:]
    drawn = {
        **DRAWN,
        "type": "polyline",
        "label_id": run.label_ids()["road"],
        "points": [0.0, 0.0, 32.0, 24.0],
    }
    run.change("update", shapes=[moved(open_line), moved(closed_line)])
    run.change("create", shapes=[drawn])

    assert run.load() == {"roads": {"changed": 2, "added": 1}}

    roads = picture.first().roads.polylines
    assert [(each.closed, each.filled) for each in roads] == [
        (False, False),
        (True, False),
        (False, False),
    ]
    assert [len(each.points[0]) for each in roads] == [3, 3, 2]
    np.testing.assert_array_equal(roads[2].points[0], [(0, 0), (1, 1)])


def draw_lawn(run, points):
    lawn = run.label_ids()["lawn"]
    shape = {**DRAWN, "type": "mask", "label_id": lawn, "points": points}
    run.change("create", shapes=[shape])


def test_built_in_defect_mask_among_polygons_was_not_expected(picture, server):
    schema = {"type": "polygons", "classes": ["lawn"]}
    run = Run(picture, server, {"lawns": schema})
    draw_lawn(run, runs(0, 20, corners=(4, 4, 8, 7)))

    assert run.load() == {"lawns": {"added": 1}}

    [lawn] = picture.first().lawns.polylines
    assert lawn.closed
    assert lawn.filled
    corners = {(round(x * 32, 6), round(y * 24, 6)) for x, y in lawn.points[0]}
    assert corners == {(4, 4), (9, 4), (9, 8), (4, 8)}


def test_built_in_defect_mask_of_two_regions_lost_one(picture, server):
    schema = {"type": "polygons", "classes": ["lawn"]}
    run = Run(picture, server, {"lawns": schema})
    # two columns with one between them, two rows high
    draw_lawn(run, runs(0, 1, 1, 2, 1, 1, corners=(4, 4, 6, 5)))
    assert run.load() == {"lawns": {"added": 1}}
    [lawn] = picture.first().lawns.polylines
    found = [
        {(round(x * 32, 6), round(y * 24, 6)) for x, y in part} for part in lawn.points
    ]
    assert sorted(found, key=min) == [
        {(left, 4), (left + 1, 4), (left + 1, 6), (left, 6)} for left in (4, 6)
    ]

    again = Run(picture, server, {"lawns": {"type": "polygons"}}, key="again")

    assert [each["type"] for each in again.annotations()["shapes"]] == ["polygon"] * 2
    assert again.load() == {"lawns": {"kept": 1}}
    assert again.differences() == []


def test_a_mask_in_a_field_of_lines_is_outlined(picture, server):
    schema = {"type": "polylines", "classes": ["lawn"]}
    run = Run(picture, server, {"lawns": schema})
    draw_lawn(run, runs(0, 20, corners=(4, 4, 8, 7)))

    assert run.load() == {"lawns": {"added": 1}}

    [lawn] = picture.first().lawns.polylines
    assert lawn.closed
    corners = {(round(x * 32, 6), round(y * 24, 6)) for x, y in lawn.points[0]}
    assert corners == {(4, 4), (9, 4), (9, 8), (4, 8)}
    before = run.documents()
    assert run.load() == {"lawns": {"kept": 1}}
    assert run.differences(before) == []


def test_a_skeleton_that_was_drawn(picture, server):
    names = ["nose", "left", "right"]
    picture.default_skeleton = fo.KeypointSkeleton(labels=names, edges=[[0, 1], [0, 2]])
    run = Run(picture, server, {"people": {"type": "keypoints", "classes": ["person"]}})
    [label] = run.api._get_task_labels(run.task_id)
    nodes = {each["name"]: each["id"] for each in label["sublabels"]}
    elements = [
        {
            **DRAWN,
            "type": "points",
            "label_id": nodes[name],
            "points": points,
            "outside": name == "nose",
        }
        # in another order than that of the nodes
        for name, points in (("right", [8.0, 6]), ("nose", [1.0, 1]), ("left", [16, 3]))
    ]
    person = {**DRAWN, "type": "skeleton", "label_id": label["id"], "points": []}
    run.change("create", shapes=[{**person, "elements": elements}])

    assert run.load() == {"people": {"added": 1}}

    [person] = picture.first().people.keypoints
    np.testing.assert_allclose(person.points, [(nan, nan), (0.5, 0.125), (0.25, 0.25)])
    before = run.documents()
    assert run.load() == {"people": {"kept": 1}}
    assert run.differences(before) == []


def test_points_that_were_moved(picture, server):
    hand = [(0.1, 0.1), (nan, nan), (0.3, 0.5)]
    labels = [
        fo.Keypoint(label="hand", points=hand, side="left"),
        fo.Keypoint(label="hand", points=[(0.7, 0.71)]),
    ]
    with_field(picture, "hands", fo.Keypoints(keypoints=labels))
    run = Run(picture, server, {"hands": {}})
    assert run.load() == {"hands": {"kept": 2}}
    assert run.differences() == []
    shapes = in_order(run)
    assert [len(each["points"]) for each in shapes] == [4, 2]
    run.change("update", shapes=[moved(shapes[0])])

    assert run.load() == {"hands": {"kept": 1, "changed": 1}}

    first, second = picture.first().hands.keypoints
    assert (first.id, second.id) == tuple(each.id for each in labels)
    assert first.side == "left"
    # the point that is not known stays in its place, and stays unknown
    expected = np.array([(0.1 + 1 / 32, 0.1 + 1 / 24), (nan, nan)])
    np.testing.assert_allclose(np.array(first.points)[:2], expected)
    np.testing.assert_array_equal(second.points, [(0.7, 0.71)])


def test_points_that_were_added_and_taken_away(picture, server):
    labels = [fo.Keypoint(label="hand", points=[(0.1, 0.1), (0.3, 0.5)])]
    with_field(picture, "hands", fo.Keypoints(keypoints=labels))
    run = Run(picture, server, {"hands": {}})
    [shape] = run.annotations()["shapes"]
    run.change("update", shapes=[{**shape, "points": [*shape["points"], 16.0, 6.0]}])
    assert run.load() == {"hands": {"changed": 1}}
    [label] = picture.first().hands.keypoints
    assert len(label.points) == 3
    assert tuple(label.points[2]) == (0.5, 0.25)

    run.change("update", shapes=[{**shape, "points": [16.0, 6.0]}])
    assert run.load() == {"hands": {"changed": 1}}
    [label] = picture.first().hands.keypoints
    assert [tuple(point) for point in label.points] == [(0.5, 0.25)]
    assert label.id == labels[0].id


def test_points_of_which_none_is_known_stay(picture, server):
    labels = [
        fo.Keypoint(label="hand", points=[(nan, nan)]),
        fo.Keypoint(label="hand", points=[(0.5, 0.5)]),
    ]
    with_field(picture, "hands", fo.Keypoints(keypoints=labels))
    run = Run(picture, server, {"hands": {}})

    assert len(run.annotations()["shapes"]) == 1
    assert run.load()["hands"].keys() == {"kept"}
    assert run.differences() == []


@pytest.mark.parametrize("kind", ["integers", "colours"])
def test_built_in_defect_segmentation_changed_each_time(picture, server, kind):
    codes = np.random.default_rng(3).integers(0, 3, (24, 32)).astype(np.uint8)
    palette = np.array([[0, 0, 0], [255, 0, 0], [0, 128, 255]], np.uint8)
    mask = codes if kind == "integers" else palette[codes]
    integers, colours = {1: "road", 2: "sky"}, {"#ff0000": "road", "#0080ff": "sky"}
    targets = integers if kind == "integers" else colours
    with_field(picture, "seg", fo.Segmentation(mask=mask))
    info = {"type": "segmentation", "mask_targets": targets}
    run = Run(picture, server, {"seg": info})

    # to another field, where all pixels come from the server
    run.load(dest_field="copy")
    np.testing.assert_array_equal(picture.first()["copy"].mask, mask)
    again = Run(picture, server, {"copy": info}, key="again")
    again.load(dest_field="third")

    third = picture.first()["third"].mask
    np.testing.assert_array_equal(third, mask)
    assert third.dtype == mask.dtype


def test_a_segmentation_that_was_drawn(picture, server):
    info = {"type": "segmentation", "mask_targets": {1: "road", 2: "sky"}}
    run = Run(picture, server, {"seg": info})
    ids = run.label_ids()
    road = {
        **DRAWN,
        "type": "mask",
        "label_id": ids["road"],
        "points": runs(0, 32 * 12, corners=(0, 12, 31, 23)),
    }
    sky = {
        **DRAWN,
        "type": "polygon",
        "label_id": ids["sky"],
        "points": [0.0, 0, 32, 0, 32, 16, 0, 16],
        "z_order": 1,
    }
    run.change("create", shapes=[sky, road])

    assert run.load() == {"seg": {"added": 1}}

    expected = np.ones((24, 32), np.uint8)
    expected[:16] = 2  # nearer than the road
    np.testing.assert_array_equal(picture.first().seg.mask, expected)
    before = run.documents()
    assert run.load()["seg"].keys() <= {"kept", "changed"}
    assert run.differences(before) == []


def test_a_segmentation_that_was_deleted(picture, server):
    with_field(picture, "seg", fo.Segmentation(mask=np.ones((24, 32), np.uint8)))
    info = {"type": "segmentation", "mask_targets": {1: "road"}}
    run = Run(picture, server, {"seg": info})
    run.change("delete", shapes=run.annotations()["shapes"])

    assert run.load() == {"seg": {"deleted": 1}}
    assert picture.first().seg is None


@pytest.mark.parametrize("size", [(48, 64), (12, 16), (51, 90)], ids=str)
def test_a_segmentation_of_another_size_keeps_it(picture, server, size):
    height = size[0]
    mask = np.random.default_rng(5).integers(0, 2, size).astype(np.uint8)
    with_field(picture, "seg", fo.Segmentation(mask=mask))
    info = {"type": "segmentation", "mask_targets": {1: "road", 2: "sky"}}
    run = Run(picture, server, {"seg": info})
    assert run.load() == {"seg": {"kept": 1}}
    sky = {
        **DRAWN,
        "type": "mask",
        "label_id": run.label_ids()["sky"],
        # the upper half of the picture
        "points": runs(0, 32 * 12, corners=(0, 0, 31, 11)),
        "z_order": 1,
    }
    run.change("create", shapes=[sky])

    assert run.load() == {"seg": {"changed": 1}}

    painted = picture.first().seg.mask
    assert painted.shape == size
    assert painted.dtype == mask.dtype
    is_upper = (np.arange(height) + 0.5) * 24 / height < 12
    np.testing.assert_array_equal(painted[~is_upper], mask[~is_upper])
    assert (painted[is_upper] == 2).all()
    before = run.documents()
    assert run.load() == {"seg": {"kept": 1}}
    assert run.differences(before) == []
    assert not run.results.reconciliation.reasons
