"""Results that FiftyOne makes for an import, as our own."""

from __future__ import annotations

from types import SimpleNamespace

import fiftyone.utils.cvat as fouc
import pytest

from fiftyone_cvat.backend import (
    CVATAnnotationResults,
    CVATBackend,
    CVATBackendConfig,
)
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.foreign_results import own_results


def foreign(task_ids=(7, "8"), *, is_generated=False, **more):
    """Return results as FiftyOne's import makes them."""
    config = CVATBackendConfig("cvat", {None: {"attributes": {}, "classes": []}})
    samples = SimpleNamespace(_dataset=SimpleNamespace(_is_generated=is_generated))
    frames = {each: {0: {"sample_id": f"s{each}"}} for each in task_ids}
    arguments = {
        "id_map": {},
        "server_id_map": {},
        "project_ids": [],
        "task_ids": [*task_ids],
        "job_ids": [],
        "frame_id_map": frames,
        "labels_task_map": {None: [*task_ids]},
    } | more
    return fouc.CVATAnnotationResults(
        samples, config, "key", backend=CVATBackend(config), **arguments
    )


def own(results):
    return own_results(results, CVATAnnotationResults)


def test_what_they_hold():
    given = foreign()

    made = own(given)

    assert type(made) is CVATAnnotationResults
    for name in ("samples", "config", "backend", "key", "id_map", "server_id_map"):
        assert getattr(made, name) is getattr(given, name)
    assert made.task_ids == [7, 8]
    assert made.job_ids == {}
    assert made.frame_id_map == {
        7: {0: {"sample_id": "s7"}},
        8: {0: {"sample_id": "s8"}},
    }
    assert made.labels_task_map == {None: [7, 8]}
    assert made.frame_numbering == "file"


def test_they_have_all_that_ours_have():
    made = own(foreign())
    other = CVATAnnotationResults(None, made.config, "key", {}, {}, [], [], {}, {}, {})

    assert vars(made).keys() == vars(other).keys()
    assert made.serialize()


def test_jobs_that_somebody_asked_for():
    assert own(foreign(job_ids={"7": (70,), 8: [80]})).job_ids == {7: [70], 8: [80]}


def test_ours_are_left_as_they_are():
    made = own(foreign())

    assert own(made) is made
    assert own(None) is None


@pytest.mark.parametrize("task_id", ["seven", "", None, "7.5"])
def test_task_that_is_none(task_id):
    with pytest.raises(ConfigurationError, match="is no id of a task in CVAT"):
        own(foreign([task_id]))


def test_samples_that_are_made_of_others():
    with pytest.raises(ConfigurationError, match="give the dataset itself"):
        own(foreign(is_generated=True))
