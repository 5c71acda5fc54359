"""Datasets and runs that are not there: those that may be meant are named."""

from __future__ import annotations

import fiftyone as fo
import pytest
from fiftyone.core.annotation import AnnotationMethod, AnnotationMethodConfig

from fiftyone_cvat import CVATBackendConfig
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.workflows.results import (
    check_run,
    dataset_of_name,
    results_of_run,
)

SCHEMA = {"kind": {"type": "classification", "classes": ["a"]}}


def register(dataset, *keys):
    for key in keys:
        config = CVATBackendConfig("cvat", SCHEMA, url="http://cvat")
        config.build().register_run(dataset, key)


def register_another(dataset, key):
    """Register a run that is none of CVAT."""
    config = AnnotationMethodConfig()
    AnnotationMethod(config).register_run(dataset, key)


def words_of(call, *args):
    with pytest.raises(ConfigurationError) as caught:
        call(*args)
    return str(caught.value)


@pytest.fixture
def only(dataset, monkeypatch):
    """The dataset, which is the only one that there is."""
    monkeypatch.setattr(fo, "list_datasets", lambda: [dataset.name])
    return dataset


def test_the_dataset_that_may_be_meant(only):
    for name in (only.name[:-1], only.name.upper()[:2] + only.name[2:]):
        words = words_of(dataset_of_name, name)
        assert words == f"FiftyOne has no dataset '{name}': did you mean '{only.name}'?"


def test_datasets_with_runs_of_cvat(only):
    register(only, "run")

    words = words_of(dataset_of_name, "zzzzzz")

    assert words.startswith("FiftyOne has no dataset 'zzzzzz'; datasets with runs of")
    assert f"'{only.name}'" in words


def test_no_dataset_has_a_run_of_cvat(only):
    register_another(only, "run")
    words = words_of(dataset_of_name, "zzzzzz")
    assert f"'{only.name}'" not in words


def test_no_dataset_at_all(monkeypatch):
    monkeypatch.setattr(fo, "list_datasets", list)
    words = words_of(dataset_of_name, "zzzzzz")
    assert words == "FiftyOne has no dataset 'zzzzzz': its database has none at all"


@pytest.mark.parametrize("call", [check_run, results_of_run])
def test_runs_of_the_dataset(dataset, call):
    what = f"Dataset '{dataset.name}' has no annotation run"
    assert words_of(call, dataset, "rnu") == f"{what} 'rnu'; it has none of CVAT"

    register_another(dataset, "rnu2")
    assert words_of(call, dataset, "rnu") == f"{what} 'rnu'; it has none of CVAT"

    register(dataset, "run", "cars")
    which = "its runs of CVAT: 'cars', 'run'"
    for key, words in {
        "rnu": f"'rnu': did you mean 'run'? ({which})",
        "zzz": f"'zzz'; {which}",
        5: f"'5'; {which}",
    }.items():
        assert words_of(call, dataset, key) == f"{what} {words}"


def test_not_all_of_many_runs(dataset):
    register(dataset, *(f"run{number:02}" for number in range(12)))

    words = words_of(check_run, dataset, "zzz")

    assert words.endswith("'run08', 'run09', ... (12)")
    assert "run10" not in words
