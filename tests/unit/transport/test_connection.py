"""The connection against small servers on this machine, one of them in disguise."""

from __future__ import annotations

import io
import json
import logging
import signal
import ssl
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FunctionType
from typing import Any

import numpy as np
import pytest
import requests
import trustme

from fiftyone_cvat.errors import (
    AnswerError,
    AuthenticationError,
    CertificateError,
    ConfigurationError,
    NotFoundError,
    OrganizationError,
    RedirectError,
    RequestError,
    RequestTimeoutError,
    UnreachableError,
)
from fiftyone_cvat.server import large_files
from fiftyone_cvat.server.changes import Changes
from fiftyone_cvat.server.media_files import MediaFile
from fiftyone_cvat.transport import connection as connection_module
from fiftyone_cvat.transport.connection import Connection
from fiftyone_cvat.transport.retrying import RetryPolicy
from fiftyone_cvat.transport.settings import Credentials, ServerSettings

QUICK = RetryPolicy(attempts=4, first_delay=0.01)
TWICE = RetryPolicy(attempts=2, first_delay=0.01)
LOST = [(502, {}, b""), (503, {}, b""), (504, {}, b""), None]
SECRETS = {"s3cr3t-password", "s3cr3t-token", "s3cr3t-cookie", "s3cr3t-header"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer is two writes, 40 ms apart

    def answer(self) -> None:
        asked = urllib.parse.urlsplit(self.path)
        request = {
            "method": self.command,
            "path": asked.path,
            "query": asked.query,
            "target": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": self.body(),
        }
        self.server.requests.append(request)
        answer = self.server.answers.get(asked.path, (200, {}, {}))
        if callable(answer):
            answer = answer(request)
        if answer is None or isinstance(answer, FunctionType):
            self.close_connection = True
            if answer is not None:
                answer(self)
        else:
            self.send(*answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def send(self, status: int, headers: dict[str, Any], content: Any) -> None:
        if not isinstance(content, bytes):
            headers = {"Content-Type": "application/json", **headers}
            content = json.dumps(content).encode()
        self.send_response(status)
        for name, values in headers.items():
            for value in values if isinstance(values, list) else [values]:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        pass


class Site(ThreadingHTTPServer):
    """A small web server that keeps what it is asked and answers what it is told.

    An answer is a status, headers and a body, by path; or a function that returns
    them from the request, or None to hang up, or a function to answer by hand and
    hang up.
    """

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, Any]] = []
        self.answers: dict[str, Any] = {}
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.server_port}"
        if context:
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def handle_error(self, *args: Any) -> None:
        pass

    def close(self) -> None:
        self.shutdown()
        self.server_close()

    @property
    def last(self) -> dict[str, Any]:
        return self.requests[-1]


@pytest.fixture
def site():
    made = Site()
    yield made
    made.close()


@pytest.fixture
def foreign():
    made = Site()
    yield made
    made.close()


@pytest.fixture
def closed_url():
    made = Site()
    made.close()
    return made.url


@pytest.fixture
def connect():
    made = []

    def open_connection(url, **settings):
        settings = {"retry": QUICK, **settings}
        made.append(Connection(ServerSettings(url=url, **settings)))
        return made[-1]

    yield open_connection
    for connection in made:
        connection.close()


@pytest.fixture
def connection(connect, site):
    return connect(site.url)


@pytest.fixture
def signed_in(connect, site):
    """A connection with a password's session, a header of its own, a team."""
    site.answers["/api/auth/login"] = (
        200,
        {"Set-Cookie": ["sessionid=s3cr3t-cookie; Path=/", "csrftoken=t; Path=/"]},
        {"key": "s3cr3t-token"},
    )
    made = connect(site.url, headers={"X-Key": "s3cr3t-header"})
    made.sign_in(Credentials(username="ann", password="s3cr3t-password"))
    made.enter_organization("team")
    site.requests.clear()
    return made


def assert_no_secret(*things):
    for thing in things:
        for text in (str(thing), repr(thing)):
            assert not [secret for secret in SECRETS if secret in text]


# ---- signing in ----


def test_token_goes_along(connection, site):
    connection.sign_in(Credentials(access_token="s3cr3t-token"))

    assert site.last["path"] == "/api/users/self"
    assert site.last["headers"]["authorization"] == "Bearer s3cr3t-token"


