"""Labels of types that their field does not hold: counted as what became of them."""

from __future__ import annotations

import json
from dataclasses import replace

import fiftyone as fo
import numpy as np
import pytest

from fiftyone_cvat import CVATAnnotationAPI
from tests import media
from tests.replay.run import Run, box, moved

DRAWN = {
    "keypoints": {"type": "points", "points": [16.0, 6.0]},
    "polylines": {"type": "polyline", "points": [1.0, 1.0, 9.0, 9.0]},
}
BOX = {"type": "rectangle", "points": [3.2, 4.8, 9.6, 12.0]}


@pytest.fixture
def pictures(dataset, tmp_path):
    for path in media.make_images(tmp_path, ("1.png", "2.png")):
        cats = fo.Detections(detections=[box()])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


def draw(run, *shapes, tags=(), name=None):
    """Draw shapes and tags of a class, which is the first if none is named."""
    ids = run.label_ids()
    more = {"label_id": ids[name] if name else min(ids.values())}
    more |= {"attributes": [], "frame": 0}
    run.change(
        "create",
        shapes=[more | each for each in shapes],
        tags=[more | each for each in tags],
    )


def load(run, **kwargs):
    """Load the labels; return the counts of fields that have any."""
    return {name: each for name, each in run.load(**kwargs).items() if each}


def left_out(*kinds, field="cats"):
    return {
        f"label of a type that '{field}' does not hold ({kind})": 1 for kind in kinds
    }


@pytest.mark.parametrize("unexpected", ["ignore", "return"])
def test_left_out(pictures, server, caplog, unexpected):
    caplog.set_level("INFO", logger="fiftyone_cvat")
    run = Run(pictures, server, {"cats": {"type": "detections"}})
    draw(run, *DRAWN.values(), tags=[{"frame": 1}])

    assert load(run, unexpected=unexpected) == {"cats": {"kept": 2, "unmatched": 3}}
    reasons = left_out("classifications", *DRAWN)
    assert run.results.reconciliation.reasons == reasons
    assert run.results.reconciliation.undecided == {}
    lines = run.results.reconciliation.lines()
    assert [caplog.messages.count(each) for each in lines] == [1] * 4
    assert run.differences() == []

    added = {"cats": {"kept": 2}}
    added |= {kind: {"added": 1} for kind in ("classifications", *DRAWN)}
    assert load(run, unexpected="keep") == added


def test_only_some_types_are_loaded(pictures, server):
    run = Run(pictures, server, {"cats": {"type": "detections"}})
    draw(run, *DRAWN.values())

    counts = load(run, unexpected={"keypoints": "my_points"})

    assert counts == {"cats": {"kept": 2, "unmatched": 1}, "my_points": {"added": 1}}
    assert run.results.reconciliation.reasons == left_out("polylines")
    assert len(pictures.first().my_points.keypoints) == 1


def test_life_of_labels_in_another_field(pictures, server):
    """They are kept, changed, deleted on either side, each as its field says."""
    run = Run(pictures, server, {"cats": {"type": "detections"}})
    points = DRAWN["keypoints"]
    draw(run, points, {**points, "frame": 1}, {**points, "points": [2.0, 3.0]})
    cats = {"kept": 2}
    assert load(run) == {"cats": cats, "keypoints": {"added": 3}}
    loaded = run.documents()
    assert load(run) == {"cats": cats, "keypoints": {"kept": 3}}
    assert run.differences(loaded) == []

    drawn = [e for e in run.annotations()["shapes"] if e["type"] == "points"]
    first, second, _ = sorted(drawn, key=lambda each: each["id"])
    run.change("update", shapes=[moved(first)])
    run.change("delete", shapes=[second])
    # nobody wants the change, nor the deletion: the labels stay as they were
    counts = {"cats": {**cats, "unmatched": 1}, "keypoints": {"kept": 2}}
    assert load(run, unexpected="ignore") == counts
    assert run.results.reconciliation.reasons == left_out("keypoints") | {
        "label that is gone in CVAT and stays in 'keypoints': `unexpected` did not "
        "load its type": 1
    }
    assert run.differences(loaded) == []
    counts = {"kept": 1, "changed": 1, "deleted": 1}
    assert load(run) == {"cats": cats, "keypoints": counts}
    [label, _] = pictures.first().keypoints.keypoints
    assert label.points[0] == pytest.approx((17 / 32, 7 / 24))
    assert pictures.last().keypoints.keypoints == []

    pictures.delete_labels(ids=[label.id])
    loaded = run.documents()
    counts = {"cats": {**cats, "unmatched": 1}, "keypoints": {"kept": 1}}
    assert load(run) == counts
    why = {"label that was deleted in the dataset": 1}
    assert run.results.reconciliation.reasons == why
    assert run.differences(loaded) == []


