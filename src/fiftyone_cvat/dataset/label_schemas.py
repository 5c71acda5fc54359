"""The label schemas of a dataset, by which FiftyOne's App annotates."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import fiftyone.core.labels as fol

from fiftyone_cvat.convert.shared.texts import shorten
from fiftyone_cvat.convert.to_cvat.schema import classes_of
from fiftyone_cvat.dataset.ontologies import with_shared
from fiftyone_cvat.errors import SchemaError
from fiftyone_cvat.types import RETURN_TYPES

__all__ = [
    "label_schema_of",
    "note_new_classes",
    "path_in_dataset",
    "write_new_classes",
]

logger = logging.getLogger(__name__)


def label_schema_of(samples: Any, label_field: str) -> dict[str, Any]:
    """Return the label schema of a field, as the App shows it.

    Args:
        samples: a collection
        label_field: the field, as the collection calls it

    Returns:
        ``type``, and maybe ``component``, ``classes``, ``values``, ``attributes``, a
        list, and ``read_only``; nothing if there is none, or if this FiftyOne, older
        than 1.16, has none
    """
    schemas = getattr(samples._root_dataset, "label_schemas", None) or {}
    found: dict[str, Any] = schemas.get(path_in_dataset(samples, label_field)) or {}
    return with_shared(found) if found else found


def path_in_dataset(samples: Any, label_field: str) -> str:
    """Return what a dataset calls a field; fields of a view of frames have a prefix.

    Args:
        samples: a collection
        label_field: the field, as the collection calls it
    """
    prefix = samples._root_dataset._FRAMES_PREFIX
    is_short = samples._is_frames and not label_field.startswith(prefix)
    return prefix + label_field if is_short else label_field


def note_new_classes(results: Any, annotations: Mapping[Any, Any]) -> None:
    """Note which classes the labels of a load have that did not go up with the run.

    Args:
        results: the run's results, in which they are noted if the load is asked to
            update label schemas
        annotations: what FiftyOne is to merge
    """
    results.new_classes = {}
    options = results.config.load_options
    if not options.updates_label_schema:
        return
    for label_field, info in results.config.label_schema.items():
        if label_field is None or info["type"] in ("scalar", "segmentation"):
            continue
        sent = {name for name, _ in classes_of(label_field, info)}
        of_kind = annotations.get(label_field, {}).get(RETURN_TYPES[info["type"]], {})
        new = {each.label for each in _labels(of_kind)} - sent - {None}
        holder = options.holder_by_field.get(label_field, label_field)
        found = {*results.new_classes.get(holder, ()), *new}
        if found:
            results.new_classes[holder] = sorted(found)


def write_new_classes(results: Any) -> None:
    """Add the classes that are noted to the dataset's label schemas.

    Args:
        results: the run's results, or None; what is noted in them is taken out

    Raises:
        SchemaError: if FiftyOne refuses a label schema that has them
    """
    noted = {} if results is None else results.new_classes
    if not noted:
        return
    results.new_classes = {}
    dataset = results.samples._root_dataset
    dataset.reload()  # the App may have changed them meanwhile
    for label_field, classes in noted.items():
        path = path_in_dataset(results.samples, label_field)
        _add_classes(dataset, path, classes, results.key)


def _add_classes(dataset: Any, path: str, classes: list[str], key: str) -> None:
    """Add classes to the label schema of a field, if it lists any."""
    schema = dataset.label_schemas.get(path)
    listed = ", ".join(f"'{shorten(each)}'" for each in classes)
    if schema is None:
        logger.warning(
            "Field '%s' has no label schema to which classes %s could be added; "
            "`dataset.generate_label_schemas('%s')` makes one",
            path,
            listed,
            path,
        )
        return
    new = [each for each in classes if each not in schema.get("classes", classes)]
    if not new:
        return  # all may be typed, or are there
    more = {**schema, "classes": [*schema["classes"], *new]}
    try:
        dataset.update_label_schema(path, more)
    except (ExceptionGroup, ValueError) as error:
        raise SchemaError(
            f"The labels of run '{key}' are loaded, but classes {listed} cannot be "
            f"added to the label schema of field '{path}', which FiftyOne refuses: "
            f"{error}. Correct it in the App, and load again"
        ) from error


def _labels(value: Any) -> Iterator[fol.Label]:
    """Yield the labels in a nested dict."""
    for each in value.values():
        if isinstance(each, dict):
            yield from _labels(each)
        elif isinstance(each, fol.Label):
            yield each
