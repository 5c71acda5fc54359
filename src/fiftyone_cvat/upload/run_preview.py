"""What a run would send, told before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fiftyone.core.media as fom
from eta.core.utils import to_human_bytes_str

from fiftyone_cvat.convert.shared.texts import LABEL_ID
from fiftyone_cvat.convert.to_cvat.class_names import cvat_class, field_schema
from fiftyone_cvat.dataset.views import with_all_of_kind
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.job_status import counted
from fiftyone_cvat.types import CVATSchema
from fiftyone_cvat.upload.checks import check_run, prepare_run
from fiftyone_cvat.upload.task_options import task_name

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["RunPreview", "TaskPreview", "refuse_known_key", "run_preview"]

MAX_TASKS = 10
"""Tasks that are printed, each in a line."""


@dataclass(frozen=True, slots=True)
class TaskPreview:
    """A task that would be created.

    Attributes:
        name: its name
        samples: how many samples are in it
        jobs: how many jobs it has, as far as that is known before
        size: the size of its media files in bytes
    """

    name: str
    samples: int
    jobs: int
    size: int

    def __str__(self) -> str:
        samples, jobs = counted(self.samples, "sample"), counted(self.jobs, "job")
        return f"'{self.name}': {samples}, {jobs}, {to_human_bytes_str(self.size)}"


@dataclass(frozen=True, slots=True, repr=False)
class RunPreview:
    """What a run would send.

    Attributes:
        url: the address of the server
        tasks: its tasks
        project: the project that they go to: its number, the name of a new one, or None
        classes: the names of the labels that CVAT gets, each with its attributes
        labels: field to class to how many labels of it go up; scalars and segmentations
            have the class ""
        left_out: field to class to how many labels stay where they are, since the run
            has no such class
        label_schema: the schema as FiftyOne has completed it
    """

    url: str = ""
    tasks: list[TaskPreview] = field(default_factory=list)
    project: str | int | None = None
    classes: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, dict[str, int]] = field(default_factory=dict)
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)
    label_schema: dict[Any, dict[str, Any]] = field(default_factory=dict)

    def __repr__(self) -> str:
        # a notebook shows it as a script prints it
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """Yield the lines in which this is printed."""
        where = ""
        if self.project is not None:
            is_new = isinstance(self.project, str)
            where = f" in {'a new ' if is_new else ''}project {self.project!r}"
        samples = counted(sum(each.samples for each in self.tasks), "sample")
        jobs = counted(sum(each.jobs for each in self.tasks), "job")
        size = to_human_bytes_str(sum(each.size for each in self.tasks))
        tasks = counted(len(self.tasks), "task")
        yield (
            f"CVAT at {self.url} would get {tasks}{where}, with {jobs}, {samples} and "
            f"{size} of media:"
        )
        for task in self.tasks[:MAX_TASKS]:
            yield f"    {task}"
        if len(self.tasks) > MAX_TASKS:
            yield f"    and {len(self.tasks) - MAX_TASKS} more"
        names = [
            f"{name} ({', '.join(attributes)})" if attributes else name
            for name, attributes in self.classes.items()
        ]
        yield f"Labels in CVAT: {', '.join(names) or 'those of the project'}"
        for name, number_by_class in self.labels.items():
            yield f"{name}: {_counted_labels(number_by_class)} would go up"
            left = self.left_out.get(name)
            if left:
                yield f"    {_counted_labels(left)} of no class of the run would not"

    def _finalize_id_map(self) -> None:
        """Do nothing: FiftyOne asks results for that."""


def refuse_known_key(anno_key: str | None, known: Collection[str]) -> None:
    """Refuse the key of a run that is there already, as a real run would be.

    Args:
        anno_key: the key, or None
        known: the keys of the dataset's runs

    Raises:
        ConfigurationError: if it is among them
    """
    if anno_key in known:
        raise ConfigurationError(
            f"`anno_key`: the dataset has a run '{anno_key}' already; choose another "
            "key"
        )


def run_preview(api: CVATAnnotationAPI, samples: Any, config: Any) -> RunPreview:
    """Check a run as its upload does, and return what it would send.

    The server is asked for users, projects and their labels; nothing is created there.

    Args:
        api: the session
        samples: the collection to annotate
        config: the run's :class:`CVATBackendConfig`

    Raises:
        CVATError: what the upload would refuse before it creates anything
    """
    samples = with_all_of_kind(samples, config.label_schema)
    check_run(api, samples, config)
    run = prepare_run(api, samples, config)
    counts = {
        str(name): _by_class(samples, name, info, run.cvat_schema)
        for name, info in config.label_schema.items()
    }
    return RunPreview(
        url=api.base_url,
        tasks=_tasks(api, samples, config),
        project=run.new_project_name or run.project_id,
        classes={
            name: [each for each in attributes if each != LABEL_ID]
            for name, attributes in run.cvat_schema.items()
        },
        labels={name: dict(up) for name, (up, _) in counts.items()},
        left_out={name: dict(left) for name, (_, left) in counts.items() if left},
        label_schema=config.label_schema,
    )


def _tasks(api: CVATAnnotationAPI, samples: Any, config: Any) -> list[TaskPreview]:
    """Return the tasks that a run would have."""
    paths = samples.values(config.media_field)
    number, size = len(paths), api._get_batch_size(samples, config.task_size)
    starts = range(0, number, size)
    # a video is one job, unless CVAT is told otherwise
    segment = None if samples.media_type == fom.VIDEO else config.segment_size
    found = []
    for index, start in enumerate(starts):
        files = paths[start : start + size]
        jobs = 1 if segment is None else -(-len(files) // segment)
        name = task_name(config, samples, index, len(starts))
        of_files = sum(Path(each).stat().st_size for each in files)
        found.append(TaskPreview(name, len(files), jobs, of_files))
    return found


def _by_class(
    samples: Any, label_field: Any, info: dict[str, Any], cvat_schema: CVATSchema
) -> tuple[Counter[str], Counter[str]]:
    """Return how many labels of each class go up, and how many stay where they are.

    Values of scalars, and the pixels of segmentations, are of no class: "".
    """
    if not info.get("existing_field"):
        return Counter(), Counter()
    if info.get("type") in ("scalar", "segmentation"):
        path = label_field
        if info["type"] == "segmentation":
            _, path = samples._get_label_field_path(label_field)
        return Counter({"": int(samples.count(path))}), Counter()
    _, path = samples._get_label_field_path(label_field)
    counts = samples.count_values(f"{path}.label")
    # where a field has no label at all, the database counts a class None, too
    named = sum(number for name, number in counts.items() if name is not None)
    counts[None] = int(samples.count(path)) - named
    schema = field_schema(cvat_schema, label_field, info)
    up: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for name, number in counts.items():
        goes_up = cvat_class(name, schema, label_field) is not None
        (up if goes_up else left)[name or ""] += int(number)
    return +up, +left


def _counted_labels(number_by_class: Mapping[str, int]) -> str:
    """Return how many labels there are, with the most frequent classes first."""
    by_number = sorted(number_by_class.items(), key=lambda each: (-each[1], each[0]))
    parts = [f"{name} {number}" for name, number in by_number if name]
    total = counted(sum(number_by_class.values()), "label")
    return f"{total} ({', '.join(parts)})" if parts else total
