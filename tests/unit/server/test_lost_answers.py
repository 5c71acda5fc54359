"""What becomes of a change whose answer is lost."""

from __future__ import annotations

from types import SimpleNamespace

import orjson
import pytest

from fiftyone_cvat.api import CVATAnnotationAPI
from fiftyone_cvat.errors import AnswerError, RequestError, UnreachableError
from fiftyone_cvat.server import changes, creations
from fiftyone_cvat.server.annotations import store_annotations
from fiftyone_cvat.server.large_files import send_in_chunks
from fiftyone_cvat.server.ledger import Ledger
from fiftyone_cvat.server.media_files import MediaFile
from fiftyone_cvat.server.task_media import TaskMedia
from fiftyone_cvat.transport.responses import Response
from fiftyone_cvat.transport.retrying import RetryPolicy
from tests.builders import cvat_shape, cvat_tag, cvat_track, track_shape

NOW = "2026-11-24T12:00:05.5Z"
BEFORE = "2026-11-24T11:59:59Z"
AFTER = "2026-11-24T12:00:09Z"
TOKEN = "0123abcd"
URL = "http://cvat.example.com/api/tasks"


def lost():
    error = UnreachableError("The connection broke")
    error.may_have_been_processed = True
    return error


def answer(value=None, status=200, method="POST", **headers):
    content = encoded(value)
    return Response(method, URL, status, "Reason", headers, content)


def encoded(value):
    return b"" if value is None else orjson.dumps(value)


@pytest.fixture
def api(monkeypatch):
    """An API whose requests are answered by the lists of the test."""
    monkeypatch.setattr(changes, "SETTLING", 0.0)
    monkeypatch.setattr(changes, "FILLING_AFTER_CTRL_C", 0.0)
    monkeypatch.setattr(creations, "FILLING", 0.0)
    monkeypatch.setattr(creations.secrets, "token_hex", lambda _: TOKEN)
    made = object.__new__(CVATAnnotationAPI)
    made._url = "http://cvat.example.com"
    made._timeout, made._ledger, made._name = 0.0, Ledger(), "cvat"
    made._session = SimpleNamespace(
        retry=RetryPolicy(first_delay=0.001),
        server_date="Tue, 24 Nov 2026 12:00:05 GMT",
    )
    made.sent = []
    made.answers = {}

    def verb(method):
        def send(url, **kwargs):
            made.sent.append((method, url.removeprefix(made._url), kwargs))
            given = made.answers[method]
            result = given.pop(0) if isinstance(given, list) else given(url)
            if isinstance(result, BaseException):
                raise result
            return result

        return send

    for method in ("get", "post", "put", "patch", "delete"):
        setattr(made, method, verb(method))
    made._session.request = lambda method, url: verb(method.lower())(url)
    return made


def methods(api):
    return [method for method, _, _ in api.sent]


def task(number, created=NOW, owner=1, name="a", **more):
    return {"id": number, "name": name, "owner": {"id": owner}, "size": None} | {
        "created_date": created,
        **more,
    }


def listing(*tasks):
    def get(url):
        if url.endswith("/users/self"):
            return answer({"id": 1})
        return answer({"results": tasks})

    return get


def create(api, *found, lost_first=True):
    """Create a task whose first answer is lost; what is there later is ``found``."""
    api.answers = {
        "post": [lost(), answer({"id": 8})] if lost_first else [answer({"id": 8})],
        "patch": [answer({})],
        "get": listing(*found),
        "delete": [answer()],
    }
    return api._create(URL, {"name": "a"})["id"]


def deleted(api):
    return [path for method, path, _ in api.sent if method == "delete"]


def test_created_twice_although_the_answer_is_lost(api):
    assert create(api, task(7), task(8)) == 8

    (first, again, name), _ = api.sent[:3], api._delete_lost()
    assert first[2]["json"]["name"] == "a"
    assert again[2]["json"]["name"] == f"a [{TOKEN}]"
    assert name == ("patch", "/api/tasks/8", {"json": {"name": "a"}, "harmless": True})
    assert deleted(api) == ["/api/tasks/7"]
    api._delete_lost()
    assert deleted(api) == ["/api/tasks/7"]


