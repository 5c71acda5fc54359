"""A run's way down: read each task, settle which label is which, report."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import fiftyone.core.fields as fof
import fiftyone.core.labels as fol
import fiftyone.core.media as fom
import fiftyone.core.utils as fou
from bson import ObjectId

from fiftyone_cvat.api.fields import TAGS
from fiftyone_cvat.api.upload import Upload
from fiftyone_cvat.convert.attributes import text_to_value
from fiftyone_cvat.convert.frames import FrameRef, frame_refs, frames_to_sizes
from fiftyone_cvat.convert.identity import Claim, join_label_id, settle_ids
from fiftyone_cvat.convert.ids import class_and_attribute_ids
from fiftyone_cvat.convert.labels import (
    FieldContext,
    ReadLabel,
    attribute_values,
    read_annotation,
)
from fiftyone_cvat.convert.reconcile import (
    Reconciliation,
    same_annotation,
    same_geometry,
)
from fiftyone_cvat.convert.schema import RETURN_TYPES
from fiftyone_cvat.errors import NotFoundError
from fiftyone_cvat.types import Json, LabelSchema, Size

__all__ = ["Download"]

logger = logging.getLogger(__name__)

LABEL_ID = "label_id"

_GEOMETRY_BY_KIND = {
    "detections": ("bounding_box", "mask", "rotation"),
    "polylines": ("points", "closed", "filled"),
    "keypoints": ("points",),
}

_TYPE_BY_FIELD = {
    fof.StringField: str,
    fof.BooleanField: bool,
    fof.IntField: int,
    fof.FloatField: float,
}


@dataclass(slots=True)
class _Task:
    """What the server answers about one task."""

    id: int
    labels: list[Json]
    sizes: dict[int, Size]
    annotations: Json
    refs: dict[int, FrameRef]
    class_ids: dict[str, int] = field(init=False)
    attribute_ids: dict[int, dict[str, int]] = field(init=False)

    def __post_init__(self) -> None:
        self.class_ids, self.attribute_ids = class_and_attribute_ids(self.labels)

    @property
    def input_types(self) -> dict[int, dict[int, str]]:
        return {
            label["id"]: {
                each["id"]: each["input_type"] for each in label["attributes"]
            }
            for label in self.labels
        }

    @property
    def defaults(self) -> dict[int, str]:
        return {
            each["id"]: each.get("default_value") or ""
            for label in self.labels
            for each in label["attributes"]
        }

    @property
    def label_id_specs(self) -> set[int]:
        by_label = self.attribute_ids.values()
        return {each[LABEL_ID] for each in by_label if LABEL_ID in each}


@dataclass(slots=True)
class _Original:
    """A label as it is in the dataset, and the annotations that it goes up as."""

    label: Any
    annotations: list[Json] = field(default_factory=list)


Originals = dict[FrameRef, dict[str, _Original]]


class Download(Upload):
    """Read annotations from CVAT and bring them into FiftyOne's form."""

    def download_annotations(self, results: Any) -> dict[Any, Any]:
        """Download the annotations from the CVAT server for the given results
        instance and parses them into the appropriate FiftyOne types.

        What came of the labels is counted in ``results.reconciliation``. Labels that
        came back as they went up are returned as they are in the dataset.

        Args:
            results: a :class:`CVATAnnotationResults`

        Returns:
            the annotations dict: field to kind of label to sample id to label id to
            label; for the frames of a video with their ids between the two latter
        """  # noqa: D205  the documented text
        run = _RunReader(self, results)
        gone = []
        with fou.ProgressBar(total=len(results.task_ids), iters_str="tasks") as bar:
            for task_id in bar(list(results.task_ids)):
                task = self._read_task(task_id, results.frame_id_map[task_id])
                if task is None:
                    logger.warning("Skipping task %d, which no longer exists", task_id)
                    gone.append(task_id)
                else:
                    run.read(task)
        if gone:
            results._forget_tasks(gone)
        results.reconciliation = run.reconciliation
        for line in run.reconciliation.lines():
            logger.info("%s", line)
        return run.annotations

    def _read_task(
        self, task_id: int, frame_id_map: Mapping[int, Mapping[str, str]]
    ) -> _Task | None:
        try:
            url = self.task_annotation_url(task_id)
            annotations = self.get(url, print_error_info=False).json()
        except NotFoundError:
            return None
        meta = self.get(self.task_data_meta_url(task_id)).json()
        labels = self._get_task_labels(task_id)
        sizes = frames_to_sizes(meta)
        return _Task(task_id, labels, sizes, annotations, frame_refs(frame_id_map))


