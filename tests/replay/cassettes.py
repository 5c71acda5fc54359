"""How cassettes are matched, cleaned, written and read.

A request is reduced to a *description* that is the same in every run: of JSON its
value, of a form its fields, of a multipart body its parts, of any other bytes their
hash. Requests are matched on method, path, query, organization and description, and
never on the host: a cassette plays for any server.

An interaction is cleaned once, when it is written: what is secret or belongs to the
recording server becomes a placeholder, and polls that found work unfinished are left
out. Files hold JSON as YAML, so that a change of the server's answers is a readable
diff.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import re
import threading
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import vcr.patch
import yaml
from vcr.cassette import Cassette
from vcr.record_mode import RecordMode
from vcr.request import Request

# While it sends, vcrpy puts the real connection classes back for the whole process,
# and requests of other threads then bypass the cassette (vcrpy #212, #295, #849).
# urllib3's real classes never look up the patched names, so nothing needs this.
vcr.patch.force_reset = contextlib.nullcontext

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
DESCRIBED = b"described:"
UNFINISHED = {"queued", "started"}
EMAIL = re.compile(r"[\w.+-]+@(?!example\.com\b)[\w-]+(\.[\w-]+)+")
OTHER_PATCHERS = ("aiohttp", "boto3", "httplib2", "httpx", "httpx2", "tornado")


@dataclass(frozen=True)
class Server:
    """A CVAT server and accounts on it; by default the placeholders of a replay.

    ``username`` owns ``organization`` and may do everything; the tokens are this
    user's; ``other_user`` is a member of the organization.
    """

    url: str = "http://cvat.example.com"
    username: str = "admin"
    email: str = "admin@example.com"
    password: str = "password"
    access_token: str = "access-token"
    read_only_token: str = "read-only-token"
    organization: str = "team"
    other_user: str = "annotator"


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

NAMES = {"username", "organization", "other_user"}
PLACEHOLDER = Server()


class TestCassette(Cassette):
    """A cassette for one test and its threads, which remembers what it lacked."""

    __test__ = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lacked: list[str] = []
        self._lock = threading.Lock()

    def can_play_response_for(self, request: Request) -> bool:
        playable = super().can_play_response_for(request)
        if self.write_protected and not playable:
            self.lacked.append(f"{request.method} {request.path}")
        return playable

    def play_response(self, request: Request) -> dict[str, Any]:
        with self._lock:  # no two threads play the same interaction
            return super().play_response(request)


def use_cassette(path: Path, server: Server, *, record: bool) -> Any:
    """Return a context manager that plays a cassette, or records one that is new."""
    return TestCassette.use(
        path=path,
        serializer=ReadableYAML,
        record_mode=RecordMode.ONCE if record else RecordMode.NONE,
        match_on=(same_target, same_organization, same_body),
        before_record_request=describe_request,
        before_save_interaction=Cleaner(server),
        skip_patchers=OTHER_PATCHERS,
    )


def same_target(one: Request, other: Request) -> None:
    assert one.method == other.method, "methods differ"
    assert one.path == other.path, "paths differ"
    assert one.query == other.query, "queries differ"


def same_organization(one: Request, other: Request) -> None:
    organizations = [each.headers.get("X-Organization") for each in (one, other)]
    assert organizations[0] == organizations[1], "organizations differ"


def same_body(one: Request, other: Request) -> None:
    assert one.body == other.body, "bodies differ"


def describe_request(request: Request) -> Request:
    """Return a copy of a request whose body is its description.

    vcrpy applies this to one request several times, and to those of a file; what is
    described already stays as it is.
    """
    described = copy.copy(request)
    described.headers = dict(request.headers)
    body = request.body_bytes or b""
    if body.startswith(DESCRIBED):
        return described
    kind = str(request.headers.get("Content-Type", ""))
    described._was_file = described._was_iter = False
    described.body = DESCRIBED + dump_json(describe(body, kind)).encode()
    if "boundary=" in kind:
        described.headers["Content-Type"] = kind.partition(";")[0]
    return described


def describe(content: bytes, kind: str) -> Any:
    """Return what identifies a body, as a JSON value."""
    if not content:
        return None
    with contextlib.suppress(ValueError):
        if "json" in kind:
            return json.loads(content)
        if "form-urlencoded" in kind:
            return {"form": dict(urllib.parse.parse_qsl(content.decode(), True))}
        if "boundary=" in kind:
            return {"multipart": list(describe_parts(content, kind))}
    return describe_bytes(content)


def describe_parts(content: bytes, kind: str) -> Iterable[dict[str, Any]]:
    boundary = kind.partition("boundary=")[2].partition(";")[0].strip('"')
    for part in content.split(b"--" + boundary.encode())[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        value = value.removesuffix(b"\r\n")
        names = dict(re.findall(r'\b(name|filename)="([^"]*)"', head.decode()))
        if "filename" in names:
            # a folder would be one of this machine: it shows, but is not kept
            _, slash, base = names["filename"].rpartition("/")
            names["filename"] = f".../{base}" if slash else base
            yield {**names, "content": describe_bytes(value)}
        else:
            yield {**names, "value": value.decode()}


def describe_bytes(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()} len:{len(content)}"


def dump_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


class Cleaner:
    """Cleans an interaction of what is secret or belongs to the recording server."""

    def __init__(self, server: Server) -> None:
        self._patterns = list(_patterns(server))

    def __call__(self, request: Request, response: Any) -> tuple[Request, Any] | None:
        text = _text(response["body"]["string"])
        answer = _parsed(text)
        if _is_unfinished(request, answer):
            return None
        if text is not None:
            if isinstance(answer, dict) and _replace_credentials(request, answer):
                text = dump_json(answer)
            response["body"]["string"] = self._clean(text).encode()
        response["headers"] = self._headers(response["headers"])

        request.uri = self._clean(request.uri)
        request.body = self._clean(request.body.decode())
        for name in REMOVED_REQUEST_HEADERS:
            request.headers.pop(name, None)
        for name, value in request.headers.items():
            request.headers[name] = self._clean(_text(value))
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


def _patterns(server: Server) -> Iterable[tuple[re.Pattern[str], str]]:
    """Return what to replace; names last, and only as whole words."""
    yield re.compile(re.escape(server.url.rstrip("/"))), PLACEHOLDER.url
    netloc, own = (
        urllib.parse.urlsplit(url).netloc for url in (server.url, PLACEHOLDER.url)
    )
    yield re.compile(re.escape(netloc)), own
    for name in sorted(VARIABLES, key=NAMES.__contains__):
        value, placeholder = getattr(server, name), getattr(PLACEHOLDER, name)
        if name == "url" or value == placeholder:
            continue
        for way in {value, urllib.parse.quote(value), urllib.parse.quote_plus(value)}:
            pattern = re.escape(way)
            if name in NAMES:
                pattern = rf"(?<![\w.-]){pattern}(?![\w-]|\.\w)"
            yield re.compile(pattern), placeholder


def _is_unfinished(request: Request, answer: Any) -> bool:
    is_poll = request.method == "GET" and "/api/requests/" in request.path
    return is_poll and isinstance(answer, dict) and answer.get("status") in UNFINISHED


def _replace_credentials(request: Request, answer: dict[str, Any]) -> bool:
    """Replace a token that the server has just made, in place."""
    key = {"login": "key", "access_tokens": "value"}.get(request.path.split("/")[-1])
    if key not in answer:
        return False
    answer[key] = PLACEHOLDER.access_token
    return True


def _text(content: str | bytes) -> str | None:
    if isinstance(content, str):
        return content
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _parsed(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


class ReadableYAML:
    """Reads and writes cassettes in which JSON is YAML and keys are sorted."""

    @staticmethod
    def serialize(cassette: dict[str, Any]) -> str:
        for each in cassette["interactions"]:
            description = each["request"]["body"].removeprefix(DESCRIBED.decode())
            each["request"]["body"] = json.loads(description)
            each["response"]["body"] = _readable_body(each["response"]["body"])
        document = {
            "metadata": cassette["metadata"],
            "interactions": cassette["interactions"],
        }
        return yaml.dump(
            document,
            Dumper=yaml.CSafeDumper,
            sort_keys=False,
            default_flow_style=None,
            allow_unicode=True,
            width=100,
        )

    @staticmethod
    def deserialize(text: str) -> dict[str, Any]:
        cassette: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
        for each in cassette["interactions"]:
            description = dump_json(each["request"]["body"])
            each["request"]["body"] = DESCRIBED.decode() + description
            ((form, value),) = each["response"]["body"].items()
            body = dump_json(value) if form == "json" else value
            each["response"]["body"] = {"string": body}
        return cassette


def _readable_body(body: dict[str, Any]) -> dict[str, Any]:
    content = body["string"]
    value = _parsed(_text(content))
    if isinstance(value, (dict, list)):
        return {"json": json.loads(dump_json(value))}
    return {"binary" if isinstance(content, bytes) else "text": content}
