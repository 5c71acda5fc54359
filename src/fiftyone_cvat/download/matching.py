"""Which label each annotation of a frame is, and what came of the label."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import fiftyone.core.labels as fol

from fiftyone_cvat.convert.from_cvat.attribute_texts import (
    attribute_values,
    texts_not_sent,
)
from fiftyone_cvat.convert.from_cvat.claims import settle_ids
from fiftyone_cvat.convert.from_cvat.comparison import (
    GEOMETRY_BY_TYPE,
    same_annotation,
    same_label,
    same_value,
)
from fiftyone_cvat.convert.from_cvat.label_parts import merge_parts, parts_unstored
from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.from_cvat.originals import Original, adopt_unchanged
from fiftyone_cvat.convert.shared.attribute_names import INDEX
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.label_ids import join_label_id
from fiftyone_cvat.convert.shared.server_ids import AttributeIds
from fiftyone_cvat.convert.shared.track_keys import instance_id
from fiftyone_cvat.download.annotation_ids import AnnotationIds, new_id
from fiftyone_cvat.download.copies import Copy
from fiftyone_cvat.download.legibility import Unreadable
from fiftyone_cvat.download.outcome import Outcome, beyond_one, not_edited
from fiftyone_cvat.download.run_fields import TaskField
from fiftyone_cvat.download.unchanged import are_unchanged, are_untouched
from fiftyone_cvat.server.task_answers import TaskAnswer
from fiftyone_cvat.types import Json

__all__ = ["Matching"]

TYPED_INDEX = "index that was typed: in videos the track of a label tells it"


class Matching:
    """Matches annotations to the labels that went up, frame by frame.

    Args:
        outcome: where the labels are counted
        ids: which annotation is which label
        unreadable: what of the run cannot be read
    """

    def __init__(
        self, outcome: Outcome, ids: AnnotationIds, unreadable: Unreadable
    ) -> None:
        self._outcome = outcome
        self._ids = ids
        self._unreadable = unreadable

    def settle(
        self, field: TaskField, ref: FrameRef, labels: list[ReadLabel], room: int | None
    ) -> None:
        """Settle one field on one frame.

        Args:
            field: the field
            ref: the frame
            labels: what was read of the field's annotations on the frame
            room: how many labels the field has room for there, or None if for any
                number
        """
        known = field.known(ref)
        parts = self._parts_by_id(field, labels, known)
        if room is not None:
            missing = known.keys() - parts
            stays = any(self._stays(each, known[each], field.task) for each in missing)
            parts = self._first(0 if stays else room, field, parts, known)
        for label_id, own in parts.items():
            own.sort(key=lambda each: each.part)
            copy = self._copy_of(field, label_id, own, known.get(label_id))
            self._outcome.take(field, ref, label_id, copy)
        self._settle_missing(field, ref, known, parts)

    def _parts_by_id(
        self,
        field: TaskField,
        labels: Sequence[ReadLabel],
        known: Mapping[str, Original],
    ) -> dict[str, list[ReadLabel]]:
        """Return the annotations that are one label, by its id."""
        claims = [self._ids.claim(each) for each in labels]
        uploaded = {
            key: _as_stored(each)
            for key, each in known.items()
            if key not in self._unreadable.label_ids
        }
        in_space = field.context.is_point_cloud
        ids = settle_ids(claims, uploaded, new_id, in_space=in_space)
        parts: dict[str, list[ReadLabel]] = defaultdict(list)
        for label_id, claim, each in zip(ids, claims, labels, strict=True):
            each.part = claim.part
            parts[label_id].append(each)
        return parts

    def _first(
        self,
        room: int,
        field: TaskField,
        parts: Mapping[str, list[ReadLabel]],
        known: Mapping[str, Original],
    ) -> dict[str, list[ReadLabel]]:
        """Leave out what a field of one label has no room for.

        The label that went up stays, whatever else was drawn.
        """
        order = sorted(parts, key=lambda each: each not in known)
        for label_id in order[room:]:
            for _ in parts[label_id]:
                self._outcome.leave_out(beyond_one(field.name), field)
        return {each: parts[each] for each in order[:room]}

    def _copy_of(
        self,
        field: TaskField,
        label_id: str,
        parts: Sequence[ReadLabel],
        original: Original | None,
    ) -> Copy:
        """Return the one label that some annotations are."""
        for number, each in enumerate(parts, 1):
            self._ids.remember(each, join_label_id(label_id, number))
        sent = () if original is None else original.stored
        specs = field.task.attribute_ids
        self._tell_refused(parts[0], sent, specs)
        self._tell_typed_index(field, parts[0], sent)
        if original is not None and not original.is_gone:
            # before its label is built, which takes twenty times as long to ask
            self._outcome.absent.note(field.name, field.attributes, original.held)
        before: Any = None if original is None else original.label
        label: Any = None
        if original is None:
            what, label = "added", _added(label_id, parts)
        elif before is None:
            what = "unmatched"
        elif self._is_untouched(parts, original, field.task):
            what, label = "kept", before
        else:
            what, label = self._touched(field, label_id, parts, original)
        if what == "changed":
            self._note_edited(field, label, before)
        got = [each.annotation for each in parts]
        key = parts[0].key
        return Copy(field.task.id, what, parts[0].kind, label, before, got, key, sent)

    def _touched(
        self,
        field: TaskField,
        label_id: str,
        parts: Sequence[ReadLabel],
        original: Original,
    ) -> tuple[str, Any]:
        """Return what became of a label that somebody touched, and the label."""
        label = _merged(label_id, parts, original)
        reasons: list[str | None] = [*_adopt(field, label, parts, original)]
        is_kept = _is_same(field, label, parts, original)
        if not is_kept:
            edits = [*_edits(field, label, parts, original).values()]
            is_kept = bool(edits) and all(edits)
            reasons += edits
        for reason in filter(None, reasons):
            self._outcome.reconciliation.add_reason(reason)
        return ("kept", original.label) if is_kept else ("changed", label)

    def _tell_refused(
        self, part: ReadLabel, sent: Sequence[Any], spec_ids: AttributeIds
    ) -> None:
        """Count the texts that annotators wrote and that are no values."""
        for refused in texts_not_sent(part.refused, sent, spec_ids):
            self._outcome.reconciliation.add_reason(refused.reason, refused.text)

    def _tell_typed_index(
        self, field: TaskField, part: ReadLabel, sent: Sequence[Json]
    ) -> None:
        """Count an index that was typed where it is the track that tells it."""
        label_id = part.annotation["label_id"]
        spec_id = field.task.attribute_ids.get(label_id, {}).get(INDEX)
        if spec_id is None or INDEX in field.context.spec_ids.get(label_id, {}):
            return
        text, had = (
            attribute_values(each, field.task.attribute_ids).get(INDEX, "").strip()
            for each in (part.annotation, sent[0] if sent else {"label_id": label_id})
        )
        known = (had, field.task.defaults.get(spec_id, "").strip(), str(part.index))
        if text and text not in known:
            self._outcome.reconciliation.add_reason(TYPED_INDEX, text)

    def _note_edited(self, field: TaskField, label: Any, before: Any) -> None:
        """Note which attributes of a label are not as they are in the dataset."""
        self._outcome.edited[field.name] |= {
            name
            for name in field.attributes
            if not same_value(
                label.get_attribute_value(name, None),
                before.get_attribute_value(name, None),
            )
        }

    def _is_untouched(
        self, parts: Sequence[ReadLabel], original: Original, task: TaskAnswer
    ) -> bool:
        """Return whether a label came back as it went up."""
        sent = original.stored
        if len(parts) < len(sent) and task.id in self._unreadable.task_ids:
            return True
        if sent and are_untouched(parts, self._ids.parts_sent(original.held.id)):
            # whatever has become of it in the dataset meanwhile
            return True
        if not _is_same_track(parts, original):
            return False
        if are_unchanged(parts, sent):
            return True
        got = [each.annotation for each in parts]
        return same_annotation(sent, got, task.defaults, task.label_id_specs)

    def _settle_missing(
        self,
        field: TaskField,
        ref: FrameRef,
        known: Mapping[str, Original],
        found: Mapping[str, list[ReadLabel]],
    ) -> None:
        """Count what did not come back; keep what could not go up or be read."""
        missing = {key: each for key, each in known.items() if key not in found}
        kept = {
            key: each
            for key, each in missing.items()
            if self._stays(key, each, field.task)
        }
        self._outcome.keep(field, ref, kept)
        gone = {key: each for key, each in missing.items() if key not in kept}
        for label_id, original in list(gone.items()):
            label = parts_unstored(original)
            if label is not None and field.info.get("allow_deletions", True):
                del gone[label_id]
                self._leave_unstored(field, ref, label, original)
        self._outcome.delete(field, ref, gone)

    def _leave_unstored(
        self, field: TaskField, ref: FrameRef, label: Any, original: Original
    ) -> None:
        """Take what nobody could delete of a label whose other parts were deleted."""
        what, before = "changed", original.label
        if not field.info.get("allow_spatial_edits", True):
            reason = not_edited("allow_spatial_edits", "place")
            self._outcome.reconciliation.add_reason(reason)
            what, label = "kept", before
        copy = Copy(field.task.id, what, field.kind, label, before, [])
        self._outcome.take(field, ref, before.id, copy)

    def _stays(self, label_id: str, original: Original, task: TaskAnswer) -> bool:
        """Return whether a label that did not come back is not deleted."""
        return not original.stored or self._unreadable.may_be(label_id, task)


def _as_stored(original: Original) -> list[Json]:
    """Return a label's annotations by their place, empty where one was not stored."""
    if not original.unstored:
        return original.annotations
    gone = original.places_unstored
    return [{} if n in gone else each for n, each in enumerate(original.annotations)]


