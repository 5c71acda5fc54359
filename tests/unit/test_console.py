"""Lines and bars: where they go, how often, and from several threads."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
import threading

import fiftyone as fo
import pytest

from fiftyone_cvat import console
from fiftyone_cvat.console import Pace, Work, tell, tell_counts, work_aside, write_line
from fiftyone_cvat.server.task_media import _Sending
from fiftyone_cvat.transport import waiting

OURS = logging.getLogger("fiftyone_cvat")


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on when the test says so."""
    now = [1000.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])

    def pass_by(seconds):
        now[0] += seconds

    return pass_by


@pytest.fixture
def alone(monkeypatch, caplog):
    """Nobody listens but our own handler: pytest's are taken for none."""
    console.show_lines()
    [handler] = [each for each in OURS.handlers if type(each) is console._Lines]
    # it tells our level from one that somebody else has set
    level, level_set = OURS.level, handler.level_set
    silent = (*console.SILENT, type(caplog.handler), logging.FileHandler)
    monkeypatch.setattr(console, "SILENT", silent)
    monkeypatch.setattr(logging.getLogger("fiftyone"), "level", logging.INFO)
    monkeypatch.setattr(fo.config, "logging_level", "INFO")
    OURS.setLevel(logging.NOTSET)
    console.show_lines()
    yield
    OURS.setLevel(level)
    handler.level_set = level_set


def test_one_handler_only(alone):
    for _ in range(3):
        console.show_lines()

    ours = [each for each in OURS.handlers if type(each) is console._Lines]
    assert len(ours) == 1
    assert OURS.propagate
    assert OURS.level == logging.INFO


@pytest.mark.parametrize(
    ("theirs", "configured", "expected"),
    [
        (logging.INFO, "WARNING", logging.WARNING),
        (logging.WARNING, "INFO", logging.WARNING),
        (logging.DEBUG, "DEBUG", logging.DEBUG),
        (logging.INFO, "no level", logging.INFO),
    ],
)
def test_the_level_is_that_of_fiftyone(
    alone, monkeypatch, theirs, configured, expected
):
    monkeypatch.setattr(logging.getLogger("fiftyone"), "level", theirs)
    monkeypatch.setattr(fo.config, "logging_level", configured)

    console.show_lines()

    assert OURS.level == expected


def test_a_level_of_the_users_own_stays(alone):
    OURS.setLevel(logging.ERROR)
    console.show_lines()

    assert OURS.level == logging.ERROR


def test_who_asks_for_everything_of_everybody_gets_it(alone, monkeypatch):
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [logging.NullHandler()])
    monkeypatch.setattr(root, "level", logging.DEBUG)

    console.show_lines()

    assert OURS.level == logging.DEBUG


def test_nothing_is_shown_where_fiftyone_shows_nothing(monkeypatch):
    monkeypatch.setattr(logging.getLogger("fiftyone"), "handlers", [])
    monkeypatch.setattr(OURS, "handlers", [])
    monkeypatch.setattr(OURS, "level", logging.NOTSET)

    console.show_lines()

    assert (OURS.handlers, OURS.level) == ([], logging.NOTSET)


def test_what_is_at_the_root_hears_us(capsys, caplog):
    """Pytest listens there."""
    OURS.warning("hello")

    assert caplog.messages == ["hello"]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["fiftyone_cvat", "fiftyone_cvat.console"])
def test_it_is_still_where_others_listen(alone, capsys, name):
    others = io.StringIO()
    handler = logging.StreamHandler(others)
    logging.getLogger(name).addHandler(handler)
    try:
        tell("hello")
    finally:
        logging.getLogger(name).removeHandler(handler)
    tell("again")

    assert others.getvalue() == "hello\n"
    assert capsys.readouterr().out == "again\n"


def test_who_listens_to_errors_only_does_not_hear_the_rest(alone, capsys):
    handler = logging.StreamHandler(io.StringIO())
    handler.setLevel(logging.ERROR)
    OURS.addHandler(handler)
    try:
        tell("hello")
    finally:
        OURS.removeHandler(handler)

    assert capsys.readouterr().out == "hello\n"


