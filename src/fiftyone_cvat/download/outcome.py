"""What a load brings into FiftyOne: labels in its form, and counts of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import fiftyone.core.labels as fol
from bson import ObjectId

from fiftyone_cvat.convert.from_cvat.label_parts import same_label
from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.from_cvat.reconciliation import (
    Reconciliation,
    same_annotation,
)
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.label_ids import Claim, split_label_id
from fiftyone_cvat.dataset.absent_attributes import AbsentAttributes
from fiftyone_cvat.dataset.sent_labels import DatasetLabels
from fiftyone_cvat.dataset.stored_labels import LIST_BY_TYPE
from fiftyone_cvat.download.copies import Copies, Copy, Verdict
from fiftyone_cvat.server.task_answers import TaskAnswer
from fiftyone_cvat.types import GEOMETRY, Json, LabelSchema

__all__ = ["Loading", "beyond_one", "new_id"]

DELETED_HERE = "label that was deleted in the dataset"
DISPUTED = "label that several tasks changed differently: the first of them counts"


class Loading:
    """Takes labels of one run in and counts them.

    Args:
        results: the run's results; which annotation is which label is noted in them
        dataset: the run's labels as they are in the dataset

    Attributes:
        annotations: field to kind of label to sample id, and for videos frame id, to
            label id to label
        reconciliation: what came of the labels
        absent: which labels lack which attributes of the schema
        deleted: field and id of each label that was deleted in CVAT, then or before;
            of a scalar the id of its frame or sample
        edited: field to the attributes that differ on some label that changed
    """

    def __init__(
        self,
        results: Any,
        dataset: DatasetLabels,
    ) -> None:
        self._results = results
        self._label_schema: LabelSchema = results.config.label_schema
        self._dataset = dataset
        self._unsure: set[int] = set()  # tasks
        self._copies = Copies(results)
        self.reconciliation = Reconciliation()
        self.absent = AbsentAttributes()
        self.deleted: set[tuple[Any, str]] = set(results.deleted)
        self.edited: dict[Any, set[str]] = defaultdict(set)
        self.annotations: dict[Any, Any] = {name: {} for name in self._label_schema}

    def leave_out(self, reason: str, label_field: Any, task: TaskAnswer) -> None:
        """Count an annotation that is not in the result.

        Args:
            reason: why
            label_field: the field that it would be in
            task: the task that it is in
        """
        self.reconciliation.add_reason(reason)
        self.reconciliation.add(label_field, task.id, "unmatched")

    def keep_missing(self, task: TaskAnswer) -> None:
        """Delete no label of a task: nobody knows which ones cannot be read."""
        self._unsure.add(task.id)

    def _add_unexpected(
        self, label_field: Any, ref: FrameRef, label: ReadLabel, task: TaskAnswer
    ) -> None:
        """Add a label of a kind that the field does not expect."""
        known_id, part = split_label_id(self._claim(label).server_label_id)
        if part > 1:
            # what was a part more of a label of another kind is a label of its own
            known_id = None
        label_id = known_id or new_id()
        what = "added"
        if isinstance(label.value, fol.Label):
            label.value.id = label_id
            before = None
            if known_id is not None:
                before = self._dataset.label_anywhere(label_id, ref, type(label.value))
            if before is not None:
                names = [name for name, _ in label.value.iter_attributes()]
                is_same = same_label(label.value, before, names)
                what = "kept" if is_same else "changed"
        self._remember(label, label_id)
        self.reconciliation.add(label_field, task.id, what)
        self._add(label_field, label.kind, ref, label_id, label.value)

    def _take(
        self,
        label_field: Any,
        ref: FrameRef,
        label_id: str | None,
        copy: Copy,
        task: TaskAnswer,
    ) -> None:
        """Take what a task says of a label, at once or when all tasks are read."""

        def is_same(sent: list[Json], got: list[Json]) -> bool:
            return same_annotation(sent, got, task.defaults, task.label_id_specs)

        if self._copies.are_on(ref):
            self._copies.add(label_field, ref, label_id, copy, is_same)
        else:
            self._count(Verdict(label_field, ref, label_id, copy, is_disputed=False))

    def _count(self, verdict: Verdict) -> None:
        """Count a label, and put it where FiftyOne looks for it."""
        label_field, copy = verdict.label_field, verdict.copy
        key = verdict.label_id or verdict.ref.key
        self.reconciliation.add(label_field, copy.task_id, copy.what)
        if verdict.is_disputed:
            self.reconciliation.add_reason(DISPUTED)
        if copy.what == "unmatched":
            self.reconciliation.add_reason(DELETED_HERE)
        elif copy.what == "deleted":
            self.deleted.add((label_field, key))
        else:
            if copy.kind == "scalar":
                self._dataset.add_scalar(label_field, verdict.ref)
                self.deleted.discard((label_field, key))
            if copy.what == "changed":
                self._note_lists(label_field, copy)
            self._add(label_field, copy.kind, verdict.ref, verdict.label_id, copy.label)

    def _note_lists(self, label_field: Any, copy: Copy) -> None:
        """Note lists beside points that FiftyOne, which merges points, leaves out."""
        is_keypoint = isinstance(copy.label, fol.Keypoint)
        is_kept = not self._label_schema[label_field].get("allow_spatial_edits", True)
        if is_keypoint and not is_kept:
            self.absent.note_lists(label_field, copy.label, copy.before)

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

    def _claim(self, label: ReadLabel) -> Claim:
        # all shapes of a track have the server's id of the track
        server_ids = self._results.server_id_map.get(_server_kind(label), {})
        server_label_id = server_ids.get(label.annotation["id"])
        if label.track is not None:
            server_label_id = None
        return Claim(label.label_id, label.part, server_label_id, label.annotation)

    def _remember(self, label: ReadLabel, text: str) -> None:
        """Note which label an annotation is, so that loading again finds it."""
        server_ids = self._results.server_id_map.setdefault(_server_kind(label), {})
        if label.track is None:
            server_ids[label.annotation["id"]] = text
        else:
            server_ids.setdefault(label.annotation["id"], text)

    def _add(
        self,
        label_field: Any,
        kind: str,
        ref: FrameRef,
        label_id: str | None,
        value: Any,
    ) -> None:
        """Put a label, or a scalar, where FiftyOne looks for it."""
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


def _is_unsent(attribute: Mapping[str, Any] | None) -> bool:
    """Tell whether an attribute goes up, if at all, as the place of its label."""
    return attribute is None or attribute.get("sent") is False


def beyond_one(label_field: Any, what: str = "label") -> str:
    """Return the reason why a label is left out of a field that holds one."""
    return f"{what} beyond the one that '{label_field}' holds"


def new_id() -> str:
    """Return the id of a new label."""
    return str(ObjectId())


def _server_kind(label: ReadLabel) -> str:
    if label.track is not None:
        return "tracks"
    return "tags" if label.kind == "classifications" else "shapes"
