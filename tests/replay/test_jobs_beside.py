"""Ground truth and replicas, loaded on purpose into fields of their own."""

from __future__ import annotations

import fiftyone as fo
import pytest

import fiftyone_cvat
from fiftyone_cvat.errors import ConfigurationError
from tests import media
from tests.replay.run import Run, box, moved
from tests.replay.test_replicas import (
    FRAMES_SCHEMA,
    SCHEMA,
    add_ground_truth,
    annotate_job,
    jobs_of,
    replicas,
    video,
)

__all__ = ["replicas", "video"]

GROUND_TRUTH = {"type": "ground_truth"}


@pytest.fixture
def pictures(dataset, tmp_path):
    """Three pictures of a cat each."""
    for path in media.make_images(tmp_path, ["a.png", "b.png", "c.png"]):
        cats = fo.Detections(detections=[box()])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


def load(run, jobs, dest_field=None):
    fiftyone_cvat.load(
        run.dataset,
        run.key,
        jobs=jobs,
        dest_field=dest_field,
        unexpected="keep",
        **run.credentials,
    )
    counts = run.results.reconciliation
    return {
        name: {what: n for what, n in counts.totals(name).items() if n}
        for name in counts.counts
    }


def ids_of(run, name):
    return [
        None if each is None else [label.id for label in each.detections]
        for each in run.dataset.values(name)
    ]


def drawn(run, *frames):
    """Return boxes as somebody draws them: of no label of the run."""
    shape = run.annotations()["shapes"][0] | {"id": None, "attributes": []}
    return [moved(shape | {"frame": frame}, 1.0 + frame) for frame in frames]


def test_ground_truth_goes_round(pictures, server):
    run = Run(pictures, server, SCHEMA)
    job = add_ground_truth(run, [0, 2])
    shapes = annotate_job(run, job, shapes=drawn(run, 0, 2, 2))["shapes"]

    assert load(run, GROUND_TRUTH, "gt") == {"gt": {"added": 3}}

    assert run.results.reconciliation.jobs == [job["id"]]
    assert run.differences() == []
    [first], none, [_, third] = ids_of(run, "gt")
    assert none is None
    before = run.documents()
    assert load(run, GROUND_TRUTH, "gt") == {"gt": {"kept": 3}}
    assert run.differences(before) == []

    url = run.api.job_annotation_url(job["id"])
    body = {"version": 0, "tags": [], "tracks": []}
    for action, objects in (
        ("update", [moved(shapes[0], 5.0)]),
        ("delete", [shapes[1]]),
        ("create", [moved(each, 9.0) for each in drawn(run, 2)]),
    ):
        run.api.patch(url, params={"action": action}, json={**body, "shapes": objects})
    # as in another process
    pictures._annotation_cache.clear()
    run.results = pictures.load_annotation_results("run", **run.credentials)
    assert load(run, GROUND_TRUTH, "gt") == {
        "gt": {"kept": 1, "changed": 1, "added": 1, "deleted": 1}
    }
    now = ids_of(run, "gt")
    assert now[0] == [first]
    assert now[2][0] == third
    assert len(now[2]) == 2

    # the task's own labels know nothing of it
    before = run.documents()
    assert run.load() == {"cats": {"kept": 3}}
    assert run.differences(before) == []


def test_replicas_have_fields_of_their_own(pictures, server, replicas):
    run = Run(pictures, server, SCHEMA)
    first, second = jobs_of(run, "consensus_replica")
    annotate_job(run, first, shapes=drawn(run, 0, 1))
    annotate_job(run, second, shapes=drawn(run, 1))

    assert load(run, first["id"], "one") == {"one": {"added": 2}}
    assert load(run, [second["id"]], {"cats": "two"}) == {"two": {"added": 1}}
    assert load(run, first["id"], "one") == {"one": {"kept": 2}}

    counts = [
        [None if each is None else len(each) for each in ids_of(run, name)]
        for name in ("cats", "one", "two")
    ]
    assert counts == [[1, 1, 1], [1, 1, None], [None, 1, None]]
    assert run.differences() == []


def test_fields_that_hold_the_labels_of_the_task(pictures, server):
    run = Run(pictures, server, SCHEMA)
    job = add_ground_truth(run, [1])
    annotation = jobs_of(run, "annotation")[0]
    before = run.documents()

    for dest_field in (None, "cats", {}):
        with pytest.raises(ConfigurationError, match=r"dest_field=.*'cats'"):
            load(run, GROUND_TRUTH, dest_field)
    with pytest.raises(ConfigurationError, match="one after the other"):
        load(run, [job["id"], annotation["id"]], "gt")
    with pytest.raises(ConfigurationError, match=r"fiftyone_cvat\.load"):
        run.load(jobs=GROUND_TRUTH, dest_field="gt")

    assert run.differences(before) == []
    assert run.load() == {"cats": {"kept": 3}}


