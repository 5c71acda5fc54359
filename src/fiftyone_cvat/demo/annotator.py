"""The demo's annotator: the requests that CVAT's editor sends when somebody saves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fiftyone_cvat.api import CVATAnnotationAPI
from fiftyone_cvat.demo.pictures import Edit
from fiftyone_cvat.types import Json

__all__ = ["Annotator"]


class Annotator:
    """Edits the annotations of a task in the server's own terms.

    Args:
        api: a session on the server
        task_id: the task
        frames: the name of each picture to its position in the task
    """

    def __init__(
        self, api: CVATAnnotationAPI, task_id: int, frames: Mapping[str, int]
    ) -> None:
        self._api = api
        self._url = api.task_annotation_url(task_id)
        self._frames = frames
        labels = api._get_task_labels(task_id)
        self._label_ids = {each["name"]: each["id"] for each in labels}
        self._node_ids = {
            (label["name"], node["name"]): node["id"]
            for label in labels
            for node in label.get("sublabels", ())
        }
        self._spec_ids = {
            (label["id"], spec["name"]): spec["id"]
            for label in labels
            for spec in label["attributes"]
        }

    def make(self, edits: Iterable[Edit]) -> None:
        """Make edits, and save each kind of them as the editor does.

        Args:
            edits: what to do
        """
        stored = self._api.get(self._url).json()
        by_label = {
            value["value"]: each
            for kind in ("tags", "shapes")
            for each in stored[kind]
            for value in each["attributes"]
            if self._is_label_id(each, value)
        }
        batches: dict[str, Json] = {}
        for edit in edits:
            annotation = by_label.get(edit.label or "")
            kind = {"tag": "tags", "track": "tracks"}.get(edit.kind, "shapes")
            if edit.kind == "track":
                (annotation,) = stored["tracks"]
            action, edited = self._edited(edit, annotation)
            empty: Json = {"version": 0, "tags": [], "shapes": [], "tracks": []}
            batches.setdefault(action, empty)[kind].append(edited)
        for action, batch in batches.items():
            self._api.patch(self._url, params={"action": action}, json=batch)

    def _edited(self, edit: Edit, annotation: Json | None) -> tuple[str, Json]:
        """Return what the editor sends for one edit."""
        if edit.kind == "add":
            return "create", self._new_box(edit)
        if annotation is None:
            raise KeyError(f"no annotation has the id {edit.label}")
        edited = dict(annotation)
        if edit.kind == "delete":
            return "delete", edited
        if edit.kind == "paste":
            # a copy has all of the original's attributes, the label's id among them
            del edited["id"]
            return "create", edited | {"points": _points(edit.values["box"])}
        if edit.kind == "move":
            edited["points"] = _points(edit.values["box"])
        elif edit.kind in ("mask", "polygon"):
            edited["points"] = list(edit.values["points"])
        elif edit.kind == "skeleton":
            edited["elements"] = self._with_node(annotation, edit)
        elif edit.kind == "track":
            edited["shapes"] = _with_keyframe(annotation, edit)
        elif edit.kind == "attribute":
            edited["attributes"] = self._with_motion(annotation, edit.values["motion"])
        else:
            # of another class it has other attributes: the editor sends none
            edited["label_id"] = self._label_ids[edit.values["class"]]
            edited["attributes"] = []
        return "update", edited

    def _new_box(self, edit: Edit) -> Json:
        box: Json = {
            "type": "rectangle",
            "label_id": self._label_ids[edit.values["class"]],
            "frame": self._frames[edit.picture],
            "points": _points(edit.values["box"]),
            "occluded": False,
            "z_order": 0,
            "group": 0,
            "source": "manual",
            "attributes": [],
        }
        box["attributes"] = self._with_motion(box, edit.values["motion"])
        return box

    def _with_node(self, annotation: Json, edit: Edit) -> list[Json]:
        """Return a skeleton's points, one of which is in another place."""
        name = next(
            each
            for each, number in self._label_ids.items()
            if number == annotation["label_id"]
        )
        node_id = self._node_ids[name, edit.values["node"]]
        return [
            each | {"points": edit.values["point"]}
            if each["label_id"] == node_id
            else each
            for each in annotation["elements"]
        ]

    def _with_motion(self, annotation: Json, value: str) -> list[Json]:
        spec_id = self._spec_ids[annotation["label_id"], "motion"]
        others = [
            each for each in annotation["attributes"] if each["spec_id"] != spec_id
        ]
        return [*others, {"spec_id": spec_id, "value": value}]

    def _is_label_id(self, annotation: Json, value: Mapping[str, Any]) -> bool:
        spec_id = self._spec_ids.get((annotation["label_id"], "label_id"))
        return bool(value["spec_id"] == spec_id)


def _with_keyframe(track: Json, edit: Edit) -> list[Json]:
    """Return a track's key frames with one more; frames are counted from 0 in CVAT."""
    frame = edit.values["frame"] - 1
    before = max((s for s in track["shapes"] if s["frame"] < frame), key=_frame)
    new = before | {"frame": frame, "points": _points(edit.values["box"])}
    new.pop("id", None)
    return sorted([*track["shapes"], new], key=_frame)


def _frame(shape: Json) -> int:
    number: int = shape["frame"]
    return number


def _points(box: tuple[float, float, float, float]) -> list[float]:
    left, top, width, height = box
    return [left, top, left + width, top + height]
