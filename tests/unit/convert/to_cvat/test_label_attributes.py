"""What all kinds of annotation have: class, attributes, occlusion, group."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fiftyone_cvat.convert.to_cvat.class_names import cvat_class
from fiftyone_cvat.convert.to_cvat.label_attributes import parse_label
from fiftyone_cvat.errors import SchemaError
from tests.builders import cvat_schema, detection, identity, object_id, spec

NOTHING = (None,) * 6


def test_parse_label_gives_all_that_annotations_have():
    color, age = spec("color"), spec("age", mutable=False)
    label = detection(color="", age=np.int64(3), crowd=True, team=7.0, other="x")
    parsed = parse_label(
        label,
        cvat_schema("cat", attributes=[color, age, spec("absent")]),
        "field",
        occluded_attrs={"cat": "crowd"},
        group_id_attrs={"cat": "team"},
    )
    assert parsed == (
        "cat",
        [identity(), {"spec_id": "color", "value": ""}],
        [{"spec_id": "age", "value": "3"}],
        {},
        True,
        7,
    )


def test_parse_label_sends_the_id_it_is_given():
    _, mutable, *_ = parse_label(detection(), cvat_schema(), "field", label_id="mine")
    assert mutable == [{"spec_id": "label_id", "value": "mine"}]


def test_parse_label_never_sends_an_attribute_called_label_id():
    label = detection(label_id="stale")
    _, mutable, immutable, *_ = parse_label(label, cvat_schema(), "field")
    assert (mutable, immutable) == ([identity()], [])


@pytest.mark.parametrize("name", ["dog", "", None, "CAT", "cat "])
def test_class_that_the_schema_lacks_is_left_out(name):
    assert parse_label(detection(name), cvat_schema(), "field") == NOTHING


@pytest.mark.parametrize(
    ("name", "names", "found"),
    [
        pytest.param("cat", ["cat"], "cat", id="own name"),
        pytest.param("cat", ["cat_field"], "cat_field", id="shared name"),
        pytest.param("cat", ["cat_other"], None, id="another field's"),
        pytest.param(None, ["None_field"], None, id="no label"),
        pytest.param("Ünï", ["Ünï_field"], "Ünï_field", id="unicode"),
    ],
)
def test_cvat_class(name, names, found):
    assert cvat_class(name, cvat_schema(*names), "field") == found


@pytest.mark.parametrize(
    ("value", "occluded"),
    [
        (True, True),
        (False, False),
        (None, False),
        ("true", True),
        ("True", True),
        ("1", True),
        ("false", False),
        ("False", False),
        ("", False),
        (1, True),
        (0, False),
        (np.bool_(True), True),
        (np.bool_(False), False),
        (np.int64(1), True),
        (np.float32(0.5), True),
        (math.nan, False),
        (np.float64("nan"), False),
        ("0", False),
        ("0.0", False),
        ("nan", False),
        (" Yes ", True),
    ],
)
def test_occlusion(value, occluded):
    parsed = parse_label(
        detection(occ=value), cvat_schema(), "field", occluded_attrs={"cat": "occ"}
    )
    assert parsed[4] is occluded


@pytest.mark.parametrize(
    ("value", "group"),
    [
        (3, 3),
        ("3", 3),
        (3.0, 3),
        (np.int64(3), 3),
        (None, 0),
        ("", 0),
        ("abc", 0),
        (-1, 0),
        (2**31 - 1, 2**31 - 1),
        (2**31, 0),
        (math.nan, 0),
        (math.inf, 0),
    ],
)
def test_group(value, group):
    parsed = parse_label(
        detection(group=value), cvat_schema(), "field", group_id_attrs={"cat": "group"}
    )
    assert parsed[5] == group
    assert type(parsed[5]) is int


def test_occlusion_of_a_renamed_class_is_found_under_its_new_name():
    parsed = parse_label(
        detection(occ=True),
        cvat_schema("cat_field"),
        "field",
        occluded_attrs={"cat_field": "occ"},
    )
    assert parsed[0] == "cat_field"
    assert parsed[4] is True


def test_label_is_not_changed():
    label = detection(color="red")
    before = label.to_dict()
    parse_label(label, cvat_schema("cat", attributes=[spec()]), "field")
    assert label.to_dict() == before
    assert label.id == object_id()


def test_text_that_the_server_would_refuse_is_told():
    schema = cvat_schema("cat", attributes=[spec()])
    assert parse_label(detection(color="x" * 4096), schema, "field")[0] == "cat"
    with pytest.raises(SchemaError, match=f"'color' of label {object_id()} has 4097"):
        parse_label(detection(color="x" * 4097), schema, "field")
    # CVAT takes white space off the ends of texts before it counts
    padded = detection(color=f"  {'x' * 4096}\n")
    assert parse_label(padded, schema, "field")[0] == "cat"
    with pytest.raises(SchemaError, match=f"'color' of label {object_id()} has a NUL"):
        parse_label(detection(color="a\0b"), schema, "field")
    with pytest.raises(SchemaError, match=f"{object_id()} has half a .* at 1") as error:
        parse_label(detection(color="a\udc80b"), schema, "field")
    str(error.value).encode()  # so it can be printed


@pytest.mark.parametrize("value", [[True], np.array([True, False]), {"a": 1}])
def test_occlusion_that_is_neither_number_nor_text(value):
    with pytest.raises(SchemaError, match=f"'occ' of label {object_id()}: a value"):
        parse_label(
            detection(occ=value), cvat_schema(), "field", occluded_attrs={"cat": "occ"}
        )
