"""Labels of other types that were moved in the dataset: there once."""

from __future__ import annotations

import fiftyone as fo
import pytest

from tests import media
from tests.replay.run import Run, box, moved
from tests.replay.test_unexpected import (
    BOX,
    DRAWN,
    draw,
    draw_tracks,
    load,
    tracks_of,
)

POINTS = DRAWN["keypoints"]
CATS = {"kept": 2}


@pytest.fixture
def pictures(dataset, tmp_path):
    for path in media.make_images(tmp_path, ("1.png", "2.png")):
        dataset.add_sample(
            fo.Sample(filepath=path, cats=fo.Detections(detections=[box(age=3)]))
        )
    return dataset


@pytest.fixture
def video(dataset, tmp_path):
    path = media.copy_video(tmp_path / "video.mp4")
    dataset.add_sample(fo.Sample(filepath=str(path)))
    return dataset


def with_points(pictures, server, **info):
    """Return a run of boxes into whose field three points were drawn and loaded."""
    run = Run(pictures, server, {"cats": {"type": "detections", **info}})
    draw(run, POINTS, {**POINTS, "frame": 1}, {**POINTS, "points": [2.0, 3.0]})
    assert load(run) == {"cats": CATS, "keypoints": {"added": 3}}
    return run


def drawn_points(run):
    shapes = [each for each in run.annotations()["shapes"] if each["type"] == "points"]
    return sorted(shapes, key=lambda each: each["id"])


def number_of_labels(dataset):
    """Return how many labels each field of the dataset holds."""
    found = {}
    for label_field in dataset._get_label_fields():
        _, path = dataset._get_label_field_path(label_field, "id")
        found[label_field] = dataset.count(path)
    return found


def rename(pictures):
    pictures.rename_sample_field("keypoints", "joints")
    return "joints"


def clone_and_delete(pictures):
    pictures.clone_sample_field("keypoints", "joints")
    pictures.delete_sample_field("keypoints")
    return "joints"


def rename_twice(pictures):
    pictures.rename_sample_field("keypoints", "a")
    pictures.rename_sample_field("a", "joints")
    return "joints"


def move_each(pictures):
    """Move the labels one by one; their field stays, empty."""
    for sample in pictures:
        sample["joints"] = sample.keypoints
        sample["keypoints"] = None
        sample.save()
    return "joints"


@pytest.mark.parametrize("unexpected", ["keep", "ignore", "dict"])
@pytest.mark.parametrize("change", [rename, clone_and_delete, rename_twice, move_each])
def test_another_field_has_them(pictures, server, change, unexpected):
    run = with_points(pictures, server)
    name = change(pictures)
    wanted = {"keypoints": name} if unexpected == "dict" else unexpected
    before = run.documents()
    numbers = number_of_labels(pictures)

    for _ in range(2):
        assert load(run, unexpected=wanted) == {"cats": CATS, name: {"kept": 3}}
        assert number_of_labels(pictures) == numbers
        assert run.differences(before) == []

    first, second, _ = drawn_points(run)
    run.change("update", shapes=[moved(first)])
    run.change("delete", shapes=[second])
    draw(run, {**POINTS, "points": [20.0, 3.0]})
    counts = load(run, unexpected=wanted)
    if unexpected == "ignore":
        assert counts == {"cats": CATS | {"unmatched": 2}, name: {"kept": 2}}
        assert run.differences(before) == []
        return
    changed = {"kept": 1, "changed": 1, "deleted": 1}
    if unexpected == "dict":
        assert counts == {"cats": CATS, name: changed | {"added": 1}}
    else:
        assert counts == {"cats": CATS, name: changed, "keypoints": {"added": 1}}
    points = [each.points[0] for each in pictures.first()[name].keypoints]
    assert points[0] == pytest.approx((17 / 32, 7 / 24))
    assert pictures.last()[name].keypoints == []
    assert sum(number_of_labels(pictures).values()) == 2 + 3
    loaded = run.documents()
    total = load(run, unexpected=wanted)
    assert sum(each["kept"] for each in total.values()) == 5
    assert run.differences(loaded) == []


