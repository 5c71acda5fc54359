"""How cassettes are cleaned; how they are matched, written and read is the demo's.

An interaction is cleaned once, when it is written: what is secret or belongs to the
recording server becomes a placeholder, and polls that found work unfinished are left
out. The rest is in :mod:`fiftyone_cvat.demo.recorded`.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from vcr.request import Request

from fiftyone_cvat.demo import recorded
from fiftyone_cvat.demo.recorded import (
    content_text,
    describe_request,
    dump_json,
    parsed_json,
)

__all__ = [
    "PLACEHOLDER",
    "TOKENS",
    "VARIABLES",
    "Cleaner",
    "Server",
    "describe_request",
    "pruned",
    "use_cassette",
]

KEPT_RESPONSE_HEADERS = {
    "content-type",
    "location",
    "set-cookie",
    "upload-filename",
    "upload-offset",
}
REMOVED_REQUEST_HEADERS = (
    "Authorization",
    "Content-Length",
    "Cookie",
    "Origin",
    "Referer",
    "User-Agent",
    "X-CSRFToken",
)
UNFINISHED = {"queued", "started"}
EMAIL = re.compile(r"[\w.+-]+@(?!example\.com\b)[\w-]+(\.[\w-]+)+")


@dataclass(frozen=True)
class Server:
    """A CVAT server and accounts on it; by default the placeholders of a replay.

    ``username`` owns ``organization`` and may do everything; the tokens are this
    user's, and empty on a server that has none yet; ``other_user`` is a member of the
    organization.
    """

    url: str = "http://cvat.example.com"
    username: str = "admin"
    email: str = "admin@example.com"
    password: str = field(default="password", repr=False)
    access_token: str = field(default="access-token", repr=False)
    read_only_token: str = field(default="read-only-token", repr=False)
    organization: str = "team"
    other_user: str = "annotator"

    @property
    def credentials(self) -> dict[str, str]:
        """How a backend or a session is told where the server is and who signs in."""
        if self.access_token:
            return {"url": self.url, "access_token": self.access_token}
        return {"url": self.url, "username": self.username, "password": self.password}


VARIABLES = {
    "url": "CVAT_RECORD_URL",
    "username": "CVAT_RECORD_USERNAME",
    "email": "CVAT_RECORD_EMAIL",
    "password": "CVAT_RECORD_PASSWORD",
    "access_token": "CVAT_RECORD_TOKEN",
    "read_only_token": "CVAT_RECORD_READ_ONLY_TOKEN",
    "organization": "CVAT_RECORD_ORGANIZATION",
    "other_user": "CVAT_RECORD_OTHER_USER",
}

TOKENS = ("access_token", "read_only_token")
"""What a server may lack: then the user signs in with the password."""

NAMES = {"username", "organization", "other_user"}
PLACEHOLDER = Server()


def use_cassette(path: Path, server: Server, *, record: bool) -> Any:
    """Return a context manager that plays a cassette, or records one that is new."""
    return recorded.use_cassette(path, record=record, clean=Cleaner(server))


class Cleaner:
    """Cleans an interaction of what is secret or belongs to the recording server."""

    def __init__(self, server: Server) -> None:
        self._patterns = list(_patterns(server))

    def __call__(self, request: Request, response: Any) -> tuple[Request, Any] | None:
        text = content_text(response["body"]["string"])
        answer = parsed_json(text)
        if _is_unfinished(request, answer):
            return None
        if text is not None:
            if isinstance(answer, dict):
                changes = (_replace_credentials, _cut_traceback, _cut_advertisement)
                done = [change(request, answer) for change in changes]
                if any(done):
                    text = dump_json(answer)
            response["body"]["string"] = self._clean(text).encode()
        response["headers"] = self._headers(response["headers"])

        request.uri = self._clean(request.uri)
        request.body = self._clean(request.body.decode())
        for name in REMOVED_REQUEST_HEADERS:
            request.headers.pop(name, None)
        for name, value in request.headers.items():
            request.headers[name] = self._clean(content_text(value))
        return request, response

    def _headers(self, headers: dict[str, list[str]]) -> dict[str, list[str]]:
        kept = {}
        for name, values in headers.items():
            if name.lower() == "set-cookie":
                kept[name] = [
                    f"{cookie}={cookie}; Path=/"
                    for value in values
                    for cookie in SimpleCookie(value)
                ]
            elif name.lower() in KEPT_RESPONSE_HEADERS:
                kept[name] = [self._clean(value) for value in values]
        return kept

    def _clean(self, text: str) -> str:
        for pattern, placeholder in self._patterns:
            text = pattern.sub(placeholder, text)
        return EMAIL.sub("someone@example.com", text)


def pruned(answer: Any, expected: Any) -> Any:
    """Return what is left of an answer without the keys that no wire fact names.

    Args:
        answer: any JSON
        expected: what is read of it, as in :data:`fiftyone_cvat.transport.wire.ANSWERS`
    """
    if isinstance(expected, tuple):
        return None if answer is None else pruned(answer, expected[0])
    if isinstance(expected, list):
        return [pruned(each, expected[0]) for each in answer]
    if not isinstance(expected, dict):
        return answer
    by_key = {name.removesuffix("?"): each for name, each in expected.items()}
    return {
        key: pruned(each, by_key[key]) for key, each in answer.items() if key in by_key
    }


def _patterns(server: Server) -> Iterable[tuple[re.Pattern[str], str]]:
    """Return what to replace; names last, and only as whole words."""
    yield re.compile(re.escape(server.url.rstrip("/"))), PLACEHOLDER.url
    netloc, own = (
        urllib.parse.urlsplit(url).netloc for url in (server.url, PLACEHOLDER.url)
    )
    yield re.compile(re.escape(netloc)), own
    for name in sorted(VARIABLES, key=NAMES.__contains__):
        value, placeholder = getattr(server, name), getattr(PLACEHOLDER, name)
        if name == "url" or value in ("", placeholder):
            continue
        for way in {value, urllib.parse.quote(value), urllib.parse.quote_plus(value)}:
            pattern = re.escape(way)
            if name in NAMES:
                pattern = rf"(?<![\w.-]){pattern}(?![\w-]|\.\w)"
            yield re.compile(pattern), placeholder


def _is_unfinished(request: Request, answer: Any) -> bool:
    is_poll = request.method == "GET" and "/api/requests/" in request.path
    return is_poll and isinstance(answer, dict) and answer.get("status") in UNFINISHED


def _cut_advertisement(request: Request, answer: dict[str, Any]) -> bool:
    """Empty what each server says of itself at length, in place."""
    if not request.path.endswith("/api/server/about") or not answer.get("description"):
        return False
    answer["description"] = ""
    return True


def _cut_traceback(_request: Request, answer: dict[str, Any]) -> bool:
    """Leave the last line of why work on the server failed: the error itself.

    The lines before it hold paths of the server's, and it may name folders, which go,
    too. Return whether there were any.
    """
    message = answer.get("message")
    if answer.get("status") != "failed" or not isinstance(message, str):
        return False
    last = message.strip().rpartition("\n")[2]
    answer["message"] = re.sub(r"(?<![\w.])(/[\w.-]+)+/(?=[\w.-]+)", "", last)
    return answer["message"] != message


def _replace_credentials(request: Request, answer: dict[str, Any]) -> bool:
    """Replace a token that the server has just made, in place."""
    keys = {
        "access_tokens": "value",
        "invitations": "key",
        "login": "key",
        "register": "key",
    }
    key = keys.get(request.path.split("/")[-1])
    if key not in answer:
        return False
    answer[key] = PLACEHOLDER.access_token
    return True
