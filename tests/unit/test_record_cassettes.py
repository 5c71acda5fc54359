"""The script that records anew: what it takes for a change, and what it does then."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from tests.scripts import loaded

ROOT = Path(__file__).parents[2]
URL = "http://cvat.example.com/api"
TASK = {"id": 7, "name": "a", "owner": None, "labels": [{"id": 1, "svg": ""}]}


@pytest.fixture(scope="module")
def script():
    with loaded("record_cassettes") as module:
        yield module


def interaction(path="tasks/7", answer=TASK, *, method="GET", status=200, body=None):
    kind = "json" if isinstance(answer, (dict, list)) else "text"
    return {
        "request": {"method": method, "uri": f"{URL}/{path}", "body": body},
        "response": {"status": {"code": status}, "body": {kind: deepcopy(answer)}},
    }


def changed(script, before, after):
    """Return what has changed in one cassette, in words."""
    found = script.changes({"test_x/test_y": before}, {"test_x/test_y": after})
    assert all(names == ["test_x/test_y"] for names in found.values())
    return list(found)


def test_values_do_not_count(script):
    other = {"id": 8, "name": "b", "owner": None, "labels": [TASK["labels"][0]] * 2}
    before = [interaction(), interaction("jobs?task_id=7&page=1", "")]
    after = [interaction("tasks/8", other), interaction("jobs?page=2&task_id=8", "")]

    assert changed(script, before, after) == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({**TASK, "size": 1}, "'size' is new: integer"),
        ({**TASK, "data": {"a": 1}}, "'data' is new: object"),
        ({key: TASK[key] for key in ("id", "name", "labels")}, "'owner' is gone"),
        ({**TASK, "id": "7"}, "'id' was integer, is text"),
        ({**TASK, "id": 7.5}, "'id' was integer, is fraction"),
        ({**TASK, "owner": {"id": 1}}, "'owner' was null, is object"),
        ({**TASK, "labels": {"url": ""}}, "'labels' was list, is object"),
        ({**TASK, "labels": [{"id": 1}]}, "'labels[].svg' is gone"),
        ({**TASK, "labels": [{"id": True, "svg": ""}]}, "'labels[].id' was integer"),
        ([TASK], "'the body' was object, is list"),
    ],
)
def test_keys_and_types(script, answer, words):
    found = changed(script, [interaction()], [interaction(answer=answer)])

    assert any(words in each for each in found), found
    assert all(each.startswith("GET /api/tasks/{id} answers 200: ") for each in found)
    assert sum("labels" in each for each in found) <= 1


def test_what_another_stored_cassette_has_is_no_change(script):
    owned = {**TASK, "owner": {"id": 1}, "size": 3}
    stored = {"a": [interaction()], "b": [interaction(answer=owned)]}

    assert script.changes(stored, {"a": [interaction(answer=owned)]}) == {}


def test_an_older_server_is_compared_with_itself(script):
    more = {**TASK, "size": 3}
    stored = {"a": [interaction(answer=more)], "cvat-2.42/a": [interaction()]}

    found = script.changes(stored, {"cvat-2.42/a": [interaction(answer=more)]})

    assert list(found.values()) == [["cvat-2.42/a"]]
    assert "'size' is new" in next(iter(found))


def test_an_empty_list_is_a_value(script):
    empty = {**TASK, "labels": []}

    assert changed(script, [interaction()], [interaction(answer=empty)]) == []
    assert changed(script, [interaction(answer=empty)], [interaction()]) == []


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ([], [interaction()], "GET /api/tasks/{id}: sent 0 -> 1 times"),
        ([interaction()] * 2, [interaction()], "sent 2 -> 1 times"),
        (
            [interaction("jobs?task_id=7", "")],
            [interaction("jobs?task_id=7&page=1", "")],
            "GET /api/jobs?page&task_id: sent 0 -> 1 times",
        ),
        (
            [interaction(), interaction(status=404)],
            [interaction(), interaction()],
            "answered 200 (1x), 404 (1x) -> 200 (2x)",
        ),
        (
            [interaction("tasks", method="POST", body={"name": "a"})],
            [interaction("tasks", method="POST", body={"name": "a", "subset": ""})],
            "POST /api/tasks sends: 'subset' is new: text",
        ),
    ],
)
def test_requests_and_status_codes(script, before, after, words):
    assert any(words in each for each in changed(script, before, after))


def test_a_cassette_that_is_not_stored(script):
    found = script.changes({}, {"a": [interaction()]})

    assert found == {"a cassette that is not stored": ["a"]}


def write(folder, name, *interactions):
    path = folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"metadata": {}, "interactions": [*interactions]}))


REPORT = """<testsuites><testsuite>
<testcase classname="tests.replay.test_x" name="test_good"/>
<testcase classname="tests.replay.test_x" name="test_bad">
<failure message="assert 1 == 2&#10;more">...</failure></testcase>
</testsuite></testsuites>"""
ALL_WELL = "<testsuites><testcase name='test_good'/></testsuites>"


@pytest.fixture
def run(script, monkeypatch, tmp_path, capsys):
    """Run the script with a made-up recording; return status, output and folder."""
    stored = tmp_path / "stored"
    monkeypatch.setattr(script, "CASSETTES", stored)

    def run(*recorded, report=ALL_WELL, status=0, more=()):
        def record(url, expression, folder, path):
            assert (url, expression) == ("http://h", None)
            write(folder, "test_x/test_good", *recorded)
            path.write_text(report)
            return status

        write(stored, "test_x/test_good", interaction())
        monkeypatch.setattr(script, "record", record)
        status = script.main(["--url", "http://h", *more])
        return status, capsys.readouterr().out, stored

    return run


def test_nothing_has_changed(run):
    status, output, _ = run(interaction("tasks/9"))

    assert status == 0
    assert "1 cassettes recorded, 0 of another shape" in output


def test_a_change_is_told_and_changes_nothing(run):
    status, output, stored = run(interaction(answer={**TASK, "size": 1}))

    assert status == 1
    assert "'size' is new: integer\n    test_x/test_good\n" in output
    assert "size" not in (stored / "test_x/test_good.yaml").read_text()


def test_a_change_is_accepted(run):
    changed = interaction(answer={**TASK, "size": 1})

    status, _, stored = run(changed, more=["--accept"])

    assert status == 1
    document = yaml.safe_load((stored / "test_x/test_good.yaml").read_text())
    assert document["interactions"] == [changed]


def test_a_test_that_fails_is_told(run):
    status, output, _ = run(interaction(), report=REPORT, status=1)

    assert status == 1
    assert "test_x/test_bad: assert 1 == 2\n" in output


def test_nothing_is_recorded(run):
    assert run(interaction(), status=4)[0] == 2
