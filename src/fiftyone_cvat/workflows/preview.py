"""What a run would send, told before anything is sent.

FiftyOne takes the same way as with a real run: the backend below stands at its end in
place of the real one, checks what that checks, and creates nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import fiftyone.core.media as fom

from fiftyone_cvat.backend import CVATBackend, CVATBackendConfig
from fiftyone_cvat.convert.shared.texts import LABEL_ID
from fiftyone_cvat.convert.to_cvat import schema
from fiftyone_cvat.dataset.views import with_all_of_kind
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.upload.app_schemas import take_label_schemas
from fiftyone_cvat.upload.checks import check_run, prepare_run
from fiftyone_cvat.upload.task_options import task_name

__all__ = ["RunPreview", "TaskPreview", "complete_schema", "preview"]

CONFIG = "fiftyone_cvat.workflows.preview.PreviewBackendConfig"
SCHEMA_CONFIG = "fiftyone_cvat.workflows.preview.SchemaBackendConfig"


@dataclass(frozen=True, slots=True)
class TaskPreview:
    """A task that would be created.

    Attributes:
        name: its name
        samples: how many samples are in it
        jobs: how many jobs it has, as far as that is known before
    """

    name: str
    samples: int
    jobs: int


@dataclass(frozen=True, slots=True)
class RunPreview:
    """What a run would send.

    Attributes:
        tasks: its tasks
        project: the project that they go to, by its name or number; None for none
        classes: the names of the labels that CVAT gets, each with its attributes
        labels: field to how many labels go up
        label_schema: the schema as FiftyOne has completed it
    """

    tasks: list[TaskPreview] = field(default_factory=list)
    project: str | int | None = None
    classes: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    label_schema: dict[Any, dict[str, Any]] = field(default_factory=dict)

    def _finalize_id_map(self) -> None:
        """Do nothing: FiftyOne asks results for that."""


def preview(
    samples: Any,
    anno_key: str | None,
    *,
    backend: str = "cvat",
    **settings: Any,
) -> RunPreview:
    """Check a run as ``annotate`` would, and tell what it would send.

    The server is asked for users, projects and their labels; nothing is created there,
    and nothing changes in the dataset.

    Args:
        samples: the dataset, or a view into it
        anno_key: the annotation key that is meant, or None
        backend: the name of the backend in FiftyOne's configuration
        **settings: as for ``annotate``

    Raises:
        CVATError: what ``annotate`` would refuse before it creates anything
        ValueError: what FiftyOne refuses itself
    """
    dataset = samples._root_dataset
    if anno_key is not None and anno_key in dataset.list_annotation_runs():
        raise ConfigurationError(
            f"`anno_key`: dataset '{dataset.name}' has a run '{anno_key}' already; "
            "choose another key"
        )
    settings.pop("config_cls", None)
    found: RunPreview = samples.annotate(
        anno_key, backend=backend, config_cls=CONFIG, **settings
    )
    return found


def complete_schema(
    samples: Any, label_schema: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return a label schema with the classes and attributes that a run would take.

    They come from label schemas of the App, or else from labels. No server is asked.

    Args:
        samples: the dataset, or a view into it
        label_schema: fields with their ``type``, and what else is known of them

    Raises:
        SchemaError: if the App's label schema names a value that CVAT cannot have
        ValueError: what FiftyOne refuses, such as a new field without classes
    """
    found: RunPreview = samples.annotate(
        None, backend="cvat", config_cls=SCHEMA_CONFIG, label_schema=label_schema
    )
    return found.label_schema


class PreviewBackendConfig(CVATBackendConfig):
    """Configuration of :class:`PreviewBackend`."""


class PreviewBackend(CVATBackend):
    """A backend that tells what it would send."""

    def register_run(self, samples: Any, key: str, **kwargs: Any) -> None:  # noqa: ARG002
        """Check the texts of the schema, and register nothing."""
        schema.check_texts(self.config.label_schema or {})

    def upload_annotations(
        self,
        samples: Any,
        anno_key: str,  # noqa: ARG002
        launch_editor: bool = False,  # noqa: ARG002, FBT001, FBT002  FiftyOne's
    ) -> Any:
        """Return what would be sent."""
        api, config = self.connect_to_api(), self.config
        samples = with_all_of_kind(samples, config.label_schema)
        check_run(api, samples, config)
        run = prepare_run(api, samples, config)
        return RunPreview(
            tasks=_tasks(api, samples, config),
            project=run.new_project_name or run.project_id,
            classes={
                name: [each for each in attributes if each != LABEL_ID]
                for name, attributes in run.cvat_schema.items()
            },
            labels={
                str(name): _number_of_labels(samples, name, info)
                for name, info in config.label_schema.items()
            },
            label_schema=config.label_schema,
        )

    @classmethod
    def save_run_results(
        cls, samples: Any, key: str, run_results: Any, **kwargs: Any
    ) -> None:
        """Save nothing."""


def _tasks(api: Any, samples: Any, config: Any) -> list[TaskPreview]:
    """Return the tasks that a run would have."""
    number, size = len(samples), api._get_batch_size(samples, config.task_size)
    starts = range(0, number, size)
    # a video is one job, unless CVAT is told otherwise
    segment = None if samples.media_type == fom.VIDEO else config.segment_size
    found = []
    for index, start in enumerate(starts):
        length = min(size, number - start)
        jobs = 1 if segment is None else -(-length // segment)
        name = task_name(config, samples, index, len(starts))
        found.append(TaskPreview(name, length, jobs))
    return found


def _number_of_labels(samples: Any, label_field: Any, info: dict[str, Any]) -> int:
    """Return how many labels a field has that would go up."""
    if not info.get("existing_field"):
        return 0
    if info.get("type") == "scalar":
        return int(samples.count(label_field))
    _, path = samples._get_label_field_path(label_field)
    return int(samples.count(path))


class SchemaBackendConfig(CVATBackendConfig):
    """Configuration of :class:`SchemaBackend`."""


class SchemaBackend(PreviewBackend):
    """A backend that tells how a run's label schema is completed."""

    def upload_annotations(
        self,
        samples: Any,
        anno_key: str,  # noqa: ARG002
        launch_editor: bool = False,  # noqa: ARG002, FBT001, FBT002  FiftyOne's
    ) -> Any:
        """Return the schema, and ask nobody."""
        take_label_schemas(samples, self.config)
        return RunPreview(label_schema=self.config.label_schema)
