"""Runs that take classes and attributes from the label schemas of FiftyOne's App."""

from __future__ import annotations

from datetime import date

import fiftyone as fo
import pytest

import fiftyone_cvat
from tests import media
from tests.replay.run import Run, box, moved
from tests.replay.test_tracks import assert_settled, detections, film
from tests.replay.test_values import sent, typed

pytestmark = pytest.mark.skipif(
    not hasattr(fo.Dataset, "label_schemas"), reason="FiftyOne has them since 1.16"
)

CARS = {"cars": {"type": "detections"}}
COLORS = ["red", "green", "blue"]


def of(name, kind, component, **more):
    return {"name": name, "type": kind, "component": component, **more}


ATTRIBUTES = [
    of("color", "str", "dropdown", values=COLORS),
    of("doors", "int", "radio", values=[2, 4], default=4),
    of("parked", "bool", "toggle"),
    of("rare", "bool", "checkbox"),
    of("blur", "float", "slider", range=[0.0, 1.0]),
    of("seats", "int", "slider", range=[1, 60]),
    of("note", "str", "text"),
    of("plate", "str", "text", read_only=True),
    of("tags", "list<str>", "text"),
    of("confidence", "float", "text"),
    of("seen", "date", "datepicker"),
    of("id", "id", "text", read_only=True),
]


def schema(*attributes, classes=("car", "bus"), kind="detections", **more):
    return {
        "type": kind,
        "component": "dropdown",
        "classes": [*classes],
        "attributes": [*attributes],
        **more,
    }


def of_pictures(dataset, tmp_path, *cars, names=("1.png",), **fields):
    for path in media.make_images(tmp_path, names):
        cars = fo.Detections(detections=[each.copy() for each in cars])
        sample = fo.Sample(filepath=path, cars=cars, **fields)
        dataset.add_sample(sample, dynamic=True)
    return dataset


def specs_of(run, name):
    """Return what CVAT asks for at a class: attribute to type, values, default."""
    labels = run.api._get_task_labels(run.task_id)
    [found] = (each for each in labels if each["name"] == name)
    return {
        each["name"]: (each["input_type"], each["values"], each["default_value"])
        for each in found["attributes"]
    }


def test_every_component(dataset, server, tmp_path, caplog):
    """An attribute that the label schema lacks, and dates, stay as they are."""
    car = box(
        "car",
        color="pink",
        doors=2,
        parked=True,
        rare=False,
        blur=0.25,
        seats=5,
        note="n",
        plate="P 1",
        tags=["old"],
        confidence=0.5,
        seen=date(2024, 1, 1),
        extra="no part of the schema",
    )
    of_pictures(dataset, tmp_path, car)
    dataset.set_label_schemas({"cars": schema(*ATTRIBUTES, classes=["car"])})
    seen = dataset.first().cars.detections[0].seen
    run = Run(dataset, server, CARS)
    assert "attributes 'seen' stay in FiftyOne: their values are no text" in caplog.text
    specs = specs_of(run, "car")
    specs.pop("label_id")
    assert specs == {
        "color": ("select", COLORS, ""),
        "doors": ("radio", ["2", "4"], "4"),
        "parked": ("checkbox", ["false", "true"], ""),
        "rare": ("checkbox", ["false", "true"], ""),
        "blur": ("number", ["0.0", "1.0", "0.01"], ""),
        "seats": ("number", ["1", "60", "1"], ""),
        "note": ("text", [""], ""),
        "plate": ("text", [""], ""),
        "tags": ("text", [""], ""),
        "confidence": ("text", [""], ""),
    }
    assert run.load() == {"cars": {"kept": 1}}
    assert run.differences() == []

    [shape] = run.annotations()["shapes"]
    texts = {
        "color": "green",
        "doors": "4",
        "parked": "false",
        "rare": "true",
        "blur": "0.75",
        "seats": "60",
        "note": "seen twice",
        "plate": "P 2",
        "tags": "old, new",
        "confidence": "0.9",
    }
    assert sent(run, shape, "color") == "pink"
    run.change("update", shapes=[typed(run, shape, **texts)])

    assert run.load() == {"cars": {"changed": 1}}

    [car] = dataset.first().cars.detections
    found = {name: car[name] for name in texts}
    assert found == {
        "color": "green",
        "doors": 4,
        "parked": False,
        "rare": True,
        "blur": 0.75,
        "seats": 60,
        "note": "seen twice",
        "plate": "P 1",
        "tags": ["old", "new"],
        "confidence": 0.9,
    }
    assert (car.seen, car.extra) == (seen, "no part of the schema")
    reason = "label that was edited in CVAT: 'plate' is `read_only`"
    assert run.results.reconciliation.reasons == {reason: 1}
    assert_settled(run)


def test_fields_of_frames(dataset, server, tmp_path, caplog):
    film(
        dataset,
        tmp_path,
        numbers=(1, 2),
        cars=lambda n: detections(
            box("car", n / 40, index=1, parked=n == 2), box("van", 0.5, index=2)
        ),
    )
    dataset.add_dynamic_frame_fields()
    parked = of("parked", "bool", "toggle")
    index, key = of("index", "int", "text"), of("keyframe", "bool", "toggle")
    dataset.update_label_schema(
        "frames.cars", schema(parked, index, key), allow_new_attrs=True
    )
    run = Run(dataset, server, {"frames.cars": {"type": "detections"}})
    assert [*run.label_ids()] == ["car", "bus", "van"]
    assert "classes 'van' are on labels, and not in the dataset's" in caplog.text
    assert specs_of(run, "bus").keys() == {"label_id", "parked"}
    before = run.documents()
    assert run.load() == {"frames.cars": {"kept": 4}}
    assert run.differences(before) == []


