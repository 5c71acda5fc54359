"""The demo's pictures and video as samples of FiftyOne, and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np

from fiftyone_cvat.convert.shared.run_lengths import mask_to_runs, runs_to_mask
from fiftyone_cvat.demo.pictures import (
    FIELDS,
    Box,
    Picture,
    Thing,
    Video,
    bounds,
)

__all__ = [
    "LABEL_TYPES",
    "picture_to_sample",
    "sample_to_frames",
    "sample_to_picture",
    "video_to_sample",
]

LABEL_TYPES = {
    "box": "detections",
    "mask": "instances",
    "polygon": "polygons",
    "skeleton": "keypoints",
}
"""FiftyOne's type of the labels of each kind of things in pictures."""

Size = tuple[int, int]


def picture_to_sample(picture: Picture, size: Size) -> Any:
    """Return a sample with the labels of a picture.

    Args:
        picture: the picture
        size: its width and height in pixels
    """
    labels: dict[str, list[Any]] = {kind: [] for kind in LABEL_TYPES}
    for thing in picture.things.values():
        labels[thing.kind].append(_thing_to_label(thing, size))
    sample = fo.Sample(
        filepath=str(picture.path),
        scene=fo.Classification(id=picture.scene_id, label=picture.scene),
    )
    sample[FIELDS["box"]] = fo.Detections(detections=labels["box"])
    sample[FIELDS["mask"]] = fo.Detections(detections=labels["mask"])
    sample[FIELDS["polygon"]] = fo.Polylines(polylines=labels["polygon"])
    sample[FIELDS["skeleton"]] = fo.Keypoints(keypoints=labels["skeleton"])
    return sample


def _thing_to_label(thing: Thing, size: Size) -> Any:
    if thing.kind in ("polygon", "skeleton"):
        pairs = zip(thing.points[::2], thing.points[1::2], strict=True)
        points = [(x / size[0], y / size[1]) for x, y in pairs]
        if thing.kind == "skeleton":
            return fo.Keypoint(id=thing.id, label=thing.name, points=points)
        return fo.Polyline(
            id=thing.id, label=thing.name, points=[points], closed=True, filled=True
        )
    box = _relative(thing.box, size)
    label = fo.Detection(id=thing.id, label=thing.name, bounding_box=box)
    if thing.kind == "mask":
        label.mask = np.asarray(runs_to_mask(thing.points)[0], dtype=bool)
    else:
        label["motion"] = thing.motion
    return label


def video_to_sample(video: Video) -> Any:
    """Return a sample with the frames of a video and its track."""
    sample = fo.Sample(filepath=str(video.path))
    for picture in video.pictures():
        (thing,) = picture.things.values()
        label = fo.Detection(
            id=f"{video.id}{picture.frame:02x}",
            label=thing.name,
            bounding_box=_relative(thing.box, video.size),
            index=video.index,
            keyframe=picture.frame in video.keyframes,
        )
        name = FIELDS["track"].removeprefix("frames.")
        sample.frames[picture.frame] = fo.Frame(
            **{name: fo.Detections(detections=[label])}
        )
    return sample


def sample_to_picture(sample: Any, path: Path, size: Size) -> Picture:
    """Return a picture with the labels that a sample has.

    Args:
        sample: the sample
        path: the file, as it was before
        size: its width and height in pixels
    """
    things = [
        *(_box(each, size) for each in sample[FIELDS["box"]].detections),
        *(_mask(each, size) for each in sample[FIELDS["mask"]].detections),
        *(
            _points(each, "polygon", each.points[0], size)
            for each in sample[FIELDS["polygon"]].polylines
        ),
        *(
            _points(each, "skeleton", each.points, size)
            for each in sample[FIELDS["skeleton"]].keypoints
        ),
    ]
    by_id = {thing.id: thing for thing in things}
    return Picture(path, sample.scene.id, sample.scene.label, by_id)


def sample_to_frames(sample: Any, video: Video) -> list[Picture]:
    """Return the frames of a video with the tracks that a sample has.

    A thing has the number of its track for an id.

    Args:
        sample: the sample
        video: the video, as it was before
    """
    pictures = []
    for number in range(1, video.frames + 1):
        labels = sample.frames[number][FIELDS["track"].removeprefix("frames.")]
        things = {
            str(each.index): Thing(
                str(each.index),
                each.label,
                _pixels(each.bounding_box, video.size),
                kind="track",
            )
            for each in (labels.detections if labels else ())
        }
        pictures.append(Picture(video.path, "", "", things, number))
    return pictures


def _box(label: Any, size: Size) -> Thing:
    box = _pixels(label.bounding_box, size)
    return Thing(label.id, label.label, box, label["motion"])


def _mask(label: Any, size: Size) -> Thing:
    box = _pixels(label.bounding_box, size)
    left, top = round(box[0]), round(box[1])
    runs = tuple(mask_to_runs(np.asarray(label.mask, dtype=bool), left, top))
    return Thing(label.id, label.label, box, kind="mask", points=runs)


def _points(
    label: Any, kind: str, relative: Sequence[Sequence[float]], size: Size
) -> Thing:
    points = tuple(
        value for x, y in relative for value in (float(x) * size[0], float(y) * size[1])
    )
    return Thing(label.id, label.label, bounds(points), kind=kind, points=points)


def _relative(box: Box, size: Size) -> list[float]:
    (left, top, width, height), (wide, high) = box, size
    return [left / wide, top / high, width / wide, height / high]


def _pixels(box: Sequence[float], size: Size) -> Box:
    (left, top, width, height), (wide, high) = box, size
    return left * wide, top * high, width * wide, height * high
