"""A stand-in for a CVAT server that keeps tasks and annotations in memory.

It speaks only what a run of images, or of a video, asks for; a test compares the
shape of its answers with recorded ones.
"""

from __future__ import annotations

import json
import re
import urllib.parse
import uuid
from datetime import UTC, datetime
from itertools import count
from typing import Any

from tests.faults.serving import LocalHandler, LocalServer

__all__ = ["StandIn"]

USER = {"id": 1, "username": "admin", "first_name": "", "last_name": ""}
ALWAYS = {
    "/users/self": {**USER, "email": "admin@example.com"},
    "/server/about": {"name": "stand-in", "version": "2.73.0"},
}
"""What is answered the same each time."""

WIDTH, HEIGHT = 32, 24
VIDEO = 12
"""The frames of every video."""


class StandIn(LocalServer):
    """A server that begins with no task.

    Attributes:
        tasks: what it keeps, by the task's id
    """

    def __init__(self) -> None:
        super().__init__(Handler)
        self.tasks: dict[int, dict[str, Any]] = {}
        self.ids = count(1)

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        """Return status and JSON of the answer to a request."""
        url = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(url.query))
        path = urllib.parse.unquote(url.path).rstrip("/").removeprefix("/api")
        with self.lock:
            asked = wanted(query)
            if path == "/tasks":
                if method == "POST":
                    return 201, self.add_task(json.loads(body))
                return page(
                    each["task"]
                    for task_id, each in self.tasks.items()
                    if query.get("name") in (None, each["task"]["name"])
                    and query.get("search", "") in each["task"]["name"]
                    and (asked is None or task_id in asked)
                )
            if path == "/jobs" and asked is not None:
                of_tasks = [
                    self.jobs_of(key)
                    for key, each in self.tasks.items()
                    if key in asked and each["meta"] is not None
                ]
                return page(job for jobs in of_tasks for job in jobs)
            if path in ALWAYS:
                return 200, ALWAYS[path]
            number = re.search(r"(?<=/tasks/)\d+|(?<=target_id=)\d+", path)
            task_id = int(number[0] if number else query.get("task_id", 0))
            record = self.tasks.get(task_id)
            if record is None:
                missing = {"detail": "No Task matches the given query."}
                return (404, missing) if number else page([])
            return self.answer_task(method, path, query, body, task_id)

    def answer_task(  # noqa: C901, PLR0911  one for each of the URLs
        self,
        method: str,
        path: str,
        query: dict[str, str],
        body: bytes,
        task_id: int,
    ) -> tuple[int, Any]:
        record = self.tasks[task_id]
        request = {
            "id": f"action=create&target=task&target_id={task_id}",
            "status": "finished",
            "message": "",
        }
        if path.startswith("/requests"):
            known = record["meta"] is not None
            if path == "/requests":
                return page([request] if known else [])
            return (200, request) if known else (404, {"detail": "Not found."})
        if path == "/labels":
            return page(record["labels"])
        if path == "/jobs":
            return page(self.jobs_of(task_id))
        if path.endswith("/data/meta"):
            return 200, record["meta"]
        if path.endswith("/data"):
            return self.add_data(record, body, request["id"])
        if path.endswith("/annotations"):
            if method == "GET":
                return 200, record["annotations"]
            return self.change(record, method, query, json.loads(body))
        if method == "DELETE":
            del self.tasks[task_id]
            return 204, None
        if method == "PATCH":
            record["task"] |= json.loads(body)
        return 200, record["task"]

    def jobs_of(self, task_id: int) -> list[dict[str, Any]]:
        """Return the jobs of a task that has its media; the first has its number."""
        record = self.tasks[task_id]
        size = record["task"]["size"]
        length = record["segment_size"] or size
        starts = range(0, size, length)
        while len(record["states"]) < len(starts):
            job_id = next(self.ids) if record["states"] else task_id
            record["states"][job_id] = "new"
        return [
            {
                "id": job_id,
                "type": "annotation",
                "task_id": task_id,
                "start_frame": start,
                "stop_frame": min(start + length, size) - 1,
                "stage": "annotation",
                "state": state,
                "assignee": None,
                "updated_date": record["task"]["updated_date"],
            }
            for start, (job_id, state) in zip(
                starts, record["states"].items(), strict=True
            )
        ]

    def add_task(self, given: dict[str, Any]) -> dict[str, Any]:
        task_id = next(self.ids)
        task = {
            "id": task_id,
            "name": given["name"].strip(),
            "owner": USER,
            "created_date": datetime.now(UTC).isoformat(),
            "updated_date": datetime.now(UTC).isoformat(),
            "data": None,
        }
        labels = [
            {
                "id": next(self.ids),
                "name": label["name"],
                "type": label.get("type", "any"),
                **({"svg": label["svg"]} if "svg" in label else {}),
                "sublabels": [
                    {"id": next(self.ids), "name": each["name"]}
                    for each in label.get("sublabels", ())
                ],
                "attributes": [
                    {**each, "id": next(self.ids), "default_value": ""}
                    for each in label["attributes"]
                ],
            }
            for label in given["labels"]
        ]
        empty: dict[str, Any] = {"version": 0, "tags": [], "shapes": [], "tracks": []}
        self.tasks[task_id] = {
            "task": task,
            "labels": labels,
            "meta": None,
            "annotations": empty,
            "segment_size": given.get("segment_size"),
            "states": {},
        }
        return task

    def add_data(
        self, record: dict[str, Any], body: bytes, request_id: str
    ) -> tuple[int, Any]:
        if record["meta"] is not None:
            return 400, ["Adding more data is not supported"]
        names = [each.decode() for each in re.findall(rb'; filename="([^"]*)"', body)]
        size = VIDEO if names[0].endswith(".mp4") else len(names)
        record["task"] |= {"size": size, "data": record["task"]["id"]}
        frames = [{"name": each, "width": WIDTH, "height": HEIGHT} for each in names]
        record["meta"] = {
            "size": size,
            "frames": frames,
            "deleted_frames": [],
            "start_frame": 0,
            "stop_frame": size - 1,
            "frame_filter": "",
            "included_frames": None,
        }
        return 202, {"rq_id": request_id}

    def change(
        self,
        record: dict[str, Any],
        method: str,
        query: dict[str, str],
        given: dict[str, Any],
    ) -> tuple[int, Any]:
        """Replace all annotations, or create, update or delete some."""
        record["task"]["updated_date"] = datetime.now(UTC).isoformat()
        action = "replace" if method == "PUT" else query["action"]
        for kind in ("tags", "shapes", "tracks"):
            stored = [] if action == "replace" else record["annotations"][kind]
            for each in given[kind]:
                if action in ("replace", "create"):
                    stored.append({**each, "id": next(self.ids)})
                    continue
                place = [old["id"] for old in stored].index(each["id"])
                stored[place : place + 1] = [each] if action == "update" else []
            record["annotations"][kind] = stored
        return 200, record["annotations"]


def wanted(query: dict[str, str]) -> list[int] | None:
    """Return the ids that a request's ``filter`` names; None if it has none."""
    rule = json.loads(query.get("filter", "{}"))
    return rule["in"][1] if rule else None


def page(items: Any) -> tuple[int, Any]:
    found = list(items)
    return 200, {"count": len(found), "next": None, "previous": None, "results": found}


class Handler(LocalHandler):
    """Answers in JSON."""

    server: StandIn

    def reply(self, body: bytes) -> None:
        self.server.watch(self.command, self.path, False)
        status, value = self.server.answer(self.command, self.path, body)
        self.server.watch(self.command, self.path, True)
        content = b"" if status == 204 else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.cvat+json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Request-Id", str(uuid.uuid4()))
        self.end_headers()
        self.wfile.write(content)
