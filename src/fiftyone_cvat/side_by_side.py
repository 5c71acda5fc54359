"""Work on several items at a time, with results in the order of the items."""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any, Generic, TypeVar

from fiftyone_cvat.waiting import stoppable

__all__ = ["side_by_side"]

T = TypeVar("T")
R = TypeVar("R")

STOPPING = 0.3
"""Seconds that work has to stop after Ctrl-C; a request that hangs takes longer."""

LOOKING = 0.2
"""Seconds between looks for Ctrl-C, which does not end a wait on every system."""


@contextmanager
def side_by_side(
    work: Callable[[T], R], items: Iterable[T], workers: int
) -> Iterator[Iterator[R]]:
    """Do work on items in threads, for a block that takes the results in order.

    At most so many items are begun whose results are not taken. An error in the work
    is raised where its result is taken. If the block fails, all work is stopped: its
    next request or wait fails. The block's end waits for that, but after Ctrl-C not
    for requests under way: their threads end later, or with the process.

    Args:
        work: what is done with an item
        items: the items
        workers: how many at a time; with 1, all is done in this thread

    Yields:
        an iterator of the results
    """
    if workers == 1:
        yield map(work, items)
        return
    stop = threading.Event()
    under_way: deque[_Work[Any]] = deque()

    def results() -> Iterator[R]:
        for item in items:
            if len(under_way) == workers:
                yield under_way[0].result()
                under_way.popleft()
            under_way.append(_Work(work, item, stop))
        while under_way:
            yield under_way[0].result()
            under_way.popleft()

    try:
        yield results()
    except BaseException as error:
        stop.set()
        seconds = inf if isinstance(error, Exception) else STOPPING
        end = time.monotonic() + seconds
        for each in under_way:
            each.wait(end)
        raise


class _Work(Generic[R]):
    """Work on one item in a thread of its own, which no process waits for."""

    def __init__(self, work: Callable[[T], R], item: T, stop: threading.Event) -> None:
        self._ended = threading.Event()
        self._result: R
        self._error: BaseException | None = None
        run = contextvars.copy_context().run
        threading.Thread(
            target=run, args=(self._run, work, item, stop), daemon=True
        ).start()

    def _run(self, work: Callable[[T], R], item: T, stop: threading.Event) -> None:
        try:
            with stoppable(stop):
                self._result = work(item)
        except BaseException as error:  # noqa: BLE001  raised where it is awaited
            self._error = error
        finally:
            self._ended.set()

    def wait(self, end: float = inf) -> None:
        """Wait until the work has ended, or a time of the monotonic clock."""
        while not self._ended.is_set() and (left := end - time.monotonic()) > 0:
            self._ended.wait(min(left, LOOKING))

    def result(self) -> R:
        """Wait for the result; raise the error that the work ended with."""
        self.wait()
        if self._error is not None:
            raise self._error
        return self._result
