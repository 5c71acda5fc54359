"""Projects on the server: find, create, list, delete; their labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fiftyone_cvat.convert.from_cvat.answer_checks import check_labels
from fiftyone_cvat.convert.shared.texts import LABEL_ID
from fiftyone_cvat.convert.to_cvat.attribute_specs import label_id_attribute
from fiftyone_cvat.convert.to_cvat.schema import cvat_schema_to_labels
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.members import number_of, numbers_of
from fiftyone_cvat.server.creations import Creations
from fiftyone_cvat.types import CVATSchema, Json

__all__ = ["Projects"]


class Projects(Creations):
    """Find, create, list and delete projects."""

    def get_project_id(self, project_name: str | None) -> int | None:
        """Retrieves the CVAT project ID for the first instance of the given project
        name.

        Args:
            project_name: the name of the project

        Returns:
            the project ID, or None if no project with the given name was found
        """  # noqa: D205  the documented text
        return self._get_value_update_map(
            project_name, self._project_id_map, "name", self.project_search_url
        )

    def get_project_name(self, project_id: int) -> str | None:
        """Retrieves the CVAT project name for the given project ID.

        Args:
            project_id: the ID of the project

        Returns:
            the project name, or None if no project with the given ID was found
        """
        for name, known_id in self._project_id_map.items():
            if known_id == project_id:
                return name
        name = self._get_value_from_search(
            self.project_id_search_url, project_id, "id", "name"
        )
        return None if name is None else str(name)

    def list_projects(self) -> list[int]:
        """Returns the list of project IDs.

        Returns:
            the list of project IDs
        """
        return self._list_ids(self.projects_url, self.projects_page_url)

    def project_exists(self, project_id: int) -> bool:
        """Checks if the given project exists.

        Args:
            project_id: the project ID

        Returns:
            True/False
        """
        return self._exists(self.project_url(project_id))

    def create_project(self, name: str, schema: CVATSchema | None = None) -> int:
        """Creates a project on the CVAT server using the given label schema.

        Args:
            name: a name for the project
            schema: the label schema to use for the created project: CVAT class name
                to the specifications of its attributes by name

        Returns:
            the ID of the created project in CVAT
        """
        labels = cvat_schema_to_labels(schema or {})
        made = self._create(self.projects_url, {"name": name, "labels": labels})
        project_id: int = made["id"]
        self._project_id_map.setdefault(name, project_id)
        return project_id

    def get_project_tasks(self, project_id: int) -> list[int]:
        """Returns the IDs of the tasks in the given project.

        Args:
            project_id: a project ID

        Returns:
            the list of task IDs

        Raises:
            NotFoundError: if there is no such project
        """
        found = self._task_ids_in_project(project_id)
        if not found:
            # the list of a project that does not exist is empty, too
            self.get(self.project_url(project_id))
        return found

    def _task_ids_in_project(self, project_id: int) -> list[int]:
        url = f"{self.tasks_url}?project_id={project_id}"
        return self._get_paginated_results(url, value="id")

    def get_empty_projects(self, project_ids: Iterable[int]) -> list[int]:
        """Check all given project ids to determine if they are empty or if they
        contain at least one task.

        Args:
            project_ids: a list of project ids to check

        Returns:
            a list of empty project ids
        """  # noqa: D205  the documented text
        ids = numbers_of("project_ids", project_ids)
        return [each for each in ids if self._is_empty_project(each)]

    def delete_project(self, project_id: int) -> None:
        """Deletes the given project from the CVAT server.

        A project that does not exist any more is no error.

        Args:
            project_id: the project ID
        """
        project_id = number_of("project_id", project_id)
        self._delete_if_exists(self.project_url(project_id))
        for name, known_id in list(self._project_id_map.items()):
            if known_id == project_id:
                del self._project_id_map[name]

    def delete_projects(self, project_ids: Iterable[int], progress: Any = None) -> None:
        """Deletes the given projects from the CVAT server.

        Args:
            project_ids: an iterable of project IDs
            progress: whether to render a progress bar (True/False), use the default
                value ``fiftyone.config.show_progress_bars`` (None), or a progress
                callback function to invoke instead
        """
        ids = numbers_of("project_ids", project_ids)
        self._delete_each(self.delete_project, ids, "projects", progress)

    def _is_empty_project(self, project_id: int) -> bool:
        """Tell whether a project has no task, or does not exist."""
        return not self._task_ids_in_project(project_id)

    def _delete_if_empty(self, project_id: int) -> None:
        """Delete a project, unless others have put tasks into it."""
        if self._is_empty_project(project_id):
            self.delete_project(project_id)

    def _get_project_labels(self, project_id: int) -> list[Json]:
        """Return a project's labels as the server describes them.

        Raises:
            ConfigurationError: if there is no such project
            AnswerError: if annotations cannot be read by the labels
        """
        if not self.project_exists(project_id):
            raise ConfigurationError(
                f"Project {project_id} not found on {self.base_url}; check the id, "
                "and the `organization` that it belongs to"
            )
        url = f"{self.base_api_url}/labels?project_id={project_id}"
        labels = self._get_paginated_results(url)
        check_labels(labels, f"Project {project_id}: {url}")
        return labels

    def _add_project_label_ids(self, project_id: int, labels: list[Json]) -> None:
        """Add the attribute ``label_id`` to labels of a project.

        All else of the labels stays as it is: CVAT gives a label that is changed
        without its colour another one, and checks attributes anew that it is sent. If
        the answer is lost, the labels tell whether it was done.

        Args:
            project_id: the project ID
            labels: the labels to change, as the server describes them
        """
        changes = []
        for label in labels:
            change: Json = {"id": label["id"], "attributes": [label_id_attribute()]}
            if label.get("color"):
                change["color"] = label["color"]
            changes.append(change)
        wanted = {label["id"] for label in labels}

        def send() -> bool:
            self.patch(self.project_url(project_id), json={"labels": changes})
            return True

        def look() -> bool | None:
            lacking = {
                each["id"]
                for each in self._get_project_labels(project_id)
                if LABEL_ID not in {one["name"] for one in each["attributes"]}
            }
            return None if wanted & lacking else True

        self._send_surely(send, look)

    def _parse_project_details(
        self, project_name: str | None, project_id: int | None
    ) -> tuple[str | None, int | None]:
        """Return name and id of the project that a run goes to.

        Args:
            project_name: the name asked for, or None
            project_id: the id asked for, or None; it decides

        Returns:
            ``(name, id)``; the id is None if the project has to be created, and both
            are if no project was asked for

        Raises:
            ConfigurationError: if there is no project of this id
        """
        if project_id is not None:
            project_name = self.get_project_name(project_id)
            if project_name is None:
                raise ConfigurationError(
                    f"Project {project_id} not found on {self.base_url}; check the "
                    "id, and the `organization` that it belongs to"
                )
        elif project_name is not None:
            # CVAT takes white space off the ends of names
            project_name = project_name.strip()
            project_id = self.get_project_id(project_name)
        return project_name, project_id
