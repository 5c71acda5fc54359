"""What came back the same as it went up: annotations, labels and scalars.

Annotations are compared as CVAT has them: what the server rounds, fills in or takes off
is no difference. Labels are compared as FiftyOne has them, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import fiftyone.core.labels as fol
import numpy as np

from fiftyone_cvat.convert.shared.attributes import value_to_text
from fiftyone_cvat.types import Json

__all__ = [
    "GEOMETRY_BY_TYPE",
    "same_annotation",
    "same_geometry",
    "same_label",
    "same_scalar",
    "same_value",
]

TOLERANCE = 0.005 + 1e-9
"""Pixels, and degrees: nearer than this is the same place.

CVAT's exports have two digits, and what is imported of one is off by half of the last.
The rest is for numbers that are not exact in binary.
"""

TOLERANCE_IN_SPACE = 1e-3
"""Metres, and radians: 0.005 radians are a third of a degree."""

GEOMETRY_BY_TYPE: dict[type, tuple[str, ...]] = {
    fol.Detection: (
        "bounding_box",
        "mask",
        "mask_path",
        "rotation",
        "location",
        "dimensions",
    ),
    fol.Polyline: ("points", "closed", "filled"),
    fol.Keypoint: ("points",),
}
"""The parts of a label that say where it lies, by its type."""


def same_geometry(sent: Json, got: Json) -> bool:
    """Tell whether two annotations lie in the same place, as near as exports tell it.

    Args:
        sent: an annotation as it goes up
        got: an annotation as the server sent it
    """
    if sent.get("type") != got.get("type"):
        return False
    if _is_same_to_the_bit(sent, got):
        return True
    first, second = _points(sent), _points(got)
    if len(first) != len(second):
        return False
    # only those of point clouds go up
    in_space = sent.get("type") == "cuboid"
    tolerance = TOLERANCE_IN_SPACE if in_space else TOLERANCE
    turn = abs((sent.get("rotation") or 0.0) - (got.get("rotation") or 0.0)) % 360.0
    if min(turn, 360.0 - turn) > tolerance:
        return False
    if not all(abs(a - b) <= tolerance for a, b in zip(first, second, strict=True)):
        return False
    return _same_elements(sent.get("elements") or [], got.get("elements") or [])


def _is_same_to_the_bit(sent: Json, got: Json) -> bool:
    """Tell in 0.4 us instead of 8 what nearly all annotations without nodes are."""
    return bool(
        sent.get("points") == got.get("points")
        and not (sent.get("rotation") or got.get("rotation"))
        and not (sent.get("elements") or got.get("elements"))
    )


def _points(annotation: Json) -> list[float]:
    """Return an annotation's points; of a rectangle the corner near (0, 0) first.

    The server keeps its corners in the order in which they were sent.
    """
    points: list[float] = annotation.get("points") or []
    if annotation.get("type") != "rectangle":
        return points
    xs, ys = sorted(points[::2]), sorted(points[1::2])
    return [xs[0], ys[0], xs[1], ys[1]]


def _same_elements(sent: Sequence[Json], got: Sequence[Json]) -> bool:
    """Tell whether the nodes of two skeletons lie in the same places.

    Where an outside node lies says nothing.
    """
    after = {each["label_id"]: each for each in got}
    if after.keys() != {each["label_id"] for each in sent}:
        return False
    for before in sent:
        other = after[before["label_id"]]
        if bool(before.get("outside")) != bool(other.get("outside")):
            return False
        if not before.get("outside") and not same_geometry(before, other):
            return False
    return True


def same_annotation(
    sent: Sequence[Json],
    got: Sequence[Json],
    defaults: Mapping[int, str],
    label_id_specs: Mapping[int, int],
) -> bool:
    """Tell whether a label came back as it went up.

    Args:
        sent: the annotations of the label's parts as they go up, with the server's
            ids, and without ``occluded`` or ``group`` if the dataset has no place for
            them
        got: the annotations of its parts as the server sent them
        defaults: attribute id to the text that the server fills in for none
        label_id_specs: the server's id of a label to that of its attribute
            ``label_id``, which says nothing of the label
    """
    if len(sent) != len(got):
        return False
    compared = {"occluded", "group"}
    return all(
        same_geometry(before, after)
        and before["label_id"] == after["label_id"]
        and all(before[each] == after.get(each) for each in compared & before.keys())
        and _same_texts(before, after, defaults, label_id_specs)
        for before, after in zip(sent, got, strict=True)
    )


def _same_texts(
    sent: Json,
    got: Json,
    defaults: Mapping[int, str],
    label_id_specs: Mapping[int, int],
) -> bool:
    """Tell whether the attributes of two annotations say the same.

    Where the annotation has lost its ``label_id``, an editor has cleared all of its
    attributes: what is at its default then was not chosen.
    """
    if sent["attributes"] == got.get("attributes"):
        return True  # of most labels, and told 40 times as quickly
    spec_id = label_id_specs.get(got["label_id"])
    before, after = (_texts(each, defaults, spec_id) for each in (sent, got))
    identity = (
        each["value"]
        for each in got.get("attributes") or []
        if each["spec_id"] == spec_id
    )
    if spec_id is not None and not any(identity):
        return before.items() >= after.items()
    return before == after


def _texts(
    annotation: Json, defaults: Mapping[int, str], label_id_spec: int | None
) -> dict[int, str]:
    """Return an annotation's attributes by id, without those left at their default."""
    return {
        # CVAT takes white space off the ends of texts
        each["spec_id"]: each["value"].strip()
        for each in annotation.get("attributes") or []
        if each["spec_id"] != label_id_spec
        and defaults.get(each["spec_id"], "").strip() != each["value"].strip()
    }


def same_scalar(value: Any, before: Any) -> bool:
    """Tell whether a scalar is the dataset's, as it went up or as it was read.

    Args:
        value: the scalar that came back
        before: the scalar in the dataset, or None
    """
    if before is None:
        return False
    # CVAT takes white space off the ends of texts
    text = value_to_text(value).strip()
    return value_to_text(before).strip() == text or (
        type(value) is type(before) and bool(value == before)
    )


def same_label(first: Any, second: Any, attributes: Iterable[str]) -> bool:
    """Tell whether two labels say the same.

    A mask in a file says nothing besides one in the label, which comes before it.

    Args:
        first: a label
        second: another of the same type
        attributes: the names of the attributes to compare
    """
    if type(first) is not type(second) or first.label != second.label:
        return False
    names = (*GEOMETRY_BY_TYPE.get(type(first), ()), *attributes)
    return all(
        same_value(
            first.get_attribute_value(name, None),
            second.get_attribute_value(name, None),
        )
        for name in names
        if name != "mask_path" or first.mask is None or second.mask is None
    )


def same_value(first: Any, second: Any) -> bool:
    """Tell whether two values of an attribute, which may be arrays, are the same."""
    # NaN equals NaN, a tuple a list, but True not 1
    return repr(_plain(first)) == repr(_plain(second))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return value.item() if isinstance(value, np.generic) else value
