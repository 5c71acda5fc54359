"""The annotations of a run's tasks: converted to check them, kept for the upload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.convert.shared.frames import FrameRef, frame_refs
from fiftyone_cvat.dataset.field_annotations import (
    DISPUTED,
    count_labels,
    has_tracks,
    warn_of_unsent,
)
from fiftyone_cvat.dataset.frame_sizes import sizes_in_metadata
from fiftyone_cvat.dataset.garbage import collection_paused
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.types import Size
from fiftyone_cvat.upload.run_state import RunState
from fiftyone_cvat.upload.task_options import FrameArguments, frame_arguments
from fiftyone_cvat.upload.unseen_boxes import UnseenBoxes

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["RunAnnotations", "TaskAnnotations"]

MAX_KEPT = 2_000_000
"""Numbers of annotations that are kept from the check to the upload: 64 MB of boxes."""

OF_TRACKS = (
    "labels of tracks stay in FiftyOne: on frames between those of `frame_step`, which "
    "changes of the tracks in CVAT do not reach"
)
"""Why labels are not sent that a curator may expect to follow others."""

NUMBERS_BESIDES = 30
"""Numbers whose memory an annotation takes besides its points and attributes."""

NUMBERS_OF_ATTRIBUTE = 10
"""Numbers whose memory an attribute takes besides its text."""

CHARACTERS_OF_NUMBER = 32
"""Characters of a text that take the memory of a number."""


@dataclass(slots=True)
class TaskAnnotations:
    """The annotations of a task, with names for ids.

    Attributes:
        frames: the position in the task to what the frame is
        sizes: the position to the frame's size in pixels
        tags: the task's tags
        shapes: its shapes
        tracks: its tracks
        id_map: field to sample id to label ids
        unsent: field to why how many labels are not sent
    """

    frames: dict[int, FrameRef]
    sizes: Mapping[int, Size]
    tags: list[Any] = field(default_factory=list)
    shapes: list[Any] = field(default_factory=list)
    tracks: list[Any] = field(default_factory=list)
    id_map: dict[str, Any] = field(default_factory=dict)
    unsent: dict[Any, Counter[str]] = field(default_factory=dict)

    def fits(self, frames: dict[int, FrameRef], sizes: Mapping[int, Size]) -> bool:
        """Tell whether it was converted for just these frames, of these sizes."""
        are_of_size = (sizes.get(each) == size for each, size in self.sizes.items())
        return self.frames == frames and all(are_of_size)

    def count_numbers(self) -> int:
        """Return how many numbers take as much memory."""
        return sum(map(_numbers, (*self.tags, *self.shapes, *self.tracks)))


def _numbers(annotation: Any) -> int:
    """Return how many numbers take as much memory as an annotation with its parts."""
    number = NUMBERS_BESIDES + len(annotation.get("points") or ())
    for each in annotation["attributes"]:
        number += NUMBERS_OF_ATTRIBUTE + len(each["value"]) // CHARACTERS_OF_NUMBER
    for name in ("elements", "shapes"):
        number += sum(map(_numbers, annotation.get(name) or ()))
    return number


class RunAnnotations:
    """The annotations of a run, task by task.

    Args:
        api: the API, whose members convert
        run: the run
        config: the run's :class:`CVATBackendConfig`
    """

    def __init__(self, api: CVATAnnotationAPI, run: RunState, config: Any) -> None:
        self._api = api
        self._run = run
        self._config = config
        # the number of a task to its annotations, as they were checked
        self._checked: dict[int, TaskAnnotations] = {}
        self._room = MAX_KEPT
        self._disputed: dict[Any, Counter[str]] = {}
        self._unseen = UnseenBoxes(run.cvat_schema)

    def check(self, batch: Any, index: int) -> None:
        """Convert the labels of a task that is not there yet, to see that they can go.

        A bad label is told at once instead of after all media went up. Whether labels
        are sound does not depend on the sizes of their frames, of which the server has
        the last word. If it says the same as the metadata, what is converted here goes
        up, unless that would take too much memory.

        Args:
            batch: a collection whose samples are the task's media, in order
            index: the number of the task in its run, from 0

        Raises:
            ConfigurationError: if no frame of a video is to be sent
            GeometryError: if a label cannot go to CVAT
        """
        arguments = frame_arguments(self._config, batch, index)
        frames = frame_refs(self._api._build_frame_id_map(batch, *arguments))
        if not frames:
            raise ConfigurationError(
                f"No frame of '{batch.values('filepath')[0]}' is to be sent: check "
                "`frame_start`, `frame_stop` and `frame_step`"
            )
        # the metadata are those of no other media
        is_own = self._config.media_field == "filepath"
        sizes = sizes_in_metadata(batch, frames) if is_own else None
        any_sizes = dict.fromkeys(frames, Size(1, 1))
        annotations = self._convert(batch, arguments, frames, sizes or any_sizes)
        for label_field, unsent in annotations.unsent.items():
            of_field = self._disputed.setdefault(label_field, Counter())
            of_field[DISPUTED] += unsent.pop(DISPUTED, 0)
        shown = sizes or any_sizes
        self._unseen.note(annotations.shapes, annotations.tracks, frames, shown)
        if sizes is None:
            return
        room = self._room - annotations.count_numbers()
        if room >= 0:
            self._checked[index] = annotations
            self._room = room

    def tell_of_all(self) -> None:
        """Warn of what all checked tasks have together.

        That is where instances and indexes disagree, once for each field, and boxes
        that nobody will see in CVAT.
        """
        for label_field, disputed in self._disputed.items():
            warn_of_unsent(label_field, +disputed)
        self._unseen.tell()

    def of_task(
        self,
        index: int,
        batch: Any,
        arguments: FrameArguments,
        frames: dict[int, FrameRef],
        sizes: Mapping[int, Size],
    ) -> TaskAnnotations:
        """Return a task's annotations, as they were checked if that fits its frames.

        Args:
            index: the number of the task in its run, from 0
            batch: a collection whose samples are the task's media, in order
            arguments: first, last and spacing of the frames of a video
            frames: the position in the task to what the frame is
            sizes: the position to the frame's size in pixels
        """
        annotations = self._checked.pop(index, None)
        if annotations is None or not annotations.fits(frames, sizes):
            annotations = self._convert(batch, arguments, frames, sizes)
        for label_field, unsent in annotations.unsent.items():
            unsent.pop(DISPUTED, None)  # it was told of all tasks
            unsent[OF_TRACKS] += self._count_between(batch, label_field, arguments)
            warn_of_unsent(label_field, +unsent)
        return annotations

    def _count_between(
        self, batch: Any, label_field: Any, arguments: FrameArguments
    ) -> int:
        """Return how many labels of tracks are between the frames of a task."""
        start, stop, step = arguments
        label_type = self._run.label_schema[label_field]["type"]
        if step is None or step == 1 or not has_tracks(batch, label_type):
            return 0
        every = frame_refs(self._api._build_frame_id_map(batch, start, stop, 1))
        between = {each: ref for each, ref in every.items() if each % step}
        return count_labels(batch, label_field, label_type, between, of_tracks=True)

    def _convert(
        self,
        batch: Any,
        arguments: FrameArguments,
        frames: dict[int, FrameRef],
        sizes: Mapping[int, Size],
    ) -> TaskAnnotations:
        """Convert the labels of a task.

        Args:
            batch: a collection whose samples are the task's media, in order
            arguments: first, last and spacing of the frames of a video
            frames: the position in the task to what the frame is
            sizes: the position to the frame's size in pixels
        """
        task = TaskAnnotations(frames, sizes)
        for label_field, info in self._run.label_schema.items():
            if not info.get("existing_field"):
                continue
            task.unsent[label_field] = Counter()
            with collection_paused():
                self._api._update_shapes_tags_tracks(
                    task.tags,
                    task.shapes,
                    task.tracks,
                    task.id_map,
                    info["type"],
                    batch,
                    label_field,
                    info,
                    self._run.cvat_schema,
                    *arguments,
                    self._run.scalar_attrs,
                    bool(info.get("only_keyframes")),
                    self._run.occluded_attrs,
                    self._run.group_id_attrs,
                    frame_sizes=sizes,
                    unsent=task.unsent[label_field],
                )
        return task
