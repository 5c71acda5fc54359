"""What a run would send, told without sending it, and compared with what it sends."""

from __future__ import annotations

import json
from pathlib import Path

import fiftyone as fo
import pytest
from eta.core.utils import to_human_bytes_str
from typer.testing import CliRunner

from fiftyone_cvat import cli
from fiftyone_cvat.errors import ConfigurationError, MediaError
from tests import media
from tests.replay.run import Run, box

CONFIG_CLS = "fiftyone_cvat.backend.CVATBackendConfig"
SCHEMA = {
    "cats": {"type": "detections"},
    "state": {},
    "roads": {"type": "polylines", "classes": ["road"]},
}


@pytest.fixture
def pictures(dataset, tmp_path):
    for path in media.make_images(tmp_path, [f"{n}.png" for n in range(1, 6)]):
        cats = fo.Detections(detections=[box(colour="red"), box("dog", 0.5)])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats, state="new"))
    dataset.save_view("two", dataset.limit(2))
    return dataset


def documents(dataset):
    return list(dataset._sample_collection.find({}))


def dry_run(samples, server, key="run", **settings):
    settings = {"label_schema": SCHEMA, "config_cls": CONFIG_CLS, **settings}
    settings |= server.credentials
    return samples.annotate(key, backend="cvat", dry_run=True, **settings)


SETTINGS = {
    "one task": {},
    "several tasks": {"task_size": 2, "segment_size": 1, "task_name": "some"},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_it_tells_what_is_sent(pictures, server, settings):
    before = documents(pictures)

    told = dry_run(pictures, server, **settings)

    assert pictures.list_annotation_runs() == []
    assert documents(pictures) == before
    run = Run(pictures, server, SCHEMA, **settings)
    tasks = run.results.task_ids
    names = [run.api.get(run.api.task_url(each)).json()["name"] for each in tasks]
    assert [each.name for each in told.tasks] == names
    assert [each.jobs for each in told.tasks] == [
        len(run.results.job_ids[each]) for each in tasks
    ]
    assert [each.samples for each in told.tasks] == [
        len(run.results.frame_id_map[each]) for each in tasks
    ]
    assert told.classes.keys() == run.label_ids().keys()
    found = [run.annotations(each) for each in tasks]
    sent = sum(len(each["shapes"]) + len(each["tags"]) for each in found)
    assert sent == 15
    assert told.labels == {
        "cats": {"cat": 5, "dog": 5},
        "state": {"": 5},
        "roads": {},
    }
    assert told.left_out == {}
    sizes = [Path(each).stat().st_size for each in pictures.values("filepath")]
    assert sum(each.size for each in told.tasks) == sum(sizes)


def test_labels_of_no_class_of_the_run_stay(dataset, server, tmp_path):
    boxes = [box(), box("dog", 0.5), box("bird", 0.6), box(None, 0.3)]
    paths = media.make_images(tmp_path, ["1.png", "2.png"])
    label = fo.Classification(label="sunny")
    dataset.add_sample(
        fo.Sample(paths[0], cats=fo.Detections(detections=boxes), weather=label)
    )
    dataset.add_sample(fo.Sample(paths[1]))  # has no labels at all
    schema = {
        "cats": {"type": "detections", "classes": ["cat", "dog"]},
        "weather": {"type": "classification"},
    }

    told = dry_run(dataset, server, label_schema=schema)

    assert told.labels == {"cats": {"cat": 1, "dog": 1}, "weather": {"sunny": 1}}
    assert told.left_out == {"cats": {"": 1, "bird": 1}}
    line = "    2 labels (bird 1) of no class of the run would not"
    assert line in str(told).splitlines()
    annotations = Run(dataset, server, schema).annotations()
    assert len(annotations["shapes"]) + len(annotations["tags"]) == 3


def test_it_is_printed(pictures, server):
    told = dry_run(pictures, server, task_size=3, project_name="no project yet")

    size = sum(each.size for each in told.tasks)
    first, *tasks, classes, cats, state, roads = str(told).splitlines()
    assert first == (
        f"CVAT at {server.url} would get 2 tasks in a new project 'no project yet', "
        f"with 2 jobs, 5 samples and {to_human_bytes_str(size)} of media:"
    )
    assert [each.partition(", ")[0].rpartition(": ")[2] for each in tasks] == [
        "3 samples",
        "2 samples",
    ]
    assert classes == "Labels in CVAT: cat (colour), dog (colour), state (value), road"
    assert cats == "cats: 10 labels (cat 5, dog 5) would go up"
    assert state == "state: 5 labels would go up"
    assert roads == "roads: 0 labels would go up"


def test_what_cannot_be_sent_is_refused(pictures, server):
    run = Run(pictures.limit(1), server, {"cats": {"type": "detections"}})
    with pytest.raises(ConfigurationError, match="has a run 'run' already"):
        dry_run(pictures, server, run.key)
    with pytest.raises(ConfigurationError, match="has no user nobody-of-this-name"):
        dry_run(pictures, server, "other", task_assignee="nobody-of-this-name")
    pictures.add_sample(fo.Sample(filepath="/there/is/none.png"))
    with pytest.raises(MediaError, match=r"none\.png"):
        dry_run(pictures, server, "other")
    assert pictures.list_annotation_runs() == ["run"]


def test_the_command(pictures, server):
    sign_in = ["--url", server.url, "--access-token", server.access_token]

    def plan(*arguments):
        arguments = ["plan", pictures.name, *sign_in, *arguments]
        done = CliRunner().invoke(cli.app, arguments)
        assert done.exit_code == 0, done.output
        return done.stdout

    shown = plan("--label-field", "cats", "--label-field", "state")
    assert "cats: 10 labels (cat 5, dog 5) would go up\nstate: 5 labels" in shown
    new = ["--label-field", "roads", "--label-type", "polylines"]
    more = ["--classes", "road, lane", "--view", "two", "--task-size", "1", "--json"]
    found = json.loads(plan(*new, *more))
    assert [each["samples"] for each in found["tasks"]] == [1, 1]
    assert found["classes"] == {"road": [], "lane": []}
    assert found["labels"] == {"roads": {}}
    assert pictures.list_annotation_runs() == []
