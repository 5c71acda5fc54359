"""Work on several items at a time, with results in their order or as they come."""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from math import inf
from typing import Any, Generic, TypeVar

from fiftyone_cvat.transport.waiting import stoppable

__all__ = ["as_they_end", "begin", "side_by_side"]

T = TypeVar("T")
R = TypeVar("R")

STOPPING = 0.3
"""Seconds that work has to stop after Ctrl-C; a request that hangs takes longer."""

LOOKING = 0.2
"""Seconds between looks for Ctrl-C, which does not end a wait on every system."""


def begin(work: Callable[[], R]) -> Callable[[], R]:
    """Begin work in a thread of its own, which no process waits for.

    Args:
        work: what is done there

    Returns:
        what waits for its result, and raises the error that it ended with
    """
    return _Work(lambda _: work(), None, threading.Event()).result


@contextmanager
def side_by_side(
    work: Callable[[T], R], items: Iterable[T], workers: int
) -> Iterator[Iterator[R]]:
    """Do work on items in threads, for a block that takes the results in order.

    At most so many items are begun whose results are not taken. An error in the work
    is raised where its result is taken. If the block fails, or ends before all results
    are taken, all work is stopped: its next request or wait fails. The block's end
    waits for that, but after Ctrl-C not for requests under way: their threads end
    later, or with the process.

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
    under_way: deque[_Work[Any, Any]] = deque()

    def results() -> Iterator[R]:
        for item in items:
            if len(under_way) == workers:
                yield under_way[0].result()
                under_way.popleft()
            under_way.append(_Work(work, item, stop))
        while under_way:
            yield under_way[0].result()
            under_way.popleft()

    with _stopping(stop, under_way):
        yield results()


@contextmanager
def as_they_end(
    work: Callable[[T], R], items: Iterable[T], workers: int
) -> Iterator[Iterator[tuple[T, R]]]:
    """Do work on items in threads, for a block that takes each result as it comes.

    An error in the work stops all other work, and is raised when that has ended: what
    was done nevertheless comes before. Else it is as :func:`side_by_side`.

    Args:
        work: what is done with an item
        items: the items
        workers: how many at a time; with 1, all is done in this thread, in order

    Yields:
        an iterator of the items with their results
    """
    if workers == 1:
        yield ((item, work(item)) for item in items)
        return
    stop = threading.Event()
    under_way: deque[_Work[Any, Any]] = deque()
    ended: queue.SimpleQueue[_Work[Any, Any]] = queue.SimpleQueue()

    def results() -> Iterator[tuple[T, R]]:
        waiting = iter(items)
        error: BaseException | None = None
        for item in islice(waiting, workers):
            under_way.append(_Work(work, item, stop, ended))
        while under_way:
            each = _next(ended)
            under_way.remove(each)
            if each.error is not None:
                error = error or each.error
                stop.set()
                continue
            if error is None:
                for item in islice(waiting, 1):
                    under_way.append(_Work(work, item, stop, ended))
            result: R = each.result()
            yield each.item, result
        if error is not None:
            raise error

    with _stopping(stop, under_way):
        yield results()


@contextmanager
def _stopping(
    stop: threading.Event, under_way: deque[_Work[Any, Any]]
) -> Iterator[None]:
    """Stop what work is left at the block's end, and wait for that."""
    seconds = inf
    try:
        yield
    except BaseException as error:
        seconds = inf if isinstance(error, Exception) else STOPPING
        raise
    finally:
        stop.set()
        end = time.monotonic() + seconds
        for each in under_way:
            each.wait(end)


def _next(ended: queue.SimpleQueue[_Work[Any, Any]]) -> _Work[Any, Any]:
    """Wait for the next work that ends."""
    while True:
        try:
            return ended.get(timeout=LOOKING)
        except queue.Empty:
            continue


class _Work(Generic[T, R]):
    """Work on one item in a thread of its own, which no process waits for.

    Args:
        work: what is done with the item
        item: the item
        stop: tells the work to stop
        ended: where this is put when the work has ended, if anywhere

    Attributes:
        item: the item
        error: what the work ended with, or None
    """

    def __init__(
        self,
        work: Callable[[T], R],
        item: T,
        stop: threading.Event,
        ended: queue.SimpleQueue[Any] | None = None,
    ) -> None:
        self.item = item
        self.error: BaseException | None = None
        self._work, self._stop, self._queue = work, stop, ended
        self._ended = threading.Event()
        self._result: R
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(self._run,), daemon=True).start()

    def _run(self) -> None:
        try:
            with stoppable(self._stop):
                self._result = self._work(self.item)
        except BaseException as error:  # noqa: BLE001  raised where it is awaited
            self.error = error
        finally:
            self._ended.set()
            if self._queue is not None:
                self._queue.put(self)

    def wait(self, end: float = inf) -> None:
        """Wait until the work has ended, or a time of the monotonic clock."""
        while not self._ended.is_set() and (left := end - time.monotonic()) > 0:
            self._ended.wait(min(left, LOOKING))

    def result(self) -> R:
        """Wait for the result; raise the error that the work ended with."""
        self.wait()
        if self.error is not None:
            raise self.error
        return self._result
