"""Scalars that come back: tags that are values of a field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from fiftyone_cvat.convert.from_cvat.comparison import same_scalar
from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.dataset.sent_labels import SentLabels
from fiftyone_cvat.download.copies import Copy
from fiftyone_cvat.download.legibility import Unreadable
from fiftyone_cvat.download.outcome import Outcome, beyond_one
from fiftyone_cvat.download.run_fields import TaskField
from fiftyone_cvat.download.unexpected import Unexpected

__all__ = ["ScalarSettlement"]


class ScalarSettlement:
    """Decides which value each frame has in a field of scalars.

    Args:
        outcome: where the values are counted
        sent: the run's labels as they are in the dataset
        unreadable: what of the run cannot be read
        unexpected: takes labels that are no scalars
    """

    def __init__(
        self,
        outcome: Outcome,
        sent: SentLabels,
        unreadable: Unreadable,
        unexpected: Unexpected,
    ) -> None:
        self._outcome = outcome
        self._sent = sent
        self._unreadable = unreadable
        self._unexpected = unexpected

    def settle(self, field: TaskField, labels: Iterable[ReadLabel]) -> None:
        """Settle the scalars of one field on one task.

        Args:
            field: the field
            labels: what was read of its annotations
        """
        task = field.task
        values = self._sent.scalars(field.name, task)
        had = {
            ref: value
            for ref, value in values.items()
            if self._sent.known_ids(field.name, ref)
        }
        # frames that were deleted in CVAT, that are not asked for, or not in the video
        frame_by_ref = {ref: frame for frame, ref in task.refs.items()}
        unasked = task.left_frames | (task.refs.keys() - task.sizes.keys())
        seen = {ref for ref in had if frame_by_ref.get(ref) in unasked}
        not_copied = self._outcome.not_copied(field.name, task)
        self._keep(field, had, {r for r in seen if frame_by_ref[r] not in not_copied})
        by_ref: dict[FrameRef, list[ReadLabel]] = defaultdict(list)
        for each in labels:
            ref = task.refs[each.frame]
            if each.kind == "scalar":
                by_ref[ref].append(each)
            else:
                self._unexpected.add(field, ref, [each])
        for ref, found in by_ref.items():
            seen.add(ref)
            copy = self._settle_frame(field, ref, found, values.get(ref))
            if copy is not None:
                self._outcome.take(field, ref, None, copy)
            elif ref in had:
                self._outcome.put(field.name, "scalar", ref, None, had[ref])
        gone = had.keys() - seen
        if task.id in self._unreadable.task_ids:
            self._keep(field, had, gone)
        else:
            self._delete(field, had, gone)
        for ref, value in values.items():
            if ref not in had and ref not in seen:
                # its class did not go up: FiftyOne would delete it
                self._outcome.put(field.name, "scalar", ref, None, value)
        for ref, value in self._sent.values_not_sent(field.name, task):
            self._outcome.put(field.name, "scalar", ref, None, value)

    def _settle_frame(
        self, field: TaskField, ref: FrameRef, found: list[ReadLabel], before: Any
    ) -> Copy | None:
        """Return the one value that the tags of a frame are.

        Of several values it is the one that the dataset has, or else the newest; None
        if no tag is a value, or if the value was deleted in the dataset. Whoever
        empties the tag of a value, and all others, deletes the value.
        """
        task_id = field.task.id
        if before is None and self._sent.known_ids(field.name, ref):
            for each in found:
                got = [each.annotation]
                copy = Copy(task_id, "unmatched", "scalar", None, None, got)
                self._outcome.take(field, ref, None, copy)
            return None
        if before is not None and all(each.is_empty for each in found):
            got = [each.annotation for each in found]
            return Copy(task_id, "deleted", "scalar", None, before, got)
        values = []
        for each in found:
            # what went up comes back, as infinity, which nobody may type
            if each.is_empty:
                self._outcome.leave_out("tag of a scalar without a value", field)
            elif each.value is None and not (before is not None and each.is_untouched):
                self._outcome.leave_out("scalar that is no value of its field", field)
            else:
                values.append(each)
        if not values:
            return None
        same = [
            each
            for each in values
            if same_scalar(each.value, before)
            or (before is not None and each.is_untouched)
        ]
        newest = max(values, key=lambda each: each.annotation.get("id") or 0)
        chosen = same[0] if same else newest
        for each in values:
            if each is not chosen:
                self._outcome.leave_out(beyond_one(field.name, "value"), field)
        what = "kept" if same else "added" if before is None else "changed"
        value = before if same else chosen.value
        return Copy(task_id, what, "scalar", value, before, [chosen.annotation])

    def _keep(
        self, field: TaskField, had: Mapping[FrameRef, Any], refs: Iterable[FrameRef]
    ) -> None:
        """Take the scalars of some frames as they are in the dataset."""
        for ref in refs:
            copy = Copy(field.task.id, "kept", "scalar", had[ref], had[ref])
            self._outcome.take(field, ref, None, copy)

    def _delete(
        self, field: TaskField, had: Mapping[FrameRef, Any], refs: Iterable[FrameRef]
    ) -> None:
        """Take the scalars of some frames as deleted."""
        self._outcome.reconciliation.add(field.name, field.task.id, "deleted", 0)
        for ref in refs:
            copy = Copy(field.task.id, "deleted", "scalar", None, had[ref], [])
            self._outcome.take(field, ref, None, copy)