@pytest.mark.parametrize(
    "other",
    [
        task(7, created=BEFORE),
        task(7, created=AFTER),
        task(7, owner=2),
        task(7, name="ab"),
        task(7, size=3),
        task(7, data=3),
        task(7, tasks={"count": 1}),
        task(7, owner=1) | {"owner": None},
    ],
    ids=["old", "new", "another user's", "name", "full", "begun", "used", "nobody's"],
)
def test_another_task_is_not_taken_nor_deleted(api, other):
    assert create(api, other) == 8

    api._delete_lost()

    assert deleted(api) == []


def test_a_task_of_the_same_second_that_is_known(api):
    assert create(api, lost_first=False) == 8
    api.answers |= {"post": [lost(), answer({"id": 9})], "get": listing(task(8))}

    assert api._create(URL, {"name": "a"})["id"] == 9
    api._delete_lost()

    assert deleted(api) == []


def test_no_guess_between_two(api, caplog):
    assert create(api, task(6), task(7)) == 8

    api._delete_lost()

    assert deleted(api) == []
    assert "several empty ones of this name (6, 7)" in caplog.text


def test_an_answer_that_is_lost_twice(api):
    api.answers = {
        "post": [lost(), lost()],
        "patch": [answer({})],
        "get": listing(task(7), task(8, name=f"a [{TOKEN}]")),
    }

    assert api._create(URL, {"name": "a"})["id"] == 8


def test_a_name_that_cannot_be_given(api):
    api.answers = {
        "post": [lost(), answer({"id": 8})],
        "patch": [RequestError("PATCH", URL, 400, "No.")],
        "delete": [answer()],
    }

    with pytest.raises(RequestError):
        api._create(URL, {"name": "a"})

    assert deleted(api) == ["/api/tasks/8"]


@pytest.mark.parametrize("made", [{}, {"id": None}, []])
def test_created_although_the_answer_does_not_say_what(api, made):
    api.answers = {
        "post": [answer(made), answer({"id": 8})],
        "patch": [answer({})],
        "get": listing(task(7)),
        "delete": [answer()],
    }

    assert api._create(URL, {"name": "a"})["id"] == 8
    api._delete_lost()

    assert deleted(api) == ["/api/tasks/7"]


def test_nothing_created_that_the_server_names(api):
    api.answers = {"post": lambda url: answer({"id": None}), "get": listing()}

    with pytest.raises(AnswerError, match=f"{URL} answered without 'id'"):
        api._create(URL, {"name": "a"})

    assert methods(api).count("post") == 3


@pytest.mark.parametrize("key", ["id", "name", "created_date"])
@pytest.mark.parametrize("value", [None, "left out"])
def test_list_that_does_not_tell_what_was_created(api, key, value):
    spoiled = task(7) | {key: value}
    if value is not None:
        del spoiled[key]
    assert create(api, spoiled) == 8

    with pytest.raises(AnswerError, match=f"{URL} answered without '{key}'"):
        api._delete_lost()


@pytest.mark.parametrize(
    ("spoiled", "words"),
    [
        ({"created_date": "yesterday"}, "'yesterday', which is no date"),
        ({"created_date": "2026-11-24"}, "'2026-11-24', which is no date with a"),
        ({"created_date": 7}, "'7', which is no date"),
        ({"id": [7]}, "'id' that is no number"),
    ],
)
def test_listing_that_is_odd_fails_no_run_that_is_done(api, caplog, spoiled, words):
    assert create(api, task(7) | spoiled) == 8
    before = list(api._ledger.lost)

    with pytest.raises(AnswerError, match=words):
        api._delete_lost()
    api._ledger.lost = before
    api._settle_lost()

    assert (
        f"An empty one may be left of 'a' at {URL}: {URL} answered with" in caplog.text
    )
    assert deleted(api) == []
    assert api._ledger.lost == []


