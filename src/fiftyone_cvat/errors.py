"""What can go wrong, as exceptions that say what to do about it.

``CVATError`` is the root. Each class is also the builtin that a caller would catch,
so ``except ValueError`` around a bad label schema keeps working, and what goes wrong
with a request is the exception of ``requests`` for it, too: scripts that were written
for the built-in integration catch those. Messages never hold a password, token, cookie
or request body.

``requests`` takes 0.1 s to import. FiftyOne has done so already where it is used; the
command line imports this module only when it has something to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

try:
    from requests.exceptions import ConnectionError as _ConnectionError
    from requests.exceptions import HTTPError as _HTTPError
    from requests.exceptions import SSLError as _SSLError
    from requests.exceptions import Timeout as _TimeoutError
    from requests.exceptions import TooManyRedirects as _RedirectsError
except ImportError:  # it comes with FiftyOne, and nothing else of it is needed here

    class _HTTPError(OSError):  # type: ignore[no-redef]
        request: Any = None
        response: Any = None

    class _ConnectionError(_HTTPError): ...  # type: ignore[no-redef]

    class _SSLError(_HTTPError): ...  # type: ignore[no-redef]

    class _TimeoutError(_HTTPError): ...  # type: ignore[no-redef]

    class _RedirectsError(_HTTPError): ...  # type: ignore[no-redef]


__all__ = [
    "AccessDeniedError",
    "AnswerError",
    "AuthenticationError",
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


class KeywordError(ConfigurationError, TypeError):
    """There is no such keyword; the message has the one that may be meant."""


class DatabaseError(CVATError, ConnectionError):
    """FiftyOne's database does not answer."""


class MismatchError(ConfigurationError):
    """Something in CVAT is not what it would have to be in place of something else.

    Attributes:
        frames: the frames that it lacks, in words
        labels: the labels that it lacks, in words
    """

    def __init__(
        self, message: str, frames: Sequence[str] = (), labels: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.frames = list(frames)
        self.labels = list(labels)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.frames, self.labels)


class SchemaError(CVATError, ValueError):
    """A label schema cannot be expressed in CVAT."""


class MediaError(CVATError, ValueError):
    """A media file is missing or of a kind that CVAT does not take."""


class GeometryError(CVATError, ValueError):
    """Coordinates that describe no shape."""


class UploadError(CVATError, RuntimeError):
    """The server holds something other than what was sent to it."""


class UnreachableError(CVATError, _ConnectionError, ConnectionError):
    """No connection to the server, or it broke."""


class CertificateError(UnreachableError, _SSLError):
    """The server's TLS certificate does not verify."""


class RedirectError(UnreachableError, _RedirectsError):
    """The server sends a request on to where it must not go."""


class RequestTimeoutError(CVATError, _TimeoutError, TimeoutError):
    """The server did not answer one request in time."""


class WaitTimeoutError(CVATError, TimeoutError):
    """Work on the server did not end before the deadline."""


class ServerJobError(CVATError, RuntimeError):
    """Work on the server ended in failure; the message has the server's words."""


class AnswerError(CVATError, ValueError):
    """The server's answer is not what this request is answered with."""


class AuthenticationError(CVATError, _HTTPError, PermissionError):
    """The server does not accept the credentials, or there are none.

    Attributes:
        response: the server's answer, or None if it was not asked
    """

    response: Any


class OrganizationError(CVATError, LookupError):
    """The organization does not exist on the server or is not the user's."""


class RequestError(CVATError, _HTTPError):
    """The server refused a request.

    Attributes:
        method: the HTTP method
        url: the URL, without credentials
        status: the HTTP status, an int of 400 or more
        detail: the server's own words, at most 500 characters
        response: the answer, or None in a copy: it may hold secrets
        request: the request, with its method and URL
    """

    response: Any
    request: Any

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
        state = self.__dict__ | {"response": None, "request": None}
        return type(self), arguments, state

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
