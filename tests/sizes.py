"""How much the fuzz and the tables of faults try: ``--size`` chooses it for a run."""

from __future__ import annotations

from typing import TypeVar

__all__ = ["NAMES", "sized"]

T = TypeVar("T")

NAMES = ("small", "large", "huge")
chosen = "small"


def sized(small: T, large: T, huge: T) -> T:
    """Return the value for the size of this run."""
    return {"small": small, "large": large, "huge": huge}[chosen]
