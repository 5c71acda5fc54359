"""What labels were, to tell which have changed: of samples, frames and no labels."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest

from fiftyone_cvat.dataset.label_digests import label_digests
from fiftyone_cvat.workflows.traced_loads import _changes

BOX = [0.1, 0.1, 0.2, 0.2]


def box(**more):
    return fo.Detection(label="cat", bounding_box=BOX, **more)


FIELDS = {
    "several": (fo.Detections(detections=[box(), box()]), 2),
    "empty": (fo.Detections(), 0),
    "one": (fo.Classification(label="day"), 1),
    "mask": (fo.Segmentation(mask=np.ones((2, 2), np.uint8)), 1),
    "scalar": ("text", 1),
    "nothing": (None, 0),
}


@pytest.mark.parametrize("name", FIELDS)
def test_number_of_labels(dataset, name):
    value, number = FIELDS[name]
    sample = fo.Sample("a.png", other="b")
    if value is not None:
        sample[name] = value
    dataset.add_sample(sample)

    (found,) = label_digests(dataset, name, [sample.id]).values()

    assert len(found) == number
    assert label_digests(dataset, name, [sample.id]) == {sample.id: found}
    assert label_digests(dataset, name, []) == {}


def test_each_kind_of_change(dataset):
    for _ in range(4):
        detections = fo.Detections(detections=[box(), box()])
        dataset.add_sample(fo.Sample("a.png", cats=detections))
    ids = dataset.values("id")
    before = label_digests(dataset, "cats", ids)
    _, changed, added, deleted = dataset
    changed.cats.detections[1].label = "dog"
    added.cats.detections.append(box())
    del deleted.cats.detections[0]
    for each in (changed, added, deleted):
        each.save()

    found = dict(_changes(before, label_digests(dataset, "cats", ids)))

    assert found == {"changed": ids[1:2], "added": ids[2:3], "deleted": ids[3:]}
    assert dict(_changes({}, before))["added"] == ids


def test_frames_count_as_their_video(dataset):
    sample = fo.Sample("a.mp4")
    for number in (1, 2):
        sample.frames[number] = fo.Frame(cats=fo.Detections(detections=[box()]))
    dataset.add_sample(sample)
    before = label_digests(dataset, "frames.cats", [sample.id])
    sample.frames[2].cats.detections[0].bounding_box = [0, 0, 1, 1]
    sample.save()

    after = label_digests(dataset, "frames.cats", [sample.id])

    assert len(before[sample.id]) == 2
    assert dict(_changes(before, after)) == {
        "changed": [sample.id],
        "added": [],
        "deleted": [],
    }
