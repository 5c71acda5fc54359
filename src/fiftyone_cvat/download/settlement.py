"""A field's annotations on one task, each given to what settles its kind of label."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from fiftyone_cvat.dataset.sent_labels import SentLabels
from fiftyone_cvat.download.annotation_ids import AnnotationIds
from fiftyone_cvat.download.legibility import Unreadable
from fiftyone_cvat.download.matching import Matching
from fiftyone_cvat.download.outcome import Outcome
from fiftyone_cvat.download.run_fields import TaskField
from fiftyone_cvat.download.scalars import ScalarSettlement
from fiftyone_cvat.download.segmentations import SegmentationSettlement
from fiftyone_cvat.download.tracks import TrackIndexes
from fiftyone_cvat.download.unexpected import Unexpected
from fiftyone_cvat.download.withheld_indexes import WithheldIndexes
from fiftyone_cvat.server.task_answers import TaskAnswer

__all__ = ["Settlement"]


class Settlement:
    """Makes of the annotations of one run labels with ids.

    Args:
        outcome: where the labels are counted
        ids: which annotation is which label
        unreadable: what of the run cannot be read
        sent: the run's labels as they are in the dataset
        is_clips: whether the run's samples are clips of videos
    """

    def __init__(
        self,
        outcome: Outcome,
        ids: AnnotationIds,
        unreadable: Unreadable,
        sent: SentLabels,
        *,
        is_clips: bool,
    ) -> None:
        self._outcome = outcome
        self._ids = ids
        self._unreadable = unreadable
        self._sent = sent
        self._is_clips = is_clips
        self._unexpected = Unexpected(outcome, ids, unreadable, sent, is_clips=is_clips)
        self._scalars = ScalarSettlement(outcome, sent, unreadable, self._unexpected)
        self._segmentations = SegmentationSettlement(outcome, ids, unreadable)
        self._matching = Matching(outcome, ids, unreadable)
        self._tracks = TrackIndexes(ids, sent, is_clips=is_clips)
        self._withheld = WithheldIndexes(outcome, sent, is_clips=is_clips)

    def begin(self, task: TaskAnswer) -> None:
        """Begin with a task.

        Args:
            task: what the server answers about it
        """
        self._unexpected.begin(task)

    def settle(self, field: TaskField, labels: Sequence[ReadLabel]) -> None:
        """Give a field's labels on one task their ids and add them to the outcome.

        Args:
            field: the field
            labels: what was read of its annotations; those of tracks get their index
        """
        has_tracks = any(each.track is not None for each in labels)
        if has_tracks:
            self._tracks.settle(field, labels)
        if field.kind == "scalar":
            self._scalars.settle(field, labels)
            return
        by_frame = self._readable_by_frame(field, labels)
        task = field.task
        occupied = self._sent.occupied(field.name, field.originals, task)
        not_copied = self._outcome.not_copied(field.name, task)
        # a task may have a sample twice
        frame_by_ref = {ref: frame for frame, ref in task.refs.items()}
        for ref, frame in frame_by_ref.items():
            if frame in not_copied:
                continue
            if frame in task.left_frames:
                self._outcome.keep(field, ref, field.known(ref))
            elif ref in by_frame or ref in field.originals:
                room = None if occupied is None else int(ref not in occupied)
                self._settle_frame(field, ref, by_frame[ref], room)
        if has_tracks or self._is_clips:
            self._withheld.withhold(field)

    def finish(self) -> None:
        """Settle what is known after the last task only, when the outcome is."""
        self._unexpected.finish()
        self._withheld.finish()

    def _settle_frame(
        self,
        field: TaskField,
        ref: FrameRef,
        labels: Sequence[ReadLabel],
        room: int | None,
    ) -> None:
        expected = field.kind
        mine = [each for each in labels if each.kind == expected]
        others = [each for each in labels if each.kind != expected]
        self._unexpected.add(field, ref, others)
        if expected == "segmentation":
            self._segmentations.settle(field, ref, mine)
        else:
            self._matching.settle(field, ref, mine, room)

    def _readable_by_frame(
        self, field: TaskField, labels: Iterable[ReadLabel]
    ) -> dict[FrameRef, list[ReadLabel]]:
        """Return labels by frame, without parts and copies of unreadable ones."""
        unreadable = self._unreadable.label_ids
        by_frame: dict[FrameRef, list[ReadLabel]] = defaultdict(list)
        for each in labels:
            ids: set[str | int | None] = set()
            if unreadable:
                ids = {each.label_id, *split_label_id(self._ids.remembered(each))}
            ref = field.task.refs[each.frame]
            if ids.isdisjoint(unreadable):
                by_frame[ref].append(each)
            else:
                self._outcome.unfinished.add(ref)
                reason = "part or copy of a label that cannot be read"
                self._outcome.leave_out(reason, field)
        return by_frame
