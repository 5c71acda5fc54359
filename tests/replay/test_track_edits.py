"""Whole tracks that annotators draw, merge, and give another class; tracks of jobs."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest

from tests import media
from tests.replay.run import Run, box
from tests.replay.test_cuboids import CUBOID
from tests.replay.test_point_clouds import write_pcd
from tests.replay.test_tracks import (
    COUNT,
    HEIGHT,
    NUMBERS,
    WIDTH,
    assert_settled,
    detections,
    edit,
    film,
    key,
    labels_by_frame,
    load_untouched,
    new_track,
    only_track,
    shape_at,
)

CARS = {"frames.cars": {"type": "detections"}}
CRATES = {"frames.crates": {"type": "polylines", "classes": ["crate"]}}


def car(number, index=1, label="car"):
    return box(label, number / 40, index=index, never_sent=[number])


def corners_of(label):
    """Return the corners that a label of edges has, in pixels."""
    points = [point for part in label.points for point in part]
    return {(round(x * WIDTH, 6), round(y * HEIGHT, 6)) for x, y in points}


def corners(points):
    return set(zip(map(float, points[::2]), map(float, points[1::2]), strict=True))


def without_attributes(track):
    """Return a track as the editor leaves it that has given it another class."""
    shapes = [{**each, "attributes": []} for each in track["shapes"]]
    return {**track, "attributes": [], "shapes": shapes}


def ids_by_frame(found):
    return {number: [each.id for each in labels] for number, labels in found.items()}


def test_a_cuboid_that_was_drawn(dataset, server, tmp_path):
    film(dataset, tmp_path, numbers=[])
    run = Run(dataset, server, CRATES)
    # 8 pixels to the right and 4 down, in 4 frames
    end = [each + (4 if n % 2 else 8) for n, each in enumerate(CUBOID)]
    leaves = {"outside": True}
    shapes = [key("cuboid", 1, *CUBOID), key("cuboid", 5, *end)]
    new_track(run, "crate", *shapes, key("cuboid", 9, *end, **leaves))

    assert run.load() == {"frames.crates": {"added": 8}}

    found = labels_by_frame(dataset, "crates")
    assert sorted(found) == list(range(2, 10))
    for number, [crate] in found.items():
        by = min(number - 2, 4)
        expected = [each + by * (1 if n % 2 else 2) for n, each in enumerate(CUBOID)]
        assert corners_of(crate) == corners(expected)
        assert (crate.closed, crate.filled, crate.index) == (True, False, 1)
    keys = [n for n, [each] in found.items() if each.get_attribute_value("keyframe", 0)]
    assert keys == [2, 6]
    assert_settled(run)


def test_a_label_of_a_cuboid_goes_round(dataset, server, tmp_path):
    order = [1, 3, 2, 0, 7, 5, 4, 6]  # that of from_cuboid
    vertices = np.array(CUBOID, float).reshape(-1, 2)[order] / [WIDTH, HEIGHT]

    def crates(number):
        points = vertices + np.array([number / 100, 0])
        crate = fo.Polyline.from_cuboid(points, label="crate", index=4, load=0.3)
        return fo.Polylines(polylines=[crate])

    numbers = range(1, 7)
    film(dataset, tmp_path, numbers=numbers, crates=crates)
    run = Run(dataset, server, {"frames.crates": {"type": "polylines"}})
    assert load_untouched(run) == {"frames.crates": len(numbers)}
    before = labels_by_frame(dataset, "crates")
    tracks = run.annotations()["tracks"]
    assert len(tracks) == len(before[1][0].points)

    for track in tracks:
        points = [each + 1 for each in shape_at(track, 4)["points"]]
        edit(run, track, 4, points=points)

    assert run.load() == {"frames.crates": {"kept": len(numbers) - 1, "changed": 1}}
    [old], [crate] = before[5], labels_by_frame(dataset, "crates")[5]
    assert (crate.id, crate.index, crate.load) == (old.id, 4, 0.3)
    assert len(crate.points) == len(old.points)
    for got, had in zip(crate.points, old.points, strict=True):
        by = np.array([1 / WIDTH, 1 / HEIGHT])
        np.testing.assert_allclose(got, np.array(had) + by)
    assert_settled(run)


def test_tracks_that_begin_outside(dataset, server, tmp_path):
    film(dataset, tmp_path, numbers=[])
    run = Run(
        dataset, server, {"frames.cars": {**CARS["frames.cars"], "classes": ["x"]}}
    )
    box_of = [1, 2, 11, 12]
    hidden = {"outside": True}
    begins = key("rectangle", 0, *box_of, **hidden)
    new_track(run, "x", begins, key("rectangle", 3, 5, 2, 15, 12))
    new_track(run, "x", begins, key("rectangle", 2, *box_of, **hidden))

    assert run.load() == {"frames.cars": {"added": COUNT - 3}}

    found = labels_by_frame(dataset, "cars")
    assert sorted(found) == list(range(4, COUNT + 1))
    # it does not move from where it was outside to where it is first seen
    assert {each.bounding_box[0] for [each] in found.values()} == {5 / WIDTH}
    assert {each.index for [each] in found.values()} == {1}
    assert_settled(run)


def test_built_in_defect_track_of_another_class_lost_identity(
    dataset, server, tmp_path
):
    film(dataset, tmp_path, cars=lambda n: detections(car(n), car(n, 2, "bus")))
    run = Run(dataset, server, CARS)
    before = ids_by_frame(labels_by_frame(dataset, "cars"))
    ids = run.label_ids()
    tracks = run.annotations()["tracks"]
    [track] = [each for each in tracks if each["label_id"] == ids["car"]]

    run.change("update", tracks=[without_attributes({**track, "label_id": ids["bus"]})])

    assert run.load() == {"frames.cars": {"kept": COUNT, "changed": COUNT}}
    found = labels_by_frame(dataset, "cars")
    assert ids_by_frame(found) == before
    for number, labels in found.items():
        assert [each.label for each in labels] == ["bus", "bus"]
        assert [each.index for each in labels] == [1, 2]
        assert [list(each.never_sent) for each in labels] == [[number]] * 2
        assert labels[0].bounding_box == car(number).bounding_box
    assert_settled(run)


@pytest.mark.parametrize("ids", [True, False], ids=["with ids", "without ids"])
def test_built_in_defect_merged_tracks_lost_identity(dataset, server, tmp_path, ids):
    def cars(number):
        early, late = [car(number)] * (number < 6), [car(number, 2)] * (number > 8)
        return detections(*early, *late)

    film(dataset, tmp_path, cars=cars)
    run = Run(dataset, server, CARS)
    before = labels_by_frame(dataset, "cars")
    early, late = sorted(run.annotations()["tracks"], key=lambda each: each["frame"])
    shown = [each for each in early["shapes"] if not each["outside"]]
    merged = {**early, "shapes": [*shown, *late["shapes"]]}

    # the editor makes one track of both, which moves on between them
    run.change("delete", tracks=[late])
    run.change("update", tracks=[merged if ids else without_attributes(merged)])

    counts = {"kept": 5, "changed": 4, "added": 3}
    assert run.load() == {"frames.cars": counts}
    found = labels_by_frame(dataset, "cars")
    assert sorted(found) == list(NUMBERS)
    assert {each.index for [each] in found.values()} == {1}
    left = [each.bounding_box[0] for [each] in found.values()]
    assert left == pytest.approx([number / 40 for number in NUMBERS], abs=1e-4)
    for number in (1, 2, 3, 4, 5, 9, 10, 11, 12):
        [was], [now] = before[number], found[number]
        assert now.id == was.id
        assert list(now.never_sent) == [number]
    assert_settled(run)


def test_a_new_class_with_a_number_that_is_the_track_s(dataset, server, tmp_path):
    film(dataset, tmp_path, cars=lambda n: detections(car(n)))
    run = Run(dataset, server, CARS)
    wheels = {
        "name": "wheels",
        "input_type": "number",
        "mutable": False,
        "values": ["0", "9", "1"],
        "default_value": "4",
    }
    bike = {"name": "bike", "attributes": [wheels]}
    run.api.patch(run.api.task_url(run.task_id), json={"labels": [bike]})
    label_id = run.label_ids()["bike"]
    spec_id = run.api._get_attr_class_maps(run.task_id)[0][label_id]["wheels"]
    shapes = [key("rectangle", 2, 1, 2, 11, 12), key("rectangle", 6, 5, 2, 15, 12)]
    attributes = [{"spec_id": spec_id, "value": "2"}]
    new_track(run, "bike", *shapes, attributes=attributes)

    assert run.load() == {"frames.cars": {"kept": COUNT, "added": COUNT - 2}}

    labels = labels_by_frame(dataset, "cars")
    bikes = {
        number: each
        for number, both in labels.items()
        for each in both
        if each.label == "bike"
    }
    assert sorted(bikes) == list(range(3, COUNT + 1))
    assert {(each.wheels, type(each.wheels)) for each in bikes.values()} == {(2, int)}
    assert len({each.index for each in bikes.values()}) == 1
    assert bikes[5].bounding_box[0] == pytest.approx(3 / WIDTH)
    assert_settled(run)


def test_built_in_defect_index_began_anew_in_each_job(dataset, server, tmp_path):
    film(dataset, tmp_path, numbers=[])
    schema = {"type": "detections", "classes": ["car"]}
    run = Run(dataset, server, {"frames.cars": schema}, segment_size=4)
    assert len(run.results.job_ids[run.task_id]) > 1
    end = {"outside": True}
    first = [1, 1, 5, 5]
    last = [20, 1, 24, 5]
    across = [4, 10, 14, 20]
    new_track(
        run, "car", key("rectangle", 0, *first), key("rectangle", 2, *first, **end)
    )
    new_track(run, "car", key("rectangle", 10, *last))
    new_track(run, "car", key("rectangle", 1, *across), key("rectangle", 9, *across))

    # two, two and, on all frames but the first, one
    assert run.load() == {"frames.cars": {"added": 2 + 2 + COUNT - 1}}

    tops = {1: [], 20: [], 4: []}
    for labels in labels_by_frame(dataset, "cars").values():
        for each in labels:
            tops[round(each.bounding_box[0] * WIDTH)].append(each.index)
    assert [len(each) for each in tops.values()] == [2, 2, COUNT - 1]
    indexes = [set(each) for each in tops.values()]
    assert [len(each) for each in indexes] == [1, 1, 1]
    assert set.union(*indexes) == {1, 2, 3}
    assert_settled(run)


@pytest.mark.parametrize("size", [None, 1], ids=["one job", "a job a frame"])
def test_built_in_defect_stretch_of_one_frame_crashed(dataset, server, tmp_path, size):
    film(dataset, tmp_path, [1, 4, COUNT], cars=lambda n: detections(car(n)))
    kwargs = {"segment_size": size} if size else {}

    run = Run(dataset, server, CARS, **kwargs)

    assert load_untouched(run) == {"frames.cars": 3}
    if not size:
        shown = [(s["frame"], s["outside"]) for s in only_track(run)["shapes"]]
        ends = [(1, True), (4, True)]
        assert shown == sorted([(0, False), (3, False), (COUNT - 1, False), *ends])


def test_a_track_that_was_drawn_over_pictures(dataset, server, tmp_path):
    for path in media.make_images(tmp_path, [f"{number}.png" for number in range(5)]):
        dataset.add_sample(fo.Sample(filepath=path))
    schema = {"type": "detections", "classes": ["car"]}
    run = Run(dataset, server, {"cars": schema})
    shapes = [
        key("rectangle", 1, 2, 4, 8, 10),
        key("rectangle", 3, 6, 4, 12, 10),
        key("rectangle", 4, 6, 4, 12, 10, outside=True),
    ]
    new_track(run, "car", *shapes)

    assert run.load() == {"cars": {"added": 3}}

    found = [each and each.detections for each in dataset.values("cars")]
    assert [bool(each) for each in found] == [False, True, True, True, False]
    cars = [car for [car] in found[1:4]]
    left = [car.bounding_box[0] * WIDTH for car in cars]
    assert left == pytest.approx([2, 4, 6])
    assert {car.index for car in cars} == {1}
    assert_settled(run)


def test_a_track_that_was_drawn_over_clouds(dataset, server, tmp_path):
    for number in range(5):
        path = write_pcd(tmp_path / f"{number}.pcd", number)
        dataset.add_sample(fo.Sample(filepath=path))
    run = Run(dataset, server, {"cars": {"type": "detections", "classes": ["car"]}})
    rest = [2.0, 0.5, 0.0, 0.0, 0.25, 4.0, 2.0, 1.5, *[0.0] * 7]
    leaves = {"outside": True}
    shapes = [key("cuboid", 1, 1.0, *rest), key("cuboid", 3, 3.0, *rest)]
    new_track(run, "car", *shapes, key("cuboid", 4, 3.0, *rest, **leaves))

    assert run.load() == {"cars": {"added": 3}}

    found = [each and each.detections for each in dataset.values("cars")]
    assert [bool(each) for each in found] == [False, True, True, True, False]
    cars = [car for [car] in found[1:4]]
    assert [car.location for car in cars] == [[x, 2.0, 0.5] for x in (1.0, 2.0, 3.0)]
    assert {(*car.rotation, *car.dimensions) for car in cars} == {tuple(rest[2:8])}
    assert {car.index for car in cars} == {1}
    assert_settled(run)
