"""Requests and answers as plain values: bodies, queries, origins, words."""

from __future__ import annotations

import re
import urllib.parse
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLEOFError, SSLZeroReturnError
from typing import Any

import orjson
import urllib3
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ResponseError,
    SSLError,
    TimeoutError,  # noqa: A004  urllib3's own name
)
from urllib3.util import Url, parse_url

from fiftyone_cvat.errors import (
    AccessDeniedError,
    AnswerError,
    CertificateError,
    ConfigurationError,
    NotFoundError,
    RedirectError,
    RequestError,
    RequestTimeoutError,
    UnreachableError,
)
from fiftyone_cvat.runs.arguments import server_url
from fiftyone_cvat.transport.redaction import Secrets
from fiftyone_cvat.types import Json

__all__ = [
    "AnswerIds",
    "RepeatedAnswerError",
    "Response",
    "check_headers",
    "check_url",
    "detail_of",
    "encode_body",
    "id_in",
    "origin_of",
    "readable_errors",
    "results_of",
    "value_in",
    "value_of",
    "with_params",
]

MAX_DETAIL = 500
MAX_DEPTH = 5

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~\w-]+", re.ASCII)
HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")

NOT_SENT = (ConnectTimeoutError, NewConnectionError, ProxyError)
"""What fails before a request leaves this machine."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of the server.

    Attributes:
        method: the HTTP method of the request
        url: the URL that answered
        status_code: the HTTP status
        reason: the status line's words
        headers: the headers; names in any case
        content: the body as bytes, decompressed
        tried: how often and how long it was tried, if more than once, and why no more
        secrets: what the request was sent with, which the answer may repeat
    """

    method: str
    url: str
    status_code: int
    reason: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    tried: str = ""
    secrets: Secrets = field(default_factory=Secrets, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status_code < 400  # noqa: PLR2004  HTTP's own limit

    @property
    def may_have_changed(self) -> bool:
        """Whether the request was one that changes things on the server."""
        return self.method not in ("GET", "HEAD")

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.content.decode("utf-8", errors="replace")

    def quote(self, text: Any) -> str:
        """Return a part of the answer as it may be shown: without secrets.

        Args:
            text: what the server says, of whatever kind
        """
        return self.secrets.blank_out(str(text))

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            AnswerError: if it is not JSON
        """
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError:
            kind = self.quote(self.headers.get("content-type", "no content type"))
            tried = f" ({self.tried})" if self.tried else ""
            answer = AnswerError(
                f"{self.url} answered {self.status_code} with {kind} where JSON was "
                f"expected{tried}; check that the URL is that of a CVAT server and "
                "that no proxy or sign-in page answers in its place"
            )
            answer.may_have_been_processed = self.may_have_changed
            raise answer from None  # that error holds the body

    def raise_for_status(self) -> None:
        """Raise the error that the status stands for, if it is 400 or more.

        Raises:
            NotFoundError: for 404
            AccessDeniedError: for 403
            RequestError: for any other status of 400 or more
        """
        if self.ok:
            return
        kinds = {403: AccessDeniedError, 404: NotFoundError}
        kind = kinds.get(self.status_code, RequestError)
        words = detail_of(self)
        if self.tried:
            words = f"{words or 'no explanation'} ({self.tried})"
        error = kind(self.method, self.url, self.status_code, words)
        if self.status_code == 503 and "retry-after" in self.headers:  # noqa: PLR2004
            # it says when to come back, so it has not begun
            error.may_have_been_processed = False
        raise error


@contextmanager
def reading(response: Response) -> Iterator[None]:
    """Note in an error of the block that what was asked for may be done.

    An answer that cannot be read leaves open what came of the request.

    Args:
        response: the answer that the block reads
    """
    try:
        yield
    except AnswerError as error:
        error.may_have_been_processed = response.may_have_changed
        raise


def value_of(response: Response, key: str) -> Any:
    """Return one value of a JSON object that the server answered with.

    Raises:
        AnswerError: if the answer is no such object, or the value is null
    """
    with reading(response):
        return value_in(response.json(), key, response.url)


def value_in(answer: Any, key: str, url: str) -> Any:
    """Return one value of a JSON object that is an answer of the server, or in one.

    Args:
        answer: the object: any JSON
        key: where it holds the value
        url: what answered, for the message

    Raises:
        AnswerError: if it is no such object, or the value is null
    """
    value = answer.get(key) if isinstance(answer, dict) else None
    if value is None:
        raise AnswerError(
            f"{url} answered without '{key}'; this server may be of a version that "
            "works differently: please report it"
        )
    return value


def id_in(answer: Any, url: str) -> int:
    """Return the id of an object that is an answer of the server, or in one.

    Args:
        answer: the object: any JSON
        url: what answered, for the message

    Raises:
        AnswerError: if it is no such object, or has no id
    """
    number = value_in(answer, "id", url)
    if type(number) is not int:
        raise AnswerError(
            f"{url} answered with an 'id' that is no number, but of type "
            f"{type(number).__name__}; check that no proxy changes answers"
        )
    return number


def results_of(response: Response) -> list[Any]:
    """Return the items of a page of one of the server's lists.

    Raises:
        AnswerError: if the answer is no such page
    """
    results: list[Any] = page_of(response)["results"]
    return results


def page_of(response: Response) -> Json:
    """Return a page of one of the server's lists, which has ``results``.

    Raises:
        AnswerError: if the answer is no such page
    """
    page: Json = response.json()
    if not isinstance(value_in(page, "results", response.url), list):
        raise AnswerError(
            f"{response.url} answered with 'results' that is no list; check that no "
            "proxy changes answers, else report it"
        )
    return page


def check_headers(headers: Mapping[str, Any]) -> None:
    """Make sure that headers can be sent: whoever sends them would quote them.

    Args:
        headers: values by name; None stands for no header

    Raises:
        ConfigurationError: if one cannot be sent; the message does not quote it
    """
    for name, value in headers.items():
        if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
            raise ConfigurationError(
                "A header has a name that HTTP does not know; it has letters, digits "
                "and hyphens"
            )
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        if not HEADER_VALUE.fullmatch(text):
            raise ConfigurationError(
                f"The {name} header cannot be sent: it holds a line break or another "
                "character that HTTP does not know; check the token or the header "
                "that was given"
            )


def encode_body(
    *,
    json: Any = None,
    data: Any = None,
    files: Any = None,
) -> tuple[Any, dict[str, str]]:
    """Return a request's body and the headers that describe it."""
    if json is not None:
        options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
        return orjson.dumps(json, option=options), {"Content-Type": "application/json"}
    if files is not None:
        pairs = files.items() if isinstance(files, Mapping) else files
        fields = [(name, _form_value(value)) for name, value in (data or {}).items()]
        fields += [(name, _file_value(value)) for name, value in pairs]
        body, kind = urllib3.encode_multipart_formdata(fields)
        return body, {"Content-Type": kind}
    if isinstance(data, Mapping):
        form = {name: _form_value(value) for name, value in data.items()}
        kind = "application/x-www-form-urlencoded"
        return urllib.parse.urlencode(form), {"Content-Type": kind}
    return data, {}


def _form_value(value: Any) -> str | bytes:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, (str, bytes)) else str(value)


