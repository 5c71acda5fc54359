"""The schema of a run: built for it, or that of an existing project or task."""

from __future__ import annotations

from fiftyone_cvat.api.conversions import Conversions
from fiftyone_cvat.convert.to_cvat.project_schema import (
    labels_to_cvat_schema,
    labels_without_label_id,
)
from fiftyone_cvat.convert.to_cvat.schema import SchemaParts
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.server.projects import Projects
from fiftyone_cvat.server.tasks import Tasks
from fiftyone_cvat.types import LabelSchema

__all__ = ["SchemaMembers"]


class SchemaMembers(Projects, Tasks, Conversions):
    """Bring FiftyOne's label schemas and CVAT's labels together."""

    def _get_cvat_schema(
        self,
        label_schema: LabelSchema,
        project_id: int | None = None,
        occluded_attr: str | None = None,
        group_id_attr: str | None = None,
    ) -> SchemaParts:
        """Return the CVAT schema of a run: a project's own, or one built for it.

        Args:
            label_schema: the run's label schema; completed in place
            project_id: an existing project, or None
            occluded_attr: the attribute that holds occlusion in every field
            group_id_attr: the attribute that holds group ids in every field

        Returns:
            as :func:`fiftyone_cvat.convert.to_cvat.schema.build_cvat_schema`
        """
        if project_id is None:
            return self._build_cvat_schema(
                label_schema, occluded_attr=occluded_attr, group_id_attr=group_id_attr
            )
        return self._convert_cvat_schema(
            label_schema,
            project_id=project_id,
            occluded_attr=occluded_attr,
            group_id_attr=group_id_attr,
        )

    def _convert_cvat_schema(
        self,
        label_schema: LabelSchema,
        project_id: int | None = None,
        task_id: int | None = None,
        occluded_attr: str | None = None,
        group_id_attr: str | None = None,
        update_server: bool = True,
    ) -> SchemaParts:
        """Return the schema of an existing project or task.

        Args:
            label_schema: the run's label schema; completed in place
            project_id: the project
            task_id: the task, if there is no project
            occluded_attr: the attribute that holds occlusion in every field
            group_id_attr: the attribute that holds group ids in every field
            update_server: whether to add the attribute ``label_id`` to labels of the
                project that lack it

        Returns:
            as :func:`fiftyone_cvat.convert.to_cvat.schema.build_cvat_schema`

        Raises:
            ConfigurationError: if neither a project nor a task is given
        """
        if project_id is not None:
            labels = self._get_project_labels(project_id)
        elif task_id is not None:
            labels = self._get_task_labels(task_id)
        else:
            raise ConfigurationError("Either `project_id` or `task_id` is needed")
        parts = labels_to_cvat_schema(
            labels, label_schema, occluded_attr, group_id_attr
        )
        lacking = labels_without_label_id(labels)
        if project_id is not None and lacking and update_server:
            self._add_project_label_ids(project_id, lacking)
        return parts

    def _get_label_schema(
        self,
        project_id: int | None = None,
        task_id: int | None = None,
        occluded_attr: str | None = None,
        group_id_attr: str | None = None,
    ) -> LabelSchema:
        """Return an existing project's or task's schema as FiftyOne writes schemas.

        Nothing changes on the server: who asks only reads what is there.

        Args:
            project_id: the project
            task_id: the task, if there is no project
            occluded_attr: the attribute that holds occlusion
            group_id_attr: the attribute that holds group ids

        Returns:
            a label schema with one field, None
        """
        label_schema: LabelSchema = {None: {"type": "any"}}
        self._convert_cvat_schema(
            label_schema,
            project_id=project_id,
            task_id=task_id,
            occluded_attr=occluded_attr,
            group_id_attr=group_id_attr,
            update_server=False,
        )
        del label_schema[None]["type"]
        return label_schema
