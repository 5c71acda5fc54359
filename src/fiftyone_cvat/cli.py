"""The command ``fiftyone-cvat``: its commands, its version, its errors in one line.

What takes long to import is imported inside of the commands, so that help comes at
once.
"""

from __future__ import annotations

import logging
import sys
from typing import Annotated, NoReturn

import typer

from fiftyone_cvat.commands.attach import attach
from fiftyone_cvat.commands.demo import demo
from fiftyone_cvat.commands.doctor import doctor
from fiftyone_cvat.commands.imports import import_tasks
from fiftyone_cvat.commands.plan import plan
from fiftyone_cvat.commands.plugin import plugin
from fiftyone_cvat.commands.resume import resume
from fiftyone_cvat.commands.status import status
from fiftyone_cvat.commands.watch import watch

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text: options line up, and flags have no type
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for command in (demo, doctor, plan, status, watch, resume, attach):
    app.command()(command)
app.command("import")(import_tasks)
app.add_typer(plugin, name="plugin")


def main() -> None:
    """Run the command line; errors of ours are one line, not a traceback."""
    # of an old release of MongoDB the doctor tells, not each command
    logging.getLogger("fiftyone.core.odm.database").setLevel(logging.ERROR)
    try:
        app()
    except Exception as error:
        from fiftyone_cvat.errors import CVATError

        if isinstance(error, CVATError):
            _fail(str(error))
        if type(error).__module__.partition(".")[0] == "pymongo":
            _fail(f"FiftyOne's database does not answer any more: {error}")
        raise


def _fail(words: str) -> NoReturn:
    line = " ".join(words.split())
    typer.echo(f"{typer.style('Error:', fg='red')} {line}", err=True)
    sys.exit(1)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"fiftyone-cvat {version('fiftyone-cvat')}")
        raise typer.Exit


@app.callback()
def fiftyone_cvat_command(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Annotate FiftyOne datasets in CVAT."""
