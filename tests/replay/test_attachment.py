"""Runs that are pointed at tasks which took the place of theirs."""

from __future__ import annotations

import time
from copy import deepcopy

import fiftyone as fo
import numpy as np
import pytest
from typer.testing import CliRunner

from fiftyone_cvat import attach, cli
from fiftyone_cvat.backend import CVATBackend
from fiftyone_cvat.errors import ConfigurationError, MismatchError
from tests import media
from tests.replay.run import Run, box, moved

NAMES = ("1.png", "2.png", "3.png")
CATS = {"cats": {"type": "detections"}}


@pytest.fixture
def cats(dataset, tmp_path):
    for path in media.make_images(tmp_path, NAMES):
        cats = fo.Detections(detections=[box(colour="red"), box("dog", 0.5)])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


def stored(dataset):
    """Return what the database holds of the run, as text."""
    dataset._annotation_cache.clear()
    doc = CVATBackend._get_run_doc(dataset, "run")
    doc.results.seek(0)
    return doc.results.read(), repr(doc.config)


def load(run, **kwargs):
    """Load the labels as a new process does."""
    run.dataset._annotation_cache.clear()
    run.results = run.dataset.load_annotation_results(
        run.key, **run.credentials, **kwargs
    )
    return run.load(**kwargs)


def attached(run, task_ids, **kwargs):
    return attach(run.dataset, run.key, task_ids, **run.credentials, **kwargs)


def copy_task(run, paths, *, task_id=None, frames=None, with_ids=True, rename=str):
    """Make a task of the same media and annotations, as somebody in CVAT does.

    Args:
        run: the run
        paths: the media of the new task, in order
        task_id: the task that it is a copy of; by default the run's first
        frames: the position of a frame to that in the new task; those that are not
            there are left out
        with_ids: whether the attributes `label_id` come along
        rename: what a label is called in the new task
    """
    api, old = run.api, task_id or run.task_id
    labels = api._get_task_labels(old)
    keys = ("name", "mutable", "input_type", "default_value", "values")
    new_labels = []
    for label in labels:
        specs = [{key: each[key] for key in keys} for each in label["attributes"]]
        if not with_ids:
            specs = [each for each in specs if each["name"] != "label_id"]
        new = {"name": rename(label["name"]), "attributes": specs}
        new_labels.append(new | {"type": label["type"], "color": label["color"]})
    body = {"name": "a copy", "labels": new_labels}
    task_id = api.post(api.tasks_url, json=body).json()["id"]
    api.upload_data(task_id, paths)
    specs_by_label, ids = api._get_attr_class_maps(task_id)
    names = {each["id"]: rename(each["name"]) for each in labels}
    specs = {s["id"]: s["name"] for each in labels for s in each["attributes"]}

    def copied(each, label_id):
        known = specs_by_label[label_id]
        each.pop("id", None)
        each["attributes"] = [
            {"spec_id": known[specs[one["spec_id"]]], "value": one["value"]}
            for one in each["attributes"]
            if specs[one["spec_id"]] in known
        ]
        if frames is not None:
            each["frame"] = frames[each["frame"]]
        for shape in each.get("shapes", ()):
            copied(shape, label_id)
        return each

    annotations = deepcopy(run.annotations(old))
    new = {"version": 0, "tags": [], "shapes": [], "tracks": []}
    for kind in ("tags", "shapes", "tracks"):
        for each in annotations[kind]:
            if frames is not None and each["frame"] not in frames:
                continue
            label_id = each["label_id"] = ids[names[each["label_id"]]]
            new[kind].append(copied(each, label_id))
    api.put(api.task_annotation_url(task_id), json=new)
    return task_id


def edit(run, task_id):
    """Move one shape, delete the next, draw another; return how many are left."""
    shapes = run.annotations(task_id)["shapes"]
    run.change("update", task_id, shapes=[moved(shapes[0])])
    run.change("delete", task_id, shapes=[shapes[1]])
    drawn = {**moved(shapes[2], 3.0), "id": None, "attributes": []}
    run.change("create", task_id, shapes=[drawn])
    return {"kept": len(shapes) - 2, "changed": 1, "added": 1, "deleted": 1}


