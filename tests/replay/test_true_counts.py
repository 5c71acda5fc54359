"""The words after a load say what has changed in the dataset, and nothing else."""

from __future__ import annotations

import re

import fiftyone as fo
import pytest

import fiftyone_cvat
from fiftyone_cvat import import_tasks
from tests import media
from tests.replay.run import Run, _as_text, box, moved

LINE = re.compile(r"(?P<field>[\w.]+)(?:, compared with (?P<source>[\w.]+))?: +(.+)")
WORDS = {"kept", "changed", "added", "deleted", "left out"}

SCHEMA = {
    "cats": {"type": "detections", "classes": ["cat"]},
    "dots": {"type": "keypoints", "classes": ["dot"]},
    "sky": {"type": "classification", "classes": ["blue", "grey"]},
    "number": {"type": "scalar"},
}
LISTS = {"Detections", "Keypoints", "Polylines", "Classifications"}
UNEXPECTED = {
    "keep": "keep",
    "return": "return",
    "some types": ["polylines"],
    "named field": {"polylines": "drawn", "keypoints": "points"},
    "prompt": "prompt",
}
BOX = [3.2, 4.8, 9.6, 12.0]
POINTS = {"type": "points", "points": [16.0, 6.0]}
LINE_DRAWN = {"type": "polyline", "points": [1.0, 1.0, 9.0, 9.0]}


def held(dataset):
    """Return what the fields of a dataset hold: field to id to the label, or value."""
    found = {}
    for path in dataset._get_label_fields():
        plain, in_frames = dataset._handle_frame_field(path)
        documents = _documents(dataset, in_frames)
        for each in documents:
            value = each.get(plain) or {}
            lists = [v for k, v in value.items() if isinstance(v, list) and k != "tags"]
            is_list = value.get("_cls") in LISTS
            labels = lists[0] if is_list else [value] if value else []
            found.setdefault(path, {}).update(
                {str(label["_id"]): _as_text(label) for label in labels}
            )
    for path in ("number", "frames.number"):
        plain, in_frames = dataset._handle_frame_field(path)
        if dataset.has_field(path):
            found[path] = {
                str(each["_id"]): repr(each[plain])
                for each in _documents(dataset, in_frames)
                if each.get(plain) is not None
            }
    return found


def _documents(dataset, in_frames):
    collection = dataset._frame_collection if in_frames else dataset._sample_collection
    return list(collection.find({}))


def changes(before, after):
    """Return what has changed: field to word to how many."""
    found = {}
    for name in before.keys() | after.keys():
        old, new = before.get(name, {}), after.get(name, {})
        counts = {
            "added": len(new.keys() - old.keys()),
            "deleted": len(old.keys() - new.keys()),
            "changed": sum(old[key] != new[key] for key in old.keys() & new.keys()),
        }
        if any(counts.values()):
            found[name] = {word: number for word, number in counts.items() if number}
    return found


def told(lines):
    """Return what lines say has changed, as :func:`changes`."""
    found = {}
    for line in lines:
        match = LINE.fullmatch(line)
        if match is None or match[3] == "no labels":
            continue
        counts = {word: int(n) for n, word in re.findall(r"(\d+) ([a-z ]+)", match[3])}
        assert counts.keys() <= WORDS, line
        counts = {w: n for w, n in counts.items() if w not in ("kept", "left out")}
        if counts:
            found[match["field"]] = counts
    return found


def load(run, **kwargs):
    """Load; return what has changed in the dataset, which the words must say, too."""
    before = held(run.dataset)
    run.load(**kwargs)
    found = changes(before, held(run.dataset))
    lines = run.results.reconciliation.lines()
    assert told(lines) == found, lines
    return found


@pytest.fixture
def pictures(dataset, tmp_path):
    for number, path in enumerate(media.make_images(tmp_path, ["1.png", "2.png"])):
        sample = fo.Sample(filepath=path)
        sample["cats"] = fo.Detections(detections=[box(), box(x=0.5), box(x=0.6)])
        dot = fo.Keypoint(label="dot", points=[[0.5, 0.4]])
        sample["dots"] = fo.Keypoints(keypoints=[dot])
        sample["sky"] = fo.Classification(label="blue")
        sample["number"] = number
        dataset.add_sample(sample)
    return dataset


def edit(run):
    """Move, delete and draw; also what the field of its class does not hold."""
    cat = run.label_ids()["cat"]
    shapes = [e for e in run.annotations()["shapes"] if e["label_id"] == cat]
    run.change("update", shapes=[moved(shapes[0])])
    run.change("delete", shapes=[shapes[1]])
    new = {"label_id": cat, "attributes": [], "frame": 1}
    drawn = [moved(shapes[2]) | new | {"id": None}]
    drawn += [new | each for each in (POINTS, moved(POINTS), LINE_DRAWN)]
    run.change("create", shapes=drawn)
    tags = run.annotations()["tags"]
    if tags:
        run.change("delete", tags=[each for each in tags if each["frame"] == 0])


def test_images(pictures, server):
    check_images(pictures, server, "ignore")


@pytest.mark.cassette("test_true_counts/test_images")
@pytest.mark.parametrize("way", UNEXPECTED)
def test_images_otherwise(pictures, server, monkeypatch, way):
    monkeypatch.setattr("builtins.input", lambda text: "" if "poly" in text else "mine")
    check_images(pictures, server, UNEXPECTED[way])


def check_images(pictures, server, unexpected):
    run = Run(pictures, server, SCHEMA, task_name="pictures")
    edit(run)

    first = load(run, unexpected=unexpected)

    assert first["cats"] == {"changed": 1, "deleted": 1, "added": 1}
    assert first["sky"] == first["number"] == {"deleted": 1}
    assert load(run, unexpected=unexpected) == {}
    shapes = run.annotations()["shapes"]
    gone = [each for each in shapes if each["type"] == "polyline"]
    run.change("delete", shapes=gone)
    run.change("update", shapes=[moved(e) for e in shapes if e["type"] == "points"])
    load(run, unexpected=unexpected)


