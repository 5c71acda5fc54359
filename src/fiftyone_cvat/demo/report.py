"""What the demo tells on a terminal, or into a file."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fiftyone_cvat.demo.comparison import Outcome
from fiftyone_cvat.demo.run import Finished

__all__ = ["Report"]

COLORS = {
    "kept": "default",
    "changed": "yellow",
    "added": "green",
    "deleted": "red",
    "unmatched": "magenta",
}


class Report:
    """Tells how far the demo is and what came of it."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        unicode = self._console.encoding.lower().startswith("utf")
        self._tick = "\N{CHECK MARK}" if unicode else "*"
        package = logging.getLogger("fiftyone_cvat")
        package.addHandler(_Warnings(self._console))
        package.setLevel(logging.WARNING)
        package.propagate = False

    def begin(self, url: str | None, recorded: str) -> None:
        """Say what is about to happen.

        Args:
            url: the server's address, or None for the recorded one
            recorded: which server was recorded, and when
        """
        where = f"[bold]{url}[/]" if url else f"a recorded server ({recorded})"
        self._console.print(f"A round trip from FiftyOne to CVAT and back, on {where}.")
        if not url:
            self._console.print("Nothing leaves this machine.")
        self._console.print()

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Say that a piece of work begins, and tick it off when it has ended.

        Args:
            text: what the work is
        """
        started = time.monotonic()
        if self._console.is_terminal:
            with self._console.status(f"{text} ..."):
                yield
        else:
            self._console.print(f"  {text} ...")
            yield
        seconds = time.monotonic() - started
        if self._console.is_terminal:
            line = f"[green]{self._tick}[/] {text} [dim]{seconds:.1f} s[/]"
            self._console.print(line)

    def finish(self, finished: Finished, output: Path, *, replayed: bool) -> None:
        """Show what came of the labels, and where the pictures are.

        Args:
            finished: what the demo left
            output: the folder of the pictures
            replayed: whether the server was the recorded one
        """
        outcome = finished.outcome
        self._console.print()
        self._console.print(_edits(outcome))
        self._console.print()
        self._console.print(_counts(outcome))
        self._console.print()
        if replayed:
            self._console.print(
                f"Replayed {finished.requests} recorded requests: nothing was sent to "
                "a server."
            )
        for url in outcome.task_urls:
            self._console.print(f"A task is at {url}")
        pictures = [path for path in finished.files if path != finished.files[-1]]
        self._console.print(
            f"{len(pictures)} pictures before and after, and all on one:"
        )
        self._console.print(f"  [bold]{output / finished.files[-1].name}[/]")
        if replayed:
            self._console.print("\nThe same on your own server:")
            self._console.print(
                "  fiftyone-cvat demo --url https://cvat.example.com --username you"
            )


class _Warnings(logging.Handler):
    """Prints this package's warnings; its errors are raised, and said then."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.ERROR:
            self._console.print(f"[yellow]![/] {record.getMessage()}", markup=True)


def _edits(outcome: Outcome) -> Table:
    table = Table("The annotator", "in", "came back", box=None, header_style="bold")
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    for edit, words, right in outcome.results:
        shown = words if right else f"[red]{words}[/]"
        table.add_row(edit.words, edit.picture, shown)
    return table


def _counts(outcome: Outcome) -> Table:
    table = Table("Labels", box=None, header_style="bold")
    names = list(COLORS)
    if not any(counts["unmatched"] for counts in outcome.counts.values()):
        names.remove("unmatched")
    for name in names:
        table.add_column(name, justify="right", style=COLORS[name], min_width=8)
    for label_field, counts in outcome.counts.items():
        table.add_row(label_field, *(str(counts[name]) for name in names))
    return table
