"""What is known about the fields of a run when their annotations are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fiftyone_cvat.convert.from_cvat.labels import FieldContext
from fiftyone_cvat.convert.shared.skeletons import sublabel_ids_by_label
from fiftyone_cvat.convert.to_cvat.schema import SchemaParts
from fiftyone_cvat.dataset.sent_labels import DatasetLabels, Originals
from fiftyone_cvat.server.task_answers import TaskAnswer

__all__ = ["FieldContexts"]


class FieldContexts:
    """Makes the contexts of the fields of one run.

    Args:
        config: the run's :class:`CVATBackendConfig`
        schema: the run's schema, as ``_build_cvat_schema`` gives it
        dataset: the run's labels as they are in the dataset

    Attributes:
        keep_text: whether text stays text where the dataset does not say
    """

    def __init__(
        self, config: Any, schema: SchemaParts, dataset: DatasetLabels
    ) -> None:
        self._label_schema = config.label_schema
        self.keep_text = not getattr(config, "coerce_text_attrs", True)
        self._dataset = dataset
        (
            _,
            self._scalar_attrs,
            self._occluded_attrs,
            self._group_id_attrs,
            self._cvat_classes,
        ) = schema

    def context(
        self, label_field: Any, task: TaskAnswer, originals: Originals
    ) -> FieldContext:
        """Return what is known about a field when a task's annotations are read.

        Args:
            label_field: the field
            task: what the server answers about the task
            originals: the run's labels of the field as they are in the dataset
        """
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
            size_of_frame=task.size_of,
            input_types=task.input_types,
            choices=task.choices,
            value_types=self._dataset.value_types(label_field, originals),
            scalar_in_attribute=bool(self._scalar_attrs.get(label_field)),
            occluded_attrs=by_class(self._occluded_attrs.get(label_field, {})),
            group_id_attrs=by_class(self._group_id_attrs.get(label_field, {})),
            keep_text=self.keep_text,
            nodes_by_label_id=sublabel_ids_by_label(task.labels),
            is_point_cloud=self._dataset.is_point_cloud,
        )
