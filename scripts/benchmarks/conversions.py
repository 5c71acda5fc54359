"""The conversions alone: the built-in's, this package's, and the floor."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import chain
from typing import Any

import fiftyone as fo
import numpy as np
from fiftyone.utils import cvat as built_in

from benchmarks.workloads import CLASSES, Json, disc, outline, shape, track
from fiftyone_cvat.api import CVATAnnotationAPI
from fiftyone_cvat.convert.from_cvat.field_context import FieldContext
from fiftyone_cvat.convert.from_cvat.interpolation import interpolate_track
from fiftyone_cvat.convert.from_cvat.labels import read_annotation
from fiftyone_cvat.convert.shared.polygons import polygons_to_mask
from fiftyone_cvat.convert.shared.run_lengths import mask_to_runs, runs_to_mask
from fiftyone_cvat.dataset.stored_labels import StoredLabel
from fiftyone_cvat.types import ClassSchema, Size

SIZE = Size(1920, 1080)
NAMES = ("color", "note")
SPECS = {number: {"color": 1, "note": 2, "label_id": 3} for number in range(5)}
Work = Callable[[], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """One line of the table.

    Attributes:
        name: short, for targets
        title: what is converted
        objects: how many are, in one call
        other: what does it at the other side
        package: what does it here
        other_name: ``built-in``, or ``labels`` for their construction alone
        summary: makes of either result what must be equal, as numbers
        slack: how far these may lie apart
    """

    name: str
    title: str
    objects: int
    other: Work
    package: Work
    other_name: str = "built-in"
    summary: Callable[[Any], Any]
    slack: float = 0.0


def conversions(count: int) -> Iterator[Conversion]:
    """Yield the conversions of so many objects each."""
    yield from _up(count)
    yield from _runs(count)
    yield from _fill(count)
    yield from _interpolation(10 * count)
    yield from _down(count)


def same_result(each: Conversion) -> bool:
    """Tell whether both sides make the same of the same objects."""
    other, package = (each.summary(work()) for work in (each.other, each.package))
    one, two = np.asarray(other, float), np.asarray(package, float)
    return one.shape == two.shape and bool(np.allclose(one, two, 0, each.slack))


def measure(each: Conversion, rounds: int) -> tuple[float, float]:
    """Return the median CPU milliseconds of both sides for 1,000 objects, in turn."""
    seconds: tuple[list[float], list[float]] = ([], [])
    each.package()
    for _ in range(rounds):
        for work, times in zip((each.other, each.package), seconds, strict=True):
            # nobody pays for what others have left
            gc.collect()
            begun = time.process_time()
            work()
            times.append(time.process_time() - begun)
    other, package = (statistics.median(times) for times in seconds)
    return other * 1e6 / each.objects, package * 1e6 / each.objects


def _up(count: int) -> Iterator[Conversion]:
    attributes = [{"name": name, "input_type": "text"} for name in NAMES]
    rng = np.random.default_rng(1)
    boxes = rng.uniform(0.1, 0.4, (count, 4)).tolist()
    detections = [
        fo.Detection(label=_class(number), bounding_box=box, color="red", note=f"{box}")
        for number, box in enumerate(boxes)
    ]
    lines = rng.uniform(0, 1, (count, 30, 2)).tolist()
    polylines = [
        fo.Polyline(label=_class(number), points=[[tuple(xy) for xy in line]])
        for number, line in enumerate(lines)
    ]
    keypoints = [
        fo.Keypoint(label=_class(number), points=[tuple(xy) for xy in line[:17]])
        for number, line in enumerate(lines)
    ]
    for name, title, labels, label_type, used in (
        ("detections", "detections with 2 attributes", detections, "detections", True),
        ("polylines", "polylines of 30 points", polylines, "polylines", False),
        ("keypoints", "keypoints of 17 points", keypoints, "keypoints", False),
    ):
        specs = {each["name"]: each for each in attributes if used}
        documents = [StoredLabel(each.to_mongo().to_dict()) for each in labels]
        yield Conversion(
            name=name,
            title=f"{title} to shapes (here from the database's documents)",
            objects=count,
            other=_create(_built_in(), label_type, labels, specs),
            package=_create(CVATAnnotationAPI, label_type, documents, specs),
            summary=_points,
            slack=0.51,  # the built-in rounds
        )
    instances = []
    for number in range(count):
        mask = disc(56, number)
        box = [0.25, 0.25, mask.shape[1] / SIZE.width, mask.shape[0] / SIZE.height]
        label = fo.Detection(label=_class(number), bounding_box=box, mask=mask)
        instances.append(label)
    yield Conversion(
        name="instances",
        title="instance masks of 10,000 pixels to mask shapes",
        objects=count,
        other=_create(_built_in(), "instances", instances, {}),
        package=_create(CVATAnnotationAPI, "instances", instances, {}),
        summary=_points,
    )


def _runs(count: int) -> Iterator[Conversion]:
    masks = [disc(56, number) for number in range(count)]
    coded = [mask_to_runs(mask, 0, 0) for mask in masks]
    codec = built_in.HasCVATBinaryMask
    yield Conversion(
        name="encode",
        title="masks of 10,000 pixels to run lengths",
        objects=count,
        other=lambda: [codec._mask_to_cvat_rle(mask) for mask in masks],
        package=lambda: [mask_to_runs(mask, 0, 0)[:-4] for mask in masks],
        summary=_flat,
    )

    def decode_built_in() -> list[Any]:
        return [
            codec._rle_to_binary_image_mask(
                np.array(each[:-4], dtype=int), each[-2] + 1, each[-1] + 1
            )
            for each in coded
        ]

    yield Conversion(
        name="decode",
        title="run lengths to masks of 10,000 pixels",
        objects=count,
        other=decode_built_in,
        package=lambda: [runs_to_mask(each)[0] for each in coded],
        summary=lambda masks: _flat(mask.ravel() for mask in masks),
    )


def _fill(count: int) -> Iterator[Conversion]:
    polygons = [
        outline((200.0 + number % 1500, 540.0), 100.0, 30) for number in range(count)
    ]
    lines = [
        fo.Polyline(
            label="car",
            points=[(np.reshape(each, (-1, 2)) / SIZE).tolist()],
            closed=True,
            filled=True,
        )
        for each in polygons
    ]
    yield Conversion(
        name="fill",
        title="polygons of 30 points to the pixels of masks, 1080p",
        objects=count,
        other=lambda: [
            built_in.CVATShape.polyline_to_detection(each, SIZE).mask for each in lines
        ],
        package=lambda: [polygons_to_mask([each], SIZE) for each in polygons],
        # the built-in fills the outline's pixels, too
        summary=lambda masks: [
            np.count_nonzero(each[0] if isinstance(each, tuple) else each) / 20_000
            for each in masks
        ],
        slack=0.03,
    )


def _interpolation(frames: int) -> Iterator[Conversion]:
    boxes = track(0, range(0, frames, 20), (320, 240))
    polygons = deepcopy(boxes)
    for key in polygons["shapes"]:
        at = 100.0 + key["frame"] / 10
        key |= {"type": "polygon", "points": outline((at, at), 60.0, 20)}
    for name, given in (("rectangle", boxes), ("polygon", polygons)):
        last = given["shapes"][-1]["frame"]
        yield Conversion(
            name=f"{name}-tracks",
            title=f"tracks of {name}s, keyed every 20 frames, to a shape a frame",
            objects=last + 1,
            other=_built_in_track(given),
            package=_package_track(given, last),
            summary=lambda shapes: _flat(each["points"] for each in shapes),
            slack=0.01,
        )


def _built_in_track(given: Json) -> Work:
    return lambda: built_in._get_interpolated_shapes(given["shapes"])


def _package_track(given: Any, last: int) -> Work:
    return lambda: interpolate_track(given, last)


def _down(count: int) -> Iterator[Conversion]:
    rng = np.random.default_rng(2)
    boxes = (rng.uniform(0.1, 0.4, (count, 2)) * SIZE).tolist()
    rows: dict[str, list[Json]] = {"detections": [], "polylines": [], "masks": []}
    for number, (x, y) in enumerate(boxes):
        mask: list[float] = [*mask_to_runs(disc(56, number), int(x), int(y))]
        for name, kind, points in (
            ("detections", "rectangle", [x, y, x + 90, y + 60]),
            ("polylines", "polygon", outline((x, y), 50.0, 30)),
            ("masks", "mask", mask),
        ):
            row = shape(kind, 0, [*points], number)
            row["label_id"] = number % len(CLASSES)
            row["attributes"] = [
                {"spec_id": 1, "value": "red"},
                {"spec_id": 2, "value": f"note {number}"},
                {"spec_id": 3, "value": f"{number:024x}"},
            ]
            rows[name].append(row)
    for name, title, label_type in (
        ("detections", "rectangles with 2 attributes to fo.Detection", "detections"),
        ("polylines", "polygons of 30 points to fo.Polyline", "polygons"),
        ("masks", "masks of 10,000 pixels to fo.Detection", "instances"),
    ):
        yield Conversion(
            name=f"{name}-down",
            title=title,
            objects=count,
            other=_construct(rows[name], label_type),
            package=_read(rows[name], label_type),
            other_name="labels",
            summary=_geometry,
            slack=1e-9,
        )


def _read(rows: list[Json], label_type: str) -> Work:
    context = FieldContext(
        label_type=label_type,
        class_by_label_id=dict(enumerate(CLASSES)),
        spec_ids=SPECS,
        size_of_frame=lambda _: SIZE,
        value_types=dict.fromkeys(NAMES, str),
    )

    def work() -> list[Any]:
        labels = []
        for row in rows:
            read = read_annotation(row, "shapes", context)
            if read is not None:
                read.value.id = read.label_id
                labels.append(read.value)
        return labels

    return work


def _construct(rows: list[Json], label_type: str) -> Work:
    """Return what only constructs the labels, from parts that are ready."""
    parts = []
    for row in rows:
        x, y = row["points"][:2]
        given: Json = {"label": CLASSES[row["label_id"]]}
        if label_type == "polygons":
            pairs = np.reshape(row["points"], (-1, 2)) / SIZE
            points = [(x, y) for x, y in pairs.tolist()]
            given |= {"points": [points], "closed": True, "filled": True}
        elif label_type == "instances":
            mask, x, y = runs_to_mask(row["points"])
            height, width = mask.shape
            given |= {"bounding_box": _box(x, y, width, height), "mask": mask}
        else:
            given["bounding_box"] = _box(x, y, 90, 60)
        parts.append((given, [each["value"] for each in row["attributes"]]))
    kind = fo.Polyline if label_type == "polygons" else fo.Detection

    def work() -> list[Any]:
        labels = []
        for given, (color, note, label_id) in parts:
            label = kind(**given)
            label["color"], label["note"] = color, note
            label.id = label_id
            labels.append(label)
        return labels

    return work


def _box(x: float, y: float, width: float, height: float) -> list[float]:
    return [x / SIZE.width, y / SIZE.height, width / SIZE.width, height / SIZE.height]


def _built_in() -> Any:
    """Return the built-in's class as it is when it is connected to a server."""
    api = object.__new__(built_in.CVATAnnotationAPI)
    api._server_version = built_in.Version("2.73.0")
    return api


