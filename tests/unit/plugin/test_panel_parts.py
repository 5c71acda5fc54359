"""What the panel says of the last load, and of runs that can be taken over."""

from __future__ import annotations

import datetime

import pytest
from fiftyone.operators import types

from fiftyone_cvat.plugin.panel_built_in import MAX_LISTED, add_built_in
from fiftyone_cvat.plugin.panel_loads import add_load


def now():
    return datetime.datetime.now(datetime.UTC).isoformat()


def nothing(ctx):
    """Stand in for a method of the panel."""


def test_a_load_outside_the_app_has_no_details():
    panel = types.Object()
    add_load(panel, {"date": now()}, nothing)
    (told,) = panel.properties.values()
    assert told.default == "**Last load** just now, outside the App: no details"


def test_a_load_in_the_app_has_its_counts():
    panel = types.Object()
    counts = {"cats": {"kept": 3, "changed": 1}}
    load = {"date": now(), "counts": counts, "lines": ["cats: 3 kept", "and why"]}
    add_load(panel, load | {"samples": {"cats": {"changed": ["s1"]}}}, nothing)
    line = panel.properties["load_0"].type.properties
    assert (line["kept"].default, line["changed"].view.label) == ("3 kept", "1 changed")
    assert panel.properties["load_reasons"].default == "and why"


@pytest.mark.parametrize("number", [1, MAX_LISTED, MAX_LISTED + 5])
def test_runs_to_take_over(number):
    keys = [f"run_{each}" for each in range(number)]
    panel = types.Object()
    add_built_in(panel, keys, nothing)
    shown = min(number, MAX_LISTED)
    lines = [panel.properties[f"built_in_{each}"].type for each in range(shown)]
    buttons = [each.properties["take"].view for each in lines]
    assert [each.params for each in buttons] == [{"anno_key": each} for each in keys][
        :shown
    ]
    assert lines[0].properties["key"].default == "run\\_0"
    assert ("built_in_more" in panel.properties) == (number > shown)
    if number > shown:
        assert panel.properties["built_in_more"].default == "and 5 more"
