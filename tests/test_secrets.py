"""Runs with known secrets: what is logged, raised, shown and stored is searched.

Each secret has the same word in it. The server repeats what it is told, in the forms
of a JSON error, a web page, an address, a Basic ``Authorization`` and others.
"""

from __future__ import annotations

import base64
import contextlib
import html
import itertools
import json
import logging
import re
import time
import traceback
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bson
import fiftyone as fo
import fiftyone.core.config as foc
import pytest
from fiftyone.core.odm import get_db_conn
from typer.testing import CliRunner

from fiftyone_cvat import cli, resume
from fiftyone_cvat.doctor import diagnose
from fiftyone_cvat.errors import CVATError
from fiftyone_cvat.server import changes, creations
from fiftyone_cvat.transport import waiting
from fiftyone_cvat.transport.settings import Credentials, ServerSettings
from tests import media
from tests.faults.echo import FORMS, Echo

WORD = "s3cr3t"
PASSWORD = f"<{WORD}/p&ss+w0rd>'%42\" a"
TOKEN = f"AbcdEfgh.{WORD}0123456789+/=="
HEADER = f"{WORD}0key~0123456789"
BASIC = "Basic " + base64.b64encode(f"ann:{PASSWORD}".encode()).decode()

WAYS: dict[str, dict[str, Any]] = {
    "token": {"access_token": TOKEN, "headers": {"X-Key": HEADER}},
    "password": {"username": "ann", "password": PASSWORD},
    "email": {"email": "ann@example.com", "password": PASSWORD},
    "basic": {"headers": {"Authorization": BASIC, "X-Key": HEADER}},
}
SCHEMA = {
    "boxes": {"type": "detections", "classes": ["cat"], "attributes": {}},
    "kind": {"type": "classification", "classes": ["indoor", "outdoor"]},
}
OURS = "fiftyone_cvat.backend.CVATBackendConfig"


# ---- to search what was shown ----


