"""What options of several commands have in common."""

from __future__ import annotations

import math
from typing import Annotated

import typer

__all__ = ["AnnoKey", "DatasetName", "number_of_seconds"]

DatasetName = Annotated[str, typer.Argument(help="The name of the dataset.")]
AnnoKey = Annotated[str, typer.Argument(help="The key of the annotation run.")]


def number_of_seconds(value: float | None) -> float | None:
    """Return what an option says, if it is a number.

    Which numbers will do is in the option's ``min`` and ``max``; those of older
    releases of typer let one through that is none.

    Args:
        value: what was given, or None

    Raises:
        BadParameter: if it is no number
    """
    if value is not None and math.isnan(value):
        raise typer.BadParameter("nan is no number of seconds")
    return value
