"""Tasks that somebody made in CVAT, with every shape, and what imports make of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np

from fiftyone_cvat import CVATAnnotationAPI
from fiftyone_cvat.convert.shared.skeletons import skeleton_label
from fiftyone_cvat.server.media_files import MediaFile, MultipartBody
from fiftyone_cvat.server.server_work import wait_for_work
from tests import media

WIDTH, HEIGHT = 32, 24
NAMES = ("1.png", "2.png", "3.png")
FILLED = 1
"""The position of the frame that has every shape."""


def _spec(name: str, input_type: str, values: list[str], **more: Any) -> dict:
    default = {"default_value": values[0], "mutable": True}
    return {"name": name, "input_type": input_type, "values": values} | default | more


LABELS = [
    {
        "name": "thing",
        "attributes": [
            _spec("what", "text", [""]),
            _spec("color", "select", ["red", "blue"]),
            _spec("size", "number", ["0", "10", "1"]),
            _spec("real", "checkbox", ["false"], mutable=False),
        ],
    },
    {"name": "day", "attributes": []},
    skeleton_label("person", ["head", "foot"], [[0, 1]], []),
]


def _attributes(what: str, color: str = "blue") -> dict[str, str]:
    return {"what": what, "color": color, "size": "3", "real": "true"}


def _shape(kind: str, what: str, *points: float, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "label": "thing",
        "points": [float(each) for each in points],
        "attributes": _attributes(what),
        **more,
    }


# 6 x 4 pixels without one, in a box whose last column and row are in it
_RUNS = (0, 7, 1, 16)
SHAPES = [
    _shape("rectangle", "box", 2, 3, 12, 13, occluded=True, group=3),
    _shape("rectangle", "turned", 4, 5, 14, 11, rotation=30.0),
    _shape("polygon", "polygon", 1, 1, 10, 1, 10, 10),
    _shape("polyline", "line", 1, 1, 10, 1, 10, 10),
    _shape("points", "points", 3, 4, 5, 6),
    _shape("ellipse", "ellipse", 16, 12, 22, 8),
    _shape("mask", "mask", *_RUNS, 8, 5, 13, 8),
    _shape("cuboid", "cuboid", 2, 2, 2, 8, 6, 3, 6, 9, 8, 3, 8, 9, 4, 2, 4, 8),
    {
        "type": "skeleton",
        "label": "person",
        "points": [],
        "attributes": {},
        "nodes": {"head": [3.0, 4.0], "foot": [4.0, 5.0]},
    },
]


def _key(kind: str, frame: int, *points: float, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "frame": frame,
        "points": [float(each) for each in points],
        "occluded": False,
        "outside": False,
        "attributes": [],
        **more,
    }


TRACKS = [
    {
        "label": "thing",
        "attributes": _attributes("box"),
        "group": 2,
        "shapes": [
            _key("rectangle", 2, 1, 1, 5, 5, occluded=True),
            _key("rectangle", 4, 5, 5, 9, 9),
            _key("rectangle", 5, 5, 5, 9, 9, outside=True),
        ],
    },
    {
        "label": "thing",
        "attributes": _attributes("polygon"),
        "shapes": [
            _key("polygon", 0, 1, 1, 5, 1, 5, 5),
            _key("polygon", 2, 3, 1, 7, 1, 7, 5),
            _key("polygon", 3, 3, 1, 7, 1, 7, 5, outside=True),
        ],
    },
]
SKELETON_TRACKS = [
    {
        "label": "person",
        "attributes": {},
        "shapes": [
            _key("skeleton", 2),
            _key("skeleton", 3, outside=True),
        ],
        "nodes": {
            "head": [_key("points", 2, 3, 4), _key("points", 3, 3, 4, outside=True)],
            "foot": [_key("points", 2, 4, 5), _key("points", 3, 4, 5, outside=True)],
        },
    },
]


@dataclass
class Workshop:
    """Makes tasks on a server as its users do, and their media here.

    Attributes:
        api: a session
        folder: where the media are
        name: what projects are called
        task_ids: the tasks, in the order in which they were made
    """

    api: CVATAnnotationAPI
    folder: Path
    name: str
    task_ids: list[int] = field(default_factory=list)
    project_id: int | None = None

    def images(self, names: tuple[str, ...] = NAMES) -> list[str]:
        """Return the paths of images."""
        return media.make_images(self.folder, names)

    def video(self, name: str = "video.mp4") -> str:
        """Return the path of a video of 12 frames."""
        return media.copy_video(self.folder / name)

    def project(self, labels: list[dict] | None = None) -> int:
        """Make a project, of which all later tasks are."""
        body = {"name": self.name, "labels": labels or LABELS}
        answer = self.api.post(self.api.projects_url, json=body)
        self.project_id = answer.json()["id"]
        return self.project_id

    def task(self, paths: list[str], **kwargs: Any) -> int:
        """Make a task; keywords are those of ``upload_data``, and ``segment_size``."""
        body: dict[str, Any] = {"name": f"task {len(self.task_ids)}"}
        if "segment_size" in kwargs:
            body["segment_size"] = kwargs.pop("segment_size")
        if self.project_id is None:
            body["labels"] = LABELS
        else:
            body["project_id"] = self.project_id
        task_id = self.api.post(self.api.tasks_url, json=body).json()["id"]
        self.task_ids.append(task_id)
        self.api.upload_data(task_id, paths, **kwargs)
        return task_id

    def draw(
        self,
        task_id: int,
        shapes: list[dict] = SHAPES,
        tracks: list[dict] = (),
        frame: int = FILLED,
    ) -> int:
        """Draw shapes and a tag on a frame, and tracks; return the task."""
        labels = {each["name"]: each for each in self.api._get_task_labels(task_id)}
        tag = {"frame": frame, "label_id": labels["day"]["id"], "attributes": []}
        body = {
            "version": 0,
            "tags": [{**tag, "group": 4}],
            "shapes": [_sent_shape(each, labels, frame) for each in shapes],
            "tracks": [_sent_track(each, labels) for each in tracks],
        }
        self.api.put(self.api.task_annotation_url(task_id), json=body)
        return task_id

    def draw_more(self, task_id: int, shapes: list[dict], frame: int) -> None:
        """Draw shapes on a frame beside what is drawn already."""
        labels = {each["name"]: each for each in self.api._get_task_labels(task_id)}
        sent = [_sent_shape(each, labels, frame) for each in shapes]
        body = {"version": 0, "tags": [], "shapes": sent, "tracks": []}
        url = self.api.task_annotation_url(task_id)
        self.api.patch(url, params={"action": "create"}, json=body)

    def delete_frames(self, task_id: int, *frames: int) -> None:
        """Delete frames of a task."""
        url = self.api.task_data_meta_url(task_id)
        self.api.patch(url, json={"deleted_frames": [*frames]})


def task_of_archive(api: CVATAnnotationAPI, archive: Path, **about: Any) -> int:
    """Make a task of an archive, whose folders are in the names of its frames.

    Args:
        api: a session
        archive: the archive
        **about: what the task has besides its name: ``labels``, or ``project_id``
    """
    body = {"name": archive.stem, **about}
    task_id: int = api.post(api.tasks_url, json=body).json()["id"]
    file = MediaFile(archive, archive.name, archive.stat().st_size)
    sent = MultipartBody({"image_quality": "95"}, [file])
    url = api.task_data_url(task_id)
    answer = api.post(url, data=sent, headers=sent.headers)
    number = answer.json()["rq_id"]
    wait_for_work(api, number, work="Building a task", failure="It is not built")
    return task_id


def _sent_attributes(attributes: dict[str, str], label: dict) -> list[dict]:
    ids = {each["name"]: each["id"] for each in label["attributes"]}
    return [{"spec_id": ids[name], "value": text} for name, text in attributes.items()]


def _sent_shape(shape: dict, labels: dict[str, dict], frame: int) -> dict:
    label = labels[shape["label"]]
    sent = {"occluded": False, "group": 0, **shape, "frame": frame}
    sent["label_id"] = label["id"]
    sent["attributes"] = _sent_attributes(sent["attributes"], label)
    nodes = sent.pop("nodes", None)
    if nodes:
        # the server names them in any order
        ids = {each["name"]: each["id"] for each in label["sublabels"]}
        sent["elements"] = [
            {**_key("points", frame, *point), "label_id": ids[name]}
            for name, point in nodes.items()
        ]
    del sent["label"]
    return sent


def _sent_track(track: dict, labels: dict[str, dict]) -> dict:
    label = labels[track["label"]]
    first = track["shapes"][0]["frame"]
    sent = {"group": 0, **track, "label_id": label["id"], "frame": first}
    given = sent["attributes"]
    # immutable ones are the track's, others those of its key shapes
    fixed = {name: text for name, text in given.items() if name == "real"}
    rest = {name: text for name, text in given.items() if name != "real"}
    sent["attributes"] = _sent_attributes(fixed, label)
    changing = _sent_attributes(rest, label)
    sent["shapes"] = [{**each, "attributes": changing} for each in sent["shapes"]]
    nodes = sent.pop("nodes", None)
    if nodes:
        ids = {each["name"]: each["id"] for each in label["sublabels"]}
        common = {"frame": first, "group": 0, "attributes": []}
        sent["elements"] = [
            {**common, "label_id": ids[name], "shapes": shapes}
            for name, shapes in nodes.items()
        ]
    del sent["label"]
    return sent


def told(samples: Any) -> dict[str, dict[str, list[str]]]:
    """Return the labels of a dataset in words, by file, and frame, and by field."""
    dataset = samples._root_dataset
    if dataset.media_type == "group":
        dataset = dataset.select_group_slices(_allow_mixed=True)
    found: dict[str, dict[str, list[str]]] = {}
    for sample in dataset:
        name = Path(sample.filepath).name
        found[name] = _fields(sample)
        if sample.media_type == "video":
            for number, frame in sample.frames.items():
                found[f"{name} {number}"] = _fields(frame)
    return {name: fields for name, fields in found.items() if fields}


def _fields(document: Any) -> dict[str, list[str]]:
    values = {name: document[name] for name in document.field_names}
    return {
        name: sorted(map(_words, value[value._LABEL_LIST_FIELD]))
        for name, value in values.items()
        if hasattr(value, "_LABEL_LIST_FIELD")
    }


def _words(label: Any) -> str:
    """Return the class of a label, its place in pixels, and its attributes."""
    words = [label.label, *_place(label)]
    plain = {
        name: value for name, value in label.iter_attributes() if value is not None
    }
    for name in ("location", "dimensions", "rotation", "what"):
        plain.pop(name, None)
    words += [f"{name}={value}" for name, value in sorted(plain.items())]
    words += [f"index={label.index}"] if getattr(label, "index", None) else []
    what = label.get_attribute_value("what", None)
    return " ".join([f"{what}:", *words] if what else words)


def _place(label: Any) -> list[str]:
    if isinstance(label, fo.Detection):
        if label.get_attribute_value("location", None):
            return ["in space"]
        turned = label.get_attribute_value("rotation", None)
        pixels = (
            [] if label.mask is None else [f"{np.count_nonzero(label.mask)} pixels"]
        )
        return [_box(label), *pixels, *([f"turned {turned:g}"] if turned else [])]
    if isinstance(label, fo.Polyline):
        kind = "filled" if label.filled else "closed" if label.closed else "open"
        return [kind, " ".join(f"{len(part)} points" for part in label.points)]
    if isinstance(label, fo.Keypoint):
        return [f"{x * WIDTH:g},{y * HEIGHT:g}" for x, y in label.points]
    return []


def _box(label: Any) -> str:
    x, y, width, height = label.bounding_box
    corner = f"{x * WIDTH:.4g},{y * HEIGHT:.4g}"
    return f"{corner} {width * WIDTH:.4g}x{height * HEIGHT:.4g}"
