"""Objects of videos that labels name by an ``instance``, as FiftyOne's App does."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest

from tests import media
from tests.replay.run import Run, box, moved
from tests.replay.test_tracks import (
    COUNT,
    HEIGHT,
    NUMBERS,
    WIDTH,
    assert_settled,
    detections,
    edit,
    film,
    key,
    labels_by_frame,
    load_untouched,
    new_track,
    only_track,
    outline,
    shape_at,
)

CARS = {"frames.cars": {"type": "detections"}}
CARS_OF_PICTURES = {"cars": {"type": "detections"}}
AT = [1.0, 2.0, 11.0, 12.0]  # corners, in pixels


@pytest.fixture
def one():
    return fo.Instance()


@pytest.fixture
def two():
    return fo.Instance()


def named(label, instance=None, **values):
    """Return a label with an instance, or without if it is None."""
    values = values if instance is None else {"instance": instance, **values}
    for name, value in values.items():
        label[name] = value
    return label


def car(number, instance=None, label="car", index=None, **values):
    return named(box(label, number / 40, index=index), instance, **values)


def named_by(label):
    """Return the id of a label's instance, or None, and its index."""
    instance = label.get_attribute_value("instance", None)
    return (instance and instance.id), label.index


def names_by_frame(dataset, field="cars"):
    found = labels_by_frame(dataset, field).items()
    return {number: [named_by(each) for each in labels] for number, labels in found}


def ids_by_frame(dataset, field="cars"):
    found = labels_by_frame(dataset, field).items()
    return {number: [each.id for each in labels] for number, labels in found}


def keys_of(track):
    """Return the frames of a track's key shapes, from 1, but where it is outside."""
    return [each["frame"] + 1 for each in track["shapes"] if not each["outside"]]


def without_ids(track):
    """Return a track as the editor sends it anew: without the server's ids."""
    shapes = [{**each} for each in track["shapes"]]
    for each in shapes:
        each.pop("id")
    return {name: each for name, each in track.items() if name != "id"} | {
        "shapes": shapes
    }


def split_in_two(run, track, at):
    """Split a track on the server, as the editor does; on a frame from 0."""
    run.change("delete", tracks=[track])
    first, second = without_ids(track), without_ids(track)
    first["shapes"] = [each for each in first["shapes"] if each["frame"] < at]
    first["shapes"].append(shape_at(second, at) | {"outside": True, "attributes": []})
    second["shapes"] = [each for each in second["shapes"] if each["frame"] >= at]
    second["frame"] = at
    run.change("create", tracks=[first, second])


def stop(*_):
    raise KeyboardInterrupt


def assert_stored(run, field="cars", listed="detections"):
    """Instances are in the database as FiftyOne itself writes them."""
    for document in run.dataset._frame_collection.find({}):
        for label in (document.get(field) or {}).get(listed, []):
            if label.get("instance") is not None:
                assert list(label["instance"]) == list(fo.Instance().to_dict())


def test_one_object_on_three_key_frames(dataset, server, tmp_path, one, caplog):
    film(
        dataset,
        tmp_path,
        numbers=(1, 6, 11),
        cars=lambda n: detections(
            car(n, one, keyframe=True, propagation="linear", color="red")
        ),
    )
    run = Run(dataset, server, CARS)
    told = "'propagation' stay in FiftyOne: FiftyOne's App keeps them for itself"
    assert told in caplog.text
    assert "'instance'" not in caplog.text
    assert run.annotations()["shapes"] == []
    track = only_track(run)
    assert keys_of(track) == [1, 6, 11]
    [label] = run.api._get_task_labels(run.task_id)
    assert {each["name"] for each in label["attributes"]} == {"label_id", "color"}
    assert load_untouched(run) == {"frames.cars": 3}

    edit(run, track, 5, points=AT)

    ids = ids_by_frame(dataset)
    assert run.load() == {"frames.cars": {"kept": 2, "changed": 1}}
    assert ids_by_frame(dataset) == ids
    [found] = labels_by_frame(dataset, "cars")[6]
    assert found.bounding_box == pytest.approx(
        [1 / WIDTH, 2 / HEIGHT, 10 / WIDTH, 10 / HEIGHT]
    )
    assert named_by(found) == (one.id, None)
    assert (found.keyframe, found.propagation, found.color) == (True, "linear", "red")
    assert_stored(run)
    assert_settled(run)


