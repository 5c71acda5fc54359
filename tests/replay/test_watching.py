"""Each job is loaded when it is finished, once, whatever happens in between."""

from __future__ import annotations

from contextlib import suppress

import fiftyone as fo
import pytest

import fiftyone_cvat
from fiftyone_cvat import CVATAnnotationAPI
from fiftyone_cvat.errors import ConfigurationError, UnreachableError
from fiftyone_cvat.workflows import watching
from tests import media
from tests.replay.people import VIEWER
from tests.replay.run import Run, box, moved

CATS = {"cats": {"type": "detections"}}


@pytest.fixture
def run(dataset, server, tmp_path):
    """Two pictures of a cat, each in a job of its own."""
    for path in media.make_images(tmp_path, ["a.png", "b.png"]):
        cats = fo.Detections(detections=[box("cat")])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    run = Run(dataset, server, CATS, segment_size=1)
    shapes = run.annotations()["shapes"]
    run.change("update", shapes=[moved(each, 2.0) for each in shapes])
    return run


def jobs_of(run):
    jobs = run.api._get_annotation_jobs(run.task_id)
    return [each["id"] for each in sorted(jobs, key=lambda job: job["start_frame"])]


def set_state(run, job_id, state):
    run.api.patch(run.api.taskless_job_url(job_id), json={"state": state})


def watched(run, between, monkeypatch, **kwargs):
    """Watch a run; do something each time that there is a pause, then stop.

    Returns:
        the ids of the jobs of each load
    """
    pauses = iter(between)

    def sleep(seconds):
        assert seconds == 7
        next(pauses, _stop)()

    with monkeypatch.context() as context:
        context.setattr(watching, "sleep", sleep)
        found = []
        with suppress(KeyboardInterrupt):
            for each in fiftyone_cvat.watch(
                run.dataset, "run", every=7, **run.credentials, **kwargs
            ):
                found.append(each.job_ids)
    return found


def _stop():
    raise KeyboardInterrupt


def nothing():
    pass


def places(run):
    """Return where the box of each picture is."""
    return [each.cats.detections[0].bounding_box[0] for each in run.dataset]


def test_each_job_once(run, monkeypatch):
    first, second = jobs_of(run)
    was = places(run)[0]

    def reopen():
        set_state(run, first, "in progress")

    def finish(job_id):
        return lambda: set_state(run, job_id, "completed")

    between = [finish(first), nothing, finish(second), reopen, finish(first), nothing]
    assert watched(run, between, monkeypatch) == [[first], [second], [first]]

    now = places(run)
    assert now[0] == now[1] == pytest.approx(was + 2 / 32)
    # somebody else goes on watching
    run.dataset._annotation_cache.clear()
    assert watched(run, [nothing], monkeypatch) == []


def test_jobs_that_are_corrected_after_they_were_finished(run, monkeypatch):
    first, *_ = jobs_of(run)
    set_state(run, first, "completed")

    def correct():
        shape = min(run.annotations()["shapes"], key=lambda each: each["frame"])
        run.change("update", shapes=[moved(shape)])

    assert watched(run, [nothing, correct], monkeypatch) == [[first], [first]]
    assert places(run)[0] == pytest.approx(0.1 + 3 / 32)


def test_a_stage(run, monkeypatch):
    first, second = jobs_of(run)
    set_state(run, first, "completed")
    url = run.api.taskless_job_url(second)
    run.api.patch(url, json={"stage": "acceptance"})

    assert watched(run, [nothing], monkeypatch, jobs="acceptance") == [[second]]


def test_an_annotator_and_a_reviewer(run, server, viewer, monkeypatch):
    """One annotates, another one reviews, and FiftyOne follows."""
    first, _ = jobs_of(run)
    results, reviewer = run.results, run.api
    results.assign(jobs=first, to=VIEWER)
    was = places(run)
    with CVATAnnotationAPI("cvat", **viewer) as annotator:
        own = annotator.job_annotation_url(first)

        def move():
            [shape] = annotator.get(own).json()["shapes"]
            body = {"version": 0, "tags": [], "shapes": [moved(shape)], "tracks": []}
            annotator.patch(own, params={"action": "update"}, json=body)

        def take(api, **where):
            api.patch(api.taskless_job_url(first), json=where)

        def finish():
            move()
            take(annotator, state="completed")

        def reject():
            results.add_issue(run.dataset.first(), (0.5, 0.5), "further right")
            take(reviewer, stage="validation", state="rejected")

        def begin_anew():
            assert places(run)[0] == pytest.approx(was[0] + 3 / 32)
            counts = results.load_issues()
            assert counts.added == 1
            take(annotator, state="in progress")
            move()

        def finish_anew():
            # what is not finished is not loaded
            assert places(run)[0] == pytest.approx(was[0] + 3 / 32)
            take(annotator, state="completed")

        between = [finish, reject, begin_anew, finish_anew, nothing]
        assert watched(run, between, monkeypatch) == [[first], [first]]

    assert places(run)[0] == pytest.approx(was[0] + 4 / 32)
    assert places(run)[1] == was[1]


def test_jobs_that_were_loaded_into_another_field(run, monkeypatch):
    first, _ = jobs_of(run)
    set_state(run, first, "completed")
    where = {"dest_field": "other", "unexpected": "ignore"}
    fiftyone_cvat.load(run.dataset, "run", jobs="completed", **where, **run.credentials)
    was = places(run)[0]

    # that says nothing of the field itself
    assert watched(run, [nothing], monkeypatch) == [[first]]

    assert places(run)[0] == pytest.approx(was + 2 / 32)


def test_a_server_that_is_away(run, monkeypatch, caplog):
    first, *_ = jobs_of(run)
    set_state(run, first, "completed")
    real = watching.jobs_seen
    away = iter([True, True])

    def jobs_seen(*args):
        if next(away, False):
            raise UnreachableError("no connection")
        return real(*args)

    monkeypatch.setattr(watching, "jobs_seen", jobs_seen)

    assert watched(run, [nothing] * 3, monkeypatch) == [[first]]
    assert caplog.text.count("Asking again in 7 seconds: no connection") == 2


def test_a_state_that_no_job_has(run):
    with pytest.raises(ConfigurationError, match="complete"):
        next(fiftyone_cvat.watch(run.dataset, "run", jobs="done", **run.credentials))


@pytest.mark.older_servers
def test_once(run):
    first, *_ = jobs_of(run)
    set_state(run, first, "completed")
    loaded = watching.load_finished(run.dataset, "run", **run.credentials)
    assert loaded.job_ids == [first]
    assert loaded.reconciliation.totals("cats")["changed"] == 1

    again = watching.load_finished(run.dataset, "run", **run.credentials)
    assert again.job_ids == []
