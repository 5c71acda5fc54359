"""Views that FiftyOne hands over, put right where they leave labels out."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest
from fiftyone import ViewField as F

from fiftyone_cvat.dataset.views import count_other_kinds, with_all_of_kind
from tests.builders import detection, object_id

SCHEMA = {"a": {"type": "instances", "existing_field": True}}
HAS_MASK = F("mask").exists()
MASK = np.ones((1, 1), bool)


@pytest.fixture
def samples(dataset):
    """Three images: a mask in the database, one in a file, only a box."""
    labels = [
        detection(mask=MASK, number=1),
        detection(number=2, mask_path="/masks/2.png"),
        detection(number=3),
    ]
    dataset.add_samples(
        fo.Sample(f"/{each.id}.png", a=fo.Detections(detections=[each]))
        for each in labels
    )
    return dataset


def ids(samples):
    return [str(each) for each in samples.values("a.detections.id", unwind=True)]


def test_built_in_defect_instances_whose_masks_are_in_files_were_left_out(samples):
    selected = samples.filter_labels("a", HAS_MASK, only_matches=False)
    assert ids(selected) == [object_id(1)]
    assert ids(with_all_of_kind(selected, SCHEMA)) == [object_id(1), object_id(2)]


def test_other_stages_stay_in_their_order(samples):
    view = samples.skip(1).filter_labels("a", HAS_MASK, only_matches=False).limit(1)
    after = with_all_of_kind(view, SCHEMA)
    assert ids(after) == [object_id(2)]
    assert len(after) == 1
    assert [type(each) for each in after._stages] == [
        type(each) for each in view._stages
    ]


def test_images_without_instances_stay(samples):
    view = samples.filter_labels("a", HAS_MASK, only_matches=False)
    assert len(with_all_of_kind(view, SCHEMA)) == 3


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"b": {"type": "instances", "existing_field": True}},
        {"a": {"type": "detections", "existing_field": True}},
        {"a": {"type": "instances", "existing_field": False}},
        {"a": {"type": None}},
        {None: {"type": None}},
        {"a": {}},
    ],
    ids=["empty", "other", "boxes", "new", "no type", "no field", "nothing known"],
)
def test_collection_that_selects_no_masks_is_the_same(samples, schema):
    view = samples.filter_labels("a", HAS_MASK, only_matches=False)
    assert with_all_of_kind(view, schema) is view


def test_dataset_is_the_same(samples):
    assert with_all_of_kind(samples, SCHEMA) is samples


@pytest.mark.parametrize(
    "chosen",
    [F("label") == "cat", F("mask") == None, F("mask_path").exists()],  # noqa: E711
    ids=["by class", "without mask", "by file"],
)
def test_filters_of_the_user_stay(samples, chosen):
    view = samples.filter_labels("a", chosen, only_matches=False)
    assert with_all_of_kind(view, SCHEMA) is view


def test_single_instance(dataset):
    dataset.add_samples(
        [
            fo.Sample("/1.png", a=detection(mask=MASK, number=1)),
            fo.Sample("/2.png", a=detection(number=2, mask_path="/masks/2.png")),
        ]
    )
    view = dataset.filter_labels("a", HAS_MASK, only_matches=False)
    after = with_all_of_kind(view, {"a": {"type": "instance", "existing_field": 1}})
    assert [each is not None for each in view.values("a.id")] == [True, False]
    assert after.values("a.id") == [object_id(1), object_id(2)]


FILTERS = {
    "detections": ~HAS_MASK,
    "instances": HAS_MASK,
    "polygons": F("filled") == True,  # noqa: E712
    "polylines": F("filled") == False,  # noqa: E712
}
"""Type of labels to how FiftyOne selects them."""


@pytest.fixture(params=["images", "frames", "one label"])
def field_of_lines(dataset, request):
    """Return a field with lines that are filled, are not, and do not say."""
    lines = [fo.Polyline(label="a", filled=each) for each in (True, False, None, True)]
    sample = fo.Sample("/1.png")
    if request.param == "images":
        sample["a"] = fo.Polylines(polylines=lines)
        dataset.add_sample(sample)
        return "a"
    if request.param == "one label":
        each = enumerate(lines)
        dataset.add_samples(fo.Sample(f"/{number}.png", a=one) for number, one in each)
        return "a"
    sample = fo.Sample("/1.mp4")
    for number, one in enumerate(lines, 1):
        sample.frames[number] = fo.Frame(a=fo.Polylines(polylines=[one]))
    dataset.add_sample(sample)
    return "frames.a"


@pytest.mark.parametrize(
    ("label_type", "number", "others"), [("polygons", 2, 2), ("polylines", 2, 2)]
)
def test_lines_of_the_other_kind(dataset, field_of_lines, label_type, number, others):
    is_one = dataset.media_type == "image" and len(dataset) > 1
    given = label_type.removesuffix("s") if is_one else label_type
    schema = {field_of_lines: {"type": given, "existing_field": True}}
    view = dataset.filter_labels(
        field_of_lines, FILTERS[label_type], only_matches=False
    )
    after = with_all_of_kind(view, schema)
    _, path = dataset._get_label_field_path(field_of_lines)
    assert after.count(path) == number
    assert count_other_kinds(after, schema) == {field_of_lines: others}


@pytest.mark.parametrize(
    ("label_type", "others"), [("detections", {"a": 1}), ("instances", {"a": 1})]
)
def test_detections_of_the_other_kind(samples, label_type, others):
    schema = {"a": {"type": label_type, "existing_field": True}}
    view = samples.filter_labels("a", FILTERS[label_type], only_matches=False)
    assert count_other_kinds(with_all_of_kind(view, schema), schema) == others


def test_what_a_user_has_selected_is_not_counted(samples):
    schema = {"a": {"type": "detections", "existing_field": True}}
    view = samples.filter_labels("a", ~HAS_MASK, only_matches=False)
    twice = view.filter_labels("a", ~HAS_MASK, only_matches=False)
    assert count_other_kinds(twice, schema) == {}
    assert count_other_kinds(view, {"a": {"type": "detections"}}) == {}
