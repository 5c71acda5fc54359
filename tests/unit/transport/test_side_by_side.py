"""Work side by side: order, look-ahead, errors, and how it is stopped."""

from __future__ import annotations

import threading
import time

import pytest

from fiftyone_cvat.transport.side_by_side import as_they_end, side_by_side
from fiftyone_cvat.transport.waiting import pause, poll, stoppable, time_left, within


@pytest.mark.parametrize("workers", [1, 2, 5, 9])
def test_results_come_in_order(workers):
    delays = [0.04, 0.0, 0.02, 0.0, 0.01]

    def work(number):
        time.sleep(delays[number])
        return number

    with side_by_side(work, range(5), workers) as results:
        assert list(results) == [0, 1, 2, 3, 4]


def test_one_at_a_time_is_done_here():
    with side_by_side(lambda _: threading.get_ident(), [1, 2], 1) as results:
        assert set(results) == {threading.get_ident()}


def test_no_more_is_begun_than_is_taken():
    begun = []
    with side_by_side(begun.append, range(9), 3) as results:
        next(results)
        assert begun == [0, 1, 2]
        next(results)
        next(results)
        assert sorted(begun) == [0, 1, 2, 3, 4]
        list(results)
    assert sorted(begun) == list(range(9))


def test_what_nobody_takes_is_stopped_at_the_end():
    ended = []

    def work(number):
        if number:
            pause(60)
        ended.append(number)
        return number

    at = time.monotonic()
    with side_by_side(work, range(3), 3) as results:
        assert next(results) == 0
    assert time.monotonic() - at < 10
    # the block has waited for it
    assert sorted(ended) == [0, 1, 2]


def test_an_error_comes_in_its_place_and_stops_the_rest():
    begun, ended = [], []

    def work(number):
        begun.append(number)
        if number == 1:
            raise ValueError("one")
        if number > 1:
            pause(60)
            ended.append(time_left())
        return number

    at = time.monotonic()
    taken = []
    with (
        pytest.raises(ValueError, match="one"),
        side_by_side(work, range(9), 3) as results,
    ):
        taken.extend(results)
    assert begun == [0, 1, 2, 3]
    assert ended == [-float("inf")] * 2
    assert time.monotonic() - at < 10


@pytest.mark.parametrize("workers", [1, 2, 5, 9])
def test_results_come_as_they_end(workers):
    first = threading.Event()

    def work(number):
        if number == 0 and workers > 1:
            assert first.wait(10)
        if number == 4:
            first.set()
        return number * 2

    with as_they_end(work, range(5), workers) as results:
        found = list(results)

    assert sorted(found) == [(number, number * 2) for number in range(5)]
    assert (found[0] == (0, 0)) == (workers == 1)


def test_what_ends_well_comes_before_the_error():
    begun, both = [], threading.Barrier(2)

    def work(number):
        begun.append(number)
        both.wait(10)
        if number == 0:
            raise ValueError("zero")
        # done already, when the other fails
        time.sleep(0.2)
        return number

    taken = []
    with (
        pytest.raises(ValueError, match="zero"),
        as_they_end(work, range(9), 2) as results,
    ):
        taken.extend(results)
    assert taken == [(1, 1)]
    assert sorted(begun) == [0, 1]


def test_ctrl_c_does_not_wait_for_what_hangs():
    hang = threading.Event()
    at = time.monotonic()
    with (
        pytest.raises(KeyboardInterrupt),
        side_by_side(lambda _: hang.wait(60), range(2), 2),
    ):
        raise KeyboardInterrupt
    assert time.monotonic() - at < 10
    hang.set()


def test_work_has_the_time_of_the_block_around_it():
    with (
        within(5),
        side_by_side(lambda _: time_left(), range(2), 2) as results,
    ):
        assert all(0 < each <= 5 for each in results)


def test_what_is_stopped_neither_waits_nor_asks_again():
    stop = threading.Event()
    stop.set()
    asked = []
    with stoppable(stop):
        assert time_left() == -float("inf")
        pause(60)
        with stoppable(None):
            assert time_left() == float("inf")
        assert poll(lambda: asked.append(1), 60) is None
    assert len(asked) < 3
