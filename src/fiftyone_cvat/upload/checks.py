"""A run before anything is created: everything that can be checked is checked."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import fiftyone.core.media as fom

from fiftyone_cvat.api.field_members import FieldMembers
from fiftyone_cvat.api.schema_members import Schemas
from fiftyone_cvat.convert.shared.attributes import shorten, value_to_text
from fiftyone_cvat.convert.shared.frames import (
    FrameRange,
    FrameRef,
    frame_argument,
    frame_refs,
)
from fiftyone_cvat.convert.to_cvat.project_schema import tell_fields_apart
from fiftyone_cvat.dataset.field_annotations import (
    warn_of_unsent,
)
from fiftyone_cvat.dataset.frame_sizes import sizes_in_metadata
from fiftyone_cvat.dataset.garbage import collection_paused
from fiftyone_cvat.errors import ConfigurationError, SchemaError
from fiftyone_cvat.server.changes import MAX_NAME
from fiftyone_cvat.server.media_files import is_video
from fiftyone_cvat.types import CVATSchema, LabelSchema, Size

__all__ = [
    "Preparation",
    "Progress",
    "RunPart",
    "RunState",
    "TaskAnnotations",
    "frame_arguments",
    "listed",
]

logger = logging.getLogger(__name__)

MAX_URL = 2000

MAX_KEPT = 2_000_000
"""Numbers of annotations that are kept from the check to the upload: 64 MB of boxes."""

NUMBERS_BESIDES = 30
"""Numbers whose memory an annotation takes besides its points and attributes."""

NUMBERS_OF_ATTRIBUTE = 10
"""Numbers whose memory an attribute takes besides its text."""

CHARACTERS_OF_NUMBER = 32
"""Characters of a text that take the memory of a number."""

SUPPORTED_MEDIA = (fom.IMAGE, fom.VIDEO, fom.POINT_CLOUD, fom.THREE_D)


@dataclass(slots=True)
class RunPart:
    """What some tasks of a run are; the names are those of the run's results."""

    task_ids: list[int] = field(default_factory=list)
    job_ids: dict[int, list[int]] = field(default_factory=dict)
    frame_id_map: dict[int, dict[int, dict[str, str]]] = field(default_factory=dict)
    id_map: dict[Any, Any] = field(default_factory=dict)
    server_id_map: dict[str, dict[int, str]] = field(
        default_factory=lambda: {"tags": {}, "shapes": {}, "tracks": {}}
    )
    labels_task_map: dict[Any, list[int]] = field(default_factory=dict)
    fingerprints: dict[str, dict[int, str]] = field(
        default_factory=lambda: {"tags": {}, "shapes": {}, "tracks": {}}
    )

    def add(self, other: RunPart) -> None:
        """Add the tasks of another part."""
        self.task_ids += other.task_ids
        self.job_ids |= other.job_ids
        self.frame_id_map |= other.frame_id_map
        for label_field, by_sample in other.id_map.items():
            self.id_map.setdefault(label_field, {}).update(by_sample)
        for kind, by_id in other.server_id_map.items():
            self.server_id_map[kind].update(by_id)
        for kind, by_id in other.fingerprints.items():
            self.fingerprints.setdefault(kind, {}).update(by_id)
        for label_field, task_ids in other.labels_task_map.items():
            self.labels_task_map.setdefault(label_field, []).extend(task_ids)


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


@dataclass(slots=True)
class Progress:
    """How far a run is that can be resumed.

    Attributes:
        token: what marks the names of tasks and projects until they are saved
        pending: the number of each task that was still to do when it was begun or
            resumed, from 0, to the ids of its samples
    """

    token: str
    pending: dict[int, list[str]]


@dataclass(slots=True)
class RunState:
    """A run on its way up: its schema, and what it has on the server so far.

    Attributes:
        count: how many tasks it has in all
        new_project_name: the name of the project to create, or None
        project_ids: the projects that it created
        before: the tasks that were finished when it was resumed
        parts: the number of a task, from 0, to the finished task; of one without
            samples there is nothing in it
        made_before: what the session had created before, by list and id
        progress: how far it is, if it can be resumed
        checked: the number of a task to its annotations, as they were checked
        room: how many numbers of annotations may still be kept there
    """

    cvat_schema: CVATSchema
    scalar_attrs: dict[Any, bool | None]
    occluded_attrs: dict[Any, dict[str, str]]
    group_id_attrs: dict[Any, dict[str, str]]
    project_id: int | None
    label_schema: LabelSchema
    count: int = 1
    new_project_name: str | None = None
    project_ids: list[int] = field(default_factory=list)
    before: RunPart = field(default_factory=RunPart)
    parts: dict[int, RunPart] = field(default_factory=dict)
    made_before: frozenset[tuple[str, int]] = frozenset()
    progress: Progress | None = None
    checked: dict[int, TaskAnnotations] = field(default_factory=dict)
    room: int = MAX_KEPT

    @property
    def pending(self) -> dict[int, list[str]]:
        """The samples of each task that is still to do, if it can be resumed."""
        pending = {} if self.progress is None else self.progress.pending
        return {each: ids for each, ids in pending.items() if each not in self.parts}

    def done(self) -> RunPart:
        """Return its finished tasks, in order."""
        done = RunPart()
        for part in (self.before, *(self.parts[each] for each in sorted(self.parts))):
            done.add(part)
        return done


