"""Secrets, blanked out of what a server says.

A server, or a proxy before it, may repeat a request in its answer: as it was sent, or
in the form of a web page, of an address or of a Basic ``Authorization``.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from functools import partial
from http.cookies import SimpleCookie
from typing import Any

__all__ = ["BLANK", "Secrets", "is_secret_header"]

BLANK = "***"
"""What stands in place of a secret."""

SHORT = 8
"""Characters below which a secret is blanked out as a whole word only."""

SHORTEST_COOKIE = 8
"""A cookie's value that is shorter is a setting such as a language."""

SHORTEST_CORE = 4
"""Characters of Base64 below which they may be part of any word."""

PLAIN_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-type",
        "host",
        "origin",
        "referer",
        "user-agent",
        "x-organization",
    }
)
"""Headers that everybody may know."""

_ENCODED = re.compile(rf"[\w+/%-]{{{SHORTEST_CORE},}}={{0,2}}")
"""What may be Base64, also in an address."""

_SECRET_NAME = re.compile(r"auth|cookie|csrf|key|password|secret|session|token", re.I)


def is_secret_header(name: str) -> bool:
    """Tell from its name whether a header holds a secret."""
    return _SECRET_NAME.search(name) is not None


class Secrets:
    """What must not be shown; texts are added, and blanked out of others."""

    def __init__(self) -> None:
        self._texts: set[str] = set()

    def add(self, *texts: str | None) -> None:
        """Add texts; None and empty ones are none."""
        self._texts.update(each for each in texts if each and each.strip())

    def add_headers(self, headers: Mapping[str, Any]) -> None:
        """Add the values of headers, but of those that everybody may know.

        Args:
            headers: headers of a request, by name
        """
        for name, value in headers.items():
            if name.lower() in PLAIN_HEADERS or value is None:
                continue
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            self.add(text)
            if name.lower() in ("authorization", "proxy-authorization"):
                self.add(*_parts_of_authorization(text))
            if name.lower() == "cookie":
                pairs = (each.partition("=") for each in text.split(";"))
                self._add_cookies(value.strip() for _, _, value in pairs)

    def add_cookies(self, cookies: SimpleCookie) -> None:
        """Add the values of cookies that a server has set."""
        for each in cookies.values():
            self._add_cookies(iter((each.value, each.coded_value)))

    def _add_cookies(self, values: Iterator[str]) -> None:
        self.add(*(each for each in values if len(each) >= SHORTEST_COOKIE))

    def blank_out(self, text: str) -> str:
        """Return a text without the secrets, in whatever form they are in it."""
        # the longest first: one may be a part of another
        for secret in sorted(self._texts, key=len, reverse=True):
            text = _pattern(secret).sub(BLANK, text)
            cores = _base64_cores(secret)
            text = _ENCODED.sub(partial(_blank_if_it_holds, cores), text)
        return text


def _parts_of_authorization(value: str) -> Iterator[str]:
    """Yield the secrets of ``Bearer token`` and of ``Basic``, which is encoded."""
    scheme, _, rest = value.strip().partition(" ")
    yield rest.strip()
    if scheme.lower() != "basic":
        return
    try:
        pair = base64.b64decode(rest, validate=False).decode("utf-8", "replace")
    except binascii.Error:
        return  # then it is no password that anybody could read
    yield pair
    yield pair.partition(":")[2]


def _pattern(secret: str) -> re.Pattern[str]:
    found = "".join(map(_ways_to_write, secret))
    if len(secret) < SHORT:
        found = rf"(?<![^\W_])(?:{found})(?![^\W_])"
    return re.compile(found)


def _ways_to_write(char: str) -> str:
    """Return a pattern of what stands for a character in JSON, HTML or an address."""
    if char.isascii() and char.isalnum():
        return char
    number = ord(char)
    escapes = {
        "".join(f"%{byte:02x}" for byte in char.encode("utf-8", "replace")),
        f"&#{number};",
        f"&#x{number:x};",
        html.escape(char),
        json.dumps(char)[1:-1],
        repr(char)[1:-1],
        f"\\{char}",
        "+" if char == " " else char,
    }
    ways = sorted(escapes, key=len, reverse=True)
    return f"(?i:{'|'.join(map(re.escape, ways))}|{re.escape(char)})"


def _blank_if_it_holds(cores: set[str], match: re.Match[str]) -> str:
    """Blank out all of a text in Base64: what is next to a secret belongs to it."""
    return BLANK if any(each in match[0] for each in cores) else match[0]


def _base64_cores(secret: str) -> set[str]:
    """Return what is in Base64 of any text with the secret in it.

    Three bytes make four characters: it depends on where the secret begins.
    """
    content = secret.encode("utf-8", "replace")
    cores = set()
    for before, cut in enumerate((0, 2, 3)):
        length = before + len(content)
        encoded = base64.b64encode(bytes(before) + content).decode()
        # the first and the last character may be shared with what stands next to it
        core = encoded[cut : length * 8 // 6]
        if len(core) >= SHORTEST_CORE:
            cores |= {core, core.translate(str.maketrans("+/", "-_"))}
            cores.add(urllib.parse.quote(core, safe=""))
    return cores
