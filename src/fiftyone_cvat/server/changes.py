"""Changes whose answer may be lost: looked up before they are sent again.

A connection can break after the server has done what it was asked to do. A request
that only reads, or that sets what is set already, is simply sent again by the
transport. One that creates something is not: what it may have created is looked for,
so that nothing is there twice and nothing is missing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any, TypeVar

from fiftyone_cvat.console import Work
from fiftyone_cvat.errors import (
    AnswerError,
    CVATError,
    NotFoundError,
    RequestError,
    RequestTimeoutError,
)
from fiftyone_cvat.server.session import Session
from fiftyone_cvat.transport.retrying import Attempts
from fiftyone_cvat.transport.waiting import (
    pause,
    poll,
    stoppable,
    wait_until,
    within,
)

__all__ = ["Changes"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

SETTLING = 1.0
"""Seconds in which the server has done a request whose connection broke."""

FILLING_AFTER_CTRL_C = 0.5
"""The same for one that Ctrl-C has ended: nobody waits longer for it."""

ROLLBACK = 1.2
"""Seconds in which what was created is deleted after Ctrl-C."""

BUSY_TIMEOUT = 30.0
"""Seconds in which an object that the server is at work on must be deletable: CVAT
answers 500 to that until the work is done."""


class Changes(Session):
    """Send what must be done once and only once; delete what may be gone already."""

    def _send_surely(self, send: Callable[[], T], look: Callable[[], T | None]) -> T:
        """Send a request; if its answer is lost, look before it is sent again.

        After a timeout the server may still be at work on it, so it is looked for as
        long as one answer may take.

        Args:
            send: sends the request
            look: returns what the request may have done, None if it did not

        Returns:
            what either of them returns
        """
        attempts = Attempts(self._session.retry)
        lost = False
        while True:
            try:
                return send()
            except CVATError as error:
                lost = lost or error.may_have_been_processed
                if not lost:
                    raise
                found = poll(look, self._seconds_to_settle(error, SETTLING))
                if found is not None:
                    return found
                status = error.status if isinstance(error, RequestError) else 0
                is_answer = status == 500 or isinstance(error, AnswerError)  # noqa: PLR2004
                delay = attempts.next_delay(limit=2 if is_answer else None)
                if delay is None or not error.may_have_been_processed:
                    raise
                logger.warning("%s; it was not done: sending it again", error)
                pause(delay)

    def _seconds_to_settle(self, error: BaseException, settling: float) -> float:
        """Return in how many seconds the server has done what failed, if it does.

        Args:
            error: how it failed
            settling: the seconds if it was not a timeout
        """
        if not isinstance(error, Exception):
            return FILLING_AFTER_CTRL_C
        status = error.status if isinstance(error, RequestError) else 0
        late = isinstance(error, RequestTimeoutError) or status == 504  # noqa: PLR2004
        return self._timeout if late else min(settling, self._timeout)

    def _exists(self, url: str) -> bool:
        """Tell whether there is an object at a URL."""
        try:
            self.get(url, print_error_info=False)
        except NotFoundError:
            return False
        return True

    def _delete_if_exists(self, url: str) -> None:
        """Delete an object; try again while the server is still at work on it."""

        def delete() -> bool | None:
            try:
                self.delete(url, print_error_info=False)
            except NotFoundError:
                return True
            except RequestError as error:
                if error.status < 500:  # noqa: PLR2004
                    raise
                logger.debug("%s is not deleted yet: %s", url, error)
                return None
            return True

        wait_until(delete, timeout=BUSY_TIMEOUT, work=f"Deleting {url}")

    def _delete_each(
        self,
        delete: Callable[[int], None],
        ids: Iterable[int],
        what: str,
        progress: Any,
    ) -> None:
        """Delete objects one after the other.

        Args:
            delete: the documented member that deletes one
            ids: their ids
            what: what they are, in the plural
            progress: whether to render a progress bar, None for FiftyOne's default,
                or a function to call instead
        """
        ids = list(ids)
        has_bar = len(ids) > 1
        with Work(
            len(ids), what, "deleted", progress=progress, has_bar=has_bar
        ) as work:
            for each in ids:
                delete(each)
                work.add()

    @contextmanager
    def _undoing(self, error: BaseException, what: str) -> Iterator[None]:
        """Bound what is undone in the block because of an error.

        After Ctrl-C all such blocks have :data:`ROLLBACK` seconds together.

        Args:
            error: the error; a failure in the block is noted in it
            what: what is undone
        """
        seconds = inf
        if not isinstance(error, Exception):
            end = error.__dict__.setdefault("undone_at", time.monotonic() + ROLLBACK)
            seconds = end - time.monotonic()
        try:
            with within(seconds), stoppable(None):
                yield
        except CVATError as failure:
            error.add_note(f"{what} may be left in CVAT: {failure}")
