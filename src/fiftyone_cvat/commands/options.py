"""What several commands have in common: arguments, and who signs in where."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = [
    "AnnoKey",
    "DatasetName",
    "number_of_seconds",
    "signing_in",
]

DatasetName = Annotated[
    str,
    typer.Argument(
        metavar="DATASET", help="The name of the dataset.", show_default=False
    ),
]
AnnoKey = Annotated[
    str,
    typer.Argument(
        metavar="KEY", help="The key of the annotation run.", show_default=False
    ),
]

OPTIONS: Mapping[str, Any] = {
    "url": Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="The address of the CVAT server."),
    ],
    "username": Annotated[
        str | None, typer.Option("--username", metavar="NAME", help="Your user name.")
    ],
    "password": Annotated[
        str | None,
        typer.Option(
            "--password",
            metavar="PASSWORD",
            help="Your password; FIFTYONE_CVAT_PASSWORD keeps it out of the history.",
        ),
    ],
    "email": Annotated[
        str | None,
        typer.Option(
            "--email", metavar="ADDRESS", help="Your e-mail, in place of the user name."
        ),
    ],
    "access_token": Annotated[
        str | None,
        typer.Option(
            "--access-token",
            metavar="TOKEN",
            help="A personal access token, in place of a password.",
        ),
    ],
    "organization": Annotated[
        str | None,
        typer.Option(
            "--organization", metavar="NAME", help="The short name of an organization."
        ),
    ],
    "verify_ssl": Annotated[
        bool | None,
        typer.Option(
            "--verify-ssl/--no-verify-ssl",
            help="Check the certificate of the server.",
            show_default=False,
        ),
    ],
    "ca_bundle": Annotated[
        Path | None,
        typer.Option(
            "--ca-bundle",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Check it with this CA bundle (PEM).",
        ),
    ],
}
"""The options that say where and as whom to sign in, the same for every command."""

BY_PASSWORD = ("username", "email", "password")


def signing_in(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say where and as whom to sign in.

    Args:
        command: a function of the command's own options, and of ``server``: what was
            given of ``url``, ``username``, ``password``, ``email``, ``access_token``,
            ``organization`` and ``verify_ssl``, which may be the path of a CA bundle
    """

    @functools.wraps(command)
    def with_server(**values: Any) -> None:
        given = {name: values.pop(name) for name in OPTIONS}
        command(**values, server=_server(given))

    signature = inspect.signature(command, eval_str=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [
        each.replace(kind=keyword)
        for each in signature.parameters.values()
        if each.name != "server"
    ]
    shared = [
        inspect.Parameter(name, keyword, default=None, annotation=annotation)
        for name, annotation in OPTIONS.items()
    ]
    parameters = [*own, *shared]
    with_server.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    # releases of typer read the one or the other
    with_server.__annotations__ = {each.name: each.annotation for each in parameters}
    del with_server.__wrapped__
    return with_server


def _server(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given, as keywords of the backend.

    Who says on the command line how to sign in does not mean what is configured for
    another way.
    """
    server = {name: value for name, value in given.items() if value is not None}
    bundle = server.pop("ca_bundle", None)
    if bundle and server.get("verify_ssl", True):
        server["verify_ssl"] = str(bundle)
    if "access_token" in server:
        if not server.keys().isdisjoint(BY_PASSWORD):
            raise typer.BadParameter(
                "give --access-token, or --username (or --email) and --password"
            )
    elif not server.keys().isdisjoint(BY_PASSWORD):
        server["access_token"] = ""  # one that is configured would go before them
    return server


def number_of_seconds(value: float | None) -> float | None:
    """Return what an option says, if it is a number.

    Which numbers will do is in the option's ``min`` and ``max``; those of older
    releases of typer let one through that is none.

    Args:
        value: what was given, or None

    Raises:
        BadParameter: if it is no number
    """
    if value is not None and math.isnan(value):
        raise typer.BadParameter("nan is no number of seconds")
    return value
