"""Runs in projects that exist already, or that the run makes."""

from __future__ import annotations

from pathlib import Path

import fiftyone as fo
import pytest

from fiftyone_cvat import CVATAnnotationAPI, resume
from fiftyone_cvat.convert.shared.skeletons import skeleton_label
from fiftyone_cvat.errors import GeometryError, SchemaError, ServerJobError
from fiftyone_cvat.upload import run_upload
from tests import media
from tests.replay.run import Run, box

CATS = {"cats": {"type": "detections"}}
COLOUR = {
    "name": "colour",
    "mutable": True,
    "input_type": "select",
    "default_value": "grey",
    "values": ["grey", "red"],
}


@pytest.fixture
def cats(dataset, tmp_path):
    for path in media.make_images(tmp_path, ("first.png", "second.png")):
        cats = fo.Detections(detections=[box(colour="red"), box(x=0.5)])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


def raw_project(api, name, labels):
    """Make a project as a user of the server does, without this package's schema."""
    answer = api.post(api.projects_url, json={"name": name, "labels": labels})
    return answer.json()["id"]


def labels_of(api, project_id):
    return {each["name"]: each for each in api._get_project_labels(project_id)}


def test_label_id_is_added_without_disturbing_what_is_there(cats, server, api):
    label = {"name": "cat", "attributes": [COLOUR]}
    project_id = raw_project(api, "existing", [label, {"name": "dog"}])
    task_id, class_ids, attribute_ids = api.create_task("old", project_id=project_id)
    [path] = media.make_images(cats.first().filepath + ".d", ("old.png",))
    api.upload_data(task_id, [path])
    colour = {"spec_id": attribute_ids[class_ids["cat"]]["colour"], "value": "red"}
    shape = {
        "type": "rectangle",
        "frame": 0,
        "label_id": class_ids["cat"],
        "points": [1.5, 2.5, 9.25, 8.0],
        "attributes": [colour],
    }
    url = api.task_annotation_url(task_id)
    body = {"version": 0, "tags": [], "tracks": [], "shapes": [shape]}
    api.put(url, json=body)
    [before] = api.get(url).json()["shapes"]
    organization = server.organization

    run = Run(cats, server, CATS, project_id=project_id, organization=organization)

    labels = labels_of(api, project_id)
    assert {name: each["id"] for name, each in labels.items()} == class_ids
    names = {
        name: sorted(spec["name"] for spec in each["attributes"])
        for name, each in labels.items()
    }
    assert names == {"cat": ["colour", "label_id"], "dog": ["label_id"]}
    [after] = api.get(url).json()["shapes"]
    for key in ("id", "points", "label_id", "type", "frame", "rotation"):
        assert after[key] == before[key]
    assert colour in after["attributes"]
    assert run.results.project_ids == []
    assert run.load(organization=organization) == {"cats": {"kept": 4}}
    assert run.differences() == []


def test_a_project_of_its_own_goes_with_its_run(cats, server):
    run = Run(cats, server, CATS, project_name="its own", task_size=1)
    [project_id] = run.results.project_ids
    task_ids = run.api.get_project_tasks(project_id)
    assert len(task_ids) == 2

    run.results.cleanup()

    assert not run.api.project_exists(project_id)
    assert not any(map(run.api.task_exists, task_ids))


def test_two_fields_of_one_type_in_an_existing_project(cats, server, caplog):
    for sample in cats:
        sample["others"] = fo.Detections(detections=[box()])
        sample.save()
    api = Run(cats, server, CATS, key="first", project_name="shared").api
    project_id = api.get_project_id("shared")
    schema = {"cats": {"type": "detections"}, "others": {"type": "detections"}}

    run = Run(cats, server, schema, project_id=project_id)

    assert "others" in caplog.text
    assert run.results.config.label_schema.keys() == {"cats"}
    assert run.load() == {"cats": {"kept": 4}}
    assert run.differences() == []


KINDS_OF_LABELS = [
    {
        "name": "cat",
        "color": "#ff0001",
        "type": "rectangle",
        "attributes": [
            COLOUR,
            {**COLOUR, "name": "tail", "input_type": "radio", "mutable": False},
            {
                "name": "age",
                "mutable": True,
                "input_type": "number",
                "default_value": "5",
                "values": ["0", "10", "5"],
            },
            {
                "name": "asleep",
                "mutable": False,
                "input_type": "checkbox",
                "default_value": "true",
                "values": ["false"],
            },
            {
                "name": "a note",
                "mutable": True,
                "input_type": "text",
                "default_value": "none yet",
                "values": [],
            },
        ],
    },
    {"name": "blue dog", "color": "#00ff02"},
    {"name": "floor", "color": "#123456", "type": "mask"},
    {"name": "indoors", "type": "tag"},
    {
        **skeleton_label("bird", ("beak", "wing"), ((0, 1),), [COLOUR]),
        "color": "#abcdef",
    },
]
"""Labels of a project with all that a server keeps of labels."""


def spoil(path):
    """Make a picture one that the server cannot read."""
    Path(path).write_bytes(b"\x89PNG\r\n\x1a\n no picture")


def send(cats, server, project_id):
    return Run(cats, server, CATS, project_id=project_id)


def send_and_clean_up(cats, server, project_id):
    send(cats, server, project_id).results.cleanup()


def fail(cats, server, project_id):
    spoil(cats.last().filepath)
    with pytest.raises(ServerJobError):
        send(cats, server, project_id)