def _file_value(value: Any) -> Any:
    if not isinstance(value, tuple):
        return (Path(getattr(value, "name", "file")).name, value.read())
    name, content, *kind = value
    return (name, content.read() if hasattr(content, "read") else content, *kind)


def with_params(url: str, params: Mapping[str, Any] | None) -> str:
    """Return a URL with query parameters added; None values are left out."""
    given = {name: value for name, value in (params or {}).items() if value is not None}
    if not given:
        return url
    query = urllib.parse.urlencode(given, doseq=True)
    return f"{url}{'&' if '?' in url else '?'}{query}"


def detail_of(response: Response) -> str:
    """Return the server's own words on what went wrong, without secrets."""
    try:
        answer: Any = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        if "html" in response.headers.get("content-type", ""):
            return f"{response.quote(response.reason)} (an HTML page)"
        answer = response.text
    if isinstance(answer, dict):
        answer = answer.get("detail") or answer.get("message") or answer
    # cut off last: a part of a secret would not be found
    return response.quote(_words(answer))[:MAX_DETAIL].strip()


def _words(answer: Any, depth: int = MAX_DEPTH) -> str:
    if isinstance(answer, (dict, list)) and not depth:
        return "..."
    if isinstance(answer, dict):
        return "; ".join(
            f"{name}: {_words(value, depth - 1)}" for name, value in answer.items()
        )
    if isinstance(answer, list):
        return ", ".join(_words(value, depth - 1) for value in answer)
    return str(answer)


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
                f"No connection to {where} ({type(cause).__name__}); check that the "
                "URL is right and that the server runs"
            )
        else:
            failure = UnreachableError(
                f"The connection to {where} broke before its answer was whole "
                f"({type(cause).__name__}); check that the server runs"
            )
        failure.may_have_been_processed = not isinstance(cause, NOT_SENT)
        raise failure from None


def _is_hang_up(error: SSLError) -> bool:
    """Tell whether the other side ended an encrypted connection without a word."""
    causes = (error, *error.args)
    return any(isinstance(each, (SSLEOFError, SSLZeroReturnError)) for each in causes)


def check_url(url: str) -> None:
    """Make sure that a URL can be a server's, and holds no credentials.

    Raises:
        ConfigurationError: if it is none; credentials are not quoted
    """
    server_url(url)
    try:
        parts = parse_url(url)
    except LocationParseError:
        parts = Url()
    if parts.scheme not in ("http", "https") or not parts.host:
        raise ConfigurationError(
            f"'{url}' is not a server's URL; give it as in 'https://cvat.example.com'"
        )


def origin_of(url: str) -> str:
    r"""Return scheme, host and port of a URL: what credentials are bound to.

    It is urllib3 that connects, so its reading of the URL is the one that counts: the
    standard library finds another host in ``https://evil.example\@cvat.example.com``.
    """
    try:
        parts = parse_url(url)
    except LocationParseError:
        return "an invalid URL"
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme or "")
    return f"{parts.scheme}://{parts.host}:{port}"
