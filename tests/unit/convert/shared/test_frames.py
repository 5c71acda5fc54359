"""Positions in a task, samples, and frames of videos and clips."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.shared.frames import (
    FrameRange,
    FrameRef,
    file_frames_to_frames,
    frame_argument,
    frame_refs,
    frames_as_numbered,
    frames_to_sizes,
    job_frame_to_size,
    meta_to_range,
    sample_ids_to_frames,
    source_frames_to_frames,
    video_frames_to_frames,
)
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.types import Size

ranges = st.builds(
    FrameRange,
    st.integers(0, 20),
    st.none() | st.integers(0, 40),
    st.integers(1, 7),
)


@pytest.mark.parametrize(
    ("frames", "positions"),
    [
        pytest.param(FrameRange(), [0, 1, 2, 3, 4, 5], id="all"),
        pytest.param(FrameRange(start=2), [None, None, 0, 1, 2, 3], id="start"),
        pytest.param(FrameRange(stop=2), [0, 1, 2, None, None, None], id="stop"),
        pytest.param(FrameRange(stop=0), [0] + [None] * 5, id="first only"),
        pytest.param(FrameRange(step=2), [0, None, 1, None, 2, None], id="step"),
        pytest.param(
            FrameRange(1, 4, 3), [None, 0, None, None, 1, None], id="all three"
        ),
        pytest.param(FrameRange(4, 2), [None] * 6, id="stop before start"),
    ],
)
def test_position(frames, positions):
    assert [frames.position(number) for number in range(1, 7)] == positions


@pytest.mark.parametrize("number", [0, -1, -6])
def test_there_is_no_frame_before_the_first(number):
    assert FrameRange().position(number) is None


@given(ranges, st.integers(0, 60))
def test_positions_count_what_the_server_takes(frames, count):
    stop = count if frames.stop is None else min(frames.stop + 1, count)
    taken = range(frames.start, stop, frames.step)
    positions = [frames.position(number) for number in range(1, count + 1)]
    known = [each for each in positions if each is not None]
    assert known == list(range(len(taken)))
    assert [positions[each] for each in taken] == known


@given(ranges, st.integers(1, 10), st.integers(0, 30), st.integers(0, 60))
def test_clip_is_its_own_video(frames, first, length, count):
    clip = (first, first + length)
    inside = frames.within(clip)
    for number in range(1, count + 1):
        own = number - first + 1
        wanted = frames.position(own) if 1 <= own <= length + 1 else None
        assert inside.position(number) == wanted


def test_built_in_defect_clips_were_off_by_one():
    frames = FrameRange().within([4, 6])
    assert frames == FrameRange(start=3, stop=5, step=1)
    positions = [frames.position(each) for each in (3, 4, 5, 6, 7)]
    assert positions == [None, 0, 1, 2, None]


@pytest.mark.parametrize(
    ("arguments", "frames"),
    [
        ((None, None, None), FrameRange(0, None, 1)),
        ((0, 0, 0), FrameRange(0, 0, 1)),
        ((5, 9, 2), FrameRange(5, 9, 2)),
    ],
)
def test_range_of_task(arguments, frames):
    assert FrameRange.of_task(*arguments) == frames


@pytest.mark.parametrize(
    ("value", "result"),
    [
        pytest.param(None, None, id="none"),
        pytest.param(3, 3, id="for all"),
        pytest.param(0, 0, id="zero"),
        pytest.param("3", 3, id="environment"),
        pytest.param([1, 2], 2, id="list"),
        pytest.param((1, None), None, id="tuple"),
        pytest.param({"/b.mp4": 7}, 7, id="dict"),
        pytest.param({"/a.mp4": 7}, None, id="dict without it"),
    ],
)
def test_frame_argument(value, result):
    assert frame_argument(value, 1, "/b.mp4") == result


def test_list_that_is_too_short_names_the_video():
    with pytest.raises(ConfigurationError, match=r"lists 1 values.*'/b\.mp4'"):
        frame_argument([1], 1, "/b.mp4")


def test_samples_by_position():
    assert sample_ids_to_frames(iter(["b", "a"])) == {
        0: {"sample_id": "b"},
        1: {"sample_id": "a"},
    }
    assert sample_ids_to_frames([]) == {}


def test_frames_of_a_video_by_position():
    by_number = {4: "four", 1: "one", 2: "two", 3: "three"}
    frames = video_frames_to_frames("video", by_number, FrameRange(1, 3, 2))
    assert frames == {
        0: {"sample_id": "video", "frame_id": "two"},
        1: {"sample_id": "video", "frame_id": "four"},
    }
    assert video_frames_to_frames("video", {}, FrameRange()) == {}


def test_frame_refs():
    assert frame_refs(
        {0: {"sample_id": "a"}, 5: {"sample_id": "b", "frame_id": "c"}}
    ) == {0: FrameRef("a", None), 5: FrameRef("b", "c")}


@pytest.mark.parametrize(
    ("frames", "number", "sizes"),
    [
        pytest.param([(3, 2), (5, 4)], 2, [(3, 2), (5, 4)], id="images"),
        pytest.param([(3, 2)], 3, [(3, 2)] * 3, id="video"),
        pytest.param([(3, 2)], 1, [(3, 2)], id="one image"),
        pytest.param([(3, 2), (5, 4)], 1, [(3, 2)], id="more than frames"),
        pytest.param([(None, None)], 1, [(0, 0)], id="point cloud"),
        pytest.param([], 0, [], id="nothing"),
    ],
)
def test_sizes(frames, number, sizes):
    meta = {
        "size": number,
        "frames": [{"width": width, "height": height} for width, height in frames],
    }
    expected = {number: Size(*size) for number, size in enumerate(sizes)}
    assert frames_to_sizes(meta) == expected
    assert frames_to_sizes({"size": 1, "frames": [{"name": "a.pcd"}]}) == {
        0: Size(0, 0)
    }


@pytest.mark.parametrize(
    ("numbers", "more", "offset", "positions"),
    [
        pytest.param(range(4), {}, 0, {0: 0, 1: 1, 2: 2}, id="all frames"),
        pytest.param(
            range(9),
            {"start_frame": 2, "frame_filter": "step=3"},
            0,
            {0: 2, 1: 5, 2: 8},
            id="some frames",
        ),
        pytest.param(
            range(3),
            {"start_frame": 5},
            5,
            {0: 0, 1: 1, 2: 2},
            id="clip from its start",
        ),
        pytest.param(range(1), {}, 0, {0: 0}, id="frames without labels"),
        pytest.param((), {}, 0, {}, id="nothing"),
        pytest.param(
            range(3), {"frame_filter": None}, 0, {0: 0, 1: 1, 2: 2}, id="none"
        ),
    ],
)
def test_frames_of_runs_of_the_built_in(numbers, more, offset, positions):
    refs = {number: FrameRef("video", f"frame {number}") for number in numbers}
    meta = {"start_frame": 0, "size": 3, "frame_filter": ""} | more
    found = source_frames_to_frames(refs, meta, offset)
    assert found == {key: refs[number] for key, number in positions.items()}


def test_images_of_runs_of_the_built_in_have_their_positions():
    refs = {2: FrameRef("a", None), 5: FrameRef("b", None)}
    found = source_frames_to_frames(refs, {"start_frame": 9, "size": 1}, 0)
    assert found == refs
    assert found is not refs


@pytest.mark.parametrize(
    ("count", "meta", "positions"),
    [
        pytest.param(12, {"size": 12}, range(12), id="whole"),
        pytest.param(12, {"start_frame": 2, "size": 8}, range(2, 10), id="source"),
        pytest.param(8, {"start_frame": 2, "size": 8}, range(8), id="part"),
        pytest.param(7, {"start_frame": 2, "size": 8}, range(7), id="part, one less"),
        pytest.param(9, {"start_frame": 4, "size": 8}, range(8), id="part, one more"),
        pytest.param(
            12,
            {"start_frame": 1, "size": 5, "frame_filter": "step=2"},
            range(1, 11, 2),
            id="source with steps",
        ),
        pytest.param(
            5,
            {"start_frame": 1, "size": 5, "frame_filter": "step=2"},
            range(5),
            id="part with steps",
        ),
        pytest.param(
            9, {"start_frame": 2, "size": 8}, range(2, 9), id="source, one less"
        ),
        pytest.param(0, {"size": 3}, (), id="nothing"),
        pytest.param(3, {"size": 0}, (), id="empty task"),
    ],
)
def test_frames_of_a_file(count, meta, positions):
    """It is the whole video, or what the task has of it if it was downloaded."""
    refs = {number: FrameRef("video", f"frame {number}") for number in range(count)}
    meta = {"start_frame": 0, "frame_filter": ""} | meta

    found = file_frames_to_frames(refs, meta)

    assert found == {key: refs[number] for key, number in enumerate(positions)}


def test_images_of_a_task_have_their_positions():
    refs = {0: FrameRef("a", None), 2: FrameRef("b", None)}
    meta = {"start_frame": 1, "size": 3, "frame_filter": ""}

    assert file_frames_to_frames(refs, meta) == refs


@pytest.mark.parametrize(
    ("numbering", "positions"),
    [("task", range(6)), ("source", range(2, 6)), ("file", range(4))],
)
def test_numbering(numbering, positions):
    refs = {number: FrameRef("video", f"frame {number}") for number in range(6)}
    meta = {"start_frame": 2, "size": 4, "frame_filter": ""}
    refs = dict(list(refs.items())[: 4 if numbering == "file" else 6])

    found = frames_as_numbered(numbering, refs, meta, 0)

    assert found == {key: refs[number] for key, number in enumerate(positions)}


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({"start_frame": 0, "size": 12}, FrameRange(0, 11, 1)),
        ({"start_frame": 3, "size": 2, "frame_filter": ""}, FrameRange(3, 4, 1)),
        (
            {"start_frame": 4, "size": 3, "frame_filter": "step=5"},
            FrameRange(4, 14, 5),
        ),
    ],
)
def test_range_of_a_task_on_the_server(meta, expected):
    assert meta_to_range(meta) == expected


def sizes(*widths):
    return [{"width": each, "height": 9} for each in widths]


@pytest.mark.parametrize(
    ("meta", "position", "width"),
    [
        ({"frames": sizes(1, 2, 3)}, 10, 1),
        ({"frames": sizes(1, 2, 3), "included_frames": None}, 12, 3),
        ({"frames": sizes(1, 2, 3)}, 13, None),
        ({"frames": sizes(1, 2, 3)}, 9, None),
        # a video lists one frame
        ({"frames": sizes(7)}, 99, 7),
        ({"frames": sizes(7), "included_frames": [2]}, 99, 7),
        # ground truth, with what is between its frames and without
        ({"frames": sizes(1, 2, 3, 4, 5), "included_frames": [10, 14]}, 14, 5),
        ({"frames": sizes(1, 5), "included_frames": [10, 14]}, 14, 5),
        ({"frames": sizes(1, 5), "included_frames": [10, 14]}, 11, None),
        # pictures of which every third was taken
        (
            {
                "frames": sizes(1, 5),
                "included_frames": [31, 43],
                "start_frame": 1,
                "frame_filter": "step=3",
            },
            14,
            5,
        ),
        # point clouds
        ({"frames": [{"width": None}] * 2}, 11, None),
        ({"frames": []}, 10, None),
    ],
)
def test_size_of_a_frame_of_a_job(meta, position, width):
    expected = Size(0, 0) if width is None else Size(width, 9)

    assert job_frame_to_size(meta, 10, position) == expected
