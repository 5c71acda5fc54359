"""Labels of a kind that their field does not expect.

FiftyOne asks its user what to do with them: they are in the result under their kind.
It goes field by field, and of a kind that two fields have it would delete the labels
of the one when it comes to the other: so all of a kind are in the result of one field.
Of tasks that nobody sent all labels are such.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from bson import ObjectId

from fiftyone_cvat.convert.from_cvat.comparison import same_label
from fiftyone_cvat.convert.from_cvat.label_parts import merge_parts
from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.label_ids import join_label_id, split_label_id
from fiftyone_cvat.dataset.sent_labels import SentLabels
from fiftyone_cvat.dataset.unexpected_labels import (
    LoadedLabel,
    UnexpectedLabel,
    UnexpectedLabels,
)
from fiftyone_cvat.download.annotation_ids import AnnotationIds, new_id
from fiftyone_cvat.download.legibility import Unreadable
from fiftyone_cvat.download.outcome import FORBIDDEN, SAMPLE_DELETED_HERE, Outcome
from fiftyone_cvat.download.run_fields import TaskField
from fiftyone_cvat.server.task_answers import TaskAnswer

__all__ = ["Unexpected"]

ID_BYTES = 12


class Unexpected:
    """Adds labels of other kinds to the outcome of one run.

    Args:
        outcome: where they are added
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
        self._given: set[str] = set()
        self._unreadable_by_ref: dict[FrameRef, set[str]] = {}
        self._partly_hidden: set[str] = set()
        self._on_left_frames: set[str] = set()
        self._holders: dict[tuple[str, bool], str | None] = {}

    def begin(self, task: TaskAnswer) -> None:
        """Note which labels of a task earlier loads have put into other fields.

        Args:
            task: what the server answers about it
        """
        loaded = self._sent.loaded_elsewhere(task)
        self._outcome.unexpected.loaded.update(loaded)
        left = {task.refs.get(frame) for frame in task.left_frames}
        self._on_left_frames |= {
            label_id for label_id, each in loaded.items() if each.ref in left
        }
        for number in _tracks_on(task, task.deleted_frames):
            # without a key shape, CVAT shows nothing of it on other frames, either
            self._partly_hidden.add(self._ids.of_tracks.get(number, ""))

    def finish(self) -> None:
        """Keep what did not come back of earlier loads, but is not deleted.

        FiftyOne deletes from another field what is not in the result. Which of them
        are deleted if nothing of a kind is in it, is noted for the end of the merge.
        """
        unexpected = self._outcome.unexpected
        for label_id, each in unexpected.not_back().items():
            if self._stays(label_id, each):
                unexpected.staying.add(label_id)
            elif self._outcome.forbids_deletion(each.stored.label):
                unexpected.staying.add(label_id)
                self._outcome.reconciliation.add_reason(FORBIDDEN["deleted"])
        kept = {
            label_id: each
            for label_id, each in unexpected.not_back().items()
            if (each.kind, True) in self._holders and label_id in unexpected.staying
        }
        index_of = _indexes_in_result(unexpected)
        for label_id, each in kept.items():
            label = each.stored.build()
            if each.stored.index is not None:
                label.index = index_of(each)
            holder = self._holders[each.kind, True]
            unexpected.labels.append(
                UnexpectedLabel(
                    label_field=holder,
                    task_id=each.task_id,
                    ref=each.ref,
                    kind=each.kind,
                    label=label,
                    what="kept",
                    was_loaded=True,
                )
            )
            self._outcome.put(holder, each.kind, each.ref, label_id, label)
        if self._is_clips:
            self._withhold_indexes()

    def _withhold_indexes(self) -> None:
        """Take the indexes off tracks of clips, and note what they get after the merge.

        FiftyOne numbers the tracks of each clip from 1, whatever their video has.
        """
        unexpected = self._outcome.unexpected
        of_tracks = [each for each in unexpected.labels if _index(each) is not None]
        index_by_track: dict[tuple[int, str | None, int | None], int] = {}
        for each in of_tracks:
            loaded = unexpected.loaded.get(str(each.label.id))
            if loaded is not None and loaded.stored.index is not None:
                index_by_track[_track_in_result(each)] = loaded.stored.index
        # FiftyOne's `unexpected` may put them into any field
        in_use = [self._sent.highest_index_anywhere()] if of_tracks else []
        in_use += [each.stored.index or 0 for each in unexpected.loaded.values()]
        free = max(in_use, default=0) + 1
        for each in of_tracks:
            track = _track_in_result(each)
            if track not in index_by_track:
                index_by_track[track] = free
                free += 1
            each.label.index = None
            indexes = self._outcome.absent.indexes[each.label_field]
            indexes[each.label.id] = index_by_track[track]

    def _stays(self, label_id: str, loaded: LoadedLabel) -> bool:
        """Return whether a label that did not come back is not deleted."""
        unreadable = self._unreadable
        return (
            label_id in self._on_left_frames
            or loaded.task_id in unreadable.task_ids
            or label_id in unreadable.label_ids
            or label_id in self._unreadable_on(loaded.ref)
        )

    def _unreadable_on(self, ref: FrameRef) -> set[str]:
        """Return the ids of labels on a frame whose tracks are not read whole."""
        if ref not in self._unreadable_by_ref:
            track_ids = {*self._ids.of_tracks.values()} & self._unreadable.label_ids
            track_ids |= self._partly_hidden
            ids = {_id_on_frame(each, ref) for each in track_ids}
            self._unreadable_by_ref[ref] = ids
        return self._unreadable_by_ref[ref]

    def add(self, field: TaskField, ref: FrameRef, labels: Iterable[ReadLabel]) -> None:
        """Add labels; what an earlier load added is found, whichever field it is in.

        A field without a name takes labels that somebody may have sent elsewhere: they
        keep their ids, and their parts are one label, as they were there.

        Args:
            field: the field, which expects another kind
            ref: the frame
            labels: what was read of the annotations
        """
        if field.name is None:
            for parts in _labels_of_parts(labels):
                self._add(field, ref, parts)
        else:
            for each in labels:
                self._add(field, ref, [each])

    def _add(self, field: TaskField, ref: FrameRef, parts: Sequence[ReadLabel]) -> None:
        """Add the one label that some annotations are."""
        if not self._sent.has_sample(ref):
            for _ in parts:
                self._outcome.leave_out(SAMPLE_DELETED_HERE, field)
            return
        value = merge_parts(parts)
        value.id = self._id_of(field, ref, parts)
        self._given.add(value.id)
        what = "added"
        loaded = self._sent.loaded_elsewhere(field.task).get(value.id)
        if loaded is not None:
            names = [name for name, _ in value.iter_attributes()]
            is_same = same_label(value, loaded.stored.build(), names)
            what = "kept" if is_same else "changed"
        was_loaded = self._sent.is_loaded_elsewhere(value.id, ref)
        kind = parts[0].kind
        unexpected = UnexpectedLabel(
            field.name, field.task.id, ref, kind, value, what, was_loaded
        )
        self._outcome.unexpected.labels.append(unexpected)
        can_add = bool(field.info.get("allow_additions", True))
        holder = self._holders.setdefault((kind, can_add), field.name)
        self._outcome.put(holder, kind, ref, value.id, value)

    def _id_of(
        self, field: TaskField, ref: FrameRef, parts: Sequence[ReadLabel]
    ) -> str:
        """Return the id of a label, which is the same whenever it is loaded.

        Of a track the server's id is remembered, and the frame makes the label's.
        """
        label = parts[0]
        is_named = field.name is not None or label.track is not None
        said_id = None if is_named else label.label_id
        if not self._may_be(said_id, ref):
            said_id = None
        if label.track is not None:
            track_id = self._ids.of_tracks.get(label.annotation["id"]) or new_id()
            for each in parts:
                self._ids.remember(each, track_id)
            return _id_on_frame(track_id, ref)
        known_id, part = split_label_id(self._ids.remembered(label))
        if part > 1:
            # what was a part more of a label of another kind is a label of its own
            known_id = None
        label_id = known_id or said_id or new_id()
        for number, each in enumerate(parts, 1):
            self._ids.remember(each, join_label_id(label_id, number))
        return label_id

    def _may_be(self, label_id: str | None, ref: FrameRef) -> bool:
        """Return whether a label can have an id: no other one has it."""
        if label_id is None or label_id in self._given:
            return False
        return ObjectId.is_valid(label_id) and (
            self._sent.is_loaded_elsewhere(label_id, ref)
            or not self._sent.has_label(label_id)
        )


