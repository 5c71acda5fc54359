"""What came of the labels: each one before and after, and each edit's result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from fiftyone_cvat.demo.pictures import (
    FIELDS,
    Box,
    Edit,
    Picture,
    Scenario,
    Skeleton,
    Thing,
)

__all__ = [
    "Mark",
    "Outcome",
    "compare",
    "expected_counts",
    "expected_frames",
    "moved_points",
    "notes_of",
    "result_of",
    "result_of_track",
]

TOLERANCE = 0.05
"""Pixels: nearer than this is the same place."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What to show of a label.

    Attributes:
        status: ``kept``, ``changed``, ``added`` or ``deleted``
        thing: the label, as it is now or as it was last
        old: the label as it was, if it has changed
        note: what else is to be said, such as whose copy it is
    """

    status: str
    thing: Thing
    old: Thing | None = None

    note: str = ""

    @property
    def has_moved(self) -> bool:
        """Whether the label is in another place than before."""
        return self.old is not None and not same_place(self.old, self.thing)

    @property
    def words(self) -> str:
        """The class, and what has changed."""
        words = self.thing.name
        if self.old is None:
            if self.status == "kept":
                return f"{words} {self.note}".strip()
            return f"{words}, {self.note or self.status}"
        if self.old.name != words:
            words += f" (was {self.old.name})"
        if self.old.motion != self.thing.motion:
            words += f", {self.thing.motion} (was {self.old.motion})"
        if not self.has_moved:
            return words
        count = len(moved_points(self.old, self.thing))
        what = {
            "mask": "mask changed",
            "polygon": f"{count} points moved",
            "skeleton": "point moved" if count == 1 else f"{count} points moved",
        }
        return f"{words}, {what.get(self.thing.kind, 'moved')}"


@dataclass(slots=True)
class Outcome:
    """What the round trip came to.

    Attributes:
        before: the pictures as they went up
        after: the pictures as they came back, in the same order
        skeleton: how points are joined
        frames_before: the frames of the video as they went up
        frames_after: the same frames as they came back
        counts: field to ``kept``, ``changed``, ``added``, ``deleted``, ``unmatched``
        results: each edit with what it came to, and whether that is right
        task_urls: the addresses of the tasks, if they were kept
        surprises: what is not as it should be
    """

    before: list[Picture]
    after: list[Picture]
    counts: dict[str, dict[str, int]]
    results: list[tuple[Edit, str, bool]]
    skeleton: Skeleton
    frames_before: list[Picture] = field(default_factory=list)
    frames_after: list[Picture] = field(default_factory=list)
    task_urls: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)


def notes_of(edits: Sequence[Edit], picture: Picture) -> dict[str, str]:
    """Tell which label of a picture was copied, and which is the copy.

    Args:
        edits: what the annotator did
        picture: the picture, before or after it

    Returns:
        the id of a label to a note that names the first one by the end of its id
    """
    notes = {}
    for edit in edits:
        if edit.kind == "paste" and edit.picture == picture.name and edit.label:
            name = f"#{edit.label[-4:]}"
            for thing in picture.things.values():
                if thing.id == edit.label:
                    notes[thing.id] = name
                elif same_box(thing.box, edit.values["box"]):
                    notes[thing.id] = f"copy of {name}"
    return notes


def compare(before: Picture, after: Picture, edits: Sequence[Edit] = ()) -> list[Mark]:
    """Return a mark for each label of a picture; labels are the same by their ids.

    Args:
        before: the picture as it went up
        after: the picture as it came back
        edits: what the annotator did: what was copied gets a note
    """
    marks, notes = [], notes_of(edits, after)
    for thing in after.things.values():
        old = before.things.get(thing.id)
        if old is None:
            marks.append(Mark("added", thing, note=notes.get(thing.id, "")))
        elif _same(old, thing):
            marks.append(Mark("kept", thing, note=notes.get(thing.id, "")))
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
    values = edit.values
    box = values.get("box", thing.box)
    wanted = {
        "move": same_box(thing.box, box),
        "class": thing.name == values.get("class"),
        "attribute": thing.motion == values.get("motion"),
        "mask": thing.points == values.get("points"),
        "polygon": near(thing.points, values.get("points", ())),
        "skeleton": near(_new_places(old, thing), values.get("point", ())),
    }
    words = {
        "move": "same id, new box",
        "class": f"same id, {old.name} -> {thing.name}",
        "attribute": f"same id, {old.motion} -> {thing.motion}",
        "mask": "same id, new mask",
        "polygon": f"same id, {len(moved_points(old, thing))} points moved",
        "skeleton": f"same id, {len(moved_points(old, thing))} point moved",
    }
    return words[edit.kind], wanted[edit.kind]


def result_of_track(
    before: Sequence[Picture], after: Sequence[Picture], expected: Sequence[Picture]
) -> tuple[str, bool]:
    """Tell what came of a key frame that was added, and whether that is right.

    Args:
        before: the frames of the video as they went up
        after: the frames as they came back
        expected: the frames as they should come back
    """
    pairs = zip(after, expected, strict=True)
    right = all(
        one.things.keys() == other.things.keys()
        and all(_same(thing, other.things[key]) for key, thing in one.things.items())
        for one, other in pairs
    )
    moved = sum(
        mark.has_moved
        for one, other in zip(before, after, strict=True)
        for mark in compare(one, other)
    )
    return f"same track, {moved} frames follow", right


def _result_of_new(edit: Edit, before: Picture, after: Picture) -> tuple[str, bool]:
    new = [
        each
        for each in after.things.values()
        if each.id not in before.things and same_box(each.box, edit.values["box"])
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
    kinds = Counter(edit.kind for edit in scenario.edits)
    held = Counter(t.kind for each in scenario.pictures for t in each.things.values())
    boxes = kinds["move"] + kinds["class"] + kinds["attribute"]
    counts = {
        FIELDS["box"]: _counts(
            held["box"], boxes, kinds["add"] + kinds["paste"], kinds["delete"]
        )
    }
    for kind in ("mask", "polygon", "skeleton"):
        counts[FIELDS[kind]] = _counts(held[kind], kinds[kind])
    counts["scene"] = _counts(len(scenario.pictures), kinds["tag"])
    frames = zip(scenario.video.pictures(), expected_frames(scenario), strict=True)
    moved = sum(mark.has_moved for pair in frames for mark in compare(*pair))
    counts[FIELDS["track"]] = _counts(scenario.video.frames, moved)
    return counts


def expected_frames(scenario: Scenario) -> list[Picture]:
    """Return the frames of the video as they should come back."""
    added = {
        edit.values["frame"]: tuple(edit.values["box"])
        for edit in scenario.edits
        if edit.kind == "track"
    }
    video = scenario.video
    return replace(video, keyframes=video.keyframes | added).pictures()


def moved_points(old: Thing, new: Thing) -> list[int]:
    """Return the numbers of the points of a polygon or skeleton that have moved."""
    if len(old.points) != len(new.points):
        return []
    return [
        number // 2
        for number in range(0, len(old.points), 2)
        if not near(old.points[number : number + 2], new.points[number : number + 2])
    ]


def near(one: Sequence[float], other: Sequence[float]) -> bool:
    """Tell whether coordinates are the same."""
    return len(one) == len(other) and all(
        abs(a - b) < TOLERANCE for a, b in zip(one, other, strict=True)
    )


def same_box(one: Box | Sequence[float], other: Box | Sequence[float]) -> bool:
    """Tell whether two boxes are the same."""
    return near(one, other)


def same_place(one: Thing, other: Thing) -> bool:
    """Tell whether two labels are in the same place."""
    if one.kind == "mask":
        return one.points == other.points
    return near(one.points or one.box, other.points or other.box)


def _counts(
    number: int, changed: int, added: int = 0, deleted: int = 0
) -> dict[str, int]:
    return {
        "kept": number - changed - deleted,
        "changed": changed,
        "added": added,
        "deleted": deleted,
        "unmatched": 0,
    }


def _new_places(old: Thing, new: Thing) -> list[float]:
    return [
        value
        for number in moved_points(old, new)
        for value in new.points[2 * number : 2 * number + 2]
    ]


def _same(one: Thing, other: Thing) -> bool:
    return (
        one.name == other.name and one.motion == other.motion and same_place(one, other)
    )
