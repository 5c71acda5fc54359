"""The command ``fiftyone-cvat``: it parses, calls and prints.

What takes long to import is imported inside of the commands, so that help comes at
once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from fiftyone_cvat.commands.options import AnnoKey, DatasetName
from fiftyone_cvat.commands.plugin import plugin
from fiftyone_cvat.commands.status import status
from fiftyone_cvat.commands.watch import watch

if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = ["app", "main"]

INTERRUPTED = 130
"""The exit status of a program that Ctrl-C has ended."""

CREDENTIALS = ("username", "password", "email", "access_token")
SERVER_OPTIONS = ("organization", "verify_ssl", "ca_bundle", "keep")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command()(status)
app.command()(watch)
app.add_typer(plugin, name="plugin")


def main() -> None:
    """Run the command line; errors of ours are one line, not a traceback."""
    try:
        app()
    except Exception as error:
        from fiftyone_cvat.errors import CVATError

        if not isinstance(error, CVATError):
            raise
        _fail(str(error))


def _fail(words: str, status: int = 1) -> NoReturn:
    line = " ".join(words.split())
    typer.echo(f"{typer.style('Error:', fg='red')} {line}", err=True)
    sys.exit(status)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"fiftyone-cvat {version('fiftyone-cvat')}")
        raise typer.Exit


@app.callback()
def fiftyone_cvat(
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


@app.command()
def demo(
    context: typer.Context,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Use this CVAT server, not the recorded one.",
            show_default=False,
        ),
    ] = None,
    username: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", envvar="FIFTYONE_CVAT_USERNAME", help="Your user name."
        ),
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(
            metavar="PASSWORD",
            envvar="FIFTYONE_CVAT_PASSWORD",
            help="Your password; asked for if it is missing.",
        ),
    ] = None,
    email: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            envvar="FIFTYONE_CVAT_EMAIL",
            help="Your e-mail address, in place of the user name.",
        ),
    ] = None,
    access_token: Annotated[
        str | None,
        typer.Option(
            metavar="TOKEN",
            envvar="FIFTYONE_CVAT_ACCESS_TOKEN",
            help="A personal access token that may write, in place of a password.",
        ),
    ] = None,
    organization: Annotated[
        str | None,
        typer.Option(
            metavar="SLUG", help="Work in this organization (its short name)."
        ),
    ] = None,
    verify_ssl: Annotated[
        bool,
        typer.Option(
            "--verify-ssl/--no-verify-ssl", help="Check the server's certificate."
        ),
    ] = True,
    ca_bundle: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Check the certificate with this CA bundle (PEM).",
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            file_okay=False,
            help="Write the pictures here.",
        ),
    ] = Path("demo-output"),
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the task on the server, to look at.")
    ] = False,
) -> None:
    """Show a round trip: labels go to CVAT, are edited there, and come back.

    Without options this needs no server and no account: it replays a session that was
    recorded from a real CVAT server, on five small pictures that come with the
    package. With `--url` the same happens on that server, in a task that is
    deleted in the end.

    Your own FiftyOne database is not touched, and nothing is written but the pictures
    in the output folder.
    """
    given = {
        name
        for name in (*CREDENTIALS, *SERVER_OPTIONS)
        if _is_on_command_line(context, name)
    }
    if url is None:
        _refuse_without_url(given)
        server = None
    else:
        values = {
            "username": username,
            "password": password,
            "email": email,
            "access_token": access_token,
        }
        server = {
            "url": url,
            "organization": organization,
            "verify_ssl": str(ca_bundle) if ca_bundle and verify_ssl else verify_ssl,
            **_complete(_chosen(values, given)),
        }
    _run_demo(server, output, keep=keep)


@app.command()
def resume(
    dataset: DatasetName,
    anno_key: AnnoKey,
) -> None:
    """Go on with a run that was stopped before all of its tasks were created.

    It works for runs that were begun with `on_failure="keep"`. Finished tasks stay as
    they are. The server is the run's; the credentials are those of FiftyOne's
    configuration, such as `FIFTYONE_CVAT_ACCESS_TOKEN`.
    """
    from fiftyone_cvat.runs.job_status import counted
    from fiftyone_cvat.workflows.results import dataset_of_name
    from fiftyone_cvat.workflows.resumption import resume as resume_run

    results = resume_run(dataset_of_name(dataset), anno_key)
    tasks = counted(len(results.task_ids), "task")
    typer.echo(f"Run '{anno_key}' is complete: {tasks}")


@app.command("import")
def import_(
    dataset: Annotated[
        str, typer.Argument(help="The name of the dataset; a new one is created.")
    ],
    project: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Import all tasks of this project."),
    ] = None,
    task: Annotated[
        list[int] | None,
        typer.Option(metavar="ID", help="Import this task; it may be given again."),
    ] = None,
    job: Annotated[
        list[int] | None,
        typer.Option(metavar="ID", help="Import this job only; likewise."),
    ] = None,
    media: Annotated[
        str | None,
        typer.Option(
            metavar="download|FOLDER",
            help="Download the media, or take them from a folder that is here.",
        ),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASSES=FIELD",
            help='Put labels of classes into a field: "car|truck=vehicles"; or an '
            'attribute of tags, as a scalar: "frame.weather=weather".',
        ),
    ] = None,
    related_slices: Annotated[
        bool,
        typer.Option(
            "--related-slices", help="Make groups of frames and their related images."
        ),
    ] = False,
    anno_key: Annotated[
        str, typer.Option(metavar="KEY", help="The key of the annotation run.")
    ] = "cvat_import",
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="The address of the server.")
    ] = None,
    organization: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Work in this organization.")
    ] = None,
) -> None:
    """Bring labels of tasks that are in CVAT already into a dataset.

    The same command brings later what has changed there. The credentials are those of
    FiftyOne's configuration, such as `FIFTYONE_CVAT_ACCESS_TOKEN`.
    """
    fields = dict(each.partition("=")[::2] for each in field or ())
    if not all(name and classes for classes, name in fields.items()):
        raise typer.BadParameter('--field is written as "CLASSES=FIELD"')
    import fiftyone as fo

    from fiftyone_cvat.runs.job_status import counted
    from fiftyone_cvat.workflows.imports import import_tasks

    is_new = not fo.dataset_exists(dataset)
    samples = (
        fo.Dataset(dataset, persistent=True) if is_new else fo.load_dataset(dataset)
    )
    given: dict[str, Any] = {"url": url, "organization": organization}
    try:
        results = import_tasks(
            samples,
            project=project,
            tasks=task,
            jobs=job,
            media=media,
            fields=fields,
            anno_key=anno_key,
            related_slices=related_slices,
            **{name: value for name, value in given.items() if value is not None},
        )
    except BaseException:
        if is_new and not len(samples):
            samples.delete()
        raise
    for line in results.reconciliation.lines():
        typer.echo(line)
    typer.echo(
        f"Dataset '{dataset}': {counted(len(samples), 'sample')}, run '{anno_key}'"
    )


@app.command()
def attach(
    dataset: DatasetName,
    anno_key: AnnoKey,
    tasks: Annotated[
        list[str],
        typer.Argument(
            metavar="OLD=NEW", help="A task of the run, and the one in its place."
        ),
    ],
    missing: Annotated[
        str | None,
        typer.Option(
            metavar="keep|delete",
            help="What becomes of labels that the new tasks lack.",
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="The server of the new tasks.")
    ] = None,
    organization: Annotated[
        str | None,
        typer.Option(metavar="SLUG", help="The organization of the new tasks."),
    ] = None,
) -> None:
    """Point a run at tasks that were restored, duplicated or moved.

    Frames are matched by name, labels by id or place. If the new tasks lack any,
    they are listed and nothing changes, unless `--missing` says what to do. The
    credentials are those of FiftyOne's configuration, such as
    `FIFTYONE_CVAT_ACCESS_TOKEN`.
    """
    from fiftyone_cvat.workflows.attachment import attach as attach_tasks
    from fiftyone_cvat.workflows.results import dataset_of_name

    task_ids = dict(_pair(each) for each in tasks)
    samples = dataset_of_name(dataset)
    given = {"url": url, "organization": organization}
    where = {name: each for name, each in given.items() if each is not None}
    results = attach_tasks(samples, anno_key, task_ids, missing=missing, **where)
    typer.echo(
        f"Run '{anno_key}' has the tasks {', '.join(map(str, results.task_ids))}"
    )
    for line in results.reconciliation.lines():
        typer.echo(line)


def _pair(text: str) -> tuple[int, int]:
    """Return the two numbers of a text like ``12=34``."""
    old, _, new = text.partition("=")
    if not (old.isdecimal() and new.isdecimal()):
        raise typer.BadParameter(f"'{text}' is not OLD=NEW, such as 12=34")
    return int(old), int(new)


@app.command()
def doctor(
    backend: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The backend's name in FiftyOne's configuration."
        ),
    ] = "cvat",
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Check this CVAT server.")
    ] = None,
    username: Annotated[
        str | None, typer.Option(metavar="NAME", help="Sign in as this user.")
    ] = None,
    password: Annotated[
        str | None, typer.Option(metavar="PASSWORD", help="Sign in with it.")
    ] = None,
    email: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Sign in as the user of this address."),
    ] = None,
    access_token: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", help="Sign in with this access token."),
    ] = None,
    organization: Annotated[
        str | None,
        typer.Option(metavar="SLUG", help="Work in this organization."),
    ] = None,
    verify_ssl: Annotated[
        bool | None,
        typer.Option(
            "--verify-ssl/--no-verify-ssl",
            help="Check the server's certificate.",
            show_default=False,
        ),
    ] = None,
    ca_bundle: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Check the certificate with this CA bundle (PEM)."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the findings as JSON.")
    ] = False,
) -> None:
    """Check what an annotation run needs, and say what to do about what is wrong.

    It uses what FiftyOne would use: `annotation_config.json` and the `FIFTYONE_CVAT_*`
    variables of the environment; an option goes before either. Nothing is changed on
    the server, and no secret is printed.

    The exit status is 0 if an annotation run can work, 1 if something is wrong.
    """
    from fiftyone_cvat.doctor import State, diagnose
    from fiftyone_cvat.doctor.printing import print_json, print_lines

    bundle = str(ca_bundle) if ca_bundle else None
    findings = diagnose(
        backend,
        url=url,
        username=username,
        password=password,
        email=email,
        access_token=access_token,
        organization=organization,
        verify_ssl=verify_ssl if verify_ssl is False else bundle or verify_ssl,
    )
    states = print_json(findings) if as_json else print_lines(findings)
    if State.WRONG in states:
        sys.exit(1)


def _is_on_command_line(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _refuse_without_url(given: set[str]) -> None:
    """Say that an option is about a server, of which there is none."""
    for name in (*CREDENTIALS, *SERVER_OPTIONS):
        if name in given:
            option = name.replace("_", "-")
            raise typer.BadParameter(
                f"--{option} is for a real server: give its address with --url, or "
                f"leave --{option} out to replay the recorded session"
            )


def _chosen(values: Mapping[str, str | None], given: set[str]) -> dict[str, Any]:
    """Return one way to sign in; what the command line tells goes first."""
    by_password = ("username", "email", "password")
    chosen = dict(values)
    if "access_token" in given or (
        values["access_token"] and not given.intersection(by_password)
    ):
        chosen |= dict.fromkeys(by_password)
    else:
        chosen["access_token"] = None
    if "email" in given and "username" not in given:
        chosen["username"] = None
    return chosen


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


def _run_demo(server: dict[str, Any] | None, output: Path, *, keep: bool) -> None:
    from fiftyone_cvat.demo.report import Report
    from fiftyone_cvat.demo.run import recorded_from, run_demo

    report = Report()
    url = server["url"] if server else None
    report.begin(url, recorded_from())
    try:
        finished = run_demo(server, output, report.step, keep=keep)
    except KeyboardInterrupt:
        _fail("interrupted; what the demo had made is deleted again", INTERRUPTED)
    report.finish(finished, output, replayed=server is None)
    if finished.outcome.surprises:
        _fail(f"not all is as it should be: {'; '.join(finished.outcome.surprises)}")
