"""Tasks that nobody sent, of which labels are imported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fiftyone_cvat.console import Work, tell
from fiftyone_cvat.convert.from_cvat.answer_checks import check_meta
from fiftyone_cvat.convert.shared.frames import frames_of_job
from fiftyone_cvat.errors import ConfigurationError, NotFoundError
from fiftyone_cvat.runs.job_status import counted
from fiftyone_cvat.server.media_files import is_video
from fiftyone_cvat.types import Json

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = [
    "ImportedTask",
    "find_tasks",
    "labels_of_tasks",
    "project_id_of",
    "union_of_labels",
]


@dataclass(slots=True)
class ImportedTask:
    """A task that nobody sent, and what of it is imported.

    Attributes:
        id: the task
        meta: its data, as the server describes them
        frames: positions of frames that are asked for, or None for all
        in_project: whether it is one of the project that is asked for
        labels: its labels as the server describes them, when they were asked for
        annotations: its annotations, if they were asked for
    """

    id: int
    meta: Json
    frames: set[int] | None = None
    in_project: bool = False
    labels: list[Json] = field(default_factory=list)
    annotations: Json | None = None

    @property
    def names(self) -> list[str]:
        """The names of its images in order, or of its video."""
        return [str(each["name"]) for each in self.meta["frames"]]

    @property
    def is_video(self) -> bool:
        """Whether its frames are those of one video."""
        return len(self.names) == 1 and is_video(self.names[0])

    @property
    def name_by_frame(self) -> dict[int, str]:
        """The position of each frame that is asked for to its name."""
        deleted = set(self.meta.get("deleted_frames") or ())
        if self.is_video:
            return {0: self.names[0]}
        return {
            frame: name
            for frame, name in enumerate(self.names)
            if frame not in deleted and (self.frames is None or frame in self.frames)
        }


def project_id_of(api: CVATAnnotationAPI, project: str | int | None) -> int | None:
    """Return the id of a project that is named by its name or id.

    Raises:
        ConfigurationError: if there is none that the user may see
    """
    if project is None:
        return None
    is_there = isinstance(project, int) and api.project_exists(project)
    project_id = project if is_there else api.get_project_id(str(project))
    if project_id is None:
        raise ConfigurationError(
            f"CVAT at {api.base_url} has no project '{project}' that you may see: "
            "check its name and the `organization`"
        )
    return int(project_id)


def find_tasks(
    api: CVATAnnotationAPI,
    project_id: int | None,
    tasks: int | Iterable[int] | None,
    jobs: int | Iterable[int] | None,
) -> list[ImportedTask]:
    """Return the tasks that are asked for, with the frames of jobs if these are.

    Args:
        api: the session
        project_id: the project of which all tasks are meant, or None
        tasks: ids of tasks
        jobs: ids of jobs

    Raises:
        ConfigurationError: if one is not there, or none is named
    """
    of_project = [] if project_id is None else api.get_project_tasks(project_id)
    frames_by_task: dict[int, set[int] | None] = dict.fromkeys(of_project)
    frames_by_task |= dict.fromkeys(ids_of(tasks))
    for job_id in ids_of(jobs):
        job = _asked(api, api.taskless_job_url(job_id), f"job {job_id}")
        frames = frames_by_task.setdefault(job["task_id"], set())
        if frames is not None:
            frames.update(frames_of_job(job))
    if not frames_by_task:
        raise ConfigurationError(
            f"Nothing to import: project {project_id} has no tasks"
            if project_id is not None
            else "Name what to import: `project`, `tasks` or `jobs`"
        )
    found = []
    total = len(frames_by_task)
    tell(f"Importing {counted(total, 'task')} from CVAT...")
    with Work(total, "tasks", "found", has_bar=False) as work:
        for task_id, frames in frames_by_task.items():
            url = api.task_data_meta_url(task_id)
            meta = _asked(api, url, f"task {task_id}")
            check_meta(meta, (), f"Task {task_id}: {url}")
            found.append(ImportedTask(task_id, meta, frames, task_id in of_project))
            work.add()
    return found


def ids_of(value: int | str | Iterable[int] | None) -> list[int]:
    """Return the ids of tasks or jobs that are named: one, or several.

    Raises:
        ConfigurationError: if they are none
    """
    given = [value] if isinstance(value, (int, str)) else value
    try:
        return [] if given is None else [int(each) for each in given]
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"{value!r} are no ids: tasks and jobs are named by the numbers in their "
            "addresses"
        ) from None


def _asked(api: CVATAnnotationAPI, url: str, what: str) -> Json:
    try:
        answer: Json = api.get(url, print_error_info=False).json()
    except NotFoundError:
        raise ConfigurationError(
            f"CVAT at {api.base_url} has no {what} that you may see: check its number "
            "and the `organization`"
        ) from None
    return answer


def labels_of_tasks(
    api: CVATAnnotationAPI, project_id: int | None, tasks: Sequence[ImportedTask]
) -> list[Json]:
    """Ask for the labels of tasks, and note them; return them, of equal names one.

    Args:
        api: the session
        project_id: the project that is asked for, or None
        tasks: the tasks
    """
    of_project = [] if project_id is None else api._get_project_labels(project_id)
    others = [each for each in tasks if not each.in_project]
    for task in tasks:
        task.labels = of_project
    with Work(len(others), "tasks", "asked for labels", has_bar=False) as work:
        for task in others:
            task.labels = api._get_task_labels(task.id)
            work.add()
    return union_of_labels(task.labels for task in tasks)


def union_of_labels(labels_of_each: Iterable[Iterable[Json]]) -> list[Json]:
    """Return labels of several tasks, of equal names one with the attributes of all.

    Args:
        labels_of_each: the labels of each task as the server describes them
    """
    found: dict[str, Json] = {}
    for labels in labels_of_each:
        for each in labels:
            known = found.setdefault(each["name"], each)
            names = {spec["name"] for spec in known["attributes"]}
            more = [s for s in each["attributes"] if s["name"] not in names]
            found[each["name"]] = known | {"attributes": known["attributes"] + more}
    return list(found.values())
