"""Labels that were edited in the dataset while they were out.

What annotators did not touch stays as it is in the dataset; what they touched is as it
is in CVAT.
"""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest

from fiftyone_cvat.api import CVATAnnotationAPI
from fiftyone_cvat.errors import ConfigurationError
from tests import media
from tests.replay.run import Run, box, moved

NAMES = ("1.png", "2.png")
HERE = [0.5, 0.5, 0.25, 0.25]


def with_values(dataset, tmp_path, **values):
    for number, path in enumerate(media.make_images(tmp_path, NAMES)):
        fields = {name: each[number] for name, each in values.items()}
        dataset.add_sample(fo.Sample(filepath=path, **fields))
    return dataset


def lines():
    points = [[(0.1, 0.1), (0.4, 0.2)], [(0.6, 0.6), (0.9, 0.7)]]
    return fo.Polylines(polylines=[fo.Polyline(label="road", points=points)])


def test_labels_of_images(dataset, server, tmp_path):
    boxes = [
        fo.Detections(detections=[box("cat", age=3), box("dog", x=0.5, age=4)])
        for _ in NAMES
    ]
    with_values(dataset, tmp_path, pets=boxes, roads=[lines(), None])
    schema = {
        "pets": {
            "type": "detections",
            "classes": ["cat", "dog"],
            "attributes": {"age": {"type": "text"}},
        },
        "roads": {"type": "polylines", "classes": ["road"]},
    }
    run = Run(dataset, server, schema)
    sample = dataset.first()
    cat, dog = sample.pets.detections
    cat.bounding_box, cat.age, cat.label = HERE, 30, "dog"
    dog.bounding_box, dog.age = HERE, 40
    sample.roads.polylines[0].points[1][1] = (0.95, 0.95)
    sample.save()
    shapes = {each["frame"]: [] for each in run.annotations()["shapes"]}
    for each in run.annotations()["shapes"]:
        shapes[each["frame"]].append(each)
    run.change("update", shapes=[moved(shapes[0][1])])

    counts = run.load()

    assert counts == {"pets": {"kept": 3, "changed": 1}, "roads": {"kept": 1}}
    cat, dog = dataset.first().pets.detections
    assert (cat.bounding_box, cat.age, cat.label) == (HERE, 30, "dog")
    assert dog.bounding_box[0] == pytest.approx(0.5 + 1 / 32)
    assert dog.age == 4
    assert dataset.first().roads.polylines[0].points[1][1] == [0.95, 0.95]
    before = run.documents()
    again = {"pets": {"kept": 4}, "roads": {"kept": 1}}
    assert run.load() == again
    assert run.differences(before) == []


def test_a_part_that_was_deleted_in_cvat(dataset, server, tmp_path):
    with_values(dataset, tmp_path, roads=[lines(), None])
    run = Run(dataset, server, {"roads": {"type": "polylines"}})
    sample = dataset.first()
    sample.roads.polylines[0].points[0][0] = (0.0, 0.0)
    sample.save()
    [_, part] = sorted(run.annotations()["shapes"], key=lambda each: each["id"])
    run.change("delete", shapes=[part])

    assert run.load() == {"roads": {"changed": 1}}

    [road] = dataset.first().roads.polylines
    np.testing.assert_allclose(road.points, [[(0.1, 0.1), (0.4, 0.2)]])


def test_scalars_and_tags(dataset, server, tmp_path):
    weather = [fo.Classification(label="sun") for _ in NAMES]
    with_values(dataset, tmp_path, state=["a", "a"], weather=weather)
    run = Run(
        dataset,
        server,
        {
            "state": {"classes": ["a", "b", "c"]},
            "weather": {"type": "classification", "classes": ["sun", "rain"]},
        },
    )
    for sample in dataset:
        sample.state = "b"
        sample.weather.label = "rain"
        sample.save()
    c = run.label_ids()["c"]
    [tag] = [
        each
        for each in run.annotations()["tags"]
        if each["label_id"] == run.label_ids()["a"] and each["frame"] == 1
    ]
    run.change("delete", tags=[tag])
    run.change("create", tags=[{**tag, "id": None, "label_id": c}])

    assert run.load() == {
        "state": {"kept": 1, "changed": 1},
        "weather": {"kept": 2},
    }
    assert dataset.values("state") == ["b", "c"]
    assert dataset.values("weather.label") == ["rain", "rain"]


