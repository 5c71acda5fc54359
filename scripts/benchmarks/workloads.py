"""The workloads: media, and annotations in the server's form with names for ids.

Everything is made from seeded numbers, so that every process makes the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.media import make_pictures, make_video

Json = dict[str, Any]

CLASSES = ("car", "person", "road", "sky", "tree")
COLORS = ("red", "green", "blue")


@dataclass(slots=True, kw_only=True)
class Job:
    """What one workload sends and reads.

    Attributes:
        media: the pictures, or one video, in order
        size: width and height in pixels
        label_type: the type of the field
        frames: the frames of the video; 0 for pictures
        attributes: names and choices of the attributes; no choices for a text
        task_size: how many pictures go into one task; None for all
        segment_size: how many pictures go into one job; None for all
        shapes: shapes that go up, with names in ``label_id`` and ``spec_id``
        tracks: tracks that go up, likewise
        drawn: shapes that are drawn on the server before it is read, likewise
        drawn_tracks: tracks, likewise
    """

    media: list[Path]
    size: tuple[int, int]
    label_type: str
    frames: int = 0
    attributes: dict[str, list[str]] = field(default_factory=dict)
    task_size: int | None = None
    segment_size: int | None = None
    shapes: list[Json] = field(default_factory=list)
    tracks: list[Json] = field(default_factory=list)
    drawn: list[Json] = field(default_factory=list)
    drawn_tracks: list[Json] = field(default_factory=list)

    @property
    def tasks(self) -> list[range]:
        """The positions of the pictures of each task."""
        count = self.frames or len(self.media)
        size = self.task_size or count
        return [
            range(first, min(first + size, count)) for first in range(0, count, size)
        ]


@dataclass(frozen=True, slots=True)
class Workload:
    """One line of the tables.

    Attributes:
        title: what it is, for a reader
        make: makes its media in a folder and returns what is sent and read
        phases: what is measured of it
    """

    title: str
    make: Callable[[Path], Job]
    phases: tuple[str, ...] = ("annotate", "load")


def shape(kind: str, frame: int, points: list[float], number: int) -> Json:
    """Return a shape of one of the classes in turn."""
    return {
        "type": kind,
        "label_id": CLASSES[number % len(CLASSES)],
        "frame": frame,
        "points": points,
        "rotation": 0.0,
        "occluded": False,
        "z_order": 0,
        "group": 0,
        "source": "manual",
        "attributes": [],
    }


def rectangles(frames: int, each: int, size: tuple[int, int]) -> list[Json]:
    """Return random rectangles at tenths of a pixel."""
    rng = np.random.default_rng(7)
    corners = rng.uniform(0, 0.45, (frames * each, 2))
    extents = rng.uniform(0.05, 0.5, (frames * each, 2))
    values = np.hstack([corners, corners + extents]) * (*size, *size)
    return [
        shape("rectangle", number // each, points, number)
        for number, points in enumerate(values.round(1).tolist())
    ]


def disc(radius: int, seed: int) -> NDArray[np.bool_]:
    """Return a mask with a wavy border in an array that fits it."""
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    angle = np.arctan2(y, x)
    inside = np.hypot(x, y) <= radius * (0.9 + 0.1 * np.cos(5 * angle + seed))
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    tight: NDArray[np.bool_] = inside[
        rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1
    ]
    return tight


def runs(mask: NDArray[np.bool_], left: int, top: int) -> list[float]:
    """Return a mask as the server takes it, in a way that is slow and plain."""
    lengths, last = [0], False
    for value in mask.ravel().tolist():
        if value != last:
            lengths.append(0)
            last = value
        lengths[-1] += 1
    height, width = mask.shape
    return [*lengths, left, top, left + width - 1, top + height - 1]


def outline(centre: tuple[float, float], radius: float, count: int) -> list[float]:
    """Return a polygon with a wavy border, as flat points in pixels."""
    points = []
    for number in range(count):
        angle = 2 * math.pi * number / count
        length = radius * (0.85 + 0.15 * math.cos(5 * angle))
        points.append(round(centre[0] + length * math.cos(angle), 1))
        points.append(round(centre[1] + length * math.sin(angle), 1))
    return points


def track(index: int, frames: range, size: tuple[int, int]) -> Json:
    """Return a rectangle that moves on a line, with a key shape on each frame given."""
    width, height = size
    x, y = 5 + index * 7 % (width // 2), 5 + index * 11 % (height // 2)
    shapes = []
    for frame in frames:
        left, top = round(x + frame * 0.1, 1), round(y + frame * 0.05, 1)
        key = shape("rectangle", frame, [left, top, left + 40, top + 30], index)
        del key["label_id"]
        shapes.append(key | {"outside": False})
    return {
        "label_id": CLASSES[index % len(CLASSES)],
        "frame": frames[0],
        "group": 0,
        "source": "manual",
        "attributes": [],
        "shapes": shapes,
    }


def many_tasks(folder: Path, images: int, tasks: int, boxes: int) -> Job:
    """Return boxes on pictures in tasks of equal size."""
    size = (320, 240)
    return Job(
        media=make_pictures(folder, images, *size),
        size=size,
        label_type="detections",
        task_size=images // tasks,
        shapes=rectangles(images, boxes, size),
    )


def one_task(folder: Path, images: int, boxes: int) -> Job:
    """Return boxes with two attributes on the pictures of one task."""
    size = (320, 240)
    shapes = rectangles(images, boxes, size)
    for number, each in enumerate(shapes):
        each["attributes"] = [
            {"spec_id": "color", "value": COLORS[number % len(COLORS)]},
            {"spec_id": "note", "value": f"note {number}"},
        ]
    return Job(
        media=make_pictures(folder, images, *size),
        size=size,
        label_type="detections",
        attributes={"color": list(COLORS), "note": []},
        shapes=shapes,
    )


def _jobs(folder: Path) -> Job:
    job = many_tasks(folder, 200, 1, 5)
    job.segment_size = 5
    return job


def _instances(folder: Path) -> Job:
    size, each = (1280, 960), 10
    rng = np.random.default_rng(3)
    shapes = []
    for number in range(100 * each):
        mask = disc(int(rng.integers(45, 70)), number)
        left, top = (int(rng.integers(0, length - 145)) for length in size)
        points = runs(mask, left, top)
        shapes.append(shape("mask", number // each, points, number))
    media = make_pictures(folder, 100, *size)
    return Job(media=media, size=size, label_type="instances", shapes=shapes)


def _polygons(folder: Path) -> Job:
    size, each = (1280, 960), 20
    rng = np.random.default_rng(4)
    shapes = []
    for number in range(100 * each):
        radius = float(rng.uniform(40, 120))
        centre = tuple(float(rng.uniform(125, length - 125)) for length in size)
        points = outline((centre[0], centre[1]), radius, 30)
        shapes.append(shape("polygon", number // each, points, number))
    media = make_pictures(folder, 100, *size)
    return Job(media=media, size=size, label_type="instances", drawn=shapes)


def semantic_pixels(image: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a segmentation of all classes, each a wavy band, 0 where none is."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    level = (y + 40 * np.sin(x / 90 + image)) * (len(CLASSES) + 1) / height
    pixels: NDArray[np.uint8] = np.floor(level).clip(0, len(CLASSES)).astype(np.uint8)
    return pixels


def _semantic(folder: Path) -> Job:
    size, shapes = (1280, 960), []
    for image in range(60):
        pixels = semantic_pixels(image, size)
        for value in range(1, len(CLASSES) + 1):
            mask = pixels == value
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            top, left = int(rows[0]), int(columns[0])
            tight = mask[top : rows[-1] + 1, left : columns[-1] + 1]
            shapes.append(shape("mask", image, runs(tight, left, top), value - 1))
    media = make_pictures(folder, 60, *size)
    return Job(media=media, size=size, label_type="segmentation", shapes=shapes)


def large_media(folder: Path, images: int) -> Job:
    """Return pictures of about 1.4 MB each and no annotations."""
    size = (1280, 960)
    media = make_pictures(folder, images, *size, noise=True)
    return Job(media=media, size=size, label_type="detections")


def _tracks(folder: Path, *, dense: bool) -> Job:
    size, frames = (320, 240), 600
    video = make_video(folder / "video.mp4", frames, *size)
    job = Job(media=[video], size=size, label_type="detections", frames=frames)
    keys = range(0, frames, 1 if dense else 20)
    tracks = [track(index, keys, size) for index in range(30)]
    if dense:
        job.tracks = tracks
    else:
        job.drawn_tracks = tracks
    return job


WORKLOADS = {
    "small-tasks": Workload(
        "60 images in 20 tasks, 5 boxes each", lambda path: many_tasks(path, 60, 20, 5)
    ),
    "large-task": Workload(
        "400 images in one task, 20 boxes with 2 attributes",
        lambda path: one_task(path, 400, 20),
    ),
    "jobs": Workload("200 images in 40 jobs of one task, 5 boxes each", _jobs),
    "instances": Workload("100 images 1280x960, 10 instance masks", _instances),
    "polygons": Workload(
        "100 images 1280x960, 20 polygons drawn in a field of instances",
        _polygons,
        ("load",),
    ),
    "media": Workload(
        "150 JPEG files, 216 MB", lambda path: large_media(path, 150), ("annotate",)
    ),
    "semantic": Workload("60 images 1280x960, semantic masks of 5 classes", _semantic),
    "sparse-tracks": Workload(
        "one video of 600 frames, 30 tracks keyed every 20 frames",
        lambda path: _tracks(path, dense=False),
        ("load",),
    ),
    "dense-tracks": Workload(
        "one video of 600 frames, 30 dense tracks, 18,000 boxes",
        lambda path: _tracks(path, dense=True),
    ),
}
"""The workloads that every release is measured on, by name."""
