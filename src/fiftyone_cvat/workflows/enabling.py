"""This package behind FiftyOne's name ``cvat``, for the process that asks for it."""

from __future__ import annotations

import fiftyone as fo

from fiftyone_cvat.console import write_lines
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.types import CONFIG_CLS

__all__ = ["enable"]


def enable(backend: str = "cvat") -> None:
    """Put this package behind a backend's name in FiftyOne, for this process.

    ``backend="cvat"`` then means this package, in new runs and wherever else FiftyOne
    looks the name up; what is configured for it, such as the URL, stays as it is. The
    line that is printed says so. To enable it again changes nothing. The configuration
    files are not changed: for every process, set ``FIFTYONE_CVAT_CONFIG_CLS``.

    A run stays with the class that it was saved with, whatever is enabled: one of
    FiftyOne's built-in integration is taken over by :func:`fiftyone_cvat.adopt_run`.

    Args:
        backend: the name in ``fo.annotation_config.backends``; a new one is added

    Raises:
        ConfigurationError: if the name is that of another backend of FiftyOne
    """
    if not isinstance(backend, str) or not backend.strip():
        raise ConfigurationError(
            f"`backend` is a name, such as 'cvat', not {backend!r}"
        )
    settings = fo.annotation_config.backends.setdefault(backend, {})
    found = settings.get("config_cls", CONFIG_CLS)
    if backend != "cvat" and found != CONFIG_CLS:
        raise ConfigurationError(
            f"FiftyOne's backend '{backend}' is {found}; choose another name"
        )
    settings["config_cls"] = CONFIG_CLS
    if fo.annotation_config.default_backend is None:  # there was no backend at all
        fo.annotation_config.default_backend = backend
    words = f'Annotation runs with backend="{backend}" now use fiftyone-cvat'
    write_lines([f"{words} in this process"])
