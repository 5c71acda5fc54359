"""Labels as the database holds them, frame by frame, without FiftyOne's documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from types import NoneType
from typing import Any

import fiftyone.core.labels as fol
import fiftyone.core.utils as fou
import fiftyone.utils.annotations as foua
from numpy.typing import NDArray

from fiftyone_cvat.convert.from_cvat.label_templates import build_label
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.types import Json, LabelSchema

__all__ = [
    "LIST_BY_TYPE",
    "StoredLabel",
    "check_field_types",
    "labels_by_frame",
    "labels_by_ref",
    "labels_in",
    "wrapped",
]

LIST_BY_TYPE = {
    "classifications": "classifications",
    "detections": "detections",
    "instances": "detections",
    "polylines": "polylines",
    "polygons": "polylines",
    "keypoints": "keypoints",
}
"""The types of field that hold any number of labels, to what holds them."""

_SIMPLE = (str, int, float, bool, NoneType)


def _part(name: str) -> Any:
    """Return a part of the document as an attribute that is quick to read.

    It takes 0.1 us, and what :meth:`StoredLabel.__getattr__` gives takes 0.5.
    """
    return property(lambda label: label._values.get(name))


class StoredLabel:
    """A label as the database holds it, with what conversion asks of FiftyOne's.

    To build FiftyOne's own takes about forty times as long as to read its parts (200
    against 5 microseconds), and conversion reads each part only once.

    Args:
        values: the label's document

    Attributes:
        id: the label's id
    """

    __slots__ = ("_array", "_values", "get_attribute_value", "id")

    def __init__(self, values: Json) -> None:
        self._values = values
        self.id = str(values["_id"])
        self._array: NDArray[Any] | None = None
        # twice as quick as a method of our own; few labels have old-style attributes
        self.get_attribute_value: Callable[..., Any] = values.get
        if values.get("attributes"):
            self.get_attribute_value = self._new_or_old_attribute

    label = _part("label")
    index = _part("index")
    bounding_box = _part("bounding_box")
    points = _part("points")
    closed = _part("closed")
    filled = _part("filled")

    def __getattr__(self, name: str) -> Any:
        return self._values.get(name)

    @property
    def has_mask(self) -> bool:
        """Whether the label has a mask, in the database or in a file."""
        return self.mask is not None or self.mask_path is not None

    def get_mask(self) -> NDArray[Any] | None:
        """Return the label's mask, read from its file if it has one."""
        if self.mask is None:
            from_file: NDArray[Any] | None = self.build().get_mask()
            return from_file
        if self._array is None:
            # 1280 x 960 pixels take 2 ms, and more than one asks for them
            self._array = fou.deserialize_numpy_array(self.mask)
        return self._array

    def has_attribute(self, name: str) -> bool:
        """Tell whether the label has an attribute, as FiftyOne's own does.

        It takes 0.2 us, and to ask FiftyOne's own 4.
        """
        values = self._values
        held = name in values or name in (values.get("attributes") or ())
        return held or _is_member(values["_cls"], name)

    def with_value(self, name: str, value: Any) -> StoredLabel:
        """Return a copy of the label that has another value."""
        return StoredLabel({**self._values, name: value})

    def build(self) -> Any:
        """Return FiftyOne's own label, as a read of its documents gives it."""
        label_type = getattr(fol, self._values["_cls"])
        fields: Json = {"id": self.id}
        attributes: Json = {}
        for name, value in self._values.items():
            if name in ("_id", "_cls") or (name == "attributes" and not value):
                continue
            is_field = name in label_type._fields
            if type(value) in _SIMPLE or (is_field and type(value) is list):
                (fields if is_field else attributes)[name] = value
            elif is_field and name == "mask":
                fields[name] = self.get_mask()
            else:
                # what the database holds in a form of its own
                return label_type.from_dict(self._values)
        return build_label(label_type, fields, attributes)

    def iter_attributes(self) -> Iterator[tuple[str, Any]]:
        """Yield name and value of what is no field of all such labels."""
        fields = getattr(fol, self._values["_cls"])._db_field_map.values()
        for name in {*self._values, *(self.attributes or ())}.difference(fields):
            yield name, self.get_attribute_value(name)

    def _new_or_old_attribute(self, name: str, default: Any = None) -> Any:
        if name in self._values:
            return self._values[name]
        old = self._values["attributes"].get(name)
        return default if old is None else old.get("value")


@lru_cache(maxsize=1000)
def _is_member(class_name: str, name: str) -> bool:
    """Tell whether all labels of a class have an attribute."""
    return hasattr(getattr(fol, class_name), name)


def labels_by_frame(
    samples: Any, label_field: str, frames: Mapping[int, FrameRef], **kwargs: Any
) -> Iterator[tuple[int, FrameRef, Any]]:
    """Yield what a field holds on the frames of a task.

    Args:
        samples: a collection with the task's samples
        label_field: the field; of the frames of a video, with ``frames.`` before it
        frames: the position in the task to what the frame is
        **kwargs: see :func:`labels_by_ref`

    Yields:
        the position in the task, what the frame is, and the field's value
    """
    position_by_ref = {ref: position for position, ref in frames.items()}
    for ref, value in labels_by_ref(samples, label_field, **kwargs).items():
        position = position_by_ref.get(ref)
        if value is not None and position is not None:
            yield position, ref, value


def labels_by_ref(samples: Any, label_field: str, **kwargs: Any) -> dict[FrameRef, Any]:
    """Return what a field holds, by frame.

    One read of the database gets all of it.

    Args:
        samples: a collection
        label_field: the field; of the frames of a video, with ``frames.`` before it
        **kwargs: how FiftyOne reads the values: ``_raw=True`` leaves them as they are
            in the database
    """
    if samples._is_frame_field(label_field):
        columns = samples.values(["id", "frames.id", label_field], **kwargs)
        return {
            FrameRef(str(sample_id), str(frame_id)): value
            for sample_id, frame_ids, column in zip(*columns, strict=True)
            for frame_id, value in zip(frame_ids, column, strict=True)
        }
    columns = samples.values(["id", label_field], **kwargs)
    return {
        FrameRef(str(sample_id), None): value
        for sample_id, value in zip(*columns, strict=True)
    }


def wrapped(value: Any, label_type: str) -> Any:
    """Wrap what a field holds in the database: labels, a label, or a scalar.

    Where a view shows none of a field's labels, there is a document without any.
    """
    if label_type == "scalar":
        return value
    name = LIST_BY_TYPE.get(label_type)
    if name is not None:
        return {name: [StoredLabel(each) for each in value.get(name) or []]}
    return StoredLabel(value) if "_id" in value else None


def labels_in(value: Any, label_type: str) -> Iterable[Any]:
    """Return the labels that a field's value is or lists."""
    name = LIST_BY_TYPE.get(label_type)
    return [value] if name is None else (value[name] or [])


def check_field_types(samples: Any, label_schema: LabelSchema) -> None:
    """Refuse fields that are of another type than when their labels went up.

    Args:
        samples: the collection that the run's labels are in
        label_schema: the run's label schema

    Raises:
        ConfigurationError: if a field is
    """
    for label_field, info in label_schema.items():
        label_type = info.get("type")
        expected = foua._LABEL_TYPES_MAP.get(label_type)
        if expected is None or not samples.has_field(label_field):
            continue
        field = samples.get_field(label_field)
        held = getattr(field, "document_type", type(field))
        if not issubclass(held, expected):
            raise ConfigurationError(
                f"Field '{label_field}' is of type {held.__name__} now, and the run's "
                f"labels are {label_type}: rename the field; nothing has changed here"
            )
