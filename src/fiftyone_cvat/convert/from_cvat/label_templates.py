"""FiftyOne labels made of plain values in a tenth of the time.

FiftyOne constructs a box in 45 microseconds, one with two attributes in 80 and a
polygon of 30 points in 200: each of its labels is a document of mongoengine, which sets
every field through several layers. Of the thousands of labels of a load only the values
differ. So FiftyOne constructs the first of a kind, and the others are copies of it with
values of their own, in 5, 6 and 10 microseconds.

What a label is made of besides its values is nowhere written down here: it is read off
the one that FiftyOne constructed, and a copy of that must be the same in every part.
Where it is not, as another release of FiftyOne may have it, FiftyOne constructs them
all.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from itertools import chain
from types import MemberDescriptorType, NoneType
from typing import Any

import fiftyone.core.labels as fol
import numpy as np

from fiftyone_cvat.types import Json

__all__ = ["build_label"]

MAX_KINDS = 1000
"""Kinds of label, by names and types of their values, that are kept to copy."""

_PLAIN = (str, int, float, bool, NoneType, np.ndarray, list)


def build_label(label_type: type[fol.Label], fields: Json, attributes: Json) -> Any:
    """Return a label that FiftyOne constructs of some fields and sets attributes of.

    Args:
        label_type: FiftyOne's class
        fields: the values of fields by name, ``id`` among them; the label keeps lists
            as its own
        attributes: the values of attributes by name
    """
    values = {**fields, **attributes}
    kind = (label_type, len(fields), *values, *map(type, values.values()))
    if kind not in _models:
        label = _constructed(label_type, fields, attributes)
        if len(_models) < MAX_KINDS:
            _models[kind] = _model(label, fields, attributes)
        return label
    model = _models[kind]
    if model is None or not model.takes(values):
        return _constructed(label_type, fields, attributes)
    return model.copied(values)


def _constructed(label_type: type[fol.Label], fields: Json, attributes: Json) -> Any:
    label = label_type(**fields)
    for name, value in attributes.items():
        label[name] = value
    return label


class _Model:
    """A label of which others of its kind are copies with other values.

    Args:
        label: what FiftyOne constructed
        fields: of which values of fields
        attributes: and which values of attributes
    """

    def __init__(self, label: Any, fields: Json, attributes: Json) -> None:
        parts = _parts(label)
        self._type: Any = type(label)
        self._data = {**parts.pop("_data")}
        self._own = vars(label).copy()
        self._dynamic = [name for name in attributes if name in self._own]
        self._lists = [
            (name, str if name == "tags" else float, _levels(self._type, name))
            for name, value in fields.items()
            if type(value) is list
        ]
        given = fields.keys() | attributes.keys()
        self._empty = [
            (name, type(value))
            for name, value in self._data.items()
            if name not in given and isinstance(value, (list, dict))
        ]
        self._containers: list[tuple[str, Any]] = []
        self._fixed: list[tuple[str, Any]] = []
        for part in parts.items():
            is_container = isinstance(part[1], (list, dict))
            (self._containers if is_container else self._fixed).append(part)

    def takes(self, values: Json) -> bool:
        """Return whether FiftyOne would keep lists among some values as they are."""
        return all(
            _holds_only(values[name], element, levels)
            for name, element, levels in self._lists
        )

    def forget(self, names: Iterable[str]) -> None:
        """Forget the values of the label that this was made of."""
        self._data |= dict.fromkeys(names)
        self._own |= dict.fromkeys(self._dynamic)

    def copied(self, values: Json) -> Any:
        """Return a copy with other values of the same names and types."""
        label = self._type.__new__(self._type)
        for name, value in self._fixed:
            _put(label, name, value)
        for name, value in self._containers:
            _put(label, name, value.copy())
        data = {**self._data, **values}
        for name, container in self._empty:
            data[name] = container()
        _put(label, "_data", data)
        own = vars(label)
        own.update(self._own)
        for name in self._dynamic:
            own[name] = values[name]
        return label


_models: dict[tuple[Any, ...], _Model | None] = {}

# a document's own way to set its parts is what takes the time
_put = object.__setattr__


def _model(label: Any, fields: Json, attributes: Json) -> _Model | None:
    """Return a label's model; None if a copy of it is not the same as the label."""
    values = {**fields, **attributes}
    if any(type(each) not in _PLAIN for each in values.values()):
        return None
    if any(type(each) is list for each in attributes.values()):
        # FiftyOne wraps these
        return None
    model = _Model(label, fields, attributes)
    if not model.takes(values):
        return None
    copy = model.copied(values)
    is_same = _are_same([_parts(copy), vars(copy)], [_parts(label), vars(label)])
    model.forget(values)
    return model if is_same else None


def _parts(label: Any) -> dict[str, Any]:
    """Return what a label keeps in slots, by name."""
    label_type = type(label)
    return {
        name: getattr(label, name)
        for name in dir(label_type)
        if isinstance(inspect.getattr_static(label_type, name), MemberDescriptorType)
        and hasattr(label, name)
    }


def _levels(label_type: type[fol.Label], name: str) -> int:
    """Return how many lists lie in each other in a field that is a list."""
    if name != "points":
        return 1
    return 3 if label_type is fol.Polyline else 2


def _holds_only(values: list[Any], element: type, levels: int) -> bool:
    """Return whether a list holds nothing but values of one type, or pairs of them.

    Args:
        values: the list
        element: the type of the values
        levels: how many lists lie in each other; from 2 on the innermost are pairs
    """
    if levels == 1 or not values:
        return set(map(type, values)) <= {element}
    if set(map(type, values)) != {list}:
        return False
    is_of_pairs = levels > 2 or set(map(len, values)) == {2}  # noqa: PLR2004
    inner = [*chain.from_iterable(values)]
    return is_of_pairs and _holds_only(inner, element, levels - 1)


def _are_same(first: Any, second: Any) -> bool:
    """Return whether two values, or all that two containers hold, are the same."""
    if type(first) is not type(second):
        return False
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(
            _are_same(first[key], second[key]) for key in first
        )
    if isinstance(first, list):
        return len(first) == len(second) and all(map(_are_same, first, second))
    # NaN does not equal itself, and arrays are compared by pixels
    return first is second or (not isinstance(first, np.ndarray) and first == second)