@pytest.mark.parametrize(
    "who",
    [{"username": "ann"}, {"email": "ann@example.com"}],
    ids=["username", "email"],
)
def test_password_is_sent_once(connection, site, who):
    site.answers["/api/auth/login"] = (200, {"Set-Cookie": "sessionid=1"}, {"key": "k"})

    connection.sign_in(Credentials(**who, password="s3cr3t-password"))

    assert [request["path"] for request in site.requests] == ["/api/auth/login"]
    assert json.loads(site.last["body"]) == {**who, "password": "s3cr3t-password"}


def test_session_goes_along(signed_in, site):
    signed_in.post(f"{site.url}/api/tasks", json={})

    headers = site.last["headers"]
    assert "sessionid=s3cr3t-cookie" in headers["cookie"]
    assert headers["x-csrftoken"] == "t"
    assert headers["x-organization"] == "team"
    assert headers["x-key"] == "s3cr3t-header"


def test_cookies_are_kept_up_to_date(signed_in, site):
    site.answers["/renew"] = (200, {"Set-Cookie": "sessionid=new; Path=/"}, {})

    signed_in.get(f"{site.url}/renew")
    signed_in.get(f"{site.url}/x")

    assert "sessionid=new" in site.last["headers"]["cookie"]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_wrong_password(connection, site, status):
    words = {"non_field_errors": ["Unable to log in with provided credentials."]}
    site.answers["/api/auth/login"] = (status, {}, words)

    with pytest.raises(AuthenticationError, match="'ann'") as caught:
        connection.sign_in(Credentials(username="ann", password="s3cr3t-password"))

    assert_no_secret(caught.value)
    assert caught.value.__suppress_context__


def test_refused_sign_in_has_the_answer(connection, site):
    site.answers["/api/auth/login"] = (400, {}, {"non_field_errors": ["No."]})
    site.answers["/api/users/self"] = (401, {}, {"detail": "Invalid token."})

    for credentials, status in (
        (Credentials(username="ann", password="s3cr3t-password"), 400),
        (Credentials(access_token="s3cr3t-token"), 401),
    ):
        with pytest.raises(requests.exceptions.HTTPError) as caught:
            connection.sign_in(credentials)
        assert caught.value.response.status_code == status


def test_answer_tells_its_time_and_takes_what_requests_takes(connection, site):
    site.answers["/api/x"] = (200, {"Set-Cookie": "a=b"}, {"c": 1})

    with connection.get(f"{site.url}/api/x", stream=True) as answer:
        assert b"".join(answer.iter_content(8)) == answer.content

    assert answer.elapsed.total_seconds() > 0
    assert answer.cookies == {"a": "b"}


@pytest.mark.parametrize("status", [404, 500])
def test_sign_in_at_something_else(connection, site, status):
    site.answers["/api/auth/login"] = (status, {}, b"<html>")

    with pytest.raises(UnreachableError, match=str(status)) as caught:
        connection.sign_in(Credentials(username="ann", password="s3cr3t-password"))

    assert_no_secret(caught.value)


def test_wrong_token(connection, site):
    site.answers["/api/users/self"] = (401, {}, {"detail": "Invalid token."})

    with pytest.raises(AuthenticationError, match="Invalid token") as caught:
        connection.sign_in(Credentials(access_token="s3cr3t-token"))

    assert_no_secret(caught.value)


@pytest.mark.parametrize("status", [403, 404])
def test_unknown_organization(connection, site, status):
    site.answers["/api/users/self"] = (status, {}, {"detail": "No such thing."})

    with pytest.raises(OrganizationError, match="'team'"):
        connection.enter_organization("team")


def test_no_secret_is_shown(signed_in):
    credentials = Credentials(
        username="ann", password="s3cr3t-password", access_token="s3cr3t-token"
    )
    settings = ServerSettings(url="http://h", headers={"X-Key": "s3cr3t-header"})

    assert_no_secret(credentials, settings, signed_in)


# ---- whom credentials are sent to ----


def assert_bare(request):
    assert not {"authorization", "cookie", "x-csrftoken", "x-key", "x-organization"} & {
        *request["headers"]
    }


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_foreign_url_gets_no_credentials(signed_in, foreign, method):
    assert signed_in.request(method, f"{foreign.url}/x").ok

    assert_bare(foreign.last)


