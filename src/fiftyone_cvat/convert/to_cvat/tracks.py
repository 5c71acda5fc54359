"""From labels of one object on several frames to CVAT tracks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from fiftyone_cvat.convert.shared.track_keys import TrackKey
from fiftyone_cvat.types import AttributeValue, Shape, Track

__all__ = [
    "TracksByClass",
    "add_shapes_to_tracks",
    "finalize_track",
    "finalize_tracks",
    "merge_tracks",
]

TracksByClass = dict[str, dict[TrackKey, Track]]
"""CVAT class name to the tracks of that class, each by its labels' ``index``.

Those of labels with an ``instance`` only are there by the instance's id.
"""


def add_shapes_to_tracks(
    tracks: TracksByClass,
    shapes: list[Shape],
    class_name: str,
    index: TrackKey,
    frame_id: int,
    immutable_attrs: list[AttributeValue],
    keyframe: bool,
    group_id: int = 0,
) -> None:
    """Add the shapes of one label to its track, in place.

    Args:
        tracks: the tracks by class and index
        shapes: the shapes of the label on this frame; they lose their class, which
            the track has
        class_name: the CVAT class
        index: the track's index, or the id of its instance
        frame_id: the frame's position in the task, from 0
        immutable_attrs: attributes of the whole track
        keyframe: whether the label is marked as a key frame
        group_id: the group, 0 for none
    """
    track = tracks.setdefault(class_name, {}).setdefault(
        index,
        Track(
            label_id=class_name,
            frame=frame_id,
            group=group_id,
            source="manual",
            attributes=immutable_attrs,
            shapes=[],
        ),
    )
    for shape in shapes:
        shape["outside"] = False
        shape["keyframe"] = keyframe
        shape.pop("label_id", None)
        track["shapes"].append(shape)


def merge_tracks(tracks: TracksByClass, new_tracks: TracksByClass) -> None:
    """Add the tracks of one frame to the tracks of a task, in place.

    Args:
        tracks: the tracks by class and index
        new_tracks: the tracks to add, likewise
    """
    for class_name, new_by_index in new_tracks.items():
        by_index = tracks.setdefault(class_name, {})
        for index, new in new_by_index.items():
            if index not in by_index:
                by_index[index] = new
                continue
            track = by_index[index]
            track["shapes"].extend(new["shapes"])
            track["frame"] = min(track["frame"], new["frame"])


def finalize_tracks(
    tracks: TracksByClass,
    frame_count: int,
    only_keyframes: bool,
) -> list[Track]:
    """Return the tracks of a task as the server takes them.

    CVAT keeps one shape of a track per frame: labels of several parts, and labels that
    share an index, become several tracks.

    Args:
        tracks: the tracks by class and index
        frame_count: the position of the task's last frame, from 0
        only_keyframes: whether to send only shapes that are marked as key frames,
            and those that begin and end a visible stretch
    """
    return [
        finalize_track(single, frame_count, only_keyframes)
        for by_index in tracks.values()
        for track in by_index.values()
        for single in _single_tracks(track)
    ]


def _single_tracks(track: Track) -> list[Track]:
    """Split a track into tracks of one shape per frame."""
    parts: list[Track] = []
    number_by_frame: Counter[int] = Counter()
    for shape in track["shapes"]:
        number = number_by_frame[shape["frame"]]
        number_by_frame[shape["frame"]] += 1
        if number == len(parts):
            parts.append({**track, "frame": shape["frame"], "shapes": []})
        parts[number]["shapes"].append(shape)
        parts[number]["frame"] = min(parts[number]["frame"], shape["frame"])
    return parts


def finalize_track(
    track: Track,
    frame_count: int,
    only_keyframes: bool,
) -> Track:
    """End each visible stretch of a track, in place.

    CVAT shows an object from one key shape to the next and to the end of the task, so
    a frame without a label needs a shape that says ``outside``.

    Args:
        track: the track
        frame_count: the position of the task's last frame, from 0
        only_keyframes: whether to keep only shapes that are marked as key frames,
            and those that begin and end a visible stretch

    Returns:
        the track
    """
    by_frame: dict[int, list[Shape]] = defaultdict(list)
    for shape in track["shapes"]:
        by_frame[shape["frame"]].append(shape)

    shapes: list[Shape] = []
    frames = sorted(by_frame)
    for position, frame in enumerate(frames):
        begins = position == 0 or frames[position - 1] < frame - 1
        ends = position + 1 == len(frames) or frames[position + 1] > frame + 1
        for shape in by_frame[frame]:
            if only_keyframes and (begins or ends):
                shape["keyframe"] = True
            if not only_keyframes or shape["keyframe"]:
                shapes.append(shape)
        if ends and frame < frame_count:
            shapes.extend(_outside(shape, frame + 1) for shape in by_frame[frame])
    _end_attributes(shapes)
    track["shapes"] = shapes
    if any(shape.get("elements") for shape in shapes):
        track["elements"] = _element_tracks(shapes)
    return track


def _end_attributes(shapes: Iterable[Shape]) -> None:
    """Say that attributes have no value where a label of a track has none, in place.

    CVAT gives a shape the values of the one before for what it does not say.
    """
    said: dict[Any, None] = {}
    for shape in shapes:
        own = {each["spec_id"]: None for each in shape["attributes"]}
        missing = [name for name in said if name not in own]
        if missing:
            empty = [AttributeValue(spec_id=name, value="") for name in missing]
            shape["attributes"] = [*shape["attributes"], *empty]
        said |= own


def _element_tracks(shapes: list[Shape]) -> list[Track]:
    """Move the elements of a track of skeletons to tracks of their own, in place.

    So CVAT keeps them: the skeleton's own shapes say only where it begins and ends.
    """
    by_name: dict[Any, list[Any]] = defaultdict(list)
    for shape in shapes:
        for element in shape.pop("elements"):
            name = element.pop("label_id")
            outside = element["outside"] or bool(shape.get("outside"))
            by_name[name].append(
                {**element, "frame": shape["frame"], "outside": outside}
            )
    return [
        Track(
            label_id=name,
            frame=own[0]["frame"],
            group=0,
            source="manual",
            attributes=[],
            shapes=own,
        )
        for name, own in by_name.items()
    ]


def _outside(shape: Shape, frame: int) -> Shape:
    end = deepcopy(shape)
    end["frame"], end["outside"], end["keyframe"] = frame, True, True
    return end
