"""Work that takes long: done beside the App, which is told how far it is."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from typing import Any

from fiftyone.operators import OperatorConfig

from fiftyone_cvat.plugin.shown import failure_shown, lines_shown

__all__ = ["Tell", "Warnings", "long_work", "work_with_progress"]

TICK = 0.5
"""Seconds between two looks at how far it is."""

Tell = Callable[[str, float | None], None]
"""Is told what is done now, and how much of it, from 0 to 1, if that is known."""


class Warnings(logging.Handler):
    """What this package warns of while it works, for the person who waits.

    Attributes:
        messages: what it has said, in their order
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.messages.append(record.getMessage())

    def __enter__(self) -> Warnings:
        """Begin to listen."""
        logging.getLogger("fiftyone_cvat").addHandler(self)
        return self

    def __exit__(self, *args: object) -> None:
        """Listen no more."""
        logging.getLogger("fiftyone_cvat").removeHandler(self)


def long_work(**texts: str) -> OperatorConfig:
    """Return how the App offers work that takes long: with progress, or delegated.

    Args:
        **texts: the operator's ``name``, ``label``, ``description`` and ``icon``
    """
    return OperatorConfig(
        **texts, dynamic=True, execute_as_generator=True, allow_delegated_execution=True
    )


def work_with_progress(
    ctx: Any,
    label: str,
    work: Callable[[Tell], Any],
    lines: Callable[[Any], list[str]],
    *,
    is_of_dataset: bool = True,
) -> Iterator[Any]:
    """Do work in a thread of its own; yield what the App is to show meanwhile.

    In a delegated operation it is done at once. In the App the work goes on if the page
    is closed.

    Args:
        ctx: the operator's context
        label: what is done, until the work itself says so
        work: is given what to tell its progress to
        lines: makes of its result what the App is to show in the end
        is_of_dataset: whether it changes the dataset, which the App reads anew then

    Raises:
        Exception: what the work has raised, after the App was told
    """
    if ctx.delegated:
        with Warnings():
            work(lambda words, share: ctx.set_progress(progress=share, label=words))
        return
    state: tuple[str, float | None] = (label, None)
    future: Future[Any] = Future()

    def tell(words: str, share: float | None) -> None:
        nonlocal state
        state = (words, share)

    def run() -> None:
        try:
            future.set_result(work(tell))
        except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
            future.set_exception(error)

    with Warnings() as heard:
        began = time.monotonic()
        threading.Thread(target=run, daemon=True).start()
        while not future.done():
            words, share = state
            seconds = time.monotonic() - began
            yield ctx.ops.set_progress(
                label=f"{words} ({seconds:.0f} s)", progress=share
            )
            wait([future], timeout=TICK)
    error = future.exception()
    if error is not None:
        yield ctx.ops.show_output(*failure_shown(error))
        raise error
    yield ctx.ops.show_output(*lines_shown(lines(future.result()), heard.messages))
    if is_of_dataset:
        yield ctx.ops.reload_dataset()
