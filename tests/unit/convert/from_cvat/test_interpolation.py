"""Tracks become what a CVAT server exported for them."""

from __future__ import annotations

import json
import math
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.from_cvat.interpolation import (
    frames_between_keys,
    interpolate_track,
)

DATA = Path(__file__).parent / "data"
PRECISION = 0.0051  # the export has two decimals


def recorded(*names):
    """Give the tracks of files that were recorded from a server, as parameters."""
    files = {
        name: json.loads((DATA / f"interpolation_{name}.json").read_text())
        for name in names
    }
    return [
        pytest.param(file, case, id=f"{name}: {case['name']}")
        for name, file in files.items()
        for case in file["cases"]
    ]


def assert_near(value, expected):
    assert np.allclose(value, expected, rtol=0, atol=PRECISION)


def shape(frame, points=(1.0, 2.0, 3.0, 4.0), kind="rectangle", **fields):
    return {
        "type": kind,
        "frame": frame,
        "points": list(points),
        "rotation": 0.0,
        "occluded": False,
        "outside": False,
        "z_order": 0,
        "attributes": [],
        **fields,
    }


def track(*shapes, **fields):
    return {
        "label_id": 3,
        "frame": min(each["frame"] for each in shapes),
        "group": 4,
        "source": "file",
        "attributes": [],
        "shapes": list(shapes),
        **fields,
    }


def frames_of(shapes):
    return [each["frame"] for each in shapes]


@pytest.mark.parametrize(
    ("file", "case"), recorded("boxes", "outlines", "others", "deleted_frames")
)
def test_shapes_are_those_of_the_server(file, case):
    shapes = interpolate_track(
        case["track"], file["stop_frame"], deleted_frames=file["deleted_frames"]
    )
    expected = [each for each in case["exported"] if not each["outside"]]
    assert frames_of(shapes) == frames_of(expected)
    for got, wanted in zip(shapes, expected, strict=True):
        if got["type"] == "mask":
            *runs, left, top, right, bottom = map(int, got["points"])
            box = [
                str(each) for each in (left, top, right - left + 1, bottom - top + 1)
            ]
            assert [", ".join(map(str, runs)), *box] == wanted["points"]
        else:
            assert len(got["points"]) == len(wanted["points"])
            assert_near(got["points"], wanted["points"])
        if "rotation" in wanted:
            assert_near(got["rotation"], wanted["rotation"])
        for name in ("keyframe", "occluded", "z_order"):
            assert got[name] == wanted[name]
        attributes = {
            file["attributes"][str(each["spec_id"])]: each["value"]
            for each in got["attributes"]
        }
        assert attributes == wanted["attributes"]


@pytest.mark.parametrize(("file", "case"), recorded("skeletons"))
def test_skeletons_are_those_of_the_server(file, case):
    shapes = interpolate_track(case["track"], file["stop_frame"])
    assert frames_of(shapes) == frames_of(case["exported"])
    order = [element["label_id"] for element in case["track"]["elements"]]
    for got, wanted in zip(shapes, case["exported"], strict=True):
        label_ids = [element["label_id"] for element in got["elements"]]
        assert label_ids == [each for each in order if each in label_ids]
        elements = {
            file["nodes"][str(element["label_id"])]: element
            for element in got["elements"]
        }
        assert elements.keys() == {element["label"] for element in wanted["elements"]}
        for element in wanted["elements"]:
            ours = elements[element["label"]]
            assert ours["frame"] == got["frame"]
            assert ours["outside"] == element["outside"]
            assert ours["occluded"] == element["occluded"]
            assert_near(ours["points"], element["points"])


@pytest.mark.parametrize(("file", "case"), recorded("point_cloud"))
def test_cuboids_in_space_are_those_of_the_server(file, case):
    shapes = interpolate_track(case["track"], file["stop_frame"], on_point_cloud=True)
    assert frames_of(shapes) == frames_of(case["exported"])
    for got, wanted in zip(shapes, case["exported"], strict=True):
        assert_near(got["points"][:9], wanted["points"])


