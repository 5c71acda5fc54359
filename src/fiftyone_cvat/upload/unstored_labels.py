"""What the server did not store is taken out of a run: it would look deleted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fiftyone_cvat.convert.shared.fingerprints import AnnotationNames
from fiftyone_cvat.convert.shared.frames import FrameRef, put_at_frame
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from fiftyone_cvat.convert.shared.server_ids import attribute_texts
from fiftyone_cvat.convert.shared.texts import LABEL_ID
from fiftyone_cvat.runs.stored_runs import without_ids
from fiftyone_cvat.types import CVATSchema, Json
from fiftyone_cvat.upload.task_annotations import TaskAnnotations

__all__ = ["forget_unstored"]


def forget_unstored(
    sent: TaskAnnotations,
    stored: Json,
    names: AnnotationNames,
    cvat_schema: CVATSchema,
) -> Json:
    """Take labels and scalars that the server did not store out of a task's ids.

    Labels of which it has stored a part stay in them.

    Args:
        sent: the task's annotations, whose ``id_map`` is changed in place
        stored: ``tags``, ``shapes`` and ``tracks`` as the server stored them
        names: what the server's ids stand for
        cvat_schema: CVAT class name to its attributes by name

    Returns:
        the id of a frame or sample to label id to the parts of the label that were not
        stored, each with its ``type``, ``points`` and ``class`` as it went up, which
        ``part`` it is, from 0, and ``of`` how many
    """
    ours = {"tags": sent.tags, "shapes": sent.shapes, "tracks": sent.tracks}
    if all(_count(stored[kind]) >= _count(each) for kind, each in ours.items()):
        return {}
    id_specs: set[Any] = {LABEL_ID}
    id_specs |= {
        ids[LABEL_ID] for ids in names.attribute_ids.values() if LABEL_ID in ids
    }
    there = {
        label_id
        for kind in ours
        for each in stored[kind]
        for label_id in _label_ids(each, id_specs)
    }
    # what is there of a track goes on where its other key shapes were
    lost = {
        label_id
        for annotations in ours.values()
        for each in annotations
        for label_id in _label_ids(each, id_specs)
        if there.isdisjoint(_label_ids(each, id_specs))
    }
    lost -= there
    for label_field, by_sample in sent.id_map.items():
        sent.id_map[label_field] = without_ids(by_sample, lost)
    lost_tags = _places(sent.tags, names) - _places(stored["tags"], names)
    for class_name, frame in lost_tags:
        ref = sent.frames[frame]
        for label_field in getattr(cvat_schema.get(class_name), "class_by_field", ()):
            by_sample = sent.id_map.get(label_field, {})
            ids = by_sample.get(ref.sample_id)
            if ref.frame_id is not None and isinstance(ids, dict):
                ids = ids.get(ref.frame_id)
            if ids is True:  # a scalar, which has no id
                put_at_frame(by_sample, ref, value=False)
    return _unstored_parts(
        [_pieces(each, names, id_specs) for by in ours.values() for each in by],
        [_pieces(each, names, id_specs) for kind in ours for each in stored[kind]],
        sent.frames,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """What is sent of one part of a label on one frame.

    Attributes:
        class_name: the part's CVAT class
        text: its ``label_id``
        frame: the position of the frame
        shape: the shape
        is_of_track: whether it is a key shape of a track
    """

    class_name: Any
    text: str
    frame: int
    shape: Json
    is_of_track: bool

    @property
    def key(self) -> tuple[Any, int, str]:
        """What tells it from others, but from those of one class in one label."""
        return self.class_name, self.frame, self.text

    @property
    def points(self) -> list[float]:
        """Its points; run lengths are stored as integers and sent as floats."""
        return [*map(float, self.shape["points"])]


def _pieces(
    annotation: Json, names: AnnotationNames, id_specs: Collection[Any]
) -> list[_Piece]:
    """Return what an annotation is of labels; tags and skeletons have no parts."""
    name = names.class_by_id.get(annotation["label_id"], annotation["label_id"])
    return [
        _Piece(name, text, shape["frame"], shape, "shapes" in annotation)
        for shape in annotation.get("shapes") or [annotation]
        if shape.get("points") and not shape.get("outside")
        for text in attribute_texts(shape, id_specs)
    ]


def _unstored_parts(
    sent: Iterable[list[_Piece]],
    stored: Iterable[list[_Piece]],
    frames: Mapping[int, FrameRef],
) -> Json:
    """Return which parts of labels were not stored whose other parts were.

    Args:
        sent: the annotations that were sent, each as its pieces
        stored: those that were stored
        frames: the position in the task to what the frame is
    """
    points_there: dict[Any, list[list[float]]] = defaultdict(list)
    for each in (piece for pieces in stored for piece in pieces):
        points_there[each.key].append(each.points)
    labels: dict[tuple[int, str], list[_Piece]] = defaultdict(list)
    missing: list[_Piece] = []
    for pieces in sent:
        # what is there of a track goes on where its other key shapes were
        goes_on = any(each.is_of_track and points_there[each.key] for each in pieces)
        for each in pieces:
            labels[each.frame, str(split_label_id(each.text)[0])].append(each)
            if each.points in points_there[each.key]:
                points_there[each.key].remove(each.points)
            elif not goes_on:
                missing.append(each)
    # of those that have another place now it is not known which they are
    lost = {each for each in missing if not _taken(points_there[each.key])}
    found: dict[str, dict[str, list[Json]]] = {}
    for (frame, label_id), parts in labels.items():
        notes = [
            _note(each, number, len(parts))
            for number, each in enumerate(parts)
            if each in lost
        ]
        if notes and len(notes) < len(parts):
            found.setdefault(frames[frame].key, {})[label_id] = notes
    return found


def _taken(left: list[Any]) -> bool:
    """Take one from a list; return whether there was any."""
    is_any = bool(left)
    del left[:1]
    return is_any


def _note(piece: _Piece, number: int, count: int) -> Json:
    return {
        "type": piece.shape["type"],
        "points": piece.shape["points"],
        "class": piece.class_name,
        "part": number,
        "of": count,
    }


def _count(annotations: Iterable[Json]) -> int:
    """Return how many annotations there are, of tracks how many key shapes."""
    return sum(len(each.get("shapes") or "1") for each in annotations)


def _label_ids(annotation: Json, id_specs: Collection[Any]) -> Iterator[Any]:
    for text in attribute_texts(annotation, id_specs):
        yield split_label_id(text)[0]


def _places(tags: Iterable[Json], names: AnnotationNames) -> Counter[tuple[Any, int]]:
    """Count tags by class name and frame."""
    return Counter(
        (names.class_by_id.get(each["label_id"], each["label_id"]), each["frame"])
        for each in tags
    )
