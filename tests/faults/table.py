"""A small run, disturbed at each of its requests in turn: what is left of it."""

from __future__ import annotations

import json
import tempfile
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fiftyone as fo

from fiftyone_cvat.errors import CVATError
from tests import media
from tests.faults.proxy import FAULTS, Fault, FaultProxy

__all__ = ["Cell", "Table", "to_markdown"]

ID = "{:024x}"
SCHEMA = {
    "boxes": {"type": "detections", "classes": ["cat", "dog"], "attributes": {}},
    "kind": {"type": "classification", "classes": ["indoor", "outdoor"]},
}


@dataclass(frozen=True)
class Cell:
    """What a fault left of a run.

    Attributes:
        request: method and path, numbers left out
        number: the request's number in the run, from 0
        fault: the fault's name
        lost: labels that the dataset lacks
        duplicated: labels that the dataset has too often
        left: tasks that the server has besides the run's own
        stored: whether the server holds what it holds after an undisturbed run
        is_struck: whether the request was asked; polls are not always
        error: what the run was stopped by; then it was done again
    """

    request: str
    number: int
    fault: str
    lost: int
    duplicated: int
    left: int
    stored: bool
    is_struck: bool
    error: str | None = None

    @property
    def is_clean(self) -> bool:
        return self.stored and not (self.lost or self.duplicated or self.left)

    def __str__(self) -> str:
        if not self.is_clean:
            stored = "" if self.stored else ", server differs"
            return (
                f"LOST {self.lost}, TWICE {self.duplicated}, LEFT {self.left}{stored}"
            )
        if not self.is_struck:
            return "not asked"
        return "ok" if self.error is None else "stopped, ok again"


