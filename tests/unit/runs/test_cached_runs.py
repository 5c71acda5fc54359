"""Results that FiftyOne has cached go by the keywords of a load."""

from __future__ import annotations

import fiftyone as fo
import fiftyone.utils.annotations as foua
import pytest

from fiftyone_cvat import CVATAnnotationResults, CVATBackendConfig
from fiftyone_cvat.errors import ConfigurationError

SCHEMA = {"kind": {"type": "classification", "classes": ["a"]}}
NO_TASKS = {
    "id_map": {},
    "server_id_map": {},
    "project_ids": [],
    "task_ids": [],
    "job_ids": {},
    "frame_id_map": {},
    "labels_task_map": {},
}


class AnotherConfig(foua.AnnotationBackendConfig):
    """The configuration of another backend."""


class Another(foua.AnnotationBackend):
    """Another backend."""


class AnotherResults(foua.AnnotationResults):
    """The results of another backend."""


@pytest.fixture
def results(dataset):
    """The results of a run without tasks, which FiftyOne has cached."""
    config = CVATBackendConfig(
        "cvat", SCHEMA, url="http://cvat", username="alice", password="first"
    )
    backend = config.build()
    backend.register_run(dataset, "run")
    made = CVATAnnotationResults(dataset, config, "run", **NO_TASKS, backend=backend)
    backend.save_run_results(dataset, "run", made)
    assert backend.has_cached_run_results(dataset, "run")
    return made


@pytest.fixture
def api(results):
    """A session that is open."""
    made = object()
    results.use_api(made)
    return made


def secrets(config):
    names = ("username", "email", "password", "access_token")
    return [getattr(config, name) for name in names]


def test_jobs_are_those_of_the_last_call(dataset, results):
    assert dataset.load_annotation_results("run", jobs="completed") is results
    assert results.config.jobs == "completed"
    assert dataset.load_annotation_results("run") is results
    assert results.config.jobs is None


def test_what_is_not_given_stays(dataset, results, api):
    before = secrets(results.config)

    again = dataset.load_annotation_results("run", url=None, password="first")

    assert again is results
    assert secrets(results.config) == before == ["alice", None, "first", None]
    assert results.connect_to_api() is api


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"password": "second"}, ["alice", None, "second", None]),
        (
            {"username": "bob", "password": "his"},
            ["bob", None, "his", None],
        ),
        ({"email": "a@b.c"}, [None, "a@b.c", "first", None]),
        ({"access_token": "token"}, ["alice", None, "first", "token"]),
    ],
)
def test_somebody_else_signs_in(dataset, results, api, given, expected):
    dataset.load_annotation_results("run", **given)

    assert secrets(results.config) == expected
    assert results.backend._api is None

    # a password goes before a token that was given earlier
    dataset.load_annotation_results("run", username="carl", password="last")
    assert secrets(results.config) == ["carl", None, "last", None]


@pytest.mark.parametrize(
    "given",
    [
        {"url": "http://other"},
        {"headers": {"X-Key": "value"}},
        {"verify_ssl": "false"},
        {"organization": "team"},
    ],
)
def test_another_server(dataset, results, api, given):
    dataset.load_annotation_results("run", **given)

    assert results.backend._api is None
    [(name, value)] = given.items()
    expected = False if name == "verify_ssl" else value
    assert getattr(results.config, name) == expected
    assert results.config._stored_url == "http://cvat"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"job": "completed"}, TypeError),
        ({"url": "http://a:b@cvat"}, ConfigurationError),
    ],
)
def test_what_is_refused(dataset, results, given, error):
    with pytest.raises(error):
        dataset.load_annotation_results("run", **given)

    assert dataset.load_annotation_results("run") is results


def test_results_that_are_not_to_be_cached(dataset, results):
    with pytest.raises(TypeError):
        dataset.load_annotation_results("run", job="completed")

    fresh = dataset.load_annotation_results("run", cache=False, jobs="new")

    assert fresh is not results
    assert fresh.config.jobs == "new"
    assert results.config.jobs is None
    fresh.save()
    assert dataset.load_annotation_results("run") is fresh


def as_another_process(dataset, change):
    """Change the run and save it, unnoticed by the results that are cached."""
    other = dataset.load_annotation_results("run", cache=False)
    change(other)
    other.backend.save_run_results(dataset, "run", other, cache=False)
    other.save_config()


def test_what_another_process_has_saved(dataset, results, api):
    def load(other):
        other.task_ids = [7]
        other.loaded_jobs = {1: "2026-11-30"}

    as_another_process(dataset, load)

    assert dataset.load_annotation_results("run", jobs="new") is results
    assert (results.task_ids, results.loaded_jobs) == ([7], {1: "2026-11-30"})
    assert results.config.jobs == "new"
    # who is signed in stays
    assert results.connect_to_api() is api
    assert secrets(results.config) == ["alice", None, "first", None]


def test_what_another_process_has_attached(dataset, results, api):
    def attach(other):
        other.config.url = other.config._stored_url = "http://new"

    as_another_process(dataset, attach)
    dataset.load_annotation_results("run")

    assert results.config.url == results.config._stored_url == "http://new"
    assert results.backend._api is None
    assert results.config.password == "first"


def test_what_another_process_has_deleted(dataset, results):
    run_id = dataset._doc.annotation_runs["run"].id
    connection = fo.core.odm.get_db_conn()
    connection.runs.delete_one({"_id": run_id})
    where = {"_id": dataset._doc.id}
    connection.datasets.update_one(where, {"$unset": {"annotation_runs.run": 1}})

    with pytest.raises(ValueError, match=r"no annotation.* key 'run'"):
        dataset.load_annotation_results("run")


def test_runs_of_other_backends(dataset, results):
    config = AnotherConfig("another", SCHEMA)
    backend = Another(config)
    backend.register_run(dataset, "other")
    other = AnotherResults(dataset, config, "other", {}, backend=backend)
    backend.save_run_results(dataset, "other", other)

    # FiftyOne drops what it knows nothing of
    assert dataset.load_annotation_results("other", jobs="completed") is other


def test_fiftyone_goes_on_caching_a_few(dataset, results):
    for number in range(9):
        key = f"run{number}"
        results.backend.register_run(dataset, key)
        results.backend.save_run_results(dataset, key, results)

    assert not results.backend.has_cached_run_results(dataset, "run")
    assert dataset.load_annotation_results("run", jobs="new").config.jobs == "new"
    fo.load_dataset(dataset.name).clear_cache()
    assert dataset.load_annotation_results("run").config.jobs is None
