"""The frames of a run by task and by sample, however the run has numbered them."""

from __future__ import annotations

from types import SimpleNamespace

import fiftyone as fo
import pytest

from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.errors import AnswerError, ConfigurationError
from fiftyone_cvat.review.run_frames import RunFrames, TaskFrame
from fiftyone_cvat.review.run_jobs import job_of
from fiftyone_cvat.server.urls import Urls
from fiftyone_cvat.types import Size

META = {"size": 3, "start_frame": 2, "stop_frame": 6, "frame_filter": "step=2"}
META |= {"deleted_frames": [], "frames": [{"name": "a", "width": 32, "height": 24}]}
JOB = {"id": 5, "task_id": 1, "start_frame": 0, "stop_frame": 2}


class Api(Urls):
    """A session that answers to all with one description of frames."""

    _url = "http://cvat"

    def __init__(self, meta):
        self.meta, self.asked = meta, []

    def get(self, url):
        self.asked.append(url.removeprefix("http://cvat/api"))
        return SimpleNamespace(json=lambda: self.meta)


@pytest.fixture
def video(dataset):
    """A video of 8 frames."""
    sample = fo.Sample("a.mp4")
    for number in range(1, 9):
        sample.frames[number] = fo.Frame()
    dataset.add_sample(sample)
    return dataset


def run_of(dataset, frame_id_map, **more):
    about = {"frame_numbering": "task", "id_map": {}, "_is_frames": False}
    tasks = {"task_ids": list(frame_id_map), "frame_id_map": frame_id_map}
    return SimpleNamespace(samples=dataset, key="run", **about | tasks | more)


def frames_of(dataset):
    [ids] = dataset.values("frames.id")
    return dataset.first().id, ids


def test_a_run_of_the_built_in_counts_frames_of_the_video(video):
    sample_id, ids = frames_of(video)
    numbered = {
        n: {"sample_id": sample_id, "frame_id": each} for n, each in enumerate(ids)
    }
    api = Api(META)
    frames = RunFrames(api, run_of(video, {1: numbered}, frame_numbering="source"))

    assert frames.in_dataset(1) == {
        position: FrameRef(sample_id, ids[number])
        for position, number in enumerate([2, 4, 6])
    }
    assert frames.find(sample_id) == TaskFrame(1, 0)
    assert frames.find(video.first(), 5) == TaskFrame(1, 1)
    assert frames.find(ids[6]) == TaskFrame(1, 2)
    for number in (4, 9):
        with pytest.raises(ConfigurationError, match=f"frame {number} of sample"):
            frames.find(sample_id, number)
    assert api.asked == ["/tasks/1/data/meta"]


def test_images_need_no_request(dataset):
    dataset.add_samples([fo.Sample(f"{n}.png") for n in range(3)])
    ids = dataset.values("id")
    maps = {4: {0: {"sample_id": ids[1]}}, 3: {0: {"sample_id": ids[0]}}}
    maps[3][1] = {"sample_id": ids[1]}
    api = Api(None)
    frames = RunFrames(api, run_of(dataset, maps, frame_numbering="source"))

    assert frames.find(ids[0]) == TaskFrame(3, 0)
    assert frames.find(ids[1]) == TaskFrame(3, 1)  # the first of two tasks
    with pytest.raises(ConfigurationError, match=f"not sent sample '{ids[2]}'"):
        frames.find(ids[2])
    assert api.asked == []


def test_clips_have_the_frames_of_their_video(video):
    sample_id, ids = frames_of(video)
    clip_id = "c" * 24
    shown = {0: {"sample_id": clip_id, "frame_id": ids[3]}}
    results = run_of(video, {1: shown}, id_map={"_clips": {clip_id: sample_id}})
    frames = RunFrames(Api(None), results)

    assert frames.in_dataset(1) == {0: FrameRef(sample_id, ids[3])}
    for key in (clip_id, sample_id, ids[3]):
        assert frames.find(key) == TaskFrame(1, 0)
    assert frames.find(clip_id, 4) == TaskFrame(1, 0)


def test_samples_of_a_view_of_frames_are_frames(video):
    sample_id, ids = frames_of(video)
    results = run_of(
        video,
        {1: {0: {"sample_id": ids[5]}}},
        id_map={"_frames": {ids[5]: sample_id}},
        _is_frames=True,
    )
    frames = RunFrames(Api(None), results)

    assert frames.in_dataset(1) == {0: FrameRef(sample_id, ids[5])}
    assert frames.find(video.first().frames[6]) == TaskFrame(1, 0)
    assert frames.find(sample_id, 6) == TaskFrame(1, 0)


def test_sizes_are_asked_for_once_a_job(video):
    images = {**META, "frames": [{"width": n, "height": 9} for n in (1, 2, 3)]}
    api = Api(images)
    frames = RunFrames(api, run_of(video, {}))

    assert frames.size_of({**JOB, "start_frame": 10}, 11) == Size(2, 9)
    assert frames.size_of({**JOB, "start_frame": 10}, 13) == Size(0, 0)
    assert frames.size_of({**JOB, "start_frame": 10}, 9) == Size(0, 0)
    assert api.asked == ["/jobs/5/data/meta"]
    assert RunFrames(Api(META), run_of(video, {})).size_of(JOB, 2) == Size(32, 24)
    clouds = {**META, "frames": [{"width": None, "height": 0}]}
    assert RunFrames(Api(clouds), run_of(video, {})).size_of(JOB, 0) == Size(0, 0)
    with pytest.raises(AnswerError, match="/jobs/5/data/meta"):
        RunFrames(Api({}), run_of(video, {})).size_of(JOB, 0)


@pytest.mark.parametrize(
    ("frame", "job"),
    [
        ((1, 0), 5),
        ((1, 2), 5),
        ((1, 3), 6),
        ((1, 5), None),
        ((2, 0), 7),
        ((3, 0), None),
    ],
)
def test_the_first_of_overlapping_jobs_has_a_frame(frame, job):
    jobs = [
        JOB,
        {**JOB, "id": 6, "start_frame": 2, "stop_frame": 4},
        {**JOB, "id": 7, "task_id": 2},
    ]

    found = job_of(jobs, TaskFrame(*frame))

    assert (found and found["id"]) == job
