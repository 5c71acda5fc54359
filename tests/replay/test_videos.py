"""Videos: tracks, single shapes, frame ranges, clips, and edits of all of them."""

from __future__ import annotations

from shutil import which

import fiftyone as fo
import pytest

from fiftyone_cvat import adopt_run
from fiftyone_cvat.dataset.video_metadata import add_video_metadata
from fiftyone_cvat.errors import ConfigurationError
from tests import media
from tests.replay.run import Run, box, moved

COUNT = 12
SCHEMA = {
    "frames.cars": {"type": "detections"},
    "frames.lanes": {"type": "polygons"},
    "frames.weather": {},
}


def car(number, **kwargs):
    return box("car", number / 40, index=1, speed=number * 1.5, **kwargs)


def lane(number):
    points = [[(number / 40, 0.11), (0.51, 0.2), (0.6, 0.93)]]
    return fo.Polyline(label="lane", points=points, closed=True, filled=True, index=3)


@pytest.fixture
def video(dataset, tmp_path):
    """A car that is gone on frames 6 and 7, a bus on each second frame, a lane."""
    sample = fo.Sample(filepath=media.copy_video(tmp_path / "video.mp4"))
    for number in range(1, COUNT + 1):
        cars = [] if number in (6, 7) else [car(number)]
        if number % 2:
            cars.append(box("bus", 0.6))
        frame = fo.Frame(cars=fo.Detections(detections=cars))
        if number > 3:
            frame["lanes"] = fo.Polylines(polylines=[lane(number)])
        if number < 5:
            frame["weather"] = "007"
        sample.frames[number] = frame
    dataset.add_sample(sample)
    return dataset


def shape_on(frame, points, **kwargs):
    return {
        "type": "rectangle",
        "frame": frame,
        "points": points,
        "occluded": False,
        "outside": False,
        "z_order": 0,
        "rotation": 0.0,
        "attributes": [],
        **kwargs,
    }


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param({}, id="all"),
        pytest.param({"frame_start": 2, "frame_stop": 9, "frame_step": 3}, id="some"),
        pytest.param({"frame_start": [3], "frame_step": [2]}, id="lists"),
    ],
)
def test_untouched(video, server, frames):
    run = Run(video, server, SCHEMA, **frames)

    counts = run.load()

    assert all(each.keys() == {"kept"} for each in counts.values())
    assert run.differences() == []
    assert run.load() == counts
    assert run.differences() == []
    start, stop = frames.get("frame_start", 0), frames.get("frame_stop", COUNT - 1)
    start = start[0] if isinstance(start, list) else start
    step = frames.get("frame_step", 1)
    step = step[0] if isinstance(step, list) else step
    sent = [number + 1 for number in range(start, stop + 1, step)]
    known = run.results.frame_id_map[run.task_id].values()
    columns = video.values(["frames.id", "frames.frame_number"], unwind=True)
    ids = dict(zip(*columns, strict=True))
    assert [ids[each["frame_id"]] for each in known] == sent


def test_built_in_defect_gap_in_a_track_was_filled(video, server):
    run = Run(video, server, SCHEMA)

    tracks = run.annotations()["tracks"]

    ends = {
        track["frame"]: [s["frame"] for s in track["shapes"] if s["outside"]]
        for track in tracks
    }
    assert ends == {0: [5], 3: []}


@pytest.mark.older_servers
def test_tracks_over_several_jobs(video, server):
    run = Run(video, server, SCHEMA, segment_size=3)
    assert len(run.results.job_ids[run.task_id]) > 1

    counts = run.load()

    assert all(each.keys() == {"kept"} for each in counts.values())
    assert run.differences() == []
    indexes = video.values("frames.cars.detections.index", unwind=True)
    assert {each for each in indexes if each is not None} == {1}


@pytest.mark.parametrize("frames", [{}, {"frame_start": 2, "frame_stop": 8}])
def test_run_of_the_built_in_is_finished_here(video, server, frames):
    video.first().compute_metadata() if which("ffprobe") else add_video_metadata(video)
    video.annotate(
        "run",
        label_schema={"frames.weather": {}},
        backend="cvat",
        config_cls="fiftyone.utils.cvat.CVATBackendConfig",
        url=server.url,
        username=server.username,
        password=server.password,
        **frames,
    )
    adopt_run(video, "run")
    before = video.values("frames.weather")

    video.load_annotations("run", **server.credentials)

    assert video.values("frames.weather") == before


