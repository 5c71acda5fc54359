"""What a run leaves of its process: nothing open, nothing changed, nothing written.

The server gives names that would lead out of a folder, were they ever paths.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import media
from tests.faults.echo import Echo

ROOT = Path(__file__).parents[2]
NAMES = ["../../escaped.png", "/tmp/escaped.png", "C:\\escaped.png", "a\0b", "..", "~"]


class Hostile(Echo):
    """Gives frames other names than they were sent with; takes no broken labels."""

    is_broken = False

    def __init__(self):
        super().__init__()
        self.choose = lambda method, path: (
            "detail"
            if self.is_broken and method != "GET" and "/annotations" in path
            else None
        )

    def answer(self, method, target, body):
        if method == "POST" and target == "/api/tasks":
            self.is_broken = b"broken" in body
        status, value = super().answer(method, target, body)
        if "/data/meta" in target and status == 200:
            name = NAMES[len(self.tasks) % len(NAMES)]
            value = value | {
                "frames": [each | {"name": name} for each in value["frames"]]
            }
        return status, value


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    media.make_images(folder, [f"{number}.png" for number in range(len(NAMES))])
    server = Hostile()
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    command = ["-W", "error::ResourceWarning", "-m", "tests.faults.one_run"]
    done = subprocess.run(
        [sys.executable, *command, server.url, str(folder)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    server.close()
    lines = [each for each in done.stdout.splitlines() if each.startswith("FOUND ")]
    assert lines, done.stderr
    return json.loads(lines[0].removeprefix("FOUND ")) | {
        "url": server.url,
        "printed": done.stderr,
        "folder": str(folder),
    }


def test_run_was_whole(found):
    assert found["labels"] == ["a"] * len(NAMES)
    assert found["failures"] == ["RequestError", "AnswerError"]


def test_nothing_of_the_process_is_changed(found):
    # FiftyOne notes in it where it runs, in a notebook or not
    own = [each for each in found["changed"] if "FIFTYONE_CONTEXT" not in each]
    assert own == []


def test_connections_and_files_are_closed(found):
    port = found["url"].rpartition(":")[2]
    own = [
        each for each in found["unclosed"] if port in each or found["folder"] in each
    ]
    assert own == []
    assert f", {port})" not in found["printed"]


def test_nothing_is_written(found):
    assert found["written"] == []