def _create(api: Any, label_type: str, labels: list[Any], specs: Json) -> Work:
    """Return what converts labels of one frame by a documented member."""
    names = {"polylines": "polyline", "keypoints": "keypoint"}
    method = f"_create_{names.get(label_type, 'detection')}_shapes"
    specs = specs | {"label_id": {"name": "label_id", "input_type": "text"}}
    for each in specs.values():
        each.setdefault("mutable", True)
    schema = {name: ClassSchema(deepcopy(specs)) for name in CLASSES}
    bound = (api, None) if isinstance(api, type) else (api,)
    create = getattr(bound[0], method)

    def work() -> Any:
        return create(*bound[1:], labels, schema, "f", 0, SIZE, label_type=label_type)

    return work


def _class(number: int) -> str:
    return CLASSES[number % len(CLASSES)]


def _points(result: Any) -> list[float]:
    return _flat(each["points"] for each in result[1])


def _flat(rows: Any) -> list[float]:
    return [float(value) for value in chain.from_iterable(rows)]


def _geometry(labels: list[Any]) -> list[float]:
    texts = [len(each.color) + len(each.note) + int(each.id, 16) for each in labels]
    values = [
        np.ravel(each.points if isinstance(each, fo.Polyline) else each.bounding_box)
        for each in labels
    ]
    masks = [getattr(each, "mask", None) for each in labels]
    areas = [0 if mask is None else int(np.count_nonzero(mask)) for mask in masks]
    return [*_flat(values), *texts, *areas]
