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
from fiftyone_cvat.runs.stored_runs import without_ids
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
    ours = {"tags": sent.tags, "shapes": sent.shapes, "tracks": sent.tracks}
    if all(_count(stored[kind]) >= _count(each) for kind, each in ours.items()):
        return
    id_specs: set[Any] = {LABEL_ID}
    id_specs |= {
        ids[LABEL_ID] for ids in names.attribute_ids.values() if LABEL_ID in ids
    }
    there = {
        label_id
        for kind in ours
        for each in stored[kind]
        for label_id in _label_ids(each, id_specs)
    }
    # what is there of a track goes on where its other key shapes were
    lost = {
        label_id
        for annotations in ours.values()
        for each in annotations
        for label_id in _label_ids(each, id_specs)
        if there.isdisjoint(_label_ids(each, id_specs))
    }
    lost -= there
    for label_field, by_sample in sent.id_map.items():
        sent.id_map[label_field] = without_ids(by_sample, lost)
    lost_tags = _places(sent.tags, names) - _places(stored["tags"], names)
    for class_name, frame in lost_tags:
        ref = sent.frames[frame]
        for label_field in getattr(cvat_schema.get(class_name), "class_by_field", ()):
            by_sample = sent.id_map.get(label_field, {})
            ids = by_sample.get(ref.sample_id)
            if ref.frame_id is not None and isinstance(ids, dict):
                ids = ids.get(ref.frame_id)
            if ids is True:  # a scalar, which has no id
                put_at_frame(by_sample, ref, value=False)


def _count(annotations: Iterable[Json]) -> int:
    """Return how many annotations there are, of tracks how many key shapes."""
    return sum(len(each.get("shapes") or "1") for each in annotations)


def _label_ids(annotation: Json, id_specs: Collection[Any]) -> Iterator[Any]:
    for text in attribute_texts(annotation, id_specs):
        yield split_label_id(text)[0]


def _places(tags: Iterable[Json], names: AnnotationNames) -> Counter[tuple[Any, int]]:
    """Count tags by class name and frame."""
    return Counter(
        (names.class_by_id.get(each["label_id"], each["label_id"]), each["frame"])
        for each in tags
    )