def test_field_of_scalars_that_is_gone(video, server):
    run = Run(video, server, {"frames.weather": {}})
    video.delete_frame_field("weather")
    before = run.documents()

    with pytest.raises(ConfigurationError, match=r"'frames.weather' of run 'run' is"):
        run.load()

    assert run.differences(before) == []


def test_clips(video, server):
    sample = video.first()
    sample["events"] = fo.TemporalDetections(
        detections=[
            fo.TemporalDetection(label="early", support=[2, 4]),
            fo.TemporalDetection(label="late", support=[8, 12]),
        ]
    )
    sample.save()
    run = Run(video.to_clips("events"), server, SCHEMA)

    counts = run.load()

    assert all(each.keys() == {"kept"} for each in counts.values())
    assert counts["frames.cars"] == {"kept": 3 + 1 + 5 + 2}
    assert run.differences() == []
    metas = [
        run.api.get(run.api.task_data_meta_url(task_id)).json()
        for task_id in run.results.task_ids
    ]
    assert [(m["start_frame"], m["stop_frame"]) for m in metas] == [(1, 3), (7, 11)]


@pytest.mark.older_servers
def test_built_in_defect_last_key_shape_was_repeated(video, server):
    run = Run(video, server, {"frames.cars": {"type": "detections"}})
    [track] = run.annotations()["tracks"]
    keys = [shape for shape in track["shapes"] if shape["frame"] in (0, 4, 5)]
    keys[1] = moved(keys[1], 2.0)
    for shape in keys:
        del shape["id"]
    run.change("delete", tracks=[track])
    run.change("create", tracks=[{**track, "id": None, "shapes": keys}])

    counts = run.load()

    # frames 2 to 5 of the car changed; from frame 8 on it is gone
    assert counts["frames.cars"]["changed"] == 4
    assert counts["frames.cars"]["deleted"] == 5
    cars = {
        number: next(d for d in frame.cars.detections if d.label == "car")
        for number, frame in video.first().frames.items()
        if any(d.label == "car" for d in frame.cars.detections)
    }
    assert sorted(cars) == [1, 2, 3, 4, 5]
    assert {each.index for each in cars.values()} == {1}
    begin, end = cars[1].bounding_box[0], cars[5].bounding_box[0]
    assert end == pytest.approx(5 / 40 + 2 / 32)
    assert cars[3].bounding_box[0] == pytest.approx((begin + end) / 2)
    assert run.load()["frames.cars"].keys() == {"kept"}


def test_new_tracks(video, server):
    schema = {"type": "detections", "classes": ["pig"]}
    run = Run(video, server, {"frames.pigs": schema})
    shapes = [
        shape_on(2, [1, 2, 11, 12]),
        shape_on(6, [5, 6, 15, 16], rotation=350.0),
        shape_on(8, [5, 6, 15, 16], rotation=10.0, outside=True),
    ]
    common = {"label_id": run.label_ids()["pig"], "group": 0, "attributes": []}
    both = [
        {"frame": 2, "shapes": shapes, **common},
        {"frame": 9, "shapes": [shape_on(9, [1, 1, 4, 4])], **common},
    ]
    run.change("create", tracks=both)

    assert run.load() == {"frames.pigs": {"added": 6 + 3}}

    pigs = {
        number: [(d.index, d.has_attribute("keyframe")) for d in frame.pigs.detections]
        for number, frame in video.first().frames.items()
        if frame.pigs
    }
    assert pigs == {
        3: [(1, True)],
        4: [(1, False)],
        5: [(1, False)],
        6: [(1, False)],
        7: [(1, True)],
        8: [(1, False)],
        10: [(2, True)],
        11: [(2, False)],
        12: [(2, False)],
    }
    turned = video.first().frames[7].pigs.detections[0]
    assert turned.rotation == 350.0
    before = run.documents()
    assert run.load() == {"frames.pigs": {"kept": 9}}
    assert run.differences(before) == []


