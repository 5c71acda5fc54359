"""Frames that several tasks of a run have, and what came of their labels.

Clips of a video may overlap, and a view may have a sample twice. Each task then has a
copy of the labels, and only some of the copies are edited. A copy that nobody touched
says nothing, neither now nor when labels are loaded again after another copy changed
the dataset. So a run keeps what each copy was that is not as the dataset is: until it
differs from that, too, it stays out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.track_keys import TrackKey
from fiftyone_cvat.types import Json

__all__ = ["Copies", "Copy", "Verdict"]

EDITS = ("changed", "added")

_SAYING = ("type", "label_id", "points", "rotation", "attributes", "elements")


@dataclass(slots=True)
class Copy:
    """What one task says of a label.

    Attributes:
        task_id: the task
        what: ``kept``, ``changed``, ``added``, ``deleted``, or ``unmatched`` if the
            label was deleted in the dataset
        kind: the kind of label, as FiftyOne names it
        label: the label, or scalar, as it comes out of this task; None if it does not
        before: what the dataset has, or None
        annotations: the server's annotations of it, none if it was deleted; None if
            the task does not show it
        index: the key of its track, or None
        sent: the annotations that the dataset's label goes up as
        is_old: whether it is as it was when it was left out before
    """

    task_id: int
    what: str
    kind: str
    label: Any
    before: Any = None
    annotations: list[Json] | None = None
    index: TrackKey | None = None
    sent: Sequence[Json] = ()
    is_old: bool = False


@dataclass(slots=True)
class Verdict:
    """What came of a label of which several tasks may have a copy.

    Attributes:
        label_field: the field
        ref: the frame
        label_id: the label's id, or None for a scalar
        copy: the copy that is taken
        is_disputed: whether another task edited it differently
    """

    label_field: str | None
    ref: FrameRef
    label_id: str | None
    copy: Copy
    is_disputed: bool


class Copies:
    """Collects what the tasks say of labels on shared frames, then decides.

    Args:
        results: the run's results, in which copies that are left out are noted
    """

    def __init__(self, results: Any) -> None:
        self._left_out: dict[int, dict[str, dict[str, Json]]] = results.left_out
        tasks_by_place: dict[str, set[int]] = defaultdict(set)
        for task_id, frames in results.frame_id_map.items():
            for each in frames.values():
                place = each.get("frame_id") or each["sample_id"]
                tasks_by_place[place].add(task_id)
        self._shared = {key for key, ids in tasks_by_place.items() if len(ids) > 1}
        # a copy stays out when the other ones are gone, too
        self._shared.update(*self._left_out.values())
        self._tasks: dict[str, list[int]] = defaultdict(list)
        self._found: dict[
            tuple[str | None, FrameRef], dict[str | None, list[Copy]]
        ] = {}

    def are_on(self, ref: FrameRef) -> bool:
        """Return whether a frame is shared."""
        return ref.key in self._shared

    def begin(self, task_id: int, refs: Iterable[FrameRef]) -> None:
        """Note that a task is read.

        Args:
            task_id: the task
            refs: its frames
        """
        for place in {ref.key for ref in refs} & self._shared:
            self._tasks[place].append(task_id)

    def add(
        self,
        label_field: str | None,
        ref: FrameRef,
        label_id: str | None,
        copy: Copy,
        is_same: Callable[[list[Json], list[Json]], bool],
    ) -> None:
        """Add what a task says of a label.

        Args:
            label_field: the field
            ref: the frame
            label_id: the label's id, or None for a scalar
            copy: what it says
            is_same: whether annotations, sent and got, are the same
        """
        by_place = self._left_out.get(copy.task_id, {})
        known = by_place.get(ref.key, {}).get(label_id or str(label_field))
        if known is not None and copy.annotations is not None:
            copy.is_old = is_same(known["annotations"], copy.annotations)
        by_id = self._found.setdefault((label_field, ref), {})
        by_id.setdefault(label_id, []).append(copy)

    def settle(
        self, same: Callable[[str | None, Copy, Copy], bool]
    ) -> Iterator[list[Verdict]]:
        """Decide what each label on the shared frames is.

        An edit is worth more than a deletion, which is worth more than a copy that
        nobody touched. Of several edits that of the run's first task is taken.

        Args:
            same: whether two copies of a label of a field came out the same

        Yields:
            what came of the labels of one field on one frame
        """
        for (label_field, ref), by_id in self._found.items():
            verdicts: list[Verdict] = []
            for label_id, copies in by_id.items():
                taken = _taken(copies)
                if taken is None:
                    continue
                rivals = {
                    id(each)
                    for each in copies
                    if each is not taken
                    and _is_edit(each)
                    and not _agree(label_field, taken, each, same)
                }
                verdict = Verdict(label_field, ref, label_id, taken, bool(rivals))
                verdicts.append(verdict)
                self._note(verdict, copies, rivals)
            if verdicts:
                yield verdicts

    def _note(self, verdict: Verdict, copies: list[Copy], rivals: set[int]) -> None:
        """Note which copies are not as the dataset is going to be."""
        taken = verdict.copy
        key = verdict.label_id or str(verdict.label_field)
        place = verdict.ref.key
        silent = set(self._tasks[place]) - {each.task_id for each in copies}
        if taken.what in (*EDITS, "kept"):
            for task_id in silent:
                self._note_one(task_id, place, key, {"annotations": [], "index": None})
        for each in copies:
            if each.is_old or each.annotations is None:
                continue
            untouched = each.what == "kept" and taken.what in (*EDITS, "deleted")
            if untouched or id(each) in rivals:
                found = [_what_it_says(one, each.sent) for one in each.annotations]
                record = {"annotations": found, "index": each.index}
                self._note_one(each.task_id, place, key, record)
            else:
                places = self._left_out.get(each.task_id, {})
                places.get(place, {}).pop(key, None)

    def _note_one(self, task_id: int, place: str, key: str, record: Json) -> None:
        by_place = self._left_out.setdefault(task_id, {})
        by_place.setdefault(place, {})[key] = record


def _taken(copies: Sequence[Copy]) -> Copy | None:
    """Return the copy that a label is, or None if it says nothing any more."""
    new = [each for each in copies if not each.is_old]
    for what in (EDITS, ("deleted",), ("kept",)):
        for each in new:
            if each.what in what:
                return each
    if new:
        return new[0]
    # all are as they were left out: the label is what the dataset has
    first = copies[0]
    if first.before is None:
        return None
    return Copy(first.task_id, "kept", first.kind, first.before, first.before)


def _is_edit(copy: Copy) -> bool:
    return not copy.is_old and copy.what in (*EDITS, "deleted")


def _agree(
    label_field: str | None,
    first: Copy,
    second: Copy,
    same: Callable[[str | None, Copy, Copy], bool],
) -> bool:
    if "deleted" in (first.what, second.what):
        return first.what == second.what
    return same(label_field, first, second)


def _what_it_says(annotation: Json, sent: Sequence[Json]) -> Json:
    """Return what counts of an annotation when it is compared."""
    names = [*_SAYING, *({"occluded", "group"} & set(sent[0] if sent else ()))]
    return {name: annotation[name] for name in names if name in annotation}