def test_a_copy_beside_the_field(pictures, server):
    """What somebody cloned is theirs: loads go on with the field that they made."""
    run = with_points(pictures, server)
    pictures.clone_sample_field("keypoints", "backup")
    before = run.documents()
    [first, *_] = drawn_points(run)

    assert load(run) == {"cats": CATS, "keypoints": {"kept": 3}}
    assert run.differences(before) == []
    run.change("update", shapes=[moved(first)])

    assert load(run) == {"cats": CATS, "keypoints": {"kept": 2, "changed": 1}}
    differing = {name for name, *_ in run.differences(before)}
    assert differing == {"keypoints"}


def test_some_are_moved(pictures, server):
    run = with_points(pictures, server)
    sample = pictures.first()
    [first, second] = sample.keypoints.keypoints
    sample["joints"] = fo.Keypoints(keypoints=[second])
    sample.keypoints = fo.Keypoints(keypoints=[first])
    sample.save()
    before = run.documents()

    counts = {"cats": CATS, "keypoints": {"kept": 2}, "joints": {"kept": 1}}
    assert load(run) == counts
    assert run.differences(before) == []


def test_another_field_is_named_when_loaded_again(pictures, server):
    run = with_points(pictures, server)
    before = run.documents()

    counts = {"cats": CATS, "keypoints": {"kept": 3}}
    assert load(run, unexpected={"keypoints": "joints"}) == counts
    assert run.differences(before) == []
    assert not pictures.has_field("joints")


def test_a_field_of_the_run_has_them(pictures, server):
    """They are no labels of it that went up, and what CVAT changes is told."""
    for sample in pictures:
        sample["tips"] = fo.Keypoints(keypoints=[fo.Keypoint(label="tip", points=[])])
        sample.save()
    schema = {
        "cats": {"type": "detections", "classes": ["cat"]},
        "tips": {"type": "keypoints", "classes": ["tip"]},
        "lines": {"type": "polylines", "classes": ["line"]},
    }
    run = Run(pictures, server, schema)
    draw(run, BOX, name="line")
    assert load(run)["detections"] == {"added": 1}
    sample = pictures.first()
    boxes = [*sample.cats.detections, *sample.detections.detections]
    sample.cats = fo.Detections(detections=boxes)
    sample.detections = None
    sample.save()
    assert len(pictures.first().cats.detections) == 2
    numbers = number_of_labels(pictures)

    for _ in range(2):
        counts = load(run)
        assert counts["cats"] == {"kept": 3}
        assert "detections" not in counts
        assert number_of_labels(pictures) == numbers
        why = {"label that was moved to 'cats': it stays there": 1}
        assert run.results.reconciliation.reasons == why


def test_tracks_whose_field_is_renamed(video, server):
    schema = {"frames.roads": {"type": "polylines", "classes": ["car"]}}
    run = Run(video, server, schema)
    draw_tracks(run)
    first = {"frames.detections": {"added": 7}, "frames.keypoints": {"added": 2}}
    assert load(run) == first
    video.rename_frame_field("detections", "cars")
    before = run.documents()
    numbers = number_of_labels(video)
    tracks = tracks_of(video, "cars", "detections")

    for _ in range(2):
        counts = {"frames.cars": {"kept": 7}, "frames.keypoints": {"kept": 2}}
        assert load(run) == counts
        assert run.differences(before) == []
        assert number_of_labels(video) == numbers

    [track, *_] = run.annotations()["tracks"]
    run.change("delete", tracks=[track])
    counts["frames.cars"] = {"kept": 4, "deleted": 3}
    assert load(run) == counts
    left = tracks_of(video, "cars", "detections")
    assert [*left.items()] == [each for each in tracks.items() if len(each[1]) == 4]


def test_a_view_of_frames_whose_field_is_renamed(video, server):
    frames = video.to_frames(sample_frames=True)
    run = Run(frames[:2], server, {"cats": {"type": "detections", "classes": ["cat"]}})
    draw(run, BOX, POINTS)
    assert load(run) == {"cats": {"added": 1}, "keypoints": {"added": 1}}
    video.rename_frame_field("keypoints", "joints")
    before = run.documents()
    numbers = number_of_labels(video)

    for _ in range(2):
        assert load(run) == {"cats": {"kept": 1}, "joints": {"kept": 1}}
        assert number_of_labels(video) == numbers
        assert run.differences(before) == []


