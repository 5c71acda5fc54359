"""When a request may be sent again, and how long to wait before that.

Nothing here sends, sleeps or knows a server: it decides from what happened.
"""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

__all__ = [
    "FIRST_CONTACT",
    "Attempts",
    "Outcome",
    "RetryPolicy",
    "is_repeatable",
    "outcome_of_answer",
    "retry_after",
]

REPEATABLE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods whose requests, by HTTP's own definition, may be made twice."""

FIRST_CONTACT = 3
"""Attempts at a server that never answered: the address is likely wrong."""

PAGES = 3
"""Attempts where a web page comes in place of the API's answer: no overload."""


class Outcome(Enum):
    """What came of one attempt at a request."""

    ANSWERED = "the server's answer, of whatever status"
    NOT_PROCESSED = "the server has not begun to do it"
    UNCERTAIN = "the server may have done it, and the answer is lost"
    PAGE = "a web page of something between here and the server"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how long to try.

    Attributes:
        attempts: how often to send a request at most, at least 1
        first_delay: seconds before the second attempt, at most
        factor: by how much that grows with each attempt
        longest_delay: seconds that it grows to
        budget: seconds after the first attempt in which another one may begin, and
            the longest wait that a server may ask for, which may end later
    """

    attempts: int = 10
    first_delay: float = 0.5
    factor: float = 2.0
    longest_delay: float = 20.0
    budget: float = 120.0


class Attempts:
    """Counts the attempts at one request, the first of which begins now.

    Args:
        policy: how often and how long to try
    """

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._begun = time.monotonic()
        self._too_long: float | None = None
        self.count = 1

    def next_delay(
        self, asked: float | None = None, limit: int | None = None
    ) -> float | None:
        """Return how long to wait before the next attempt, and count that.

        Without a wish of the server it is a random part of the longest delay of this
        attempt, so that many clients of one server do not come back together. A server
        that says when to come back is never asked sooner.

        Args:
            asked: seconds that the server asked to wait, or None
            limit: how many attempts are enough, if fewer than the policy's

        Returns:
            seconds, or None if it was tried often or long enough, or the server asked
            for more than the policy's budget
        """
        policy = self._policy
        left = self._begun + policy.budget - time.monotonic()
        if self.count >= min(policy.attempts, limit or policy.attempts) or left <= 0:
            return None
        longest = policy.first_delay * policy.factor ** (self.count - 1)
        delay = random.uniform(0, min(longest, policy.longest_delay))  # noqa: S311
        if asked is None:
            delay = min(delay, left)
        elif asked > policy.budget:
            self._too_long = asked
            return None
        else:
            # a little later than asked, and not all at once
            delay = asked + min(delay, policy.first_delay)
        self.count += 1
        return delay

    def __str__(self) -> str:
        words = []
        if self.count > 1:
            seconds = time.monotonic() - self._begun
            within = f" within {seconds:.0f} s" if seconds >= 1 else ""
            words.append(f"tried {self.count} times{within}")
        if self._too_long is not None:
            words.append(
                f"the server asks to wait {self._too_long:.0f} s, longer than the "
                f"{self._policy.budget:.0f} s that are waited: try again after that"
            )
        return "; ".join(words)


def is_repeatable(
    method: str, outcome: Outcome, *, harmless: bool | None = None
) -> bool:
    """Return whether a request may be sent again.

    Args:
        method: the HTTP method
        outcome: what came of the last attempt
        harmless: whether doing this request twice does no harm; None if its method
            tells
    """
    if outcome is Outcome.ANSWERED:
        return False
    if outcome is Outcome.NOT_PROCESSED:
        return True
    return method in REPEATABLE_METHODS if harmless is None else harmless


def outcome_of_answer(status: int, headers: Mapping[str, str]) -> Outcome:
    """Return what an HTTP answer means for the request.

    A 503 without ``Retry-After`` also comes from a proxy that lost its server, so it
    is as uncertain as a 502.

    Args:
        status: the HTTP status
        headers: the answer's headers; names in any case
    """
    if status == 429 or (status == 503 and "retry-after" in headers):  # noqa: PLR2004
        return Outcome.NOT_PROCESSED
    return Outcome.UNCERTAIN if status in (502, 503, 504) else Outcome.ANSWERED


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds a server asks to wait, or None if it does not.

    A date is read by the server's own clock if the answer tells it.

    Args:
        headers: the answer's headers; names in any case
    """
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    until = _timestamp(text)
    if until is None:
        return None
    now = _timestamp(headers.get("date", ""))
    return max(0.0, until - (time.time() if now is None else now))


def _timestamp(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None
