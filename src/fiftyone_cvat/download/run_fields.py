"""What is known about the fields of a run when their annotations are read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from fiftyone_cvat.convert.from_cvat.field_context import FieldContext
from fiftyone_cvat.convert.from_cvat.originals import Original
from fiftyone_cvat.convert.shared.attribute_names import INDEX, is_attribute_name
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.server_ids import AttributeIds
from fiftyone_cvat.convert.shared.skeletons import sublabel_ids_by_label
from fiftyone_cvat.convert.shared.texts import LABEL_ID
from fiftyone_cvat.convert.to_cvat.schema import SchemaParts, schema_attributes
from fiftyone_cvat.dataset.sent_labels import Originals, SentLabels
from fiftyone_cvat.dataset.value_types import value_types
from fiftyone_cvat.server.task_answers import TaskAnswer
from fiftyone_cvat.types import RETURN_TYPES, LabelSchema

__all__ = ["RunFields", "TaskField"]


@dataclass(frozen=True, slots=True, eq=False)
class TaskField:
    """One field of a run on one task.

    Attributes:
        name: the field, or None where a label schema names none
        info: the field's part of the label schema
        task: what the server answers about the task
        originals: the run's labels of the field as they are in the dataset
        context: what is known about the field when annotations are read
        attributes: the names of its attributes, and of its shapes' geometry
        cvat_classes: class name to the name that the class went up with
    """

    name: str | None
    info: Mapping[str, Any]
    task: TaskAnswer
    originals: Originals
    context: FieldContext
    attributes: set[str]
    cvat_classes: Mapping[str, str]

    @property
    def kind(self) -> str:
        """The kind of label that it expects; "" if it takes any."""
        return RETURN_TYPES.get(self.context.label_type or "", "")

    @property
    def mask_targets(self) -> dict[Any, str]:
        """Pixel value, or RGB hex string, to the class that it went up as.

        Pixels of other classes stay in FiftyOne, as those of no class do.
        """
        targets = self.info.get("mask_targets") or {}
        return {
            each: name for each, name in targets.items() if name in self.cvat_classes
        }

    def known(self, ref: FrameRef) -> dict[str, Original]:
        """Return the run's labels of the field on a frame by id."""
        return self.originals.get(ref, {})


