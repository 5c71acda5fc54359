"""Labels with an index as tracks."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.from_cvat.interpolation import interpolate_track
from fiftyone_cvat.convert.shared.skeletons import keypoint_to_skeleton
from fiftyone_cvat.convert.to_cvat.tracks import (
    add_shapes_to_tracks,
    finalize_track,
    finalize_tracks,
    merge_tracks,
)
from tests.builders import cvat_shape, cvat_track, identity, track_shape


def frames_of(track):
    return [
        (each["frame"], each["outside"], each["keyframe"]) for each in track["shapes"]
    ]


def track_on(*frames, keyframes=()):
    shapes = [track_shape(each, keyframe=each in keyframes) for each in frames]
    return cvat_track(*shapes, frame=min(frames, default=0))


class TestAdding:
    def test_first_shape_makes_the_track(self):
        tracks, fixed = {}, [{"spec_id": "age", "value": "3"}]
        add_shapes_to_tracks(
            tracks, [cvat_shape(frame=4)], "cat", 7, 4, fixed, True, group_id=2
        )
        track = cvat_track(
            track_shape(4, keyframe=True), frame=4, attributes=fixed, group=2
        )
        assert tracks == {"cat": {7: track}}

    def test_later_shapes_join_it(self):
        tracks = {}
        for frame in (4, 5):
            shapes = [cvat_shape(frame=frame)]
            add_shapes_to_tracks(tracks, shapes, "cat", 7, frame, [], False)
        add_shapes_to_tracks(tracks, [cvat_shape(frame=6)], "cat", 8, 6, [], False)
        add_shapes_to_tracks(tracks, [cvat_shape(frame=6)], "dog", 7, 6, [], False)
        assert tracks == {
            "cat": {
                7: cvat_track(track_shape(4), track_shape(5), frame=4),
                8: cvat_track(track_shape(6), frame=6),
            },
            "dog": {7: cvat_track(track_shape(6), label_id="dog", frame=6)},
        }


class TestMerging:
    def test_built_in_defect_merged_track_began_at_its_last_frame(self):
        tracks = {"cat": {1: track_on(0)}}
        merge_tracks(tracks, {"cat": {1: track_on(7)}})
        assert tracks == {
            "cat": {1: cvat_track(track_shape(0), track_shape(7), frame=0)}
        }

    def test_frames_in_any_order(self):
        tracks = {"cat": {1: track_on(7)}}
        merge_tracks(tracks, {"cat": {1: track_on(3)}})
        assert tracks["cat"][1]["frame"] == 3

    def test_classes_and_indices_stay_apart(self):
        one, two, three = track_on(0), track_on(1), track_on(2)
        tracks = {"cat": {1: one}}
        merge_tracks(tracks, {"cat": {2: two}, "dog": {1: three}})
        assert tracks == {"cat": {1: one, 2: two}, "dog": {1: three}}

    def test_nothing(self):
        tracks = {}
        assert merge_tracks(tracks, {}) is None
        assert tracks == {}


class TestEnding:
    @pytest.mark.parametrize(
        ("frames", "last", "expected"),
        [
            pytest.param([], 9, [], id="no shapes"),
            pytest.param([0], 9, [(0, False), (1, True)], id="one frame"),
            pytest.param([9], 9, [(9, False)], id="last frame"),
            pytest.param([8], 9, [(8, False), (9, True)], id="last but one"),
            pytest.param(
                [0, 1, 2], 9, [(0, False), (1, False), (2, False), (3, True)], id="row"
            ),
            pytest.param(
                [0, 2], 2, [(0, False), (1, True), (2, False)], id="gap of one"
            ),
            pytest.param(
                [5, 1], 9, [(1, False), (2, True), (5, False), (6, True)], id="unsorted"
            ),
        ],
    )
    def test_each_stretch_ends(self, frames, last, expected):
        track = finalize_track(track_on(*frames), last, False)
        assert [(frame, out) for frame, out, _ in frames_of(track)] == expected

    def test_built_in_defect_outside_marker_on_the_wrong_frame(self):
        track = track_on(0, 1, 2, 3, 6, 7, 8, keyframes=[0])
        assert frames_of(finalize_track(track, 9, True)) == [
            (0, False, True),
            (3, False, True),
            (4, True, True),
            (6, False, True),
            (8, False, True),
            (9, True, True),
        ]

    def test_key_frames_between_the_ends_are_kept(self):
        track = track_on(*range(10), keyframes=[4])
        assert frames_of(finalize_track(track, 9, True)) == [
            (0, False, True),
            (4, False, True),
            (9, False, True),
        ]

    def test_end_is_the_shape_before_it(self):
        mine = [identity(5)]
        track = cvat_track(track_shape(2, points=[1, 2, 3, 4], attributes=mine))
        finalize_track(track, 9, False)
        shape, end = track["shapes"]
        assert end == shape | {"frame": 3, "outside": True, "keyframe": True}
        assert end["attributes"] is not shape["attributes"]

    def test_labels_of_one_index_on_a_frame_do_not_hide_each_other(self):
        one, two, three = ([identity(number)] for number in (1, 2, 3))
        track = cvat_track(
            track_shape(0, attributes=one),
            track_shape(0, attributes=two),
            track_shape(1, attributes=three),
        )
        finalized = finalize_tracks({"cat": {1: track}}, 1, False)
        assert [
            [(each["frame"], each["outside"], each["attributes"]) for each in own]
            for own in (track["shapes"] for track in finalized)
        ] == [[(0, False, one), (1, False, three)], [(0, False, two), (1, True, two)]]

    def test_track_begins_at_its_first_frame_whatever_the_order(self):
        tracks = {"cat": {1: track_on(7)}}
        merge_tracks(tracks, {"cat": {1: track_on(3)}})
        (track,) = finalize_tracks(tracks, 9, False)
        assert track["frame"] == track["shapes"][0]["frame"] == 3

    def test_all_tracks(self):
        tracks = {"cat": {1: track_on(0), 2: track_on(1)}, "dog": {1: track_on(2)}}
        expected = [
            finalize_track(deepcopy(each), 2, False)
            for each in (tracks["cat"][1], tracks["cat"][2], tracks["dog"][1])
        ]
        assert finalize_tracks(tracks, 2, False) == expected
        assert finalize_tracks({}, 2, False) == []

    def test_skeleton_becomes_tracks_of_its_nodes(self):
        elements = keypoint_to_skeleton([(1, 2), (float("nan"),) * 2], ["a", "b"])
        track = cvat_track(
            track_shape(3, type="skeleton", points=[], elements=elements), frame=3
        )
        finalize_track(track, 9, False)
        assert frames_of(track) == [(3, False, False), (4, True, True)]
        assert all("elements" not in each for each in track["shapes"])
        assert [each["label_id"] for each in track["elements"]] == ["a", "b"]
        assert [
            [(shape["frame"], shape["outside"]) for shape in each["shapes"]]
            for each in track["elements"]
        ] == [[(3, False), (4, True)], [(3, True), (4, True)]]
        assert all(
            "label_id" not in shape
            for each in track["elements"]
            for shape in each["shapes"]
        )


@given(st.sets(st.integers(0, 12)), st.booleans(), st.sets(st.integers(0, 12)))
def test_track_is_visible_where_it_has_labels(frames, only_keyframes, keyframes):
    track = track_on(*frames, keyframes=keyframes)
    track["shapes"] = track["shapes"][::-1]
    finalize_track(track, 12, only_keyframes)
    visible = [each["frame"] for each in interpolate_track(track, 12)]
    assert visible == sorted(frames)
    sent = [each["frame"] for each in track["shapes"]]
    assert sent == sorted(set(sent))
    assert all(each <= 12 for each in sent)
