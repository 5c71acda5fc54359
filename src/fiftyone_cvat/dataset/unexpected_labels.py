"""Labels of a type that their field does not hold, and what FiftyOne made of them.

FiftyOne asks its user (``unexpected``) and puts them into another field, or into none.
What became of them is known when its merge is over.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fiftyone_cvat.convert.from_cvat.comparison import same_label
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.dataset.absent_attributes import labels_in_document, place_of
from fiftyone_cvat.dataset.batches import in_batches
from fiftyone_cvat.dataset.moved_labels import delete_labels
from fiftyone_cvat.dataset.stored_labels import StoredLabel
from fiftyone_cvat.dataset.views import field_in_dataset
from fiftyone_cvat.runs.stored_runs import NO_FIELDS, ids_in
from fiftyone_cvat.types import Json

__all__ = [
    "DELETED_HERE",
    "LoadedLabel",
    "UnexpectedLabel",
    "UnexpectedLabels",
    "settle_unexpected",
]

DELETED_HERE = "label that was deleted in the dataset"


@dataclass(frozen=True, slots=True)
class UnexpectedLabel:
    """A label that came back in a field which does not hold its type.

    Attributes:
        label_field: that field, or None of a run without fields
        task_id: the task
        ref: the frame
        kind: the kind of label, as FiftyOne names it
        label: the label; FiftyOne may give it another id
        what: what it is if it is loaded: ``kept``, ``changed`` or ``added``
        was_loaded: whether an earlier load has put it into another field
    """

    label_field: Any
    task_id: int
    ref: FrameRef
    kind: str
    label: Any
    what: str
    was_loaded: bool

    @property
    def reason(self) -> str:
        """Why it is not loaded, if it is not."""
        if self.label_field is None:
            return f"label for which the run has no field ({self.kind})"
        return f"label of a type that '{self.label_field}' does not hold ({self.kind})"


@dataclass(frozen=True, slots=True)
class LoadedLabel:
    """A label that an earlier load has put into another field.

    Attributes:
        label_field: that field
        task_id: the task
        ref: the frame
        kind: the kind of label, as FiftyOne names it
        stored: the label as the database holds it
    """

    label_field: str
    task_id: int
    ref: FrameRef
    kind: str
    stored: StoredLabel


@dataclass(slots=True)
class UnexpectedLabels:
    """Labels of one load that are not decided on, and those of earlier loads.

    Attributes:
        labels: the labels
        loaded: labels of earlier loads by id
        strays: ids of labels of earlier loads that only a field holds in which they
            are not loaded again, to that field
        staying: ids of labels that did not come back and are not deleted
    """

    labels: list[UnexpectedLabel] = field(default_factory=list)
    loaded: dict[str, LoadedLabel] = field(default_factory=dict)
    strays: dict[str, str] = field(default_factory=dict)
    staying: set[str] = field(default_factory=set)

    @property
    def is_pending(self) -> bool:
        """Whether the counts of the load are known only after the merge."""
        return bool(self.labels or self.loaded)

    def undecided(self) -> dict[str, int]:
        """Return how many labels would be left out for which reason."""
        return dict(Counter(each.reason for each in self.labels))

    def ids_of_loaded(self) -> set[str]:
        """Return the ids of labels that earlier loads have put into other fields."""
        return {str(each.label.id) for each in self.labels if each.was_loaded}

    def not_back(self) -> dict[str, LoadedLabel]:
        """Return the labels of earlier loads that did not come back, by id."""
        back = {str(each.label.id) for each in self.labels}
        return {key: each for key, each in self.loaded.items() if key not in back}


def settle_unexpected(results: Any, doubled: Collection[str] = ()) -> None:
    """Count unexpected labels as what FiftyOne's merge made of them.

    Args:
        results: the run's results, whose reconciliation is changed in place
        doubled: the ids of labels that the merge put into a second field
    """
    pending: UnexpectedLabels | None = results.unexpected
    results.unexpected = None
    if pending is None or not pending.is_pending:
        return
    counts = results.reconciliation
    counts.undecided.clear()
    # a run without fields counts all labels under none
    has_fields = None not in results.config.label_schema
    refs = {each.ref for each in pending.labels}
    refs |= {each.ref for each in pending.loaded.values()}
    changed = [each for each in pending.labels if each.what == "changed"]
    found: dict[str, str] = {}
    stored: dict[str, StoredLabel] = {}
    for label_field in _other_fields(results):
        ids = _ids_at(results, label_field, refs)
        found |= dict.fromkeys(ids, label_field)
        # only of those that changed it takes more than the id to tell what they are
        mine = {each.ref for each in changed if str(each.label.id) in ids}
        stored |= {each.id: each for each in _labels_at(results, label_field, mine)}
    merged_kinds, places = set(), {*results.other_fields}
    for each in pending.labels:
        label_id = str(each.label.id)
        place = found.get(label_id)
        if place is None and label_id in pending.strays:
            stray = pending.strays[label_id]
            counts.add(stray if has_fields else None, each.task_id, "kept")
            counts.add_reason(f"label that was moved to '{stray}': it stays there")
        elif place is None or not _is_merged(each, stored.get(label_id)):
            is_gone = place is None and each.was_loaded
            counts.add(each.label_field, each.task_id, "unmatched")
            counts.add_reason(DELETED_HERE if is_gone else each.reason)
        else:
            counts.add(place if has_fields else None, each.task_id, each.what)
            places.add(place)
            if each.what == "added" or label_id in doubled:
                merged_kinds.add(each.kind)
    results.other_fields = sorted(places)
    _settle_not_back(results, pending, found, merged_kinds)


def _settle_not_back(
    results: Any,
    pending: UnexpectedLabels,
    found: Mapping[str, str],
    merged_kinds: Collection[str],
) -> None:
    """Delete what did not come back of earlier loads, and count it.

    FiftyOne deletes it from the field that it merges a type into, and only if the
    result has labels of the type. A type that ``unexpected`` did not load stays.
    """
    counts = results.reconciliation
    has_fields = None not in results.config.label_schema
    kinds = {each.kind for each in pending.labels}
    gone: dict[str, list[str]] = defaultdict(list)
    for label_id, loaded in pending.not_back().items():
        is_unwanted = loaded.kind in kinds and loaded.kind not in merged_kinds
        what = "deleted"
        if label_id in found and (label_id in pending.staying or is_unwanted):
            what = "kept"
            if label_id not in pending.staying:
                counts.add_reason(
                    f"label that is gone in CVAT and stays in '{loaded.label_field}': "
                    "`unexpected` did not load its type"
                )
        elif label_id in found:
            gone[found[label_id]].append(label_id)
        counts.add(loaded.label_field if has_fields else None, loaded.task_id, what)
    dataset = results.samples._root_dataset
    for label_field, label_ids in gone.items():
        delete_labels(dataset, field_in_dataset(results, label_field), label_ids)


def _is_merged(label: UnexpectedLabel, stored: StoredLabel | None) -> bool:
    """Return whether a label is in the dataset as it came back."""
    if label.what != "changed" or stored is None:
        return True
    names = [name for name, _ in label.label.iter_attributes()]
    return same_label(label.label, stored.build(), names)


def _other_fields(results: Any) -> Iterator[str]:
    """Yield the fields of labels that are not the run's, but have labels of it."""
    own = {*results.config.label_schema, *NO_FIELDS}
    for label_field, ids in results.id_map.items():
        if label_field not in own and any(each is not True for each in ids_in(ids)):
            yield label_field


def _ids_at(results: Any, label_field: str, refs: Iterable[FrameRef]) -> set[str]:
    """Return the ids of the labels that a field holds on some frames."""
    return {str(each["_id"]) for each in _values_at(results, label_field, refs, "._id")}


def _labels_at(
    results: Any, label_field: str, refs: Iterable[FrameRef]
) -> Iterator[StoredLabel]:
    """Yield the labels that a field holds on some frames."""
    return map(StoredLabel, _values_at(results, label_field, refs))


def _values_at(
    results: Any, label_field: str, refs: Iterable[FrameRef], part: str = ""
) -> Iterator[Json]:
    """Yield what the database holds of the labels of a field on some frames.

    Args:
        results: the run's results
        label_field: the field
        refs: the frames
        part: the path in a label of what is read of it, all by default
    """
    dataset = results.samples._root_dataset
    label_field = field_in_dataset(results, label_field)
    if label_field not in dataset._get_label_fields():
        return
    collection, path, _ = place_of(dataset, label_field)
    for batch in in_batches({ref.key for ref in refs}):
        for document in collection.find({"_id": {"$in": batch}}, {path + part: 1}):
            yield from labels_in_document(document, path)
