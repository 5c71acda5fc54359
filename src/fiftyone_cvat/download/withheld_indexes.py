"""Indexes of tracks that labels get only after FiftyOne has merged them.

FiftyOne takes labels of one index on a frame for one label, whatever their class, and
would overwrite all but one of them; the tracks of clips it numbers anew.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.dataset.sent_labels import SentLabels
from fiftyone_cvat.download.outcome import Outcome
from fiftyone_cvat.download.run_fields import TaskField

__all__ = ["WithheldIndexes", "withhold_shared_indexes"]

OnFrame = tuple[Mapping[str, Any], Iterable[Any]]
"""The labels of a frame that are to be merged, by id, and all that the field has."""


class WithheldIndexes:
    """Takes indexes off labels that come out of one run, and notes them.

    Args:
        outcome: the run's outcome
        sent: the run's labels as they are in the dataset
        is_clips: whether the run's samples are clips of videos
    """

    def __init__(self, outcome: Outcome, sent: SentLabels, *, is_clips: bool) -> None:
        self._outcome = outcome
        self._sent = sent
        self._is_clips = is_clips
        self._later: list[Callable[[], None]] = []

    def withhold(self, field: TaskField) -> None:
        """Withhold the indexes of a field's labels on one task, once they are known.

        Args:
            field: the field
        """
        present = self._sent.labels(field.name, field.task)
        if self._outcome.is_shared(field.task):
            self._later.append(partial(self._withhold_now, field, present))
        else:
            self._withhold_now(field, present)

    def finish(self) -> None:
        """Withhold what was not known before the outcome was finished."""
        for withhold in self._later:
            withhold()

    def _withhold_now(
        self, field: TaskField, present_by_ref: Mapping[FrameRef, Sequence[Any]]
    ) -> None:
        by_sample = self._outcome.annotations[field.name].get(field.kind, {})
        by_sample_id: dict[str, list[OnFrame]] = defaultdict(list)
        for ref in dict.fromkeys(field.task.refs.values()):
            labels = by_sample.get(ref.sample_id, {}).get(ref.frame_id, {})
            present = [*present_by_ref.get(ref, ())]
            by_sample_id[ref.sample_id].append((labels, present))
        for of_sample in by_sample_id.values():
            if self._is_clips:
                # FiftyOne does not find the labels of a clip
                indexes: dict[str, int] = {}
                for labels, _ in of_sample:
                    own = _indexes_by_id(labels)
                    indexes |= own
                    for label_id in own:
                        labels[label_id].index = None
            else:
                indexes = withhold_shared_indexes(of_sample)
            if not field.info.get("allow_index_edits", True):
                for _, on_frame in of_sample:
                    for each in on_frame:
                        indexes.pop(each.id, None)
            self._outcome.absent.indexes[field.name].update(indexes)


def withhold_shared_indexes(frames: Sequence[OnFrame]) -> dict[str, int]:
    """Take the index off tracks of a sample that share it on some frame, in place.

    Where only some labels of a track have an index when they are merged, FiftyOne gives
    it another one. So all labels of the sample lose their index that have, or had, one
    that is shared.

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
        before = _indexes_by_id({each.id: each for each in present})
        after = _indexes_by_id(labels)
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


def _indexes_by_id(labels: Mapping[str, Any]) -> dict[str, int]:
    """Return the index of each label that has one, by the label's id."""
    found = {key: getattr(label, "index", None) for key, label in labels.items()}
    return {key: index for key, index in found.items() if index is not None}
