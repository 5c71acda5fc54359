"""The dataset that a command is about."""

from __future__ import annotations

from typing import Any

__all__ = ["named_dataset"]


def named_dataset(name: str) -> Any:
    """Return the dataset of a name.

    Args:
        name: its name

    Raises:
        CVATError: if there is none, or if FiftyOne's database does not answer
    """
    from fiftyone_cvat.workflows.database import open_database
    from fiftyone_cvat.workflows.results import dataset_of_name

    open_database()
    return dataset_of_name(name)
