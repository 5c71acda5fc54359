"""Values that are no plain text, and names that mean something, come back."""

from __future__ import annotations

import math

import fiftyone as fo
import numpy as np
import pytest
from bson import ObjectId

from tests import media
from tests.replay.run import Run, box, moved

NAN = math.nan
CATS = {"cats": {"type": "detections"}}


@pytest.fixture
def picture(tmp_path):
    [path] = media.make_images(tmp_path, ("first.png",))
    return path


def of_cats(dataset, picture, *labels, declare=False, **fields):
    cats = fo.Detections(detections=list(labels))
    sample = fo.Sample(filepath=picture, cats=cats, **fields)
    dataset.add_sample(sample, dynamic=declare)


def listing(name):
    return {"cats": {"type": "detections", "attributes": {name: {"type": "text"}}}}


def specs(run, label_id):
    return run.api._get_attr_class_maps(run.task_id)[0][label_id]


def typed(run, shape, **texts):
    """Return a shape with other texts in some of its attributes."""
    ids = specs(run, shape["label_id"])
    own = [{"spec_id": ids[name], "value": text} for name, text in texts.items()]
    mine = {each["spec_id"] for each in own}
    others = [each for each in shape["attributes"] if each["spec_id"] not in mine]
    return {**shape, "attributes": others + own}


def from_left(run):
    return sorted(run.annotations()["shapes"], key=lambda shape: shape["points"][0])


def sent(run, shape, name):
    spec_id = specs(run, shape["label_id"])[name]
    texts = {each["spec_id"]: each["value"] for each in shape["attributes"]}
    return texts.get(spec_id)


def tags(dataset):
    return {label.label: [*label.tags] for label in dataset.first().cats.detections}


def test_tags_are_an_attribute_both_ways(dataset, server, picture):
    of_cats(
        dataset,
        picture,
        box("a", 0.0, tags=["blurry", "night"]),
        box("b", 0.1, tags=["fog, dense"]),
        box("c", 0.2, tags=["old"]),
        box("d", 0.3),
        box("e", 0.4, tags=["kept"]),
    )
    run = Run(dataset, server, {"cats": {"type": "detections", "attributes": ["tags"]}})
    a, b, c, d, _ = shapes = from_left(run)
    assert [sent(run, each, "tags") or "" for each in shapes] == [
        *("blurry, night", "fog, dense", "old", "", "kept")
    ]
    changed = [
        moved(a),
        typed(run, b, tags="fog, dense, wet\nwet, "),
        typed(run, c, tags=""),
        typed(run, d, tags="new"),
    ]
    run.change("update", shapes=changed)
    new = typed(run, {**moved(d, 3.0), "id": None, "attributes": []}, tags="x,y")
    run.change("create", shapes=[new])

    assert run.load() == {"cats": {"kept": 1, "changed": 4, "added": 1}}

    labels = dataset.first().cats.detections
    found = [(each.label, [*each.tags]) for each in labels]
    assert found == [
        ("a", ["blurry", "night"]),
        ("b", ["fog, dense", "wet"]),
        ("c", []),
        ("d", ["new"]),
        ("e", ["kept"]),
        ("d", ["x", "y"]),
    ]
    before = run.documents()
    assert run.load() == {"cats": {"kept": 6}}
    assert run.differences(before) == []


