"""Tracks of every kind of shape, and what lies beside them on the frames of a video."""

from __future__ import annotations

from math import nan

import fiftyone as fo
import numpy as np
import pytest

from tests import media
from tests.replay.run import Run, box, moved

COUNT = 12
WIDTH, HEIGHT = 32, 24
NUMBERS = range(1, COUNT + 1)


def film(dataset, tmp_path, numbers=NUMBERS, **fields):
    """Add a video; each field is a function of the frame's number."""
    sample = fo.Sample(filepath=media.copy_video(tmp_path / "video.mp4"))
    for number in numbers:
        values = {name: value(number) for name, value in fields.items()}
        sample.frames[number] = fo.Frame(**values)
    dataset.add_sample(sample)
    return dataset


def detections(*labels):
    return fo.Detections(detections=list(labels))


def outline(*points, label="lane", closed=True, index=3, **kwargs):
    kwargs.setdefault("filled", closed)
    return fo.Polyline(
        label=label, points=[list(points)], closed=closed, index=index, **kwargs
    )


def labels_by_frame(dataset, field):
    """Return the labels of a field by the number of their frame; no empty ones."""
    frames = dataset.first().frames.items()
    values = {number: frame[field] for number, frame in frames}
    return {
        number: value[value._LABEL_LIST_FIELD]
        for number, value in values.items()
        if value
    }


def load_untouched(run):
    """Load what nobody changed; return how many labels there are."""
    counts = run.load()
    assert all(each.keys() == {"kept"} for each in counts.values())
    assert [each for each in run.differences() if each[0] != "new document"] == []
    before = run.documents()
    assert run.load() == counts
    assert run.differences(before) == []
    return {name: each["kept"] for name, each in counts.items()}


def assert_settled(run):
    """Load again: nothing changes any more."""
    before = run.documents()
    counts = run.load()
    assert all(each.keys() <= {"kept"} for each in counts.values())
    assert run.differences(before) == []


def only_track(run):
    [track] = run.annotations()["tracks"]
    return track


def shape_at(track, frame):
    [shape] = [each for each in track["shapes"] if each["frame"] == frame]
    return shape


def edit(run, track, frame, **changes):
    """Change a key shape of a track on the server."""
    shapes = [
        {**each, **changes} if each["frame"] == frame else each
        for each in track["shapes"]
    ]
    run.change("update", tracks=[{**track, "shapes": shapes}])


def new_track(run, label, *shapes, **kwargs):
    common = {"occluded": False, "z_order": 0, "rotation": 0.0, "attributes": []}
    made = [{"outside": False, **common, **shape} for shape in shapes]
    track = {
        "label_id": run.label_ids()[label],
        "frame": made[0]["frame"],
        "group": 0,
        "attributes": [],
        "shapes": made,
        **kwargs,
    }
    run.change("create", tracks=[track])


def key(kind, frame, *points, **kwargs):
    return {"type": kind, "frame": frame, "points": list(points), **kwargs}


def test_classes_that_share_an_index(dataset, server, tmp_path):
    def pets(number):
        here = [box("cat", number / 40, index=1), box("dog", 0.5, index=1)]
        return detections(*here, box("dog", 0.3, index=2))

    film(dataset, tmp_path, pets=pets)
    run = Run(dataset, server, {"frames.pets": {"type": "detections"}})
    assert load_untouched(run) == {"frames.pets": 3 * COUNT}
    dog = run.label_ids()["dog"]
    tracks = run.annotations()["tracks"]
    track = next(
        each
        for each in tracks
        if each["label_id"] == dog and each["shapes"][0]["points"][0] == 16
    )

    edit(run, track, 4, points=[1.0, 2.0, 11.0, 12.0])

    assert run.load() == {"frames.pets": {"kept": 3 * COUNT - 1, "changed": 1}}
    found = labels_by_frame(dataset, "pets")
    assert {
        tuple((each.label, each.index) for each in labels) for labels in found.values()
    } == {(("cat", 1), ("dog", 1), ("dog", 2))}
    assert found[5][1].bounding_box == pytest.approx([1 / 32, 2 / 24, 10 / 32, 10 / 24])
    assert found[6][1].bounding_box[0] == 0.5
    assert_settled(run)


