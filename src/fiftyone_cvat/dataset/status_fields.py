"""The field that tells where samples stand in CVAT, and the views of each state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import fiftyone as fo
from fiftyone import ViewField

from fiftyone_cvat.dataset.owned_fields import (
    check_claim,
    check_name,
    claim_field,
    drop_field,
    field_info,
    is_owned,
    note_in_field,
)
from fiftyone_cvat.dataset.views import all_slices
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.chosen_jobs import STATES
from fiftyone_cvat.runs.job_status import FrameStatus

__all__ = ["clear_status_field", "write_status_field"]

PURPOSE = "status"

VIEWS = "cvat_views"
"""What the ``info`` of the field calls the names of its views."""

MEMBERS = {
    "job_id": fo.IntField,
    "task_id": fo.IntField,
    "stage": fo.StringField,
    "state": fo.StringField,
    "assignee": fo.StringField,
    "url": fo.StringField,
    "issues": fo.IntField,
    "unresolved_issues": fo.IntField,
}
"""What the field holds of each sample or frame."""


def write_status_field(
    dataset: Any,
    field: str,
    anno_key: str,
    by_sample: Mapping[str, FrameStatus],
    by_frame: Mapping[str, FrameStatus],
    *,
    frames: bool,
) -> None:
    """Write where samples stand, and save a view of each state.

    Args:
        dataset: the dataset
        field: the name of the field
        anno_key: the key of the run
        by_sample: sample id to where it stands; other samples have no value then
        by_frame: the same of the frames of videos, by their ids
        frames: whether to write it to frames, too; where it was, it is brought up to
            date

    Raises:
        ConfigurationError: if there is a field or a view of the name that is not the
            run's, before anything is written
    """
    check_name(field)
    frames_path = f"{dataset._FRAMES_PREFIX}{field}"
    states = [*STATES, *(each.job.state for each in by_sample.values())]
    views = {state: f"{field} {state}" for state in dict.fromkeys(states)}
    check_claim(dataset, field, anno_key, PURPOSE)
    has_frames = is_owned(dataset, frames_path, anno_key, PURPOSE)
    if frames and by_frame and not has_frames:
        check_claim(dataset, frames_path, anno_key, PURPOSE)
        has_frames = True
    _check_views(dataset, field, views.values())

    _write(dataset, field, anno_key, "id", by_sample)
    if has_frames:
        _write(dataset, frames_path, anno_key, "frames.id", by_frame)
    own = field_info(dataset, field).get(VIEWS, [])
    note_in_field(
        dataset, field, **{VIEWS: list(dict.fromkeys([*own, *views.values()]))}
    )
    samples = all_slices(dataset)
    for state, name in views.items():
        if not dataset.has_saved_view(name):
            is_so = ViewField(f"{field}.state") == state
            dataset.save_view(name, samples.match(is_so))


def clear_status_field(dataset: Any, field: str, anno_key: str) -> None:
    """Delete what :func:`write_status_field` has made; nothing if it made none.

    Args:
        dataset: the dataset
        field: the name of the field
        anno_key: the key of the run

    Raises:
        ConfigurationError: if there is a field of the name that is not the run's
    """
    check_name(field)
    check_claim(dataset, field, anno_key, PURPOSE)
    for name in field_info(dataset, field).get(VIEWS, []):
        if dataset.has_saved_view(name):
            dataset.delete_saved_view(name)
    frames_path = f"{dataset._FRAMES_PREFIX}{field}"
    if is_owned(dataset, frames_path, anno_key, PURPOSE):
        drop_field(dataset, frames_path)
    if dataset.has_field(field):
        drop_field(dataset, field)


def _check_views(dataset: Any, field: str, names: Iterable[str]) -> None:
    own = field_info(dataset, field).get(VIEWS, [])
    taken = [each for each in names if each not in own and dataset.has_saved_view(each)]
    if taken:
        raise ConfigurationError(
            f"Dataset '{dataset.name}' has a saved view '{taken[0]}' already: rename "
            "it, or give another name as `field`"
        )


def _write(
    dataset: Any,
    path: str,
    anno_key: str,
    key_field: str,
    statuses: Mapping[str, FrameStatus],
) -> None:
    """Write the values of a field; who has none any more loses it."""
    if not is_owned(dataset, path, anno_key, PURPOSE):
        document = fo.DynamicEmbeddedDocument
        claim_field(
            dataset, path, anno_key, PURPOSE, fo.EmbeddedDocumentField, document
        )
        name = path.removeprefix(dataset._FRAMES_PREFIX)
        add = dataset.add_sample_field if name == path else dataset.add_frame_field
        for member, ftype in MEMBERS.items():
            add(f"{name}.{member}", ftype)
    samples = all_slices(dataset)
    ids, states = samples.values([key_field, f"{path}.state"], unwind=True)
    before = {key for key, state in zip(ids, states, strict=True) if state is not None}
    now = {key: _document(each) for key, each in statuses.items()}
    values = dict.fromkeys(before) | now
    samples.set_values(
        path, values, key_field=key_field, expand_schema=False, validate=False
    )


def _document(status: FrameStatus) -> fo.DynamicEmbeddedDocument:
    job = status.job
    return fo.DynamicEmbeddedDocument(
        job_id=job.job_id,
        task_id=job.task_id,
        stage=job.stage,
        state=job.state,
        assignee=job.assignee,
        url=status.url,
        issues=status.issues,
        unresolved_issues=status.unresolved_issues,
    )
