"""What the forms of the operators say before a server is asked."""

from __future__ import annotations

from types import SimpleNamespace

import fiftyone as fo
import fiftyone.core.media as fom
import numpy as np
import pytest
from fiftyone.operators import types

from fiftyone_cvat.plugin.filled_fields import Filled
from fiftyone_cvat.plugin.load import _add_destinations, load_arguments
from fiftyone_cvat.plugin.modal import place_of
from fiftyone_cvat.plugin.request import _add_fault, _add_key, _add_target
from fiftyone_cvat.plugin.request_fields import add_fields, chosen_schema, fields_of
from fiftyone_cvat.plugin.request_options import add_options, chosen_options


@pytest.fixture
def street(dataset):
    """A sample with labels of several kinds."""
    car = fo.Detection(
        label="car", bounding_box=[0.1, 0.1, 0.2, 0.2], color="red", parked=True
    )
    sample = fo.Sample("a.png", cars=fo.Detections(detections=[car]), note="dark")
    sample["lanes"] = fo.Polylines(polylines=[fo.Polyline(label="lane")])
    sample["tags_of_mine"] = ["a list"]
    dataset.add_sample(sample)
    return dataset


def test_fields_and_their_types(street):
    assert fields_of(street) == {
        "cars": ("detections", "instances"),
        "note": ("scalar",),
        "lanes": ("polylines", "polygons"),
    }


def test_fields_of_videos_are_those_of_frames(dataset):
    sample = fo.Sample("a.mp4", scene=fo.Classification(label="day"))
    sample.frames[1] = fo.Frame(cars=fo.Detections())
    dataset.add_sample(sample)

    assert fields_of(dataset) == {"frames.cars": ("detections", "instances")}


def test_classes_and_attributes_are_filled_in(street):
    inputs = types.Object()

    add_fields(inputs, street, {"fields": ["cars", "signs"]})

    cars = inputs.properties["field_cars"].type.properties
    assert cars["classes"].default == ["car"]
    assert cars["attributes"].default == [
        {"name": "color", "type": "text", "values": ""},
        {"name": "parked", "type": "checkbox", "values": "true, false"},
    ]
    signs = inputs.properties["field_signs"].type.properties
    assert signs["classes"].required
    assert "classification" in signs["type"].type.values


def test_schema_is_what_the_form_says():
    attributes = [
        {"name": "color", "type": "select", "values": "red, blue,"},
        {"name": "parked", "type": "checkbox", "values": "true, false"},
        {"name": "note"},
    ]
    given = {"type": "detections", "classes": ["car"], "attributes": attributes}
    params = {"fields": ["frames.cars", "new"], "field_frames_cars": given}

    assert chosen_schema(params, {"frames.cars": Filled(), "new": Filled()}) == {
        "frames.cars": {
            "type": "detections",
            "classes": ["car"],
            "attributes": {
                "color": {"type": "select", "values": ["red", "blue"]},
                "parked": {"type": "checkbox", "values": [True, False]},
                "note": {"type": "text"},
            },
        },
        "new": {},
    }


@pytest.mark.parametrize(
    ("media_type", "there", "not_there"),
    [
        (fom.IMAGE, "task_size", "frame_start"),
        (fom.VIDEO, "frame_start", "task_size"),
        (fom.POINT_CLOUD, "segment_size", "image_quality"),
    ],
)
def test_options_suit_the_media(media_type, there, not_there):
    inputs = types.Object()

    assert add_options(inputs, media_type, {"more": True})

    options = inputs.properties["options"].type.properties
    assert there in options
    assert not_there not in options
    given = {"more": True, "options": {there: 1, not_there: 2}}
    chosen = chosen_options(given, media_type)
    assert chosen[there] == 1
    assert not_there not in chosen


@pytest.mark.parametrize(
    ("name", "value"),
    [("task_size", 0), ("segment_size", -1), ("image_quality", 101)],
)
def test_what_is_wrong_stands_beside_its_option(name, value):
    inputs = types.Object()
    params = {"more": True, "options": {name: value, "task_name": "fine"}}

    assert not add_options(inputs, fom.IMAGE, params)

    options = inputs.properties["options"].type.properties
    assert [each for each in options if options[each].invalid] == [name]
    assert f"`{name}`" in options[name].error_message


def test_errors_stand_beside_what_they_name():
    inputs = types.Object()
    inputs.str("anno_key")
    inputs.define_property("field_frames_cars", types.Object())

    _add_fault(inputs, "Field 'frames.cars': no classes; name some")

    assert inputs.properties["field_frames_cars"].invalid
    assert not inputs.properties["anno_key"].invalid
    told = inputs.properties["fault"]
    assert told.invalid
    assert told.view.description == "name some"
    _add_fault(inputs, "`anno_key`: there is one")
    assert inputs.properties["anno_key"].invalid