def test_foreign_cookies_are_not_kept(signed_in, site, foreign):
    foreign.answers["/x"] = (200, {"Set-Cookie": "sessionid=foreign; Path=/"}, {})

    signed_in.get(f"{foreign.url}/x")
    signed_in.get(f"{site.url}/x")

    assert "foreign" not in site.last["headers"]["cookie"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_to_a_foreign_server_is_an_error(
    signed_in, site, foreign, method, status
):
    site.answers["/x"] = (status, {"Location": f"{foreign.url}/y"}, {})

    with pytest.raises(UnreachableError, match="which is not the configured"):
        signed_in.request(method, f"{site.url}/x", data=b"body")

    assert foreign.requests == []


def test_redirect_of_a_foreign_server_back_sends_no_body(signed_in, site, foreign):
    foreign.answers["/x"] = (307, {"Location": f"{site.url}/y"}, {})

    signed_in.get(f"{foreign.url}/x")

    assert_bare(foreign.last)
    assert site.last["path"] == "/y"


@pytest.mark.parametrize("location", ["http://[bad", "http://s3cr3t-cookie:99999/"])
def test_redirect_to_what_is_no_url(signed_in, site, location):
    site.answers["/x"] = (302, {"Location": location}, {})

    with pytest.raises(RedirectError) as caught:
        signed_in.get(f"{site.url}/x")

    assert_no_secret(caught.value)


def test_redirect_with_a_secret_in_its_address(signed_in, site):
    target = f"{site.url}/y?session=s3cr3t-cookie"
    site.answers["/x"] = (302, {"Location": target}, {})
    site.answers["/y"] = (404, {}, {})

    with pytest.raises(NotFoundError, match=r"/y\?session=\*\*\*") as caught:
        signed_in.get(f"{site.url}/x").raise_for_status()
    with pytest.raises(RedirectError, match=r"/y\?session=\*\*\*"):
        signed_in.post(f"{site.url}/x", data=iter([b"body"]))

    assert_no_secret(caught.value, caught.value.url)
    assert site.requests[1]["query"] == "session=s3cr3t-cookie"


def test_upload_at_a_foreign_server_is_sent_to_ours(
    signed_in, site, foreign, tmp_path, monkeypatch
):
    def take(request):
        end = int(request["headers"]["upload-offset"]) + len(request["body"])
        return 204, {"Upload-Offset": str(end)}, b""

    monkeypatch.setattr(large_files, "CHUNK_SIZE", 4)
    begin, upload = "/api/tasks/3/data/", "/api/tasks/3/data/7_0a-b"
    site.answers[begin] = (201, {"Location": f"{foreign.url}{upload}"}, {})
    site.answers[upload] = take
    path = tmp_path / "a.mp4"
    path.write_bytes(b"0123456789")
    api = object.__new__(Changes)
    api._session = signed_in

    large_files.send_in_chunks(api, f"{site.url}{begin}", MediaFile(path, "a.mp4", 10))

    assert foreign.requests == []
    assert [each["path"] for each in site.requests] == [begin, *[upload] * 3]
    assert b"".join(each["body"] for each in site.requests) == b"0123456789"
    for each in site.requests:
        assert "sessionid=s3cr3t-cookie" in each["headers"]["cookie"]


def test_upload_that_is_redirected_to_a_foreign_server(
    signed_in, site, foreign, tmp_path
):
    begin, upload = "/api/tasks/3/data/", "/api/tasks/3/data/7"
    site.answers[begin] = (201, {"Location": upload}, {})
    site.answers[upload] = (308, {"Location": f"{foreign.url}{upload}"}, {})
    path = tmp_path / "a.mp4"
    path.write_bytes(b"0123456789")
    api = object.__new__(Changes)
    api._session = signed_in

    with pytest.raises(RedirectError, match="which is not the configured"):
        large_files.send_in_chunks(
            api, f"{site.url}{begin}", MediaFile(path, "a.mp4", 10)
        )

    assert foreign.requests == []


@pytest.mark.parametrize("status", [302, 307, 308])
def test_password_follows_no_redirect(connection, site, foreign, status):
    site.answers["/api/auth/login"] = (status, {"Location": f"{foreign.url}/y"}, {})

    with pytest.raises(UnreachableError, match="redirects the sign-in"):
        connection.sign_in(Credentials(username="ann", password="s3cr3t-password"))

    assert foreign.requests == []


@pytest.mark.parametrize(
    "location", ["/y?z=1", "y?z=1", "{url}/y?z=1", "//{host}/y?z=1"]
)
def test_redirect_at_the_server(signed_in, site, location):
    host = site.url.removeprefix("http://")
    location = location.format(url=site.url, host=host)
    site.answers["/x"] = (308, {"Location": location}, {})

    response = signed_in.post(f"{site.url}/x", json={"a": 1})

    assert response.url == f"{site.url}/y?z=1"
    assert (site.last["method"], site.last["body"]) == ("POST", b'{"a":1}')
    assert "sessionid=s3cr3t-cookie" in site.last["headers"]["cookie"]


def test_redirect_without_end(connection, site):
    site.answers["/x"] = (302, {"Location": "/x"}, {})

    with pytest.raises(UnreachableError, match="redirects without end"):
        connection.get(f"{site.url}/x")

    assert len(site.requests) == connection_module.MAX_REDIRECTS


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://cvat.example.com/api", True),
        ("https://cvat.example.com:443", True),
        ("HTTPS://CVAT.Example.COM/x", True),
        ("https://cvat.example.com?x", True),
        ("http://cvat.example.com/api", False),
        ("https://cvat.example.com:8443/api", False),
        ("https://cvat.example.com.evil.example/api", False),
        ("https://cvat.example.com@evil.example/api", False),
        ("https://evil.example/https://cvat.example.com", False),
        ("https://evil.example#@cvat.example.com/", False),
        ("https://evil.example\\@cvat.example.com/", False),
        ("https://evil.example?@cvat.example.com/", False),
        ("https:evil.example/", False),
        ("//cvat.example.com/api", False),
        ("/api", False),
        ("cvat.example.com/api", False),
        ("https://cvat.example.com:99999/", False),
        ("https://[cvat.example.com]/", False),
        ("", False),
    ],
)
def test_what_is_own(connect, url, own):
    assert connect("https://cvat.example.com").is_own(url) == own


