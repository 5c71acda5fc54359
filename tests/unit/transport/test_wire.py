"""The wire facts: how requests are named, and what is found wrong with an answer."""

from __future__ import annotations

import pytest

from fiftyone_cvat.transport.wire import ANSWERS, endpoint, faults


@pytest.mark.parametrize(
    ("method", "url", "name"),
    [
        ("GET", "http://h/api/tasks/12/data/meta", "GET /api/tasks/{id}/data/meta"),
        ("GET", "https://h/cvat/api/jobs?task_id=3&page=2", "GET /api/jobs"),
        ("GET", "/api/requests/action%3Dcreate%26id%3D3", "GET /api/requests/{id}"),
        ("POST", "http://h/api/tasks/12/data/", "POST /api/tasks/{id}/data"),
        ("PATCH", "http://h/api/tasks/1/data/1_0f", "PATCH /api/tasks/{id}/data/{id}"),
        ("GET", "http://h/api/users/self", "GET /api/users/self"),
    ],
)
def test_endpoint(method, url, name):
    assert endpoint(method, url) == name


@pytest.mark.parametrize(
    ("value", "expected", "found"),
    [
        (1, int, []),
        (1, float, []),
        (1.5, float, []),
        (1.0, int, ["the answer is a number, not a whole number"]),
        (True, int, ["the answer is true or false, not a whole number"]),
        (1, bool, ["the answer is a whole number, not true or false"]),
        (None, str, ["the answer is null, not a text"]),
        (None, (str, None), []),
        (1, (str, None), ["the answer is a whole number, not a text"]),
        ([], [str], []),
        (["a", 1], [str], ["'[]' is a whole number, not a text"]),
        ("a", [str], ["the answer is a text, not a list"]),
        ({"a": 1, "more": 2}, {"a": int}, []),
        ({}, {"a": int, "b?": int}, ["'a' is missing"]),
        ({"b": "1"}, {"b?": int}, ["'b' is a text, not a whole number"]),
        ([], {"a": int}, ["the answer is a list, not an object"]),
        (
            {"a": [{"b": {"c": 1}}, {"b": {}}]},
            {"a": [{"b": ({"c": str}, None)}]},
            ["'a[].b.c' is a whole number, not a text", "'a[].b.c' is missing"],
        ),
    ],
)
def test_faults(value, expected, found):
    assert list(faults(value, expected)) == found


def test_every_answer_is_named_as_its_requests_are():
    for name in ANSWERS:
        method, path = name.split()
        assert endpoint(method, f"http://h{path.replace('{id}', '7')}") == name