def test_recordings_say_where_they_come_from():
    files = sorted(DATA.glob("interpolation_*.json"))
    assert len(files) == 6
    for file in files:
        content = json.loads(file.read_text())
        assert content["server"].startswith("CVAT ")
        assert content["recorded"]
        assert content["cases"]


@pytest.mark.parametrize(
    ("shapes", "frames"),
    [
        pytest.param([shape(2)], [2, 3, 4, 5], id="runs to the stop frame"),
        pytest.param([shape(5)], [5], id="only on the stop frame"),
        pytest.param([shape(6)], [], id="begins after the stop frame"),
        pytest.param([shape(1), shape(9)], [1, 2, 3, 4, 5], id="ends after it"),
        pytest.param([shape(1), shape(3, outside=True)], [1, 2], id="ends before it"),
        pytest.param(
            [shape(0), shape(2, outside=True), shape(4)],
            [0, 1, 4, 5],
            id="leaves and comes back",
        ),
        pytest.param(
            [shape(0, outside=True), shape(3)], [3, 4, 5], id="begins outside"
        ),
        pytest.param([shape(0, outside=True)], [], id="never visible"),
        pytest.param(
            [shape(4), shape(0), shape(2, outside=True)],
            [0, 1, 4, 5],
            id="key shapes in any order",
        ),
    ],
)
def test_frames_on_which_an_object_is_visible(shapes, frames):
    assert frames_of(interpolate_track(track(*shapes), 5)) == frames


def test_shape_has_what_the_track_has():
    value = {"spec_id": 1, "value": "x"}
    key, between = interpolate_track(
        track(shape(0, id=7), shape(2, outside=True, id=8), attributes=[value]), 9
    )
    for each in (key, between):
        assert (each["label_id"], each["group"], each["source"]) == (3, 4, "file")
        assert each["attributes"] == [value]
    assert (key["keyframe"], key["id"]) == (True, 7)
    assert between["keyframe"] is False
    assert "id" not in between


def test_mutable_attributes_stay_until_they_change():
    first, second = {"spec_id": 1, "value": "a"}, {"spec_id": 2, "value": "b"}
    changed = {"spec_id": 2, "value": "c"}
    shapes = interpolate_track(
        track(
            shape(0, attributes=[first, second]),
            shape(2, attributes=[changed]),
            shape(4),
        ),
        5,
    )
    values = [
        {each["spec_id"]: each["value"] for each in got["attributes"]} for got in shapes
    ]
    assert values == 2 * [{1: "a", 2: "b"}] + 4 * [{1: "a", 2: "c"}]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            shape(0, [0, 4, 0, 0, 1, 1], "mask"),
            shape(3, [0, 2, 5, 5, 6, 5], "mask"),
            id="masks",
        ),
        pytest.param(
            shape(0),
            shape(3, [0.0, 0.0, 5.0, 5.0, 0.0, 5.0], "polygon"),
            id="shapes of different types",
        ),
    ],
)
def test_what_cannot_be_interpolated_holds(before, after):
    shapes = interpolate_track(track(before, after), 3)
    points = [each["points"] for each in shapes]
    assert points == 3 * [before["points"]] + [after["points"]]


@pytest.mark.parametrize("case", ["boxes", "outlines", "skeletons"])
def test_track_stays_as_it_was_and_results_share_nothing(case):
    for parameters in recorded(case):
        file, case = parameters.values
        given_track = deepcopy(case["track"])
        shapes = interpolate_track(given_track, file["stop_frame"])
        again = interpolate_track(given_track, file["stop_frame"])
        assert shapes == again
        for each in shapes:
            each["points"].append(0.0)
            for value in each["attributes"]:
                value["value"] = "spoiled"
            for element in each.get("elements", []):
                element["points"].clear()
        assert given_track == case["track"]
        assert again == interpolate_track(given_track, file["stop_frame"])


