"""Answers of the server: their JSON, their errors, their words."""

from __future__ import annotations

import pytest

from fiftyone_cvat.errors import (
    AccessDeniedError,
    AnswerError,
    CVATError,
    NotFoundError,
    RequestError,
)
from fiftyone_cvat.transport.responses import Response, value_of


def response(status=200, content=b"{}", kind="application/json"):
    headers = {"content-type": kind}
    return Response("GET", "http://h/api/x", status, "Reason", headers, content)


def test_page_in_place_of_json():
    page = response(content=b"<html>Sign in</html>", kind="text/html")

    with pytest.raises(
        AnswerError, match=r"http://h/api/x answered 200 with text/html"
    ):
        page.json()


@pytest.mark.parametrize(
    ("status", "ok"),
    [(200, True), (302, True), (399, True), (400, False), (500, False)],
)
def test_ok(status, ok):
    assert response(status).ok == ok
    if ok:
        response(status).raise_for_status()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RequestError),
        (401, RequestError),
        (403, AccessDeniedError),
        (404, NotFoundError),
        (500, RequestError),
    ],
)
def test_raise_for_status(status, kind):
    with pytest.raises(CVATError) as caught:
        response(status, b'{"detail": "why"}').raise_for_status()

    error = caught.value
    assert type(error) is kind
    assert (error.method, error.url) == ("GET", "http://h/api/x")
    assert (error.status, error.status_code, error.detail) == (status, status, "why")


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b'{"detail": "No."}', "application/json", "No."),
        (b'{"message": "No."}', "application/json", "No."),
        (b'["No.", "Never."]', "application/json", "No., Never."),
        (b'{"name": ["Too long."], "b": {"c": "d"}}', "application/json", None),
        (b"<html>", "text/html; charset=utf-8", "Reason (an HTML page)"),
        (b"plain words", "text/plain", "plain words"),
        (b"\xff", "text/plain", "\ufffd"),
        (b"", "text/plain", ""),
        (b"x" * 1000, "text/plain", "x" * 500),
    ],
)
def test_words_of_the_server(content, kind, words):
    with pytest.raises(RequestError) as caught:
        response(400, content, kind).raise_for_status()

    assert caught.value.detail == (
        words or "name: Too long.; b: c: d" * (words is None)
    )


def test_value_of():
    assert value_of(response(content=b'{"id": 7}'), "id") == 7
    for content in (b"{}", b"[]", b"null", b'"id"', b'{"id": null}'):
        with pytest.raises(AnswerError, match="without 'id'"):
            value_of(response(content=content), "id")
