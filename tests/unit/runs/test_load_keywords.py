"""Keywords of a load besides credentials."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat.backend import CVATBackendConfig
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.last_loads import LoadOptions
from fiftyone_cvat.runs.load_keywords import options_of_load

HAS_SCHEMAS = hasattr(fo.Dataset, "label_schemas")


def options(**keywords):
    config = CVATBackendConfig("cvat", {})
    config.load_options = LoadOptions(are_noted=True)
    return options_of_load(config, keywords)


@pytest.mark.parametrize("value", [None, False])
def test_what_is_not_asked_for(value):
    assert options(jobs="completed", update_label_schema=value) == options()
    assert options() == LoadOptions(are_noted=True)


@pytest.mark.skipif(not HAS_SCHEMAS, reason="FiftyOne has them since 1.16")
def test_what_is_asked_for():
    asked = LoadOptions(are_noted=True, updates_label_schema=True)
    assert options(update_label_schema=True) == asked
    config = CVATBackendConfig("cvat", {})
    config.load_credentials(update_label_schema=True)
    assert config.load_options.updates_label_schema
    config.load_credentials()
    assert not config.load_options.updates_label_schema


def test_a_fiftyone_without_label_schemas(monkeypatch):
    monkeypatch.delattr(fo.Dataset, "update_label_schema", raising=False)
    with pytest.raises(ConfigurationError, match=r"needs FiftyOne 1\.16 or newer"):
        options(update_label_schema=True)


@pytest.mark.parametrize("value", ["yes", 1, ["cats"]])
def test_what_is_neither(value):
    with pytest.raises(ConfigurationError, match="is True or False, not"):
        options(update_label_schema=value)


def test_one_that_is_misspelt():
    with pytest.raises(TypeError, match=r"did you mean `update_label_schema`\?"):
        options(update_label_schemas=True)