@pytest.mark.parametrize("spoiled", [{"owner": 1}, {"owner": "me"}, {"tasks": "two"}])
def test_listing_whose_parts_are_no_objects(api, spoiled):
    assert create(api, task(7) | spoiled) == 8

    api._delete_lost()

    assert deleted(api) == (["/api/tasks/7"] if "tasks" in spoiled else [])


@pytest.mark.parametrize("results", [7, "tasks", {"id": 7}, True])
def test_listing_that_is_no_list(api, results):
    assert create(api) == 8
    api.answers["get"] = lambda url: answer({"id": 1, "results": results})
    api.answers["post"] = [lost(), lost()]

    for ask in (
        api._delete_lost,
        lambda: api._create(URL, {"name": "b"}),
        lambda: TaskMedia(api, 3).begin(lambda: (_ for _ in ()).throw(lost())),
        api.list_tasks,
    ):
        with pytest.raises(AnswerError, match="'results' that is no list"):
            ask()


@pytest.mark.parametrize("date", [None, "today", "Tue, 24 Nov 2026 12:00:05 -0000"])
def test_nothing_is_deleted_by_a_clock_that_is_none(api, date):
    api._session.server_date = date
    assert create(api, task(7)) == 8

    api._delete_lost()

    assert [each.name for each in api._ledger.lost] == ["a"]
    assert deleted(api) == []


@pytest.mark.parametrize("item", [{}, {"id": None}, None, 7, "id"])
def test_item_without_the_value(api, item):
    api.answers = {"get": lambda url: answer({"results": [item]})}

    with pytest.raises(AnswerError, match="api/tasks answered without 'id'"):
        api.list_tasks()
    with pytest.raises(AnswerError, match=r"users.* answered without 'username'"):
        api._get_value_from_search(api.user_search_url, "ann", "username", "id")


SUMMARY = {"name": "a", "status": "annotation", "updated_date": NOW, "assignee": None}
JOB = {"id": 5, "start_frame": 0, "stop_frame": 1}


def test_summary_of_a_task(api):
    jobs = answer({"results": [JOB]})
    api.answers = {"get": [answer(SUMMARY), jobs]}

    summary = {**SUMMARY, "last_updated": NOW, "jobs": {5: JOB}}
    del summary["updated_date"]
    assert api.task_summary(3) == summary


def test_summary_has_jobs_in_the_order_of_their_frames(api):
    truth = {"id": 6, "type": "ground_truth", "start_frame": 0}
    second = {"id": 7, "type": "annotation", "start_frame": 5}
    first = {"id": 9, "type": "annotation", "start_frame": 0}
    jobs = answer({"results": [truth, second, first]})
    api.answers = {"get": [answer(SUMMARY), jobs]}

    assert [*api.task_summary(3)["jobs"]] == [9, 7, 6]


@pytest.mark.parametrize(
    ("summary", "job", "key"),
    [
        ({}, JOB, "name"),
        (None, JOB, "name"),
        (SUMMARY | {"status": None}, JOB, "status"),
        (SUMMARY | {"updated_date": None}, JOB, "updated_date"),
        (SUMMARY, {}, "id"),
        (SUMMARY, None, "id"),
        (SUMMARY, {"id": None}, "id"),
    ],
)
def test_summary_that_says_too_little(api, summary, job, key):
    jobs = answer({"results": [job]})
    found = Response("GET", URL, 200, "OK", {}, orjson.dumps(summary))
    api.answers = {"get": [found, jobs]}

    with pytest.raises(AnswerError, match=f"answered without '{key}'"):
        api.task_summary(3)


