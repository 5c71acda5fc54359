"""The label schemas of a dataset, by which FiftyOne's App annotates."""

from __future__ import annotations

from typing import Any

import fiftyone.core.annotation as foan

__all__ = ["label_schema_of", "path_in_dataset"]


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
    # of FiftyOne 1.20: attributes that several datasets share
    hydrate = getattr(foan, "hydrate_applied_ontology", None)
    return found if hydrate is None else dict(hydrate(found))


def path_in_dataset(samples: Any, label_field: str) -> str:
    """Return what a dataset calls a field; fields of a view of frames have a prefix.

    Args:
        samples: a collection
        label_field: the field, as the collection calls it
    """
    prefix = samples._root_dataset._FRAMES_PREFIX
    is_short = samples._is_frames and not label_field.startswith(prefix)
    return prefix + label_field if is_short else label_field
