"""Classifications and scalars as tags."""

from __future__ import annotations

import numpy as np
import pytest

from fiftyone_cvat.convert.to_cvat.tags import (
    create_classification_tags,
    create_scalar_tags,
)
from fiftyone_cvat.errors import SchemaError
from tests.builders import (
    SIZE,
    classification,
    cvat_schema,
    cvat_tag,
    identity,
    object_id,
    spec,
)

VALUE = {"field": {"value": spec("value")}}


def test_classifications_become_tags():
    schema = cvat_schema("cat", "dog_field", attributes=[spec(), spec("age", "number")])
    schema["cat"]["age"]["mutable"] = False
    labels = [
        classification("cat", number=1, color="red", age=3, other=1),
        classification("bird", number=2),
        classification("dog", number=3),
    ]
    assert create_classification_tags(labels, schema, "field", 4, SIZE) == (
        [object_id(1), object_id(3)],
        [
            cvat_tag(
                "cat",
                4,
                [
                    identity(),
                    {"spec_id": "color", "value": "red"},
                    {"spec_id": "age", "value": "3"},
                ],
            ),
            cvat_tag("dog_field", 4, [identity(3)]),
        ],
        {},
        {},
    )


@pytest.mark.parametrize("size", [None, SIZE, (0, 0), []])
def test_tags_need_no_frame_size(size):
    result = create_classification_tags(
        [classification()], cvat_schema(), "field", 0, size
    )
    assert result[1] == [cvat_tag()]


@pytest.mark.parametrize(
    ("name", "ids"), [("cat", object_id()), ("bird", None), (None, None), ("", None)]
)
def test_field_of_one_label_gives_one_id(name, ids):
    result = create_classification_tags(
        [classification(name)], cvat_schema(), "field", 0, SIZE, "classification"
    )
    assert result[0] == ids


def test_no_classifications():
    result = create_classification_tags([], cvat_schema(), "field", 0, SIZE)
    assert result == ([], [], {}, {})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("sunny", "sunny"),
        ("", ""),
        ("0001", "0001"),
        (0, "0"),
        (0.0, "0.0"),
        (False, "false"),
        (True, "true"),
        (np.float64(1.5), "1.5"),
        (np.int32(-7), "-7"),
    ],
)
@pytest.mark.parametrize("assign", [True, {"field": True}], ids=["bool", "by field"])
def test_scalar_becomes_the_value_of_an_attribute(value, text, assign):
    result = create_scalar_tags(
        value, VALUE, "field", 2, SIZE, "scalar", assign_scalar_attrs=assign
    )
    tag = cvat_tag("field", 2, [{"spec_id": "value", "value": text}])
    assert result == (True, [tag], {}, {})


@pytest.mark.parametrize(
    ("value", "name"),
    [("cat", "cat"), ("dog", "dog_field"), (3, "3"), (True, "true"), (0.5, "0.5")],
)
@pytest.mark.parametrize("assign", [False, {"field": False}, {"field": None}, {}])
def test_scalar_becomes_the_name_of_a_tag(value, name, assign):
    schema = cvat_schema("cat", "dog_field", "3", "true", "0.5")
    result = create_scalar_tags(
        value, schema, "field", 2, SIZE, assign_scalar_attrs=assign
    )
    assert result == (True, [cvat_tag(name, 2, [])], {}, {})


@pytest.mark.parametrize("name", ["true", "True"])
def test_boolean_scalar_is_a_class_however_it_is_spelled(name):
    result = create_scalar_tags(True, cvat_schema(name), "field", 2, SIZE)
    assert result == (True, [cvat_tag(name, 2, [])], {}, {})


@pytest.mark.parametrize("assign", [True, False])
@pytest.mark.parametrize("value", [None, "bird", ""])
def test_scalar_without_a_tag(value, assign):
    result = create_scalar_tags(
        value, cvat_schema("cat"), "field", 0, SIZE, assign_scalar_attrs=assign
    )
    assert result == (False, [], {}, {})


def test_scalar_none_is_not_sent_as_a_value():
    result = create_scalar_tags(None, VALUE, "field", 0, SIZE, assign_scalar_attrs=True)
    assert result == (False, [], {}, {})


@pytest.mark.parametrize(
    ("value", "message"), [("x" * 4097, "4097 characters"), ("a\0b", "NUL")]
)
def test_scalar_that_the_server_would_refuse_is_told(value, message):
    with pytest.raises(SchemaError, match=message):
        create_scalar_tags(value, VALUE, "field", 0, SIZE, assign_scalar_attrs=True)
