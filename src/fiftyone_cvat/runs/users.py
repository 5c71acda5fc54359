"""The names of CVAT's users that a run's keywords give."""

from __future__ import annotations

from typing import Any

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.arguments import texts_in_turn

__all__ = ["users_in_turn"]


def users_in_turn(backend: str, **given: Any) -> Any:
    """Return the user, or the list of users, that keywords of one meaning name.

    Forms of the App have one text for all names: they are parted by commas, which no
    name of a user has.

    Args:
        backend: the name of the backend
        **given: each keyword with its value: None, a text, or a list of texts and None

    Returns:
        None, a text, or a list of texts and None, for nobody

    Raises:
        ConfigurationError: if one is anything else, or if two name different users
    """
    found: dict[str, Any] = {}
    for name, value in given.items():
        users = _users(texts_in_turn(backend, name, value))
        if users is not None:
            found[name] = users
    values = [*found.values()]
    if any(_listed(each) != _listed(values[0]) for each in values):
        both = " and ".join(f"`{name}`" for name in found)
        raise ConfigurationError(f"{both} name different users: give one of the two")
    return values[0] if values else None


def _users(value: Any) -> Any:
    """Return a text, or a list, with the names parted that commas are between."""
    if isinstance(value, str):
        return _parted(value) if "," in value else value
    if isinstance(value, list):
        parts = ([each] if each is None else _parted(each) for each in value)
        return [user for part in parts for user in part]
    return value


def _parted(text: str) -> list[str | None]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
