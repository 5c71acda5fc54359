"""Ground truth and replicas of jobs: annotations in them are not the task's."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat.api import CVATAnnotationAPI
from tests import media
from tests.replay.run import NO_ANNOTATIONS, Run, box, moved

COUNT = 12
SCHEMA = {"cats": {"type": "detections"}}
FRAMES_SCHEMA = {"frames.cats": {"type": "detections"}}


@pytest.fixture
def pictures(dataset, tmp_path):
    for path in media.make_images(tmp_path):
        cats = fo.Detections(detections=[box(score=0.5)])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


@pytest.fixture
def video(dataset, tmp_path):
    sample = fo.Sample(filepath=media.copy_video(tmp_path / "video.mp4"))
    for number in range(1, COUNT + 1):
        cats = [box(x=number / 40, index=1), box("dog", 0.5)]
        sample.frames[number] = fo.Frame(cats=fo.Detections(detections=cats))
    dataset.add_sample(sample)
    return dataset


@pytest.fixture
def replicas(monkeypatch):
    """Let the server make two replicas of each job."""
    create = CVATAnnotationAPI._get_task_id_labels_json

    def with_replicas(self, task_json):
        return create(self, {**task_json, "consensus_replicas": 2})

    monkeypatch.setattr(CVATAnnotationAPI, "_get_task_id_labels_json", with_replicas)


def jobs_of(run, kind):
    jobs = run.api._get_paginated_results(run.api.jobs_url(run.task_id))
    own = [job for job in jobs if job["type"] == kind]
    return sorted(own, key=lambda job: (job["start_frame"], job["id"]))


def add_ground_truth(run, frames):
    body = {
        "task_id": run.task_id,
        "type": "ground_truth",
        "frame_selection_method": "manual",
        "frames": frames,
    }
    return run.api.post(f"{run.api.base_api_url}/jobs", json=body).json()


def annotate_job(run, job, **objects):
    url = run.api.job_annotation_url(job["id"])
    body = NO_ANNOTATIONS | objects
    return run.api.patch(url, params={"action": "create"}, json=body).json()


def copied(annotation):
    """Return an annotation as an annotator's copy of it: without the server's ids."""
    copy = {key: each for key, each in annotation.items() if key != "id"}
    if "shapes" in copy:
        copy["shapes"] = [copied(each) for each in copy["shapes"]]
    elif "points" in copy:
        copy = moved(copy, 0.5)
    return copy


def kept_only(counts):
    return all(each.keys() == {"kept"} for each in counts.values())


def test_built_in_defect_replicas_of_jobs_were_loaded(pictures, server, replicas):
    run = Run(pictures, server, SCHEMA, segment_size=2)
    first, *_ = run.annotations()["shapes"]
    own = jobs_of(run, "consensus_replica")
    assert len(own) == 4
    for job in own[:2]:
        done = annotate_job(run, job, shapes=[copied(first)])
        assert len(done["shapes"]) == 1

    assert run.load() == {"cats": {"kept": 3}}
    assert run.differences() == []
    assert run.results.job_ids[run.task_id] == [
        job["id"] for job in jobs_of(run, "annotation")
    ]

    run.change("update", shapes=[moved(first)])
    assert run.load() == {"cats": {"kept": 2, "changed": 1}}
    [cat] = pictures.first().cats.detections
    assert cat.bounding_box[0] == pytest.approx(0.1 + 1 / 32)
    assert cat.score == 0.5
    before = run.documents()
    assert run.load() == {"cats": {"kept": 3}}
    assert run.differences(before) == []


def test_replicas_of_a_video(video, server, replicas):
    run = Run(video, server, FRAMES_SCHEMA, segment_size=8)
    annotations = run.annotations()
    for job in jobs_of(run, "consensus_replica"):
        inside = [
            shape
            for shape in annotations["shapes"]
            if job["start_frame"] <= shape["frame"] <= job["stop_frame"]
        ]
        tracks = [
            track
            for track in annotations["tracks"]
            if job["start_frame"] <= track["frame"] <= job["stop_frame"]
        ]
        objects = {
            "shapes": [copied(each) for each in inside],
            "tracks": [copied(each) for each in tracks[:1]],
        }
        annotate_job(run, job, **objects)

    counts = run.load()

    assert kept_only(counts)
    assert run.differences() == []
    assert run.load() == counts
    assert run.differences() == []


def test_ground_truth_of_a_video(video, server):
    run = Run(video, server, FRAMES_SCHEMA)
    annotations = run.annotations()
    job = add_ground_truth(run, [0, 3, 11])
    shape = next(each for each in annotations["shapes"] if each["frame"] == 3)
    annotate_job(run, job, shapes=[copied(shape)])

    counts = run.load()

    assert kept_only(counts)
    assert run.differences() == []
    assert run.annotations() == annotations


def test_ground_truth_joins_no_parts_of_tracks(video, server):
    """It shows frames of all jobs, so parts of a track are not two tracks for that."""
    sample = video.first()
    for number in range(5, 9):
        sample.frames[number]["cats"] = None
    sample.save()
    run = Run(video, server, FRAMES_SCHEMA, segment_size=3)
    add_ground_truth(run, [0, 11])
    assert len(run.annotations()["tracks"]) > 1

    counts = run.load()

    assert kept_only(counts)
    assert run.differences() == []
