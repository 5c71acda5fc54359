"""The labels of a run that come back, made of what its tasks answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.to_cvat.schema import SchemaParts
from fiftyone_cvat.dataset.columns import Columns, StoredLabels
from fiftyone_cvat.dataset.sent_labels import SentLabels
from fiftyone_cvat.download.annotation_ids import AnnotationIds
from fiftyone_cvat.download.foreign_tasks import (
    has_own_annotation,
    is_one_that_was_sent,
)
from fiftyone_cvat.download.legibility import Legibility, Unreadable
from fiftyone_cvat.download.outcome import Outcome
from fiftyone_cvat.download.placement import Placement
from fiftyone_cvat.download.run_fields import RunFields, TaskField
from fiftyone_cvat.download.settlement import Settlement
from fiftyone_cvat.download.whereabouts import attach_call
from fiftyone_cvat.server.task_answers import TaskAnswer

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["ReturnedLabels"]

logger = logging.getLogger(__name__)


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
        self._api = api
        self._results = results
        self._columns = columns
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
        self._leave_out_if_foreign(task, fields)
        legibility = Legibility(
            task, fields, self._ids, self._unreadable, self._outcome
        )
        placement = Placement(
            task, fields, legibility, self._ids, self._sent, self._fingerprints
        )
        placed = placement.place()
        if self._results.config.load_options.fills_empty:
            self._outcome.unfinished |= _unplaced(task, fields, placed)
        for name, labels in placed.items():
            self._settlement.settle(fields[name], labels)

    def _leave_out_if_foreign(
        self, task: TaskAnswer, fields: Mapping[str | None, TaskField]
    ) -> None:
        """Leave a task that is not the one that was sent out of the outcome.

        What it has says nothing of the labels, and neither does what it lacks: they
        stay as they are. A task that was sent may have lost all labels of the run, too,
        if annotators have deleted them.
        """
        results = self._results
        if has_own_annotation(
            task, fields, self._ids, self._sent, self._fingerprints
        ) or is_one_that_was_sent(self._api, results, task, self._columns):
            return
        logger.warning(
            "Task %d at %s has no label of run '%s' and is not the task that was sent: "
            "its labels stay as they are here. If that one was restored, duplicated or "
            "moved, %s points the run at the new one",
            task.id,
            self._api.base_task_url(task.id),
            results.key,
            attach_call(results.key, [task.id]),
        )
        self._outcome.reconciliation.add_reason(
            f"task {task.id} is not the one that was sent: attach the one that is"
        )
        task.annotations = {"tags": [], "shapes": [], "tracks": []}
        self._unreadable.task_ids.add(task.id)

    def finish(self) -> Outcome:
        """Return the outcome, after the last task."""
        self._outcome.finish()
        self._settlement.finish()
        return self._outcome


def _unplaced(
    task: TaskAnswer,
    fields: Mapping[str | None, TaskField],
    placed: Mapping[str | None, Sequence[ReadLabel]],
) -> set[FrameRef]:
    """Return the frames with an annotation that is in no field of its kind.

    Args:
        task: what the server answers about the task
        fields: the run's fields on the task, by name
        placed: field to what was read of its annotations
    """
    frames: set[int] = set()
    annotations, tracks = set(), set()
    for name, labels in placed.items():
        for each in labels:
            if each.kind != fields[name].kind:
                frames.add(each.frame)
            elif each.track is None:
                annotations.add(id(each.annotation))
            else:
                tracks.add(each.annotation["id"])
    given = task.annotations
    for each in (*given["tags"], *given["shapes"]):
        if id(each) not in annotations:
            frame = each.get("frame") if isinstance(each, dict) else None
            # one without a frame may be on any
            frames |= {frame} if isinstance(frame, int) else task.refs.keys()
    for each in given["tracks"]:
        if not isinstance(each, dict) or each.get("id") not in tracks:
            frames |= task.refs.keys()
    return {ref for frame, ref in task.refs.items() if frame in frames}
