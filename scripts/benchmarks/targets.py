"""What every figure must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Phase to side to the medians by name."""

CONNECTING = 2
"""Requests of a sign-in with all that is asked once a load."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A figure and what it may be at most.

    Attributes:
        what: which figure
        value: the figure
        limit: what it may be at most, or at least if ``is_least``
        is_least: whether the limit is a lower one
    """

    what: str
    value: float
    limit: float
    is_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure is as it must be."""
        if self.is_least:
            return self.value >= self.limit
        return self.value <= self.limit

    def line(self) -> str:
        """Return the verdict as a row of a table."""
        sign = "≥" if self.is_least else "≤"
        verdict = "met" if self.met else "**not met**"
        return f"| {self.what} | {self.value:.2f} | {sign} {self.limit:g} | {verdict} |"


ANNOTATE = {
    "small-tasks": 1.25,
    "large-task": 1.15,
    "instances": 1.15,
    "semantic": 1.15,
    "media": 1.15,
    "dense-tracks": 1.15,
}
"""Wall time of annotate, as a multiple of the least work's."""

LOAD = 1.2
"""Wall time of any load, as a multiple of the least work's."""

CPU = {"large-task": 0.25, "dense-tracks": 0.25, "semantic": 0.25, "instances": 0.1}
"""CPU time of annotate, as a fraction of the built-in's."""

MEMORY = {"media": 64.0, "bytes:150": 64.0, "bytes:1400": 64.0}
"""MB by which an annotate may grow the process."""

ONE_TASK = 3
"""Requests of a load for each task that it reads."""

SECOND_LOAD = {"requests": 3.0, "wall": 0.05}
"""What a load after one task of many has changed may cost: requests besides those of
that task, and its wall time as a fraction of the first load's."""

SECOND_LOAD_IMAGES = 10_000
"""From so many images on the wall time is judged: what is done once counts for little
then."""

FASTER = {
    "detections": 5.0,
    "polylines": 5.0,
    "keypoints": 4.0,
    "instances": 15.0,
    "encode": 15.0,
    "decode": 5.0,
    "fill": 10.0,
    "rectangle-tracks": 40.0,
    "polygon-tracks": 30.0,
}
"""How many times as fast as the built-in a conversion must be."""

OF_LABELS = 1.1
"""How long a conversion down may take, as a multiple of constructing the labels."""

START = {"import fiftyone_cvat": 50.0, "fiftyone-cvat --help": 300.0}
"""Milliseconds of CPU time."""


def judge_workload(name: str, figures: Figures, tasks: int) -> list[Verdict]:
    """Judge what a workload cost.

    Args:
        name: the workload
        figures: the medians
        tasks: how many tasks it has
    """
    verdicts = []
    annotate, load = figures.get("annotate", {}), figures.get("load", {})
    package, least = annotate.get("package"), annotate.get("least")
    built_in = annotate.get("built-in")
    if package and least and name in ANNOTATE:
        ratio = package["wall"] / least["wall"]
        what = f"{name}: annotate, wall, times the least work"
        verdicts.append(Verdict(what, ratio, ANNOTATE[name]))
    if package and built_in and name in CPU:
        ratio = package["cpu"] / built_in["cpu"]
        what = f"{name}: annotate, CPU, times the built-in"
        verdicts.append(Verdict(what, ratio, CPU[name]))
    if package and name in MEMORY:
        what = f"{name}: annotate, memory, MB"
        verdicts.append(Verdict(what, package["memory"], MEMORY[name]))
    if "package" in load:
        package, least = load["package"], load.get("least")
        if least:
            ratio = package["wall"] / least["wall"]
            what = f"{name}: load, wall, times the least work"
            verdicts.append(Verdict(what, ratio, LOAD))
        requests = (package["requests"] - CONNECTING) / tasks
        what = f"{name}: load, requests a task besides {CONNECTING} to connect"
        verdicts.append(Verdict(what, requests, 3.0))
    return verdicts


def judge_second_load(figures: Figures, images: int) -> list[Verdict]:
    """Judge what a load has cost after one of many tasks has changed.

    Args:
        figures: the medians of the first load and of the second
        images: how many images the run has
    """
    first, second = (figures[f"{name} load"]["package"] for name in ("first", "second"))
    requests = second["requests"] - ONE_TASK
    what = "second-load: requests besides those of the task that has changed"
    verdicts = [Verdict(what, requests, SECOND_LOAD["requests"])]
    if images >= SECOND_LOAD_IMAGES:
        ratio = second["wall"] / first["wall"]
        what = "second-load: wall, times the first load"
        verdicts.append(Verdict(what, ratio, SECOND_LOAD["wall"]))
    return verdicts


def judge_conversion(row: Mapping[str, Any]) -> Verdict:
    """Judge how long a conversion took."""
    if row["other_name"] == "labels":
        ratio = row["package"] / row["other"]
        what = f"{row['name']}: times the construction of the labels"
        return Verdict(what, ratio, OF_LABELS)
    ratio = row["other"] / row["package"]
    what = f"{row['name']}: times as fast as the built-in"
    return Verdict(what, ratio, FASTER[row["name"]], is_least=True)
