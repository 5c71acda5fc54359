"""Which track of the dataset a track is that comes back.

Its key is the index or the instance that its labels share there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.from_cvat.originals import Original
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from fiftyone_cvat.convert.shared.track_keys import Naming, TrackKey, instance_id
from fiftyone_cvat.dataset.sent_labels import Originals, SentLabels
from fiftyone_cvat.download.annotation_ids import AnnotationIds, new_id
from fiftyone_cvat.download.run_fields import TaskField
from fiftyone_cvat.server.task_answers import TaskAnswer

__all__ = ["TrackIndexes", "id_in_track", "ids_of_tracks", "settle_tracks"]


class TrackIndexes:
    """Gives the tracks of one run what they are in the dataset, task after task.

    Args:
        ids: which annotation is which label
        sent: the run's labels as they are in the dataset
        is_clips: whether the run's samples are clips of videos
    """

    def __init__(self, ids: AnnotationIds, sent: SentLabels, *, is_clips: bool) -> None:
        self._ids = ids
        self._sent = sent
        self._is_clips = is_clips
        # of fields of clips, and of what takes labels that nobody sent
        self._highest: dict[str | None, int] = {}

    def settle(self, field: TaskField, labels: Iterable[ReadLabel]) -> None:
        """Give the tracks of one field on one task index and instance, in place.

        Args:
            field: the field
            labels: its labels, some of them of tracks
        """
        is_of_clips = self._is_clips and field.kind != "scalar"
        if (is_of_clips or field.name is None) and field.name not in self._highest:
            # FiftyOne does not see in a clip which indexes its video has, and takes
            # tracks of one index for one, whatever task of a video they are in
            self._highest[field.name] = self._sent.highest_index(field.name)
        highest = self._highest.get(field.name, 0)
        naming: Callable[[], Naming] = partial(self._naming, field)
        if field.kind == "scalar":
            naming = Naming
        used = settle_tracks(
            labels,
            field.originals,
            field.task,
            self._ids.of_tracks,
            highest,
            naming,
        )
        if field.name in self._highest:
            self._highest[field.name] = used

    def _naming(self, field: TaskField) -> Naming:
        """Return how labels of a field name their objects."""
        naming = self._sent.naming(field.name)
        of_frames = (ref.frame_id is not None for ref in field.task.refs.values())
        # on pictures an instance makes no track: the next load would not know it
        return naming if any(of_frames) else naming._replace(by_index=True)


def settle_tracks(
    labels: Iterable[ReadLabel],
    originals: Originals,
    task: TaskAnswer,
    server_ids: Mapping[int, str],
    highest: int = 0,
    naming: Callable[[], Naming] = Naming,
) -> int:
    """Give each track the index of the track that went up, or else a new one, in place.

    So it is with the instance, if labels of the field have instances. Labels without an
    index go on without one, and new tracks have none where all others are named by
    instances alone.

    A track that was split goes on with one of its parts, and the others are new. CVAT
    keeps tracks by job: parts of a track that no job shows both of are one track. A
    shape between key shapes is the label of that index on its frame, and so is one of a
    copied track whose ids are those of the track that it was copied from. Tracks whose
    key shapes are parts of the same labels are one track, on frames between them, too.

    Args:
        labels: the labels of one field, some of them of tracks
        originals: the run's labels as they are in the dataset
        task: what the server answers about the task
        server_ids: the server's id of a track to the id of one of its labels
        highest: the highest index that is in use elsewhere
        naming: tells how labels of the field name their objects

    Returns:
        the highest index that is in use then
    """
    labels = list(labels)
    by_track: dict[int, list[ReadLabel]] = defaultdict(list)
    claims = Counter((each.frame, each.label_id, each.part) for each in labels)
    for each in labels:
        if each.track is not None:
            by_track[each.track].append(each)
    next_index = max(highest, *_indexes(originals), 0) + 1
    frames_by_key: dict[tuple[str, TrackKey, int], set[int]] = defaultdict(set)
    sent, new = _sent_and_new(by_track.values(), originals, task, server_ids)
    whole_by_track = _tracks_of_parts(new)
    for own, remembered in (*sent, *((each, None) for each in new)):
        frames = {each.frame for each in own}
        # tracks of different classes may share an index
        name, part = own[0].class_name, own[0].part
        free = (
            voted
            for voted, _ in _votes(own, originals, task).most_common()
            if not _in_one_job(frames_by_key[name, voted, part], frames, task.jobs)
        )
        key = next(free, None) if remembered is None else remembered
        is_new = key is None
        whole = whole_by_track.get(own[0].track)
        if key is None:
            key = next_index if whole is None or whole.key is None else whole.key
            next_index = max(next_index, key + 1)
            if whole is not None:
                whole.key = key
        frames_by_key[name, key, part] |= frames
        for each in own:
            known = originals.get(task.refs[each.frame], {})
            is_shared = claims[each.frame, each.label_id, each.part] > 1
            _set_id(each, key, known, whole, is_shared=is_shared)
        if is_new:
            index, instance = _new_names(key, whole, naming())
        else:
            index = None if isinstance(key, str) else key
            instance = _instance(own, key, originals, task)
        for each in own:
            each.set_track(key, index, instance)
    return next_index - 1


def _set_id(
    label: ReadLabel,
    key: TrackKey,
    known: Mapping[str, Original],
    whole: _Whole | None,
    *,
    is_shared: bool,
) -> None:
    """Set which label of the dataset a label of a track is, in place.

    Args:
        label: the label
        key: the key of its track
        known: the run's labels on its frame
        whole: what its track is a part of, or None
        is_shared: whether another annotation says the same id
    """
    claim = known.get(label.label_id or "")
    if claim is None:
        label.label_id = id_in_track(known, key, label.class_name)
        if label.label_id is None and whole is not None:
            # what it shares with the other parts that are on the frame
            label.label_id = whole.label_id
    elif is_shared and _key(claim) != key:
        label.label_id = id_in_track(known, key, label.class_name) or label.label_id


def _new_names(
    index: TrackKey, whole: _Whole | None, naming: Naming
) -> tuple[int | None, str | None]:
    """Return index and instance of a new track, of which labels of the field have any.

    Args:
        index: the index that is free
        whole: what the track is a part of, or None; it gets the instance
        naming: how labels of the field name their objects
    """
    if not naming.by_instance:
        return int(index), None
    instance = (whole and whole.instance) or new_id()
    if whole is not None:
        whole.instance = instance
    return (int(index) if naming.by_index else None), instance


def _instance(
    labels: Sequence[ReadLabel], key: TrackKey, originals: Originals, task: TaskAnswer
) -> str | None:
    """Return the instance that most labels of a track have, or None if none has one."""
    if isinstance(key, str):
        return key
    found: Counter[str] = Counter()
    for each in labels:
        claim = originals.get(task.refs[each.frame], {}).get(each.label_id or "")
        if claim is not None and not claim.is_gone and _key(claim) == key:
            instance = instance_id(claim.held)
            if instance is not None:
                found[instance] += 1
    return next((instance for instance, _ in found.most_common(1)), None)


def ids_of_tracks(
    label_ids: Collection[str], originals: Iterable[Originals]
) -> set[str]:
    """Return the ids of all labels of the tracks that some labels belong to.

    Args:
        label_ids: the ids of the labels
        originals: the run's labels of each field as they are in the dataset
    """
    ids = set()
    for by_frame in originals:
        by_track: dict[tuple[str, TrackKey], set[str]] = defaultdict(set)
        for known in by_frame.values():
            for label_id, original in known.items():
                key = _key(original)
                if not original.is_gone and key is not None:
                    by_track[original.held.label, key].add(label_id)
        for own in by_track.values():
            if not own.isdisjoint(label_ids):
                ids |= own
    return ids


def _in_one_job(
    first: set[int], second: set[int], jobs: Iterable[tuple[int, int]]
) -> bool:
    """Return whether a job shows frames of both."""
    return any(
        any(start <= frame <= stop for frame in first)
        and any(start <= frame <= stop for frame in second)
        for start, stop in jobs
    )


def _indexes(originals: Originals) -> Iterable[int]:
    for by_id in originals.values():
        for original in by_id.values():
            key = _key(original)
            if key is not None and not isinstance(key, str):
                yield key


def _sent_and_new(
    tracks: Iterable[Sequence[ReadLabel]],
    originals: Originals,
    task: TaskAnswer,
    server_ids: Mapping[int, str],
) -> tuple[list[tuple[Sequence[ReadLabel], TrackKey]], list[Sequence[ReadLabel]]]:
    """Part tracks that the server still calls the same, with their key, from others.

    The ids of a copy are those of the track that it was copied from: it must not come
    before that one.
    """
    sent, new = [], []
    for own in tracks:
        remembered, _ = split_label_id(server_ids.get(own[0].annotation["id"]))
        found = (
            _key(originals.get(task.refs[each.frame], {}).get(remembered or ""))
            for each in own
        )
        key = next((each for each in found if each is not None), None)
        if key is None:
            new.append(own)
        else:
            sent.append((own, key))
    return sent, new


@dataclass(slots=True, eq=False)
class _Whole:
    """Several tracks that are the parts of one.

    Attributes:
        label_id: the id of one of its labels
        parts: the numbers of its parts
        key: its key, if it is new
        instance: the id of its instance, if it is new
    """

    label_id: str
    parts: set[int] = field(default_factory=set)
    key: int | None = None
    instance: str | None = None


def _tracks_of_parts(tracks: Iterable[Sequence[ReadLabel]]) -> dict[int | None, _Whole]:
    """Return what tracks are parts of, by their numbers in the task.

    CVAT has one shape of a track on a frame: labels of several parts, such as polygons,
    go up as a track for each part, whose key shapes have the ids of the same labels.
    """
    by_label: dict[tuple[str, str], list[_Whole]] = defaultdict(list)
    found: dict[int | None, _Whole] = {}
    for own in tracks:
        part = own[0].part
        said = [(each.class_name, each.label_id) for each in own if each.label_id]
        known = (whole for key in said for whole in by_label[key])
        # the parts of a track that was copied are one again
        whole = next((each for each in known if part not in each.parts), None)
        if whole is None and said:
            whole = _Whole(said[0][1])
        if whole is None:
            continue
        whole.parts.add(part)
        found[own[0].track] = whole
        for key in said:
            if whole not in by_label[key]:
                by_label[key].append(whole)
    return {number: whole for number, whole in found.items() if len(whole.parts) > 1}


def _votes(
    labels: Sequence[ReadLabel], originals: Originals, task: TaskAnswer
) -> Counter[TrackKey]:
    """Count the keys of the tracks of the labels that a track's key shapes were."""
    votes: Counter[TrackKey] = Counter()
    for each in labels:
        known = originals.get(task.refs[each.frame], {})
        key = _key(known.get(each.label_id or ""))
        if key is not None:
            votes[key] += 1
    return votes


def id_in_track(known: Mapping[str, Original], key: TrackKey, name: str) -> str | None:
    """Return the label of a track on a frame, of the same class if there is one.

    Of two labels of one class and track the place decides which one it is: None.

    Args:
        known: the run's labels on the frame
        key: the key of the track
        name: the class
    """
    found = [each for each, original in known.items() if _key(original) == key]
    same = [each for each in found if getattr(known[each].held, "label", None) == name]
    found = same or found
    return found[0] if len(found) == 1 else None


def _key(original: Original | None) -> TrackKey | None:
    return None if original is None else original.track_key
