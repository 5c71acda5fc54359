"""Tasks that are in CVAT already, imported into a dataset and kept in step."""

from __future__ import annotations

import re
from pathlib import Path

import fiftyone as fo
import fiftyone.utils.annotations as foua
import numpy as np
import pytest

from fiftyone_cvat import CVATAnnotationAPI, import_tasks
from fiftyone_cvat.errors import ConfigurationError
from tests import media
from tests.replay.run import Run, box, moved

NAMES = ("1.png", "2.png")
SCHEMA = {
    "boxes": {"type": "detections"},
    "masks": {"type": "instances"},
    "areas": {"type": "polygons"},
    "lines": {"type": "polylines"},
    "hands": {"type": "keypoints"},
    "scene": {"type": "classification"},
}


def folders(tmp_path):
    """Make pictures of equal names in two folders."""
    found = []
    for name in ("left", "right"):
        folder = tmp_path / name
        folder.mkdir()
        found += media.make_images(folder, NAMES)
    return [str(each) for each in found]


@pytest.fixture
def source(dataset, tmp_path):
    """A dataset with labels of each kind, which an earlier run has sent."""
    mask = np.zeros((6, 8), bool)
    mask[1:5, 2:7] = True
    dataset.skeletons = {
        "hands": fo.KeypointSkeleton(labels=["a", "b", "c"], edges=[[0, 1, 2]])
    }
    for number, path in enumerate(folders(tmp_path)):
        part = [(0.1, 0.1), (0.5, 0.127), (0.3, 0.51)]
        area = fo.Polyline(label="lawn", points=[part], closed=True, filled=True)
        line = fo.Polyline(label="kerb", points=[part[:2], [(0.6, 0.6), (0.9, 0.7)]])
        points = [(0.2, 0.3), (np.nan, np.nan), (0.4, 0.6)]
        hand = fo.Keypoint(label="hand", points=points)
        box_of_mask = [0.25, 0.25, 0.25, 0.25]
        coat = fo.Detection(label="coat", bounding_box=box_of_mask, mask=mask)
        dataset.add_sample(
            fo.Sample(
                filepath=path,
                boxes=fo.Detections(
                    detections=[
                        box("cat", mood="calm", weight=3.5, number=number),
                        box("dog", 0.5, rotation=20.0),
                    ]
                ),
                masks=fo.Detections(detections=[coat]),
                areas=fo.Polylines(polylines=[area]),
                lines=fo.Polylines(polylines=[line]),
                hands=fo.Keypoints(keypoints=[hand]),
                scene=fo.Classification(label="day"),
            )
        )
    return dataset


def counts(results):
    found = results.reconciliation
    return {
        name: {what: n for what, n in found.totals(name).items() if n}
        for name in found.counts
    }


def documents(dataset):
    found = [each.to_dict() for each in dataset.iter_samples()]
    for each in found:
        del each["last_modified_at"]
    return found


def by_name(labels):
    return sorted(labels, key=lambda each: each.label)


def test_a_project_with_all_kinds(source, empty, server):
    run = Run(source, server, SCHEMA, project_name="all kinds")
    empty.add_samples([fo.Sample(filepath=each) for each in source.values("filepath")])

    results = import_tasks(empty, project="all kinds", **server.credentials)

    assert counts(results) == {
        "detections": {"added": 12},
        "polylines": {"added": 8},
        "keypoints": {"added": 4},
        "classifications": {"added": 4},
    }
    for ours, theirs in zip(empty, source, strict=True):
        assert ours.filepath == theirs.filepath
        cat, coat, dog = by_name(ours.detections.detections)
        own_cat, own_dog = by_name(theirs.boxes.detections)
        assert np.allclose(cat.bounding_box, own_cat.bounding_box)
        assert [cat.mood, cat.weight, cat.number] == ["calm", 3.5, own_cat.number]
        assert dog.rotation == own_dog.rotation == 20.0
        assert np.array_equal(coat.mask, theirs.masks.detections[0].mask)
        kerb, lawn = by_name(ours.polylines.polylines)
        [own_kerb], [own_lawn] = theirs.lines.polylines, theirs.areas.polylines
        assert [len(each) for each in kerb.points] == [2, 2]
        for mine, own in ((kerb, own_kerb), (lawn, own_lawn)):
            assert np.allclose(np.concatenate(mine.points), np.concatenate(own.points))
            assert (mine.closed, mine.filled) == (own.closed, own.filled)
        [hand] = ours.keypoints.keypoints
        own = theirs.hands.keypoints[0].points
        assert np.allclose(hand.points, own, equal_nan=True)
        assert [each.label for each in ours.classifications.classifications] == ["day"]

    before = documents(empty)
    again = import_tasks(empty, project="all kinds", **server.credentials)
    assert {what for each in counts(again).values() for what in each} == {"kept"}
    assert documents(empty) == before
    assert empty.classes["detections"] == list(run.label_ids())
    assert empty.info["cvat_label_colors"].keys() == run.label_ids().keys()


