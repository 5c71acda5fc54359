"""Outlines in nested results to the masks that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fiftyone.core.labels as fol

from fiftyone_cvat.convert.shared.polygons import polygons_to_mask
from fiftyone_cvat.convert.shared.segmentations import MaskPiece, paint_segmentation
from fiftyone_cvat.geometry import corners_to_box, points_to_pixels
from fiftyone_cvat.types import Size

__all__ = ["convert_polylines", "convert_polylines_to_masks"]


def convert_polylines(
    label_id: str, label: Any, label_info: Mapping[str, Any], frame_size: Any
) -> Any:
    """Convert outlines to the mask that they stand for; leave other labels alone.

    A polygon covers the pixels whose centre lies inside it.

    Args:
        label_id: the label's id
        label: outlines of an instance (a Polyline) or of a segmentation (Polylines)
        label_info: the field's part of the label schema, with its ``mask_targets``
        frame_size: ``(width, height)`` of the frame in pixels

    Returns:
        a Detection with a mask, a Segmentation, or the label itself
    """
    size = Size(int(frame_size[0]), int(frame_size[1]))
    if isinstance(label, fol.Polylines):
        pieces = [
            MaskPiece(outline.label, *placed, z_order=0)
            for outline in label.polylines
            if (placed := polygons_to_mask(_pixels(outline, size), size)) is not None
        ]
        names = sorted({each.label for each in label.polylines})
        targets = label_info.get("mask_targets") or dict(enumerate(names, 1))
        mask = paint_segmentation(pieces, (size.height, size.width), targets)
        segmentation = fol.Segmentation(mask=mask)
        segmentation.id = label_id
        return segmentation
    if not isinstance(label, fol.Polyline):
        return label
    placed = polygons_to_mask(_pixels(label, size), size)
    if placed is None:
        return label
    pixels, left, top = placed
    height, width = pixels.shape
    detection = fol.Detection(
        label=label.label,
        index=label.index,
        bounding_box=corners_to_box([left, top, left + width, top + height], size),
        mask=pixels,
    )
    for name, value in label.iter_attributes():
        detection[name] = value
    detection.id = label_id
    return detection


def convert_polylines_to_masks(
    results: Mapping[str, Any],
    label_info: Mapping[str, Any],
    frames_metadata: Mapping[str, Mapping[str, int] | None],
) -> None:
    """Convert the outlines in some results to masks where masks are to be, in place.

    Args:
        results: labels by kind, sample id, for videos frame id, and label id
        label_info: the field's part of the label schema
        frames_metadata: sample id to ``width`` and ``height`` in pixels, or None
    """
    for kind in ("detections", "segmentation"):
        for sample_id, by_id in results.get(kind, {}).items():
            metadata = frames_metadata.get(sample_id)
            if metadata is None:
                continue
            size = (metadata["width"], metadata["height"])
            for labels in [by_id, *_dicts(by_id)]:
                for label_id, label in list(labels.items()):
                    if not isinstance(label, dict):
                        converted = convert_polylines(label_id, label, label_info, size)
                        labels[label_id] = converted


def _dicts(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [each for each in values.values() if isinstance(each, dict)]


def _pixels(outline: Any, size: Size) -> list[list[float]]:
    return [points_to_pixels(points, size) for points in outline.points]
