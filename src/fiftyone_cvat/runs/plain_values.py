"""What users give as arrays, generators or views of dicts, as lists and dicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["to_plain"]


def to_plain(value: Any) -> Any:
    """Return a value with lists, dicts and numbers of Python in place of others.

    Args:
        value: anything; arrays of NumPy and the like, series, generators, sets, tuples
            and views of dicts become lists, also inside of others. Texts, and what
            holds no values, stay as they are

    Returns:
        the value; a generator is used up
    """
    if isinstance(value, type):
        return value
    if hasattr(value, "tolist"):  # also a single number, or truth, of NumPy
        value = value.tolist()
    if isinstance(value, Mapping):
        return {_key(key): to_plain(each) for key, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | bytearray):
        return [to_plain(each) for each in value]
    return value


def _key(key: Any) -> Any:
    """Return a key of a dict, which a tuple may be, and a list may not."""
    return key.item() if hasattr(key, "item") else key