def test_what_changes_in_cvat_arrives_with_each_load(source, empty, server):
    run = Run(source, server, {"boxes": {"type": "detections"}}, project_name="sync")
    empty.add_samples([fo.Sample(filepath=each) for each in source.values("filepath")])
    where = {"project": run.results.project_ids[0], "anno_key": "synced"}
    import_tasks(empty, **where, **server.credentials)
    ids = set(empty.values("detections.detections.id", unwind=True))
    shapes = run.annotations()["shapes"]
    run.change("update", shapes=[moved(shapes[0])])
    run.change("delete", shapes=[shapes[3]])
    drawn = {**moved(shapes[4], 3.0), "id": None, "attributes": []}
    run.change("create", shapes=[drawn])

    empty.load_annotations("synced", **server.credentials)

    results = empty.load_annotation_results("synced", **server.credentials)
    assert counts(results)["detections"] == {
        "kept": 6,
        "changed": 1,
        "added": 1,
        "deleted": 1,
    }
    left = empty.values("detections.detections.id", unwind=True)
    assert len(left) == 8
    assert len(ids.difference(left)) == 1

    # a run that sent nothing deletes nothing in CVAT
    empty.load_annotations("synced", cleanup=True, **server.credentials)
    assert run.api.task_exists(run.task_id)


def test_an_import_that_stops_in_the_merge(
    dataset, empty, server, tmp_path, monkeypatch
):
    [path] = media.make_images(tmp_path, ["a.png"])
    cats = fo.Detections(detections=[box("cat")])
    dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    run = Run(dataset, server, {"cats": {"type": "detections"}})
    empty.add_sample(fo.Sample(filepath=path))
    where = {"tasks": run.task_id, **server.credentials}
    merge = foua._merge_labels

    def stop(*args, **kwargs):
        merge(*args, **kwargs)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(foua, "_merge_labels", stop)
        with pytest.raises(KeyboardInterrupt):
            import_tasks(empty, **where)
    empty._annotation_cache.clear()

    import_tasks(empty, **where)

    assert len(empty.first().detections.detections) == 1


def test_media_from_cvat(source, empty, server, tmp_path, monkeypatch):
    monkeypatch.setattr(fo.config, "default_dataset_dir", str(tmp_path / "new"))
    run = Run(source, server, {"boxes": {"type": "detections"}})

    results = import_tasks(
        empty,
        tasks=run.task_id,
        media="download",
        fields={"c*": "cats"},
        **server.credentials,
    )

    assert counts(results)["cats"] == {"added": 4}
    assert counts(results)["detections"] == {"added": 4}
    for ours, theirs in zip(empty, source, strict=True):
        assert Path(ours.filepath).is_relative_to(tmp_path / "new")
        assert Path(ours.filepath).read_bytes() == Path(theirs.filepath).read_bytes()
    assert set(empty.get_field_schema()) >= {"cats", "detections"}
    assert not empty.has_field("polylines")


def test_files_that_are_here(source, empty, server, tmp_path, caplog):
    run = Run(source, server, {"boxes": {"type": "detections"}})
    (tmp_path / "right" / "2.png").unlink()

    results = import_tasks(
        empty, tasks=[run.task_id], media=tmp_path / "left", **server.credentials
    )

    assert len(empty) == 2
    assert counts(results)["detections"] == {"added": 4, "unmatched": 4}
    assert "2 frames have no file here" in caplog.text
    assert "2 ('1-2.png'), 3 ('2-2.png')" in caplog.text


