"""What says of fields and classes what they are: in any container, of any library."""

from __future__ import annotations

from types import MappingProxyType

import fiftyone as fo
import fiftyone.utils.annotations as foua
import numpy as np
import pytest

from fiftyone_cvat.backend import CVATBackend, CVATBackendConfig
from fiftyone_cvat.errors import SchemaError
from tests.replay.run import box

ARGUMENTS = (
    *("label_schema", "label_field", "label_type", "classes", "attributes"),
    "mask_targets",
)
EDITS = ("additions", "deletions", "label_edits", "index_edits", "spatial_edits")


@pytest.fixture
def build(dataset):
    dataset.add_sample(fo.Sample("/1.png", gt=fo.Detections(detections=[box()])))
    backend = CVATBackend(CVATBackendConfig("cvat", {}))

    def build_schema(**given):
        all_given = dict.fromkeys(ARGUMENTS) | {f"allow_{name}": True for name in EDITS}
        schema, _ = foua._build_label_schema(dataset, backend, **all_given | given)
        return schema

    return build_schema


def generator(values):
    yield from values


WAYS = {
    "array": np.array,
    "array of objects": lambda values: np.array(values, dtype=object),
    "list of NumPy's": lambda values: list(np.array(values)),
    "generator": generator,
    "iterator": iter,
    "keys": lambda values: dict.fromkeys(values).keys(),
    "values": lambda values: dict(enumerate(values)).values(),
    "tuple": tuple,
}
each_way = pytest.mark.parametrize("way", WAYS)


@each_way
def test_classes(build, way):
    def names():
        return WAYS[way](["cat", "dog"])

    new = {"type": "detections"}
    some = {"classes": names(), "attributes": None}
    found = [
        build(label_field="new", label_type="detections", classes=names())["new"],
        build(label_field="gt", classes=names())["gt"],
        build(label_schema={"new": new | {"classes": names()}})["new"],
        build(label_schema={"new": new}, classes=names())["new"],
        build(label_schema={"new": new | {"classes": [some]}})["new"]["classes"][0],
    ]
    assert [each["classes"] for each in found] == [["cat", "dog"]] * len(found)
    assert {type(name) for each in found for name in each["classes"]} == {str}


@each_way
def test_classes_of_numbers(build, way):
    values = WAYS[way]([1, 2])
    info = {"type": "scalar", "classes": values}
    classes = build(label_schema={"count": info})["count"]["classes"]
    assert classes == [1, 2]
    assert {type(each) for each in classes} == {int}


@each_way
@pytest.mark.parametrize("is_common", [True, False], ids=["common", "of a field"])
def test_values_of_attributes(build, way, is_common):
    attributes = {
        "color": {"type": "select", "values": WAYS[way](["red", "blue"])},
        "size": {"type": "number", "values": WAYS[way]([0, 9, 1]), "default": 9},
    }
    if is_common:
        found = build(label_field="gt", attributes=attributes)
    else:
        found = build(label_schema={"gt": {"attributes": attributes}})
    of_color, of_size = (found["gt"]["attributes"][name] for name in attributes)
    assert of_color["values"] == ["red", "blue"]
    assert of_size["values"] == [0, 9, 1]
    assert {type(each) for each in of_size["values"]} == {int}


@each_way
def test_names_of_attributes_and_fields(build, way):
    found = build(label_field="gt", attributes=WAYS[way](["color", "size"]))
    assert list(found["gt"]["attributes"]) == ["color", "size"]
    assert list(build(label_schema=WAYS[way](["gt"]))) == ["gt"]


@pytest.mark.parametrize("value", [np.True_, np.False_])
def test_truths(build, value):
    edits = [f"allow_{name}" for name in EDITS if name != "index_edits"]
    said = dict.fromkeys(edits, value)
    attributes = {"color": {"type": "text", "read_only": value, "mutable": value}}
    info = {"attributes": attributes} | said
    for found in (
        build(label_field="gt", attributes=attributes, **said),
        build(label_schema={"gt": info}),
    ):
        color = found["gt"]["attributes"]["color"]
        truths = [color["read_only"], color["mutable"]]
        truths += [found["gt"][name] for name in edits]
        assert all(each is bool(value) for each in truths)


@pytest.mark.parametrize("value", [np.True_, np.False_])
def test_whether_there_are_attributes(build, dataset, value):
    label = dataset.first()
    label.gt.detections[0]["color"] = "red"
    label.save()
    for found in (
        build(label_field="gt", attributes=value),
        build(label_schema={"gt": {"attributes": value}}),
    ):
        assert ("color" in found["gt"]["attributes"]) is bool(value)


def test_other_dicts(build):
    info = MappingProxyType({"type": "detections", "classes": ("cat",)})
    found = build(label_schema=MappingProxyType({"new": info}))
    assert found["new"]["classes"] == ["cat"]


def test_pixels_of_numpy(build):
    targets = {np.uint8(1): np.str_("road")}
    found = build(label_field="new", label_type="segmentation", mask_targets=targets)
    assert found["new"]["mask_targets"] == {1: "road"}
    assert {type(each) for each in found["new"]["mask_targets"]} == {int}


def test_what_is_given_stays_as_it_is(build):
    classes = np.array(["cat", "dog"])
    info = {"type": "detections", "classes": classes}
    build(label_schema={"new": info})
    assert info == {"type": "detections", "classes": classes}
    assert info["classes"] is classes


@pytest.mark.parametrize(
    "classes",
    [
        np.array("cat"),
        np.array([1, 2]),
        np.array([["cat"]]),
        iter([None]),
        {"a": 1}.items(),
    ],
    ids=["text", "numbers", "rows", "None", "items"],
)
def test_what_holds_no_classes(build, classes):
    with pytest.raises(SchemaError, match="`classes`"):
        build(label_field="gt", label_type="detections", classes=classes)
