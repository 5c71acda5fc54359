"""Arguments of runs that are none, odd or empty."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat.errors import ConfigurationError
from tests import media
from tests.replay.run import Run, box

CATS = {"cats": {"type": "detections"}}


@pytest.fixture
def cats(dataset, tmp_path):
    for path in media.make_images(tmp_path, ("first.png", "second.png")):
        cats = fo.Detections(detections=[box(), box("", x=0.5)])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


@pytest.mark.parametrize("on_failure", ["rollback", "keep"])
def test_a_run_without_a_key(cats, server, on_failure):
    run = Run(
        cats,
        server,
        {"cats": {"type": "detections", "classes": ["cat"]}},
        key=None,
        on_failure=on_failure,
    )

    assert len(run.annotations()["shapes"]) == 2
    assert cats.list_annotation_runs() == []
    [task_id] = run.results.task_ids
    run.results.cleanup()
    assert not run.api.task_exists(task_id)
    assert run.differences() == []


def test_a_label_without_a_class_stays(cats, server, caplog):
    run = Run(cats, server, CATS)

    assert set(run.label_ids()) == {"cat"}
    assert "2 labels stay in FiftyOne: class '' is none of the run's" in caplog.text
    assert run.load() == {"cats": {"kept": 2}}
    assert run.differences() == []


def test_one_label_of_a_sample_without_a_class_stays(dataset, server, tmp_path, caplog):
    for path, name in zip(
        media.make_images(tmp_path, ("1.png", "2.png")), ("cat", ""), strict=True
    ):
        tag = fo.Classification(label=name)
        dataset.add_sample(fo.Sample(filepath=path, tag=tag))
    run = Run(dataset, server, {"tag": {"type": "classification"}})

    assert "1 labels stay in FiftyOne: class '' is none of the run's" in caplog.text
    assert run.load() == {"tag": {"kept": 1}}
    assert run.differences() == []


@pytest.mark.in_order
def test_a_step_leaves_labels_of_tracks_between(dataset, server, tmp_path, caplog):
    sample = fo.Sample(media.copy_video(tmp_path / "1.mp4"))
    for number in range(1, 13):
        boxes = [box("car", index=1), box("car", x=0.5)]
        cars = fo.Detections(detections=boxes)
        sample.frames[number] = fo.Frame(cars=cars)
    dataset.add_sample(sample)

    run = Run(dataset, server, {"frames.cars": {"type": "detections"}}, frame_step=3)

    assert "'frames.cars': 8 labels of tracks stay in FiftyOne" in caplog.text
    assert run.load() == {"frames.cars": {"kept": 8}}
    assert run.differences() == []


@pytest.mark.parametrize(
    "frames",
    [{"frame_step": 0}, {"frame_step": -2}, {"frame_start": -1}],
    ids=["no step", "step back", "start before"],
)
def test_frames_that_no_task_can_have(server, api, dataset, tmp_path, frames):
    dataset.add_sample(fo.Sample(media.copy_video(tmp_path / "1.mp4")))
    task_id, *_ = api.create_task("not filled", {"car": {}})
    with pytest.raises(ConfigurationError, match=next(iter(frames))):
        Run(dataset, server, {"frames.cars": {"type": "detections"}}, **frames)
    with pytest.raises(ConfigurationError, match=next(iter(frames))):
        api.upload_data(task_id, dataset.values("filepath"), **frames)
    assert dataset.list_annotation_runs() == []