@pytest.mark.parametrize(
    "job", [None, {}, JOB | {"id": None}, JOB | {"stop_frame": 1.5}]
)
def test_jobs_without_ids_or_frames(api, job):
    api.answers = {"get": [answer({"results": [job]})]}

    with pytest.raises(AnswerError, match="answered with"):
        api._get_job_ids(3)


@pytest.mark.parametrize("label", [None, {}, {"id": 5, "name": None, "attributes": []}])
def test_labels_without_ids_or_names(api, label):
    api.answers = {"get": lambda url: answer({"results": [label]})}

    with pytest.raises(AnswerError, match=r"Task 3: .* cannot be read"):
        api._get_task_labels(3)
    with pytest.raises(AnswerError, match=r"Project 3: .* cannot be read"):
        api._get_project_labels(3)


def test_a_creation_that_ctrl_c_ends(api):
    api.answers = {"post": [KeyboardInterrupt()], "delete": [answer()]}

    with pytest.raises(KeyboardInterrupt):
        api._create(URL, {"name": "a"})
    api.answers["get"] = listing(task(7))
    api._delete_lost()

    assert deleted(api) == ["/api/tasks/7"]


def test_refused_at_once(api):
    refusal = RequestError("POST", URL, 400, "No.")
    api.answers = {"post": [refusal]}

    with pytest.raises(RequestError, match="No"):
        api._create(URL, {"name": "a"})


def test_error_of_the_server_is_tried_three_times_only(api):
    errors = [RequestError("POST", URL, 500, "Broken.") for _ in range(5)]
    api.answers = {"post": errors, "get": listing()}

    with pytest.raises(RequestError, match="Broken"):
        api._create(URL, {"name": "a"})

    assert methods(api).count("post") == 3


def labels(*names):
    attributes = [
        {"id": number, "name": each, "input_type": "text"}
        for number, each in enumerate(names)
    ]
    label = {"id": 5, "name": "cat", "attributes": attributes}
    return answer({"results": [label], "next": None})


@pytest.mark.parametrize(("found", "patches"), [("label_id", 1), ("color", 2)])
def test_label_ids_of_a_project(api, found, patches):
    api.answers = {
        "patch": [lost(), answer({})],
        "get": lambda url: labels(found) if "labels" in url else answer({}),
    }

    api._add_project_label_ids(3, [{"id": 5, "attributes": []}])

    assert methods(api).count("patch") == patches


@pytest.mark.parametrize("found", [[], [{"id": "request"}]])
def test_beginning_of_a_task(api, found):
    posts = [lost(), answer({"rq_id": "request"})]
    api.answers = {"get": [answer({"results": found})]}

    def send():
        result = posts.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    assert TaskMedia(api, 3).begin(send) == "request"
    assert len(posts) == bool(found)


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr("fiftyone_cvat.server.large_files.CHUNK_SIZE", 4)
    path = tmp_path / "a.mp4"
    path.write_bytes(b"0123456789")
    return MediaFile(path, "a.mp4", 10)


@pytest.mark.parametrize(
    ("heads", "chunks"),
    [
        ([answer(**{"upload-offset": "0"})], [b"0123", b"0123", b"4567", b"89"]),
        ([answer(**{"upload-offset": "2"})], [b"0123", b"2345", b"6789"]),
        ([answer(**{"upload-offset": "4"})], [b"0123", b"4567", b"89"]),
    ],
    ids=["nothing", "some", "all"],
)
def test_large_file_goes_on_where_the_server_is(api, file, heads, chunks):
    reached = {"0123": 4, "2345": 6, "4567": 8, "6789": 10, "89": 10}
    first = [lost()]

    def patch(url):
        text = api.sent[-1][2]["data"].decode()
        return first.pop() if first else answer(**{"upload-offset": str(reached[text])})

    location = f"{URL}/3/data/file"
    api.answers = {
        "post": [answer(status=201, location=location)],
        "patch": patch,
        "head": heads,
    }

    send_in_chunks(api, f"{URL}/3/data/", file)

    sent = [more["data"] for method, _, more in api.sent if method == "patch"]
    assert sent == chunks


