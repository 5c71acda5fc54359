"""Which field each annotation of a task belongs to, and what it says there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from fiftyone_cvat.convert.from_cvat.attribute_texts import attribute_values
from fiftyone_cvat.convert.from_cvat.interpolation import (
    frames_between_keys,
    interpolate_track,
)
from fiftyone_cvat.convert.from_cvat.labels import (
    AnnotationType,
    ReadLabel,
    read_annotation,
)
from fiftyone_cvat.convert.shared.fingerprints import (
    AnnotationNames,
    annotation_to_fingerprint,
)
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from fiftyone_cvat.convert.shared.texts import LABEL_ID, value_to_text
from fiftyone_cvat.convert.shared.track_keys import TrackKey
from fiftyone_cvat.dataset.sent_labels import SentLabels
from fiftyone_cvat.dataset.stored_labels import LIST_BY_TYPE
from fiftyone_cvat.download.annotation_ids import AnnotationIds
from fiftyone_cvat.download.legibility import Legibility
from fiftyone_cvat.download.run_fields import TaskField
from fiftyone_cvat.download.tracks import id_in_track
from fiftyone_cvat.download.unchanged import unchanged_annotation
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.server.task_answers import TaskAnswer
from fiftyone_cvat.types import Json, Track

__all__ = ["Placement"]

NOT_SENT = "on a frame that the run did not send"

_KINDS_BY_TYPE = {
    "rectangle": ("detections",),
    "mask": ("detections", "segmentation"),
    "polygon": ("polylines",),
    "polyline": ("polylines",),
    "ellipse": ("polylines",),
    "points": ("keypoints",),
    "skeleton": ("keypoints",),
}
"""Type of shape to the kinds of label that hold it as it was drawn."""


class Placement:
    """Places the annotations of one task in the run's fields.

    Args:
        task: what the server answers about the task
        fields: the run's fields on the task, by name
        legibility: tells apart which annotations can be read
        ids: which annotation is which label
        sent: the run's labels as they are in the dataset
        fingerprints: ``tags``, ``shapes`` and ``tracks``, each from the server's id of
            an annotation to what it was when it went up
    """

    def __init__(
        self,
        task: TaskAnswer,
        fields: Mapping[str | None, TaskField],
        legibility: Legibility,
        ids: AnnotationIds,
        sent: SentLabels,
        fingerprints: Mapping[str, Mapping[int, str]],
    ) -> None:
        self._task = task
        self._fields = fields
        self._legibility = legibility
        self._ids = ids
        self._sent = sent
        self._fingerprints = fingerprints
        self._names = AnnotationNames(task.class_ids, task.attribute_ids, task.defaults)
        self._namesakes = dict(_fields_named_like_their_kind(fields))
        unasked = task.sizes.keys() - task.refs.keys() - task.deleted_frames
        self._unasked = sorted(unasked)  # frames that only the server has

    def place(self) -> dict[str | None, list[ReadLabel]]:
        """Return what is read of the task's annotations by field.

        A track is read on each of its frames. What has no field, or cannot be read,
        is left out and counted.
        """
        found: dict[str | None, list[ReadLabel]] = {name: [] for name in self._fields}
        kinds: tuple[AnnotationType, ...] = ("tags", "shapes")
        for kind in kinds:
            for annotation in self._legibility.legible(kind):
                if annotation["frame"] in self._task.deleted_frames:
                    continue
                for field, label in self._places(annotation, kind):
                    label.is_untouched = self._is_untouched(annotation, kind)
                    found[field.name].append(label)
        for number, track in enumerate(self._legibility.legible("tracks")):
            field_of_track, labels = self._place_track(track)
            if field_of_track is not None:
                is_untouched = self._is_untouched(track, "tracks")
                for each in labels:
                    each.track = number
                    each.is_untouched = is_untouched
                found[field_of_track.name].extend(labels)
        return found

    def _is_untouched(self, annotation: Json, kind: str) -> bool:
        """Return whether an annotation is in CVAT as it went up."""
        sent = self._fingerprints.get(kind, {}).get(annotation["id"])
        return sent is not None and sent == annotation_to_fingerprint(
            annotation, kind, self._names
        )

    def _places(
        self, annotation: Json, kind: AnnotationType
    ) -> list[tuple[TaskField, ReadLabel]]:
        """Find the field of an annotation, or those that a tag has scalars of."""
        own = self._scalars_in_tag(annotation) if kind == "tags" else []
        if not own or annotation["frame"] not in self._task.refs:
            placed = self._place(annotation, kind)
            return [] if placed is None else [placed]
        labels = [(field, self._read(annotation, kind, field)) for field in own]
        return [(field, label) for field, label in labels if label is not None]

    def _scalars_in_tag(self, tag: Json) -> list[TaskField]:
        """Return the fields whose scalars are attributes of tags of a tag's class."""
        return [
            field
            for field in self._fields.values()
            if field.context.scalar_attribute is not None
            and field.context.class_by_label_id.get(tag["label_id"])
            in field.cvat_classes
        ]

    def _place(
        self, annotation: Json, kind: AnnotationType
    ) -> tuple[TaskField, ReadLabel] | None:
        """Find the field of an annotation: the first that expects its kind of label.

        Before all others comes the field that it went up from: the classes that
        somebody added or renamed on the server are in every field. If none expects it,
        it is the last field that has its class; FiftyOne then asks what to do with
        labels that are not expected. Only a field of the run that is named like the
        kind takes them, whatever their class: FiftyOne would keep them there, and
        delete all other labels that are in it.
        """
        if annotation["frame"] not in self._task.refs:
            field = self._field_of_class(annotation["label_id"])
            self._legibility.keep_labels(annotation, kind, NOT_SENT, field)
            return None
        placed: tuple[TaskField, ReadLabel] | None = None
        for field in self._candidates(annotation, kind):
            try:
                label = self._read(annotation, kind, field)
            except GeometryError as error:
                self._legibility.report(annotation, kind, str(error))
                return placed
            if label is None:
                continue
            placed = field, label
            if field.kind == label.kind:
                break
        if placed is None:
            self._legibility.report_empty(annotation, kind)
            return None
        field, label = placed
        namesake = self._namesakes.get(label.kind)
        if field.kind != label.kind and namesake is not None:
            label = self._read(annotation, kind, namesake) or label
            return (namesake if label.kind == namesake.kind else field), label
        return placed

    def _read(
        self,
        annotation: Json,
        kind: AnnotationType,
        field: TaskField,
        label_id: str | None = None,
    ) -> ReadLabel | None:
        """Read an annotation; leave the making of a label out where it is unchanged."""
        unchanged = unchanged_annotation(annotation, kind, field, label_id)
        read = unchanged or read_annotation(annotation, kind, field.context)
        if read is None and kind == "tags":
            specs = field.context.spec_ids.get(annotation["label_id"], {})
            if specs.keys() - {LABEL_ID}:
                # its value is empty: other tags of the field's classes say something
                return ReadLabel(
                    "scalar",
                    annotation["frame"],
                    None,
                    None,
                    1,
                    annotation,
                    is_empty=True,
                )
        return read

    def _candidates(self, annotation: Json, kind: str) -> list[TaskField]:
        """Return the fields that have an annotation's class, in order of preference."""
        class_id = annotation["label_id"]
        fields = [
            field
            for field in self._fields.values()
            if class_id in field.context.class_by_label_id
            and field.context.scalar_attribute is None
        ]
        if len(fields) > 1:
            ref = self._task.refs[annotation["frame"]]
            label_ids = self._ids.said_by(annotation, kind, self._task)
            owners = [
                field for field in fields if not label_ids.isdisjoint(field.known(ref))
            ]
            kinds = _KINDS_BY_TYPE.get(annotation.get("type", ""), ())
            # a polygon may become a mask, but not where outlines have a field, too
            fields.sort(key=lambda field: bool(kinds) and field.kind not in kinds)
            fields[:0] = owners or self._scalar_sent(annotation, kind)
        return fields

    def _scalar_sent(self, annotation: Json, kind: str) -> list[TaskField]:
        """Return the field that a tag without a label went up as the scalar of, if any.

        If its class was renamed in CVAT, only its fingerprint shows it: it is that of
        a tag of the class that the scalar's value has.
        """
        task = self._task
        sent = self._fingerprints.get(kind, {}).get(annotation["id"])
        if kind != "tags" or sent is None:
            return []
        ref = task.refs[annotation["frame"]]
        for field in self._fields.values():
            if field.kind != "scalar":
                continue
            text = value_to_text(self._sent.scalars(field.name, task).get(ref))
            cvat_name = field.cvat_classes.get(text, text)
            names = AnnotationNames(
                {cvat_name: annotation["label_id"]}, task.attribute_ids, task.defaults
            )
            if sent == annotation_to_fingerprint(annotation, kind, names):
                return [field]
        return []

    def _place_track(self, track: Json) -> tuple[TaskField | None, Sequence[ReadLabel]]:
        """Find the field of a track and read the track's shape on each frame.

        The shape on its first frame decides which field it is.
        """
        shapes = self._shapes_of(track)
        unasked = frames_between_keys(track["shapes"], self._unasked)
        self._leave_out_unasked(track["label_id"], unasked)
        placed = self._place(shapes[0], "tracks") if shapes else None
        if placed is None:
            return None, ()
        field, first = placed
        labels = [first]
        key = _key_of(shapes[0], first.label_id, field)
        for shape in shapes[1:]:
            try:
                if shape["keyframe"]:
                    label = self._read(shape, "tracks", field)
                    label_id = _said_id(shape, field)
                    key = _key_of(shape, label_id, field)
                else:
                    label_id = _id_of(shape, key, field)
                    label = self._read(shape, "tracks", field, label_id)
            except GeometryError as error:
                fault = f"on frame {shape['frame']}: {error}"
                self._legibility.report(track, "tracks", fault)
                return None, ()
            if label is not None:
                labels.append(label)
                continue
            self._legibility.report_empty_shape(shape, label_id)
        for each in labels:
            if not each.annotation.get("keyframe"):
                # a shape between key shapes repeats the id of the one before
                each.label_id = None
        return field, labels

    def _leave_out_unasked(self, class_id: int, number: int) -> None:
        """Count labels of a class that are on frames which the run did not send."""
        for _ in range(number):
            self._legibility.leave_out(NOT_SENT, self._field_of_class(class_id))

    def _field_of_class(self, class_id: int) -> TaskField | None:
        """Return the first field that has a class, or None."""
        fields = (
            field
            for field in self._fields.values()
            if class_id in field.context.class_by_label_id
        )
        return next(fields, None)

    def _shapes_of(self, track: Json) -> list[Json]:
        """Return a track's shape on each of its frames that the run sent."""
        task = self._task
        shapes = interpolate_track(
            cast("Track", track),
            max(task.refs, default=0),
            deleted_frames=task.deleted_frames,
            on_point_cloud=self._sent.is_point_cloud,
        )
        return [
            {**shape, "id": track["id"]}
            for shape in shapes
            if shape["frame"] in task.refs
            and shape["frame"] in task.sizes
            and shape["frame"] not in task.not_asked
        ]