def test_classes_that_share_an_index_on_some_frames(dataset, server, tmp_path):
    def pets(number):
        dog = [box("dog", 0.5, index=1)] if number < 4 else []
        return detections(box("cat", number / 40, index=1), *dog)

    film(dataset, tmp_path, pets=pets)
    run = Run(dataset, server, {"frames.pets": {"type": "detections"}})

    assert load_untouched(run) == {"frames.pets": COUNT + 3}
    assert_settled(run)


@pytest.mark.parametrize("only_keyframes", [False, True], ids=["dense", "keys"])
def test_tracks_of_one_class_that_share_an_index(
    dataset, server, tmp_path, only_keyframes
):
    def pets(number):
        key = number in (1, COUNT)
        return detections(
            box("cat", 0.1, keyframe=key, index=1),
            box("cat", 0.5, keyframe=key, index=1),
        )

    film(dataset, tmp_path, pets=pets)
    run = Run(
        dataset,
        server,
        {"frames.pets": {"type": "detections"}},
        only_keyframes=only_keyframes,
    )
    assert run.load() == {"frames.pets": {"kept": 2 * COUNT}}
    assert_settled(run)
    _, second = run.annotations()["tracks"]

    edit(run, second, 0, points=[17.0, 5.0, 27.0, 12.0])

    assert set(run.load()["frames.pets"]) == {"kept", "changed"}
    found = labels_by_frame(dataset, "pets")
    assert {each.index for labels in found.values() for each in labels} == {1}
    assert {len(labels) for labels in found.values()} == {2}
    assert found[1][1].bounding_box[0] == pytest.approx(17 / 32)
    assert_settled(run)


@pytest.mark.parametrize("closed", [True, False], ids=["polygon", "polyline"])
def test_outlines(dataset, server, tmp_path, closed):
    def lanes(number):
        points = [(number / 40, 0.11), (0.51, 0.2), (0.6, 0.93)]
        if number > 6:
            points.append((0.2, 0.7))
        return fo.Polylines(polylines=[outline(*points, closed=closed)])

    film(dataset, tmp_path, lanes=lanes)
    kind = "polygons" if closed else "polylines"
    run = Run(dataset, server, {"frames.lanes": {"type": kind}})
    assert load_untouched(run) == {"frames.lanes": COUNT}
    track = only_track(run)
    points = shape_at(track, 8)["points"]

    edit(run, track, 8, points=[*points[:-1], points[-1] - 6])

    assert run.load() == {"frames.lanes": {"kept": COUNT - 1, "changed": 1}}
    found = labels_by_frame(dataset, "lanes")
    [lane] = found[9]
    assert lane.points[0][-1] == pytest.approx((0.2, 0.7 - 6 / HEIGHT), abs=1e-4)
    assert (lane.closed, lane.filled, lane.index) == (closed, closed, 3)
    assert_settled(run)


@pytest.mark.parametrize(
    ("end", "middle"),
    [
        pytest.param((4, 12, 14, 12, 24, 12), (4, 8, 14, 8, 24, 8), id="equal"),
        pytest.param((4, 12, 24, 12), None, id="unequal"),
    ],
)
def test_lines_that_were_drawn(dataset, server, tmp_path, end, middle):
    film(dataset, tmp_path, numbers=[])
    schema = {"type": "polylines", "classes": ["lane"]}
    run = Run(dataset, server, {"frames.lanes": schema})
    start = (4, 4, 14, 4, 24, 4)
    shapes = [key("polyline", 2, *start), key("polyline", 6, *end)]
    new_track(run, "lane", *shapes)

    assert run.load() == {"frames.lanes": {"added": COUNT - 2}}

    lines = labels_by_frame(dataset, "lanes")
    assert sorted(lines) == list(range(3, COUNT + 1))
    pixels = {
        number: [value for x, y in each.points[0] for value in (x * WIDTH, y * HEIGHT)]
        for number, [each] in lines.items()
    }
    assert pixels[3] == pytest.approx(start)
    assert pixels[7] == pixels[12] == pytest.approx(end)
    ends = (*pixels[5][:2], *pixels[5][-2:])
    assert ends == pytest.approx((4, 8, 24, 8))
    if middle:
        assert pixels[5] == pytest.approx(middle)
    assert_settled(run)