def test_numbers_are_those_of_json():
    polygon = shape(0, [0, 0, 9, 0, 9, 9], "polygon")
    larger = shape(4, [0, 0, 9, 0, 9, 9, 4, 9, 0, 9], "polygon")
    for keys in ([shape(0, [1, 2, 3, 4]), shape(3, [4, 6, 8, 9])], [polygon, larger]):
        shapes = interpolate_track(track(*keys), 9)
        assert json.loads(json.dumps(shapes)) == shapes


rings = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=3, max_size=9
).map(lambda points: [float(z) for point in points for z in point])


@given(rings, rings, st.integers(2, 12))
def test_polygons_stay_between_their_key_shapes(before, after, stop):
    keys = [shape(0, before, "polygon"), shape(stop, after, "polygon")]
    shapes = interpolate_track(track(*keys), stop)
    assert frames_of(shapes) == list(range(stop + 1))
    low, high = min(before + after), max(before + after)
    for each in shapes:
        assert len(each["points"]) % 2 == 0
        assert len(each["points"]) >= 2
        assert all(low - 1e-9 <= z <= high + 1e-9 for z in each["points"])


@given(rings, rings)
def test_long_gap_is_worked_on_in_batches(before, after):
    whole = track(shape(0, before, "polyline"), shape(40, after, "polyline"))
    expected = interpolate_track(whole, 40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "fiftyone_cvat.convert.from_cvat.polygon_matching._MAX_POINTS", 30
        )
        assert interpolate_track(whole, 40) == expected


@given(st.floats(0, 359.99), st.floats(-179, 179))
def test_boxes_turn_the_short_way(start, turn):
    end = (start + turn) % 360
    shapes = interpolate_track(
        track(shape(0, rotation=start), shape(8, rotation=end)), 8
    )
    for each in shapes:
        difference = each["rotation"] - (start + turn * each["frame"] / 8)
        assert math.isclose((difference + 180) % 360, 180, abs_tol=1e-6)
        assert 0 <= each["rotation"] <= 360


plain = {"allow_subnormal": False}  # numbers that a processor may take for 0
boxes = st.lists(st.floats(-100, 100, **plain), min_size=4, max_size=4)
# an angle of 1e-274 is the same as none once it is added to another
millionths = st.integers(0, 359_990_000)
angles = st.sampled_from([0.0, 0.5, 90.0, 270.0]) | millionths.map(lambda n: n / 1e6)
steps = st.tuples(st.integers(1, 5), boxes, angles, st.booleans())


@given(st.lists(steps, min_size=1, max_size=6), st.integers(0, 30))
def test_whole_track_of_boxes_is_what_each_frame_by_itself_is(steps, stop):
    keys, at = [], 0
    for gap, points, rotation, outside in steps:
        keys.append(shape(at, points, rotation=rotation, outside=outside))
        at += gap
    expected = []
    for key, following in zip(keys, [*keys[1:], None], strict=True):
        last = stop if following is None else min(stop, following["frame"] - 1)
        for frame in [] if key["outside"] else range(key["frame"], last + 1):
            points, rotation = np.array(key["points"]), key["rotation"]
            if following is not None and frame > key["frame"]:
                progress = (frame - key["frame"]) / (following["frame"] - key["frame"])
                points = points + progress * (np.array(following["points"]) - points)
                turn = (following["rotation"] - rotation + 180) % 360 - 180
                if turn:
                    turn = 1.0 if turn == -180 else turn
                    rotation = (rotation + turn * progress + 360) % 360
            expected.append((frame, points.tolist(), rotation))
    got = interpolate_track(track(*keys), stop)
    assert [
        (each["frame"], each["points"], each["rotation"]) for each in got
    ] == expected


@given(
    st.dictionaries(st.integers(0, 12), st.booleans(), min_size=1),
    st.sets(st.integers(0, 14)),
)
def test_frames_between_keys_are_those_of_shapes(outside_by_frame, frames):
    keys = [shape(frame, outside=each) for frame, each in outside_by_frame.items()]
    shapes = interpolate_track(track(*keys), max(outside_by_frame))

    number = frames_between_keys(keys, sorted(frames))

    assert number == len(frames.intersection(frames_of(shapes)))