class _RunReader:
    """Reads the tasks of one run, one after the other, into one result."""

    def __init__(self, api: Download, results: Any) -> None:
        config = results.config
        self._api = api
        self._results = results
        self._label_schema: LabelSchema = config.label_schema
        self._keep_text = not getattr(config, "coerce_text_attrs", True)
        _, project_id = api._parse_project_details(
            config.project_name, config.project_id
        )
        if results.project_ids:
            # the run made the project, so the run's own schema is complete
            project_id = None
        (
            self._cvat_schema,
            self._scalar_attrs,
            self._occluded_attrs,
            self._group_id_attrs,
            self._cvat_classes,
        ) = api._get_cvat_schema(
            self._label_schema,
            project_id=project_id,
            occluded_attr=config.occluded_attr,
            group_id_attr=config.group_id_attr,
        )
        self._samples = _collection(results)
        self.reconciliation = Reconciliation()
        self.annotations: dict[Any, Any] = {name: {} for name in self._label_schema}

    def read(self, task: _Task) -> None:
        """Read one task and add its labels to the result."""
        fields = self._fields_of(task)
        originals = {name: self._originals(name, task) for name in fields}
        contexts = {name: self._context(name, task, originals[name]) for name in fields}
        found: dict[Any, list[ReadLabel]] = {name: [] for name in fields}
        for kind in ("tags", "shapes"):
            for annotation in task.annotations.get(kind) or []:
                label_field, read = self._place(annotation, kind, contexts, task)
                if read is not None:
                    found[label_field].append(read)
        for label_field, labels in found.items():
            self._settle(label_field, labels, originals[label_field], task)

    def _fields_of(self, task: _Task) -> list[Any]:
        tasks = self._results.labels_task_map
        # keys that were stored as JSON: the field None has become a string
        return [
            name
            for name in self._label_schema
            if task.id in tasks.get(name, tasks.get(str(name).lower(), [])) or not name
        ]

    def _context(
        self, label_field: Any, task: _Task, originals: Originals
    ) -> FieldContext:
        names = self._cvat_classes.get(label_field, {})
        class_by_label_id = {
            task.class_ids[cvat_name]: name
            for name, cvat_name in names.items()
            if cvat_name in task.class_ids
        }
        known = {each for by in self._cvat_classes.values() for each in by.values()}
        for label in task.labels:
            if label["name"] not in known:
                # a class that somebody added on the server
                class_by_label_id[label["id"]] = label["name"]
        name_by_cvat_name = {each: name for name, each in names.items()}

        def by_class(attribute_by_cvat_class: Mapping[str, str]) -> dict[str, str]:
            return {
                name_by_cvat_name.get(each, each): attribute
                for each, attribute in attribute_by_cvat_class.items()
            }

        return FieldContext(
            label_type=self._label_schema[label_field].get("type"),
            class_by_label_id=class_by_label_id,
            spec_ids=task.attribute_ids,
            size_of_frame=task.sizes.__getitem__,
            input_types=task.input_types,
            value_types=_types_of_values(originals) | self._value_types(label_field),
            scalar_in_attribute=bool(self._scalar_attrs.get(label_field)),
            occluded_attrs=by_class(self._occluded_attrs.get(label_field, {})),
            group_id_attrs=by_class(self._group_id_attrs.get(label_field, {})),
            keep_text=self._keep_text,
        )

    def _value_types(self, label_field: Any) -> dict[str, type]:
        """Return the types that the dataset gives a field's attributes.

        The type of a scalar field itself is under the name ``""``.
        """
        if label_field is None:
            return {}
        samples = self._samples
        schema = {"": samples.get_field(label_field)}
        document = schema[""]
        if isinstance(document, fof.EmbeddedDocumentField):
            _, path = samples._get_label_field_path(label_field)
            document = samples.get_field(path)
        while isinstance(document, fof.ListField):
            document = document.field
        if isinstance(document, fof.EmbeddedDocumentField):
            schema |= document.get_field_schema()
        return {
            name: value_type
            for name, each in schema.items()
            for field_type, value_type in _TYPE_BY_FIELD.items()
            if isinstance(each, field_type)
        }

    def _place(
        self,
        annotation: Json,
        kind: Any,
        contexts: Mapping[Any, FieldContext],
        task: _Task,
    ) -> tuple[Any, ReadLabel | None]:
        """Find the field of an annotation: the first that expects its kind of label.

        If none does, it is the last field that has its class; FiftyOne then asks what
        to do with labels that are not expected.
        """
        placed: tuple[Any, ReadLabel | None] = (None, None)
        if annotation["frame"] not in task.refs:
            self.reconciliation.add_reason("on a frame that the run did not send")
            return placed
        for label_field, context in contexts.items():
            read = read_annotation(annotation, kind, context)
            if read is None:
                continue
            placed = (label_field, read)
            if context.label_type and RETURN_TYPES[context.label_type] == read.kind:
                break
        if placed[1] is None:
            what = annotation.get("type", "tag")
            self.reconciliation.add_reason(f"{what} that FiftyOne cannot hold")
        return placed

    def _settle(
        self,
        label_field: Any,
        labels: list[ReadLabel],
        originals: Originals,
        task: _Task,
    ) -> None:
        """Give a field's labels their ids and add them to the result."""
        expected = RETURN_TYPES.get(self._label_schema[label_field].get("type") or "")
        by_frame: dict[FrameRef, list[ReadLabel]] = defaultdict(list)
        for each in labels:
            by_frame[task.refs[each.frame]].append(each)

        for ref in {*by_frame, *originals}:
            known = originals.get(ref, {})
            mine: list[ReadLabel] = []
            for each in by_frame[ref]:
                if each.kind == "scalar":
                    self._add(label_field, each.kind, ref, None, each.value)
                elif each.kind == expected:
                    mine.append(each)
                else:
                    self._add_new(label_field, ref, each, task)
            self._settle_frame(label_field, ref, mine, known, task)

    def _settle_frame(
        self,
        label_field: Any,
        ref: FrameRef,
        labels: list[ReadLabel],
        known: dict[str, _Original],
        task: _Task,
    ) -> None:
        claims = [self._claim(each) for each in labels]
        uploaded = {key: each.annotations for key, each in known.items()}
        ids = settle_ids(claims, uploaded, lambda: str(ObjectId()))
        parts: dict[str, list[ReadLabel]] = defaultdict(list)
        for label_id, each in zip(ids, labels, strict=True):
            parts[label_id].append(each)

        count = self.reconciliation.add
        for label_id, own in parts.items():
            own.sort(key=lambda each: each.part)
            for part, each in enumerate(own, 1):
                self._remember(each, join_label_id(label_id, part))
            original = known.get(label_id)
            label = _merged(own)
            label.id = label_id
            if original is None:
                count(label_field, task.id, "added")
            elif same_annotation(
                original.annotations,
                [each.annotation for each in own],
                task.defaults,
                task.label_id_specs,
            ):
                count(label_field, task.id, "kept")
                label = original.label
            else:
                count(label_field, task.id, "changed")
                _adopt(label, original, own, task)
            self._add(label_field, own[0].kind, ref, label_id, label)
        gone = known.keys() - parts.keys()
        deleted = sum(known[each].label is not None for each in gone)
        if deleted:
            count(label_field, task.id, "deleted", deleted)

    def _claim(self, label: ReadLabel) -> Claim:
        server_ids = self._results.server_id_map.get(_server_kind(label), {})
        server_label_id = server_ids.get(label.annotation["id"])
        return Claim(label.label_id, label.part, server_label_id, label.annotation)

    def _remember(self, label: ReadLabel, text: str) -> None:
        """Note which label an annotation is, so that loading again finds it."""
        server_ids = self._results.server_id_map.setdefault(_server_kind(label), {})
        server_ids[label.annotation["id"]] = text

    def _add_new(
        self, label_field: Any, ref: FrameRef, label: ReadLabel, task: _Task
    ) -> None:
        """Add a label of a kind that the field does not expect."""
        claim = self._claim(label)
        label.value.id = claim.server_label_id or str(ObjectId())
        self._remember(label, label.value.id)
        self.reconciliation.add(label_field, task.id, "added")
        self._add(label_field, label.kind, ref, label.value.id, label.value)

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
        rotated = isinstance(value, fol.Detection) and value.has_attribute("rotation")
        attributes = self._label_schema[label_field].get("attributes")
        if rotated and attributes is not None:
            # FiftyOne merges the attributes that the schema names
            attributes.setdefault("rotation", {})

    def _originals(self, label_field: Any, task: _Task) -> Originals:
        """Return the run's labels on a task's frames as they are in the dataset."""
        info = self._label_schema[label_field]
        id_map = self._results.id_map.get(label_field) or {}
        if not id_map or info.get("type") in (None, "scalar", "segmentation"):
            return {}
        originals: Originals = {}
        for ref in task.refs.values():
            ids = id_map.get(ref.sample_id)
            if ref.frame_id is not None and isinstance(ids, Mapping):
                ids = ids.get(ref.frame_id)
            known = [ids] if isinstance(ids, str) else ids or []
            if known:
                originals[ref] = {each: _Original(None) for each in known}
        self._fill(originals, label_field, info, task)
        return originals

    def _fill(
        self,
        originals: Originals,
        label_field: Any,
        info: Mapping[str, Any],
        task: _Task,
    ) -> None:
        """Add the dataset's labels, and what they go up as, to a run's labels."""
        if not self._samples.has_field(label_field):
            return
        api = self._api
        frame_by_ref = {ref: frame for frame, ref in task.refs.items()}
        for ref, label in self._dataset_labels(originals, label_field):
            original = originals[ref].get(label.id)
            if original is None:
                continue
            original.label = label
            frame = frame_by_ref[ref]
            holder = _holder(label, info["type"])
            _, created, _, _ = api._convert_labels(
                holder,
                label_field,
                {"type": info["type"]},
                self._cvat_schema,
                frame,
                task.sizes[frame],
                assign_scalar_attrs=False,
                load_tracks=False,
                occluded_attrs=self._occluded_attrs.get(label_field),
                group_id_attrs=self._group_id_attrs.get(label_field),
                ref=ref,
            )
            created = [each for each in created if each["label_id"] in task.class_ids]
            original.annotations = api._remap_ids(
                created, task.class_ids, task.attribute_ids
            )

    def _dataset_labels(
        self, refs: Iterable[FrameRef], label_field: Any
    ) -> Iterator[tuple[FrameRef, Any]]:
        ids = [ref.sample_id for ref in refs]
        view = self._samples.select(ids)
        for sample_id, holder in zip(*view.values(["id", label_field]), strict=True):
            if holder is None:
                continue
            name = getattr(holder, "_LABEL_LIST_FIELD", None)
            for label in [holder] if name is None else holder[name] or []:
                yield FrameRef(sample_id, None), label


