"""Views of a dataset: what is edited there arrives at its sample, and only there."""

from __future__ import annotations

from pathlib import Path

import fiftyone as fo
import fiftyone.core.dataset as fod
import fiftyone.utils.annotations as foua
import numpy as np
import pytest
from fiftyone import ViewField

from fiftyone_cvat import resume
from fiftyone_cvat.backend import CVATBackend
from fiftyone_cvat.errors import ServerJobError
from fiftyone_cvat.upload import run_upload
from tests import media
from tests.replay.run import Run, box, moved
from tests.replay.test_point_clouds import car, write_pcd

NAMES = ("1.png", "2.png", "3.png")
CATS = {"cats": {"type": "detections"}}


@pytest.fixture
def pictures(dataset, tmp_path):
    """Three pictures, each with a cat and a dog."""
    for path in media.make_images(tmp_path, NAMES):
        cats = fo.Detections(detections=[box(), box("dog", 0.5)])
        dataset.add_sample(fo.Sample(filepath=str(path), cats=cats))
    return dataset


def by_frame(run):
    shapes = run.annotations()["shapes"]
    return sorted(shapes, key=lambda each: (each["frame"], each["points"][0]))


def edit(run):
    """Move one shape, delete the next, draw another on the frame of a third."""
    first, second, third = by_frame(run)[:3]
    run.change("update", shapes=[moved(first)])
    run.change("delete", shapes=[second])
    drawn = {**moved(third, 3.0), "id": None, "attributes": []}
    run.change("create", shapes=[drawn])


def check_edited(run, kept):
    """Check that loading brings the edits of :func:`edit`, once."""
    [field] = run.results.config.label_schema
    assert run.load() == {field: {"kept": kept, "changed": 1, "added": 1, "deleted": 1}}
    loaded = run.documents()
    changed = {key for key in loaded if repr(loaded[key]) != repr(run.before[key])}
    assert run.load() == {field: {"kept": kept + 2}}
    assert run.differences(loaded) == []
    return changed


def id_of(sample):
    return {str(sample.id)}


def edit_dogs(pictures, run):
    """Move the first of three dogs and delete the second; return the first."""
    assert len(by_frame(run)) == 3
    assert run.load() == {"cats": {"kept": 3}}
    assert run.differences() == []
    first, second, _ = by_frame(run)
    run.change("update", shapes=[moved(first)])
    run.change("delete", shapes=[second])

    assert run.load() == {"cats": {"kept": 1, "changed": 1, "deleted": 1}}

    labels = pictures.values("cats.detections.label")
    assert labels == [["cat", "dog"], ["cat"], ["cat", "dog"]]
    dog = pictures.first().cats.detections[1]
    assert dog.bounding_box[0] == pytest.approx(0.5 + 1 / 32)
    return dog


def test_patches(pictures, server):
    view = pictures.to_patches("cats").match(fo.ViewField("cats.label") == "dog")
    run = Run(view, server, CATS)

    edit_dogs(pictures, run)


def test_some_labels_of_some_pictures(pictures, server):
    view = pictures.filter_labels("cats", fo.ViewField("label") == "dog").skip(1)
    run = Run(view, server, CATS)
    first, second = by_frame(run)
    run.change("update", shapes=[moved(first)])
    run.change("delete", shapes=[second])

    assert run.load() == {"cats": {"changed": 1, "deleted": 1}}

    labels = pictures.values("cats.detections.label")
    assert labels == [["cat", "dog"], ["cat", "dog"], ["cat"]]
    assert run.documents()[pictures.first()._id] == run.before[pictures.first()._id]


def test_frames_of_videos(film, server):
    dataset = film
    run = Run(dataset.to_frames(sample_frames=False), server, CATS)
    assert len(by_frame(run)) == 6
    assert run.load() == {"cats": {"kept": 6}}
    assert run.differences() == []
    edit(run)

    changed = check_edited(run, kept=4)

    frames = dataset.first().frames
    assert changed == {frames[1]._id, frames[2]._id}
    labels = [[each.label for each in frames[n].cats.detections] for n in (1, 2, 3)]
    assert labels == [["cat"], ["cat", "dog", "cat"], ["cat", "dog"]]


@pytest.fixture
def film(dataset, tmp_path):
    """A video with a cat and a dog on each of its first three frames."""
    paths = media.make_images(tmp_path, NAMES)
    sample = fo.Sample(filepath=str(media.copy_video(tmp_path / "video.mp4")))
    for number, path in enumerate(paths, 1):
        cats = fo.Detections(detections=[box(), box("dog", 0.5)])
        sample.frames[number] = fo.Frame(filepath=str(path), cats=cats)
    dataset.add_sample(sample)
    return dataset