def test_a_destination_that_is_renamed(pictures, server):
    """FiftyOne would load the labels into it anew, beside those that it has."""
    run = Run(pictures, server, {"dogs": {"type": "detections", "classes": ["dog"]}})
    draw(run, BOX, {**BOX, "frame": 1}, name="dog")
    assert load(run, dest_field="drawn") == {"dogs": {"added": 2}}
    pictures.rename_sample_field("drawn", "final")
    before = run.documents()

    assert load(run, dest_field="final") == {"dogs": {"kept": 2}}
    assert run.differences(before) == []
    [shape, *_] = run.annotations()["shapes"]
    run.change("delete", shapes=[shape])
    assert load(run, dest_field="final") == {"dogs": {"kept": 1, "deleted": 1}}
    assert number_of_labels(pictures) == {"cats": 2, "final": 1}


def test_a_load_that_stops_after_the_merge(pictures, server, monkeypatch):
    """What the merge doubled is taken out when the next load begins."""
    run = with_points(pictures, server)
    pictures.rename_sample_field("keypoints", "joints")
    before = run.documents()
    kind = type(run.results.backend)
    with monkeypatch.context() as patch:
        patch.setattr(kind, "save_run_results", stop)
        with pytest.raises(RuntimeError, match="stopped"):
            load(run)
    assert number_of_labels(pictures) == {"cats": 2, "joints": 3, "keypoints": 3}
    pictures._annotation_cache.clear()
    run.results = pictures.load_annotation_results(run.key, **run.credentials)

    counts = {"cats": CATS | {"unmatched": 0}, "joints": {"kept": 3}}
    assert load(run, unexpected="ignore")["joints"] == counts["joints"]
    assert number_of_labels(pictures) == {"cats": 2, "joints": 3}
    assert run.differences(before) == []


def test_a_copy_that_is_made_after_a_load_that_stopped(pictures, server, monkeypatch):
    run = with_points(pictures, server)
    with monkeypatch.context() as patch:
        patch.setattr(type(run.results.backend), "save_run_results", stop)
        with pytest.raises(RuntimeError, match="stopped"):
            load(run)
    pictures.clone_sample_field("keypoints", "backup")

    load(run)

    assert number_of_labels(pictures) == {"cats": 2, "keypoints": 3, "backup": 3}


def stop(*_, **__):
    raise RuntimeError("stopped")


# --- the last label of a type ------------------------------------------------


@pytest.mark.parametrize("unexpected", ["keep", "ignore", "return"])
def test_the_last_ones_are_deleted_in_cvat(pictures, server, unexpected):
    run = with_points(pictures, server)
    run.change("delete", shapes=drawn_points(run))

    counts = load(run, unexpected=unexpected)

    assert counts == {"cats": CATS, "keypoints": {"deleted": 3}}
    assert run.results.reconciliation.reasons == {}
    assert number_of_labels(pictures) == {"cats": 2, "keypoints": 0}
    before = run.documents()
    assert load(run) == {"cats": CATS}
    assert run.differences(before) == []


def test_the_last_ones_whose_field_is_renamed(pictures, server):
    run = with_points(pictures, server)
    rename(pictures)
    run.change("delete", shapes=drawn_points(run))

    assert load(run) == {"cats": CATS, "joints": {"deleted": 3}}
    assert number_of_labels(pictures) == {"cats": 2, "joints": 0}


@pytest.mark.parametrize("number", [1, 3])
def test_deletions_that_are_forbidden(pictures, server, number):
    run = with_points(pictures, server, allow_deletions=False)
    before = run.documents()
    run.change("delete", shapes=drawn_points(run)[:number])

    for _ in range(2):
        assert load(run) == {"cats": CATS, "keypoints": {"kept": 3}}
        why = "label that was deleted in CVAT: `allow_deletions=False` keeps it"
        assert run.results.reconciliation.reasons == {why: number}
        assert run.differences(before) == []


def test_the_last_track(video, server):
    schema = {"frames.roads": {"type": "polylines", "classes": ["car"]}}
    run = Run(video, server, schema)
    draw_tracks(run)
    load(run)
    run.change("delete", tracks=run.annotations()["tracks"])

    counts = {"frames.detections": {"deleted": 7}, "frames.keypoints": {"deleted": 2}}
    assert load(run) == counts
    numbers = number_of_labels(video)
    assert (numbers["frames.detections"], numbers["frames.keypoints"]) == (0, 0)
