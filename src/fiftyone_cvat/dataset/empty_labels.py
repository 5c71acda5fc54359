"""Frames that annotators have finished without a label: none is what they saw."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import fiftyone.core.fields as fof
import fiftyone.core.labels as fol
import fiftyone.utils.annotations as foua

from fiftyone_cvat.dataset.absent_attributes import reload_documents
from fiftyone_cvat.dataset.batches import in_batches
from fiftyone_cvat.dataset.stored_labels import LIST_BY_TYPE
from fiftyone_cvat.dataset.views import field_in_dataset
from fiftyone_cvat.runs.stored_runs import is_import

__all__ = ["fill_empty"]


def fill_empty(results: Any, keys: Collection[str]) -> None:
    """Give frames of completed jobs that have no labels an empty list of them.

    To FiftyOne, None says that nobody has labelled a frame, and an empty list that
    somebody has, and that there is nothing. Fields of one label cannot say that.

    Args:
        results: the run's results
        keys: the ids of the frames, or of images those of their samples
    """
    if not keys:
        return
    holder_by_field = results.config.load_options.holder_by_field
    dataset = results.samples._root_dataset
    for label_field, info in results.config.label_schema.items():
        label_type = info.get("type")
        if label_type not in LIST_BY_TYPE or label_field is None:
            continue
        holder = holder_by_field.get(label_field, label_field)
        name = field_in_dataset(results, holder)
        if is_import(results) and not dataset.has_field(name):
            continue  # its tasks have labels that fit many kinds of field
        _fill(dataset, keys, name, foua._LABEL_TYPES_MAP[label_type])
    reload_documents(dataset)


def _fill(dataset: Any, keys: Iterable[str], name: str, kind: type[fol.Label]) -> None:
    is_of_frames = name.startswith(dataset._FRAMES_PREFIX)
    plain = name.removeprefix(dataset._FRAMES_PREFIX)
    collection, add_field = dataset._sample_collection, dataset.add_sample_field
    if is_of_frames:
        collection, add_field = dataset._frame_collection, dataset.add_frame_field
    if not dataset.has_field(name):
        add_field(plain, fof.EmbeddedDocumentField, embedded_doc_type=kind)
    empty = {"$set": {plain: kind().to_dict()}}
    for batch in in_batches(keys):
        collection.update_many({"_id": {"$in": batch}, plain: None}, empty)
