"""Segmentations that come back: pieces of their classes, painted into one mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fiftyone_cvat.convert.from_cvat.comparison import same_annotation
from fiftyone_cvat.convert.from_cvat.label_parts import (
    is_painted_finer,
    merge_segmentation,
    paintable,
    pixels_unstored,
)
from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.from_cvat.originals import Original
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.download.annotation_ids import AnnotationIds, new_id
from fiftyone_cvat.download.copies import Copy
from fiftyone_cvat.download.legibility import Unreadable
from fiftyone_cvat.download.outcome import Outcome, not_edited
from fiftyone_cvat.download.run_fields import TaskField
from fiftyone_cvat.download.unchanged import are_untouched, shows_all
from fiftyone_cvat.server.task_answers import TaskAnswer
from fiftyone_cvat.types import Json, Size

__all__ = ["SegmentationSettlement"]


class SegmentationSettlement:
    """Decides what the segmentation of each frame is.

    Args:
        outcome: where the segmentations are counted
        ids: which annotation is which label
        unreadable: what of the run cannot be read
    """

    def __init__(
        self, outcome: Outcome, ids: AnnotationIds, unreadable: Unreadable
    ) -> None:
        self._outcome = outcome
        self._ids = ids
        self._unreadable = unreadable

    def settle(self, field: TaskField, ref: FrameRef, labels: list[ReadLabel]) -> None:
        """Paint the pieces of one frame, unless all came back as they went up.

        Args:
            field: the field
            ref: the frame
            labels: what was read of each piece
        """
        targets = field.mask_targets
        pieces = self._with_targets(field, labels, targets)
        known = field.known(ref)
        remembered = (self._ids.remembered(each) for each in pieces)
        label_id = next(iter(known), None) or next(filter(None, remembered), new_id())
        original = known.get(label_id)
        for each in pieces:
            self._ids.remember(each, label_id)
        got = sorted((each.annotation for each in pieces), key=_place_in_order)
        kept = _pixels_unstored(field, ref, original)
        is_unread = self._unreadable.may_be(label_id, field.task)
        if original is not None and (
            is_unread or self._is_same(field, label_id, original, pieces, got)
        ):
            self._outcome.keep(field, ref, known, None if is_unread else got)
        elif not pieces and kept is None:
            self._outcome.delete(field, ref, known)
        elif original is not None and original.is_gone:
            # FiftyOne takes no label again that the run knows and the dataset lacks
            for _ in pieces:
                copy = Copy(field.task.id, "unmatched", field.kind, None, None, got)
                self._outcome.take(field, ref, label_id, copy)
        else:
            before = None if original is None else original.label
            what, label = self._what_became(field, label_id, pieces, before, kept)
            copy = Copy(field.task.id, what, field.kind, label, before, got)
            self._outcome.take(field, ref, label_id, copy)

    def _what_became(
        self,
        field: TaskField,
        label_id: str,
        pieces: Sequence[ReadLabel],
        before: Any,
        kept: NDArray[np.bool_] | None,
    ) -> tuple[str, Any]:
        """Paint pieces; return what became of the segmentation, and the label."""
        if kept is None:
            size = field.task.sizes[pieces[0].frame]
        else:
            size = Size(kept.shape[1], kept.shape[0])
        targets, masks = field.mask_targets, [each.value for each in pieces]
        label = merge_segmentation(masks, size, targets, before, kept)
        label.id = label_id
        what, label = self._painted(label, before, targets)
        if what == "changed" and not field.info.get("allow_spatial_edits", True):
            reason = not_edited("allow_spatial_edits", "mask")
            self._outcome.reconciliation.add_reason(reason)
            return "kept", before
        if what == "kept" and is_painted_finer(masks, size, targets, before, kept):
            self._outcome.reconciliation.add_reason(
                "segmentation smaller than its picture: what was painted is finer "
                "than its pixels"
            )
        return what, label

    def _with_targets(
        self, field: TaskField, pieces: list[ReadLabel], targets: Mapping[Any, str]
    ) -> list[ReadLabel]:
        """Return the pieces whose class has a value; leave the others out."""
        for each in pieces:
            if each.value.label not in targets.values():
                reason = f"mask of class '{each.value.label}', which has no value"
                self._outcome.leave_out(reason, field)
        return [each for each in pieces if each.value.label in targets.values()]

    def _is_same(
        self,
        field: TaskField,
        label_id: str,
        original: Original,
        pieces: Sequence[ReadLabel],
        got: Sequence[Json],
    ) -> bool:
        """Return whether a segmentation came back as it went up, or as it is here."""
        before = original.label
        # the cheapest first: the others compare pixels
        number = self._ids.pieces_sent(label_id)
        if before is not None and are_untouched(pieces, number):
            return True
        targets = field.mask_targets
        return shows_all(before, pieces, targets, field.task) or _same_pieces(
            original, got, field.task
        )

    def _painted(
        self, label: Any, before: Any, mask_targets: Mapping[Any, str]
    ) -> tuple[str, Any]:
        """Return what became of a segmentation that was painted, and the label."""
        if before is None:
            return "added", label
        if before.has_mask and paintable(before, mask_targets) is None:
            self._outcome.reconciliation.add_reason(
                "segmentation in the dataset that its mask targets do not fit: painted "
                "anew"
            )
        elif np.array_equal(label.mask, before.get_mask()):
            # an ellipse that was drawn is pixels here
            return "kept", before
        return "changed", label


def _pixels_unstored(
    field: TaskField, ref: FrameRef, original: Original | None
) -> NDArray[np.bool_] | None:
    """Return which pixels of a segmentation the server did not store, or None."""
    if original is None or not original.unstored:
        return None
    task = field.task
    frames = (frame for frame, each in task.refs.items() if each == ref)
    size = task.sizes.get(next(frames))
    if size is None:
        return None
    return pixels_unstored(original, size, field.mask_targets, field.cvat_classes)


def _place_in_order(piece: Json) -> tuple[str, list[float]]:
    return str(piece["label_id"]), piece["points"]


def _same_pieces(original: Original, got: Sequence[Json], task: TaskAnswer) -> bool:
    sent = sorted(original.stored, key=_place_in_order)
    same = same_annotation(sent, got, task.defaults, task.label_id_specs)
    return not original.is_gone and same
