"""Frames that several tasks of a run have: clips that overlap, a sample twice."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest

from tests import media
from tests.replay.run import Run, box, moved

DISPUTED = "label that several tasks changed differently: the first of them counts"
CATS = {"frames.cats": {"type": "detections"}}


@pytest.fixture
def clips(dataset, tmp_path):
    """Frames 1 to 5 and 4 to 8 of a video with a track and a shape on each frame."""
    sample = fo.Sample(filepath=str(media.copy_video(tmp_path / "video.mp4")))
    for number in range(1, 13):
        cats = [box(index=7), box("dog", 0.5)]
        sample.frames[number] = fo.Frame(cats=fo.Detections(detections=cats))
    events = [fo.TemporalDetection(label="e", support=[n, n + 4]) for n in (1, 4)]
    sample["events"] = fo.TemporalDetections(detections=events)
    dataset.add_sample(sample)
    return dataset.to_clips("events")


def shape_on(run, clip, number):
    """Return a task and its shape on a frame of the video, from 1."""
    task_id = run.results.task_ids[clip]
    shapes = run.annotations(task_id)["shapes"]
    [shape] = [s for s in shapes if s["frame"] == number - (1, 4)[clip]]
    return task_id, shape


def change(run, clip, number, by):
    task_id, shape = shape_on(run, clip, number)
    run.change("update", task_id, shapes=[moved(shape, by)])


def dogs(run):
    frames = run.dataset.first().frames
    return {
        number: [
            round(each.bounding_box[0], 3)
            for each in frames[number].cats.detections
            if each.label == "dog"
        ]
        for number in (4, 5)
    }


def check_stays(run, kept):
    loaded = run.documents()
    assert run.load() == {"frames.cats": {"kept": kept}}
    assert run.differences(loaded) == []


@pytest.mark.parametrize("clip", [0, 1])
def test_edits_in_one_clip_arrive_once(clips, server, clip):
    run = Run(clips, server, CATS)
    assert run.load() == {"frames.cats": {"kept": 16}}
    assert run.differences() == []
    change(run, clip, 4, 1.0)
    task_id, shape = shape_on(run, clip, 5)
    run.change("delete", task_id, shapes=[shape])
    drawn = {**moved(shape, 3.0), "id": None, "attributes": []}
    run.change("create", task_id, shapes=[drawn])

    counts = run.load()["frames.cats"]

    assert counts == {"kept": 14, "changed": 1, "added": 1, "deleted": 1}
    assert dogs(run) == {4: [0.531], 5: [0.594]}
    run.dataset.clear_cache()
    run.results = run.dataset.load_annotation_results(run.key, **run.credentials)
    assert run.results.left_out
    check_stays(run, 16)


def test_edits_in_both_clips(clips, server):
    """The first task's edit counts; an edit counts more than a deletion."""
    run = Run(clips, server, CATS)
    change(run, 0, 4, 1.0)
    change(run, 1, 4, 2.0)
    task_id, shape = shape_on(run, 0, 5)
    run.change("delete", task_id, shapes=[shape])
    change(run, 1, 5, 3.0)

    assert run.load() == {"frames.cats": {"kept": 14, "changed": 2}}

    assert run.results.reconciliation.reasons == {DISPUTED: 2}
    assert dogs(run) == {4: [0.531], 5: [0.594]}
    check_stays(run, 16)
    change(run, 1, 4, 1.0)
    assert run.load() == {"frames.cats": {"kept": 15, "changed": 1}}
    assert dogs(run)[4] == [0.594]
    check_stays(run, 16)


def test_a_track_through_both_clips(clips, server):
    run = Run(clips, server, CATS)
    task_id = run.results.task_ids[1]
    [track] = run.annotations(task_id)["tracks"]
    run.change("delete", task_id, tracks=[track])
    shapes = [{**moved(each), "id": None} for each in track["shapes"]]
    run.change("create", task_id, tracks=[{**track, "id": None, "shapes": shapes}])

    assert run.load() == {"frames.cats": {"kept": 11, "changed": 5}}

    indexes = run.dataset.values("frames.cats.detections.index", unwind=True)
    assert [each for each in indexes if each is not None] == [7] * 12
    check_stays(run, 16)


