"""Labels of a kind that their field does not expect.

FiftyOne asks its user what to do with them: they are in the result under their kind.
"""

from __future__ import annotations

import fiftyone.core.labels as fol

from fiftyone_cvat.convert.from_cvat.comparison import same_label
from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from fiftyone_cvat.dataset.sent_labels import SentLabels
from fiftyone_cvat.download.annotation_ids import AnnotationIds, new_id
from fiftyone_cvat.download.outcome import Outcome
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

    def add(self, field: TaskField, ref: FrameRef, label: ReadLabel) -> None:
        """Add a label; what an earlier load added is found, whichever field it is in.

        Args:
            field: the field, which expects another kind
            ref: the frame
            label: what was read of the annotation
        """
        known_id, part = split_label_id(self._ids.remembered(label))
        if part > 1:
            # what was a part more of a label of another kind is a label of its own
            known_id = None
        label_id = known_id or new_id()
        what = "added"
        if isinstance(label.value, fol.Label):
            label.value.id = label_id
            before = None
            if known_id is not None:
                before = self._sent.label_anywhere(label_id, ref, type(label.value))
            if before is not None:
                names = [name for name, _ in label.value.iter_attributes()]
                is_same = same_label(label.value, before, names)
                what = "kept" if is_same else "changed"
        self._ids.remember(label, label_id)
        self._outcome.reconciliation.add(field.name, field.task.id, what)
        self._outcome.put(field.name, label.kind, ref, label_id, label.value)
