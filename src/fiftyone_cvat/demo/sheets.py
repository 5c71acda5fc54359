"""Sheets of pictures: each one before and after, the video, all edits on one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from fiftyone_cvat.demo.comparison import Mark, Outcome, compare, notes_of
from fiftyone_cvat.demo.drawing import (
    COLORS,
    DARK,
    STATUS,
    WHITE,
    Color,
    Style,
    dashes,
    draw_panel,
    photo_of,
)
from fiftyone_cvat.demo.pictures import Box, Edit, Picture

__all__ = ["draw_outcome"]

PAPER: Color = (24, 28, 36)
CARD: Color = (36, 42, 54)
INK: Color = (236, 239, 244)
PALE: Color = (160, 168, 182)
CHIP: Color = (58, 65, 80)

GAP = 16
HEAD = 46
FOOT = 44
CARD_SIZE, TEXT_SIZE, TITLE_SIZE = 16, 15, 20

SHOWN_FRAMES = (4, 7, 10)
"""Of the video: the key frame that is added, and one on each side of it."""

COLUMNS = 3
CROP = (196, 140)
"""Width and height of what the sheet of edits shows of a picture."""
MARGIN = 26
NEAREST = 128
"""Pixels around what is edited, and the least that is shown of a picture."""

SAME, GONE, NEW = "changed", "deleted", "added"


def draw_outcome(outcome: Outcome, folder: Path) -> list[Path]:
    """Write each picture and the video before and after, and a sheet of all edits.

    Args:
        outcome: what to show
        folder: where to write

    Returns:
        the files, the sheet of all edits last
    """
    pictures = [*outcome.before, *outcome.after]
    pictures += [*outcome.frames_before, *outcome.frames_after]
    names = sorted({thing.name for each in pictures for thing in each.things.values()})
    colors = {name: COLORS[n % len(COLORS)] for n, name in enumerate(names)}
    style = Style(colors, outcome.skeleton)
    edits = [edit for edit, _, _ in outcome.results]
    sheets = {
        before.path.stem: side_by_side(before, after, edits, style)
        for before, after in zip(outcome.before, outcome.after, strict=True)
    }
    stem = outcome.frames_before[0].path.stem
    sheets[stem] = video_sheet(outcome.frames_before, outcome.frames_after, style)
    files = []
    for stem, sheet in sheets.items():
        files.append(folder / f"{stem}-before-after.png")
        sheet.save(files[-1])
    files.append(folder / "contact-sheet.png")
    contact_sheet(outcome, style).save(files[-1])
    return files


def side_by_side(
    before: Picture, after: Picture, edits: Sequence[Edit], style: Style
) -> Image.Image:
    """Put a picture before and after beside each other, with titles and a legend.

    Args:
        before: the picture as it went up
        after: the picture as it came back
        edits: what the annotator did
        style: how to show labels
    """
    notes = notes_of(edits, before)
    kept = [
        Mark("kept", thing, note=notes.get(thing.id, ""))
        for thing in before.things.values()
    ]
    photo = photo_of(before)
    left = draw_panel(photo, kept, style)
    right = draw_panel(photo, compare(before, after, edits), style)
    width = left.width + right.width + 3 * GAP
    sheet = Image.new("RGB", (width, HEAD + left.height + FOOT), PAPER)
    draw = ImageDraw.Draw(sheet)
    second = left.width + 2 * GAP
    _title(draw, (GAP, HEAD / 2), f"{before.name}: before")
    _title(draw, (second, HEAD / 2), f"{after.name}: after")
    changed = before.scene != after.scene
    words = f"scene: {after.scene}" + (f" (was {before.scene})" if changed else "")
    _chip(draw, (GAP + left.width, HEAD / 2), f"scene: {before.scene}")
    _chip(draw, (second + right.width, HEAD / 2), words, changed=changed)
    sheet.paste(left, (GAP, HEAD))
    sheet.paste(right, (second, HEAD))
    _legend(draw, GAP, HEAD + left.height + FOOT // 2)
    return sheet


def video_sheet(
    before: Sequence[Picture], after: Sequence[Picture], style: Style
) -> Image.Image:
    """Put frames of a video before and after above each other.

    Args:
        before: the frames as they went up
        after: the frames as they came back
        style: how to show labels
    """
    rows = []
    for row, frames in (("before", before), ("after", after)):
        panels = []
        for number in SHOWN_FRAMES:
            old, new = before[number - 1], frames[number - 1]
            panels.append(draw_panel(photo_of(new), compare(old, new), style))
        rows.append((row, panels))
    width, height = rows[0][1][0].size
    step, name = width + GAP, before[0].name
    size = (GAP + len(SHOWN_FRAMES) * step, len(rows) * (HEAD + height) + FOOT)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    for line, (row, panels) in enumerate(rows):
        y = line * (HEAD + height)
        for column, (number, panel) in enumerate(
            zip(SHOWN_FRAMES, panels, strict=True)
        ):
            x = GAP + column * step
            _title(draw, (x, y + HEAD / 2), f"{name}, frame {number}: {row}")
            if row == "after":
                is_key = number == SHOWN_FRAMES[1]
                words = "key frame, added" if is_key else "between key frames: follows"
                _chip(draw, (x + width, y + HEAD / 2), words, changed=is_key)
            sheet.paste(panel, (x, y + HEAD))
    _legend(draw, GAP, size[1] - FOOT // 2)
    return sheet


def contact_sheet(outcome: Outcome, style: Style) -> Image.Image:
    """Put all edits on one sheet: what was there, and what came back.

    Args:
        outcome: what to show
        style: how to show labels
    """
    width = 2 * CROP[0] + 3 * 10 + 14
    height = 36 + CROP[1] + 40
    rows = -(-(len(outcome.results) + 1) // COLUMNS)
    size = (
        GAP + COLUMNS * (width + GAP),
        HEAD + rows * (height + GAP) + FOOT,
    )
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    title = "What an annotator did in CVAT, and what came back to FiftyOne"
    _title(draw, (GAP, HEAD / 2), title)
    places = [
        (GAP + n % COLUMNS * (width + GAP), HEAD + n // COLUMNS * (height + GAP))
        for n in range(len(outcome.results) + 1)
    ]
    for (x, y), (edit, words, _) in zip(places, outcome.results, strict=False):
        draw.rounded_rectangle((x, y, x + width, y + height), 8, fill=CARD)
        _draw_edit(sheet, (x, y, width, height), outcome, (edit, words), style)
    x, y = places[len(outcome.results)]
    draw.rounded_rectangle((x, y, x + width, y + height), 8, fill=CARD)
    _counts(draw, (x, y, width, height), outcome)
    _legend(draw, GAP, size[1] - FOOT // 2)
    return sheet


def _draw_edit(
    sheet: Image.Image,
    card: Box,
    outcome: Outcome,
    edited: tuple[Edit, str],
    style: Style,
) -> None:
    """Show one edit: its words, the place before and after, and what came of it."""
    (edit, words), (x, y, width, height) = edited, card
    draw = ImageDraw.Draw(sheet)
    bold, font = (
        ImageFont.load_default(CARD_SIZE + 2),
        ImageFont.load_default(CARD_SIZE),
    )
    draw.text((x + 10, y + 19), edit.words, fill=INK, font=bold, anchor="lm")
    before, after = _pair(outcome, edit)
    edits = [each for each, _, _ in outcome.results]
    focus = [m for m in compare(before, after, edits) if _is_about(m, edit)]
    photo = photo_of(before)
    part = _part(focus, photo.size)
    notes = notes_of(edits, before)
    old = [
        Mark("kept", thing, note=notes.get(thing.id, ""))
        for thing in before.things.values()
        if any(thing.id == mark.thing.id for mark in focus)
    ]
    small = Style(style.colors, style.skeleton, 14)
    for column, marks in enumerate((old, focus)):
        panel = draw_panel(photo, marks, small, part, CROP)
        at = (round(x) + 10 + column * (CROP[0] + 24), round(y) + 36)
        sheet.paste(panel, at)
    if edit.kind == "tag":
        for column, scene in enumerate((before.scene, after.scene)):
            right = x + 10 + column * (CROP[0] + 24) + CROP[0] - 6
            _chip(draw, (right, y + 54), scene, changed=column == 1)
    _arrow(draw, x + 10 + CROP[0] + 12, y + 36 + CROP[1] / 2)
    tone = {"delete": GONE, "add": NEW, "paste": NEW}.get(edit.kind, SAME)
    below = y + height - 20
    draw.text((x + 10, below), words, fill=STATUS[tone], font=font, anchor="lm")
    name = edit.picture
    draw.text((x + width - 10, below), name, fill=PALE, font=font, anchor="rm")


def _pair(outcome: Outcome, edit: Edit) -> tuple[Picture, Picture]:
    """Return the picture, or the frame, that was edited, before and after."""
    if edit.kind == "track":
        number = edit.values["frame"] - 1
        return outcome.frames_before[number], outcome.frames_after[number]
    names = [picture.name for picture in outcome.before]
    number = names.index(edit.picture)
    return outcome.before[number], outcome.after[number]


def _is_about(mark: Mark, edit: Edit) -> bool:
    """Tell whether a mark shows what an edit did."""
    if edit.kind == "tag":
        return False
    if edit.kind == "track":
        return True
    if edit.kind == "paste":
        return bool(mark.note)
    if edit.kind == "add":
        return mark.status == "added" and not mark.note
    return mark.thing.id == edit.label


def _part(marks: Sequence[Mark], size: tuple[int, int]) -> Box:
    """Return the part of a picture around some marks, in the shape of a crop."""
    things = [thing for m in marks for thing in (m.thing, m.old) if thing is not None]
    boxes = [thing.box for thing in things] or [(0.0, 0.0, float(size[0]), 0.0)]
    left = min(box[0] for box in boxes) - MARGIN
    above = 44 if any(thing.kind == "skeleton" for thing in things) else 10
    top = min(box[1] for box in boxes) - MARGIN - above  # the words stand there
    right = max(box[0] + box[2] for box in boxes) + MARGIN
    bottom = max(box[1] + box[3] for box in boxes) + MARGIN
    ratio = CROP[0] / CROP[1]
    width = max(right - left, (bottom - top) * ratio, NEAREST)
    width = min(width, size[0], size[1] * ratio)
    height = width / ratio
    x = min(max((left + right - width) / 2, 0.0), size[0] - width)
    y = min(max((top + bottom - height) / 2, 0.0), size[1] - height)
    return x, y, width, height


def _arrow(draw: ImageDraw.ImageDraw, x: float, y: float) -> None:
    draw.polygon([(x - 5, y - 7), (x + 6, y), (x - 5, y + 7)], fill=PALE)


def _counts(draw: ImageDraw.ImageDraw, card: Box, outcome: Outcome) -> None:
    """Write how many labels of each field were kept, changed, added and deleted."""
    x, y, width, _ = card
    title = ImageFont.load_default(CARD_SIZE + 2)
    font = ImageFont.load_default(CARD_SIZE)
    draw.text((x + 10, y + 19), "All labels", fill=INK, font=title, anchor="lm")
    heads = ("kept", "changed", "added", "deleted")
    stops = [x + width - 12 - 78 * (len(heads) - 1 - n) for n in range(len(heads))]
    y += 50
    for stop, head in zip(stops, heads, strict=True):
        draw.text((stop, y), head, fill=STATUS.get(head, PALE), font=font, anchor="rm")
    for name, counts in outcome.counts.items():
        y += 24
        draw.text((x + 10, y), name, fill=INK, font=font, anchor="lm")
        for stop, head in zip(stops, heads, strict=True):
            number = counts[head]
            ink = STATUS.get(head, INK) if number else PALE
            draw.text((stop, y), str(number), fill=ink, font=font, anchor="rm")


def _title(draw: ImageDraw.ImageDraw, at: tuple[float, float], words: str) -> None:
    font = ImageFont.load_default(TITLE_SIZE)
    draw.text(at, words, fill=INK, font=font, anchor="lm")


def _chip(
    draw: ImageDraw.ImageDraw,
    right: tuple[float, float],
    words: str,
    *,
    changed: bool = False,
) -> None:
    """Write something in a field of its own, which ends at a place."""
    x, y = right
    font = ImageFont.load_default(TEXT_SIZE)
    long = font.getlength(words)
    fill, ink = (STATUS["changed"], DARK) if changed else (CHIP, INK)
    draw.rounded_rectangle((x - long - 16, y - 13, x, y + 13), 6, fill=fill)
    draw.text((x - long - 8, y), words, fill=ink, font=font, anchor="lm")


def _legend(draw: ImageDraw.ImageDraw, x: float, y: float) -> None:
    """Explain the outlines in one line."""
    font = ImageFont.load_default(TEXT_SIZE)
    entries: tuple[tuple[str, str, Color], ...] = (
        ("kept", "kept, in the color of its class", COLORS[0]),
        ("changed", "changed by the annotator", STATUS["changed"]),
        ("old", "where it was", WHITE),
        ("added", "added", STATUS["added"]),
        ("deleted", "deleted", STATUS["deleted"]),
    )
    for kind, words, color in entries:
        area = (x, y - 8, x + 26, y + 8)
        if kind in ("old", "deleted"):
            dashes(draw, area, color)
        else:
            draw.rectangle(area, outline=color, width=2)
        draw.text((x + 36, y), words, fill=INK, font=font, anchor="lm")
        x += 36 + font.getlength(words) + 30