def fail_and_resume(cats, server, project_id):
    good = Path(cats.last().filepath).read_bytes()
    spoil(cats.last().filepath)
    with pytest.raises(ServerJobError):
        Run(
            cats,
            server,
            CATS,
            project_id=project_id,
            task_size=1,
            on_failure="keep",
        )
    Path(cats.last().filepath).write_bytes(good)
    resume(cats, "run", **server.credentials)


@pytest.mark.in_order
@pytest.mark.parametrize("act", [send, send_and_clean_up, fail, fail_and_resume])
def test_a_run_changes_nothing_but_the_attribute(cats, server, monkeypatch, act):
    monkeypatch.setattr(run_upload.secrets, "token_hex", lambda _: "0123abcd")
    with CVATAnnotationAPI("cvat", **server.credentials) as api:
        project_id = raw_project(api, "kinds of labels", KINDS_OF_LABELS)
        url = f"{api.base_api_url}/labels?project_id={project_id}"
        before = api._get_paginated_results(url)

        act(cats, server, project_id)

        after = api._get_paginated_results(url)
        for label in after:
            *others, added = sorted(label["attributes"], key=lambda each: each["id"])
            assert added["name"] == "label_id"
            label["attributes"] = others
        for label in before:
            label["attributes"].sort(key=lambda each: each["id"])
        assert after == before
        assert api.get_project_name(project_id) == "kinds of labels"


IMPORTED = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <image id="0" name="first.png" width="32" height="24">
    <box label="cat" occluded="1" xtl="2.5" ytl="3" xbr="12" ybr="20" z_order="0">
      <attribute name="colour">red</attribute>
    </box>
    <polyline label="path" occluded="0" points="3.5,4;10,12;20,6" z_order="0"/>
  </image>
</annotations>
"""


@pytest.mark.parametrize("asked_for", [{}, {"occluded_attr": "occluded"}])
def test_labels_of_the_importer_go_into_a_project(dataset, server, tmp_path, asked_for):
    media.make_images(tmp_path / "data", ("first.png",))
    (tmp_path / "labels.xml").write_text(IMPORTED)
    dataset.add_dir(
        dataset_type=fo.types.CVATImageDataset,
        data_path=str(tmp_path / "data"),
        labels_path=str(tmp_path / "labels.xml"),
    )
    schema = {
        "detections": {"type": "detections"},
        "polylines": {"type": "polylines"},
    }
    assert schema.keys() <= dataset.get_field_schema().keys()
    dataset.add_dynamic_sample_fields()
    with CVATAnnotationAPI("cvat", **server.credentials) as api:
        labels = [{"name": "cat", "attributes": [COLOUR]}, {"name": "path"}]
        project_id = raw_project(api, "imported", labels)

        run = Run(dataset, server, schema, project_id=project_id, **asked_for)

        shapes = {each["type"]: each for each in run.annotations()["shapes"]}
        occluded = {kind: each["occluded"] for kind, each in shapes.items()}
        assert occluded == {"rectangle": True, "polyline": False}
        assert run.load() == {"detections": {"kept": 1}, "polylines": {"kept": 1}}
        assert run.differences() == []
        run.change("update", shapes=[{**shapes["rectangle"], "occluded": False}])
        assert run.load() == {"detections": {"changed": 1}, "polylines": {"kept": 1}}
        [label] = dataset.first().detections.detections
        assert label["occluded"] is False
        assert [each for each in run.differences() if each[0] != "detections"] == []


@pytest.mark.parametrize(
    ("argument", "value", "key"),
    [("occluded_attr", True, "occluded"), ("group_id_attr", 7, "group")],
)
def test_a_second_run_into_a_project_with_a_property(
    dataset, server, tmp_path, argument, value, key
):
    name = argument.removesuffix("_attr")
    [path] = media.make_images(tmp_path, ("first.png",))
    cats = fo.Detections(detections=[box(**{name: value}), box(x=0.5)])
    dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    kwargs = {"project_name": f"second of {name}", argument: name}
    Run(dataset, server, CATS, key="first", **kwargs)

    run = Run(dataset, server, CATS, key="second", **kwargs)

    assert run.results.project_ids == []
    found = [each[key] for each in run.annotations()["shapes"]]
    assert found == [value, type(value)()]
    assert run.load() == {"cats": {"kept": 2}}
    assert run.differences() == []


def test_a_run_that_is_refused_leaves_the_project_as_it_is(cats, server):
    sample = cats.first()
    sample.cats.detections[0].bounding_box = [0.1, 0.1, float("nan"), 0.2]
    sample.save()
    with CVATAnnotationAPI("cvat", **server.credentials) as api:
        project_id = raw_project(
            api, "untouched", [{"name": "cat", "color": "#ff0001"}]
        )
        before = api._get_project_labels(project_id)

        with pytest.raises(GeometryError):
            Run(cats, server, CATS, project_id=project_id)
        api._get_label_schema(project_id=project_id)

        assert api._get_project_labels(project_id) == before
        assert api.get_project_tasks(project_id) == []


def test_two_attributes_for_one_property_are_refused(cats, server):
    with CVATAnnotationAPI("cvat", **server.credentials) as api:
        project_id = raw_project(api, "conflict", [{"name": "cat"}])
        schema = {
            "cats": {
                "type": "detections",
                "attributes": {"occluded": {"type": "occluded"}},
            }
        }
        with pytest.raises(SchemaError, match="`occluded_attr`"):
            Run(cats, server, schema, project_id=project_id, occluded_attr="hidden")
        assert api.get_project_tasks(project_id) == []
