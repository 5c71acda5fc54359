"""What the form of a request is filled with, field by field, and what is left of it.

It is what a run from Python takes if nobody gives classes and attributes: those of the
App's label schema, or else those that labels have. What the user leaves as it is keeps
what the form does not show: defaults, and what is ``read_only``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fiftyone_cvat.dataset.label_schemas import label_schema_of
from fiftyone_cvat.plugin.background import Warnings
from fiftyone_cvat.workflows.preview import complete_schema

__all__ = ["Filled", "fill_field"]

UNTAKEN = ("segmentation",)
"""Types of fields that take nothing from the App's label schemas."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What a field's part of the form is filled with.

    Attributes:
        info: what FiftyOne, and the App's label schema, say of the field
        of_app: the App's label schema of the field; nothing if there is none
    """

    info: Mapping[str, Any] = field(default_factory=dict)
    of_app: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_read_only(self) -> bool:
        """Whether the label schema lets nobody edit the field: nothing is to choose."""
        return bool(self.of_app.get("read_only"))

    @property
    def classes(self) -> list[str]:
        """The classes that are filled in."""
        found = self.info.get("classes") or ()
        return [each for each in found if isinstance(each, str)]

    @property
    def attributes(self) -> dict[str, dict[str, Any]]:
        """The attributes that annotators see, by their names."""
        return {name: info for name, info in self._all.items() if _is_shown(info)}

    @property
    def rows(self) -> list[dict[str, str]]:
        """The attributes as the form shows them."""
        return [
            {
                "name": name,
                "type": info.get("type", "text"),
                "values": ", ".join(map(_text, info.get("values") or ())),
            }
            for name, info in sorted(self.attributes.items())
        ]

    @property
    def words(self) -> list[str]:
        """What the user is to know of it, in sentences."""
        return [*self._sentences()]

    def schema(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a label schema says of the field, from what the form says.

        What comes from the App's label schema, and is as it was filled in, is left out:
        the run takes it from there itself.

        Args:
            given: the field's part of the form
        """
        info: dict[str, Any] = {}
        if given.get("type"):
            info["type"] = given["type"]
        if self.is_read_only:
            return info
        classes = list(given.get("classes") or ())
        if classes and not (self.of_app and classes == self.classes):
            info["classes"] = classes
        rows = given.get("attributes")
        if "attributes" in given and not (self.of_app and self._is_as_filled(rows)):
            info["attributes"] = self._chosen(rows or ())
        return info

    @property
    def _all(self) -> Mapping[str, dict[str, Any]]:
        return self.info.get("attributes") or {}

    def _sentences(self) -> Iterator[str]:
        if self.is_read_only:
            yield "It is `read_only` in the label schema of the App"
            yield "It is shown in CVAT, and not loaded"
            yield "Change the label schema to annotate it"
            return
        parts = ["values"]
        if self.info.get("type") != "scalar":
            parts = [each for each in ("classes", "attributes") if each in self.of_app]
        if self.of_app and parts:
            words = " and ".join(parts).capitalize()
            yield f"{words} come from the label schema of the App"
        locked = [name for name, info in self.attributes.items() if _is_locked(info)]
        if locked:
            yield f"Shown in CVAT, and not loaded: {', '.join(sorted(locked))}"

    def _is_as_filled(self, rows: Any) -> bool:
        return sorted(map(_cells, rows or ())) == sorted(map(_cells, self.rows))

    def _chosen(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return the attributes that the form says, with what it does not show."""
        filled = {each["name"]: each for each in self.rows}
        hidden = {name: info for name, info in self._all.items() if not _is_shown(info)}
        chosen = {}
        for row in rows:
            name, info = _row_to_attribute(row)
            known = self.attributes.get(name, {})
            if name in filled and _cells(row) == _cells(filled[name]):
                info = dict(known)
            elif _is_locked(known):
                info["read_only"] = True
            chosen[name] = info
        return {**hidden, **chosen}


def fill_field(samples: Any, name: str, kind: str) -> Filled:
    """Return what the part of a field that there is is filled with.

    Args:
        samples: the samples of the request
        name: the field
        kind: the type as which it goes up

    Raises:
        SchemaError: if the App's label schema, or what labels have, cannot go up
        ValueError: what FiftyOne refuses
    """
    with Warnings():  # the preview tells them of what is chosen in the end
        info = complete_schema(samples, {name: {"type": kind}})[name]
    of_app = {} if kind in UNTAKEN else label_schema_of(samples, name)
    return Filled(info, of_app)


def _row_to_attribute(given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return name and description of an attribute of the form."""
    name, kind, values = _cells(given)
    info: dict[str, Any] = {"type": kind}
    if values and kind == "checkbox":
        info["values"] = [{"true": True, "false": False}.get(v, v) for v in values]
    elif values:
        info["values"] = [*values]
    return name, info


def _cells(row: Mapping[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    """Return what a row of the form says, however it is written."""
    values = (each.strip() for each in (row.get("values") or "").split(","))
    return row.get("name") or "", row.get("type") or "text", tuple(filter(None, values))


def _is_shown(info: Mapping[str, Any]) -> bool:
    """Tell whether annotators see an attribute; others stay in FiftyOne."""
    return info.get("sent") is not False


def _is_locked(info: Mapping[str, Any]) -> bool:
    return bool(info.get("read_only"))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