# ---- what can go wrong ----


def test_no_server(connect, closed_url):
    with pytest.raises(UnreachableError, match="No connection to") as caught:
        connect(closed_url).get(f"{closed_url}/api")

    assert isinstance(caught.value, ConnectionError)
    assert caught.value.__suppress_context__


def test_no_server_at_sign_in(connect, closed_url):
    with pytest.raises(UnreachableError, match="No connection to") as caught:
        connect(closed_url).sign_in(
            Credentials(username="ann", password="s3cr3t-password")
        )

    assert_no_secret(caught.value)


def test_broken_connection(connection, site):
    site.answers["/x"] = lambda request: None

    with pytest.raises(UnreachableError):
        connection.post(f"{site.url}/x", json={})

    assert len(site.requests) == 1


@pytest.mark.parametrize(
    ("settings", "timeout"), [({"timeout": 0.05}, None), ({}, 0.05), ({}, (5, 0.05))]
)
def test_no_answer_in_time(connect, site, settings, timeout):
    site.answers["/x"] = lambda request: time.sleep(0.3)

    with pytest.raises(RequestTimeoutError, match="in time") as caught:
        connect(site.url, retry=TWICE, **settings).get(f"{site.url}/x", timeout=timeout)

    assert isinstance(caught.value, TimeoutError)
    assert "tried 2 times" in str(caught.value)
    assert caught.value.may_have_been_processed
    assert len(site.requests) == 2


@pytest.mark.parametrize("status", [502, 503, 504])
def test_overload_is_waited_for(connection, site, status):
    answers = iter([(status, {}, b""), (status, {}, b""), (200, {}, {"a": 1})])
    site.answers["/x"] = lambda request: next(answers)

    assert connection.get(f"{site.url}/x").json() == {"a": 1}


@pytest.mark.parametrize(
    "answer", [(502, {}, b""), (503, {}, b""), (504, {}, b""), None]
)
def test_what_may_be_done_is_not_repeated(connection, site, answer):
    site.answers["/x"] = lambda request: answer

    with pytest.raises((UnreachableError, RequestError)) as caught:
        connection.post(f"{site.url}/x", json={}).raise_for_status()

    assert caught.value.may_have_been_processed
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    "answer", [(502, {}, b""), (503, {}, b""), (504, {}, b""), None]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
def test_what_does_no_harm_is_repeated(connection, site, answer, method):
    answers = iter([answer, answer, (200, {}, {"a": 1})])
    site.answers["/x"] = lambda request: next(answers)
    body = {} if method in ("GET", "DELETE") else {"data": b"body"}

    found = connection.request(method, f"{site.url}/x", harmless=True, **body)

    assert found.json() == {"a": 1}
    assert [each["body"] for each in site.requests] == [body.get("data", b"")] * 3


