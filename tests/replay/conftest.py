"""Every test of this folder has one cassette, and plays all of it, once.

Three ways to run::

    pytest tests/replay                # replay; the network is blocked
    pytest tests/replay --record       # against CVAT_RECORD_URL, writing cassettes
    pytest tests/replay --live         # against CVAT_RECORD_URL, without cassettes

A cassette is replaced only if its test passes. Tasks and projects that a test leaves
on a real server are deleted after it.

A test that is marked ``older_servers`` runs once more for each of OLDER_SERVERS, with
a cassette of its own, which only such a server can record.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path

import fiftyone as fo
import pytest
import urllib3
from bson import ObjectId

from fiftyone_cvat import CVATAnnotationAPI
from fiftyone_cvat.transport.responses import Response
from fiftyone_cvat.transport.wire import ANSWERS, endpoint
from tests.conftest import CASSETTE_NAMES
from tests.replay.cassettes import TOKENS, VARIABLES, Server, pruned, use_cassette
from tests.replay.people import new_viewer
from tests.replay.repeatable_ids import RepeatableIds

CASSETTES = Path(__file__).parents[2] / "cassettes"
OLDER_SERVERS = ("2.42",)
"""Versions that cassettes of their own are recorded from; none has access tokens."""

SLEEPERS = ("cvat_sdk", "fiftyone.utils.cvat", "fiftyone_cvat", "urllib3")

_report = pytest.StashKey[pytest.TestReport]()


def cassette_name(item) -> str:
    """Return the name of a test's cassette, without its suffix."""
    marker = item.get_closest_marker("cassette")
    if marker:
        return marker.args[0]
    version = _older_server(item)
    own = f"cvat-{version}/" if version else ""
    plain = item.name
    for part in (f"cvat-{version}-", f"-cvat-{version}", f"cvat-{version}"):
        plain = plain.replace(part, "") if version else plain
    name = re.sub(r"[^\w.-]+", "-", plain).strip("-")
    return f"{own}{item.path.stem}/{name}"


def _older_server(item) -> str:
    """Return the version of the older server that an item is for; "" if for none."""
    if not hasattr(item, "callspec"):
        return ""
    return item.callspec.params.get("server_version", "")


def pytest_generate_tests(metafunc):
    if not metafunc.definition.get_closest_marker("older_servers"):
        return
    versions = [pytest.param(each, id=f"cvat-{each}") for each in OLDER_SERVERS]
    metafunc.parametrize(
        "server_version",
        # names and cassettes of the tests themselves stay what they are
        [pytest.param("", id=pytest.HIDDEN_PARAM), *versions],
        indirect=True,
    )


