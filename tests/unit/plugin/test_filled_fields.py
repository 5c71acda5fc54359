"""What the form of a request takes from the App's label schemas, and what it sends."""

from __future__ import annotations

import fiftyone as fo
import pytest
from fiftyone.operators import types

from fiftyone_cvat.plugin.request_fields import add_fields, chosen_schema, fill_fields

pytestmark = pytest.mark.skipif(
    not hasattr(fo.Dataset, "label_schemas"), reason="FiftyOne has them since 1.16"
)

COLOR = {
    "name": "color",
    "type": "str",
    "component": "radio",
    "values": ["red", "blue"],
    "default": "red",
}
SPEED = {"name": "speed", "type": "float", "component": "slider", "range": [0.0, 1.0]}
MAKER = {"name": "maker", "type": "str", "component": "text", "read_only": True}
SEEN = {"name": "seen", "type": "list<str>", "component": "text"}
CARS = {
    "type": "detections",
    "component": "dropdown",
    "classes": ["car", "bus"],
    "attributes": [COLOR, SPEED, MAKER, SEEN],
}
ROWS = [
    {"name": "color", "type": "radio", "values": "red, blue"},
    {"name": "maker", "type": "text", "values": ""},
    {"name": "speed", "type": "number", "values": "0.0, 1.0, 0.01"},
]
COLOR_IN_CVAT = {"type": "radio", "values": ["red", "blue"], "default": "red"}
SPEED_IN_CVAT = {"type": "number", "values": [0.0, 1.0, 0.01]}
MAKER_IN_CVAT = {"type": "text", "values": [], "read_only": True}


@pytest.fixture
def cars(dataset):
    """A sample with a car, and a label schema of its field."""
    car = fo.Detection(label="car", bounding_box=[0.1, 0.1, 0.2, 0.2], color="red")
    car["maker"], car["speed"], car["seen"] = "x", 0.5, ["a"]
    sample = fo.Sample("a.png", cars=fo.Detections(detections=[car]), mood="calm")
    dataset.add_sample(sample, dynamic=True)
    dataset.set_label_schemas({"cars": CARS})
    return dataset


def part(dataset, name="cars"):
    """Return the part of a field in the form."""
    inputs = types.Object()
    add_fields(inputs, dataset, {"fields": [name]})
    return inputs.properties[f"field_{name}"].type.properties


def words(parts):
    """Return what the form says of where it is filled from, in one text."""
    if "of_app" not in parts:
        return ""
    view = parts["of_app"].view
    return ". ".join(filter(None, (view.label, view.description)))


def sent(dataset, name="cars", **given):
    """Return what is sent of a field from its part of the form."""
    params = {"fields": [name], f"field_{name}": given}
    return chosen_schema(params, fill_fields(dataset, params))[name]


def test_it_is_filled_from_the_label_schema(cars):
    parts = part(cars)

    assert parts["classes"].default == ["car", "bus"]
    assert parts["attributes"].default == ROWS
    assert words(parts) == (
        "Classes and attributes come from the label schema of the App. "
        "Shown in CVAT, and not loaded: maker"
    )


@pytest.mark.parametrize(
    ("schema", "what"),
    [({"classes": ["bus"]}, "Classes"), ({"attributes": [COLOR]}, "Attributes")],
    ids=["classes", "attributes"],
)
def test_what_it_says_of_parts(cars, schema, what):
    whole = {"type": "detections", "component": "text", **schema}
    whole |= {"component": "radio"} if "classes" in schema else {}
    cars.set_label_schemas({"cars": whole})
    assert words(part(cars)) == f"{what} come from the label schema of the App"


READ_ONLY = (
    "It is `read_only` in the label schema of the App. It is shown in CVAT, and not "
    "loaded. Change the label schema to annotate it"
)


def test_a_field_that_is_read_only(cars):
    """There is nothing to choose, and what was chosen before is not sent."""
    cars.set_label_schemas({"cars": {**CARS, "read_only": True}})
    parts = part(cars)
    assert words(parts) == READ_ONLY
    assert [*parts] == ["type", "of_app"]
    given = {"type": "detections", "classes": ["tram"], "attributes": []}
    assert sent(cars, **given) == {"type": "detections"}


