"""Fields of several types in one run; shapes that are none of those expected."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest

from tests import media
from tests.replay.run import Run, box, moved

DRAWN = {"frame": 0, "attributes": []}
CUBOID = [
    *(4.0, 6.0, 4.0, 14.0, 12.0, 7.0, 12.0, 15.0),
    *(18.0, 4.0, 18.0, 11.0, 10.0, 3.0, 10.0, 10.0),
]


@pytest.fixture
def picture(dataset, tmp_path):
    [path] = media.make_images(tmp_path, ("picture.png",))
    mask = np.zeros((24, 32), np.uint8)
    mask[12:] = 1
    lawn = fo.Polyline(
        label="lawn",
        points=[[(0.1, 0.1), (0.5, 0.127), (0.3, 0.51)]],
        closed=True,
        filled=True,
    )
    sample = fo.Sample(
        filepath=path,
        scene=fo.Classification(label="sunny"),
        things=fo.Classifications(classifications=[fo.Classification(label="car")]),
        rating=5,
        cats=fo.Detections(detections=[box(), box(x=0.5)]),
        lawns=fo.Polylines(polylines=[lawn]),
        hands=fo.Keypoints(keypoints=[fo.Keypoint(label="hand", points=[(0.2, 0.3)])]),
        seg=fo.Segmentation(mask=mask),
    )
    dataset.add_sample(sample)
    dataset.mask_targets = {"seg": {1: "road"}}
    return dataset


ALL = ("scene", "things", "rating", "cats", "lawns", "hands", "seg")


def drawn(run, kind, points, name="cat", **kwargs):
    label_id = run.label_ids()[name]
    return {**DRAWN, "type": kind, "points": points, "label_id": label_id, **kwargs}


def test_fields_of_all_types_in_one_run(picture, server):
    run = Run(picture, server, {name: {} for name in ALL})

    assert run.load() == {name: {"kept": 1 + (name == "cats")} for name in ALL}
    assert run.differences() == []
    assert run.results.labels_task_map == {name: [run.task_id] for name in ALL}

    # everything goes, field by field, and nothing else
    notes = run.annotations()
    run.change("delete", shapes=notes["shapes"], tags=notes["tags"])
    assert run.load() == {name: {"deleted": 1 + (name == "cats")} for name in ALL}
    sample = picture.first()
    assert [sample[name] for name in ("scene", "rating", "seg")] == [None] * 3
    assert not sample.things or not sample.things.classifications
    assert not sample.cats or not sample.cats.detections
    assert not sample.lawns or not sample.lawns.polylines
    assert not sample.hands or not sample.hands.keypoints


def test_classes_that_several_types_share(dataset, server, tmp_path):
    [path] = media.make_images(tmp_path, ("picture.png",))
    points = [(0.1, 0.1), (0.5, 0.127), (0.3, 0.51)]
    outline = fo.Polyline(label="cat", points=[points], closed=True, filled=True)
    dataset.add_sample(
        fo.Sample(
            filepath=path,
            boxes=fo.Detections(detections=[box("cat", mood="calm")]),
            outlines=fo.Polylines(polylines=[outline]),
            tag=fo.Classification(label="cat"),
        )
    )
    schema = {
        "boxes": {"type": "detections"},
        "outlines": {"type": "polygons"},
        "tag": {},
    }
    run = Run(dataset, server, schema)

    assert run.label_ids().keys() == {"cat_boxes", "cat_outlines", "cat_tag"}
    assert run.load() == {name: {"kept": 1} for name in schema}
    assert run.differences() == []

    [shape] = [s for s in run.annotations()["shapes"] if s["type"] == "rectangle"]
    run.change("update", shapes=[moved(shape)])
    run.change("create", shapes=[drawn(run, "rectangle", [1, 2, 3, 4], "cat_boxes")])
    assert run.load() == {
        "boxes": {"changed": 1, "added": 1},
        "outlines": {"kept": 1},
        "tag": {"kept": 1},
    }
    assert [d.label for d in dataset.first().boxes.detections] == ["cat", "cat"]


@pytest.mark.parametrize(
    ("classes", "cvat_names"),
    [
        pytest.param(
            {"a": ["cat", "cat_a"], "b": ["cat"]},
            {"cat_a", "cat_a_a", "cat_b"},
            id="in the same field",
        ),
        pytest.param(
            {"a": ["cat", "cat_b"], "b": ["cat"]},
            {"cat_a", "cat_b", "cat_b_a"},
            id="in another field",
        ),
        pytest.param(
            {"a": ["cat", "cat_a"], "b": ["dog"]},
            {"cat", "cat_a", "dog"},
            id="nothing shared",
        ),
    ],
)
def test_class_called_like_a_class_and_its_field(
    dataset, server, tmp_path, classes, cvat_names
):
    [path] = media.make_images(tmp_path, ("picture.png",))
    labels = {
        name: fo.Detections(
            detections=[box(each, 0.3 * n) for n, each in enumerate(of)]
        )
        for name, of in classes.items()
    }
    dataset.add_sample(fo.Sample(filepath=path, **labels))
    schema = {name: {"type": "detections"} for name in classes}
    run = Run(dataset, server, schema, project_name="clash")

    assert run.label_ids().keys() == cvat_names
    assert run.load() == {name: {"kept": len(of)} for name, of in classes.items()}
    assert run.differences() == []

    shapes = run.annotations()["shapes"]
    run.change("update", shapes=[moved(each) for each in shapes])
    run.change(
        "create", shapes=[{**each, "id": None, "attributes": []} for each in shapes]
    )
    assert run.load() == {
        name: {"changed": len(of), "added": len(of)} for name, of in classes.items()
    }
    sample = dataset.first()
    for name, of in classes.items():
        assert sorted(each.label for each in sample[name].detections) == sorted(of * 2)

    # the project tells the classes of another run's fields apart, too
    [project_id] = run.results.project_ids
    again = Run(dataset, server, schema, key="again", project_id=project_id)
    assert again.results.config.label_schema.keys() == classes.keys()
    assert again.load() == {name: {"kept": 2 * len(of)} for name, of in classes.items()}
    assert again.differences() == []


def test_a_cuboid_on_a_picture_becomes_its_edges(picture, server):
    run = Run(picture, server, {"cats": {"type": "detections"}})
    run.change("create", shapes=[drawn(run, "cuboid", CUBOID)])

    run.load(unexpected="keep")

    [label] = picture.first().polylines.polylines
    assert label.label == "cat"
    corners = {tuple(np.round(p, 6)) for part in label.points for p in part}
    pairs = zip(CUBOID[::2], CUBOID[1::2], strict=True)
    assert corners == {tuple(np.round((x / 32, y / 24), 6)) for x, y in pairs}
    assert [each for each in run.differences() if each[0] == "cats"] == []


@pytest.mark.parametrize("rotation", [0.0, 30.0])
def test_an_ellipse_in_a_field_of_polygons(picture, server, rotation):
    run = Run(picture, server, {"lawns": {"type": "polygons"}})
    ellipse = drawn(run, "ellipse", [16.0, 12.0, 22.0, 8.0], "lawn", rotation=rotation)
    run.change("create", shapes=[ellipse])

    assert run.load() == {"lawns": {"kept": 1, "added": 1}}

    _, label = picture.first().lawns.polylines
    assert label.closed
    assert label.filled
    x, y = (np.array(label.points[0]) * (32, 24)).T
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    assert area == pytest.approx(np.pi * 6 * 4, rel=1e-3)
    assert (x.mean(), y.mean()) == pytest.approx((16, 12), abs=0.05)


def test_points_among_boxes(picture, server):
    run = Run(picture, server, {"cats": {"type": "detections"}})
    run.change("create", shapes=[drawn(run, "points", [16.0, 6.0])])

    returned = picture.load_annotations("run", unexpected="return", **run.credentials)

    labels = returned["cats"]["keypoints"][picture.first().id]
    [label] = labels.values()
    assert label.label == "cat"
    assert [tuple(point) for point in label.points] == [(0.5, 0.25)]
    assert run.differences() == []


def test_unexpected_labels_kept_twice_are_there_once(picture, server):
    run = Run(picture, server, {"cats": {"type": "detections"}})
    run.change("create", shapes=[drawn(run, "points", [16.0, 6.0])])

    run.load(unexpected="keep")
    before = run.documents()
    run.load(unexpected="keep")

    assert len(picture.first().keypoints.keypoints) == 1
    assert run.differences(before) == []
