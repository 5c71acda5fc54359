"""Which track of the dataset a track is that comes back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.from_cvat.originals import Original
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from fiftyone_cvat.dataset.sent_labels import Originals
from fiftyone_cvat.server.task_answers import TaskAnswer

__all__ = [
    "id_of_index",
    "ids_of_tracks",
    "indexes_by_id",
    "settle_tracks",
    "withhold_shared_indexes",
]


def settle_tracks(
    labels: Iterable[ReadLabel],
    originals: Originals,
    task: TaskAnswer,
    server_ids: Mapping[int, str],
    highest: int = 0,
) -> int:
    """Give each track the index of the track that went up, or else a new one, in place.

    A track that was split goes on with one of its parts, and the others are new. CVAT
    keeps tracks by job: parts of a track that no job shows both of are one track. A
    shape between key shapes is the label of that index on its frame, and so is one of a
    copied track whose ids are those of the track that it was copied from.

    Args:
        labels: the labels of one field, some of them of tracks
        originals: the run's labels as they are in the dataset
        task: what the server answers about the task
        server_ids: the server's id of a track to the id of one of its labels
        highest: the highest index that is in use elsewhere

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
    frames_by_key: dict[tuple[str, int, int], set[int]] = defaultdict(set)
    sent, new = _sent_and_new(by_track.values(), originals, task, server_ids)
    for own, remembered in (*sent, *((each, None) for each in new)):
        frames = {each.frame for each in own}
        # tracks of different classes may share an index
        name, part = own[0].class_name, own[0].part
        free = (
            voted
            for voted, _ in _votes(own, originals, task).most_common()
            if not _in_one_job(frames_by_key[name, voted, part], frames, task.jobs)
        )
        index = next(free, None) if remembered is None else remembered
        if index is None:
            index = next_index
            next_index += 1
        frames_by_key[name, index, part] |= frames
        for each in own:
            each.set_index(index)
            known = originals.get(task.refs[each.frame], {})
            claim = known.get(each.label_id or "")
            is_shared = claims[each.frame, each.label_id, each.part] > 1
            if claim is None:
                each.label_id = id_of_index(known, index, name)
            elif is_shared and _index(claim) != index:
                each.label_id = id_of_index(known, index, name) or each.label_id
    return next_index - 1


def withhold_shared_indexes(
    frames: Sequence[tuple[Mapping[str, Any], Iterable[Any]]],
) -> dict[str, int]:
    """Take the index off tracks of a sample that share it on some frame, in place.

    FiftyOne takes labels of one index on a frame for one label, whatever their class,
    and would overwrite all but one of them. Where only some labels of a track have an
    index when they are merged, it gives them another one. So all labels of the sample
    lose their index that have, or had, one of those.

    Args:
        frames: for each of the sample's frames the labels that are to be merged, by
            id, and all labels that the field has on it

    Returns:
        id of the label to the index that it has to get after the merge
    """
    shared: set[int] = set()
    before_by_id: dict[str, int] = {}
    after_by_id: dict[str, int] = {}
    for labels, present in frames:
        before = indexes_by_id({each.id: each for each in present})
        after = indexes_by_id(labels)
        counts = Counter(index for _, index in {*before.items(), *after.items()})
        shared |= {index for index, count in counts.items() if count > 1}
        before_by_id |= before
        after_by_id |= after
    pairs = {(each, before_by_id.get(key, each)) for key, each in after_by_id.items()}
    while (
        more := {each for pair in pairs if not shared.isdisjoint(pair) for each in pair}
        - shared
    ):
        shared |= more
    withheld = {key: each for key, each in after_by_id.items() if each in shared}
    for labels, _ in frames:
        for label_id in withheld.keys() & labels.keys():
            labels[label_id].index = None
    return withheld


def indexes_by_id(labels: Mapping[str, Any]) -> dict[str, int]:
    """Return the index of each label that has one, by the label's id."""
    found = {key: getattr(label, "index", None) for key, label in labels.items()}
    return {key: index for key, index in found.items() if index is not None}


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
        by_track: dict[tuple[str, int], set[str]] = defaultdict(set)
        for known in by_frame.values():
            for label_id, original in known.items():
                index = _index(original)
                if not original.is_gone and index is not None:
                    by_track[original.held.label, index].add(label_id)
        for own in by_track.values():
            if not own.isdisjoint(label_ids):
                ids |= own
    return ids


def _in_one_job(
    first: set[int], second: set[int], jobs: Iterable[tuple[int, int]]
) -> bool:
    """Tell whether a job shows frames of both."""
    return any(
        any(start <= frame <= stop for frame in first)
        and any(start <= frame <= stop for frame in second)
        for start, stop in jobs
    )


def _indexes(originals: Originals) -> Iterable[int]:
    for by_id in originals.values():
        for original in by_id.values():
            index = _index(original)
            if index is not None:
                yield index


def _sent_and_new(
    tracks: Iterable[Sequence[ReadLabel]],
    originals: Originals,
    task: TaskAnswer,
    server_ids: Mapping[int, str],
) -> tuple[list[tuple[Sequence[ReadLabel], int]], list[Sequence[ReadLabel]]]:
    """Tell tracks that the server still calls the same, with their index, from others.

    The ids of a copy are those of the track that it was copied from: it must not come
    before that one.
    """
    sent, new = [], []
    for own in tracks:
        remembered, _ = split_label_id(server_ids.get(own[0].annotation["id"]))
        found = (
            _index(originals.get(task.refs[each.frame], {}).get(remembered or ""))
            for each in own
        )
        index = next((each for each in found if each is not None), None)
        if index is None:
            new.append(own)
        else:
            sent.append((own, index))
    return sent, new


def _votes(
    labels: Sequence[ReadLabel], originals: Originals, task: TaskAnswer
) -> Counter[int]:
    """Count the indexes of the labels that a track's key shapes were."""
    votes: Counter[int] = Counter()
    for each in labels:
        known = originals.get(task.refs[each.frame], {})
        index = _index(known.get(each.label_id or ""))
        if index is not None:
            votes[index] += 1
    return votes


def id_of_index(known: Mapping[str, Original], index: int, name: str) -> str | None:
    """Return the label of an index on a frame, of the same class if there is one.

    Of two labels of one class and index the place decides which one it is: None.

    Args:
        known: the run's labels on the frame
        index: the index
        name: the class
    """
    found = [key for key, original in known.items() if _index(original) == index]
    same = [key for key in found if getattr(known[key].held, "label", None) == name]
    found = same or found
    return found[0] if len(found) == 1 else None


def _index(original: Original | None) -> int | None:
    return None if original is None else original.index
