"""Values beside those that annotators may choose: they come back as they were."""

from __future__ import annotations

import fiftyone as fo
import pytest

from tests import media
from tests.replay.run import Run, box, moved

TRUTHS = [True, False, "True", "false", 1, 0.0]
"""Values that a checkbox can show, in all spellings."""

NEITHER = ["yes", "", 7, 0.5]
NUMBERS = [0, 1, 1.0, True, 7, 0.5, "1"]

TOOLS = {
    "checkbox": {"type": "checkbox", "values": [True, False], "default": False},
    "select": {"type": "select", "values": [0, 1]},
    "radio": {"type": "radio", "values": ["a", "b"]},
}


def annotate(dataset, server, tmp_path, values, tool):
    """Send a label for each value, from left to right, with its value."""
    [path] = media.make_images(tmp_path, ("1.png",))
    labels = [box(x=0.05 * i, ok=value) for i, value in enumerate(values)]
    dataset.add_sample(fo.Sample(path, cats=fo.Detections(detections=labels)))
    attributes = {"ok": TOOLS[tool]}
    return Run(
        dataset, server, {"cats": {"type": "detections", "attributes": attributes}}
    )


def shapes_of(run):
    return sorted(run.annotations()["shapes"], key=lambda shape: shape["points"][0])


def spec_id(run):
    [ids] = run.api._get_attr_class_maps(run.task_id)[0].values()
    return ids["ok"]


def shown(run):
    ok = spec_id(run)
    texts = [
        {each["spec_id"]: each["value"] for each in shape["attributes"]}
        for shape in shapes_of(run)
    ]
    return [each.get(ok) for each in texts]


def values_in(dataset):
    values = [label.ok for label in dataset.first().cats.detections]
    return [(type(each), each) for each in values]


@pytest.mark.parametrize(
    ("tool", "values"),
    [
        ("checkbox", [*TRUTHS, *NEITHER]),
        ("select", NUMBERS),
        ("radio", ["a", "c", "", 1, True]),
    ],
    ids=["checkbox", "select", "radio"],
)
def test_all_values_stay(dataset, server, tmp_path, caplog, tool, values):
    run = annotate(dataset, server, tmp_path, values, tool)
    before = values_in(dataset)
    if tool == "checkbox":
        assert shown(run)[:6] == ["true", "false", "true", "false", "true", "false"]
        assert {*shown(run)} == {"true", "false"}
        told = f"{len(NEITHER)} values of attribute 'ok' stay in FiftyOne"
        assert told in caplog.text

    assert run.load() == {"cats": {"kept": len(values)}}
    assert run.differences() == []
    run.change("update", shapes=[moved(each, 0.25) for each in shapes_of(run)])
    assert run.load() == {"cats": {"changed": len(values)}}
    assert values_in(dataset) == before


def test_checkboxes_that_are_clicked(dataset, server, tmp_path):
    """The type of a value stays: annotators only turn it round."""
    run = annotate(dataset, server, tmp_path, TRUTHS, "checkbox")
    ok, other = spec_id(run), {"true": "false", "false": "true"}
    shapes = shapes_of(run)
    for shape in shapes:
        for each in shape["attributes"]:
            if each["spec_id"] == ok:
                each["value"] = other[each["value"]]
    run.change("update", shapes=shapes)

    assert run.load() == {"cats": {"changed": len(TRUTHS)}}

    expected = [False, True, "false", "true", 0, 1.0]
    assert values_in(dataset) == [(type(each), each) for each in expected]
    assert run.results.reconciliation.reasons == {}
    loaded = run.documents()
    assert run.load() == {"cats": {"kept": len(TRUTHS)}}
    assert run.differences(loaded) == []


@pytest.mark.parametrize("value", [1, 1.0])
def test_a_checkbox_of_a_field_of_numbers(dataset, server, tmp_path, value):
    run = annotate(dataset, server, tmp_path, [value, value], "checkbox")
    dataset.add_dynamic_sample_fields()
    [shape, _] = shapes_of(run)
    for each in shape["attributes"]:
        if each["spec_id"] == spec_id(run):
            each["value"] = "false"
    run.change("update", shapes=[shape])

    assert run.load() == {"cats": {"kept": 1, "changed": 1}}
    assert values_in(dataset) == [(type(value), 0), (type(value), 1)]
    assert run.results.reconciliation.reasons == {}
