"""Names and types of attributes, and tags as one text."""

from __future__ import annotations

import datetime

import fiftyone as fo
import fiftyone.core.labels as fol
import numpy as np
import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.shared.attribute_names import (
    LABEL_TYPES,
    is_attribute_name,
    is_text,
    tags_to_text,
    text_to_tags,
    type_in_class,
)

own_tags = st.lists(
    st.text(min_size=1).filter(lambda tag: tag == tag.strip()), unique=True
)
plain_tags = st.lists(st.from_regex(r"[a-z]+( [a-z]+)?", fullmatch=True), unique=True)
ANYWHERE = ("tags", "confidence", "index", "instance", "label_id", "color", "size (cm)")


@pytest.mark.parametrize("label_type", LABEL_TYPES.values())
def test_no_part_of_any_label_is_an_attribute(label_type):
    parts = {*label_type._fields, *dir(label_type), "_cls", "_id"}
    assert {each for each in parts if is_attribute_name(each)} <= {*ANYWHERE}


@pytest.mark.parametrize("name", ["", "a.b", ".a", "$a", "_a", "a\0b", "_", "."])
def test_names_that_no_database_takes(name):
    assert not is_attribute_name(name)


@pytest.mark.parametrize("name", [*ANYWHERE, "ünï", "a$b", "rotation", "keyframe"])
def test_names_of_attributes(name):
    assert is_attribute_name(name)


@pytest.mark.parametrize(
    ("label_type", "name", "expected"),
    [
        (fol.Detection, "confidence", float),
        (fol.Classification, "confidence", float),
        (fol.Keypoint, "confidence", object),
        (fol.Polyline, "index", int),
        (fol.Classification, "index", None),
        (fol.Detection, "instance", object),
        (fol.Classification, "instance", None),
        (fol.Detection, "tags", list),
        (fol.Detection, "color", None),
    ],
)
def test_type_in_class(label_type, name, expected):
    assert type_in_class(label_type, name) is expected


@pytest.mark.parametrize(
    "value", ["", "a", 1, 0.5, True, np.float32(1), np.bool_(True)]
)
def test_values_that_are_text(value):
    assert is_text(value)


@pytest.mark.parametrize(
    "value",
    [
        *(None, [], ["a"], (1, 2), {"a": 1}, b"a", ObjectId(), np.array([1])),
        *(np.array(1), datetime.date(2026, 1, 1), fo.Instance(), [[1], [2]]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_that_are_no_text(value):
    assert not is_text(value)


@given(own_tags)
def test_tags_come_back(tags):
    text = tags_to_text(tags)
    assert text_to_tags(text or "", tags) == tags


@given(plain_tags, plain_tags)
def test_tags_that_are_typed(before, typed):
    for between in (",", ", ", "\n", "\r\n", " ,\n , "):
        assert text_to_tags(between.join(typed), before) == typed


@given(st.text(), own_tags)
def test_any_text_is_tags(text, before):
    tags = text_to_tags(text, before)
    assert len(set(tags)) == len(tags)
    assert all(tag.strip() for tag in tags)


@pytest.mark.parametrize(
    ("text", "before", "tags"),
    [
        ("", ["a"], []),
        (" , \n", [], []),
        ("a, a,b", [], ["a", "b"]),
        ("fog, dense, wet", ["fog, dense"], ["fog, dense", "wet"]),
        ("dense, fog", ["fog, dense"], ["dense", "fog"]),
        ("['a', 'b, c']", ["a", "b, c"], ["a", "b, c"]),
    ],
)
def test_tags_in_a_text(text, before, tags):
    assert text_to_tags(text, before) == tags


@pytest.mark.parametrize("tags", [[], None, [1], ["a", 1], "a"])
def test_what_are_no_tags(tags):
    assert tags_to_text(tags) is None
