"""What FiftyOne's folder of plugins holds, and the package that is installed."""

from __future__ import annotations

import logging
from importlib.metadata import version
from types import SimpleNamespace

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
