"""The same work through the built-in integration and through ours, on a server.

Whole runs, where ``tests/test_differences.py`` compares single members. What comes of
them is the same but for what each case says, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import fiftyone as fo
import numpy as np
import pytest

from fiftyone_cvat import CVATAnnotationAPI
from fiftyone_cvat.convert.shared.skeletons import skeleton_label
from fiftyone_cvat.dataset.video_metadata import add_video_metadata
from tests import media
from tests.replay.run import Run, box
from tests.replay.test_tracks import (
    COUNT,
    detections,
    film,
    key,
    labels_by_frame,
    new_track,
)

pytestmark = pytest.mark.skipif(
    not fo.__version__.startswith("1.22."),
    reason="the built-in integration of FiftyOne 1.22 is what ours is compared with",
)


class BuiltInRun(Run):
    """A run of the built-in integration; the annotator's work goes through ours."""

    def __init__(self, samples: Any, server: Any, label_schema: dict, **kwargs: Any):
        self.dataset = samples._root_dataset
        self.before = self.documents()
        self.credentials = {
            "url": server.url,
            "username": server.username,
            "password": server.password,
        }
        self.key = "theirs"
        if samples.media_type == "video":
            add_video_metadata(self.dataset)  # which it has from nothing but ffprobe
        self.results = samples.annotate(
            self.key,
            label_schema=label_schema,
            backend="cvat",
            config_cls="fiftyone.utils.cvat.CVATBackendConfig",
            **self.credentials,
            **kwargs,
        )
        self.api = CVATAnnotationAPI(
            "cvat", server.url, access_token=server.access_token
        )

    def load(self) -> None:
        self.dataset.load_annotations(self.key, unexpected="keep", **self.credentials)


@dataclass
class Case:
    """Some work, and what comes of it.

    Attributes:
        id: what it shows
        fill: fills an empty dataset
        schema: the run's label schema
        work: what the annotator does
        look: what of the run is compared after it was loaded
        theirs: what the built-in gives
        ours: what ours gives
        why: the reason for the difference
        view: what of the dataset is annotated
        kwargs: more arguments of the run
        project: the labels of a project that the run goes into
    """

    id: str
    fill: Callable
    schema: dict
    look: Callable
    theirs: Any
    ours: Any
    why: str
    work: Callable = lambda run: None
    view: Callable = lambda dataset: dataset
    kwargs: dict = field(default_factory=dict)
    project: list | None = None


def cars(dataset, folder):
    """Add a video; the car of frame n, from 1, has its left edge at pixel n."""
    film(dataset, folder, cars=lambda n: detections(box("car", n / 32)))


def clips(dataset, folder):
    cars(dataset, folder)
    sample = dataset.first()
    events = [
        fo.TemporalDetection(label="early", support=[2, 4]),
        fo.TemporalDetection(label="late", support=[8, 11]),
    ]
    sample["events"] = fo.TemporalDetections(detections=events)
    sample.save()


def frames_of_clips(run):
    """Return the first and last frame of each task, and how far off its boxes are."""
    found = []
    for task_id in run.results.task_ids:
        meta = run.api.get(run.api.task_data_meta_url(task_id)).json()
        shapes = run.annotations(task_id)["shapes"]
        off = {
            meta["start_frame"] + each["frame"] + 1 - round(each["points"][0])
            for each in shapes
        }
        found.append((meta["start_frame"], meta["stop_frame"], off))
    return found


def delete_frames(run):
    meta = run.api.task_data_meta_url(run.task_id)
    run.api.patch(meta, json={"deleted_frames": [0, 4]})


def cars_and_deleted_frames(run):
    told = getattr(run.results, "reconciliation", None)
    deleted = None if told is None else told.deleted_frames
    return sorted(labels_by_frame(run.dataset, "cars")), deleted


def empty(dataset, folder):
    film(dataset, folder, numbers=[])


def draw_across_jobs(run):
    one, two = [1, 1, 5, 5], [20, 1, 24, 5]
    leaves = {"outside": True}
    new_track(
        run, "car", key("rectangle", 0, *one), key("rectangle", 2, *one, **leaves)
    )
    new_track(run, "car", key("rectangle", 10, *two))
    across = [key("rectangle", 1, 4, 10, 14, 20), key("rectangle", 9, 12, 10, 22, 20)]
    new_track(run, "car", *across)


def tracks_by_index(run):
    """Return how many labels an index has, and how many frames have one twice."""
    frames = labels_by_frame(run.dataset, "cars")
    indexes = [each.index for labels in frames.values() for each in labels]
    twice = sum(len({c.index for c in cars}) < len(cars) for cars in frames.values())
    return {each: indexes.count(each) for each in sorted(set(indexes))}, twice


def texts(dataset, folder):
    [path] = media.make_images(folder, ("picture.png",))
    label = box(code="007", word="False", note="1e3")
    cats = fo.Detections(detections=[label])
    dataset.add_sample(fo.Sample(filepath=path, cats=cats))


def values_of_texts(run):
    [label] = run.dataset.first().cats.detections
    return label.code, label.word, label.note


