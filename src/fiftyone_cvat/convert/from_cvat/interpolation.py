"""From the key shapes of a CVAT track to a shape on every frame.

On frames where the object is visible the result is what the CVAT server exports.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import repeat, zip_longest
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fiftyone_cvat.convert.from_cvat.polygon_matching import interpolate_outline
from fiftyone_cvat.types import AttributeValue, Shape, Track

__all__ = ["frames_between_keys", "interpolate_track"]

Floats = NDArray[np.float64]

_OUTLINES = ("polygon", "polyline")
_MOVING = ("rectangle", "ellipse", "cuboid")
_ANGLES = slice(3, 6)  # of the 16 numbers of a cuboid on a point cloud, in radians
_HALF_TURN = 180
_NUMBERS_OF_POINT = 2


def interpolate_track(
    track: Track,
    stop_frame: int,
    *,
    deleted_frames: Collection[int] = (),
    on_point_cloud: bool = False,
) -> list[Shape]:
    """Interpolate a track between its key shapes, as the CVAT server does.

    Occlusion, drawing order and mutable attributes are those of the key shape before;
    so is the geometry where CVAT has no interpolation: for masks, groups of points
    and shapes of different types. The last key shape holds up to ``stop_frame``.

    Args:
        track: a track as the server sends it, with key shapes in any order and, for a
            skeleton, one track for each element
        stop_frame: the last frame of the task or job, inclusive
        deleted_frames: frames that are deleted from the task: they get no shapes and
            their key shapes do not count
        on_point_cloud: whether cuboids are three-dimensional

    Returns:
        a shape for each frame on which the object is visible, in order of frames,
        with ``keyframe`` and with ``label_id``, ``group``, ``source`` and immutable
        attributes of the track; only key shapes keep their ``id``. A skeleton's
        shapes have ``elements`` in the order of the track, some of which may be
        ``outside``
    """
    frames = _Frames(stop_frame, frozenset(deleted_frames), on_point_cloud)
    shapes = _shapes(track, frames)
    elements = track.get("elements")
    return _gather(shapes, elements, frames) if elements else shapes


def frames_between_keys(keys: Iterable[Shape], frames: Sequence[int]) -> int:
    """Return on how many frames a track is visible, up to its last key shape.

    Behind that one it only goes on: nobody said that it is there.

    Args:
        keys: the key shapes of a track in any order
        frames: the frames to count, in order
    """
    if not frames:
        return 0
    number = 0
    in_order = sorted(keys, key=lambda each: each["frame"])
    for key, following in zip_longest(in_order, in_order[1:]):
        if not key.get("outside"):
            stop = following["frame"] if following else key["frame"] + 1
            number += bisect_left(frames, stop) - bisect_left(frames, key["frame"])
    return number


class _Frames(NamedTuple):
    """The frames that are wanted, and how."""

    stop: int
    deleted: frozenset[int]
    on_point_cloud: bool
    with_outside: bool = False


def _gather(shapes: list[Shape], elements: list[Track], frames: _Frames) -> list[Shape]:
    """Put the shapes of elements into those of their skeleton.

    A skeleton of which no element is visible is itself outside.
    """
    if not shapes:
        return []
    frames = frames._replace(stop=shapes[-1]["frame"], with_outside=True)
    by_frame: dict[int, list[Shape]] = {}
    for element in elements:
        for shape in _shapes(element, frames):
            by_frame.setdefault(shape["frame"], []).append(shape)
    for shape in shapes:
        shape["elements"] = by_frame.get(shape["frame"], [])
    return [
        shape
        for shape in shapes
        if not all(element.get("outside") for element in shape["elements"])
    ]


class _Stretch(NamedTuple):
    """The frames behind a key shape, up to the one that follows."""

    key: Shape
    following: Shape | None
    numbers: range


Places = tuple[Iterable[list[float]], Iterable[float]]
"""The points and the rotation on each frame."""


def _shapes(track: Track, frames: _Frames) -> list[Shape]:
    """Give the shapes of a track without regard to its elements."""
    stretches = _stretches(_key_shapes(track, frames.deleted), frames)
    moving = _places_of_moving(stretches, on_point_cloud=frames.on_point_cloud)
    shapes: list[Shape] = []
    for number, stretch in enumerate(stretches):
        shapes.append(stretch.key)
        places = moving.get(number) or _places(stretch)
        shapes += _shapes_between(stretch, places, frames.deleted)
    return shapes


def _stretches(keys: list[Shape], frames: _Frames) -> list[_Stretch]:
    """Give the stretches that are wanted."""
    stretches = []
    for key, following in zip_longest(keys, keys[1:]):
        if key["frame"] > frames.stop:
            break
        if key.get("outside") and not frames.with_outside:
            continue
        stop = frames.stop + 1
        if following:
            stop = min(stop, following["frame"])
        stretches.append(_Stretch(key, following, range(key["frame"] + 1, stop)))
    return stretches


def _key_shapes(track: Track, deleted_frames: frozenset[int]) -> list[Shape]:
    """Copy the key shapes, with all that is the track's, in order of frames."""
    by_frame = {shape["frame"]: shape for shape in track["shapes"]}
    constant = track.get("attributes") or []
    carried: dict[Any, AttributeValue] = {}
    keys = []
    for frame in sorted(by_frame.keys() - deleted_frames):
        key = by_frame[frame].copy()
        own = {value["spec_id"]: value for value in key.get("attributes") or []}
        carried = {**own, **carried, **own}
        key["attributes"] = _copies([*carried.values(), *constant])
        key["points"] = list(key.get("points") or [])
        key["keyframe"] = True
        key["label_id"] = track["label_id"]
        key["group"] = track.get("group") or 0
        key["source"] = track.get("source") or ""
        keys.append(key)
    return keys


