"""Secrets in all the forms in which a server may repeat them."""

from __future__ import annotations

import base64
import html
import json
import time
import urllib.parse
from http.cookies import SimpleCookie

import pytest

from fiftyone_cvat.transport.redaction import Secrets, is_secret_header

ODD = "p&ss'w\"rd <ä/+%\\>"
TOKEN = "AbcdEfgh.0123456789abcdef"


def secrets(*texts, **headers):
    made = Secrets()
    made.add(*texts)
    made.add_headers({name.replace("_", "-"): each for name, each in headers.items()})
    return made


def b64(text):
    return base64.b64encode(text.encode()).decode()


FORMS = {
    "as it is": str,
    "json": json.dumps,
    "json, unescaped": lambda text: json.dumps(text, ensure_ascii=False),
    "repr": repr,
    "html": html.escape,
    "html, as others": lambda t: html.escape(t).replace("&#x27;", "&#39;"),
    "html, quotes left": lambda t: html.escape(t, quote=False),
    "url": lambda text: urllib.parse.quote(text, safe=""),
    "url, path": urllib.parse.quote,
    "form": lambda text: urllib.parse.urlencode({"p": text}),
    "url, small": lambda text: urllib.parse.quote(text, safe="").lower(),
    "base64": b64,
    "base64, of a name and it": lambda text: b64(f"ann:{text}"),
    "base64, between": lambda text: b64(f"bob:{text}x"),
    "base64 in a url": lambda text: urllib.parse.quote(b64(f"ann:{text}"), safe=""),
    "base64, for urls": lambda t: base64.urlsafe_b64encode(t.encode()).decode(),
}


@pytest.mark.parametrize("secret", ["s3cr3t-password", TOKEN, "four", ODD, "ää€-ßß"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form(form, secret):
    shown = FORMS[form](secret)
    if form == "url, small" and shown.lower() == secret.lower() != secret:
        pytest.skip("it has other letters")

    text = secrets(secret).blank_out(f"before {shown} after")

    assert shown.strip("\"'p=") not in text
    assert "***" in text
    assert (text[:7], text[-6:]) == ("before ", " after")


def test_all_of_what_basic_holds_goes():
    value = f"Basic {b64('ann:s3cr3t-password')}"
    made = secrets(Authorization=value)

    for text in (value, value.split()[1], "s3cr3t-password", "ann:s3cr3t-password"):
        assert made.blank_out(f"I got {text}!") in ("I got ***!", "I got ann:***!")


def test_token_alone_and_with_its_scheme():
    made = secrets(Authorization=f"Bearer {TOKEN}")

    assert made.blank_out(f"Bearer {TOKEN}; {TOKEN}") == "***; ***"


def test_cookies():
    made = secrets(Cookie="sessionid=0123456789; lang=en")
    made.add_cookies(SimpleCookie('other="98765 43210"; color=blue'))

    text = "0123456789 98765 43210 en blue"
    assert made.blank_out(text) == "*** *** en blue"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("X-Key", False), ("X-Gateway", False), ("User-Agent", True), ("ACCEPT", True)],
)
def test_headers(name, shown):
    made = Secrets()
    made.add_headers({name: "what is in it", "X-None": None})

    assert ("what is in it" in made.blank_out("it is what is in it")) == shown


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("Authorization", True),
        ("Cookie", True),
        ("X-CSRFToken", True),
        ("X-Api-Key", True),
        ("Upload-Offset", False),
        ("Content-Type", False),
    ],
)
def test_names_of_secret_headers(name, secret):
    assert is_secret_header(name) == secret


def test_short_secrets_are_whole_words():
    assert secrets("task").blank_out("task, tasks: task_1") == "***, tasks: ***_1"


def test_one_within_another():
    assert secrets("0123456789", "0123456789abc").blank_out("0123456789abc") == "***"


@pytest.mark.parametrize("none", [None, "", "  "])
def test_no_secret(none):
    assert secrets(none).blank_out("a  b") == "a  b"


@pytest.mark.parametrize("content", ["A" * 1_000_000, "a b%" * 250_000])
def test_long_answers_take_no_long_time(content):
    made = secrets(TOKEN, "s3cr3t-password")
    begun = time.monotonic()

    assert made.blank_out(content) == content
    assert time.monotonic() - begun < 2