def test_end_of_a_large_file_is_lost(api, file):
    parts = [answer(**{"upload-offset": "4"}), answer(**{"upload-offset": "8"}), lost()]
    api.answers = {
        "post": [answer(status=201, location=f"{URL}/3/data/file")],
        "patch": parts,
        "head": [answer(status=404)],
    }

    send_in_chunks(api, f"{URL}/3/data/", file)

    assert methods(api) == ["post", "patch", "patch", "patch", "head"]


@pytest.mark.parametrize(
    "location",
    [
        "",
        "/",
        "http://[bad",
        "http://h/api/..",
        "http://h/%2e%2e",
        "a/./",
        "http://h/a b",
    ],
)
def test_place_of_a_large_file_that_is_none(api, file, location):
    api.answers = {"post": [answer(status=201, location=location)]}

    with pytest.raises(AnswerError, match="did not say where to send"):
        send_in_chunks(api, f"{URL}/3/data/", file)

    assert methods(api) == ["post"]


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example.com/1_0a-b",
        "//evil.example.com/1_0a-b/?next=/x",
        "http://user@[bad/1_0a-b#x",
        "1_0a-b",
    ],
)
def test_a_large_file_goes_to_the_server_only(api, file, location):
    api.answers = {
        "post": [answer(status=201, location=location)],
        "patch": [answer(**{"upload-offset": str(each)}) for each in (4, 8, 10)],
    }

    send_in_chunks(api, f"{URL}/3/data/", file)

    assert {path for _, path, _ in api.sent[1:]} == {"/api/tasks/3/data/1_0a-b"}


@pytest.mark.parametrize("offset", ["", "four", "-4", "4.0", "1e1", "\u0664", "9" * 99])
@pytest.mark.parametrize("is_lost", [False, True])
def test_offset_of_a_large_file_that_is_no_number(api, file, offset, is_lost):
    odd = answer(**{"upload-offset": offset})
    api.answers = {
        "post": [answer(status=201, location=f"{URL}/3/data/file")],
        "patch": [lost() if is_lost else odd],
        "head": [odd],
    }

    with pytest.raises(AnswerError, match="which is no number of bytes"):
        send_in_chunks(api, f"{URL}/3/data/", file)


def test_offset_that_is_odd_once_is_looked_up(api, file):
    offsets = ["four", "8", "10"]
    api.answers = {
        "post": [answer(status=201, location=f"{URL}/3/data/file")],
        "patch": [answer(**{"upload-offset": each}) for each in offsets],
        "head": [answer(**{"upload-offset": "4"})],
    }

    send_in_chunks(api, f"{URL}/3/data/", file)

    sent = [more["data"] for method, _, more in api.sent if method == "patch"]
    assert sent == [b"0123", b"4567", b"89"]


@pytest.mark.parametrize(
    ("status", "is_there"), [(500, True), (400, True), (403, False)]
)
def test_files_that_are_there_already(api, status, is_there):
    api.answers = {"post": [lost(), RequestError("POST", URL, status, "No.")]}

    if is_there:
        TaskMedia(api, 3).append({}, [])
    else:
        with pytest.raises(RequestError):
            TaskMedia(api, 3).append({}, [])

    assert methods(api) == ["post", "post"]


PAYLOAD = {
    "tags": [cvat_tag(label_id=1, id=1, attributes=[{"spec_id": 9, "value": "t"}])],
    "shapes": [
        cvat_shape(label_id=1, id=2, attributes=[{"spec_id": 9, "value": each}])
        for each in "ab"
    ],
    "tracks": [
        cvat_track(
            track_shape(0, attributes=[]),
            track_shape(1, attributes=[]),
            label_id=1,
            id=3,
        )
    ],
}
IDS = ({"cat": 1}, {1: {"label_id": 9}})


