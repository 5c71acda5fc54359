"""Views that FiftyOne hands over, put right where they leave labels out."""

from __future__ import annotations

from typing import Any

import fiftyone.core.stages as fos
from fiftyone import ViewField

from fiftyone_cvat.types import LabelSchema

__all__ = ["with_masks_on_disk"]


def with_masks_on_disk(samples: Any, label_schema: LabelSchema) -> Any:
    """Return a collection whose instances include those with masks in files.

    Before an annotation run FiftyOne selects the labels that have a ``mask`` in the
    database, and so leaves out those that have a ``mask_path``.

    Args:
        samples: the collection as FiftyOne selected it
        label_schema: the run's label schema
    """
    fields = {
        name
        for name, info in label_schema.items()
        if info.get("type") in ("instance", "instances") and info.get("existing_field")
    }
    stages = getattr(samples, "_stages", [])
    if not any(_selects_masks(stage, fields) for stage in stages):
        return samples
    # of clips, patches and frames its dataset alone would be another collection
    view = samples._base_view
    for stage in stages:
        if _selects_masks(stage, fields):
            either = ViewField("mask").exists() | ViewField("mask_path").exists()
            stage = fos.FilterLabels(stage.field, either, only_matches=False)  # noqa: PLW2901
        view = view.add_stage(stage)
    return view


def _selects_masks(stage: Any, fields: set[Any]) -> bool:
    if not isinstance(stage, fos.FilterLabels) or stage.field not in fields:
        return False
    given = getattr(stage.filter, "to_mongo", lambda: stage.filter)()
    return bool(given == ViewField("mask").exists().to_mongo())