def test_without_a_label_schema(cars):
    cars.delete_label_schemas("cars")
    parts = part(cars)
    assert parts["classes"].default == ["car"]
    assert words(parts) == ""
    given = {"classes": ["car"], "attributes": parts["attributes"].default}
    found = sent(cars, **given)
    assert found["classes"] == ["car"]
    assert found["attributes"]["color"]["type"] == "text"


@pytest.mark.parametrize(
    "rows", [ROWS, ROWS[::-1], [*ROWS[:1], {"name": "maker", "type": "text"}, ROWS[2]]]
)
def test_what_is_left_as_it_is_comes_from_the_run(cars, rows):
    """The App sends empty cells as texts, or not at all."""
    given = {"type": "detections", "classes": ["car", "bus"], "attributes": rows}
    assert sent(cars, **given) == {"type": "detections"}


def test_classes_that_are_changed(cars):
    found = sent(cars, classes=["car", "bus", "tram"], attributes=ROWS)
    assert found == {"classes": ["car", "bus", "tram"]}


def test_an_attribute_that_is_added(cars):
    """The others keep what the form does not show."""
    new = {"name": "plate", "type": "text"}
    found = sent(cars, classes=["car", "bus"], attributes=[*ROWS, new])
    assert "classes" not in found
    assert found["attributes"] == {
        "seen": {"type": "text", "values": [], "read_only": True, "sent": False},
        "color": COLOR_IN_CVAT,
        "maker": MAKER_IN_CVAT,
        "speed": SPEED_IN_CVAT,
        "plate": {"type": "text"},
    }


def test_attributes_that_are_changed_or_taken_out(cars):
    """What is `read_only` stays so: the form does not say that it is not."""
    rows = [
        {"name": "color", "type": "select", "values": "red, green"},
        {"name": "maker", "type": "select", "values": "x, y"},
    ]
    found = sent(cars, attributes=rows)["attributes"]
    assert found["color"] == {"type": "select", "values": ["red", "green"]}
    assert found["maker"] == {
        "type": "select",
        "values": ["x", "y"],
        "read_only": True,
    }
    assert "speed" not in found


def test_values_with_commas_stay_whole(cars):
    """Nobody can type them in the form, but they may be there."""
    color = {**COLOR, "values": ["red", "red, dark"], "default": "red"}
    cars.set_label_schemas({"cars": {**CARS, "attributes": [color, MAKER]}})
    rows = [*part(cars)["attributes"].default, {"name": "new", "type": "text"}]
    found = sent(cars, attributes=rows)["attributes"]
    assert found["color"]["values"] == ["red", "red, dark"]


MOOD = {"type": "str", "component": "radio", "values": ["calm", "wild"]}


def test_scalars(cars):
    cars.set_label_schemas({"mood": MOOD})
    parts = part(cars, "mood")
    assert words(parts) == "Values come from the label schema of the App"
    given = {"type": "scalar", "classes": parts["classes"].default}
    assert sent(cars, "mood", **given) == {"type": "scalar"}


def test_a_scalar_that_is_read_only(cars):
    cars.set_label_schemas({"mood": {**MOOD, "read_only": True}})
    assert words(part(cars, "mood")) == READ_ONLY
    assert sent(cars, "mood", classes=["calm"]) == {}


def test_fields_of_frames(dataset):
    sample = fo.Sample("a.mp4")
    cars = fo.Detections(detections=[fo.Detection(label="car")])
    sample.frames[1] = fo.Frame(cars=cars)
    dataset.add_sample(sample)
    dataset.set_label_schemas({"frames.cars": {**CARS, "attributes": []}})
    params = {"fields": ["frames.cars"]}
    filled = fill_fields(dataset, params)
    assert filled["frames.cars"].classes == ["car", "bus"]
    params["field_frames_cars"] = {"classes": ["car", "bus"], "attributes": []}
    assert chosen_schema(params, filled) == {"frames.cars": {}}
