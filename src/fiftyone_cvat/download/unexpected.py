"""Labels of a kind that their field does not expect.

FiftyOne asks its user what to do with them: they are in the result under their kind.
Of tasks that nobody sent all labels are such.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import fiftyone.core.labels as fol
from bson import ObjectId

from fiftyone_cvat.convert.from_cvat.comparison import same_label
from fiftyone_cvat.convert.from_cvat.label_parts import merge_parts
from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.label_ids import join_label_id, split_label_id
from fiftyone_cvat.dataset.sent_labels import SentLabels
from fiftyone_cvat.download.annotation_ids import AnnotationIds, new_id
from fiftyone_cvat.download.outcome import SAMPLE_DELETED_HERE, Outcome
from fiftyone_cvat.download.run_fields import TaskField

__all__ = ["Unexpected"]


class Unexpected:
    """Adds labels of other kinds to the outcome of one run.

    Args:
        outcome: where they are added
        ids: which annotation is which label
        sent: the run's labels as they are in the dataset
    """

    def __init__(self, outcome: Outcome, ids: AnnotationIds, sent: SentLabels) -> None:
        self._outcome = outcome
        self._ids = ids
        self._sent = sent
        self._given: set[str] = set()

    def add(self, field: TaskField, ref: FrameRef, labels: Iterable[ReadLabel]) -> None:
        """Add labels; what an earlier load added is found, whichever field it is in.

        A field without a name takes labels that somebody may have sent elsewhere: they
        keep their ids, and their parts are one label, as they were there.

        Args:
            field: the field, which expects another kind
            ref: the frame
            labels: what was read of the annotations
        """
        if field.name is None:
            for parts in _labels_of_parts(labels):
                said = parts[0].label_id
                self._add(field, ref, parts, said if self._is_free(said) else None)
        else:
            for each in labels:
                self._add(field, ref, [each])

    def _add(
        self,
        field: TaskField,
        ref: FrameRef,
        parts: Sequence[ReadLabel],
        said_id: str | None = None,
    ) -> None:
        """Add one label.

        Args:
            field: the field
            ref: the frame
            parts: what was read of its annotations
            said_id: the id that it has if no earlier load gave it one, or None
        """
        if not self._sent.has_sample(ref):
            for _ in parts:
                self._outcome.leave_out(SAMPLE_DELETED_HERE, field)
            return
        known_id, part = split_label_id(self._ids.remembered(parts[0]))
        if part > 1:
            # what was a part more of a label of another kind is a label of its own
            known_id = None
        label_id = known_id or said_id or new_id()
        self._given.add(label_id)
        what = "added"
        value = parts[0].value
        if isinstance(value, fol.Label):
            value = merge_parts(parts)
            value.id = label_id
            before = None
            if known_id is not None:
                before = self._sent.label_anywhere(label_id, ref, type(value))
            if before is not None:
                names = [name for name, _ in value.iter_attributes()]
                is_same = same_label(value, before, names)
                what = "kept" if is_same else "changed"
        for number, each in enumerate(parts, 1):
            self._ids.remember(each, join_label_id(label_id, number))
        self._outcome.reconciliation.add(field.name, field.task.id, what)
        self._outcome.put(field.name, parts[0].kind, ref, label_id, value)

    def _is_free(self, label_id: str | None) -> bool:
        """Return whether a label can have an id: no other one has it."""
        is_id = label_id is not None and ObjectId.is_valid(label_id)
        return (
            is_id and label_id not in self._given and not self._sent.has_label(label_id)
        )


def _labels_of_parts(labels: Iterable[ReadLabel]) -> list[list[ReadLabel]]:
    """Return labels, each with its parts in order: outlines that say so are parts.

    The parts of a label that was copied are one label again.
    """
    found: dict[object, list[ReadLabel]] = {}
    copies: Counter[object] = Counter()
    for number, each in enumerate(labels):
        key: object = number
        if each.label_id and each.annotation.get("type") in ("polygon", "polyline"):
            label = (each.track, each.label_id)
            key = (label, copies[label, each.part])
            copies[label, each.part] += 1
        found.setdefault(key, []).append(each)
    return [sorted(parts, key=lambda each: each.part) for parts in found.values()]
