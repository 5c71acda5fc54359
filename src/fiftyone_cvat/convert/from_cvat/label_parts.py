"""Several annotations into the one label that they are the parts of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import fiftyone.core.labels as fol
import numpy as np
from numpy.typing import NDArray

from fiftyone_cvat.convert.from_cvat.comparison import same_geometry
from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.from_cvat.originals import Original
from fiftyone_cvat.convert.shared.masks import stretch_mask
from fiftyone_cvat.convert.shared.polyline_parts import has_shape
from fiftyone_cvat.convert.shared.segmentations import (
    MaskPiece,
    check_pixels,
    gray_or_rgb,
    paint_in_own_size,
    paint_segmentation,
)
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.types import Json, Size

__all__ = ["is_painted_finer", "merge_parts", "merge_segmentation", "paintable"]


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
    lines = [(parts[0], label.points)]
    lines += [
        (part, each.points)
        for part, each in zip(parts[1:], others, strict=True)
        if isinstance(each, fol.Polyline)
    ]
    before = None if original is None else original.label
    if original is not None and isinstance(before, fol.Polyline):
        label.points = _with_kept(lines, before, original.annotations)
        if _are_outlines(lines) and before.filled:
            # nobody can open or close a polygon
            label.closed = before.closed
    elif others:
        label.points = [*chain.from_iterable(points for _, points in lines)]
    return label


def _are_outlines(lines: Sequence[tuple[ReadLabel, Any]]) -> bool:
    return all(part.annotation.get("type") == "polygon" for part, _ in lines)


def _with_kept(
    lines: Sequence[tuple[ReadLabel, list[Any]]],
    before: fol.Polyline,
    sent: Sequence[Json],
) -> list[Any]:
    """Return the points of a polyline, with what of its parts did not go up.

    Args:
        lines: what was read of each part, and its points
        before: the polyline in the dataset
        sent: the annotations of the parts that it goes up as
    """
    filled = bool(before.filled)
    went_up = [
        number
        for number, part in enumerate(before.points)
        if has_shape(part, filled=filled)
    ]
    if len(went_up) != len(sent):
        # the dataset's label is not what a conversion of it would tell about
        return [*chain.from_iterable(points for _, points in lines)]
    places = _places([part for part, _ in lines], sent)
    came = {
        went_up[place]: line
        for place, line in zip(places, lines, strict=True)
        if place is not None
    }
    points: list[Any] = []
    for number, given in enumerate(before.points):
        if number not in went_up:
            points.append(given)
        elif number in came:
            part, read = came[number]
            is_same = same_geometry(sent[went_up.index(number)], part.annotation)
            points += [given] if is_same else _with_unknown_points(read, given)
    for place, line in zip(places, lines, strict=True):
        points += line[1] if place is None else []
    return points


def _places(parts: Sequence[ReadLabel], sent: Sequence[Json]) -> list[int | None]:
    """Return for each part which of those that went up it is; None for a new one.

    One that was not moved lies where it went up. The others are in order, or the ones
    that their numbers say if some were deleted.
    """
    free = [*range(len(sent))]
    places: list[int | None] = []
    for part in parts:
        own_first = sorted(free, key=lambda place: place != part.part - 1)
        same = (n for n in own_first if same_geometry(sent[n], part.annotation))
        places.append(next(same, None))
        if places[-1] is not None:
            free.remove(places[-1])
    is_complete = len(parts) >= len(sent)
    for number, part in enumerate(parts):
        if places[number] is None and free:
            said = part.part - 1
            place = said if said in free and not is_complete else free[0]
            places[number] = place
            free.remove(place)
    return places


def _with_unknown_points(read: list[Any], before: list[Any]) -> list[Any]:
    """Put points of a part that were not known back in, if none came or went."""
    known = [bool(np.isfinite(point).all()) for point in before]
    if all(known) or len(read) != 1 or len(read[0]) != sum(known):
        return read
    rest = iter(read[0])
    return [[next(rest) if each else [np.nan, np.nan] for each in known]]


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


def merge_segmentation(
    pieces: Sequence[MaskPiece],
    size: Size,
    mask_targets: Mapping[Any, str],
    before: fol.Segmentation | None,
) -> fol.Segmentation:
    """Return the segmentation that masks of classes make up.

    Args:
        pieces: the masks
        size: the frame's size in pixels
        mask_targets: pixel value, or RGB hex string, to class name
        before: the segmentation as it is in the dataset; its size and the type of its
            pixels are kept, and so are those whose value is no target
    """
    base = None if before is None else paintable(before, mask_targets)
    shape = (size.height, size.width)
    mask = paint_segmentation(pieces, shape, mask_targets, base)
    if base is not None and base.shape[:2] != shape:
        mask = paint_in_own_size(base, mask)
    return fol.Segmentation(mask=mask)


def is_painted_finer(
    pieces: Sequence[MaskPiece],
    size: Size,
    mask_targets: Mapping[Any, str],
    before: fol.Segmentation,
) -> bool:
    """Tell whether masks differ from a segmentation they change no pixel of.

    Args:
        pieces: the masks
        size: the frame's size in pixels
        mask_targets: pixel value, or RGB hex string, to class name
        before: the segmentation as it is in the dataset
    """
    base = paintable(before, mask_targets)
    shape = (size.height, size.width)
    if base is None or base.shape[:2] == shape:
        return False
    painted = paint_segmentation(pieces, shape, mask_targets, base)
    return not np.array_equal(painted, stretch_mask(base, size.width, size.height))
