"""What somebody sees who runs the command, or a script: output of fresh processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from fiftyone_cvat.types import CONFIG_CLS
from tests.unit.test_cli import COMMANDS

NOWHERE = "mongodb://127.0.0.1:9"
NAMED = """
import sys; sys.argv = ["fiftyone-cvat"]
from fiftyone_cvat.cli import main; main()
"""
COMMAND = [sys.executable, "-m", "fiftyone_cvat"]


def start(*arguments, folder=None, **variables):
    """Run a program to its end; None takes a variable away."""
    values = {name: each for name, each in variables.items() if each is not None}
    kept = {name: each for name, each in os.environ.items() if name not in variables}
    return subprocess.run(
        arguments,
        cwd=folder,
        env=kept | values,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_module_is_the_command():
    done = start(*COMMAND, "--help")

    assert done.returncode == 0
    assert done.stderr == ""
    for command in COMMANDS:
        assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize("words", ["", "d", "demo --acc", "watch --on"])
def test_completion(words):
    program = f"fiftyone-cvat {words}"
    done = start(
        *[sys.executable, "-c", NAMED],
        _FIFTYONE_CVAT_COMPLETE="complete_bash",
        COMP_WORDS=program,
        COMP_CWORD=str(len(program.split(" ")) - 1),
    )
    found = done.stdout.split()

    expected = {
        "": [*COMMANDS, "plugin"],
        "d": ["demo", "doctor"],
        "demo --acc": ["--access-token"],
        "watch --on": ["--once"],
    }
    assert found == expected[words], done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "a", "b"],
        ["watch", "a", "b"],
        ["watch", "a", "b", "--once"],
        ["resume", "a", "b"],
        ["attach", "a", "b", "1=2"],
        ["import", "a"],
    ],
    ids=lambda each: each[0],
)
def test_missing_database_is_one_line(arguments):
    done = start(*COMMAND, *arguments, FIFTYONE_DATABASE_URI=NOWHERE)

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: FiftyOne's database does not answer (127.0.0")
    assert "FIFTYONE_DATABASE_URI" in done.stderr
    assert done.stderr.count("\n") == 1


def test_database_that_does_not_start_is_one_line():
    code = """
import fiftyone.core.odm as foo
from fiftyone.core.config import FiftyOneConfigError

def get_db_conn():
    raise FiftyOneConfigError("MongoDB could not be installed on your system")

foo.get_db_conn = get_db_conn
import sys; sys.argv = ["fiftyone-cvat", "status", "a", "b"]
from fiftyone_cvat.cli import main; main()
"""
    done = start(sys.executable, "-c", code, FIFTYONE_DATABASE_URI=None)

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(
        "Error: FiftyOne's database does not start on this machine (MongoDB could not"
    )
    assert done.stderr.count("\n") == 1


def test_demo_connects_before_it_starts_anything(tmp_path):
    done = start(
        *[*COMMAND, "demo", "--url", "http://127.0.0.1:9", "--access-token", "t"],
        folder=tmp_path,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "Error: No connection to http://127.0.0.1:9 (connection refused); check that "
        "the URL is right and that the server runs\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_failing_demo_leaves_no_folder(tmp_path):
    package = tmp_path / "fiftyone"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('broken on purpose')")
    (tmp_path / "here").mkdir()
    done = start(
        *[*COMMAND, "demo", "-o", "some/where"],
        folder=tmp_path / "here",
        PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    )

    assert done.returncode == 1
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize("as_json", [True, False])
def test_doctor_tells_the_backend_first_and_no_notices(as_json):
    options = ["--json"] if as_json else []
    done = start(
        *[*COMMAND, "doctor", "--url", "http://127.0.0.1:9", *options],
        FIFTYONE_DATABASE_VALIDATION="true",
        FIFTYONE_CVAT_CONFIG_CLS=None,
    )

    assert done.returncode == 1
    assert "suppress" not in done.stdout + done.stderr
    assert "deprecat" not in done.stdout + done.stderr
    assert not done.stderr
    if not as_json:
        lines = done.stdout.splitlines()
        assert lines[0].endswith(
            'backend         backend="cvat" is FiftyOne\'s built-in CVAT integration, '
            "not this package"
        )
        assert "fiftyone_cvat.enable()" in lines[1]
        assert all(line[:1] in "✓!✗- +x" for line in lines), "not of the list"


ENABLE = """
import fiftyone as fo
import fiftyone.utils.annotations as foua
import fiftyone_cvat

fo.annotation_config.backends["cvat"]["url"] = "https://cvat.example.com"
fiftyone_cvat.enable()
fiftyone_cvat.enable()
config = foua._parse_config("cvat", {}, image_quality=50)
print(type(config).__module__, config.url)
"""


def test_enabling():
    done = start(sys.executable, "-c", ENABLE, FIFTYONE_CVAT_CONFIG_CLS=None)

    line = 'Annotation runs with backend="cvat" now use fiftyone-cvat in this process'
    assert done.stdout.splitlines() == [
        line,
        line,
        f"{CONFIG_CLS.rpartition('.')[0]} https://cvat.example.com",
    ]
    assert done.stderr == ""
