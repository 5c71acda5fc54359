"""A run on its way up: its schema, its tasks so far, and what is left to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fiftyone_cvat.types import CVATSchema, Json, LabelSchema

__all__ = ["Progress", "RunPart", "RunState", "Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """Where the results of a run go: its samples, its key, its backend."""

    samples: Any
    key: str | None
    backend: Any


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

    unstored: dict[int, Json] = field(default_factory=dict)

    def add(self, other: RunPart) -> None:
        """Add the tasks of another part."""
        self.unstored |= other.unstored
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
        progress: how far it is, if it can be resumed
        labels_without_id: labels of an existing project that lack ``label_id``
        tasks_with_view: tasks whose labels have got the values that the view shows
        hidden_points: label id to the points that a view hid from an earlier load
        raw_values: what the dataset has where the view shows other values
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
    progress: Progress | None = None
    labels_without_id: list[Json] = field(default_factory=list)
    tasks_with_view: list[int] = field(default_factory=list)
    hidden_points: dict[str, Any] = field(default_factory=dict)
    raw_values: dict[Any, Any] = field(default_factory=dict)

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
