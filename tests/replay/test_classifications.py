"""Classifications: tags changed, deleted and added by annotators."""

from __future__ import annotations

import fiftyone as fo
import pytest

from tests import media
from tests.replay.run import Run

NAMES = ("1.png", "2.png", "3.png")


def classification(label, **kwargs):
    return fo.Classification(label=label, **kwargs)


@pytest.fixture
def samples(dataset, tmp_path):
    """Three pictures; the first two have a scene and things, the last has neither."""
    for number, path in enumerate(media.make_images(tmp_path, NAMES)):
        sample = fo.Sample(filepath=path)
        if number < 2:
            sample["scene"] = classification("sunny", confidence=0.25, sure=True)
            things = [classification("car", colour="red"), classification("tree")]
            sample["things"] = fo.Classifications(classifications=things, logits=[1.0])
        dataset.add_sample(sample)
    return dataset


def tags_by_frame(run):
    tags: dict[int, list] = {}
    for tag in run.annotations()["tags"]:
        tags.setdefault(tag["frame"], []).append(tag)
    return tags


def tag_of(label_id, frame, attributes=()):
    return {"label_id": label_id, "frame": frame, "attributes": list(attributes)}


def test_one_label_a_sample(samples, server):
    classes = ["sunny", "rainy"]
    run = Run(samples, server, {"scene": {"classes": classes}})
    first, second = (sample.scene for sample in samples.limit(2))
    tags = tags_by_frame(run)
    assert tags.keys() == {0, 1}
    ids = run.label_ids()
    # an editor has no way to change a tag's class: it is taken off and set anew
    run.change("delete", tags=[*tags[0], *tags[1]])
    run.change("create", tags=[tag_of(ids["rainy"], 0), tag_of(ids["rainy"], 2)])

    run.load()

    scenes = [sample.scene for sample in samples]
    assert [each and each.label for each in scenes] == ["rainy", None, "rainy"]
    new_ids = {scenes[0].id, scenes[2].id}
    assert len(new_ids) == 2
    assert second.id not in new_ids
    before = run.documents()
    assert run.load() == {"scene": {"kept": 2}}
    assert run.differences(before) == []
    assert first.label == "sunny"


@pytest.mark.older_servers
def test_several_labels_a_sample(samples, server):
    run = Run(samples, server, {"things": {"attributes": {"colour": {"type": "text"}}}})
    assert run.load() == {"things": {"kept": 4}}
    assert run.differences() == []
    cars = [tag for tag in run.annotations()["tags"] if len(tag["attributes"]) == 2]
    car, tree = run.label_ids()["car"], run.label_ids()["tree"]
    spec = run.api._get_attr_class_maps(run.task_id)[0][car]["colour"]
    [mine] = [tag for tag in tags_by_frame(run)[0] if tag["label_id"] == car]
    for attribute in mine["attributes"]:
        if attribute["spec_id"] == spec:
            attribute["value"] = "0001"
    [other] = [tag for tag in tags_by_frame(run)[1] if tag["label_id"] == tree]
    run.change("update", tags=[mine])
    run.change("delete", tags=[other])
    run.change("create", tags=[tag_of(tree, 2), tag_of(car, 2)])

    counts = run.load()

    assert counts == {"things": {"kept": 2, "changed": 1, "added": 2, "deleted": 1}}
    assert cars
    first, second, third = (sample.things.classifications for sample in samples)
    assert [(c.label, c.get_attribute_value("colour", None)) for c in first] == [
        ("car", "0001"),
        ("tree", None),
    ]
    assert [each.label for each in second] == ["car"]
    assert sorted(each.label for each in third) == ["car", "tree"]
    assert [d for d in run.differences() if d[0] != "things"] == []


def test_the_same_class_twice_on_one_picture(samples, server):
    run = Run(samples, server, {"things": {}})
    car = run.label_ids()["car"]
    run.change("create", tags=[tag_of(car, 0), tag_of(car, 0)])

    assert run.load() == {"things": {"kept": 4, "added": 2}}
    labels = samples.first().things.classifications
    assert [each.label for each in labels] == ["car", "tree", "car", "car"]
    assert len({each.id for each in labels}) == 4


def test_a_box_in_a_field_of_classifications_is_not_expected(samples, server):
    run = Run(samples, server, {"things": {}})
    shape = {
        "type": "rectangle",
        "frame": 2,
        "points": [8.0, 6.0, 16.0, 12.0],
        **tag_of(run.label_ids()["car"], 2),
    }
    run.change("create", shapes=[shape])

    run.load(unexpected="keep")

    [label] = samples.last().detections.detections
    assert (label.label, label.bounding_box) == ("car", [0.25, 0.25, 0.25, 0.25])
    assert run.differences() == [] or all(
        each[0] == "detections" for each in run.differences()
    )


def test_a_new_field(samples, server):
    run = Run(
        samples,
        server,
        {"mood": {"type": "classification", "classes": ["good", "bad"]}},
    )
    run.change("create", tags=[tag_of(run.label_ids()["bad"], 1)])

    assert run.load() == {"mood": {"added": 1}}
    assert [m and m.label for m in samples.values("mood")] == [None, "bad", None]
    assert run.load() == {"mood": {"kept": 1}} or run.load()
