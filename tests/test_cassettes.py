"""What lies in ``cassettes/``: nothing secret, nothing local, nothing left over.

And what the machinery of ``tests/replay`` does to an interaction on its way there.
"""

from __future__ import annotations

import base64
import functools
import json
import os
import re
import socket
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml
from vcr.request import Request

from fiftyone_cvat.transport.wire import ANSWERS, endpoint, faults
from tests.conftest import CASSETTE_NAMES, NetworkBlockedError
from tests.replay.cassettes import (
    PLACEHOLDER,
    VARIABLES,
    Cleaner,
    Server,
    describe_request,
    pruned,
    use_cassette,
)

ROOT = Path(__file__).parents[1]
CASSETTES = ROOT / "cassettes"
FILES = sorted(CASSETTES.rglob("*.yaml"))
DEMO = ROOT / "src" / "fiftyone_cvat" / "demo" / "session.yaml"
"""A recorded server, too, and one that is shipped."""

MAX_BYTES = 400_000
MEAN_BYTES = 32_000
SECRET_HEADERS = {"authorization", "cookie", "x-csrftoken"}
SECRET_KEYS = {"access_token", "csrftoken", "key", "password", "sessionid", "token"}
PLACEHOLDERS = {"password", "wrong-password", "access-token", "read-only-token", ""}
UNREAD = {
    "DELETE /api/jobs/{id}/annotations",
    "DELETE /api/issues/{id}",
    "DELETE /api/projects/{id}",
    "DELETE /api/tasks/{id}",
    "GET /api/jobs/{id}",
    "GET /api/tasks/{id}/backup/download",
    "GET /api/projects/{id}",
    "GET /api/tasks/{id}/data",
    "PATCH /api/issues/{id}",
    "PATCH /api/jobs/{id}",
    "PATCH /api/jobs/{id}/annotations",
    "PATCH /api/labels/{id}",
    "PATCH /api/projects/{id}",
    "PATCH /api/tasks/{id}",
    "PATCH /api/tasks/{id}/data/meta",
    "PATCH /api/tasks/{id}/data/{id}",
    "DELETE /api/labels/{id}",
    "DELETE /api/organizations/{id}",
    "DELETE /api/users/{id}",
    "POST /api/auth/login",
    "POST /api/auth/register",
    "POST /api/invitations",
    "POST /api/jobs",
    "POST /api/organizations",
    "POST /api/tasks/backup",
    "POST /api/tasks/{id}/annotations",
    "POST /api/tasks/{id}/backup/export",
}
"""What is sent without reading more than the status, or by a test or the built-in."""

COOKIE = re.compile(r"(\w+)=\1; Path=/")
NOT_ALLOWED = {
    "a token": re.compile(r"\bBearer\b|\b[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}\b"),
    "a session": re.compile(r"(csrftoken|sessionfresh|sessionid)=(?!\1;)"),
    "a foreign e-mail": re.compile(r"[\w.+-]+@(?!example\.com\b)[\w-]+\.[a-z]{2,}\b"),
    "a local path": re.compile(r"(?<![\w.:/])/(root|tmp|work|home|Users|srv|var)/"),
    "a local host": re.compile(r"127\.0\.0\.1|\blocalhost\b"),
    "what a server says of itself at length": re.compile("completely re-designed"),
    "a folder in a file name": re.compile(r"filename: ['\"]?\.\.\./"),
}

each_cassette = pytest.mark.parametrize(
    "path", FILES, ids=lambda path: str(path.relative_to(CASSETTES).with_suffix(""))
)


each_recording = pytest.mark.parametrize(
    "path", [*FILES, DEMO], ids=lambda path: f"{path.parent.name}-{path.stem}"
)


@functools.cache
def load(path):
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, Loader=yaml.CSafeLoader)


def answers(path):
    """Yield endpoint and JSON of each answer that is a success."""
    for each in load(path)["interactions"]:
        request, response = each["request"], each["response"]
        if response["status"]["code"] < 300:
            yield endpoint(request["method"], request["uri"]), response["body"]


