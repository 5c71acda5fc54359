"""Boxes that nobody will see in CVAT: without extent, or outside of their picture."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.texts import LABEL_ID
from fiftyone_cvat.types import CVATSchema, Size

__all__ = ["UnseenBoxes"]

logger = logging.getLogger(__name__)

FLAT = ("has no width or no height", "have no width or no height", "")
OUTSIDE = (
    "is outside of the picture",
    "are outside of the picture",
    "; coordinates are relative, from 0 to 1",
)


class UnseenBoxes:
    """Counts such boxes by field, and remembers the first one of each.

    Args:
        cvat_schema: CVAT class name to its attributes by name, and its class by field
    """

    def __init__(self, cvat_schema: CVATSchema) -> None:
        self._schema = cvat_schema
        self._numbers: Counter[tuple[Any, tuple[str, str, str]]] = Counter()
        self._first: dict[tuple[Any, tuple[str, str, str]], str] = {}

    def note(
        self,
        shapes: Iterable[Any],
        tracks: Iterable[Any],
        frames: Mapping[int, FrameRef],
        sizes: Mapping[int, Size],
    ) -> None:
        """Count the boxes of one task.

        Args:
            shapes: shapes with the names of their classes
            tracks: tracks, likewise
            frames: the position in the task to what the frame is
            sizes: the position to the frame's size in pixels
        """
        for name, shape in _rectangles(shapes, tracks):
            fault = _fault(shape, sizes[shape["frame"]])
            if fault is None:
                continue
            for label_field in self._schema[name].class_by_field:
                key = label_field, fault
                self._numbers[key] += 1
                if key not in self._first:
                    sample_id = frames[shape["frame"]].sample_id
                    self._first[key] = f"{_label_of(shape)} of sample {sample_id}"

    def tell(self) -> None:
        """Warn of the boxes that were counted."""
        for (label_field, (one, several, advice)), number in self._numbers.items():
            first = self._first[label_field, (one, several, advice)]
            logger.warning(
                "Field '%s': %d %s and can hardly be seen in CVAT%s: %s%s",
                label_field,
                number,
                f"box {one}" if number == 1 else f"boxes {several}",
                "" if number == 1 else ", such as",
                first,
                advice,
            )


def _rectangles(
    shapes: Iterable[Any], tracks: Iterable[Any]
) -> Iterator[tuple[str, Any]]:
    """Yield each rectangle with the name of its class."""
    for shape in shapes:
        if shape["type"] == "rectangle":
            yield shape["label_id"], shape
    for track in tracks:
        for shape in track["shapes"]:
            if shape["type"] == "rectangle" and not shape.get("outside"):
                yield track["label_id"], shape


def _fault(shape: Any, size: Size) -> tuple[str, str, str] | None:
    x1, y1, x2, y2 = shape["points"]
    if x2 <= x1 or y2 <= y1:
        return FLAT
    # one that is turned may reach into the picture all the same
    is_out = x1 >= size.width or y1 >= size.height or x2 <= 0 or y2 <= 0
    return OUTSIDE if is_out and not shape.get("rotation") else None


def _label_of(shape: Any) -> str:
    ids = [e["value"] for e in shape["attributes"] if e["spec_id"] == LABEL_ID]
    return f"label {ids[0]}" if ids else "a label"
