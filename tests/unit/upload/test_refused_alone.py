"""Runs that are refused before anybody signs in, and leave nothing.

The network is blocked: whoever asked the server would get another error.
"""

from __future__ import annotations

from pathlib import Path

import fiftyone as fo
import pytest

from fiftyone_cvat.errors import ConfigurationError, MediaError, SchemaError
from tests import media
from tests.replay.cassettes import Server
from tests.replay.run import Run, box

CATS = {"cats": {"type": "detections", "classes": ["cat"]}}


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def picture(tmp_path):
    return media.make_image(tmp_path / "picture.png")


def of_cats(dataset, path, *cats):
    dataset.add_sample(fo.Sample(path, cats=fo.Detections(detections=list(cats))))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.svg", b"<svg/>", "vector graphic"),
        ("a.pcd", b"POINTS 0\n", "without points"),
        ("a.png", b"", "empty"),
        ("a", b"no picture", "no media file"),
        ("gone.png", None, "not found"),
        (None, None, "no media file in the field"),
    ],
)
def test_media_that_are_refused(dataset, server, tmp_path, name, content, words):
    [path] = media.make_images(tmp_path, ("good.png",))
    dataset.add_sample(fo.Sample(filepath=path, media=path))
    bad = None if name is None else str(tmp_path / name)
    if content is not None:
        Path(bad).write_bytes(content)
    sample = fo.Sample(filepath=path, media=bad)
    dataset.add_sample(sample)

    with pytest.raises(MediaError, match=words) as caught:
        Run(dataset, server, CATS, media_field="media")

    assert f"(sample {sample.id}, field 'media')" in str(caught.value)
    assert (bad or "") in str(caught.value)


@pytest.mark.parametrize("path", [None, ""])
def test_samples_without_a_path(dataset, server, tmp_path, path):
    good = media.make_image(tmp_path / "good.png")
    for each in (good, path, path):
        dataset.add_sample(fo.Sample(filepath=good, media=each))

    words = rf"\(sample {dataset.values('id')[1]}, field 'media'\), and 1 more"
    with pytest.raises(MediaError, match=words) as caught:
        Run(dataset, server, CATS, media_field="media")

    assert "`media_field`" in str(caught.value)


def test_fields_whose_names_would_clash_are_refused(dataset, server, tmp_path):
    [path] = media.make_images(tmp_path, ("picture.png",))
    dataset.add_sample(
        fo.Sample(
            filepath=path,
            b=fo.Detections(detections=[box("cat_a")]),
            a_b=fo.Detections(detections=[box("cat")]),
            c=fo.Detections(detections=[box("cat"), box("cat_a")]),
        )
    )
    schema = {name: {"type": "detections"} for name in ("b", "a_b", "c")}

    with pytest.raises(SchemaError, match="cat_a_b"):
        Run(dataset, server, schema)

    assert dataset.list_annotation_runs() == []


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        pytest.param(
            {
                name: {"type": "text"}
                for name in ("mood", "a.b", "id", "points", "_cls")
            },
            "named 'a.b', 'id', 'points', '_cls'",
            id="names",
        ),
        pytest.param(
            {"confidence": {"type": "select", "values": ["high", "low"]}},
            "'confidence' holds numbers",
            id="values",
        ),
    ],
)
def test_attributes_that_labels_cannot_have(dataset, server, picture, schema, words):
    of_cats(dataset, picture, box())
    info = {"type": "detections", "attributes": schema}
    with pytest.raises(SchemaError, match=words):
        Run(dataset, server, {"cats": info})
    assert dataset.list_annotation_runs() == []


def test_fields_that_cannot_be_loaded(dataset, server, picture):
    of_cats(dataset, picture, box())
    info = {"type": "detections", "classes": ["cat"]}
    for name in ("frames.x", "a$b", "_x", "a.b", "new ", "cats.detections.x"):
        with pytest.raises(SchemaError, match="could not be loaded"):
            Run(dataset, server, {name: info})
    field = dataset.get_field("cats")
    field.read_only = True
    field.save()
    with pytest.raises(SchemaError, match="'cats' is read-only"):
        Run(dataset, server, CATS)
    assert dataset.list_annotation_runs() == []


def test_frames_that_have_no_files_are_refused(dataset, server, tmp_path):
    sample = fo.Sample(filepath=str(media.copy_video(tmp_path / "video.mp4")))
    sample.frames[1] = fo.Frame(cats=fo.Detections(detections=[box()]))
    dataset.add_sample(sample)
    view = dataset.to_frames(sample_frames="dynamic")

    with pytest.raises(ConfigurationError, match="sample_frames=True"):
        Run(view, server, CATS)

    assert dataset.list_annotation_runs() == []


def test_nothing_at_all(dataset, server, picture):
    of_cats(dataset, picture, box())
    with pytest.raises(SchemaError, match="label_schema"):
        Run(dataset, server, None)
    assert dataset.list_annotation_runs() == []


def test_scenes_need_a_media_field(dataset, server, tmp_path):
    scene = fo.Scene()
    scene.write(str(tmp_path / "a.fo3d"))
    dataset.add_sample(fo.Sample(str(tmp_path / "a.fo3d")))
    with pytest.raises(ConfigurationError, match="media_field"):
        Run(dataset, server, {"cars": {"type": "detections", "classes": ["car"]}})

    assert dataset.list_annotation_runs() == []


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([0], "lists 1 values for 2 videos"),
        ({"1.mp4": 3}, "'1.mp4', which is the `filepath` of none"),
    ],
    ids=["few", "path"],
)
def test_frames_of_other_videos(dataset, server, tmp_path, frames, words):
    names = ("1.mp4", "2.mp4")
    dataset.add_samples(fo.Sample(media.copy_video(tmp_path / n)) for n in names)
    with pytest.raises(ConfigurationError, match=f"`frame_start` .*{words}"):
        Run(dataset, server, {"frames.cats": CATS["cats"]}, frame_start=frames)

    assert dataset.list_annotation_runs() == []


NODES = {
    "equal": ["a", "a", "b"],
    "one in the other": ["a", 'a"b', "c"],
    "white space before": [" a", "b", "c"],
    "white space behind": ["a", "b", "c\t"],
    "empty": ["a", "", "c"],
    "only white space": ["a", " ", "c"],
    "long": ["a", "b", "c" * 65],
}


@pytest.mark.parametrize("is_default", [True, False], ids=["default", "own"])
def test_nodes_that_no_skeleton_can_have(dataset, server, tmp_path, is_default):
    """They are refused before anything is created, and the field is named."""
    [path] = media.make_images(tmp_path, ("1.png",))
    points = [(0.1, 0.1), (0.2, 0.2), (0.3, 0.3)]
    people = fo.Keypoints(keypoints=[fo.Keypoint(label="man", points=points)])
    dataset.add_sample(fo.Sample(path, people=people))
    refused = {}
    for what, labels in NODES.items():
        skeleton = fo.KeypointSkeleton(labels=labels, edges=[[0, 1, 2]])
        if is_default:
            dataset.default_skeleton = skeleton
        else:
            dataset.skeletons = {"people": skeleton}
        with pytest.raises(SchemaError, match=r"^Field 'people': ") as caught:
            Run(dataset, server, {"people": {"type": "keypoints"}})
        refused[what] = not getattr(caught.value, "__notes__", None)

    assert refused == dict.fromkeys(NODES, True)
    assert dataset.list_annotation_runs() == []
