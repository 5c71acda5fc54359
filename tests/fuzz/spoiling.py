"""What hypothesis does to an answer of a server, and which labels that may change."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from fiftyone_cvat.convert.from_cvat.annotation_faults import (
    annotation_fault,
    label_id_texts,
    reference_fault,
)
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from tests.fuzz.runs import KINDS, SpoiledRun

TYPES = ["rectangle", "polygon", "polyline", "points", "ellipse", "cuboid", "mask"]
TYPES += ["skeleton", "star", "tag", "", "text", "select", "any"]
JUNK = [
    *(None, True, False, 0, 1, -1, 7, 10**9, 2**63, 2**64 - 1, 10**400, -(2**31)),
    *(0.5, -0.0, 1e308, -1e308, float("nan"), float("inf"), "", "x", "7", "\0", "ä"),
    *("x" * 5000, "1" * 5000, "000000000000000000000001." + "9" * 5000, [], {}),
    *([None], [[]], [{}], {"id": 1}, [0.0] * 3, [1] * 50_000, [float("nan")] * 4),
    *([1e308] * 4, [0, 10**18, 0, 0, 10**9 - 1, 10**9 - 1], ["1", "2", "3", "4"]),
    *([5.0, 5.0, 1.0, 1.0], [float("inf")] * 6, "<circle " * 50_000, "step=0"),
]
VALUES = {"junk": JUNK, "type": TYPES}


def _delete(parent: Any, key: Any, value: Any) -> None:
    del parent[key]


def _as_text(parent: Any, key: Any, value: Any) -> None:
    parent[key] = str(value)


def _negate(parent: Any, key: Any, value: Any) -> None:
    if isinstance(value, (int, float)):
        parent[key] = -value - 1


def _enlarge(parent: Any, key: Any, value: Any) -> None:
    if isinstance(value, (int, float)):
        parent[key] = value * 10**7


def _repeat(parent: Any, key: Any, value: Any) -> None:
    if isinstance(parent, list):
        parent.insert(0, deepcopy(value))
        parent.append(deepcopy(value))


def _prolong(parent: Any, key: Any, value: Any) -> None:
    if isinstance(value, list):
        value.append(deepcopy(value[-1]) if value else None)


def _reverse(parent: Any, key: Any, value: Any) -> None:
    if isinstance(value, list):
        value.reverse()


def _clear(parent: Any, key: Any, value: Any) -> None:
    if isinstance(value, (list, dict)):
        value.clear()


EDITS = {
    each.__name__.strip("_"): each
    for each in (
        *(_delete, _as_text, _negate, _enlarge),
        *(_repeat, _prolong, _reverse, _clear),
    )
}
OPERATIONS = ("junk", "junk", "junk", "type", "copy", *EDITS)


class Spoiled:
    """An answer that was true; what was done to it where is printed."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.edits: list[str] = []

    def __repr__(self) -> str:
        return f"Spoiled({self.edits})"


@st.composite
def spoiled(draw: Any, truth: Any) -> Spoiled:
    """Return a copy of some JSON, changed at one to three places."""
    made = Spoiled(deepcopy(truth))
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        _spoil(draw, made)
    return made


def _spoil(draw: Any, made: Spoiled) -> None:
    answer = made.answer
    parent, key, path = _place(draw, answer)
    if parent is None:
        return
    operation = draw(st.sampled_from(OPERATIONS))
    if operation == "copy":
        other, name, source = _place(draw, answer)
        if isinstance(other, dict) and key in other:
            name = key
        parent[key] = deepcopy(other[name])
        operation = f"copy near {source} at"
    elif operation in VALUES:
        parent[key] = deepcopy(draw(st.sampled_from(VALUES[operation])))
        operation = f"{repr(parent[key])[:60]} at"
    else:
        EDITS[operation](parent, key, parent[key])
    made.edits.append(f"{operation} {path}")


def _place(draw: Any, answer: Any) -> tuple[Any, Any, list[Any]]:
    """Choose a place: a container, a key or position in it, and the path to that."""
    parent, key, node = None, None, answer
    path = []
    while isinstance(node, (dict, list)) and node:
        if isinstance(node, dict):
            chosen: Any = draw(st.sampled_from(sorted(node)))
        else:
            chosen = draw(st.integers(0, len(node) - 1))
        parent, key, node = node, chosen, node[chosen]
        path.append(chosen)
        if draw(st.integers(0, 3)) == 0:
            break
    return parent, key, path


def may_change(run: SpoiledRun, annotations: Any) -> set[Any]:
    """Return the labels that may come back other than they went up.

    They are those of annotations that are not there any more as they were, unless what
    is there instead says whose it is but cannot be read, and those that a readable
    annotation claims that was not there before.
    """
    labels = run.answers["labels"]["results"]
    spec_ids = {
        each["id"]: {spec["id"]: spec["name"] for spec in each["attributes"]}
        for each in labels
    }
    identities = {
        number
        for names in spec_ids.values()
        for number, name in names.items()
        if name == "label_id"
    }
    free: set[Any] = set()
    frames: set[Any] = set()
    for kind in KINDS:
        before, after = run.answers["annotations"][kind], annotations[kind]
        for old in before:
            if old in after:
                continue
            now = [each for each in after if _id(each) == old["id"]]
            texts = label_id_texts(old, identities)
            stays = (
                len(now) == 1
                and texts
                and texts <= label_id_texts(now[0], identities)
                and _fault(now[0], kind, spec_ids)
            )
            if not stays:
                free |= texts
                frames |= _frames(old)
        for new in after:
            if new not in before and not _fault(new, kind, spec_ids):
                free |= label_id_texts(new, identities)
                frames |= _frames(new)
    free = {split_label_id(text)[0] for text in free}
    tracks = {run.track_of[key] for key in free if key in run.track_of}
    return free | {
        key
        for key, frame in run.frame_of.items()
        if run.track_of.get(key) in tracks
        # scalars and segmentations are one for each frame
        or (frame in frames and (isinstance(key, tuple) or key in run.segmentations))
    }


def _id(annotation: Any) -> Any:
    return annotation.get("id") if isinstance(annotation, dict) else None


def _fault(annotation: Any, kind: str, spec_ids: Any) -> str | None:
    fault = annotation_fault(annotation, kind)
    return fault or reference_fault(annotation, spec_ids)


def _frames(annotation: Any) -> set[Any]:
    return {annotation["frame"]}
