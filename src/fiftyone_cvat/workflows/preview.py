"""A run's preview, and a label schema as FiftyOne completes it: nothing is sent.

FiftyOne takes the same way as with a real run, and the backend creates nothing.
"""

from __future__ import annotations

from typing import Any

from fiftyone_cvat.backend import CVATBackend, CVATBackendConfig
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.types import CONFIG_CLS
from fiftyone_cvat.upload.app_schemas import take_label_schemas
from fiftyone_cvat.upload.run_preview import RunPreview

__all__ = ["complete_schema", "preview", "saved_view"]

SCHEMA_CONFIG = "fiftyone_cvat.workflows.preview.SchemaBackendConfig"


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
    settings |= {"config_cls": CONFIG_CLS, "dry_run": True}
    found: RunPreview = samples.annotate(anno_key, backend=backend, **settings)
    return found


def saved_view(dataset: Any, name: str) -> Any:
    """Return a saved view of a dataset.

    Args:
        dataset: the dataset
        name: the view's name

    Raises:
        ConfigurationError: if there is none; the error names those that are
    """
    if not dataset.has_saved_view(name):
        known = ", ".join(dataset.list_saved_views()) or "none"
        raise ConfigurationError(
            f"Dataset '{dataset.name}' has no saved view '{name}'; it has {known}"
        )
    return dataset.load_saved_view(name)


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
    settings = {"config_cls": SCHEMA_CONFIG, "dry_run": True}
    found: RunPreview = samples.annotate(
        None, backend="cvat", label_schema=label_schema, **settings
    )
    return found.label_schema


class SchemaBackendConfig(CVATBackendConfig):
    """Configuration of :class:`SchemaBackend`."""


class SchemaBackend(CVATBackend):
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
