"""The demo, replayed as a newcomer runs it, and the session that it replays."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import urllib3
import yaml
from PIL import Image, ImageChops

from fiftyone_cvat.demo.comparison import Mark, compare, expected_counts
from fiftyone_cvat.demo.drawing import COLORS, Style, draw_panel, photo_of
from fiftyone_cvat.demo.pictures import DATA, FIELDS, Picture, Thing, load_scenario
from fiftyone_cvat.demo.placing import place_labels
from fiftyone_cvat.demo.run import CASSETTE, _played
from fiftyone_cvat.demo.sandbox import DemoError, sandbox
from tests.test_cassettes import (
    COOKIE,
    NOT_ALLOWED,
    PLACEHOLDERS,
    SECRET_HEADERS,
    SECRET_KEYS,
    walk,
)

GUARD = """
import os, socket

real = socket.socket.connect

def connect(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6):
        with open(os.environ["CONNECTIONS"], "a") as file:
            print(f"{address[0]}:{address[1]}", file=file)
    return real(self, address)

socket.socket.connect = connect
"""
"""A ``sitecustomize`` that notes where the demo's process connects to."""

SOURCES = [each for each in [os.environ.get("PYTHONPATH")] if each]

FOREIGN = {
    "FIFTYONE_CVAT_URL": "http://127.0.0.1:9",
    "FIFTYONE_CVAT_USERNAME": "somebody",
    "FIFTYONE_CVAT_TASK_SIZE": "1",
    "FIFTYONE_DATABASE_URI": "mongodb://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}
"""What a user's environment may hold, and must not reach the demo."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """One run of the replayed demo in a folder that is empty."""
    folder = tmp_path_factory.mktemp("demo")
    for name in ("bin", "guard", "home", "here", "tmp"):
        (folder / name).mkdir()
    (folder / "guard" / "sitecustomize.py").write_text(GUARD)
    environment = {
        **os.environ,
        **FOREIGN,
        "CONNECTIONS": str(folder / "connections"),
        "HOME": str(folder / "home"),
        "PATH": str(folder / "bin"),  # no ffprobe, as on a new machine
        "PYTHONPATH": os.pathsep.join([str(folder / "guard"), *SOURCES]),
        "TMPDIR": str(folder / "tmp"),
    }
    done = subprocess.run(
        [sys.executable, "-c", "from fiftyone_cvat.cli import main; main()", "demo"],
        cwd=folder / "here",
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return SimpleNamespace(folder=folder, **vars(done))


@pytest.fixture(scope="module")
def scenario():
    return load_scenario()


def test_it_succeeds(demo):
    assert demo.stderr == ""
    assert demo.returncode == 0, demo.stdout


def test_it_tells_the_counts(demo, scenario):
    counts = expected_counts(scenario)
    for name, expected in counts.items():
        row = re.search(rf"^ *{name} +(\d+) +(\d+) +(\d+) +(\d+) *$", demo.stdout, re.M)
        assert row, demo.stdout
        told = [int(number) for number in row.groups()]
        assert told == [expected[k] for k in ("kept", "changed", "added", "deleted")]

    assert list(counts.values()) == [
        {"kept": kept, "changed": n, "added": added, "deleted": deleted, "unmatched": 0}
        for kept, n, added, deleted in [
            (28, 3, 2, 1),  # boxes
            (1, 1, 0, 0),  # masks
            (1, 1, 0, 0),  # polygons
            (0, 1, 0, 0),  # skeletons
            (5, 1, 0, 0),  # tags
            (2, 10, 0, 0),  # frames of a track: all between its first and its last
        ]
    ]


def test_labels_keep_their_ids(demo, scenario):
    results = {
        edit.kind: re.search(rf"{edit.words} +{edit.picture} +(.*)", demo.stdout)[1]
        for edit in scenario.edits
    }

    assert {kind: words.strip() for kind, words in results.items()} == {
        "move": "same id, new box",
        "class": "same id, fish -> turtle",
        "attribute": "same id, still -> moving",
        "tag": "same id, day -> night",
        "delete": "gone",
        "add": "new id",
        "paste": "new id, the first keeps its own",
        "mask": "same id, new mask",
        "polygon": "same id, 3 points moved",
        "skeleton": "same id, 1 point moved",
        "track": "same track, 10 frames follow",
    }


def test_it_says_no_more_than_it_should(demo):
    for noise in ("Warning", "warning", "deprecated", "MongoDB", "Traceback", "%|"):
        assert noise not in demo.stdout


def test_every_recorded_request_is_made(demo):
    with CASSETTE.open(encoding="utf-8") as file:
        recorded = len(yaml.load(file, Loader=yaml.CSafeLoader)["interactions"])

    words = f"Replayed {recorded} recorded requests: nothing was sent to a server."
    assert words in " ".join(demo.stdout.split())


def test_it_connects_to_its_own_database_only(demo):
    connections = set((demo.folder / "connections").read_text().split())

    assert len(connections) == 1
    (only,) = connections
    assert only.startswith("127.0.0.1:")
    assert only != "127.0.0.1:9"


def test_it_leaves_pictures_and_nothing_else(demo, scenario):
    assert [path.name for path in (demo.folder / "here").iterdir()] == ["demo-output"]
    assert list((demo.folder / "home").iterdir()) == []
    assert list((demo.folder / "tmp").glob("fiftyone-cvat-demo-*")) == []

    written = sorted(path.name for path in (demo.folder / "here/demo-output").iterdir())
    stems = [picture.path.stem for picture in scenario.pictures]
    stems.append(scenario.video.path.stem)
    expected = [f"{stem}-before-after.png" for stem in stems]
    assert written == sorted([*expected, "contact-sheet.png"])


def test_pictures_show_what_has_changed(demo, scenario):
    width, height = scenario.size
    edited = {edit.picture for edit in scenario.edits}
    for picture in scenario.pictures:
        assert picture.name in edited
        path = demo.folder / f"here/demo-output/{picture.path.stem}-before-after.png"
        with Image.open(path) as image:
            assert image.width > 2 * width
            assert image.height > height
            gap = (image.width - 2 * width) // 3
            top = 46
            before, after = (
                image.crop((left, top, left + width, top + height))
                for left in (gap, 2 * gap + width)
            )
        assert ImageChops.difference(before, after).getbbox(), picture.name
        with Image.open(picture.path) as photo:
            assert ImageChops.difference(before, photo.convert("RGB")).getbbox()


def test_contact_sheet(demo, scenario):
    with Image.open(demo.folder / "here/demo-output/contact-sheet.png") as image:
        assert image.width > 3 * 2 * 196
        assert image.height > -(-len(scenario.edits) // 3) * 140
        for edit in range(len(scenario.edits)):  # each has a card, before and after
            left, top = 16 + edit % 3 * 452, 46 + edit // 3 * 232
            crops = [
                image.crop((x, top + 36, x + 196, top + 176))
                for x in (left + 10, left + 230)
            ]
            assert ImageChops.difference(*crops).getbbox(), scenario.edits[edit].words


def test_picture_of_the_readme():
    picture = Path(__file__).parents[1] / "docs" / "demo.jpg"
    with Image.open(picture) as image:
        assert image.width > 3 * 2 * 196
    assert picture.stat().st_size < 400_000


@pytest.mark.parametrize("kind", FIELDS)
def test_marks_leave_the_object_to_be_seen(scenario, kind):
    """Most pixels of what is labelled are as they are in the photo."""
    pictures = [*scenario.pictures, scenario.video.pictures()[0]]
    things = [(p, t) for p in pictures for t in p.things.values() if t.kind == kind]
    colors = {thing.name: COLORS[0] for _, thing in things}
    assert things
    for picture, thing in things:
        photo = photo_of(picture)
        panel = draw_panel(
            photo, [Mark("kept", thing)], Style(colors, scenario.skeleton)
        )
        left, top, width, height = (round(value) for value in thing.box)
        area = (left, top, left + width, top + height)
        changed = ImageChops.difference(photo.convert("RGB"), panel).crop(area)
        strong = changed.convert("L").point(lambda value: 255 * (value > 100))
        share = sum(strong.histogram()[255:]) / (width * height)
        assert share < 0.25, f"{thing.name} in {picture.name}"


# ---- what is shipped ----


def test_shipped_pictures_are_small():
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 400_000


def test_labels_have_ids_and_lie_in_their_pictures(scenario):
    ids = [thing.id for each in scenario.pictures for thing in each.things.values()]
    ids += [each.scene_id for each in scenario.pictures]

    ids += [f"{scenario.video.id}{n + 1:02x}" for n in range(scenario.video.frames)]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[0-9a-f]{24}", each) for each in ids)
    for picture in scenario.pictures:
        with Image.open(picture.path) as image:
            assert image.size == scenario.size
        assert picture.scene in scenario.scenes
        for thing in picture.things.values():
            left, top, width, height = thing.box
            assert thing.name in scenario.classes[thing.kind]
            assert (thing.motion in scenario.motions) == (thing.kind == "box")
            assert left >= 0
            assert top >= 0
            assert left + width <= scenario.size[0]
            assert top + height <= scenario.size[1]


def test_every_kind_of_edit(scenario):
    kinds = {"move", "class", "attribute", "tag", "delete", "add", "paste"}
    kinds |= {"mask", "polygon", "skeleton", "track"}

    assert {edit.kind for edit in scenario.edits} == kinds


def test_every_kind_of_label(scenario):
    held = {t.kind for each in scenario.pictures for t in each.things.values()}

    assert held | {"track"} == set(FIELDS)


def test_video_is_what_its_labels_say(scenario):
    video = scenario.video
    for picture in video.pictures():
        assert photo_of(picture).size == video.size
    with pytest.raises(OSError, match="no frame 13"):
        photo_of(replace(video.pictures()[-1], frame=video.frames + 1))


def test_session_has_no_secret():
    text = CASSETTE.read_text(encoding="utf-8")
    session = yaml.load(text, Loader=yaml.CSafeLoader)

    assert not {what for what, pattern in NOT_ALLOWED.items() if pattern.search(text)}
    assert session["metadata"].keys() == {"recorded", "server", "cvat-sdk", "fiftyone"}
    for each in session["interactions"]:
        request, response = each["request"], each["response"]
        assert request["uri"].startswith("http://cvat.example.com/")
        assert not SECRET_HEADERS & {name.lower() for name in request["headers"]}
        for name, values in response["headers"].items():
            if name.lower() == "set-cookie":
                assert all(COOKIE.fullmatch(value) for value in values)
        for key, value in walk([request["body"], response["body"]]):
            if key.lower() in SECRET_KEYS and isinstance(value, str):
                assert value in PLACEHOLDERS, f"'{key}' is no placeholder"


# ---- its parts ----


def test_unknown_request_is_told_plainly():
    from fiftyone_cvat.demo.recorded import use_cassette

    url = "http://cvat.example.com/api/server/unheard-of"

    def ask():
        with _played(use_cassette(CASSETTE)):
            urllib3.PoolManager().request("GET", url, retries=False)

    with pytest.raises(DemoError, match="does not know GET /api/server/unheard-of"):
        ask()


def test_sandbox_wants_a_new_process(monkeypatch):
    monkeypatch.setitem(sys.modules, "fiftyone", SimpleNamespace())
    before = set(Path(tempfile.gettempdir()).glob("fiftyone-cvat-demo-*"))

    with pytest.raises(DemoError, match="new process"), sandbox(proxies=False):
        pass

    after = set(Path(tempfile.gettempdir()).glob("fiftyone-cvat-demo-*"))
    assert after <= before


def test_marks():
    def picture(*things):
        return Picture(Path("a.jpg"), "s", "day", {each.id: each for each in things})

    def thing(name, label="car", left=0.0, motion="still"):
        return Thing(name, label, (left, 0.0, 10.0, 10.0), motion)

    before = [thing("1"), thing("2"), thing("3"), thing("4"), thing("5")]
    after = [
        thing("1"),
        thing("2", "van"),
        thing("3", left=5.0),
        thing("4", motion="moving"),
        thing("6", "bus"),
    ]

    marks = compare(picture(*before), picture(*after))

    assert [(mark.status, mark.words) for mark in marks] == [
        ("kept", "car"),
        ("changed", "van (was car)"),
        ("changed", "car, moved"),
        ("changed", "car, moving (was still)"),
        ("added", "bus, added"),
        ("deleted", "car, deleted"),
    ]


def test_marks_of_points():
    def mark(kind, old, new):
        marks = compare(
            Picture(Path("a.jpg"), "s", "day", {"1": thing(kind, old)}),
            Picture(Path("a.jpg"), "s", "day", {"1": thing(kind, new)}),
        )
        return marks[0].words

    def thing(kind, points):
        return Thing("1", "pond", (0.0, 0.0, 9.0, 9.0), kind=kind, points=points)

    assert mark("polygon", (0.0, 0.0, 9.0, 9.0), (0.0, 0.0, 9.0, 9.01)) == "pond"
    assert (
        mark("polygon", (0.0, 0.0, 9.0, 9.0), (1.0, 0.0, 9.0, 8.0))
        == "pond, 2 points moved"
    )
    assert mark("skeleton", (0.0, 0.0, 9.0, 9.0), (1.0, 0.0, 9.0, 9.0)) == (
        "pond, point moved"
    )
    assert mark("mask", (1, 3, 0, 0, 1, 1), (2, 2, 0, 0, 1, 1)) == "pond, mask changed"


def test_a_copy_names_what_it_is_a_copy_of(scenario):
    (edit,) = (each for each in scenario.edits if each.kind == "paste")
    before = next(each for each in scenario.pictures if each.name == edit.picture)
    copy = Thing("f" * 24, "fish", tuple(edit.values["box"]), "still")
    after = replace(before, things=before.things | {copy.id: copy})

    words = [mark.words for mark in compare(before, after, [edit])]

    name = f"#{edit.label[-4:]}"
    assert words.count(f"fish {name}") == 1
    assert words.count(f"fish, copy of {name}") == 1


def test_labels_do_not_overlap_and_stay_inside():
    boxes = [(float(x), 0.0, float(x + 30), 40.0) for x in range(0, 200, 20)]
    places = place_labels(boxes, [(60.0, 18.0)] * len(boxes), (600.0, 400.0))

    for number, (left, top, right, bottom) in enumerate(places):
        assert 0 <= left < right <= 600
        assert 0 <= top < bottom <= 400
        for other in places[:number]:
            apart = (
                right <= other[0]
                or other[2] <= left
                or bottom <= other[1]
                or other[3] <= top
            )
            assert apart
