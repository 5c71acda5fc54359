"""Two runs whose answers are spoiled: pictures with labels of every kind, and a video.

Each goes up once, to a stand-in for a server; what that then answers is the truth that
answers are spoiled from.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import fiftyone as fo
import numpy as np
import orjson

from fiftyone_cvat.transport.responses import Response
from tests import media
from tests.faults.server import VIDEO, StandIn

KINDS = ("tags", "shapes", "tracks")
LISTS = ("detections", "classifications", "polylines", "keypoints")


class Parsed(Response):
    """An answer as an object: it may hold NaN, which JSON cannot."""

    __slots__ = ("value",)

    def json(self) -> Any:
        return self.value


def parsed(url: str, value: Any) -> Parsed:
    answer = Parsed("GET", url, 200, "OK", {"content-type": "application/json"}, b"")
    object.__setattr__(answer, "value", value)
    return answer


class SpoiledRun:
    """A run that can be loaded again and again from other answers.

    Attributes:
        answers: name of an answer (``annotations``, ``meta``, ``labels``, ``jobs``) to
            what an honest server answers
        labels: what the run has in the dataset: label id, or field and frame of a
            scalar, to a value to compare
        track_of: label id to the key of its track
        frame_of: label id, or key of a scalar, to position of its frame
        segmentations: the ids of those
    """

    def __init__(self, samples: Any, server: StandIn, schema: dict[str, Any]) -> None:
        self.results = samples.annotate(
            "run",
            label_schema=schema,
            backend="cvat",
            config_cls="fiftyone_cvat.backend.CVATBackendConfig",
            url=server.url,
            access_token="token",
        )
        self.api = self.results.connect_to_api()
        (self.task_id,) = self.results.task_ids
        # as of a task of several jobs, whose frames are asked for
        self.results.job_ids = {self.task_id: [1, 2]}
        record = server.tasks[self.task_id]
        stop = record["meta"]["size"] - 1
        self.answers = {
            "annotations": record["annotations"],
            "meta": record["meta"],
            "labels": page(record["labels"]),
            "jobs": page(
                [{"type": "annotation", "start_frame": 0, "stop_frame": stop}]
            ),
        }
        self._kept = {name: deepcopy(getattr(self.results, name)) for name in STATE}
        self._schema = deepcopy(self.results.config.label_schema)
        self.labels: dict[Any, Any] = {}
        self.track_of: dict[Any, Any] = {}
        self.frame_of: dict[Any, int] = {}
        self.segmentations: set[str] = set()
        refs = self.results.frame_id_map[self.task_id]
        self.position = {
            each.get("frame_id", each["sample_id"]): n for n, each in refs.items()
        }
        self.fields = list(schema)
        for field, frame, key, value in self._labels(self.load()):
            self.labels[key] = plain(value)
            self.frame_of[key] = frame
            if isinstance(value, fo.Segmentation):
                self.segmentations.add(key)
            if isinstance(value, fo.Label) and value.to_dict().get("index") is not None:
                self.track_of[key] = (field, value.label, value.index)
        counts = self.results.reconciliation
        assert all(counts.totals(each)["kept"] for each in schema), counts.lines()

    def load(self, answers: dict[str, Any] | None = None) -> dict[Any, Any]:
        """Read answers, which default to the true ones, as parsed JSON."""
        answers = deepcopy(self.answers) if answers is None else answers
        return self.load_with(lambda name, url: parsed(url, answers[name]))

    def load_with(self, answer: Callable[[str, str], Response]) -> dict[Any, Any]:
        """Read what a function of the answer's name and its URL returns."""
        for name, value in self._kept.items():
            setattr(self.results, name, deepcopy(value))
        self.results.whole_attributes.clear()
        self.results.config.label_schema = deepcopy(self._schema)
        self.api.get = lambda url, **_: answer(name_of(url), url)
        try:
            return self.api.download_annotations(self.results)
        finally:
            del self.api.get

    def found(self, annotations: dict[Any, Any]) -> dict[Any, Any]:
        """Return the labels of a result by id, or by field and frame for scalars."""
        return {key: plain(value) for _, _, key, value in self._labels(annotations)}

    def _labels(self, annotations: Any) -> Iterator[tuple[str, int, Any, Any]]:
        for field, by_kind in annotations.items():
            for kind, by_sample in by_kind.items():
                for sample_id, each in by_sample.items():
                    in_frames = field.startswith("frames.")
                    by_frame = each if in_frames else {sample_id: each}
                    for ref, values in by_frame.items():
                        frame = self.position[ref]
                        if kind == "scalar":
                            yield field, frame, (field, frame), values
                            continue
                        for label_id, value in values.items():
                            yield field, frame, label_id, value


STATE = ("server_id_map", "id_map", "task_ids", "frame_id_map", "labels_task_map")


def name_of(url: str) -> str:
    path = urllib.parse.urlsplit(url).path
    return next(n for n in ("annotations", "meta", "labels", "jobs") if n in path)


def page(items: list[Any]) -> dict[str, Any]:
    return {"count": len(items), "next": None, "previous": None, "results": items}


def plain(value: Any) -> Any:
    """Return a label as a value that can be compared."""
    return repr(value.to_dict()) if isinstance(value, fo.Label) else value


