"""A stand-in server that says what it was told: secrets, in many forms.

So does a server in debug mode, or a proxy that explains why it passes nothing on.
"""

from __future__ import annotations

import base64
import html
import json
import urllib.parse
from collections.abc import Callable, Iterator

from tests.faults.server import Handler, StandIn

__all__ = ["FORMS", "Echo"]

SESSION = "s3cr3t0session0id0123456789"
CSRF = "s3cr3t0csrf0token0123456789"
KEY = "s3cr3t0key0of0the0sign0in"


def _quoted(text: str) -> str:
    return urllib.parse.quote_plus(text)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FORMS = {
    "detail": ("application/json", lambda text: json.dumps({"detail": text})),
    "deep": (
        "application/vnd.cvat+json",
        lambda text: json.dumps({"request": {"META": [{"sent": text}]}}),
    ),
    "text": ("text/plain", str),
    "repr": ("text/plain", repr),
    "cut off": ("application/json", lambda text: json.dumps({"detail": text})[:-2]),
    "escaped": ("text/plain", html.escape),
    "address": ("text/plain", _quoted),
    "base64": ("text/plain", _encoded),
    "page": ("text/html", html.escape),
    "reason": ("text/html", None),
    "kind of body": (None, None),
    "address of another": (None, None),
}
"""Content type and body of an answer, by the name of the form; some are special."""


class Echo(StandIn):
    """A stand-in server that also signs in by password, and repeats what it gets.

    Attributes:
        choose: is called with method and path; returns the form in which the request
            is repeated instead of being done, or None
        passwords: those that it was told
    """

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = EchoHandler
        self.choose: Callable[[str, str], str | None] = lambda method, path: None
        self.passwords: set[str] = set()


class EchoHandler(Handler):
    """Signs in, or repeats, or answers as the stand-in does."""

    server: Echo

    def reply(self, body: bytes) -> None:
        is_login = self.path.endswith("/auth/login")
        if is_login:
            self.server.passwords.add(json.loads(body)["password"])
        form = self.server.choose(self.command, self.path)
        if form is not None:
            self.repeat(form)
        elif is_login:
            self.send_response(200)
            for name, value in (("sessionid", SESSION), ("csrftoken", CSRF)):
                self.send_header("Set-Cookie", f"{name}={value}; Path=/; HttpOnly")
            self.finish_with("application/json", json.dumps({"key": KEY}))
        else:
            super().reply(body)

    def repeat(self, form: str) -> None:
        kind, write = FORMS[form]
        told = "; ".join(self.told())
        line = told.encode("ascii", "replace").decode()
        if form == "address of another":
            self.send_response(302)
            query = urllib.parse.quote(told, safe="")
            self.send_header("Location", f"http://s3cr3t0host.invalid/?sent={query}")
        elif form == "kind of body":
            self.send_response(200)
            kind = f"text/x; sent={line}"
        else:
            self.send_response(500, line if form == "reason" else None)
        self.finish_with(kind, write(told) if write else "no JSON")

    def told(self) -> Iterator[str]:
        """Yield what a debug page shows of a request and of the session."""
        for name in ("Authorization", "Cookie", "X-CSRFToken", "X-Key"):
            if name in self.headers:
                yield f"{name}: {self.headers[name]}"
        for password in self.server.passwords:
            yield f"password={password}"
            yield f"Basic {_encoded(f'ann:{password}')}"

    def finish_with(self, kind: str | None, content: str) -> None:
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content.encode())))
        self.end_headers()
        self.wfile.write(content.encode())