@pytest.mark.parametrize(
    ("key", "is_wrong"), [("taken", True), ("a b", True), ("1a", True), ("free", False)]
)
def test_keys(key, is_wrong):
    dataset = SimpleNamespace(list_annotation_runs=lambda: ["taken", "cvat_1"])
    inputs = types.Object()

    _add_key(SimpleNamespace(dataset=dataset, params={"anno_key": key}), inputs)

    made = inputs.properties["anno_key"]
    assert bool(made.invalid) == is_wrong
    assert made.default == "cvat_2"


def target_of(dataset, **more):
    """Return the choices of what is sent, and the samples that are meant."""
    given = {
        "view": dataset.view(),
        "selected": [],
        "selected_labels": [],
        "params": {},
    }
    given |= {"group_slice": None} | more
    inputs = types.Object()
    samples = _add_target(SimpleNamespace(dataset=dataset, **given), inputs)
    return inputs.properties["target"], samples.values("id")


def test_what_is_sent(street):
    street.add_sample(fo.Sample("b.png"))
    first, second = street.values("id")
    label = street.first().cars.detections[0]
    chosen = {"label_id": label.id, "sample_id": first, "field": "cars"}

    assert target_of(street)[1] == [first, second]
    made, ids = target_of(street, view=street.skip(1))
    assert (made.type.values, made.default) == (["dataset", "view"], "view")
    assert ids == [second]
    assert target_of(street, selected=[first])[1] == [first]
    made, ids = target_of(street, selected=[second], selected_labels=[chosen])
    assert made.type.values == ["dataset", "samples", "labels"]
    assert ids == [first]
    assert target_of(street, selected=[first], params={"target": "dataset"})[1] == [
        first,
        second,
    ]


def test_of_groups_the_slice_in_view_is_sent(dataset):
    group = fo.Group()
    for name in ("left", "right"):
        dataset.add_sample(fo.Sample(f"{name}.png", pair=group.element(name)))

    made, ids = target_of(dataset, group_slice="right")

    right = dataset.select_group_slices("right").first()
    assert ids == [right.id]
    assert made.view.to_json()["description"] == "Slice 'right' of the groups"


def test_what_a_load_is_given():
    plain = load_arguments({"anno_key": "a", "state": "every", "assignee": ""})
    assert plain == {
        "anno_key": "a",
        "unexpected": "keep",
        "refresh": False,
        "cleanup": False,
        "empty": None,
    }
    params = {"anno_key": "a", "state": "completed", "stage": "every", "empty": True}
    params["dest_fields"] = {
        "f0": {"field": "cars", "dest": "cars_2"},
        "f1": {"field": "lanes"},
    }
    found = load_arguments(params)
    assert found["jobs"] == {"state": "completed"}
    assert found["dest_field"] == {"cars": "cars_2"}
    assert found["empty"] == "completed"
    assert load_arguments(params | {"jobs": [3]})["jobs"] == [3]
    assert "update_label_schema" not in found
    assert load_arguments(params | {"update_label_schema": True})["update_label_schema"]


@pytest.mark.parametrize("has_them", [True, False])
def test_only_a_fiftyone_with_label_schemas_can_update_them(monkeypatch, has_them):
    if has_them:
        monkeypatch.setattr(fo.Dataset, "update_label_schema", None, raising=False)
    else:
        monkeypatch.delattr(fo.Dataset, "update_label_schema", raising=False)
    inputs = types.Object()

    _add_destinations(SimpleNamespace(params={}), inputs, "a")

    assert ("update_label_schema" in inputs.properties) == has_them


@pytest.mark.parametrize(
    ("label", "place"),
    [
        (None, [0.0, 0.0, 1.0, 1.0]),
        (fo.Classification(label="day"), [0.0, 0.0, 1.0, 1.0]),
        (fo.Detection(bounding_box=[0.1, 0.2, 0.3, 0.4]), [0.1, 0.2, 0.3, 0.4]),
        (fo.Polyline(points=[[(0, 0), (1, 1)]]), [(0, 0), (1, 1)]),
        (fo.Keypoint(points=[(0.5, 0.25)]), (0.5, 0.25)),
        (
            fo.Keypoint(points=[(0.25, 0.5), (float("nan"),) * 2, (0.75, 1.0)]),
            [0.25, 0.5, 0.5, 0.5],
        ),
    ],
)
def test_place_of_an_issue(label, place):
    assert np.ravel(place_of(label)) == pytest.approx(np.ravel(place))
