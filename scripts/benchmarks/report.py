"""The tables, as Markdown."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count
from typing import Any

from benchmarks.targets import Figures, Verdict

COLUMNS = ("wall", "cpu", "memory", "requests", "sent", "received")
HEAD = "wall s, CPU s, memory +MB, requests, MB sent, MB received"


def medians(rounds: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return the median of every figure of several rounds, by phase."""
    return {
        phase: {
            name: statistics.median(each[phase][name] for each in rounds)
            for name in COLUMNS
        }
        for phase in rounds[0]
    }


def headline(server: str) -> str:
    """Say when, on what and with what was measured."""
    day = datetime.now(UTC).date().isoformat()
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("fiftyone-cvat", "fiftyone", "cvat-sdk")
    )
    return (
        f"{day}, {platform.machine()} with {cpu_count()} processors, Python "
        f"{platform.python_version()}, {packages}, {server}"
    )


def workload_table(title: str, figures: Figures) -> str:
    """Return the table of one workload: a row a phase and side, ratios to package."""
    lines = [
        f"### {title}",
        "",
        f"| phase | side | {HEAD} | wall, CPU: times the package |",
    ]
    lines.append("|---|---|---|---|")
    for phase, sides in figures.items():
        package = sides.get("package")
        for side, each in sides.items():
            cells = (
                f"{each['wall']:.2f}, {each['cpu']:.2f}, {each['memory']:.0f}, "
                f"{each['requests']:.0f}, {each['sent']:.2f}, {each['received']:.2f}"
            )
            ratio = ""
            if package and side != "package":
                ratio = ", ".join(
                    f"{each[name] / package[name]:.2f}" for name in ("wall", "cpu")
                )
            lines.append(f"| {phase} | {side} | {cells} | {ratio} |")
    return "\n".join([*lines, ""])


def comparison_table(figures_by_title: Mapping[str, Figures]) -> str:
    """Return the table of all workloads: wall times of the sides, and their ratios."""
    head = (
        "workload",
        "",
        "built-in",
        "this package",
        "least work",
        "times as fast as the built-in",
        "times the least work",
        "CPU, of the built-in's",
    )
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for title, figures in figures_by_title.items():
        for phase, sides in figures.items():
            built_in, own, least = (
                sides[name] for name in ("built-in", "package", "least")
            )
            seconds = (f"{each['wall']:.1f} s" for each in (built_in, own, least))
            ratios = (
                built_in["wall"] / own["wall"],
                own["wall"] / least["wall"],
                own["cpu"] / built_in["cpu"],
            )
            cells = [title, phase, *seconds, *(f"{ratio:.2f}" for ratio in ratios)]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def conversion_table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the table of the conversions: ms for 1,000 objects."""
    lines = ["### Conversions alone, CPU ms for 1,000 objects", ""]
    lines += [
        "| work | measured against | it | package | ratio |",
        "|---|---|---|---|---|",
    ]
    for each in rows:
        other, package = each["other"], each["package"]
        lines.append(
            f"| {each['title']} | {each['other_name']} | {other:.2f} | {package:.2f} | "
            f"{other / package:.2f} |"
        )
    return "\n".join([*lines, ""])


def growth_table(rows: Iterable[tuple[str, int, Figures]]) -> str:
    """Return the curves: time and memory of the package at several sizes."""
    lines = ["### Growth", "", f"| workload | phase | {HEAD} | ms each |"]
    lines.append("|---|---|---|---|")
    for title, size, figures in rows:
        for phase, sides in figures.items():
            each = sides["package"]
            cells = ", ".join(f"{each[name]:.1f}" for name in COLUMNS)
            unit = each["wall"] * 1000 / size
            lines.append(f"| {title} | {phase} | {cells} | {unit:.2f} |")
    return "\n".join([*lines, ""])


def verdict_table(verdicts: Iterable[Verdict]) -> str:
    """Return the table of the targets."""
    lines = ["### Targets", "", "| figure | is | must be | |", "|---|---|---|---|"]
    return "\n".join([*lines, *(each.line() for each in verdicts), ""])