def test_aside(alone, capsys):
    with work_aside():
        tell("work")
        tell_counts("cats: 3 kept")
    tell_counts("cats: 4 kept")

    assert capsys.readouterr() == ("cats: 4 kept\n", "work\n")


def test_a_bar_aside(alone, capsys):
    """Python's last resort has standard error, too, and lets nobody change that."""
    with work_aside(), Work(2, "tasks", "read", progress=True) as work:
        work.add()
        tell("hello")
        work.add()

    output = capsys.readouterr()
    assert output.out == ""
    assert "hello" in output.err
    assert "1/2" in output.err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_characters_that_standard_output_cannot_take(monkeypatch, encoding):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
    monkeypatch.setattr(sys, "stdout", stream)

    write_line("Katze 猫")

    assert raw.getvalue() == b"Katze \\u732b\n"


def test_no_standard_output(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    write_line("as in a program without a console on Windows")


def test_pace(clock):
    pace = Pace()
    told = []
    for second in range(3600):
        if pace.is_due():
            told.append(second)
        clock(1)

    assert told[:4] == [20, 60, 140, 260]
    assert len(told) == 31


def test_little_work_is_silent_and_long_work_is_not(alone, clock, capsys):
    for seconds in (1, 30):
        with Work(3, "samples", "sent", has_bar=False) as work:
            for _ in range(3):
                clock(seconds)
                work.add()

    assert capsys.readouterr().out == "1 of 3 samples sent\n"


@pytest.mark.parametrize("progress", [True, False])
def test_whether_there_is_a_bar(alone, capsys, progress):
    with Work(2, "tasks", "read", progress=progress, has_bar=False) as work:
        work.add(2)

    assert ("2/2" in capsys.readouterr().out) == progress


def test_a_function_in_place_of_a_bar(alone):
    found = []

    def note(bar):
        found.append(bar.iteration)

    with Work(2, "tasks", "read", progress=note) as work:
        work.add()
        work.add()

    assert found == [1, 2]


def test_lines_from_threads_while_there_is_a_bar(alone, capsys):
    """They are above the bar at once, whole and each once."""

    def talk(number):
        for each in range(50):
            tell(f"line {number}-{each}")

    with Work(50, "tasks", "read", progress=True) as work:
        threads = [threading.Thread(target=talk, args=(each,)) for each in range(3)]
        for each in threads:
            each.start()
        for _ in range(50):
            work.add()
        for each in threads:
            each.join(30)
            assert not each.is_alive()
        shown = sys.stdout

    assert shown is not sys.stdout, "the bar does not hold back what is written"
    text = capsys.readouterr().out.replace("\r", "\n")
    lines = [each.strip() for each in text.split("\n") if each.startswith("line ")]
    assert sorted(lines) == sorted(f"line {n}-{e}" for n in range(3) for e in range(50))


def test_media_on_their_way(alone, clock, capsys):
    sending = _Sending(7, 3_000_000_000)
    for _ in range(3):
        clock(50)
        sending.add(1_000_000_000)

    assert capsys.readouterr().out.splitlines() == [
        "Task 7: 1,000 of 3,000 MB of its media sent",
        "Task 7: 2,000 of 3,000 MB of its media sent",
    ]


def test_work_of_the_server(alone, clock, capsys, monkeypatch):
    """It is told how long it takes, ever less often."""
    monkeypatch.setattr(waiting, "pause", clock)
    begin = console.time.monotonic()

    def is_done():
        return True if console.time.monotonic() - begin > 100 else None

    waiting.wait_until(is_done, timeout=1000, work="Building task 7")

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all(each.startswith("Building task 7: ") for each in lines)
    assert all(each.endswith(" s so far") for each in lines)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_child_is_not_held_up_by_a_thread_that_it_lacks():
    code = (
        "import os, threading, fiftyone_cvat.backend\n"
        "from fiftyone_cvat import console\n"
        "held = threading.Event()\n"
        "def hold():\n"
        "    with console._shared.lock:\n"
        "        held.set()\n"
        "        threading.Event().wait()\n"
        "threading.Thread(target=hold, daemon=True).start()\n"
        "held.wait()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    console.write_lines(['from the child'])\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    assert "from the child" in done.stdout
