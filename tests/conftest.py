"""What every test stands on: a throw-away FiftyOne database, and no network.

FiftyOne reads its environment when it is imported, so this module sets it first. The
``mongod`` is our own: FiftyOne would join one that another process of this machine
runs, and our datasets with it. Where pytest-xdist runs the tests in several processes,
each of them has a folder, a port and a ``mongod`` of its own.

A test may connect to that ``mongod`` and to ports that this process has bound
itself. With ``--record`` and ``--live`` it may connect to CVAT_RECORD_URL, too.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.parse
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from hypothesis import settings

from tests import sizes

assert "fiftyone" not in sys.modules, "FiftyOne was imported before its environment"
assert yaml.__with_libyaml__, "PyYAML without libyaml reads cassettes 80 times slower"

# how long an example takes is a matter of the machine
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
settings.register_profile("huge", max_examples=1000, print_blob=True, deadline=None)

NAME_OF_DATASET = 100
"""Characters that FiftyOne 1.8 takes."""

CASSETTE_NAMES = pytest.StashKey[set[str]]()
"""Names of the cassettes of all tests that were collected."""

_MONGOD = pytest.StashKey[subprocess.Popen[bytes]]()
_scratch = Path(tempfile.mkdtemp(prefix="fiftyone-cvat-tests-"))
atexit.register(shutil.rmtree, _scratch, ignore_errors=True)
_bound_ports: set[int] = set()
_allowed: set[tuple[str, int]] = set()
_blocked: list[str] = []


class NetworkBlockedError(RuntimeError):
    """A test tried to reach the network; no OSError, so nothing takes it for one."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


_mongo_port = _free_port()
_allowed.add(("127.0.0.1", _mongo_port))


def _set_environment() -> None:
    for name in [name for name in os.environ if name.startswith("FIFTYONE_")]:
        del os.environ[name]  # FIFTYONE_CVAT_* would become keywords of the backend
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        os.environ.pop(name, None)
        os.environ.pop(name.lower(), None)
    os.environ |= {
        "FIFTYONE_ANNOTATION_CONFIG_PATH": str(_scratch / "annotation_config.json"),
        "FIFTYONE_APP_CONFIG_PATH": str(_scratch / "app_config.json"),
        "FIFTYONE_CONFIG_PATH": str(_scratch / "config.json"),
        "FIFTYONE_DATABASE_DIR": str(_scratch / "database"),
        "FIFTYONE_DATABASE_URI": f"mongodb://127.0.0.1:{_mongo_port}",
        "FIFTYONE_DATABASE_VALIDATION": "false",  # it only tells that mongod is old
        "FIFTYONE_DEFAULT_DATASET_DIR": str(_scratch / "datasets"),
        "FIFTYONE_DO_NOT_TRACK": "true",
        "FIFTYONE_LOGGING_LEVEL": "WARNING",  # tests/test_output.py shows the rest
        "FIFTYONE_PLUGINS_DIR": str(_scratch / "plugins"),
        "FIFTYONE_SHOW_PROGRESS_BARS": "false",
    }


_set_environment()


def _start_mongod() -> subprocess.Popen[bytes]:
    package = Path(find_spec("fiftyone").submodule_search_locations[0])
    own = package / "db" / "bin" / "mongod"
    program = str(own) if own.is_file() else shutil.which("mongod")
    if program is None:
        raise pytest.UsageError("there is no mongod; install the extra 'test'")
    folder = _scratch / "database"
    folder.mkdir()
    return subprocess.Popen(
        [
            program,
            f"--dbpath={folder}",
            f"--port={_mongo_port}",
            "--bind_ip=127.0.0.1",
            "--nounixsocket",
            f"--logpath={folder / 'mongod.log'}",
            "--wiredTigerCacheSizeGB=0.25",
        ],
        stdout=subprocess.DEVNULL,
        preexec_fn=_die_with_parent,  # noqa: PLW1509  no thread runs yet
    )


def _die_with_parent() -> None:
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def pytest_addoption(parser):
    group = parser.getgroup("cassettes")
    group.addoption(
        "--record",
        action="store_true",
        help="run tests/replay against CVAT_RECORD_URL and record their cassettes",
    )
    group.addoption(
        "--live",
        action="store_true",
        help="run tests/replay against CVAT_RECORD_URL without any cassette",
    )
    group.addoption(
        "--cassettes",
        metavar="FOLDER",
        help="where cassettes are played from and recorded to, if not in cassettes",
    )
    parser.getgroup("sizes").addoption(
        "--size",
        choices=sizes.NAMES,
        default="large" if os.environ.get("CI") else "small",
        help="how much the fuzz and the tables of faults try; large in CI",
    )


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist starts its processes
def pytest_cmdline_main(config):
    """Stay in one process where tests share a server, or where some files are named.

    With those a second process takes longer to start than it saves.
    """
    on_all_cores = config.getoption("numprocesses") == "logical"
    is_named = all(Path(each.partition("::")[0]).is_file() for each in config.args)
    shares_server = config.getoption("--record") or config.getoption("--live")
    if shares_server or (on_all_cores and is_named):
        config.option.numprocesses = 0


