"""Who is measured: the built-in integration, this package, and the least work."""

from __future__ import annotations

import importlib
from typing import Any, Protocol

from benchmarks.check import EXACT, ROUNDED, Tolerance
from benchmarks.labels import FIELD, label_schema, labels_by_frame, make_dataset
from benchmarks.least import Least, Raw, Server, with_names
from benchmarks.workloads import Job

KEY = "run"
BACKENDS = {"built-in": "fiftyone.utils.cvat", "package": "fiftyone_cvat.backend"}
SIDES = (*BACKENDS, "least")


class Side(Protocol):
    """One who does a workload; what it takes to begin is done when it is made."""

    tolerance: Tolerance

    def annotate(self) -> None:
        """Send the workload."""

    def load(self) -> Any:
        """Read it back; FiftyOne's merge is no part of that."""

    def labels(self, loaded: Any) -> dict[int, list[Any]]:
        """Return the labels that were loaded by position of their frame."""


class BackendSide:
    """A FiftyOne annotation backend.

    A load ends with what the backend gives to FiftyOne, so that the merge of labels
    into the dataset, which is FiftyOne's own, is left out.

    Args:
        name: ``built-in`` or ``package``
        server: where the server is
        job: the workload
        token: what the names of the tasks begin with
    """

    def __init__(self, name: str, server: Server, job: Job, token: str) -> None:
        module = BACKENDS[name]
        importlib.import_module(module)
        if name == "package":
            importlib.import_module("fiftyone_cvat.api")
        self.tolerance = ROUNDED if name == "built-in" else EXACT
        self._job = job
        self.dataset = make_dataset(job)
        self.credentials = {
            "url": server.url,
            "username": server.username,
            "password": server.password,
        }
        self._options = {
            "backend": "cvat",
            "config_cls": f"{module}.CVATBackendConfig",
            "task_name": token,
            "task_size": job.task_size,
            "segment_size": job.segment_size,
        }

    def annotate(self) -> None:
        """Send the workload, with all that FiftyOne does around it."""
        schema = label_schema(self._job)
        self.dataset.annotate(
            KEY, label_schema=schema, **self._options, **self.credentials
        )

    def load(self) -> Any:
        """Load the run, connect, and download its labels."""
        # a new process has no results in a cache
        results = self.dataset.load_annotation_results(
            KEY, cache=False, **self.credentials
        )
        return results.backend.download_annotations(results)

    def labels(self, loaded: Any) -> dict[int, list[Any]]:
        """Return the labels that were loaded by position of their frame."""
        name = FIELD
        if not self._job.frames:
            position = {each: n for n, each in enumerate(self.dataset.values("id"))}
        else:
            name = f"frames.{FIELD}"
            ids = self.dataset.values("frames.id", unwind=True)
            position = {each: number for number, each in enumerate(ids)}
        found: dict[int, list[Any]] = {}
        for by_sample in loaded.get(name, {}).values():
            for sample_id, own in by_sample.items():
                frames = own if self._job.frames else {sample_id: own}
                for key, by_id in frames.items():
                    found.setdefault(position[key], []).extend(by_id.values())
        return found


class LeastSide:
    """Raw requests, and the construction of labels."""

    tolerance = EXACT

    def __init__(self, server: Server, job: Job, token: str) -> None:
        self._server, self._job, self._token = server, job, token
        self._task_ids: list[int] = []

    def annotate(self) -> None:
        """Sign in and send the workload."""
        least = Least(Raw(self._server), self._job, self._token)
        least.annotate()
        self._task_ids = least.task_ids

    def load(self) -> Any:
        """Sign in, ask for the tasks and construct the labels."""
        least = Least(Raw(self._server), self._job, self._token)
        least.task_ids = self._task_ids
        answers = least.answers()
        found: dict[int, list[Any]] = {}
        for part, (answer, labels) in zip(self._job.tasks, answers, strict=True):
            named = with_names(answer, labels, part[0])
            found |= labels_by_frame(self._job, named["shapes"], named["tracks"])
        return found

    def labels(self, loaded: Any) -> dict[int, list[Any]]:
        """Return what was loaded as it is."""
        found: dict[int, list[Any]] = loaded
        return found


def make_side(name: str, server: Server, job: Job, token: str) -> Side:
    """Return one of :data:`SIDES`."""
    if name == "least":
        return LeastSide(server, job, token)
    return BackendSide(name, server, job, token)
