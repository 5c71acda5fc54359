"""``fiftyone-cvat demo``: a round trip, on the recorded server or on a real one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from fiftyone_cvat.commands.options import BY_PASSWORD, signing_in

__all__ = ["demo"]

INTERRUPTED = 130
"""The exit status of a program that Ctrl-C has ended."""

CREDENTIALS = (*BY_PASSWORD, "access_token")


@signing_in
def demo(
    server: dict[str, Any],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            file_okay=False,
            help="Where pictures go.",
        ),
    ] = Path("demo-output"),
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the tasks on the server, to look at.")
    ] = False,
) -> None:
    """Show a round trip: labels go to CVAT and come back.

    Without options it needs no server and no account: it plays what was recorded from
    a real CVAT server, with pictures and a video that come with the package. With
    --url the same happens on that server, in tasks that are deleted in the end;
    --username and the others are needed then, or FIFTYONE_CVAT_USERNAME and the like.

    Your FiftyOne database is not touched, and nothing is written but the pictures in
    the output folder.
    """
    if "url" not in server:
        given = [name for name, value in server.items() if value != ""]
        _refuse_without_url([*given, *(["keep"] if keep else [])])
        run(None, output, keep=False)
        return
    values = dict.fromkeys(CREDENTIALS) | _from_environment(server) | server
    values["access_token"] = values["access_token"] or None
    run(_complete(values), output, keep=keep)


def run(server: dict[str, Any] | None, output: Path, *, keep: bool) -> None:
    """Run the demo, and print what happens.

    Args:
        server: the server and who signs in, or None for the recorded one
        output: the folder of the pictures
        keep: whether to leave the tasks on the server
    """
    from fiftyone_cvat.demo.report import Report
    from fiftyone_cvat.demo.run import recorded_from, run_demo
    from fiftyone_cvat.demo.sandbox import DemoError

    if server:
        _check(server)
    report = Report()
    report.begin(server["url"] if server else None, recorded_from())
    try:
        finished = run_demo(server, output, report.step, keep=keep)
    except KeyboardInterrupt:
        typer.echo("Interrupted; what the demo had made is deleted again", err=True)
        sys.exit(INTERRUPTED)
    report.finish(finished, output, replayed=server is None)
    if finished.outcome.surprises:
        found = "; ".join(finished.outcome.surprises)
        raise DemoError(f"not all is as it should be: {found}")


def _check(server: dict[str, Any]) -> None:
    """Find out whether the server can be worked with, before anything is started.

    Raises:
        DemoError: if it does not answer, or lets this user not in
    """
    from fiftyone_cvat.demo.sandbox import DemoError
    from fiftyone_cvat.doctor import State
    from fiftyone_cvat.doctor.configuration import Setup
    from fiftyone_cvat.doctor.server import check_server

    setup = Setup(**server | {"url": server["url"].strip().rstrip("/")})
    for finding in check_server(setup):
        if finding.state is State.WRONG:
            advice = f"; {finding.advice}" if finding.advice else ""
            raise DemoError(f"{finding.words}{advice}")
        if finding.name == "organization":
            return


def _refuse_without_url(given: list[str]) -> None:
    """Say that an option is about a server, of which there is none."""
    if given:
        option = given[0].replace("_", "-")
        raise typer.BadParameter(
            f"--{option} is for a real server: give its address with --url, or leave "
            f"--{option} out to play what was recorded"
        )


def _from_environment(server: dict[str, Any]) -> dict[str, str]:
    """Return what the environment says that the command line does not."""
    found = {
        name: os.environ[f"FIFTYONE_CVAT_{name.upper()}"]
        for name in CREDENTIALS
        if os.environ.get(f"FIFTYONE_CVAT_{name.upper()}")
    }
    if server.get("access_token") or (
        "access_token" in found and "access_token" not in server
    ):
        found = {name: each for name, each in found.items() if name not in BY_PASSWORD}
    if "email" in server:
        found.pop("username", None)
    return found


def _complete(values: dict[str, Any]) -> dict[str, Any]:
    """Ask for what is missing to sign in, if somebody is there to be asked."""
    if values["access_token"]:
        return values
    who = values["username"] or values["email"]
    if who and values["password"] is not None:
        return values
    if not sys.stdin or not sys.stdin.isatty():
        missing = "--password" if who else "--username and --password"
        raise typer.BadParameter(
            f"a server needs {missing}, or --access-token; FIFTYONE_CVAT_PASSWORD and "
            "FIFTYONE_CVAT_ACCESS_TOKEN in the environment keep them out of the "
            "command line"
        )
    if not who:
        values["username"] = who = typer.prompt("User name", err=True)
    if values["password"] is None:
        asked = typer.prompt(f"Password of {who}", hide_input=True, err=True)
        values["password"] = asked
    return values
