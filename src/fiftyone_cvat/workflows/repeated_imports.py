"""What another import under the key of an earlier one may say, and what it may not.

The run knows where labels go and which project they are of. What is given again as it
was says nothing new; anything else would be an import of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.backend import CVATBackendConfig
from fiftyone_cvat.download.whereabouts import Whereabouts
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.server.imported_tasks import ImportedTask

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = [
    "CREDENTIALS",
    "take_settings_of_call",
    "fields_to_pairs",
    "refuse_other_arguments",
    "refuse_other_media",
    "refuse_other_organization",
    "refuse_other_tasks",
]

CREDENTIALS = (
    *("url", "username", "password", "email", "headers"),
    *("access_token", "verify_ssl", "organization"),
)
"""What says where a run is and who asks."""

OF_CALLS = ("max_workers", "timeout", "wait_timeout")
"""What each call may say anew."""


def fields_to_pairs(fields: Mapping[str, str]) -> list[list[str]]:
    """Return ``fields`` as it is stored: keys of the database are no such texts."""
    return [[pattern, name] for pattern, name in fields.items()]


def take_settings_of_call(config: Any, settings: Mapping[str, Any]) -> None:
    """Let a run's configuration have what a call says of itself, in place.

    Args:
        config: the run's configuration, which is not stored after that
        settings: the settings of the call
    """
    given = {name: settings[name] for name in OF_CALLS if name in settings}
    asked = CVATBackendConfig("cvat", {}, **given)
    for name in given:
        setattr(config, name, getattr(asked, name))


def refuse_other_arguments(
    results: Any, fields: Mapping[str, str], settings: Mapping[str, Any]
) -> None:
    """Refuse arguments that say otherwise than the run where labels go, or are.

    Args:
        results: the run's results
        fields: names of classes to fields; none for those of the run
        settings: what :class:`CVATBackendConfig` takes; None is not given

    Raises:
        ConfigurationError: if one does
    """
    config, prefix = results.config, results.samples._FRAMES_PREFIX
    found = []
    stored = dict(getattr(config, "import_fields", ()))
    if fields and _meant(fields, prefix) != _meant(stored, prefix):
        found.append(("fields", stored or None, dict(fields)))
    asked = CVATBackendConfig("cvat", {}, **settings)
    for name in settings:
        value = _plain(name, getattr(asked, name, None))
        known = _plain(name, getattr(config, name, None))
        if name == "url":
            known = _plain(name, config._stored_url)
        elif name in (*CREDENTIALS, *OF_CALLS):
            continue
        if value is not None and value != known:
            found.append((name, known, value))
    _refuse(results, found)


def refuse_other_tasks(
    api: CVATAnnotationAPI,
    results: Any,
    project_id: int | None,
    tasks: Iterable[ImportedTask],
) -> None:
    """Refuse tasks of another project than that of which a run is.

    The labels of one project are asked for once, for all of its tasks. A run that is of
    no project takes any tasks.

    Args:
        api: the session
        results: the run's results
        project_id: the project that is asked for, or None
        tasks: the tasks that are asked for

    Raises:
        ConfigurationError: if a task is of another one
    """
    own = results.config.project_id
    if own is None or project_id == own:
        return
    if project_id is not None:
        _refuse(results, [("project", own, project_id)])
    for task in tasks:
        if task.id not in results.task_ids:
            there = api.get(api.task_url(task.id)).json().get("project_id")
            if there != own:
                of = "no project" if there is None else f"project {there}"
                asked = f"task {task.id} of {of}"
                _refuse(results, [("tasks", f"those of project {own}", asked)])


def refuse_other_media(results: Any, prefix: str) -> None:
    """Refuse videos in a run of pictures, and the other way round."""
    own = results.samples._FRAMES_PREFIX
    is_of_videos = all(each.startswith(own) for each in results.config.label_schema)
    if is_of_videos != bool(prefix):
        kinds = ("of videos", "not of videos")
        was, now = kinds if is_of_videos else kinds[::-1]
        raise ConfigurationError(
            f"Run '{results.key}' is {was}, and these tasks are {now}: give another "
            "`anno_key`"
        )


def refuse_other_organization(api: CVATAnnotationAPI, results: Any) -> None:
    """Refuse an organization that has none of a run's tasks.

    Raises:
        ConfigurationError: if it has none
    """
    whereabouts = Whereabouts(api, results)
    refusal = None
    for task_id in results.task_ids:
        refusal = whereabouts.refusal(task_id)
        if refusal is None:
            return
    if refusal is not None:
        raise ConfigurationError(f"{refusal}. Nothing has changed here")


def _meant(fields: Mapping[str, str], prefix: str) -> dict[frozenset[str], str]:
    """Return fields so that those are equal that mean the same."""
    return {
        frozenset(pattern.split("|")): name.removeprefix(prefix)
        for pattern, name in fields.items()
    }


def _plain(name: str, value: Any) -> Any:
    """Return a setting so that those are equal that mean the same."""
    if name == "url" and value is not None:
        return str(value).strip().rstrip("/")
    return list(value) if isinstance(value, (list, tuple)) else value


def _refuse(results: Any, differences: list[tuple[str, Any, Any]]) -> None:
    """Refuse what differs, if anything does."""
    if not differences:
        return
    said = "; ".join(
        f"`{name}` was {stored} and is {asked} now"
        for name, stored, asked in differences
    )
    moved = ""
    if any(name == "url" for name, _, _ in differences):
        moved = ". If its tasks have moved, `fiftyone_cvat.attach` points the run there"
    raise ConfigurationError(
        f"Run '{results.key}' of dataset '{results.samples._root_dataset.name}' is an "
        f"import that was begun otherwise: {said}. Nothing has changed. Leave that out "
        f"to bring what is new in CVAT, or give another `anno_key`{moved}"
    )
