"""The dataset that a command is about; what is told of the work stays out of output."""

from __future__ import annotations

import contextlib
import sys
from contextlib import AbstractContextManager
from typing import Any

__all__ = ["named_dataset", "work_aside"]


def work_aside() -> AbstractContextManager[Any]:
    """Keep what is told of the work out of the output: FiftyOne logs to it."""
    return contextlib.redirect_stdout(sys.stderr)


def named_dataset(name: str) -> Any:
    """Return the dataset of a name.

    Args:
        name: its name

    Raises:
        CVATError: if there is none, or if FiftyOne's database does not answer
    """
    from fiftyone_cvat.workflows.mongodb import open_database
    from fiftyone_cvat.workflows.results import dataset_of_name

    open_database()
    return dataset_of_name(name)
