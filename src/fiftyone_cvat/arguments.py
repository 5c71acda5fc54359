"""Arguments of a run: checked, kept out of what is stored, or read from it."""

from __future__ import annotations

import os
from typing import Any

from fiftyone_cvat.errors import ConfigurationError

__all__ = [
    "positive_number",
    "private",
    "secret",
    "stored_to_results",
    "text_of",
    "truth_or_text",
    "whole_number",
]


def private(name: str, text: str) -> property:
    """Return a property kept in an attribute that FiftyOne does not store.

    Args:
        name: the property's name; an underscore before it makes the attribute's
        text: its documentation
    """

    def get(self: Any) -> Any:
        return getattr(self, f"_{name}")

    def put(self: Any, value: Any) -> None:
        setattr(self, f"_{name}", value)

    return property(get, put, doc=text)


def secret(name: str, text: str) -> property:
    """Return a property for a text that FiftyOne does not store.

    FiftyOne reads numbers and words such as "None" into the texts of environment
    variables: a password "0123" is taken from the variable itself.

    Args:
        name: the property's name; an underscore before it makes the attribute's
        text: its documentation
    """

    def get(self: Any) -> Any:
        return getattr(self, f"_{name}")

    def put(self: Any, value: Any) -> None:
        setattr(self, f"_{name}", text_of(self.name, name, value))

    return property(get, put, doc=text)


def text_of(backend: str, name: str, value: Any) -> str | None:
    """Return an argument as the text that the user wrote.

    Args:
        backend: the name of the backend
        name: the argument's name
        value: what FiftyOne made of it
    """
    written = os.environ.get(f"FIFTYONE_{(backend or '').upper()}_{name.upper()}")
    if isinstance(value, str) or not written:
        return None if value is None else str(value)
    return written


def positive_number(name: str, value: Any) -> float:
    """Return a number of seconds.

    Args:
        name: the argument's name, for the message
        value: what was given

    Raises:
        ConfigurationError: if it is no number above 0
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if not number > 0:
        raise ConfigurationError(f"`{name}` must be a number of seconds: {value!r}")
    return number


def whole_number(
    name: str, value: Any, *, least: int, most: int | None = None
) -> int | None:
    """Return a whole number, also from the text of an environment variable.

    Args:
        name: the argument's name, for the message
        value: what was given; None stays None
        least: the least number that can work
        most: the greatest one, or None

    Raises:
        ConfigurationError: if it is no such number
    """
    if value is None:
        return None
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = least - 1
    if isinstance(value, float) and value != number:
        number = least - 1
    if number < least or (most is not None and number > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ConfigurationError(f"`{name}` must be a whole number {limits}: {value!r}")
    return number


def truth_or_text(value: Any) -> bool | str:
    """Read a truth value from an environment variable; leave a path alone.

    Nothing, and a text that is empty, stand for True.
    """
    words = {"": True, "true": True, "1": True, "false": False, "0": False}
    if isinstance(value, str):
        return words.get(value.strip().lower(), value)
    return value is None or bool(value)


def stored_to_results(stored: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a run's results from what is stored of them.

    JSON has turned ids that are keys into strings. Runs that the built-in CVAT
    integration saved long ago lack some of them.

    Args:
        stored: what the database holds
    """
    return {
        "id_map": stored["id_map"],
        "server_id_map": {
            kind: {int(server_id): label_id for server_id, label_id in by_id.items()}
            for kind, by_id in (stored.get("server_id_map") or {}).items()
        },
        "project_ids": stored.get("project_ids") or [],
        "task_ids": stored["task_ids"],
        "job_ids": {int(task_id): ids for task_id, ids in stored["job_ids"].items()},
        "frame_id_map": {
            int(task_id): {int(frame): each for frame, each in frames.items()}
            for task_id, frames in stored["frame_id_map"].items()
        },
        "labels_task_map": stored["labels_task_map"],
        "frame_numbering": stored.get("frame_numbering", "source"),
    }
