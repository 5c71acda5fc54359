"""Views that FiftyOne hands over: what they leave out, show anew, or stand on."""

from __future__ import annotations

from typing import Any

import fiftyone.core.media as fom
import fiftyone.core.stages as fos
from fiftyone import ViewField

from fiftyone_cvat.types import LabelSchema

__all__ = [
    "all_slices",
    "frames_as_they_are",
    "shows_other_values",
    "values_of_view",
    "view_of_run",
    "with_masks_on_disk",
    "with_points_of_view",
]

VALUE_STAGES = (fos.MapLabels, fos.MapValues, fos.SetField)
"""Stages of a view that show other values than the dataset has."""


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


def frames_as_they_are(view: Any) -> Any:
    """Return the frames of a view of frames, as they are in the dataset now.

    FiftyOne keeps them in a dataset that it generates, and that does not see what was
    loaded before. To reload the view would delete the dataset that all others of its
    kind stand on; this one is generated beside it.

    Args:
        view: a view that ``to_frames`` made, with any stages behind it
    """
    view._source_collection.reload()
    stage = fos.ToFrames(config=view._frames_stage._config)
    return stage.load_view(view._source_collection)


def values_of_view(collection: Any, view: Any) -> Any:
    """Return a collection with the values that the view of a run shows.

    A view may show other values than the dataset has, as ``map_labels`` does. They are
    what went up, so they are what a label is compared with, and what one has that
    nobody touched. The first load puts them into the dataset: a stage that was applied
    again could map them on.

    Args:
        collection: the collection in which the run's sample ids are found
        view: the run's view
    """
    # the fields of patches have other paths than those of the dataset
    stages = (fos.MapLabels,) if view._is_patches else VALUE_STAGES
    return _with_stages_of(view, collection, stages)


def with_points_of_view(collection: Any, view: Any) -> Any:
    """Return a collection with only the points of keypoints that a run's view shows.

    Where ``filter_keypoints`` hides a point, it is NaN there, and has not gone up.

    Args:
        collection: the collection in which the run's sample ids are found
        view: the run's view

    Returns:
        None if the view hides none
    """
    stages = getattr(view, "_stages", ())
    if not any(isinstance(each, fos.FilterKeypoints) for each in stages):
        return None
    return _with_stages_of(view, collection, (fos.FilterKeypoints,))


def shows_other_values(collection: Any) -> bool:
    """Tell whether a collection shows other values than the dataset has."""
    return any(
        isinstance(each, VALUE_STAGES) for each in getattr(collection, "_stages", ())
    )


def view_of_run(results: Any) -> Any:
    """Return the view of a run; results that were stored have the dataset instead.

    Args:
        results: the run's results
    """
    samples = results.samples
    if samples is samples._root_dataset and samples.has_annotation_run(results.key):
        return samples.load_annotation_view(results.key)
    return samples


def all_slices(dataset: Any) -> Any:
    """Return all samples of a dataset, of groups those of all slices.

    Args:
        dataset: the dataset
    """
    if dataset.media_type != fom.GROUP:
        return dataset
    return dataset.select_group_slices(_allow_mixed=True)


def _with_stages_of(view: Any, collection: Any, stages: tuple[type, ...]) -> Any:
    """Return a collection with the stages of a view that are of some types."""
    for stage in getattr(view, "_stages", []):
        if isinstance(stage, stages):
            collection = collection.add_stage(stage)
    return collection
