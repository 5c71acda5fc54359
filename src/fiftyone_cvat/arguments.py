"""Arguments of a configuration: checked, or kept out of what is stored."""

from __future__ import annotations

from typing import Any

from fiftyone_cvat.errors import ConfigurationError

__all__ = ["private", "truth_or_text", "whole_number"]


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
