"""What becomes of annotations that a field has no room for, or that say nothing."""

from __future__ import annotations

from math import nan

import fiftyone as fo
import numpy as np
import pytest

from fiftyone_cvat.api import CVATAnnotationAPI
from tests import media
from tests.replay.run import Run, box, moved

NAMES = ("1.png", "2.png", "3.png")
DRAWN = {"frame": 0, "attributes": []}
SEGMENTATION = {"type": "segmentation", "mask_targets": {1: "cat"}}


def with_values(dataset, tmp_path, **values):
    """Add three pictures, with one value each of every field."""
    for number, path in enumerate(media.make_images(tmp_path, NAMES)):
        fields = {name: each[number] for name, each in values.items()}
        dataset.add_sample(fo.Sample(filepath=path, **fields))
    return dataset


def new(shape, **kwargs):
    return {**shape, "id": None, "attributes": [], **kwargs}


def reasons(run):
    return run.results.reconciliation.reasons


def rename_class(run, name, new_name):
    label = {"id": run.label_ids()[name], "name": new_name}
    run.api.patch(run.api.task_url(run.task_id), json={"labels": [label]})


def delete_class(run, name):
    label = {"id": run.label_ids()[name], "deleted": True}
    run.api.patch(run.api.task_url(run.task_id), json={"labels": [label]})


def test_a_field_of_one_box_takes_no_second(dataset, server, tmp_path):
    with_values(dataset, tmp_path, cat=[box(), None, None])
    run = Run(dataset, server, {"cat": {"type": "detection", "classes": ["cat"]}})
    [sent] = run.annotations()["shapes"]
    ids = [new(moved(sent, by)) for by in (-2.0, 4.0)]
    run.change("create", shapes=[*ids, *(new(each, frame=1) for each in ids)])

    assert run.load() == {"cat": {"kept": 1, "added": 1, "unmatched": 3}}

    assert reasons(run) == {"label beyond the one that 'cat' holds": 3}
    assert unchanged(run, dataset.first())
    assert dataset.values("cat.label") == ["cat", "cat", None]
    before = run.documents()
    assert run.load() == {"cat": {"kept": 2, "unmatched": 3}}
    assert run.differences(before) == []


def unchanged(run, sample):
    now = run.documents()
    key = next(key for key in now if str(key) == sample.id)
    return repr(now[key]) == repr(run.before[key])


def test_a_field_of_one_class_takes_no_second(dataset, server, tmp_path):
    sunny = fo.Classification(label="sunny")
    with_values(dataset, tmp_path, scene=[sunny, None, None])
    run = Run(dataset, server, {"scene": {"classes": ["sunny", "rainy"]}})
    tag = {"label_id": run.label_ids()["rainy"], "attributes": []}
    run.change("create", tags=[{**tag, "frame": frame} for frame in (0, 1)])

    assert run.load() == {"scene": {"kept": 1, "added": 1, "unmatched": 1}}

    assert reasons(run) == {"label beyond the one that 'scene' holds": 1}
    assert dataset.values("scene.label") == ["sunny", "rainy", None]


def test_a_label_that_did_not_go_up_keeps_its_place(dataset, server, tmp_path):
    with_values(dataset, tmp_path, cat=[box("unicorn"), box(), None])
    run = Run(dataset, server, {"cat": {"type": "detection", "classes": ["cat"]}})
    [sent] = run.annotations()["shapes"]
    run.change("create", shapes=[new(sent, frame=0)])

    assert run.load() == {"cat": {"kept": 1, "unmatched": 1}}

    assert run.differences() == []


def test_a_second_value_is_told(dataset, server, tmp_path):
    with_values(dataset, tmp_path, state=["a", None, None])
    run = Run(dataset, server, {"state": {"classes": ["a", "b", "c"]}})
    ids = run.label_ids()
    tag = {"attributes": []}
    for frame, name in ((0, "b"), (1, "b"), (1, "c")):
        run.change("create", tags=[{**tag, "frame": frame, "label_id": ids[name]}])

    assert run.load() == {"state": {"kept": 1, "added": 1, "unmatched": 2}}

    assert reasons(run) == {"value beyond the one that 'state' holds": 2}
    # the value that went up, and else the newest
    assert dataset.values("state") == ["a", "c", None]
    before = run.documents()
    assert run.load() == {"state": {"kept": 2, "unmatched": 2}}
    assert run.differences(before) == []


