"""Several annotations into the one label that they are the parts of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import fiftyone.core.labels as fol
import numpy as np
from numpy.typing import NDArray

from fiftyone_cvat.convert.from_cvat.comparison import same_geometry
from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.from_cvat.originals import Original
from fiftyone_cvat.convert.shared.masks import stretch_mask
from fiftyone_cvat.convert.shared.polyline_parts import has_shape
from fiftyone_cvat.convert.shared.run_lengths import runs_to_mask
from fiftyone_cvat.convert.shared.segmentations import (
    MaskPiece,
    check_pixels,
    class_masks,
    gray_or_rgb,
    paint_in_own_size,
    paint_segmentation,
)
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.types import Json, Size

__all__ = [
    "is_painted_finer",
    "merge_parts",
    "merge_segmentation",
    "paintable",
    "parts_unstored",
    "pixels_unstored",
]

Piece = tuple[list[Any], bool]
"""The points of a part, and whether it is closed."""


def merge_parts(parts: Sequence[ReadLabel], original: Original | None = None) -> Any:
    """Return the one label that several annotations are.

    The first of them gives it its attributes.

    Args:
        parts: what was read of each, in the order of the parts
        original: the label as it is in the dataset, if it is; what of its points did
            not go up, or did not change, stays in its place
    """
    label, *others = [each.read_value() for each in parts]
    if not isinstance(label, fol.Polyline):
        return label
    lines = [(parts[0], label)]
    lines += [
        (part, each)
        for part, each in zip(parts[1:], others, strict=True)
        if isinstance(each, fol.Polyline)
    ]
    before = None if original is None else original.label
    if original is not None and isinstance(before, fol.Polyline):
        pieces = _with_kept(lines, before, original)
    else:
        pieces = _pieces([each for _, each in lines])
    # one that is closed beside one that is not ends where it began
    label.closed = all(closed for _, closed in pieces)
    label.points = [
        _ended(points) if closed and not label.closed else points
        for points, closed in pieces
    ]
    if before is not None and _are_outlines(lines) and before.filled:
        # nobody can open or close a polygon
        label.closed = before.closed
        label.points = [points for points, _ in pieces]
    return label


def _are_outlines(lines: Sequence[tuple[ReadLabel, Any]]) -> bool:
    return all(part.annotation.get("type") == "polygon" for part, _ in lines)


def _pieces(lines: Iterable[fol.Polyline]) -> list[Piece]:
    return [(points, bool(each.closed)) for each in lines for points in each.points]


def _ended(points: list[Any]) -> list[Any]:
    """Return the points of a closed line that ends where it began."""
    is_ended = len(points) <= 2 or _is_ring(points)  # noqa: PLR2004
    return points if is_ended else [*points, points[0]]


def _is_ring(points: Sequence[Any]) -> bool:
    return list(points[0]) == list(points[-1])


def _with_kept(
    lines: Sequence[tuple[ReadLabel, fol.Polyline]],
    before: fol.Polyline,
    original: Original,
) -> list[Piece]:
    """Return the parts of a polyline, with what of them did not go up or get stored.

    Args:
        lines: what was read of each part
        before: the polyline in the dataset
        original: the polyline, with the annotations of the parts that it goes up as
    """
    filled, sent = bool(before.filled), original.annotations
    went_up = [
        number
        for number, part in enumerate(before.points)
        if has_shape(part, filled=filled)
    ]
    if len(went_up) != len(sent):
        # the dataset's label is not what a conversion of it would tell about
        return _pieces([each for _, each in lines])
    unstored = original.places_unstored
    places = _places([part for part, _ in lines], sent, unstored)
    there = {each for n, each in enumerate(went_up) if n not in unstored}
    came = {
        went_up[place]: line
        for place, line in zip(places, lines, strict=True)
        if place is not None
    }
    closed = bool(before.closed)
    pieces: list[Piece] = []
    for number, given in enumerate(before.points):
        if number not in there:
            pieces.append((given, closed))
        elif number in came:
            part, read = came[number]
            is_same = same_geometry(sent[went_up.index(number)], part.annotation)
            pieces += [(given, closed)] if is_same else _as_it_was(read, given, before)
    for place, line in zip(places, lines, strict=True):
        pieces += [] if place is not None else _pieces([line[1]])
    return pieces


def parts_unstored(original: Original) -> fol.Polyline | None:
    """Return what is left of a polyline when all parts that were stored are deleted.

    Args:
        original: the polyline as it is in the dataset

    Returns:
        None if all of its parts were stored, or if it is no polyline
    """
    before = original.label if original.unstored else None
    if not isinstance(before, fol.Polyline) or not original.places_unstored:
        return None
    label = before.copy()
    label.id = before.id
    label.points = [points for points, _ in _with_kept([], before, original)]
    return label


def _places(
    parts: Sequence[ReadLabel], sent: Sequence[Json], unstored: Collection[int]
) -> list[int | None]:
    """Return for each part which of those that went up it is; None for a new one.

    One that was not moved lies where it went up. The others are in order, or the ones
    that their numbers say if some were deleted.
    """
    free = [each for each in range(len(sent)) if each not in unstored]
    number_stored = len(free)
    places: list[int | None] = []
    for part in parts:
        own_first = sorted(free, key=lambda place: place != part.part - 1)
        same = (n for n in own_first if same_geometry(sent[n], part.annotation))
        places.append(next(same, None))
        if places[-1] is not None:
            free.remove(places[-1])
    is_complete = len(parts) >= number_stored
    for number, part in enumerate(parts):
        if places[number] is None and free:
            said = part.part - 1
            place = said if said in free and not is_complete else free[0]
            places[number] = place
            free.remove(place)
    return places


def _as_it_was(
    read: fol.Polyline, given: list[Any], before: fol.Polyline
) -> list[Piece]:
    """Return a part that was moved, with what of its points nobody can change.

    Args:
        read: what was read of the part
        given: its points in the dataset
        before: the polyline in the dataset
    """
    pieces = _pieces([read])
    if len(pieces) != 1:
        return pieces
    [(points, closed)] = pieces
    known = [bool(np.isfinite(point).all()) for point in given]
    if closed and not before.filled and _is_ring(given):
        # it ended where it began before it went up
        points, closed = [*points, points[0]], bool(before.closed)
    if all(known) or len(points) != sum(known):
        return [(points, closed)]
    # none came or went
    rest = iter(points)
    return [([next(rest) if each else [np.nan, np.nan] for each in known], closed)]


def paintable(
    segmentation: fol.Segmentation, mask_targets: Mapping[Any, str]
) -> NDArray[Any] | None:
    """Return a segmentation's pixels if others can be painted over them.

    Args:
        segmentation: the label
        mask_targets: pixel value, or RGB hex string, to class name

    Returns:
        None if there are none, or none that the targets can tell
    """
    pixels = segmentation.get_mask() if segmentation.has_mask else None
    if pixels is None:
        return None
    try:
        pixels = gray_or_rgb(pixels)
        check_pixels(pixels, mask_targets)
    except GeometryError:
        return None
    return pixels


def pixels_unstored(
    original: Original,
    size: Size,
    mask_targets: Mapping[Any, str],
    cvat_classes: Mapping[str, str],
) -> NDArray[np.bool_] | None:
    """Return which pixels of a segmentation are of masks that the server did not store.

    What was painted over them here or there since then is none of them.

    Args:
        original: the segmentation as it is in the dataset
        size: the frame's size in pixels
        mask_targets: pixel value, or RGB hex string, to class name
        cvat_classes: class name to the name that the class went up with

    Returns:
        (height, width); None if there are none
    """
    before = original.label if original.unstored else None
    base = None if before is None else paintable(before, mask_targets)
    if base is None:
        return None
    pixels = stretch_mask(base, size.width, size.height)
    kept = np.zeros(pixels.shape[:2], bool)
    for name, mask, left, top in class_masks(pixels, mask_targets):
        here = np.zeros_like(kept)
        here[_box(mask, left, top)] = mask
        for each in original.unstored:
            if each["class"] == cvat_classes.get(name):
                part, *corner = runs_to_mask(each["points"])
                place = _box(part, *corner)
                kept[place] |= part & here[place]
    return kept if kept.any() else None


def _box(mask: NDArray[np.bool_], left: int, top: int) -> tuple[slice, slice]:
    """Return the rows and columns of a mask in its picture."""
    height, width = mask.shape
    return slice(top, top + height), slice(left, left + width)


def merge_segmentation(
    pieces: Sequence[MaskPiece],
    size: Size,
    mask_targets: Mapping[Any, str],
    before: fol.Segmentation | None,
    kept: NDArray[np.bool_] | None = None,
) -> fol.Segmentation:
    """Return the segmentation that masks of classes make up.

    Args:
        pieces: the masks
        size: the frame's size in pixels
        mask_targets: pixel value, or RGB hex string, to class name
        before: the segmentation as it is in the dataset; its size and the type of its
            pixels are kept, and so are those whose value is no target
        kept: what :func:`pixels_unstored` returns of it
    """
    base = None if before is None else paintable(before, mask_targets)
    shape = (size.height, size.width)
    mask = paint_segmentation(pieces, shape, mask_targets, base, kept)
    if base is not None and base.shape[:2] != shape:
        mask = paint_in_own_size(base, mask)
    return fol.Segmentation(mask=mask)


def is_painted_finer(
    pieces: Sequence[MaskPiece],
    size: Size,
    mask_targets: Mapping[Any, str],
    before: fol.Segmentation,
    kept: NDArray[np.bool_] | None = None,
) -> bool:
    """Return whether masks differ from a segmentation they change no pixel of.

    Args:
        pieces: the masks
        size: the frame's size in pixels
        mask_targets: pixel value, or RGB hex string, to class name
        before: the segmentation as it is in the dataset
        kept: what :func:`pixels_unstored` returns of it
    """
    base = paintable(before, mask_targets)
    shape = (size.height, size.width)
    if base is None or base.shape[:2] == shape:
        return False
    painted = paint_segmentation(pieces, shape, mask_targets, base, kept)
    return not np.array_equal(painted, stretch_mask(base, size.width, size.height))