def test_two_fields_with_labels_of_one_type(pictures, server):
    """FiftyOne would delete those of the first when it comes to the second."""
    schema = {
        "roads": {"type": "polylines", "classes": ["road"]},
        "lawns": {"type": "polygons", "classes": ["lawn"]},
    }
    run = Run(pictures, server, schema)
    draw(run, BOX, {**BOX, "frame": 1}, name="road")
    draw(run, moved(BOX), name="lawn")

    assert load(run) == {"detections": {"added": 3}}
    names = [[d.label for d in each.detections.detections] for each in pictures]
    assert names == [["road", "lawn"], ["road"]]
    loaded = run.documents()
    assert load(run) == {"detections": {"kept": 3}}
    assert run.differences(loaded) == []


@pytest.mark.parametrize("label_type", ["polygons", "segmentation"])
def test_rectangles_where_boxes_are_not_expected(pictures, server, label_type):
    info = {"type": label_type, "classes": ["lawn"]}
    if label_type == "segmentation":
        info = {"type": label_type, "mask_targets": {1: "lawn"}}
    run = Run(pictures, server, {"lawns": info})
    draw(run, {**BOX, "rotation": 30.0}, BOX)

    assert load(run) == {"detections": {"added": 2}}
    turned, plain = pictures.first().detections.detections
    assert (turned.rotation, plain.get_attribute_value("rotation", 0.0)) == (30.0, 0.0)
    loaded = run.documents()
    assert load(run) == {"detections": {"kept": 2}}
    assert run.differences(loaded) == []


@pytest.mark.parametrize("order", [1, -1], ids=["before", "after"])
@pytest.mark.parametrize("unexpected", ["keep", "ignore"])
def test_a_field_of_the_run_that_is_named_like_the_type(
    pictures, server, unexpected, order
):
    """FiftyOne would keep them there, and delete all others: so the field has them."""
    pictures.rename_sample_field("cats", "detections")
    schema = {
        "detections": {"type": "detections"},
        "ground": {"type": "segmentation", "mask_targets": {1: "sky"}},
    }
    run = Run(pictures, server, dict(list(schema.items())[::order]))
    draw(run, BOX, name="sky")

    counts = load(run, unexpected=unexpected)

    assert counts == {"detections": {"kept": 2, "added": 1}}
    labels = [[d.label for d in each.detections.detections] for each in pictures]
    assert labels == [["cat", "sky"], ["cat"]]
    assert pictures.values("ground") == [None, None]
    assert run.differences() == [
        each for each in run.differences() if each[0] == "detections"
    ]
    loaded = run.documents()
    assert load(run, unexpected=unexpected) == {"detections": {"kept": 3}}
    assert run.differences(loaded) == []


def test_what_must_not_be_added(pictures, server):
    info = {"type": "detections", "allow_additions": False}
    run = Run(pictures, server, {"cats": info})
    draw(run, DRAWN["keypoints"])

    assert load(run, unexpected="keep") == {"cats": {"kept": 2, "unmatched": 1}}
    assert run.results.reconciliation.reasons == left_out("keypoints")
    assert run.differences() == []


def test_a_view_of_frames(dataset, server, tmp_path):
    video = media.copy_video(tmp_path / "video.mp4")
    dataset.add_sample(fo.Sample(filepath=str(video)))
    frames = dataset.to_frames(sample_frames=True)
    run = Run(frames[:2], server, {"cats": {"type": "detections", "classes": ["cat"]}})
    draw(run, BOX, DRAWN["keypoints"])

    assert load(run) == {"cats": {"added": 1}, "keypoints": {"added": 1}}
    assert len(dataset.first().frames[1].keypoints.keypoints) == 1
    loaded = run.documents()
    assert load(run) == {"cats": {"kept": 1}, "keypoints": {"kept": 1}}
    assert run.differences(loaded) == []


