"""How many labels were kept, changed, added, deleted or not matched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fiftyone_cvat.convert.shared.texts import shorten

__all__ = ["Reconciliation"]

COUNTS = ("kept", "changed", "added", "deleted", "unmatched")
WORDS = {"unmatched": "left out"}


@dataclass(slots=True)
class Reconciliation:
    """Counts of labels by field and task.

    ``kept`` labels came back as they went up, ``changed`` ones differ, ``added`` ones
    are new, ``deleted`` ones did not come back. ``unmatched`` annotations are not in
    the result, each for one of the ``reasons``; ``examples`` has the first text that
    was not taken for a reason. ``deleted_frames`` counts frames that were deleted in
    CVAT, ``not_asked`` frames of jobs that were not to be loaded; their labels stay as
    they are in the dataset. ``tasks_as_loaded`` counts tasks that were not read, since
    nothing of them has changed since the last load. ``jobs`` are the ids of those that
    were loaded, if some were chosen. ``nothing`` says why none was read, if so.
    ``undecided`` labels, by reason, are of a type that their field does not hold:
    FiftyOne's ``unexpected`` says what becomes of them, and then they are counted as
    that. ``holders`` has the fields that
    FiftyOne loads a field's labels into, if not into itself: the counts compare.
    """

    counts: dict[Any, dict[int, dict[str, int]]] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    deleted_frames: int = 0
    not_asked: int = 0
    tasks_as_loaded: int = 0
    jobs: list[int] = field(default_factory=list)
    undecided: dict[str, int] = field(default_factory=dict)
    holders: dict[Any, str] = field(default_factory=dict)
    nothing: str = ""

    def add(self, label_field: Any, task_id: int, what: str, number: int = 1) -> None:
        """Count labels.

        Args:
            label_field: the field
            task_id: the task
            what: ``kept``, ``changed``, ``added``, ``deleted`` or ``unmatched``
            number: how many
        """
        by_task = self.counts.setdefault(label_field, {})
        counts = by_task.setdefault(task_id, dict.fromkeys(COUNTS, 0))
        counts[what] += number

    def add_reason(self, reason: str, example: str | None = None) -> None:
        """Count an annotation that is not in the result as it is in CVAT.

        Args:
            reason: why it is not
            example: the text that was not taken, if it is one
        """
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        if example is not None:
            self.examples.setdefault(reason, shorten(example))

    def totals(self, label_field: Any) -> dict[str, int]:
        """Return a field's counts over all tasks."""
        by_task = self.counts.get(label_field, {})
        return {
            what: sum(counts[what] for counts in by_task.values()) for what in COUNTS
        }

    def lines(self) -> list[str]:
        """Return the counts as lines for people, a field each, then the reasons.

        It is one line if no task was read.
        """
        if self.nothing:
            return [self.nothing]
        lines = []
        names = {
            each: f"{self.holders[each]}, compared with {each}:"
            if each in self.holders
            else f"{each or 'labels'}:"
            for each in self.counts
        }
        width = max(map(len, names.values()), default=0)
        for label_field, name in names.items():
            words = ", ".join(
                f"{number:,} {WORDS.get(what, what)}"
                for what, number in self.totals(label_field).items()
                if number
            )
            lines.append(f"{name:<{width}} {words or 'no labels'}")
        for reason, number in self.reasons.items():
            example = self.examples.get(reason)
            such_as = "" if example is None else f", such as '{example}'"
            lines.append(f"{number} x {reason}{such_as}")
        lines.extend(
            f"{number} x {reason}: `unexpected` says what becomes of it"
            for reason, number in self.undecided.items()
        )
        if self.deleted_frames:
            lines.append(
                _counted(
                    self.deleted_frames,
                    "frame was deleted in CVAT: its labels stay as they are",
                    "frames were deleted in CVAT: their labels stay as they are",
                )
            )
        if self.not_asked:
            lines.append(
                _counted(
                    self.not_asked,
                    "frame is in a job that was not asked for: its labels stay as they "
                    "are",
                    "frames are in jobs that were not asked for: their labels stay as "
                    "they are",
                )
            )
        if self.tasks_as_loaded:
            lines.append(
                _counted(
                    self.tasks_as_loaded,
                    "task has not changed in CVAT since it was loaded",
                    "tasks have not changed in CVAT since they were loaded",
                )
            )
        return lines


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