def _merged(
    label_id: str, parts: Sequence[ReadLabel], original: Original | None = None
) -> Any:
    label = merge_parts(parts, original)
    label.id = label_id
    return label


def _added(label_id: str, parts: Sequence[ReadLabel]) -> Any:
    label = _merged(label_id, parts)
    if parts[0].instance is not None:
        label["instance"] = fol.Instance(id=parts[0].instance)
    return label


def _adopt(
    field: TaskField, label: Any, parts: Sequence[ReadLabel], original: Original
) -> list[str]:
    """Make what of a label is the same the same to the last bit, in place.

    Returns:
        what became of values that could not be kept
    """
    task = field.task
    got = [each.annotation for each in parts]
    key = parts[0].key
    reasons = adopt_unchanged(
        label, original, got, field.context.spec_ids, task.defaults, key
    )
    instance = parts[0].instance
    may_change = field.info.get("allow_index_edits", True)
    is_other = may_change and not _is_same_track(parts, original)
    if is_other and instance != instance_id(label):
        # it is another object now
        label["instance"] = instance and fol.Instance(id=instance)
    return reasons


def _is_same(
    field: TaskField, label: Any, parts: Sequence[ReadLabel], original: Original
) -> bool:
    """Return whether a label says the same as in the dataset."""
    # an ellipse that was drawn is a mask here, which is what would go up
    return _is_same_track(parts, original) and same_label(
        label, original.label, field.attributes
    )


