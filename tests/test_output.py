"""What people see: the output of fresh processes, which nothing has configured.

A script and commands run in processes of their own, while the cassette of
``tests/replay/test_session.py`` plays the server.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import fiftyone as fo
import pytest
from jupyter_client.manager import start_new_kernel

from tests.replay.cassettes import PLACEHOLDER

ROOT = Path(__file__).parents[1]
CASSETTE = "test_session/test_session"
SCRIPT = ROOT / "tests" / "session.py"
URL = PLACEHOLDER.url

BACKEND = {
    "FIFTYONE_CVAT_CONFIG_CLS": "fiftyone_cvat.backend.CVATBackendConfig",
    "FIFTYONE_CVAT_URL": URL,
    "FIFTYONE_CVAT_ACCESS_TOKEN": PLACEHOLDER.access_token,
    "FIFTYONE_CVAT_MAX_WORKERS": "1",
}


class Shown:
    """The output of a process that has ended well."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        assert done.returncode == 0, done.stdout + done.stderr
        self.out, self.err = done.stdout, done.stderr
        self.lines = self.out.splitlines()


def variables(folder):
    """Return the environment of a process that runs the session."""
    names = {"FIFTYONE_LOGGING_LEVEL", "PYTEST_CURRENT_TEST"}
    inherited = {k: v for k, v in os.environ.items() if k not in names}
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    config_cls = BACKEND["FIFTYONE_CVAT_CONFIG_CLS"]
    settings = {"config_cls": config_cls, **PLACEHOLDER.credentials}
    values = {"folder": str(folder), "settings": settings}
    more = {"PYTHONPATH": path, "TESTS_VALUES": json.dumps(values)}
    return inherited | BACKEND | more


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    """Run a program in a process of its own; what the session leaves is deleted."""
    folder = tmp_path_factory.mktemp("pictures")

    def run(*program, before="", **environment):
        if before:
            program = ("-", *program)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.played", CASSETTE, *program],
            input=before,
            env=variables(folder) | environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        return Shown(done)

    yield run
    forget()


def forget():
    for name in ("session", "imported"):
        if fo.dataset_exists(name):
            fo.delete_dataset(name)


@pytest.fixture(scope="module")
def session(show):
    """Run the session, after some lines of Python of the user's; return its output."""

    def run(before="", **environment):
        forget()
        return show(str(SCRIPT), before=before, **environment)

    return run


def part(shown, name):
    """Return the lines of a part of the session."""
    found = shown.out.partition(f"-- {name}\n")[2].partition("-- ")[0]
    return found.splitlines()


def ours(lines):
    """Return lines without those that FiftyOne logs about the fields that it merges."""
    others = ("Loading labels for field", "Skipping unexpected labels")
    return [each for each in lines if each and not each.startswith(others)]


ANNOTATED = [
    "Uploading samples to CVAT...",
    "Created 2 tasks in CVAT, with 2 jobs and 3 samples:",
]
DOWNLOADING = "Downloading labels from CVAT..."
LEFT_OUT = "1 x label of a type that 'cats' does not hold (polylines)"
LOADED = [DOWNLOADING, "cats: 2 kept, 1 changed, 1 left out", LEFT_OUT]
AGAIN = [
    DOWNLOADING,
    "cats: 3 kept, 1 left out",
    LEFT_OUT,
    DOWNLOADING,
    "cats: 2 kept, 1 left out",
    LEFT_OUT,
    "1 task has not changed in CVAT since it was loaded",
]


@pytest.fixture(scope="module")
def plain(session):
    """The output of the session as it is; its dataset is there after it."""
    return session()


def test_a_script(plain):
    begin = plain.out.partition("-- status\n")[0].splitlines()
    assert begin[:2] == ANNOTATED
    tasks = [re.fullmatch(rf"    {URL}/tasks/(\d+)", each)[1] for each in begin[2:]]
    assert len(tasks) == 2
    status = part(plain, "status")
    assert status[0] == "Status for label field 'cats':"
    for task in tasks:
        assert status.count(f"        URL:          {URL}/tasks/{task}") == 1
    assert ours(part(plain, "load")) == LOADED
    assert ours(part(plain, "load again")) == AGAIN
    assert plain.out.endswith("-- end\n")
    assert plain.err == ""


def test_status_as_json(show, plain):
    shown = show("fiftyone-cvat", "status", "session", "run", "--json")

    assert len(json.loads(shown.out)["jobs"]) == 2


def test_watch_as_json(show, plain):
    """Bars go to standard error, too."""
    watch = ("fiftyone-cvat", "watch", "session", "run")
    bars = {"FIFTYONE_SHOW_PROGRESS_BARS": "true"}
    shown = show(*watch, "--once", "--jobs", "new", "--json", **bars)

    assert json.loads(shown.out)["fields"]["cats"]["kept"] == 3
    begin, rest = shown.err.split("\n", 1)
    assert begin.startswith("Loading 2 jobs of run 'run': ")
    assert rest.startswith(f"{DOWNLOADING}\n")
    assert "2/2 [" in rest
    assert "cats: 3 kept" not in rest


