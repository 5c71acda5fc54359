"""What the last load of each run has done, kept beside the dataset for the panel.

Only loads from the App are kept. The run itself knows when it was loaded last, wherever
that was: so a load from Python is not taken for the one before it.
"""

from __future__ import annotations

from typing import Any

from fiftyone_cvat.plugin.runs import credentials
from fiftyone_cvat.workflows.results import results_of_run
from fiftyone_cvat.workflows.traced_loads import LoadReport

__all__ = ["forget_load", "last_load", "note_load"]

STORE = "fiftyone_cvat_loads"


def note_load(ctx: Any, anno_key: str, report: LoadReport) -> None:
    """Keep what a load has done, in place of what the one before it did.

    Args:
        ctx: the context of an operator or panel
        anno_key: the run's key
        report: what it has done
    """
    ctx.store(STORE).set(anno_key, report.to_dict())


def last_load(ctx: Any, anno_key: str) -> dict[str, Any] | None:
    """Return what the last load of a run has done.

    Args:
        ctx: the context of an operator or panel
        anno_key: the run's key

    Returns:
        a :class:`LoadReport` as a dict, with ``date`` only if it was loaded outside the
        App; None if it was not loaded yet

    Raises:
        CVATError: if nothing can be told of the run
    """
    date = results_of_run(ctx.dataset, anno_key, **credentials(ctx)).load_date
    if date is None:
        return None
    found: dict[str, Any] | None = ctx.store(STORE).get(anno_key)
    return {"date": date} if found is None or found["date"] != date else found


def forget_load(ctx: Any, anno_key: str) -> None:
    """Forget what the last load of a run has done: its key may be used anew.

    Args:
        ctx: the context of an operator or panel
        anno_key: the run's key
    """
    ctx.store(STORE).delete(anno_key)
