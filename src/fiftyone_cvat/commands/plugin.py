"""``fiftyone-cvat plugin``: the App's plugin in FiftyOne's folder of plugins."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typer

__all__ = ["plugin"]

FOLDER = "fiftyone-cvat"
"""What the plugin is called in FiftyOne's folder."""

SOURCE = Path(__file__).parents[1] / "plugin"

plugin = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@plugin.callback()
def about() -> None:
    """Put operators and a panel for CVAT into FiftyOne's App."""


@plugin.command()
def install() -> None:
    """Link the plugin into FiftyOne's folder of plugins, or copy it there.

    The App shows it when it is loaded anew. What is there of another version is
    replaced.
    """
    place = _place()
    found = _version_at(place)
    if found is None and _is_there(place):
        raise _not_ours(place)
    _remove(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.symlink_to(SOURCE, target_is_directory=True)
        how = "linked"
    except OSError:  # of some systems and users no links are taken
        shutil.copytree(SOURCE, place, ignore=shutil.ignore_patterns("__pycache__"))
        how = "copied"
    installed = version("fiftyone-cvat")
    if found is not None and found != installed:
        typer.echo(f"Replaced the plugin of fiftyone-cvat {found}")
    typer.echo(f"Plugin of fiftyone-cvat {installed} {how} into {place}")
    typer.echo("Reload the App: the panel 'CVAT' is behind the '+' beside 'Samples'")


@plugin.command()
def uninstall() -> None:
    """Take the plugin out of FiftyOne's folder of plugins."""
    place = _place()
    if not _is_there(place):
        typer.echo(f"There is no plugin at {place}")
        return
    if _version_at(place) is None:
        raise _not_ours(place)
    _remove(place)
    typer.echo(f"Took the plugin out of {place.parent}")


@plugin.command()
def status() -> None:
    """Tell whether the plugin is there, and of which version.

    The exit status is 0 if it is there and of the version of the package.
    """
    place, installed = _place(), version("fiftyone-cvat")
    found = _version_at(place)
    if found is None:
        typer.echo(
            f"Not installed in {place.parent}: run `fiftyone-cvat plugin install`"
        )
        raise typer.Exit(1)
    how = "linked" if place.is_symlink() else "copied"
    typer.echo(f"Version {found}, {how} into {place}")
    if found != installed:
        typer.echo(
            f"The package is {installed}: run `fiftyone-cvat plugin install` again"
        )
        raise typer.Exit(1)


def _place() -> Path:
    """Return where the plugin belongs."""
    import fiftyone as fo

    return Path(fo.config.plugins_dir) / FOLDER


def _is_there(place: Path) -> bool:
    return place.is_symlink() or place.exists()


def _version_at(place: Path) -> str | None:
    """Return the version of our plugin at a place; None if it is none."""
    import yaml  # type: ignore[import-untyped]

    file = place / "fiftyone.yml"
    if not file.is_file():
        # a link whose package is gone, with its environment
        return "(gone)" if place.is_symlink() else None
    found: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    is_ours = isinstance(found, dict) and found.get("name") == "@fiftyone-cvat/app"
    return str(found.get("version")) if is_ours else None


def _remove(place: Path) -> None:
    if place.is_symlink():
        place.unlink()
    elif place.exists():
        shutil.rmtree(place)


def _not_ours(place: Path) -> Exception:
    from fiftyone_cvat.errors import ConfigurationError

    return ConfigurationError(
        f"{place} is no plugin of fiftyone-cvat: move it away, and try again"
    )
