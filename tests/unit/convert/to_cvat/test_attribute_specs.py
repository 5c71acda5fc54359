"""Attributes of a label schema as CVAT takes them."""

from __future__ import annotations

import numpy as np
import pytest

from fiftyone_cvat.convert.to_cvat.attribute_specs import (
    ATTRIBUTE_TYPES,
    label_id_attribute,
    to_cvat_attributes,
)
from fiftyone_cvat.convert.to_cvat.schema import build_cvat_schema
from fiftyone_cvat.errors import SchemaError
from tests.builders import spec

LABEL_ID = spec("label_id")
LONG = "x" * 65


def build(classes=("cat",), **more):
    info = {"type": "detections", "classes": list(classes), "existing_field": True}
    return build_cvat_schema({"a": info | more})


class TestAttributes:
    @pytest.mark.parametrize(
        ("given", "wanted"),
        [
            pytest.param({}, spec(), id="text by default"),
            pytest.param({"type": "text"}, spec(), id="text"),
            pytest.param({"type": "text", "values": None}, spec(), id="no values"),
            pytest.param({"type": "text", "values": []}, spec(), id="empty values"),
            pytest.param(
                {"type": "text", "default": "red"},
                spec(default_value="red"),
                id="default",
            ),
            pytest.param({"default": 0}, spec(default_value="0"), id="default zero"),
            pytest.param(
                {"default": False}, spec(default_value="false"), id="default false"
            ),
            pytest.param({"default": ""}, spec(default_value=""), id="default empty"),
            pytest.param({"default": None}, spec(), id="default None"),
            pytest.param({"mutable": False}, spec(mutable=False), id="immutable"),
            pytest.param({"mutable": 0}, spec(mutable=False), id="immutable by zero"),
            pytest.param({"read_only": True}, spec(), id="unknown key"),
            pytest.param(
                {"type": "select", "values": ["a", 1, 2.5, True, None]},
                spec("color", "select", values=["a", "1", "2.5", "true", ""]),
                id="values of all types",
            ),
            pytest.param(
                {"type": "radio", "values": ("x", np.int64(3))},
                spec("color", "radio", values=["x", "3"]),
                id="numpy values",
            ),
            pytest.param(
                {"type": "number", "values": [0, 10, 1]},
                spec("color", "number", values=["0", "10", "1"]),
                id="number",
            ),
            pytest.param(
                {"type": "checkbox"},
                spec("color", "checkbox", values=["false", "true"]),
                id="checkbox",
            ),
            pytest.param(
                {"type": "checkbox", "values": [True, False], "default": True},
                spec(
                    "color", "checkbox", values=["false", "true"], default_value="true"
                ),
                id="checkbox with default",
            ),
        ],
    )
    def test_attribute(self, given, wanted):
        assert to_cvat_attributes({"color": given}) == ({"color": wanted}, None, None)

    def test_properties_of_a_shape_are_no_attributes(self):
        given = {
            "crowd": {"type": "occluded"},
            "team": {"type": "group_id"},
            "color": {"type": "text"},
        }
        assert to_cvat_attributes(given) == ({"color": spec()}, "crowd", "team")

    def test_nothing(self):
        assert to_cvat_attributes({}) == ({}, None, None)

    @pytest.mark.parametrize("kind", ["select", "radio", "number"])
    def test_values_to_choose_from_are_needed(self, kind):
        with pytest.raises(SchemaError, match=f"'color'.*'{kind}' needs `values`"):
            to_cvat_attributes({"color": {"type": kind}})

    @pytest.mark.parametrize("name", [LONG, "ü" * 65])
    def test_name_is_too_long(self, name):
        with pytest.raises(SchemaError, match="65 characters; CVAT takes 64"):
            to_cvat_attributes({name: {"type": "text"}})

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            pytest.param(
                {"values": ["a", "v" * 201]},
                "The value 'v{60}...' of attribute 'color' has 201 .* takes 200",
                id="value",
            ),
            pytest.param(
                {"values": [f"{i:02}" + "v" * 97 for i in range(41)]},
                "The 41 values of attribute 'color', .* 4099 .* takes 4096",
                id="values together",
            ),
            pytest.param(
                {"type": "text", "default": "v" * 129},
                "The default 'v{60}...' of attribute 'color' has 129 .* takes 128",
                id="default",
            ),
        ],
    )
    def test_texts_that_are_too_long(self, given, words):
        attributes = {"color": {"type": "select"} | given}
        with pytest.raises(SchemaError, match=f"^{words}"):
            to_cvat_attributes(attributes)
        with pytest.raises(SchemaError, match=f"^Field 'a': {words}"):
            build(attributes=attributes)
        own = {"classes": ["c" * 64], "attributes": attributes}
        where = "Class 'c{60}...' of field 'a'"
        with pytest.raises(SchemaError, match=f"^{where}: {words}"):
            build(classes=[own])

    def test_texts_that_just_fit(self):
        values = [f"{i:02}" + "v" * 97 for i in range(40)] + ["w" * 96 + "  "]
        given = {"type": "select", "values": values, "default": "v" * 128 + " "}
        [made] = to_cvat_attributes({"color": given})[0].values()
        assert made["values"] == values

    def test_name_just_fits(self):
        name = "ü" * 64
        assert list(to_cvat_attributes({name: {}})[0]) == [name]

    def test_types(self):
        assert set(ATTRIBUTE_TYPES) == {
            *("text", "select", "radio", "checkbox", "number"),
            *("occluded", "group_id"),
        }

    def test_attribute_of_the_id_is_its_own_each_time(self):
        assert label_id_attribute() == LABEL_ID
        assert label_id_attribute() is not label_id_attribute()