def pytest_itemcollected(item):
    item.config.stash.setdefault(CASSETTE_NAMES, set()).add(cassette_name(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.stash[_report] = report
    return report


@pytest.fixture(scope="session")
def mode(pytestconfig):
    """How this run works: 'replay', 'record' or 'live'."""
    for name in ("record", "live"):
        if pytestconfig.getoption(f"--{name}"):
            return name
    return "replay"


@pytest.fixture
def server_version(request):
    """The version of the older server that a test is for; "" for any other server."""
    return getattr(request, "param", "")


@pytest.fixture(scope="session")
def real_server(mode):
    """The server of the environment and accounts on it; None in a replay."""
    if mode == "replay":
        return None
    given = {key: os.environ.get(name, "") for key, name in VARIABLES.items()}
    missing = [
        VARIABLES[key]
        for key, value in given.items()
        if not value and key not in TOKENS
    ]
    if missing:
        pytest.exit(f"--{mode} needs {', '.join(missing)} in the environment", 4)
    return Server(**given)


@pytest.fixture
def server(real_server, server_version, mode, metadata):
    """The server to use and accounts on it; placeholders in a replay."""
    if real_server is None:
        tokens = dict.fromkeys(TOKENS, "") if server_version else {}
        return Server(**tokens)
    if mode == "live" and server_version:
        pytest.skip("a live run needs each test once")
    if mode == "record":
        found = metadata["server"]
        meant = next((v for v in OLDER_SERVERS if found.startswith(f"{v}.")), "")
        if server_version != meant:
            pytest.skip(f"a recording of CVAT {found} is not what it plays")
    return real_server


@pytest.fixture(scope="session")
def metadata(mode, real_server):
    """What a cassette tells about its recording."""
    if mode != "record":
        return {}
    about = _ask("GET", f"{real_server.url}/api/server/about", real_server)
    return {
        "recorded": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "server": json.loads(about)["version"],
        "cvat-sdk": version("cvat-sdk"),
        "fiftyone": version("fiftyone"),
    }


@pytest.fixture
def api(server):
    """A session in the organization, where nothing of anybody else is listed."""
    with CVATAnnotationAPI(
        "cvat", **server.credentials, organization=server.organization
    ) as made:
        yield made


@pytest.fixture
def viewer(server):
    """How a user signs in who sees only what is assigned to him."""
    with new_viewer(server) as credentials:
        yield credentials


@pytest.fixture(autouse=True)
def object_ids(request, mode, monkeypatch):
    """Make new ObjectIds the same in every run of a test.

    Labels send theirs to the server. Each module that makes ids has a count of its
    own: what FiftyOne does once in a process must not shift those of the labels.

    Returns:
        a function that lets all counts begin anew, at a number
    """
    ids = RepeatableIds(cassette_name(request.node))
    if mode != "live":
        monkeypatch.setattr(ObjectId, "_ObjectId__generate", ids.method())
    return ids.begin_at


@pytest.fixture
def empty(dataset):
    """Another dataset, without samples."""
    name = f"{dataset.name} imported"
    if fo.dataset_exists(name):
        fo.delete_dataset(name)
    made = fo.Dataset(name)
    yield made
    made.delete()


@pytest.fixture(autouse=True)
def no_waiting(mode, monkeypatch):
    """Let a replay wait for nothing; only MongoDB's own threads go on sleeping."""
    if mode != "replay":
        return
    real_sleep = time.sleep

    def sleep(seconds):
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if not caller.startswith(SLEEPERS):
            real_sleep(seconds)

    monkeypatch.setattr(time, "sleep", sleep)


@pytest.fixture(autouse=True)
def wire_facts_only(mode, monkeypatch):
    """Let the package see no more of an answer in a replay than the wire facts name.

    What it reads besides them fails a test; what it sends is what it sent to the
    server that answered in full.
    """
    if mode != "replay":
        return
    real_json = Response.json

    def json(self):
        answer = real_json(self)
        expected = ANSWERS.get(endpoint(self.method, self.url))
        reader = sys._getframe(1).f_globals["__name__"]
        if expected is None or not self.ok or not reader.startswith("fiftyone_cvat"):
            return answer
        return pruned(answer, expected)

    monkeypatch.setattr(Response, "json", json)


@pytest.fixture(autouse=True)
def one_after_the_other(mode, request, monkeypatch):
    """Create tasks one after the other: a cassette plays requests in their order."""
    if mode != "live" or request.node.get_closest_marker("in_order"):
        settings = fo.annotation_config.backends.setdefault("cvat", {})
        monkeypatch.setitem(settings, "max_workers", 1)


@pytest.fixture(autouse=True)
def leftovers(mode, server, monkeypatch):
    """Delete the tasks and projects that a test leaves on a real server."""
    if mode == "replay":
        yield
        return
    made: list[str] = []
    real_urlopen = urllib3.HTTPConnectionPool.urlopen

    def urlopen(self, method, url, *args, **kwargs):
        response = real_urlopen(self, method, url, *args, **kwargs)
        where = response.headers.get("location", "")
        if response.status == 201 and re.search(r"/(tasks|projects)/\d+$", where):
            made.append(where)
        return response

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", urlopen)
    yield
    for url in made:
        _delete(url, server)


@pytest.fixture(autouse=True)
def cassette(request, mode, server, metadata, object_ids, no_waiting, leftovers):
    """The test's cassette; None in a live run."""
    folder = Path(request.config.getoption("--cassettes") or CASSETTES)
    path = folder / f"{cassette_name(request.node)}.yaml"
    if mode == "live":
        yield None
    elif mode == "record":
        if request.node.get_closest_marker("cassette"):
            pytest.skip("replays the cassette of another test")
        yield from _record(path, server, metadata, request.node)
    else:
        yield from _replay(path, server, request.node)


def _record(path, server, metadata, node):
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with use_cassette(new, server, record=True) as cassette:
        for key, value in metadata.items():
            cassette.get_metadata(key, value)
        yield cassette
        keep = _passed(node) and len(cassette) > 0
        cassette.dirty = keep  # what vcrpy goes by when it saves
    if keep:
        new.replace(path)
    assert keep or not _passed(node), "the test sends nothing: move it to tests/unit"


def _replay(path, server, node):
    if not path.is_file():
        pytest.fail(f"no cassette {path.name}: run with --record", pytrace=False)
    with use_cassette(path, server, record=False) as cassette:
        yield cassette
    if _passed(node):
        assert not cassette.lacked, f"not in the cassette: {cassette.lacked}"
        assert cassette.play_count, "the test plays nothing: move it to tests/unit"
        unplayed = [
            f"{each.method} {each.path}"
            for number, each in enumerate(cassette.requests)
            if not cassette.play_counts[number]
        ]
        assert not unplayed, f"in the cassette, but not sent: {unplayed}"


def _passed(node) -> bool:
    report = node.stash.get(_report, None)
    return report is not None and report.passed


def _delete(url, server):
    for _ in range(20):
        try:
            return _ask("DELETE", url, server)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 404:
                return None
        time.sleep(0.3)  # a task whose media are being read answers 500
    pytest.fail(f"cannot delete {url}", pytrace=False)


def _ask(method, url, server):
    who = base64.b64encode(f"{server.username}:{server.password}".encode()).decode()
    headers = {"Authorization": f"Basic {who}"}
    request = urllib.request.Request(url, method=method, headers=headers)
    with contextlib.closing(urllib.request.urlopen(request)) as answer:
        return answer.read()
