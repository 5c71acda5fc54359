"""Which label each annotation is, and what came of the labels that went up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from fiftyone_cvat.convert.from_cvat.label_parts import (
    Original,
    adopt_unchanged,
    merge_parts,
    merge_segmentation,
    paintable,
    same_label,
    same_value,
)
from fiftyone_cvat.convert.from_cvat.labels import ReadLabel, reasons_of_refusal
from fiftyone_cvat.convert.from_cvat.reconciliation import same_annotation, same_scalar
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.label_ids import (
    join_label_id,
    settle_ids,
    split_label_id,
)
from fiftyone_cvat.dataset.sent_labels import DatasetLabels, Originals
from fiftyone_cvat.download.copies import Copy
from fiftyone_cvat.download.outcome import beyond_one, new_id
from fiftyone_cvat.download.scalars import Scalars
from fiftyone_cvat.download.tracks import (
    indexes_by_id,
    settle_tracks,
    withhold_shared_indexes,
)
from fiftyone_cvat.download.unchanged import are_unchanged, shows_all
from fiftyone_cvat.server.task_answers import TaskAnswer
from fiftyone_cvat.types import RETURN_TYPES, Json

__all__ = ["Settler"]


class Settler(Scalars):
    """Makes of the annotations of one run labels with ids, and counts them.

    Args:
        results: the run's results; which annotation is which label is noted in them
        dataset: the run's labels as they are in the dataset
        attributes: field to the names of its attributes
    """

    def __init__(
        self,
        results: Any,
        dataset: DatasetLabels,
        attributes: Mapping[Any, Collection[str]],
    ) -> None:
        super().__init__(results, dataset)
        self._attributes = attributes
        self._unreadable: set[str] = set()
        self._is_shared = False
        self._is_clips = results._is_clips
        self._highest: dict[Any, int] = {}  # index of a track in a field
        self._later: list[Callable[[], None]] = []
        self._sent_texts: dict[str | None, list[str]] = defaultdict(list)
        for kind in ("tags", "shapes"):
            for text in results.server_id_map.get(kind, {}).values():
                self._sent_texts[split_label_id(text)[0]].append(text)

    def begin(self, task: TaskAnswer) -> None:
        """Begin with a task.

        Args:
            task: what the server answers about it
        """
        self._is_shared = self._copies.begin(task.id, task.refs.values())

    def finish(self) -> None:
        """Settle what several tasks have, after the last one."""
        for verdicts in self._copies.settle(self._came_out_same):
            self._count_shared(verdicts)
        for withhold in self._later:
            withhold()

    def _came_out_same(self, label_field: Any, first: Copy, second: Copy) -> bool:
        if first.kind == "scalar":
            return same_scalar(first.label, second.label)
        if first.kind == "segmentation":
            return np.array_equal(first.label.mask, second.label.mask)
        return first.index == second.index and same_label(
            first.label, second.label, self._attributes[label_field]
        )

    def keep_unreadable(self, label_ids: Iterable[str]) -> None:
        """Keep labels as they are in the dataset, since what came back says nothing."""
        self._unreadable.update(label_ids)

    def settle(
        self,
        label_field: Any,
        labels: list[ReadLabel],
        originals: Originals,
        task: TaskAnswer,
    ) -> None:
        """Give a field's labels on one task their ids and add them to the result.

        Args:
            label_field: the field
            labels: what was read of its annotations
            originals: the run's labels of the field as they are in the dataset
            task: what the server answers about the task
        """
        info = self._label_schema[label_field]
        expected = RETURN_TYPES.get(info.get("type") or "")
        if expected == "scalar":
            self._settle_scalars(label_field, labels, task)
            return
        has_tracks = any(each.track is not None for each in labels)
        if has_tracks:
            self._settle_tracks(label_field, labels, originals, task)
        by_frame = self._readable_by_frame(label_field, labels, task)
        occupied = self._dataset.occupied(label_field, originals, task)
        # a task may have a sample twice
        frame_by_ref = {ref: frame for frame, ref in task.refs.items()}
        for ref, frame in frame_by_ref.items():
            if frame in task.deleted_frames:
                self._keep(label_field, ref, originals.get(ref, {}), task)
                continue
            if ref not in by_frame and ref not in originals:
                continue
            mine = []
            for each in by_frame[ref]:
                if each.kind == expected:
                    mine.append(each)
                else:
                    self._add_unexpected(label_field, ref, each, task)
            known = originals.get(ref, {})
            if expected == "segmentation":
                self._settle_segmentation(label_field, ref, mine, known, task)
            else:
                room = None if occupied is None else int(ref not in occupied)
                self._settle_frame(label_field, ref, mine, known, task, room)
        if has_tracks or self._is_clips:
            self._withhold_indexes(label_field, expected, task)

    def _settle_tracks(
        self,
        label_field: Any,
        labels: list[ReadLabel],
        originals: Originals,
        task: TaskAnswer,
    ) -> None:
        if self._is_clips and label_field not in self._highest:
            # FiftyOne does not see in a clip which indexes its video has
            self._highest[label_field] = self._dataset.highest_index(label_field)
        highest = self._highest.get(label_field, 0)
        server_ids = self._results.server_id_map.get("tracks", {})
        used = settle_tracks(labels, originals, task, server_ids, highest)
        if label_field in self._highest:
            self._highest[label_field] = used

    def _readable_by_frame(
        self, label_field: Any, labels: Iterable[ReadLabel], task: TaskAnswer
    ) -> dict[FrameRef, list[ReadLabel]]:
        """Return labels by frame, without parts and copies of unreadable ones."""
        by_frame: dict[FrameRef, list[ReadLabel]] = defaultdict(list)
        for each in labels:
            ids: set[Any] = set()
            if self._unreadable:
                server_label_id = self._claim(each).server_label_id
                ids = {each.label_id, *split_label_id(server_label_id)}
            if ids.isdisjoint(self._unreadable):
                by_frame[task.refs[each.frame]].append(each)
            else:
                reason = "part or copy of a label that cannot be read"
                self.leave_out(reason, label_field, task)
        return by_frame

    def _withhold_indexes(
        self, label_field: Any, kind: str | None, task: TaskAnswer
    ) -> None:
        labels = self._dataset.labels(label_field, task)
        withhold = partial(self._withhold_indexes_now, label_field, kind, labels, task)
        if self._is_shared:
            self._later.append(withhold)
        else:
            withhold()

    def _withhold_indexes_now(
        self,
        label_field: Any,
        kind: str | None,
        labels_by_ref: Mapping[FrameRef, Sequence[Any]],
        task: TaskAnswer,
    ) -> None:
        by_sample = self.annotations[label_field].get(kind, {})
        by_sample_id: dict[str, list[tuple[Mapping[str, Any], list[Any]]]] = (
            defaultdict(list)
        )
        for ref in dict.fromkeys(task.refs.values()):
            labels = by_sample.get(ref.sample_id, {}).get(ref.frame_id, {})
            present = [*labels_by_ref.get(ref, ())]
            by_sample_id[ref.sample_id].append((labels, present))
        for of_sample in by_sample_id.values():
            if self._is_clips:
                # FiftyOne does not find the labels of a clip, and numbers all its
                # tracks anew
                indexes: dict[str, int] = {}
                for labels, _ in of_sample:
                    indexes |= indexes_by_id(labels)
            else:
                indexes = withhold_shared_indexes(of_sample)
            if not self._label_schema[label_field].get("allow_index_edits", True):
                for _, present in of_sample:
                    for each in present:
                        indexes.pop(each.id, None)
            self.absent.indexes[label_field].update(indexes)

    def _settle_frame(
        self,
        label_field: Any,
        ref: FrameRef,
        labels: list[ReadLabel],
        known: dict[str, Original],
        task: TaskAnswer,
        room: int | None,
    ) -> None:
        """Settle one frame, on which a field has room for so many labels, if told."""
        claims = [self._claim(each) for each in labels]
        uploaded = {
            key: each.annotations
            for key, each in known.items()
            if key not in self._unreadable
        }
        in_space = self._dataset.is_point_cloud
        ids = settle_ids(claims, uploaded, new_id, in_space=in_space)
        parts: dict[str, list[ReadLabel]] = defaultdict(list)
        for label_id, each in zip(ids, labels, strict=True):
            parts[label_id].append(each)
        if room is not None:
            missing = known.keys() - parts
            stays = any(self._stays(key, known[key], task) for key in missing)
            parts = self._first(0 if stays else room, label_field, parts, known, task)
        for label_id, own in parts.items():
            own.sort(key=lambda each: each.part)
            original = known.get(label_id)
            copy = self._finish(label_field, label_id, own, original, task)
            self._take(label_field, ref, label_id, copy, task)
        self._settle_missing(label_field, ref, known, parts, task)

    def _first(
        self,
        room: int,
        label_field: Any,
        parts: dict[str, list[ReadLabel]],
        known: Mapping[str, Original],
        task: TaskAnswer,
    ) -> dict[str, list[ReadLabel]]:
        """Leave out what a field of one label has no room for.

        The label that went up stays, whatever else was drawn.
        """
        order = sorted(parts, key=lambda each: each not in known)
        for label_id in order[room:]:
            for _ in parts[label_id]:
                self.leave_out(beyond_one(label_field), label_field, task)
        return {each: parts[each] for each in order[:room]}

    def _finish(
        self,
        label_field: Any,
        label_id: str,
        parts: list[ReadLabel],
        original: Original | None,
        task: TaskAnswer,
    ) -> Copy:
        """Return the one label that some annotations are."""
        for number, each in enumerate(parts, 1):
            self._remember(each, join_label_id(label_id, number))
        sent = () if original is None else original.annotations
        refused = reasons_of_refusal(parts[0].refused, sent, task.attribute_ids)
        for reason in refused:
            self.reconciliation.add_reason(reason)
        if original is not None and not original.is_gone:
            # before its label is built, which takes twenty times as long to ask
            names = self._attributes[label_field]
            self.absent.note(label_field, names, original.held)
        before: Any = None if original is None else original.label
        label: Any = None
        if original is None:
            what, label = "added", self._merged(label_id, parts)
        elif before is None:
            what = "unmatched"
        elif self._is_untouched(parts, original, task):
            what, label = "kept", before
        else:
            what, label = "changed", self._merged(label_id, parts)
            if self._is_same(label_field, label, parts, original, task):
                what, label = "kept", before
        if what == "changed":
            self.edited[label_field] |= {
                name
                for name in self._attributes[label_field]
                if not same_value(
                    label.get_attribute_value(name, None),
                    before.get_attribute_value(name, None),
                )
            }
        got = [each.annotation for each in parts]
        index = parts[0].index
        return Copy(task.id, what, parts[0].kind, label, before, got, index, sent)

    def _merged(self, label_id: str, parts: Sequence[ReadLabel]) -> Any:
        label = merge_parts(parts)
        label.id = label_id
        return label

    def _is_untouched(
        self, parts: Sequence[ReadLabel], original: Original, task: TaskAnswer
    ) -> bool:
        """Tell whether a label came back as it went up."""
        sent = original.annotations
        if len(parts) < len(sent) and task.id in self._unsure:
            return True
        number = len(set(self._sent_texts[original.held.id]))
        if sent and _are_untouched(parts, number):
            # whatever has become of it in the dataset meanwhile
            return True
        if not _is_same_track(parts, original):
            return False
        if are_unchanged(parts, sent):
            return True
        got = [each.annotation for each in parts]
        return same_annotation(sent, got, task.defaults, task.label_id_specs)

    def _is_same(
        self,
        label_field: Any,
        label: Any,
        parts: Sequence[ReadLabel],
        original: Original,
        task: TaskAnswer,
    ) -> bool:
        """Tell whether a label says the same as in the dataset.

        If not, what of it is the same is made the same to the last bit, in place.
        """
        before = original.label
        got = [each.annotation for each in parts]
        for reason in adopt_unchanged(
            label, original, got, task.attribute_ids, task.defaults
        ):
            self.reconciliation.add_reason(reason)
        # an ellipse that was drawn is a mask here, which is what would go up
        return _is_same_track(parts, original) and same_label(
            label, before, self._attributes[label_field]
        )

    def _settle_segmentation(
        self,
        label_field: Any,
        ref: FrameRef,
        pieces: list[ReadLabel],
        known: dict[str, Original],
        task: TaskAnswer,
    ) -> None:
        """Paint the pieces of a segmentation, unless all came back as they went up."""
        targets = self._label_schema[label_field].get("mask_targets") or {}
        for each in pieces:
            if each.value.label not in targets.values():
                reason = f"mask of class '{each.value.label}', which has no value"
                self.leave_out(reason, label_field, task)
        pieces = [each for each in pieces if each.value.label in targets.values()]
        remembered = (self._claim(each).server_label_id for each in pieces)
        label_id = next(iter(known), None) or next(filter(None, remembered), new_id())
        original = known.get(label_id)
        for each in pieces:
            self._remember(each, label_id)
        got = sorted((each.annotation for each in pieces), key=_place_in_order)
        before = None if original is None else original.label
        is_unread = self._is_unread(label_id, task)
        if original is not None and (
            is_unread
            # the cheapest first: the others compare pixels
            or (
                before is not None
                and _are_untouched(pieces, len(self._sent_texts[label_id]))
            )
            or shows_all(before, pieces, targets, task)
            or _same_pieces(original, got, task)
        ):
            self._keep(label_field, ref, known, task, None if is_unread else got)
        elif not pieces:
            self._delete(label_field, ref, known, task)
        elif original is not None and original.is_gone:
            # FiftyOne takes no label again that the run knows and the dataset lacks
            for _ in pieces:
                copy = Copy(task.id, "unmatched", "segmentation", None, None, got)
                self._take(label_field, ref, label_id, copy, task)
        else:
            label = merge_segmentation(
                [each.value for each in pieces],
                task.sizes[pieces[0].frame],
                targets,
                before,
            )
            label.id = label_id
            what, label = self._painted(label, before, targets)
            copy = Copy(task.id, what, "segmentation", label, before, got)
            self._take(label_field, ref, label_id, copy, task)

    def _painted(
        self, label: Any, before: Any, mask_targets: Mapping[Any, str]
    ) -> tuple[str, Any]:
        """Return what became of a segmentation that was painted, and the label."""
        if before is None:
            return "added", label
        if before.has_mask and paintable(before, mask_targets) is None:
            self.reconciliation.add_reason(
                "segmentation in the dataset that its mask targets do not fit: painted "
                "anew"
            )
        elif np.array_equal(label.mask, before.get_mask()):
            # an ellipse that was drawn is pixels here
            return "kept", before
        return "changed", label

    def _settle_missing(
        self,
        label_field: Any,
        ref: FrameRef,
        known: dict[str, Original],
        found: Mapping[str, Any],
        task: TaskAnswer,
    ) -> None:
        """Count what did not come back; keep what could not go up or be read."""
        missing = {key: each for key, each in known.items() if key not in found}
        kept = {
            key: each for key, each in missing.items() if self._stays(key, each, task)
        }
        self._keep(label_field, ref, kept, task)
        gone = {key: each for key, each in missing.items() if key not in kept}
        self._delete(label_field, ref, gone, task)

    def _delete(
        self,
        label_field: Any,
        ref: FrameRef,
        gone: Mapping[str, Original],
        task: TaskAnswer,
    ) -> None:
        """Take labels as deleted, but those that the dataset has not, either."""
        self.reconciliation.add(label_field, task.id, "deleted", 0)
        for label_id, original in gone.items():
            if not original.is_gone:
                kind = RETURN_TYPES[self._label_schema[label_field]["type"]]
                copy = Copy(task.id, "deleted", kind, None, original.label, [])
                self._take(label_field, ref, label_id, copy, task)

    def _stays(self, label_id: str, original: Original, task: TaskAnswer) -> bool:
        """Tell whether a label that did not come back is not deleted."""
        return not original.annotations or self._is_unread(label_id, task)

    def _is_unread(self, label_id: str, task: TaskAnswer) -> bool:
        return label_id in self._unreadable or task.id in self._unsure

    def _keep(
        self,
        label_field: Any,
        ref: FrameRef,
        known: Mapping[str, Original],
        task: TaskAnswer,
        got: list[Json] | None = None,
    ) -> None:
        """Return labels as they are in the dataset, and as their copies, if told."""
        for label_id, original in known.items():
            if not original.is_gone:
                kind = RETURN_TYPES[self._label_schema[label_field]["type"]]
                label = original.label
                copy = Copy(task.id, "kept", kind, label, label, got)
                self._take(label_field, ref, label_id, copy, task)


def _is_same_track(parts: Sequence[ReadLabel], original: Original) -> bool:
    index = original.label.get_attribute_value("index", None)
    return parts[0].index in (None, index)


def _are_untouched(parts: Sequence[ReadLabel], number: int) -> bool:
    """Tell whether all parts that a label went up as are in CVAT as they were then."""
    untouched = [each for each in parts if each.is_untouched]
    is_track = any(each.track is not None for each in untouched)
    return len(untouched) == len(parts) and (is_track or len(parts) == number)


def _place_in_order(piece: Json) -> tuple[str, list[float]]:
    return str(piece["label_id"]), piece["points"]


def _same_pieces(original: Original, got: list[Json], task: TaskAnswer) -> bool:
    sent = sorted(original.annotations, key=_place_in_order)
    same = same_annotation(sent, got, task.defaults, task.label_id_specs)
    return not original.is_gone and same
