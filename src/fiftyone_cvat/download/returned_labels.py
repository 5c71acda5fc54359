"""The labels of a run that come back, made of what its tasks answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fiftyone_cvat.convert.to_cvat.schema import SchemaParts
from fiftyone_cvat.dataset.columns import Columns, StoredLabels
from fiftyone_cvat.dataset.sent_labels import SentLabels
from fiftyone_cvat.download.annotation_ids import AnnotationIds
from fiftyone_cvat.download.legibility import Legibility, Unreadable
from fiftyone_cvat.download.outcome import Outcome
from fiftyone_cvat.download.placement import Placement
from fiftyone_cvat.download.run_fields import RunFields
from fiftyone_cvat.download.settlement import Settlement
from fiftyone_cvat.server.task_answers import TaskAnswer

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["ReturnedLabels"]


class ReturnedLabels:
    """Makes labels of what the tasks of one run answer, one task after the other.

    Args:
        api: converts labels of the dataset, to compare them with what comes back
        results: the run's results; which annotation is which label is noted in them
        schema: the run's schema, as ``_build_cvat_schema`` gives it
        columns: reads the run's fields
        keep_text: whether text stays text where the dataset does not say
    """

    def __init__(
        self,
        api: CVATAnnotationAPI,
        results: Any,
        schema: SchemaParts,
        columns: Columns,
        *,
        keep_text: bool,
    ) -> None:
        self._fingerprints = results.fingerprints
        self._sent = SentLabels(api, results, schema, columns)
        self._fields = RunFields(
            results.config, schema, self._sent, columns.samples, keep_text=keep_text
        )
        self._outcome = Outcome(results, self._sent, self._fields.attributes)
        self._ids = AnnotationIds(results.server_id_map)
        self._unreadable = Unreadable()
        self._settlement = Settlement(
            self._outcome,
            self._ids,
            self._unreadable,
            self._sent,
            is_clips=results._is_clips,
        )

    def add(self, task: TaskAnswer, stored: StoredLabels) -> None:
        """Place the annotations of one task, settle them, and add them to the outcome.

        Args:
            task: what the server answers about the task
            stored: the labels of the run's fields on the task's frames
        """
        self._sent.begin(stored)
        self._outcome.begin(task)
        self._settlement.begin(task)
        fields = self._fields.on_task(task)
        legibility = Legibility(
            task, fields, self._ids, self._unreadable, self._outcome
        )
        placement = Placement(
            task, fields, legibility, self._ids, self._sent, self._fingerprints
        )
        for name, labels in placement.place().items():
            self._settlement.settle(fields[name], labels)

    def finish(self) -> Outcome:
        """Return the outcome, after the last task."""
        self._outcome.finish()
        self._settlement.finish()
        return self._outcome
