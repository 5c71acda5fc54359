"""The wire facts: what this package reads of each answer of the server.

One table, checked in two places: the tests hold it against every answer in their
cassettes, and the doctor against the first answers of a server. It says nothing about
values, which are checked while they are read, and nothing about keys that nobody here
reads: a server may send more.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

from fiftyone_cvat.types import Json

__all__ = ["ANSWERS", "endpoint", "faults"]

Shape = Any
"""What is expected of a JSON value: ``bool``, ``int``, ``str``, or ``float`` for any
number; a list of one, which every item fits; a dict of the keys that an object must
have, those that it may lack with a ``?``; a pair of any of these and None if it may be
null."""

_USER = {"id": int, "username": str}
_OWNER = ({"id": int}, None)
_ASSIGNEE = ({"username": str}, None)

_SPEC = {
    "id": int,
    "name": str,
    "input_type": str,
    "mutable": bool,
    "values": [str],
    "default_value?": (str, None),
}
_LABEL = {
    "id": int,
    "name": str,
    "color?": (str, None),
    "type?": (str, None),
    "attributes": [_SPEC],
    "sublabels?": ([{"id": int, "name": str}], None),
    "svg?": (str, None),
}

_ATTRIBUTE = {"spec_id": int, "value": str}
_COMMON = {
    "label_id": int,
    "frame": int,
    "group?": (int, None),
    "source?": (str, None),
    "attributes": [_ATTRIBUTE],
}
_GEOMETRY = {
    "type": str,
    "points": [float],
    "occluded": bool,
    "z_order": int,
    "rotation": float,
}
_TAG = {"id": int, **_COMMON}
_SHAPE = {
    "id": int,
    **_COMMON,
    **_GEOMETRY,
    "elements": [{"label_id": int, "outside": bool, **_GEOMETRY}],
}
_KEY_SHAPE = {
    "frame": int,
    "outside": bool,
    "attributes": [_ATTRIBUTE],
    **_GEOMETRY,
}
_TRACK = {
    "id": int,
    **_COMMON,
    "shapes": [_KEY_SHAPE],
    "elements": [{"label_id": int, "frame": int, "shapes": [_KEY_SHAPE]}],
}
_ANNOTATIONS = {"tags": [_TAG], "shapes": [_SHAPE], "tracks": [_TRACK]}

_CREATED = {"id": int}
_FOUND = {"id": int, "name": str, "owner": _OWNER, "created_date": str}
_TASK = {
    "id": int,
    "name": str,
    "status": str,
    "assignee": _ASSIGNEE,
    "updated_date": str,
    "size?": int,
    "project_id?": (int, None),
    "organization_id?": (int, None),
}
_JOB = {
    "id": int,
    "task_id": int,
    "updated_date?": (str, None),
    "type?": str,
    "start_frame": int,
    "stop_frame": int,
    "stage": str,
    "state": str,
    "assignee": _ASSIGNEE,
    "organization?": (int, None),
    "issues?": {"count?": int},
}
_ISSUE = {
    "id": int,
    "frame": int,
    "job": int,
    "position": [float],
    "resolved": bool,
    "owner": _ASSIGNEE,
    "created_date": (str, None),
    "comments?": {"count?": int},
}
_COMMENT = {
    "id": int,
    "issue": int,
    "owner": _ASSIGNEE,
    "message": str,
    "created_date": str,
}
_META = {
    "size": int,
    "start_frame": int,
    "stop_frame": int,
    "frame_filter?": (str, None),
    "deleted_frames": [int],
    "frames": [
        {"name": str, "width": int, "height": int, "related_files?": (int, None)}
    ],
}
_JOB_META = {
    "frames": [{"width": int, "height": int}],
    "included_frames?": ([int], None),
    "start_frame?": int,
    "frame_filter?": (str, None),
}


def _page(item: Shape) -> Shape:
    return {"next": (str, None), "results": [item]}


ANSWERS: dict[str, Shape] = {
    "GET /api/auth/access_tokens/self": {"read_only": bool, "expiry_date": (str, None)},
    "GET /api/comments": _page(_COMMENT),
    "GET /api/issues": _page(_ISSUE),
    "GET /api/jobs": _page(_JOB),
    "GET /api/jobs/{id}": {"task_id": int, "start_frame": int, "stop_frame": int},
    "GET /api/jobs/{id}/data/meta": _JOB_META,
    "GET /api/labels": _page(_LABEL),
    "GET /api/organizations": _page({"id?": int, "slug": str}),
    "GET /api/projects": _page(_FOUND),
    "GET /api/requests": _page({"id": str}),
    "GET /api/requests/{id}": {
        "status": str,
        "message?": (str, None),
        "result_url?": (str, None),
    },
    "GET /api/server/about": {"version": str},
    "GET /api/tasks": _page(
        {
            **_FOUND,
            "size?": int,
            "updated_date?": str,
            "project_name?": (str, None),
        }
    ),
    "GET /api/tasks/{id}": _TASK,
    "GET /api/jobs/{id}/annotations": _ANNOTATIONS,
    "GET /api/tasks/{id}/annotations": _ANNOTATIONS,
    "GET /api/tasks/{id}/data/meta": _META,
    "GET /api/users": _page(_USER),
    "GET /api/users/self": _USER,
    "PATCH /api/tasks/{id}/annotations": _ANNOTATIONS,
    "POST /api/comments": _CREATED,
    "POST /api/issues": _CREATED,
    "POST /api/projects": _CREATED,
    "POST /api/tasks": _CREATED,
    "POST /api/tasks/{id}/backup/export": {"rq_id": str},
    "POST /api/tasks/{id}/data": {"rq_id": str},
    "PUT /api/tasks/{id}/annotations": _ANNOTATIONS,
}
"""Method and path of a request to what is read of the answer, if it is a success."""

_IDS = re.compile(r"(?<=/requests/)[^/]+|(?<=/data/)(?!meta$)[^/]+|(?<=/)\d+(?=/|$)")


def endpoint(method: str, url: str) -> str:
    """Return method and path of a request, without the ids and names in it.

    Args:
        method: the HTTP method
        url: the full URL; a path before ``/api`` and the query do not count
    """
    path = urllib.parse.urlsplit(url).path
    path = path[max(path.find("/api/"), 0) :].rstrip("/")
    return f"{method} {_IDS.sub('{id}', path)}"


def faults(value: Any, expected: Shape, where: str = "") -> Iterator[str]:
    """Yield what is not as expected, each with its place in the value.

    Args:
        value: any JSON
        expected: what it should be, as in :data:`ANSWERS`
        where: the value's own place
    """
    if isinstance(expected, tuple):
        if value is None:
            return
        expected = expected[0]
    kind = expected if isinstance(expected, type) else type(expected)
    if type(value) is not kind and (type(value), kind) != (int, float):
        place = f"'{where}'" if where else "the answer"
        yield f"{place} is {_NAMES[type(value)]}, not {_NAMES[kind]}"
    elif kind is dict:
        yield from _faults_of_keys(value, expected, f"{where}." if where else "")
    elif kind is list:
        for each in value:
            yield from faults(each, expected[0], f"{where}[]")


def _faults_of_keys(value: Json, expected: Json, prefix: str) -> Iterator[str]:
    for name, each in expected.items():
        key = name.removesuffix("?")
        if key in value:
            yield from faults(value[key], each, f"{prefix}{key}")
        elif key == name:
            yield f"'{prefix}{key}' is missing"


_NAMES: dict[type, str] = {
    bool: "true or false",
    dict: "an object",
    float: "a number",
    int: "a whole number",
    list: "a list",
    str: "a text",
    type(None): "null",
}
