"""Frames of completed jobs on which nothing was drawn are known to have no labels."""

from __future__ import annotations

import fiftyone as fo
import pytest

import fiftyone_cvat
from fiftyone_cvat import import_tasks
from fiftyone_cvat.errors import ConfigurationError
from tests import media
from tests.replay.run import Run, box

CATS = {"cats": {"type": "detections", "classes": ["cat"]}}


@pytest.fixture
def pictures(dataset, tmp_path):
    """Four pictures; the first has a cat."""
    for path in media.make_images(tmp_path, [f"{each}.png" for each in "abcd"]):
        dataset.add_sample(fo.Sample(filepath=path))
    sample = dataset.first()
    sample["cats"] = fo.Detections(detections=[box("cat")])
    sample.save()
    return dataset


def load(run, **kwargs):
    kwargs = {"unexpected": "keep", "empty": "completed", **run.credentials, **kwargs}
    fiftyone_cvat.load(run.dataset, run.key, **kwargs)


def complete(run, *numbers):
    jobs = run.api._get_annotation_jobs(run.task_id)
    jobs.sort(key=lambda job: job["start_frame"])
    for number in numbers:
        url = run.api.taskless_job_url(jobs[number]["id"])
        run.api.patch(url, json={"state": "completed"})


def numbers(dataset, field="cats.detections"):
    return [None if each is None else len(each) for each in dataset.values(field)]


def test_pictures(pictures, server):
    run = Run(pictures, server, CATS, segment_size=2)
    complete(run, 0)
    load(run, empty=None)
    assert numbers(pictures) == [1, None, None, None]

    load(run)

    assert numbers(pictures) == [1, 0, None, None]
    # the state of a job says nothing of when its task was changed
    complete(run, 1)
    load(run)
    assert numbers(pictures) == [1, 0, 0, 0]
    before = run.documents()
    load(run)
    assert run.results.reconciliation.tasks_as_loaded == 1
    assert run.differences(before) == []


def test_fields_that_were_not_there(pictures, server):
    schema = {
        "dogs": {"type": "polylines", "classes": ["dog"]},
        "weather": {"type": "classifications", "classes": ["sun"]},
        "best": {"type": "classification", "classes": ["cat"]},
    }
    run = Run(pictures, server, schema, segment_size=2)
    complete(run, 1)

    load(run)

    assert numbers(pictures, "dogs.polylines") == [None, None, 0, 0]
    assert numbers(pictures, "weather.classifications") == [None, None, 0, 0]
    # a field of one label cannot say that there is none
    assert pictures.count("best") == 0


@pytest.mark.older_servers
def test_frames_that_were_deleted(pictures, server):
    run = Run(pictures, server, CATS)
    url = run.api.task_data_meta_url(run.task_id)
    run.api.patch(url, json={"deleted_frames": [2]})
    complete(run, 0)

    load(run)

    assert numbers(pictures) == [1, 0, None, 0]


@pytest.mark.older_servers
def test_another_field(pictures, server):
    run = Run(pictures, server, CATS)
    complete(run, 0)

    load(run, dest_field="checked")

    assert numbers(pictures, "checked.detections") == [1, 0, 0, 0]
    assert numbers(pictures) == [1, None, None, None]


def test_frames_of_videos(dataset, server, tmp_path):
    sample = fo.Sample(filepath=media.copy_video(tmp_path / "v.mp4"))
    sample.frames[2] = fo.Frame(cats=fo.Detections(detections=[box("cat", index=1)]))
    dataset.add_sample(sample)
    schema = {"frames.cats": {"type": "detections", "classes": ["cat"]}}
    run = Run(dataset, server, schema, segment_size=6)
    complete(run, 0)

    load(run)

    frames = dataset.values("frames.cats.detections")[0]
    found = [None if each is None else len(each) for each in frames]
    assert found == [0, 1, 0, 0, 0, 0] + [None] * 6


def test_tasks_that_were_imported(pictures, empty, server):
    run = Run(pictures, server, CATS, segment_size=2)
    complete(run, 0)
    paths = pictures.values("filepath")
    empty.add_samples([fo.Sample(filepath=path) for path in paths])
    results = import_tasks(empty, tasks=run.task_id, **server.credentials)
    # of the kinds that boxes may be, only the field that has some is filled
    fields = {*empty.get_field_schema()}
    assert numbers(empty, "detections.detections") == [1, None, None, None]
    where = {"unexpected": "keep", **server.credentials}

    fiftyone_cvat.load(empty, results.key, empty="completed", **where)

    assert numbers(empty, "detections.detections") == [1, 0, None, None]
    assert {*empty.get_field_schema()} == fields


def test_a_state_that_is_none(pictures, server):
    run = Run(pictures, server, CATS)

    with pytest.raises(ConfigurationError, match=r"empty.*completed"):
        load(run, empty="done")