def test_points(dataset, server, tmp_path):
    def balls(number):
        ball = fo.Keypoint(label="ball", points=[(number / 20, 0.4)], index=1)
        crowd = [(0.1, 0.1), (0.2, number / 30), (0.3, 0.3)]
        crowd = fo.Keypoint(label="crowd", points=crowd, index=1)
        return fo.Keypoints(keypoints=[ball, crowd])

    film(dataset, tmp_path, balls=balls)
    run = Run(dataset, server, {"frames.balls": {}})
    assert load_untouched(run) == {"frames.balls": 2 * COUNT}
    ball = run.label_ids()["ball"]
    [track] = [t for t in run.annotations()["tracks"] if t["label_id"] == ball]

    edit(run, track, 3, points=[2.0, 6.0])

    assert run.load() == {"frames.balls": {"kept": 2 * COUNT - 1, "changed": 1}}
    changed, _ = labels_by_frame(dataset, "balls")[4]
    assert changed.points == [pytest.approx((2 / WIDTH, 6 / HEIGHT))]
    assert changed.index == 1
    assert_settled(run)


def test_skeletons(dataset, server, tmp_path):
    dataset.default_skeleton = fo.KeypointSkeleton(
        labels=["nose", "left", "right"], edges=[[0, 1], [0, 2]]
    )

    def people(number):
        points = [(number / 20, 0.1), (0.3, 0.3), (0.3, 0.5)]
        return fo.Keypoints(
            keypoints=[fo.Keypoint(label="person", index=1, points=points)]
        )

    film(dataset, tmp_path, people=people)
    run = Run(dataset, server, {"frames.people": {}})
    assert load_untouched(run) == {"frames.people": COUNT}
    track = only_track(run)
    right = track["elements"][2]
    for shape in right["shapes"]:
        if shape["frame"] == 4:
            shape["points"] = [16.0, 18.0]
        if shape["frame"] == 5:
            shape["outside"] = True

    run.change("update", tracks=[track])

    assert run.load() == {"frames.people": {"kept": COUNT - 2, "changed": 2}}
    found = labels_by_frame(dataset, "people")
    [edited], [hidden] = found[5], found[6]
    assert np.allclose(edited.points, [(5 / 20, 0.1), (0.3, 0.3), (0.5, 0.75)])
    expected = [(6 / 20, 0.1), (0.3, 0.3), (nan, nan)]
    assert np.allclose(hidden.points, expected, equal_nan=True)
    assert_settled(run)


ELLIPSES = [
    key("ellipse", 1, 10, 12, 16, 8),  # 12 wide, 8 high
    key("ellipse", 5, 14, 12, 20, 8),
]


def test_an_ellipse_among_detections(dataset, server, tmp_path):
    film(dataset, tmp_path, numbers=[])
    schema = {"type": "instances", "classes": ["ball"]}
    run = Run(dataset, server, {"frames.balls": schema})
    new_track(run, "ball", *ELLIPSES)

    assert run.load() == {"frames.balls": {"added": COUNT - 1}}

    found = labels_by_frame(dataset, "balls")
    assert sorted(found) == list(range(2, COUNT + 1))
    for number, left in ((2, 4), (4, 6), (6, 8), (12, 8)):
        [ball] = found[number]
        assert ball.bounding_box == pytest.approx(
            [left / WIDTH, 8 / HEIGHT, 12 / WIDTH, 8 / HEIGHT]
        )
        assert ball.mask.sum() == pytest.approx(np.pi * 6 * 4, rel=0.1)
        assert ball.index == 1
    assert_settled(run)


def test_an_ellipse_among_polylines(dataset, server, tmp_path):
    film(dataset, tmp_path, numbers=[])
    schema = {"type": "polylines", "classes": ["ball"]}
    run = Run(dataset, server, {"frames.balls": schema})
    new_track(run, "ball", *ELLIPSES)

    assert run.load() == {"frames.balls": {"added": COUNT - 1}}

    [ball] = labels_by_frame(dataset, "balls")[4]
    x, y = np.transpose(ball.points[0]) * [[WIDTH], [HEIGHT]]
    assert (x.min(), x.max()) == pytest.approx((6, 18), abs=0.05)
    assert (y.min(), y.max()) == pytest.approx((8, 16), abs=0.05)
    assert (ball.closed, ball.filled, ball.index) == (True, True, 1)
    assert_settled(run)


