"""Point clouds: boxes in space go up as cuboids, and come back to the last bit."""

from __future__ import annotations

from pathlib import Path
from struct import pack

import fiftyone as fo
import pytest

from tests.replay.run import Run

NAMES = ("first.pcd", "second.pcd")
CARS = {"cars": {"type": "detections"}}
WHERE = {
    "location": [1.1, 2.2, 0.5],
    "rotation": [0.0, 0.1, -0.3],
    "dimensions": [4.1, 1.9, 1.5],
}


def write_pcd(path, seed=0):
    """Write a cloud of six points; return its path."""
    points = [(float(x), float(x * seed % 5), float(x % 2)) for x in range(6)]
    head = (
        "VERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 6\n"
        "HEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 6\nDATA binary\n"
    )
    Path(path).write_bytes(head.encode() + b"".join(pack("<3f", *p) for p in points))
    return str(path)


def car(label="car", x=1.1, **kwargs):
    where = WHERE | {"location": [x, 2.2, 0.5]}
    return fo.Detection(label=label, **(where | kwargs))


def where(label):
    return {name: list(label[name]) for name in WHERE}


def cuboid(run, numbers, frame=0, label="car"):
    """Return a cuboid as the server's editor draws one."""
    return {
        "type": "cuboid",
        "frame": frame,
        "label_id": run.label_ids()[label],
        "points": [*numbers, *[0.0] * 7],
        "attributes": [],
    }


def first_of(run, frame=0):
    shapes = [each for each in run.annotations()["shapes"] if each["frame"] == frame]
    return min(shapes, key=lambda each: each["id"])


@pytest.fixture
def clouds(dataset, tmp_path):
    """Two clouds: the first with a car and a van, the second with a car."""
    for number, name in enumerate(NAMES):
        cars = [car(score=0.1, code="007", parked=True)]
        if not number:
            cars.append(car("van", 7.3))
        sample = fo.Sample(filepath=write_pcd(tmp_path / name, number))
        sample["cars"] = fo.Detections(detections=cars)
        dataset.add_sample(sample)
    assert dataset.media_type == "point-cloud"
    return dataset


@pytest.fixture
def scenes(dataset, tmp_path):
    """Two scenes, each with the path of its cloud in a field, and a car."""
    for number, name in enumerate(NAMES):
        path = write_pcd(tmp_path / name, number)
        scene = fo.Scene()
        scene.add(fo.PointCloud("cloud", path))
        scene_path = str(tmp_path / f"{number}.fo3d")
        scene.write(scene_path)
        cars = fo.Detections(detections=[car(x=1.1 + number)])
        dataset.add_sample(fo.Sample(filepath=scene_path, cloud=path, cars=cars))
    assert dataset.media_type == "3d"
    return dataset


def test_untouched(clouds, server):
    run = Run(clouds, server, CARS)

    task = run.api.get(run.api.task_url(run.task_id)).json()
    assert task["dimension"] == "3d"
    shapes = run.annotations()["shapes"]
    assert [each["type"] for each in shapes] == ["cuboid"] * 3
    assert first_of(run)["points"][:9] == [
        number for part in WHERE.values() for number in part
    ]
    assert run.load() == {"cars": {"kept": 3}}
    assert run.differences() == []
    assert run.load() == {"cars": {"kept": 3}}
    assert run.differences() == []


def test_changed_added_and_deleted(clouds, server):
    before = {each.filepath: each.cars.detections for each in clouds}
    run = Run(clouds, server, CARS)
    moved = first_of(run)
    numbers = moved["points"]
    moved["points"] = [9.25, *numbers[1:5], 0.7, *numbers[6:8], 3.5, *numbers[9:]]
    drawn = [0.5, 0.25, 0.125, 0.0, 0.0, 1.5, 2.0, 3.0, 4.0]
    run.change("update", shapes=[moved])
    run.change("create", shapes=[cuboid(run, drawn, frame=0, label="van")])
    run.change("delete", shapes=[first_of(run, frame=1)])

    counts = run.load()

    assert counts == {"cars": {"kept": 1, "changed": 1, "added": 1, "deleted": 1}}
    first, second = clouds
    car_, van, new = first.cars.detections
    known_car, known_van = before[first.filepath]
    assert (car_.id, van.id) == (known_car.id, known_van.id)
    assert where(car_) == {
        "location": [9.25, 2.2, 0.5],
        "rotation": [0.0, 0.1, 0.7],
        "dimensions": [4.1, 1.9, 3.5],
    }
    assert (car_.score, car_.code, car_.parked) == (0.1, "007", True)
    assert where(van) == where(known_van)
    assert new.label == "van"
    assert where(new) == {
        "location": drawn[:3],
        "rotation": drawn[3:6],
        "dimensions": drawn[6:],
    }
    assert new.bounding_box is None or list(new.bounding_box) == []
    assert second.cars is None or second.cars.detections == []

    loaded = run.documents()
    assert run.load() == {"cars": {"kept": 3}}
    assert run.differences(loaded) == []


@pytest.mark.older_servers
def test_labels_stay_with_their_clouds(clouds, server):
    """Older servers have clouds in an order of their own."""
    run = Run(clouds, server, CARS)
    meta = run.api.get(run.api.task_data_meta_url(run.task_id)).json()
    names = [each["name"] for each in meta["frames"]]
    assert sorted(names) == sorted(NAMES)
    first, second = (names.index(each) for each in NAMES)
    frames = [each["frame"] for each in run.annotations()["shapes"]]
    assert sorted(frames) == sorted([first, first, second])
    shape = first_of(run, frame=second)
    shape["points"] = [8.5, *shape["points"][1:]]
    run.change("update", shapes=[shape])

    assert run.load() == {"cars": {"kept": 2, "changed": 1}}

    [changed] = clouds.last().cars.detections
    assert changed.location[0] == 8.5
    assert run.differences() == [("cars", *pair_of(run, clouds.last()))]