def test_frames_that_a_track_newly_covers(dataset, server, tmp_path, one):
    film(
        dataset,
        tmp_path,
        numbers=(1, 6, 11),
        cars=lambda n: detections(car(n, one, keyframe=True)),
    )
    run = Run(dataset, server, CARS)
    before = ids_by_frame(dataset)
    track = only_track(run)
    track["shapes"] = [each for each in track["shapes"] if not each["outside"]]
    run.change("update", tracks=[track])

    assert run.load() == {"frames.cars": {"kept": 3, "added": COUNT - 3}}

    assert names_by_frame(dataset) == {n: [(one.id, None)] for n in NUMBERS}
    assert before.items() <= ids_by_frame(dataset).items()
    assert_stored(run)
    assert_settled(run)


def test_an_object_on_every_frame(dataset, server, tmp_path, one):
    film(dataset, tmp_path, cars=lambda n: detections(car(n, one)))
    run = Run(dataset, server, CARS)
    assert keys_of(only_track(run)) == [*NUMBERS]
    assert load_untouched(run) == {"frames.cars": COUNT}


def test_key_frames_and_what_lies_between(dataset, server, tmp_path, one):
    film(
        dataset,
        tmp_path,
        cars=lambda n: detections(car(n, one, keyframe=n in (1, 7, COUNT))),
    )
    run = Run(dataset, server, CARS)
    track = only_track(run)
    assert keys_of(track) == [1, 7, COUNT]
    assert load_untouched(run) == {"frames.cars": COUNT}
    ids = ids_by_frame(dataset)

    edit(run, track, 6, points=AT)

    assert run.load() == {"frames.cars": {"kept": 2, "changed": COUNT - 2}}
    assert ids_by_frame(dataset) == ids
    assert names_by_frame(dataset) == {n: [(one.id, None)] for n in NUMBERS}
    found = labels_by_frame(dataset, "cars")
    keys = [n for n in NUMBERS if found[n][0].get_attribute_value("keyframe", 0)]
    assert keys == [1, 7, COUNT]
    assert_settled(run)


def test_an_index_on_some_labels_of_an_object(dataset, server, tmp_path, one):
    """All of them are one track, and each label keeps what it has."""
    film(
        dataset,
        tmp_path,
        cars=lambda n: detections(
            car(n, one, index=4 if n % 2 else None), car(n + 20, index=5)
        ),
    )
    run = Run(dataset, server, CARS)
    annotations = run.annotations()
    assert [keys_of(each) for each in annotations["tracks"]] == [[*NUMBERS]] * 2
    assert annotations["shapes"] == []
    before = names_by_frame(dataset)
    assert load_untouched(run) == {"frames.cars": 2 * COUNT}

    for track in annotations["tracks"]:
        for frame in (3, 4):
            shape_at(track, frame)["points"] = AT
    run.change("update", tracks=annotations["tracks"])

    assert run.load() == {"frames.cars": {"kept": 2 * COUNT - 4, "changed": 4}}
    assert names_by_frame(dataset) == before
    assert before[1] == [(one.id, 4), (None, 5)]
    assert before[2] == [(one.id, None), (None, 5)]
    assert_settled(run)


def test_an_object_with_an_index_goes_further(dataset, server, tmp_path, one):
    film(
        dataset,
        tmp_path,
        numbers=range(1, 5),
        cars=lambda n: detections(car(n, one, index=4 if n > 2 else None)),
    )
    run = Run(dataset, server, CARS)
    track = only_track(run)
    track["shapes"] = [each for each in track["shapes"] if not each["outside"]]
    run.change("update", tracks=[track])

    assert run.load() == {"frames.cars": {"kept": 4, "added": COUNT - 4}}

    found = names_by_frame(dataset)
    assert [found[n] for n in (1, 2, 3, 4)] == [[(one.id, None)]] * 2 + [
        [(one.id, 4)]
    ] * 2
    assert {found[n][0] for n in range(5, COUNT + 1)} == {(one.id, 4)}
    assert_settled(run)