# --- tracks ------------------------------------------------------------------


@pytest.fixture
def video(dataset, tmp_path):
    path = media.copy_video(tmp_path / "video.mp4")
    dataset.add_sample(fo.Sample(filepath=str(path)))
    return dataset


@pytest.fixture
def project(server, request):
    with CVATAnnotationAPI("cvat", **server.credentials) as api:
        project_id = api.create_project(f"project of {request.node.name}", {"car": {}})
        yield project_id
        api.delete_project(project_id)


def draw_tracks(run):
    """Draw two tracks of boxes, on frames 0 to 2 and 1 to 4, and one of points."""
    shape = {"occluded": False, "outside": False, "attributes": []}
    points = shape | DRAWN["keypoints"]
    car = {"label_id": run.label_ids()["car"], "attributes": [], "group": 0}

    def track(first, stop, shape):
        keys = [{**shape, "frame": first}]
        keys.append({**moved(shape), "frame": stop, "outside": True})
        return car | {"frame": first, "shapes": keys}

    first, second = track(0, 3, shape | BOX), track(1, 5, shape | moved(BOX))
    run.change("create", tracks=[first, second, track(2, 4, points)])


def tracks_of(dataset, field, kind):
    """Return the frames on which the tracks of a field are, by their index."""
    found = {}
    for number, frame in dataset.first().frames.items():
        labels = frame[field]
        for label in labels[kind] if labels else []:
            found.setdefault(label.index, []).append(number)
    return found


def test_tracks_that_are_loaded_twice(video, server):
    schema = {"frames.roads": {"type": "polylines", "classes": ["car"]}}
    run = Run(video, server, schema)
    draw_tracks(run)

    counts = {"frames.detections": {"added": 7}, "frames.keypoints": {"added": 2}}
    assert load(run) == counts
    boxes = tracks_of(video, "detections", "detections")
    assert sorted(boxes.values()) == [[1, 2, 3], [2, 3, 4, 5]]
    assert list(tracks_of(video, "keypoints", "keypoints").values()) == [[3, 4]]
    loaded = run.documents()
    for unexpected in ("keep", "ignore", "keep"):
        counts = {"frames.detections": {"kept": 7}, "frames.keypoints": {"kept": 2}}
        assert load(run, unexpected=unexpected) == counts
        assert run.differences(loaded) == []

    [track, *_] = run.annotations()["tracks"]
    run.change("delete", tracks=[track])
    counts["frames.detections"] = {"kept": 4, "deleted": 3}
    assert load(run) == counts
    boxes = tracks_of(video, "detections", "detections")
    assert list(boxes.values()) == [[2, 3, 4, 5]]


@pytest.mark.parametrize("what", ["deleted frame", "unreadable track"])
def test_what_is_not_deleted_in_other_fields(video, server, monkeypatch, what):
    """Labels on deleted frames stay, and those that cannot be read."""
    schema = {"frames.roads": {"type": "polylines", "classes": ["car"]}}
    run = Run(video, server, schema)
    draw_tracks(run)
    first = {"frames.detections": {"added": 7}, "frames.keypoints": {"added": 2}}
    assert load(run) == first
    loaded = run.documents()

    counts = {"frames.detections": {"kept": 7}, "frames.keypoints": {"kept": 2}}
    if what == "deleted frame":
        url = run.api.task_data_meta_url(run.task_id)
        run.api.patch(url, json={"deleted_frames": [2]})
    else:
        [track, *_] = run.annotations()["tracks"]
        spoil(monkeypatch, track["id"])
        counts["frames.roads"] = {"unmatched": 1}

    for _ in range(2):
        assert load(run) == counts
        assert run.differences(loaded) == []


def spoil(monkeypatch, track_id):
    """Let the server answer that a track has a shape without numbers."""
    ask = CVATAnnotationAPI.get

    def get(self, url, **kwargs):
        answer = ask(self, url, **kwargs)
        if url.endswith("/annotations"):
            content = answer.json()
            for each in content["tracks"]:
                if each["id"] == track_id:
                    each["shapes"][0]["points"] = [None]
            answer = replace(answer, content=json.dumps(content).encode())
        return answer

    monkeypatch.setattr(CVATAnnotationAPI, "get", get)