def test_a_value_that_was_added_and_deleted_again(dataset, server, tmp_path):
    with_values(dataset, tmp_path, state=["a", None, None])
    run = Run(dataset, server, {"state": {"classes": ["a", "b"]}})
    tag = {"label_id": run.label_ids()["b"], "attributes": [], "frame": 2}
    [created] = run.change("create", tags=[tag])["tags"]
    assert run.load() == {"state": {"kept": 1, "added": 1}}
    assert dataset.values("state") == ["a", None, "b"]

    run.change("delete", tags=[created])

    assert run.load() == {"state": {"kept": 1, "deleted": 1}}
    assert run.differences() == []


def test_a_mask_that_is_none_leaves_its_label(dataset, server, tmp_path):
    mask = np.zeros((5, 7), bool)
    mask[1:4, 2:6] = True
    labels = [box(mask=mask, bounding_box=[0.25, 0.25, 7 / 32, 5 / 24]) for _ in "12"]
    cats = fo.Detections(detections=labels)
    with_values(dataset, tmp_path, cats=[cats, None, None])
    run = Run(dataset, server, {"cats": {"type": "instances"}})
    spoiled, other = run.annotations()["shapes"]
    # its runs cover fewer pixels than its box has
    spoiled["points"] = [3.0, 2.0, *spoiled["points"][-4:]]
    run.change("update", shapes=[spoiled])
    run.change("delete", shapes=[other])

    assert run.load() == {"cats": {"kept": 1, "deleted": 1}}

    [reason] = reasons(run)
    assert "mask on frame 0" in reason
    assert "the runs of a mask add up to 5 pixels" in reason
    [left] = dataset.first().cats.detections
    assert left.id == run.results.server_id_map["shapes"][spoiled["id"]]
    np.testing.assert_array_equal(left.mask, mask)


EMPTY = {
    "one run": [16, 0, 0, 3, 3],
    "one pixel of background": [1, 0, 0, 0, 0],
    "runs without a length": [3, 0, 13, 0, 0, 0, 3, 3],
    "inside runs without a length": [0, 0, 16, 0, 0, 0, 3, 3],
    "pixels beside the picture only": [2, 2, 2, 2, 30, 0, 33, 1],
    "all beside the picture": [0, 4, 40, 0, 41, 1],
}
"""Points of masks without a pixel in a picture of 32 x 24."""


@pytest.mark.parametrize("field_type", ["instances", "detections", "polygons"])
def test_masks_without_pixels_are_no_labels(dataset, server, tmp_path, field_type):
    mask = np.ones((5, 7), bool) if field_type == "instances" else None
    lefts = [number / 32 for number in range(len(EMPTY))]
    if field_type == "polygons":
        triangles = [[(left, 0.25), (0.5, 0.25), (0.5, 0.5)] for left in lefts]
        labels = fo.Polylines(
            polylines=[
                fo.Polyline(label="cat", points=[each], closed=True, filled=True)
                for each in triangles
            ]
        )
    else:
        places = [[left, 0.25, 7 / 32, 5 / 24] for left in lefts]
        labels = fo.Detections(
            detections=[box(mask=mask, bounding_box=each) for each in places]
        )
    with_values(dataset, tmp_path, cats=[labels, None, None])
    run = Run(dataset, server, {"cats": {"type": field_type}})
    sent = sorted(run.annotations()["shapes"], key=lambda shape: shape["id"])
    empty = [
        {**shape, "type": "mask", "points": [*map(float, points)]}
        for shape, points in zip(sent, EMPTY.values(), strict=True)
    ]
    run.change("update", shapes=empty)
    run.change("create", shapes=[new(shape, frame=1) for shape in empty])

    number = len(EMPTY)
    # each is counted once: as the label that stays, or as a new one that is none
    assert run.load() == {"cats": {"kept": number, "unmatched": number}}

    assert len(reasons(run)) == 2 * number
    assert all("the mask has no pixel in the picture" in each for each in reasons(run))
    assert run.differences() == []


