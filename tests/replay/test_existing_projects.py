"""Runs in projects that exist already, or that the run makes."""

from __future__ import annotations

import fiftyone as fo
import pytest

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
