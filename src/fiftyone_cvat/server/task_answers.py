"""What the server answers about one task, made ready to be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.server_ids import class_and_attribute_ids
from fiftyone_cvat.convert.shared.texts import LABEL_ID
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.types import Json, Size

__all__ = ["AskedTask", "TaskAnswer"]


@dataclass(frozen=True, slots=True)
class AskedTask:
    """What somebody has asked about a task just now, so that a load need not.

    Attributes:
        labels: its labels as the server describes them
        meta: its data, as the server describes them
        annotations: its tags, shapes and tracks, or None if they were not asked for
    """

    labels: list[Json]
    meta: Json
    annotations: Json | None = None


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
        frame_names: the names of its frames, in order; of a video that of its file
        not_asked: the positions of frames whose jobs are not to be loaded
    """

    id: int
    labels: list[Json]
    sizes: dict[int, Size]
    annotations: Json
    refs: dict[int, FrameRef]
    jobs: list[tuple[int, int]]
    deleted_frames: set[int]
    frame_names: list[str] = field(default_factory=list)
    not_asked: set[int] = field(default_factory=set)
    class_ids: dict[Any, int] = field(init=False)
    attribute_ids: dict[int, dict[str, int]] = field(init=False)
    input_types: dict[int, dict[int, str]] = field(init=False, default_factory=dict)
    defaults: dict[int, str] = field(init=False, default_factory=dict)
    choices: dict[int, list[str]] = field(init=False, default_factory=dict)
    label_id_specs: dict[int, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.class_ids, self.attribute_ids = class_and_attribute_ids(self.labels)
        for label in self.labels:
            input_types = self.input_types[label["id"]] = {}
            for each in label["attributes"]:
                number, kind = each["id"], each["input_type"]
                input_types[number] = kind
                self.defaults[number] = each.get("default_value") or ""
                if kind in ("select", "radio"):
                    self.choices[number] = each.get("values") or []
                if each["name"] == LABEL_ID:
                    self.label_id_specs[label["id"]] = number

    @property
    def left_frames(self) -> set[int]:
        """The positions of frames whose labels stay as they are in the dataset."""
        return self.deleted_frames | self.not_asked

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