def test_masks_without_pixels_leave_segmentations(dataset, server, tmp_path):
    mask = np.zeros((24, 32), np.uint8)
    mask[2:9, 3:20] = 1
    values = [fo.Segmentation(mask=mask) for _ in "12"]
    with_values(dataset, tmp_path, seg=[*values, None])
    run = Run(dataset, server, {"seg": SEGMENTATION})
    first, _ = sorted(run.annotations()["shapes"], key=lambda each: each["frame"])
    first["points"] = [16.0, 0, 0, 3, 3]
    run.change("update", shapes=[first])
    run.change("create", shapes=[new(first, frame=1), new(first, frame=2)])

    assert run.load() == {"seg": {"kept": 2, "unmatched": 2}}

    assert len(reasons(run)) == 3
    assert run.differences() == []


def test_a_class_that_was_renamed(dataset, server, tmp_path):
    # a mask of another resolution than the picture's
    mask = np.random.default_rng(7).random((30, 40)) > 0.5
    labels = [box(mask=mask, mood="calm"), box("dog", x=0.5, mask=mask)]
    cats = fo.Detections(detections=labels)
    with_values(dataset, tmp_path, cats=[cats, None, None])
    run = Run(dataset, server, {"cats": {"type": "instances"}})
    rename_class(run, "cat", "feline")

    assert run.load() == {"cats": {"kept": 1, "changed": 1}}

    cat, dog = dataset.first().cats.detections
    assert (cat.label, dog.label) == ("feline", "dog")
    assert cat.id == cats.detections[0].id
    assert cat.mood == "calm"
    np.testing.assert_array_equal(cat.mask, mask)
    assert cat.bounding_box == cats.detections[0].bounding_box
    before = run.documents()
    assert run.load() == {"cats": {"kept": 2}}
    assert run.differences(before) == []


def test_a_class_that_was_deleted_takes_its_labels_along(dataset, server, tmp_path):
    cats = fo.Detections(detections=[box(), box("dog", x=0.5)])
    with_values(dataset, tmp_path, cats=[cats, None, None])
    run = Run(dataset, server, {"cats": {"type": "detections"}})
    delete_class(run, "dog")

    assert run.load() == {"cats": {"kept": 1, "deleted": 1}}

    assert [each.label for each in dataset.first().cats.detections] == ["cat"]


@pytest.mark.parametrize("what", ["label", "field"])
def test_what_was_deleted_in_the_dataset_stays_deleted(dataset, server, tmp_path, what):
    cats = fo.Detections(detections=[box(), box("dog", x=0.5)])
    with_values(dataset, tmp_path, cats=[cats, None, None])
    run = Run(dataset, server, {"cats": {"type": "detections"}})
    sample = dataset.first()
    if what == "label":
        sample.cats.detections.pop()
    else:
        sample.cats = None
    sample.save()
    before = run.documents()

    counts = run.load()

    kept = {"kept": 1, "unmatched": 1} if what == "label" else {"unmatched": 2}
    assert counts == {"cats": kept}
    assert list(reasons(run)) == ["label that was deleted in the dataset"]
    assert run.differences(before) == []


def test_what_was_deleted_in_cvat_may_come_again(dataset, server, tmp_path):
    cats = fo.Detections(detections=[box(), box("dog", x=0.5)])
    with_values(dataset, tmp_path, cats=[cats, None, None])
    run = Run(dataset, server, {"cats": {"type": "detections"}})
    dog = run.annotations()["shapes"][1]
    for _ in range(2):
        run.change("delete", shapes=[dog])
        assert run.load() == {"cats": {"kept": 1, "deleted": 1}}
        assert dataset.first().cats.detections[1:] == []

        # as an editor does that takes a deletion back: its ``label_id`` is the old one
        [dog] = run.change("create", shapes=[{**dog, "id": None}])["shapes"]
        assert run.load() == {"cats": {"kept": 1, "added": 1}}
        assert dataset.first().cats.detections[1].label == "dog"
        before = run.documents()
        assert run.load() == {"cats": {"kept": 2}}
        assert run.differences(before) == []