def _labels_of_parts(labels: Iterable[ReadLabel]) -> list[list[ReadLabel]]:
    """Return labels, each with its parts in order: outlines that say so are parts.

    The parts of a label that was copied are one label again.
    """
    found: dict[object, list[ReadLabel]] = {}
    copies: Counter[object] = Counter()
    for number, each in enumerate(labels):
        key: object = number
        if each.label_id and each.annotation.get("type") in ("polygon", "polyline"):
            label = (each.key, each.label_id)
            key = (label, copies[label, each.part])
            copies[label, each.part] += 1
        found.setdefault(key, []).append(each)
    return [sorted(parts, key=lambda each: each.part) for parts in found.values()]


def _tracks_on(task: TaskAnswer, frames: Collection[int]) -> Iterator[int]:
    """Yield the server's ids of tracks that have a key shape on any of some frames.

    The annotations are not checked yet.
    """
    for track in task.annotations.get("tracks") or () if frames else ():
        shapes = track.get("shapes") if isinstance(track, dict) else None
        numbers = [
            each.get("frame")
            for each in (shapes if isinstance(shapes, list) else ())
            if isinstance(each, dict)
        ]
        is_there = any(isinstance(each, int) and each in frames for each in numbers)
        if is_there and isinstance(track.get("id"), int):
            yield track["id"]


def _indexes_in_result(unexpected: UnexpectedLabels) -> Callable[[LoadedLabel], int]:
    """Return what gives a loaded label's track the index that it has in the result.

    FiftyOne gives the tracks of the result their indexes in the field by the labels
    that it knows; those that share an index in the result are one track to it.
    """
    index_by_track: dict[tuple[str, str, int | None], int | None] = {}
    for each in unexpected.labels:
        loaded = unexpected.loaded.get(str(each.label.id))
        if loaded is not None:
            index_by_track[_track_of(loaded)] = _index(each)
    indexes = [_index(each) or 0 for each in unexpected.labels]
    free = max(indexes, default=0) + 1

    def index_of(loaded: LoadedLabel) -> int:
        index = index_by_track.get(_track_of(loaded))
        return free + int(loaded.stored.index) if index is None else index

    return index_of


def _index(unexpected: UnexpectedLabel) -> int | None:
    return getattr(unexpected.label, "index", None)


def _track_in_result(
    unexpected: UnexpectedLabel,
) -> tuple[int, str | None, int | None]:
    return unexpected.task_id, unexpected.label_field, _index(unexpected)


def _track_of(loaded: LoadedLabel) -> tuple[str, str, int | None]:
    return loaded.label_field, loaded.ref.sample_id, loaded.stored.index


def _id_on_frame(track_id: str, ref: FrameRef) -> str:
    text = f"{track_id} {ref.key}"
    return hashlib.blake2b(text.encode(), digest_size=ID_BYTES).hexdigest()
