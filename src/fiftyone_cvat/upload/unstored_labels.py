"""What the server did not store is taken out of a run: it would look deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from fiftyone_cvat.convert.shared.fingerprints import AnnotationNames
from fiftyone_cvat.convert.shared.frames import put_at_frame
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from fiftyone_cvat.convert.shared.server_ids import attribute_texts
from fiftyone_cvat.convert.shared.texts import LABEL_ID
from fiftyone_cvat.types import CVATSchema, Json
from fiftyone_cvat.upload.task_annotations import TaskAnnotations

__all__ = ["forget_unstored"]


def forget_unstored(
    sent: TaskAnnotations,
    stored: Json,
    names: AnnotationNames,
    cvat_schema: CVATSchema,
) -> None:
    """Take labels and scalars that the server did not store out of a task's ids.

    Args:
        sent: the task's annotations, whose ``id_map`` is changed in place
        stored: ``tags``, ``shapes`` and ``tracks`` as the server stored them
        names: what the server's ids stand for
        cvat_schema: CVAT class name to its attributes by name
    """
    ours = (*sent.tags, *sent.shapes, *sent.tracks)
    theirs = [each for kind in ("tags", "shapes", "tracks") for each in stored[kind]]
    if sum(map(_count, theirs)) >= sum(map(_count, ours)):
        return
    id_specs: set[Any] = {LABEL_ID}
    id_specs |= {
        ids[LABEL_ID] for ids in names.attribute_ids.values() if LABEL_ID in ids
    }
    lost = set(_label_ids(ours, id_specs)) - set(_label_ids(theirs, id_specs))
    for by_sample in sent.id_map.values():
        for sample_id, ids in by_sample.items():
            by_sample[sample_id] = _without(ids, lost)
    lost_tags = _places(sent.tags, names) - _places(stored["tags"], names)
    for class_name, frame in lost_tags:
        ref = sent.frames[frame]
        for label_field in cvat_schema[class_name].class_by_field:
            by_sample = sent.id_map.get(label_field, {})
            ids = by_sample.get(ref.sample_id)
            if ref.frame_id is not None and isinstance(ids, dict):
                ids = ids.get(ref.frame_id)
            if ids is True:  # a scalar, which has no id
                put_at_frame(by_sample, ref, value=False)


def _count(annotation: Json) -> int:
    """Return of how many parts an annotation is: itself, or the shapes of a track."""
    return len(annotation.get("shapes") or "1")


def _label_ids(annotations: Iterable[Json], id_specs: Collection[Any]) -> Iterator[Any]:
    for each in annotations:
        for text in attribute_texts(each, id_specs):
            yield split_label_id(text)[0]


def _places(tags: Iterable[Json], names: AnnotationNames) -> Counter[tuple[Any, int]]:
    """Count tags by class name and frame."""
    return Counter(
        (names.class_by_id.get(each["label_id"], each["label_id"]), each["frame"])
        for each in tags
    )


def _without(ids: Any, lost: Collection[Any]) -> Any:
    """Return the ids in a part of an ``id_map`` but for some."""
    if isinstance(ids, dict):
        return {key: _without(each, lost) for key, each in ids.items()}
    if isinstance(ids, list):
        return [each for each in ids if each not in lost]
    return None if isinstance(ids, str) and ids in lost else ids
