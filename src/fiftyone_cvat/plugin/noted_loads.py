"""What the last load of each run has done, kept beside the dataset for the panel."""

from __future__ import annotations

from typing import Any

from fiftyone_cvat.workflows.traced_loads import LoadReport

__all__ = ["forget_load", "note_load", "noted_load"]

STORE = "fiftyone_cvat_loads"


def note_load(ctx: Any, anno_key: str, report: LoadReport) -> None:
    """Keep what a load has done, in place of what the one before it did.

    Args:
        ctx: the context of an operator or panel
        anno_key: the run's key
        report: what it has done
    """
    ctx.store(STORE).set(anno_key, report.to_dict())


def noted_load(ctx: Any, anno_key: str) -> LoadReport | None:
    """Return what the last load from the App has done; None if there was none.

    Args:
        ctx: the context of an operator or panel
        anno_key: the run's key
    """
    found = ctx.store(STORE).get(anno_key)
    return None if found is None else LoadReport(**found)


def forget_load(ctx: Any, anno_key: str) -> None:
    """Forget what the last load of a run has done: its key may be used anew.

    Args:
        ctx: the context of an operator or panel
        anno_key: the run's key
    """
    ctx.store(STORE).delete(anno_key)