def test_annotations_that_are_there_are_not_sent_again(api):
    stored = PAYLOAD | {"version": 1}
    api.answers = {"put": [lost()], "get": [answer(stored)]}

    assert store_annotations(api, 3, PAYLOAD, *IDS) == stored
    assert api.sent[0][2]["harmless"] is False


@pytest.mark.parametrize(
    "there",
    [
        PAYLOAD | {"shapes": []},
        PAYLOAD | {"shapes": PAYLOAD["shapes"][:1] * 2},
        PAYLOAD
        | {"tracks": [cvat_track(track_shape(0, attributes=[]), label_id=2, id=3)]},
    ],
    ids=["fewer", "other ids", "another class"],
)
def test_annotations_that_are_not_there_are_sent_again(api, there):
    api.answers = {"put": [lost(), answer(PAYLOAD)], "get": [answer(there)]}

    store_annotations(api, 3, PAYLOAD, *IDS)

    assert methods(api) == ["put", "get", "put"]


@pytest.mark.parametrize(
    ("kind", "spoiled"),
    [
        ("shapes", None),
        ("shapes", {}),
        ("shapes", PAYLOAD["shapes"][0] | {"id": None}),
        ("shapes", PAYLOAD["shapes"][0] | {"frame": [0]}),
        ("shapes", PAYLOAD["shapes"][0] | {"attributes": [{"value": "a"}]}),
        ("tags", PAYLOAD["tags"][0] | {"label_id": "1"}),
        ("tracks", PAYLOAD["tracks"][0] | {"shapes": None}),
        ("tracks", PAYLOAD["tracks"][0] | {"shapes": [7]}),
        ("tracks", PAYLOAD["tracks"][0] | {"shapes": [{"attributes": [7]}]}),
    ],
)
@pytest.mark.parametrize("is_lost", [False, True])
def test_answer_that_does_not_tell_what_is_stored(api, kind, spoiled, is_lost):
    odd = answer(PAYLOAD | {kind: [spoiled]})
    api.answers = {"put": [lost() if is_lost else odd], "get": lambda url: odd}

    with pytest.raises(AnswerError, match=f"Task 3: .* one of the {kind}: "):
        store_annotations(api, 3, PAYLOAD, *IDS)


@pytest.mark.parametrize(
    "odd", [[], None, "", {"tags": [], "shapes": [], "tracks": {}}]
)
def test_odd_answer_about_what_is_stored_is_looked_up(api, odd):
    content = Response("PUT", URL, 200, "OK", {}, orjson.dumps(odd))
    api.answers = {"put": [content], "get": [answer(PAYLOAD)]}

    assert store_annotations(api, 3, PAYLOAD, *IDS) == PAYLOAD


def test_what_the_server_drops_is_reported(api, caplog):
    stored = {
        "tags": [],
        "shapes": PAYLOAD["shapes"][:1],
        "tracks": [cvat_track(track_shape(0, attributes=[]), label_id=1, id=3)],
    }
    api.answers = {"put": [answer(stored)]}

    store_annotations(api, 3, PAYLOAD, *IDS)

    where = "of class 'cat' in task 3 (http://cvat.example.com/tasks/3)"
    assert [each.getMessage() for each in caplog.records] == [
        f"CVAT did not store 1 of 1 tags {where}",
        f"CVAT did not store 1 of 2 shapes {where}",
        f"CVAT did not store 1 of 2 shapes of tracks {where}",
    ]


def test_how_much_of_a_large_file_is_sent(api, file):
    """Each part is told once, also one that was sent again."""
    parts = [
        lost(),
        answer(**{"upload-offset": "8"}),
        answer(**{"upload-offset": "10"}),
    ]
    api.answers = {
        "post": [answer(status=201, location=f"{URL}/3/data/file")],
        "patch": parts,
        "head": [answer(**{"upload-offset": "4"})],
    }
    told = []

    send_in_chunks(api, f"{URL}/3/data/", file, told.append)

    assert told == [4, 4, 2]
