"""One workload done by one side, in a process of its own: prints JSON.

Run as ``python -m benchmarks.measure FOLDER WORKLOAD SIDE`` with the server in
CVAT_RECORD_URL, CVAT_RECORD_USERNAME and CVAT_RECORD_PASSWORD.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import sys
from pathlib import Path
from typing import Any

import fiftyone  # noqa: F401  the idle process has it

from benchmarks.check import check_labels, check_server
from benchmarks.growth import GROWTH
from benchmarks.least import Raw, Server, with_ids, with_names
from benchmarks.meter import Traffic, metered
from benchmarks.sides import make_side
from benchmarks.workloads import WORKLOADS, Job


def main() -> None:
    """Measure, check, delete what was created, print."""
    logging.disable(logging.WARNING)
    folder, workload_name, side_name = sys.argv[1:]
    names = ("URL", "USERNAME", "PASSWORD")
    server = Server(*(os.environ[f"CVAT_RECORD_{name}"] for name in names))
    workload = (WORKLOADS | GROWTH)[workload_name]
    job = workload.make(Path(folder) / workload_name.partition(":")[0])
    token = f"benchmark {secrets.token_hex(4)}"
    side = make_side(side_name, server, job, token)
    traffic = Traffic(server.url)
    costs: dict[str, Any] = {}
    try:
        with metered(traffic) as cost:
            side.annotate()
        costs["annotate"] = cost.as_dict()
        _check_and_draw(Raw(server), job, token, side.tolerance)
        if "load" in workload.phases:
            with metered(traffic) as cost:
                loaded = side.load()
            costs["load"] = cost.as_dict()
            check_labels(job, side.labels(loaded), side.tolerance)
    finally:
        raw = Raw(server)
        for task_id in raw.find_tasks(token):
            raw.delete_task(task_id)
    print(json.dumps({name: costs[name] for name in workload.phases}))


def _check_and_draw(raw: Raw, job: Job, token: str, tolerance: Any) -> None:
    """Check what went up, and draw what the workload has drawn by annotators."""
    shapes, tracks = [], []
    task_ids = raw.find_tasks(token)
    if len(task_ids) != len(job.tasks):
        raise AssertionError(f"{len(task_ids)} tasks of {len(job.tasks)}")
    for task_id, part in zip(task_ids, _parts(raw, job, task_ids), strict=True):
        url = f"/tasks/{task_id}/annotations"
        answer = raw.send("GET", url)
        labels = raw.send("GET", "/labels", task_id=task_id, page_size=500)["results"]
        named = with_names(answer, labels, part[0])
        shapes += named["shapes"]
        tracks += named["tracks"]
        drawn = [each for each in job.drawn if each["frame"] in part]
        if drawn or job.drawn_tracks:
            raw.send("PUT", url, with_ids(drawn, job.drawn_tracks, labels, part[0]))
    check_server(job, shapes, tracks, tolerance)


def _parts(raw: Raw, job: Job, task_ids: list[int]) -> list[range]:
    """Return which pictures each task has: the least makes tasks in any order."""
    if len(task_ids) == 1:
        return job.tasks
    parts = {part[0]: part for part in job.tasks}
    first = {path.name: number for number, path in enumerate(job.media)}
    return [
        parts[first[raw.send("GET", f"/tasks/{each}/data/meta")["frames"][0]["name"]]]
        for each in task_ids
    ]


if __name__ == "__main__":
    main()
