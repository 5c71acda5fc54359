"""Views that FiftyOne hands over, put right where they leave labels out."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest
from fiftyone import ViewField as F

from fiftyone_cvat.dataset.views import with_masks_on_disk
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
    assert ids(with_masks_on_disk(selected, SCHEMA)) == [object_id(1), object_id(2)]


def test_other_stages_stay_in_their_order(samples):
    view = samples.skip(1).filter_labels("a", HAS_MASK, only_matches=False).limit(1)
    after = with_masks_on_disk(view, SCHEMA)
    assert ids(after) == [object_id(2)]
    assert len(after) == 1
    assert [type(each) for each in after._stages] == [
        type(each) for each in view._stages
    ]


def test_images_without_instances_stay(samples):
    view = samples.filter_labels("a", HAS_MASK, only_matches=False)
    assert len(with_masks_on_disk(view, SCHEMA)) == 3


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
    assert with_masks_on_disk(view, schema) is view


def test_dataset_is_the_same(samples):
    assert with_masks_on_disk(samples, SCHEMA) is samples


@pytest.mark.parametrize(
    "chosen",
    [F("label") == "cat", F("mask") == None, F("mask_path").exists()],  # noqa: E711
    ids=["by class", "without mask", "by file"],
)
def test_filters_of_the_user_stay(samples, chosen):
    view = samples.filter_labels("a", chosen, only_matches=False)
    assert with_masks_on_disk(view, SCHEMA) is view


def test_single_instance(dataset):
    dataset.add_samples(
        [
            fo.Sample("/1.png", a=detection(mask=MASK, number=1)),
            fo.Sample("/2.png", a=detection(number=2, mask_path="/masks/2.png")),
        ]
    )
    view = dataset.filter_labels("a", HAS_MASK, only_matches=False)
    after = with_masks_on_disk(view, {"a": {"type": "instance", "existing_field": 1}})
    assert [each is not None for each in view.values("a.id")] == [True, False]
    assert after.values("a.id") == [object_id(1), object_id(2)]
