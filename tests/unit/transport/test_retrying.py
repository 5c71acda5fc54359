"""What may be sent again, and when."""

from __future__ import annotations

import pytest

from fiftyone_cvat.transport import retrying
from fiftyone_cvat.transport.retrying import (
    Attempts,
    Outcome,
    RetryPolicy,
    is_repeatable,
    outcome_of_answer,
    retry_after,
)


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves, and the longest of all random delays."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

        def time(self):
            return self.now

    made = Clock()
    monkeypatch.setattr(retrying, "time", made)
    monkeypatch.setattr(retrying.random, "uniform", lambda low, high: high)
    return made


def test_delays_grow_up_to_the_longest(clock):
    attempts = Attempts(RetryPolicy(attempts=7, first_delay=1, longest_delay=10))

    delays = [attempts.next_delay() for _ in range(7)]

    assert delays == [1, 2, 4, 8, 10, 10, None]
    assert attempts.count == 7


def test_delays_are_random():
    policy = RetryPolicy(attempts=2, first_delay=8)

    delays = [Attempts(policy).next_delay() for _ in range(50)]

    assert len(set(delays)) == 50
    assert min(delays) < 2
    assert 6 < max(delays) <= 8


def test_no_attempt_begins_after_the_budget(clock):
    attempts = Attempts(RetryPolicy(budget=10))
    clock.now += 9.9

    assert attempts.next_delay() == pytest.approx(0.1)
    clock.now += 0.1
    assert attempts.next_delay() is None
    assert str(attempts) == "tried 2 times within 10 s"


@pytest.mark.parametrize(("asked", "delay"), [(0, 0.5), (7, 7.5), (120, 120.5)])
def test_wish_of_the_server(clock, asked, delay):
    attempts = Attempts(RetryPolicy())
    clock.now += 119.9

    assert attempts.next_delay(asked) == delay


def test_wish_that_is_too_long(clock):
    attempts = Attempts(RetryPolicy())

    assert attempts.next_delay(7) == 7.5
    clock.now += 7.5
    assert attempts.next_delay(600) is None
    assert attempts.count == 2
    assert str(attempts) == (
        "tried 2 times within 8 s; the server asks to wait 600 s, longer than the "
        "120 s that are waited: try again after that"
    )


def test_limit_of_one_outcome(clock):
    attempts = Attempts(RetryPolicy())

    assert [attempts.next_delay(limit=2) is None for _ in range(2)] == [False, True]


def test_one_attempt_goes_without_saying(clock):
    assert str(Attempts(RetryPolicy())) == ""


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "PATCH"])
@pytest.mark.parametrize("harmless", [True, False, None])
@pytest.mark.parametrize("outcome", Outcome)
def test_what_is_repeatable(method, outcome, harmless):
    safe = harmless or (harmless is None and method in ("GET", "PUT", "DELETE"))
    expected = {
        Outcome.ANSWERED: False,
        Outcome.NOT_PROCESSED: True,
        Outcome.UNCERTAIN: safe,
        Outcome.PAGE: safe,
    }

    assert is_repeatable(method, outcome, harmless=harmless) is bool(expected[outcome])


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (200, {}, Outcome.ANSWERED),
        (404, {}, Outcome.ANSWERED),
        (500, {}, Outcome.ANSWERED),
        (429, {}, Outcome.NOT_PROCESSED),
        (429, {"retry-after": "1"}, Outcome.NOT_PROCESSED),
        (502, {"retry-after": "1"}, Outcome.UNCERTAIN),
        (503, {}, Outcome.UNCERTAIN),
        (503, {"retry-after": "1"}, Outcome.NOT_PROCESSED),
        (504, {}, Outcome.UNCERTAIN),
    ],
)
def test_outcome_of_an_answer(status, headers, outcome):
    assert outcome_of_answer(status, headers) is outcome


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 7 "}, 7),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-7"}, None),
        ({"retry-after": "Thu, 01 Jan 1970 00:17:00 GMT"}, 20),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
        (
            {
                "retry-after": "Thu, 01 Jan 1970 00:17:00 GMT",
                "date": "Thu, 01 Jan 1970 00:16:55 GMT",
            },
            5,
        ),
    ],
)
def test_retry_after(clock, headers, seconds):
    assert retry_after(headers) == seconds