GENERATED = {
    "frames": (lambda film: film.to_frames(sample_frames=False), "cats", 3),
    "patches of pictures": (lambda pictures: pictures.to_patches("cats"), "cats", 6),
    "clips": (lambda film: film.to_clips([[(1, 2), (3, 3)]]), "frames.cats", 2),
}


@pytest.mark.parametrize("kind", GENERATED)
def test_what_is_generated_for_a_view_stays_usable(kind, server, request):
    make, field, count = GENERATED[kind]
    source = request.getfixturevalue("pictures" if "pictures" in kind else "film")
    view, twin = make(source), make(source)
    datasets = set(fod._list_datasets(include_private=True))
    run = Run(view, server, {field: {"type": "detections"}})
    for _ in range(2):
        assert run.load() == {field: {"kept": 6}}
        assert len(view) == len(twin) == count

    assert set(fod._list_datasets(include_private=True)) == datasets
    view.reload()
    assert len(view) == count


def mapped(pictures):
    return pictures.map_labels("cats", {"cat": "lion"})


def swapped(pictures):
    return pictures.map_labels("cats", {"cat": "dog", "dog": "cat"})


def mapped_values(pictures):
    return pictures.map_values("cats.detections.label", {"cat": "lion"})


def renamed(pictures):
    return pictures.set_field("cats.detections.label", "lion")


@pytest.mark.parametrize("stored", [False, True], ids=["same", "another process"])
@pytest.mark.parametrize("change", [mapped, swapped, mapped_values, renamed])
def test_values_that_a_view_shows_are_those_of_its_labels(
    pictures, server, change, stored
):
    run = Run(change(pictures), server, CATS)
    shown = change(pictures).values("cats.detections.label")
    if stored:
        getattr(pictures, CVATBackend._results_cache_field()).clear()
        pictures.reload()
        run.results = pictures.load_annotation_results("run", **run.credentials)
    (shape, *_) = by_frame(run)
    run.change("update", shapes=[moved(shape)])

    assert run.load() == {"cats": {"kept": 5, "changed": 1}}

    assert pictures.values("cats.detections.label") == shown
    assert run.load() == {"cats": {"kept": 6}}
    assert pictures.values("cats.detections.label") == shown


def test_a_merge_that_is_stopped_takes_no_values_off_a_view(
    pictures, server, monkeypatch
):
    run = Run(swapped(pictures), server, CATS)
    shown = swapped(pictures).values("cats.detections.label")

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(foua, "_merge_labels", stop)
        with pytest.raises(KeyboardInterrupt):
            run.load()
    for _ in range(2):
        assert run.load() == {"cats": {"kept": 6}}
        assert pictures.values("cats.detections.label") == shown


@pytest.mark.in_order
def test_a_run_that_is_resumed_maps_no_label_again(pictures, server, monkeypatch):
    monkeypatch.setattr(run_upload.secrets, "token_hex", lambda _: "0123abcd")
    last = Path(pictures.last().filepath)
    good = last.read_bytes()
    last.write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    shown = swapped(pictures).values("cats.detections.label")
    keep = {"task_size": 1, "on_failure": "keep"}
    with pytest.raises(ServerJobError):
        Run(swapped(pictures), server, CATS, **keep)
    pictures.load_annotations("run", **server.credentials)
    assert pictures.values("cats.detections.label")[:2] == shown[:2]

    last.write_bytes(good)
    resume(pictures, "run", **server.credentials)
    for _ in range(2):
        pictures.load_annotations("run", **server.credentials)
        assert pictures.values("cats.detections.label") == shown


def test_attributes_that_a_view_shows_are_those_of_its_labels(pictures, server):
    labels = pictures.values("cats.detections")
    for number, label in enumerate(each for of_one in labels for each in of_one):
        label["score"] = number / 2
    pictures.set_values("cats.detections", labels, dynamic=True)
    shown = pictures.set_field("cats.detections.score", ViewField("score") * 2)
    run = Run(shown, server, CATS)
    (shape, *_) = by_frame(run)
    run.change("update", shapes=[moved(shape)])

    for _ in range(2):
        counts = run.load()["cats"]
        assert pictures.values("cats.detections.score") == [
            [0.0, 1.0],
            [2.0, 3.0],
            [4.0, 5.0],
        ]
    assert counts == {"kept": 6}


