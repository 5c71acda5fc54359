"""Detections: attributes of every type, places to a fraction of a pixel, new fields."""

from __future__ import annotations

import fiftyone as fo
import pytest

from tests import media
from tests.replay.run import Run, box, moved

ATTRIBUTES = {
    "note": {"type": "text"},
    "colour": {"type": "select", "values": ["red", "grey"], "default": "grey"},
    "size": {"type": "radio", "values": ["s", "l"]},
    "tame": {"type": "checkbox", "default": True},
    "age": {"type": "number", "values": [0, 100, 1], "default": 1},
}
RECTANGLE = {"type": "rectangle", "frame": 0, "attributes": []}


def add_picture(dataset, folder, *labels, **fields):
    [path] = media.make_images(folder, (f"{len(dataset)}.png",))
    cats = {"cats": fo.Detections(detections=list(labels))} if labels else {}
    dataset.add_sample(fo.Sample(filepath=path, **cats, **fields))


def schema(**info):
    return {"cats": {"type": "detections", **info}}


def first(dataset):
    return dataset.first().cats.detections


def specs_of(run, name="cat"):
    return run.api._get_attr_class_maps(run.task_id)[0][run.label_ids()[name]]


def with_values(run, shape, **values):
    """Return a shape on which an annotator has chosen values."""
    ids = run.api._get_attr_class_maps(run.task_id)[0][shape["label_id"]]
    chosen = {ids[name]: value for name, value in values.items()}
    kept = [each for each in shape["attributes"] if each["spec_id"] not in chosen]
    new = [{"spec_id": number, "value": value} for number, value in chosen.items()]
    return {**shape, "attributes": kept + new}


def values_of(label, names=ATTRIBUTES):
    return {name: label.get_attribute_value(name, None) for name in names}


def test_built_in_defect_untouched_boxes_moved_to_whole_pixels(
    dataset, server, tmp_path
):
    thirds = [1 / 3, 1 / 7, 1 / 3, 2 / 3]
    tiny = [0.5, 0.5, 0.001, 0.002]
    add_picture(
        dataset,
        tmp_path,
        *(box(bounding_box=each) for each in (thirds, tiny, [0, 0, 1, 1])),
    )
    run = Run(dataset, server, schema())
    assert run.load() == {"cats": {"kept": 3}}
    assert run.differences() == []

    shapes = run.annotations()["shapes"]
    [shape] = [each for each in shapes if each["points"][2:] == [32.0, 24.0]]
    run.change("update", shapes=[{**shape, "points": [0.25, 0.125, 31.875, 23.75]}])

    assert run.load() == {"cats": {"kept": 2, "changed": 1}}
    got = [label.bounding_box for label in first(dataset)]
    assert got[:2] == [thirds, tiny]
    assert got[2] == pytest.approx(
        [0.25 / 32, 0.125 / 24, 31.625 / 32, 23.625 / 24], abs=1e-9
    )


def test_built_in_defect_text_attributes_became_numbers(dataset, server, tmp_path):
    had = {"note": "007", "colour": "red", "size": "l", "tame": False, "age": 7}
    add_picture(dataset, tmp_path, box(**had), box(x=0.4), box(x=0.6, note="False"))
    run = Run(dataset, server, schema(attributes=ATTRIBUTES))
    assert run.load() == {"cats": {"kept": 3}}
    assert run.differences() == []
    full, bare, noted = sorted(run.annotations()["shapes"], key=lambda s: s["points"])

    run.change(
        "update",
        shapes=[
            with_values(run, full, note="0010", colour="grey", size="s", age="42"),
            with_values(run, bare, tame="false", age="1"),
            with_values(run, noted, note="True", size="s"),
        ],
    )

    assert run.load() == {"cats": {"changed": 3}}
    one, two, three = first(dataset)
    assert values_of(one) == {
        "note": "0010",
        "colour": "grey",
        "size": "s",
        "tame": False,
        "age": 42,
    }
    # of the second nothing but `tame` was chosen
    assert two.tame is False
    assert not any(
        two.has_attribute(name) for name in ("note", "colour", "size", "age")
    )
    assert (three.note, three.size) == ("True", "s")
    before = run.documents()
    assert run.load() == {"cats": {"kept": 3}}
    assert run.differences(before) == []


