"""What a request is made of: its URL, its headers and its body."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import urllib3
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.arguments import server_url, without_secrets

__all__ = [
    "check_headers",
    "check_request_url",
    "check_url",
    "encode_body",
    "origin_of",
    "with_params",
]

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~\w-]+", re.ASCII)
HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def check_headers(headers: Mapping[str, Any]) -> None:
    """Make sure that headers can be sent: whoever sends them would quote them.

    Args:
        headers: values by name; None stands for no header

    Raises:
        ConfigurationError: if one cannot be sent; the message does not quote it
    """
    if not isinstance(headers, Mapping):
        raise ConfigurationError("`headers` must be a dict of names and values")
    for name, value in headers.items():
        if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
            raise ConfigurationError(
                "A header has a name that HTTP does not know; it has letters, digits "
                "and hyphens"
            )
        if not isinstance(value, str | bytes | int | float | None):
            raise ConfigurationError(
                f"The {name} header must be a text, not one of type "
                f"{type(value).__name__}"
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
        try:
            body = orjson.dumps(json, option=options)
        except orjson.JSONEncodeError as error:
            raise ConfigurationError(
                f"What is to be sent is nothing that JSON knows: {error}"
            ) from error
        return body, {"Content-Type": "application/json"}
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


def check_request_url(url: Any, api_url: str) -> None:
    """Refuse an address that is relative, or of another kind.

    Args:
        url: what a request is to be sent to
        api_url: the root of the server's REST API, for the message

    Raises:
        ConfigurationError: if it is none that a request can be sent to
    """
    if not isinstance(url, str) or not re.match(r"https?://[^/]", url, re.I):
        raise ConfigurationError(
            f"{without_secrets(repr(url))} is no URL of a request: it must begin with "
            f"http:// or https://, as f'{{api.base_api_url}}/tasks', which is "
            f"{api_url}/tasks here"
        )


def origin_of(url: str) -> str:
    r"""Return scheme, host and port of a URL: what credentials are bound to.

    It is urllib3 that connects, so its reading of the URL is the one that counts: the
    standard library finds another host in ``https://evil.example\@cvat.example.com``.
    """
    if not isinstance(url, str):
        raise ConfigurationError(f"{without_secrets(repr(url))} is no URL")
    try:
        parts = parse_url(url)
    except LocationParseError:
        return "an invalid URL"
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme or "")
    return f"{parts.scheme}://{parts.host}:{port}"
