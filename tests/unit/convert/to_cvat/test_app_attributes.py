"""Attributes of the App's label schemas as CVAT asks for them."""

from __future__ import annotations

import pytest

from fiftyone_cvat.convert.to_cvat.app_attributes import app_attribute
from fiftyone_cvat.convert.to_cvat.attribute_specs import attribute_spec

TEXT = {"type": "text", "values": []}
UNSENT = {**TEXT, "read_only": True, "sent": False}
COLORS = ["red", "blue"]


def of(kind, component, **more):
    return {"type": kind, "component": component, **more}


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("a", of("str", "text"), TEXT),
        ("a", of("str", "dropdown", values=COLORS), ("select", COLORS)),
        ("a", of("str", "radio", values=COLORS), ("radio", COLORS)),
        ("a", of("str", "dropdown", values=[]), TEXT),
        ("a", of("str", "dropdown", taxonomy="cars"), TEXT),
        ("a", of("bool", "checkbox"), ("checkbox", [True, False])),
        ("a", of("bool", "toggle"), ("checkbox", [True, False])),
        ("occluded", of("bool", "toggle"), {"type": "occluded"}),
        ("group_id", of("int", "text"), {"type": "group_id"}),
        ("a", of("int", "text"), TEXT),
        ("a", of("int", "dropdown", values=[1, 2]), ("select", [1, 2])),
        ("a", of("float", "radio", values=[0.5, 1.0]), ("radio", [0.5, 1.0])),
        ("a", of("int", "slider", range=[0, 1000]), ("number", [0, 1000, 1])),
        ("a", of("float", "slider", range=[0.0, 1.0]), ("number", [0.0, 1.0, 0.01])),
        ("a", of("float", "slider", range=[-5.0, 5.0]), ("number", [-5.0, 5.0, 0.1])),
        ("a", of("float", "slider", range=[0.0, 0.3]), ("number", [0.0, 0.3, 0.001])),
        ("a", of("float", "text", precision=2), TEXT),
        ("tags", of("list<str>", "checkboxes", values=COLORS), TEXT),
        ("tags", of("list<str>", "text", default=["x"]), TEXT),
        ("a", of("list<str>", "text"), UNSENT),
        ("a", of("list<int>", "text"), UNSENT),
        ("a", of("list<float>", "text"), UNSENT),
        ("a", of("date", "datepicker"), UNSENT),
        ("a", of("datetime", "datepicker"), UNSENT),
        ("a", of("dict", "json"), UNSENT),
        ("a", of("id", "text", read_only=True), UNSENT),
        ("a", {"type": "of the future"}, UNSENT),
    ],
)
def test_components(name, settings, expected):
    if isinstance(expected, tuple):
        expected = {"type": expected[0], "values": expected[1]}
    found = app_attribute(name, settings)
    assert found == expected
    read_only = app_attribute(name, {**settings, "read_only": True})
    assert read_only == {**expected, "read_only": True}


@pytest.mark.parametrize(
    ("settings", "default"),
    [
        (of("str", "text", default="new"), "new"),
        (of("str", "dropdown", values=COLORS, default="blue"), "blue"),
        (of("int", "slider", range=[0, 9], default=0), 0),
        (of("str", "text", default="x" * 129), None),
        (of("str", "radio", values=COLORS, default="x" * 129), None),
    ],
)
def test_defaults(settings, default):
    """One that is too long for CVAT is left out, and the choices stay."""
    found = app_attribute("a", settings)
    assert found.get("default") == default
    assert found["values"] == settings.get("values", found["values"])


@pytest.mark.parametrize("component", ["dropdown", "radio"])
@pytest.mark.parametrize(
    "values",
    [["x" * 201], [f"{n} {'x' * 100}" for n in range(50)], ["two\nlines"]],
    ids=["value", "all", "lines"],
)
def test_choices_that_cvat_does_not_take(component, values):
    settings = of("str", component, values=values, default=values[0])
    found = app_attribute("a", settings)
    assert (found["type"], found["values"]) == ("text", [])
    assert attribute_spec("a", found["type"], found)["input_type"] == "text"
