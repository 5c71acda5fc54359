"""The documented class, ``CVATAnnotationAPI``: a facade of one base for each subject.

What needs only a server is in ``server``, and listed here. The modules of this room are
the members that need more: whole runs (``run_members``), a task of a run
(``task_members``), schemas, the labels of a field, annotations one by one
(``wide_members``), and functions of ``convert`` (``conversions``).
"""

from __future__ import annotations

from fiftyone_cvat.api.conversions import Conversions
from fiftyone_cvat.api.field_members import FieldMembers
from fiftyone_cvat.api.run_members import RunMembers
from fiftyone_cvat.api.schema_members import SchemaMembers
from fiftyone_cvat.api.task_members import TaskMembers
from fiftyone_cvat.api.wide_members import WideMembers
from fiftyone_cvat.server.jobs import Jobs
from fiftyone_cvat.server.projects import Projects
from fiftyone_cvat.server.session import Session
from fiftyone_cvat.server.tasks import Tasks
from fiftyone_cvat.server.urls import Urls
from fiftyone_cvat.server.users import Users

__all__ = ["CVATAnnotationAPI"]


class CVATAnnotationAPI(
    RunMembers,
    TaskMembers,
    SchemaMembers,
    Projects,
    Tasks,
    Jobs,
    Users,
    Session,
    Urls,
    FieldMembers,
    WideMembers,
    Conversions,
):
    """A class to facilitate connection to and management of tasks in CVAT.

    On initialization, this class constructs a session based on the provided server
    url and credentials.

    This API provides methods to easily get, put, post, patch, and delete tasks and
    jobs through the formatted urls specified by the CVAT REST API.

    Additionally, samples and label schemas can be uploaded and annotations downloaded
    through this class. Its orchestrating members call each other through ``self``, so
    overriding one takes effect; pure conversions call each other directly.

    Args:
        name: the name of the backend
        url: url of the CVAT server, with its scheme
        username: the CVAT username
        email: the CVAT email, in place of the username where a server wants that
        password: the CVAT password
        headers: an optional dict of headers to add to all requests; with an
            ``Authorization`` among them nothing else is needed to sign in
        organization: the short name (slug) of the organization to use when sending
            requests to CVAT
        access_token: a personal access token, in place of a password
        verify_ssl: whether to verify the server's certificate: True, False, or the
            path of a CA bundle in PEM form
        timeout: seconds to wait for the answer to one request
        wait_timeout: seconds to wait for the server to build a task

    Raises:
        AuthenticationError: if the server does not accept the credentials
        OrganizationError: if the user has no such organization
        UnreachableError: if there is no connection to the server
        CertificateError: if the server's certificate does not verify
    """
