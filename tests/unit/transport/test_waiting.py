"""Waiting for work to end."""

from __future__ import annotations

import pytest

from fiftyone_cvat.errors import WaitTimeoutError
from fiftyone_cvat.transport import waiting
from fiftyone_cvat.transport.waiting import wait_until


class Clock:
    def __init__(self) -> None:
        self.now, self.slept = 0.0, []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(waiting, "time", made)
    return made


def test_first_answer_ends_the_wait(clock):
    assert wait_until(lambda: 0, timeout=1, work="it") == 0
    assert clock.slept == []


def test_waits_grow(clock):
    answers = iter([None] * 20 + ["done"])

    assert wait_until(lambda: next(answers), timeout=100, work="it") == "done"

    assert clock.slept == sorted(clock.slept)
    assert (clock.slept[0], clock.slept[-1]) == (0.08, 2.0)


def test_wait_ends_in_time(clock):
    with pytest.raises(WaitTimeoutError, match=r"^reading did not end within 5 s"):
        wait_until(lambda: None, timeout=5, work="reading")

    assert clock.now <= 5
