"""A FiftyOne annotation backend for CVAT, on the official cvat-sdk.

Importing this package imports neither FiftyOne nor cvat-sdk; the names below load
them when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI
    from fiftyone_cvat.backend import (
        CVATAnnotationResults,
        CVATBackend,
        CVATBackendConfig,
    )
    from fiftyone_cvat.errors import (
        AccessDeniedError,
        AnswerError,
        AuthenticationError,
        CertificateError,
        ConfigurationError,
        CVATError,
        DatabaseError,
        GeometryError,
        KeywordError,
        MediaError,
        MismatchError,
        NotFoundError,
        OrganizationError,
        RedirectError,
        RequestError,
        RequestTimeoutError,
        SchemaError,
        ServerJobError,
        UnreachableError,
        UploadError,
        WaitTimeoutError,
    )
    from fiftyone_cvat.workflows.adoption import adopt_run
    from fiftyone_cvat.workflows.attachment import attach
    from fiftyone_cvat.workflows.enabling import enable
    from fiftyone_cvat.workflows.imports import import_tasks
    from fiftyone_cvat.workflows.loading import load
    from fiftyone_cvat.workflows.resumption import resume
    from fiftyone_cvat.workflows.watching import watch

    __version__: str

__all__ = [
    "__version__",
    "AccessDeniedError",
    "AnswerError",
    "AuthenticationError",
    "CVATAnnotationAPI",
    "CVATAnnotationResults",
    "CVATBackend",
    "CVATBackendConfig",
    "CVATError",
    "CertificateError",
    "ConfigurationError",
    "DatabaseError",
    "GeometryError",
    "KeywordError",
    "MediaError",
    "MismatchError",
    "NotFoundError",
    "OrganizationError",
    "RedirectError",
    "RequestError",
    "RequestTimeoutError",
    "SchemaError",
    "ServerJobError",
    "UnreachableError",
    "UploadError",
    "WaitTimeoutError",
    "adopt_run",
    "attach",
    "enable",
    "import_tasks",
    "load",
    "resume",
    "watch",
]

_MODULE_BY_NAME = {
    **{name: "fiftyone_cvat.errors" for name in __all__ if name.endswith("Error")},
    "CVATAnnotationAPI": "fiftyone_cvat.api",
    "CVATAnnotationResults": "fiftyone_cvat.backend",
    "CVATBackend": "fiftyone_cvat.backend",
    "CVATBackendConfig": "fiftyone_cvat.backend",
    "adopt_run": "fiftyone_cvat.workflows.adoption",
    "attach": "fiftyone_cvat.workflows.attachment",
    "enable": "fiftyone_cvat.workflows.enabling",
    "import_tasks": "fiftyone_cvat.workflows.imports",
    "load": "fiftyone_cvat.workflows.loading",
    "resume": "fiftyone_cvat.workflows.resumption",
    "watch": "fiftyone_cvat.workflows.watching",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("fiftyone-cvat")
    if name not in _MODULE_BY_NAME:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module(_MODULE_BY_NAME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