def test_two_objects_and_labels_of_none(dataset, server, tmp_path, one, two):
    film(
        dataset,
        tmp_path,
        cars=lambda n: detections(car(n, one), car(n + 20, two), car(30)),
    )
    run = Run(dataset, server, CARS)
    annotations = run.annotations()
    assert (len(annotations["tracks"]), len(annotations["shapes"])) == (2, COUNT)
    assert load_untouched(run) == {"frames.cars": 3 * COUNT}

    run.change("update", shapes=[moved(annotations["shapes"][0])])
    run.change("delete", tracks=[annotations["tracks"][1]])

    assert run.load() == {
        "frames.cars": {"kept": 2 * COUNT - 1, "changed": 1, "deleted": COUNT}
    }
    expected = {n: [(one.id, None), (None, None)] for n in NUMBERS}
    assert names_by_frame(dataset) == expected
    assert_settled(run)


@pytest.mark.parametrize("index", [None, 3], ids=["instance", "both"])
def test_a_key_shape_that_was_deleted(dataset, server, tmp_path, one, index):
    film(
        dataset,
        tmp_path,
        cars=lambda n: detections(car(n, one, index=index, keyframe=n in (1, 6, 12))),
    )
    run = Run(dataset, server, CARS)
    ids = ids_by_frame(dataset)
    track = only_track(run)
    track["shapes"] = [each for each in track["shapes"] if each["frame"] != 5]
    edit(run, track, 11, points=AT)

    counts = run.load()
    assert counts == {"frames.cars": {"kept": 1, "changed": COUNT - 1}}
    assert names_by_frame(dataset) == {n: [(one.id, index)] for n in NUMBERS}
    assert ids_by_frame(dataset) == ids
    assert_settled(run)


@pytest.mark.parametrize("cleared", [False, True], ids=["kept", "cleared"])
def test_another_class(dataset, server, tmp_path, one, two, cleared):
    film(
        dataset,
        tmp_path,
        cars=lambda n: detections(car(n, one), car(n + 20, two, label="bus")),
    )
    run = Run(dataset, server, CARS)
    ids = ids_by_frame(dataset)
    classes = run.label_ids()
    tracks = run.annotations()["tracks"]
    [track] = [each for each in tracks if each["label_id"] == classes["car"]]
    specs = {
        label["name"]: {each["name"]: each["id"] for each in label["attributes"]}
        for label in run.api._get_task_labels(run.task_id)
    }
    track["label_id"] = classes["bus"]
    for shape in track["shapes"]:
        for each in shape["attributes"]:
            each["spec_id"] = specs["bus"]["label_id"]
        if cleared:
            shape["attributes"] = []
    run.change("update", tracks=[track])

    assert run.load() == {"frames.cars": {"kept": COUNT, "changed": COUNT}}
    assert ids_by_frame(dataset) == ids
    expected = {n: [(one.id, None), (two.id, None)] for n in NUMBERS}
    assert names_by_frame(dataset) == expected
    found = labels_by_frame(dataset, "cars").values()
    assert {each.label for labels in found for each in labels} == {"bus"}
    assert_settled(run)


@pytest.mark.parametrize("index", [None, 3], ids=["instance", "both"])
def test_a_track_that_was_split(dataset, server, tmp_path, one, index):
    """The second part is another object: it has names of its own, as the first has."""
    film(dataset, tmp_path, cars=lambda n: detections(car(n, one, index=index)))
    run = Run(dataset, server, CARS)
    ids = ids_by_frame(dataset)
    track = only_track(run)
    split_in_two(run, track, 7)

    assert run.load() == {"frames.cars": {"kept": 7, "changed": COUNT - 7}}

    assert ids_by_frame(dataset) == ids
    found = names_by_frame(dataset)
    assert {found[n][0] for n in range(1, 8)} == {(one.id, index)}
    [[other, number]] = {found[n][0] for n in range(8, COUNT + 1)}
    assert other not in (None, one.id)
    assert number == (index and index + 1)
    assert_stored(run)
    assert_settled(run)


def test_tracks_that_were_merged(dataset, server, tmp_path, one, two):
    """The first object goes on where the second was."""
    film(
        dataset,
        tmp_path,
        cars=lambda n: detections(car(n, one if n < 7 else two)),
    )
    run = Run(dataset, server, CARS)
    ids = ids_by_frame(dataset)
    first, second = run.annotations()["tracks"]
    merged = [each for each in first["shapes"] if not each["outside"]]
    run.change("delete", tracks=[second])
    run.change("update", tracks=[{**first, "shapes": merged + second["shapes"]}])

    assert run.load() == {"frames.cars": {"kept": 6, "changed": COUNT - 6}}

    assert ids_by_frame(dataset) == ids
    assert names_by_frame(dataset) == {n: [(one.id, None)] for n in NUMBERS}
    assert_settled(run)


