"""Fields and attributes that could not be loaded: the table of the kind."""

from __future__ import annotations

import re

import fiftyone as fo
import pytest
from fiftyone.utils.annotations import _ensure_label_field

from fiftyone_cvat.errors import SchemaError
from fiftyone_cvat.upload import field_checks
from fiftyone_cvat.upload.field_checks import (
    check_attributes,
    check_fields,
    leave_out_attributes,
)

NEW = {"type": "detections", "classes": ["cat"], "attributes": {}}


def boxes(**values):
    label = fo.Detection(label="cat", bounding_box=[0.1, 0.1, 0.2, 0.2], **values)
    return fo.Detections(detections=[label])


@pytest.fixture
def images(dataset):
    sample = fo.Sample("/1.png", cats=boxes(score=0.5), kind=fo.Classification())
    sample["info"] = fo.DynamicEmbeddedDocument(number=1)
    sample["count"], sample["names"], sample["table"] = 1, ["a"], {"a": 1}
    dataset.add_samples([sample, fo.Sample("/2.png")], dynamic=True)
    return dataset


@pytest.fixture
def videos(dataset):
    sample = fo.Sample("/1.mp4", metadata=fo.VideoMetadata(total_frame_count=2))
    sample.frames[1] = fo.Frame(cats=boxes(), kind=fo.Classification())
    sample.frames[1]["info"] = fo.DynamicEmbeddedDocument(number=1)
    sample.frames[2] = fo.Frame()
    dataset.add_sample(sample)
    return dataset


def refusal(samples, name, **info):
    try:
        check_fields(samples, {name: NEW | info})
    except SchemaError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", ["new", "cats", "info.new", "a b", "ünï", "copy", "0"])
def test_fields_of_images(images, name):
    assert not refusal(images, name)
    assert not refusal(images.view().limit(1), name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("frames.x", "no field 'frames'; only videos have frames"),
        ("a.b", "no field 'a'"),
        ("info.a.b", "no field 'info.a'"),
        ("", "empty"),
        ("a.", "no field 'a'"),
        ("info.", "empty"),
        ("_x", "'_'"),
        ("info._x", "'_'"),
        ("a$b", r"'\$'"),
        ("new ", "white space"),
        (" new", "white space"),
        ("cats ", "white space"),
        ("new\t", "white space"),
        ("a\0b", "NUL"),
        ("count.x", "IntField"),
        ("names.x", "list"),
        ("table.x", "DictField"),
        ("filepath.x", "StringField"),
        ("cats.detections.x", "cats"),
        ("cats.detections.score", "cats"),
        ("kind.x", "1 samples have no 'kind'"),
        ("metadata.x", "2 samples have no 'metadata'"),
        *((each, "FiftyOne itself") for each in sorted(field_checks._OF_SAMPLES)),
    ],
    # a dataset is named after its test, and FiftyOne bounds names
    ids=lambda text: text[:20],
)
def test_fields_of_images_that_cannot_be_loaded(images, name, words):
    with pytest.raises(SchemaError, match=words) as caught:
        check_fields(images, {name: NEW})
    assert "could not be loaded" in str(caught.value)


def test_a_parent_that_all_samples_have(images):
    assert not refusal(images.view().limit(1), "kind.x")


OF_OTHERS = ("support", "sample_id", "frame_number", "frame_id", "media_type")
"""Fields that clips, frames or patches have, and plain samples do not."""


@pytest.mark.parametrize("name", OF_OTHERS)
@pytest.mark.parametrize("is_there", [False, True], ids=["new", "there"])
def test_fields_that_only_other_collections_have(images, name, is_there):
    if is_there:
        images.add_sample_field(name, fo.StringField)
    assert not refusal(images, name, type="scalar")
    assert not refusal(images.view().limit(1), name, type="scalar")


@pytest.mark.parametrize("name", ["support", "sample_id", "media_type", "filepath"])
def test_fields_of_frames_that_only_samples_have(videos, name):
    assert not refusal(videos, f"frames.{name}")


def test_fields_of_clips_and_frames(videos):
    clips = videos.to_clips([[[1, 1]]])
    frames = videos.to_frames(sample_frames="dynamic")
    told = {
        (samples._is_clips, name): refusal(samples, name)
        for samples in (clips, frames)
        for name in ("filepath", "support", "sample_id", "frame_number", "media_type")
    }
    words = "'{}' is a field that FiftyOne itself fills"
    assert {key for key in told if words.format(key[1]) in told[key]} == {
        *((True, name) for name in ("filepath", "support", "sample_id")),
        *((False, name) for name in ("filepath", "sample_id", "frame_number")),
    }
    assert "itself fills" in refusal(clips, "frames.frame_number")


