"""What of a run can be read; what cannot is reported, and its labels stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fiftyone_cvat.convert.from_cvat.annotation_faults import (
    annotation_fault,
    label_id_texts,
    reference_fault,
)
from fiftyone_cvat.download.annotation_ids import AnnotationIds
from fiftyone_cvat.download.outcome import Outcome
from fiftyone_cvat.download.run_fields import TaskField
from fiftyone_cvat.download.tracks import ids_of_tracks
from fiftyone_cvat.server.task_answers import TaskAnswer
from fiftyone_cvat.types import Json

__all__ = ["Legibility", "Unreadable"]

LONGEST = 20
"""No type of shape has a longer name, in characters."""


@dataclass(slots=True)
class Unreadable:
    """The labels of a run that stay as they are, since nobody can read what they are.

    Attributes:
        label_ids: labels of which an annotation cannot be read
        task_ids: tasks in which any label may be one that cannot be read
    """

    label_ids: set[str] = field(default_factory=set)
    task_ids: set[int] = field(default_factory=set)

    def may_be(self, label_id: str, task: TaskAnswer) -> bool:
        """Return whether a label that did not come back may be one that cannot be read.

        Args:
            label_id: the label's id
            task: the task in which it went up
        """
        return label_id in self.label_ids or task.id in self.task_ids


class Legibility:
    """Tells apart which annotations of one task can be read.

    Args:
        task: what the server answers about the task
        fields: the run's fields on the task
        ids: which annotation is which label
        unreadable: what of the run cannot be read, to which this task's part is added
        outcome: where annotations that are left out are counted
    """

    def __init__(
        self,
        task: TaskAnswer,
        fields: Mapping[str | None, TaskField],
        ids: AnnotationIds,
        unreadable: Unreadable,
        outcome: Outcome,
    ) -> None:
        self._task = task
        self._fields = list(fields.values())
        self._ids = ids
        self._unreadable = unreadable
        self._outcome = outcome
        self._present: set[str] | None = None  # read when it is first asked for
        self._counted: set[tuple[str, Any]] = set()

    def legible(self, kind: str) -> Iterator[Json]:
        """Yield the annotations that can be read; report the others.

        Args:
            kind: ``tags``, ``shapes`` or ``tracks``
        """
        known: dict[int, Json] = {}
        for annotation in self._task.annotations[kind]:
            fault = annotation_fault(annotation, kind)
            fault = fault or reference_fault(annotation, self._task.input_types)
            if fault is None:
                first = known.setdefault(annotation["id"], annotation)
                if first is annotation:
                    yield annotation
                    continue
                fault = "another one has its id"
                if first == annotation:
                    self.leave_out(f"{self._name(annotation, kind)}: {fault}")
                    continue
            self.report(annotation, kind, fault)

    def leave_out(self, reason: str, field: TaskField | None = None) -> None:
        """Count an annotation that is not in the result.

        Args:
            reason: why
            field: the field that it would be in; None if it is of no field
        """
        self._outcome.leave_out(reason, field or self._fields[0])

    def report(self, annotation: Any, kind: str, fault: str) -> None:
        """Report an annotation that describes none; its label stays as it is.

        Args:
            annotation: the annotation, which may be anything that JSON can be
            kind: ``tags``, ``shapes`` or ``tracks``
            fault: what is wrong with it
        """
        reason = f"{self._name(annotation, kind)}: {fault}"
        if not self.keep_labels(annotation, kind, reason):
            # it may be any of the labels that did not come back
            self._unreadable.task_ids.add(self._task.id)

    def report_empty(self, annotation: Json, kind: str) -> None:
        """Report an annotation that no label can be made of; its label stays.

        Args:
            annotation: the annotation
            kind: ``tags``, ``shapes`` or ``tracks``
        """
        self.keep_labels(annotation, kind, self._why_empty(annotation, kind))

    def report_empty_shape(self, shape: Json, label_id: str | None) -> None:
        """Report a shape of a track that no label can be made of.

        Its label stays, whatever else of its track can be read.

        Args:
            shape: the shape on its frame
            label_id: the id of the label that it may be, or None
        """
        label_ids = set() if label_id is None else {label_id}
        self._unreadable.label_ids |= label_ids
        self._count(self._why_empty(shape, "tracks"), label_ids, shape)

    def _why_empty(self, annotation: Json, kind: str) -> str:
        fault = "its class has no attribute for a value"
        if kind != "tags":
            fault = f"the {annotation['type']} has no pixel in the picture"
        return f"{self._name(annotation, kind)}: {fault}"

    def keep_labels(
        self, annotation: Any, kind: str, reason: str, field: TaskField | None = None
    ) -> bool:
        """Keep the labels that an annotation was, and count it.

        Args:
            annotation: the annotation, which may be anything that JSON can be
            kind: ``tags``, ``shapes`` or ``tracks``
            reason: why it is not in the result
            field: the field that it would be in; None if it is of no field

        Returns:
            whether any label is known
        """
        label_ids = self._ids.said_by(annotation, kind, self._task)
        if kind == "tracks":
            label_ids |= ids_of_tracks(label_ids, [f.originals for f in self._fields])
        self._unreadable.label_ids |= label_ids
        self._count(reason, label_ids, annotation, field)
        return bool(label_ids)

    def _count(
        self,
        reason: str,
        label_ids: set[str],
        annotation: Any,
        field: TaskField | None = None,
    ) -> None:
        """Count an annotation that is not in the result, unless its label is counted.

        A label that stays is counted as kept, and its annotation is not; copies are.
        """
        if self._present is None:
            self._present = {
                label_id
                for each in self._fields
                for by_id in each.originals.values()
                for label_id, original in by_id.items()
                if not original.is_gone
            }
        given = annotation if isinstance(annotation, dict) else {}
        texts = label_id_texts(annotation, set(self._task.label_id_specs.values()))
        part = given.get("label_id"), *sorted(texts)
        stay = {(each, str(part)) for each in label_ids & self._present}
        if stay - self._counted:
            self._counted |= stay
            self._outcome.reconciliation.add_reason(reason)
        else:
            self.leave_out(reason, field)

    def _name(self, annotation: Any, kind: str) -> str:
        """Name an annotation of any form for a report."""
        given = annotation if isinstance(annotation, dict) else {}
        what = given.get("type")
        if kind != "shapes" or not isinstance(what, str) or len(what) > LONGEST:
            what = kind.removesuffix("s")
        frame, number = given.get("frame"), given.get("id")
        numbered = f" (id {number})" if isinstance(number, int) else ""
        on_frame = f" on frame {frame}" if isinstance(frame, int) else ""
        return f"{what}{on_frame} of task {self._task.id}{numbered}"
