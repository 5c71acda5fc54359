"""What came of the labels: each one before and after, and each edit's result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fiftyone_cvat.demo.pictures import Box, Edit, Picture, Scenario, Thing

__all__ = ["Mark", "Outcome", "compare", "expected_counts", "result_of"]

TOLERANCE = 0.05
"""Pixels: nearer than this is the same place."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What to show of a label.

    Attributes:
        status: ``kept``, ``changed``, ``added`` or ``deleted``
        thing: the label, as it is now or as it was last
        old: the label as it was, if it has changed
    """

    status: str
    thing: Thing
    old: Thing | None = None

    @property
    def has_moved(self) -> bool:
        """Whether the label is in another place than before."""
        return self.old is not None and not same_place(self.old.box, self.thing.box)

    @property
    def words(self) -> str:
        """The class, and what has changed."""
        words = self.thing.name
        if self.old is None:
            return words if self.status == "kept" else f"{words}, {self.status}"
        if self.old.name != words:
            words += f" (was {self.old.name})"
        if self.old.motion != self.thing.motion:
            words += f", {self.thing.motion} (was {self.old.motion})"
        return f"{words}, moved" if self.has_moved else words


@dataclass(slots=True)
class Outcome:
    """What the round trip came to.

    Attributes:
        before: the pictures as they went up
        after: the pictures as they came back, in the same order
        counts: field to ``kept``, ``changed``, ``added``, ``deleted``, ``unmatched``
        results: each edit with what it came to, and whether that is right
        task_url: the task's address, if the task was kept
        surprises: what is not as it should be
    """

    before: list[Picture]
    after: list[Picture]
    counts: dict[str, dict[str, int]]
    results: list[tuple[Edit, str, bool]]
    task_url: str | None = None
    surprises: list[str] = field(default_factory=list)


def compare(before: Picture, after: Picture) -> list[Mark]:
    """Return a mark for each label of a picture; labels are the same by their ids.

    Args:
        before: the picture as it went up
        after: the picture as it came back
    """
    marks = []
    for thing in after.things.values():
        old = before.things.get(thing.id)
        if old is None:
            marks.append(Mark("added", thing))
        elif _same(old, thing):
            marks.append(Mark("kept", thing))
        else:
            marks.append(Mark("changed", thing, old))
    gone = before.things.keys() - after.things.keys()
    marks.extend(
        Mark("deleted", thing) for each, thing in before.things.items() if each in gone
    )
    return marks


def result_of(edit: Edit, before: Picture, after: Picture) -> tuple[str, bool]:
    """Tell what came of an edit, and whether that is right.

    Args:
        edit: what the annotator did
        before: the picture as it went up
        after: the picture as it came back
    """
    if edit.kind == "tag":
        right = after.scene == edit.values["class"] and after.scene_id == edit.label
        return f"same id, {before.scene} -> {after.scene}", right
    if edit.kind == "delete":
        gone = edit.label not in after.things
        return ("gone" if gone else "still there"), gone
    if edit.kind in ("add", "paste"):
        return _result_of_new(edit, before, after)
    thing = after.things.get(edit.label or "")
    if thing is None:
        return "its id was lost", False
    old = before.things[thing.id]
    wanted = {
        "move": same_place(thing.box, edit.values.get("box", thing.box)),
        "class": thing.name == edit.values.get("class"),
        "attribute": thing.motion == edit.values.get("motion"),
    }
    words = {
        "move": "same id, new box",
        "class": f"same id, {old.name} -> {thing.name}",
        "attribute": f"same id, {old.motion} -> {thing.motion}",
    }
    return words[edit.kind], wanted[edit.kind]


def _result_of_new(edit: Edit, before: Picture, after: Picture) -> tuple[str, bool]:
    new = [
        each
        for each in after.things.values()
        if each.id not in before.things and same_place(each.box, edit.values["box"])
    ]
    if len(new) != 1:
        return "it did not come back", False
    if edit.label is None:
        return "new id", True
    original = after.things.get(edit.label)
    stayed = original is not None and _same(original, before.things[edit.label])
    words = "new id, the first keeps its own"
    return (words if stayed else "the original has changed"), stayed


def expected_counts(scenario: Scenario) -> dict[str, dict[str, int]]:
    """Return the counts that the scenario's edits should come to, by field."""
    kinds = [edit.kind for edit in scenario.edits]
    things = sum(len(picture.things) for picture in scenario.pictures)
    changed = sum(kinds.count(each) for each in ("move", "class", "attribute"))
    deleted, tags = kinds.count("delete"), kinds.count("tag")
    return {
        "objects": {
            "kept": things - changed - deleted,
            "changed": changed,
            "added": kinds.count("add") + kinds.count("paste"),
            "deleted": deleted,
            "unmatched": 0,
        },
        "scene": {
            "kept": len(scenario.pictures) - tags,
            "changed": tags,
            "added": 0,
            "deleted": 0,
            "unmatched": 0,
        },
    }


def same_place(one: Box | Sequence[float], other: Box | Sequence[float]) -> bool:
    """Tell whether two boxes are the same."""
    return all(abs(a - b) < TOLERANCE for a, b in zip(one, other, strict=True))


def _same(one: Thing, other: Thing) -> bool:
    return (
        one.name == other.name
        and one.motion == other.motion
        and same_place(one.box, other.box)
    )
