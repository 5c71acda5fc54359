"""Annotations that are converted as they are checked, and kept until they go up."""

from __future__ import annotations

import logging
import tracemalloc
from collections import Counter
from types import SimpleNamespace

import fiftyone as fo
import pytest

from fiftyone_cvat.api.field_members import FieldMembers
from fiftyone_cvat.convert.shared.frames import frame_refs
from fiftyone_cvat.convert.to_cvat.schema import build_cvat_schema
from fiftyone_cvat.dataset.frame_sizes import sizes_in_metadata
from fiftyone_cvat.types import Size
from fiftyone_cvat.upload import task_annotations
from fiftyone_cvat.upload.run_state import RunState
from fiftyone_cvat.upload.task_annotations import RunAnnotations, TaskAnnotations
from tests.builders import detection

INFO = {"type": "detections", "classes": ["cat"], "existing_field": True}
CONFIG = SimpleNamespace(
    frame_start=None, frame_stop=None, frame_step=None, media_field="filepath"
)
NO_ARGUMENTS = (None, None, None)


@pytest.fixture
def samples():
    dataset = fo.Dataset()
    for number in (1, 2):
        labels = [detection("cat", number=number), detection("dog", number=10 + number)]
        dataset.add_sample(
            fo.Sample(
                f"/{number}.png",
                a=fo.Detections(detections=labels),
                metadata=fo.ImageMetadata(width=100, height=50),
            )
        )
    yield dataset
    dataset.delete()


class Task:
    """One task of a run with one field, checked and then asked for."""

    def __init__(self, samples):
        self.samples = samples
        self.converted = []
        self.api = FieldMembers()
        schema, *_ = build_cvat_schema({"a": INFO})
        run = RunState(schema, {}, {}, {}, None, {"a": INFO})
        self.run = RunAnnotations(self.api, run, CONFIG)
        convert = self.run._convert
        self.run._convert = lambda *args: (
            self.converted.append(args[-1]) or (convert(*args))
        )

    @property
    def frames(self):
        return frame_refs(self.api._build_frame_id_map(self.samples))

    def check(self):
        self.run.check(self.samples, 0)

    def annotations(self, *sizes):
        return self.run.of_task(
            0, self.samples, NO_ARGUMENTS, self.frames, dict(enumerate(sizes))
        )


@pytest.fixture
def task(samples):
    return Task(samples)


def points(annotations):
    return [each["points"] for each in annotations.shapes]


def test_labels_are_converted_once_if_the_server_agrees_about_the_sizes(task):
    task.check()
    annotations = task.annotations(Size(100, 50), Size(100, 50))

    assert len(task.converted) == 1
    assert [each["frame"] for each in annotations.shapes] == [0, 1]
    assert set(annotations.id_map["a"]) == set(task.samples.values("id"))
    assert not task.run._checked


def test_labels_are_converted_again_for_a_picture_that_the_server_turns(task):
    task.check()
    expected = task.annotations(Size(100, 50), Size(100, 50))
    task.check()
    turned = task.annotations(Size(100, 50), Size(50, 100))

    assert len(task.converted) == 3
    assert points(turned)[0] == points(expected)[0]
    assert points(turned)[1] == [
        x * by for x, by in zip(points(expected)[1], (0.5, 2, 0.5, 2), strict=True)
    ]


def test_labels_are_converted_again_where_the_samples_have_another_order(task):
    task.check()
    expected = task.annotations(Size(100, 50), Size(100, 50))
    task.check()
    ids = task.samples.values("id")
    task.samples = task.samples.select(ids[::-1], ordered=True)
    turned = task.annotations(Size(100, 50), Size(100, 50))

    identities = [each["attributes"] for each in expected.shapes]
    assert [each["attributes"] for each in turned.shapes] == identities[::-1]


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        fo.ImageMetadata(width=0, height=50),
        fo.ImageMetadata(width=-100, height=-50),
        fo.ImageMetadata(width=100_000, height=100_000),
    ],
)
def test_labels_are_converted_again_if_nothing_tells_the_sizes(task, metadata):
    sample = task.samples.first()
    sample.metadata = metadata
    sample.save()
    task.check()

    assert not task.run._checked
    assert task.converted == [dict.fromkeys((0, 1), Size(1, 1))]


