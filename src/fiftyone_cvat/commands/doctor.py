"""``fiftyone-cvat doctor``: what an annotation run needs, and what is wrong with it."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from fiftyone_cvat.commands.options import signing_in

__all__ = ["doctor"]


@signing_in
def doctor(
    server: dict[str, Any],
    backend: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The name of the backend in FiftyOne's configuration."
        ),
    ] = "cvat",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the findings as JSON.")
    ] = False,
) -> None:
    """Check what annotation needs, and say what to do.

    It uses what FiftyOne would use: annotation_config.json and the FIFTYONE_CVAT_*
    variables of the environment; an option goes before either. Nothing is changed on
    the server, and no secret is printed.

    The exit status is 0 if annotation can work, 1 if something is wrong.
    """
    from fiftyone_cvat.doctor import State, diagnose
    from fiftyone_cvat.doctor.printing import print_json, print_lines

    if not server.get("access_token"):
        server.pop("access_token", None)  # the doctor knows what goes before what
    with _without_notices():
        findings = diagnose(backend, **server)
        states = print_json(findings) if as_json else print_lines(findings)
    if State.WRONG in states:
        sys.exit(1)


@contextlib.contextmanager
def _without_notices() -> Iterator[None]:
    """Keep what FiftyOne announces to everybody out of the list of findings."""
    name, logger = "FIFTYONE_LOGGING_LEVEL", logging.getLogger("fiftyone")
    before, level = os.environ.get(name), logger.level
    os.environ.setdefault(name, "ERROR")  # it reads this when it is imported
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
        if before is None:
            del os.environ[name]