def finished(api, request_id):
    """Wait for work on the server; return what it says of it."""
    url = f"{api.base_api_url}/requests/{request_id}"
    while (answer := api.get(url).json())["status"] in ("queued", "started"):
        time.sleep(0.2)
    assert answer["status"] == "finished", answer
    return answer


def restored(run):
    """Back a task up, delete it, and restore it; return the new task's id."""
    api = run.api
    begun = api.post(f"{api.task_url(run.task_id)}/backup/export").json()
    backup = api.get(finished(api, begun["rq_id"])["result_url"]).content
    api.delete_task(run.task_id)
    files = {"task_file": ("backup.zip", backup)}
    begun = api.post(f"{api.tasks_url}/backup", files=files).json()
    return finished(api, begun["rq_id"])["result_id"]


def test_a_task_that_was_restored_from_a_backup(cats, server, caplog):
    run = Run(cats, server, CATS)
    shapes = run.annotations()["shapes"]
    run.change("update", shapes=[moved(shapes[0])])
    old, new = run.task_id, restored(run)
    try:
        assert load(run) == {}
        call = f"`fiftyone_cvat.attach(dataset, 'run', {{{old}: NEW_TASK}})`"
        assert call in caplog.text

        results = attached(run, {old: new})

        assert results.reconciliation.totals("cats")["changed"] == 1
        assert run.differences() == []
        assert load(run) == {"cats": {"kept": 5, "changed": 1}}
        assert run.results.task_ids == [new]
        assert set(run.results.server_id_map["shapes"]) == {
            each["id"] for each in run.annotations(new)["shapes"]
        }
        # what was edited here meanwhile stays where nobody has touched it in CVAT
        sample = cats.last()
        sample.cats.detections[0].label = "tiger"
        sample.save()
        before = run.documents()
        assert load(run) == {"cats": {"kept": 6}}
        assert run.differences(before) == []
        assert edit(run, new) == load(run)["cats"]
    finally:
        run.api.delete_task(new)


@pytest.mark.parametrize("with_ids", [True, False], ids=["ids", "places"])
def test_a_task_with_its_frames_in_another_order(cats, server, with_ids):
    run = Run(cats, server, CATS)
    paths = cats.values("filepath")
    order = {0: 2, 1: 0, 2: 1}
    new = copy_task(
        run,
        [paths[1], paths[2], paths[0]],
        frames=order,
        with_ids=with_ids,
    )

    attached(run, {run.task_id: new})

    assert load(run) == {"cats": {"kept": 6}}
    assert run.differences() == []
    edited = edit(run, new)
    assert load(run) == {"cats": edited}
    assert load(run) == {"cats": {"kept": 6}}


def test_a_task_whose_labels_are_spelled_otherwise(cats, server):
    run = Run(cats, server, CATS)
    new = copy_task(run, cats.values("filepath"), rename=str.upper)

    attached(run, {run.task_id: new})

    assert load(run) == {"cats": {"changed": 6}}
    found = cats.values("cats.detections.label", unwind=True)
    assert found == ["CAT", "DOG"] * 3
    assert cats.values("cats.detections.colour", unwind=True) == ["red", None] * 3


def test_what_new_tasks_lack_is_listed_before_anything_changes(cats, server):
    run = Run(cats, server, CATS)
    paths = cats.values("filepath")
    new = copy_task(run, paths[:2], frames={0: 0, 1: 1})
    run.change("delete", new, shapes=[run.annotations(new)["shapes"][1]])
    gone = cats.first().cats.detections[1].id
    before = stored(cats)

    with pytest.raises(MismatchError) as caught:
        attached(run, {run.task_id: new})

    assert stored(cats) == before
    assert run.differences() == []
    assert caught.value.labels == [f"{gone} of field 'cats'"]
    [frame] = caught.value.frames
    assert frame == f"frame 2 ('{paths[2]}') of task {run.task_id}"
    assert "`missing='keep'`" in str(caught.value)


