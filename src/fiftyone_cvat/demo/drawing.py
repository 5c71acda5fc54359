"""Before and after, as pictures: boxes, what has changed, a legend, a contact sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from fiftyone_cvat.demo.comparison import Mark, Outcome, compare
from fiftyone_cvat.demo.pictures import Box, Picture
from fiftyone_cvat.demo.placing import Area, place_labels

__all__ = ["draw_outcome"]

Color = tuple[int, int, int]

FINE = 2
"""Boxes and labels are drawn this many times as large: that makes edges smooth."""

PAPER: Color = (24, 28, 36)
INK: Color = (236, 239, 244)
PALE: Color = (160, 168, 182)
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
)
"""For classes, in the order of their names; not those that tell what has changed."""

STATUS: dict[str, Color] = {
    "changed": (255, 179, 28),
    "added": (70, 225, 95),
    "deleted": (255, 72, 72),
}
GAP = 16
HEAD = 46
FOOT = 44
LABEL_SIZE, TEXT_SIZE, TITLE_SIZE = 13, 15, 20


def draw_outcome(outcome: Outcome, folder: Path) -> list[Path]:
    """Write a before-and-after picture of each picture, and a contact sheet.

    Args:
        outcome: what to show
        folder: where to write

    Returns:
        the files, the contact sheet last
    """
    names = {thing.name for each in outcome.before for thing in each.things.values()}
    names |= {thing.name for each in outcome.after for thing in each.things.values()}
    colors = {
        name: COLORS[number % len(COLORS)] for number, name in enumerate(sorted(names))
    }
    files, panels = [], []
    for before, after in zip(outcome.before, outcome.after, strict=True):
        kept = [Mark("kept", thing) for thing in before.things.values()]
        left = draw_panel(before, kept, colors)
        right = draw_panel(after, compare(before, after), colors)
        panels.append((before, after, right))
        path = folder / f"{before.path.stem}-before-after.png"
        side_by_side(before, after, left, right).save(path)
        files.append(path)
    path = folder / "contact-sheet.png"
    contact_sheet(outcome, panels).save(path)
    return [*files, path]


def draw_panel(
    picture: Picture, marks: Sequence[Mark], colors: dict[str, Color]
) -> Image.Image:
    """Draw marks onto a picture.

    Args:
        picture: the picture
        marks: what to show
        colors: the colour of each class
    """
    with Image.open(picture.path) as stored:
        photo = stored.convert("RGBA")
    layer = Image.new("RGBA", (photo.width * FINE, photo.height * FINE))
    draw = ImageDraw.Draw(layer)
    font = ImageFont.load_default(LABEL_SIZE * FINE)
    for mark in sorted(marks, key=lambda each: each.status != "kept"):
        _draw_mark(draw, mark, colors)
    boxes = [_area(mark.thing.box) for mark in marks]
    sizes = [_label_size(font, mark.words) for mark in marks]
    places = place_labels(boxes, sizes, (float(layer.width), float(layer.height)))
    for mark, place in zip(marks, places, strict=True):
        color = STATUS.get(mark.status, colors[mark.thing.name])
        draw.rounded_rectangle(place, 4 * FINE, fill=(*color, 255), outline=DARK)
        middle = (place[1] + place[3]) / 2
        at = (place[0] + 5 * FINE, middle)
        draw.text(at, mark.words, fill=DARK, font=font, anchor="lm")
    photo.alpha_composite(layer.resize(photo.size, Image.Resampling.LANCZOS))
    return photo.convert("RGB")


def _draw_mark(draw: ImageDraw.ImageDraw, mark: Mark, colors: dict[str, Color]) -> None:
    area = _area(mark.thing.box)
    if mark.status == "kept":
        _outline(draw, area, colors[mark.thing.name], 2)
    elif mark.status == "deleted":
        left, top, right, bottom = area
        for line in ((left, top, right, bottom), (left, bottom, right, top)):
            draw.line(line, fill=DARK, width=5 * FINE)
            draw.line(line, fill=STATUS["deleted"], width=3 * FINE)
        _dashes(draw, area, STATUS["deleted"])
    else:
        if mark.has_moved and mark.old is not None:
            _dashes(draw, _area(mark.old.box), WHITE)
        _outline(draw, area, STATUS[mark.status], 4)


def _outline(draw: ImageDraw.ImageDraw, area: Area, color: Color, width: int) -> None:
    """Draw a box with a dark edge, so that it shows on any ground."""
    left, top, right, bottom = area
    edge = (left - FINE, top - FINE, right + FINE, bottom + FINE)
    draw.rectangle(edge, outline=(*DARK, 190), width=(width + 2) * FINE)
    draw.rectangle(area, outline=color, width=width * FINE)


def _dashes(draw: ImageDraw.ImageDraw, area: Area, color: Color) -> None:
    left, top, right, bottom = area
    dash, space, width = 7 * FINE, 5 * FINE, 2 * FINE
    for begin, end, level, along_x in (
        (left, right, top, True),
        (left, right, bottom, True),
        (top, bottom, left, False),
        (top, bottom, right, False),
    ):
        at = begin
        while at < end:
            stop = min(at + dash, end)
            line = (at, level, stop, level) if along_x else (level, at, level, stop)
            draw.line(line, fill=(*DARK, 200), width=width + 2 * FINE)
            draw.line(line, fill=color, width=width)
            at += dash + space


def side_by_side(
    before: Picture, after: Picture, left: Image.Image, right: Image.Image
) -> Image.Image:
    """Put a picture before and after beside each other, with titles and a legend."""
    width = left.width + right.width + 3 * GAP
    sheet = Image.new("RGB", (width, HEAD + left.height + FOOT), PAPER)
    draw = ImageDraw.Draw(sheet)
    second = left.width + 2 * GAP
    _title(draw, GAP, left.width, f"{before.name}: before", before.scene, changed=False)
    _title(
        draw,
        second,
        right.width,
        f"{after.name}: after",
        _scene_words(before, after),
        changed=before.scene != after.scene,
    )
    sheet.paste(left, (GAP, HEAD))
    sheet.paste(right, (second, HEAD))
    _legend(draw, GAP, HEAD + left.height + FOOT // 2)
    return sheet


def _title(
    draw: ImageDraw.ImageDraw,
    x: int,
    width: int,
    words: str,
    scene: str,
    *,
    changed: bool,
) -> None:
    """Write what a panel shows, and at its right end the tag of the picture."""
    middle = HEAD / 2
    font = ImageFont.load_default(TITLE_SIZE)
    draw.text((x, middle), words, fill=INK, font=font, anchor="lm")
    font = ImageFont.load_default(TEXT_SIZE)
    scene = f"scene: {scene}"
    long = font.getlength(scene)
    area = (x + width - long - 16, middle - 13, x + width, middle + 13)
    fill = STATUS["changed"] if changed else (58, 65, 80)
    draw.rounded_rectangle(area, 6, fill=fill)
    ink = DARK if changed else INK
    draw.text((x + width - long - 8, middle), scene, fill=ink, font=font, anchor="lm")


def _scene_words(before: Picture, after: Picture) -> str:
    if before.scene == after.scene:
        return after.scene
    return f"{after.scene} (was {before.scene})"


def _legend(draw: ImageDraw.ImageDraw, x: float, y: float) -> None:
    """Explain the boxes in one line."""
    font = ImageFont.load_default(TEXT_SIZE)
    entries = (
        ("kept", "kept, in the colour of its class"),
        ("changed", "changed by the annotator"),
        ("old", "where it was"),
        ("added", "added"),
        ("deleted", "deleted"),
    )
    for kind, words in entries:
        area = (x, y - 9, x + 26, y + 9)
        if kind == "old":
            for at in range(0, 26, 8):
                for level in (area[1], area[3]):
                    draw.line((x + at, level, x + at + 4, level), fill=WHITE, width=2)
            for level in (area[1], y - 1, area[3] - 4):
                for side in (area[0], area[2]):
                    draw.line((side, level, side, level + 4), fill=WHITE, width=2)
        else:
            color = STATUS.get(kind, COLORS[0])
            draw.rectangle(area, outline=color, width=2 if kind == "kept" else 3)
        if kind == "deleted":
            draw.line(area, fill=STATUS[kind], width=3)
            draw.line((area[0], area[3], area[2], area[1]), fill=STATUS[kind], width=3)
        draw.text((x + 36, y), words, fill=INK, font=font, anchor="lm")
        x += 36 + font.getlength(words) + 34


def contact_sheet(
    outcome: Outcome, panels: Sequence[tuple[Picture, Picture, Image.Image]]
) -> Image.Image:
    """Put all pictures as they came back on one sheet, with the counts."""
    columns = 2
    cells = len(panels) + 1
    width, height = panels[0][2].size
    rows = -(-cells // columns)
    step_x, step_y = width + GAP, HEAD + height
    size = (GAP + columns * step_x, rows * step_y + FOOT)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, (before, after, panel) in enumerate(panels):
        x = GAP + number % columns * step_x
        y = number // columns * step_y
        strip = Image.new("RGB", (width, HEAD), PAPER)
        words, changed = _scene_words(before, after), before.scene != after.scene
        _title(ImageDraw.Draw(strip), 0, width, after.name, words, changed=changed)
        sheet.paste(strip, (x, y))
        sheet.paste(panel, (x, y + HEAD))
    x = GAP + len(panels) % columns * step_x
    y = len(panels) // columns * step_y
    _summary(draw, outcome, (x, y + HEAD, x + width, y + HEAD + height))
    _legend(draw, GAP, rows * step_y + FOOT // 2)
    return sheet


def _summary(draw: ImageDraw.ImageDraw, outcome: Outcome, area: Box) -> None:
    """Write the counts, and what the annotator did."""
    left, top, right, bottom = area
    draw.rounded_rectangle((left, top, right, bottom), 10, fill=(34, 40, 52))
    title = ImageFont.load_default(TITLE_SIZE)
    font = ImageFont.load_default(TEXT_SIZE)
    x, y = left + 24, top + 34
    draw.text((x, y), "What came back", fill=INK, font=title, anchor="lm")
    heads = ("kept", "changed", "added", "deleted")
    stops = [
        right - 24 - 82 * (len(heads) - 1 - number) for number in range(len(heads))
    ]
    y += 36
    for stop, head in zip(stops, heads, strict=True):
        draw.text((stop, y), head, fill=STATUS.get(head, PALE), font=font, anchor="rm")
    for name, counts in outcome.counts.items():
        y += 27
        draw.text((x, y), name, fill=INK, font=font, anchor="lm")
        for stop, head in zip(stops, heads, strict=True):
            number = str(counts[head])
            draw.text((stop, y), number, fill=INK, font=font, anchor="rm")
    y += 46
    draw.text((x, y), "What the annotator did", fill=INK, font=title, anchor="lm")
    y += 10
    for edit, _, _ in outcome.results:
        y += 25
        draw.text((x, y), edit.words, fill=INK, font=font, anchor="lm")
        where = edit.picture
        draw.text((right - 24, y), where, fill=PALE, font=font, anchor="rm")


def _area(box: Box) -> Area:
    left, top, width, height = (value * FINE for value in box)
    return left, top, left + width, top + height


def _label_size(
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont, words: str
) -> tuple[float, float]:
    return font.getlength(words) + 10 * FINE, (LABEL_SIZE + 6) * FINE
