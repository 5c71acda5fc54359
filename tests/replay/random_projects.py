"""Random labels of every kind, to be sent to a project and imported from it again.

They are drawn with :class:`random.Random`: a seed draws the same in every version of
Python, which cassettes need; hypothesis draws otherwise with each version of its own.
"""

from __future__ import annotations

from math import nan
from pathlib import Path
from random import Random
from typing import Any

import fiftyone as fo
import numpy as np

from tests import media
from tests.replay.equality import in_field

__all__ = [
    "FILM_KINDS",
    "KINDS",
    "Labels",
    "PROPERTIES",
    "TRACKED",
    "drawn_kinds",
    "fields",
    "make_film",
    "make_picture",
    "schema",
]

KINDS = {
    "words": "classifications",
    "boxes": "detections",
    "turned": "detections",
    "masks": "instances",
    "areas": "polygons",
    "lines": "polylines",
    "points": "keypoints",
    "hands": "keypoints",
}
FILM_KINDS = {
    "words": "classifications",
    "boxes": "detections",
    "masks": "instances",
    "areas": "polygons",
    "hands": "keypoints",
}
TRACKED = ("boxes", "areas", "hands")
CLASSES = {
    "words": ["wet"],
    "boxes": ["cat", "Straße 日本"],
    "turned": ["boat"],
    "masks": ["coat"],
    "areas": ["lawn", "plate"],
    "lines": ["kerb, left"],
    "points": ["dust"],
    "hands": ["hand"],
}
PROPERTIES = {"occluded_attr": "hidden", "group_id_attr": "team"}
ATTRIBUTES = {
    "note": {"type": "text"},
    "mood": {"type": "select", "values": ["calm", "wild & free"]},
    "side": {"type": "radio", "values": ["left", "right"]},
    "weight": {"type": "number", "values": ["0", "100", "0.5"]},
    "crowd": {"type": "checkbox"},
    "tags": {"type": "text"},
}
TEXTS = (
    *("ünï", "日本", "a, b", 'say "no"', "back\\slash", "it's", "🐈", "100 %", "{x}"),
    *("<b>&amp;</b>", "e\u0301", "two\nlines", "one\ttab", "-", "x" * 70),
)
LIKE_NUMBERS = ("007", "1e5", "False", "None", "nan", "1.0")
"""Texts that are taken for something else, unless texts are kept."""