class Preparation(Schemas, FieldMembers):
    """Check a run and settle its schema."""

    def _check_config(self, samples: Any, config: Any) -> None:
        """Check all that can be checked without the label schema."""
        if not len(samples):
            raise ConfigurationError(
                "There are no samples to annotate: the collection is empty"
            )
        if samples.media_type not in SUPPORTED_MEDIA:
            raise ConfigurationError(
                f"Collections of type '{samples.media_type}' cannot be annotated in "
                f"CVAT; select samples of type {' or '.join(SUPPORTED_MEDIA)}"
            )
        if samples.media_type == fom.THREE_D and config.media_field == "filepath":
            raise ConfigurationError(
                "CVAT takes point clouds (.pcd), not scenes: name the field that holds "
                "the paths of the point clouds as `media_field`"
            )
        paths = samples.values(config.media_field)
        videos = [each for each in paths if each and is_video(each)]
        if samples.media_type == fom.IMAGE and videos:
            raise ConfigurationError(
                f"Field '{config.media_field}' of {len(videos)} samples that are "
                f"images names a video, such as '{videos[0]}': CVAT takes frames of "
                "videos as files of their own, so use `to_frames(sample_frames=True)`"
            )
        self._parse_local_files(paths)
        names = [*listed(config.task_assignee), *listed(config.job_assignees)]
        unknown = [each for each in set(names) if self.get_user_id(each) is None]
        if unknown:
            raise ConfigurationError(
                f"CVAT at {self.base_url} has no user {', '.join(sorted(unknown))} "
                "that you may see: check `task_assignee` and `job_assignees`, and the "
                "`organization`"
            )
        self._check_texts(config)
        self._parse_reviewers(config.job_reviewers)
        config.job_reviewers = None  # said once, not for every task

    def _check_texts(self, config: Any) -> None:
        """Check the lengths of the texts that tasks and projects get."""
        texts = [
            ("project_name", config.project_name, MAX_NAME),
            ("task_name", config.task_name, MAX_NAME),
        ]
        trackers = listed(config.issue_tracker)
        texts += [("issue_tracker", each, MAX_URL) for each in trackers]
        for name, text, most in texts:
            # CVAT takes white space off the ends of texts
            length = 0 if text is None else len(str(text).strip())
            if length > most:
                raise ConfigurationError(
                    f"`{name}` '{shorten(str(text))}' has {length} characters; CVAT "
                    f"takes {most}: shorten it"
                )

    def _prepare(self, samples: Any, config: Any) -> RunState:
        """Settle the project and the schema of a run, without creating anything."""
        name, project_id = self._parse_project_details(
            config.project_name, config.project_id
        )
        label_schema = config.label_schema
        if project_id is None and None in label_schema:
            raise SchemaError(
                "Without an existing project a run needs a `label_schema` or a "
                "`label_field`"
            )
        if project_id is not None:
            self._check_project_schema(label_schema, project_id)
        _add_skeletons(samples, label_schema)
        _spell_out_scalars(label_schema)
        run = self._run_state(config, project_id)
        run.new_project_name = name if project_id is None else None
        for label_field in label_schema:
            run.before.id_map[label_field] = {}
            run.before.labels_task_map[label_field] = []
        return run

    def _run_state(self, config: Any, project_id: int | None) -> RunState:
        """Return a run that has its schema and nothing on the server yet."""
        schema, scalars, occluded, group_ids, _ = self._get_cvat_schema(
            config.label_schema,
            project_id=project_id,
            occluded_attr=config.occluded_attr,
            group_id_attr=config.group_id_attr,
        )
        return RunState(
            schema, scalars, occluded, group_ids, project_id, config.label_schema
        )

    def _check_labels(self, run: RunState, config: Any, batch: Any, index: int) -> None:
        """Convert the labels of a task that is not there yet, to see that they can go.

        A bad label is told at once instead of after all media went up. Whether labels
        are sound does not depend on the sizes of their frames, of which the server has
        the last word. If it says the same as the metadata, what is converted here goes
        up, unless that would take too much memory.
        """
        arguments = frame_arguments(config, batch, index)
        frames = frame_refs(self._build_frame_id_map(batch, *arguments))
        # the metadata are those of no other media
        is_own = config.media_field == "filepath"
        sizes = sizes_in_metadata(batch, frames) if is_own else None
        any_sizes = dict.fromkeys(frames, Size(1, 1))
        annotations = self._convert_task(
            run, batch, arguments, frames, sizes or any_sizes
        )
        if sizes is None:
            return
        room = run.room - annotations.count_numbers()
        if room >= 0:
            run.checked[index] = annotations
            run.room = room

    def _convert_task(
        self,
        run: RunState,
        batch: Any,
        arguments: tuple[int | None, int | None, int | None],
        frames: dict[int, FrameRef],
        sizes: Mapping[int, Size],
    ) -> TaskAnnotations:
        """Convert the labels of a task.

        Args:
            run: the run
            batch: a collection whose samples are the task's media, in order
            arguments: first, last and spacing of the frames of a video
            frames: the position in the task to what the frame is
            sizes: the position to the frame's size in pixels
        """
        task = TaskAnnotations(frames, sizes)
        for label_field, info in run.label_schema.items():
            if not info.get("existing_field"):
                continue
            task.unsent[label_field] = Counter()
            with collection_paused():
                self._update_shapes_tags_tracks(
                    task.tags,
                    task.shapes,
                    task.tracks,
                    task.id_map,
                    info["type"],
                    batch,
                    label_field,
                    info,
                    run.cvat_schema,
                    *arguments,
                    run.scalar_attrs,
                    bool(info.get("only_keyframes")),
                    run.occluded_attrs,
                    run.group_id_attrs,
                    frame_sizes=sizes,
                    unsent=task.unsent[label_field],
                )
        return task

    def _annotations_of(
        self,
        run: RunState,
        index: int,
        batch: Any,
        arguments: tuple[int | None, int | None, int | None],
        frames: dict[int, FrameRef],
        sizes: Mapping[int, Size],
    ) -> TaskAnnotations:
        """Return a task's annotations, as they were checked if that fits its frames.

        The arguments are those of :meth:`_convert_task` and the number of the task.
        """
        annotations = run.checked.pop(index, None)
        if annotations is None or not annotations.fits(frames, sizes):
            annotations = self._convert_task(run, batch, arguments, frames, sizes)
        for label_field, unsent in annotations.unsent.items():
            warn_of_unsent(label_field, unsent)
        return annotations

    def _check_project_schema(self, label_schema: LabelSchema, project_id: int) -> None:
        """Check what an existing project's own labels make impossible."""
        if self._has_ignored_attributes(label_schema):
            raise SchemaError(
                "An existing project brings its own classes and attributes, so those "
                "of the label schema are not used, but they name attributes of type "
                "'occluded' or 'group_id': use `occluded_attr` and `group_id_attr`"
            )
        tell_fields_apart(label_schema, self._get_project_labels(project_id))
        for each in self._ensure_one_field_per_type(label_schema):
            logger.warning(
                "Field '%s' is left out: its classes in this project do not tell it "
                "from another field of the same type",
                each,
            )