def test_jobs_only(source, empty, server):
    run = Run(source, server, {"boxes": {"type": "detections"}}, segment_size=2)
    empty.add_samples([fo.Sample(filepath=each) for each in source.values("filepath")])
    _, second = run.results.job_ids[run.task_id]

    results = import_tasks(empty, jobs=second, **server.credentials)

    assert counts(results)["detections"] == {"added": 4, "unmatched": 4}
    assert (
        empty.exists("detections").values("filepath") == source.values("filepath")[2:]
    )


def test_a_video_with_tracks(dataset, empty, server, tmp_path, monkeypatch):
    monkeypatch.setattr(fo.config, "default_dataset_dir", str(tmp_path / "new"))
    path = media.copy_video(tmp_path / "film.mp4")
    sample = fo.Sample(filepath=str(path))
    for number in range(1, 13):
        cars = fo.Detections(detections=[box("car", index=3), box("van", 0.5)])
        weather = fo.Classification(label="wet" if number > 6 else "dry")
        sample.frames[number] = fo.Frame(cars=cars, weather=weather)
    dataset.add_sample(sample)
    schema = {
        "frames.cars": {"type": "detections"},
        "frames.weather": {"type": "classification"},
    }
    run = Run(dataset, server, schema, frame_start=2, frame_stop=9)

    results = import_tasks(
        empty, tasks=run.task_id, media="download", **server.credentials
    )

    assert counts(results) == {
        "frames.detections": {"added": 16},
        "frames.classifications": {"added": 8},
    }
    film = empty.first()
    assert Path(film.filepath).read_bytes() == Path(path).read_bytes()
    for number in range(1, 13):
        frame, own = film.frames[number], dataset.first().frames[number]
        if not 3 <= number <= 10:
            assert "detections" not in frame.field_names or frame.detections is None
            continue
        car, van = by_name(frame.detections.detections)
        assert np.allclose(car.bounding_box, own.cars.detections[0].bounding_box)
        assert (car.index is None, van.index) == (False, None)
        [tag] = frame.classifications.classifications
        assert tag.label == own.weather.label
    again = import_tasks(
        empty, tasks=run.task_id, media="download", **server.credentials
    )
    assert {what for each in counts(again).values() for what in each} == {"kept"}


def test_scalars_of_a_tag(dataset, empty, server, tmp_path):
    choices = {"type": "select", "values": ["wet", "dry"]}
    number = {"type": "number", "values": ["0", "9", "0.5"]}
    attributes = {
        "weather": choices,
        "light": number,
        "cars": {"type": "number", "values": ["0", "9", "1"]},
        "night": {"type": "checkbox"},
    }
    paths = media.make_images(tmp_path, NAMES)
    values = (("wet", 0.5, 2, True), ("dry", 3.0, 0, False))
    for path, each, speed in zip(paths, values, (0.1, 7.0), strict=True):
        named = dict(zip(attributes, each, strict=True))
        frame = fo.Classification(label="frame", **named)
        dataset.add_sample(fo.Sample(filepath=path, scene=frame, speed=speed))
    scene = {"classes": ["frame"], "attributes": attributes}
    schema = {"scene": {"type": "classification", **scene}, "speed": {}}
    run = Run(dataset, server, schema)
    empty.add_samples([fo.Sample(filepath=each) for each in paths])
    # what this package sends of scalars is text in CVAT: the dataset says what it is
    empty.add_sample_field("speed", fo.FloatField)
    where = {
        "tasks": run.task_id,
        "fields": {f"frame.{each}": each for each in attributes}
        | {"speed.value": "speed"},
        **server.credentials,
    }

    results = import_tasks(empty, **where)

    assert counts(results) == {name: {"added": 2} for name in (*attributes, "speed")}
    names = [*attributes, "speed"]
    assert [*zip(*empty.values(names), strict=True)] == [
        ("wet", 0.5, 2, True, 0.1),
        ("dry", 3.0, 0, False, 7.0),
    ]
    kinds = (fo.StringField, fo.FloatField, fo.IntField, fo.BooleanField)
    for name, kind in zip(attributes, kinds, strict=True):
        assert isinstance(empty.get_field(name), kind)
    assert not empty.has_field("classifications")
    before = documents(empty)
    again = import_tasks(empty, **where)
    assert {what for each in counts(again).values() for what in each} == {"kept"}
    assert documents(empty) == before

    [label] = [
        each
        for each in run.api._get_task_labels(run.task_id)
        if each["name"] == "frame"
    ]
    spec_id = {each["name"]: each["id"] for each in label["attributes"]}["cars"]
    first, *_ = [
        each for each in run.annotations()["tags"] if each["label_id"] == label["id"]
    ]
    for each in first["attributes"]:
        each["value"] = "5" if each["spec_id"] == spec_id else each["value"]
    run.change("update", tags=[first])
    empty.load_annotations("cvat_import", **server.credentials)
    expected = empty.values("cars")
    assert expected == [5, 0]
    assert empty.values("weather") == ["wet", "dry"]


