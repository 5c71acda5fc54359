"""One run's annotations on their way into FiftyOne's form, task after task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from fiftyone_cvat.convert.from_cvat.answer_checks import (
    annotation_fault,
    label_id_texts,
    reference_fault,
)
from fiftyone_cvat.convert.from_cvat.interpolation import interpolate_track
from fiftyone_cvat.convert.from_cvat.label_parts import Original
from fiftyone_cvat.convert.from_cvat.labels import (
    FieldContext,
    ReadLabel,
    is_attribute_name,
    read_annotation,
)
from fiftyone_cvat.convert.shared.attributes import LABEL_ID, value_to_text
from fiftyone_cvat.convert.shared.fingerprints import (
    AnnotationNames,
    annotation_to_fingerprint,
)
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from fiftyone_cvat.convert.to_cvat.schema import SchemaParts, schema_attributes
from fiftyone_cvat.dataset.columns import Columns, StoredLabels
from fiftyone_cvat.dataset.sent_labels import DatasetLabels, Originals
from fiftyone_cvat.download.field_contexts import FieldContexts
from fiftyone_cvat.download.settlement import Settler
from fiftyone_cvat.download.tracks import id_of_index, ids_of_tracks
from fiftyone_cvat.download.unchanged import unchanged_annotation
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.server.task_answers import TaskAnswer
from fiftyone_cvat.types import RETURN_TYPES, Json, LabelSchema, Track

__all__ = ["RunReader"]

LONGEST = 20
"""No type of shape has a longer name, in characters."""


class RunReader:
    """Reads the tasks of one run, one after the other, into one result.

    Args:
        api: converts labels of the dataset, to compare them with what comes back
        results: the run's results; which annotation is which label is noted in them
        schema: the run's schema, as ``_get_cvat_schema`` gives it
        columns: reads the run's fields

    Attributes:
        settled: the labels with their ids, and what came of them
    """

    def __init__(
        self, api: Any, results: Any, schema: SchemaParts, columns: Columns
    ) -> None:
        config = results.config
        self._results = results
        self._label_schema: LabelSchema = config.label_schema
        self._dataset = DatasetLabels(api, results, schema, columns)
        self.contexts = FieldContexts(config, schema, self._dataset)
        self._attributes = {
            name: schema_attributes(info) for name, info in self._label_schema.items()
        }
        self._cvat_classes = schema[-1]
        self._originals: dict[Any, Originals] = {}
        self.settled = Settler(results, self._dataset, self._attributes)

    def read(self, task: TaskAnswer, stored: StoredLabels) -> None:
        """Read one task and add its labels to the result.

        Args:
            task: what the server answers about it
            stored: the labels of the run's fields on the task's frames
        """
        self._dataset.begin(stored)
        self._originals = originals = {
            name: self._dataset.originals(name, task) for name in self._label_schema
        }
        self.settled.begin(task)
        contexts = {
            name: self.contexts.context(name, task, each)
            for name, each in originals.items()
        }
        for name, context in contexts.items():
            self._add_attributes(name, context)
        found: dict[Any, list[ReadLabel]] = {name: [] for name in contexts}
        names = AnnotationNames(task.class_ids, task.attribute_ids, task.defaults)
        deleted = task.deleted_frames & task.refs.keys()
        self.settled.reconciliation.deleted_frames += len(deleted)
        for kind in ("tags", "shapes"):
            for annotation in self._legible(kind, task):
                if annotation["frame"] in task.deleted_frames:
                    continue
                label_field, read = self._place(annotation, kind, contexts, task)
                if read is not None:
                    read.is_untouched = self._is_untouched(annotation, kind, names)
                    found[label_field].append(read)
        for number, track in enumerate(self._legible("tracks", task)):
            label_field, labels = self._place_track(track, number, contexts, task)
            if labels:
                is_untouched = self._is_untouched(track, "tracks", names)
                for each in labels:
                    each.is_untouched = is_untouched
                found[label_field].extend(labels)
        for label_field, labels in found.items():
            self.settled.settle(label_field, labels, originals[label_field], task)

    def _is_untouched(
        self, annotation: Json, kind: str, names: AnnotationNames
    ) -> bool:
        """Tell whether an annotation is in CVAT as it went up."""
        sent = self._results.fingerprints.get(kind, {}).get(annotation["id"])
        return sent is not None and sent == annotation_to_fingerprint(
            annotation, kind, names
        )

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

    def _legible(self, kind: str, task: TaskAnswer) -> Iterator[Json]:
        """Yield the annotations of a kind that can be read; report the others."""
        known: dict[int, Json] = {}
        for annotation in task.annotations[kind]:
            fault = annotation_fault(annotation, kind)
            fault = fault or reference_fault(annotation, task.input_types)
            if fault is None:
                first = known.setdefault(annotation["id"], annotation)
                if first is annotation:
                    yield annotation
                    continue
                fault = "another one has its id"
                if first == annotation:
                    self._leave_out(f"{_name(annotation, kind, task)}: {fault}", task)
                    continue
            self._leave_out_unreadable(annotation, kind, fault, task)

    def _place(
        self,
        annotation: Json,
        kind: Any,
        contexts: Mapping[Any, FieldContext],
        task: TaskAnswer,
    ) -> tuple[Any, ReadLabel | None]:
        """Find the field of an annotation: the first that expects its kind of label.

        Before all others comes the field that it went up from: the classes that
        somebody added or renamed on the server are in every field. If none expects it,
        it is the last field that has its class; FiftyOne then asks what to do with
        labels that are not expected.
        """
        placed: tuple[Any, ReadLabel | None] = (None, None)
        if annotation["frame"] not in task.refs:
            self._leave_out("on a frame that the run did not send", task)
            self._keep_labels(annotation, kind, task)
            return placed
        for label_field in self._candidates(annotation, kind, contexts, task):
            context = contexts[label_field]
            try:
                read = self._read(annotation, kind, label_field, context, task)
            except GeometryError as error:
                self._leave_out_unreadable(annotation, kind, str(error), task)
                return placed
            if read is None:
                continue
            placed = (label_field, read)
            if context.label_type and RETURN_TYPES[context.label_type] == read.kind:
                break
        if placed[1] is None:
            what = annotation.get("type", "tag")
            self._leave_out(f"{what} that FiftyOne cannot hold", task)
            self._keep_labels(annotation, kind, task)
        return placed

    def _read(
        self,
        annotation: Json,
        kind: Any,
        label_field: Any,
        context: FieldContext,
        task: TaskAnswer,
        label_id: str | None = None,
    ) -> ReadLabel | None:
        """Read an annotation; leave the making of a label out where it is unchanged."""
        known = self._known(label_field, annotation["frame"], task)
        unchanged = unchanged_annotation(
            annotation, kind, known, context, task, label_id
        )
        return unchanged or read_annotation(annotation, kind, context)

    def _known(
        self, label_field: Any, frame: int, task: TaskAnswer
    ) -> Mapping[str, Original]:
        """Return the run's labels of a field on a frame by id."""
        return self._originals[label_field].get(task.refs[frame], {})

    def _candidates(
        self,
        annotation: Json,
        kind: str,
        contexts: Mapping[Any, FieldContext],
        task: TaskAnswer,
    ) -> list[Any]:
        """Return the fields that have an annotation's class, in order of preference."""
        class_id = annotation["label_id"]
        fields = [
            name
            for name, context in contexts.items()
            if class_id in context.class_by_label_id
        ]
        if len(fields) > 1:
            ref = task.refs[annotation["frame"]]
            label_ids = self._label_ids(annotation, kind, task)
            owners = (
                name
                for name in fields
                if not label_ids.isdisjoint(self._originals[name].get(ref, ()))
            )
            fields[:0] = [*owners] or self._scalar_sent(annotation, kind, task)
        return fields

    def _scalar_sent(self, annotation: Json, kind: str, task: TaskAnswer) -> list[Any]:
        """Return the field that a tag without a label went up as the scalar of, if any.

        If its class was renamed in CVAT, only its fingerprint tells: it is that of a
        tag of the class that the scalar's value has.
        """
        sent = self._results.fingerprints.get(kind, {}).get(annotation["id"])
        if kind != "tags" or sent is None:
            return []
        ref = task.refs[annotation["frame"]]
        for name, info in self._label_schema.items():
            if info.get("type") != "scalar":
                continue
            text = value_to_text(self._dataset.scalars(name, task).get(ref))
            cvat_name = self._cvat_classes.get(name, {}).get(text, text)
            names = AnnotationNames(
                {cvat_name: annotation["label_id"]}, task.attribute_ids, task.defaults
            )
            if sent == annotation_to_fingerprint(annotation, kind, names):
                return [name]
        return []

    def _leave_out(self, reason: str, task: TaskAnswer) -> None:
        self.settled.leave_out(reason, next(iter(self._label_schema)), task)

    def _leave_out_unreadable(
        self, annotation: Any, kind: str, fault: str, task: TaskAnswer
    ) -> None:
        """Report an annotation that describes none; its label stays as it is."""
        self._leave_out(f"{_name(annotation, kind, task)}: {fault}", task)
        if not self._keep_labels(annotation, kind, task):
            self.settled.keep_missing(task)

    def _keep_labels(self, annotation: Any, kind: str, task: TaskAnswer) -> bool:
        """Keep the labels that an annotation was; tell whether any is known."""
        label_ids = self._label_ids(annotation, kind, task)
        if kind == "tracks":
            label_ids |= ids_of_tracks(label_ids, self._originals.values())
        self.settled.keep_unreadable(label_ids)
        return bool(label_ids)

    def _label_ids(self, annotation: Any, kind: str, task: TaskAnswer) -> set[str]:
        """Return the ids of the labels that an annotation of any form says it is."""
        specs = set(task.label_id_specs.values())
        texts = label_id_texts(annotation, specs)
        number = annotation.get("id") if isinstance(annotation, dict) else None
        if isinstance(number, int):
            texts.add(self._results.server_id_map.get(kind, {}).get(number, ""))
        found = (split_label_id(text)[0] for text in texts)
        return {label_id for label_id in found if label_id is not None}

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
            if shape["frame"] in task.refs and shape["frame"] in task.sizes
        ]
        if not shapes:
            return None, []
        label_field, first = self._place(shapes[0], "tracks", contexts, task)
        if first is None:
            return None, []
        context = contexts[label_field]
        read = [first]
        index = self._index_of(first, label_field, task)
        for shape in shapes[1:]:
            try:
                if shape["keyframe"]:
                    label = self._read(shape, "tracks", label_field, context, task)
                    index = self._index_of(label, label_field, task)
                else:
                    label_id = self._id_of(shape, index, label_field, context, task)
                    label = self._read(
                        shape, "tracks", label_field, context, task, label_id
                    )
            except GeometryError as error:
                fault = f"on frame {shape['frame']}: {error}"
                self._leave_out_unreadable(track, "tracks", fault, task)
                return None, []
            if label is not None:
                read.append(label)
        for each in read:
            each.track = number
            if not each.annotation.get("keyframe"):
                # a shape between key shapes repeats the id of the one before
                each.label_id = None
        return label_field, read

    def _index_of(
        self, label: ReadLabel | None, label_field: Any, task: TaskAnswer
    ) -> int | None:
        """Return the index of the label that a key shape says it is, or None."""
        if label is None or label.label_id is None:
            return None
        original = self._known(label_field, label.frame, task).get(label.label_id)
        return None if original is None else original.index

    def _id_of(
        self,
        shape: Json,
        index: int | None,
        label_field: Any,
        context: FieldContext,
        task: TaskAnswer,
    ) -> str | None:
        """Return the id of the label that a shape between key shapes may be."""
        known = self._known(label_field, shape["frame"], task)
        name = context.class_by_label_id[shape["label_id"]]
        return None if index is None else id_of_index(known, index, name)


def _name(annotation: Any, kind: str, task: TaskAnswer) -> str:
    """Name an annotation of any form for a report."""
    given = annotation if isinstance(annotation, dict) else {}
    what = given.get("type")
    if kind != "shapes" or not isinstance(what, str) or len(what) > LONGEST:
        what = kind.removesuffix("s")
    frame, number = given.get("frame"), given.get("id")
    numbered = f" (id {number})" if isinstance(number, int) else ""
    on_frame = f" on frame {frame}" if isinstance(frame, int) else ""
    return f"{what}{on_frame} of task {task.id}{numbered}"
