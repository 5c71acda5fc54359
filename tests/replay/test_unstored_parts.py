"""Labels of several parts of which the server stored some only: no part is lost."""

from __future__ import annotations

from math import nan

import fiftyone as fo
import numpy as np
import pytest

from fiftyone_cvat.api import CVATAnnotationAPI
from tests import media
from tests.replay.run import Run, moved

PARTS = [
    [[0.125, 0.25], [0.25, 0.25], [0.25, 0.375]],
    [[0.375, 0.5], [0.5, 0.5], [0.5, 0.625]],
    [[0.625, 0.75], [0.75, 0.75], [0.75, 0.875]],
]
LINES = {"type": "polylines", "classes": ["lane", "road"]}
POLYGONS = LINES | {"type": "polygons"}
TARGETS = {
    "gray": {1: "cat", 2: "dog", 3: "cow"},
    "color": {"#010000": "cat", "#020000": "dog", "#030000": "cow"},
}


@pytest.fixture
def lose(monkeypatch):
    """Return what makes the server store no annotations of some positions."""
    lost = []
    put = CVATAnnotationAPI.put

    def without(self, url, **kwargs):
        body = kwargs.get("json") or {}
        for kind in ("shapes", "tracks") if url.endswith("annotations") else ():
            each = enumerate(body[kind])
            body[kind] = [one for number, one in each if number not in lost]
        return put(self, url, **kwargs)

    monkeypatch.setattr(CVATAnnotationAPI, "put", without)
    return lost.extend


def lanes(dataset, tmp_path, **kwargs):
    kwargs = {"filled": True, "closed": True, "mood": "calm"} | kwargs
    label = fo.Polyline(label="lane", points=PARTS, **kwargs)
    path = media.make_image(tmp_path / "1.png")
    lines = fo.Polylines(polylines=[label])
    dataset.add_sample(fo.Sample(filepath=path, lanes=lines))
    return dataset


def stored_anew(run):
    """Forget what this process knows of a run: only what is stored counts."""
    run.dataset._annotation_cache.clear()
    run.results = run.dataset.load_annotation_results(run.key, **run.credentials)


def points(run):
    return run.dataset.first().lanes.polylines[0].points


def load_twice(run, counts):
    stored_anew(run)
    assert run.load() == counts
    before = run.documents()
    name = next(iter(counts))
    assert run.load() == {name: {"kept": 1}}
    assert run.differences(before) == []


@pytest.mark.parametrize("lost", [0, 1, 2])
@pytest.mark.parametrize("filled", [True, False], ids=["polygons", "lines"])
def test_a_part_is_moved(dataset, server, tmp_path, lose, filled, lost):
    lanes(dataset, tmp_path, filled=filled, closed=filled)
    lose([lost])
    run = Run(dataset, server, {"lanes": POLYGONS if filled else LINES})
    edited, other = run.annotations()["shapes"]
    load_twice(run, {"lanes": {"kept": 1}})
    assert run.differences() == []
    run.change("update", shapes=[moved(edited)])

    load_twice(run, {"lanes": {"changed": 1}})

    number = min({0, 1, 2} - {lost})
    expected = [*PARTS]
    expected[number] = [[x + 1 / 32, y + 1 / 24] for x, y in PARTS[number]]
    np.testing.assert_allclose(points(run), expected)
    assert points(run)[lost] == PARTS[lost]

    # the numbers of the parts are others now
    run.change("delete", shapes=[edited])
    load_twice(run, {"lanes": {"changed": 1}})
    assert points(run) == [each for n, each in enumerate(PARTS) if n != number]
    run.change("update", shapes=[moved(other)])
    load_twice(run, {"lanes": {"changed": 1}})
    assert len(points(run)) == 2
    assert PARTS[lost] in points(run)


def test_all_other_parts_are_deleted(dataset, server, tmp_path, lose):
    lanes(dataset, tmp_path)
    lose([1])
    run = Run(dataset, server, {"lanes": POLYGONS})
    run.change("delete", shapes=run.annotations()["shapes"])

    load_twice(run, {"lanes": {"changed": 1}})

    assert points(run) == [PARTS[1]]
    assert dataset.first().lanes.polylines[0].mood == "calm"


@pytest.mark.parametrize("rule", ["allow_deletions", "allow_spatial_edits"])
def test_other_parts_may_not_be_deleted(dataset, server, tmp_path, lose, rule):
    lanes(dataset, tmp_path)
    lose([1])
    run = Run(dataset, server, {"lanes": POLYGONS | {rule: False}})
    run.change("delete", shapes=run.annotations()["shapes"])

    assert run.load() == {"lanes": {"kept": 1}}

    assert run.differences() == []


def test_only_the_class_is_another(dataset, server, tmp_path, lose):
    lanes(dataset, tmp_path)
    lose([0])
    run = Run(dataset, server, {"lanes": POLYGONS})
    road = run.label_ids()["road"]
    shapes = [
        {**each, "label_id": road, "attributes": []}
        for each in run.annotations()["shapes"]
    ]
    run.change("update", shapes=shapes)

    load_twice(run, {"lanes": {"changed": 1}})

    [label] = dataset.first().lanes.polylines
    assert (label.label, label.points) == ("road", PARTS)


def test_a_part_was_edited_in_the_dataset(dataset, server, tmp_path, lose):
    lanes(dataset, tmp_path)
    lose([1])
    run = Run(dataset, server, {"lanes": POLYGONS})
    run.change("update", shapes=[moved(run.annotations()["shapes"][0])])
    sample = dataset.first()
    other = [[x / 2, y / 2] for x, y in PARTS[1]]
    sample.lanes.polylines[0].points[1] = other
    sample.save()

    load_twice(run, {"lanes": {"changed": 1}})

    assert points(run)[1:] == [other, PARTS[2]]


