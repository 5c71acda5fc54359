"""The demo's pictures, the labels that it starts from, and the annotator's edits."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["DATA", "Box", "Edit", "Picture", "Scenario", "Thing", "load_scenario"]

DATA = Path(__file__).parent / "data"

Box = tuple[float, float, float, float]
"""Left, top, width and height in pixels."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A label with a box: something in a picture.

    Attributes:
        id: the label's id in FiftyOne
        name: its class
        box: where it is
        motion: the value of its attribute ``motion``
    """

    id: str
    name: str
    box: Box
    motion: str


@dataclass(slots=True)
class Picture:
    """What a dataset says about a picture.

    Attributes:
        path: the image file
        scene_id: the id of the label of the whole picture
        scene: the class of the whole picture
        things: what is in it, by id
    """

    path: Path
    scene_id: str
    scene: str
    things: dict[str, Thing] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the image file."""
        return self.path.name


@dataclass(frozen=True, slots=True)
class Edit:
    """Something that the annotator does.

    Attributes:
        kind: ``move``, ``class``, ``attribute``, ``tag``, ``delete``, ``add``, or
            ``paste``
        picture: the name of the image file
        words: what it is, in the past tense
        label: the id of the label that is edited or copied, or None
        values: what the label gets: ``class``, ``box``, ``motion``
    """

    kind: str
    picture: str
    words: str
    label: str | None
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """All that the demo is about.

    Attributes:
        size: width and height of every picture
        classes: the classes of things
        scenes: the classes of pictures
        motions: the values of the attribute ``motion``
        pictures: the pictures with the labels that go up
        edits: what the annotator does to them
    """

    size: tuple[int, int]
    classes: list[str]
    scenes: list[str]
    motions: list[str]
    pictures: list[Picture]
    edits: list[Edit]


def load_scenario(folder: Path = DATA) -> Scenario:
    """Read the pictures' labels and the edits.

    Args:
        folder: where they are
    """
    content = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    width, height = content["size"]
    return Scenario(
        size=(width, height),
        classes=content["classes"],
        scenes=content["scenes"],
        motions=content["motions"],
        pictures=[_picture(folder, each) for each in content["pictures"]],
        edits=[_edit(each) for each in content["edits"]],
    )


def _picture(folder: Path, content: dict[str, Any]) -> Picture:
    things = {
        each["id"]: Thing(each["id"], each["class"], tuple(each["box"]), each["motion"])
        for each in content["labels"]
    }
    scene = content["scene"]
    return Picture(folder / content["file"], scene["id"], scene["class"], things)


def _edit(content: dict[str, Any]) -> Edit:
    known = ("kind", "picture", "words", "label")
    values = {name: value for name, value in content.items() if name not in known}
    return Edit(
        content["kind"],
        content["picture"],
        content["words"],
        content.get("label"),
        values,
    )
