"""A recorded CVAT server: how cassettes are matched, written and read.

A request is reduced to a *description* that is the same in every run: of JSON its
value, of a form its fields, of a multipart body its parts, of any other bytes their
hash. Requests are matched on method, path, query, organization and description, and
never on the host: a cassette plays for any server. Files hold JSON as YAML, so that
they can be read.

The demo plays one of these, and so do the tests of this package; what records them,
and takes secrets out of them, is no part of the package.
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
from pathlib import Path
from typing import Any

import vcr.patch
import yaml  # type: ignore[import-untyped]
from vcr.cassette import Cassette
from vcr.record_mode import RecordMode
from vcr.request import Request

__all__ = [
    "DESCRIBED",
    "ReadableYAML",
    "ThreadedCassette",
    "content_text",
    "describe_request",
    "dump_json",
    "parsed_json",
    "use_cassette",
]

# While it sends, vcrpy puts the real connection classes back for the whole process,
# and requests of other threads then bypass the cassette (vcrpy #212, #295, #849).
# urllib3's real classes never look up the patched names, so nothing needs this.
vcr.patch.force_reset = contextlib.nullcontext

DESCRIBED = b"described:"
OTHER_PATCHERS = ("aiohttp", "boto3", "httplib2", "httpx", "httpx2", "tornado")
# without libyaml, which is about 80 times faster, the demo is a second slower
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class ThreadedCassette(Cassette):  # type: ignore[misc]  # vcrpy ships no types
    """A cassette for one run and its threads, which remembers what it lacked.

    Attributes:
        lacked: method and path of the requests that it could not answer
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lacked: list[str] = []
        self._lock = threading.Lock()

    def can_play_response_for(self, request: Request) -> bool:
        """Tell whether a request has an answer, and note it if it has none."""
        playable = bool(super().can_play_response_for(request))
        if self.write_protected and not playable:
            self.lacked.append(f"{request.method} {request.path}")
        return playable

    def play_response(self, request: Request) -> Any:
        """Return the answer to a request; no two threads get the same."""
        with self._lock:
            return super().play_response(request)

    @property
    def unplayed(self) -> list[str]:
        """Method and path of the recorded requests that were not made."""
        return [
            f"{each.method} {each.path}"
            for number, each in enumerate(self.requests)
            if not self.play_counts[number]
        ]


def use_cassette(path: Path, *, record: bool = False, clean: Any = None) -> Any:
    """Return a context manager that plays a cassette, or records one that is new.

    Args:
        path: the file
        record: whether to send requests that the file does not answer
        clean: what to do with each interaction before it is written: takes request
            and response, returns both, or None to leave them out
    """
    return ThreadedCassette.use(
        path=path,
        serializer=ReadableYAML,
        record_mode=RecordMode.ONCE if record else RecordMode.NONE,
        match_on=(same_target, same_organization, same_body),
        before_record_request=describe_request,
        before_save_interaction=clean,
        skip_patchers=OTHER_PATCHERS,
    )


def same_target(one: Request, other: Request) -> bool:
    """Tell whether method, path and query are the same."""
    return bool(
        one.method == other.method
        and one.path == other.path
        and one.query == other.query
    )


def same_organization(one: Request, other: Request) -> bool:
    """Tell whether two requests are made for the same organization."""
    name = "X-Organization"
    return bool(one.headers.get(name) == other.headers.get(name))


def same_body(one: Request, other: Request) -> bool:
    """Tell whether two requests, both described, have the same body."""
    return bool(one.body == other.body)


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
    """Return what identifies a body, as a JSON value.

    Args:
        content: the body
        kind: its content type
    """
    if not content:
        return None
    with contextlib.suppress(ValueError):
        if "json" in kind:
            return json.loads(content)
        if "form-urlencoded" in kind:
            pairs = urllib.parse.parse_qsl(content.decode(), keep_blank_values=True)
            return {"form": dict(pairs)}
        if "boundary=" in kind:
            return {"multipart": list(describe_parts(content, kind))}
    return describe_bytes(content)


def describe_parts(content: bytes, kind: str) -> Iterable[dict[str, Any]]:
    """Yield names and content of the parts of a multipart body."""
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
    """Return hash and length of bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()} len:{len(content)}"


def dump_json(value: Any) -> str:
    """Return a JSON value as text, the same for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


class ReadableYAML:
    """Reads and writes cassettes in which JSON is YAML and keys are sorted."""

    @staticmethod
    def serialize(cassette: dict[str, Any]) -> str:
        """Return the text of a file."""
        for each in cassette["interactions"]:
            description = each["request"]["body"].removeprefix(DESCRIBED.decode())
            each["request"]["body"] = json.loads(description)
            each["response"]["body"] = _readable_body(each["response"]["body"])
        document = {
            "metadata": cassette["metadata"],
            "interactions": cassette["interactions"],
        }
        text: str = yaml.dump(
            document,
            Dumper=DUMPER,
            sort_keys=False,
            default_flow_style=None,
            allow_unicode=True,
            width=100,
        )
        return text

    @staticmethod
    def deserialize(text: str) -> dict[str, Any]:
        """Return what vcrpy makes a cassette of."""
        cassette: dict[str, Any] = yaml.load(text, Loader=LOADER)  # noqa: S506  safe
        for each in cassette["interactions"]:
            description = dump_json(each["request"]["body"])
            each["request"]["body"] = DESCRIBED.decode() + description
            ((form, value),) = each["response"]["body"].items()
            body = dump_json(value) if form == "json" else value
            each["response"]["body"] = {"string": body}
        return cassette


def content_text(content: str | bytes) -> str | None:
    """Return text as it is, bytes as text; None if they are none."""
    if isinstance(content, str):
        return content
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def parsed_json(text: str | None) -> Any:
    """Return the JSON value of a text; None if it is none."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _readable_body(body: dict[str, Any]) -> dict[str, Any]:
    content = body["string"]
    value = parsed_json(content_text(content))
    if isinstance(value, (dict, list)):
        return {"json": json.loads(dump_json(value))}
    return {"binary" if isinstance(content, bytes) else "text": content}
