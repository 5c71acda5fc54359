"""What of a run can be read; what cannot is reported, and its labels stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fiftyone_cvat.convert.from_cvat.annotation_faults import (
    annotation_fault,
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
        self.leave_out(f"{self._name(annotation, kind)}: {fault}")
        if not self.keep_labels(annotation, kind):
            # it may be any of the labels that did not come back
            self._unreadable.task_ids.add(self._task.id)

    def report_empty(self, annotation: Json, kind: str) -> None:
        """Report an annotation that no label can be made of.

        Args:
            annotation: the annotation
            kind: ``tags``, ``shapes`` or ``tracks``
        """
        fault = "its class has no attribute for a value"
        if kind != "tags":
            fault = f"the {annotation['type']} has no pixel in the picture"
        self.leave_out(f"{self._name(annotation, kind)}: {fault}")

    def keep_labels(self, annotation: Any, kind: str) -> bool:
        """Keep the labels that an annotation was; return whether any is known.

        Args:
            annotation: the annotation, which may be anything that JSON can be
            kind: ``tags``, ``shapes`` or ``tracks``
        """
        label_ids = self._ids.said_by(annotation, kind, self._task)
        if kind == "tracks":
            label_ids |= ids_of_tracks(label_ids, [f.originals for f in self._fields])
        self._unreadable.label_ids |= label_ids
        return bool(label_ids)

    def keep_label(self, label_id: str) -> None:
        """Keep one label, whatever else of its track can be read."""
        self._unreadable.label_ids.add(label_id)

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