def test_attributes_that_were_changed(clouds, server):
    run = Run(clouds, server, CARS)
    shape = first_of(run)
    specs = run.api._get_attr_class_maps(run.task_id)[0][shape["label_id"]]
    for each in shape["attributes"]:
        if each["spec_id"] == specs["parked"]:
            each["value"] = "false"
    run.change("update", shapes=[shape])

    assert run.load() == {"cars": {"kept": 2, "changed": 1}}

    label = clouds.first().cars.detections[0]
    assert label.parked is False
    assert (label.score, label.code) == (0.1, "007")
    assert {what for what, _, _ in run.differences()} == {"cars"}
    assert where(label) == WHERE
    loaded = run.documents()
    assert run.load() == {"cars": {"kept": 3}}
    assert run.differences(loaded) == []


def test_copied_and_drawn_anew(clouds, server):
    """Where cuboids lie in space tells which one is a copy, and which a new one."""
    run = Run(clouds, server, CARS)
    ids = [each.id for sample in clouds for each in sample.cars.detections]
    [first, van, second] = run.annotations()["shapes"]
    lifted = {**first, "points": [1.1, 2.2, 0.2, *first["points"][3:]]}
    copy = {**first, "id": None, "points": [3.1, 3.7, 0.5, *first["points"][3:]]}
    run.change("update", shapes=[lifted])
    run.change("delete", shapes=[second])
    angles_and_sizes = second["points"][3:9]
    drawn = cuboid(run, [6.1, 4.2, 0.5, *angles_and_sizes], frame=1)
    run.change("create", shapes=[copy, drawn])

    counts = {"kept": 1, "changed": 1, "added": 2, "deleted": 1}
    assert run.load() == {"cars": counts}

    [cars, others] = [sample.cars.detections for sample in clouds]
    places = {each.id: each.location for each in cars}
    assert places[ids[0]] == [1.1, 2.2, 0.2]
    assert places[ids[1]] == van["points"][:3]
    assert [each.location for each in others] == [[6.1, 4.2, 0.5]]
    assert others[0].id not in ids
    assert run.load() == {"cars": {"kept": 4}}


def test_two_round_trips(clouds, server):
    first = Run(clouds, server, CARS, key="first")
    shape = first_of(first)
    shape["points"] = [1 / 3, *shape["points"][1:]]
    first.change("update", shapes=[shape])
    first.change("create", shapes=[cuboid(first, [2 / 3] * 6 + [1.0, 2.0, 3.0])])
    assert first.load() == {"cars": {"kept": 2, "changed": 1, "added": 1}}

    second = Run(clouds, server, CARS, key="second")

    assert second.load() == {"cars": {"kept": 4}}
    assert second.differences() == []
    points = [
        sorted(s["points"] for s in run.annotations()["shapes"])
        for run in (first, second)
    ]
    assert points[0] == points[1]


def test_a_new_field(clouds, server):
    run = Run(clouds, server, {"new": {"type": "detections", "classes": ["car"]}})
    numbers = [0.5, 0.25, 0.125, 0.0, 0.0, 1.5, 2.0, 3.0, 4.0]
    run.change("create", shapes=[cuboid(run, numbers, frame=1)])

    assert run.load() == {"new": {"added": 1}}

    first, second = clouds
    assert first.new is None or first.new.detections == []
    [label] = second.new.detections
    assert where(label) == {
        "location": numbers[:3],
        "rotation": numbers[3:6],
        "dimensions": numbers[6:],
    }
    loaded = run.documents()
    assert run.load() == {"new": {"kept": 1}}
    assert run.differences(loaded) == []


def test_one_task_a_cloud(clouds, server):
    run = Run(clouds, server, CARS, task_size=1)
    assert len(run.results.task_ids) == 2
    [shape] = run.annotations(run.results.task_ids[1])["shapes"]
    shape["points"] = [5.5, *shape["points"][1:]]
    run.change("update", run.results.task_ids[1], shapes=[shape])

    assert run.load() == {"cars": {"kept": 2, "changed": 1}}

    first, second = clouds
    assert [each.location[0] for each in first.cars.detections] == [1.1, 7.3]
    assert [each.location[0] for each in second.cars.detections] == [5.5]
    assert run.differences() == [("cars", *pair_of(run, second))]


def pair_of(run, sample):
    """Return a sample's raw cars before the run and now."""
    documents = run.before, run.documents()
    return tuple(each[sample._id]["cars"] for each in documents)


def test_scenes(scenes, server):
    run = Run(scenes, server, CARS, media_field="cloud")
    assert run.load() == {"cars": {"kept": 2}}
    assert run.differences() == []
    meta = run.api.get(run.api.task_data_meta_url(run.task_id)).json()
    assert [each["name"] for each in meta["frames"]] == list(NAMES)
    shape = first_of(run, frame=1)
    shape["points"] = [8.5, *shape["points"][1:]]
    run.change("update", shapes=[shape])

    assert run.load() == {"cars": {"kept": 1, "changed": 1}}

    _, second = scenes
    assert where(second.cars.detections[0]) == WHERE | {"location": [8.5, 2.2, 0.5]}
    assert run.differences() == [("cars", *pair_of(run, second))]
    loaded = run.documents()
    assert run.load() == {"cars": {"kept": 2}}
    assert run.differences(loaded) == []
