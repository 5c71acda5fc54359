"""What labels of the dataset go up as now, with the ids that the server has."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from fiftyone_cvat.convert.from_cvat.originals import Original
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from fiftyone_cvat.convert.to_cvat.class_names import cvat_class
from fiftyone_cvat.dataset.field_annotations import FieldConversion, convert_labels
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.server.task_answers import TaskAnswer
from fiftyone_cvat.types import Json

__all__ = ["add_class", "annotations_of", "convert_later"]

logger = logging.getLogger(__name__)


def annotations_of(
    api: Any,
    value: Any,
    conversion: FieldConversion,
    frame: int,
    ref: FrameRef,
    task: TaskAnswer,
) -> list[tuple[str | None, Json]]:
    """Return what a field's value goes up as: label ids and annotations.

    The annotations have the server's ids of classes and attributes.

    Args:
        api: the API, whose documented members convert
        value: the field's value
        conversion: how labels of the field are converted
        frame: the frame's position in the task, from 0
        ref: the frame
        task: what the server answers about the task
    """
    size = task.sizes.get(frame)
    if size is None:
        # the server found fewer frames in the video: this one stays as it is
        return []
    try:
        _, created, _ = convert_labels(api, value, conversion, frame, size, ref)
    except GeometryError as error:
        # spoiled since it went up: what CVAT has takes its place
        logger.warning("%s", error)
        return []
    label_ids = [split_label_id(each["attributes"][0]["value"])[0] for each in created]
    for each in created:
        if each["label_id"] not in conversion.occluded_attrs:
            each.pop("occluded", None)
        if each["label_id"] not in conversion.group_id_attrs:
            each.pop("group", None)
    known = [each for each in created if _has_classes(each, task.class_ids)]
    gone = [each for each in created if not _has_classes(each, task.class_ids)]
    api._remap_ids(known, task.class_ids, task.attribute_ids)
    for each in gone:
        # renamed or deleted in CVAT since: the place still tells what it is
        each["label_id"] = None
    return list(zip(label_ids, created, strict=True))


def convert_later(
    by_id: Mapping[str, Original],
    label: Any,
    make: Callable[[], list[tuple[str | None, Json]]],
) -> None:
    """Let a segmentation be converted if painting cannot tell that it is the same.

    60 of 1280 x 960 pixels load in 0.34 s of CPU so, and in 0.58 s otherwise.
    """
    if label.id in by_id:
        by_id[label.id].created = lambda: [
            annotation for label_id, annotation in make() if label_id == label.id
        ]


def add_class(conversion: FieldConversion, name: str | None) -> None:
    """Add a class that the run's labels have in the dataset, but not in CVAT."""
    schema = conversion.cvat_schema
    if name is not None and cvat_class(name, schema, conversion.label_field) is None:
        schema.add_class(name)


def _has_classes(annotation: Json, class_ids: Mapping[Any, int]) -> bool:
    """Tell whether the server has an annotation's class, and those of its nodes."""
    name = annotation["label_id"]
    nodes = [(name, each["label_id"]) for each in annotation.get("elements") or ()]
    return all(each in class_ids for each in (name, *nodes))