def test_pixels(dataset, server, tmp_path):
    def ground():
        mask = np.zeros((24, 32), np.uint8)
        mask[3:9, 4:20], mask[12:20] = 1, 2
        return fo.Segmentation(mask=mask)

    with_values(dataset, tmp_path, seg=[ground(), ground()])
    targets = {1: "cat", 2: "dog"}
    schema = {"seg": {"type": "segmentation", "mask_targets": targets}}
    run = Run(dataset, server, schema)
    for sample in dataset:
        mask = sample.seg.mask.copy()
        mask[:, :4] = 1
        sample.seg.mask = mask
        sample.save()
    piece = next(s for s in run.annotations()["shapes"] if s["frame"] == 1)
    run.change("delete", shapes=[piece])

    assert run.load() == {"seg": {"kept": 1, "changed": 1}}

    first, second = (sample.seg.mask for sample in dataset)
    assert (first[:, :4] == 1).all()
    assert not (second == 1).any()
    assert (second == 2).sum() == 8 * 32


def test_tracks(dataset, server, tmp_path):
    sample = fo.Sample(filepath=media.copy_video(tmp_path / "video.mp4"))
    for number in range(1, 13):
        cars = [box("car", number / 40, index=1), box("bus", 0.6, index=2)]
        sample.frames[number] = fo.Frame(cars=fo.Detections(detections=cars))
    dataset.add_sample(sample)
    run = Run(dataset, server, {"frames.cars": {"type": "detections"}})
    for number in (2, 3):
        for each in sample.frames[number].cars.detections:
            each.bounding_box = HERE
    sample.save()
    buses = run.label_ids()["bus"]
    bus = next(t for t in run.annotations()["tracks"] if t["label_id"] == buses)
    run.change("update", tracks=[{**bus, "shapes": [moved(s) for s in bus["shapes"]]}])

    assert run.load() == {"frames.cars": {"kept": 12, "changed": 12}}

    for number in (2, 3):
        car, bus = dataset.first().frames[number].cars.detections
        assert car.bounding_box == HERE
        assert bus.bounding_box[0] == pytest.approx(0.6 + 1 / 32)
    before = run.documents()
    assert run.load() == {"frames.cars": {"kept": 24}}
    assert run.differences(before) == []


@pytest.mark.parametrize("how", ["renamed", "deleted", "renamed after a load"])
def test_fields_that_are_gone(dataset, server, tmp_path, how):
    """Labels whose field is gone look deleted: nothing is loaded until it is there."""
    boxes = [fo.Detections(detections=[box(), box("dog", 0.5)]) for _ in NAMES]
    with_values(dataset, tmp_path, pets=boxes, mood=["calm", "wild"])
    schema = {
        "pets": {"type": "detections", "classes": ["cat", "dog"]},
        "mood": {"type": "scalar", "classes": ["calm", "wild"]},
    }
    if how == "renamed after a load":
        schema["new"] = schema.pop("pets")
    run = Run(dataset, server, schema)
    field = "new" if how == "renamed after a load" else "pets"
    drawn = {"type": "rectangle", "frame": 0, "points": [3.2, 4.8, 9.6, 12.0]}
    drawn |= {"label_id": run.label_ids()["cat"], "attributes": []}
    run.change("create", shapes=[drawn, drawn | {"frame": 1}])
    if how == "renamed after a load":
        assert run.load()["new"] == {"added": 2}
    else:
        (first, second, *_) = run.annotations()["shapes"]
        run.change("update", shapes=[moved(first)])
        run.change("delete", shapes=[second])
    if how == "deleted":
        dataset.delete_sample_field("pets")
    else:
        dataset.rename_sample_field(field, "animals")
    before = run.documents()

    where = "'animals' now" if how != "deleted" else "in no other field"
    with pytest.raises(ConfigurationError, match=f"'{field}' of run.*{where}"):
        run.load()
    assert run.differences(before) == []
    if how == "deleted":
        # the labels went with their field; what is new in CVAT has a place again
        kind = {"embedded_doc_type": fo.Detections}
        dataset.add_sample_field("pets", fo.EmbeddedDocumentField, **kind)
        assert run.load()["pets"] == {"added": 2, "unmatched": 3}
        assert len(dataset.first().pets.detections) == 1
        return

    dataset.rename_sample_field("animals", field)
    expected = {"kept": 2, "changed": 1, "added": 2, "deleted": 1}
    counts = run.load()[field]
    assert counts == ({"kept": 2} if how == "renamed after a load" else expected)


