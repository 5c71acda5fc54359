"""Views that FiftyOne hands over: what they leave out, show anew, or stand on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import fiftyone.core.media as fom
import fiftyone.core.stages as fos
from fiftyone import ViewField

from fiftyone_cvat.types import LabelSchema

__all__ = [
    "all_slices",
    "count_other_kinds",
    "field_in_dataset",
    "frames_as_they_are",
    "shows_other_values",
    "values_of_view",
    "view_of_run",
    "with_all_of_kind",
    "with_points_of_view",
]

VALUE_STAGES = (fos.MapLabels, fos.MapValues, fos.SetField)
"""Stages of a view that show other values than the dataset has."""


def with_all_of_kind(samples: Any, label_schema: LabelSchema) -> Any:
    """Return a collection with all labels of the kinds that a run takes.

    Before an annotation run FiftyOne selects the labels that have a ``mask`` in the
    database, and so leaves out those that have a ``mask_path``; of polylines those
    that say that they are not filled, and so leaves out those that do not say it.

    Args:
        samples: the collection as FiftyOne selected it
        label_schema: the run's label schema
    """
    stages = list(getattr(samples, "_stages", []))
    is_other = False
    for label_field, (given, wanted) in _filters_by_field(label_schema).items():
        for number, stage in enumerate(stages):
            if wanted is not given and _selects(stage, label_field, given):
                stages[number] = fos.FilterLabels(
                    label_field, wanted, only_matches=False
                )
                is_other = True
    return _of_stages(samples, stages) if is_other else samples


def count_other_kinds(samples: Any, label_schema: LabelSchema) -> dict[Any, int]:
    """Count the labels that FiftyOne has selected out before a run: of other kinds.

    A field of detections may have some with masks and some without, one of polylines
    some that are filled and some that are not; a run takes one kind of them.

    Args:
        samples: the collection as FiftyOne selected it, or :func:`with_all_of_kind`
        label_schema: the run's label schema

    Returns:
        field to how many there are, if there are any
    """
    counts = {}
    for label_field, filters in _filters_by_field(label_schema).items():
        stages = list(getattr(samples, "_stages", []))
        selecting = [
            n for n, each in enumerate(stages) if _selects(each, label_field, *filters)
        ]
        if not selecting:
            continue
        # those before it are the user's own
        del stages[selecting[-1]]
        every = _of_stages(samples, stages)
        _, path = samples._get_label_field_path(label_field)
        number = every.count(path) - samples.count(path)
        if number:
            counts[label_field] = number
    return counts


_HAS_MASK = ViewField("mask").exists()
_IS_FILLED = ViewField("filled") == True  # noqa: E712
_FILTERS_BY_TYPE = {
    "detection": (~_HAS_MASK, ~_HAS_MASK),
    "instance": (_HAS_MASK, _HAS_MASK | ViewField("mask_path").exists()),
    "polygon": (_IS_FILLED, _IS_FILLED),
    "polyline": (ViewField("filled") == False, ~_IS_FILLED),  # noqa: E712
}
"""Type of labels, in the singular, to how FiftyOne selects them from their field, and
to what selects all of them."""


def _filters_by_field(label_schema: LabelSchema) -> dict[Any, tuple[Any, Any]]:
    """Return how the labels of each field are selected that may have two kinds."""
    filters = {
        name: _FILTERS_BY_TYPE.get((info.get("type") or "").removesuffix("s"))
        for name, info in label_schema.items()
        if info.get("existing_field")
    }
    return {name: each for name, each in filters.items() if each is not None}


def _of_stages(samples: Any, stages: Iterable[Any]) -> Any:
    """Return a view with other stages than it has."""
    # of clips, patches and frames its dataset alone would be another collection
    view = samples._base_view
    for stage in stages:
        view = view.add_stage(stage)
    return view


def _selects(stage: Any, label_field: Any, *filters: Any) -> bool:
    """Tell whether a stage selects the labels of a field by one of some filters."""
    if not isinstance(stage, fos.FilterLabels) or stage.field != label_field:
        return False
    given = getattr(stage.filter, "to_mongo", lambda: stage.filter)()
    return any(given == each.to_mongo() for each in filters)


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


def field_in_dataset(results: Any, label_field: str) -> str:
    """Return a field's name in the dataset; a view of frames leaves its prefix out.

    Args:
        results: the run's results
        label_field: the field, as the run names it
    """
    prefix: str = results.samples._root_dataset._FRAMES_PREFIX
    if results._is_frames and not label_field.startswith(prefix):
        return prefix + label_field
    return label_field


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