def test_tracks_that_were_drawn(dataset, server, tmp_path, one):
    film(dataset, tmp_path, cars=lambda n: detections(car(n, one)))
    run = Run(dataset, server, CARS)
    new_track(run, "car", key("rectangle", 0, *AT), key("rectangle", 4, *AT))
    end = key("rectangle", 6, *AT, outside=True)
    new_track(run, "car", key("rectangle", 3, *AT), end)

    assert run.load() == {"frames.cars": {"kept": COUNT, "added": COUNT + 3}}

    found = names_by_frame(dataset)
    assert {each[0] for each in found.values()} == {(one.id, None)}
    drawn = {each for labels in found.values() for each in labels[1:]}
    assert len(drawn) == 2
    assert len({instance for instance, _ in drawn} - {None, one.id}) == 2
    assert {index for _, index in drawn} == {None}
    assert_stored(run)
    assert_settled(run)


def test_a_track_in_a_field_without_instances_gets_none(dataset, server, tmp_path):
    film(dataset, tmp_path, cars=lambda n: detections(car(n, index=2)))
    run = Run(dataset, server, CARS)
    new_track(run, "car", key("rectangle", 0, *AT))

    assert run.load() == {"frames.cars": {"kept": COUNT, "added": COUNT}}
    expected = {n: [(None, 2), (None, 3)] for n in NUMBERS}
    assert names_by_frame(dataset) == expected
    assert_settled(run)


def test_outlines_and_points(dataset, server, tmp_path, one, two):
    """An outline of two parts is two tracks of CVAT, and one object."""

    def lanes(n):
        lane = outline((0.1, 0.1), (0.5, 0.1), (n / 40, 0.5), index=None)
        lane.points = [*lane.points, [(0.6, 0.6), (0.9, 0.6), (0.9, 0.9)]]
        return fo.Polylines(polylines=[named(lane, one)])

    def marks(n):
        mark = fo.Keypoint(label="mark", points=[(n / 40, 0.5)])
        return fo.Keypoints(keypoints=[named(mark, two)])

    film(dataset, tmp_path, lanes=lanes, marks=marks)
    schema = {
        "frames.lanes": {"type": "polygons"},
        "frames.marks": {"type": "keypoints"},
    }
    run = Run(dataset, server, schema)
    annotations = run.annotations()
    assert (len(annotations["tracks"]), annotations["shapes"]) == (3, [])
    assert load_untouched(run) == {"frames.lanes": COUNT, "frames.marks": COUNT}

    for track in annotations["tracks"]:
        points = [each + 1 for each in shape_at(track, 4)["points"]]
        edit(run, track, 4, points=points)

    changed = {"kept": COUNT - 1, "changed": 1}
    assert run.load() == dict.fromkeys(schema, changed)
    for field, instance in (("lanes", one), ("marks", two)):
        expected = {n: [(instance.id, None)] for n in NUMBERS}
        assert names_by_frame(dataset, field) == expected
    assert_settled(run)


def test_clips(dataset, server, tmp_path, one):
    """Both clips have frames 4 and 5; a track of each clip is drawn in it."""
    film(dataset, tmp_path, cars=lambda n: detections(car(n, one)))
    sample = dataset.first()
    events = [fo.TemporalDetection(label="e", support=[n, n + 4]) for n in (1, 4)]
    sample["events"] = fo.TemporalDetections(detections=events)
    sample.save()
    run = Run(dataset.to_clips("events"), server, CARS)
    before = run.documents()
    assert run.load() == {"frames.cars": {"kept": 8}}
    assert run.differences(before) == []
    ids = ids_by_frame(dataset)
    [track] = run.annotations()["tracks"]
    [other] = run.annotations(run.results.task_ids[1])["tracks"]
    assert (keys_of(track), keys_of(other)) == ([1, 2, 3, 4, 5],) * 2

    edit(run, track, 1, points=AT)
    shape_at(other, 1)["points"] = AT
    run.change("update", run.results.task_ids[1], tracks=[other])
    new_track(run, "car", key("rectangle", 0, *AT))

    counts = run.load()
    assert counts == {"frames.cars": {"kept": 6, "changed": 2, "added": 5}}
    found = names_by_frame(dataset)
    assert {each[0] for each in found.values()} == {(one.id, None)}
    [[instance, index]] = {each[1] for each in found.values() if len(each) > 1}
    assert instance not in (None, one.id)
    assert index is None
    assert all(ids_by_frame(dataset)[n][0] == ids[n][0] for n in NUMBERS)
    assert_settled(run)


