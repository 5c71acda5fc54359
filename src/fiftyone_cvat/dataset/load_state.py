"""What a load notes in a run's results until it is over; nothing of it is stored."""

from __future__ import annotations

from typing import Any

from fiftyone_cvat.convert.from_cvat.reconciliation import Reconciliation
from fiftyone_cvat.dataset.absent_attributes import AbsentAttributes
from fiftyone_cvat.runs.absent_tasks import take_back
from fiftyone_cvat.runs.arguments import private

__all__ = ["LoadState"]


class LoadState:
    """The part of a run's results that a load needs, and FiftyOne does not store."""

    backend: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reconciliation = Reconciliation()
        self._absent_attributes = AbsentAttributes()
        self._whole_attributes: list[Any] = []
        self._set_aside: dict[Any, Any] | None = None
        self._ids_to_merge: dict[Any, Any] | None = None
        self._ids_beside: dict[int, Any] | None = None
        self._asked: dict[int, Any] = {}
        self._unexpected: Any = None
        self._load_notes: Any = None
        self._new_classes: dict[Any, list[str]] = {}
        self._has_new_settings = False
        self._merged_fields: list[Any] = []

    reconciliation = private("reconciliation", "What came of the labels.")
    absent_attributes = private("absent_attributes", "What labels lack.")
    unexpected = private("unexpected", "Labels of other types.")
    whole_attributes = private("whole_attributes", "The whole schema.")
    set_aside = private("set_aside", "The run's ids of labels while others are lent.")
    ids_to_merge = private("ids_to_merge", "Those to lend, None for the run's own.")
    ids_beside = private("ids_beside", "Those of jobs beside the run, by job.")
    asked = private("asked", "What was asked of tasks before the load.")
    has_new_settings = private("has_new_settings", "Whether they are yet to be tried.")
    load_notes = private("load_notes", "What a load notes of tasks when it is over.")
    new_classes = private("new_classes", "Classes for the dataset's label schemas.")
    merged_fields = private("merged_fields", "Those that FiftyOne has merged into.")

    def _update_id_map(self, label_field: Any, new_id_map: Any) -> None:
        """Note the ids of labels that are new in a field, as FiftyOne does.

        It is what FiftyOne calls at the end of each field's merge.
        """
        self.merged_fields.append(label_field)
        super()._update_id_map(label_field, new_id_map)  # type: ignore[misc]

    def save(self) -> None:
        """Saves the results to the database.

        A load that was stopped before FiftyOne had merged its labels stays so.
        """
        take_back(self)
        self.load_notes = None
        self.backend.store(self)
