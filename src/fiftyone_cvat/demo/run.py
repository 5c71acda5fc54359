"""The demo from start to end: sandbox, server, round trip, pictures."""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.demo.pictures import load_scenario
from fiftyone_cvat.demo.sandbox import DemoError, sandbox
from fiftyone_cvat.errors import CVATError

if TYPE_CHECKING:
    from fiftyone_cvat.demo.comparison import Outcome
    from fiftyone_cvat.demo.round_trip import RoundTrip

__all__ = ["CASSETTE", "Finished", "recorded_from", "run_demo"]

logger = logging.getLogger(__name__)

CASSETTE = Path(__file__).parent / "session.yaml"

DATABASE_PATIENCE_MS = 30_000
"""It has only just been started."""

Step = Callable[[str], AbstractContextManager[None]]
"""Tells that a piece of work begins, and, when left, that it has ended."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What the demo leaves.

    Attributes:
        outcome: what came of the labels
        files: the pictures that were written, the contact sheet last
        requests: how many recorded requests were made; None without a cassette
    """

    outcome: Outcome
    files: list[Path]
    requests: int | None


def run_demo(
    server: dict[str, Any] | None,
    output: Path,
    step: Step,
    *,
    keep: bool = False,
    cassette: Any = None,
) -> Finished:
    """Run the demo.

    Args:
        server: the values of :class:`~fiftyone_cvat.demo.round_trip.ServerOptions`,
            or None for the recorded server
        output: the folder to write pictures to
        step: tells what happens
        keep: whether to leave the tasks on the server
        cassette: a context manager that records what happens, or None

    Raises:
        CVATError: if something fails; what was sent to the server is deleted then
    """
    warnings.simplefilter("ignore")  # of other packages, and nothing to do about
    if server is None and cassette is None:
        cassette = _recorded_session()
    with _output_folder(output), sandbox(proxies=server is not None):
        with step("Starting FiftyOne with an empty database of its own"):
            from fiftyone_cvat.demo.round_trip import RoundTrip, ServerOptions
            from fiftyone_cvat.workflows.database import open_database

            logging.getLogger("fiftyone").setLevel(logging.ERROR)
            open_database(DATABASE_PATIENCE_MS)
            trip = RoundTrip(load_scenario(), ServerOptions(**(server or {})))
        with cassette or contextlib.nullcontext() as session:
            outcome = _travel(trip, step, keep=keep)
        if session is not None and server is None:
            _check_replay(session)
        with step(f"Drawing before and after into {output}"):
            from fiftyone_cvat.demo.sheets import draw_outcome

            files = draw_outcome(outcome, output)
    return Finished(outcome, files, session.play_count if session else None)


def recorded_from() -> str:
    """Tell which server was recorded, and when."""
    with CASSETTE.open(encoding="utf-8") as file:
        first = file.readline()
    found = dict(re.findall(r"(\w+): '?([\w.-]+)", first))
    return f"CVAT {found['server']}, {found['recorded']}"


def _travel(trip: RoundTrip, step: Step, *, keep: bool) -> Outcome:
    """Go there and back; leave nothing on the server unless it is to be kept."""
    with step("Building datasets of labelled pictures and a video"):
        trip.build()
    try:
        with step("Sending pictures, video and labels to CVAT"):
            trip.send()
        with step("Letting the annotator work on the tasks"):
            trip.edit()
        with step("Loading the labels back into the datasets"):
            outcome = trip.load()
        if keep:
            outcome.task_urls = trip.task_urls
        else:
            with step("Deleting the tasks from CVAT"):
                trip.clean_up()
    except BaseException:
        _clean_up_after_failure(trip)
        raise
    return outcome


def _clean_up_after_failure(trip: RoundTrip) -> None:
    """Delete what is on the server; what failed first is what is told."""
    try:
        trip.clean_up()
    except CVATError as error:
        logger.warning("Tasks of the demo may be left in CVAT: %s", error)


@contextlib.contextmanager
def _output_folder(output: Path) -> Iterator[None]:
    """Have a folder to write to, found out now; take it away if nothing is in it.

    Raises:
        DemoError: if it cannot be made
    """
    missing = [each for each in (output, *output.parents) if not each.exists()]
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoError(f"Cannot write to '{output}': {error.strerror}") from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # the first that is not empty ends it
            for folder in missing:
                folder.rmdir()


def _recorded_session() -> AbstractContextManager[Any]:
    if find_spec("vcr") is None:
        raise DemoError(
            "The demo needs packages that are not installed: run "
            "pip install 'fiftyone-cvat[demo]'"
        )
    from fiftyone_cvat.demo.recorded import use_cassette

    return _played(use_cassette(CASSETTE))


@contextlib.contextmanager
def _played(cassette: AbstractContextManager[Any]) -> Iterator[Any]:
    """Play a cassette, and say plainly which request it does not know."""
    from vcr.errors import CannotOverwriteExistingCassetteException

    try:
        with cassette as session:
            yield session
    except CannotOverwriteExistingCassetteException as error:
        request = error.failed_request
        raise DemoError(
            f"The recorded server does not know {request.method} {request.path} as it "
            "was sent: this version of fiftyone-cvat or of a package below it asks "
            "differently; please report it"
        ) from None


def _check_replay(session: Any) -> None:
    if session.unplayed:
        raise DemoError(
            f"{len(session.unplayed)} recorded requests were not made: "
            f"{', '.join(session.unplayed)}; please report it"
        )
