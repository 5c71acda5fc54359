import gc
import threading

import pytest

from fiftyone_cvat.dataset.garbage import collection_paused


@pytest.fixture(autouse=True)
def enabled():
    gc.enable()
    yield
    gc.enable()


def test_collection_is_off_inside_and_on_behind():
    with collection_paused():
        assert not gc.isenabled()
        with collection_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_ends_the_pause():
    with pytest.raises(ZeroDivisionError), collection_paused():
        _ = 1 / 0
    assert gc.isenabled()


def test_what_was_off_stays_off():
    gc.disable()
    with collection_paused():
        pass
    assert not gc.isenabled()


def test_of_pauses_in_several_threads_none_is_for_good():
    entered, leave = threading.Event(), threading.Event()

    def work():
        with collection_paused():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=work)
    with collection_paused():
        thread.start()
        assert entered.wait(10)
    assert gc.isenabled()
    leave.set()
    thread.join()
    assert gc.isenabled()


def test_an_interrupt_while_a_pause_begins_leaves_nothing_off(monkeypatch):
    disable = gc.disable

    def interrupted():
        disable()
        raise KeyboardInterrupt

    monkeypatch.setattr(gc, "disable", interrupted)
    with pytest.raises(KeyboardInterrupt), collection_paused():
        pass
    assert gc.isenabled()
