"""A part of the table fault x request; ``scripts/fault_table.py`` prints all of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from fiftyone_cvat.server import changes, creations
from tests.faults.server import StandIn
from tests.faults.table import Table
from tests.sizes import sized

CHANGES = ["done, then reset", "reset", "done, answer cut", "done, then web page"]
OVERLOAD = {
    "429": sized(small=14, large=7, huge=1),
    "502": sized(small=14, large=7, huge=1),
    "503 Retry-After": sized(small=14, large=14, huge=1),
}
"""Every how many-th request; what is asked to wait takes a second."""


@pytest.fixture(scope="module")
def table():
    server = StandIn()
    made = Table(server.url, "token", timeout=0.6)
    yield made
    made.close()
    server.close()


@pytest.fixture(autouse=True)
def quick_to_settle(monkeypatch):
    """The stand-in does at once what it does; a server may need a while."""
    monkeypatch.setattr(changes, "SETTLING", 0.1)
    monkeypatch.setattr(creations, "FILLING", 0.1)


def assert_clean(cells):
    spoilt = [each for each in cells if str(each) != "ok"]
    assert spoilt == []


def test_changes_are_made_once(table):
    numbers = [
        n for n, each in enumerate(table.requests) if not each[0].startswith("GET")
    ]
    first = numbers[: len(numbers) // 2]

    assert len(first) == 3, table.requests
    assert_clean(table.cells(CHANGES, first))


@pytest.mark.parametrize("fault", OVERLOAD)
def test_requests_meet_overload(table, fault):
    assert_clean(table.cells([fault], range(0, len(table.requests), OVERLOAD[fault])))


def test_a_change_that_is_late(table):
    number = table.requests.index(("POST /api/tasks", 0))

    assert_clean(table.cells(["delay, then done", "done, then delay"], [number]))


def test_a_refusal_leaves_nothing(table):
    number = table.requests.index(("GET /api/tasks/1/data/meta", 0))

    (cell,) = table.cells(["500"], [number])

    assert cell.error
    assert cell.is_clean


def shape(value):
    """Return the keys of what a JSON value holds, at every level."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None


def is_part(own, recorded):
    if isinstance(own, dict):
        return isinstance(recorded, dict) and all(
            key in recorded and is_part(each, recorded[key])
            for key, each in own.items()
        )
    if own and recorded:
        return isinstance(recorded, list) and is_part(own[0], recorded[0])
    return isinstance(own, list) == isinstance(recorded, list) or own is None


EDITS = (
    "test_edits/test_built_in_defect_identity_in_the_last_of_several_tasks_only.yaml"
)
CHANGED = "test_changed_tasks/test_nothing_is_read_of_what_has_not_changed.yaml"
WATCHED = "test_watching/test_once.yaml"
AMONG = "?filter=%7B%22in%22%3A%5B%7B%22var%22%3A%22{}%22%7D%2C%5B{{}}%5D%5D%7D"


@pytest.mark.parametrize(
    ("path", "pattern", "cassette"),
    [
        ("/api/users/self", "/api/users/self", EDITS),
        ("/api/labels?task_id={}", "/api/labels", EDITS),
        ("/api/jobs?task_id={}", "/api/jobs", EDITS),
        ("/api/tasks/{}/data/meta", "/data/meta", EDITS),
        (
            "/api/requests/action=create&target=task&target_id={}",
            "/api/requests/",
            EDITS,
        ),
        ("/api/tasks/{}/annotations", "/annotations", EDITS),
        (f"/api/tasks{AMONG.format('id')}", "/api/tasks?filter", CHANGED),
        (f"/api/jobs{AMONG.format('task_id')}", "/api/jobs?filter", WATCHED),
    ],
)
def test_stand_in_answers_as_recorded(path, pattern, cassette):
    file = Path(__file__).parents[2] / "cassettes" / cassette
    recorded = next(
        each["response"]["body"]["json"]
        for each in yaml.load(file.read_text(), Loader=yaml.CSafeLoader)["interactions"]
        if each["request"]["method"] == "GET" and pattern in each["request"]["uri"]
    )
    server = StandIn()
    try:
        attribute = {"name": "a", "input_type": "text", "mutable": True, "values": []}
        label = {"name": "cat", "attributes": [attribute]}
        task = server.add_task({"name": "task", "labels": [label]})
        server.add_data(server.tasks[task["id"]], b'; filename="a.png"', "id")
        status, answer = server.answer("GET", path.format(task["id"]), b"")
    finally:
        server.close()

    assert status == 200
    assert is_part(shape(answer), shape(recorded)), (answer, recorded)


def test_a_copy_of_an_answer_comes_instead_of_the_next(table):
    numbers = range(0, len(table.requests), sized(small=4, large=1, huge=1))

    assert_clean(table.cells(["done, answer twice, late"], numbers))
