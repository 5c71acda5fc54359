"""The demo's pictures and video, their labels, and the annotator's edits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = [
    "DATA",
    "FIELDS",
    "Box",
    "Edit",
    "Picture",
    "Scenario",
    "Skeleton",
    "Thing",
    "Video",
    "bounds",
    "load_scenario",
]

DATA = Path(__file__).parent / "data"

FIELDS = {
    "box": "boxes",
    "mask": "masks",
    "polygon": "polygons",
    "skeleton": "skeletons",
    "track": "frames.tracks",
}
"""Which field of a dataset holds the things of a kind."""

Box = tuple[float, float, float, float]
"""Left, top, width and height in pixels."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A label with a place: something in a picture.

    Attributes:
        id: the label's id in FiftyOne
        name: its class
        box: where it is; what holds it, if it is no box itself
        motion: the value of its attribute ``motion``, of boxes
        kind: one of :data:`FIELDS`
        points: as CVAT has them: x and y of each point, in turn, of polygons and
            skeletons; lengths of runs and a box, of masks
    """

    id: str
    name: str
    box: Box
    motion: str = ""
    kind: str = "box"
    points: tuple[float, ...] = ()


@dataclass(slots=True)
class Picture:
    """What a dataset says about a picture.

    Attributes:
        path: the image file, or the video
        scene_id: the id of the label of the whole picture
        scene: the class of the whole picture; empty for frames of a video
        things: what is in it, by id
        frame: the number of the frame, from 1, of a video
    """

    path: Path
    scene_id: str
    scene: str
    things: dict[str, Thing] = field(default_factory=dict)
    frame: int | None = None

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.name


@dataclass(frozen=True, slots=True)
class Edit:
    """Something that the annotator does.

    Attributes:
        kind: ``move``, ``class``, ``attribute``, ``tag``, ``delete``, ``add``,
            ``paste``, ``mask``, ``polygon``, ``skeleton`` or ``track``
        picture: the name of the file
        words: what it is, in the past tense
        label: the id of the label that is edited or copied, or None
        values: what the label gets: ``class``, ``box``, ``motion``, ``points``, or for
            one ``node`` its ``point``, for one ``frame`` its ``box``
    """

    kind: str
    picture: str
    words: str
    label: str | None
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What a player is made of.

    Attributes:
        nodes: the names of its points
        edges: which of them are joined
    """

    nodes: list[str]
    edges: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Video:
    """A video with one track.

    Attributes:
        path: the file
        size: width and height
        frames: how many there are
        name: the class of what is tracked
        id: how the ids of its labels begin; they end in the number of the frame
        index: the number of the track
        keyframes: frame, from 1, to where it is; between them it moves evenly
    """

    path: Path
    size: tuple[int, int]
    frames: int
    name: str
    id: str
    index: int
    keyframes: dict[int, Box]

    def pictures(self) -> list[Picture]:
        """Return the frames, each with the tracked thing."""
        return [self._picture(frame) for frame in range(1, self.frames + 1)]

    def _picture(self, frame: int) -> Picture:
        first = max(each for each in self.keyframes if each <= frame)
        last = min(each for each in self.keyframes if each >= frame)
        part = (frame - first) / (last - first) if last > first else 0.0
        ends = zip(self.keyframes[first], self.keyframes[last], strict=True)
        left, top, width, height = (a + part * (b - a) for a, b in ends)
        thing = Thing(
            str(self.index), self.name, (left, top, width, height), kind="track"
        )
        return Picture(self.path, "", "", {thing.id: thing}, frame)


@dataclass(frozen=True, slots=True)
class Scenario:
    """All that the demo is about.

    Attributes:
        size: width and height of every picture
        classes: the classes of things, by their kind
        scenes: the classes of pictures
        motions: the values of the attribute ``motion``
        skeleton: the points of things of the kind ``skeleton``
        pictures: the pictures with the labels that go up
        video: the video with the track that goes up
        edits: what the annotator does to them
    """

    size: tuple[int, int]
    classes: dict[str, list[str]]
    scenes: list[str]
    motions: list[str]
    skeleton: Skeleton
    pictures: list[Picture]
    video: Video
    edits: list[Edit]


def load_scenario(folder: Path = DATA) -> Scenario:
    """Read the pictures' labels and the edits.

    Args:
        folder: where they are
    """
    content = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    width, height = content["size"]
    nodes, edges = content["skeleton"]["nodes"], content["skeleton"]["edges"]
    return Scenario(
        size=(width, height),
        classes=content["classes"],
        scenes=content["scenes"],
        motions=content["motions"],
        skeleton=Skeleton(nodes, [(one, other) for one, other in edges]),
        pictures=[_picture(folder, each) for each in content["pictures"]],
        video=_video(folder, content["video"]),
        edits=[_edit(each) for each in content["edits"]],
    )


def bounds(points: Sequence[float]) -> Box:
    """Return the box around points, x and y of each in turn."""
    xs, ys = points[::2], points[1::2]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def _picture(folder: Path, content: dict[str, Any]) -> Picture:
    things = {each["id"]: _thing(each) for each in content["labels"]}
    scene = content["scene"]
    return Picture(folder / content["file"], scene["id"], scene["class"], things)


def _thing(content: dict[str, Any]) -> Thing:
    points = _points(content)
    box = content["box"] if "box" in content else bounds(points)
    motion, kind = content.get("motion", ""), content.get("kind", "box")
    return Thing(content["id"], content["class"], tuple(box), motion, kind, points)


def _points(content: dict[str, Any]) -> tuple[float, ...]:
    """Return points as CVAT has them."""
    if "runs" in content:
        left, top, width, height = content["box"]
        return (*content["runs"], left, top, left + width - 1, top + height - 1)
    return tuple(value for point in content.get("points", ()) for value in point)


def _video(folder: Path, content: dict[str, Any]) -> Video:
    width, height = content["size"]
    track = content["track"]
    keyframes = {int(frame): tuple(box) for frame, box in track["keyframes"].items()}
    path, frames = folder / content["file"], content["frames"]
    return Video(
        path,
        size=(width, height),
        frames=frames,
        name=track["class"],
        id=track["id"],
        index=track["index"],
        keyframes=keyframes,
    )


def _edit(content: dict[str, Any]) -> Edit:
    known = ("kind", "picture", "words", "label")
    values = {name: value for name, value in content.items() if name not in known}
    if content["kind"] in ("mask", "polygon"):
        values["points"] = _points(content)
    return Edit(
        content["kind"],
        content["picture"],
        content["words"],
        content.get("label"),
        values,
    )