def walk(value: object) -> Iterator[tuple[str, object]]:
    """Yield every key and value of a JSON value, at any depth."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield key, each
            yield from walk(each)
    elif isinstance(value, list):
        for each in value:
            yield from walk(each)


def test_each_cassette_has_a_test_and_each_test_a_cassette(pytestconfig):
    arguments = {Path(each).resolve() for each in pytestconfig.args}
    if not arguments & {ROOT, ROOT / "tests"}:
        pytest.skip("only a run of all tests knows all tests")

    expected = pytestconfig.stash.get(CASSETTE_NAMES, set())
    found = {str(path.relative_to(CASSETTES).with_suffix("")) for path in FILES}

    assert sorted(found - expected) == [], "cassettes of no test"
    assert sorted(expected - found) == [], "tests without a cassette"


def test_folder_holds_cassettes_and_how_they_are_made():
    found = [path for path in CASSETTES.rglob("*") if path.is_file()]

    assert sorted(found) == sorted([*FILES, CASSETTES / "README.md"])


def test_total_size(record_property, capsys):
    total = sum(path.stat().st_size for path in FILES)
    record_property("cassettes_bytes", total)
    with capsys.disabled():
        sys.stdout.write(f"\n{len(FILES)} cassettes, {total / 1000:.0f} kB\n")

    assert total <= len(FILES) * MEAN_BYTES


@each_cassette
def test_size(path):
    assert path.stat().st_size <= MAX_BYTES


@each_cassette
def test_metadata(path):
    metadata = dict(load(path)["metadata"])

    assert set(metadata) == {"recorded", "server", "cvat-sdk", "fiftyone"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", metadata.pop("recorded"))
    assert all(re.match(r"\d+\.\d+", version) for version in metadata.values())


@each_recording
def test_no_secret_in_text(path):
    text = path.read_text(encoding="utf-8")

    found = {what: pattern.findall(text) for what, pattern in NOT_ALLOWED.items()}
    assert {what: hits for what, hits in found.items() if hits} == {}


@each_recording
def test_no_secret_in_structure(path):
    for each in load(path)["interactions"]:
        request, response = each["request"], each["response"]
        assert request["uri"].startswith(f"{PLACEHOLDER.url}/")
        assert not SECRET_HEADERS & {name.lower() for name in request["headers"]}
        for name, values in response["headers"].items():
            if name.lower() == "set-cookie":
                assert all(COOKIE.fullmatch(value) for value in values)
        for key, value in walk([request["body"], response["body"]]):
            if key.lower() in SECRET_KEYS and isinstance(value, str):
                assert value in PLACEHOLDERS, f"'{key}' is no placeholder"


@each_cassette
def test_answers_are_what_is_read_of_them(path):
    for name, body in answers(path):
        assert name in ANSWERS or name in UNREAD, f"no wire facts of {name}"
        if name in ANSWERS and "json" in body:
            assert list(faults(body["json"], ANSWERS[name])) == [], name


def test_cassettes_hold_every_answer_that_is_read():
    held = {name for path in FILES for name, body in answers(path) if "json" in body}

    assert set(ANSWERS) - held == set()


@pytest.mark.parametrize("key", ["password", "access_token", "read_only_token"])
def test_no_known_secret(key):
    secret = os.environ.get(VARIABLES[key], getattr(PLACEHOLDER, key))
    if secret == getattr(PLACEHOLDER, key):
        pytest.skip(f"{VARIABLES[key]} tells none")

    found = {path.name: leaked(path, secret) for path in [*FILES, DEMO]}
    assert {name: forms for name, forms in found.items() if forms} == {}


def forms(secret: str) -> dict[str, str]:
    """Return how a secret may be written, by the name of the form.

    In Base64 it is written in one of three ways, by what stands before it; the letters
    at its ends depend on its neighbours.
    """
    found = {
        "as it is": secret,
        "in an address": urllib.parse.quote(secret, safe=""),
        "in a path": urllib.parse.quote(secret),
        "in a form": urllib.parse.quote_plus(secret),
        "in JSON": json.dumps(secret)[1:-1],
    }
    for before in range(3):
        content = b"-" * before + secret.encode()
        whole = len(content) // 3 * 4
        begin = -(-before * 4 // 3)
        for name, encode in (
            ("Base64", base64.b64encode),
            ("Base64 of addresses", base64.urlsafe_b64encode),
        ):
            text = encode(content).decode()
            found[f"in {name}, after {before}"] = text[begin:whole]
    return found


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a YAML value, keys included."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield str(key)
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    else:
        yield str(value)


def leaked(path: Path, secret: str) -> list[str]:
    """Return the forms in which a file holds a secret."""
    # a long line is broken in YAML
    whole = "\n".join([path.read_text(encoding="utf-8"), *texts(load(path))])
    small = whole.lower()
    return [
        name
        for name, text in forms(secret).items()
        if text in whole or ("%" in text and text.lower() in small)
    ]


@pytest.mark.parametrize(
    "write",
    [
        lambda secret: f"token={secret}",
        lambda secret: urllib.parse.urlencode({"token": secret}),
        lambda secret: urllib.parse.quote(f"http://h/{secret}?x=1").lower(),
        lambda secret: f"Basic {base64.b64encode(f'ann:{secret}'.encode()).decode()}",
        lambda secret: base64.b64encode(f"anna:{secret}!".encode()).decode(),
        lambda secret: base64.urlsafe_b64encode(f"{secret}??".encode()).decode(),
        lambda secret: json.dumps({"sent": f"{secret} {'x ' * 100}"}),
    ],
    ids=["plain", "form", "address", "basic", "shifted", "URL-safe", "JSON"],
)
def test_known_secret_is_found_in_each_form(tmp_path, write):
    secret = 'p&ss~w0rd/"ü?>+ a b'
    path = tmp_path / "cassette.yaml"
    body = {"deep": ["x " * 60 + write(secret) + " y" * 60]}
    path.write_text(yaml.dump(body, width=80), encoding="utf-8")

    assert leaked(path, secret)
    assert not leaked(path, "another-secret")


# ---- the machinery ----

MULTIPART = (
    '--{0}\r\nContent-Disposition: form-data; name="quality"\r\n\r\n75\r\n'
    '--{0}\r\nContent-Disposition: form-data; name="client_files[0]"; '
    'filename="{1}"\r\nContent-Type: image/png\r\n\r\n\r\n\0{2}\r\n\r\n--{0}--\r\n'
)


def multipart(boundary="b", name="a.png", content="x"):
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    body = MULTIPART.format(boundary, name, content).encode()
    return Request("POST", "http://h/api/tasks/1/data", body, headers)


def described(request):
    once = describe_request(request)
    assert describe_request(once).body == once.body
    return once.body


def json_request(body):
    headers = {"Content-Type": "application/json"}
    return Request("POST", "http://h/api/tasks", body, headers)


def test_multipart_does_not_depend_on_its_boundary():
    assert described(multipart("one")) == described(multipart("another"))


@pytest.mark.parametrize("change", [{"name": "b.png"}, {"content": "y"}])
def test_multipart_depends_on_its_parts(change):
    assert described(multipart()) != described(multipart(**change))


def test_multipart_keeps_line_ends_of_its_files():
    assert described(multipart(content="x")) != described(multipart(content="x\r\n"))


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "b": [1.5]}',
        '{"b":[1.5],"a":1}',
        BytesIO(b'{"b": [1.5], "a": 1}'),
        iter([b'{"b": [1.5],', b' "a": 1}']),
    ],
    ids=["bytes", "text", "file", "iterator"],
)
def test_json_does_not_depend_on_its_form(body):
    assert described(json_request(body)) == b'described:{"a": 1, "b": [1.5]}'


def test_other_bodies_are_hashed():
    request = Request("PATCH", "http://h/api/x", b"\xff\0", {})

    assert re.fullmatch(rb'described:"sha256:[0-9a-f]{64} len:2"', described(request))


def test_pruned_answer():
    answer = {"a": [{"b": 1, "x": 2}, {"b": 3}], "c": None, "x": {"b": 4}}
    expected = {"a": [{"b": int}], "c?": ({"d": int}, None), "e?": str}

    assert pruned(answer, expected) == {"a": [{"b": 1}, {"b": 3}], "c": None}


SERVER = Server(
    url="https://cvat.corp.test:8443",
    username="bob",
    email="bob@corp.test",
    password="hunter2",
    access_token="AbcdEfgh.0123456789abcdef0123456789abcdef",
    organization="corp",
)


def clean(request, answer=None, headers=None, content=None):
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": headers or {},
        "body": {"string": json.dumps(answer).encode() if content is None else content},
    }
    return Cleaner(SERVER)(describe_request(request), response)


def test_cleaned_sign_in():
    who = {"username": "bob", "email": "bob@corp.test", "password": "hunter2"}
    request = json_request(json.dumps(who))
    request.uri = f"{SERVER.url}/api/auth/login"
    request.headers.update({"User-Agent": "x", "Cookie": "y", "Origin": SERVER.url})
    cookies = ["sessionid=s3cr3t; expires=Mon, 01 Feb 2027 10:00:00 GMT; Max-Age=9"]

    request, response = clean(
        request, {"key": "s3cr3t"}, {"Set-Cookie": cookies, "Date": ["today"]}
    )

    assert request.uri == "http://cvat.example.com/api/auth/login"
    assert dict(request.headers) == {"Content-Type": "application/json"}
    assert json.loads(request.body.removeprefix(b"described:")) == {
        "username": "admin",
        "email": "admin@example.com",
        "password": "password",
    }
    assert response["headers"] == {"Set-Cookie": ["sessionid=sessionid; Path=/"]}
    assert response["body"]["string"] == b'{"key": "access-token"}'


def test_cleaned_answer():
    answer = {
        "next": f"{SERVER.url}/api/users?search=bob&page=2",
        "host": "cvat.corp.test:8443",
        "owner": "bob",
        "others": ["bobby", "eve@corp.test", "bob.png"],
        "detail": "corp is no team of bob.",
    }
    request = Request("GET", f"{SERVER.url}/api/users?search=bob@corp.test", None, {})

    request, response = clean(request, answer)

    assert request.uri == "http://cvat.example.com/api/users?search=admin@example.com"
    assert json.loads(response["body"]["string"]) == {
        "next": "http://cvat.example.com/api/users?search=admin&page=2",
        "host": "cvat.example.com",
        "owner": "admin",
        "others": ["bobby", "someone@example.com", "bob.png"],
        "detail": "team is no team of admin.",
    }


def test_cleaned_bytes_stay():
    request = Request("GET", f"{SERVER.url}/api/x", None, {})

    assert clean(request, content=b"\xff\0")[1]["body"]["string"] == b"\xff\0"


@pytest.mark.parametrize("status", ["queued", "started", "finished", "failed"])
def test_only_the_last_poll_is_kept(status):
    poll = Request("GET", f"{SERVER.url}/api/requests/action%3Dcreate", None, {})

    kept = clean(poll, {"status": status}) is not None

    assert kept == (status in ("finished", "failed"))


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.parametrize("host", ["192.0.2.1", "cvat.example.com", "127.0.0.1"])
def test_network_is_blocked(no_network, turn, host):
    """It is in every test: what one test's end undoes, the next one's start redoes."""
    with pytest.raises(NetworkBlockedError, match=f"{host}:1"):
        socket.create_connection((host, 1), timeout=1)
    with ThreadPoolExecutor(1) as executor:
        error = executor.submit(socket.create_connection, (host, 1), 1).exception()

    assert isinstance(error, NetworkBlockedError)
    assert no_network == [f"{host}:1"] * 2
    no_network.clear()


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def test_threads_share_a_cassette(tmp_path):
    threads, rounds = 8, 10
    pool = urllib3.PoolManager(maxsize=threads)
    echo = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=echo.serve_forever, args=(0.01,), daemon=True).start()
    server = Server(url=f"http://127.0.0.1:{echo.server_port}")

    def talk(thread):
        for number in range(rounds):
            body = {"number": number} if number % 2 else {thread: number}
            answer = pool.request("POST", f"{server.url}/api", json=body, retries=False)
            assert answer.json() == json.loads(json.dumps(body))

    for record in (True, False):
        with (
            use_cassette(tmp_path / "threads.yaml", server, record=record) as cassette,
            ThreadPoolExecutor(threads) as executor,
        ):
            cassette.get_metadata("recorded", "today")
            list(executor.map(talk, range(threads)))
        if record:
            echo.shutdown()
            echo.server_close()

    assert len(cassette) == threads * rounds
    assert cassette.all_played
    assert not cassette.lacked
