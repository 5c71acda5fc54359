"""The annotations of a task, stored so that none is missing and none there twice."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from fiftyone_cvat.convert.from_cvat.answer_checks import check_stored
from fiftyone_cvat.convert.shared.server_ids import attribute_texts
from fiftyone_cvat.convert.shared.texts import LABEL_ID
from fiftyone_cvat.server.changes import Changes
from fiftyone_cvat.transport.responses import reading
from fiftyone_cvat.types import Json

__all__ = ["store_annotations"]

logger = logging.getLogger(__name__)

KINDS = ("tags", "shapes", "tracks")


def store_annotations(
    api: Changes,
    task_id: int,
    payload: Json,
    class_id_map: Mapping[Any, int],
    attr_id_map: Mapping[int, Mapping[str, int]],
) -> Json:
    """Replace a task's annotations; warn of what the server did not store.

    A lost answer is looked up: annotations of the same number, classes and label
    ids are the ones that were sent. The server answers with what it has stored,
    job by job, so what it drops is not in the answer either.

    Args:
        api: the session
        task_id: the task
        payload: ``tags``, ``shapes`` and ``tracks`` as the server takes them
        class_id_map: CVAT class name to the server's id of the label
        attr_id_map: the server's id of a label to its attributes' ids by name

    Returns:
        ``tags``, ``shapes`` and ``tracks`` as the server stored them
    """
    url = api.task_annotation_url(task_id)
    where = f"Task {task_id}: {url}"
    id_specs = {ids[LABEL_ID] for ids in attr_id_map.values() if LABEL_ID in ids}

    def send() -> Json:
        response = api.put(url, json=payload, harmless=False)
        answer: Json = response.json()
        with reading(response):
            check_stored(answer, where)
        return answer

    def look() -> Json | None:
        answer: Json = api.get(url).json()
        check_stored(answer, where)
        same = _identities(answer, id_specs) == _identities(payload, id_specs)
        return answer if same else None

    stored = api._send_surely(send, look)
    names = {number: name for name, number in class_id_map.items()}
    for kind, label_id, missing, sent in _missing(payload, stored):
        logger.warning(
            "CVAT did not store %d of %d %s of class '%s' in task %d (%s)",
            missing,
            sent,
            kind,
            names.get(label_id, label_id),
            task_id,
            api.base_task_url(task_id),
        )
    return stored


def _identities(annotations: Json, id_specs: set[int]) -> Counter[Any]:
    """Count annotations by kind, class, frame, number of shapes and label ids."""
    return Counter(
        (kind, each["label_id"], each["frame"], *attribute_texts(each, id_specs))
        for kind in KINDS
        for each in annotations.get(kind) or []
    )


def _missing(payload: Json, stored: Json) -> Iterator[tuple[str, int, int, int]]:
    """Yield kind, label, and how many were dropped of how many that were sent."""
    sent, kept = _counts(payload), _counts(stored)
    for (kind, label_id), number in sent.items():
        if kept[kind, label_id] < number:
            yield kind, label_id, number - kept[kind, label_id], number


def _counts(annotations: Json) -> Counter[tuple[str, int]]:
    counts: Counter[tuple[str, int]] = Counter()
    for kind in KINDS:
        for each in annotations.get(kind) or []:
            counts[kind, each["label_id"]] += 1
            if kind == "tracks":
                counts["shapes of tracks", each["label_id"]] += len(each["shapes"])
    return counts
