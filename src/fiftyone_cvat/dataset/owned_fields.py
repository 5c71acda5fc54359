"""Fields that a run has made beside those it annotates, and that it alone writes."""

from __future__ import annotations

from typing import Any

from fiftyone_cvat.errors import ConfigurationError

__all__ = [
    "check_claim",
    "check_name",
    "claim_field",
    "drop_field",
    "field_info",
    "is_owned",
    "note_in_field",
]

OWNER = "cvat_anno_key"
"""What the ``info`` of such a field calls the key of its run."""

PURPOSE = "cvat_purpose"
"""What it calls the field's purpose."""


def claim_field(
    dataset: Any, path: str, anno_key: str, purpose: str, ftype: Any, document: Any
) -> None:
    """Make a field of a run's own; one that is there already stays.

    Args:
        dataset: the dataset
        path: the field, of frames with ``frames.``
        anno_key: the key of the run
        purpose: what it is for, in one word
        ftype: the type of the field
        document: the type of the embedded documents in it

    Raises:
        ConfigurationError: if there is a field of the name that is not the run's
    """
    check_claim(dataset, path, anno_key, purpose)
    if dataset.has_field(path) and is_owned(dataset, path, anno_key, purpose):
        return
    if not dataset.has_field(path):
        name = path.removeprefix(dataset._FRAMES_PREFIX)
        add = dataset.add_sample_field if name == path else dataset.add_frame_field
        add(name, ftype, embedded_doc_type=document)
    note_in_field(dataset, path, **{OWNER: anno_key, PURPOSE: purpose})


def check_claim(dataset: Any, path: str, anno_key: str, purpose: str) -> None:
    """Refuse a field that is not a run's own, if there is one.

    A run that is gone has no fields any more: the next one takes them over.

    Args:
        dataset: the dataset
        path: the field, of frames with ``frames.``
        anno_key: the key of the run
        purpose: what it is for, in one word

    Raises:
        ConfigurationError: if it is another's
    """
    if not dataset.has_field(path) or is_owned(dataset, path, anno_key, purpose):
        return
    info = field_info(dataset, path)
    owner = info.get(OWNER)
    if info.get(PURPOSE) == purpose and owner not in dataset.list_annotation_runs():
        return
    whose = f"is that of run '{owner}'" if owner else "was not made by this package"
    raise ConfigurationError(
        f"Field '{path}' of dataset '{dataset.name}' {whose}: give another name as "
        f"`field`, such as '{path.removeprefix(dataset._FRAMES_PREFIX)}_{anno_key}'"
    )


def check_name(field: Any) -> None:
    """Refuse what is no name of a field.

    Raises:
        ConfigurationError: if it is none
    """
    if not isinstance(field, str) or not field.isidentifier():
        raise ConfigurationError(f"`field` is {field!r}, which is no name of a field")


def is_owned(dataset: Any, path: str, anno_key: str, purpose: str) -> bool:
    """Tell whether a field is there, and a run's own.

    Args:
        dataset: the dataset
        path: the field, of frames with ``frames.``
        anno_key: the key of the run
        purpose: what it is for, in one word
    """
    info = field_info(dataset, path)
    return (info.get(OWNER), info.get(PURPOSE)) == (anno_key, purpose)


def field_info(dataset: Any, path: str) -> dict[str, Any]:
    """Return what is noted in a field; nothing if there is none.

    Args:
        dataset: the dataset
        path: the field, of frames with ``frames.``
    """
    field = dataset.get_field(path)
    return dict(getattr(field, "info", None) or {})


def note_in_field(dataset: Any, path: str, **notes: Any) -> None:
    """Note something in a field.

    Args:
        dataset: the dataset
        path: the field, of frames with ``frames.``
        **notes: what to note, by name
    """
    field = dataset.get_field(path)
    field.info = {**field_info(dataset, path), **notes}
    field.save()


def drop_field(dataset: Any, path: str) -> None:
    """Delete a field, with its values.

    Args:
        dataset: the dataset
        path: the field, of frames with ``frames.``
    """
    name = path.removeprefix(dataset._FRAMES_PREFIX)
    if name == path:
        dataset.delete_sample_field(name)
    else:
        dataset.delete_frame_field(name)
