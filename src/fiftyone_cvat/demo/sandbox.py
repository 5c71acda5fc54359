"""A FiftyOne of the demo's own: its folder, its database, none of the user's.

FiftyOne reads its environment when it is imported and would join a database service
that another process of this machine runs, so the demo starts a ``mongod`` itself, on
a free port of this machine and in a temporary folder, and ends both.
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
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from fiftyone_cvat.errors import CVATError
from fiftyone_cvat.types import CONFIG_CLS

__all__ = ["DemoError", "sandbox"]

PATIENCE = 20
"""Seconds to wait for mongod to end before it is killed."""


class DemoError(CVATError, RuntimeError):
    """The demo cannot run on this machine, or did not do what it should."""


@contextlib.contextmanager
def sandbox(*, proxies: bool) -> Iterator[Path]:
    """Give this process a FiftyOne that starts empty and leaves nothing behind.

    FiftyOne must not have been imported.

    Args:
        proxies: whether to leave the environment's HTTP proxies in force

    Yields:
        a temporary folder

    Raises:
        DemoError: if there is no database to run, or it does not start
    """
    if "fiftyone" in sys.modules:
        raise DemoError("FiftyOne is imported already: start the demo in a new process")
    old_handler = signal.signal(signal.SIGTERM, _end)
    folder = Path(tempfile.mkdtemp(prefix="fiftyone-cvat-demo-"))
    mongod: subprocess.Popen[bytes] | None = None
    try:
        port = _free_port()
        _set_environment(folder, port, proxies=proxies)
        mongod = _start_mongod(folder, port)
        yield folder
    finally:
        if "pymongo" in sys.modules:
            _leave_database()
        if mongod is not None:
            _stop(mongod)
        shutil.rmtree(folder, ignore_errors=True)
        signal.signal(signal.SIGTERM, old_handler)


def _end(number: int, frame: object) -> NoReturn:  # noqa: ARG001  a handler's arguments
    """End as on Ctrl-C, with everything tidied up."""
    raise SystemExit(128 + number)


def _set_environment(folder: Path, port: int, *, proxies: bool) -> None:
    """Set what FiftyOne and our backend read, and nothing of the user's."""
    for name in list(os.environ):
        is_proxy = name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        if name.startswith("FIFTYONE_") or (is_proxy and not proxies):
            del os.environ[name]
    os.environ |= {
        "FIFTYONE_ANNOTATION_CONFIG_PATH": str(folder / "annotation_config.json"),
        "FIFTYONE_APP_CONFIG_PATH": str(folder / "app_config.json"),
        "FIFTYONE_CONFIG_PATH": str(folder / "config.json"),
        "FIFTYONE_CVAT_CONFIG_CLS": CONFIG_CLS,
        "FIFTYONE_DATABASE_DIR": str(folder / "database"),
        "FIFTYONE_DATABASE_URI": f"mongodb://127.0.0.1:{port}",
        "FIFTYONE_DATABASE_VALIDATION": "false",  # it only tells that mongod is old
        "FIFTYONE_DATASET_ZOO_DIR": str(folder / "zoo"),
        "FIFTYONE_DEFAULT_DATASET_DIR": str(folder / "datasets"),
        "FIFTYONE_DO_NOT_TRACK": "true",
        "FIFTYONE_LOGGING_LEVEL": "ERROR",
        "FIFTYONE_MODEL_ZOO_DIR": str(folder / "models"),
        "FIFTYONE_PLUGINS_DIR": str(folder / "plugins"),
        "FIFTYONE_SHOW_PROGRESS_BARS": "false",
        "MPLCONFIGDIR": str(folder / "matplotlib"),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _start_mongod(folder: Path, port: int) -> subprocess.Popen[bytes]:
    database = folder / "database"
    database.mkdir()
    output = folder / "mongod.out"
    with output.open("wb") as out:
        mongod = subprocess.Popen(  # noqa: S603  FiftyOne's own program
            [
                _find_mongod(),
                f"--dbpath={database}",
                f"--port={port}",
                "--bind_ip=127.0.0.1",
                "--nounixsocket",
                f"--logpath={folder / 'mongod.log'}",
                "--wiredTigerCacheSizeGB=0.25",
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us, and we end it
            preexec_fn=_end_with_parent,  # noqa: PLW1509  no thread runs yet
        )
    # one that cannot run (a missing library, mostly) says so at once; FiftyOne's
    # import waits for one that can
    with contextlib.suppress(subprocess.TimeoutExpired):
        mongod.wait(timeout=0.3)
        lines = output.read_text(errors="replace").split("\n")
        words = next((line for line in lines if line.strip()), "it gives no reason")
        raise DemoError(f"FiftyOne's database does not start on this machine: {words}")
    return mongod


def _find_mongod() -> str:
    package = find_spec("fiftyone")
    for place in (package and package.submodule_search_locations) or ():
        for name in ("mongod", "mongod.exe"):
            program = Path(place) / "db" / "bin" / name
            if program.is_file():
                return str(program)
    program_on_path = shutil.which("mongod")
    if program_on_path is None:
        raise DemoError(
            "FiftyOne has no database program (mongod) on this machine: run "
            "pip install 'fiftyone-cvat[demo]', or install MongoDB"
        )
    return program_on_path


def _end_with_parent() -> None:
    """Have the child ended by the system if this process is killed."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _leave_database() -> None:
    """Disconnect now: at exit FiftyOne would wait for a database that is gone."""
    with contextlib.suppress(Exception):
        import fiftyone.core.odm.database as food

        atexit.unregister(food._delete_non_persistent_datasets_if_allowed)
        food._disconnect()


def _stop(mongod: subprocess.Popen[bytes]) -> None:
    mongod.terminate()
    try:
        mongod.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        mongod.kill()
        mongod.wait()