@pytest.mark.parametrize("is_skeleton", [False, True], ids=["points", "skeleton"])
def test_points_that_a_view_hides_stay(dataset, server, tmp_path, is_skeleton):
    [path] = media.make_images(tmp_path, NAMES[:1])
    points = [(0.1, 0.1), (0.2, 0.2), (0.3, 0.3), (0.4, 0.4)]
    hand = fo.Keypoint(
        label="hand", points=points, confidence=[0.9, 0.1, 0.8, 0.2], seen=[1, 2, 3, 4]
    )
    hands = fo.Keypoints(keypoints=[hand])
    dataset.add_sample(fo.Sample(filepath=str(path), hands=hands))
    if is_skeleton:
        skeleton = fo.KeypointSkeleton(labels=list("abcd"), edges=[[0, 1, 2, 3]])
        dataset.skeletons = {"hands": skeleton}
    view = dataset.filter_keypoints("hands", filter=ViewField("confidence") > 0.5)
    run = Run(view, server, {"hands": {"type": "keypoints"}})
    assert run.load() == {"hands": {"kept": 1}}
    assert run.differences() == []

    [shape] = run.annotations()["shapes"]
    moved_point = shape["elements"][2] if is_skeleton else shape
    moved_point["points"] = [*moved_point["points"][:-2], 16.0, 12.0]
    run.change("update", shapes=[shape])
    assert run.load() == {"hands": {"changed": 1}}

    [hand] = dataset.first().hands.keypoints
    expected = [points[0], points[1], (0.5, 0.5), points[3]]
    assert np.allclose(hand.points, expected, atol=1e-6)
    assert hand.confidence == [0.9, 0.1, 0.8, 0.2]
    assert hand["seen"] == [1, 2, 3, 4]
    before = run.documents()
    assert run.load() == {"hands": {"kept": 1}}
    assert run.differences(before) == []


@pytest.mark.parametrize("how", ["one more", "all moved and one more"])
def test_points_beside_those_that_a_view_hides(dataset, server, tmp_path, how):
    [path] = media.make_images(tmp_path, NAMES[:1])
    points = [(0.1, 0.1), (0.2, 0.2), (0.3, 0.3)]
    hand = fo.Keypoint(label="hand", points=points, confidence=[0.1, 0.6, 0.9])
    hands = fo.Keypoints(keypoints=[hand])
    dataset.add_sample(fo.Sample(filepath=str(path), hands=hands))
    view = dataset.filter_keypoints("hands", filter=ViewField("confidence") > 0.5)
    run = Run(view, server, {"hands": {"type": "keypoints"}})
    [shape] = run.annotations()["shapes"]
    if how != "one more":
        shape = moved(shape)
    run.change("update", shapes=[{**shape, "points": [*shape["points"], 16.0, 12.0]}])

    assert run.load() == {"hands": {"changed": 1}}
    before = run.documents()
    [hand] = dataset.first().hands.keypoints
    assert len(hand.points) == 4
    assert list(points[0]) in [list(each) for each in hand.points]
    for _ in range(2):
        assert run.load() == {"hands": {"kept": 1}}
        assert run.differences(before) == []


@pytest.fixture
def groups(dataset, tmp_path):
    """Two groups of a picture, a video and a cloud, each with labels."""
    dataset.add_group_field("group", default="picture")
    for number, path in enumerate(media.make_images(tmp_path, NAMES[:2])):
        group = fo.Group()
        cats = fo.Detections(detections=[box(), box("dog", 0.5)])
        picture = fo.Sample(
            filepath=str(path), cats=cats, group=group.element("picture")
        )
        video_path = media.copy_video(tmp_path / f"{number}.mp4")
        video = fo.Sample(filepath=str(video_path), group=group.element("video"))
        for frame in range(1, 13):
            cats = fo.Detections(detections=[box(index=1), box("dog", 0.5)])
            video.frames[frame] = fo.Frame(cats=cats)
        cloud_path = write_pcd(tmp_path / f"{number}.pcd", number)
        cars = fo.Detections(detections=[car(), car("van", 7.3)])
        cloud = fo.Sample(filepath=cloud_path, cats=cars, group=group.element("cloud"))
        dataset.add_samples([picture, video, cloud])
    return dataset


@pytest.mark.parametrize("name", ["picture", "cloud"])
def test_slices(groups, server, name):
    run = Run(groups.select_group_slices(name), server, CATS)
    assert run.load() == {"cats": {"kept": 4}}
    assert run.differences() == []
    edit(run)

    changed = check_edited(run, kept=2)

    view = groups.select_group_slices(name)
    assert changed == {each._id for each in view}


def test_slices_of_videos(groups, server):
    run = Run(
        groups.select_group_slices("video"), server, {"frames.cats": CATS["cats"]}
    )
    assert len(run.results.task_ids) == 2
    assert run.load() == {"frames.cats": {"kept": 48}}
    assert run.differences() == []
    shape = by_frame(run)[1]
    run.change("update", shapes=[moved(shape)])

    assert run.load() == {"frames.cats": {"kept": 47, "changed": 1}}

    first, second = groups.select_group_slices("video")
    dog = first.frames[2].cats.detections[1]
    assert dog.bounding_box[0] == pytest.approx(0.5 + 1 / 32)
    assert second.frames[2].cats.detections[1].bounding_box[0] == 0.5


