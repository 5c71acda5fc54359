"""What people see of the work: lines on standard output, and how far it is.

FiftyOne configures its own loggers only, so that nobody would see a line of ours below
a warning. Ours gets a handler of its own, which is still where anybody else listens:
who has configured logging sees each line once. Lines go where FiftyOne's go, which is
standard output: a notebook shows standard error as if something were wrong. Commands
whose output is read by programs turn standard output aside while they work.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "Pace",
    "Work",
    "show_lines",
    "tell",
    "tell_counts",
    "work_aside",
    "write_lines",
]

NAME = "fiftyone_cvat"

FIRST = 20.0
"""Seconds after which a line says how far work is of which nothing was seen."""

LONGEST = 120.0
"""Seconds between two such lines at most; they come ever less often."""

SILENT: tuple[type[logging.Handler], ...] = (logging.NullHandler,)
"""Handlers that nobody hears."""

_counts = logging.getLogger(f"{NAME}.counts")


class _Shared:
    """What the threads of this process share: who writes, and which bars are seen."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.bars: list[Any] = []


_shared = _Shared()


def show_lines() -> None:
    """Let our lines be seen, if those of FiftyOne are.

    The level is FiftyOne's, as it is now, unless somebody has set that of our logger.
    """
    theirs, ours = logging.getLogger("fiftyone"), logging.getLogger(NAME)
    shown = [each for each in theirs.handlers if type(each) is logging.StreamHandler]
    if not shown:
        return
    handler = next((each for each in ours.handlers if isinstance(each, _Lines)), None)
    if handler is None:
        handler = _Lines()
        ours.addHandler(handler)
    handler.formatter = shown[0].formatter
    handler.errors_aside = len(shown) > 1  # its `logging_destination` has both
    if ours.level in (logging.NOTSET, handler.level_set):
        handler.level_set = _level(theirs.level)
        ours.setLevel(handler.level_set)


def _level(theirs: int) -> int:
    """Return the level of our logger, which is FiftyOne's.

    Args:
        theirs: the level of its logger; that of its configuration may be higher, if it
            was set after FiftyOne was imported
    """
    import fiftyone as fo

    configured = logging.getLevelNamesMapping().get(str(fo.config.logging_level), 0)
    level = max(theirs, configured)
    root = logging.getLogger()
    if level == logging.INFO and root.handlers and 0 < root.level < level:
        return root.level  # somebody asks for everything of everybody
    return level


class _Lines(logging.Handler):
    """Writes what no other handler gets.

    Attributes:
        level_set: the level that was set because FiftyOne has it
        errors_aside: whether errors go to standard error
    """

    def __init__(self) -> None:
        super().__init__()
        self.level_set = logging.NOTSET
        self.errors_aside = False

    def createLock(self) -> None:  # noqa: N802  the name that Python calls
        """Take the lock of the bars: two would be taken in either order."""
        self.lock = _shared.lock
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew_lock)

    def _renew_lock(self) -> None:
        """Take a new lock: a thread that the child lacks may hold the other one."""
        self.lock = _shared.lock = threading.RLock()
        _shared.bars.clear()

    def emit(self, record: logging.LogRecord) -> None:
        if _others_listen(record.name, record.levelno):
            return
        try:
            is_aside = self.errors_aside and record.levelno >= logging.ERROR
            write_line(self.format(record), aside=is_aside)
        except Exception:  # noqa: BLE001  as the handlers of Python do
            self.handleError(record)


def _others_listen(name: str, level: int) -> bool:
    """Tell whether anybody else handles what a logger gets at a level."""
    logger: logging.Logger | None = logging.getLogger(name)
    while logger is not None:
        for each in logger.handlers:
            if level >= each.level and not isinstance(each, (_Lines, *SILENT)):
                return True
        logger = logger.parent if logger.propagate else None
    return False


def write_line(line: str, *, aside: bool = False) -> None:
    """Write a line to what is standard output now, above a progress bar.

    Characters that it cannot take are written as escapes.

    Args:
        line: the line
        aside: whether to write it to standard error
    """
    with _shared.lock:
        stream = sys.stderr if aside else sys.stdout
        if stream is None:
            return
        try:
            stream.write(f"{line}\n")
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(f"{line.encode(encoding, 'backslashreplace').decode()}\n")
        stream.flush()
        if _shared.bars:
            # it holds back what is written until it is drawn
            _shared.bars[-1].draw(force=True)


def write_lines(lines: Iterable[str]) -> None:
    """Write lines that somebody has asked for, whatever the level is."""
    for each in lines:
        write_line(each)


class _Aside(io.TextIOBase):
    """Standard error as standard output.

    It is none of the streams that handlers have: those that have standard output's are
    set to another while there is a bar, and that of Python's last resort cannot be.
    """

    def write(self, text: str) -> int:
        return sys.stderr.write(text) if sys.stderr else len(text)

    def flush(self) -> None:
        if sys.stderr:
            sys.stderr.flush()

    def isatty(self) -> bool:
        return bool(sys.stderr) and sys.stderr.isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return (sys.stderr and sys.stderr.encoding) or "utf-8"


@contextmanager
def work_aside() -> Iterator[None]:
    """Let lines and bars go to standard error: standard output has the answer.

    The counts of a load are left out, for they are part of the answer.
    """
    was, _counts.disabled = _counts.disabled, True
    try:
        with redirect_stdout(_Aside()):
            yield
    finally:
        _counts.disabled = was


def tell(line: str) -> None:
    """Tell what is going on."""
    logging.getLogger(__name__).info("%s", line)


def tell_counts(line: str) -> None:
    """Tell what came of the labels of a load."""
    _counts.info("%s", line)


class Pace:
    """Tells when it is time to say how far work is: soon at first, then less often."""

    def __init__(self) -> None:
        self._gap = FIRST
        self._begin = time.monotonic()
        self._next = self._begin + FIRST

    @property
    def seconds(self) -> float:
        """How many seconds the work has taken so far."""
        return time.monotonic() - self._begin

    def is_due(self) -> bool:
        """Return whether it is time for a line; then the next one is due later."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._gap = min(2 * self._gap, LONGEST)
        self._next = now + self._gap
        return True


class Work:
    """Shows how far work is: FiftyOne's progress bar, or else a line now and then.

    Args:
        total: how much there is to do
        what: what is counted, in the plural
        done: what has become of those that are done, in one word
        progress: whether to show a bar, None for FiftyOne's default, or a function to
            call instead
        has_bar: whether there may be a bar; not for work that is done at once
    """

    def __init__(
        self,
        total: int,
        what: str,
        done: str,
        *,
        progress: Any = None,
        has_bar: bool = True,
    ) -> None:
        import fiftyone.core.utils as fou

        if progress is None and not has_bar:
            progress = False
        self._bar = fou.ProgressBar(total=total, iters_str=what, progress=progress)
        self._total, self._words = total, f"{what} {done}"
        self._pace = Pace()
        self._done = 0

    def __enter__(self) -> Work:
        with _shared.lock:
            self._bar.__enter__()
            if not self._bar.quiet:
                _shared.bars.append(self._bar)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with _shared.lock:
            if self._bar in _shared.bars:
                _shared.bars.remove(self._bar)
            self._bar.__exit__(kind, error, traceback)

    def add(self, number: int = 1) -> None:
        """Note that some more is done.

        Args:
            number: how much
        """
        self._done += number
        with _shared.lock:
            self._bar.update(number)
        if self._bar.quiet and self._done < self._total and self._pace.is_due():
            tell(f"{self._done:,} of {self._total:,} {self._words}")