def test_names_in_a_project_that_labels_cannot_have(dataset, server, picture, api):
    """The kind: parts of labels, and names that no database takes."""
    names = ("a.b", "id", "points", "_cls", "mask_path", "attributes", "$x", "logits")
    attributes = [
        {"name": name, "input_type": "text", "mutable": True, "values": []}
        for name in (*names, "instance", "tags", "mood")
    ]
    labels = [{"name": "cat", "attributes": attributes}]
    answer = api.post(api.projects_url, json={"name": "names", "labels": labels})
    instance = fo.Instance()
    label = box(tags=["blurry"], mask_path="/masks/1.png", mood="calm")
    label["instance"] = instance
    label["attributes"] = {"old": fo.CategoricalAttribute(value="old")}
    of_cats(dataset, picture, label)
    project = {"project_id": answer.json()["id"], "organization": server.organization}
    run = Run(dataset, server, CATS, **project)
    [shape] = run.annotations()["shapes"]
    texts = dict.fromkeys(names, "typed")
    mine = {**texts, "instance": "one", "tags": "blurry, wet", "mood": "wild"}
    run.change("update", shapes=[typed(run, shape, **mine)])

    assert run.load() == {"cats": {"changed": 1}}

    [after] = dataset.first().cats.detections
    assert after.tags == ["blurry", "wet"]
    assert after["mood"] == "wild"
    assert after.mask_path == "/masks/1.png"
    assert after["instance"].id == instance.id
    assert after.attributes["old"].value == "old"
    [(name, old, new)] = run.differences()
    differ = {
        key
        for key in new["detections"][0]
        if new["detections"][0][key] != old["detections"][0].get(key)
    }
    assert (name, differ) == ("cats", {"tags", "mood"})
    refused = {
        f"attribute '{each}', a name that no label can have": 1 for each in names
    }
    wrong = {"text in attribute 'instance' that is no value of its type": 1}
    assert run.results.reconciliation.reasons == refused | wrong
    before = run.documents()
    run.load()
    assert run.differences(before) == []


@pytest.mark.parametrize("declare", [True, False], ids=["declared", "undeclared"])
def test_an_edit_keeps_what_did_not_go_up(dataset, server, picture, declare, caplog):
    instance = fo.Instance()
    values = {
        "array": np.array([0.1, 0.9]),
        "pixels": np.ones((2, 3)),
        "nested": [[1], [2, 3]],
        "table": {"a": 1},
        "known": ObjectId(),
    }
    label = box(mood="calm", score=0.5, confidence=0.25, tags=["mine"], **values)
    label["instance"] = instance
    of_cats(dataset, picture, label, declare=declare)
    run = Run(dataset, server, CATS)
    told = (
        "attributes 'array', 'instance', 'known', 'nested', 'pixels', 'table' stay in"
    )
    assert told in caplog.text
    [shape] = run.annotations()["shapes"]
    run.change("update", shapes=[moved(typed(run, shape, mood="wild"))])

    assert run.load() == {"cats": {"changed": 1}}

    [(name, before, after)] = run.differences()
    [old], [new] = before["detections"], after["detections"]
    assert name == "cats"
    assert old.keys() == new.keys()
    assert {key for key in old if old[key] != new[key]} == {"bounding_box", "mood"}
    run.dataset.load_annotations(
        "run", dest_field="copies", unexpected="keep", **run.credentials
    )
    [copy] = dataset.first().copies.detections
    assert copy["instance"].id == instance.id
    assert (copy.confidence, copy.tags) == (0.25, ["mine"])
    np.testing.assert_array_equal(copy["array"], values["array"])


def test_class_of_a_label_with_logits(dataset, server, picture):
    label = fo.Classification(label="cat", confidence=0.5, logits=np.array([0.1, 0.9]))
    other = fo.Classification(label="dog", tags=["other"])
    for each in (label, other):
        dataset.add_sample(fo.Sample(filepath=picture, kind=each))
    run = Run(dataset, server, {"kind": {"type": "classification"}})
    tag = next(each for each in run.annotations()["tags"] if each["frame"] == 0)
    dog = {**tag, "label_id": run.label_ids()["dog"], "attributes": []}
    run.change("update", tags=[dog])

    assert run.load() == {"kind": {"kept": 1, "changed": 1}}

    after = dataset.first().kind
    assert (after.label, after.confidence) == ("dog", 0.5)
    np.testing.assert_array_equal(after.logits, [0.1, 0.9])


