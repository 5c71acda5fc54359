"""What an import is asked for, before anybody is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.server.imported_tasks import ids_of
from fiftyone_cvat.upload.field_checks import own_field

__all__ = ["check_arguments"]


def check_arguments(
    dataset: Any,
    anno_key: Any,
    project: Any,
    ids: Mapping[str, Any],
    fields: Any,
) -> None:
    """Refuse arguments of an import that cannot work.

    Args:
        dataset: the dataset
        anno_key: the key of the run
        project: the name or the id of a project, or None
        ids: ``tasks`` and ``jobs``, as ``import_tasks`` takes them
        fields: names of classes to fields

    Raises:
        ConfigurationError: if one cannot work
    """
    if not isinstance(anno_key, str) or not anno_key.isidentifier():
        raise ConfigurationError(
            f"`anno_key` must be a name such as 'cvat_import', of letters, digits and "
            f"'_', not {anno_key!r:.80}"
        )
    is_named = isinstance(project, str) and bool(project.strip())
    if project is not None and not is_named and not _is_number(project):
        raise ConfigurationError(
            f"`project` must be the name or the id of a project, not {project!r:.80}"
        )
    given = [ids_of(each) for each in ids.values()]
    if project is None and not any(given):
        raise ConfigurationError("Name what to import: `project`, `tasks` or `jobs`")
    if not isinstance(fields, Mapping):
        raise ConfigurationError(
            "`fields` must be a dict of classes to fields, as {'car|truck': "
            f"'vehicles'}}, not {fields!r:.80}"
        )
    for pattern, name in fields.items():
        if not all(isinstance(each, str) and each.strip() for each in (pattern, name)):
            raise ConfigurationError(
                f"`fields` has {name!r:.80} for {pattern!r:.80}: both are texts"
            )
        if own_field(dataset, name) is not None:
            raise ConfigurationError(
                f"`fields`: '{name}' is a field that FiftyOne itself fills; name "
                "another"
            )


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