def _collection(results: Any) -> Any:
    """Return the collection in which a run's sample ids are found."""
    samples = results.samples
    if results._is_clips or results._is_frames:
        return samples
    dataset = samples._root_dataset
    if dataset.media_type == fom.GROUP:
        return dataset.select_group_slices(_allow_mixed=True)
    return dataset


def _types_of_values(originals: Originals) -> dict[str, type]:
    """Return the types of attributes that have the same one in all labels."""
    types: dict[str, set[type]] = defaultdict(set)
    for by_id in originals.values():
        for original in by_id.values():
            if original.label is not None:
                for name, value in original.label.iter_attributes():
                    types[name].add(type(value))
    known = {name: each - {type(None)} for name, each in types.items()}
    return {name: each.pop() for name, each in known.items() if len(each) == 1}


def _server_kind(label: ReadLabel) -> str:
    return "tags" if label.kind == "classifications" else "shapes"


def _holder(label: Any, label_type: str) -> Any:
    """Return a label as a field of some type holds it."""
    if label_type in TAGS:
        return label if label_type == "classification" else {"classifications": [label]}
    name = RETURN_TYPES[label_type]
    return {name: [label]} if label_type.endswith("s") else label


def _merged(parts: list[ReadLabel]) -> Any:
    """Return the one label that several annotations are."""
    label = parts[0].value
    for each in parts[1:]:
        if isinstance(label, fol.Polyline):
            label.points.extend(each.value.points)
    return label


def _adopt(
    label: Any, original: _Original, parts: list[ReadLabel], task: _Task
) -> None:
    """Keep of a changed label what did not change, to the last bit."""
    before = original.label
    if before is None:
        return
    sent, got = original.annotations, [each.annotation for each in parts]
    if len(sent) == len(got) and all(map(same_geometry, sent, got)):
        for name in _GEOMETRY_BY_KIND.get(parts[0].kind, ()):
            if before.has_attribute(name) or name in before:
                label[name] = before[name]
    elif isinstance(label, fol.Detection) and before.has_attribute("rotation"):
        # a box that was turned back has no rotation on the server
        label["rotation"] = label.get_attribute_value("rotation", 0.0)

    texts = attribute_values([got[0]], task.attribute_ids)
    had = attribute_values(sent[:1], task.attribute_ids) if sent else {}
    specs = task.attribute_ids.get(got[0]["label_id"], {})
    for name, text in texts.items():
        if name == LABEL_ID:
            continue
        value = before.get_attribute_value(name, None)
        if value is not None:
            label[name] = text_to_value(text, type(value))
        elif name not in had and text == task.defaults.get(specs[name]):
            # nobody chose this value: the server fills in its default
            label[name] = None
