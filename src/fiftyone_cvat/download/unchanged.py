"""Annotations that came back as they went up, of which no labels are made.

FiftyOne gets the label that it has. To make one of the annotation too, only to throw
it away, takes 50 to 100 microseconds: 18,000 boxes of tracks load in 3.6 s of CPU
without, and in 8.4 s with it and with reads of FiftyOne's documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from fiftyone_cvat.convert.from_cvat.attribute_texts import (
    attribute_values,
    refused_texts,
)
from fiftyone_cvat.convert.from_cvat.comparison import same_annotation
from fiftyone_cvat.convert.from_cvat.field_context import FieldContext
from fiftyone_cvat.convert.from_cvat.labels import (
    AnnotationType,
    ReadLabel,
    read_annotation,
)
from fiftyone_cvat.convert.shared.attribute_names import LABEL_TYPES
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from fiftyone_cvat.convert.shared.segmentations import shows_pieces
from fiftyone_cvat.convert.shared.texts import LABEL_ID
from fiftyone_cvat.download.run_fields import TaskField
from fiftyone_cvat.server.task_answers import TaskAnswer
from fiftyone_cvat.types import Json

__all__ = ["are_unchanged", "are_untouched", "shows_all", "unchanged_annotation"]

_TYPES_BY_KIND: dict[str, tuple[str | None, ...]] = {
    "classifications": (None,),
    "detections": ("rectangle", "mask"),
    "polylines": ("polygon", "polyline"),
    "keypoints": ("points", "skeleton"),
}
"""Kinds of label to the types of what is one of them in any field that sent it."""


def unchanged_annotation(
    annotation: Json,
    annotation_type: AnnotationType,
    field: TaskField,
    label_id: str | None = None,
) -> ReadLabel | None:
    """Return what reading an annotation gives, but for its value, if it is unchanged.

    Args:
        annotation: the annotation as the server sent it
        annotation_type: ``tags``, ``shapes``, or ``tracks`` for a shape of one
        field: the field that it is placed in
        label_id: the id of the label that it may be; by default the annotation says it

    Returns:
        None if the annotation says that it is none of the labels, if it is not as
        that one went up, or if only reading it can show what it is
    """
    kind, context, task = field.kind, field.context, field.task
    if annotation.get("type") not in _TYPES_BY_KIND.get(kind, ()):
        return None
    if (annotation_type == "tags") != (kind == "classifications"):
        return None
    values = attribute_values(annotation, context.spec_ids)
    said_id, part = split_label_id(values.get(LABEL_ID))
    known = field.known(task.refs[annotation["frame"]])
    original = known.get(label_id or said_id or "")
    if original is None or part > len(original.annotations):
        return None
    sent = original.annotations[part - 1]
    if not _is_readable(annotation, sent, context):
        return None
    if not same_annotation([sent], [annotation], task.defaults, task.label_id_specs):
        return None
    return ReadLabel(
        kind,
        annotation["frame"],
        None,
        said_id,
        part,
        annotation,
        refused=refused_texts(annotation, values, context, LABEL_TYPES[kind]),
        sent=sent,
        read_later=partial(read_annotation, annotation, annotation_type, context),
        unread_class=context.class_by_label_id[annotation["label_id"]],
    )


def are_unchanged(parts: Sequence[ReadLabel], sent: Sequence[Json]) -> bool:
    """Return whether it is known already that all parts came back as they went up.

    Args:
        parts: what was read of each
        sent: what the label goes up as
    """
    return len(parts) == len(sent) and all(
        part.sent is each for part, each in zip(parts, sent, strict=True)
    )


def are_untouched(parts: Sequence[ReadLabel], number: int) -> bool:
    """Return whether all parts of a label are in CVAT as they were when they went up.

    Args:
        parts: what was read of each
        number: how many tags or shapes it went up as; not used if it is one of a track
    """
    untouched = [each for each in parts if each.is_untouched]
    is_track = any(each.track is not None for each in untouched)
    return len(untouched) == len(parts) and (is_track or len(parts) == number)


def shows_all(
    before: Any,
    pieces: Sequence[ReadLabel],
    mask_targets: Mapping[Any, str],
    task: TaskAnswer,
) -> bool:
    """Return whether a segmentation in the database is just what some pieces are.

    Args:
        before: FiftyOne's label, or None
        pieces: what was read of the pieces
        mask_targets: pixel value, or RGB hex string, to class name
        task: what the server answers about the task
    """
    if before is None or before.mask is None or not pieces:
        return False
    width, height = task.size_of(pieces[0].frame)
    masks = [each.value for each in pieces]
    return shows_pieces(before.mask, masks, (height, width), mask_targets)


def _is_readable(annotation: Json, sent: Json, context: FieldContext) -> bool:
    """Return whether reading cannot fail if the annotation is as it went up."""
    shape_type = annotation.get("type")
    if shape_type == "mask":
        # numbers that are not whole are near enough, but no mask
        return bool(annotation["points"] == sent.get("points"))
    is_skeleton = shape_type == "skeleton"
    return not is_skeleton or bool(
        context.nodes_by_label_id.get(annotation["label_id"])
    )