def test_the_first_task_is_gone(clips, server):
    run = Run(clips, server, CATS)
    change(run, 0, 4, 1.0)
    assert run.load() == {"frames.cats": {"kept": 15, "changed": 1}}
    run.results.delete_tasks([run.task_id])

    assert run.load() == {"frames.cats": {"kept": 10}}

    assert dogs(run) == {4: [0.531], 5: [0.5]}


def test_a_sample_that_is_twice_in_a_view(dataset, server, tmp_path):
    [path] = media.make_images(tmp_path, ["1.png"])
    cats = fo.Detections(detections=[box(), box("dog", 0.5)])
    dataset.add_sample(fo.Sample(filepath=str(path), cats=cats))
    view = dataset.view().concat(dataset.view())
    run = Run(view, server, {"cats": {"type": "detections"}}, task_size=1)
    assert len(run.results.task_ids) == 2
    assert run.load() == {"cats": {"kept": 2}}
    assert run.differences() == []
    shape = run.annotations()["shapes"][0]
    run.change("update", shapes=[moved(shape)])

    assert run.load() == {"cats": {"kept": 1, "changed": 1}}

    loaded = run.documents()
    assert run.load() == {"cats": {"kept": 2}}
    assert run.differences(loaded) == []


def test_labels_in_another_field_stay_the_same(dataset, server, tmp_path):
    [path] = media.make_images(tmp_path, ["1.png"])
    cats = fo.Detections(detections=[box(), box("dog", 0.5)])
    dataset.add_sample(fo.Sample(filepath=str(path), cats=cats))
    run = Run(dataset, server, {"cats": {"type": "detections"}})
    first, second = run.annotations()["shapes"]
    drawn = {**moved(first, 3.0), "id": None, "attributes": []}
    run.change("create", shapes=[drawn])
    run.change("update", shapes=[moved(second)])
    assert run.load(dest_field="other") == {
        "cats": {"kept": 1, "changed": 1, "added": 1}
    }
    loaded = run.documents()

    assert run.load(dest_field="other") == {"cats": {"kept": 3}}

    assert run.differences(loaded) == []
    assert len(dataset.first().cats.detections) == 2


def test_instances_that_nobody_touched_stay(dataset, server, tmp_path):
    sample = fo.Sample(filepath=str(media.copy_video(tmp_path / "video.mp4")))
    mask = np.ones((5, 7), bool)
    for number in range(1, 13):
        cells = [box("cell", 0.3, mask=mask)]
        sample.frames[number] = fo.Frame(cells=fo.Detections(detections=cells))
    events = [
        fo.TemporalDetection(label="e", support=each) for each in ([1, 6], [4, 9])
    ]
    sample["events"] = fo.TemporalDetections(detections=events)
    dataset.add_sample(sample)
    schema = {"frames.cells": {"type": "instances"}}
    run = Run(dataset.to_clips("events"), server, schema)
    before = run.documents()

    assert run.load() == {"frames.cells": {"kept": 9}}
    assert run.differences(before) == []


@pytest.mark.parametrize("kind", ["frames", "patches"])
def test_instances_of_other_views_stay(dataset, server, tmp_path, kind):
    cells = fo.Detections(detections=[box("cell", 0.3, mask=np.ones((5, 7), bool))])
    if kind == "patches":
        paths = media.make_images(tmp_path, ("first.png", "second.png"))
        dataset.add_samples(
            fo.Sample(filepath=each, cells=cells.copy()) for each in paths
        )
        samples = dataset.to_patches("cells")
    else:
        paths = media.make_images(tmp_path, ("1.png", "2.png"))
        sample = fo.Sample(filepath=str(media.copy_video(tmp_path / "video.mp4")))
        for number, path in enumerate(paths, 1):
            sample.frames[number] = fo.Frame(filepath=path, cells=cells.copy())
        dataset.add_sample(sample)
        samples = dataset.to_frames()
    run = Run(samples, server, {"cells": {"type": "instances"}})
    before = run.documents()

    assert run.load() == {"cells": {"kept": 2}}
    assert run.differences(before) == []
