"""Videos of which CVAT finds another number of frames than FiftyOne."""

from __future__ import annotations

import fiftyone as fo
import pytest

from tests import media
from tests.replay.run import Run, box, moved

FRAMES = 12
"""Frames of the video that CVAT finds."""

SCHEMA = {
    "frames.cars": {"type": "detections"},
    "frames.dots": {"type": "keypoints"},
    "frames.weather": {"type": "classification"},
    "frames.number": {"type": "scalar"},
    "frames.wet": {"type": "scalar"},
}


def add_video(dataset, path, counted):
    """Add a video, of which FiftyOne believes to know the number of frames."""
    sample = fo.Sample(media.copy_video(path))
    sample.metadata = fo.VideoMetadata(
        frame_width=32,
        frame_height=24,
        frame_rate=10.0,
        total_frame_count=counted,
        duration=counted / 10,
    )
    for number in range(1, counted + 1):
        dot = fo.Keypoint(label="dot", points=[(0.1, 0.2)])
        sample.frames[number] = fo.Frame(
            cars=fo.Detections(detections=[box("car", index=1), box("car", x=0.5)]),
            dots=fo.Keypoints(keypoints=[dot]),
            weather=fo.Classification(label="rain"),
            number=number,
            wet=True,
        )
    dataset.add_sample(sample)


@pytest.mark.in_order
@pytest.mark.parametrize("counted", [8, 20])
@pytest.mark.parametrize(
    "frames",
    [{}, {"frame_start": 1, "frame_step": 3}],
    ids=["all frames", "some frames"],
)
def test_what_both_have_goes_up(dataset, server, tmp_path, caplog, counted, frames):
    add_video(dataset, tmp_path / "1.mp4", counted)
    add_video(dataset, tmp_path / "2.mp4", FRAMES)

    run = Run(dataset, server, SCHEMA, **frames)

    asked_for = slice(frames.get("frame_start"), None, frames.get("frame_step"))
    expected, there = (len(range(each)[asked_for]) for each in (counted, FRAMES))
    assert f"has {there} frames where FiftyOne expects {expected} of" in caplog.text
    if expected > there:
        absent = expected - there
        assert f"'frames.cars': {2 * absent} labels stay in FiftyOne" in caplog.text
        assert f"'frames.number': {absent} labels stay in FiftyOne" in caplog.text
    number = min(expected, there) + there
    counts = {
        "frames.cars": {"kept": 2 * number},
        **{name: {"kept": number} for name in list(SCHEMA)[1:]},
    }
    assert run.load() == counts
    assert run.differences() == []
    shapes = run.annotations()["shapes"]
    run.change("update", shapes=[moved(each) for each in shapes[:1]])
    changed = run.load()
    assert sum(each.get("changed", 0) for each in changed.values()) == 1
    assert sum(each.get("deleted", 0) for each in changed.values()) == 0
    assert {name for name, *_ in run.differences()} <= {"cars", "dots"}