def test_scalars_of_frames(dataset, empty, server, tmp_path):
    path = media.copy_video(tmp_path / "film.mp4")
    sample = fo.Sample(filepath=str(path))
    for number in range(1, 13):
        sample.frames[number] = fo.Frame(speed=str(number))
    dataset.add_sample(sample)
    run = Run(dataset, server, {"frames.speed": {}})

    results = import_tasks(
        empty,
        tasks=run.task_id,
        media=tmp_path,
        fields={"frames.speed.value": "speed"},
        **server.credentials,
    )

    assert counts(results) == {"frames.speed": {"added": 12}}
    assert empty.values("frames.speed", unwind=True) == [
        str(number) for number in range(1, 13)
    ]


@pytest.fixture
def asked(monkeypatch):
    """Ids of the tasks of which labels, data and annotations are asked for."""
    found = {"labels": [], "data/meta": [], "annotations": []}
    get = CVATAnnotationAPI.get

    def noted(self, url, **kwargs):
        for what, ids in found.items():
            match = re.search(rf"tasks/([0-9]+)/{what}$|{what}\?task_id=([0-9]+)", url)
            if match:
                ids.append(int(match[1] or match[2]))
        return get(self, url, **kwargs)

    monkeypatch.setattr(CVATAnnotationAPI, "get", noted)
    return found


def test_tasks_with_labels_of_their_own(source, empty, server, asked):
    first = Run(source[:2], server, {"boxes": {"type": "detections"}}, key="first")
    second = Run(source[2:], server, {"lines": {"type": "polylines"}}, key="second")
    empty.add_samples([fo.Sample(filepath=each) for each in source.values("filepath")])

    for ids in asked.values():
        ids.clear()

    results = import_tasks(
        empty,
        tasks=[first.task_id, second.task_id],
        media={
            "1.png": source.values("filepath")[0],
            "2.png": source.values("filepath")[1],
        },
        **server.credentials,
    )

    assert counts(results)["detections"] == {"added": 4}
    assert counts(results)["polylines"] == {"added": 2}
    # each is asked once for each, by the import and the load together, and by a load
    once = [first.task_id, second.task_id]
    assert {what: sorted(ids) for what, ids in asked.items()} == dict.fromkeys(
        asked, once
    )
    empty.load_annotations("cvat_import", **server.credentials)
    assert {what: sorted(ids) for what, ids in asked.items()} == dict.fromkeys(
        asked, sorted(2 * once)
    )


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"project": "nowhere"}, "no project 'nowhere'"),
        ({"tasks": 999999999}, "no task 999999999"),
        ({"jobs": [999999999]}, "no job 999999999"),
    ],
)
def test_what_is_not_there(empty, server, asked, message):
    with pytest.raises(ConfigurationError, match=message):
        import_tasks(empty, **asked, **server.credentials)
    assert empty.list_annotation_runs() == []


def test_no_sample_of_any_file(source, empty, server):
    run = Run(source, server, {"boxes": {"type": "detections"}})
    with pytest.raises(ConfigurationError, match='media="download"'):
        import_tasks(empty, tasks=run.task_id, **server.credentials)
    with pytest.raises(ConfigurationError, match="no import"):
        import_tasks(source, tasks=run.task_id, anno_key="run", **server.credentials)
    assert empty.list_annotation_runs() == []
