"""Waiting: for the answer to a request that is sent again, and for work to end.

Every wait has an end, and Ctrl-C ends it at once; what is done after that is bounded
by :func:`within`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from math import inf
from typing import TypeVar

from fiftyone_cvat.console import Pace, tell
from fiftyone_cvat.errors import (
    CertificateError,
    RedirectError,
    RequestTimeoutError,
    UnreachableError,
    WaitTimeoutError,
)
from fiftyone_cvat.transport.responses import Response
from fiftyone_cvat.transport.retrying import (
    FIRST_CONTACT,
    PAGES,
    Attempts,
    Outcome,
    RetryPolicy,
    outcome_of_answer,
    retry_after,
)

__all__ = [
    "pause",
    "poll",
    "send_repeatedly",
    "stoppable",
    "time_left",
    "wait_until",
    "within",
]

logger = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_WAIT = 0.08
WAIT_GROWTH = 1.4
LONGEST_WAIT = 2.0
WORTH_TELLING = 1.0
"""Seconds of a first wait that people are told of."""

_end: ContextVar[float] = ContextVar("_end", default=inf)
_stop: ContextVar[threading.Event | None] = ContextVar("_stop", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Bound all requests and waits of this thread in the block, retries included.

    Args:
        seconds: what they may take, all together; a block around it may allow less
    """
    token = _end.set(min(_end.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _end.reset(token)


@contextmanager
def stoppable(stop: threading.Event | None) -> Iterator[None]:
    """Let another thread end all waits of this one in the block, and new requests.

    Args:
        stop: what the other thread sets; None for a block that nothing ends
    """
    token = _stop.set(stop)
    try:
        yield
    finally:
        _stop.reset(token)


def time_left() -> float:
    """Return how many seconds :func:`within` leaves; infinite outside of it.

    There is none if :func:`stoppable` work is to stop.
    """
    stop = _stop.get()
    if stop is not None and stop.is_set():
        return -inf
    return _end.get() - time.monotonic()


def pause(seconds: float) -> None:
    """Wait some seconds, or until :func:`stoppable` work is to stop."""
    stop = _stop.get()
    if stop is None:
        time.sleep(seconds)
    else:
        stop.wait(seconds)


def send_repeatedly(
    send: Callable[[], Response],
    may_repeat: Callable[[Outcome], bool],
    policy: RetryPolicy,
    *,
    is_known: bool = True,
) -> Response:
    """Send until there is an answer, or it was tried often or long enough.

    Args:
        send: sends the request once
        may_repeat: tells whether it may be sent again after what came of it
        policy: how often and how long to try
        is_known: whether the server ever answered; else its address is likely wrong,
            and no connection, or one that breaks, is a reason to give up soon

    Returns:
        the last answer, with how often and how long it was tried

    Raises:
        UnreachableError: if there was no connection or it broke, at the last attempt
        RequestTimeoutError: if there was no answer in time, at the last attempt
    """
    attempts = Attempts(policy)
    while True:
        asked = limit = None
        result: Response | UnreachableError | RequestTimeoutError
        try:
            result = send()
        except (CertificateError, RedirectError):
            raise
        except (UnreachableError, RequestTimeoutError) as error:
            result = error
            lost = error.may_have_been_processed
            outcome = Outcome.UNCERTAIN if lost else Outcome.NOT_PROCESSED
            limit = None if is_known else FIRST_CONTACT
            why = str(error)
        else:
            outcome = outcome_of_answer(result.status_code, result.headers)
            asked = retry_after(result.headers)
            if outcome is Outcome.ANSWERED and _is_page(result):
                outcome, limit = Outcome.PAGE, PAGES
            why = f"{result.method} {result.url.partition('?')[0]} is answered "
            why += f"{result.status_code} {result.quote(result.reason)}"
        delay = attempts.next_delay(asked, limit) if may_repeat(outcome) else None
        if delay is None or delay >= time_left():
            return _final(result, str(attempts))
        is_long = attempts.count > 2 or delay > policy.longest_delay  # noqa: PLR2004
        level = logging.WARNING if is_long else logging.INFO
        if not is_long and delay < WORTH_TELLING:
            level = logging.DEBUG
        logger.log(level, "%s; trying again in %.1f s", why, delay)
        pause(delay)


def wait_until(ask: Callable[[], T | None], *, timeout: float, work: str) -> T:
    """Ask again and again, ever less often, until there is an answer.

    Args:
        ask: returns None as long as there is no answer
        timeout: seconds to wait at most
        work: what is waited for, for the message

    Returns:
        the first answer that is not None

    Raises:
        WaitTimeoutError: if there is none in time
    """
    pace = Pace()

    def ask_and_tell() -> T | None:
        answer = ask()
        if answer is None and pace.is_due():
            tell(f"{work}: {pace.seconds:.0f} s so far")
        return answer

    answer = poll(ask_and_tell, timeout)
    if answer is None:
        raise WaitTimeoutError(
            f"{work} did not end within {timeout:g} s; the server may be busy: "
            "look at it there, or raise `wait_timeout`"
        )
    return answer


def poll(ask: Callable[[], T | None], seconds: float) -> T | None:
    """Ask until there is an answer, for some seconds at most; once at their end.

    Args:
        ask: returns None as long as there is no answer
        seconds: how long to ask

    Returns:
        the first answer that is not None, or None
    """
    deadline = time.monotonic() + seconds
    delay = FIRST_WAIT
    while (answer := ask()) is None:
        left = min(deadline - time.monotonic(), time_left())
        if left <= 0:
            break
        pause(min(delay, left))
        delay = min(delay * WAIT_GROWTH, LONGEST_WAIT)
    return answer


def _final(
    result: Response | UnreachableError | RequestTimeoutError, tried: str
) -> Response:
    """Return an answer, or raise a failure, with how often and long it was tried."""
    if isinstance(result, Response):
        return replace(result, tried=tried) if tried else result
    if tried:
        result.args = (f"{result} ({tried})",)
    raise result


def _is_page(response: Response) -> bool:
    """Return whether a web page answers in place of the API, which has none."""
    kind = response.headers.get("content-type", "")
    return response.ok and "/api/" in response.url and kind.startswith("text/html")
