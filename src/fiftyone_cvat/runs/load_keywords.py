"""The keywords of a load that are none of FiftyOne's, and no credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import fiftyone as fo

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.keywords import check_keywords
from fiftyone_cvat.runs.last_loads import LoadOptions

__all__ = ["UPDATE", "has_label_schemas", "options_of_load"]

UPDATE = "update_label_schema"
"""The keyword that adds classes to the App's label schemas; FiftyOne's method, too."""


def has_label_schemas() -> bool:
    """Tell whether this FiftyOne has label schemas, which came with 1.16."""
    return hasattr(fo.Dataset, UPDATE)


def options_of_load(config: Any, keywords: Mapping[str, Any]) -> LoadOptions:
    """Return the options of a run's load, with what its keywords say.

    Args:
        config: the run's :class:`CVATBackendConfig`, with options that are no keywords
        keywords: as for ``load_credentials`` of the configuration

    Raises:
        KeywordError: if there is no such keyword
        ConfigurationError: if ``update_label_schema`` is neither True nor False, or if
            this FiftyOne has no label schemas
    """
    check_keywords(type(config), keywords.keys() - {"jobs", UPDATE})
    is_asked = keywords.get(UPDATE)
    if not isinstance(is_asked, bool | None):
        raise ConfigurationError(f"`{UPDATE}` is True or False, not {is_asked!r:.80}")
    if is_asked and not has_label_schemas():
        raise ConfigurationError(
            f"`{UPDATE}` needs FiftyOne 1.16 or newer: {fo.__version__} has no label "
            "schemas"
        )
    options: LoadOptions = config.load_options
    return replace(options, updates_label_schema=bool(is_asked))
