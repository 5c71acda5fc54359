"""Measure the built-in integration, this package and the least work against a server.

Each workload is done by each side in turn, in processes of their own, and what it did
is checked: what is on the server after an annotate, and which labels a load returns.
A load ends with what the backend gives to FiftyOne: FiftyOne's merge into the dataset
is left out on all sides. ``least`` is raw HTTP on four threads and, for a load, the
construction of the FiftyOne labels.

The server is --url or CVAT_RECORD_URL, with CVAT_RECORD_USERNAME and
CVAT_RECORD_PASSWORD. Without --url, only what needs no server is measured: the
conversions alone and how long a start takes. With --page, what was measured goes to
README.md beside this, too. Exit status 1 says that a target is not met.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.growth import GROWTH
from benchmarks.report import (
    comparison_table,
    conversion_table,
    growth_table,
    headline,
    medians,
    verdict_table,
    workload_table,
)
from benchmarks.targets import (
    START,
    Figures,
    Verdict,
    judge_conversion,
    judge_second_load,
    judge_workload,
)
from benchmarks.workloads import WORKLOADS
from fiftyone_cvat.demo.sandbox import sandbox
from tables import write_table

SIDES = ("built-in", "package", "least")
SECOND_LOAD = "second-load"
"""The workload that only this package has: a load after one task has changed."""

STARTS = 7


def main() -> int:
    """Measure what was asked for and write the tables."""
    options = _options()
    parts: list[str] = []
    tables: dict[str, str] = {}
    verdicts: list[Verdict] = []
    # FiftyOne gets a database of its own; the children inherit it
    with sandbox(proxies=False) as folder:
        if options.url:
            os.environ["CVAT_RECORD_URL"] = options.url
            every = [] if options.growth else [*WORKLOADS, SECOND_LOAD]
            names = options.workload or every
            others = [each for each in names if each != SECOND_LOAD]
            compared: dict[str, Figures] = {}
            for name, figures, judged in _workloads(others, options, folder):
                title = WORKLOADS[name].title
                compared[title] = figures
                parts.append(workload_table(f"{name}: {title}", figures))
                verdicts += judged
            if compared:
                tables["workloads"] = comparison_table(compared)
            if SECOND_LOAD in names:
                tables["second load"] = _second_load(options, folder, verdicts)
                parts.append(tables["second load"])
            if options.growth:
                tables["growth"] = _growth(folder, verdicts)
                parts.append(tables["growth"])
        else:
            rows = _child("benchmarks.offline", str(options.rounds))
            tables["conversions"] = conversion_table(rows)
            parts.append(tables["conversions"])
            verdicts += [judge_conversion(each) for each in rows]
            verdicts += list(_starts())
    head = headline(_server_version(options.url) if options.url else "no server")
    for name, table in tables.items() if options.page else ():
        write_table(name, f"{head}\n\n{table}")
    parts = [head, "", *parts, verdict_table(verdicts)]
    text = "\n".join(parts)
    print(text)
    if options.output:
        options.output.write_text(text)
    return 0 if all(each.met for each in verdicts) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--url", help="the server; without it, only what needs none is measured")
    names = [*WORKLOADS, SECOND_LOAD]
    add("--workload", action="append", choices=names, help="all by default")
    add("--side", action="append", choices=SIDES, help="all by default")
    add("--rounds", type=int, default=3, help="of which the medians are shown")
    add("--tasks", type=int, default=100, help="tasks of second-load")
    add("--images", type=int, default=100, help="images of each of these tasks")
    add("--growth", action="store_true", help="measure the curves, with the package")
    add("--output", type=Path, help="the Markdown file to write")
    add("--page", action="store_true", help="write the tables to README.md, too")
    options = parser.parse_args()
    if options.page and (options.side or {*(options.workload or ())} - {SECOND_LOAD}):
        parser.error("--page is for all workloads with all sides, or for second-load")
    return options


def _workloads(
    names: Sequence[str], options: argparse.Namespace, folder: Path
) -> Iterator[tuple[str, Figures, list[Verdict]]]:
    for name in names:
        sides = options.side or SIDES
        figures = _measure(name, sides, options.rounds, folder)
        tasks = len(WORKLOADS[name].make(folder / "media" / name).tasks)
        yield name, figures, judge_workload(name, figures, tasks)


def _measure(
    name: str, sides: Sequence[str], rounds: int, folder: Path
) -> dict[str, dict[str, dict[str, float]]]:
    """Return the medians of a workload by phase and side."""
    found: dict[str, list[Any]] = {side: [] for side in sides}
    for number in range(rounds):
        for side in sides:
            print(f"{name}: round {number + 1}, {side}", file=sys.stderr)
            media = str(folder / "media")
            found[side].append(_child("benchmarks.measure", media, name, side))
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for side, own in found.items():
        for phase, each in medians(own).items():
            figures.setdefault(phase, {})[side] = each
    return figures


def _second_load(
    options: argparse.Namespace, folder: Path, verdicts: list[Verdict]
) -> str:
    tasks, images = options.tasks, options.images
    numbers = map(str, (tasks, images, options.rounds))
    print(f"{SECOND_LOAD}: {tasks} tasks of {images} images", file=sys.stderr)
    module = "benchmarks.second_load"
    figures: Figures = _child(module, str(folder / "media"), *numbers)
    verdicts += judge_second_load(figures, tasks * images)
    title = f"{tasks} tasks of {images} images, of which one has changed"
    return workload_table(f"{SECOND_LOAD}: {title}", figures)


def _growth(folder: Path, verdicts: list[Verdict]) -> str:
    rows: list[tuple[str, int, Figures]] = []
    for name, workload in GROWTH.items():
        figures = _measure(name, ("package",), 1, folder)
        size = int(name.partition(":")[2])
        rows.append((workload.title, size, figures))
        verdicts += [
            each for each in judge_workload(name, figures, 1) if "memory" in each.what
        ]
    return growth_table(rows)


def _child(module: str, *arguments: str) -> Any:
    """Run a part of this in a process of its own; return what it prints."""
    paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = subprocess.run(  # noqa: S603  our own module
        [sys.executable, "-m", module, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def _starts() -> Iterator[Verdict]:
    """Yield the CPU milliseconds of a start; an import's without Python's own."""
    bare = _milliseconds("pass")
    package = _milliseconds("import fiftyone_cvat")
    yield _start("import fiftyone_cvat", package - bare)
    command = "import sys; sys.argv = ['fiftyone-cvat', '--help']; "
    command += "from fiftyone_cvat.cli import main; main()"
    yield _start("fiftyone-cvat --help", _milliseconds(command))


def _start(what: str, value: float) -> Verdict:
    return Verdict(f"{what}, CPU ms", value, START[what])


def _milliseconds(code: str) -> float:
    """Return the median CPU time that a new process takes for some code."""
    times = []
    for _ in range(STARTS):
        begun = _cpu_of_children()
        subprocess.run(  # noqa: S603  our own code
            [sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True
        )
        times.append((_cpu_of_children() - begun) * 1000)
    return statistics.median(times)


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _server_version(url: str) -> str:
    address = f"{url.rstrip('/')}/api/server/about"
    with urllib.request.urlopen(address) as answer:  # noqa: S310  the user's server
        return f"CVAT {json.load(answer)['version']}"


if __name__ == "__main__":
    sys.exit(main())