def pytest_configure(config):
    sizes.chosen = config.getoption("--size")
    if sizes.chosen == "huge":
        settings.load_profile("huge")
    record, live = config.getoption("--record"), config.getoption("--live")
    if record and live:
        raise pytest.UsageError("--record and --live exclude each other")
    if record or live:
        url = urllib.parse.urlsplit(os.environ.get("CVAT_RECORD_URL", ""))
        port = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
        _allowed.add((url.hostname or "", port))
    _guard_sockets()


def pytest_sessionstart(session):
    # pytest-xdist's plugin of the process that runs no test itself
    if not session.config.pluginmanager.has_plugin("dsession"):
        session.config.stash[_MONGOD] = _start_mongod()


def pytest_collection_modifyitems(items):
    """Put the quick tests first, and last those of replays, of which none is long.

    The long ones stand between: a process that begins one of them late would keep the
    others waiting at the end.
    """

    def place(item):
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        return {"unit": 0, "faults": 2, "fuzz": 3, "replay": 4}.get(folder, 1)

    items.sort(key=place)


def pytest_unconfigure(config):
    if "fiftyone" in sys.modules:
        _close_clients()
    mongod = config.stash.get(_MONGOD, None)
    if mongod is None:
        return
    mongod.terminate()
    try:
        mongod.wait(timeout=20)
    except subprocess.TimeoutExpired:
        mongod.kill()
        mongod.wait()


def _close_clients() -> None:
    """Delete FiftyOne's datasets now: at exit it would wait for a database gone."""
    import fiftyone.core.odm.database as food

    atexit.unregister(food._delete_non_persistent_datasets_if_allowed)
    with contextlib.suppress(Exception):
        food._disconnect()


class _Guarded:
    """Methods of sockets that reach only what the module's docstring lists."""

    real_bind, real_connect = socket.socket.bind, socket.socket.connect
    real_connect_ex = socket.socket.connect_ex
    real_getaddrinfo = staticmethod(socket.getaddrinfo)

    def bind(self, address):
        _Guarded.real_bind(self, address)
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _bound_ports.add(self.getsockname()[1])

    def connect(self, address):
        _check(self.family, address, self)
        return _Guarded.real_connect(self, address)

    def connect_ex(self, address):
        _check(self.family, address, self)
        return _Guarded.real_connect_ex(self, address)

    @staticmethod
    def getaddrinfo(host, port, *args, **kwargs):
        name = host.decode() if isinstance(host, bytes) else host
        if name not in (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0"):
            _check(socket.AF_INET, (name, port))
        found = _Guarded.real_getaddrinfo(host, port, *args, **kwargs)
        if (name, port) in _allowed:
            _allowed.update((entry[4][0], port) for entry in found)
        return found


def _guard_sockets() -> None:
    for name in ("bind", "connect", "connect_ex"):
        setattr(socket.socket, name, getattr(_Guarded, name))
    socket.getaddrinfo = _Guarded.getaddrinfo


def _check(
    family: int, address: object, connecting: socket.socket | None = None
) -> None:
    if family not in (socket.AF_INET, socket.AF_INET6):
        return
    host, port = address[:2]
    loopback = host in ("127.0.0.1", "::1", "localhost")
    if (host, port) in _allowed or (loopback and port in _bound_ports):
        return
    _blocked.append(f"{host}:{port}")
    if connecting is not None:
        connecting.close()  # who connects does it for an OSError only
    raise NetworkBlockedError(f"a test tried to connect to {host}:{port}")


@pytest.fixture(scope="session", autouse=True)
def own_mongod(pytestconfig):
    """Fail if the ``mongod`` has ended: its port may be that of another one."""
    assert pytestconfig.stash[_MONGOD].poll() is None, "mongod does not run"


@pytest.fixture(autouse=True)
def no_network():
    """Fail a test that tried to reach the network, even if it swallowed the error."""
    _guard_sockets()  # again: a plugin such as pytest-socket undoes it after each test
    _blocked.clear()
    yield _blocked
    assert not _blocked, f"the test tried to connect to {_blocked}"


@pytest.fixture
def dataset(request):
    """An empty dataset of a name that is the same in every run of the test."""
    import fiftyone as fo

    name = f"{request.node.path.stem} {request.node.name}"
    assert len(name) <= NAME_OF_DATASET, "a shorter name of the test, or `ids`"
    if fo.dataset_exists(name):
        fo.delete_dataset(name)
    made = fo.Dataset(name)
    yield made
    if not made.deleted:
        made.delete()