def test_turned_boxes(dataset, server, tmp_path):
    def cars(number):
        return detections(box("car", 0.2, index=1, rotation=(350.5 + number) % 360))

    film(dataset, tmp_path, cars=cars)
    run = Run(dataset, server, {"frames.cars": {"type": "detections"}})
    assert load_untouched(run) == {"frames.cars": COUNT}
    track = only_track(run)
    assert [each["rotation"] for each in track["shapes"]][:2] == [351.5, 352.5]

    edit(run, track, 2, rotation=0.0)

    assert run.load() == {"frames.cars": {"kept": COUNT - 1, "changed": 1}}
    turns = {
        number: each.rotation
        for number, [each] in labels_by_frame(dataset, "cars").items()
    }
    assert turns == {
        number: 0.0 if number == 3 else (350.5 + number) % 360 for number in NUMBERS
    }
    assert_settled(run)


RING = np.ones((4, 5), bool)
RING[1:3, 1:4] = False


def ringed(number):
    where = [3 / WIDTH, 4 / HEIGHT, 5 / WIDTH, 4 / HEIGHT]
    return detections(box("cat", bounding_box=where, mask=RING, score=0.5))


def test_masks_on_some_frames(dataset, server, tmp_path):
    film(dataset, tmp_path, [2, 3, 7], cats=ringed)
    run = Run(dataset, server, {"frames.cats": {"type": "instances"}})
    assert load_untouched(run) == {"frames.cats": 3}
    shapes = sorted(run.annotations()["shapes"], key=lambda shape: shape["frame"])
    assert [(s["frame"], s["type"]) for s in shapes] == [
        (number, "mask") for number in (1, 2, 6)
    ]

    filled = [0.0, 20.0, 3.0, 4.0, 7.0, 7.0]
    run.change("update", shapes=[{**shapes[1], "points": filled}])

    assert run.load() == {"frames.cats": {"kept": 2, "changed": 1}}
    found = labels_by_frame(dataset, "cats")
    assert [found[number][0].mask.sum() for number in (2, 3, 7)] == [14, 20, 14]
    assert found[3][0].score == 0.5
    assert_settled(run)


def test_a_mask_without_pixels_leaves_its_label_of_a_track(dataset, server, tmp_path):
    def cats(number):
        labels = ringed(number).detections
        labels[0].index = 1
        return detections(*labels)

    film(dataset, tmp_path, [2, 3, 4], cats=cats)
    run = Run(dataset, server, {"frames.cats": {"type": "instances"}})
    edit(run, only_track(run), 2, points=[16.0, 0.0, 0.0, 3.0, 3.0])
    edit(run, only_track(run), 3, points=[0.0, 4.0, 5.0, 5.0, 6.0, 6.0])

    assert run.load() == {"frames.cats": {"kept": 2, "changed": 1}}

    [reason] = run.results.reconciliation.reasons
    assert "on frame 2 of" in reason
    assert "the mask has no pixel in the picture" in reason
    found = labels_by_frame(dataset, "cats")
    assert [found[number][0].mask.sum() for number in (2, 3, 4)] == [14, 14, 4]
    assert found[3][0].index == 1


def test_masks_among_boxes_stay_here(dataset, server, tmp_path):
    def cats(number):
        both = [*ringed(number).detections, box("cat", 0.5, index=1)]
        return detections(*both)

    film(dataset, tmp_path, [2, 3, 7], cats=cats)
    run = Run(dataset, server, {"frames.cats": {"type": "detections"}})
    assert load_untouched(run) == {"frames.cats": 3}
    assert run.annotations()["shapes"] == []
    track = only_track(run)

    edit(run, track, 2, points=[1.0, 2.0, 11.0, 12.0])

    assert run.load() == {"frames.cats": {"kept": 2, "changed": 1}}
    found = labels_by_frame(dataset, "cats")
    assert [cat.mask.sum() for cat, _ in found.values()] == [14] * 3
    assert found[3][1].bounding_box[0] == pytest.approx(1 / WIDTH)
    assert_settled(run)


