"""Texts that CVAT takes, and values of attributes as such texts and back."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from fiftyone_cvat.errors import SchemaError

__all__ = [
    "LABEL_ID",
    "check_characters",
    "check_ends",
    "check_text",
    "shorten",
    "text_to_number",
    "text_to_value",
    "value_to_checkbox",
    "value_to_text",
]

LABEL_ID = "label_id"

MAX_INT = 2**63
"""Whole numbers from here on do not fit into the database."""

MAX_DIGITS = 20

MAX_TEXT = 4096
"""CVAT's limit for the value of an attribute, in characters."""

NO_CHARACTER = re.compile("[\0\ud800-\udfff]")

MAX_SHOWN = 60
"""Characters of a name or value that a message prints."""


def value_to_text(value: Any) -> str:
    """Convert a value to the text that CVAT keeps.

    Booleans are spelled as CVAT's checkboxes spell them; numbers so that reading
    them gives the same number.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def value_to_checkbox(value: Any) -> str | None:
    """Convert a value to the text that a checkbox has in CVAT.

    Args:
        value: a value that CVAT's text can hold

    Returns:
        ``true`` or ``false``, or None if the value means neither
    """
    truth: Any = value
    if isinstance(value, str):
        try:
            truth = text_to_value(value, bool)
        except ValueError:
            return None
    return {1: "true", 0: "false"}.get(truth)


def text_to_value(text: str, kind: type | str | None = None) -> Any:
    """Convert the text that CVAT keeps to a value.

    Args:
        text: the text
        kind: the type that the value has in the dataset (``str``, ``int``,
            ``float``, ``bool``; ``object`` for one that no text is), or CVAT's input
            type, where a string that may be anything else stays one; or None to guess,
            as FiftyOne does

    Returns:
        the value, or None for text that is empty and not meant as a string

    Raises:
        ValueError: if the text is no value of that type
    """
    if kind is str or kind in ("select", "radio", "text"):
        return text
    stripped = text.strip()
    if stripped in ("", "None"):
        return None
    if kind is object:
        raise ValueError("no text is a value of this type")
    if kind is bool or kind == "checkbox":
        return _truth_of(stripped)
    number = text_to_number(stripped)
    if kind in (float, "number") and number is not None and math.isinf(number):
        raise ValueError(f"'{shorten(text)}' is no finite number")
    if kind in (int, float):
        return _as_kind(number, kind, text)
    if number is not None and math.isfinite(number):
        long = kind is None and isinstance(number, float)
        return text if long and stripped.lstrip("-").isdigit() else number
    words = {"true": True, "false": False}
    return words.get(stripped.lower(), text)


def text_to_number(text: str) -> int | float | None:
    """Return the number that a text is, or None if it is none.

    A whole one that the database cannot hold becomes a float.
    """
    if not text.isascii() or "_" in text:
        return None
    try:
        number = int(text) if len(text) <= MAX_DIGITS else float(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return None
    return number if -MAX_INT <= number < MAX_INT else float(number)


def check_text(text: str, what: str) -> None:
    """Refuse a text that CVAT does not take as the value of an attribute.

    Args:
        text: the text
        what: what it belongs to, for the message

    Raises:
        SchemaError: if it has more than 4096 characters, or one that CVAT does not take
    """
    # CVAT takes white space off the ends of texts
    length = len(text.strip())
    if length > MAX_TEXT:
        raise SchemaError(
            f"{what} has {length} characters; CVAT takes {MAX_TEXT}: shorten it, or "
            "leave it out of the run"
        )
    check_characters(text, what)


def check_characters(text: str, what: str) -> None:
    """Refuse a text with a character that CVAT does not take anywhere.

    Args:
        text: the text
        what: what it belongs to, for the message

    Raises:
        SchemaError: if a character is NUL, or half of one (a lone surrogate)
    """
    found = NO_CHARACTER.search(text)
    if found is None:
        return
    code, at = ord(found.group()), found.start()
    name = f"half a character (U+{code:04X})" if code else "a NUL character"
    raise SchemaError(
        f"{what} has {name} at {at}, which CVAT "
        "does not take: remove it, or leave it out of the run"
    )


def check_ends(name: str, what: str, kind: str) -> None:
    """Refuse a name that CVAT would shorten.

    Args:
        name: the name
        what: what has it, for the message
        kind: what kind of thing that is

    Raises:
        SchemaError: if white space is at an end of it
    """
    if name != name.strip():
        raise SchemaError(
            f"{what} begins or ends with white space, which CVAT takes off: rename the "
            f"{kind}"
        )


def shorten(text: str) -> str:
    """Return a name or value as a message prints it: no more than its beginning."""
    shown = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
    # half a character cannot be printed
    return shown.encode("utf-8", "backslashreplace").decode()


def _truth_of(text: str) -> bool:
    words = {"true": True, "1": True, "1.0": True, "false": False, "0": False}
    if text.lower() not in {*words, "0.0"}:
        raise ValueError(f"'{text}' is neither true nor false")
    return words.get(text.lower(), False)


def _as_kind(number: float | None, kind: type | str | None, text: str) -> int | float:
    if number is None:
        raise ValueError(f"'{text}' is no number")
    if kind is float:
        return float(number)
    if not (float(number).is_integer() and -MAX_INT <= number < MAX_INT):
        raise ValueError(f"'{text}' is no whole number")
    return int(number)
