"""Tasks that are not the ones that a run has sent, whatever their number says.

A server that was set up anew counts tasks from 1 again, and a run may be looked for at
the wrong one. In such a task no label of the run is found; it must not look as if
annotators had deleted them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.convert.shared.file_names import FileNames
from fiftyone_cvat.dataset.columns import Columns
from fiftyone_cvat.dataset.sent_labels import SentLabels
from fiftyone_cvat.download.annotation_ids import AnnotationIds
from fiftyone_cvat.download.run_fields import TaskField
from fiftyone_cvat.server.media_files import names_on_server
from fiftyone_cvat.server.task_answers import TaskAnswer

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["has_own_annotation", "is_one_that_was_sent"]


def has_own_annotation(
    task: TaskAnswer,
    fields: Mapping[str | None, TaskField],
    ids: AnnotationIds,
    sent: SentLabels,
    fingerprints: Mapping[str, Mapping[int, str]],
) -> bool:
    """Return whether any annotation of a task is one of the run's labels.

    An annotation whose ``label_id`` is none of the run's is not, even if the server's
    id of it is one that the run remembers: other servers count from 1, too.

    Args:
        task: what the server answers about the task
        fields: the run's fields on the task, by name
        ids: which annotation is which label
        sent: the run's labels as they are in the dataset
        fingerprints: ``tags``, ``shapes`` and ``tracks``, each from the server's id of
            an annotation that went up to what it was

    Returns:
        True also if no label of the run went up in the task
    """
    known = {
        label_id
        for field in fields.values()
        for by_id in field.originals.values()
        for label_id in by_id
    }
    has_scalars = any(
        field.kind == "scalar"
        and any(sent.known_ids(field.name, ref) for ref in task.refs.values())
        for field in fields.values()
    )
    if not known and not has_scalars:
        return True
    for kind in ("tags", "shapes", "tracks"):
        is_scalar = fingerprints.get(kind, {}) if has_scalars and kind == "tags" else ()
        for each in task.annotations[kind]:
            if not known.isdisjoint(ids.told_by(each, kind, task)):
                return True
            number = each.get("id") if isinstance(each, dict) else None
            if isinstance(number, int) and number in is_scalar:
                return True
    return False


def is_one_that_was_sent(
    api: CVATAnnotationAPI, results: Any, task: TaskAnswer, columns: Columns
) -> bool:
    """Return whether a task is one that was sent, by its labels, or else by its jobs.

    A server gives no id twice. A task keeps its jobs wherever it is moved; its labels
    are others in another project, but tell without a request more. Another server may
    give the same ids, but not to the same pictures.

    Args:
        api: the session
        results: the run's results
        task: what the server answers about the task
        columns: reads the dataset

    Returns:
        True also if the run does not know its jobs
    """
    if _shows_other_pictures(task, columns, results.config.media_field):
        return False
    labels = results.fingerprints.get("labels", {})
    if any(labels.get(each["id"]) == each["name"] for each in task.labels):
        return True
    sent = set(results.job_ids.get(task.id) or ())
    return not sent or not sent.isdisjoint(api._get_job_ids(task.id))


def _shows_other_pictures(task: TaskAnswer, columns: Columns, media_field: str) -> bool:
    """Return whether no picture of a task is called like any that was sent."""
    pictures = {at: ref for at, ref in task.refs.items() if ref.frame_id is None}
    paths = {
        at: str(path) for at, _, path in columns.values(media_field, pictures) if path
    }
    names = names_on_server(paths.values())
    files = zip(paths.items(), names, strict=True)
    sent = {at: (name, path) for (at, path), name in files}
    return bool(sent) and not FileNames(sent).match(task.frame_names).frame_by_file
