"""Arguments of a run: checked, kept out of what is stored, or read from it."""

from __future__ import annotations

from typing import Any

from fiftyone_cvat.errors import ConfigurationError

__all__ = ["private", "stored_to_results", "truth_or_text", "whole_number"]


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
    if number < least or (most is not None and number > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ConfigurationError(f"`{name}` must be a whole number {limits}: {value!r}")
    return number


def truth_or_text(value: Any) -> bool | str:
    """Read a truth value from an environment variable; leave a path alone."""
    words = {"true": True, "1": True, "false": False, "0": False}
    return words.get(value.lower(), value) if isinstance(value, str) else bool(value)


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
    }
