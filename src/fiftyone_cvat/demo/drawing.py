"""Labels on a picture: thin outlines that leave the object to be seen, and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from fiftyone_cvat.convert.shared.run_lengths import runs_to_mask
from fiftyone_cvat.demo.comparison import Mark, moved_points
from fiftyone_cvat.demo.pictures import Box, Picture, Skeleton, Thing
from fiftyone_cvat.demo.placing import Area, place_labels

__all__ = [
    "COLORS",
    "DARK",
    "STATUS",
    "WHITE",
    "Color",
    "Style",
    "dashes",
    "draw_panel",
    "photo_of",
    "whole",
]

Color = tuple[int, int, int]

FINE = 3
"""Labels are drawn this many times as large: that makes edges smooth."""

DARK: Color = (16, 18, 24)
WHITE: Color = (255, 255, 255)
COLORS: tuple[Color, ...] = (
    (96, 205, 255),
    (200, 160, 255),
    (120, 235, 215),
    (255, 178, 214),
    (235, 240, 250),
    (240, 230, 150),
    (170, 190, 255),
    (225, 190, 160),
    (190, 255, 240),
    (150, 150, 255),
    (255, 140, 190),
    (255, 240, 205),
)
"""For classes, in the order of their names; not those that tell what has changed."""

STATUS: dict[str, Color] = {
    "changed": (255, 179, 28),
    "added": (70, 225, 95),
    "deleted": (255, 96, 96),
}
LABEL_SIZE = 13
THIN, THICK = 1.25, 2.0
"""Widths of outlines in pixels: of what is as it was, and of what is not."""

TINT, NEW_TINT = 80, 190
"""How much of 255 the color of a mask covers what is below it."""

HALF = 127


@dataclass(frozen=True, slots=True)
class Style:
    """How labels are shown.

    Attributes:
        colors: the color of each class
        skeleton: how points are joined
        label_size: the height of words, in pixels
    """

    colors: Mapping[str, Color]
    skeleton: Skeleton
    label_size: int = LABEL_SIZE


def photo_of(picture: Picture) -> Image.Image:
    """Read a picture, or one frame of a video.

    Args:
        picture: which
    """
    if picture.frame is None:
        with Image.open(picture.path) as stored:
            return stored.convert("RGBA")
    video = cv2.VideoCapture(str(picture.path))
    try:
        for _ in range(picture.frame - 1):
            video.grab()
        found, pixels = video.read()
    finally:
        video.release()
    if not found:
        raise OSError(f"'{picture.path}' has no frame {picture.frame}")
    return Image.fromarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)).convert("RGBA")


def whole(photo: Image.Image) -> Box:
    """Return the part of a picture that is all of it."""
    return 0.0, 0.0, float(photo.width), float(photo.height)


def draw_panel(
    photo: Image.Image,
    marks: Sequence[Mark],
    style: Style,
    part: Box | None = None,
    size: tuple[int, int] | None = None,
) -> Image.Image:
    """Draw marks onto a picture, or onto a part of it.

    Args:
        photo: the picture
        marks: what to show
        style: how to show it
        part: what part to show; all of it by default
        size: width and height to show it in; as many pixels as it has by default
    """
    left, top, width, height = part or whole(photo)
    size = size or (round(width), round(height))
    corners = (left, top, left + width, top + height)
    shown = photo.resize(size, Image.Resampling.LANCZOS, box=corners)
    canvas = _Canvas(size, (left, top), size[0] / width * FINE, style)
    for mark in sorted(marks, key=lambda each: each.status != "kept"):
        canvas.draw(mark)
    canvas.write(marks)
    shown.alpha_composite(canvas.layer.reduce(FINE))
    return shown.convert("RGB")


class _Canvas:
    """A transparent layer over a part of a picture."""

    def __init__(
        self,
        size: tuple[int, int],
        corner: tuple[float, float],
        scale: float,
        style: Style,
    ) -> None:
        self.layer = Image.new("RGBA", (size[0] * FINE, size[1] * FINE))
        self._draw = ImageDraw.Draw(self.layer)
        self._corner = corner
        self._scale = scale
        self._style = style

    def draw(self, mark: Mark) -> None:
        """Draw the outline of a label, and what it was before."""
        color = STATUS.get(mark.status, self._style.colors[mark.thing.name])
        width = THIN if mark.status == "kept" else THICK
        old = mark.old if mark.has_moved else None
        if old is not None:
            self._draw_old(old, mark.thing)
        if mark.status == "deleted":
            dashes(self._draw, self._area(mark.thing.box), color, FINE)
        else:
            self._outline(mark.thing, color, width, old)

    def _outline(
        self, thing: Thing, color: Color, width: float, old: Thing | None
    ) -> None:
        if thing.kind == "mask":
            self._mask(thing, color, old)
        elif thing.kind == "polygon":
            points = self._points(thing)
            self._lines([*points, points[0]], color, width)
            self._dots(points, color, width)
        elif thing.kind == "skeleton":
            points, nodes = self._points(thing), self._style.skeleton.nodes
            for one, other in self._style.skeleton.edges:
                ends = [points[nodes.index(one)], points[nodes.index(other)]]
                self._lines(ends, color, width)
            self._dots(points, color, width + 0.5)
        else:
            left, top, right, bottom = self._area(thing.box)
            corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
            self._lines([*corners, corners[0], corners[1]], color, width)

    def _draw_old(self, old: Thing, new: Thing) -> None:
        """Draw where a label was, in dashes: of points only those that have moved."""
        if old.kind == "mask":
            return  # what is new in a mask is tinted more
        if old.kind in ("polygon", "skeleton"):
            points = self._points(old)
            count, nodes = len(points), self._style.skeleton.nodes
            edges = [(number, (number + 1) % count) for number in range(count)]
            if old.kind == "skeleton":
                edges = [
                    (nodes.index(one), nodes.index(other))
                    for one, other in self._style.skeleton.edges
                ]
            moved = set(moved_points(old, new))
            for one, other in edges:
                if moved & {one, other}:
                    _dashed_line(self._draw, points[one], points[other], WHITE, FINE)
        else:
            dashes(self._draw, self._area(old.box), WHITE, FINE)

    def _mask(self, thing: Thing, color: Color, old: Thing | None) -> None:
        """Tint the pixels of a mask, those that are new in it more, and its edge."""
        height, width = self.layer.height, self.layer.width
        inside = self._pixels(thing)
        edge = cv2.dilate(inside, np.ones((FINE, FINE), np.uint8)) - cv2.erode(
            inside, np.ones((3, 3), np.uint8)
        )
        alpha = np.maximum(inside * TINT, edge * 255)
        if old is not None:
            alpha = np.maximum(alpha, (inside & ~self._pixels(old)) * NEW_TINT)
        tinted = Image.new("RGBA", (width, height), (*color, 0))
        tinted.putalpha(Image.fromarray(alpha.astype(np.uint8)))
        self.layer.alpha_composite(tinted)

    def _pixels(self, thing: Thing) -> NDArray[np.uint8]:
        """Return where a mask is on the layer: ones and zeros."""
        mask, left, top = runs_to_mask(thing.points)
        scale, (x, y) = self._scale, self._corner
        moved = np.array(
            [[scale, 0, (left - x) * scale], [0, scale, (top - y) * scale]]
        )
        large = cv2.warpAffine(
            mask.astype(np.uint8) * 255, moved, self.layer.size, flags=cv2.INTER_LINEAR
        )
        pixels: NDArray[np.uint8] = (large > HALF).astype(np.uint8)
        return pixels

    def _lines(
        self, points: Sequence[tuple[float, float]], color: Color, width: float
    ) -> None:
        """Draw lines with a dark edge, so that they show on any ground."""
        for ink, wide in (((*DARK, 150), width + 1.5), ((*color, 255), width)):
            self._draw.line(list(points), fill=ink, width=round(wide * FINE))

    def _dots(
        self, points: Sequence[tuple[float, float]], color: Color, width: float
    ) -> None:
        for ink, size in ((DARK, width + 1.25), (color, width + 0.5)):
            for x, y in points:
                r = size * FINE
                self._draw.ellipse((x - r, y - r, x + r, y + r), fill=ink)

    def write(self, marks: Sequence[Mark]) -> None:
        """Write what each label is, beside it."""
        size = self._style.label_size * FINE
        font = ImageFont.load_default(size)
        boxes = [self._area(_extent(mark.thing)) for mark in marks]
        sizes = [
            (font.getlength(mark.words) + 0.8 * size, 1.45 * size) for mark in marks
        ]
        extent = (float(self.layer.width), float(self.layer.height))
        places = place_labels(boxes, sizes, extent)
        for mark, place in zip(marks, places, strict=True):
            color = STATUS.get(mark.status, self._style.colors[mark.thing.name])
            self._draw.rounded_rectangle(place, size / 3, fill=color, outline=DARK)
            at = (place[0] + 0.4 * size, (place[1] + place[3]) / 2)
            self._draw.text(at, mark.words, fill=DARK, font=font, anchor="lm")

    def _area(self, box: Box) -> Area:
        left, top = self._place(box[0], box[1])
        right, bottom = self._place(box[0] + box[2], box[1] + box[3])
        return left, top, right, bottom

    def _points(self, thing: Thing) -> list[tuple[float, float]]:
        pairs = zip(thing.points[::2], thing.points[1::2], strict=True)
        return [self._place(x, y) for x, y in pairs]

    def _place(self, x: float, y: float) -> tuple[float, float]:
        left, top = self._corner
        return (x - left) * self._scale, (y - top) * self._scale


def _extent(thing: Thing) -> Box:
    """Return what words must leave free: the point of a head is in its middle."""
    left, top, width, height = thing.box
    above = height / 10 if thing.kind == "skeleton" else 0.0
    return left, top - above, width, height + above


def dashes(draw: ImageDraw.ImageDraw, area: Area, color: Color, fine: int = 1) -> None:
    """Draw the outline of a box in dashes.

    Args:
        draw: where to draw
        area: the box
        color: the color of the dashes
        fine: how many times as large it is drawn
    """
    left, top, right, bottom = area
    for one, other in (
        ((left, top), (right, top)),
        ((left, bottom), (right, bottom)),
        ((left, top), (left, bottom)),
        ((right, top), (right, bottom)),
    ):
        _dashed_line(draw, one, other, color, fine)


def _dashed_line(
    draw: ImageDraw.ImageDraw,
    one: tuple[float, float],
    other: tuple[float, float],
    color: Color,
    fine: int,
) -> None:
    (x, y), (dx, dy) = one, (other[0] - one[0], other[1] - one[1])
    long = (dx * dx + dy * dy) ** 0.5
    dash, step = 5.0 * fine, 9.0 * fine
    at = 0.0
    while at < long:
        begin, end = at / long, min(at + dash, long) / long
        line = (x + dx * begin, y + dy * begin, x + dx * end, y + dy * end)
        draw.line(line, fill=(*DARK, 170), width=round(2.75 * fine))
        draw.line(line, fill=color, width=round(1.5 * fine))
        at += step