TEXTS = {
    "cats": {
        "type": "detections",
        "attributes": {
            name: {"type": "text", "values": []} for name in ("code", "word", "note")
        },
    }
}


def draw_person(run):
    """Draw a skeleton of two points that moves to the right, on all frames but one."""
    [label] = run.api._get_task_labels(run.task_id)
    elements = [
        {
            "label_id": sublabel["id"],
            "frame": 1,
            "group": 0,
            "attributes": [],
            "shapes": [
                shape(key("points", frame, frame + number, 5)) for frame in (1, 11)
            ],
        }
        for number, sublabel in enumerate(label["sublabels"])
    ]
    new_track(run, "person", key("skeleton", 1), elements=elements)


def shape(given):
    common = {"occluded": False, "outside": False, "z_order": 0, "rotation": 0.0}
    return {**common, "attributes": [], **given}


def points_of_people(run):
    if not run.dataset.has_frame_field("people"):
        return []
    frames = labels_by_frame(run.dataset, "people")
    return [
        [round(x * 32) for x, _ in person.points]
        for _, people in sorted(frames.items())
        for person in people
    ]


MASK = np.random.default_rng(5).integers(0, 3, (24, 32)).astype(np.uint8)


def segmented(dataset, folder):
    [path] = media.make_images(folder, ("picture.png",))
    dataset.add_sample(fo.Sample(filepath=path, seg=fo.Segmentation(mask=MASK)))


def pixels_changed(run):
    return bool((run.dataset.first().seg.mask != MASK).any())


CASES = [
    Case(
        "clips",
        clips,
        {"frames.cars": {"type": "detections"}},
        frames_of_clips,
        theirs=[(2, 4, {1}), (8, 11, {1})],
        ours=[(1, 3, {0}), (7, 10, {0})],
        why="a clip's frames count from 1, and those of the server from 0",
        view=lambda dataset: dataset.to_clips("events"),
        # the built-in's own name for it has the time of day in it
        kwargs={"task_name": "clips"},
    ),
    Case(
        "deleted frames",
        cars,
        {"frames.cars": {"type": "detections"}},
        cars_and_deleted_frames,
        theirs=(list(range(1, COUNT + 1)), None),
        ours=(list(range(1, COUNT + 1)), 2),
        why="labels on deleted frames stay, and somebody should know of it",
        work=delete_frames,
    ),
    Case(
        "tracks across jobs",
        empty,
        {"frames.cars": {"type": "detections", "classes": ["car"]}},
        tracks_by_index,
        theirs=({1: 28, 2: 15}, 8),
        ours=({1: 2, 2: COUNT - 1, 3: 2}, 0),
        why="a track has an index of its own and ends where it ends, in whatever jobs",
        work=draw_across_jobs,
        kwargs={"segment_size": 4},
    ),
    Case(
        "skeleton tracks",
        empty,
        {"frames.people": {"type": "keypoints", "classes": ["person"]}},
        points_of_people,
        theirs=[],
        ours=[[n, n + 1] for n in range(1, COUNT)],
        why="tracks of skeletons are labels as others are",
        work=draw_person,
        project=[skeleton_label("person", ["left", "right"], [[0, 1]], [])],
    ),
    Case(
        "texts",
        texts,
        TEXTS,
        values_of_texts,
        theirs=(7, False, 1000.0),
        ours=("007", "False", "1e3"),
        why="an attribute of texts keeps its texts, whatever they look like",
    ),
    Case(
        "texts that are asked for",
        texts,
        TEXTS,
        values_of_texts,
        theirs=("007", "False", "1e3"),
        ours=("007", "False", "1e3"),
        why="",
        kwargs={"coerce_text_attrs": False},
    ),
    Case(
        "segmentation",
        segmented,
        {"seg": {"type": "segmentation", "mask_targets": {1: "road", 2: "sky"}}},
        pixels_changed,
        theirs=True,
        ours=False,
        why="a mask that goes up and comes back untouched is the same",
    ),
]


def outcome(case, kind, dataset, server, folder):
    dataset.clear()
    case.fill(dataset, folder)
    kwargs = dict(case.kwargs)
    if case.project:
        with CVATAnnotationAPI(
            "cvat", server.url, access_token=server.access_token
        ) as api:
            body = {"name": case.id, "labels": case.project}
            kwargs["project_id"] = api.post(api.projects_url, json=body).json()["id"]
    run = kind(case.view(dataset), server, case.schema, **kwargs)
    case.work(run)
    run.load()
    return case.look(run)


@pytest.mark.parametrize("case", [pytest.param(each, id=each.id) for each in CASES])
def test_runs(dataset, server, tmp_path, object_ids, case):
    theirs = outcome(case, BuiltInRun, dataset, server, tmp_path)
    # the ids of what goes up must not depend on how many labels there were before:
    # those that are in memory still get new ones
    dataset.clear()
    object_ids(100_000)
    ours = outcome(case, Run, dataset, server, tmp_path)
    assert (ours, theirs) == (case.ours, case.theirs)
    assert (ours == theirs) is not bool(case.why)
