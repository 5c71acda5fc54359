"""Which classes and attributes the caller of ``annotate`` has given.

FiftyOne makes one label schema of what is given and what it finds on labels, and
hands a backend no more than that: nobody can tell whether classes were named or just
found. A backend's configuration is made by ``annotate`` itself, before it does so,
and there the arguments can be read. They are documented, and their names the same in
all versions. Whoever makes a configuration otherwise has given nothing.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

import fiftyone.utils.annotations as foua

__all__ = ["GivenSchema", "given_to_annotate"]


@dataclass(frozen=True, slots=True)
class GivenSchema:
    """The arguments of a call of ``annotate`` that say what is annotated.

    Attributes:
        label_schema: fields, maybe with their parts of a label schema, or None
        classes: classes of all fields that do not name their own
        attributes: attributes, likewise; True for those that labels have
    """

    label_schema: Any
    classes: Any
    attributes: Any

    def gives_classes(self, label_field: Any) -> bool:
        """Tell whether classes are given for a field."""
        return bool(self._of_field(label_field).get("classes", self.classes))

    def gives_attributes(self, label_field: Any) -> bool:
        """Tell whether attributes are given for a field, or that there are none."""
        return (
            self._of_field(label_field).get("attributes", self.attributes) is not True
        )

    def _of_field(self, label_field: Any) -> Mapping[str, Any]:
        if not isinstance(self.label_schema, Mapping):
            return {}
        found: Mapping[str, Any] = self.label_schema.get(label_field) or {}
        return found


def given_to_annotate() -> GivenSchema | None:
    """Return what the call of ``annotate`` was given that this one is part of.

    Returns:
        its arguments, or None if this is part of no such call
    """
    code = inspect.unwrap(foua.annotate).__code__
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    if frame is None:
        return None
    given = frame.f_locals
    return GivenSchema(given["label_schema"], given["classes"], given["attributes"])
