"""What the server answers about one task, made ready to be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fiftyone_cvat.convert.shared.attributes import LABEL_ID
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.server_ids import class_and_attribute_ids
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.types import Json, Size

__all__ = ["TaskAnswer"]


@dataclass(slots=True)
class TaskAnswer:
    """What the server answers about one task.

    Attributes:
        id: the task's id
        labels: its labels as the server describes them
        sizes: position of a frame, from 0, to its size in pixels
        annotations: its tags, shapes and tracks as the server sent them
        refs: position of a frame to what it is in the dataset
        jobs: the first and last position of each annotation job; those of all frames
            if it has one job, or no tracks
        deleted_frames: the positions of frames that were deleted in CVAT
    """

    id: int
    labels: list[Json]
    sizes: dict[int, Size]
    annotations: Json
    refs: dict[int, FrameRef]
    jobs: list[tuple[int, int]]
    deleted_frames: set[int]
    class_ids: dict[Any, int] = field(init=False)
    attribute_ids: dict[int, dict[str, int]] = field(init=False)
    input_types: dict[int, dict[int, str]] = field(init=False)
    defaults: dict[int, str] = field(init=False)
    choices: dict[int, list[str]] = field(init=False)
    label_id_specs: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.class_ids, self.attribute_ids = class_and_attribute_ids(self.labels)
        self.input_types = {
            label["id"]: {
                each["id"]: each["input_type"] for each in label["attributes"]
            }
            for label in self.labels
        }
        self.defaults = {
            each["id"]: each.get("default_value") or ""
            for label in self.labels
            for each in label["attributes"]
        }
        self.choices = {
            each["id"]: each.get("values") or []
            for label in self.labels
            for each in label["attributes"]
            if each["input_type"] in ("select", "radio")
        }
        self.label_id_specs = {
            label_id: by_name[LABEL_ID]
            for label_id, by_name in self.attribute_ids.items()
            if LABEL_ID in by_name
        }

    def size_of(self, frame: int) -> Size:
        """Return a frame's size in pixels.

        Raises:
            GeometryError: if the task has no such frame
        """
        size = self.sizes.get(frame)
        if size is None:
            # a server may find fewer frames in a video than FiftyOne does
            raise GeometryError(f"the task has {len(self.sizes)} frames only")
        return size