def test_only_key_frames_go_up(dataset, server, tmp_path):
    sample = fo.Sample(filepath=media.copy_video(tmp_path / "video.mp4"))
    for number in range(1, COUNT + 1):
        cars = [box("car", number / 40, index=1, keyframe=number in (1, COUNT))]
        sample.frames[number] = fo.Frame(cars=fo.Detections(detections=cars))
    dataset.add_sample(sample)
    run = Run(dataset, server, {"frames.cars": {"type": "detections"}})

    [track] = run.annotations()["tracks"]

    assert [shape["frame"] for shape in track["shapes"]] == [0, COUNT - 1]
    assert run.load() == {"frames.cars": {"kept": COUNT}}
    assert run.differences() == []


def test_built_in_defect_split_track_lost_identity(video, server):
    run = Run(video, server, {"frames.cars": {"type": "detections"}})
    [track] = run.annotations()["tracks"]
    for shape in track["shapes"]:
        del shape["id"]
    early = [shape for shape in track["shapes"] if shape["frame"] < 3]
    late = [shape for shape in track["shapes"] if shape["frame"] >= 3]
    end = {**early[-1], "frame": 3, "outside": True}
    run.change("delete", tracks=[track])
    parts = [
        {**track, "id": None, "shapes": [*early, end]},
        {**track, "id": None, "frame": 3, "shapes": late},
    ]
    run.change("create", tracks=parts)

    assert run.load() == {"frames.cars": {"kept": 6 + 3, "changed": 7}}

    frames = video.first().frames
    indexes = {
        number: d.index
        for number, frame in frames.items()
        for d in frame.cars.detections
        if d.label == "car"
    }
    assert {indexes[number] for number in (1, 2, 3)} == {1}
    assert {indexes[number] for number in (4, 5, 8, 12)} == {2}


def test_a_copied_track_is_the_same_when_it_is_loaded_again(video, server):
    run = Run(video, server, {"frames.cars": {"type": "detections"}})
    [track] = run.annotations()["tracks"]
    shapes = [{**moved(shape, 3.0), "id": None} for shape in track["shapes"]]
    run.change("create", tracks=[{**track, "id": None, "shapes": shapes}])
    assert run.load() == {"frames.cars": {"kept": 16, "added": 10}}
    before = run.documents()

    assert run.load() == {"frames.cars": {"kept": 26}}

    assert run.differences(before) == []


@pytest.mark.older_servers
def test_built_in_defect_skeleton_tracks_were_skipped(dataset, server, tmp_path):
    nan = float("nan")
    dataset.default_skeleton = fo.KeypointSkeleton(
        labels=["nose", "left", "right"], edges=[[0, 1], [0, 2]]
    )
    sample = fo.Sample(filepath=media.copy_video(tmp_path / "video.mp4"))
    for number in range(1, COUNT + 1):
        left = (nan, nan) if number < 4 else (0.3, 0.3)
        points = [(number / 20, 0.1), left, (0.3, 0.5)]
        people = [fo.Keypoint(label="person", index=1, points=points)]
        if number not in (7, 8):
            keypoints = fo.Keypoints(keypoints=people)
            sample.frames[number] = fo.Frame(people=keypoints)
    dataset.add_sample(sample)
    run = Run(dataset, server, {"frames.people": {}})

    assert run.load() == {"frames.people": {"kept": COUNT - 2}}
    assert [d for d in run.differences() if d[0] != "new document"] == []


def test_segmented_frames(dataset, server, tmp_path):
    sample = fo.Sample(filepath=media.copy_video(tmp_path / "video.mp4"))
    mask = media.pixels(32, 24, channels=1)[..., 0] % 3
    for number in (2, 5):
        sample.frames[number] = fo.Frame(seg=fo.Segmentation(mask=mask))
    dataset.add_sample(sample)
    dataset.mask_targets = {"frames.seg": {1: "road", 2: "sky"}}
    run = Run(dataset, server, {"frames.seg": {}})

    assert run.load() == {"frames.seg": {"kept": 2}}
    assert [d for d in run.differences() if d[0] != "new document"] == []


def test_built_in_defect_deleted_frames_were_not_told(video, server):
    run = Run(video, server, SCHEMA)
    meta = run.api.task_data_meta_url(run.task_id)
    run.api.patch(meta, json={"deleted_frames": [0, 4]})

    counts = run.load()

    assert all(each.keys() == {"kept"} for each in counts.values())
    assert run.differences() == []
    assert run.results.reconciliation.deleted_frames == 2
