"""The least work: raw HTTP on four threads, and the construction of labels."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import urllib3

from benchmarks.workloads import CLASSES, Job, Json

THREADS = 4
GROUP = 54 << 20
"""Bytes of media in one request."""

FORM = {
    "image_quality": "75",
    "use_cache": "true",
    "use_zip_chunks": "true",
    "sorting_method": "predefined",
}


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server is and who signs in."""

    url: str
    username: str
    password: str


class Raw:
    """Requests without any help; safe to use from several threads."""

    def __init__(self, server: Server) -> None:
        self._api = server.url.rstrip("/") + "/api"
        self._pool = urllib3.PoolManager(maxsize=THREADS, retries=False)
        self._headers: dict[str, str] = {}
        who = {"username": server.username, "password": server.password}
        key = self.send("POST", "/auth/login", who)["key"]
        self._headers["Authorization"] = f"Token {key}"

    def send(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """Send JSON and return JSON."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        data = None if body is None else orjson.dumps(body)
        return self.send_bytes(method, path, data, headers, **params)

    def send_bytes(
        self, method: str, path: str, data: Any, headers: dict[str, str], **params: Any
    ) -> Any:
        """Send bytes and return JSON."""
        query = f"?{urlencode(params)}" if params else ""
        answer = self._pool.request(
            method,
            f"{self._api}{path}{query}",
            body=data,
            headers=self._headers | headers,
        )
        if answer.status >= 400:  # noqa: PLR2004
            text = answer.data[:300].decode(errors="replace")
            raise OSError(f"{method} {path} answered {answer.status}: {text}")
        return orjson.loads(answer.data) if answer.data else None

    def delete_task(self, task_id: int) -> None:
        """Delete a task; a server that is still at work on it wants some patience."""
        for _ in range(20):
            try:
                self.send("DELETE", f"/tasks/{task_id}")
            except OSError as error:
                if "404" in str(error):
                    return
                time.sleep(0.3)
            else:
                return
        raise OSError(f"task {task_id} cannot be deleted")

    def find_tasks(self, name: str) -> list[int]:
        """Return the ids of the tasks whose names hold a text, oldest first."""
        found = self.send("GET", "/tasks", search=name, page_size=500)["results"]
        return sorted(each["id"] for each in found if name in each["name"])


class Least:
    """Does a workload with as few requests as the server takes.

    Args:
        raw: what signs the requests
        job: the workload
        name: what the names of the tasks begin with
    """

    def __init__(self, raw: Raw, job: Job, name: str) -> None:
        self._raw, self._job, self._name = raw, job, name
        self.task_ids: list[int] = []

    def annotate(self) -> None:
        """Create the tasks, side by side, with their media and annotations."""
        self.task_ids = _side_by_side(self._task, range(len(self._job.tasks)))

    def answers(self) -> list[tuple[Json, list[Json]]]:
        """Return the annotations and labels of the tasks; ask for what a load needs."""
        return _side_by_side(self._answer, self.task_ids)

    def _answer(self, task_id: int) -> tuple[Json, list[Json]]:
        annotations = self._raw.send("GET", f"/tasks/{task_id}/annotations")
        self._raw.send("GET", f"/tasks/{task_id}/data/meta")
        labels = self._raw.send("GET", "/labels", task_id=task_id, page_size=500)
        return annotations, labels["results"]

    def _task(self, number: int) -> int:
        job = self._job
        spec: Json = {"name": f"{self._name} {number}", "labels": _labels(job)}
        if job.segment_size:
            spec["segment_size"] = job.segment_size
        task_id: int = self._raw.send("POST", "/tasks", spec)["id"]
        labels = self._raw.send("GET", "/labels", task_id=task_id, page_size=500)
        part = job.tasks[number]
        files = job.media if job.frames else [job.media[each] for each in part]
        self._send_media(task_id, files)
        shapes = [each for each in job.shapes if each["frame"] in part]
        if shapes or job.tracks:
            body = with_ids(shapes, job.tracks, labels["results"], part[0])
            self._raw.send("PUT", f"/tasks/{task_id}/annotations", body)
        return task_id

    def _send_media(self, task_id: int, files: list[Path]) -> None:
        path = f"/tasks/{task_id}/data/"
        groups = _groups(files)
        if len(groups) == 1:
            request = self._send_files(path, FORM, groups[0], {})["rq_id"]
        else:
            self._raw.send_bytes("POST", path, None, {"Upload-Start": ""})
            more = {"Upload-Multiple": ""}
            quality = {"image_quality": FORM["image_quality"]}
            _side_by_side(
                lambda own: self._send_files(path, quality, own, more), groups
            )
            body: Json = {"image_quality": 75, "use_cache": True}
            body |= {"sorting_method": "predefined", "use_zip_chunks": True}
            body["upload_file_order"] = [each.name for each in files]
            head = {"Upload-Finish": "", "Content-Type": "application/json"}
            data = json.dumps(body).encode()
            request = self._raw.send_bytes("POST", path, data, head)["rq_id"]
        self._wait(request)

    def _send_files(
        self, path: str, form: dict[str, str], files: list[Path], head: dict[str, str]
    ) -> Any:
        fields: dict[str, Any] = dict(form)
        for number, each in enumerate(files):
            fields[f"client_files[{number}]"] = (each.name, each.read_bytes())
        data, kind = urllib3.encode_multipart_formdata(fields)
        return self._raw.send_bytes("POST", path, data, head | {"Content-Type": kind})

    def _wait(self, request: str) -> None:
        delay = 0.05
        while True:
            answer = self._raw.send("GET", f"/requests/{quote(request, safe='')}")
            if answer["status"] == "finished":
                return
            if answer["status"] == "failed":
                raise OSError(f"the server failed: {answer['message'][-300:]}")
            time.sleep(delay)
            delay = min(delay * 1.4, 0.5)


def with_ids(
    shapes: Iterable[Json], tracks: Iterable[Json], labels: list[Json], first: int
) -> Json:
    """Return a task's annotations as the server takes them.

    Args:
        shapes: shapes with names for ids and positions in the workload
        tracks: tracks, likewise
        labels: the task's labels as the server describes them
        first: the position of the task's first frame
    """
    ids = {each["name"]: each["id"] for each in labels}
    specs = {
        (each["name"], spec["name"]): spec["id"]
        for each in labels
        for spec in each["attributes"]
    }

    def ready(each: Json) -> Json:
        name = each["label_id"]
        values = [
            {"spec_id": specs[name, value["spec_id"]], "value": value["value"]}
            for value in each["attributes"]
        ]
        frame = each["frame"] - first
        return each | {"label_id": ids[name], "frame": frame, "attributes": values}

    return {
        "version": 0,
        "tags": [],
        "shapes": [ready(each) for each in shapes],
        "tracks": [ready(each) for each in tracks],
    }


def with_names(answer: Json, labels: list[Json], first: int) -> Json:
    """Return a task's annotations with names for ids, as a workload has them."""
    names = {each["id"]: each["name"] for each in labels}
    specs = {spec["id"]: spec["name"] for each in labels for spec in each["attributes"]}
    for kind in ("shapes", "tracks"):
        for each in answer[kind]:
            each["label_id"] = names[each["label_id"]]
            each["frame"] += first
            for value in each["attributes"]:
                value["spec_id"] = specs[value["spec_id"]]
    return answer


def _labels(job: Job) -> list[Json]:
    attributes = [
        {
            "name": name,
            "input_type": "select" if values else "text",
            "mutable": True,
            "values": values,
        }
        for name, values in job.attributes.items()
    ]
    return [{"name": name, "attributes": attributes} for name in CLASSES]


def _groups(files: list[Path]) -> list[list[Path]]:
    groups: list[list[Path]] = []
    room = 0
    for each in files:
        size = each.stat().st_size
        if not groups or size > room:
            groups.append([])
            room = GROUP
        groups[-1].append(each)
        room -= size
    return groups


def _side_by_side(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, items))
