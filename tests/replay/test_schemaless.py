"""Runs that tell little of what they annotate, or nothing."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat import CVATAnnotationAPI
from tests import media
from tests.replay.run import Run, box, moved


@pytest.fixture
def cats(dataset, tmp_path):
    for path in media.make_images(tmp_path, ("1.png", "2.png")):
        cats = fo.Detections(detections=[box(mood="calm", age=3), box("dog", 0.5)])
        dataset.add_sample(fo.Sample(filepath=str(path), cats=cats))
    return dataset


@pytest.fixture
def project(server, request):
    """A project with two classes, made by somebody on the server."""
    with CVATAnnotationAPI("cvat", **server.credentials) as api:
        spec = {"name": "mood", "input_type": "text", "mutable": True, "values": []}
        schema = {"cat": {"mood": spec}, "tree": {}}
        project_id = api.create_project(f"project of {request.node.name}", schema)
        yield project_id
        api.delete_project(project_id)


def test_a_field_alone(cats, server):
    """Type, classes and attributes are those of the dataset."""
    run = Run(cats, server, None, label_field="cats")

    assert run.results.config.label_schema["cats"]["type"] == "detections"
    assert run.label_ids().keys() == {"cat", "dog"}
    assert run.load() == {"cats": {"kept": 4}}
    assert run.differences() == []


def test_a_field_that_is_new(cats, server):
    run = Run(
        cats,
        server,
        None,
        label_field="boxes",
        label_type="detections",
        classes=["cat"],
    )
    drawn = {"type": "rectangle", "frame": 1, "points": [3.2, 4.8, 9.6, 12.0]}
    drawn |= {"label_id": run.label_ids()["cat"], "attributes": []}
    run.change("create", shapes=[drawn])

    assert run.load() == {"boxes": {"added": 1}}

    [label] = cats.last().boxes.detections
    assert label.bounding_box == pytest.approx([0.1, 0.2, 0.2, 0.3])
    loaded = run.documents()
    assert run.load() == {"boxes": {"kept": 1}}
    assert run.differences(loaded) == []


def test_nothing_but_a_project(cats, server, project):
    """Whatever is annotated there comes into the dataset."""
    run = Run(cats, server, None, project_id=project)
    ids = run.label_ids()
    box_ = {"type": "rectangle", "frame": 1, "points": [3.2, 4.8, 9.6, 12.0]}
    run.change(
        "create",
        shapes=[{**box_, "label_id": ids["cat"], "attributes": []}],
        tags=[{"frame": 0, "label_id": ids["tree"], "attributes": []}],
    )

    run.load()

    [label] = cats.last().detections.detections
    assert label.label == "cat"
    assert [each.label for each in cats.first().classifications.classifications] == [
        "tree"
    ]
    assert unchanged(run, "cats")
    loaded = run.documents()
    run.load()
    assert run.differences(loaded) == []


def test_nothing_but_the_name_of_a_project(cats, server, project, request):
    name = f"project of {request.node.name}"
    run = Run(cats, server, None, project_name=name)
    assert run.results.project_ids == []  # a project of others is not the run's
    assert run.api.get_project_tasks(project) == run.results.task_ids
    tree = run.label_ids()["tree"]
    drawn = {"type": "rectangle", "frame": 0, "points": [3.2, 4.8, 9.6, 12.0]}
    run.change("create", shapes=[{**drawn, "label_id": tree, "attributes": []}])

    run.load()

    [label] = cats.first().detections.detections
    assert label.label == "tree"
    assert label.bounding_box == pytest.approx([0.1, 0.2, 0.2, 0.3])
    assert run.results.reconciliation.totals(None)["added"] == 1
    assert unchanged(run, "cats")
    loaded = run.documents()
    run.load()
    assert run.differences(loaded) == []


def test_a_new_field_in_a_project(cats, server, project):
    """Classes that were given don't count: those of the project do."""
    run = Run(
        cats,
        server,
        None,
        label_field="boxes",
        label_type="detections",
        classes=["bird"],
        project_id=project,
    )
    assert run.label_ids().keys() == {"cat", "tree"}
    ids = run.label_ids()
    specs = run.api._get_attr_class_maps(run.task_id)[0][ids["cat"]]
    drawn = {"type": "rectangle", "frame": 1, "points": [3.2, 4.8, 9.6, 12.0]}
    mood = {"spec_id": specs["mood"], "value": "wild"}
    drawn |= {"label_id": ids["cat"], "attributes": [mood]}
    run.change("create", shapes=[drawn])

    assert run.load() == {"boxes": {"added": 1}}

    [label] = cats.last().boxes.detections
    assert (label.label, label.mood) == ("cat", "wild")
    assert unchanged(run, "cats")
    loaded = run.documents()
    assert run.load() == {"boxes": {"kept": 1}}
    assert run.differences(loaded) == []


def unchanged(run, name):
    now = run.documents()
    return all(
        repr(now[key][name]) == repr(each[name]) for key, each in run.before.items()
    )


def test_a_field_in_a_project(cats, server, project):
    """The project's classes and attributes count; what it has not stays here."""
    run = Run(cats, server, None, label_field="cats", project_id=project)
    shapes = run.annotations()["shapes"]
    assert len(shapes) == 2
    run.change("update", shapes=[moved(shapes[0])])

    assert run.load() == {"cats": {"kept": 1, "changed": 1}}

    cat, dog = cats.first().cats.detections
    assert (cat.mood, cat.age) == ("calm", 3)
    assert cat.bounding_box[0] == pytest.approx(0.1 + 1 / 32)
    assert dog.label == "dog"


def test_a_video_without_a_field(dataset, server, tmp_path, project):
    """Everything is unexpected, and tracks have no field whose indexes to ask for."""
    video = media.copy_video(tmp_path / "video.mp4")
    dataset.add_sample(fo.Sample(filepath=str(video)))
    run = Run(dataset, server, None, project_id=project)
    shape = {"type": "rectangle", "points": [3.2, 4.8, 9.6, 12.0], "attributes": []}
    shape |= {"occluded": False, "outside": False}
    cat = {"label_id": run.label_ids()["cat"], "frame": 2, "attributes": []}
    keys = [shape | {"frame": 2}, shape | {"frame": 5, "outside": True}]
    run.change(
        "create", tags=[cat], tracks=[cat | {"group": 0, "shapes": keys, "id": None}]
    )

    assert sum(run.load()[None].values()) == 4

    frames = dataset.first().frames
    labels = [number for number, frame in frames.items() if frame["detections"]]
    assert labels == [3, 4, 5]
    assert frames[3].classifications.classifications[0].label == "cat"