def test_metadata_are_not_those_of_other_media(task):
    config = SimpleNamespace(**{**vars(CONFIG), "media_field": "thumbnail_path"})
    task.run._config = config
    task.check()

    assert not task.run._checked
    assert task.converted == [dict.fromkeys((0, 1), Size(1, 1))]


def test_no_more_is_kept_than_there_is_room_for(task, monkeypatch):
    monkeypatch.setattr(task_annotations, "MAX_KEPT", 0)
    number = (
        4 + task_annotations.NUMBERS_BESIDES + task_annotations.NUMBERS_OF_ATTRIBUTE
    )
    task.run._room = 2 * number - 1
    task.check()
    assert not task.run._checked

    task.run._room += 1
    task.check()
    assert list(task.run._checked) == [0]
    assert task.run._room == 0


@pytest.mark.parametrize("sizes", [(Size(100, 50),) * 2, (Size(50, 100),) * 2])
def test_labels_that_are_not_sent_are_told_once(task, sizes, caplog):
    caplog.set_level(logging.WARNING)
    task.check()
    task.annotations(*sizes)

    told = [each for each in caplog.messages if "'dog'" in each]
    assert told == [
        "Field 'a': 2 labels stay in FiftyOne: class 'dog' is none of the run's"
    ]


def test_sizes_of_point_clouds_are_none(samples):
    frames = frame_refs(FieldMembers()._build_frame_id_map(samples))
    clouds = SimpleNamespace(media_type="point-cloud")

    assert sizes_in_metadata(clouds, frames) == dict.fromkeys((0, 1), Size(0, 0))


def test_numbers_are_counted_in_shapes_and_tracks():
    def part(count, *values, **parts):
        attributes = [{"spec_id": "a", "value": each} for each in values]
        return {"points": [0.0] * count, "attributes": attributes, **parts}

    shapes = [part(4, "x", "y" * 320), part(0, elements=[part(2)] * 3, shapes=[])]
    element = part(0, shapes=[part(2)] * 5)
    tracks = [part(0, shapes=[part(6), part(0)], elements=[element])]
    task = TaskAnnotations({}, {}, [part(0)], shapes, tracks, {}, {"a": Counter()})

    parts = 1 + 1 + 4 + 3 + 6
    numbers = 4 + 3 * 2 + 6 + 5 * 2
    texts = (
        2 * task_annotations.NUMBERS_OF_ATTRIBUTE
        + 320 // task_annotations.CHARACTERS_OF_NUMBER
    )
    assert (
        task.count_numbers()
        == numbers + texts + parts * task_annotations.NUMBERS_BESIDES
    )


@pytest.mark.parametrize("nodes", [0, 133])
@pytest.mark.parametrize("text", ["red", "r" * 3600])
def test_what_is_kept_takes_no_more_memory_than_its_numbers(nodes, text):
    def shape(number):
        element = {"points": [0.5 + number, 0.5], "attributes": []}
        values = [{"spec_id": "a", "value": f"{number}{text}"} for _ in range(5)]
        own = {"points": [0.1 + number] * 4, "attributes": values, "frame": number}
        rest = dict.fromkeys(("type", "label_id", "occluded", "z_order", "group"))
        elements = [{**element, **rest} for _ in range(nodes)]
        return own | rest | {"elements": elements}

    tracemalloc.start()
    shapes = [shape(number) for number in range(200)]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    task = TaskAnnotations({}, {}, shapes=shapes)
    assert size < 48 * task.count_numbers()
