"""Whether everybody did the same work: what is on the server, and what is loaded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.labels import paint, track_boxes
from benchmarks.workloads import CLASSES, Job, Json

Row = tuple[float, float, float, float, float, float]
"""The class as a number, left, top, right and bottom in pixels, and the area."""


class DifferentWorkError(AssertionError):
    """Somebody did less, more or other work than the workload asks for."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far results may lie from the workload.

    Attributes:
        box: pixels, for each side
        area: a fraction of the area of a mask
        pixels: the fraction of a segmentation's pixels that may differ
    """

    box: float
    area: float
    pixels: float


EXACT = Tolerance(0.01, 0.001, 0.0)
ROUNDED = Tolerance(2.1, 0.06, 0.01)
"""The built-in rounds boxes and loses the last row and column of masks."""


def check_server(
    job: Job, shapes: list[Json], tracks: list[Json], tolerance: Tolerance
) -> None:
    """Compare what is on the server with what was to go up.

    Args:
        job: the workload
        shapes: the shapes on the server, with names for ids
        tracks: the tracks, likewise
        tolerance: how far they may lie from the workload

    Raises:
        DifferentWorkError: if anything is missing, too much or elsewhere
    """
    expected = _rows(job, job.shapes, job.tracks)
    _compare("on the server", expected, _rows(job, shapes, tracks), tolerance)
    if job.attributes and _texts(shapes) != _texts(job.shapes):
        raise DifferentWorkError("the attributes on the server differ")


def check_labels(
    job: Job, labels: Mapping[int, list[Any]], tolerance: Tolerance
) -> None:
    """Compare the labels that were loaded with what was on the server.

    Args:
        job: the workload
        labels: position of a frame to its labels
        tolerance: how far they may lie from the workload

    Raises:
        DifferentWorkError: if anything is missing, too much or elsewhere
    """
    shapes, tracks = job.drawn or job.shapes, job.drawn_tracks or job.tracks
    if job.label_type == "segmentation":
        _compare_pixels(job, labels, tolerance)
        return
    if any(each["type"] == "polygon" for each in shapes):
        # pixels cannot follow the outline
        tolerance = ROUNDED
    found: dict[int, list[Row]] = defaultdict(list)
    for frame, own in labels.items():
        found[frame] = [_row_of_label(each, job.size) for each in own]
    _compare("loaded", _rows(job, shapes, tracks), found, tolerance)
    texts = {
        (name, str(label[name]))
        for own in labels.values()
        for label in own
        for name in job.attributes
    }
    if job.attributes and texts != _texts(shapes):
        raise DifferentWorkError("the attributes of the labels differ")


def _texts(shapes: Iterable[Json]) -> set[tuple[str, str]]:
    return {
        (value["spec_id"], value["value"])
        for each in shapes
        for value in each["attributes"]
        if value["spec_id"] != "label_id"
    }


def _rows(
    job: Job, shapes: Iterable[Json], tracks: Iterable[Json]
) -> dict[int, list[Row]]:
    rows: dict[int, list[Row]] = defaultdict(list)
    for each in shapes:
        row = _row(each["type"], each["points"], each["label_id"])
        rows[each["frame"]].append(row)
    for each in tracks:
        for frame, box in track_boxes(each, job.frames):
            rows[frame].append(_row("rectangle", box, each["label_id"]))
    return rows


def _row(kind: str, points: list[float], name: str) -> Row:
    number = float(CLASSES.index(name))
    if kind == "rectangle":
        left, top, right, bottom = points
        return number, left, top, right, bottom, 0.0
    if kind == "mask":
        left, top, right, bottom = points[-4:]
        area = float(sum(points[1:-4:2]))
        return number, left, top, right + 1, bottom + 1, area
    pairs = np.asarray(points).reshape(-1, 2)
    (left, top), (right, bottom) = pairs.min(axis=0), pairs.max(axis=0)
    x, y = pairs.T
    area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    return number, left, top, right, bottom, area


def _row_of_label(label: Any, size: tuple[int, int]) -> Row:
    x, y, width, height = label.bounding_box
    left, top = x * size[0], y * size[1]
    right, bottom = (x + width) * size[0], (y + height) * size[1]
    area = 0.0 if label.mask is None else float(np.count_nonzero(label.mask))
    return float(CLASSES.index(label.label)), left, top, right, bottom, area


def _compare(
    where: str,
    expected: Mapping[int, list[Row]],
    found: Mapping[int, list[Row]],
    tolerance: Tolerance,
) -> None:
    frames = {frame for rows in (expected, found) for frame, own in rows.items() if own}
    for frame in sorted(frames):
        wanted, got = np.array(expected.get(frame, [])), np.array(found.get(frame, []))
        at = f"frame {frame} has"
        if len(wanted) != len(got):
            raise DifferentWorkError(f"{where}: {at} {len(got)} of {len(wanted)}")
        # a class apart is further away than anything in a frame
        scaled = [rows[:, :5] * (1e6, 1, 1, 1, 1) for rows in (wanted, got)]
        distances = np.abs(scaled[0][:, None] - scaled[1][None]).max(axis=2)
        nearest = distances.argmin(axis=1)
        if len(set(nearest.tolist())) != len(wanted):
            raise DifferentWorkError(f"{where}: {at} objects elsewhere")
        distance = float(distances.min(axis=1).max())
        if distance > tolerance.box:
            raise DifferentWorkError(f"{where}: {at} an object {distance:.2f} px off")
        area = wanted[:, 5]
        if (np.abs(got[nearest, 5] - area) > tolerance.area * area).any():
            raise DifferentWorkError(f"{where}: {at} masks of other areas")


def _compare_pixels(
    job: Job, labels: Mapping[int, list[Any]], tolerance: Tolerance
) -> None:
    for frame in range(len(job.media)):
        own = [each for each in job.shapes if each["frame"] == frame]
        expected: NDArray[np.uint8] = paint(own, job.size)
        found = labels.get(frame, [])
        if len(found) != 1 or found[0].mask.shape != expected.shape:
            raise DifferentWorkError(f"loaded: frame {frame} has no segmentation")
        share = float(np.mean(found[0].mask != expected))
        if share > tolerance.pixels:
            what = f"{share:.2%} of its pixels differ"
            raise DifferentWorkError(f"loaded: frame {frame}: {what}")
