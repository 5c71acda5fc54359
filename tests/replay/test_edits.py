"""What annotators do on the server arrives, and nothing else changes."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest

from fiftyone_cvat.errors import ConfigurationError
from tests import media
from tests.replay.run import Run, box, moved

DETECTIONS = {"cats": {"type": "detections"}}


@pytest.fixture
def cats(dataset, tmp_path):
    """Two pictures of two cats and a dog each; the dog has no attributes."""
    for path in media.make_images(tmp_path, ("first.png", "second.png")):
        labels = [box(mood="calm", score=0.5), box(x=0.3, mood="wild"), box("dog", 0.6)]
        for label in labels:
            label["never_sent"] = [1, 2]
        cats = fo.Detections(detections=labels)
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


def first(dataset):
    return dataset.first().cats.detections


def unknown(run, *exceptions):
    """Return the fields that differ, besides those expected to."""
    return [each for each in run.differences() if each[0] not in exceptions]


def shapes_of_first(run):
    return [shape for shape in run.annotations()["shapes"] if shape["frame"] == 0]


def new(shape, **kwargs):
    return {**shape, "id": None, **kwargs}


@pytest.mark.older_servers
def test_all_at_once(cats, server):
    run = Run(cats, server, DETECTIONS)
    calm, wild, dog = first(cats)
    sent = {s["points"][0]: s for s in shapes_of_first(run)}
    a, b, c = (sent[x] for x in sorted(sent))
    ids = run.label_ids()
    run.change("update", shapes=[moved(a, 2.0)])
    # another class: the editor clears the attributes, label_id too
    run.change("delete", shapes=[b, c])
    run.change("create", shapes=[new(b, label_id=ids["dog"], attributes=[])])
    # a copy on the same picture, and a box of its own
    run.change(
        "create", shapes=[new(moved(a, 9.0)), new(moved(c, -5.0), attributes=[])]
    )

    assert run.load() == {"cats": {"kept": 3, "changed": 2, "added": 2, "deleted": 1}}

    by_id = {label.id: label for label in first(cats)}
    assert by_id.keys() >= {calm.id, wild.id}
    assert dog.id not in by_id
    assert len(by_id) == 4
    assert by_id[calm.id].bounding_box[0] == pytest.approx(0.1 + 2 / 32)
    assert by_id[calm.id].score == 0.5
    assert by_id[wild.id].label == "dog"
    assert by_id[wild.id].bounding_box == wild.bounding_box
    assert by_id[wild.id].never_sent == [1, 2]
    assert by_id[wild.id].mood == "wild"
    before = run.documents()
    assert run.load() == {"cats": {"kept": 7}}
    assert run.differences(before) == []


def test_built_in_defect_copies_replaced_one_another(cats, server):
    run = Run(cats, server, DETECTIONS)
    shape = shapes_of_first(run)[0]
    copies = [new(moved(shape, float(n))) for n in (1, 2)] + [new(shape, frame=1)]
    run.change("create", shapes=copies)

    assert run.load() == {"cats": {"kept": 6, "added": 3}}

    ids = cats.values("cats.detections.id", unwind=True)
    assert len(ids) == len(set(ids)) == 9


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("  ", id="spaces"),
        pytest.param("no id", id="words"),
        pytest.param("0" * 24, id="unknown"),
        pytest.param("x.2", id="part"),
        pytest.param("é" * 500, id="long"),
    ],
)
def test_spoiled_ids(cats, server, text):
    run = Run(cats, server, DETECTIONS)
    shapes = shapes_of_first(run)
    spec = run.api._get_attr_class_maps(run.task_id)[0]
    for shape in shapes:
        number = spec[shape["label_id"]]["label_id"]
        for attribute in shape["attributes"]:
            if attribute["spec_id"] == number:
                attribute["value"] = text
    run.change("update", shapes=shapes)

    assert run.load() == {"cats": {"kept": 6}}
    assert run.differences() == []


@pytest.mark.older_servers
def test_built_in_defect_identity_in_the_last_of_several_tasks_only(cats, server):
    run = Run(cats, server, DETECTIONS, task_size=1)
    before = {sample.id: sample.cats.detections for sample in cats}
    for task_id in run.results.task_ids:
        shapes = run.annotations(task_id)["shapes"]
        calm, wild, dog = sorted(shapes, key=lambda shape: shape["points"])
        calm["points"], wild["points"] = wild["points"], calm["points"]
        cleared = [{**shape, "attributes": []} for shape in (calm, wild, dog)]
        run.change("update", task_id, shapes=cleared)

    # nothing but the server's own ids tells that the cats changed places
    assert run.load() == {"cats": {"kept": 2, "changed": 4}}

    for sample in cats:
        calm, wild, dog = sample.cats.detections
        old_calm, old_wild, old_dog = before[sample.id]
        assert [each.id for each in (calm, wild, dog)] == [
            each.id for each in (old_calm, old_wild, old_dog)
        ]
        assert (calm.mood, calm.never_sent) == ("calm", [1, 2])
        assert calm.bounding_box == pytest.approx(old_wild.bounding_box)
        assert wild.bounding_box == pytest.approx(old_calm.bounding_box)
        # the server fills in defaults for what is gone, which nobody has chosen
        assert dog == old_dog


def test_built_in_defect_new_class_of_an_annotator_was_dropped(cats, server):
    run = Run(cats, server, DETECTIONS)
    task = run.api.task_url(run.task_id)
    run.api.patch(task, json={"labels": [{"name": "ferret", "attributes": []}]})
    shape = shapes_of_first(run)[0]
    ferret = run.label_ids()["ferret"]
    run.change("create", shapes=[new(moved(shape), label_id=ferret, attributes=[])])

    assert run.load() == {"cats": {"kept": 6, "added": 1}}
    assert [d.label for d in first(cats)] == ["cat", "cat", "dog", "ferret"]


def test_dataset_edited_while_its_labels_are_out(cats, server):
    run = Run(cats, server, DETECTIONS)
    sample = cats.first()
    gone = sample.cats.detections.pop(0)
    sample.cats.detections[0]["later"] = "yes"
    sample.cats.detections.append(box("bird"))
    sample.save()
    before = run.documents()

    assert run.load() == {"cats": {"kept": 5, "unmatched": 1}}

    # what was deleted here stays deleted, and the rest is as it was
    assert gone.id not in [d.id for d in first(cats)]
    assert run.differences(before) == []


def test_field_that_is_of_another_type_now(cats, server):
    run = Run(cats, server, DETECTIONS)
    cats.delete_sample_field("cats")
    cats.set_values("cats", [fo.Classification(label="cat")] * len(cats))
    before = run.documents()

    with pytest.raises(ConfigurationError, match="'cats' is of type Classification"):
        run.load()

    assert run.differences(before) == []


def test_built_in_defect_rotation_reset_or_under_one_degree_was_lost(
    dataset, server, tmp_path
):
    [path] = media.make_images(tmp_path, ("first.png",))
    cats = fo.Detections(detections=[box(rotation=30.0), box(x=0.5)])
    dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    run = Run(dataset, server, DETECTIONS)
    a, b = sorted(run.annotations()["shapes"], key=lambda shape: shape["points"])
    run.change("update", shapes=[{**a, "rotation": 0.0}, {**b, "rotation": 0.5}])

    assert run.load() == {"cats": {"changed": 2}}
    assert [d.rotation for d in first(dataset)] == [0.0, 0.5]


def test_swapped_corners(cats, server):
    run = Run(cats, server, DETECTIONS)
    calm, wild, dog = first(cats)
    sent = {calm.id, wild.id, dog.id}
    a, b, c = sorted(shapes_of_first(run), key=lambda shape: shape["points"])
    x1, y1, x2, y2 = b["points"]
    turned = {**b, "rotation": 30.0}
    right, bottom = {"points": [x2, y1, x1, y2]}, {"points": [x1, y2, x2, y1]}
    run.change("update", shapes=[{**a, "points": a["points"][2:] + a["points"][:2]}])
    run.change("update", shapes=[{**turned, **right}])
    run.change("create", shapes=[new(c, attributes=[], **bottom)])

    # the first one lies where it lay
    assert run.load() == {"cats": {"kept": 5, "changed": 1, "added": 1}}

    by_id = {label.id: label for label in first(cats)}
    assert by_id[calm.id].bounding_box == calm.bounding_box
    assert by_id[wild.id].bounding_box == pytest.approx(wild.bounding_box)
    assert by_id[wild.id].rotation == 30.0
    [drawn] = [each for each in first(cats) if each.id not in sent]
    assert drawn.bounding_box == pytest.approx(wild.bounding_box)
    assert run.load() == {"cats": {"kept": 7}}


def test_defaults_that_nobody_chose(dataset, server, tmp_path):
    [path] = media.make_images(tmp_path, ("first.png",))
    cats = fo.Detections(detections=[box(), box(x=0.4, colour="red")])
    dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    attributes = {
        "colour": {"type": "select", "values": ["grey", "red"], "default": "grey"},
        "age": {"type": "number", "values": [0, 9, 1], "default": 9},
        "tame": {"type": "checkbox", "default": True},
        "size": {"type": "radio", "values": ["s", "l"]},
        "note": {"type": "text"},
    }
    run = Run(
        dataset, server, {"cats": {"type": "detections", "attributes": attributes}}
    )

    assert run.load() == {"cats": {"kept": 2}}
    assert run.differences() == []

    shape = run.annotations()["shapes"][0]
    ids = run.api._get_attr_class_maps(run.task_id)[0][shape["label_id"]]
    values = {"colour": "red", "age": "7", "tame": "false", "size": "l", "note": "007"}
    identity = [a for a in shape["attributes"] if a["spec_id"] == ids["label_id"]]
    chosen = [{"spec_id": ids[name], "value": value} for name, value in values.items()]
    run.change("update", shapes=[{**shape, "attributes": identity + chosen}])
    assert run.load() == {"cats": {"kept": 1, "changed": 1}}
    label = first(dataset)[0]
    assert (label.colour, label.age, label.tame, label.size) == ("red", 7, False, "l")


@pytest.mark.parametrize(
    ("restriction", "expected"),
    [
        ("allow_additions", {"added": 0, "moved": True, "renamed": True, "gone": True}),
        (
            "allow_deletions",
            {"added": 1, "moved": True, "renamed": True, "gone": False},
        ),
        (
            "allow_label_edits",
            {"added": 1, "moved": True, "renamed": False, "gone": True},
        ),
        (
            "allow_spatial_edits",
            {"added": 1, "moved": False, "renamed": True, "gone": True},
        ),
    ],
)
def test_restrictions(cats, server, restriction, expected):
    run = Run(cats, server, DETECTIONS, **{restriction: False})
    calm, wild, dog = first(cats)
    a, b, c = sorted(shapes_of_first(run), key=lambda shape: shape["points"])
    ids = run.label_ids()
    run.change(
        "update", shapes=[moved(a), {**b, "label_id": ids["dog"], "attributes": []}]
    )
    run.change("delete", shapes=[c])
    run.change("create", shapes=[new(moved(c, -4.0), attributes=[])])

    counts = {"kept": 3, "changed": 2, "added": 1, "deleted": 1}
    what, number = {
        "allow_additions": ("added", {"added": 0, "unmatched": 1}),
        "allow_deletions": ("deleted", {"deleted": 0, "kept": 4}),
        "allow_label_edits": ("edited", {"changed": 1, "kept": 4}),
        "allow_spatial_edits": ("edited", {"changed": 1, "kept": 4}),
    }[restriction]
    counts |= number
    assert run.load() == {"cats": {key: each for key, each in counts.items() if each}}
    [reason] = run.results.reconciliation.reasons
    assert reason.startswith(f"label that was {what}")

    labels = {label.id: label for label in first(cats)}
    assert len(labels.keys() - {calm.id, wild.id, dog.id}) == expected["added"]
    assert (labels[calm.id].bounding_box != calm.bounding_box) is expected["moved"]
    assert (labels[wild.id].label == "dog") is expected["renamed"]
    assert (dog.id not in labels) is expected["gone"]


@pytest.mark.parametrize("unexpected", ["keep", "ignore", "return"])
def test_unexpected_labels(cats, server, unexpected):
    run = Run(cats, server, DETECTIONS)
    shape = shapes_of_first(run)[0]
    line = new(shape, type="polyline", points=[1.0, 1, 9, 9], attributes=[])
    polygon = new(line, type="polygon", points=[1.0, 1, 9, 1, 9, 9, 1, 9])
    ellipse = new(line, type="ellipse", points=[10.0, 10, 14, 7])
    run.change("create", shapes=[line, polygon, ellipse])

    returned = run.dataset.load_annotations(
        "run", unexpected=unexpected, **run.credentials
    )

    # polygons and ellipses are masks in a field of detections
    labels = first(cats)
    assert [label.mask is not None for label in labels] == [False] * 3 + [True] * 2
    assert labels[3].mask.shape == (8, 8)
    assert labels[4].mask.shape == (6, 8)
    polylines = cats.first()["polylines"] if unexpected == "keep" else None
    assert (polylines is not None) is (unexpected == "keep")
    assert (returned is not None) is (unexpected == "return")


def test_built_in_defect_ground_truth_was_loaded(cats, server):
    run = Run(cats, server, DETECTIONS)
    job = run.api.post(
        f"{run.api.base_api_url}/jobs",
        json={
            "task_id": run.task_id,
            "type": "ground_truth",
            "frame_selection_method": "manual",
            "frames": [0],
        },
    ).json()
    shape = new(moved(shapes_of_first(run)[0]), attributes=[])
    url = run.api.job_annotation_url(job["id"])
    body = {"version": 0, "tags": [], "tracks": [], "shapes": [shape]}
    run.api.patch(url, params={"action": "create"}, json=body)

    assert run.load() == {"cats": {"kept": 6}}
    assert run.api._get_job_ids(run.task_id) == run.results.job_ids[run.task_id]


def test_fields_that_share_classes(dataset, server, tmp_path):
    [path] = media.make_images(tmp_path, ("first.png",))
    dataset.add_sample(
        fo.Sample(
            filepath=path,
            people=fo.Detections(detections=[box("cat", hidden=True, team=3)]),
            pets=fo.Detections(detections=[box("cat", 0.5, hidden=False), box("dog")]),
        )
    )
    schema = {"people": {"type": "detections"}, "pets": {"type": "detections"}}
    attrs = {"occluded_attr": "hidden", "group_id_attr": "team"}
    run = Run(dataset, server, schema, **attrs)

    assert run.label_ids().keys() == {"cat_people", "cat_pets", "dog"}
    assert run.load() == {"people": {"kept": 1}, "pets": {"kept": 2}}
    assert run.differences() == []

    shapes = run.annotations()["shapes"]
    for shape in shapes:
        shape["occluded"], shape["group"] = not shape["occluded"], 5
    run.change("update", shapes=shapes)
    run.load()
    sample = dataset.first()
    assert [(d.hidden, d.team) for d in sample.people.detections] == [(False, 5)]
    assert [d.hidden for d in sample.pets.detections] == [True, True]
    assert {d.label for d in sample.pets.detections} == {"cat", "dog"}


def test_new_attribute_on_the_server(cats, server):
    run = Run(cats, server, DETECTIONS)
    shape = shapes_of_first(run)[0]
    spec = {"name": "fur", "input_type": "text", "mutable": True, "values": []}
    label = {"id": shape["label_id"], "attributes": [spec]}
    run.api.patch(run.api.task_url(run.task_id), json={"labels": [label]})
    fur = run.api._get_attr_class_maps(run.task_id)[0][shape["label_id"]]["fur"]
    soft = {"spec_id": fur, "value": "soft"}
    run.change("update", shapes=[{**shape, "attributes": [*shape["attributes"], soft]}])

    assert run.load() == {"cats": {"kept": 5, "changed": 1}}

    furs = [d.fur for d in first(cats) if d.has_attribute("fur")]
    assert furs == ["soft"]


def test_labels_that_cannot_go_up_stay_as_they_are(dataset, server, tmp_path, caplog):
    [path] = media.make_images(tmp_path, ("first.png",))
    lawns = [
        fo.Polyline(label="lawn", points=[[(0, 0), (1, 1)]], closed=True, filled=True),
        fo.Polyline(label="sky", points=[[(0, 0), (1, 1), (0, 1)]], filled=True),
        fo.Polyline(label="lawn", points=[[(0, 0), (1, 1), (0, 1)]], filled=True),
    ]
    polylines = fo.Polylines(polylines=lawns)
    dataset.add_sample(fo.Sample(filepath=path, lawns=polylines))
    run = Run(dataset, server, {"lawns": {"type": "polygons", "classes": ["lawn"]}})

    assert "1 labels stay in FiftyOne: class 'sky' is none of the run's" in caplog.text
    assert "1 labels stay in FiftyOne: they have no shape" in caplog.text
    assert run.load() == {"lawns": {"kept": 1}}
    assert run.differences() == []


def test_text_that_is_no_value_of_its_field(dataset, server, tmp_path):
    for path in media.make_images(tmp_path, ("first.png", "second.png")):
        cats = fo.Detections(detections=[box(age=7)])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats, count=3))
    dataset.add_dynamic_sample_fields()
    run = Run(dataset, server, {"cats": {"type": "detections"}, "count": {}})
    found = run.annotations()
    tag, shape = found["tags"][0], found["shapes"][0]
    tag["attributes"][0]["value"] = "abc"
    age = next(a for a in shape["attributes"] if a["value"] == "7")
    age["value"] = "old"
    run.change("update", tags=[tag], shapes=[shape])

    assert run.load() == {
        "cats": {"kept": 2},
        "count": {"kept": 1, "unmatched": 1},
    }
    assert run.results.reconciliation.reasons == {
        "scalar that is no value of its field": 1,
        "text in attribute 'age' that is no value of its type": 1,
    }
    assert run.differences() == []


def test_white_space_at_the_ends_of_texts(dataset, server, tmp_path):
    [path] = media.make_images(tmp_path, ("first.png",))
    cats = fo.Detections(detections=[box(note="a red cat "), box(x=0.4, note=" ")])
    dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    run = Run(dataset, server, DETECTIONS)

    assert run.load() == {"cats": {"kept": 2}}
    assert run.differences() == []

    run.change("update", shapes=[moved(s) for s in run.annotations()["shapes"]])
    assert run.load() == {"cats": {"changed": 2}}
    assert [d.note for d in first(dataset)] == ["a red cat ", " "]


def test_no_task_is_left(cats, server, caplog):
    run = Run(cats, server, DETECTIONS)
    run.api.delete_task(run.task_id)

    for _ in range(2):
        assert run.load() == {}
        assert "no task of run 'run' any more" in caplog.text
        assert run.results.task_ids
        assert run.differences() == []


def test_no_task_is_left_where_the_run_was_not_sent(cats, server):
    run = Run(cats, server, DETECTIONS)
    run.api.delete_task(run.task_id)
    config = run.results.config
    url, there = config._stored_url, "http://elsewhere.example.com"
    for sent_to in ((there, config.organization), (url, "another")):
        config._stored_url, config._stored_organization = sent_to
        with pytest.raises(ConfigurationError, match="does not show task"):
            run.api.download_annotations(run.results)
        assert run.results.task_ids
    assert run.differences() == []


def test_loading_and_cleaning_up_twice(cats, server):
    run = Run(cats, server, DETECTIONS)
    assert run.load(cleanup=True) == {"cats": {"kept": 6}}
    assert run.results.task_ids == []

    assert run.load(cleanup=True) == {}
    assert run.differences() == []


def rounded(points):
    return [float(f"{each:.2f}") for each in points]


def exported(annotations):
    """Return annotations as a CVAT export has them: with two digits."""
    shapes = [
        {
            **shape,
            "id": None,
            "points": rounded(shape["points"]),
            "rotation": float(f"{shape['rotation']:.2f}"),
            "elements": [
                {**each, "id": None, "points": rounded(each["points"])}
                for each in shape["elements"]
            ],
        }
        for shape in annotations["shapes"]
    ]
    return {**annotations, "shapes": shapes}


def test_an_export_that_was_imported_again_changes_nothing(dataset, server, tmp_path):
    rng = np.random.default_rng(26)
    [path] = media.make_images(tmp_path, ("picture.png",))
    points = [[tuple(pair) for pair in rng.random((5, 2))] for _ in range(6)]
    boxes = [[x, y, 0.3137, 0.2718] for (x, y), *_ in points]
    outlines = [
        fo.Polyline(label="cat", points=[each], closed=True, filled=True)
        for each in points
    ]
    dots = [fo.Keypoint(label="cat", points=each) for each in points]
    made = [box(bounding_box=each, rotation=33.33333) for each in boxes]
    sample = fo.Sample(
        filepath=path,
        boxes=fo.Detections(detections=made),
        outlines=fo.Polylines(polylines=outlines),
        dots=fo.Keypoints(keypoints=dots),
    )
    dataset.add_sample(sample, dynamic=True)
    types = {"boxes": "detections", "outlines": "polygons", "dots": "keypoints"}
    run = Run(dataset, server, {name: {"type": each} for name, each in types.items()})
    found = run.annotations()
    run.change("delete", shapes=found["shapes"])
    run.change("create", shapes=exported(found)["shapes"])

    assert run.load() == {name: {"kept": 6} for name in types}
    assert run.differences() == []

    # what somebody moves is still new
    [shape, *_] = run.annotations()["shapes"]
    run.change("update", shapes=[moved(shape, 0.02)])
    assert [each.get("changed") for each in run.load().values()].count(1) == 1


@pytest.mark.parametrize("kind", ["select", "radio"])
def test_values_that_are_declared_as_text_stay_text(dataset, server, tmp_path, kind):
    [path] = media.make_images(tmp_path, ("picture.png",))
    dataset.add_sample(fo.Sample(filepath=path))
    values = {
        "code": ["001", "1e5", "True", "None", "7.0"],
        "number": [1, 2, 3, 4, 5],
    }
    attributes = {
        name: {"type": kind, "values": each, "default": each[0]}
        for name, each in values.items()
    }
    info = {"type": "detections", "classes": ["cat"], "attributes": attributes}
    run = Run(dataset, server, {"cats": info})
    label_id = run.label_ids()["cat"]
    spec = run.api._get_attr_class_maps(run.task_id)[0][label_id]
    shapes = [
        {
            "type": "rectangle",
            "frame": 0,
            "label_id": label_id,
            "points": [1.0 + n, 2.0, 10.0 + n, 12.0],
            "attributes": [
                {"spec_id": spec["code"], "value": code},
                {"spec_id": spec["number"], "value": str(n + 1)},
            ],
        }
        for n, code in enumerate(values["code"])
    ]
    run.change("create", shapes=shapes)

    assert run.load() == {"cats": {"added": 5}}

    labels = sorted(first(dataset), key=lambda each: each.bounding_box)
    assert [each["code"] for each in labels] == values["code"]
    assert [each["number"] for each in labels] == values["number"]