def test_a_value_set_back_to_the_default(dataset, server, tmp_path):
    add_picture(dataset, tmp_path, box(colour="red", tame=False, age=7))
    run = Run(dataset, server, schema(attributes=ATTRIBUTES))
    [shape] = run.annotations()["shapes"]
    back = with_values(run, shape, colour="grey", tame="true", age="1")
    run.change("update", shapes=[back])

    assert run.load() == {"cats": {"changed": 1}}
    [label] = first(dataset)
    assert (label.colour, label.tame, label.age) == ("grey", True, 1)


def test_a_text_that_was_emptied(dataset, server, tmp_path):
    add_picture(dataset, tmp_path, box(note="full"), box(x=0.5, note="other"))
    run = Run(dataset, server, schema(attributes={"note": {"type": "text"}}))
    shape = min(run.annotations()["shapes"], key=lambda each: each["points"])
    run.change("update", shapes=[with_values(run, shape, note="")])

    assert run.load() == {"cats": {"kept": 1, "changed": 1}}
    emptied, other = first(dataset)
    assert not emptied.get_attribute_value("note", None)
    assert other.note == "other"


def test_attributes_of_one_class_only(dataset, server, tmp_path):
    add_picture(dataset, tmp_path, box(breed="manx", owner="ann"), box("dog", 0.5))
    classes = [
        "dog",
        {
            "classes": ["cat", "kitten"],
            "attributes": {"breed": {"type": "select", "values": ["manx", "angora"]}},
        },
    ]
    attributes = {"owner": {"type": "text"}}
    run = Run(dataset, server, schema(classes=classes, attributes=attributes))

    assert specs_of(run, "dog").keys() == {"owner", "label_id"}
    assert specs_of(run, "cat").keys() == {"owner", "breed", "label_id"}
    assert specs_of(run, "kitten").keys() == {"owner", "breed", "label_id"}
    assert run.load() == {"cats": {"kept": 2}}
    assert run.differences() == []

    cat, dog = sorted(run.annotations()["shapes"], key=lambda s: s["points"])
    changed = with_values(run, cat, breed="angora")
    # the dog turns out to be a kitten: the editor clears what a dog has
    kitten = {**dog, "label_id": run.label_ids()["kitten"], "attributes": []}
    kitten = with_values(run, kitten, breed="manx", owner="bob")
    run.change("delete", shapes=[dog])
    run.change("update", shapes=[changed])
    run.change("create", shapes=[{**kitten, "id": None}])

    assert run.load() == {"cats": {"changed": 2}}
    ids = [label.id for label in first(dataset)]
    assert [(d.label, d.breed, d.owner) for d in first(dataset)] == [
        ("cat", "angora", "ann"),
        ("kitten", "manx", "bob"),
    ]
    assert ids == [d["_id"].__str__() for d in only(run.before)["cats"]["detections"]]


def only(documents):
    [document] = documents.values()
    return document


def test_read_only_attributes_are_shown_and_not_loaded(dataset, server, tmp_path):
    add_picture(dataset, tmp_path, box(score=0.5, note="a"))
    attributes = {
        "score": {"type": "text", "read_only": True},
        "note": {"type": "text"},
    }
    run = Run(dataset, server, schema(attributes=attributes))
    [shape] = run.annotations()["shapes"]
    ids = specs_of(run)
    assert {"spec_id": ids["score"], "value": "0.5"} in shape["attributes"]
    run.change("update", shapes=[with_values(run, shape, score="0.9", note="b")])

    run.load()

    [label] = first(dataset)
    assert (label.score, label.note) == (0.5, "b")


