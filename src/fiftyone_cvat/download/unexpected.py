"""Labels of a kind that their field does not expect.

FiftyOne asks its user what to do with them: they are in the result under their kind.
It goes field by field, and of a kind that two fields have it would delete the labels
of the one when it comes to the other: so all of a kind are in the result of one field.
"""

from __future__ import annotations

import hashlib

from fiftyone_cvat.convert.from_cvat.comparison import same_label
from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from fiftyone_cvat.dataset.sent_labels import SentLabels
from fiftyone_cvat.dataset.unexpected_labels import UnexpectedLabel
from fiftyone_cvat.download.annotation_ids import AnnotationIds, new_id
from fiftyone_cvat.download.outcome import SAMPLE_DELETED_HERE, Outcome
from fiftyone_cvat.download.run_fields import TaskField
from fiftyone_cvat.server.task_answers import TaskAnswer

__all__ = ["Unexpected"]

ID_BYTES = 12


class Unexpected:
    """Adds labels of other kinds to the outcome of one run.

    Args:
        outcome: where they are added
        ids: which annotation is which label
        sent: the run's labels as they are in the dataset
    """

    def __init__(self, outcome: Outcome, ids: AnnotationIds, sent: SentLabels) -> None:
        self._outcome = outcome
        self._ids = ids
        self._sent = sent
        self._holders: dict[tuple[str, bool], str | None] = {}

    def begin(self, task: TaskAnswer) -> None:
        """Note which labels of a task earlier loads have put into other fields.

        Args:
            task: what the server answers about it
        """
        loaded = self._sent.loaded_elsewhere(task)
        self._outcome.unexpected.loaded.update(
            ((label_field, label_id), (task.id, ref))
            for label_id, (label_field, ref, _) in loaded.items()
        )

    def add(self, field: TaskField, ref: FrameRef, label: ReadLabel) -> None:
        """Add a label; what an earlier load added is found, whichever field it is in.

        Args:
            field: the field, which expects another kind
            ref: the frame
            label: what was read of the annotation
        """
        if not self._sent.has_sample(ref):
            self._outcome.leave_out(SAMPLE_DELETED_HERE, field)
            return
        value = label.read_value()
        value.id = self._id_of(ref, label)
        what = "added"
        loaded = self._sent.loaded_elsewhere(field.task).get(value.id)
        if loaded is not None:
            names = [name for name, _ in value.iter_attributes()]
            is_same = same_label(value, loaded[2].build(), names)
            what = "kept" if is_same else "changed"
        was_loaded = self._sent.is_loaded_elsewhere(value.id, ref)
        unexpected = UnexpectedLabel(
            field.name, field.task.id, ref, label.kind, value, what, was_loaded
        )
        self._outcome.unexpected.labels.append(unexpected)
        can_add = bool(field.info.get("allow_additions", True))
        holder = self._holders.setdefault((label.kind, can_add), field.name)
        self._outcome.put(holder, label.kind, ref, value.id, value)

    def _id_of(self, ref: FrameRef, label: ReadLabel) -> str:
        """Return the id of a label, which is the same whenever it is loaded.

        Of a track the server's id is remembered, and the frame makes the label's.
        """
        if label.track is not None:
            track_id = self._ids.of_tracks.get(label.annotation["id"]) or new_id()
            self._ids.remember(label, track_id)
            return _id_on_frame(track_id, ref)
        known_id, part = split_label_id(self._ids.remembered(label))
        # what was a part more of a label of another kind is a label of its own
        label_id = known_id if known_id is not None and part == 1 else new_id()
        self._ids.remember(label, label_id)
        return label_id


def _id_on_frame(track_id: str, ref: FrameRef) -> str:
    text = f"{track_id} {ref.key}"
    return hashlib.blake2b(text.encode(), digest_size=ID_BYTES).hexdigest()
