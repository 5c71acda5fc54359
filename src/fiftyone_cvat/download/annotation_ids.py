"""Which label an annotation is remembered to be, by the server's id of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId

from fiftyone_cvat.convert.from_cvat.annotation_faults import label_id_texts
from fiftyone_cvat.convert.from_cvat.claims import Claim
from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from fiftyone_cvat.server.task_answers import TaskAnswer

__all__ = ["AnnotationIds", "new_id"]


class AnnotationIds:
    """Remembers which label each annotation of one run is.

    Args:
        server_id_map: ``tags``, ``shapes`` and ``tracks``, each from the server's id
            of an annotation to the text of its ``label_id``; what is found out is
            added to it
    """

    def __init__(self, server_id_map: dict[str, dict[int, str]]) -> None:
        self._server_id_map = server_id_map
        self._sent: dict[str | None, list[str]] = defaultdict(list)
        for kind in ("tags", "shapes"):
            for text in server_id_map.get(kind, {}).values():
                self._sent[split_label_id(text)[0]].append(text)

    @property
    def of_tracks(self) -> Mapping[int, str]:
        """The server's id of a track to the id of one of its labels."""
        return self._server_id_map.get("tracks", {})

    def claim(self, label: ReadLabel) -> Claim:
        """Return what an annotation says of the label that it may be.

        Args:
            label: what was read of the annotation
        """
        return Claim(
            label.label_id, label.part, self.remembered(label), label.annotation
        )

    def remembered(self, label: ReadLabel) -> str | None:
        """Return the text of ``label_id`` that an annotation is remembered by.

        Args:
            label: what was read of the annotation

        Returns:
            None if the annotation is new, or one of a track: all shapes of a track
            have the server's id of the track
        """
        if label.track is not None:
            return None
        return self._server_id_map.get(_kind(label), {}).get(label.annotation["id"])

    def remember(self, label: ReadLabel, text: str) -> None:
        """Note which label an annotation is, so that loading again finds it.

        Args:
            label: what was read of the annotation
            text: the label's id, and the number of the part behind it
        """
        server_ids = self._server_id_map.setdefault(_kind(label), {})
        if label.track is None:
            server_ids[label.annotation["id"]] = text
        else:
            server_ids.setdefault(label.annotation["id"], text)

    def parts_sent(self, label_id: str) -> int:
        """Return how many parts a label had that went up; 0 for one of a track."""
        return len(set(self._sent.get(label_id, ())))

    def pieces_sent(self, label_id: str) -> int:
        """Return how many pieces a segmentation went up as: all have its plain id."""
        return len(self._sent.get(label_id, ()))

    def said_by(self, annotation: Any, kind: str, task: TaskAnswer) -> set[str]:
        """Return the ids of the labels that an annotation of any form says it is.

        Args:
            annotation: the annotation, which may be anything that JSON can be
            kind: ``tags``, ``shapes`` or ``tracks``
            task: what the server answers about its task
        """
        texts = label_id_texts(annotation, set(task.label_id_specs.values()))
        return _label_ids(texts | {self._text(annotation, kind)})

    def told_by(self, annotation: Any, kind: str, task: TaskAnswer) -> set[str]:
        """Return the ids of the labels that an annotation of any form tells it is.

        The server's id of it counts only where its ``label_id`` is lost: other servers
        count from 1, too.

        Args:
            annotation: the annotation, which may be anything that JSON can be
            kind: ``tags``, ``shapes`` or ``tracks``
            task: what the server answers about its task
        """
        texts = label_id_texts(annotation, set(task.label_id_specs.values()))
        return _label_ids(texts) or _label_ids({self._text(annotation, kind)})

    def _text(self, annotation: Any, kind: str) -> str:
        """Return the ``label_id`` that an annotation is remembered by, or ""."""
        number = annotation.get("id") if isinstance(annotation, dict) else None
        if not isinstance(number, int):
            return ""
        return self._server_id_map.get(kind, {}).get(number, "")


def new_id() -> str:
    """Return the id of a new label."""
    return str(ObjectId())


def _label_ids(texts: Iterable[str]) -> set[str]:
    """Return the ids of labels in texts of ``label_id``."""
    found = (split_label_id(text)[0] for text in texts)
    return {label_id for label_id in found if label_id is not None}


def _kind(label: ReadLabel) -> str:
    if label.track is not None:
        return "tracks"
    return "tags" if label.kind == "classifications" else "shapes"