def test_without_attributes_none_goes_up(dataset, server, tmp_path):
    add_picture(dataset, tmp_path, box(score=0.5, note="a"))
    run = Run(dataset, server, schema(attributes=False))
    [shape] = run.annotations()["shapes"]
    assert specs_of(run).keys() == {"label_id"}
    run.change("update", shapes=[moved(shape)])

    assert run.load() == {"cats": {"changed": 1}}
    [label] = first(dataset)
    assert (label.score, label.note) == (0.5, "a")


def test_occlusion_and_groups_by_type_of_attribute(dataset, server, tmp_path):
    add_picture(
        dataset,
        tmp_path,
        box(hidden=True, herd=4),
        box(x=0.4, hidden=False, herd=4),
        box(x=0.6),
    )
    attributes = {"hidden": {"type": "occluded"}, "herd": {"type": "group_id"}}
    run = Run(dataset, server, schema(attributes=attributes))
    shapes = sorted(run.annotations()["shapes"], key=lambda s: s["points"])
    assert [(s["occluded"], s["group"]) for s in shapes] == [
        (True, 4),
        (False, 4),
        (False, 0),
    ]
    assert specs_of(run).keys() == {"label_id"}
    assert run.load() == {"cats": {"kept": 3}}
    assert run.differences() == []

    run.change("update", shapes=[{**shapes[2], "occluded": True, "group": 4}])
    assert run.load() == {"cats": {"kept": 2, "changed": 1}}
    assert [(d.hidden, d.herd) for d in first(dataset)] == [
        (True, 4),
        (False, 4),
        (True, 4),
    ]


def test_occlusion_and_group_of_a_class_without_a_place_for_them(
    dataset, server, tmp_path
):
    [path] = media.make_images(tmp_path, ("1.png",))
    boxes = [box("cat", hidden=False), box("dog", 0.4, team=1), box("cow", 0.6)]
    cats = fo.Detections(detections=boxes)
    dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    classes = [
        {"classes": ["cat"], "attributes": {"hidden": {"type": "occluded"}}},
        {"classes": ["dog"], "attributes": {"team": {"type": "group_id"}}},
        "cow",
    ]
    run = Run(dataset, server, {"cats": {"type": "detections", "classes": classes}})
    shapes = run.annotations()["shapes"]
    run.change("update", shapes=[{**s, "occluded": True, "group": 9} for s in shapes])

    assert run.load() == {"cats": {"changed": 2, "kept": 1}}

    cat, dog, cow = dataset.first().cats.detections
    assert (cat.hidden, dog.team) == (True, 9)
    assert not cow.has_attribute("hidden")
    assert not cow.has_attribute("team")


def test_a_new_field(dataset, server, tmp_path):
    add_picture(dataset, tmp_path)
    add_picture(dataset, tmp_path)
    run = Run(dataset, server, schema(classes=["cat", "dog"], attributes=ATTRIBUTES))
    shape = {
        **RECTANGLE,
        "label_id": run.label_ids()["cat"],
        "points": [8.0, 6.0, 16.0, 12.0],
        "rotation": 0.5,
    }
    chosen = with_values(run, shape, note="shy", colour="red", age="5")
    dog = {**shape, "frame": 1, "label_id": run.label_ids()["dog"], "rotation": 0.0}
    run.change("create", shapes=[chosen, dog])

    assert run.load() == {"cats": {"added": 2}}
    [cat], [dog] = (sample.cats.detections for sample in dataset)
    assert cat.bounding_box == [0.25, 0.25, 0.25, 0.25]
    assert (cat.label, cat.rotation, cat.colour, cat.age) == ("cat", 0.5, "red", 5)
    assert dog.label == "dog"
    before = run.documents()
    assert run.load() == {"cats": {"kept": 2}}
    assert run.differences(before) == []

    # what was added and loaded can be deleted and loaded
    run.change("delete", shapes=run.annotations()["shapes"][:1])
    assert run.load() == {"cats": {"kept": 1, "deleted": 1}}
    assert [len(s.cats.detections) if s.cats else 0 for s in dataset] in (
        [0, 1],
        [1, 0],
    )


