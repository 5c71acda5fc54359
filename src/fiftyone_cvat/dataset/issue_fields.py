"""The fields that show the issues of a run: what is new, changed and gone in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import fiftyone as fo
import fiftyone.core.labels as fol

from fiftyone_cvat.convert.from_cvat.issues import ATTRIBUTES
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.dataset.owned_fields import check_claim, check_name, claim_field
from fiftyone_cvat.dataset.views import all_slices

__all__ = ["IssueCounts", "write_issue_fields"]

PURPOSE = "issues"

ID = "issue_id"
"""The attribute that tells an issue from the others of a server."""

KINDS = {
    fol.Polylines: ("polylines", ""),
    fol.Keypoints: ("keypoints", "_keypoints"),
}
"""Type of a field to where it has its labels, and what its name ends with."""


@dataclass(slots=True)
class IssueCounts:
    """How many issues were loaded.

    Attributes:
        added: those that were not in the dataset
        changed: those that were, and are otherwise now
        kept: those that were, and are as they were
        deleted: those that were, and are no more in CVAT
    """

    added: int = 0
    changed: int = 0
    kept: int = 0
    deleted: int = 0


def write_issue_fields(
    dataset: Any,
    field: str,
    anno_key: str,
    by_frame: Mapping[FrameRef, Sequence[fol.Label]],
    asked: Collection[FrameRef],
) -> IssueCounts:
    """Write the issues of a run: outlines to a field, points to another one.

    What else a label has, such as tags, stays. What is as it was is not written.

    Args:
        dataset: the dataset
        field: the name of the field of outlines; that of points is called
            ``<field>_keypoints``, and those of videos are fields of frames
        anno_key: the key of the run
        by_frame: frame to its issues as labels
        asked: the frames whose issues are known; those of others stay as they are

    Returns:
        what came of them

    Raises:
        ConfigurationError: if there is a field of a name that is not the run's, before
            anything is written
    """
    check_name(field)
    counts = IssueCounts()
    by_level = {
        level: {ref for ref in asked if bool(ref.frame_id) is level}
        for level in (False, True)
    }
    paths = [
        (f"{dataset._FRAMES_PREFIX if level else ''}{field}{end}", kind, refs)
        for level, refs in by_level.items()
        if refs
        for kind, (_, end) in KINDS.items()
    ]
    for path, _, _ in paths:
        check_claim(dataset, path, anno_key, PURPOSE)
    for path, kind, refs in paths:
        labels = _of_kind(kind, by_frame, refs)
        is_needed = kind is fol.Polylines or any(labels.values())
        if not is_needed and not dataset.has_field(path):
            continue
        claim_field(dataset, path, anno_key, PURPOSE, fo.EmbeddedDocumentField, kind)
        _write(dataset, path, kind, labels, counts)
    return counts


def _of_kind(
    kind: Any, by_frame: Mapping[FrameRef, Sequence[fol.Label]], refs: set[FrameRef]
) -> dict[str, list[fol.Label]]:
    """Return the id of each frame to its labels of one kind."""
    wanted = fol.Polyline if kind is fol.Polylines else fol.Keypoint
    return {
        ref.key: [each for each in by_frame.get(ref, ()) if isinstance(each, wanted)]
        for ref in refs
    }


def _write(
    dataset: Any,
    path: str,
    kind: Any,
    new: Mapping[str, Sequence[fol.Label]],
    counts: IssueCounts,
) -> None:
    """Write the labels of one field, where they are not those that it has."""
    name, _ = KINDS[kind]
    key_field = "frames.id" if path.startswith(dataset._FRAMES_PREFIX) else "id"
    samples = all_slices(dataset)
    before = dict(_stored(samples, path, key_field, name))
    values: dict[str, Any] = {}
    for key, labels in new.items():
        old = before.get(key, [])
        by_issue = {each[ID]: each for each in old if each.has_field(ID)}
        merged = [each for each in old if not each.has_field(ID)]
        for label in labels:
            known = by_issue.pop(label[ID], None)
            merged.append(label if known is None else _merged(known, label))
            if known is None:
                counts.added += 1
            elif _same(merged[-1], known):
                counts.kept += 1
            else:
                counts.changed += 1
        counts.deleted += len(by_issue)
        is_same = len(merged) == len(old) and all(map(_same, merged, old))
        if not is_same:
            values[key] = kind(**{name: merged}) if merged else None
    if values:
        samples.set_values(path, values, key_field=key_field, dynamic=True)


def _stored(
    samples: Any, path: str, key_field: str, name: str
) -> Iterator[tuple[str, list[fol.Label]]]:
    """Yield the id of each frame that has labels, and the labels."""
    ids, found = samples.values([key_field, f"{path}.{name}"])
    if key_field != "id":
        ids = [each for frames in ids for each in frames or ()]
        found = [each for frames in found for each in frames or ()]
    for key, labels in zip(ids, found, strict=True):
        if labels:
            yield key, labels


def _merged(known: fol.Label, new: fol.Label) -> fol.Label:
    """Return a label as it is now, with what else the one before it has."""
    own = {key: each for key, each in known.to_dict().items() if key not in ATTRIBUTES}
    now = {key: each for key, each in new.to_dict().items() if key in ATTRIBUTES}
    return type(new).from_dict(own | now)


def _same(first: fol.Label, second: fol.Label) -> bool:
    return bool(_plain(first.to_dict()) == _plain(second.to_dict()))


def _plain(value: Any) -> Any:
    """Return a value of a document in the one form in which all of them compare."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value