def test_occlusion_changes_along_a_track(dataset, server, tmp_path):
    def cars(number):
        return detections(box("car", 0.2, index=1, hidden=4 <= number <= 6))

    film(dataset, tmp_path, cars=cars)
    schema = {"frames.cars": {"type": "detections"}}
    run = Run(dataset, server, schema, occluded_attr="hidden")
    assert load_untouched(run) == {"frames.cars": COUNT}
    track = only_track(run)
    occluded = [each["frame"] for each in track["shapes"] if each["occluded"]]
    assert occluded == [3, 4, 5]

    edit(run, track, 8, occluded=True)

    assert run.load() == {"frames.cars": {"kept": COUNT - 1, "changed": 1}}
    found = labels_by_frame(dataset, "cars")
    hidden = [number for number, [car] in found.items() if car.hidden]
    assert hidden == [4, 5, 6, 9]
    assert_settled(run)


ATTRIBUTES = {
    "color": {"type": "select", "values": ["red", "blue"], "mutable": False},
    "speed": {"type": "text"},
}


def colored(number):
    return detections(box("car", number / 40, index=1, color="red", speed=number * 1.5))


def with_attributes(dataset, server, tmp_path):
    film(dataset, tmp_path, cars=colored)
    schema = {"type": "detections", "classes": ["car"], "attributes": ATTRIBUTES}
    return Run(dataset, server, {"frames.cars": schema})


def attribute_id(run, name):
    [label] = run.api._get_task_labels(run.task_id)
    return next(each["id"] for each in label["attributes"] if each["name"] == name)


def with_value(annotation, spec_id, value):
    others = [a for a in annotation["attributes"] if a["spec_id"] != spec_id]
    return [*others, {"spec_id": spec_id, "value": value}]


def test_a_mutable_attribute_changes_on_a_later_frame(dataset, server, tmp_path):
    run = with_attributes(dataset, server, tmp_path)
    assert load_untouched(run) == {"frames.cars": COUNT}
    track = only_track(run)
    color, speed = (attribute_id(run, name) for name in ("color", "speed"))
    assert track["attributes"] == [{"spec_id": color, "value": "red"}]
    shape = shape_at(track, 7)

    edit(run, track, 7, attributes=with_value(shape, speed, "99.5"))

    assert run.load() == {"frames.cars": {"kept": COUNT - 1, "changed": 1}}
    found = labels_by_frame(dataset, "cars")
    speeds = {number: car.speed for number, [car] in found.items()}
    assert speeds == {n: 99.5 if n == 8 else n * 1.5 for n in NUMBERS}
    assert {car.color for [car] in found.values()} == {"red"}
    assert found[8][0].bounding_box == box("car", 8 / 40).bounding_box
    assert_settled(run)


def test_an_immutable_attribute_changes_on_all_frames(dataset, server, tmp_path):
    run = with_attributes(dataset, server, tmp_path)
    track = only_track(run)
    color = attribute_id(run, "color")

    run.change(
        "update", tracks=[{**track, "attributes": with_value(track, color, "blue")}]
    )

    assert run.load() == {"frames.cars": {"changed": COUNT}}
    found = labels_by_frame(dataset, "cars")
    assert {car.color for [car] in found.values()} == {"blue"}
    assert [car.speed for [car] in found.values()] == [n * 1.5 for n in NUMBERS]
    assert_settled(run)


def test_mutable_attributes_hold_between_key_shapes(dataset, server, tmp_path):
    film(dataset, tmp_path, numbers=[])
    schema = {"type": "detections", "classes": ["car"], "attributes": ATTRIBUTES}
    run = Run(dataset, server, {"frames.cars": schema})
    color, speed = (attribute_id(run, name) for name in ("color", "speed"))
    shapes = [
        key("rectangle", frame, 1, 2, 11, 12, **more)
        for frame, more in (
            (0, {"attributes": [{"spec_id": speed, "value": "1.5"}], "outside": True}),
            (2, {"attributes": [{"spec_id": speed, "value": "2.5"}]}),
            (5, {"attributes": [{"spec_id": speed, "value": "3.5"}]}),
            (8, {"outside": True}),
        )
    ]
    new_track(run, "car", *shapes, attributes=[{"spec_id": color, "value": "blue"}])

    assert run.load() == {"frames.cars": {"added": 6}}

    found = labels_by_frame(dataset, "cars")
    speeds = {number: (car.color, car.speed) for number, [car] in found.items()}
    assert speeds == {
        **dict.fromkeys((3, 4, 5), ("blue", 2.5)),
        **dict.fromkeys((6, 7, 8), ("blue", 3.5)),
    }
    assert_settled(run)