def test_copy_of_an_answer_is_none_to_another_request(connection, site):
    first = (200, {"X-Request-Id": "one"}, {"of": "x"})
    answers = iter([first, (200, {"X-Request-Id": "two"}, {"of": "y"})])
    site.answers["/x"] = first
    site.answers["/y"] = lambda request: next(answers)

    assert connection.get(f"{site.url}/x").json() == {"of": "x"}
    assert connection.get(f"{site.url}/y").json() == {"of": "y"}


def test_request_that_a_copy_answers_may_be_done(connection, site):
    site.answers["/x"] = (200, {"X-Request-Id": "one"}, {})
    connection.get(f"{site.url}/x")

    with pytest.raises(UnreachableError, match="copy of an earlier answer") as caught:
        connection.post(f"{site.url}/x", json={})

    assert caught.value.may_have_been_processed


def test_answers_of_a_cache_are_taken(connection, site):
    site.answers["/x"] = (200, {"X-Request-Id": "one"}, {"a": 1})

    for _ in range(5):
        assert connection.get(f"{site.url}/x").json() == {"a": 1}


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("wait", ["0", "Thu, 01 Jan 1970 00:00:01 GMT"])
def test_what_is_not_begun_is_repeated(connection, site, status, wait):
    answers = iter([(status, {"Retry-After": wait}, b""), (201, {}, {"a": 1})])
    site.answers["/x"] = lambda request: next(answers)

    assert connection.post(f"{site.url}/x", json={"b": 2}).json() == {"a": 1}
    assert [each["body"] for each in site.requests] == [b'{"b":2}'] * 2


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_server_is_not_asked_sooner_than_it_says(connection, site, status, method):
    site.answers["/x"] = (status, {"Retry-After": "600"}, {"detail": "Busy."})

    words = r"Busy\. \(the server asks to wait 600 s, .*: try again after that\)"
    with pytest.raises(RequestError, match=words) as caught:
        connection.request(method, f"{site.url}/x").raise_for_status()

    assert not caught.value.may_have_been_processed
    assert len(site.requests) == 1


def test_file_is_sent_again_from_where_it_stood(connection, site):
    answers = iter([(429, {}, b""), (201, {}, {})])
    site.answers["/x"] = lambda request: next(answers)
    file = io.BytesIO(b"0123456789")
    file.seek(4)

    connection.post(f"{site.url}/x", data=file)

    assert [each["body"] for each in site.requests] == [b"456789"] * 2


def test_what_cannot_be_read_again_is_not_sent_again(connection, site):
    site.answers["/x"] = (429, {}, b"")

    assert connection.put(f"{site.url}/x", data=iter([b"body"])).status_code == 429
    assert len(site.requests) == 1


def test_deleted_by_the_first_of_two_requests(connection, site):
    answers = iter([None, (404, {}, b"")])
    site.answers["/x"] = lambda request: next(answers)

    assert connection.delete(f"{site.url}/x").status_code == 204


@pytest.mark.parametrize("first", [(429, {}, b""), (404, {}, b"")])
def test_nothing_to_delete(connection, site, first):
    answers = iter([first, (404, {}, b"")])
    site.answers["/x"] = lambda request: next(answers)

    assert connection.delete(f"{site.url}/x").status_code == 404


def test_overload_without_end_says_how_often_it_was_tried(connection, site):
    site.answers["/x"] = (503, {}, {"detail": "Busy."})

    with pytest.raises(RequestError, match=r"Busy\. \(tried 4 times\)"):
        connection.get(f"{site.url}/x").raise_for_status()

    assert len(site.requests) == 4


def test_no_server_says_how_often_it_was_tried(connect, closed_url):
    with pytest.raises(UnreachableError, match="tried 3 times") as caught:
        connect(closed_url).post(f"{closed_url}/x", json={})

    assert not caught.value.may_have_been_processed


def babble(handler):
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")