def test_import(show, plain):
    """The counts are the answer; how far it is goes to standard error."""
    imported = fo.Dataset("imported", persistent=True)
    paths = fo.load_dataset("session").values("filepath")
    imported.add_samples([fo.Sample(filepath=each) for each in paths])
    tasks = re.findall(rf"^    {URL}/tasks/(\d+)", plain.out, re.MULTILINE)
    options = [part for each in tasks for part in ("--task", each)]

    shown = show("fiftyone-cvat", "import", "imported", *options)

    assert shown.out.splitlines() == [
        "detections: 3 added",
        "Dataset 'imported': 3 samples, run 'cvat_import'",
    ]
    assert ours(shown.err.splitlines()) == [
        "Importing 2 tasks from CVAT...",
        DOWNLOADING,
    ]


ROOT_IS_CONFIGURED = """
import logging
import fiftyone_cvat.backend
logging.basicConfig(level=logging.INFO, format="told by %(name)s: %(message)s")
"""
OURS_HAS_A_HANDLER = """
import logging, sys
handler = logging.StreamHandler(sys.stderr)
handler.setFormatter(logging.Formatter("told by %(name)s: %(message)s"))
logging.getLogger("fiftyone_cvat").addHandler(handler)
"""


@pytest.mark.parametrize(
    "before", [ROOT_IS_CONFIGURED, OURS_HAS_A_HANDLER], ids=["root", "ours"]
)
def test_logging_that_is_configured(session, before):
    """Who listens already sees each line once, and nobody else does."""
    shown = session(before)

    told = [
        each.partition(": ")[2]
        for each in shown.err.splitlines()
        if each.startswith("told by fiftyone_cvat")
    ]
    expected = [*ANNOTATED, *LOADED, *AGAIN]
    assert [each for each in told if not each.startswith("    http")] == expected
    assert part(shown, "status")[0] == "Status for label field 'cats':"
    assert ours(part(shown, "load")) == []
    assert shown.out.startswith("-- status\n")


IN_THE_CONFIGURATION = """
import fiftyone as fo
fo.config.logging_level = "WARNING"
fo.core.logging.set_logging_level(30)
"""


@pytest.mark.parametrize("way", ["environment", "configuration"])
def test_warnings_only(session, way):
    """Nothing is told that was not asked for."""
    if way == "environment":
        shown = session(FIFTYONE_LOGGING_LEVEL="WARNING")
    else:
        shown = session(IN_THE_CONFIGURATION)

    assert part(shown, "status")[0] == "Status for label field 'cats':"
    rest = shown.out.partition("-- status")[0], *part(shown, "load"), shown.err
    assert "".join(rest) == ""


NOTEBOOK = [
    "import fiftyone_cvat.backend",
    f"""
from tests.played import main
main({CASSETTE!r}, {str(SCRIPT)!r})
""",
    "print('the last cell')",
]
"""The cells of a notebook: its output goes to a stream that each cell has anew."""


def test_a_notebook(tmp_path):
    """A real kernel shows each line below the cell that is run, and none in red."""
    forget()
    # others warn as they are imported in a notebook: tqdm wants widgets
    env = variables(tmp_path) | {"PYTHONWARNINGS": "ignore"}
    manager, client = start_new_kernel(env=env, cwd=str(ROOT))
    try:
        shown = [run_cell(client, cell) for cell in NOTEBOOK]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        forget()

    assert [each["stderr"] for each in shown] == ["", "", ""]
    first, cell, last = (each["stdout"] for each in shown)
    assert (first, last) == ("", "the last cell\n")
    assert cell.splitlines()[:2] == ANNOTATED
    played = SimpleNamespace(out=cell)
    assert part(played, "status")[0] == "Status for label field 'cats':"
    assert ours(part(played, "load")) == LOADED
    assert ours(part(played, "load again")) == AGAIN


def run_cell(client, code):
    """Run a cell of a notebook to its end; return what its streams show."""
    shown = {"stdout": "", "stderr": ""}

    def note(message):
        if message["msg_type"] == "stream":
            shown[message["content"]["name"]] += message["content"]["text"]

    answer = client.execute_interactive(code, output_hook=note, timeout=120)
    assert answer["content"]["status"] == "ok", answer["content"]
    return shown


def test_progress_bars(session):
    """Lines are above the bars; one task alone has none."""
    shown = session(FIFTYONE_SHOW_PROGRESS_BARS="true")

    text = shown.out.partition("-- status\n")[0]
    assert "3/3 [" in text
    assert "samples/s" in text
    assert text.startswith(f"{ANNOTATED[0]}\n")
    assert f"\n{ANNOTATED[1]}\n" in text
    assert "2/2 [" in shown.out.partition("-- load\n")[2].partition("-- ")[0]