def test_frames_between_those_of_a_step(dataset, server, tmp_path, one, caplog):
    film(dataset, tmp_path, cars=lambda n: detections(car(n, one)))
    run = Run(dataset, server, CARS, frame_step=3)
    assert f"{COUNT - 4} labels of tracks stay in FiftyOne" in caplog.text
    assert load_untouched(run) == {"frames.cars": 4}


def test_an_index_that_says_otherwise(dataset, server, tmp_path, one, caplog):
    """The index counts, which is told once for all videos; what is there stays."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        film(
            dataset,
            tmp_path / folder,
            numbers=(1, 2),
            cars=lambda n: detections(car(n, one, index=n)),
        )
    run = Run(dataset, server, CARS)
    told = "2 objects have several values of `index`, or share one with another"
    assert caplog.text.count("several values of `index`") == 1
    assert f"Field 'frames.cars': {told}" in caplog.text
    tracks = run.annotations()["tracks"]
    assert sorted(map(keys_of, tracks)) == [[1], [2]]
    [track] = (each for each in tracks if keys_of(each) == [2])
    track["shapes"][-1]["frame"] += 1
    run.change("update", tracks=[track])

    assert run.load() == {"frames.cars": {"kept": 4, "added": 1}}

    found = names_by_frame(dataset)
    assert [found[n] for n in (1, 2, 3)] == [[(one.id, n)] for n in (1, 2, 2)]
    assert_settled(run)


def test_one_instance_on_several_slices(dataset, server, tmp_path, one):
    """What cameras of a group see of one object is the same, whatever is edited."""
    dataset.add_group_field("group", default="left")
    paths = media.make_images(tmp_path, ("left.png", "right.png"))
    group = fo.Group()
    for name, path in zip(("left", "right"), paths, strict=True):
        cats = detections(named(box(), one))
        element = group.element(name)
        dataset.add_sample(fo.Sample(filepath=path, cats=cats, group=element))
    slices = dataset.select_group_slices(["left", "right"])
    run = Run(slices, server, {"cats": {"type": "detections"}})
    assert run.load() == {"cats": {"kept": 2}}
    assert run.differences() == []
    first, second = run.annotations()["shapes"]
    run.change("update", shapes=[moved(first)])
    run.change("create", shapes=[{**moved(second, 5.0), "id": None, "attributes": []}])

    assert run.load() == {"cats": {"kept": 1, "changed": 1, "added": 1}}

    found = [named_by(cat) for each in slices for cat in each.cats.detections]
    assert found.count((one.id, None)) == 2
    assert found.count((None, None)) == 1
    assert_settled(run)


def test_one_instance_on_several_slices_of_videos(dataset, server, tmp_path, one):
    """Each camera has a track of it; a frame that one newly covers is of it, too."""
    dataset.add_group_field("group", default="left")
    group = fo.Group()
    for name in ("left", "right"):
        path = media.copy_video(tmp_path / f"{name}.mp4")
        sample = fo.Sample(filepath=path, group=group.element(name))
        for number in (1, 2):
            sample.frames[number] = fo.Frame(cars=detections(car(number, one)))
        dataset.add_sample(sample)
    slices = dataset.select_group_slices(["left", "right"])
    run = Run(slices, server, CARS)
    left, right = (run.annotations(each) for each in run.results.task_ids)
    assert len(left["tracks"]) == len(right["tracks"]) == 1
    [track] = left["tracks"]
    track["shapes"][-1]["frame"] += 1
    run.change("update", tracks=[track])

    assert run.load() == {"frames.cars": {"kept": 4, "added": 1}}

    found = [
        named_by(each)
        for sample in slices
        for frame in sample.frames.values()
        if frame.cars
        for each in frame.cars.detections
    ]
    assert found == [(one.id, None)] * 5
    assert_settled(run)


def test_instances_of_images_stay_as_they_are(dataset, server, tmp_path, one):
    """On images, where nothing moves, an instance links pictures and is no track."""
    for name in ("1.png", "2.png"):
        cats = detections(named(box(), one, propagation="linear"))
        dataset.add_sample(fo.Sample(media.make_image(tmp_path / name), cats=cats))
    run = Run(dataset, server, {"cats": {"type": "detections"}})
    annotations = run.annotations()
    assert (len(annotations["tracks"]), len(annotations["shapes"])) == (0, 2)

    run.change("update", shapes=[moved(annotations["shapes"][0])])

    assert run.load() == {"cats": {"kept": 1, "changed": 1}}
    for sample in dataset:
        [cat] = sample.cats.detections
        assert (cat.instance.id, cat.propagation) == (one.id, "linear")
    assert_settled(run)


def test_a_split_where_no_index_may_change(dataset, server, tmp_path, one):
    film(dataset, tmp_path, cars=lambda n: detections(car(n, one)))
    schema = {"frames.cars": {**CARS["frames.cars"], "allow_index_edits": False}}
    run = Run(dataset, server, schema)
    split_in_two(run, only_track(run), 7)

    assert run.load() == {"frames.cars": {"kept": COUNT}}
    assert run.differences() == []


def test_another_field_gets_the_instances(dataset, server, tmp_path, one):
    film(dataset, tmp_path, cars=lambda n: detections(car(n, one)))
    run = Run(dataset, server, CARS)
    split_in_two(run, only_track(run), 7)
    new_track(run, "car", key("rectangle", 0, *AT))

    run.load(dest_field={"frames.cars": "frames.copies"})

    assert names_by_frame(dataset) == {n: [(one.id, None)] for n in NUMBERS}
    found = names_by_frame(dataset, "copies")
    assert {found[n][0] for n in range(1, 8)} == {(one.id, None)}
    [[other, _]] = {found[n][0] for n in range(8, COUNT + 1)}
    [[drawn, _]] = {each[1] for each in found.values()}
    assert len({None, one.id, other, drawn}) == 4
    before = run.documents()
    run.load(dest_field={"frames.cars": "frames.copies"})
    assert run.differences(before) == []


def test_a_merge_that_was_stopped(dataset, server, tmp_path, one, monkeypatch):
    """The next load gives labels the instance that the first could not."""
    film(dataset, tmp_path, cars=lambda n: detections(car(n, one)))
    run = Run(dataset, server, CARS)
    split_in_two(run, only_track(run), 7)
    with monkeypatch.context() as patch:
        patch.setattr("fiftyone_cvat.backend.finish_merge", stop)
        with pytest.raises(KeyboardInterrupt):
            run.load()
    assert {each[0][0] for each in names_by_frame(dataset).values()} == {one.id}

    run.results = dataset.load_annotation_results(run.key, cache=False)
    run.load()
    found = names_by_frame(dataset)
    assert {found[n][0] for n in range(1, 8)} == {(one.id, None)}
    [[other, index]] = {found[n][0] for n in range(8, COUNT + 1)}
    assert other not in (None, one.id)
    assert index is None
    assert_stored(run)


def test_a_field_of_one_label(dataset, server, tmp_path, one):
    film(dataset, tmp_path, car=lambda n: car(n, one))
    run = Run(dataset, server, {"frames.car": {"type": "detection"}})
    assert load_untouched(run) == {"frames.car": COUNT}
    split_in_two(run, only_track(run), 7)

    assert run.load() == {"frames.car": {"kept": 7, "changed": COUNT - 7}}
    frames = dataset.first().frames.items()
    found = {number: named_by(frame.car) for number, frame in frames}
    assert {found[n] for n in range(1, 8)} == {(one.id, None)}
    [[other, index]] = {found[n] for n in range(8, COUNT + 1)}
    assert other not in (None, one.id)
    assert index is None
    before = run.documents()
    run.load()
    assert run.differences(before) == []


def test_jobs(dataset, server, tmp_path, one):
    """Each job has a track of its own; the last one gets one more."""
    film(dataset, tmp_path, cars=lambda n: detections(car(n, one)))
    run = Run(dataset, server, CARS, segment_size=10)
    assert load_untouched(run) == {"frames.cars": COUNT}
    first, _ = run.results.job_ids[run.task_id]
    url = run.api.job_annotation_url(first)
    [track] = run.api.get(url).json()["tracks"]
    shape_at(track, 1)["points"] = AT
    body = {"version": 0, "tags": [], "shapes": [], "tracks": [track]}
    run.api.patch(url, params={"action": "update"}, json=body)
    new_track(run, "car", key("rectangle", 10, *AT))

    assert run.load() == {"frames.cars": {"kept": COUNT - 1, "changed": 1, "added": 2}}
    found = names_by_frame(dataset)
    assert {each[0] for each in found.values()} == {(one.id, None)}
    [[other, index]] = {each[1] for each in found.values() if len(each) > 1}
    assert other not in (None, one.id)
    assert index is None
    assert_settled(run)


def test_a_copy_of_a_track(dataset, server, tmp_path, one):
    """It is another object, whatever ids of labels the editor has copied."""
    film(dataset, tmp_path, cars=lambda n: detections(car(n, one)))
    run = Run(dataset, server, CARS)
    ids = ids_by_frame(dataset)
    copy = without_ids(only_track(run))
    for each in copy["shapes"]:
        each["points"] = AT
    run.change("create", tracks=[copy])

    assert run.load() == {"frames.cars": {"kept": COUNT, "added": COUNT}}
    found = names_by_frame(dataset)
    assert {each[0] for each in found.values()} == {(one.id, None)}
    [[other, index]] = {each[1] for each in found.values()}
    assert other not in (None, one.id)
    assert index is None
    assert {n: each[:1] for n, each in ids_by_frame(dataset).items()} == ids
    assert_settled(run)


def test_masks_and_nodes(dataset, server, tmp_path, one, two):
    def cells(n):
        cell = car(n, one, label="cell")
        cell.mask = np.ones((4, 6), bool)
        return detections(cell)

    def poses(n):
        points = [(n / 40, 0.5), (0.5, 0.5), (0.9, n / 40)]
        return fo.Keypoints(
            keypoints=[named(fo.Keypoint(label="pose", points=points), two)]
        )

    skeleton = fo.KeypointSkeleton(labels=["a", "b", "c"], edges=[[0, 1], [1, 2]])
    film(dataset, tmp_path, cells=cells, poses=poses)
    dataset.skeletons = {"frames.poses": skeleton}
    schema = {
        "frames.cells": {"type": "instances"},
        "frames.poses": {"type": "keypoints"},
    }
    run = Run(dataset, server, schema)
    annotations = run.annotations()
    assert (len(annotations["tracks"]), annotations["shapes"]) == (2, [])
    assert load_untouched(run) == dict.fromkeys(schema, COUNT)
    for field, instance in (("cells", one), ("poses", two)):
        expected = {n: [(instance.id, None)] for n in NUMBERS}
        assert names_by_frame(dataset, field) == expected


def test_annotated_once_more(dataset, server, tmp_path, one):
    """What was drawn has an instance, and is one track again."""
    film(dataset, tmp_path, cars=lambda n: detections(car(n, one)))
    run = Run(dataset, server, CARS)
    new_track(run, "car", key("rectangle", 0, *AT))
    run.load()

    again = Run(dataset, server, CARS, key="again")
    assert len(again.annotations()["tracks"]) == 2
    assert again.annotations()["shapes"] == []
    assert load_untouched(again) == {"frames.cars": 2 * COUNT}


def test_a_view_of_frames(dataset, server, tmp_path, one):
    """Its frames are pictures: labels are shapes, and what is drawn is a track."""
    film(dataset, tmp_path, [1, 2, 3], cars=lambda n: detections(car(n, one)))
    view = dataset.to_frames(sample_frames=True, output_dir=str(tmp_path / "frames"))
    run = Run(view.match(fo.ViewField("frame_number") < 4), server, CARS_OF_PICTURES)
    annotations = run.annotations()
    assert (len(annotations["tracks"]), len(annotations["shapes"])) == (0, 3)
    run.change("update", shapes=[moved(annotations["shapes"][0])])
    new_track(run, "car", key("rectangle", 1, *AT))

    assert run.load() == {"cars": {"kept": 2, "changed": 1, "added": 2}}
    found = names_by_frame(dataset)
    assert [each[0] for each in found.values()] == [(one.id, None)] * 3
    [[other, index]] = {each[1] for each in found.values() if len(each) > 1}
    assert other not in (None, one.id)
    assert index == 1
    before = run.documents()
    run.load()
    assert run.differences(before) == []