@pytest.mark.parametrize("answer", [lambda request: None, lambda request: babble])
@pytest.mark.parametrize(("was_there", "attempts"), [(False, 3), (True, 4)])
def test_what_never_answered_is_soon_given_up(
    connection, site, answer, was_there, attempts
):
    """Likely it is no server of this kind; one that has answered may come back."""
    site.answers["/x"] = answer
    if was_there:
        connection.get(f"{site.url}/y")
    site.requests.clear()

    tried = f"check that the URL is right .* \\(tried {attempts} times"
    with pytest.raises(UnreachableError, match=tried):
        connection.get(f"{site.url}/x")

    assert len(site.requests) == attempts


def test_a_wait_that_nobody_notices_is_not_told(connection, site, caplog):
    caplog.set_level(logging.INFO, "fiftyone_cvat")
    answers = iter([None, (200, {}, {})])
    site.answers["/x"] = lambda request: next(answers)
    connection.get(f"{site.url}/x")
    assert "trying again" not in caplog.text

    site.answers["/x"] = lambda request: None
    with pytest.raises(UnreachableError):
        connection.get(f"{site.url}/x")
    assert {each.levelname for each in caplog.records} == {"WARNING"}


def test_half_an_answer_is_asked_for_again(connection, site):
    def cut(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b'{"a": ')

    answers = iter([cut, (200, {}, {"a": 1})])
    site.answers["/x"] = lambda request: next(answers)

    assert connection.get(f"{site.url}/x").json() == {"a": 1}


def test_page_in_place_of_the_api(connection, site):
    page = (200, {"Content-Type": "text/html"}, b"<html>")
    answers = iter([page, (200, {}, {"a": 1})])
    site.answers["/api/x"] = lambda request: next(answers)

    assert connection.get(f"{site.url}/api/x").json() == {"a": 1}


def test_page_in_place_of_the_api_after_a_change(connection, site):
    site.answers["/api/x"] = (200, {"Content-Type": "text/html"}, b"<html>")

    with pytest.raises(AnswerError) as caught:
        connection.post(f"{site.url}/api/x", json={}).json()

    assert caught.value.may_have_been_processed
    assert len(site.requests) == 1


def test_foreign_servers_are_asked_once(connection, foreign):
    foreign.answers["/x"] = (503, {}, b"")

    connection.get(f"{foreign.url}/x")

    assert len(foreign.requests) == 1


@pytest.mark.parametrize("first", [None, (429, {}, b""), (502, {}, b"")])
def test_sign_in_is_repeated(connection, site, first):
    answers = iter([first, (200, {"Set-Cookie": "sessionid=1"}, {"key": "k"})])
    site.answers["/api/auth/login"] = lambda request: next(answers)

    connection.sign_in(Credentials(username="ann", password="s3cr3t-password"))

    assert len(site.requests) == 2


