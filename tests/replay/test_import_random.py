"""Random projects come out of CVAT as they were, in a new dataset: field by field.

A cassette holds what was drawn from one seed. Against a server, ``--live --size large``
draws more of them.
"""

from __future__ import annotations

import math

import fiftyone as fo
import pytest

from fiftyone_cvat import import_tasks
from tests.replay.equality import (
    assert_import_again_changes_nothing,
    assert_same_tracks,
    differences,
)
from tests.replay.random_projects import (
    FILM_KINDS,
    KINDS,
    PROPERTIES,
    TRACKED,
    Labels,
    drawn_kinds,
    fields,
    make_film,
    make_picture,
    schema,
)
from tests.replay.run import Run
from tests.sizes import sized

RECORDED = 3
SKELETON = fo.KeypointSkeleton(labels=["a", "b", "c"], edges=[[0, 1, 2]])


def pytest_generate_tests(metafunc):
    is_live = metafunc.config.getoption("--live")
    count = sized(RECORDED, 15, 100) if is_live else RECORDED
    metafunc.parametrize("seed", range(1, count + 1))


def draw_ellipse(run, number, seed):
    """Draw an ellipse in the first frame, as only somebody in CVAT can."""
    labels = run.api._get_task_labels(run.task_id)
    [label] = [each for each in labels if each["name"] == "plate"]
    [spec] = [each for each in label["attributes"] if each["name"] == "number"]
    center_x, center_y, rx, ry = 10.0, 8.0, 3.0 + seed % 4, 2.0 + seed % 3
    shape = {
        "type": "ellipse",
        "frame": 0,
        "label_id": label["id"],
        "points": [center_x, center_y, center_x + rx, center_y - ry],
        "rotation": 17.0 * (seed % 10),
        "attributes": [{"spec_id": spec["id"], "value": number}],
    }
    run.change("create", shapes=[shape])
    return math.pi * rx * ry


def area_and_center(line, size):
    """Return the area in pixels and the center of what a closed line has inside."""
    [points] = line.points
    points = [(x * size[0], y * size[1]) for x, y in points]
    cross = [
        (x * next_y - next_x * y, x + next_x, y + next_y)
        for (x, y), (next_x, next_y) in zip(
            points, [*points[1:], points[0]], strict=True
        )
    ]
    area = sum(each for each, _, _ in cross) / 2
    center = [sum(each[0] * each[at] for each in cross) / (6 * area) for at in (1, 2)]
    return abs(area), center


def take_plate(sample):
    """Take the ellipse out of a sample, and return the line that it has become."""
    [plate] = [each for each in sample.areas.polylines if each.label == "plate"]
    others = [each for each in sample.areas.polylines if each.label != "plate"]
    sample.areas = fo.Polylines(polylines=others) if others else None
    return plate


def test_pictures(dataset, empty, server, tmp_path, mode, seed):
    keep_text = seed % 2 == 0
    kinds = drawn_kinds(KINDS, seed) | {"areas": KINDS["areas"]}
    labels = Labels(seed, keep_text=keep_text)
    dataset.skeletons = {"hands": SKELETON}
    for number, name in enumerate(("a/1.png", "b/1.png")):
        sample = make_picture(tmp_path / name, labels, kinds)
        sample["weather"] = ("fair", "wet & cold")[number]
        sample["speed"] = (0.1 * seed, None)[number]
        dataset.add_sample(sample)
    scalars = {"weather": {}, "speed": {}}
    run = Run(
        dataset,
        server,
        {**schema(kinds, seed), **scalars},
        project_name=f"random {seed}",
        **PROPERTIES,
    )
    area = draw_ellipse(run, "n99", seed)
    empty.add_sample_field("speed", fo.FloatField)
    where = {
        "project": f"random {seed}",
        "media": tmp_path,
        "fields": {**fields(kinds), **{f"{each}.value": each for each in scalars}},
        "coerce_text_attrs": not keep_text,
        **PROPERTIES,
        **server.credentials,
    }

    import_tasks(empty, **where)

    assert empty.values("filepath") == dataset.values("filepath")
    # nothing but the ellipse may have made a field
    assert empty.get_field_schema().keys() <= {*dataset.get_field_schema(), "areas"}
    pairs = zip(empty, dataset, strict=True)
    for number, (ours, theirs) in enumerate((ours.copy(), own) for ours, own in pairs):
        if number == 0:
            plate = take_plate(ours)
            ours.compute_metadata()
            size = ours.metadata.width, ours.metadata.height
            found, center = area_and_center(plate, size)
            assert found == pytest.approx(area, rel=1e-3)
            assert center == pytest.approx([10, 8], abs=0.01)
            assert (plate.closed, plate.filled, plate.number) == (True, True, "n99")
        assert differences(ours, theirs, kinds) == []
        assert [ours[each] for each in scalars] == [theirs[each] for each in scalars]
    if mode == "live":
        assert_import_again_changes_nothing(empty, **where)


def test_films(dataset, empty, server, tmp_path, mode, seed):
    keep_text = seed % 2 == 1
    dataset.skeletons = {"frames.hands": SKELETON}
    kinds = drawn_kinds(FILM_KINDS, seed)
    labels = Labels(seed, keep_text=keep_text, size=(32, 24))
    sample = make_film(tmp_path / "film.mp4", labels, kinds)
    for at, frame in sample.frames.items():
        frame["light"] = ("dim", "ünï", None)[(seed + at) % 3]
    dataset.add_sample(sample)
    Run(
        dataset,
        server,
        {**schema(kinds, seed, "frames."), "frames.light": {}},
        project_name=f"random films {seed}",
        **PROPERTIES,
    )
    where = {
        "project": f"random films {seed}",
        "media": tmp_path,
        "fields": {**fields(kinds), "frames.light.value": "light"},
        "coerce_text_attrs": not keep_text,
        **PROPERTIES,
        **server.credentials,
    }

    import_tasks(empty, **where)

    theirs = {each.filepath: each for each in dataset}
    assert set(empty.values("filepath")) == theirs.keys()
    for ours in empty:
        own = theirs[ours.filepath]
        for number, frame in own.frames.items():
            found = differences(ours.frames[number], frame, kinds)
            assert [each for each in found if each[1] != "index"] == [], number
            assert ours.frames[number]["light"] == frame["light"]
        for field in kinds.keys() & {*TRACKED}:
            assert_same_tracks(ours, own, field)
    if mode == "live":
        assert_import_again_changes_nothing(empty, **where)