def test_tracks_of_a_run_without_fields_that_are_loaded_twice(video, server, project):
    run = Run(video, server, None, project_id=project)
    draw_tracks(run)

    assert load(run) == {None: {"added": 9}}
    boxes = tracks_of(video, "detections", "detections")
    assert sorted(boxes.values()) == [[1, 2, 3], [2, 3, 4, 5]]
    loaded = run.documents()
    for _ in range(2):
        assert load(run) == {None: {"kept": 9}}
        assert run.differences(loaded) == []
    assert load(run, unexpected="ignore") == {None: {"kept": 9}}


def test_tracks_of_clips_that_are_loaded_twice(video, server):
    """The first clip is on frames 2 to 4, the second on 6 to 8."""
    sample = video.first()
    supports = [[2, 4], [6, 8]]
    events = [fo.TemporalDetection(label="x", support=each) for each in supports]
    sample["events"] = fo.TemporalDetections(detections=events)
    sample.save()
    schema = {"frames.roads": {"type": "polylines", "classes": ["car"]}}
    run = Run(video.to_clips("events"), server, schema)
    shape = {"occluded": False, "outside": False, "attributes": []} | BOX
    for task_id in run.results.task_ids:
        [label] = run.api._get_task_labels(task_id)
        car = {"label_id": label["id"], "attributes": [], "group": 0}
        key = {**shape, "frame": 0}
        run.change("create", task_id, tracks=[car | {"frame": 0, "shapes": [key]}])

    assert load(run) == {"frames.detections": {"added": 6}}
    loaded = run.documents()
    assert load(run) == {"frames.detections": {"kept": 6}}
    assert run.differences(loaded) == []
    numbers = [n for n, f in video.first().frames.items() if f["detections"]]
    assert numbers == [2, 3, 4, 6, 7, 8]
    tracks = tracks_of(video, "detections", "detections")
    assert tracks == {1: [2, 3, 4], 2: [6, 7, 8]}

    # a track more of the first clip changes nothing of the second's
    [label] = run.api._get_task_labels(run.task_id)
    car = {"label_id": label["id"], "attributes": [], "group": 0}
    key = {**moved(shape), "frame": 1}
    run.change("create", tracks=[car | {"frame": 1, "shapes": [key]}])
    assert load(run) == {"frames.detections": {"kept": 6, "added": 2}}
    tracks = tracks_of(video, "detections", "detections")
    assert tracks == {1: [2, 3, 4], 2: [6, 7, 8], 3: [3, 4]}


def test_tracks_in_a_run_of_scalars(video, server):
    sample = video.first()
    sample.frames[1] = fo.Frame(number=7)
    sample.save()
    run = Run(video, server, {"frames.number": {"type": "scalar"}})
    shape = {"occluded": False, "outside": False, "attributes": []} | BOX
    [label_id] = run.label_ids().values()
    number = {"label_id": label_id, "attributes": [], "group": 0, "frame": 0}
    keys = [{**shape, "frame": 0}, {**shape, "frame": 3, "outside": True}]
    run.change("create", tracks=[number | {"shapes": keys}] * 2)

    expected = {"frames.number": {"kept": 1}, "frames.detections": {"added": 6}}
    assert load(run) == expected
    tracks = tracks_of(video, "detections", "detections")
    assert tracks == {1: [1, 2, 3], 2: [1, 2, 3]}
    loaded = run.documents()
    assert load(run) == expected | {"frames.detections": {"kept": 6}}
    assert run.differences(loaded) == []


def test_points_of_tracks_on_pictures(pictures, server):
    """CVAT shows pictures as frames; a track there has no index in FiftyOne."""
    run = Run(pictures, server, {"cats": {"type": "detections"}})
    shape = {"occluded": False, "outside": False, "attributes": []}
    keys = [{**shape, **DRAWN["keypoints"], "frame": 0}]
    cat = {"label_id": run.label_ids()["cat"], "attributes": [], "group": 0}
    run.change("create", tracks=[cat | {"frame": 0, "shapes": keys}])

    assert load(run) == {"cats": {"kept": 2}, "keypoints": {"added": 2}}
    loaded = run.documents()
    assert load(run) == {"cats": {"kept": 2}, "keypoints": {"kept": 2}}
    assert run.differences(loaded) == []
    assert np.all([len(each.keypoints.keypoints) == 1 for each in pictures])