def test_scalars(dataset, server, tmp_path):
    fields = {"weather": "fog", "lanes": 2, "night": True, "place": "A"}
    of_pictures(dataset, tmp_path, box("car"), **fields)
    values = ["sun", "rain"]
    dataset.set_label_schemas(
        {
            "weather": {"type": "str", "component": "dropdown", "values": values},
            "lanes": {"type": "int", "component": "slider", "range": [1, 8]},
            "night": {"type": "bool", "component": "toggle"},
            "place": {"type": "str", "component": "text", "read_only": True},
        }
    )
    run = Run(dataset, server, {key: {"type": "scalar"} for key in fields})
    assert [specs_of(run, name)["value"][:2] for name in fields] == [
        ("select", values),
        ("number", ["1", "8", "1"]),
        ("checkbox", ["false", "true"]),
        ("text", [""]),
    ]
    assert run.load() == {key: {"kept": 1} for key in fields}
    assert run.differences() == []
    texts = {"weather": "rain", "lanes": "8", "night": "false", "place": "B"}
    name_by_id = {number: name for name, number in run.label_ids().items()}
    run.change(
        "update",
        tags=[
            typed(run, tag, value=texts[name_by_id[tag["label_id"]]])
            for tag in run.annotations()["tags"]
        ],
    )

    assert run.load() == {
        name: {"kept": 1} if name == "place" else {"changed": 1} for name in fields
    }

    sample = dataset.first()
    found = (sample.weather, sample.lanes, sample.night, sample.place)
    assert found == ("rain", 8, False, "A")
    assert run.results.reconciliation.reasons == {
        "value that was edited in CVAT: its field is `read_only`": 1
    }


def test_a_field_that_is_read_only(dataset, server, tmp_path, caplog):
    of_pictures(dataset, tmp_path, box("car", note="n"), box("bus", 0.5))
    note = of("note", "str", "text")
    dataset.set_label_schemas({"cars": schema(note, read_only=True)})
    run = Run(dataset, server, CARS)
    assert "Field 'cars' is `read_only` in the dataset's label schema" in caplog.text
    first, second = run.annotations()["shapes"]
    run.change("update", shapes=[typed(run, moved(first), note="other")])
    run.change("create", shapes=[{**moved(first, 5.0), "id": None, "attributes": []}])
    run.change("delete", shapes=[second])

    run.load()
    assert run.differences() == []


def test_what_is_given_goes_before(dataset, server, tmp_path):
    """Classes and attributes, each for itself; an empty list of them, too."""
    of_pictures(dataset, tmp_path, box("car", note="n", color="red"))
    color = of("color", "str", "dropdown", values=COLORS)
    dataset.set_label_schemas({"cars": schema(color)})
    given = {
        "classes": ["car", "van"],
        "attributes": {"note": {"type": "select", "values": ["n", "m"]}},
    }
    run = Run(dataset, server, {"cars": {"type": "detections", **given}})
    assert [*run.label_ids()] == ["car", "van"]
    assert specs_of(run, "van").keys() == {"label_id", "note"}
    assert specs_of(run, "van")["note"][:2] == ("select", ["n", "m"])


def add_class(run, name):
    """Add a class to the task, as its owner does in CVAT; return its id."""
    url = run.api.task_url(run.task_id)
    run.api.patch(url, json={"labels": [{"name": name, "attributes": []}]})
    return run.label_ids()[name]


def test_classes_that_annotators_added(dataset, server, tmp_path):
    """Only those go to the label schema, and only if that is asked for."""
    of_pictures(dataset, tmp_path, box("car", note="n"), box("van", 0.5))
    note = of("note", "str", "text")
    dataset.set_label_schemas({"cars": schema(note, default="bus")})
    dataset.activate_label_schemas()
    run = Run(dataset, server, CARS)
    shape, _ = run.annotations()["shapes"]
    taxi = {**moved(shape, 3.0), "id": None, "attributes": []}
    run.change("create", shapes=[{**taxi, "label_id": add_class(run, "taxi")}])

    assert run.load() == {"cars": {"kept": 2, "added": 1}}
    assert dataset.label_schemas["cars"]["classes"] == ["car", "bus"]

    run.load(update_label_schema=True)
    found = schema(note, default="bus", classes=["car", "bus", "taxi"])
    assert dataset.label_schemas == {"cars": found}
    assert dataset.active_label_schemas == ["cars"]
    before = run.documents()
    assert run.load(update_label_schema=True) == {"cars": {"kept": 3}}
    assert dataset.label_schemas == {"cars": found}
    assert run.differences(before) == []


def test_classes_for_another_field(dataset, server, tmp_path, caplog):
    """The field that the labels go to is the one whose label schema they belong to."""
    of_pictures(dataset, tmp_path, box("car"))
    dataset.set_label_schemas({"cars": schema()})
    run = Run(dataset, server, CARS)
    [shape] = run.annotations()["shapes"]
    taxi = {**moved(shape, 3.0), "id": None, "attributes": []}
    run.change("create", shapes=[{**taxi, "label_id": add_class(run, "taxi")}])

    fiftyone_cvat.load(
        dataset,
        run.key,
        dest_field="copies",
        unexpected="keep",
        update_label_schema=True,
        **run.credentials,
    )

    assert dataset.label_schemas == {"cars": schema()}
    told = "Field 'copies' has no label schema to which classes 'taxi' could be added"
    assert told in caplog.text