class Table:
    """Runs against a server through a fault proxy.

    Args:
        url: the server's address
        token: an access token
        timeout: seconds for one answer; a delay is longer

    Attributes:
        requests: what an undisturbed run asks for, in order
    """

    def __init__(self, url: str, token: str, timeout: float) -> None:
        self.url, self.token, self.timeout = url, token, timeout
        self.proxy = FaultProxy(url, delay=1.5 * timeout)
        self._folder = tempfile.TemporaryDirectory()
        names = ["a.png", "b.png"]
        self.paths = [str(p) for p in media.make_images(Path(self._folder.name), names)]
        cell, self.labels, self.stored = self._run(-1, "none", Fault("none"))
        self.requests = list(self.proxy.requests)
        assert cell.error is None, cell.error
        assert len(self.labels) == 6, self.labels

    def close(self) -> None:
        self.proxy.close()
        self._folder.cleanup()

    def cells(
        self,
        faults: Iterable[str] = tuple(FAULTS),
        numbers: Iterable[int] | None = None,
    ) -> Iterable[Cell]:
        """Yield the cells of some faults and requests; by default of all."""
        numbers = range(len(self.requests)) if numbers is None else numbers
        for number in numbers:
            for fault in faults:
                yield self._run(number, fault, FAULTS[fault])[0]

    def _run(
        self, number: int, name: str, fault: Fault
    ) -> tuple[Cell, Counter[Any], Counter[Any]]:
        """Send two pictures, edit their labels on the server, load them."""
        dataset = self._dataset()
        title = f"fault {uuid.uuid4().hex}"
        errors: list[str] = []
        chosen = self.requests[number] if number >= 0 else None
        self.proxy.spoil(chosen, fault)
        try:
            results = self._try(lambda: self._send(dataset, title), errors)
            for task_id in results.task_ids:
                self._edit(task_id)
            self._try(lambda: self._load(dataset), errors)
            labels = _labels(dataset)
            stored = sum(map(self._stored, results.task_ids), Counter())
            tasks = self._ask("GET", f"/api/tasks?search={title.replace(' ', '+')}")
            found = {each["id"] for each in tasks["results"]}
            left = len(found ^ set(results.task_ids))
        finally:
            self._clean(title)
            dataset.delete()
        expected = getattr(self, "labels", labels)
        cell = Cell(
            chosen[0] if chosen else "",
            number,
            name,
            (expected - labels).total(),
            (labels - expected).total(),
            left,
            stored == getattr(self, "stored", stored),
            self.proxy.is_struck,
            "; ".join(errors) or None,
        )
        return cell, labels, stored

    def _try(self, act: Any, errors: list[str]) -> Any:
        """Do something; do it again if it was stopped, as a user would."""
        try:
            return act()
        except CVATError as error:
            errors.append(f"{type(error).__name__}: {error}")
            return act()

    def _settings(self) -> dict[str, Any]:
        return {
            "url": self.proxy.url,
            "access_token": self.token,
            "timeout": self.timeout,
        }

    def _send(self, dataset: fo.Dataset, title: str) -> Any:
        assert not dataset.list_annotation_runs()
        return dataset.annotate(
            "run",
            label_schema=SCHEMA,
            task_size=1,
            task_name=title,
            backend="cvat",
            config_cls="fiftyone_cvat.backend.CVATBackendConfig",
            **self._settings(),
        )

    def _load(self, dataset: fo.Dataset) -> None:
        dataset.load_annotations("run", unexpected="keep", **self._settings())

    def _dataset(self) -> fo.Dataset:
        dataset = fo.Dataset()
        numbers = iter(range(1, 10))
        for path in self.paths:
            boxes = []
            for label, x in (("cat", 0.1), ("dog", 0.4)):
                box = fo.Detection(label=label, bounding_box=[x, 0.25, 0.25, 0.25])
                box.id = ID.format(next(numbers))
                boxes.append(box)
            kind = fo.Classification(label="indoor")
            kind.id = ID.format(next(numbers))
            dataset.add_sample(
                fo.Sample(path, boxes=fo.Detections(detections=boxes), kind=kind)
            )
        return dataset

    def _edit(self, task_id: int) -> None:
        """Move the first box, delete the second, add one: 3 labels a picture."""
        path = f"/api/tasks/{task_id}/annotations"
        shapes = sorted(self._ask("GET", path)["shapes"], key=lambda each: each["id"])
        first, second = shapes
        moved = {**first, "points": [value + 1 for value in first["points"]]}
        new = {**first, "attributes": [], "points": [1.0, 2.0, 5.0, 7.0]}
        del new["id"]
        for action, each in (("update", moved), ("delete", second), ("create", new)):
            body = {"version": 0, "tags": [], "shapes": [each], "tracks": []}
            self._ask("PATCH", f"{path}?action={action}", body)

    def _stored(self, task_id: int) -> Counter[Any]:
        found = self._ask("GET", f"/api/tasks/{task_id}/annotations")
        return Counter(
            (kind, each["frame"], tuple(each.get("points", ())))
            for kind in ("tags", "shapes", "tracks")
            for each in found[kind]
        )

    def _clean(self, title: str) -> None:
        tasks = self._ask("GET", f"/api/tasks?search={title.replace(' ', '+')}")
        for each in tasks["results"]:
            self._ask("DELETE", f"/api/tasks/{each['id']}")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the server itself, past the proxy."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            content = answer.read()
        return json.loads(content) if content else None


def _labels(dataset: fo.Dataset) -> Counter[Any]:
    """Count the labels of a dataset; those made on the server have ids of chance."""
    known = {ID.format(number) for number in range(1, 10)}
    found: Counter[Any] = Counter()
    for sample in dataset:
        name = Path(sample.filepath).name
        for each in [*sample.boxes.detections, sample.kind]:
            box = getattr(each, "bounding_box", None) or ()
            box = tuple(round(value, 6) for value in box)
            own = each.id if each.id in known else "new"
            found[name, own, each.label, box] += 1
    return found


def to_markdown(cells: Iterable[Cell]) -> str:
    """Return a table with a line for each request and a column for each fault."""
    lines: dict[tuple[int, str], dict[str, Cell]] = {}
    for each in cells:
        lines.setdefault((each.number, each.request), {})[each.fault] = each
    faults = list(dict.fromkeys(name for line in lines.values() for name in line))
    text = [
        f"| request | {' | '.join(faults)} |",
        f"|---|{'---|' * len(faults)}",
    ]
    for (number, request), line in lines.items():
        words = " | ".join(str(line.get(fault, "")) for fault in faults)
        text.append(f"| {number + 1}. {request} | {words} |")
    return "\n".join(text)