def test_gaps_that_an_annotator_makes_and_closes(dataset, server, tmp_path):
    film(
        dataset,
        tmp_path,
        cars=lambda n: detections(*[box("car", n / 40, index=1)] * (n not in (6, 7))),
    )
    run = Run(dataset, server, {"frames.cars": {"type": "detections"}})
    assert load_untouched(run) == {"frames.cars": COUNT - 2}
    track = only_track(run)
    shapes = [
        {**shape, "outside": shape["frame"] in (0, 9)} for shape in track["shapes"]
    ]

    # it now begins on frame 2, is shown on 6 and 7, and is gone on 10
    run.change("update", tracks=[{**track, "shapes": shapes}])

    counts = {"kept": COUNT - 4, "deleted": 2, "added": 2}
    assert run.load() == {"frames.cars": counts}
    found = labels_by_frame(dataset, "cars")
    shown = [number for number, cars in found.items() if cars]
    assert shown == [2, 3, 4, 5, 6, 7, 8, 9, 11, 12]
    assert {car.index for cars in found.values() for car in cars} == {1}
    assert_settled(run)


def test_built_in_defect_frames_beside_an_edited_key_frame_stayed(
    dataset, server, tmp_path
):
    def cars(number):
        return detections(box("car", 0.1, index=1, keyframe=number in (1, 5, 9)))

    film(dataset, tmp_path, cars=cars)
    schema = {"type": "detections", "only_keyframes": True}
    run = Run(dataset, server, {"frames.cars": schema})
    track = only_track(run)
    assert [each["frame"] for each in track["shapes"]] == [0, 4, 8, 11]
    assert load_untouched(run) == {"frames.cars": COUNT}

    edit(run, track, 4, points=moved(shape_at(track, 4), 4.0)["points"])

    # the frames between the key frames before and after it move along
    assert run.load() == {"frames.cars": {"kept": COUNT - 7, "changed": 7}}
    found = labels_by_frame(dataset, "cars")
    left = [car.bounding_box[0] * WIDTH - 3.2 for [car] in found.values()]
    assert left == pytest.approx([0, 1, 2, 3, 4, 3, 2, 1, 0, 0, 0, 0], abs=1e-3)
    keys = [n for n, [car] in found.items() if car.get_attribute_value("keyframe", 0)]
    assert keys == [1, 5, 9]
    assert_settled(run)


def test_shapes_of_no_track(dataset, server, tmp_path):
    film(dataset, tmp_path, [2, 4], cars=lambda n: detections(box("car", 0.1, index=1)))
    run = Run(dataset, server, {"frames.cars": {"type": "detections"}})
    car = run.label_ids()["car"]
    shapes = [
        {
            **key("rectangle", frame, 5, 6, 15, 16),
            "label_id": car,
            "occluded": False,
            "z_order": 0,
            "rotation": 0.0,
            "attributes": [],
        }
        for frame in (1, 6)
    ]
    run.change("create", shapes=shapes)

    assert run.load() == {"frames.cars": {"kept": 2, "added": 2}}

    found = labels_by_frame(dataset, "cars")
    indexes = {n: [each.index for each in cars] for n, cars in found.items() if cars}
    assert indexes == {2: [1, None], 4: [1], 7: [None]}
    assert_settled(run)


@pytest.fixture
def weather(dataset, tmp_path):
    return film(
        dataset,
        tmp_path,
        [1, 2, 3, 5],
        sky=lambda n: fo.Classification(label="clear", sure=n > 2),
        count=lambda n: n * 10,
    )