def _edits(
    field: TaskField, label: Any, parts: Sequence[ReadLabel], original: Original
) -> dict[str, str | None]:
    """Return what of a label was edited.

    Returns:
        the names of its parts and attributes, each to the reason why it stays, or None
        if the field allows the edit
    """
    before, info = original.label, field.info
    geometry = GEOMETRY_BY_TYPE.get(type(label), ())
    differing = {
        name
        for name in {"label", *geometry, *field.attributes}
        if not same_value(
            label.get_attribute_value(name, None),
            before.get_attribute_value(name, None),
        )
    }
    found: dict[str, str | None] = dict.fromkeys(sorted(differing))
    may_edit_class = info.get("allow_label_edits", True)
    # FiftyOne writes the attributes of the class that the label has then
    class_name = (label if may_edit_class else before).label
    for name in differing & _read_only(info, class_name):
        found[name] = f"label that was edited in CVAT: '{name}' is `read_only`"
    if "label" in found and not may_edit_class:
        found["label"] = not_edited("allow_label_edits", "class")
    if not info.get("allow_spatial_edits", True):
        # several parts say where it lies, but only one place was edited
        if not differing.isdisjoint(geometry):
            found["place"] = not_edited("allow_spatial_edits", "place")
        found = {name: each for name, each in found.items() if name not in geometry}
    if not _is_same_track(parts, original):
        found["index"] = None
        if not info.get("allow_index_edits", True):
            found["index"] = not_edited("allow_index_edits", "track")
    return found


def _read_only(info: Mapping[str, Any], class_name: str | None) -> set[str]:
    """Return the attributes of a class that FiftyOne does not write."""
    of_classes = (
        each
        for each in info.get("classes") or ()
        if isinstance(each, dict) and class_name in each["classes"]
    )
    found: dict[str, bool] = {}
    for part in (info, *of_classes):
        for name, each in (part.get("attributes") or {}).items():
            # what is not sent as an attribute may be the place of its label
            is_kept = each.get("read_only", False) and each.get("sent", True)
            found[name] = found.get(name, True) and bool(is_kept)
    return {name for name, is_read_only in found.items() if is_read_only}


def _is_same_track(parts: Sequence[ReadLabel], original: Original) -> bool:
    return parts[0].key in (None, original.key_in_dataset)
