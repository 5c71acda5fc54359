"""Labels as the database holds them, against the documents that FiftyOne reads."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest
from bson import ObjectId

from fiftyone_cvat.dataset import stored_labels
from fiftyone_cvat.dataset.stored_labels import LIST_BY_TYPE, labels_in, wrapped

MASK = np.arange(12).reshape(3, 4) % 3 == 0
POINTS = [(0.1, 0.2), (0.3, 0.4), (0.5, 0.25)]

LABELS = {
    "detections": fo.Detections(
        detections=[
            fo.Detection(label="a", bounding_box=[0.1, 0.2, 0.3, 0.4], index=3),
            fo.Detection(
                label="b",
                bounding_box=[0.1, 0.2, 0.3, 0.4],
                tags=["x", "y"],
                confidence=0.25,
                mask=MASK,
                keyframe=True,
                age=2**40,
                owner=ObjectId(),
                nothing=None,
                vector=np.arange(3.0),
            ),
            fo.Detection(
                label="old",
                bounding_box=[0, 0, 1, 1],
                attributes={"color": fo.CategoricalAttribute(value="red")},
            ),
            fo.Detection(label="file", bounding_box=[0, 0, 1, 1], mask_path="/m.png"),
            fo.Detection(label="3d", location=[1, 2, 3], dimensions=[1, 1, 1]),
        ]
    ),
    "polylines": fo.Polylines(
        polylines=[fo.Polyline(label="a", points=[POINTS, POINTS[:2]], filled=True)]
    ),
    "keypoints": fo.Keypoints(
        keypoints=[fo.Keypoint(label="a", points=POINTS, confidence=[0.1, 0.2, 0.3])]
    ),
    "classifications": fo.Classifications(
        classifications=[fo.Classification(label="a", logits=np.arange(3.0))]
    ),
    "classification": fo.Classification(label="a", confidence=0.5, sure=False),
    "segmentation": fo.Segmentation(mask=MASK.astype(np.uint8), note="x"),
}


@pytest.fixture(scope="module")
def dataset():
    dataset = fo.Dataset()
    dataset.add_sample(fo.Sample("/1.png", **LABELS), dynamic=True)
    yield dataset
    dataset.delete()


def read(dataset, name):
    """Return each label as it is stored and as FiftyOne's document."""
    (raw,), (document,) = (dataset.values(name, _raw=each) for each in (True, False))
    listed = LIST_BY_TYPE.get(name)
    documents = [document] if listed is None else document[listed]
    return zip(labels_in(wrapped(raw, name), name), documents, strict=True)


@pytest.mark.parametrize("name", LABELS)
def test_what_is_built_is_what_fiftyone_reads(dataset, name):
    for stored, document in read(dataset, name):
        attributes = dict(stored.iter_attributes())
        # the second one may be a copy of the first
        _, built = stored.build(), stored.build()
        assert type(built) is type(document)
        assert repr(built.to_dict()) == repr(document.to_dict())
        assert built.field_names == document.field_names
        for each in built.field_names:
            assert repr(built[each]) == repr(document[each])
        # FiftyOne stores such an id under another name
        attributes = {each.removeprefix("_") for each in attributes}
        assert attributes == {each for each, _ in document.iter_attributes()}


def test_values_have_the_types_that_fiftyone_reads(dataset):
    for stored, document in read(dataset, "detections"):
        for name, value in stored.iter_attributes():
            if name in ("keyframe", "age", "color"):
                assert type(value) is type(document.get_attribute_value(name))


def test_mask_is_decoded_once_for_all_who_ask(dataset, monkeypatch):
    calls = []
    decode = stored_labels.fou.deserialize_numpy_array
    monkeypatch.setattr(
        stored_labels.fou,
        "deserialize_numpy_array",
        lambda *args, **kwargs: calls.append(args) or decode(*args, **kwargs),
    )
    ((stored, document),) = read(dataset, "segmentation")
    calls.clear()

    for _ in range(2):
        assert np.array_equal(stored.get_mask(), document.mask)
    assert stored.has_mask
    assert repr(stored.build().to_dict()) == repr(document.to_dict())
    assert len(calls) == 1
