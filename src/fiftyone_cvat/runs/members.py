"""Arguments of the members that scripts call: one thing, or several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.arguments import whole_number

__all__ = ["name_of", "number_of", "numbers_of", "paths_of", "several"]


def name_of(name: str, value: Any) -> str:
    """Return a text that names something.

    Args:
        name: the argument's name, for the message
        value: what was given

    Raises:
        ConfigurationError: if it is no text, or an empty one
    """
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"`{name}` must be a text, not {value!r:.80}")
    return value


def number_of(name: str, value: Any) -> int:
    """Return the number of an object of the server.

    Args:
        name: the argument's name, for the message
        value: what was given, a number or its text

    Raises:
        ConfigurationError: if it is none
    """
    number = whole_number(name, value, least=1)
    if number is None:
        raise ConfigurationError(f"`{name}` must be a whole number at least 1: None")
    return number


def several(name: str, value: Any) -> list[Any]:
    """Return the items of what is several things.

    Args:
        name: the argument's name, for the message
        value: what was given

    Raises:
        ConfigurationError: if it is one thing, or a dict
    """
    is_one = isinstance(value, str | bytes | Mapping)
    if is_one or not isinstance(value, Iterable):
        raise ConfigurationError(f"`{name}` must be a list, not {value!r:.80}")
    return list(value)


def numbers_of(name: str, value: Any) -> list[int]:
    """Return the numbers of objects of the server, of which all are numbers.

    Args:
        name: the argument's name, for the message
        value: what was given

    Raises:
        ConfigurationError: if it is no list of such numbers
    """
    given = enumerate(several(name, value))
    return [number_of(f"{name}[{at}]", each) for at, each in given]


def paths_of(name: str, value: Any) -> list[Any]:
    """Return paths of files; None stands for one that is not known.

    Args:
        name: the argument's name, for the message
        value: what was given: a list, or one path

    Raises:
        ConfigurationError: if it is anything else
    """
    paths = [value] if isinstance(value, str | PathLike) else several(name, value)
    for at, each in enumerate(paths):
        if not isinstance(each, str | PathLike | None):
            raise ConfigurationError(
                f"`{name}[{at}]` must be the path of a file, not {each!r:.80}"
            )
    return paths
