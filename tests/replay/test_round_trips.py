"""Labels of every type go up and come back as they were; loading twice is harmless."""

from __future__ import annotations

from math import nan

import cv2
import fiftyone as fo
import numpy as np
import pytest

from tests import media
from tests.replay.run import Run, box

NAMES = ("first.png", "second.png")
SIZE = (24, 32)  # height and width of the pictures
HOLES = np.array([[1, 1, 1, 1], [1, 0, 1, 0], [1, 1, 1, 1], [0, 1, 0, 1]], bool)


def random_mask(height, width, seed=0):
    return np.random.default_rng(seed).random((height, width)) > 0.5


def instance(label, mask, left, top, **kwargs):
    height, width = mask.shape
    where = [left / 32, top / 24, width / 32, height / 24]
    return fo.Detection(label=label, bounding_box=where, mask=mask, **kwargs)


def triangle(label="lawn", **kwargs):
    points = [[(0.1, 0.1), (0.513, 0.127), (0.3, 0.51)]]
    return fo.Polyline(label=label, points=points, **kwargs)


FIELDS = {
    "classification": (fo.Classification(label="sunny", confidence=0.25), {}),
    "classifications": (
        fo.Classifications(
            classifications=[fo.Classification(label="a"), fo.Classification(label="b")]
        ),
        {},
    ),
    "detection": (box(score=0.1, code="007"), {"type": "detection"}),
    "detections": (
        fo.Detections(detections=[box(score=0.1), box("dog", 0.6, mood="ok"), box()]),
        {"type": "detections"},
    ),
    "rotated": (
        fo.Detections(
            detections=[box(rotation=0.5), box(rotation=-45.0), box(rotation=359.9)]
        ),
        {"type": "detections"},
    ),
    "outside": (
        fo.Detections(detections=[box(bounding_box=[-0.1, 0.9, 0.7, 0.3])]),
        {"type": "detections"},
    ),
    "instances": (
        fo.Detections(
            detections=[
                instance("cat", HOLES, 3, 5, score=0.5),
                instance("cat", random_mask(11, 9), 23, 13),
                instance("cat", random_mask(24, 32), 0, 0),
                instance("cat", random_mask(7, 6), 10.4, 3.7),
            ]
        ),
        {"type": "instances"},
    ),
    "polygons": (
        fo.Polylines(
            polylines=[
                triangle(closed=True, filled=True),
                fo.Polyline(
                    label="lawn",
                    points=[*triangle().points, [(0.6, 0.6), (0.9, 0.6), (0.7, 0.9)]],
                    closed=True,
                    filled=True,
                    kind="two parts",
                ),
            ]
        ),
        {"type": "polygons"},
    ),
    "polylines": (
        fo.Polylines(
            polylines=[
                triangle(closed=False, filled=False),
                triangle(closed=True, filled=False),
            ]
        ),
        {"type": "polylines"},
    ),
    "keypoints": (
        fo.Keypoints(
            keypoints=[
                fo.Keypoint(label="hand", points=[(0.1, 0.1), (nan, nan), (0.3, 0.5)]),
                fo.Keypoint(label="hand", points=[(0.7, 0.71)]),
            ]
        ),
        {},
    ),
    "text": ("007", {}),
    "word": ("False", {}),
    "whole": (7, {}),
    "number": (0.1, {}),
    "truth": (False, {}),
}


@pytest.mark.older_servers
@pytest.mark.parametrize("name", FIELDS)
def test_untouched(dataset, server, tmp_path, name):
    value, info = FIELDS[name]
    for number, path in enumerate(media.make_images(tmp_path, NAMES)):
        sample = fo.Sample(filepath=str(path))
        sample[name] = value.copy() if isinstance(value, fo.Label) else value
        if number:
            sample[name] = None
        dataset.add_sample(sample)
    run = Run(dataset, server, {name: dict(info)})

    counts = run.load()

    assert counts[name].keys() == {"kept"}
    assert run.differences() == []
    assert run.load() == counts
    assert run.differences() == []


@pytest.mark.older_servers
def test_built_in_defect_skeleton_lost_names_and_hidden_joints(
    dataset, server, tmp_path
):
    dataset.default_skeleton = fo.KeypointSkeleton(
        labels=["nose", "left", "right"], edges=[[0, 1], [0, 2]]
    )
    people = [
        fo.Keypoint(label="person", points=[(0.1, 0.1), (nan, nan), (0.3, 0.5)]),
        fo.Keypoint(label="person", points=[(0.2, 0.1), (0.4, 0.4), (0.3, 0.5)]),
    ]
    [path] = media.make_images(tmp_path, NAMES[:1])
    sample = fo.Sample(filepath=str(path))
    sample["people"] = fo.Keypoints(keypoints=people)
    dataset.add_sample(sample)
    run = Run(dataset, server, {"people": {}})
    [label] = run.api._get_task_labels(run.task_id)
    assert [each["name"] for each in label["sublabels"]] == ["nose", "left", "right"]

    assert run.load() == {"people": {"kept": 2}}
    assert run.differences() == []

    shape = next(s for s in run.annotations()["shapes"] if s["elements"])
    for element in shape["elements"]:
        element["outside"] = not element["outside"]
    run.change("update", shapes=[shape])
    assert run.load() == {"people": {"kept": 1, "changed": 1}}
    changed = [k for k in dataset.first().people.keypoints if np.isnan(k.points).any()]
    assert changed


