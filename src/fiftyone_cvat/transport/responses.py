"""Answers of the server as plain values, and what is read of them."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import Message
from http.cookies import CookieError, SimpleCookie
from typing import Any, Self

import orjson

from fiftyone_cvat.errors import (
    AccessDeniedError,
    AnswerError,
    NotFoundError,
    RequestError,
)
from fiftyone_cvat.transport.redaction import Secrets
from fiftyone_cvat.types import Json

__all__ = [
    "Cookies",
    "Response",
    "SentRequest",
    "cookies_in",
    "detail_of",
    "id_in",
    "page_of",
    "reading",
    "results_of",
    "value_in",
    "value_of",
]

MAX_DETAIL = 500
MAX_DEPTH = 5
ITERATED = 128
"""Bytes of a piece where a body is iterated over, as `requests` has it."""


REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class SentRequest:
    """The request that was answered; its headers and body are not kept.

    Attributes:
        method: the HTTP method
        url: the URL that answered
    """

    method: str
    url: str


class Cookies(dict[str, str]):
    """The values of the cookies that an answer sets, by name."""

    def get_dict(self) -> dict[str, str]:
        """Return them as a plain dict."""
        return dict(self)


@dataclass(slots=True, repr=False)
class Response:
    """An answer of the server, read whole.

    It has the members of a response of ``requests``, which scripts that were written
    for FiftyOne's built-in integration use, and FiftyOne itself.

    Attributes:
        method: the HTTP method of the request
        url: the URL that answered
        status_code: the HTTP status
        reason: the status line's words
        headers: the headers; names in any case
        content: the body as bytes, decompressed
        tried: how often and how long it was tried, if more than once, and why no more
        secrets: what the request was sent with, which the answer may repeat
        elapsed: the time from sending the request to having the whole answer
        encoding: the encoding of the body as text, which may be set; what the answer
            says, or else UTF-8
        raw: the body as a file
    """

    method: str
    url: str
    status_code: int
    reason: str
    headers: Mapping[str, str]
    content: bytes
    tried: str = ""
    secrets: Secrets = field(default_factory=Secrets, compare=False)
    elapsed: timedelta = field(default=timedelta(), compare=False)
    encoding: str | None = field(init=False, compare=False)
    raw: io.BytesIO = field(init=False, compare=False)

    def __post_init__(self) -> None:
        self.encoding = _charset(self.headers)
        self.raw = io.BytesIO(self.content)

    def __repr__(self) -> str:
        # a server may repeat in its answer what the request was sent with
        return f"<Response [{self.status_code}]>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        return self.iter_content(ITERATED)

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
        """The body as text; what is not in its encoding is replaced."""
        return self.content.decode(self.encoding or self.apparent_encoding, "replace")

    @property
    def _content(self) -> bytes:
        """The body as bytes: FiftyOne looks for it here."""
        return self.content

    @property
    def apparent_encoding(self) -> str:
        """The encoding of a body that does not tell it: UTF-8."""
        return "utf-8"

    @property
    def is_redirect(self) -> bool:
        """Whether the answer sends the request on; those of the server are followed."""
        return self.status_code in REDIRECTS and "location" in self.headers

    @property
    def is_permanent_redirect(self) -> bool:
        """Whether the answer sends the request on for ever."""
        return self.is_redirect and self.status_code in (301, 308)

    @property
    def history(self) -> list[Response]:
        """The answers that sent the request on, which are not kept: none."""
        return []

    @property
    def request(self) -> SentRequest:
        """The request that was answered."""
        return SentRequest(self.method, self.url)

    @property
    def cookies(self) -> Cookies:
        """The cookies that the answer sets."""
        found = Cookies()
        for cookies in cookies_in(self.headers):
            found |= {name: each.value for name, each in cookies.items()}
        return found

    def iter_content(
        self,
        chunk_size: int | None = 1,
        decode_unicode: bool = False,  # noqa: FBT001, FBT002  as `requests` has it
    ) -> Iterator[Any]:
        """Yield the body in pieces.

        Args:
            chunk_size: bytes of a piece; None for one that is all of it
            decode_unicode: whether to yield text, if the encoding is known, instead of
                bytes

        Raises:
            ValueError: if the size is not above 0
        """
        size = len(self.content) if chunk_size is None else chunk_size
        if chunk_size is not None and size < 1:
            raise ValueError(f"`chunk_size` must be a number of bytes: {chunk_size}")
        steps = range(0, len(self.content), size or 1)
        pieces = (self.content[each : each + size] for each in steps)
        if not decode_unicode or not self.encoding:
            return pieces
        return codecs.iterdecode(pieces, self.encoding, "replace")

    def iter_lines(
        self,
        chunk_size: int = 512,  # noqa: ARG002  it is here already
        decode_unicode: bool = False,  # noqa: FBT001, FBT002  as `requests` has it
        delimiter: str | bytes | None = None,
    ) -> Iterator[Any]:
        """Yield the body line by line, without the ends of the lines.

        Args:
            chunk_size: not used: the body is here already
            decode_unicode: whether to yield text, if the encoding is known, instead of
                bytes
            delimiter: what ends a line, of the kind that is yielded; by default any
                end of a line
        """
        whole: Any = self.text if decode_unicode and self.encoding else self.content
        if delimiter and whole:
            return iter(whole.split(delimiter))
        return iter(whole.splitlines())

    def close(self) -> None:
        """Do nothing: the body is here, and the connection is free again."""

    def quote(self, text: Any) -> str:
        """Return a part of the answer as it may be shown: without secrets.

        Args:
            text: what the server says, of whatever kind
        """
        return self.secrets.blank_out(str(text))

    def json(self, **_: Any) -> Any:
        """Return the body as JSON.

        Args:
            **_: what the standard library's parser takes; not used

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
        error.response, error.request = self, self.request
        raise error


def cookies_in(headers: Mapping[str, str]) -> Iterator[SimpleCookie]:
    """Yield the cookies that the headers of an answer set.

    Args:
        headers: the headers; those of urllib3 keep several of one name apart
    """
    listed = getattr(headers, "getlist", None)
    for text in listed("set-cookie") if listed else [headers.get("set-cookie", "")]:
        try:
            yield SimpleCookie(text)
        except CookieError:
            continue  # a browser does not take it either


def _charset(headers: Mapping[str, str]) -> str:
    """Return the encoding of text that an answer names, or else UTF-8."""
    message = Message()
    message["content-type"] = headers.get("content-type", "")
    name = message.get_content_charset("utf-8")
    try:
        codecs.lookup(name)
    except LookupError:
        return "utf-8"
    return name


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