def test_tags_of_frames(weather, server):
    schema = {
        "type": "classification",
        "classes": ["clear", "cloudy"],
        "attributes": {"sure": {"type": "checkbox"}},
    }
    run = Run(weather, server, {"frames.sky": schema})
    assert load_untouched(run) == {"frames.sky": 4}
    tags = sorted(run.annotations()["tags"], key=lambda tag: tag["frame"])
    ids = run.label_ids()
    assert [tag["frame"] for tag in tags] == [0, 1, 2, 4]

    run.change("delete", tags=[tags[0]])
    sure = [{**value, "value": "true"} for value in tags[1]["attributes"][1:]]
    edited = {**tags[1], "attributes": [*tags[1]["attributes"][:1], *sure]}
    run.change("update", tags=[edited])
    tag = {"frame": 8, "label_id": ids["cloudy"], "group": 0, "attributes": []}
    run.change("create", tags=[tag])

    assert run.load() == {
        "frames.sky": {"kept": 2, "changed": 1, "deleted": 1, "added": 1}
    }
    frames = weather.first().frames
    found = {number: frame.sky for number, frame in frames.items() if frame.sky}
    assert {number: sky.label for number, sky in found.items()} == {
        **dict.fromkeys((2, 3, 5), "clear"),
        9: "cloudy",
    }
    assert [found[number].sure for number in (2, 3, 5)] == [True] * 3
    assert_settled(run)


def test_scalars_of_frames(weather, server):
    run = Run(weather, server, {"frames.count": {"type": "scalar"}})
    assert load_untouched(run) == {"frames.count": 4}
    tags = sorted(run.annotations()["tags"], key=lambda tag: tag["frame"])
    specs = run.api._get_task_labels(run.task_id)[0]["attributes"]
    [value_id] = [each["id"] for each in specs if each["name"] != "label_id"]

    run.change("delete", tags=[tags[0]])
    edited = {**tags[1], "attributes": with_value(tags[1], value_id, "77")}
    run.change("update", tags=[edited])
    label_id = tags[1]["label_id"]
    values = [{"spec_id": value_id, "value": "90"}]
    tag = {"frame": 8, "label_id": label_id, "group": 0, "attributes": values}
    run.change("create", tags=[tag])

    assert run.load() == {
        "frames.count": {"kept": 2, "changed": 1, "deleted": 1, "added": 1}
    }
    counts = weather.first().frames.items()
    found = {number: frame["count"] for number, frame in counts}
    assert {number: each for number, each in found.items() if each is not None} == {
        2: 77,
        3: 30,
        5: 50,
        9: 90,
    }
    assert_settled(run)


ATTRIBUTES_OF_SOME_FRAMES = {
    # what the labels of four frames have; the attribute in the label schema
    "text": ("note", ["x", None, "y", None], {"type": "text"}),
    "number": ("score", [0.5, None, 2.0, None], {"type": "text"}),
    "checkbox": ("seen", [True, None, False, None], {"type": "checkbox"}),
    "select": (
        "mood",
        ["calm", None, "wild", None],
        {"type": "select", "values": ["calm", "wild"]},
    ),
    "confidence": ("confidence", [0.5, None, 0.7, None], {"type": "text"}),
    "tags": ("tags", [["u"], [], ["v"], []], {"type": "text"}),
}


@pytest.mark.parametrize("kind", ATTRIBUTES_OF_SOME_FRAMES)
def test_attributes_that_labels_of_some_frames_lack(dataset, server, tmp_path, kind):
    """CVAT carries the value of a key shape on to the next that says nothing."""
    name, values, info = ATTRIBUTES_OF_SOME_FRAMES[kind]
    sample = fo.Sample(filepath=str(media.copy_video(tmp_path / "film.mp4")))
    for number, value in enumerate(values, 1):
        car = box("car", index=1)
        if value is not None:
            car[name] = value
        sample.frames[number] = fo.Frame(cars=fo.Detections(detections=[car]))
    dataset.add_sample(sample)
    schema = {"frames.cars": {"type": "detections", "attributes": {name: info}}}
    run = Run(dataset, server, schema)

    assert load_untouched(run) == {"frames.cars": 4}

    [track] = run.annotations()["tracks"]
    track["shapes"][1] = moved(track["shapes"][1])
    run.change("update", tracks=[track])
    assert run.load() == {"frames.cars": {"kept": 3, "changed": 1}}
    labels = [dataset.first().frames[each].cars.detections[0] for each in (1, 2, 3, 4)]
    found = [each.get_attribute_value(name, None) for each in labels]
    assert found == values
