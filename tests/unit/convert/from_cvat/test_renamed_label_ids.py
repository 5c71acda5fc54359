"""The attribute ``label_id`` under a name that somebody has given it."""

from __future__ import annotations

import pytest

from fiftyone_cvat.convert.from_cvat.renamed_label_ids import with_label_id

LABEL = "0123456789abcdef01234567"


def label(**name_by_number):
    specs = [
        {"id": int(number[1:]), "name": name, "input_type": "text"}
        for number, name in name_by_number.items()
    ]
    return {"id": 1, "name": "cat", "attributes": specs}


def shape(spec_id, value=LABEL, number=9, **more):
    text = {"spec_id": spec_id, "value": value}
    return {"id": number, "label_id": 1, "attributes": [text], **more}


def names(labels):
    return [each["name"] for one in labels for each in one["attributes"]]


def found(labels, annotation, kind="shapes", texts=None):
    annotations = {"tags": [], "shapes": [], "tracks": []} | {kind: [annotation]}
    server_ids = {kind: {9: LABEL}} if texts is None else texts
    return names(with_label_id(labels, annotations, server_ids))


def test_it_has_its_name_again():
    assert found([label(n3="identity", n4="note")], shape(3)) == ["label_id", "note"]


def test_it_is_found_in_the_shapes_of_a_track():
    track = {**shape(4, "x"), "shapes": [shape(3)]}
    assert found([label(n3="identity")], track, "tracks") == ["label_id"]


@pytest.mark.parametrize(
    "annotation",
    [
        pytest.param(shape(3, "another text"), id="another text"),
        pytest.param(shape(3, number=10), id="another annotation"),
        pytest.param(shape(3, number=[9]), id="no number"),
        pytest.param({**shape(3), "label_id": {}}, id="no label"),
        pytest.param({**shape(3), "attributes": None}, id="no attributes"),
        pytest.param(None, id="nothing"),
    ],
)
def test_what_does_not_tell(annotation):
    assert found([label(n3="identity")], annotation) == ["identity"]


def test_labels_that_have_it_stay_as_they_are():
    labels = [label(n3="label_id", n4="copy")]
    assert found(labels, shape(4)) == ["label_id", "copy"]


def test_numbers_are_no_ids():
    labels = [label(n3="identity")]
    labels[0]["attributes"][0]["input_type"] = "number"
    assert found(labels, shape(3)) == ["identity"]