def counts_of(run, name):
    return [None if each is None else len(each) for each in ids_of(run, name)]


def test_a_picture_that_several_jobs_have(pictures, server, replicas):
    """In two tasks, and in two replicas of each: each job has labels of its own."""
    view = pictures.limit(1)
    twice = view.concat(view)
    run = Run(twice, server, SCHEMA, task_size=1, project_name="one for both tasks")
    jobs = run.api._get_paginated_results(
        f"{run.api.base_api_url}/jobs?task_id={run.task_id}"
    )
    first, second = (job for job in jobs if job["type"] == "consensus_replica")
    other = run.api._get_paginated_results(
        f"{run.api.base_api_url}/jobs?task_id={run.results.task_ids[1]}"
    )
    third = next(job for job in other if job["type"] == "consensus_replica")
    every = [first["id"], second["id"], third["id"]]
    for job in (first, second, third):
        annotate_job(run, job, shapes=drawn(run, 0))

    assert load(run, every, "all") == {"all": {"added": 3}}
    assert load(run, every, "all") == {"all": {"kept": 3}}
    assert counts_of(run, "all")[0] == 3
    # of others than those that are asked for, nothing is deleted
    assert load(run, [second["id"]], "all") == {"all": {"kept": 1}}
    assert counts_of(run, "all")[0] == 3

    # a field that was renamed, and one that is new
    pictures.rename_sample_field("all", "renamed")
    assert load(run, [first["id"]], "renamed") == {"renamed": {"kept": 1}}
    assert load(run, [first["id"]], "new") == {"new": {"added": 1}}
    assert counts_of(run, "renamed")[0] == 3
    assert counts_of(run, "new")[0] == 1


def test_ground_truth_of_some_frames_of_a_video(video, server):
    """CVAT names its frames as those of the file."""
    run = Run(video, server, FRAMES_SCHEMA, frame_start=2, frame_step=4)
    job = add_ground_truth(run, [0, 2])
    annotate_job(run, job, shapes=drawn(run, 0, 2))

    assert load(run, GROUND_TRUTH, "frames.gt") == {"frames.gt": {"added": 2}}

    found = video.values("frames.gt.detections")[0]
    numbers = video.values("frames.frame_number")[0]
    assert [n for n, each in zip(numbers, found, strict=True) if each] == [3, 11]
    assert load(run, GROUND_TRUTH, "frames.gt") == {"frames.gt": {"kept": 2}}
    assert run.differences() == []


def test_labels_of_other_types_stay_in_cvat(pictures, server):
    run = Run(pictures, server, SCHEMA)
    job = add_ground_truth(run, [0, 1])
    line = {"type": "polyline", "points": [1, 1, 9, 9, 9, 3]}
    own = drawn(run, 0, 1)
    annotate_job(run, job, shapes=[own[0], own[1] | line])

    found = load(run, GROUND_TRUTH, "gt")

    assert found == {"gt": {"added": 1, "unmatched": 1}}
    assert not pictures.has_field("polylines")
    assert "of a type that its field does not hold" in str(run.results.reconciliation)


def test_a_cleanup_after_it(pictures, server):
    """What annotators have drawn in the task was not loaded."""
    run = Run(pictures, server, SCHEMA)
    add_ground_truth(run, [0, 1, 2])
    load(run, GROUND_TRUTH, "gt")
    pictures._annotation_cache.clear()
    run.results = pictures.load_annotation_results("run", **run.credentials)

    with pytest.raises(ConfigurationError, match="3 frames in jobs"):
        run.results.cleanup()

    run.load()
    run.results.cleanup()
    assert run.results.task_ids == []


@pytest.mark.older_servers
def test_a_merge_that_was_stopped(pictures, server, monkeypatch):
    run = Run(pictures, server, SCHEMA)
    job = add_ground_truth(run, [0, 2])
    annotate_job(run, job, shapes=drawn(run, 0, 2))
    with monkeypatch.context() as context:
        context.setattr(run.results.backend, "save_run_results", _fail)
        with pytest.raises(ZeroDivisionError):
            load(run, GROUND_TRUTH, "gt")
    assert run.results.task_ids
    pictures._annotation_cache.clear()
    run.results = pictures.load_annotation_results("run", **run.credentials)

    assert sum(load(run, GROUND_TRUTH, "gt")["gt"].values()) == 2

    assert [each and len(each) for each in ids_of(run, "gt")] == [1, None, 1]
    assert run.load() == {"cats": {"kept": 3}}


def _fail(*_args, **_kwargs):
    raise ZeroDivisionError
