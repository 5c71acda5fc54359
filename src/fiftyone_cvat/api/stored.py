"""Labels as the database holds them, for conversion, without FiftyOne's documents."""

from __future__ import annotations

from typing import Any

import fiftyone.core.labels as fol
import fiftyone.core.utils as fou
from numpy.typing import NDArray

from fiftyone_cvat.types import Json

__all__ = ["StoredLabel"]


class StoredLabel:
    """A label as the database holds it, with what conversion asks of FiftyOne's.

    To build FiftyOne's own takes about forty times as long as to read its parts (200
    against 5 microseconds), and conversion reads each part only once.

    Args:
        values: the label's document
    """

    __slots__ = ("_values",)

    def __init__(self, values: Json) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        return self._values.get(name)

    @property
    def id(self) -> str:
        """The label's id."""
        return str(self._values["_id"])

    @property
    def has_mask(self) -> bool:
        """Whether the label has a mask, in the database or in a file."""
        return self.mask is not None or self.mask_path is not None

    def get_mask(self) -> NDArray[Any] | None:
        """Return the label's mask, read from its file if it has one."""
        if self.mask is not None:
            mask: NDArray[Any] = fou.deserialize_numpy_array(self.mask)
            return mask
        label = getattr(fol, self._values["_cls"]).from_dict(self._values)
        from_file: NDArray[Any] | None = label.get_mask()
        return from_file

    def get_attribute_value(self, name: str, default: Any = None) -> Any:
        """Return an attribute of the label, or of its dict of old-style attributes.

        Args:
            name: the attribute's name
            default: what to return if there is none
        """
        if name in self._values:
            return self._values[name]
        old = (self._values.get("attributes") or {}).get(name)
        return default if old is None else old.get("value")
