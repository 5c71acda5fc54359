"""Why a request has no answer: what urllib3 says of it, and copies of other answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLEOFError, SSLZeroReturnError

import urllib3
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ResponseError,
    SSLError,
    TimeoutError,  # noqa: A004  urllib3's own name
)

from fiftyone_cvat.errors import (
    CertificateError,
    ConfigurationError,
    RedirectError,
    RequestTimeoutError,
    UnreachableError,
)
from fiftyone_cvat.transport.requests import origin_of

__all__ = ["AnswerIds", "RepeatedAnswerError", "readable_errors"]

NOT_SENT = (ConnectTimeoutError, NewConnectionError, ProxyError)
"""What fails before a request leaves this machine."""

DEEPEST = 10
"""How many exceptions inside of each other are looked at."""

SAID_SO = (
    ("Connection refused", "connection refused"),
    ("RemoteDisconnected", "the server hung up"),
    ("EOF", "the server hung up"),
    ("IncompleteRead", "it ended too early"),
    ("InvalidChunkLength", "it ended too early"),
    ("BadStatusLine", "what came is no HTTP"),
)
"""What stands in exceptions of urllib3, and what it means."""


class RepeatedAnswerError(ProtocolError):
    """An answer that a server or proxy has sent twice, in place of another."""


class AnswerIds:
    """The ids of the answers of a connection: CVAT gives each one its own.

    A copy of an answer stays in a kept connection and is taken for the answer to the
    next request, whose own is taken for that of the one after it, and so on.
    """

    def __init__(self) -> None:
        self._seen: deque[str] = deque(maxlen=100)
        self._repeated: str | None = None
        self._are_unique = True

    def add(self, answer: BaseHTTPResponse, pool: urllib3.PoolManager) -> None:
        """Note the id of an answer.

        An id that comes once more over a new connection is that of a cache, or of a
        gateway that gives all answers the same: ids say nothing there.

        Args:
            answer: the answer
            pool: where it came from; connections are closed if they hold copies

        Raises:
            RepeatedAnswerError: if the id was noted before
        """
        answer_id = answer.headers.get("x-request-id")
        if not answer_id or not self._are_unique:
            return
        if answer_id == self._repeated:
            self._are_unique = False
            return
        self._repeated = None
        if answer_id in self._seen:
            self._repeated = answer_id
            pool.clear()
            raise RepeatedAnswerError(f"answer {answer_id} came before")
        self._seen.append(answer_id)


@contextmanager
def readable_errors(url: str) -> Iterator[None]:
    """Turn urllib3's exceptions into ours, which tell whether the request was sent.

    Args:
        url: where the request goes to

    Raises:
        CertificateError: if the server's certificate does not verify
        RequestTimeoutError: if there is no answer in time
        ConfigurationError: if the URL is none
        UnreachableError: if there is no connection, or it broke
    """
    where = origin_of(url)
    try:
        yield
    except HTTPError as error:
        cause: BaseException | None = error
        if isinstance(error, MaxRetryError):
            cause = error.reason
        if isinstance(error, LocationParseError):
            raise ConfigurationError(f"'{url}' is not a URL") from None
        if isinstance(cause, SSLError) and "WRONG_VERSION_NUMBER" in str(cause):
            raise CertificateError(
                f"{where} does not speak TLS, or not a version that is known here; if "
                "the server has none, its URL begins with http://"
            ) from None
        if isinstance(cause, SSLError) and not _is_hang_up(cause):
            raise CertificateError(
                f"The certificate of {where} does not verify: {cause}. If the server "
                "uses a private CA, give its bundle's path as `verify_ssl`; "
                "`verify_ssl=False` turns the check off"
            ) from None
        if isinstance(cause, ResponseError):
            raise RedirectError(
                f"{where} redirects the sign-in; check the server's URL"
            ) from None
        # urllib3 counts a refused connection among its timeouts
        refused = isinstance(cause, NewConnectionError)
        failure: UnreachableError | RequestTimeoutError
        if isinstance(cause, TimeoutError) and not refused:
            failure = RequestTimeoutError(
                f"{where} did not answer in time; it may be busy: try again, or "
                "raise `timeout`"
            )
        elif isinstance(cause, RepeatedAnswerError):
            failure = UnreachableError(
                f"{where} answered with a copy of an earlier answer; check the proxies "
                "on the way to it"
            )
        elif isinstance(cause, NOT_SENT):
            failure = UnreachableError(
                f"No connection to {where} ({_reason(cause)}); check that the URL is "
                "right and that the server runs"
            )
        else:
            failure = UnreachableError(
                f"The connection to {where} broke before its answer was whole "
                f"({_reason(cause)}); check that the URL is right and that the server "
                "runs"
            )
        failure.may_have_been_processed = not isinstance(cause, NOT_SENT)
        raise failure from None


def _reason(cause: BaseException | None) -> str:
    """Say why a request has no answer, in words for people."""
    if isinstance(cause, NameResolutionError):
        return "no such host is known here"
    if isinstance(cause, ConnectTimeoutError) and not isinstance(
        cause, NewConnectionError
    ):
        return "nothing answers there"
    via = "the proxy is out of reach: " if isinstance(cause, ProxyError) else ""
    text = repr(cause)
    for words, plain in SAID_SO:
        if words in text:
            return via + plain
    # the system's own words stand in the innermost of urllib3's exceptions
    told, seen = cause, 0
    while told is not None and seen < DEEPEST:
        if isinstance(told, OSError) and told.strerror:
            return via + told.strerror[:1].lower() + told.strerror[1:]
        inner = [each for each in told.args if isinstance(each, BaseException)]
        told, seen = (inner[0] if inner else told.__cause__), seen + 1
    return f"{via}{type(cause).__name__}"


def _is_hang_up(error: SSLError) -> bool:
    """Return whether the other side ended an encrypted connection without a word."""
    causes = (error, *error.args)
    return any(isinstance(each, (SSLEOFError, SSLZeroReturnError)) for each in causes)