@pytest.mark.older_servers
@pytest.mark.parametrize("kind", ["integers", "colours"])
def test_segmentations(dataset, server, tmp_path, kind):
    codes = np.random.default_rng(1).integers(0, 4, SIZE).astype(np.uint8)
    targets = {1: "road", 2: "sky", 3: "lawn"}
    colours = {"#ff0000": "road", "#0080ff": "sky", "#010203": "lawn"}
    palette = np.array([[0, 0, 0], [255, 0, 0], [0, 128, 255], [1, 2, 3]], np.uint8)
    mask = codes if kind == "integers" else palette[codes]
    [path] = media.make_images(tmp_path, NAMES[:1])
    sample = fo.Sample(filepath=str(path), seg=fo.Segmentation(mask=mask))
    dataset.add_sample(sample)
    dataset.mask_targets = {"seg": targets if kind == "integers" else colours}
    run = Run(dataset, server, {"seg": {}})

    assert run.load() == {"seg": {"kept": 1}}
    assert run.differences() == []

    # all of it comes from the server now, and none from the dataset
    shapes = run.annotations()["shapes"]
    run.change("update", shapes=[{**shape, "z_order": 1} for shape in shapes[:1]])
    road = run.label_ids()["road"]
    points = [0, 2, 0, 0, 1, 0]
    extra = {**shapes[0], "label_id": road, "points": points, "attributes": []}
    extra |= {"z_order": 2, "id": None}
    run.change("create", shapes=[extra])
    assert run.load() == {"seg": {"changed": 1}}
    expected = mask.copy()
    expected[0, :2] = 1 if kind == "integers" else (255, 0, 0)
    result = dataset.first().seg.mask
    assert result.dtype == mask.dtype
    np.testing.assert_array_equal(result, expected)


def test_masks_in_files(dataset, server, tmp_path):
    [path] = media.make_images(tmp_path, NAMES[:1])
    mask_path = str(tmp_path / "mask.png")
    cv2.imwrite(mask_path, random_mask(6, 5).astype(np.uint8) * 255)
    where = [3 / 32, 4 / 24, 5 / 32, 6 / 24]
    label = fo.Detection(label="cat", bounding_box=where, mask_path=mask_path)
    cats = fo.Detections(detections=[label])
    dataset.add_sample(fo.Sample(filepath=str(path), cats=cats))
    run = Run(dataset, server, {"cats": {"type": "instances"}})

    assert run.load() == {"cats": {"kept": 1}}
    assert run.differences() == []
    points = run.annotations()["shapes"][0]["points"]
    assert points[-4:] == [3, 4, 7, 9]


@pytest.mark.parametrize("picture", ["turned", "gray", "16 bit", "alpha"])
def test_pictures(dataset, server, tmp_path, picture):
    path = str(tmp_path / "picture.png")
    if picture == "turned":
        path = media.copy_rotated_jpeg(tmp_path / "picture.jpg")
    elif picture == "gray":
        media.make_image(path, channels=1)
    elif picture == "16 bit":
        media.make_image(path, bits=16)
    else:
        media.make_image(path, channels=4)
    cats = fo.Detections(detections=[box()])
    dataset.add_sample(fo.Sample(filepath=str(path), cats=cats))
    run = Run(dataset, server, {"cats": {"type": "detections"}})

    meta = run.api.get(run.api.task_data_meta_url(run.task_id)).json()
    width, height = meta["frames"][0]["width"], meta["frames"][0]["height"]
    assert (width > height) is (picture != "turned")
    points = run.annotations()["shapes"][0]["points"]
    assert points[0] == pytest.approx(0.1 * width)
    assert points[1] == pytest.approx(0.2 * height)
    assert run.load() == {"cats": {"kept": 1}}
    assert run.differences() == []


@pytest.mark.parametrize("view", ["patches", "filtered", "slices", "media field"])
def test_views(dataset, server, tmp_path, view):
    paths = [str(path) for path in media.make_images(tmp_path, NAMES)]
    if view == "slices":
        dataset.add_group_field("group", default="left")
    for path in paths:
        cats = fo.Detections(detections=[box(), box("dog", 0.5)])
        sample = fo.Sample(filepath=path, cats=cats, small=paths[0])
        if view == "slices":
            sample["group"] = fo.Group().element("left")
        dataset.add_sample(sample)
    dogs = fo.ViewField("label") == "dog"
    samples, kwargs, expected = {
        "patches": (lambda: dataset.to_patches("cats").limit(3), {}, 3),
        "filtered": (lambda: dataset.filter_labels("cats", dogs).skip(1), {}, 1),
        "slices": (lambda: dataset.select_group_slices("left"), {}, 4),
        "media field": (lambda: dataset, {"media_field": "small"}, 4),
    }[view]
    run = Run(samples(), server, {"cats": {"type": "detections"}}, **kwargs)

    assert run.load() == {"cats": {"kept": expected}}
    assert run.differences() == []
    assert len(run.annotations()["shapes"]) == expected
