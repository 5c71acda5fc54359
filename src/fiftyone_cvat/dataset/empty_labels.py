"""Frames that annotators have finished without a label: none is what they saw."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import fiftyone.core.fields as fof
import fiftyone.core.labels as fol
from fiftyone import ViewField as F

from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.dataset.stored_labels import LIST_BY_TYPE
from fiftyone_cvat.dataset.views import all_slices

__all__ = ["fill_empty"]

CLASS_BY_LIST = {
    "classifications": fol.Classifications,
    "detections": fol.Detections,
    "polylines": fol.Polylines,
    "keypoints": fol.Keypoints,
}


def fill_empty(results: Any) -> None:
    """Give frames of completed jobs that have no labels an empty list of them.

    To FiftyOne, None says that nobody has labelled a frame, and an empty list that
    somebody has, and that there is nothing. Fields of one label cannot say that.

    Args:
        results: the run's results, with the frames
    """
    holder_by_field = results.config.load_options.holder_by_field
    refs = results.completed_frames
    results.completed_frames = []
    dataset = results.samples._root_dataset
    for label_field, info in results.config.label_schema.items():
        kind = LIST_BY_TYPE.get(info.get("type"))
        if kind is None or label_field is None or not refs:
            continue
        name = holder_by_field.get(label_field, label_field)
        if results._is_frames and not name.startswith(dataset._FRAMES_PREFIX):
            name = dataset._FRAMES_PREFIX + name
        if name.startswith(dataset._FRAMES_PREFIX):
            _fill_frames(dataset, refs, name, CLASS_BY_LIST[kind])
        else:
            _fill_samples(dataset, refs, name, CLASS_BY_LIST[kind])


def _fill_samples(
    dataset: Any, refs: Iterable[FrameRef], name: str, kind: type[fol.Label]
) -> None:
    if not dataset.has_field(name):
        embedded = fof.EmbeddedDocumentField
        dataset.add_sample_field(name, embedded, embedded_doc_type=kind)
    samples = all_slices(dataset).select(list({ref.sample_id for ref in refs}))
    unlabelled = samples.exists(name, False)
    unlabelled.set_values(name, [kind() for _ in range(len(unlabelled))])


def _fill_frames(
    dataset: Any, refs: Iterable[FrameRef], name: str, kind: type[fol.Label]
) -> None:
    plain = name.removeprefix(dataset._FRAMES_PREFIX)
    if not dataset.has_frame_field(plain):
        embedded = fof.EmbeddedDocumentField
        dataset.add_frame_field(plain, embedded, embedded_doc_type=kind)
    frames = dataset.select_frames(list({ref.key for ref in refs}))
    unlabelled = frames.match_frames(~F(plain).exists())
    numbers = unlabelled.values("frames.frame_number")
    unlabelled.set_values(name, [[kind() for _ in of_video] for of_video in numbers])