@pytest.fixture
def interruptible():
    """Let SIGINT be Ctrl-C, also where a shell started the tests in its background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_the_wait_for_another_attempt(connect, site):
    site.answers["/x"] = (429, {"Retry-After": "60"}, b"")
    connection = connect(site.url)
    begun = time.monotonic()
    main = threading.get_ident()
    threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT)).start()

    with pytest.raises(KeyboardInterrupt):
        connection.get(f"{site.url}/x")

    assert time.monotonic() - begun < 2
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    "url", ["", "cvat.example.com", "localhost:8080", "ftp://h", "http://", "not a url"]
)
def test_what_is_no_server(connect, url):
    with pytest.raises(ConfigurationError, match="URL"):
        connect(url)


def test_credentials_in_the_url_are_refused(connect):
    with pytest.raises(ConfigurationError) as caught:
        connect("http://ann:s3cr3t-password@cvat.example.com")

    assert_no_secret(caught.value)


def test_what_is_no_url(connection):
    with pytest.raises((ConfigurationError, UnreachableError)):
        connection.get("http://[bad")


# ---- certificates ----


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def secure(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    made = Site(context)
    yield made
    made.close()


def test_unknown_authority(connect, secure):
    with pytest.raises(CertificateError, match="verify_ssl"):
        connect(secure.url).get(f"{secure.url}/x")

    assert secure.requests == []


def test_unknown_authority_at_sign_in(connect, secure):
    with pytest.raises(CertificateError) as caught:
        connect(secure.url).sign_in(
            Credentials(username="ann", password="s3cr3t-password")
        )

    assert_no_secret(caught.value)
    assert secure.requests == []


def test_private_authority(connect, secure, authority, tmp_path):
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    connection = connect(secure.url, verify_ssl=str(bundle))

    connection.sign_in(Credentials(access_token="s3cr3t-token"))

    assert secure.last["headers"]["authorization"] == "Bearer s3cr3t-token"


@pytest.mark.parametrize("verify", [None, "", 0])
def test_only_false_switches_verification_off(connect, secure, verify):
    with pytest.raises(CertificateError):
        connect(secure.url, verify_ssl=verify).get(f"{secure.url}/x")

    assert secure.requests == []


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_no_verification(connect, secure):
    connection = connect(secure.url, verify_ssl=False)

    connection.sign_in(Credentials(access_token="s3cr3t-token"))

    assert secure.last["path"] == "/api/users/self"


def test_missing_bundle(connect):
    with pytest.raises(ConfigurationError, match=r"'/no/such\.pem'"):
        connect("https://cvat.example.com", verify_ssl="/no/such.pem")


def test_bundle_that_is_none(connect, tmp_path):
    bundle = tmp_path / "ca.pem"
    bundle.write_text("no certificate")

    with pytest.raises(ConfigurationError, match="verify_ssl"):
        connect("https://cvat.example.com", verify_ssl=str(bundle))


# ---- requests ----


def test_json_body(connection, site):
    value = {"a": [1, 2.5, None], 7: np.float32(0.5), "b": np.array([1, 2])}

    connection.put(f"{site.url}/x", json=value)

    assert json.loads(site.last["body"]) == {"a": [1, 2.5, None], "7": 0.5, "b": [1, 2]}
    assert site.last["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize("value", [{}, [], False, 0, ""])
def test_json_body_that_is_empty(connection, site, value):
    connection.patch(f"{site.url}/x", json=value)

    assert json.loads(site.last["body"]) == value


def test_form(connection, site):
    connection.post(f"{site.url}/x", data={"a": "ä &", "b": True, "c": 3})

    assert site.last["body"] == b"a=%C3%A4+%26&b=true&c=3"
    kind = site.last["headers"]["content-type"]
    assert kind == "application/x-www-form-urlencoded"


def test_multipart(connection, site, tmp_path):
    path = tmp_path / "c.png"
    path.write_bytes(b"\0file")
    with path.open("rb") as file:
        connection.post(
            f"{site.url}/x",
            data={"image_quality": 75, "use_cache": False},
            files={
                "client_files[0]": ("ä b.png", b"\0bytes"),
                "client_files[1]": ("c.png", io.BytesIO(b"\0stream"), "image/png"),
                "client_files[2]": file,
            },
        )

    kind = site.last["headers"]["content-type"]
    boundary = kind.removeprefix("multipart/form-data; boundary=").encode()
    parts = site.last["body"].split(b"--" + boundary)
    heads, contents = zip(
        *(part.strip(b"\r\n").split(b"\r\n\r\n") for part in parts[1:-1]), strict=True
    )
    assert contents == (b"75", b"false", b"\0bytes", b"\0stream", b"\0file")
    assert 'name="client_files[0]"; filename="ä b.png"' in heads[2].decode()
    assert b"Content-Type: image/png" in heads[3]
    assert b'name="client_files[2]"; filename="c.png"' in heads[4]
    assert str(tmp_path).encode() not in site.last["body"]


@pytest.mark.parametrize("make", [bytes, io.BytesIO, lambda body: iter([body])])
def test_raw_body(connection, site, make):
    body = b"\0\xff" * 1000

    connection.patch(f"{site.url}/x", data=make(body), headers={"Upload-Offset": "0"})

    assert site.last["body"] == body
    assert site.last["headers"]["upload-offset"] == "0"


def test_raw_body_after_a_redirect(connection, site):
    site.answers["/x"] = (308, {"Location": "/y"}, {})

    with pytest.raises(UnreachableError, match="cannot be sent again"):
        connection.put(f"{site.url}/x", data=io.BytesIO(b"body"))

    assert [request["path"] for request in site.requests] == ["/x"]


def test_headers(signed_in, site):
    signed_in.get(f"{site.url}/x", headers={"X-Organization": None, "Accept": "a/b"})

    assert "x-organization" not in site.last["headers"]
    assert site.last["headers"]["accept"] == "a/b"


@pytest.mark.parametrize(
    ("path", "params", "query"),
    [
        ("/x", None, ""),
        ("/x", {}, ""),
        ("/x", {"a": None}, ""),
        ("/x", {"a": 1, "b": "ä &"}, "a=1&b=%C3%A4+%26"),
        ("/x?a=1", {"b": 2, "c": None}, "a=1&b=2"),
        ("/x?a=1", None, "a=1"),
        ("/x", {"a": [1, 2]}, "a=1&a=2"),
    ],
)
def test_query(connection, site, path, params, query):
    connection.get(f"{site.url}{path}", params=params)

    assert (site.last["path"], site.last["query"]) == ("/x", query)


def test_path_prefix(connect, site):
    connection = connect(f"{site.url}/cvat")

    connection.sign_in(Credentials(access_token="s3cr3t-token"))

    assert site.last["path"] == "/cvat/api/users/self"


def test_proxy_of_the_environment(connect, site, monkeypatch):
    monkeypatch.setenv("http_proxy", site.url)
    monkeypatch.setenv("no_proxy", "")

    connect("http://cvat.example.com").get("http://cvat.example.com/api")

    assert site.last["target"] == "http://cvat.example.com/api"


def test_no_proxy_of_the_environment(connect, site, foreign, monkeypatch):
    monkeypatch.setenv("http_proxy", foreign.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    connect(site.url).get(f"{site.url}/api")

    assert foreign.requests == []


def test_threads_share_a_connection(signed_in, site):
    site.answers["/x"] = lambda request: (200, {}, {"query": request["query"]})

    def ask(number):
        answer = signed_in.get(f"{site.url}/x", params={"n": number}).json()
        return answer["query"]

    with ThreadPoolExecutor(8) as executor:
        assert list(executor.map(ask, range(80))) == [f"n={n}" for n in range(80)]


def test_close_twice(connection, site):
    connection.get(f"{site.url}/x")

    connection.close()
    connection.close()


@pytest.mark.parametrize("level", [logging.NOTSET, logging.ERROR])
def test_logging_stays_as_it_is(connect, monkeypatch, level):
    urllib3_logger = logging.getLogger("urllib3")
    monkeypatch.setattr(urllib3_logger, "level", level)
    monkeypatch.setattr(HTTPConnection, "debuglevel", 1)

    connect("http://cvat.example.com")

    assert urllib3_logger.level == level
    assert HTTPConnection.debuglevel == 1


ODD_HEADERS = ["s3cr3t-header\n", "s3cr3t-header\r\nX-Other: 1", "s3cr3t-header€"]


@pytest.mark.parametrize("value", ODD_HEADERS)
def test_headers_that_cannot_be_sent_are_not_quoted(connect, connection, site, value):
    """http.client would quote them: a token is read from a file with its line end."""
    calls = [
        lambda: connect(site.url, headers={"X-Key": value}),
        lambda: connection.get(f"{site.url}/x", headers={"X-Key": value}),
        lambda: connection.get(f"{site.url}/x", headers={value: "x"}),
        lambda: connection.sign_in(Credentials(access_token=value)),
    ]
    for call in calls:
        with pytest.raises(ConfigurationError, match="header") as caught:
            call()
        assert_no_secret(caught.value)
        assert caught.value.__context__ is None

    assert site.requests == []


def test_cookies_that_are_none(connection, site):
    cookies = ["{}=1; Path=/", "sessionid=s3cr3t-cookie; HttpOnly", "csrftoken=t"]
    site.answers["/x"] = (200, {"Set-Cookie": cookies}, {})

    site.answers["/api/auth/login"] = site.answers["/x"]

    connection.sign_in(Credentials(username="ann", password="s3cr3t-password"))
    connection.get(f"{site.url}/x")

    assert site.last["headers"]["cookie"] == "csrftoken=t; sessionid=s3cr3t-cookie"


def test_no_secret_is_logged(signed_in, site, caplog):
    caplog.set_level(logging.DEBUG)

    signed_in.post(f"{site.url}/x", json={"password": "s3cr3t-password"})

    assert_no_secret(caplog.text)


# ---- answers ----


def test_answer(connection, site):
    site.answers["/x"] = (201, {"X-Y": "z"}, {"a": "ä"})

    answer = connection.get(f"{site.url}/x")

    assert (answer.method, answer.url) == ("GET", f"{site.url}/x")
    assert (answer.status_code, answer.reason) == (201, "Created")
    assert answer.headers["x-y"] == answer.headers["X-Y"] == "z"
    assert answer.json() == {"a": "ä"}
    assert answer.text == '{"a": "\\u00e4"}'