@pytest.mark.parametrize(
    ("missing", "counts"),
    [("keep", {"kept": 3}), ("delete", {"kept": 3, "deleted": 1})],
)
def test_what_becomes_of_what_new_tasks_lack(cats, server, missing, counts):
    run = Run(cats, server, CATS)
    new = copy_task(run, cats.values("filepath")[:2], frames={0: 0, 1: 1})
    run.change("delete", new, shapes=[run.annotations(new)["shapes"][1]])

    attached(run, {run.task_id: new}, missing=missing)

    assert load(run) == {"cats": counts}
    left = [len(each.cats.detections) for each in cats]
    assert left == [1 if missing == "delete" else 2, 2, 2]
    before = run.documents()
    assert load(run) == {"cats": {"kept": 3}}
    assert run.differences(before) == []


def test_a_task_with_other_pictures(cats, server, tmp_path):
    run = Run(cats, server, CATS)
    other = media.make_images(tmp_path / "other", ("x.png", "y.png", "z.png"))
    new = copy_task(run, other)
    before = stored(cats)

    with pytest.raises(MismatchError) as caught:
        attached(run, {run.task_id: new})

    assert stored(cats) == before
    assert len(caught.value.frames) == 3
    assert caught.value.labels == []
    assert load(run) == {"cats": {"kept": 6}}


def test_attaching_twice_is_harmless(cats, server):
    run = Run(cats, server, CATS)
    new = copy_task(run, cats.values("filepath"))
    attached(run, {run.task_id: new})
    before = stored(cats)

    attached(run, {run.task_id: new})

    assert stored(cats) == before
    assert load(run) == {"cats": {"kept": 6}}


def sent_elsewhere(run, url="http://elsewhere.example.com"):
    """Let a run be one that was sent to another server."""
    run.results.config.url = url
    run.results.save_config()


def test_tasks_on_another_server(cats, server):
    run = Run(cats, server, CATS, task_size=2, project_name="a project")
    first, second = run.results.task_ids
    paths = cats.values("filepath")
    new = [copy_task(run, paths[:2]), copy_task(run, paths[2:], task_id=second)]
    sent_elsewhere(run)

    with pytest.raises(ConfigurationError, match=f"has tasks {second}, too"):
        attached(run, {first: new[0]})
    attached(run, {first: new[0], second: new[1]})

    assert load(run) == {"cats": {"kept": 6}}
    assert run.differences() == []
    config = run.results.config
    assert (config.url, config.project_name) == (server.url, None)
    assert run.results.project_ids == []
    numbers = {e["id"] for each in new for e in run.annotations(each)["shapes"]}
    assert set(run.results.server_id_map["shapes"]) == numbers
    assert set(run.results.fingerprints["shapes"]) == numbers
    # the run is loaded from there without being told so
    credentials = {k: v for k, v in run.credentials.items() if k != "url"}
    cats._annotation_cache.clear()
    cats.load_annotations("run", unexpected="keep", **credentials)
    assert run.differences() == []


def test_a_task_of_the_same_number_on_another_server(cats, server):
    run = Run(cats, server, CATS)
    sent_elsewhere(run)

    attached(run, {run.task_id: run.task_id})

    assert load(run) == {"cats": {"kept": 6}}
    assert run.differences() == []
    assert edit(run, run.task_id) == load(run)["cats"]