def as_json(url: str, value: Any) -> Response:
    content = value if isinstance(value, bytes) else orjson.dumps(value)
    return Response("GET", url, 200, "OK", {"content-type": "text/html"}, content)


def pictures_run(server: StandIn, folder: Any) -> SpoiledRun:
    dataset = fo.Dataset()
    dataset.skeletons = {
        "pose": fo.KeypointSkeleton(labels=["a", "b", "c"], edges=[[0, 1], [1, 2]])
    }
    mask = np.zeros((5, 7), bool)
    mask[1:4, 2:6] = True
    ground = np.zeros((24, 32), np.uint8)
    ground[3:9, 4:20], ground[12:20, 1:9] = 1, 2
    triangle = [(0.1, 0.1), (0.63, 0.2), (0.4, 0.77)]
    second = [(0.7, 0.7), (0.9, 0.75), (0.8, 0.93)]
    for number, path in enumerate(media.make_images(folder, ["1.png", "2.png"])):
        box = [0.11 + 0.1 * number, 0.2, 0.31, 0.27]
        named = {"color": "red", "age": number + 1}
        masked = {"mask": mask, "bounding_box": [0.25, 0.25, 7 / 32, 5 / 24]}
        dataset.add_sample(
            fo.Sample(
                path,
                boxes=fo.Detections(
                    detections=[
                        fo.Detection(label="cat", bounding_box=box, **named),
                        fo.Detection(label="dog", bounding_box=[0.5, 0.5, 0.3, 0.4]),
                    ]
                ),
                one=fo.Detection(label="sole", bounding_box=[0.3, 0.1, 0.2, 0.2]),
                cells=fo.Detections(detections=[fo.Detection(label="cell", **masked)]),
                areas=fo.Polylines(
                    polylines=[
                        fo.Polyline(
                            label="area",
                            points=[triangle, second],
                            closed=True,
                            filled=True,
                        )
                    ]
                ),
                ways=fo.Polylines(
                    polylines=[fo.Polyline(label="way", points=[triangle])]
                ),
                dots=fo.Keypoints(
                    keypoints=[fo.Keypoint(label="dot", points=triangle)]
                ),
                pose=fo.Keypoints(keypoints=[fo.Keypoint(label="man", points=second)]),
                kind=fo.Classification(label="indoor"),
                ground=fo.Segmentation(mask=ground),
                mark="good",
                state="new" if number else "old",
                level=number + 5,
            )
        )
    schema = {
        "boxes": {
            "type": "detections",
            "classes": ["cat", "dog"],
            "attributes": {
                "color": {"type": "select", "values": ["red", "blue"]},
                "age": {"type": "text"},
            },
        },
        "one": {"type": "detection", "classes": ["sole"]},
        "cells": {"type": "instances", "classes": ["cell"]},
        "areas": {"type": "polygons", "classes": ["area"]},
        "ways": {"type": "polylines", "classes": ["way"]},
        "dots": {"type": "keypoints", "classes": ["dot"]},
        "pose": {"type": "keypoints", "classes": ["man"]},
        "kind": {"type": "classification", "classes": ["indoor", "outdoor"]},
        "ground": {"type": "segmentation", "mask_targets": {1: "sky", 2: "road"}},
        "mark": {"type": "scalar", "classes": ["good", "bad"]},
        "state": {"type": "scalar", "classes": ["new", "old"]},
        "level": {"type": "scalar"},
    }
    return SpoiledRun(dataset, server, schema)


def video_run(server: StandIn, folder: Any) -> SpoiledRun:
    dataset = fo.Dataset()
    dataset.default_skeleton = fo.KeypointSkeleton(
        labels=["a", "b", "c"], edges=[[0, 1], [1, 2]]
    )
    sample = fo.Sample(media.copy_video(folder / "video.mp4"))
    for number in range(1, VIDEO + 1):
        x = 0.03 * number
        boxes = [
            fo.Detection(label="cat", bounding_box=[x, 0.2, 0.3, 0.27], index=1),
            fo.Detection(label="dog", bounding_box=[0.5, x, 0.3, 0.3], index=2),
        ]
        if number in (3, 7):
            boxes.append(fo.Detection(label="cat", bounding_box=[0.1, 0.6, 0.1, 0.3]))
        corners = [(x, 0.1), (0.6, 0.2), (0.4, 0.7 + 0.01 * number)]
        lane = fo.Polyline(
            label="lane", points=[corners], closed=True, filled=True, index=1
        )
        man = fo.Keypoint(label="man", points=corners, index=1)
        lanes = [lane] if number not in (5, 6) else []
        sample.frames[number] = fo.Frame(
            boxes=fo.Detections(detections=boxes),
            lanes=fo.Polylines(polylines=lanes),
            people=fo.Keypoints(keypoints=[man]),
            mood="calm" if number < 5 else "wild",
        )
    dataset.add_sample(sample)
    schema = {
        "frames.boxes": {"type": "detections", "classes": ["cat", "dog"]},
        "frames.lanes": {"type": "polygons", "classes": ["lane"]},
        "frames.people": {"type": "keypoints", "classes": ["man"]},
        "frames.mood": {"type": "scalar", "classes": ["calm", "wild"]},
    }
    return SpoiledRun(dataset, server, schema)
