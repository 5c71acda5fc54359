"""Views that show other values: what the dataset edits meanwhile comes before them."""

from __future__ import annotations

import fiftyone as fo
import pytest
from fiftyone import ViewField as F

from tests import media
from tests.replay.run import Run, box, moved

NAMES = ("1.png", "2.png")


@pytest.fixture
def cats(dataset, tmp_path):
    for path in media.make_images(tmp_path, NAMES):
        cats = fo.Detections(detections=[box(score=1.0), box("dog", 0.5, score=2.0)])
        kind = fo.Classification(label="pet", score=1.0)
        sample = fo.Sample(filepath=path, cats=cats, kind=kind, weather="sun")
        dataset.add_sample(sample)
    dataset.add_dynamic_sample_fields()
    return dataset


SCHEMA = {
    "cats": {
        "type": "detections",
        "classes": ["cat", "dog", "lion"],
        "attributes": {"score": {"type": "text"}},
    },
    "kind": {
        "type": "classification",
        "classes": ["pet", "beast"],
        "attributes": {"score": {"type": "text"}},
    },
    "weather": {"type": "scalar", "classes": ["sun", "rain", "snow"]},
}

VIEWS = {
    "set_field": lambda each: each.set_field("cats.detections.score", 9.0),
    "set_field of itself": lambda each: each.set_field(
        "cats.detections.score", F("score") * 2
    ),
    "map_values": lambda each: each.map_values("cats.detections.score", {1.0: 9.0}),
    "map_labels": lambda each: each.map_labels("cats", {"cat": "lion", "dog": "cat"}),
    "set_field of a class": lambda each: each.set_field(
        "cats.detections.label", "lion"
    ),
    "set_field of a place": lambda each: each.set_field(
        "cats.detections.bounding_box", [0.1, 0.1, 0.2, 0.2]
    ),
    "set_field of one label": lambda each: each.set_field("kind.score", 9.0),
    "set_field of a scalar": lambda each: each.set_field("weather", "rain"),
    "map_values of a scalar": lambda each: each.map_values("weather", {"sun": "rain"}),
}


def shown_and_edited(view, dataset):
    """Edit all that the first sample has; return what a load has to make of all."""
    paths = ["cats.detections.label", "cats.detections.score"]
    paths += ["cats.detections.bounding_box", "kind.label", "kind.score", "weather"]
    shown = {path: view.values(path) for path in paths}
    sample = dataset.first()
    first, second = sample.cats.detections
    first.score, second.score = 7.0, 8.0
    first.label, second.label = "dog", "lion"
    first.bounding_box = second.bounding_box = [0.3, 0.3, 0.4, 0.4]
    sample.kind.label, sample.kind.score = "beast", 7.0
    sample.weather = "snow"
    sample.save()
    return {path: [dataset.values(path)[0], shown[path][1]] for path in paths}


@pytest.mark.parametrize("name", VIEWS)
def test_what_is_edited_in_the_dataset(cats, server, name):
    view = VIEWS[name](cats)
    run = Run(view, server, SCHEMA)
    expected = shown_and_edited(view, cats)

    for _ in range(2):
        counts = run.load()
        assert {path: cats.values(path) for path in expected} == expected
    assert counts == {"cats": {"kept": 4}, "kind": {"kept": 2}, "weather": {"kept": 2}}


def test_what_is_touched_in_cvat_comes_first(cats, server):
    view = VIEWS["set_field"](cats)
    run = Run(view, server, {"cats": SCHEMA["cats"]})
    expected = shown_and_edited(view, cats)["cats.detections.score"]
    [shape, *_] = sorted(run.annotations()["shapes"], key=lambda each: each["id"])
    run.change("update", shapes=[moved(shape)])

    assert run.load() == {"cats": {"kept": 3, "changed": 1}}
    expected[0][0] = 9.0
    assert cats.values("cats.detections.score") == expected
    before = run.documents()
    assert run.load() == {"cats": {"kept": 4}}
    assert run.differences(before) == []


def test_another_process_loads(cats, server):
    view = VIEWS["set_field"](cats)
    run = Run(view, server, SCHEMA)
    expected = shown_and_edited(view, cats)
    cats._annotation_cache.clear()
    run.results = cats.load_annotation_results(run.key, **run.credentials)

    run.load()

    assert {path: cats.values(path) for path in expected} == expected


def test_a_view_of_frames(dataset, server, tmp_path):
    sample = fo.Sample(filepath=str(media.copy_video(tmp_path / "video.mp4")))
    for number, path in enumerate(media.make_images(tmp_path, NAMES), 1):
        cats = fo.Detections(detections=[box(score=1.0)])
        sample.frames[number] = fo.Frame(filepath=str(path), cats=cats)
    dataset.add_sample(sample)
    dataset.add_dynamic_frame_fields()
    frames = dataset.to_frames(sample_frames=False)
    view = frames.set_field("cats.detections.score", 9.0)
    run = Run(view, server, {"cats": SCHEMA["cats"]})
    sample = dataset.first()
    sample.frames[1].cats.detections[0].score = 7.0
    sample.save()

    for _ in range(2):
        assert run.load() == {"cats": {"kept": 2}}
        scores = dataset.values("frames.cats.detections.score", unwind=True)
        assert scores[:2] == [7.0, 9.0]


# --- a merge that stops -------------------------------------------------------


def stop(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize("where", ["finish_merge", "_end_merge"])
@pytest.mark.parametrize("name", ["set_field of itself", "map_labels", "map_values"])
@pytest.mark.parametrize("is_another", [False, True], ids=["same", "another"])
def test_a_load_that_stops_after_the_merge(
    cats, server, monkeypatch, name, where, is_another
):
    """What the view shows is in the dataset then: it is not mapped on."""
    view = VIEWS[name](cats)
    paths = ("cats.detections.label", "cats.detections.score")
    shown = {path: view.values(path) for path in paths}
    run = Run(view, server, {"cats": SCHEMA["cats"]})
    module = "backend" if where == "finish_merge" else "dataset.merges"
    with monkeypatch.context() as patch:
        patch.setattr(f"fiftyone_cvat.{module}.{where}", stop)
        with pytest.raises(KeyboardInterrupt):
            run.load()
    if is_another:
        cats._annotation_cache.clear()
        run.results = cats.load_annotation_results(run.key, **run.credentials)

    for _ in range(2):
        assert run.load() == {"cats": {"kept": 4}}
        assert {path: cats.values(path) for path in paths} == shown
