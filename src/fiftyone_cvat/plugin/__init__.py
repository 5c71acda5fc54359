"""The plugin of FiftyOne's App: operators and a panel over this package's functions.

``fiftyone.yml`` and this file are what FiftyOne looks for in its folder of plugins;
everything else is imported from the package, wherever the folder lies. Begin reading at
``operators``, which lists what is registered.
"""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import Any

__all__ = ["register"]


def register(plugin: Any) -> None:
    """Register the operators and the panel.

    Args:
        plugin: FiftyOne's context of the plugin
    """
    from fiftyone_cvat.plugin.operators import OPERATORS

    found, installed = plugin.plugin_definition.version, version("fiftyone-cvat")
    if str(found) != installed:
        logging.getLogger(__name__).warning(
            "The plugin in %s is of fiftyone-cvat %s, and %s is installed: run "
            "`fiftyone-cvat plugin install`",
            plugin.plugin_definition.directory,
            found,
            installed,
        )
    for each in OPERATORS:
        plugin.register(each)
