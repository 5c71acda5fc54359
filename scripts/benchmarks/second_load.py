"""A second load after one of many tasks has changed: prints JSON.

Run as ``python -m benchmarks.second_load FOLDER TASKS IMAGES ROUNDS`` with the server
in CVAT_RECORD_URL, CVAT_RECORD_USERNAME and CVAT_RECORD_PASSWORD. Each load is one of a
new process, which has no results in a cache and has not signed in, and goes on to the
end of FiftyOne's merge.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import statistics
import sys
from pathlib import Path
from typing import Any

import fiftyone  # noqa: F401  the idle process has it

import fiftyone_cvat
from benchmarks.check import DifferentWorkError
from benchmarks.least import Raw, Server
from benchmarks.media import make_pictures
from benchmarks.meter import Cost, Traffic, metered
from benchmarks.report import COLUMNS
from benchmarks.sides import KEY, BackendSide
from benchmarks.workloads import Job, Json, rectangles

SIZE = (32, 24)
"""Width and height of the pictures: nobody looks at them."""


def _job(folder: Path, tasks: int, images: int) -> Job:
    return Job(
        media=make_pictures(folder, tasks * images, *SIZE),
        size=SIZE,
        label_type="detections",
        task_size=images,
        shapes=rectangles(tasks * images, 1, SIZE),
    )


def main() -> None:
    """Measure, check, delete what was created, print."""
    logging.disable(logging.WARNING)
    folder, *numbers = sys.argv[1:]
    tasks, images, rounds = map(int, numbers)
    names = ("URL", "USERNAME", "PASSWORD")
    server = Server(*(os.environ[f"CVAT_RECORD_{name}"] for name in names))
    job = _job(Path(folder) / "second-load", tasks, images)
    token = f"benchmark {secrets.token_hex(4)}"
    side = BackendSide("package", server, job, token)
    traffic = Traffic(server.url)
    raw = Raw(server)
    try:
        side.annotate()
        first = _load(side, traffic)
        _check(side, {"kept": tasks * images}, tasks_as_loaded=0)
        changed = raw.find_tasks(token)[tasks // 2]
        seconds = []
        for _ in range(rounds):
            _move_a_box(raw, changed)
            seconds.append(_load(side, traffic))
            counts = {"kept": images - 1, "changed": 1}
            _check(side, counts, tasks_as_loaded=tasks - 1)
    finally:
        for task_id in raw.find_tasks(token):
            raw.delete_task(task_id)
    second = {
        name: statistics.median(getattr(each, name) for each in seconds)
        for name in COLUMNS
    }
    found = {"first load": first.as_dict(), "second load": second}
    print(json.dumps({name: {"package": each} for name, each in found.items()}))


def _load(side: BackendSide, traffic: Traffic) -> Cost:
    """Load the run as a new process does."""
    settings: dict[str, Any] = {"unexpected": "ignore", **side.credentials}
    side.dataset.clear_cache()
    with metered(traffic) as cost:
        fiftyone_cvat.load(side.dataset, KEY, **settings)
    return cost


def _check(side: BackendSide, counts: Json, tasks_as_loaded: int) -> None:
    """Check what a load tells of what it did.

    Raises:
        DifferentWorkError: if it did anything else
    """
    results: Any = side.dataset.load_annotation_results(KEY)
    told = results.reconciliation
    [found] = [told.totals(name) for name in told.counts]
    found = {name: number for name, number in found.items() if number}
    if (found, told.tasks_as_loaded) != (counts, tasks_as_loaded):
        raise DifferentWorkError(f"loaded: {told.lines()}")


def _move_a_box(raw: Raw, task_id: int) -> None:
    url = f"/tasks/{task_id}/annotations"
    shape = raw.send("GET", url)["shapes"][0]
    shape["points"] = [value + 0.1 for value in shape["points"]]
    body = {"version": 0, "tags": [], "shapes": [shape], "tracks": []}
    raw.send("PATCH", url, body, action="update")


if __name__ == "__main__":
    main()