def _fields_named_like_their_kind(
    fields: Mapping[str | None, TaskField],
) -> Iterator[tuple[str, TaskField]]:
    """Yield the kinds of which a field that holds any number has the name, and it.

    The field knows the classes of all fields then.
    """
    for name, field in fields.items():
        plain = (name or "").removeprefix("frames.")
        if plain == field.kind and field.context.label_type in LIST_BY_TYPE:
            names: dict[int, str] = {}
            for each in (*fields.values(), field):
                names |= each.context.class_by_label_id
            context = replace(field.context, class_by_label_id=names)
            yield plain, replace(field, context=context)


def _said_id(shape: Json, field: TaskField) -> str | None:
    """Return the id of the label that a key shape says it is, or None."""
    values = attribute_values(shape, field.context.spec_ids)
    return split_label_id(values.get(LABEL_ID))[0]


def _key_of(shape: Json, label_id: str | None, field: TaskField) -> TrackKey | None:
    """Return the key of a label's track by its id on a key shape's frame, or None."""
    if label_id is None:
        return None
    original = field.known(field.task.refs[shape["frame"]]).get(label_id)
    return None if original is None else original.track_key


def _id_of(shape: Json, key: TrackKey | None, field: TaskField) -> str | None:
    """Return the id of the label that a shape between key shapes may be."""
    if key is None:
        return None
    known = field.known(field.task.refs[shape["frame"]])
    return id_in_track(known, key, field.context.class_by_label_id[shape["label_id"]])
