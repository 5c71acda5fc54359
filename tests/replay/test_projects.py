"""Projects and users on the server."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat import CVATAnnotationAPI
from fiftyone_cvat.errors import ConfigurationError
from tests import media
from tests.replay.run import Run, box

NAME = "cats & dogs / Ünïcode #1"


@pytest.fixture
def api(server):
    with CVATAnnotationAPI("cvat", **server.credentials) as api:
        yield api


def test_life_of_a_project(api):
    schema = {
        "cat": {
            "age": {
                "name": "age",
                "input_type": "number",
                "mutable": True,
                "values": ["0", "9", "1"],
            }
        }
    }
    assert api.get_project_id(NAME) is None
    project_id = api.create_project(NAME, schema)

    assert api.project_exists(project_id)
    assert project_id in api.list_projects()
    assert api.get_project_id(NAME) == project_id
    assert api.get_project_name(project_id) == NAME
    api._project_id_map.clear()
    assert api.get_project_id(NAME) == project_id
    api._project_id_map.clear()
    assert api.get_project_name(project_id) == NAME
    [label] = api._get_project_labels(project_id)
    assert label["attributes"][0]["values"] == ["0", "9", "1"]

    assert api.get_empty_projects([project_id]) == [project_id]
    task_id, classes, attributes = api.create_task("a task", project_id=project_id)
    assert classes == {"cat": label["id"]}
    assert attributes == {label["id"]: {"age": label["attributes"][0]["id"]}}
    assert api.get_project_tasks(project_id) == [task_id]
    assert api.get_empty_projects([project_id]) == []

    api.delete_task(task_id)
    api.delete_projects([project_id], progress=False)
    assert not api.project_exists(project_id)
    assert api.get_project_name(project_id) is None
    api.delete_project(project_id)


def test_unknown_project(api):
    with pytest.raises(ConfigurationError, match="999999"):
        api._get_project_labels(999999)


def test_users(api, server):
    assert api.get_user_id(server.username) != api.get_user_id(server.other_user)
    assert api.get_user_id("nobody of this name") is None
    assert api.get_user_id(None) is None


def test_label_ids_are_added_without_disturbing_annotations(api):
    project_id = api.create_project("old", {"cat": {}, "dog": {}})
    task_id, classes, _ = api.create_task("old", project_id=project_id)
    labels = api._get_project_labels(project_id)

    api._add_project_label_ids(project_id, labels)

    after = api._get_project_labels(project_id)
    assert [each["id"] for each in after] == [each["id"] for each in labels]
    assert [[a["name"] for a in each["attributes"]] for each in after] == [
        ["label_id"]
    ] * 2
    assert api._get_attr_class_maps(task_id)[1] == classes


@pytest.fixture
def cats(dataset, tmp_path):
    for path in media.make_images(tmp_path, ("first.png", "second.png")):
        cats = fo.Detections(detections=[box(), box("dog", 0.5, mood="ok")])
        tag = fo.Classification(label="sunny")
        dataset.add_sample(fo.Sample(filepath=path, cats=cats, tag=tag))
    return dataset


SCHEMA = {"cats": {"type": "detections"}, "tag": {}}


@pytest.mark.older_servers
def test_project_by_name_new_and_then_known(cats, server, api):
    first = Run(cats, server, SCHEMA, project_name=NAME)
    [project_id] = first.results.project_ids
    assert first.load() == {"cats": {"kept": 4}, "tag": {"kept": 2}}
    assert first.differences() == []

    second = Run(cats, server, SCHEMA, project_name=NAME, key="second")
    assert second.results.project_ids == []
    assert api.get_project_tasks(project_id)[::-1] == [first.task_id, second.task_id]
    assert second.load() == {"cats": {"kept": 4}, "tag": {"kept": 2}}
    assert second.differences() == []

    first.results.cleanup()
    assert api.project_exists(project_id), "it has a task of the other run"
    second.results.cleanup()
    assert api.get_empty_projects([project_id]) == [project_id]


def test_existing_project_brings_its_own_classes(cats, server, api):
    breed = {"name": "breed", "input_type": "select", "mutable": True}
    schema = {"sheep": {"breed": {**breed, "values": ["merino", "none"]}}}
    project_id = api.create_project("sheep", schema)
    run = Run(cats, server, None, project_id=project_id)
    label_id = run.label_ids()["sheep"]
    shape = {"type": "rectangle", "frame": 0, "label_id": label_id, "attributes": []}
    run.change(
        "create",
        shapes=[{**shape, "points": [1.0, 1, 5, 5], "occluded": False, "z_order": 0}],
        tags=[{"frame": 1, "label_id": label_id, "attributes": []}],
    )

    assert run.load() == {None: {"added": 2}}

    sheep = cats.first()["detections"].detections
    assert [each.label for each in sheep] == ["sheep"]
    assert not sheep[0].has_attribute("breed"), "nobody chose one"
    tagged = cats.last()["classifications"].classifications
    assert [each.label for each in tagged] == ["sheep"]
    before = run.documents()
    assert run.load() == {None: {"kept": 2}}
    assert run.differences(before) == []


def test_built_in_defect_second_field_of_a_type_was_dropped(dataset, server, tmp_path):
    [path] = media.make_images(tmp_path, ("first.png",))
    dataset.add_sample(
        fo.Sample(
            filepath=path,
            people=fo.Detections(detections=[box("cat")]),
            pets=fo.Detections(detections=[box("cat", 0.5), box("dog")]),
        )
    )
    schema = {"people": {"type": "detections"}, "pets": {"type": "detections"}}
    first = Run(dataset, server, schema, project_name="told apart")
    second = Run(dataset, server, schema, project_name="told apart", key="second")
    names = {number: name for name, number in second.label_ids().items()}

    sent = [names[shape["label_id"]] for shape in second.annotations()["shapes"]]

    assert sorted(sent) == ["cat_people", "cat_pets", "dog"]
    assert second.load() == {"people": {"kept": 1}, "pets": {"kept": 2}}
    assert second.differences() == []
    assert first.load() == {"people": {"kept": 1}, "pets": {"kept": 2}}