def test_own_fields_in_metadata(images):
    for sample in images:
        sample.metadata = fo.ImageMetadata(width=10, height=10)
        sample.metadata["weather"] = "sunny"
        sample.save()
    # those of videos are no part of what an image has
    for name in ("metadata.weather", "metadata.new", "metadata.duration"):
        assert not refusal(images, name, type="scalar")
    images.add_dynamic_sample_fields()
    assert not refusal(images, "metadata.weather", type="scalar")
    for name in ("metadata.width", "metadata.size_bytes"):
        told = refusal(images, name, type="scalar")
        assert f"'{name}' is a field that FiftyOne itself fills" in told
    assert "'metadata' is a field" in refusal(images, "metadata")


def test_metadata_of_groups(dataset):
    """The dataset declares no kind of them: samples have any."""
    dataset.add_group_field("group", default="left")
    group = fo.Group()
    metadata = fo.ImageMetadata(width=10)
    for name in ("left", "right"):
        part = group.element(name)
        dataset.add_sample(fo.Sample(f"/{name}.png", group=part, metadata=metadata))
    view = dataset.select_group_slices("left")
    assert not refusal(view, "metadata.weather", type="scalar")
    for name in ("metadata.width", "metadata.duration", "group"):
        assert "FiftyOne itself fills" in refusal(view, name, type="scalar")


@pytest.mark.parametrize("name", ["frames.new", "frames.cats", "frames.info.new"])
def test_fields_of_frames(videos, name):
    assert not refusal(videos, name)
    assert not refusal(videos.to_clips([[[1, 1]]]), name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("frames.a.b", "no field 'frames.a'"),
        ("frames._x", "'_'"),
        ("frames.a$b", r"'\$'"),
        ("frames.new ", "white space"),
        ("frames.cats.detections.x", "cats"),
        ("frames.kind.x", "1 frames have no 'kind'"),
        ("frames", "empty"),
    ],
)
def test_fields_of_frames_that_cannot_be_loaded(videos, name, words):
    with pytest.raises(SchemaError, match=words):
        check_fields(videos, {name: NEW})


def test_names_that_samples_cannot_do_without(dataset):
    """FiftyOne's own, tried one by one: no other member of samples is in the way."""
    members = {each for each in dir(dataset._sample_doc_cls) if each[0] != "_"}
    broken = set()
    for name in members - set(dataset.get_field_schema()):
        tried = fo.Dataset()
        tried.add_sample(fo.Sample("/1.png"))
        try:
            _ensure_label_field(tried, name, fo.Detections)
            for sample in tried.view().select_fields(name).iter_samples(autosave=True):
                sample[name] = boxes()
        except Exception:  # noqa: BLE001  whatever it fails with
            broken.add(name)
    assert broken == field_checks._OF_SAMPLES & members


@pytest.mark.parametrize(
    ("path", "info", "is_refused"),
    [
        ("cats", {}, True),
        ("cats.detections", {}, True),
        ("cats.detections.label", {}, True),
        ("cats.detections.label", {"allow_label_edits": False}, False),
        ("cats.detections.bounding_box", {}, True),
        ("cats.detections.bounding_box", {"allow_spatial_edits": False}, False),
        ("cats.detections.index", {}, False),
        ("cats.detections.index", {"allow_index_edits": True}, True),
        ("cats.detections.score", {}, False),
        ("cats.detections.score", {"attributes": {"score": {"type": "text"}}}, True),
        ("cats.detections.score", {"attributes": {"score": {"sent": False}}}, False),
        (
            "cats.detections.score",
            {"attributes": {"score": {"type": "text", "read_only": True}}},
            False,
        ),
        ("cats.detections.confidence", {}, False),
        ("info", {}, False),
    ],
)
def test_read_only_fields(images, path, info, is_refused):
    field = images.get_field(path)
    field.read_only = True
    field.save()
    told = refusal(images, "cats", **info)
    assert bool(told) == is_refused
    assert not told or f"'{path}' is read-only" in told


@pytest.mark.parametrize(
    ("name", "label_type"), [("count", "scalar"), ("info.new", "")]
)
def test_read_only_scalars_and_parents(images, name, label_type):
    field = images.get_field(name.split(".")[0])
    field.read_only = True
    field.save()
    assert "read-only" in refusal(images, name, type=label_type or "detections")