def _shapes_between(
    stretch: _Stretch, places: Places, deleted: frozenset[int]
) -> Iterator[Shape]:
    """Give the shapes of the frames behind a key shape."""
    template = stretch.key.copy()
    template.pop("id", None)
    template["keyframe"] = False
    attributes = stretch.key["attributes"]
    for frame, points, rotation in zip(stretch.numbers, *places, strict=False):
        if frame in deleted:
            continue
        shape = template.copy()
        shape["frame"] = frame
        shape["points"] = points
        shape["rotation"] = rotation
        shape["attributes"] = _copies(attributes) if attributes else []
        yield shape


def _places(stretch: _Stretch) -> Places:
    """Give the places of an outline, or of what CVAT does not interpolate."""
    key, following, numbers = stretch
    rotation = repeat(key.get("rotation") or 0.0)
    if not (following and numbers and _moves(key, following)):
        return ([*key["points"]] for _ in numbers), rotation
    before, after = np.array(key["points"]), np.array(following["points"])
    elapsed = np.array(numbers) - key["frame"]
    progress = elapsed / (following["frame"] - key["frame"])
    return _outlines(key["type"], before, after, progress), rotation


def _places_of_moving(
    stretches: list[_Stretch], *, on_point_cloud: bool
) -> dict[int, Places]:
    """Give the places of boxes and the like, by the position of their stretch.

    All stretches of a track with so many numbers a shape are worked on at once: 0.1 us
    a frame instead of 1 if key shapes are 20 frames apart.
    """
    numbers_by_length: dict[int, list[int]] = defaultdict(list)
    for number, (key, following, frames) in enumerate(stretches):
        is_line = key["type"] in _OUTLINES
        if following and frames and not is_line and _moves(key, following):
            numbers_by_length[len(key["points"])].append(number)
    places: dict[int, Places] = {}
    for numbers in numbers_by_length.values():
        moving = [stretches[number] for number in numbers]
        points, rotations = _move(moving, on_point_cloud=on_point_cloud)
        start = 0
        for number, stretch in zip(numbers, moving, strict=True):
            part = slice(start, start + len(stretch.numbers))
            places[number] = points[part], rotations[part]
            start = part.stop
    return places


def _move(
    stretches: list[_Stretch], *, on_point_cloud: bool
) -> tuple[list[list[float]], list[float]]:
    """Move from key shape to key shape in straight lines, turning the shorter way.

    Returns:
        the points and the rotation of each frame of all stretches, one by one
    """
    ends = [(key, following) for key, following, _ in stretches if following]
    counts = np.array([len(stretch.numbers) for stretch in stretches])
    at = np.repeat(np.arange(len(counts)), counts)
    elapsed = np.arange(1, len(at) + 1) - (np.cumsum(counts) - counts)[at]
    length = np.array([following["frame"] - key["frame"] for key, following in ends])
    progress = elapsed / length[at]

    before = np.array([key["points"] for key, _ in ends])
    after = np.array([following["points"] for _, following in ends])
    points = before[at] + progress[:, np.newaxis] * (after - before)[at]
    if on_point_cloud:
        points[:, _ANGLES] = _turned(before[at, _ANGLES], after[at, _ANGLES], progress)

    start = np.array([key.get("rotation") or 0.0 for key, _ in ends])
    end = np.array([following.get("rotation") or 0.0 for _, following in ends])
    turned = (start[at] + _turn(start, end)[at] * progress + 360) % 360
    rotations = np.where((start == end)[at], start[at], turned)
    return points.tolist(), rotations.tolist()


def _moves(key: Shape, following: Shape) -> bool:
    """Return whether CVAT interpolates the geometry between two key shapes."""
    if key["type"] != following["type"]:
        return False
    if key["type"] in _OUTLINES:
        return True
    if len(key["points"]) != len(following["points"]):
        return False
    is_single = key["type"] == "points" and len(key["points"]) == _NUMBERS_OF_POINT
    return is_single or key["type"] in _MOVING


def _outlines(
    kind: str, before: Floats, after: Floats, progress: Floats
) -> Iterator[list[float]]:
    """Interpolate between polygons, which are closed for that, or polylines."""
    before, after = before.reshape(-1, 2), after.reshape(-1, 2)
    if kind == "polyline":
        yield from interpolate_outline(before, after, progress)
        return
    before, after = (np.concatenate([ring, ring[:1]]) for ring in (before, after))
    for outline in interpolate_outline(before, after, progress):
        yield outline[:-2]


def _turned(before: Floats, after: Floats, progress: Floats) -> Floats:
    """Interpolate angles in radians, in ``(-pi, pi]``."""
    start, end = np.degrees(before % (2 * np.pi)), np.degrees(after % (2 * np.pi))
    angles = np.radians(start + progress[:, np.newaxis] * _turn(start, end))
    wrapped: Floats = np.where(angles > np.pi, angles - 2 * np.pi, angles)
    return wrapped


def _turn(start: ArrayLike, end: ArrayLike) -> Floats:
    """Give the shorter way from one angle to another, in degrees.

    Where both ways are half a turn, CVAT's server turns by one degree and jumps.
    """
    turn: Floats = (np.subtract(end, start) + _HALF_TURN) % 360 - _HALF_TURN
    return np.where(turn == -_HALF_TURN, 1.0, turn)


def _copies(attributes: list[AttributeValue]) -> list[AttributeValue]:
    return [value.copy() for value in attributes]
