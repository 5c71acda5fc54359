"""The text in which a label's FiftyOne id travels: the attribute ``label_id``.

Where a label has several parts, each part but the first adds its number to the id.
"""

from __future__ import annotations

__all__ = ["join_label_id", "split_label_id"]

SEPARATOR = "."
MAX_DIGITS = 9
"""Of the number of a part: Python refuses to read thousands."""


def join_label_id(label_id: str, part: int) -> str:
    """Return the text for the attribute ``label_id`` of one part of a label."""
    return label_id if part == 1 else f"{label_id}{SEPARATOR}{part}"


def split_label_id(text: str | None) -> tuple[str | None, int]:
    """Return a label's id and its part from the text of the attribute ``label_id``."""
    if not text or not text.strip():
        return None, 1
    label_id, _, part = text.strip().partition(SEPARATOR)
    number = int(part) if part.isdecimal() and len(part) <= MAX_DIGITS else 0
    return label_id, number or 1