def readings(text: str) -> Iterator[str]:
    """Yield a text as it is, and decoded in each way that a reader may try."""
    yield text
    yield urllib.parse.unquote_plus(text)
    yield html.unescape(text)
    for each in re.findall(r"[\w+/%-]{6,}", urllib.parse.unquote(text), re.ASCII):
        plain = each.replace("-", "+").replace("_", "/").replace("%", "")
        for start in range(4):
            part = plain[start:]
            part = part[: len(part) // 4 * 4]
            decoded = base64.b64decode(part).decode("latin-1")
            if decoded.isascii() and "Basic" in decoded:
                yield from readings(decoded)
            yield decoded


def leaks(*shown: Any) -> list[str]:
    """Return the readings of texts that have a secret in them, in short."""
    found = []
    for thing in {str(each) for each in shown}:
        for text in readings(thing):
            place = text.find(WORD)
            if place >= 0 and not text.startswith("s3cr3t0host", place):
                found.append(text[max(0, place - 60) : place + 60])
    return found


def told(error: BaseException | None) -> Iterator[str]:
    """Yield all that an exception and those behind it say."""
    if error is None:
        return
    yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
    yield from getattr(error, "__notes__", ())
    yield from traceback.format_exception(error)
    yield from told(error.__cause__)
    yield from told(error.__context__)


class Recorder(logging.Handler):
    """Keeps all records of all loggers, and what pymongo sends to the database."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        is_database = record.name.startswith("pymongo")
        if is_database and "Command started" not in record.getMessage():
            return
        self.texts.append(f"{record.name}: {record.getMessage()} {record.args}")
        if record.exc_info and record.exc_info[1]:
            self.texts.extend(told(record.exc_info[1]))


@pytest.fixture
def log(monkeypatch):
    """What is logged while the test runs, by any logger at any level."""
    recorder = Recorder()
    root = logging.getLogger()
    names = {*root.manager.loggerDict} - {"pymongo.connection", "pymongo.topology"}
    names.discard("pymongo.serverSelection")
    for each in (root, *map(logging.getLogger, names)):
        monkeypatch.setattr(each, "level", logging.DEBUG)
        monkeypatch.setattr(each, "disabled", False)
        monkeypatch.setattr(each, "propagate", True)
        monkeypatch.setattr(each, "_cache", {})
    monkeypatch.setattr(root, "handlers", [*root.handlers, recorder])
    yield recorder.texts
    assert leaks(*recorder.texts) == []


def stored(*names: str) -> Iterator[str]:
    """Yield all that the database holds, or some of its collections."""
    database = get_db_conn()
    for name in names or database.list_collection_names():
        for document in database[name].find():
            yield bson.encode(document).decode("latin-1")


# ---- to run something ----


@pytest.fixture
def server():
    made = Echo()
    yield made
    made.close()


@pytest.fixture
def cats(dataset, tmp_path):
    for path in media.make_images(tmp_path, ["a.png", "b.png"]):
        box = fo.Detection(label="cat", bounding_box=[0.1, 0.25, 0.25, 0.25])
        dataset.add_sample(
            fo.Sample(
                path,
                boxes=fo.Detections(detections=[box]),
                kind=fo.Classification(label="indoor"),
            )
        )
    return dataset


@pytest.fixture(params=["arguments", "environment", "file"])
def give(request, monkeypatch, tmp_path):
    """Give credentials: return what remains to be given as arguments."""

    def give_them(**values):
        if request.param == "arguments":
            return {"config_cls": OURS, **values}
        if request.param == "environment":
            for name, value in {"config_cls": OURS, **values}.items():
                text = value if isinstance(value, str) else json.dumps(value)
                monkeypatch.setenv(f"FIFTYONE_CVAT_{name.upper()}", text)
            config = foc.AnnotationConfig()
        else:
            path = tmp_path / "annotation_config.json"
            backend = {"config_cls": OURS, **values}
            path.write_text(json.dumps({"backends": {"cvat": backend}}))
            config = foc.AnnotationConfig.from_json(str(path))
        monkeypatch.setattr(fo, "annotation_config", config)
        return {}

    return give_them


def annotate(samples, given, **more):
    more = {"label_schema": SCHEMA, "task_size": 1, "backend": "cvat", **more}
    return samples.annotate("run", **more, **given)


def without_class(given):
    return {name: each for name, each in given.items() if name != "config_cls"}


def shown(results) -> Iterator[str]:
    """Yield what public objects show of themselves."""
    api = results.connect_to_api()
    answer = api.get(api.about_url)
    info = results.samples._root_dataset.get_annotation_info("run")
    for each in (results, results.config, results.backend, api, answer, info):
        yield from (str(each), repr(each))
    yield from (str(results.serialize()), str(results.config.serialize()))
    yield repr(api._session)
    yield json.dumps(results.config.serialize())


@pytest.mark.parametrize("way", WAYS)
def test_whole_run(cats, server, give, log, way, capfd):
    found: set[str] = set()
    server.watch = lambda *args: found.update(stored("runs", "fs.chunks"))
    given = give(url=server.url, **WAYS[way])

    results = annotate(cats, given)
    given = without_class(given)
    cats.load_annotations("run", unexpected="keep", **given)
    again = cats.load_annotation_results("run", **given)
    found.update(shown(results), shown(again))
    again.cleanup()

    assert len(server.tasks) == 0
    assert len(log) > 100
    assert any(each.startswith("urllib3") for each in log)
    assert any(each.startswith("pymongo.command") for each in log)
    assert leaks(*found, *stored(), *capfd.readouterr()) == []


def chosen(number: int, form: str):
    """Return a function that chooses the request of a number, once."""
    count = itertools.count()
    return lambda method, path: form if next(count) == number else None


@pytest.fixture
def no_waiting(monkeypatch):
    """Send again at once; only the package's own waits are left out."""
    for module in (changes, creations, waiting):
        clock = SimpleNamespace(sleep=lambda seconds: None, monotonic=time.monotonic)
        monkeypatch.setattr(module, "time", clock)


@pytest.mark.parametrize(
    ("way", "first"), [("token", 0), ("password", 1), ("basic", 2)]
)
def test_server_that_repeats_what_it_gets(
    cats, server, log, no_waiting, way, first, capfd
):
    """Every third request of a run, each in another form."""
    given = {"url": server.url, "config_cls": OURS, **WAYS[way]}
    forms = itertools.cycle(FORMS)
    found: list[str] = []
    failed = 0
    for number in range(first, 14, 3):
        server.choose = chosen(number, next(forms))
        try:
            annotate(cats, given)
        except CVATError as error:
            failed += 1
            found.extend(told(error))
        found.extend(stored("runs", "fs.chunks"))
        server.choose = lambda method, path: None
        for key in cats.list_annotation_runs():
            cats.delete_annotation_run(key)

    assert failed
    assert leaks(*found, *capfd.readouterr()) == []


@pytest.mark.parametrize("form", FORMS)
def test_sign_in_that_fails(server, log, form):
    """The password itself is sent."""
    from fiftyone_cvat import CVATAnnotationAPI

    server.choose = lambda method, path: form
    for way in WAYS.values():
        server.passwords.clear()  # of another session, which this one cannot know
        with pytest.raises(CVATError) as caught:
            CVATAnnotationAPI("cvat", server.url, **way)
        assert leaks(*told(caught.value)) == []


def test_resuming(cats, server, log, no_waiting, monkeypatch):
    given = {"url": server.url, "config_cls": OURS, **WAYS["token"]}
    count = itertools.count()
    server.choose = lambda method, path: (
        "detail"
        if (method, path) == ("POST", "/api/tasks") and next(count) >= 1
        else None
    )
    with pytest.raises(CVATError) as caught:
        annotate(cats, given, on_failure="keep")
    assert leaks(*told(caught.value), *stored()) == []

    server.choose = lambda method, path: "base64" if "labels" in path else None
    with pytest.raises(CVATError) as caught:
        resume(cats, "run", **without_class(given))
    assert leaks(*told(caught.value), *stored()) == []

    server.choose = lambda method, path: None
    monkeypatch.setenv("FIFTYONE_CVAT_ACCESS_TOKEN", TOKEN)
    monkeypatch.setattr(fo, "annotation_config", foc.AnnotationConfig())
    done = CliRunner().invoke(cli.app, ["resume", cats.name, "run"])
    assert "2 tasks" in done.output
    assert leaks(done.output, *stored(), *shown(resumed(cats, given))) == []


def resumed(samples, given):
    return samples.load_annotation_results("run", **without_class(given))


@pytest.mark.parametrize("number", range(len(FORMS)))
def test_doctor(server, log, monkeypatch, number):
    """Each form at two of the places, with two of the ways to sign in."""
    places = ["/about", "/auth/login", "/users/self", "/tasks", "/requests"]
    form, ways = list(FORMS)[number], list(WAYS.values())
    for turn in (number, number + 2):
        place, way = places[turn % len(places)], ways[turn % len(ways)]
        server.choose = lambda method, path, place=place: (
            form if place in path else None
        )
        server.passwords.clear()
        for name in ("access_token", "username", "email", "password", "headers"):
            value = way.get(name, "")
            text = value if isinstance(value, str) else json.dumps(value)
            monkeypatch.setenv(f"FIFTYONE_CVAT_{name.upper()}", text)
        monkeypatch.setenv("FIFTYONE_CVAT_CONFIG_CLS", OURS)
        monkeypatch.setattr(fo, "annotation_config", foc.AnnotationConfig())
        findings = list(diagnose("cvat", url=server.url))
        assert leaks(*findings) == []


def test_commands(server, log, monkeypatch):
    server.choose = lambda method, path: "text" if "tasks" in path else None
    options = ["--url", server.url, "--access-token", TOKEN]
    for more in ([], ["--json"]):
        done = CliRunner().invoke(cli.app, ["doctor", *options, *more])
        assert "Bearer ***" in done.output or "Authorization: ***" in done.output
        assert leaks(done.output) == []


def test_records_of_what_to_send(server):
    things = [
        Credentials(username="ann", password=PASSWORD, access_token=TOKEN),
        ServerSettings(url=server.url, headers={"X-Key": HEADER}),
    ]
    assert leaks(*map(repr, things), *map(str, things)) == []


def test_search_finds_what_it_should():
    """The tests above are worth something."""
    for secret in (PASSWORD, TOKEN, HEADER, BASIC):
        for write in (str, repr, json.dumps, html.escape, urllib.parse.quote):
            assert leaks(f"x{write(secret)}y")
        assert leaks(base64.b64encode(f"ab: {secret}".encode()).decode())
    assert leaks("nothing", "at all", "***") == []
    with contextlib.suppress(ValueError):
        raise ValueError(TOKEN)
    assert Path(__file__).read_text().count(WORD) > 1
