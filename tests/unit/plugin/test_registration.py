"""What FiftyOne's folder of plugins holds, and the package that is installed."""

from __future__ import annotations

import logging
from importlib.metadata import version
from types import SimpleNamespace

import fiftyone.operators as foo

from fiftyone_cvat.plugin import register
from fiftyone_cvat.plugin.operators import OPERATORS


def registered(of_version):
    """Return what is registered from a folder of a version."""
    found = []
    definition = SimpleNamespace(version=of_version, directory="/plugins/fiftyone-cvat")
    register(SimpleNamespace(plugin_definition=definition, register=found.append))
    return tuple(found)


def test_all_is_registered(caplog):
    assert registered(version("fiftyone-cvat")) == OPERATORS
    assert not caplog.records


def test_another_version_is_told(caplog):
    with caplog.at_level(logging.WARNING):
        assert registered("0.0.1") == OPERATORS

    assert "/plugins/fiftyone-cvat is of fiftyone-cvat 0.0.1" in caplog.text
    assert "fiftyone-cvat plugin install" in caplog.text


def test_what_takes_long_tells_how_far_it_is_and_can_be_delegated():
    configs = [each().config for each in OPERATORS if issubclass(each, foo.Operator)]
    long = {each.name for each in configs if each.allow_delegated_execution}
    assert long == {
        "request_annotations",
        "load_annotations",
        "write_status",
        "load_issues",
        "resume_run",
        "attach_tasks",
        "clean_up",
    }
    assert all(each.execute_as_generator for each in configs if each.name in long)