def test_pixels_without_a_class_are_told_and_stay(dataset, server, tmp_path, caplog):
    mask = segmentation()
    mask.mask[20:, :8] = 7
    with_values(dataset, tmp_path, seg=[mask, segmentation(), None])

    run = Run(dataset, server, {"seg": SEGMENTATION})

    assert "Field 'seg': 1 segmentations keep pixels in FiftyOne" in caplog.text
    assert "whose value has no class in the run, such as 7" in caplog.text
    [sent, _] = run.annotations()["shapes"]
    run.change("delete", shapes=[sent])
    run.change("create", shapes=[new({**sent, "points": [0, 96, 0, 0, 31, 2]})])
    assert run.load() == {"seg": {"kept": 1, "changed": 1}}
    pixels = dataset.first().seg.mask
    assert np.count_nonzero(pixels == 7) == 4 * 8
    assert np.count_nonzero(pixels == 1) == 3 * 32


def test_pixels_of_a_class_that_the_project_lacks_stay(
    dataset, server, tmp_path, caplog
):
    mask = segmentation()
    mask.mask[20:, :8] = 2
    with_values(dataset, tmp_path, seg=[mask, segmentation(), None])
    schema = SEGMENTATION | {"mask_targets": {1: "road", 2: "sky"}}
    labels = {"name": "no sky", "labels": [{"name": "road"}]}
    with CVATAnnotationAPI("cvat", **server.credentials) as api:
        project_id = api.post(api.projects_url, json=labels).json()["id"]

    run = Run(dataset, server, {"seg": schema}, project_id=project_id)

    assert "whose value has no class in the run, such as 2" in caplog.text
    assert run.load() == {"seg": {"kept": 2}}
    assert run.differences() == []
    [sent, _] = run.annotations()["shapes"]
    run.change("delete", shapes=[sent])
    run.change("create", shapes=[new({**sent, "points": [0, 96, 0, 0, 31, 2]})])
    assert run.load() == {"seg": {"kept": 1, "changed": 1}}
    pixels = dataset.first().seg.mask
    assert np.count_nonzero(pixels == 2) == 4 * 8
    assert np.count_nonzero(pixels == 1) == 3 * 32


def segmentation():
    mask = np.zeros((24, 32), np.uint8)
    mask[3:9, 4:20] = 1
    return fo.Segmentation(mask=mask)


def test_a_segmentation_deleted_in_the_dataset_stays_deleted(dataset, server, tmp_path):
    with_values(dataset, tmp_path, seg=[segmentation(), segmentation(), None])
    run = Run(dataset, server, {"seg": SEGMENTATION})
    sample = dataset.first()
    sample.seg = None
    sample.save()
    before = run.documents()

    assert run.load() == {"seg": {"kept": 1, "unmatched": 1}}

    assert reasons(run) == {"label that was deleted in the dataset": 1}
    assert run.differences(before) == []


def test_a_mask_whose_class_has_no_value_makes_no_segmentation(
    dataset, server, tmp_path
):
    with_values(dataset, tmp_path, seg=[segmentation(), None, None])
    run = Run(dataset, server, {"seg": SEGMENTATION})
    label = {"name": "cow", "attributes": []}
    run.api.patch(run.api.task_url(run.task_id), json={"labels": [label]})
    [sent] = run.annotations()["shapes"]
    cow = new(sent, label_id=run.label_ids()["cow"])
    run.change("create", shapes=[cow, {**cow, "frame": 1}])

    for _ in range(2):
        assert run.load() == {"seg": {"kept": 1, "unmatched": 2}}
        assert reasons(run) == {"mask of class 'cow', which has no value": 2}
        assert run.differences() == []


