"""Between a workload's annotations and FiftyOne labels, in the plainest way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import fiftyone as fo
import numpy as np
from numpy.typing import NDArray

from benchmarks.workloads import CLASSES, Job, Json

FIELD = "objects"


def make_dataset(job: Job) -> Any:
    """Return a dataset with a workload's media and the labels that go up."""
    dataset = fo.Dataset()
    dataset.default_mask_targets = dict(enumerate(CLASSES, 1))
    width, height = job.size
    by_frame = labels_by_frame(job, job.shapes, job.tracks)
    if job.frames:
        sample = fo.Sample(
            filepath=str(job.media[0]),
            metadata=fo.VideoMetadata(
                frame_width=width,
                frame_height=height,
                total_frame_count=job.frames,
                frame_rate=10.0,
            ),
        )
        for number in range(job.frames):
            frame = fo.Frame()
            if by_frame[number]:
                frame[FIELD] = fo.Detections(detections=by_frame[number])
            sample.frames[number + 1] = frame
        dataset.add_sample(sample)
        return dataset
    samples = []
    for number, path in enumerate(job.media):
        sample = fo.Sample(
            filepath=str(path), metadata=fo.ImageMetadata(width=width, height=height)
        )
        labels = by_frame[number]
        if labels and job.label_type == "segmentation":
            sample[FIELD] = labels[0]
        elif labels:
            sample[FIELD] = fo.Detections(detections=labels)
        samples.append(sample)
    dataset.add_samples(samples)
    return dataset


def label_schema(job: Job) -> dict[str, Any]:
    """Return the label schema that a workload is sent with."""
    name = f"frames.{FIELD}" if job.frames else FIELD
    if job.label_type == "segmentation":
        return {name: {"type": job.label_type}}
    attributes = {
        # the built-in takes no text attribute without values
        each: {"type": "select" if values else "text", "values": values}
        for each, values in job.attributes.items()
    }
    info = {"type": job.label_type, "classes": list(CLASSES), "attributes": attributes}
    return {name: info}


def labels_by_frame(
    job: Job, shapes: Iterable[Json], tracks: Iterable[Json]
) -> dict[int, list[Any]]:
    """Construct the labels of annotations that have names for ids.

    This is the least that a load has to do besides its requests.

    Args:
        job: tells the size of the frames and the type of the field
        shapes: shapes
        tracks: tracks of rectangles

    Returns:
        position to labels
    """
    labels: dict[int, list[Any]] = defaultdict(list)
    if job.label_type == "segmentation":
        for frame, own in _by_frame(shapes).items():
            labels[frame].append(fo.Segmentation(mask=paint(own, job.size)))
        return labels
    for each in shapes:
        label = _detection(each["type"], each["points"], each["label_id"], job.size)
        for value in each["attributes"]:
            if value["spec_id"] != "label_id":
                label[value["spec_id"]] = value["value"]
        labels[each["frame"]].append(label)
    for index, each in enumerate(tracks, 1):
        for frame, box in track_boxes(each, job.frames):
            label = _detection("rectangle", box, each["label_id"], job.size)
            label.index = index
            labels[frame].append(label)
    return labels


def paint(shapes: Iterable[Json], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the segmentation of one picture from the masks of its classes."""
    pixels = np.zeros(size[::-1], np.uint8)
    for each in shapes:
        mask, left, top = decode(each["points"])
        place = pixels[top : top + mask.shape[0], left : left + mask.shape[1]]
        place[mask] = CLASSES.index(each["label_id"]) + 1
    return pixels


def decode(points: list[float]) -> tuple[NDArray[np.bool_], int, int]:
    """Return the mask of a CVAT mask, its left and its top."""
    left, top, right, bottom = (int(value) for value in points[-4:])
    lengths = np.asarray(points[:-4], dtype=np.int64)
    values = np.arange(len(lengths)) % 2 == 1
    flat = np.repeat(values, lengths)
    return flat.reshape(bottom - top + 1, right - left + 1), left, top


def track_boxes(track: Json, frames: int) -> Iterable[tuple[int, list[float]]]:
    """Return the corners of a track of rectangles on each frame where it is seen."""
    keys = sorted(track["shapes"], key=lambda each: int(each["frame"]))
    keys = [each for each in keys if each["frame"] < frames and not each["outside"]]
    numbers = np.arange(keys[0]["frame"], frames)
    at = [each["frame"] for each in keys]
    points = np.array([each["points"] for each in keys])
    columns = [np.interp(numbers, at, points[:, each]) for each in range(4)]
    return zip(numbers.tolist(), np.stack(columns, axis=1).tolist(), strict=True)


def _by_frame(shapes: Iterable[Json]) -> dict[int, list[Json]]:
    by_frame: dict[int, list[Json]] = defaultdict(list)
    for each in shapes:
        by_frame[each["frame"]].append(each)
    return by_frame


def _detection(
    kind: str, points: list[float], name: str, size: tuple[int, int]
) -> fo.Detection:
    width, height = size
    mask = None
    if kind == "rectangle":
        left, top, right, bottom = points
    else:
        found = decode(points) if kind == "mask" else _fill(points)
        mask, left, top = found
        right, bottom = left + mask.shape[1], top + mask.shape[0]
    box = [
        left / width,
        top / height,
        (right - left) / width,
        (bottom - top) / height,
    ]
    return fo.Detection(label=name, bounding_box=box, mask=mask)


def _fill(points: list[float]) -> tuple[NDArray[np.bool_], int, int]:
    """Return a polygon's mask: OpenCV's, as the fastest there is."""
    import cv2

    pairs = np.asarray(points).reshape(-1, 2)
    left, top = (int(each) for each in np.floor(pairs.min(axis=0)))
    right, bottom = (int(each) for each in np.ceil(pairs.max(axis=0)))
    mask = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillPoly(mask, [(pairs - (left, top)).astype(np.int32)], 1)
    return mask.astype(bool), left, top
