"""Labels in the nested dicts in which FiftyOne takes them.

A dict of results goes from the kind of label to the sample's id, for videos to the
frame's id, and to the label's id; scalars stand in place of that last step.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import fiftyone.core.labels as fol
from bson import ObjectId

from fiftyone_cvat.types import RETURN_TYPES

__all__ = [
    "add_label_to_results",
    "get_ignored_types",
    "get_segmentation_id",
    "merge_results",
]

Results = dict[str, Any]


def add_label_to_results(
    results: dict[str, Any], label_type: str, label: Any, seg_id: str | None = None
) -> None:
    """Add a label to those of one frame, in place.

    Outlines that make up one segmentation, or one instance, are joined.

    Args:
        results: the frame's labels by id
        label_type: the kind of label
        label: the label; an outline where a mask is to be
        seg_id: the id of the frame's segmentation, or None for a new one
    """
    if label_type == "segmentation":
        if not results:
            results[seg_id or str(ObjectId())] = fol.Polylines(polylines=[])
        outlines = next(iter(results.values())).polylines
        if outlines and outlines[-1].label == label.label:
            outlines[-1].points.extend(label.points)
        else:
            # in the order in which they are painted
            outlines.append(label)
        return
    known = results.get(label.id)
    if isinstance(label, fol.Polyline) and isinstance(known, fol.Polyline):
        known.points.extend(label.points)
        return
    if known is not None:
        # a copy of a label is a new label
        label.id = str(ObjectId())
    results[label.id] = label


def merge_results(results: Results, new_results: Any) -> Results:
    """Add labels to labels, in place; of two with the same ids the first stays.

    Args:
        results: nested dicts
        new_results: nested dicts of the same depth

    Returns:
        the first dict
    """
    if isinstance(new_results, dict) and isinstance(results, dict):
        for key, value in new_results.items():
            if key in results:
                merge_results(results[key], value)
            else:
                results[key] = value
    return results


def get_segmentation_id(
    id_map: Mapping[str, Any], sample_id: str, frame_id: str | None
) -> str | None:
    """Return the id of the segmentation that went up for a frame, or None.

    Args:
        id_map: sample id, and for videos frame id, to label ids
        sample_id: the sample
        frame_id: the frame of a video, or None
    """
    label_id = id_map.get(sample_id)
    if frame_id is not None and isinstance(label_id, Mapping):
        label_id = label_id.get(frame_id)
    if isinstance(label_id, list) and len(label_id) == 1:
        label_id = label_id[0]
    return label_id if isinstance(label_id, str) else None


def get_ignored_types(
    project_id: int | None,
    label_types: Collection[str],
    label_type: str | None,
    is_last_field: bool,  # noqa: FBT001  the documented signature
) -> set[str]:
    """When uploading multiple fields to an existing project, each field must have a
    different type but can have overlapping class names. Therefore, when loading
    annotations, if a field exists for a found label type, that label will not be
    loaded with any other fields.

    Args:
        project_id: the existing project, or None
        label_types: the kinds of label that the fields of the run expect
        label_type: the type of one field, or None for one that takes any kind
        is_last_field: whether it is the last field, which takes what no field expects

    Returns:
        the kinds of label that are not loaded into that field
    """  # noqa: D205  the documented text
    if not project_id:
        return set()
    if label_type is None:
        return set(label_types)
    if len(label_types) < 2:  # noqa: PLR2004
        return set()
    expected = RETURN_TYPES[label_type]
    others = label_types if is_last_field else RETURN_TYPES.values()
    return set(others) - {expected}
