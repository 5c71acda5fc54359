"""One run's annotations on their way into FiftyOne's form, task after task."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import fiftyone.core.labels as fol
from bson import ObjectId

from fiftyone_cvat.absent import AbsentAttributes
from fiftyone_cvat.api.answers import TaskAnswer
from fiftyone_cvat.api.contexts import FieldContexts
from fiftyone_cvat.api.fields import Fields
from fiftyone_cvat.api.originals import DatasetLabels, Originals
from fiftyone_cvat.api.tracking import settle_tracks
from fiftyone_cvat.convert.attributes import LABEL_ID, value_to_text
from fiftyone_cvat.convert.frames import FrameRef
from fiftyone_cvat.convert.identity import Claim, join_label_id, settle_ids
from fiftyone_cvat.convert.interpolation import interpolate_track
from fiftyone_cvat.convert.labels import (
    FieldContext,
    ReadLabel,
    is_attribute_name,
    read_annotation,
)
from fiftyone_cvat.convert.merging import (
    Original,
    adopt_unchanged,
    merge_parts,
    merge_segmentation,
)
from fiftyone_cvat.convert.reconcile import Reconciliation, same_annotation
from fiftyone_cvat.convert.schema import GEOMETRY, SchemaParts, schema_attributes
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.types import RETURN_TYPES, Json, LabelSchema, Track

__all__ = ["RunReader"]


class RunReader:
    """Reads the tasks of one run, one after the other, into one result.

    Args:
        api: converts labels of the dataset, to compare them with what comes back
        results: the run's results; which annotation is which label is noted in them
        schema: the run's schema, as ``_get_cvat_schema`` gives it

    Attributes:
        annotations: field to kind of label to sample id, and for videos frame id, to
            label id to label
        reconciliation: what came of the labels
        absent: which labels lack which attributes of the schema
        edited: field to the attributes that differ on some label that changed
    """

    def __init__(self, api: Fields, results: Any, schema: SchemaParts) -> None:
        config = results.config
        self._results = results
        self._label_schema: LabelSchema = config.label_schema
        self._dataset = DatasetLabels(api, results, schema)
        self._contexts = FieldContexts(config, schema, self._dataset)
        self.reconciliation = Reconciliation()
        self.absent = AbsentAttributes()
        self.edited: dict[Any, set[str]] = defaultdict(set)
        self._attributes = {
            name: schema_attributes(info) for name, info in self._label_schema.items()
        }
        self.annotations: dict[Any, Any] = {name: {} for name in self._label_schema}

    def read(self, task: TaskAnswer) -> None:
        """Read one task and add its labels to the result.

        Args:
            task: what the server answers about it
        """
        originals = {
            name: self._dataset.originals(name, task) for name in self._label_schema
        }
        contexts = {
            name: self._contexts.context(name, task, each)
            for name, each in originals.items()
        }
        for name, context in contexts.items():
            self._add_attributes(name, context)
        found: dict[Any, list[ReadLabel]] = {name: [] for name in contexts}
        self.reconciliation.deleted_frames += len(
            task.deleted_frames & task.refs.keys()
        )
        for kind in ("tags", "shapes"):
            for annotation in task.annotations.get(kind) or []:
                if annotation["frame"] in task.deleted_frames:
                    continue
                label_field, read = self._place(annotation, kind, contexts, task)
                if read is not None:
                    found[label_field].append(read)
        for number, track in enumerate(task.annotations.get("tracks") or []):
            label_field, labels = self._place_track(track, number, contexts, task)
            if labels:
                found[label_field].extend(labels)
        for label_field, labels in found.items():
            self._settle(label_field, labels, originals[label_field], task)

    def _add_attributes(self, label_field: Any, context: FieldContext) -> None:
        """Add attributes that somebody added on the server to the label schema.

        FiftyOne merges the attributes that the schema names.
        """
        attributes = self._label_schema[label_field].get("attributes")
        if attributes is None or context.label_type in (None, "scalar"):
            return
        for label_id in context.class_by_label_id:
            for name in context.spec_ids.get(label_id, {}):
                known = name == LABEL_ID or name in self._attributes[label_field]
                if not known and is_attribute_name(name):
                    attributes[name] = {}
                    self._attributes[label_field].add(name)

    def _place(
        self,
        annotation: Json,
        kind: Any,
        contexts: Mapping[Any, FieldContext],
        task: TaskAnswer,
    ) -> tuple[Any, ReadLabel | None]:
        """Find the field of an annotation: the first that expects its kind of label.

        If none does, it is the last field that has its class; FiftyOne then asks what
        to do with labels that are not expected.
        """
        placed: tuple[Any, ReadLabel | None] = (None, None)
        if annotation["frame"] not in task.refs:
            self._add_unmatched("on a frame that the run did not send", task)
            return placed
        for label_field, context in contexts.items():
            try:
                read = read_annotation(annotation, kind, context)
            except GeometryError as error:
                where = f"on frame {annotation['frame']} of task {task.id}"
                self._add_unmatched(f"{annotation['type']} {where}: {error}", task)
                return placed
            if read is None:
                continue
            placed = (label_field, read)
            if context.label_type and RETURN_TYPES[context.label_type] == read.kind:
                break
        if placed[1] is None:
            what = annotation.get("type", "tag")
            self._add_unmatched(f"{what} that FiftyOne cannot hold", task)
        return placed

    def _add_unmatched(self, reason: str, task: TaskAnswer) -> None:
        self.reconciliation.add_reason(reason)
        first = next(iter(self._label_schema))
        self.reconciliation.add(first, task.id, "unmatched")

    def _place_track(
        self,
        track: Json,
        number: int,
        contexts: Mapping[Any, FieldContext],
        task: TaskAnswer,
    ) -> tuple[Any, list[ReadLabel]]:
        """Find the field of a track and read the track's shape on each frame."""
        shapes = [
            {**shape, "id": track["id"]}
            for shape in interpolate_track(
                cast("Track", track),
                max(task.refs, default=0),
                deleted_frames=task.deleted_frames,
                on_point_cloud=self._dataset.is_point_cloud,
            )
            if shape["frame"] in task.refs
        ]
        if not shapes:
            return None, []
        label_field, first = self._place(shapes[0], "track", contexts, task)
        if first is None:
            return None, []
        context = contexts[label_field]
        labels = [read_annotation(each, "track", context) for each in shapes]
        read = [each for each in labels if each is not None]
        for each in read:
            each.track = number
            if not each.annotation.get("keyframe"):
                # a shape between key shapes repeats the id of the one before
                each.label_id = None
        return label_field, read

    def _settle(
        self,
        label_field: Any,
        labels: list[ReadLabel],
        originals: Originals,
        task: TaskAnswer,
    ) -> None:
        """Give a field's labels their ids and add them to the result."""
        info = self._label_schema[label_field]
        expected = RETURN_TYPES.get(info.get("type") or "")
        if expected == "scalar":
            self._settle_scalars(label_field, labels, task)
            return
        server_ids = self._results.server_id_map.get("tracks", {})
        settle_tracks(labels, originals, task, server_ids)
        by_frame: dict[FrameRef, list[ReadLabel]] = defaultdict(list)
        for each in labels:
            by_frame[task.refs[each.frame]].append(each)
        for frame, ref in task.refs.items():
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
                self._settle_frame(label_field, ref, mine, known, task)

    def _settle_scalars(
        self, label_field: Any, labels: list[ReadLabel], task: TaskAnswer
    ) -> None:
        values = {
            ref: value for _, ref, value in self._dataset.values(label_field, task)
        }
        had = {
            ref: value
            for ref, value in values.items()
            if self._dataset.known_ids(label_field, ref)
        }
        count = self.reconciliation.add
        seen = self._keep_scalars(label_field, had, task)
        for each in labels:
            ref = task.refs[each.frame]
            if each.kind != "scalar":
                self._add_unexpected(label_field, ref, each, task)
                continue
            seen.add(ref)
            if each.value is None:
                self._add_unmatched("scalar that is no value of its field", task)
                if ref in had:
                    self._add(label_field, each.kind, ref, None, had[ref])
                continue
            value = each.value
            if ref not in values:
                count(label_field, task.id, "added")
            elif value_to_text(values[ref]).strip() == value_to_text(value).strip():
                # CVAT takes white space off the ends of texts
                value = values[ref]
                count(label_field, task.id, "kept")
            else:
                count(label_field, task.id, "changed")
            self._add(label_field, each.kind, ref, None, value)
        count(label_field, task.id, "deleted", len(had.keys() - seen))
        for ref, value in values.items():
            if ref not in had and ref not in seen:
                # its class did not go up: FiftyOne would delete it
                self._add(label_field, "scalar", ref, None, value)
        for ref, value in self._dataset.values_not_sent(label_field, task):
            self._add(label_field, "scalar", ref, None, value)

    def _keep_scalars(
        self, label_field: Any, had: Mapping[FrameRef, Any], task: TaskAnswer
    ) -> set[FrameRef]:
        """Return scalars on deleted frames as they are; tell which frames those are."""
        kept = {
            ref
            for frame, ref in task.refs.items()
            if frame in task.deleted_frames and ref in had
        }
        for ref in kept:
            self.reconciliation.add(label_field, task.id, "kept")
            self._add(label_field, "scalar", ref, None, had[ref])
        return kept

    def _settle_frame(
        self,
        label_field: Any,
        ref: FrameRef,
        labels: list[ReadLabel],
        known: dict[str, Original],
        task: TaskAnswer,
    ) -> None:
        claims = [self._claim(each) for each in labels]
        uploaded = {key: each.annotations for key, each in known.items()}
        ids = settle_ids(claims, uploaded, _new_id)
        parts: dict[str, list[ReadLabel]] = defaultdict(list)
        for label_id, each in zip(ids, labels, strict=True):
            parts[label_id].append(each)
        for label_id, own in parts.items():
            own.sort(key=lambda each: each.part)
            label = self._finish(label_field, label_id, own, known.get(label_id), task)
            self._add(label_field, own[0].kind, ref, label_id, label)
        self._settle_missing(label_field, ref, known, parts, task)

    def _finish(
        self,
        label_field: Any,
        label_id: str,
        parts: list[ReadLabel],
        original: Original | None,
        task: TaskAnswer,
    ) -> Any:
        """Return the one label that some annotations are, and count it."""
        for number, each in enumerate(parts, 1):
            self._remember(each, join_label_id(label_id, number))
        got = [each.annotation for each in parts]
        label = merge_parts(parts)
        label.id = label_id
        before = None if original is None else original.label
        if before is not None:
            self.absent.note(label_field, self._attributes[label_field], before)
        if original is not None and before is None:
            self.reconciliation.add_reason("label that was deleted in the dataset")
            what = "unmatched"
        elif original is None or before is None:
            what = "added"
        elif parts[0].index in (None, before.get_attribute_value("index", None)) and (
            same_annotation(
                original.annotations, got, task.defaults, task.label_id_specs
            )
        ):
            what, label = "kept", before
        else:
            what = "changed"
            adopt_unchanged(label, original, got, task.attribute_ids, task.defaults)
            self.edited[label_field] |= {
                name
                for name in self._attributes[label_field]
                if label.get_attribute_value(name, None)
                != before.get_attribute_value(name, None)
            }
        self.reconciliation.add(label_field, task.id, what)
        return label

    def _settle_segmentation(
        self,
        label_field: Any,
        ref: FrameRef,
        pieces: list[ReadLabel],
        known: dict[str, Original],
        task: TaskAnswer,
    ) -> None:
        """Paint the pieces of a segmentation, unless all came back as they went up."""
        remembered = (self._claim(each).server_label_id for each in pieces)
        label_id = next(iter(known), None) or next(filter(None, remembered), _new_id())
        original = known.get(label_id)
        count = self.reconciliation.add
        for each in pieces:
            self._remember(each, label_id)
        if original is not None and _same_pieces(original, pieces, task):
            count(label_field, task.id, "kept")
            self._add(label_field, "segmentation", ref, label_id, original.label)
        elif not pieces:
            count(label_field, task.id, "deleted")
        else:
            info = self._label_schema[label_field]
            before = None if original is None else original.label
            targets = info.get("mask_targets") or {}
            for each in pieces:
                if each.value.label not in targets.values():
                    reason = f"mask of class '{each.value.label}', which has no value"
                    self.reconciliation.add_reason(reason)
            label = merge_segmentation(
                [each.value for each in pieces],
                task.sizes[pieces[0].frame],
                targets,
                before,
            )
            label.id = label_id
            count(label_field, task.id, "added" if before is None else "changed")
            self._add(label_field, "segmentation", ref, label_id, label)

    def _settle_missing(
        self,
        label_field: Any,
        ref: FrameRef,
        known: dict[str, Original],
        found: Mapping[str, Any],
        task: TaskAnswer,
    ) -> None:
        """Count what did not come back; keep what could not go up."""
        missing = {key: each for key, each in known.items() if key not in found}
        unsent = {key: each for key, each in missing.items() if not each.annotations}
        self._keep(label_field, ref, unsent, task)
        gone = [each for each in missing.values() if each.annotations]
        deleted = sum(each.label is not None for each in gone)
        self.reconciliation.add(label_field, task.id, "deleted", deleted)

    def _keep(
        self,
        label_field: Any,
        ref: FrameRef,
        known: Mapping[str, Original],
        task: TaskAnswer,
    ) -> None:
        """Return labels as they are in the dataset."""
        for label_id, original in known.items():
            if original.label is not None:
                kind = RETURN_TYPES[self._label_schema[label_field]["type"]]
                self.reconciliation.add(label_field, task.id, "kept")
                self._add(label_field, kind, ref, label_id, original.label)

    def _add_unexpected(
        self, label_field: Any, ref: FrameRef, label: ReadLabel, task: TaskAnswer
    ) -> None:
        """Add a label of a kind that the field does not expect."""
        claim = self._claim(label)
        label_id = claim.server_label_id or _new_id()
        if isinstance(label.value, fol.Label):
            label.value.id = label_id
        self._remember(label, label_id)
        self.reconciliation.add(label_field, task.id, "added")
        self._add(label_field, label.kind, ref, label_id, label.value)

    def _claim(self, label: ReadLabel) -> Claim:
        # all shapes of a track have the server's id of the track
        server_ids = self._results.server_id_map.get(_server_kind(label), {})
        server_label_id = server_ids.get(label.annotation["id"])
        if label.track is not None:
            server_label_id = None
        return Claim(label.label_id, label.part, server_label_id, label.annotation)

    def _remember(self, label: ReadLabel, text: str) -> None:
        """Note which label an annotation is, so that loading again finds it."""
        server_ids = self._results.server_id_map.setdefault(_server_kind(label), {})
        if label.track is None:
            server_ids[label.annotation["id"]] = text
        else:
            server_ids.setdefault(label.annotation["id"], text)

    def _add(
        self,
        label_field: Any,
        kind: str,
        ref: FrameRef,
        label_id: str | None,
        value: Any,
    ) -> None:
        """Put a label, or a scalar, where FiftyOne looks for it."""
        place = self.annotations[label_field].setdefault(kind, {})
        path = [ref.sample_id] if ref.frame_id is None else list(ref)
        if label_id is not None:
            path.append(label_id)
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place[path[-1]] = value
        attributes = self._label_schema[label_field].get("attributes")
        if isinstance(value, fol.Detection) and attributes is not None:
            for name in GEOMETRY:
                if value.has_attribute(name):
                    # FiftyOne merges the attributes that the schema names
                    attributes.setdefault(name, {})


def _new_id() -> str:
    return str(ObjectId())


def _server_kind(label: ReadLabel) -> str:
    if label.track is not None:
        return "tracks"
    return "tags" if label.kind == "classifications" else "shapes"


def _same_pieces(
    original: Original, pieces: Sequence[ReadLabel], task: TaskAnswer
) -> bool:
    order: Callable[[Json], Any] = lambda each: (each["label_id"], each["points"])  # noqa: E731
    sent = sorted(original.annotations, key=order)
    got = sorted((each.annotation for each in pieces), key=order)
    same = same_annotation(sent, got, task.defaults, task.label_id_specs)
    return original.label is not None and same
