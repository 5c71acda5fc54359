"""What a load brings into FiftyOne: labels in its form, and counts of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import fiftyone.core.labels as fol
import numpy as np

from fiftyone_cvat.convert.from_cvat.comparison import (
    GEOMETRY_BY_TYPE,
    same_annotation,
    same_label,
    same_scalar,
)
from fiftyone_cvat.convert.from_cvat.originals import Original
from fiftyone_cvat.convert.from_cvat.reconciliation import Reconciliation
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.track_keys import instance_id
from fiftyone_cvat.convert.to_cvat.schema import classes_of
from fiftyone_cvat.dataset.absent_attributes import AbsentAttributes
from fiftyone_cvat.dataset.sent_labels import SentLabels
from fiftyone_cvat.dataset.stored_labels import LIST_BY_TYPE
from fiftyone_cvat.dataset.unexpected_labels import DELETED_HERE, UnexpectedLabels
from fiftyone_cvat.download.copies import Copies, Copy, Verdict
from fiftyone_cvat.download.run_fields import TaskField
from fiftyone_cvat.server.task_answers import TaskAnswer
from fiftyone_cvat.types import GEOMETRY, Json, LabelSchema

__all__ = [
    "FORBIDDEN",
    "SAMPLE_DELETED_HERE",
    "Outcome",
    "beyond_one",
    "not_edited",
]

SAMPLE_DELETED_HERE = "label on a sample that was deleted in the dataset"
FORBIDDEN = {
    "added": "label that was added: `allow_additions=False` leaves it out",
    "deleted": "label that was deleted in CVAT: `allow_deletions=False` keeps it",
    "changed": "value that was edited in CVAT: its field is `read_only`",
}
DISPUTED = "label that several tasks changed differently: the first of them counts"


class Outcome:
    """Takes the labels of one run in and counts them.

    Args:
        results: the run's results, in which copies that are left out are noted
        sent: the run's labels as they are in the dataset
        attributes: field to the names of its attributes

    Attributes:
        annotations: field to kind of label to sample id, and for videos frame id, to
            label id to label
        reconciliation: what came of the labels
        absent: which labels lack which attributes of the schema
        deleted: field and id of each label that was deleted in CVAT, then or before;
            of a scalar the id of its frame or sample
        edited: field to the attributes that differ on some label that changed
        unexpected: labels of types that their fields do not hold
        unfinished: frames on which something was drawn that is in no field of its kind
    """

    def __init__(
        self,
        results: Any,
        sent: SentLabels,
        attributes: Mapping[str | None, Collection[str]],
    ) -> None:
        self._label_schema: LabelSchema = results.config.label_schema
        self._sent = sent
        self._attributes = attributes
        self._copies = Copies(results)
        self.reconciliation = Reconciliation()
        self.absent = AbsentAttributes()
        self.deleted: set[tuple[str | None, str]] = set(results.deleted)
        self.edited: dict[str | None, set[str]] = defaultdict(set)
        self.unexpected = UnexpectedLabels()
        self.unfinished: set[FrameRef] = set()
        holders = results.config.load_options.holder_by_field
        self._elsewhere = {name for name in holders if holders[name] != name}
        self.annotations: dict[str | None, Any] = {
            name: {} for name in self._label_schema
        }

    def begin(self, task: TaskAnswer) -> None:
        """Begin with a task.

        Args:
            task: what the server answers about it
        """
        self._copies.begin(task.id, task.refs.values())
        deleted = task.deleted_frames & task.refs.keys()
        self.reconciliation.deleted_frames += len(deleted)
        self.reconciliation.not_asked += len(task.not_asked)

    def finish(self) -> None:
        """Decide what the labels are that several tasks have, after the last task."""
        for verdicts in self._copies.settle(self._came_out_same):
            self._count_shared(verdicts)

    def is_shared(self, task: TaskAnswer) -> bool:
        """Return whether any frame of a task is in another task, too.

        What labels those frames have is only known when the outcome is finished.
        """
        return any(self._copies.are_on(ref) for ref in task.refs.values())

    def leave_out(self, reason: str, field: TaskField) -> None:
        """Count an annotation that is not in the result.

        Args:
            reason: why
            field: the field that it would be in
        """
        self.reconciliation.add_reason(reason)
        self.reconciliation.add(field.name, field.task.id, "unmatched")

    def not_copied(self, label_field: str | None, task: TaskAnswer) -> set[int]:
        """Return frames whose labels do not go to the field that the others go to.

        Args:
            label_field: the run's field
            task: what the server answers about the task
        """
        return task.not_asked if label_field in self._elsewhere else set()

    def take(
        self, field: TaskField, ref: FrameRef, label_id: str | None, copy: Copy
    ) -> None:
        """Take what a task says of a label, at once or when all tasks are read.

        Args:
            field: the field
            ref: the frame
            label_id: the label's id, or None for a scalar
            copy: what the task says
        """
        if self._copies.are_on(ref):
            is_same = partial(
                same_annotation,
                defaults=field.task.defaults,
                label_id_specs=field.task.label_id_specs,
            )
            self._copies.add(field.name, ref, label_id, copy, is_same)
        else:
            self._count(Verdict(field.name, ref, label_id, copy, is_disputed=False))

    def keep(
        self,
        field: TaskField,
        ref: FrameRef,
        known: Mapping[str, Original],
        got: list[Json] | None = None,
    ) -> None:
        """Take labels as they are in the dataset, but those that are not in it.

        Args:
            field: the field
            ref: the frame
            known: the labels by id
            got: the annotations that came back of them, or None if none tell
        """
        for label_id, original in known.items():
            if not original.is_gone:
                label = original.label
                copy = Copy(field.task.id, "kept", field.kind, label, label, got)
                self.take(field, ref, label_id, copy)

    def delete(
        self, field: TaskField, ref: FrameRef, gone: Mapping[str, Original]
    ) -> None:
        """Take labels as deleted, but those that the dataset has not, either.

        Args:
            field: the field
            ref: the frame
            gone: the labels by id
        """
        task_id = field.task.id
        self.reconciliation.add(field.name, task_id, "deleted", 0)
        for label_id, original in gone.items():
            if not original.is_gone:
                copy = Copy(task_id, "deleted", field.kind, None, original.label, [])
                self.take(field, ref, label_id, copy)

    def put(
        self,
        label_field: str | None,
        kind: str,
        ref: FrameRef,
        label_id: str | None,
        value: Any,
    ) -> None:
        """Put a label, or a scalar, where FiftyOne looks for it; count nothing.

        Args:
            label_field: the field
            kind: the kind of label, as FiftyOne names it
            ref: the frame
            label_id: the label's id, or None for a scalar
            value: the label, or the scalar
        """
        place = self.annotations[label_field].setdefault(kind, {})
        path = [ref.sample_id] if ref.frame_id is None else list(ref)
        if label_id is not None:
            path.append(label_id)
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place[path[-1]] = value
        attributes = self._label_schema[label_field].get("attributes")
        if isinstance(value, fol.Detection) and attributes is not None:
            # quicker than `has_attribute`, and than `field_names`
            for name in GEOMETRY:
                if name in value and _is_unsent(attributes.get(name)):
                    # FiftyOne merges the attributes that the schema lets it write
                    attributes[name] = {}

    def forbids_deletion(self, class_name: str | None) -> bool:
        """Return whether a label may not be deleted, whichever field it came back in.

        Args:
            class_name: the label's class
        """
        names = {
            label_field: {name for name, _ in classes_of(label_field, info)}
            for label_field, info in self._label_schema.items()
        }
        may_be = [each for each in names if class_name in names[each]]
        return any(
            not self._label_schema[each].get("allow_deletions", True)
            for each in may_be or names
        )

    def _count(self, verdict: Verdict) -> None:
        """Count a label, and put it where FiftyOne looks for it."""
        label_field, copy = verdict.label_field, verdict.copy
        key = verdict.label_id or verdict.ref.key
        is_lost = copy.what in ("added", "unmatched")
        if is_lost and not self._sent.has_sample(verdict.ref):
            self.reconciliation.add(label_field, copy.task_id, "unmatched")
            self.reconciliation.add_reason(SAMPLE_DELETED_HERE)
            return
        what = self._allowed(label_field, copy.what)
        self.reconciliation.add(label_field, copy.task_id, what)
        if what == "unmatched":
            self.unfinished.add(verdict.ref)
        if verdict.is_disputed:
            self.reconciliation.add_reason(DISPUTED)
        if what != copy.what:
            self.reconciliation.add_reason(FORBIDDEN[copy.what])
            # FiftyOne leaves out what is added, and says so
            label = copy.before if copy.what == "changed" else copy.label
            if label is not None:
                self.put(label_field, copy.kind, verdict.ref, verdict.label_id, label)
        elif copy.what == "unmatched":
            self.reconciliation.add_reason(DELETED_HERE)
        elif copy.what == "deleted":
            self.deleted.add((label_field, key))
        else:
            if copy.kind == "scalar":
                self._sent.add_scalar(label_field, verdict.ref)
                self.deleted.discard((label_field, key))
            if copy.what == "changed":
                self._note_lists(label_field, copy)
                self._note_instance(label_field, copy)
            self.put(label_field, copy.kind, verdict.ref, verdict.label_id, copy.label)

    def _allowed(self, label_field: str | None, what: str) -> str:
        """Return what becomes of a label as far as the field allows it."""
        info = self._label_schema[label_field]
        if what == "added" and not info.get("allow_additions", True):
            return "unmatched"
        if what == "deleted" and not info.get("allow_deletions", True):
            return "kept"
        if what == "changed" and info.get("read_only"):
            return "kept"
        return what

    def _note_lists(self, label_field: str | None, copy: Copy) -> None:
        """Note lists beside points that FiftyOne, which merges points, leaves out."""
        is_keypoint = isinstance(copy.label, fol.Keypoint)
        is_kept = not self._label_schema[label_field].get("allow_spatial_edits", True)
        if is_keypoint and not is_kept:
            self.absent.note_lists(label_field, copy.label, copy.before)

    def _note_instance(self, label_field: str | None, copy: Copy) -> None:
        """Note an instance that differs from before: FiftyOne does not merge it."""
        if type(copy.label) not in GEOMETRY_BY_TYPE:
            return
        instance = instance_id(copy.label)
        if instance != instance_id(copy.before):
            self.absent.instances[label_field][copy.label.id] = instance

    def _count_shared(self, verdicts: list[Verdict]) -> None:
        """Count the labels of one field on a frame that several tasks have."""
        label_field = verdicts[0].label_field
        label_type = self._label_schema[label_field].get("type")
        coming = [each for each in verdicts if each.copy.label is not None]
        coming.sort(key=lambda each: each.copy.what == "added")
        if label_type in (None, "scalar") or label_type in LIST_BY_TYPE:
            room = len(coming)
        else:
            room = 1
        beyond = {id(each) for each in coming[room:]}
        for each in verdicts:
            if id(each) in beyond:
                self.reconciliation.add_reason(beyond_one(label_field))
                task_id = each.copy.task_id
                self.reconciliation.add(label_field, task_id, "unmatched")
            else:
                self._count(each)

    def _came_out_same(
        self, label_field: str | None, first: Copy, second: Copy
    ) -> bool:
        if first.kind == "scalar":
            return same_scalar(first.label, second.label)
        if first.kind == "segmentation":
            return np.array_equal(first.label.mask, second.label.mask)
        return first.index == second.index and same_label(
            first.label, second.label, self._attributes[label_field]
        )


def beyond_one(label_field: str | None, what: str = "label") -> str:
    """Return the reason why a label is left out of a field that holds one."""
    return f"{what} beyond the one that '{label_field}' holds"


def not_edited(option: str, part: str) -> str:
    """Return the reason why a part of a label stays as it is.

    Args:
        option: the option of the label schema that is False
        part: the part
    """
    return f"label that was edited in CVAT: `{option}=False` keeps its {part}"


def _is_unsent(attribute: Mapping[str, Any] | None) -> bool:
    """Return whether an attribute goes up, if at all, as the place of its label."""
    return attribute is None or attribute.get("sent") is False
