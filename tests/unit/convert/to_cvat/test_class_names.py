"""What classes are called in CVAT where fields share them."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fiftyone_cvat.convert.to_cvat.class_names import (
    cvat_class,
    field_schema,
    project_classes,
)
from fiftyone_cvat.convert.to_cvat.project_schema import (
    labels_to_cvat_schema,
    tell_fields_apart,
)
from fiftyone_cvat.convert.to_cvat.schema import (
    build_cvat_schema,
    cvat_schema_to_labels,
)
from fiftyone_cvat.errors import SchemaError

CLASSES = ("x", "x_a", "x_b", "x_a_a", "x_a_b", "x_b_a", "a", "b", "y")


def schema_of(**classes: list[str]):
    """Return the label schema of fields of detections by their classes."""
    return {
        name: {"type": "detections", "classes": each, "attributes": {}}
        for name, each in classes.items()
    }


def check_classes(label_schema) -> None:
    """Check that each class of each field is found by itself alone, both ways."""
    cvat_schema, _, _, _, cvat_classes = build_cvat_schema(label_schema)
    named = [each for by_class in cvat_classes.values() for each in by_class.values()]
    assert sorted(named) == sorted(cvat_schema)
    for label_field, info in label_schema.items():
        own = field_schema(cvat_schema, label_field, info)
        assert set(own) == set(cvat_classes[label_field].values())
        for name, cvat_name in cvat_classes[label_field].items():
            assert cvat_class(name, own, label_field) == cvat_name
        for name in set(CLASSES).difference(info["classes"]):
            assert cvat_class(name, own, label_field) is None
    found = project_classes(label_schema, cvat_schema)
    names = [each for by_class in found.values() for each in by_class.values()]
    # fields that are not told apart are not loaded together
    assert found == cvat_classes or len(names) != len(set(names))


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        pytest.param(
            {"a": ["x", "x_a"], "b": ["x"]},
            {"a": {"x": "x_a", "x_a": "x_a_a"}, "b": {"x": "x_b"}},
            id="in the same field",
        ),
        pytest.param(
            {"a": ["x"], "b": ["x", "x_a"]},
            {"a": {"x": "x_a"}, "b": {"x": "x_b", "x_a": "x_a_b"}},
            id="in another field",
        ),
        pytest.param(
            {"a": ["x", "x_a", "x_a_a"], "b": ["x"]},
            {
                "a": {"x": "x_a", "x_a": "x_a_a", "x_a_a": "x_a_a_a"},
                "b": {"x": "x_b"},
            },
            id="twice over",
        ),
        pytest.param(
            {"a": ["x", "x_a"], "b": ["y"]},
            {"a": {"x": "x", "x_a": "x_a"}, "b": {"y": "y"}},
            id="nothing shared",
        ),
    ],
)
def test_class_called_like_a_renamed_one(classes, names):
    label_schema = schema_of(**classes)
    cvat_schema, _, _, _, cvat_classes = build_cvat_schema(label_schema)
    assert cvat_classes == names
    assert project_classes(label_schema, cvat_schema) == names
    check_classes(label_schema)


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "a_a", "a_b"]),
        st.lists(st.sampled_from(CLASSES), min_size=1, unique=True),
        min_size=1,
    )
)
def test_each_class_of_each_field_has_a_name_of_its_own(classes):
    try:
        check_classes(schema_of(**classes))
    except SchemaError:
        # "x_a" of field "b" and "x" of field "a_b" would both be "x_a_b"
        assume(False)


@given(st.lists(st.sampled_from(CLASSES), min_size=1, unique=True))
def test_class_of_an_existing_project_is_called_as_the_project_calls_it(names):
    labels = [
        {"name": name, "type": "any", "attributes": [], "id": number}
        for number, name in enumerate(names)
    ]
    label_schema = schema_of(a=list(names))
    tell_fields_apart(label_schema, labels)
    cvat_schema = labels_to_cvat_schema(labels, label_schema)[0]
    own = field_schema(cvat_schema, "a", label_schema["a"])
    assert {name: cvat_class(name, own, "a") for name in names} == {
        name: name for name in names
    }


def test_project_with_a_class_called_like_a_renamed_one_serves_another_run():
    first = schema_of(a=["x", "x_a"], b=["x"])
    cvat_schema = build_cvat_schema(first)[0]
    labels = [
        {**each, "id": number, "type": "any"}
        for number, each in enumerate(cvat_schema_to_labels(cvat_schema))
    ]
    second = schema_of(a=["x", "x_a"], b=["x"])
    tell_fields_apart(second, labels)
    names = labels_to_cvat_schema(labels, second)[4]
    assert names == build_cvat_schema(first)[4]