class RunFields:
    """Puts together what is known about the fields of one run, task after task.

    Args:
        config: the run's :class:`CVATBackendConfig`, whose label schema gets the
            attributes that somebody added on the server
        schema: the run's schema, as ``_build_cvat_schema`` gives it
        sent: the run's labels as they are in the dataset
        samples: the collection that has the fields
        keep_text: whether text stays text where the dataset does not say

    Attributes:
        attributes: field to the names of its attributes, and of its shapes' geometry
    """

    def __init__(
        self,
        config: Any,
        schema: SchemaParts,
        sent: SentLabels,
        samples: Any,
        *,
        keep_text: bool,
    ) -> None:
        self._label_schema: LabelSchema = config.label_schema
        self._keep_text = keep_text
        self._sent = sent
        self._samples = samples
        (
            _,
            self._scalar_attrs,
            self._occluded_attrs,
            self._group_id_attrs,
            self._cvat_classes,
        ) = schema
        self.attributes = {
            name: {*filter(is_attribute_name, schema_attributes(info))}
            for name, info in self._label_schema.items()
        }

    def on_task(self, task: TaskAnswer) -> dict[str | None, TaskField]:
        """Return the fields on one task by name, in the order of the label schema.

        Args:
            task: what the server answers about the task
        """
        originals = {
            name: self._sent.originals(name, task) for name in self._label_schema
        }
        for name in filter(partial(self._has_tracks, task=task), originals):
            self.attributes[name].discard(INDEX)
        return {
            name: self._on_task(name, task, each) for name, each in originals.items()
        }

    def _has_tracks(self, label_field: str | None, task: TaskAnswer) -> bool:
        """Return whether labels of a field may be of tracks, as those of videos are."""
        kind = RETURN_TYPES.get(self._label_schema[label_field].get("type") or "")
        of_frames = (ref.frame_id is not None for ref in task.refs.values())
        return kind in ("detections", "polylines", "keypoints") and any(of_frames)

    def _on_task(
        self, label_field: str | None, task: TaskAnswer, originals: Originals
    ) -> TaskField:
        context = self._context(label_field, task, originals)
        self._add_attributes(label_field, context)
        return TaskField(
            label_field,
            self._label_schema[label_field],
            task,
            originals,
            context,
            self.attributes[label_field],
            self._cvat_classes.get(label_field, {}),
        )

    def _context(
        self, label_field: str | None, task: TaskAnswer, originals: Originals
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
        spec_ids: AttributeIds = task.attribute_ids
        if self._has_tracks(label_field, task):
            # the track tells it, and not what was typed
            spec_ids = {
                label_id: {
                    name: each for name, each in by_name.items() if name != INDEX
                }
                for label_id, by_name in spec_ids.items()
            }
        name_by_cvat_name = {each: name for name, each in names.items()}

        def by_class(attribute_by_cvat_class: Mapping[str, str]) -> dict[str, str]:
            return {
                name_by_cvat_name.get(each, each): attribute
                for each, attribute in attribute_by_cvat_class.items()
            }

        return FieldContext(
            label_type=self._label_schema[label_field].get("type"),
            class_by_label_id=class_by_label_id,
            spec_ids=spec_ids,
            size_of_frame=task.size_of,
            input_types=task.input_types,
            choices=task.choices,
            value_types={
                **_declared_texts(self._label_schema[label_field]),
                **_scalar_type(self._label_schema[label_field]),
                **value_types(self._samples, label_field, originals),
            },
            scalar_in_attribute=bool(self._scalar_attrs.get(label_field)),
            scalar_attribute=self._label_schema[label_field].get("cvat_attribute"),
            occluded_attrs=by_class(self._occluded_attrs.get(label_field, {})),
            group_id_attrs=by_class(self._group_id_attrs.get(label_field, {})),
            keep_text=self._keep_text,
            nodes_by_label_id=sublabel_ids_by_label(task.labels),
            is_point_cloud=self._sent.is_point_cloud,
        )

    def _add_attributes(self, label_field: str | None, context: FieldContext) -> None:
        """Add attributes that somebody added on the server to the label schema.

        FiftyOne merges the attributes that the schema names.
        """
        attributes = self._label_schema[label_field].get("attributes")
        if attributes is None or context.label_type in (None, "scalar"):
            return
        known = self.attributes[label_field]
        for label_id in context.class_by_label_id:
            for name in context.spec_ids.get(label_id, {}):
                is_known = name == LABEL_ID or name in known
                if not is_known and is_attribute_name(name):
                    attributes[name] = {}
                    known.add(name)


def _scalar_type(info: Mapping[str, Any]) -> dict[str, type]:
    """Return the type of a scalar field whose label schema says which it gets."""
    kinds = {"int": int, "float": float, "bool": bool, "str": str}
    name = info.get("value_type")
    return {"": kinds[name]} if name in kinds else {}


def _declared_texts(info: Mapping[str, Any]) -> dict[str, type]:
    """Return the attributes whose values a label schema lists as text, and only so.

    A field has some for all of its classes, and some for single ones.
    """
    of_classes = (each for each in info.get("classes") or () if isinstance(each, dict))
    values: dict[str, set[type]] = defaultdict(set)
    for part in (info, *of_classes):
        attributes = part.get("attributes")
        if isinstance(attributes, dict):
            for name, each in attributes.items():
                if each.get("type") in ("select", "radio"):
                    values[name] |= {type(value) for value in each.get("values") or ()}
    return {name: str for name, types in values.items() if types == {str}}
