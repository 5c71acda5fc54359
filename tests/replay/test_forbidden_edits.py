"""Edits in CVAT that a field does not allow: they stay out, and each is told."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest

from tests import media
from tests.replay.run import Run, box, moved

NUMBERS = {"type": "select", "values": ["1", "2"]}
SCHEMA = {
    "type": "detections",
    "classes": ["cat", "dog"],
    "attributes": {"age": NUMBERS, "name": {"type": "text"}},
}


def not_allowed(option, part):
    return f"label that was edited in CVAT: `{option}=False` keeps its {part}"


READ_ONLY = "label that was edited in CVAT: 'age' is `read_only`"


@pytest.fixture
def pets(dataset, tmp_path):
    for path in media.make_images(tmp_path, ("1.png", "2.png")):
        pets = fo.Detections(detections=[box(age="1", name="Tom")])
        dataset.add_sample(fo.Sample(filepath=path, pets=pets))
    return dataset


def edit(run, shape, *edits):
    """Edit a shape: its ``class``, ``place``, ``age`` or ``name``, as editors do."""
    ids = run.label_ids()
    specs, _ = run.api._get_attr_class_maps(run.task_id)
    values = {"age": "2", "name": "Tim"}
    names = {number: name for name, number in specs[shape["label_id"]].items()}
    texts = {names[each["spec_id"]]: each["value"] for each in shape["attributes"]}
    texts |= {name: each for name, each in values.items() if name in edits}
    label_id = ids["dog"] if "class" in edits else shape["label_id"]
    attributes = [
        {"spec_id": specs[label_id][name], "value": text}
        for name, text in texts.items()
    ]
    shape = {**shape, "label_id": label_id, "attributes": attributes}
    run.change("update", shapes=[moved(shape) if "place" in edits else shape])


@pytest.mark.parametrize(
    ("option", "edits", "reason"),
    [
        (
            "allow_label_edits",
            ("class", "place"),
            not_allowed("allow_label_edits", "class"),
        ),
        (
            "allow_spatial_edits",
            ("place", "name"),
            not_allowed("allow_spatial_edits", "place"),
        ),
        ("read_only", ("age", "name"), READ_ONLY),
        ("read_only of a class", ("age", "place"), READ_ONLY),
    ],
    ids=["class", "place", "attribute", "attribute of a class"],
)
@pytest.mark.parametrize("is_alone", [True, False], ids=["alone", "with another"])
def test_edits(pets, server, option, edits, reason, is_alone):
    info = {**SCHEMA, "attributes": dict(SCHEMA["attributes"])}
    if option == "read_only":
        info["attributes"]["age"] = NUMBERS | {"read_only": True}
    elif option == "read_only of a class":
        age = info["attributes"].pop("age")
        info["classes"] = [
            {"classes": ["cat"], "attributes": {"age": age | {"read_only": True}}},
            {"classes": ["dog"], "attributes": {"age": age}},
        ]
    else:
        info[option] = False
    run = Run(pets, server, {"pets": info})
    [shape, _] = run.annotations()["shapes"]
    edit(run, shape, *(edits[:1] if is_alone else edits))

    for what in ("kept",) if is_alone else ("changed", "kept"):
        counts = {"kept": 2} if what == "kept" else {"kept": 1, "changed": 1}
        assert run.load() == {"pets": counts}
        assert run.results.reconciliation.reasons == {reason: 1}
    if is_alone:
        assert run.differences() == []
    [before] = [each for each in run.before.values() if each["_id"] == pets.first()._id]
    [old], [new] = before["pets"]["detections"], pets.first().pets.detections
    forbidden = {"class": "label", "place": "bounding_box", "age": "age"}[edits[0]]
    assert new[forbidden] == old[forbidden]
    other = {"place": "bounding_box", "name": "name"}[edits[1]]
    assert (new[other] == old[other]) is is_alone


def test_several_at_once(pets, server):
    options = {"allow_label_edits": False, "allow_spatial_edits": False}
    run = Run(pets, server, {"pets": SCHEMA | options})
    [shape, _] = run.annotations()["shapes"]
    edit(run, shape, "class", "place")

    assert run.load() == {"pets": {"kept": 2}}
    assert run.results.reconciliation.reasons == {
        not_allowed("allow_label_edits", "class"): 1,
        not_allowed("allow_spatial_edits", "place"): 1,
    }
    assert run.differences() == []


def test_a_segmentation(dataset, server, tmp_path):
    [path] = media.make_images(tmp_path, ("1.png",))
    mask = np.zeros((24, 32), dtype=np.uint8)
    mask[4:9, 4:9] = 1
    dataset.add_sample(fo.Sample(filepath=path, ground=fo.Segmentation(mask=mask)))
    info = {"type": "segmentation", "mask_targets": {1: "sky"}}
    run = Run(dataset, server, {"ground": info | {"allow_spatial_edits": False}})
    [shape] = run.annotations()["shapes"]
    run.change("update", shapes=[{**shape, "points": [0.0, 25, 10, 10, 14, 14]}])

    assert run.load() == {"ground": {"kept": 1}}
    reason = not_allowed("allow_spatial_edits", "mask")
    assert run.results.reconciliation.reasons == {reason: 1}
    assert run.differences() == []


def test_tracks(dataset, server, tmp_path):
    """A track that takes over another one's shapes, on one of which it lies aside."""
    path = media.copy_video(tmp_path / "video.mp4")
    sample = fo.Sample(filepath=str(path))
    for number in range(1, 5):
        cars = [box("car", index=1), box("car", x=0.5, index=2)][: 1 + (number < 3)]
        sample.frames[number] = fo.Frame(cars=fo.Detections(detections=cars))
    dataset.add_sample(sample)
    info = {"type": "detections", "classes": ["car"], "allow_index_edits": False}
    run = Run(dataset, server, {"frames.cars": info})
    first, second = sorted(
        run.annotations()["tracks"], key=lambda each: -len(each["shapes"])
    )
    # the first ends where the second began; its last shapes go on with the second
    late = [each for each in first["shapes"] if each["frame"] >= 2]
    early = [each for each in first["shapes"] if each["frame"] < 2]
    end = {**early[-1], "frame": 2, "outside": True}
    kept = [each for each in second["shapes"] if not each["outside"]]
    run.change("delete", tracks=[first, second])
    plain = [{**first, "shapes": [*early, end]}, {**second, "shapes": kept + late}]
    run.change("create", tracks=[without_ids(each) for each in plain])

    counts = run.load()

    assert counts == {"frames.cars": {"kept": 6}}
    reason = not_allowed("allow_index_edits", "track")
    assert run.results.reconciliation.reasons == {reason: 2}
    # FiftyOne adds documents of the frames that have no labels
    assert {name for name, *_ in run.differences()} <= {"new document"}


def without_ids(track):
    shapes = [{k: v for k, v in e.items() if k != "id"} for e in track["shapes"]]
    return {k: v for k, v in track.items() if k != "id"} | {"shapes": shapes}
