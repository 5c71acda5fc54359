"""Scalars that come back: tags that are values of a field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.from_cvat.reconciliation import same_scalar
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.download.copies import Copy
from fiftyone_cvat.download.outcome import Loading, beyond_one
from fiftyone_cvat.server.task_answers import TaskAnswer

__all__ = ["Scalars"]


class Scalars(Loading):
    """Decide which value a frame has, and what came of it."""

    def _settle_scalars(
        self, label_field: Any, labels: list[ReadLabel], task: TaskAnswer
    ) -> None:
        values = self._dataset.scalars(label_field, task)
        had = {
            ref: value
            for ref, value in values.items()
            if self._dataset.known_ids(label_field, ref)
        }
        deleted = [task.refs.get(frame) for frame in task.deleted_frames]
        seen = {ref for ref in deleted if ref in had}
        self._keep_scalars(label_field, had, seen, task)
        by_ref: dict[FrameRef, list[ReadLabel]] = defaultdict(list)
        for each in labels:
            ref = task.refs[each.frame]
            if each.kind == "scalar":
                by_ref[ref].append(each)
            else:
                self._add_unexpected(label_field, ref, each, task)
        for ref, found in by_ref.items():
            seen.add(ref)
            copy = self._settle_scalar(label_field, ref, found, values.get(ref), task)
            if copy is not None:
                self._take(label_field, ref, None, copy, task)
            elif ref in had:
                self._add(label_field, "scalar", ref, None, had[ref])
        gone = had.keys() - seen
        if task.id in self._unsure:
            self._keep_scalars(label_field, had, gone, task)
        else:
            self._delete_scalars(label_field, had, gone, task)
        for ref, value in values.items():
            if ref not in had and ref not in seen:
                # its class did not go up: FiftyOne would delete it
                self._add(label_field, "scalar", ref, None, value)
        for ref, value in self._dataset.values_not_sent(label_field, task):
            self._add(label_field, "scalar", ref, None, value)

    def _settle_scalar(
        self,
        label_field: Any,
        ref: FrameRef,
        found: list[ReadLabel],
        before: Any,
        task: TaskAnswer,
    ) -> Copy | None:
        """Return the one value that the tags of a frame are.

        Of several values it is the one that the dataset has, or else the newest; None
        if no tag is a value, or if the value was deleted in the dataset.
        """
        if before is None and self._dataset.known_ids(label_field, ref):
            for each in found:
                copy = Copy(
                    task.id, "unmatched", "scalar", None, None, [each.annotation]
                )
                self._take(label_field, ref, None, copy, task)
            return None
        values = []
        for each in found:
            # what went up comes back, as infinity, which nobody may type
            if each.value is None and not (before is not None and each.is_untouched):
                reason = "scalar that is no value of its field"
                self.leave_out(reason, label_field, task)
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
                self.leave_out(beyond_one(label_field, "value"), label_field, task)
        what = "kept" if same else "added" if before is None else "changed"
        value = before if same else chosen.value
        return Copy(task.id, what, "scalar", value, before, [chosen.annotation])

    def _keep_scalars(
        self,
        label_field: Any,
        had: Mapping[FrameRef, Any],
        refs: Iterable[FrameRef],
        task: TaskAnswer,
    ) -> None:
        """Return the scalars of some frames as they are."""
        for ref in refs:
            copy = Copy(task.id, "kept", "scalar", had[ref], had[ref])
            self._take(label_field, ref, None, copy, task)

    def _delete_scalars(
        self,
        label_field: Any,
        had: Mapping[FrameRef, Any],
        refs: Iterable[FrameRef],
        task: TaskAnswer,
    ) -> None:
        """Take the scalars of some frames as deleted."""
        self.reconciliation.add(label_field, task.id, "deleted", 0)
        for ref in refs:
            copy = Copy(task.id, "deleted", "scalar", None, had[ref], [])
            self._take(label_field, ref, None, copy, task)