def test_a_box_is_no_pixel_of_a_segmentation(dataset, server, tmp_path):
    with_values(dataset, tmp_path, ground=[None, None, None])
    run = Run(
        dataset,
        server,
        {"ground": {"type": "segmentation", "mask_targets": {1: "sky", 2: "road"}}},
    )
    label_id = run.label_ids()["sky"]
    drawn = {"type": "rectangle", "points": [1.0, 1, 9, 9], "label_id": label_id}
    run.change("create", shapes=[{**DRAWN, **drawn}])

    assert run.load() == {"ground": {}, "detections": {"added": 1}}

    assert dataset.values("ground") == [None, None, None]
    assert len(dataset.first().detections.detections) == 1


def test_attributes_that_no_label_can_have(dataset, server, tmp_path):
    cats = fo.Detections(detections=[box(age=7), box(age=8, x=0.5)])
    with_values(dataset, tmp_path, cats=[cats, None, None])
    run = Run(dataset, server, {"cats": {"type": "detections"}})
    one, two = sorted(run.annotations()["shapes"], key=lambda s: s["points"][0])
    spec = {"name": "points", "input_type": "text", "mutable": True, "values": []}
    label = {"id": one["label_id"], "attributes": [spec]}
    run.api.patch(run.api.task_url(run.task_id), json={"labels": [label]})
    specs = run.api._get_attr_class_maps(run.task_id)[0][one["label_id"]]
    typed = [{"spec_id": specs["points"], "value": "soft"}]
    one["attributes"] += typed
    for each in two["attributes"]:
        if each["spec_id"] == specs["age"]:
            each["value"] = "old"
    run.change("update", shapes=[one, two])

    run.load()

    assert reasons(run) == {
        "attribute 'points', a name that no label can have": 1,
        "text in attribute 'age' that is no value of its type": 1,
    }
    assert run.differences() == []


def test_digits_in_a_new_field_twice(dataset, server, tmp_path):
    with_values(dataset, tmp_path)
    run = Run(dataset, server, {"state": {"type": "scalar", "classes": []}})
    [label_id] = run.label_ids().values()
    [spec_id] = run.api._get_attr_class_maps(run.task_id)[0][label_id].values()
    attributes = [{"spec_id": spec_id, "value": "007"}]
    tag = {"frame": 0, "label_id": label_id, "attributes": attributes}
    run.change("create", tags=[tag])

    assert run.load() == {"state": {"added": 1}}
    before = run.documents()
    assert run.load() == {"state": {"kept": 1}}
    assert run.differences(before) == []


def test_a_label_that_was_spoiled_in_the_dataset_comes_back(dataset, server, tmp_path):
    cats = fo.Detections(detections=[box()])
    with_values(dataset, tmp_path, cats=[cats, None, None])
    run = Run(dataset, server, {"cats": {"type": "detections"}})
    sample = dataset.first()
    sample.cats.detections[0].bounding_box = [nan, 0.1, 0.2, 0.3]
    sample.save()

    assert run.load() == {"cats": {"changed": 1}}

    [label] = dataset.first().cats.detections
    assert label.id == cats.detections[0].id
    assert label.bounding_box == pytest.approx([0.1, 0.2, 0.3137, 0.2718])


def test_what_cannot_be_read_is_counted_once(dataset, server, tmp_path):
    """A label that stays, a copy of it, one that is deleted here, and a new one."""
    mask = np.ones((5, 7), bool)
    labels = [box(mask=mask, bounding_box=[0.25, 0.25, 7 / 32, 5 / 24]) for _ in "12"]
    cats = fo.Detections(detections=labels)
    with_values(dataset, tmp_path, cats=[cats, None, None])
    run = Run(dataset, server, {"cats": {"type": "instances"}})
    sent = sorted(run.annotations()["shapes"], key=lambda each: each["id"])
    empty = [{**each, "points": [16.0, 0, 0, 3, 3]} for each in sent]
    run.change("update", shapes=empty)
    copy = {**empty[0], "id": None}
    run.change("create", shapes=[copy, new(empty[0], frame=1)])
    sample = dataset.first()
    gone = sample.cats.detections.pop()
    sample.save()
    assert gone.id == run.results.server_id_map["shapes"][sent[1]["id"]]

    assert run.load() == {"cats": {"kept": 1, "unmatched": 3}}

    assert len(reasons(run)) == 4
    assert dataset.count("cats.detections") == 1
