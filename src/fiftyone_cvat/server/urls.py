"""Where things are on a CVAT server: URLs from ids, without any request."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from packaging.version import Version

__all__ = ["Urls"]


class Urls:
    """The URL helpers of the API; they need an address and no connection."""

    _url = ""
    _server_version: Version | None = None

    @property
    def server_version(self) -> Version | None:
        """The server's version, or None before the first answer."""
        return self._server_version

    @property
    def base_url(self) -> str:
        """The server's address, without a slash at its end."""
        return self._url

    @property
    def base_api_url(self) -> str:
        """The root of the REST API."""
        return f"{self.base_url}/api"

    @property
    def login_url(self) -> str:
        """Where a password is exchanged for a session."""
        return f"{self.base_api_url}/auth/login"

    @property
    def about_url(self) -> str:
        """Where the server tells its version."""
        return f"{self.base_api_url}/server/about"

    @property
    def users_url(self) -> str:
        """The users that may be seen."""
        return f"{self.base_api_url}/users"

    @property
    def projects_url(self) -> str:
        """The projects that may be seen."""
        return f"{self.base_api_url}/projects"

    @property
    def tasks_url(self) -> str:
        """The tasks that may be seen."""
        return f"{self.base_api_url}/tasks"

    @property
    def issues_url(self) -> str:
        """The issues that may be seen."""
        return f"{self.base_api_url}/issues"

    @property
    def comments_url(self) -> str:
        """The comments on issues that may be seen."""
        return f"{self.base_api_url}/comments"

    @property
    def assignee_key(self) -> str:
        """The name of the assignee's id in a change to a job."""
        return "assignee"

    def projects_page_url(self, page_number: int) -> str:
        """Return the URL of one page of projects; the first page is 1."""
        return f"{self.projects_url}?page={page_number}"

    def project_url(self, project_id: int) -> str:
        """Return the URL of a project."""
        return f"{self.projects_url}/{project_id}"

    def project_search_url(self, project_name: str) -> str:
        """Return the URL of the projects whose name or owner contains a text."""
        return f"{self.projects_url}?search={quote(project_name, safe='')}"

    def project_id_search_url(self, project_id: int) -> str:
        """Return the URL of the list that holds one project only."""
        return f"{self.projects_url}?id={project_id}"

    def tasks_page_url(self, page_number: int) -> str:
        """Return the URL of one page of tasks; the first page is 1."""
        return f"{self.tasks_url}?page={page_number}"

    def task_url(self, task_id: int) -> str:
        """Return the URL of a task."""
        return f"{self.tasks_url}/{task_id}"

    def task_id_search_url(self, task_id: int) -> str:
        """Return the URL of the list that holds one task only."""
        return f"{self.tasks_url}?id={task_id}"

    def task_status_url(self, task_id: int) -> str:
        """Return the URL of a task's creation status.

        CVAT deprecated it in 2.31 in favour of the requests API, which this package
        uses; newer servers may not answer here.
        """
        return f"{self.task_url(task_id)}/status"

    def task_data_url(self, task_id: int) -> str:
        """Return the URL that a task's media are sent to."""
        return f"{self.task_url(task_id)}/data"

    def task_data_download_url(
        self,
        task_id: int,
        frame_id: int,
        data_type: str = "frame",
        quality: str = "original",
    ) -> str:
        """Return the URL of a task's media.

        Args:
            task_id: the task ID
            frame_id: the frame's position in the task, from 0
            data_type: ``frame``, ``chunk`` or ``preview``
            quality: ``original`` or ``compressed``
        """
        query = urlencode({"type": data_type, "quality": quality, "number": frame_id})
        return f"{self.task_data_url(task_id)}?{query}"

    def task_data_meta_url(self, task_id: int) -> str:
        """Return the URL of the names and sizes of a task's frames."""
        return f"{self.task_data_url(task_id)}/meta"

    def task_annotation_url(self, task_id: int) -> str:
        """Return the URL of a task's annotations as JSON."""
        return f"{self.task_url(task_id)}/annotations"

    def task_annotation_formatted_url(
        self, task_id: int, anno_filepath: str, anno_format: str = "CVAT 1.1"
    ) -> str:
        """Return the URL that annotations in a file format are sent to.

        Args:
            task_id: the task ID
            anno_filepath: the name of the file
            anno_format: the name of the format as the server lists it
        """
        query = urlencode({"format": anno_format, "filename": anno_filepath})
        return f"{self.task_annotation_url(task_id)}?{query}"

    def labels_url(self, task_id: int) -> str:
        """Return the URL of a task's labels."""
        return f"{self.base_api_url}/labels?task_id={task_id}"

    def jobs_url(self, task_id: int) -> str:
        """Return the URL of a task's jobs."""
        return f"{self.base_api_url}/jobs?task_id={task_id}"

    def job_url(self, task_id: int, job_id: int) -> str:
        """Return the URL of a job; the task is not part of it."""
        return self.taskless_job_url(job_id)

    def taskless_job_url(self, job_id: int) -> str:
        """Return the URL of a job."""
        return f"{self.base_api_url}/jobs/{job_id}"

    def job_annotation_url(self, job_id: int) -> str:
        """Return the URL of a job's annotations as JSON."""
        return f"{self.taskless_job_url(job_id)}/annotations"

    def job_data_meta_url(self, job_id: int) -> str:
        """Return the URL of the names and sizes of a job's frames."""
        return f"{self.taskless_job_url(job_id)}/data/meta"

    def base_task_url(self, task_id: int) -> str:
        """Return the address of a task's page for people."""
        return f"{self.base_url}/tasks/{task_id}"

    def base_job_url(self, task_id: int, job_id: int) -> str:
        """Return the address of a job's page for people."""
        return f"{self.base_url}/tasks/{task_id}/jobs/{job_id}"

    def job_frame_url(self, task_id: int, job_id: int, frame: int) -> str:
        """Return the address of a frame in CVAT's editor.

        Args:
            task_id: the task ID
            job_id: the ID of a job that has the frame
            frame: the frame's position in the task, from 0
        """
        return f"{self.base_job_url(task_id, job_id)}?frame={frame}"

    def issue_url(self, issue_id: int) -> str:
        """Return the URL of an issue."""
        return f"{self.issues_url}/{issue_id}"

    def user_search_url(self, username: str) -> str:
        """Return the URL of the users whose name contains a text."""
        return f"{self.users_url}?search={quote(username, safe='')}"