@pytest.mark.parametrize("by", ["load", "FiftyOne"])
def test_another_field(pictures, server, by):
    """What is loaded is not what has changed there: the words say what is compared."""
    run = Run(pictures, server, {"cats": SCHEMA["cats"]})
    edit(run)
    before = held(pictures)

    if by == "load":
        fiftyone_cvat.load(
            pictures, "run", dest_field="new", unexpected="ignore", **server.credentials
        )
    else:
        run.load(dest_field="new", unexpected="ignore")

    after = held(pictures)
    lines = run.results.reconciliation.lines()
    assert lines[0] == (
        "new, compared with cats: 4 kept, 1 changed, 1 added, 1 deleted, 3 left out"
    )
    assert after.pop("new").keys() - before["cats"].keys()
    assert after == before


def test_unchanged_and_chosen_jobs(pictures, server):
    run = Run(pictures, server, {"cats": SCHEMA["cats"]}, segment_size=1)
    edit(run)
    [_, second] = run.results.job_ids[run.task_id]

    drawn = {"polylines": {"added": 1}}
    found = load(run, jobs=[second])

    assert found == {"cats": {"added": 1}, "keypoints": {"added": 2}} | drawn
    assert run.results.reconciliation.lines()[-1] == (
        "1 frame is in a job that was not asked for: its labels stay as they are"
    )
    assert load(run)["cats"] == {"changed": 1, "deleted": 1}
    before = held(pictures)
    for expected in (
        ["cats:      6 kept", "keypoints: 2 kept"],
        ["Nothing has changed in CVAT since the last load"],
    ):
        fiftyone_cvat.load(pictures, "run", unexpected="keep", **server.credentials)
        lines = run.results.reconciliation.lines()
        assert lines[: len(expected)] == expected
        assert (told(lines), held(pictures)) == ({}, before)


@pytest.fixture
def video(dataset, tmp_path):
    path = media.copy_video(tmp_path / "video.mp4")
    sample = fo.Sample(filepath=str(path))
    dataset.add_sample(sample)
    for number in range(1, 5):
        frame = fo.Frame()
        frame["cars"] = fo.Detections(
            detections=[box("car", index=1), box("car", x=0.5, index=2)]
        )
        frame["number"] = number
        sample.frames[number] = frame
    sample.save()
    return dataset


def test_tracks(video, server):
    check_tracks(video, server, "keep")


@pytest.mark.cassette("test_true_counts/test_tracks")
@pytest.mark.parametrize("unexpected", ["ignore", "return"])
def test_tracks_otherwise(video, server, unexpected):
    check_tracks(video, server, unexpected)


def check_tracks(video, server, unexpected):
    schema = {
        "frames.cars": {"type": "detections", "classes": ["car"]},
        "frames.number": {"type": "scalar"},
    }
    run = Run(video, server, schema, task_name="video")
    car = run.label_ids()["car"]
    tracks = run.annotations()["tracks"]
    first, second = sorted(tracks, key=lambda each: each["id"])
    shapes = [moved(first["shapes"][0]), *first["shapes"][1:]]
    run.change("update", tracks=[first | {"shapes": shapes}])
    run.change("delete", tracks=[second])
    new = {"label_id": car, "attributes": [], "frame": 2, "group": 0}
    points = POINTS | {"occluded": False, "attributes": []}
    drawn = [
        new
        | {
            "shapes": [
                {**shape, "frame": 2, "outside": False},
                {**shape, "frame": 4, "outside": True},
            ]
        }
        for shape in (points, moved(points) | {"type": "rectangle", "points": BOX})
    ]
    run.change("create", tracks=drawn)
    tags = run.annotations()["tags"]
    run.change("delete", tags=[each for each in tags if each["frame"] == 1])

    found = load(run, unexpected=unexpected)

    assert found["frames.cars"]["added"] == 2
    assert found["frames.cars"]["deleted"] == 4
    assert found["frames.number"] == {"deleted": 1}


def test_imports(pictures, server, empty):
    run = Run(pictures, server, {"cats": SCHEMA["cats"]})
    edit(run)
    paths = pictures.values("filepath")
    empty.add_samples([fo.Sample(filepath=each) for each in paths])
    before = held(empty)

    results = import_tasks(empty, tasks=run.task_id, **server.credentials)

    lines = results.reconciliation.lines()
    assert told(lines) == changes(before, held(empty)) != {}
    before = held(empty)
    empty.load_annotations("cvat_import", **server.credentials)
    assert told(results.reconciliation.lines()) == changes(before, held(empty)) == {}


def test_runs_without_fields(pictures, server, request):
    """All labels are counted together, wherever they are."""
    run = Run(pictures, server, {"cats": SCHEMA["cats"]}, project_name="Ünï projekt")
    project_id = run.api.get(run.api.task_url(run.task_id)).json()["project_id"]
    bare = Run(pictures, server, None, key="bare", project_id=project_id)
    cat = bare.label_ids()["cat"]
    new = {"label_id": cat, "attributes": [], "frame": 1}
    bare.change("create", shapes=[new | POINTS, new | LINE_DRAWN])
    before = held(pictures)

    bare.load(unexpected=["keypoints"])

    assert changes(before, held(pictures)) == {"keypoints": {"added": 1}}
    [counts, reason] = bare.results.reconciliation.lines()
    assert counts == "labels: 1 added, 1 left out"
    assert reason.endswith("label for which the run has no field (polylines)")