def frame_arguments(
    config: Any, batch: Any, index: int
) -> tuple[int | None, int | None, int | None]:
    """Return first, last and spacing of the frames of a video that go into a task."""
    if batch.media_type != fom.VIDEO:
        return None, None, None
    filepath = batch.values("filepath")[0]
    start, stop, step = (
        frame_argument(value, index, filepath)
        for value in (config.frame_start, config.frame_stop, config.frame_step)
    )
    if not batch._is_clips:
        return start, stop, step
    frames = FrameRange.of_task(start, stop, step).within(batch.values("support")[0])
    return frames.start, frames.stop, step


def _spell_out_scalars(label_schema: LabelSchema) -> None:
    """Make classes that are numbers or truth values text, in place.

    FiftyOne takes what is no text for a dict of classes when labels are loaded.
    """
    for info in label_schema.values():
        if info.get("type") == "scalar" and info.get("classes"):
            info["classes"] = [
                each if isinstance(each, dict) else value_to_text(each)
                for each in info["classes"]
            ]


def _add_skeletons(samples: Any, label_schema: LabelSchema) -> None:
    """Add the dataset's skeletons to the fields of keypoints, in place."""
    for name, info in label_schema.items():
        if info.get("type") not in ("keypoint", "keypoints"):
            continue
        skeleton = samples.skeletons.get(name) or samples.default_skeleton
        if skeleton is not None:
            edges = [list(pair) for line in skeleton.edges for pair in pairwise(line)]
            count = 1 + max((node for pair in edges for node in pair), default=-1)
            labels = skeleton.labels or [str(node + 1) for node in range(count)]
            info["skeleton"] = {"labels": list(labels), "edges": edges}


def listed(value: str | Sequence[str] | None) -> list[str]:
    """Return what a keyword names that may be one text or several."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def job_assignees(config: Any, batch: Any, index: int) -> list[str]:
    """Return who gets the jobs of a task; a video is one job, of the next in turn."""
    names = listed(config.job_assignees)
    if batch.media_type == fom.IMAGE or not names:
        return names
    return [names[index % len(names)]]


def task_name(config: Any, samples: Any, index: int, count: int) -> str:
    """Return the name of a task of a run, by its number from 0."""
    name = config.task_name
    if name is None:
        name = f"FiftyOne_{samples._root_dataset.name.replace(' ', '_')}"
    number = "" if count == 1 else f"_{index + 1}"
    return str(name)[: MAX_NAME - len(number)] + number


def in_turn(value: str | Sequence[str] | None, index: int) -> str | None:
    """Return the value that is the next in turn, if there are several."""
    values = listed(value)
    return values[index % len(values)] if values else None
