"""Answers of the server as plain values, and what is read of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

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
    "Response",
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