def test_fields_of_scalars_that_are_gone(dataset, server, tmp_path):
    with_values(dataset, tmp_path, mood=["calm", "wild"])
    run = Run(dataset, server, {"mood": {"type": "scalar"}})
    dataset.rename_sample_field("mood", "temper")

    with pytest.raises(ConfigurationError, match="'mood' of run 'run' is gone"):
        run.load()

    assert dataset.values("temper") == ["calm", "wild"]


def test_labels_drawn_on_samples_that_are_deleted(dataset, server, tmp_path):
    boxes = [fo.Detections(detections=[box()]) for _ in NAMES]
    with_values(dataset, tmp_path, pets=boxes)
    schema = {"pets": {"type": "detections", "classes": ["cat"]}}
    run = Run(dataset, server, schema)
    cat = {"label_id": run.label_ids()["cat"], "frame": 0, "attributes": []}
    drawn = cat | {"type": "rectangle", "points": [3.2, 4.8, 9.6, 12.0]}
    run.change("create", shapes=[drawn, drawn | {"frame": 1}], tags=[cat])
    dataset.delete_samples(dataset.first().id)

    assert run.load() == {"pets": {"kept": 1, "added": 1, "unmatched": 3}}

    reason = "label on a sample that was deleted in the dataset"
    assert run.results.reconciliation.reasons == {reason: 3}
    assert dataset.count("pets.detections") == 2


def tagged(name):
    return fo.Classification(label=name)


KINDS_NOT_STORED = {
    # the field, what makes the values of two samples, the field's schema
    "scalars": ("mood", ["calm", "wild"], str, {"type": "scalar"}),
    "scalars with classes": (
        "mood",
        ["calm", "wild"],
        str,
        {"type": "scalar", "classes": ["calm", "wild"]},
    ),
    "numbers": ("rating", [1, 2], int, {"type": "scalar"}),
    "booleans": ("fine", [True, False], bool, {"type": "scalar"}),
    "classification": ("scene", ["day", "night"], tagged, {"type": "classification"}),
    "classifications": (
        "things",
        ["day", "night"],
        lambda name: fo.Classifications(classifications=[tagged(name)]),
        {"type": "classifications"},
    ),
    "detections": (
        "pets",
        ["cat", "dog"],
        lambda name: fo.Detections(detections=[box(name), box("cow", 0.5)]),
        {"type": "detections"},
    ),
}


@pytest.mark.parametrize("kind", KINDS_NOT_STORED)
def test_labels_that_the_server_did_not_store(
    dataset, server, tmp_path, kind, monkeypatch
):
    """What is not in CVAT looks deleted there; it stays as it is."""
    label_field, names, make, info = KINDS_NOT_STORED[kind]
    values = [make(each) for each in names]
    with_values(dataset, tmp_path, **{label_field: values})
    upload = CVATAnnotationAPI._upload_annotations

    def without_last(self, shapes, tags, tracks, *args):
        return upload(self, shapes[:-1], tags[:-1], tracks, *args)

    monkeypatch.setattr(CVATAnnotationAPI, "_upload_annotations", without_last)
    run = Run(dataset, server, {label_field: info})
    sent = run.annotations()
    number = len(sent["tags"] + sent["shapes"])

    assert run.load() == {label_field: {"kept": number}}
    assert run.differences() == []

    run.change("delete", tags=sent["tags"], shapes=sent["shapes"])
    assert run.load() == {label_field: {"deleted": number}}
    if kind != "detections":
        assert dataset.last()[label_field] == values[-1]
    else:
        [label] = dataset.last().pets.detections
        assert label.label == "cow"
