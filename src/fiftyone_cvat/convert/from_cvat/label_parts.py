"""Several annotations into the one label that they are the parts of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import fiftyone.core.labels as fol
from numpy.typing import NDArray

from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.shared.segmentations import (
    MaskPiece,
    check_pixels,
    gray_or_rgb,
    paint_segmentation,
)
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.types import Size

__all__ = ["merge_parts", "merge_segmentation", "paintable"]


def merge_parts(parts: Sequence[ReadLabel]) -> Any:
    """Return the one label that several annotations are.

    The first of them gives it its attributes.

    Args:
        parts: what was read of each, in the order of the parts
    """
    label = parts[0].read_value()
    for each in parts[1:]:
        more = each.read_value()
        if isinstance(label, fol.Polyline) and isinstance(more, fol.Polyline):
            label.points.extend(more.points)
    return label


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
        before: the segmentation as it is in the dataset; the type of its pixels is
            kept, and those whose value is no target
    """
    base = None if before is None else paintable(before, mask_targets)
    shape = (size.height, size.width)
    mask = paint_segmentation(pieces, shape, mask_targets, base)
    return fol.Segmentation(mask=mask)