def test_a_part_that_is_none_stays_too(dataset, server, tmp_path, lose):
    lanes(dataset, tmp_path, filled=False, closed=False)
    sample = dataset.first()
    none = [[nan, 0.5], [0.5, 0.5]]
    sample.lanes.polylines[0].points = [PARTS[0], none, *PARTS[1:]]
    sample.save()
    lose([1])
    run = Run(dataset, server, {"lanes": LINES})
    run.change("update", shapes=[moved(run.annotations()["shapes"][1])])

    load_twice(run, {"lanes": {"changed": 1}})

    first, second, third, last = points(run)
    assert (first, third) == (PARTS[0], PARTS[1])
    assert repr(second) == repr(none)
    assert last != PARTS[2]


@pytest.mark.parametrize("lost", [0, 1])
def test_a_track_is_moved(dataset, server, tmp_path, lose, lost):
    sample = fo.Sample(filepath=media.copy_video(tmp_path / "video.mp4"))
    for number in (2, 3, 4):
        label = fo.Polyline(
            label="lane", points=PARTS[:2], filled=True, closed=True, index=3
        )
        sample.frames[number] = fo.Frame(lanes=fo.Polylines(polylines=[label]))
    dataset.add_sample(sample)
    lose([lost])
    run = Run(dataset, server, {"frames.lanes": POLYGONS})
    assert run.load() == {"frames.lanes": {"kept": 3}}
    [track] = run.annotations()["tracks"]
    track["shapes"][1] = moved(track["shapes"][1])
    run.change("update", tracks=[track])
    stored_anew(run)

    assert run.load() == {"frames.lanes": {"kept": 2, "changed": 1}}

    before = run.documents()
    assert run.load() == {"frames.lanes": {"kept": 3}}
    assert run.differences(before) == []
    found = [dataset.first().frames[each].lanes.polylines for each in (2, 3, 4)]
    assert [each.index for [each] in found] == [3, 3, 3]
    [[first], [middle], [last]] = found
    assert first.points == last.points == PARTS[:2]
    assert middle.points[lost] == PARTS[lost]
    assert middle.points[1 - lost] != PARTS[1 - lost]


def three_classes(dataset, tmp_path, kind):
    pixels = np.zeros((24, 32), np.uint8)
    for value in (1, 2, 3):
        pixels[4 * value : 4 * value + 3, 5:20] = value
    pixels[0, 0] = 7  # of no class
    if kind == "color":
        pixels = np.stack([pixels, 0 * pixels, 0 * pixels], axis=-1)
    path = media.make_image(tmp_path / "1.png")
    scene = fo.Segmentation(mask=pixels)
    dataset.add_sample(fo.Sample(filepath=path, scene=scene))
    return pixels


def scene(run):
    return run.dataset.first().scene.mask


@pytest.mark.parametrize("lost", [0, 1, 2])
@pytest.mark.parametrize("kind", TARGETS)
def test_a_segmentation_is_painted(dataset, server, tmp_path, lose, kind, lost):
    pixels = three_classes(dataset, tmp_path, kind)
    lose([lost])
    info = {"type": "segmentation", "mask_targets": TARGETS[kind]}
    run = Run(dataset, server, {"scene": info})
    edited, other = run.annotations()["shapes"]
    load_twice(run, {"scene": {"kept": 1}})
    assert run.differences() == []
    # one column more to the left
    runs, box = edited["points"][:-4], edited["points"][-4:]
    assert runs == [0.0, 45.0]
    box[0] -= 1
    run.change("update", shapes=[{**edited, "points": [0.0, 48.0, *box]}])

    load_twice(run, {"scene": {"changed": 1}})

    top = 4 * (min({0, 1, 2} - {lost}) + 1)
    expected = pixels.copy()
    expected[top : top + 3, 4] = pixels[top, 5]
    np.testing.assert_array_equal(scene(run), expected)

    run.change("delete", shapes=[edited])
    load_twice(run, {"scene": {"changed": 1}})
    expected[top : top + 3] = 0
    np.testing.assert_array_equal(scene(run), expected)
    run.change("delete", shapes=[other])
    load_twice(run, {"scene": {"changed": 1}})
    left = np.zeros_like(pixels)
    own = slice(4 * (lost + 1), 4 * (lost + 1) + 3)
    left[own], left[0, 0] = pixels[own], pixels[0, 0]
    np.testing.assert_array_equal(scene(run), left)


def test_a_class_is_painted_again(dataset, server, tmp_path, lose):
    pixels = three_classes(dataset, tmp_path, "gray")
    lose([1])
    info = {"type": "segmentation", "mask_targets": TARGETS["gray"]}
    run = Run(dataset, server, {"scene": info})
    cat, _ = run.annotations()["shapes"]
    dog = {"id": None, "label_id": run.label_ids()["dog"], "attributes": []}
    # two rows over the cat's last one and the row beneath
    drawn = {**cat, **dog, "z_order": 1, "points": [0.0, 30.0, 5, 6, 19, 7]}
    [created] = run.change("create", shapes=[drawn])["shapes"]

    load_twice(run, {"scene": {"changed": 1}})

    expected = pixels.copy()
    expected[6:8, 5:20] = 2
    np.testing.assert_array_equal(scene(run), expected)
    run.change("delete", shapes=[created])
    load_twice(run, {"scene": {"changed": 1}})
    np.testing.assert_array_equal(scene(run), pixels)