def test_text_stays_text_in_a_new_field_if_asked_for(dataset, server, tmp_path):
    add_picture(dataset, tmp_path)
    attributes = {"code": {"type": "text"}}
    run = Run(
        dataset,
        server,
        schema(classes=["cat"], attributes=attributes),
        coerce_text_attrs=False,
    )
    shape = {**RECTANGLE, "label_id": run.label_ids()["cat"], "points": [1, 2, 3, 4]}
    run.change("create", shapes=[with_values(run, shape, code="0001")])

    run.load()

    assert first(dataset)[0].code == "0001"


def test_a_field_of_one_detection(dataset, server, tmp_path):
    for x in (0.1, 0.2, None):
        fields = {} if x is None else {"cat": box(x=x, score=0.5)}
        add_picture(dataset, tmp_path, **fields)
    run = Run(dataset, server, {"cat": {"type": "detection"}})
    ids = [sample.cat and sample.cat.id for sample in dataset]
    one, two = sorted(run.annotations()["shapes"], key=lambda s: s["frame"])
    run.change("update", shapes=[moved(one)])
    run.change("delete", shapes=[two])
    run.change("create", shapes=[{**two, "id": None, "frame": 2, "attributes": []}])

    assert run.load() == {"cat": {"changed": 1, "deleted": 1, "added": 1}}
    cats = [sample.cat for sample in dataset]
    assert cats[0].id == ids[0]
    assert cats[0].score == 0.5
    assert cats[0].bounding_box[0] == pytest.approx(0.1 + 1 / 32)
    assert cats[1] is None
    assert cats[2].bounding_box == pytest.approx([0.2, 0.2, 0.3137, 0.2718])


def test_labels_whose_class_does_not_go_up_stay(dataset, server, tmp_path):
    add_picture(dataset, tmp_path, box(), box("unicorn", 0.5), box(None, 0.6))
    run = Run(dataset, server, schema(classes=["cat"]))

    assert len(run.annotations()["shapes"]) == 1
    assert run.load()["cats"]["kept"] >= 1
    assert run.differences() == []


def test_a_select_value_that_is_no_choice(dataset, server, tmp_path):
    add_picture(dataset, tmp_path, box(colour="blue"), box(x=0.5, colour="red"))
    attributes = {"colour": {"type": "select", "values": ["red", "grey"]}}
    run = Run(dataset, server, schema(attributes=attributes))
    shapes = sorted(run.annotations()["shapes"], key=lambda s: s["points"])
    run.change("update", shapes=[moved(each) for each in shapes])

    assert run.load() == {"cats": {"changed": 2}}
    assert [d.colour for d in first(dataset)] == ["blue", "red"]


def test_whether_types_are_guessed_can_be_said_to_the_api(dataset, server, tmp_path):
    add_picture(dataset, tmp_path)
    label_schema = {
        "new": {
            "type": "detections",
            "classes": ["cat"],
            "attributes": {"weight": {"type": "text"}},
        }
    }
    run = Run(dataset, server, label_schema, coerce_text_attrs=False)
    [label] = run.api._get_task_labels(run.task_id)
    spec = {each["name"]: each["id"] for each in label["attributes"]}["weight"]
    drawn = {
        "type": "rectangle",
        "frame": 0,
        "label_id": label["id"],
        "points": [3.2, 4.8, 9.6, 12.0],
        "attributes": [{"spec_id": spec, "value": "12"}],
    }
    run.change("create", shapes=[drawn])

    for keywords, weight in (
        ({}, "12"),
        ({"coerce_text_attrs": True}, 12),
        ({"coerce_text_attrs": False}, "12"),
    ):
        found = run.api.download_annotations(run.results, **keywords)
        [by_id] = found["new"]["detections"].values()
        assert [each.weight for each in by_id.values()] == [weight]