@pytest.mark.parametrize(
    ("label_type", "name", "info", "words"),
    [
        *(
            ("detections", name, {"type": "text"}, f"named '{name}'")
            for name in (
                *("a.b", "$a", "_x", "_cls", "_id", "id", "label", "points", "mask"),
                *("mask_path", "bounding_box", "attributes", "logits", "closed"),
                *("to_dict", "has_mask", "iter_attributes", "copy"),
            )
        ),
        ("classifications", "logits", {"type": "text"}, "named 'logits'"),
        ("detections", "tags", {"type": "checkbox"}, "'tags' holds texts"),
        ("detections", "tags", {"type": "group_id"}, "'tags' holds texts"),
        ("detections", "confidence", {"type": "checkbox"}, "holds numbers"),
        ("detections", "confidence", {"type": "occluded"}, "holds numbers"),
        ("polylines", "confidence", {"type": "radio", "values": ["a"]}, "numbers"),
        ("keypoints", "confidence", {"type": "text"}, "no text is"),
        ("detections", "index", {"type": "select", "values": ["1", "b"]}, "whole"),
        ("detections", "index", {"type": "number", "values": [0, 1, 0.5]}, "whole"),
        ("detections", "index", {"type": "text", "default": "a"}, "whole"),
        ("detections", "instance", {"type": "text"}, "no text is"),
    ],
)
def test_attributes_that_labels_cannot_have(label_type, name, info, words):
    schemas = [
        {"type": label_type, "classes": ["cat"], "attributes": {name: info}},
        {
            "type": label_type,
            "classes": [{"classes": ["cat"], "attributes": {name: info}}],
            "attributes": {},
        },
    ]
    for schema in schemas:
        with pytest.raises(SchemaError, match=re.escape(words)):
            check_attributes({"cats": schema})
    check_attributes(
        {"cats": {"type": label_type, "attributes": {name: {"sent": False}}}}
    )


@pytest.mark.parametrize(
    ("label_type", "name", "info"),
    [
        ("detections", "tags", {"type": "text"}),
        ("detections", "tags", {"type": "select", "values": ["day", "night"]}),
        ("detections", "confidence", {"type": "text"}),
        ("detections", "confidence", {"type": "select", "values": ["0.1", 0.9]}),
        ("detections", "confidence", {"type": "number", "values": [0, 1, 0.1]}),
        ("detections", "index", {"type": "number", "values": [0, 9, 1]}),
        ("classifications", "index", {"type": "checkbox"}),
        ("classifications", "instance", {"type": "text"}),
        ("detections", "color", {"type": "checkbox"}),
        ("detections", "size (cm)", {"type": "text"}),
        ("detections", "rotation", {"type": "text"}),
    ],
)
def test_attributes_that_labels_can_have(label_type, name, info):
    check_attributes({"cats": {"type": label_type, "attributes": {name: info}}})


@pytest.mark.parametrize("name", ["points", "a.b", "tags", "confidence", "index"])
def test_attributes_of_shapes_that_labels_cannot_have(name):
    schema = {"cats": {"type": "detections"}}
    with pytest.raises(SchemaError, match=name):
        check_attributes(schema, occluded_attr=name)
    check_attributes(schema, "occluded", "group_id")


@pytest.mark.parametrize("instance", [None, fo.Instance()], ids=["none", "instance"])
@pytest.mark.parametrize("field", ["cats", "frames.cats"])
def test_what_the_app_notes_on_labels_with_an_instance(
    dataset, caplog, field, instance
):
    label = boxes(propagation="linear", color="red")
    if instance is not None:
        label.detections[0]["instance"] = instance
    is_video = field.startswith("frames.")
    sample = fo.Sample("/1.mp4" if is_video else "/1.png")
    (sample.frames[1] if is_video else sample)["cats"] = label
    dataset.add_sample(sample)
    names = ("propagation", "color", *(["instance"] if instance else []))
    specs = {name: {"type": "text"} for name in names}
    if instance is not None:
        specs["instance"] |= {"sent": False, "read_only": True}
    cat = {"classes": ["cat"], "attributes": {"propagation": {"type": "text"}}}
    info = NEW | {"existing_field": True, "attributes": specs, "classes": [cat]}

    leave_out_attributes(dataset, {field: info})

    unsent = {"sent": False, "read_only": True}
    expected = {"type": "text"} | ({} if instance is None else unsent)
    assert specs["propagation"] == cat["attributes"]["propagation"] == expected
    assert specs["color"] == {"type": "text"}
    told = "'propagation' stay in FiftyOne: FiftyOne's App keeps them for itself"
    assert (told in caplog.text) == (instance is not None)
    is_told = instance is not None and not is_video
    assert ("'instance' stay in FiftyOne" in caplog.text) == is_told


def test_attributes_that_are_declared_as_no_text(dataset, caplog):
    label = boxes(known="0" * 24, vector=[1.0], note="a", location=[1.0, 2.0, 3.0])
    dataset.add_sample(fo.Sample("/1.png", cats=label), dynamic=True)
    dataset.delete_sample_field("cats.detections.known")
    dataset.add_sample_field("cats.detections.known", fo.ObjectIdField)
    names = ("known", "vector", "note", "location", "tags")
    attributes = {name: {"type": "text"} for name in names}
    schema = {"cats": NEW | {"existing_field": True, "attributes": attributes}}
    leave_out_attributes(dataset, schema)
    unsent = {name for name, each in attributes.items() if not each.get("sent", True)}
    assert unsent == {"known", "vector"}
    assert "'known', 'vector' stay in FiftyOne: their values are no text" in caplog.text
