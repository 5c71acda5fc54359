"""Answers of the server: their JSON, their errors, their words."""

from __future__ import annotations

import io
import shutil
from datetime import timedelta

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import HTTPHeaderDict

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


def of_requests(status=200, content=b"{}", kind="application/json", **headers):
    """Return what `requests` makes of an answer."""
    made = requests.Response()
    made.status_code, made.url, made.reason = status, "http://h/api/x", "Reason"
    made._content, made._content_consumed = content, True
    made.headers.update({"content-type": kind, **headers})
    made.encoding = requests.utils.get_encoding_from_headers(made.headers)
    return made


CONTENTS = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"\r", b";", b"\xc3\xa4"])).map(
        b"".join
    ),
)


@given(content=CONTENTS, size=st.sampled_from([1, 3, 512, None]), text=st.booleans())
def test_content_in_pieces_is_that_of_requests(content, size, text):
    ours, theirs = response(content=content), of_requests(content=content)
    arguments = {"chunk_size": size, "decode_unicode": text}

    assert list(ours.iter_content(**arguments)) == list(
        theirs.iter_content(**arguments)
    )
    assert ours._content == theirs._content == b"".join(ours)


@given(
    content=CONTENTS, text=st.booleans(), delimiter=st.sampled_from([None, "\n", ";"])
)
def test_lines_are_those_of_requests(content, text, delimiter):
    ours, theirs = response(content=content), of_requests(content=content)
    if delimiter and not text:
        delimiter = delimiter.encode()

    def lines(answer, **how):
        found = answer.iter_lines(decode_unicode=text, delimiter=delimiter, **how)
        return list(found)

    # in one piece, as ours is: between pieces `requests` finds lines that are none
    assert lines(ours) == lines(theirs, chunk_size=max(len(content), 1))


def test_piece_without_size():
    with pytest.raises(ValueError, match="`chunk_size` must be a number of bytes: 0"):
        response().iter_content(0)


@pytest.mark.parametrize("status", [200, 204, 301, 302, 303, 304, 307, 308, 404])
@pytest.mark.parametrize("headers", [{}, {"location": "http://h/api/y"}])
def test_redirects_are_those_of_requests(status, headers):
    kinds = {"content-type": "text/plain", **headers}
    ours = Response("GET", "http://h/api/x", status, "Reason", kinds, b"")
    theirs = of_requests(status, **headers)

    assert ours.is_redirect == theirs.is_redirect
    assert ours.is_permanent_redirect == theirs.is_permanent_redirect
    assert ours.history == theirs.history


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [
        ("application/json", "utf-8"),
        ("text/plain; charset=latin-1", "latin-1"),
        ('text/plain; charset="UTF-16-LE"', "utf-16-le"),
        ("text/html; charset=nonsense", "utf-8"),
        ("application/vnd.cvat+json", "utf-8"),
        ("image/png", "utf-8"),
        ("", "utf-8"),
    ],
)
def test_encoding(kind, encoding):
    words = "Stra\xdfe"
    answer = response(content=words.encode(encoding), kind=kind)

    assert answer.encoding == encoding
    assert answer.text == words
    assert "".join(answer.iter_content(2, decode_unicode=True)) == words


def test_encoding_is_set():
    answer = response(content=b"\xdf")

    answer.encoding = "latin-1"
    assert answer.text == "\xdf"
    answer.encoding = None
    assert answer.text == "\ufffd"
    assert list(answer.iter_content(1, decode_unicode=True)) == [b"\xdf"]


def test_as_scripts_use_it():
    headers = HTTPHeaderDict({"content-type": "text/plain"})
    headers.add("Set-Cookie", "csrftoken=abc; Path=/")
    headers.add("Set-Cookie", "sessionid=def; HttpOnly")
    target = io.BytesIO()

    with Response(
        "PUT", "http://h/api/x", 200, "OK", headers, b"a\nb", elapsed=timedelta(1)
    ) as answer:
        shutil.copyfileobj(answer.raw, target)
    answer.close()

    assert target.getvalue() == answer.content
    assert answer.cookies == {"csrftoken": "abc", "sessionid": "def"}
    assert answer.cookies.get_dict()["sessionid"] == "def"
    assert (answer.request.method, answer.request.url) == ("PUT", "http://h/api/x")
    assert answer.elapsed.total_seconds() == 86_400
    assert answer.headers["Content-Type"] == "text/plain"
    assert repr(answer) == repr(of_requests())
    assert response().cookies == {}


def test_json_takes_keywords():
    assert response(content=b'{"a": 1.5}').json(parse_float=float) == {"a": 1.5}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 503])
def test_refusals_are_those_of_requests(status):
    answer = response(status, b'{"detail": "why"}')

    with pytest.raises(requests.exceptions.HTTPError) as caught:
        answer.raise_for_status()

    assert caught.value.response is answer
    assert caught.value.response.json() == {"detail": "why"}
    assert caught.value.request.method == "GET"