def test_media_in_another_field(pictures, server, tmp_path):
    (tmp_path / "small").mkdir()
    small = media.make_images(tmp_path / "small", NAMES, width=16, height=12)
    pictures.set_values("small", [str(path) for path in small])
    run = Run(pictures, server, CATS, media_field="small")
    first = by_frame(run)[0]
    assert first["points"][0] == pytest.approx(0.1 * 16)
    assert run.load() == {"cats": {"kept": 6}}
    assert run.differences() == []
    edit(run)

    check_edited(run, kept=4)

    cat = pictures.first().cats.detections[0]
    assert cat.bounding_box[0] == pytest.approx(0.1 + 1 / 16)


def test_patches_with_a_label_that_was_drawn(pictures, server):
    """Patches go up as whole pictures: what is drawn there is their sample's."""
    view = pictures.to_patches("cats").match(fo.ViewField("cats.label") == "dog")
    run = Run(view, server, CATS)
    edit(run)

    changed = check_edited(run, kept=1)

    assert changed == {each._id for each in pictures}
    labels = pictures.values("cats.detections.label")
    assert labels == [["cat", "dog"], ["cat"], ["cat", "dog", "dog"]]


def test_patches_of_an_evaluation(pictures, server):
    """The boxes of one of the two fields that were compared go up and come back."""
    for sample in pictures:
        found = [box(confidence=0.5), box("dog", 0.1, confidence=0.25)]
        sample["found"] = fo.Detections(detections=found)
        sample.save()
    pictures.evaluate_detections("found", gt_field="cats", eval_key="eval")
    view = pictures.to_evaluation_patches("eval").match(fo.ViewField("type") == "fn")
    run = Run(view, server, CATS)
    dog = edit_dogs(pictures, run)
    assert dog.eval == "fn"
    assert {name for name, _, _ in run.differences()} == {"cats"}
    loaded = run.documents()
    assert run.load() == {"cats": {"kept": 2}}
    assert run.differences(loaded) == []


def test_frames_view_goes_round_twice(dataset, server, tmp_path):
    paths = media.make_images(tmp_path, NAMES)
    sample = fo.Sample(filepath=str(media.copy_video(tmp_path / "video.mp4")))
    for number, path in enumerate(paths, 1):
        cats = fo.Detections(detections=[box(score=0.1, index=number)])
        sample.frames[number] = fo.Frame(filepath=str(path), cats=cats)
    dataset.add_sample(sample)
    first = Run(dataset.to_frames(sample_frames=False), server, CATS, key="first")
    [shape] = [each for each in by_frame(first) if each["frame"] == 1]
    first.change("update", shapes=[moved(shape)])
    assert first.load() == {"cats": {"kept": 2, "changed": 1}}
    frames = dataset.first().frames
    assert [frames[n].cats.detections[0].index for n in (1, 2, 3)] == [1, 2, 3]
    assert [d[0] for d in first.differences()] == ["cats"]

    view = dataset.to_frames(sample_frames=False).skip(1)
    second = Run(view, server, CATS, key="second")

    assert second.load() == {"cats": {"kept": 2}}
    assert second.differences() == []


def test_slices_of_two_cameras(dataset, server, tmp_path):
    """Samples of two slices go into one task, and their labels to their own slice."""
    dataset.add_group_field("group", default="left")
    paths = media.make_images(tmp_path, (*NAMES, "4.png"))
    for left, right in zip(paths[::2], paths[1::2], strict=True):
        group = fo.Group()
        for name, path in (("left", left), ("right", right)):
            cats = fo.Detections(detections=[box(), box("dog", 0.5)])
            element = group.element(name)
            dataset.add_sample(fo.Sample(filepath=path, cats=cats, group=element))
    run = Run(dataset.select_group_slices(["left", "right"]), server, CATS)
    assert run.load() == {"cats": {"kept": 8}}
    assert run.differences() == []
    right = dataset.select_group_slices("right").first()
    frames = run.results.frame_id_map[run.task_id]
    [frame] = [n for n, each in frames.items() if each["sample_id"] == right.id]
    shape = next(each for each in by_frame(run) if each["frame"] == frame)
    run.change("update", shapes=[moved(shape)])

    assert run.load() == {"cats": {"kept": 7, "changed": 1}}

    [(name, before, now)] = run.differences()
    assert name == "cats"
    assert before == run.before[right._id]["cats"]
    assert now == run.documents()[right._id]["cats"]
    loaded = run.documents()
    assert run.load() == {"cats": {"kept": 8}}
    assert run.differences(loaded) == []
