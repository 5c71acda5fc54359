"""What can go wrong, as exceptions that say what to do about it.

``CVATError`` is the root. Each class is also the builtin that a caller would catch,
so ``except ValueError`` around a bad label schema keeps working. Messages never hold
a password, token, cookie or request body.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AccessDeniedError",
    "AnswerError",
    "AuthenticationError",
    "CVATError",
    "CertificateError",
    "ConfigurationError",
    "GeometryError",
    "MediaError",
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
]


class CVATError(Exception):
    """Root of the exceptions of this package.

    Attributes:
        may_have_been_processed: whether the request that failed may have been done by
            the server although its answer is not here
        media: the paths of the media files that it is about, None for no path
    """

    may_have_been_processed = False
    media: tuple[str | None, ...] = ()


class ConfigurationError(CVATError, ValueError):
    """A keyword of the backend or of the API has a value that cannot work."""


class SchemaError(CVATError, ValueError):
    """A label schema cannot be expressed in CVAT."""


class MediaError(CVATError, ValueError):
    """A media file is missing or of a kind that CVAT does not take."""


class GeometryError(CVATError, ValueError):
    """Coordinates that describe no shape."""


class UploadError(CVATError, RuntimeError):
    """The server holds something other than what was sent to it."""


class UnreachableError(CVATError, ConnectionError):
    """No connection to the server, or it broke."""


class CertificateError(UnreachableError):
    """The server's TLS certificate does not verify."""


class RedirectError(UnreachableError):
    """The server sends a request on to where it must not go."""


class RequestTimeoutError(CVATError, TimeoutError):
    """The server did not answer one request in time."""


class WaitTimeoutError(CVATError, TimeoutError):
    """Work on the server did not end before the deadline."""


class ServerJobError(CVATError, RuntimeError):
    """Work on the server ended in failure; the message has the server's words."""


class AnswerError(CVATError, ValueError):
    """The server's answer is not what this request is answered with."""


class AuthenticationError(CVATError, PermissionError):
    """The server does not accept the credentials, or there are none."""


class OrganizationError(CVATError, LookupError):
    """The organization does not exist on the server or is not the user's."""


class RequestError(CVATError, OSError):
    """The server refused a request.

    Attributes:
        method: the HTTP method
        url: the URL, without credentials
        status: the HTTP status, an int of 400 or more
        detail: the server's own words, at most 500 characters
    """

    def __init__(self, method: str, url: str, status: int, detail: str) -> None:
        super().__init__(f"{status} {method} {url}")
        self.method = method
        self.url = url
        self.status = status
        self.detail = detail
        self.advice = ""
        self.may_have_been_processed = status in (500, 502, 503, 504)

    def __reduce__(self) -> tuple[Any, ...]:
        # OSError would be made again of its message alone
        arguments = (self.method, self.url, self.status, self.detail)
        return type(self), arguments, self.__dict__

    @property
    def status_code(self) -> int:
        """The HTTP status, under the name that HTTP libraries use."""
        return self.status

    def __str__(self) -> str:
        words = self.detail or "no explanation"
        text = f"CVAT answered {self.status} to {self.method} {self.url}: {words}"
        return f"{text} {self.advice}" if self.advice else text


class NotFoundError(RequestError, LookupError):
    """The server knows no such object (404)."""


class AccessDeniedError(RequestError, PermissionError):
    """The user or token may not do this (403)."""
