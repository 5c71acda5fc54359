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
        track = box("car", index=1)
        frame = fo.Frame(cars=fo.Detections(detections=[track]))
        if number % 2:
            frame.cars.detections.append(box("car", x=0.5))
            dot = fo.Keypoint(label="dot", points=[(0.1, 0.2)])
            frame["dots"] = fo.Keypoints(keypoints=[dot])
            frame["weather"] = fo.Classification(label="rain")
            frame["number"], frame["wet"] = number, True
        sample.frames[number] = frame
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
    expected, there = (range(1, each + 1)[asked_for] for each in (counted, FRAMES))
    words = f"has {len(there)} frames where FiftyOne expects {len(expected)} of"
    assert words in caplog.text
    absent = [number for number in expected if number > FRAMES]
    if absent:
        odd = sum(number % 2 for number in absent)
        cars = f"'frames.cars': {len(absent) + odd} labels stay in FiftyOne"
        assert cars in caplog.text
        assert f"'frames.number': {odd} labels stay in FiftyOne" in caplog.text
    both = [*there, *(number for number in expected if number <= FRAMES)]
    odd = sum(number % 2 for number in both)
    counts = {
        "frames.cars": {"kept": len(both) + odd},
        **{name: {"kept": odd} for name in list(SCHEMA)[1:]},
    }
    assert run.load() == counts
    assert run.differences() == []
    shapes = run.annotations()["shapes"]
    run.change("update", shapes=[moved(each) for each in shapes[:1]])
    changed = run.load()
    assert sum(each.get("changed", 0) for each in changed.values()) == 1
    assert sum(each.get("deleted", 0) for each in changed.values()) == 0
    assert {name for name, *_ in run.differences()} <= {"cars", "dots"}


def test_what_is_drawn_on_other_frames_is_counted(dataset, server, tmp_path):
    """Each label of them once, in the field of its class: shapes, tags and tracks."""
    add_video(dataset, tmp_path / "1.mp4", 8)
    run = Run(dataset, server, SCHEMA, frame_step=2)  # CVAT has frames 0, 2, ... 10
    ids = run.label_ids()
    assert run.load()["frames.cars"] == {"kept": 8}
    shape = {"type": "rectangle", "points": [3.2, 4.8, 9.6, 12.0], "attributes": []}
    key = shape | {"occluded": False, "outside": False}
    car = {"label_id": ids["car"], "attributes": [], "group": 0}
    across = [key | {"frame": 2}, key | {"frame": 5}]
    ended = [key | {"frame": 4}, key | {"frame": 5, "outside": True}]
    ending = [key | {"frame": 3}]  # it only goes on to the end of the video
    run.change(
        "create",
        shapes=[
            shape | car | {"frame": 4},
            shape | car | {"frame": 3},
            {**shape, "type": "points", "points": [1.0, 2.0], "frame": 5}
            | {"label_id": ids["dot"]},
        ],
        tags=[{"frame": 5, "label_id": ids["rain"], "attributes": []}],
        tracks=[
            car | {"frame": keys[0]["frame"], "shapes": keys}
            for keys in (across, ended, ending)
        ],
    )

    counts = run.load()

    # the tracks are on frames 2, 3, 4 and 5, on 4, and on 3
    added, elsewhere = 1 + 2 + 1, 1 + 2 + 1
    assert counts["frames.cars"] == {"kept": 8, "added": added, "unmatched": elsewhere}
    assert counts["frames.dots"] == {"kept": 4, "unmatched": 1}
    assert counts["frames.weather"] == {"kept": 4, "unmatched": 1}
    why = {"on a frame that the run did not send": elsewhere + 2}
    assert run.results.reconciliation.reasons == why
    loaded = run.documents()
    counts["frames.cars"] |= {"kept": 8 + added}
    counts["frames.cars"].pop("added")
    assert run.load() == counts
    assert run.differences(loaded) == []
