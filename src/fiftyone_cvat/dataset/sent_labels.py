"""A run's labels as they are in the dataset, to compare with what comes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import fiftyone.core.media as fom
import fiftyone.utils.annotations as foua

from fiftyone_cvat.convert.from_cvat.originals import Original
from fiftyone_cvat.convert.shared.frames import FrameRef, put_at_frame
from fiftyone_cvat.convert.shared.track_keys import Naming, index_by_object, track_key
from fiftyone_cvat.convert.to_cvat.schema import SchemaParts
from fiftyone_cvat.dataset.columns import Columns, StoredLabels
from fiftyone_cvat.dataset.field_annotations import FieldConversion
from fiftyone_cvat.dataset.hidden_points import (
    hide_points,
    note_hidden_points,
    note_points,
)
from fiftyone_cvat.dataset.sent_annotations import (
    add_class,
    annotations_of,
    convert_later,
)
from fiftyone_cvat.dataset.stored_labels import LIST_BY_TYPE, labels_in
from fiftyone_cvat.dataset.unexpected_labels import LoadedLabel
from fiftyone_cvat.runs.stored_runs import NO_FIELDS, ids_in
from fiftyone_cvat.server.task_answers import TaskAnswer
from fiftyone_cvat.types import RETURN_TYPES, Json

__all__ = ["Originals", "SentLabels"]

Originals = dict[FrameRef, dict[str, Original]]
"""What a frame is to its labels by id."""


class SentLabels:
    """Reads the labels that a run sent, as they are in the dataset now.

    Args:
        api: converts the labels, as it did when they went up
        results: the run's results
        schema: the run's schema, as ``_get_cvat_schema`` gives it
        columns: reads the run's fields
    """

    def __init__(
        self, api: Any, results: Any, schema: SchemaParts, columns: Columns
    ) -> None:
        self._api = api
        self._columns = columns
        self._id_map = results.id_map
        self._deleted = set(results.deleted)
        self._left_out = results.left_out
        self._unstored = results.unstored
        self._hidden_points = results.hidden_points
        self._sample_by_clip = results.id_map.get("_clips", {})
        self._root = results.samples._root_dataset
        self._is_frames = results._is_frames
        self._sent_frames = set()
        if results.frame_numbering == "task":
            self._sent_frames = {
                each["sample_id"] if self._is_frames else each["frame_id"]
                for frames in results.frame_id_map.values()
                for each in frames.values()
                if self._is_frames or "frame_id" in each
            }
        self._label_schema = results.config.label_schema
        self._by_unexpected = {*results.other_fields}
        self._cvat_schema, _, self._occluded_attrs, self._group_id_attrs, _ = schema
        self._samples = columns.samples
        self._media_types = columns.media_types(results.samples)
        # these of one task
        self._stored_labels: StoredLabels = {}
        self._scalars: dict[Any, dict[FrameRef, Any]] = {}
        self._elsewhere: dict[str, LoadedLabel] | None = None
        # read when they are first asked for: most loads do not ask
        self._other_fields: list[str] | None = None
        self._ids_by_field: dict[Any, set[Any]] = {}
        self._ids_there: set[str] | None = None
        self._naming_by_field: dict[Any, Naming] = {}

    def begin(self, stored: StoredLabels) -> None:
        """Begin with a task.

        Args:
            stored: the labels of the run's fields on the task's frames
        """
        self._stored_labels = stored
        self._scalars = {}
        self._elsewhere = None

    @property
    def is_point_cloud(self) -> bool:
        """Whether the run's media are point clouds."""
        return self._media_types <= {fom.POINT_CLOUD, fom.THREE_D}

    def has_sample(self, ref: FrameRef) -> bool:
        """Tell whether the sample of a frame is still in the dataset."""
        return self._columns.has_sample(ref)

    def known_ids(self, label_field: Any, ref: FrameRef) -> list[Any]:
        """Return the ids of a run's labels on a frame; ``[True]`` for a scalar.

        A scalar that an earlier load deleted is none of them.
        """
        if (label_field, ref.key) in self._deleted:
            return []
        ids = (self._id_map.get(label_field) or {}).get(ref.sample_id)
        if ref.frame_id is not None and isinstance(ids, Mapping):
            ids = ids.get(ref.frame_id)
        if isinstance(ids, list):
            return ids
        return [ids] if ids else []

    def add_scalar(self, label_field: Any, ref: FrameRef) -> None:
        """Note that a frame has a scalar of the run, so that it can be deleted."""
        put_at_frame(self._id_map.setdefault(label_field, {}), ref, True)

    def scalars(self, label_field: Any, task: TaskAnswer) -> dict[FrameRef, Any]:
        """Return the scalars of a field on a task's frames, read when first asked."""
        if not self._columns.has_field(label_field):
            return {}
        if label_field not in self._scalars:
            values = self._columns.values(label_field, task.refs)
            self._scalars[label_field] = {ref: each for _, ref, each in values}
        return self._scalars[label_field]

    def labels(self, label_field: Any, task: TaskAnswer) -> dict[FrameRef, list[Any]]:
        """Return all labels of one of the run's fields on a task's frames."""
        label_type = self._label_schema[label_field].get("type")
        if label_type is None:
            if not self._columns.has_field(label_field):
                return {}
            values = self._columns.values(label_field, task.refs)
            return {ref: list(_labels_of(value)) for _, ref, value in values}
        return {
            ref: list(labels_in(value, label_type))
            for _, ref, value in self._stored(label_field, label_type, task)
        }

    def _stored(
        self, source: Any, label_type: str, task: TaskAnswer
    ) -> list[tuple[int, FrameRef, Any]]:
        """Return position, frame and labels of a field on a task's frames.

        Args:
            source: the field
            label_type: the type of the run's field whose labels it holds
            task: what the server answers about the task
        """
        if source not in self._stored_labels and not self._columns.has_field(source):
            return []
        if source not in self._stored_labels:
            refs = set(task.refs.values())
            labels = self._columns.labels(source, label_type, refs)
            self._stored_labels[source] = labels
        return self._columns.by_position(self._stored_labels[source], task.refs)

    def values_not_sent(
        self, label_field: Any, task: TaskAnswer
    ) -> Iterator[tuple[FrameRef, Any]]:
        """Yield what a field of frames holds on frames that the run did not send.

        FiftyOne deletes the scalars of all frames of a video that do not come back,
        so those that did not go up must come back, too.
        """
        is_there = self._columns.has_field(label_field)
        if is_there and self._is_frames:
            yield from self._values_of_other_frames(label_field, task)
        if not (is_there and self._samples._is_frame_field(label_field)):
            return
        sent = self._sent_frames | {ref.frame_id for ref in task.refs.values()}
        for sample_id in {ref.sample_id for ref in task.refs.values()}:
            view = self._root.select(self._sample_by_clip.get(sample_id, sample_id))
            frame_ids, values = view.values(["frames.id", label_field], unwind=True)
            for frame_id, value in zip(frame_ids, values, strict=True):
                if value is not None and frame_id not in sent:
                    yield FrameRef(sample_id, frame_id), value

    def _values_of_other_frames(
        self, label_field: Any, task: TaskAnswer
    ) -> Iterator[tuple[FrameRef, Any]]:
        """Yield what frames hold that a run of a view of frames did not send."""
        video_by_frame = self._id_map.get("_frames", {})
        sent = self._sent_frames | {ref.sample_id for ref in task.refs.values()}
        videos = {video_by_frame.get(ref.sample_id) for ref in task.refs.values()}
        view = self._root.select([each for each in videos if each is not None])
        paths = ["frames.id", self._root._FRAMES_PREFIX + label_field]
        for frame_id, value in zip(*view.values(paths, unwind=True), strict=True):
            if value is not None and frame_id not in sent:
                yield FrameRef(frame_id, None), value

    def originals(self, label_field: Any, task: TaskAnswer) -> Originals:
        """Return a run's labels of one field on a task's frames."""
        if self._label_schema[label_field].get("type") in (None, "scalar"):
            return {}
        originals: Originals = {}
        by_place = self._left_out.get(task.id, {})
        for ref in task.refs.values():
            known = self.known_ids(label_field, ref)
            if known:
                left_out = by_place.get(ref.key, {})
                unstored = self._parts_unstored(label_field, ref, task)
                originals[ref] = {
                    each: Original(
                        left_out=left_out.get(each), unstored=unstored.get(each, ())
                    )
                    for each in known
                }
        if originals:
            self._fill(originals, label_field, label_field, task)
        self._add_loaded(originals, label_field, task)
        for by_id in originals.values():
            gone = [key for key, each in by_id.items() if each.is_gone]
            for label_id in gone:
                is_copy = by_id[label_id].left_out is not None
                if (label_field, label_id) in self._deleted and not is_copy:
                    # an earlier load deleted it: what has its id was drawn since
                    del by_id[label_id]
        self._note_objects(originals)
        return originals

    def _parts_unstored(
        self, label_field: Any, ref: FrameRef, task: TaskAnswer
    ) -> dict[str, list[Json]]:
        """Return the parts of labels that the server did not store, by label id."""
        by_id = self._unstored.get(task.id, {}).get(ref.key, {})
        found = {}
        for label_id, parts in by_id.items():
            # another field may have a label of the same id
            classes = [self._cvat_schema.get(each["class"]) for each in parts]
            fields = {name for each in classes if each for name in each.class_by_field}
            if not fields or label_field in fields:
                found[label_id] = parts
        return found

    def _note_objects(self, originals: Originals) -> None:
        """Note which tracks labels of videos are in that have an instance only."""
        if self._is_frames or fom.VIDEO not in self._media_types:
            return
        present = [
            each
            for by in originals.values()
            for each in by.values()
            if not each.is_gone
        ]
        indexes = index_by_object(each.held for each in present)
        for each in present:
            each.key_of_object = track_key(each.held, indexes)

    def naming(self, label_field: Any) -> Naming:
        """Tell how the labels of a field name their objects."""
        if label_field not in self._naming_by_field:
            name = label_field
            if self._is_frames and name is not None:
                name = self._root._FRAMES_PREFIX + name
            found = Naming()
            if name is not None and self._root.has_field(name):
                paths = (
                    self._root._get_label_field_path(name, each)[1]
                    for each in ("instance", "index")
                )
                found = Naming(*(self._root.count(path) > 0 for path in paths))
            self._naming_by_field[label_field] = found
        return self._naming_by_field[label_field]

    def highest_index(self, label_field: Any) -> int:
        """Return the highest index that a track of a field has anywhere."""
        if label_field is None or not self._root.has_field(label_field):
            return 0
        _, path = self._root._get_label_field_path(label_field, "index")
        return self._root.bounds(path)[1] or 0

    def highest_index_anywhere(self) -> int:
        """Return the highest index that a track has in any field of frames."""
        fields = self._root._get_label_fields()
        prefix = self._root._FRAMES_PREFIX
        return max(
            (self.highest_index(each) for each in fields if each.startswith(prefix)),
            default=0,
        )

    def loaded_elsewhere(self, task: TaskAnswer) -> dict[str, LoadedLabel]:
        """Return labels of a task's frames that earlier loads put into other fields.

        They are of types that the fields of the run do not hold.

        Args:
            task: what the server answers about the task

        Returns:
            the label's id to the label
        """
        if self._elsewhere is None:
            self._elsewhere = {}
            for other in self._others():
                mine = self._ids_of(other)
                held = self._samples._get_label_field_type(other)
                listed = getattr(held, "_LABEL_LIST_FIELD", None)
                kind = listed or RETURN_TYPES[held.__name__.lower()]
                by_ref = self._columns.labels(
                    other, listed or "", {*task.refs.values()}
                )
                for _, ref, value in self._columns.by_position(by_ref, task.refs):
                    for label in labels_in(value, listed or ""):
                        if label.id in mine:
                            self._elsewhere[label.id] = LoadedLabel(
                                other, task.id, ref, kind, label
                            )
        return self._elsewhere

    def is_loaded_elsewhere(self, label_id: str, ref: FrameRef) -> bool:
        """Tell whether an earlier load put a label into another field, then or now.

        Args:
            label_id: the label's id
            ref: the frame
        """
        return any(label_id in self.known_ids(each, ref) for each in self._others())

    def _others(self) -> list[str]:
        """Return the fields with labels of types that the run's fields do not hold."""
        if self._other_fields is None:
            fields = self._label_schema
            copies = {
                each
                for name in fields
                if fields[name].get("type") not in (None, "scalar")
                for each in self._destinations(name)
            }
            others = self._id_map.keys() - fields.keys() - copies - {*NO_FIELDS}
            labels = self._samples._get_label_fields()
            self._other_fields = sorted(others.intersection(labels))
        return self._other_fields

    def has_label(self, label_id: str | None) -> bool:
        """Tell whether a sample of the run has a label of an id, in any field."""
        if self._ids_there is None:
            self._ids_there = set()
            samples = self._columns.run_samples()
            for label_field in samples._get_label_fields():
                _, path = samples._get_label_field_path(label_field, "id")
                self._ids_there.update(samples.values(path, unwind=True))
        return label_id in self._ids_there

    def occupied(
        self, label_field: Any, originals: Originals, task: TaskAnswer
    ) -> set[FrameRef] | None:
        """Return where a field of one label holds one that did not go up.

        Args:
            label_field: the field
            originals: the run's labels of the field as they are in the dataset
            task: what the server answers about the task

        Returns:
            the frames; None for a field that holds any number of labels
        """
        label_type = self._label_schema[label_field].get("type")
        if label_type is None or label_type in LIST_BY_TYPE:
            return None
        return {
            ref
            for ref, labels in self.labels(label_field, task).items()
            if labels[0].id not in originals.get(ref, {})
        }

    def _add_loaded(
        self, originals: Originals, label_field: Any, task: TaskAnswer
    ) -> None:
        """Put labels that were loaded into other fields in the place of the run's."""
        for other in self._destinations(label_field):
            loaded: Originals = defaultdict(dict)
            for ref in task.refs.values():
                for each in self.known_ids(other, ref):
                    loaded[ref][each] = Original()
            self._fill(loaded, label_field, other, task)
            for ref, by_id in loaded.items():
                unstored = self._parts_unstored(label_field, ref, task)
                for label_id in unstored.keys() & by_id.keys():
                    by_id[label_id].unstored = unstored[label_id]
                originals.setdefault(ref, {}).update(by_id)

    def _ids_of(self, label_field: Any) -> set[Any]:
        """Return the ids of a run's labels in a field as the load begins.

        To collect 100,000 takes 0.1 s, and each task asks.
        """
        if label_field not in self._ids_by_field:
            ids = ids_in(self._id_map.get(label_field) or {})
            self._ids_by_field[label_field] = set(ids)
        return self._ids_by_field[label_field]

    def _destinations(self, label_field: Any) -> list[Any]:
        """Return other fields that the labels of a field were loaded into.

        FiftyOne does not tell the backend, but notes the ids of what it loads. Labels
        of a kind that a run does not expect are in fields of their own, too: those are
        noted, and of older loads known by their type.
        """
        label_type = self._label_schema[label_field]["type"]
        mine = self._ids_of(label_field)
        kind = RETURN_TYPES[label_type]
        types = [info.get("type") or "" for info in self._label_schema.values()]
        kinds = [RETURN_TYPES.get(each) for each in types]
        found = []
        for other in self._id_map.keys() - self._label_schema.keys():
            if other in NO_FIELDS or not self._columns.has_field(other):
                continue
            if other in self._by_unexpected:
                continue
            is_alone = kinds.count(kind) == 1 and other.rpartition(".")[2] != kind
            same_labels = not mine.isdisjoint(self._ids_of(other))
            held = self._samples._get_label_field_type(other)
            if issubclass(held, foua._LABEL_TYPES_MAP[label_type]) and (
                is_alone or same_labels
            ):
                found.append(other)
        return sorted(found)

    def _fill(
        self, originals: Originals, label_field: Any, source: Any, task: TaskAnswer
    ) -> None:
        """Add the dataset's labels of a source field, and what they go up as."""
        info = self._label_schema[label_field]
        conversion = FieldConversion.of_field(
            label_field,
            info,
            self._cvat_schema,
            self._occluded_attrs,
            self._group_id_attrs,
        )
        label_type = conversion.label_type
        refs = set(task.refs.values())
        as_shown = self._columns.as_shown(source, label_type, refs)
        for frame, ref, value in self._stored(source, label_type, task):
            by_id = originals.get(ref)
            if not by_id:
                continue
            for label in labels_in(value, label_type):
                if label.id in by_id:
                    by_id[label.id].held = label
                    add_class(conversion, label.label)
            if ref in as_shown:
                shown = labels_in(as_shown[ref], label_type)
                labels = labels_in(value, label_type)
                note_hidden_points(self._hidden_points, labels, shown)
            sent = value
            if self._columns.hides_points(label_type):
                sent = hide_points(value, label_type, self._hidden_points)
                note_points(by_id, labels_in(sent, label_type))
            make = partial(
                annotations_of, self._api, sent, conversion, frame, ref, task
            )
            if label_type == "segmentation":
                convert_later(by_id, value, make)
                continue
            for label_id, annotation in make():
                if label_id in by_id:
                    by_id[label_id].annotations.append(annotation)


def _labels_of(value: Any) -> Iterable[Any]:
    """Return the labels that a field's value is or lists."""
    name = getattr(value, "_LABEL_LIST_FIELD", None)
    return [value] if name is None else (value[name] or [])