def test_what_cannot_be_attached(cats, server):
    run = Run(cats, server, CATS, task_size=2)
    first, second = run.results.task_ids
    before = stored(cats)

    for task_ids, words in (
        ({second + 999: first}, f"has no task {second + 999}"),
        ({first: 999_999_999}, "no task 999999999"),
        ({first: second}, f"Task {second} is one of run 'run' already"),
        ({first: 999_999_999, second: 999_999_999}, "the place of several"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            attached(run, task_ids)
    with pytest.raises(ConfigurationError, match="no annotation run 'walk'"):
        attach(cats, "walk", {first: second})
    with pytest.raises(ConfigurationError, match="`missing` must be"):
        attached(run, {first: second}, missing="ignore")
    assert stored(cats) == before


def test_one_of_several_tasks_after_a_load_without_it(cats, server, caplog):
    run = Run(cats, server, CATS, task_size=2)
    first, second = run.results.task_ids
    new = copy_task(run, cats.values("filepath")[:2])
    run.api.delete_task(first)
    assert load(run) == {"cats": {"kept": 2}}
    assert f"attach(dataset, 'run', {{{first}: NEW_TASK}})" in caplog.text
    assert run.differences() == []

    attached(run, {first: new})

    assert load(run) == {"cats": {"kept": 6}}
    assert run.differences() == []
    assert sorted(run.results.task_ids) == sorted([second, new])
    edited = edit(run, new)
    assert load(run) == {"cats": edited | {"kept": edited["kept"] + 2}}


@pytest.fixture
def everything(dataset, tmp_path):
    """Two pictures with labels of many types."""
    mask = np.zeros((24, 32), np.uint8)
    mask[3:9, 4:20] = 1
    for path in media.make_images(tmp_path, NAMES[:2]):
        points = [[(0.1, 0.2), (0.5, 0.25), (0.3, 0.75)], [(0.6, 0.6), (0.9, 0.8)]]
        dataset.add_sample(
            fo.Sample(
                filepath=path,
                cats=fo.Detections(detections=[box(colour="red"), box(x=0.5)]),
                seg=fo.Segmentation(mask=mask.copy()),
                lanes=fo.Polylines(
                    polylines=[fo.Polyline(label="lane", points=points, closed=False)]
                ),
                tips=fo.Keypoints(
                    keypoints=[fo.Keypoint(label="tip", points=[(0.2, 0.3)])]
                ),
                weather=fo.Classification(label="sun"),
                state="a",
            )
        )
    return dataset


EVERYTHING = {
    "cats": {"type": "detections"},
    "seg": {"type": "segmentation", "mask_targets": {1: "floor"}},
    "lanes": {"type": "polylines"},
    "tips": {"type": "keypoints"},
    "weather": {"type": "classification"},
    "state": {"type": "scalar", "classes": ["a", "b"]},
}


@pytest.mark.parametrize("with_ids", [True, False], ids=["ids", "places"])
def test_labels_of_all_types(everything, server, with_ids):
    run = Run(everything, server, EVERYTHING)
    new = copy_task(
        run,
        everything.values("filepath")[::-1],
        frames={0: 1, 1: 0},
        with_ids=with_ids,
    )

    attached(run, {run.task_id: new})

    kept = {"cats": 4, "seg": 2, "lanes": 2, "tips": 2, "weather": 2, "state": 2}
    assert load(run) == {name: {"kept": number} for name, number in kept.items()}
    assert run.differences() == []


def with_tracks(dataset, tmp_path):
    sample = fo.Sample(filepath=media.copy_video(tmp_path / "video.mp4"))
    for number in range(1, 13):
        cars = [box("car", number / 40, index=1, speed=number * 1.5)]
        if number < 5:
            cars.append(box("car", 0.6, index=2))
        sample.frames[number] = fo.Frame(cars=fo.Detections(detections=cars))
    dataset.add_sample(sample)
    return dataset


@pytest.mark.parametrize("with_ids", [True, False], ids=["ids", "places"])
def test_tracks_of_a_video(dataset, server, tmp_path, with_ids):
    with_tracks(dataset, tmp_path)
    run = Run(dataset, server, {"frames.cars": {"type": "detections"}}, frame_start=2)
    new = copy_task(run, dataset.values("filepath"), with_ids=with_ids, frames=Later())

    attached(run, {run.task_id: new})

    counts = load(run)
    assert counts["frames.cars"] == {"kept": 12}
    assert run.differences() == []


class Later(dict):
    """Frames of a task that begins two frames later than another one."""

    def __contains__(self, frame):
        return True

    def __getitem__(self, frame):
        return frame + 2


def test_by_the_command(cats, server, monkeypatch):
    run = Run(cats, server, CATS)
    new = copy_task(run, cats.values("filepath"))
    cats._annotation_cache.clear()
    for name, value in server.credentials.items():
        settings = fo.annotation_config.backends.setdefault("cvat", {})
        monkeypatch.setitem(settings, name, value)

    arguments = ["attach", cats.name, "run", f"{run.task_id}={new}"]
    result = CliRunner().invoke(cli.app, arguments)

    assert result.exit_code == 0, result.output
    assert f"Run 'run' has the tasks {new}" in result.output
    assert "cats: 6 kept\n" in result.output
    assert load(run) == {"cats": {"kept": 6}}