def test_values_that_are_text_on_some_labels_only(dataset, server, picture, caplog):
    of_cats(
        dataset,
        picture,
        box("a", 0.0, note="text"),
        box("b", 0.1, note=[1, 2]),
        box("c", 0.2, note=ObjectId()),
        box("d", 0.3, note={"a": "b"}),
    )
    run = Run(dataset, server, listing("note"))
    assert (
        "1 values of attribute 'note' stay in FiftyOne: no text (list)" in caplog.text
    )
    assert [sent(run, each, "note") or "" for each in from_left(run)] == [
        *("text", "", "", "")
    ]
    a, b, c, d = from_left(run)
    texts = [typed(run, each, note="typed") for each in (a, b, c)]
    run.change("update", shapes=[*texts, moved(d)])

    assert run.load() == {"cats": {"kept": 2, "changed": 2}}

    changed = {
        (label, name)
        for _, before, after in run.differences()
        for label, old, new in zip(
            "abcd", before["detections"], after["detections"], strict=True
        )
        for name in old
        if old[name] != new[name]
    }
    assert changed == {("a", "note"), ("d", "bounding_box")}


def test_typed_values_that_a_field_of_labels_cannot_hold(dataset, server, picture):
    of_cats(dataset, picture, box("a", confidence=0.5, score=0.25), declare=True)
    names = ("confidence", "index", "score", "free")
    attributes = {name: {"type": "text"} for name in names}
    schema = {
        "cats": {"type": "detections", "attributes": attributes},
        "new": {"type": "polylines", "classes": ["line"], "attributes": attributes},
    }
    run = Run(dataset, server, schema)
    [shape] = run.annotations()["shapes"]
    bad = {"confidence": "high", "index": "a", "score": "1e400", "free": "inf"}
    line = {
        **shape,
        "id": None,
        "type": "polygon",
        "label_id": run.label_ids()["line"],
        "points": [1.0, 1.0, 9.0, 1.0, 9.0, 9.0],
        "attributes": [],
    }
    run.change("update", shapes=[typed(run, shape, **bad)])
    run.change("create", shapes=[typed(run, line, **bad | {"confidence": "-inf"})])

    assert run.load() == {"cats": {"changed": 1}, "new": {"added": 1}}

    [cat], [new] = dataset.first().cats.detections, dataset.first().new.polylines
    assert (cat.confidence, cat.index, cat["score"]) == (0.5, None, 0.25)
    assert (new.confidence, new.index, new["score"]) == (None, None, "1e400")
    assert (cat["free"], new["free"]) == ("inf", "inf")
    assert run.results.reconciliation.reasons == {
        "text in attribute 'confidence' that is no value of its type": 2,
        "text in attribute 'index' that is no value of its type": 2,
        "text in attribute 'score' that is no value of its type": 1,
    }
    told = "\n".join(run.results.reconciliation.lines())
    assert "2 x text in attribute 'confidence' that is no value of its type" in told
    assert f"no value of its type, such as '{bad['index']}'" in told
    [shape] = (
        each for each in run.annotations()["shapes"] if each["type"] != "polygon"
    )
    run.change("update", shapes=[typed(run, shape, confidence=".75", index="3")])
    run.load()
    [cat] = dataset.first().cats.detections
    assert (cat.confidence, cat.index) == (0.75, 3)


def test_numbers_without_end_come_back(dataset, server, picture):
    values = {"score": math.inf, "low": -math.inf, "none": NAN}
    of_cats(dataset, picture, box(**values), declare=True, top=math.inf)
    run = Run(dataset, server, CATS | {"top": {"type": "scalar"}})

    assert run.load() == {"cats": {"kept": 1}, "top": {"kept": 1}}
    [shape] = run.annotations()["shapes"]
    run.change("update", shapes=[moved(shape)])
    assert run.load() == {"cats": {"changed": 1}, "top": {"kept": 1}}

    assert run.results.reconciliation.reasons == {}
    [label] = dataset.first().cats.detections
    assert (label["score"], label["low"]) == (math.inf, -math.inf)
    assert math.isnan(label["none"])
    assert dataset.first().top == math.inf


POINTS = [(0.1, 0.1), (0.2, 0.2), (0.3, 0.3)]
UNKNOWN = [(0.1, 0.6), (NAN, NAN), (0.3, 0.6)]

