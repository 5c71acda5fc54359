"""Labels are loaded of the jobs that are asked for; all others stay as they are."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest

import fiftyone_cvat
from fiftyone_cvat.errors import ConfigurationError
from tests import media
from tests.replay.run import Run, box, moved

DETECTIONS = {"cats": {"type": "detections"}}
EVERYTHING = {
    "cats": {"type": "detections"},
    "weather": {"type": "classification", "classes": ["sun", "rain"]},
    "number": {"type": "scalar"},
    "outline": {"type": "segmentation", "mask_targets": {1: "road"}},
}
ROAD = np.zeros((24, 32), np.uint8)
ROAD[4:9, 3:20] = 1


@pytest.fixture
def cats(dataset, tmp_path):
    """Four pictures of a cat each."""
    for path in media.make_images(tmp_path, [f"{each}.png" for each in "abcd"]):
        cats = fo.Detections(detections=[box()])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


def jobs_of(run, task_id=None):
    jobs = run.api._get_annotation_jobs(task_id or run.task_id)
    return sorted(jobs, key=lambda job: job["start_frame"])


def set_job(run, job, **what):
    run.api.patch(run.api.taskless_job_url(job["id"]), json=what)


def move_all(run, task_id=None, by=2.0):
    """Move each shape of a task, and draw a new one on each frame."""
    shapes = run.annotations(task_id)["shapes"]
    run.change("update", task_id, shapes=[moved(each, by) for each in shapes])
    drawn = {each["frame"]: each | {"id": None, "attributes": []} for each in shapes}
    shapes = [moved(each, -4.0) for each in drawn.values()]
    run.change("create", task_id, shapes=shapes)


def changed_samples(run, before):
    """Return the names of pictures whose documents differ."""
    now = run.documents()
    return {
        each["filepath"][-5]
        for key, each in now.items()
        if repr(each) != repr(before[key])
    }


def test_a_state(cats, server):
    run = Run(cats, server, DETECTIONS, segment_size=2)
    first, second = jobs_of(run)
    set_job(run, first, state="completed")
    move_all(run)
    before = run.documents()

    counts = run.load(jobs="completed")

    assert counts == {"cats": {"kept": 2, "changed": 2, "added": 2}}
    assert run.results.reconciliation.not_asked == 2
    assert (
        "2 frames are in jobs that were not asked for: their labels stay as they are"
        in run.results.reconciliation.lines()
    )
    assert changed_samples(run, before) == {"a", "b"}
    before = run.documents()

    # a later load takes the others
    assert run.load() == {"cats": {"kept": 4, "changed": 2, "added": 2}}
    assert run.results.reconciliation.not_asked == 0
    assert changed_samples(run, before) == {"c", "d"}
    assert run.load(jobs=[second["id"]])["cats"] == {"kept": 8}


@pytest.mark.parametrize(
    ("jobs", "loaded"),
    [
        ("validation", "ab"),
        ({"stage": "validation", "state": "in progress"}, "b"),
        ({"state": ["completed", "in progress"]}, "ab"),
        ({"assignee": None}, "ab"),
        (lambda job: job["start_frame"] == 1, "b"),
        ("rejected", ""),
    ],
    ids=["stage", "both", "either", "nobody", "predicate", "none"],
)
def test_choices(cats, server, jobs, loaded):
    run = Run(cats[:2], server, DETECTIONS, segment_size=1)
    first, second = jobs_of(run)
    set_job(run, first, stage="validation", state="completed")
    set_job(run, second, stage="validation", state="in progress")
    move_all(run)
    before = run.documents()

    fiftyone_cvat.load(cats, "run", jobs=jobs, unexpected="keep", **run.credentials)

    assert changed_samples(run, before) == set(loaded)
    assert run.results.reconciliation.not_asked == 2 - len(loaded)
    nothing = ["No job is rejected yet: nothing is loaded"]
    assert (run.results.reconciliation.lines() == nothing) is (not loaded)
    run.load()
    assert changed_samples(run, before) == set("ab")


def test_an_assignee(cats, server):
    run = Run(cats, server, DETECTIONS, segment_size=2)
    first, _ = jobs_of(run)
    set_job(run, first, assignee=run.api.get_user_id(server.username))
    move_all(run)
    before = run.documents()

    run.load(jobs={"assignee": server.username})

    assert changed_samples(run, before) == {"a", "b"}


def test_whole_tasks_that_were_not_asked_for(cats, server):
    run = Run(cats.limit(3), server, DETECTIONS, task_size=1)
    task_ids = list(run.results.task_ids)
    third = jobs_of(run, task_ids[2])[0]
    for task_id in task_ids:
        move_all(run, task_id)
    before = run.documents()

    assert run.load(jobs=third["id"]) == {"cats": {"changed": 1, "added": 1}}

    assert run.results.reconciliation.not_asked == 2
    assert changed_samples(run, before) == {"c"}
    assert run.results.task_ids == task_ids
    cats._annotation_cache.clear()
    run.results = cats.load_annotation_results("run", **run.credentials)
    assert run.results.task_ids == task_ids
    assert run.load()["cats"] == {"kept": 2, "changed": 2, "added": 2}


def test_results_that_are_cached(cats, server):
    run = Run(cats, server, DETECTIONS, segment_size=2)
    first, second = jobs_of(run)
    move_all(run)
    assert cats.load_annotation_results("run", **run.credentials) is run.results
    before = run.documents()
    run.load(jobs=first["id"])
    assert changed_samples(run, before) == {"a", "b"}

    # as in another process, which has looked at the run before
    cats._annotation_cache.clear()
    run.results = cats.load_annotation_results("run", **run.credentials)
    before = run.documents()
    assert run.load(jobs=second["id"])["cats"] == {"kept": 4, "changed": 2, "added": 2}
    assert changed_samples(run, before) == {"c", "d"}
    assert cats.load_annotation_results("run", **run.credentials) is run.results
    fresh = cats.load_annotation_results("run", cache=False, **run.credentials)
    assert fresh is not run.results


def test_every_type_of_label(cats, server):
    for sample in cats:
        sample["weather"] = fo.Classification(label="sun")
        sample["number"] = 3
        sample["outline"] = fo.Segmentation(mask=ROAD)
        sample.save()
    run = Run(cats, server, EVERYTHING, segment_size=2)
    first, _ = jobs_of(run)
    # nothing is left of what went up
    for kind in ("tags", "shapes"):
        run.change("delete", **{kind: run.annotations()[kind]})
    before = run.documents()

    run.load(jobs=first["id"])

    assert changed_samples(run, before) == {"a", "b"}
    assert cats.count("weather") == cats.count("number") == cats.count("outline") == 2
    run.load()
    assert cats.count("weather") == cats.count("number") == cats.count("outline") == 0


def test_labels_of_another_type(cats, server):
    run = Run(cats, server, DETECTIONS, segment_size=2)
    first, second = jobs_of(run)
    shape = run.annotations()["shapes"][0] | {"id": None, "attributes": []}
    line = {"type": "polyline", "points": [1, 1, 9, 9, 9, 3]}
    lines = [shape | line | {"frame": frame} for frame in range(4)]
    run.change("create", shapes=lines)
    run.load()
    assert cats.count("polylines.polylines") == 4
    drawn = run.annotations()["shapes"]
    drawn = [each for each in drawn if each["type"] == "polyline"]
    run.change("delete", shapes=[drawn[0], drawn[2]])

    run.load(jobs=first["id"])

    assert cats.count("polylines.polylines") == 3
    run.load(jobs=second["id"])
    assert cats.count("polylines.polylines") == 2


def test_tracks_that_cross_into_another_job(dataset, server, tmp_path):
    sample = fo.Sample(filepath=media.copy_video(tmp_path / "v.mp4"))
    for number in range(1, 13):
        detections = [box(x=0.02 * number, index=7)]
        sample.frames[number] = fo.Frame(cats=fo.Detections(detections=detections))
    dataset.add_sample(sample)
    schema = {"frames.cats": {"type": "detections"}}
    run = Run(dataset, server, schema, segment_size=6)
    first, *_, second = jobs_of(run)  # those between overlap both
    assert (first["stop_frame"], second["start_frame"]) == (5, 6)
    for job in (first, second):
        url = f"{run.api.taskless_job_url(job['id'])}/annotations"
        body = run.api.get(url).json() | {"tags": [], "shapes": []}
        for track in body["tracks"]:
            track["shapes"] = [moved(each) for each in track["shapes"]]
        run.api.patch(url, params={"action": "update"}, json=body)
        body["tracks"] = [_without_ids(each) for each in body["tracks"]]
        run.api.patch(url, params={"action": "create"}, json=body)

    run.load(jobs=second["id"])

    def on(number):
        frames = dataset.first().frames[number]
        return {each.index: each for each in frames.cats.detections}

    assert set(on(1)) == set(on(4)) == set(on(6)) == {7}
    assert on(1)[7].bounding_box[0] == 0.02
    later = [set(on(number)) for number in (7, 9, 12)]
    assert later[0] == later[1] == later[2]
    assert len(later[0]) == 2
    assert later[0] > {7}
    assert on(12)[7].bounding_box[0] == pytest.approx(0.24 + 1 / 32, abs=1e-3)

    run.load(jobs=first["id"])
    assert len(on(1)) == 2
    assert set(on(1)) > {7}
    assert [set(on(number)) for number in (7, 9, 12)] == later


def _without_ids(track):
    shapes = [each | {"id": None} for each in track["shapes"]]
    for each in shapes:
        each["points"] = [value + 5 for value in each["points"]]
        each["attributes"] = []
    return track | {"id": None, "shapes": shapes, "attributes": []}


def test_a_view_that_shows_other_values(cats, server):
    view = cats.map_labels("cats", {"cat": "tiger"})
    run = Run(view, server, DETECTIONS, segment_size=2)
    first, _ = jobs_of(run)

    run.load(jobs=first["id"])

    labels = cats.values("cats.detections.label")
    assert labels == [["tiger"]] * 2 + [["cat"]] * 2
    run.load()
    assert cats.values("cats.detections.label") == [["tiger"]] * 4


@pytest.mark.parametrize("jobs", ["complete", {"colour": "red"}, 99_999_999, 1.5])
def test_choices_that_no_job_fits(cats, server, jobs):
    run = Run(cats, server, DETECTIONS)
    move_all(run)

    with pytest.raises(ConfigurationError, match="jobs"):
        run.load(jobs=jobs)

    assert run.differences() == []
    assert run.load()["cats"] == {"changed": 4, "added": 4}


def test_a_cleanup_of_jobs_that_were_not_asked_for(cats, server):
    run = Run(cats, server, DETECTIONS)

    with pytest.raises(ConfigurationError, match="cleanup"):
        fiftyone_cvat.load(
            cats, "run", jobs="completed", cleanup=True, **run.credentials
        )

    assert run.api.task_exists(run.task_id)


@pytest.mark.older_servers
def test_a_cleanup_after_jobs_that_were_asked_for(cats, server):
    run = Run(cats, server, DETECTIONS, segment_size=2)
    first, _ = jobs_of(run)
    task_id = run.task_id

    # FiftyOne tells of the cleanup when its merge is over
    with pytest.raises(ConfigurationError, match="2 frames in jobs that"):
        run.load(jobs=first["id"], cleanup=True)

    assert run.api.task_exists(task_id)
    assert run.results.task_ids == [task_id]
    assert run.differences() == []
    with pytest.raises(ConfigurationError, match=r"delete_tasks\(results.task_ids\)"):
        run.results.cleanup()
    # what is loaded whole may go
    run.load(cleanup=True)
    assert run.results.task_ids == []
    assert not run.api.task_exists(task_id)


def test_tasks_that_are_deleted_all_the_same(cats, server):
    run = Run(cats, server, DETECTIONS, segment_size=2, project_name="some jobs only")
    task_id = run.task_id
    run.load(jobs="completed")

    run.results.delete_tasks(run.results.task_ids)
    run.results.cleanup()

    assert not run.api.task_exists(task_id)
    assert run.api.get_project_id("some jobs only") is None


def test_into_another_field(cats, server):
    """Frames of other jobs get nothing there, and lose nothing."""
    run = Run(cats, server, DETECTIONS, segment_size=2)
    first, second = (job["id"] for job in jobs_of(run))
    move_all(run)

    def load(job_id):
        where = {"dest_field": "other", "unexpected": "keep", **run.credentials}
        fiftyone_cvat.load(cats, "run", jobs=job_id, **where)
        found = cats.values("other.detections")
        return [None if each is None else len(each) for each in found]

    before = run.documents()
    assert load(first) == [2, 2, None, None]
    assert load(second) == [2, 2, 2, 2]
    assert load(first) == [2, 2, 2, 2]
    assert run.differences(before) == []


def test_into_another_field_after_a_merge_that_was_stopped(cats, server, monkeypatch):
    run = Run(cats, server, DETECTIONS, segment_size=4)

    def load():
        where = {"dest_field": "other", "unexpected": "keep", **run.credentials}
        fiftyone_cvat.load(cats, "run", **where)

    with monkeypatch.context() as context:
        context.setattr(run.results.backend, "save_run_results", _fail)
        with pytest.raises(ZeroDivisionError):
            load()
    cats._annotation_cache.clear()

    load()

    assert cats.count("other.detections") == cats.count("cats.detections") == 4


def _fail(*_args, **_kwargs):
    raise ZeroDivisionError
