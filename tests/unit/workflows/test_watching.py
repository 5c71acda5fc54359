"""What is watched is waited for, whatever becomes of jobs, run and database."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy
from types import SimpleNamespace

import fiftyone as fo
import pytest
from pymongo.errors import AutoReconnect

import fiftyone_cvat
from fiftyone_cvat import CVATAnnotationResults, CVATBackendConfig
from fiftyone_cvat.convert.from_cvat.reconciliation import Reconciliation
from fiftyone_cvat.errors import (
    AccessDeniedError,
    CertificateError,
    ConfigurationError,
    RequestError,
    RequestTimeoutError,
    UnreachableError,
)
from fiftyone_cvat.workflows import watching

SCHEMA = {"kind": {"type": "classification", "classes": ["a"]}}
ONE_TASK = {
    "id_map": {},
    "server_id_map": {},
    "project_ids": [],
    "task_ids": [7],
    "job_ids": {7: [1, 2]},
    "frame_id_map": {7: {}},
    "labels_task_map": {},
}


class Ended(BaseException):
    """The watch is over, as if Ctrl-C was pressed."""


def job(number, state="new", assignee=None, date="2026-11-30T12:00:00Z"):
    user = {"id": 1, "username": assignee} if assignee else None
    return {
        "id": number,
        "task_id": 7,
        "type": "annotation",
        "stage": "annotation",
        "state": state,
        "assignee": user,
        "updated_date": date,
    }


@pytest.fixture
def work(dataset, monkeypatch):
    """A run of which a test says what the server shows each time that it is asked.

    ``server`` is a list of jobs, or what is raised; ``loads`` what was loaded.
    """
    config = CVATBackendConfig("cvat", SCHEMA, url="http://cvat")
    backend = config.build()
    backend.register_run(dataset, "run")
    stored = deepcopy(ONE_TASK)
    results = CVATAnnotationResults(dataset, config, "run", **stored, backend=backend)
    backend.save_run_results(dataset, "run", results)
    results.use_api(SimpleNamespace(base_url="http://cvat"))
    made = SimpleNamespace(server=iter(()), loads=[], dataset=dataset, results=results)

    def jobs_seen(api, results):
        assert api.base_url == "http://cvat"
        jobs = next(made.server, None)
        if jobs is None:
            raise Ended
        if isinstance(jobs, Exception):
            raise jobs
        if callable(jobs):
            return jobs()
        made.shown = jobs
        return jobs

    def load(dataset, key, *, jobs, refresh, **settings):
        results = dataset.load_annotation_results(key)
        results.reconciliation = Reconciliation(jobs=jobs)
        made.loads.append(jobs)
        made.settings = settings
        if settings.get("dest_field") is None:
            dates = {each["id"]: each["updated_date"] for each in made.shown}
            results.loaded_jobs |= {each: dates[each] for each in jobs}
        results.save()

    monkeypatch.setattr(watching, "jobs_seen", jobs_seen)
    monkeypatch.setattr(watching, "load", load)
    monkeypatch.setattr(watching, "sleep", lambda seconds: None)
    return made


def watched(work, *server, **kwargs):
    """Watch until there is no more that the server shows; return what was loaded."""
    work.server = iter(server)
    with suppress(Ended):
        for loaded in fiftyone_cvat.watch(work.dataset, "run", **kwargs):
            assert loaded.job_ids == work.loads[-1]
    assert next(work.server, None) is None
    return work.loads


def test_what_is_loaded_once_and_again(work):
    later = "2026-11-30T13:00:00Z"
    done = job(1, "completed")

    loads = watched(
        work,
        [job(1), job(2)],
        [done, job(2)],
        [done, job(2)],
        [done, job(2, "completed")],
        [job(1, "in progress", date=later), job(2, "completed")],
        [job(1, "completed", date=later), job(2, "completed")],
    )

    assert loads == [[1], [2], [1]]
    assert work.settings == {"unexpected": "ignore"}


def test_an_assignee_who_has_no_job_yet(work):
    jobs = [[job(1), job(2)], [job(1), job(2, assignee="alice")]]
    jobs += [[job(1), job(2, assignee="bob")]]

    assert watched(work, *jobs, jobs={"assignee": "alice"}) == [[2]]


def test_an_assignee_who_has_no_job_any_more(work):
    jobs = [[job(1, assignee="alice"), job(2)], [job(1), job(2)]]
    jobs += [[job(1), job(2, assignee="alice")]]

    assert watched(work, *jobs, jobs="alice") == [[1], [2]]


def test_a_state_of_the_server_that_no_job_has_any_more(work):
    jobs = [[job(1, "paused"), job(2)], [job(1), job(2)], [job(1), job(2, "paused")]]

    assert watched(work, *jobs, jobs="paused") == [[1], [2]]


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        ("alice", "'assignee': 'alice'"),
        ("complete", r": did you mean 'completed'\?"),
        ("nobody", r"none\. Jobs have .* line assignee=nobody"),
        ({"state": "done"}, "'completed'"),
        ({"stage": "done"}, "'acceptance'"),
        ([1, 3], "job 3 is not there"),
        (1.5, "no job's id"),
    ],
)
def test_choices_that_can_never_be(work, jobs, words):
    work.server = iter([[job(1), job(2)]])

    with pytest.raises(ConfigurationError, match=words):
        next(fiftyone_cvat.watch(work.dataset, "run", jobs=jobs))

    assert work.loads == []


@pytest.mark.parametrize(
    "jobs", [(1, 2), range(1, 3), {1, 2}, dict.fromkeys([1, 2]).keys(), iter([1, 2])]
)
def test_ids_are_gone_through_once(work, jobs):
    later = "2026-11-30T13:00:00Z"
    shown = [[job(1), job(2)], [job(1), job(2)], [job(1, date=later), job(2)]]

    assert watched(work, *shown, jobs=jobs) == [[1, 2], [1]]


def test_named_jobs_and_tasks_that_go_away(work, caplog):
    later = "2026-11-30T13:00:00Z"
    work.results.task_ids.append(8)
    shown = [[job(1), job(2)], [job(1, date=later)], [job(1, date=later)]]

    assert watched(work, *shown, jobs=[1, 2]) == [[1, 2], [1]]

    told = [each for each in caplog.messages if "are left out" in each]
    assert len(told) == 2
    assert "shows no tasks 8 of run 'run'" in told[0]
    assert "shows no jobs 2 of run 'run'" in told[1]


def test_another_field_is_remembered_by_the_watch(work):
    done = [job(1, "completed"), job(2)]
    more = [job(1, "completed"), job(2, "completed")]

    assert watched(work, done, done, more, dest_field="other") == [[1], [2]]
    assert work.settings["dest_field"] == "other"
    # the field itself has none of them yet
    assert work.results.loaded_jobs == {}
    assert watched(work, done) == [[1], [2], [1]]


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError("no connection"),
        RequestTimeoutError("no answer"),
        RequestError("GET", "http://cvat/api/jobs", 429, "too many"),
        RequestError("GET", "http://cvat/api/jobs", 502, ""),
        AutoReconnect("the database does not answer"),
    ],
)
def test_what_does_not_answer_for_a_while(work, caplog, error):
    done = [job(1, "completed"), job(2)]

    assert watched(work, error, done, error, error, done) == [[1]]

    assert caplog.text.count("Asking again in 60 seconds") == 3


@pytest.mark.parametrize(
    "error",
    [
        CertificateError("it does not verify"),
        AccessDeniedError("GET", "http://cvat/api/jobs", 403, "no"),
        ConfigurationError("no task is seen"),
        ZeroDivisionError("a predicate"),
    ],
)
def test_what_stays_wrong(work, error):
    work.server = iter([error])

    with pytest.raises(type(error)):
        next(fiftyone_cvat.watch(work.dataset, "run"))


def test_a_load_that_was_stopped_begins_with_what_is_stored(work, monkeypatch):
    load = watching.load
    stops = iter([True])

    def stopped(dataset, key, **kwargs):
        if next(stops, False):
            results = dataset.load_annotation_results(key)
            results.task_ids = []
            raise AutoReconnect("the database does not answer")
        assert dataset.load_annotation_results(key).task_ids == [7]
        load(dataset, key, **kwargs)

    monkeypatch.setattr(watching, "load", stopped)
    done = [job(1, "completed"), job(2)]

    assert watched(work, done, done, done) == [[1]]


def as_another_process(dataset):
    """Load and save the run as another process does that knows it by the database."""
    other = dataset.load_annotation_results("run", cache=False)
    other.loaded_jobs = {1: job(1)["updated_date"]}
    field = dataset._doc.annotation_runs["run"].results
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(other.backend, "has_cached_run_results", lambda *_: False)
        before = field.grid_id
        other.save()
        stored = field.grid_id
        field.grid_id, field.gridout = before, None
    assert stored != before


def test_what_another_process_has_loaded(work):
    done = [job(1, "completed"), job(2)]

    def meanwhile():
        as_another_process(work.dataset)
        return [job(1), job(2)]

    assert watched(work, meanwhile, done) == []
    assert work.dataset.load_annotation_results("run").loaded_jobs.keys() == {1}


@pytest.mark.parametrize("what", ["run", "dataset"])
def test_what_is_deleted_meanwhile(work, what):
    connection = fo.core.odm.get_db_conn()

    def meanwhile():
        # what another process does
        doc = work.dataset._doc
        connection.runs.delete_one({"_id": doc.annotation_runs["run"].id})
        if what == "dataset":
            connection.datasets.delete_one({"_id": doc.id})
        return [job(1), job(2)]

    work.server = iter([meanwhile, [job(1, "completed"), job(2)]])

    with pytest.raises(ConfigurationError, match=r"'run' .* not there any more"):
        next(fiftyone_cvat.watch(work.dataset, "run"))

    assert work.loads == []


def test_a_run_that_this_process_deletes(work):
    def meanwhile():
        work.dataset.delete_annotation_run("run")
        return [job(1), job(2)]

    work.server = iter([meanwhile, [job(1, "completed"), job(2)]])

    with pytest.raises(ConfigurationError, match="no annotation run 'run'"):
        next(fiftyone_cvat.watch(work.dataset, "run"))


@pytest.mark.parametrize("every", [0, -1, float("nan"), float("inf"), 1e9, "often"])
def test_pauses_that_cannot_be(work, every):
    with pytest.raises(ConfigurationError, match="`every` must be"):
        next(fiftyone_cvat.watch(work.dataset, "run", every=every))
