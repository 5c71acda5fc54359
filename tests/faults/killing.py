"""A run in a process that is stopped at a chosen point: what is left in the end."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import threading
import urllib.request
import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import fiftyone as fo

from fiftyone_cvat import resume
from fiftyone_cvat.backend import CVATBackend
from fiftyone_cvat.errors import ConfigurationError
from tests import media
from tests.faults.processes import Processes

__all__ = ["Outcome", "Point", "Scene"]

ID = "{:024x}"
MOMENTS = {"requests": ("before", "after"), "writes": ("write", "Ctrl-C")}
NAMES = ["a.png", "b.png", "c.png"]
SCHEMA = {
    "boxes": {
        "type": "detections",
        "classes": ["cat", "dog"],
        "attributes": {"color": {"type": "text"}},
    },
    "kind": {"type": "classification", "classes": ["indoor", "outdoor"]},
}


@dataclass(frozen=True)
class Point:
    """Where a process is stopped: killed, or interrupted.

    Attributes:
        do: ``annotate`` or ``load``
        at: ``before`` or ``after`` a request is done, or before a ``write`` to the
            database; with ``Ctrl-C``, it is interrupted before a write
        number: which one of the call, from 0
    """

    do: str
    at: str
    number: int

    def __str__(self) -> str:
        return f"{self.do}, {self.at} {self.number}"


@dataclass
class Outcome:
    """What a run comes to in the end.

    Attributes:
        tasks: names of the tasks on the server
        stored: the annotations on the server, before they are edited
        labels: the labels in the dataset, after they are loaded
        runs: the annotation runs of the dataset
        is_killed: whether the process was stopped; else it ended before the point
    """

    tasks: list[str]
    stored: Counter[Any]
    labels: Counter[Any]
    runs: list[str]
    is_killed: bool = False

    def differences(self, other: Outcome) -> list[str]:
        """Return what is lost of another outcome, and what is there too often."""
        return [
            f"{name} {what}: {dict(found)}"
            for name in ("stored", "labels")
            for what, found in (
                ("lost", getattr(other, name) - getattr(self, name)),
                ("twice", getattr(self, name) - getattr(other, name)),
            )
            if found
        ] + [
            f"{name}: {getattr(self, name)}"
            for name in ("tasks", "runs")
            if getattr(self, name) != getattr(other, name)
        ]


class Front(Protocol):
    """A server, or what stands in front of one, that can be watched."""

    url: str
    watch: Any


class Scene:
    """Runs in a process of their own against a server.

    Args:
        front: a server, or a proxy
        token: an access token
        processes: starts the processes
        direct_url: the server's own address
        workers: how many tasks are created at the same time

    Attributes:
        undisturbed: what an undisturbed run comes to
        counts: how many requests and writes it takes, by what is done
    """

    def __init__(
        self,
        front: Front,
        token: str,
        processes: Processes,
        direct_url: str,
        workers: int = 1,
    ) -> None:
        self.workers = workers
        self.front, self.token, self.url = front, token, direct_url
        self.processes = processes
        self._folder = tempfile.TemporaryDirectory()
        self.paths = [str(p) for p in media.make_images(Path(self._folder.name), NAMES)]
        self.counts: dict[tuple[str, str], int] = {}
        self.undisturbed = self.run(Point("none", "", 0))

    def close(self) -> None:
        self._folder.cleanup()

    def points(self) -> list[Point]:
        """Return all points at which a process can be killed."""
        return [
            Point(do, at, number)
            for (do, what), count in self.counts.items()
            for at in MOMENTS[what]
            for number in range(count)
        ]

    def run(self, point: Point) -> Outcome:
        """Annotate, edit and load; kill the process at a point, then go on."""
        title = f"kill-{uuid.uuid4().hex}"
        dataset = self._dataset()
        try:
            is_killed = self._do("annotate", dataset, self._arguments(title), point)
            if is_killed and point.do == "annotate":
                self._complete(dataset, title)
            tasks = self.tasks(title)
            stored = self._stored(tasks)
            for each in tasks:
                self._edit(each["id"])
            is_killed |= self._do("load", dataset, self._credentials(), point)
            if is_killed and point.do == "load":
                _as_new_process(dataset)
                dataset.load_annotations(
                    "run", unexpected="keep", **self._credentials()
                )
            _as_new_process(dataset)
            return Outcome(
                [each["name"].replace(title, "title") for each in tasks],
                stored,
                _labels(dataset),
                dataset.list_annotation_runs(),
                is_killed,
            )
        finally:
            for each in self.tasks(title):
                self.ask("DELETE", f"/api/tasks/{each['id']}")
            dataset.delete()

    def _do(
        self, do: str, dataset: fo.Dataset, kwargs: dict[str, Any], point: Point
    ) -> bool:
        """Do something in a process; tell whether it was killed."""
        here = point.do == do
        seen = {"before": 0, "after": 0}
        lock, started = threading.Lock(), threading.Event()
        pids: list[int] = []

        def watch(method: str, path: str, done: bool) -> None:
            at = "after" if done else "before"
            with lock:
                number = seen[at]
                seen[at] += 1
            if here and (at, number) == (point.at, point.number):
                started.wait(10)
                os.kill(pids[0], signal.SIGKILL)
                raise ConnectionAbortedError

        self.front.watch = watch
        before = self.processes.log.read_text()
        is_write = here and point.at in MOMENTS["writes"]
        pid = self.processes.start(
            do,
            dataset.name,
            key="run",
            kwargs=kwargs,
            writes=point.number if is_write else None,
            by=signal.SIGINT if point.at == "Ctrl-C" else signal.SIGKILL,
        )
        pids.append(pid)
        started.set()
        status = self.processes.wait(pid)
        self.front.watch = lambda *args: None
        if status == 0:
            self.counts.setdefault((do, "requests"), seen["before"])
            self.counts.setdefault((do, "writes"), self.processes.count_writes())
        log = self.processes.log.read_text()[len(before) :]
        if point.at == "Ctrl-C" and "KeyboardInterrupt" in log:
            assert status == 1, log
        else:
            assert status in (0, -signal.SIGKILL), log
        return status != 0

    def _complete(self, dataset: fo.Dataset, title: str) -> None:
        """Do what a user does about a run that was stopped."""
        _as_new_process(dataset)
        if "run" in dataset.list_annotation_runs():
            try:
                resume(dataset, "run", **self._credentials())
            except ConfigurationError as error:
                if "is complete" in str(error):
                    return
                assert "begin again" in str(error)  # noqa: PT017
                dataset.delete_annotation_run("run")
            else:
                return
        dataset.annotate("run", backend="cvat", **self._arguments(title))

    def _credentials(self) -> dict[str, Any]:
        return {"url": self.front.url, "access_token": self.token}

    def _arguments(self, title: str) -> dict[str, Any]:
        return {
            **self._credentials(),
            "config_cls": "fiftyone_cvat.backend.CVATBackendConfig",
            "label_schema": SCHEMA,
            "task_size": 1,
            "task_name": title,
            "on_failure": "keep",
            "max_workers": self.workers,
        }

    def _dataset(self) -> fo.Dataset:
        dataset = fo.Dataset()
        numbers = iter(range(1, 10))
        for number, path in enumerate(self.paths):
            boxes = []
            for label, x in (("cat", 0.1), ("dog", 0.125 * number)):
                box = fo.Detection(label=label, bounding_box=[x, 0.25, 0.25, 0.25])
                box.id = ID.format(next(numbers))
                boxes.append(box)
            boxes[0]["color"] = "red"
            kind = fo.Classification(label="indoor")
            kind.id = ID.format(next(numbers))
            dataset.add_sample(
                fo.Sample(path, boxes=fo.Detections(detections=boxes), kind=kind)
            )
        return dataset

    def tasks(self, title: str) -> list[Any]:
        found = self.ask("GET", f"/api/tasks?search={title}")["results"]
        return sorted(found, key=lambda each: each["name"])

    def _stored(self, tasks: list[Any]) -> Counter[Any]:
        found: Counter[Any] = Counter()
        for number, task in enumerate(tasks):
            labels = self.ask("GET", f"/api/labels?task_id={task['id']}")["results"]
            names = {each["id"]: each["name"] for each in labels}
            specs = {
                spec["id"]: spec["name"]
                for each in labels
                for spec in each["attributes"]
            }
            answer = self.ask("GET", f"/api/tasks/{task['id']}/annotations")
            for kind in ("tags", "shapes", "tracks"):
                for each in answer[kind]:
                    attributes = sorted(
                        (specs[a["spec_id"]], a["value"]) for a in each["attributes"]
                    )
                    points = tuple(each.get("points", ()))
                    name = names[each["label_id"]]
                    found[number, kind, name, points, tuple(attributes)] += 1
        return found

    def _edit(self, task_id: int) -> None:
        """Move the first box, delete the second, add one: 3 labels a picture."""
        path = f"/api/tasks/{task_id}/annotations"
        shapes = sorted(self.ask("GET", path)["shapes"], key=lambda each: each["id"])
        first, second = shapes
        moved = {**first, "points": [value + 1 for value in first["points"]]}
        new = {**first, "attributes": [], "points": [1.0, 2.0, 5.0, 7.0]}
        del new["id"]
        for action, each in (("update", moved), ("delete", second), ("create", new)):
            body = {"version": 0, "tags": [], "shapes": [each], "tracks": []}
            self.ask("PATCH", f"{path}?action={action}", body)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the server itself."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            content = answer.read()
        return json.loads(content) if content else None


def _as_new_process(dataset: fo.Dataset) -> None:
    """Forget what this process knows of a dataset and its runs."""
    getattr(dataset, CVATBackend._results_cache_field()).clear()
    dataset.reload()


def _labels(dataset: fo.Dataset) -> Counter[Any]:
    """Count the labels of a dataset as they are stored; new ones have ids of chance."""
    known = {ID.format(number) for number in range(1, 10)}
    found: Counter[Any] = Counter()
    for number, sample in enumerate(dataset._sample_collection.find({})):
        for each in [*sample["boxes"]["detections"], sample["kind"]]:
            name = str(each.pop("_id"))
            content = sorted((key, repr(value)) for key, value in each.items())
            found[number, name if name in known else "new", *content] += 1
    return found