def drawn_kinds(kinds: dict[str, str], seed: int) -> dict[str, str]:
    """Return some of the fields: any three seeds in a row have all of them."""
    names = list(kinds)
    count = -(-len(names) // 3)
    start = seed * count
    chosen = {names[at % len(names)] for at in range(start, start + count)}
    extra = Random(f"{seed} more").choice(names)
    return {name: kinds[name] for name in names if name in chosen | {extra}}


def attributes_of(field: str, seed: int) -> dict[str, Any]:
    """Return the attributes of a field: some of all, other ones for each seed."""
    rng = Random(f"{seed} {field}")
    some = rng.sample(sorted(ATTRIBUTES), rng.randrange(1, 3))
    return {"number": {"type": "text"}, **{each: ATTRIBUTES[each] for each in some}}


def schema(kinds: dict[str, str], seed: int, prefix: str = "") -> dict[str, Any]:
    """Return the label schema of fields."""
    return {
        prefix + field: {
            "type": kind,
            "classes": CLASSES[field],
            "attributes": attributes_of(field, seed),
        }
        for field, kind in kinds.items()
    }


def fields(kinds: dict[str, str]) -> dict[str, str]:
    """Return which classes go to which field again."""
    return {"|".join(CLASSES[field]): field for field in kinds}


class Labels:
    """Draws labels.

    Args:
        seed: the same seed draws the same labels
        keep_text: whether texts are drawn that look like numbers
        size: width and height of the frames in pixels; None draws them, too
    """

    def __init__(
        self, seed: int, *, keep_text: bool, size: tuple[int, int] | None = None
    ) -> None:
        self.seed, self.rng = seed, Random(seed)
        self.size = size or (self.rng.randrange(20, 41), self.rng.randrange(16, 33))
        self.texts = (*TEXTS, *LIKE_NUMBERS) if keep_text else TEXTS
        self.count = 0

    def draw(self, field: str, kind: str, **more: Any) -> fo.Label:
        """Draw a label with attributes, and a number to know it by."""
        label = getattr(self, field)()
        self.count += 1
        label["number"] = f"n{self.count:02}"
        self.change(label, field)
        if kind != "classifications":
            label["team"] = self.rng.randrange(4)
        else:
            # groups of classifications stay in FiftyOne
            label["team"] = 0
        for name, value in more.items():
            label[name] = value
        return label

    def change(self, label: fo.Label, field: str) -> None:
        """Draw what may be another in each frame of a track, besides its place."""
        rng = self.rng
        drawn = {
            "note": lambda: rng.choice(self.texts),
            "mood": lambda: rng.choice(ATTRIBUTES["mood"]["values"]),
            "side": lambda: rng.choice(ATTRIBUTES["side"]["values"]),
            "weight": lambda: rng.randrange(201) / 2,
            "crowd": lambda: rng.random() < 0.5,
            "tags": lambda: rng.choice([[], ["a"], ["a", "b c"]]),
        }
        known = attributes_of(field, self.seed)
        for name, value in drawn.items():
            if name in known:
                label[name] = value()
        if not isinstance(label, fo.Classification):
            label["hidden"] = rng.random() < 0.5

    def point(self) -> tuple[float, float]:
        return round(self.rng.random(), 4), round(self.rng.random(), 4)

    def corner(self) -> list[float]:
        x, y = self.point()
        width, height = self.point()
        left, top = round(x * 0.6, 4), round(y * 0.6, 4)
        return [left, top, round(0.05 + width * 0.3, 4), round(0.05 + height * 0.3, 4)]

    def words(self) -> fo.Classification:
        return fo.Classification(label="wet")

    def boxes(self) -> fo.Detection:
        label = self.rng.choice(CLASSES["boxes"])
        return fo.Detection(label=label, bounding_box=self.corner())

    def turned(self) -> fo.Detection:
        turn = self.rng.randrange(1, 3600) / 10
        return fo.Detection(label="boat", bounding_box=self.corner(), rotation=turn)

    def masks(self) -> fo.Detection:
        (width, height), rng = self.size, self.rng
        columns, rows = rng.randrange(1, 7), rng.randrange(1, 7)
        left, top = rng.randrange(width - columns), rng.randrange(height - rows)
        flat = [rng.random() < 0.6 for _ in range(rows * columns)]
        flat[0] = flat[-1] = True
        box = [left / width, top / height, columns / width, rows / height]
        mask = np.array(flat).reshape(rows, columns)
        return fo.Detection(label="coat", bounding_box=box, mask=mask)

    def areas(self) -> fo.Polyline:
        parts = [self.part(3, 5) for _ in range(self.rng.randrange(1, 3))]
        return fo.Polyline(label="lawn", points=parts, closed=True, filled=True)

    def lines(self) -> fo.Polyline:
        is_closed = self.rng.random() < 0.5
        parts = [self.part(3, 4)]
        return fo.Polyline(label="kerb, left", points=parts, closed=is_closed)

    def points(self) -> fo.Keypoint:
        return fo.Keypoint(label="dust", points=self.part(1, 4))

    def hands(self) -> fo.Keypoint:
        joints = self.part(3, 3)
        if self.rng.random() < 0.7:
            joints[self.rng.randrange(3)] = (nan, nan)
        return fo.Keypoint(label="hand", points=joints)

    def part(self, least: int, most: int) -> list[tuple[float, float]]:
        return [self.point() for _ in range(self.rng.randrange(least, most + 1))]


def make_picture(path: Path, labels: Labels, kinds: dict[str, str]) -> fo.Sample:
    """Make a picture with a label of most kinds, and two of some."""
    rng = labels.rng
    seed = rng.randrange(1000)
    sample = fo.Sample(filepath=media.make_image(path, *labels.size, seed=seed))
    for field, kind in kinds.items():
        count = rng.choice((0, 1, 1, 2))
        if count:
            drawn = [labels.draw(field, kind) for _ in range(count)]
            sample[field] = in_field(kind, drawn)
    return sample


def make_film(path: Path, labels: Labels, kinds: dict[str, str]) -> fo.Sample:
    """Make a video of five frames with tracks, which may be away for a while."""
    rng = labels.rng
    sample = fo.Sample(filepath=media.copy_video(path, 5))
    frames: dict[int, dict[str, list[fo.Label]]] = {n: {} for n in range(1, 6)}
    tracked = [each for each in kinds if each in TRACKED]
    for index, field in enumerate(tracked, 3):
        first = labels.draw(field, kinds[field], index=index)
        for number in sorted(rng.sample(range(1, 6), rng.randrange(2, 4))):
            frames[number].setdefault(field, []).append(
                on_another_frame(labels, field, first)
            )
    for field, kind in kinds.items():
        here = frames[rng.randrange(1, 6)].setdefault(field, [])
        here.append(labels.draw(field, kind))
    for number, by_field in frames.items():
        frame = sample.frames[number] = fo.Frame()
        for field, drawn in by_field.items():
            frame[field] = in_field(kinds[field], drawn)
    return sample


def on_another_frame(labels: Labels, field: str, first: fo.Label) -> fo.Label:
    """Return the label of a track on a frame: in another place, with other values."""
    label = getattr(labels, field)()
    label.label = first.label
    for name in ("number", "team", "index"):
        label[name] = first[name]
    labels.change(label, field)
    label["keyframe"] = True
    return label