POINT_EDITS = {
    "first removed": (POINTS, lambda p: p[2:], [0.6, 0.7], [False, True]),
    "middle removed": (POINTS, lambda p: p[:2] + p[4:], [0.5, 0.7], [True, True]),
    "last removed": (POINTS, lambda p: p[:4], [0.5, 0.6], [True, False]),
    "one added": (POINTS, lambda p: [*p, 9.0, 9.0], [0.5, 0.6, 0.7, NAN], None),
    "one between": (
        POINTS,
        lambda p: [*p[:2], 9.0, 9.0, *p[2:]],
        [0.5, NAN, 0.6, 0.7],
        None,
    ),
    "one moved": (
        POINTS,
        lambda p: [*p[:2], 9.0, 9.0, *p[4:]],
        [0.5, 0.6, 0.7],
        [True, False, True],
    ),
    "all moved": (
        POINTS,
        lambda p: [each + 2 for each in p],
        [0.5, 0.6, 0.7],
        [True, False, True],
    ),
    "one removed, one added": (
        POINTS,
        lambda p: [*p[2:], 9.0, 9.0],
        [0.6, 0.7, NAN],
        None,
    ),
    "none left": (POINTS, lambda p: [20.0, 20.0], None, None),
    "known one removed": (UNKNOWN, lambda p: p[2:], [0.6, 0.7], [False, True]),
    "one added to unknown": (
        UNKNOWN,
        lambda p: [*p, 9.0, 9.0],
        [0.5, 0.6, 0.7, NAN],
        None,
    ),
}


def test_lists_beside_points_stay_in_step(dataset, server, picture):
    lists = {"confidence": [0.5, 0.6, 0.7], "visible": [True, False, True]}
    labels = [
        fo.Keypoint(label=name, points=points, array=np.array([1, 2, 3]), **lists)
        for name, (points, *_) in POINT_EDITS.items()
    ]
    untouched = fo.Keypoint(label="untouched", points=POINTS, **lists)
    plain = fo.Keypoint(label="plain", points=POINTS)
    keypoints = fo.Keypoints(keypoints=[*labels, untouched, plain])
    dataset.add_sample(fo.Sample(filepath=picture, cats=keypoints), dynamic=True)
    run = Run(dataset, server, {"cats": {"type": "keypoints"}})
    names = {each: name for name, each in run.label_ids().items()}
    edits = POINT_EDITS | {"plain": (POINTS, lambda p: p[2:], None, None)}
    shapes = [
        {**shape, "points": edits[names[shape["label_id"]]][1](shape["points"])}
        for shape in run.annotations()["shapes"]
        if names[shape["label_id"]] in edits
    ]
    run.change("update", shapes=shapes)

    assert run.load() == {"cats": {"kept": 1, "changed": len(edits)}}

    after = {each.label: each for each in dataset.first().cats.keypoints}
    for name, (_, _, confidence, visible) in POINT_EDITS.items():
        label = after[name]
        assert repr(label.confidence) == repr(confidence), name
        assert label["visible"] == visible, name
        for each in (label.confidence, label["visible"], label["array"]):
            assert each is None or len(each) == len(label.points), name
    assert after["first removed"]["array"].tolist() == [2, 3]
    assert [np.isnan(each).all() for each in after["known one removed"].points] == [
        *(True, False)
    ]
    assert after["untouched"].confidence == lists["confidence"]
    assert "visible" not in after["plain"].field_names
    reasons = run.results.reconciliation.reasons
    assert reasons["keypoint with new points, which are NaN in 'confidence'"] == 4
    cleared = "keypoint whose points changed: '{}', which had a value for each of them"
    assert reasons[f"{cleared.format('confidence')}, is cleared"] == 1
    assert reasons[f"{cleared.format('visible')}, is cleared"] == 5
    before = run.documents()
    assert run.load() == {"cats": {"kept": len(edits) + 1}}
    assert run.differences(before) == []
