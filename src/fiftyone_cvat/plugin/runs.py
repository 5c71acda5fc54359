"""The runs of a dataset that the plugin works on, and how it signs in for them."""

from __future__ import annotations

from typing import Any

import fiftyone as fo
from fiftyone.operators import types

from fiftyone_cvat.backend import CVATBackend
from fiftyone_cvat.workflows.adoption import BUILT_IN

__all__ = [
    "BACKEND",
    "backend_name",
    "built_in_runs",
    "choose_run",
    "credentials",
    "own_runs",
    "server_settings",
]

BACKEND = "fiftyone_cvat.backend.CVATBackendConfig"
OURS = "fiftyone_cvat."
SIGN_IN = ("username", "password", "email", "access_token")
SERVER = ("url", "organization")


def own_runs(dataset: Any) -> list[str]:
    """Return the keys of the dataset's runs of this package, the newest first.

    Args:
        dataset: the dataset
    """
    return _runs_of(dataset, OURS)


def built_in_runs(dataset: Any) -> list[str]:
    """Return the keys of the runs of FiftyOne's built-in integration, likewise.

    Args:
        dataset: the dataset
    """
    return _runs_of(dataset, BUILT_IN)


def _runs_of(dataset: Any, package: str) -> list[str]:
    """Return the keys of the runs whose configuration is of a package."""
    found = [
        (CVATBackend._get_run_doc(dataset, key), key)
        for key in dataset.list_annotation_runs()
    ]
    meant = [
        (doc.timestamp, key)
        for doc, key in found
        if str(doc.config.get("cls", "")).startswith(package)
    ]
    return [key for _, key in sorted(meant, reverse=True)]


def backend_name() -> str:
    """Return the name under which FiftyOne's configuration knows this package.

    It is ``cvat`` if the configuration knows it under none: what is set for the
    built-in integration is set for this package, too.
    """
    for name, settings in fo.annotation_config.backends.items():
        if settings.get("config_cls") == BACKEND:
            return str(name)
    return "cvat"


def credentials(ctx: Any) -> dict[str, str]:
    """Return the plugin's secrets that sign in, if FiftyOne does not know them anyway.

    Args:
        ctx: the operator's context
    """
    return _secrets(ctx, SIGN_IN)


def server_settings(ctx: Any) -> dict[str, str]:
    """Return what a new run needs to find and to enter the server, likewise.

    Args:
        ctx: the operator's context
    """
    return _secrets(ctx, (*SERVER, *SIGN_IN))


def _secrets(ctx: Any, names: tuple[str, ...]) -> dict[str, str]:
    known = fo.annotation_config.backends.get(backend_name(), {})
    found = {
        name: ctx.secret(f"FIFTYONE_CVAT_{name.upper()}")
        for name in names
        if known.get(name) is None
    }
    return {name: value for name, value in found.items() if value}


def choose_run(ctx: Any, inputs: types.Object) -> str | None:
    """Add the choice of a run to a form; return the key that is chosen.

    Args:
        ctx: the operator's context
        inputs: the form

    Returns:
        None if the dataset has no run of this package; the form says so then
    """
    keys = own_runs(ctx.dataset)
    if not keys:
        inputs.view(
            "no_runs",
            types.Warning(
                label="This dataset has no annotation runs of CVAT",
                description="Begin one with the operator 'Request annotations'",
            ),
        ).invalid = True
        return None
    choices = types.DropdownView()
    for key in keys:
        choices.add_choice(key, label=key)
    inputs.enum(
        "anno_key",
        choices.values(),
        default=keys[0],
        required=True,
        label="Annotation run",
        view=choices,
    )
    chosen = ctx.params.get("anno_key", keys[0])
    return chosen if chosen in keys else None
