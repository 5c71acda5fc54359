"""A label as it is in the dataset, and what of it is kept when its annotations change.

What an annotator did not touch stays the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import fiftyone.core.labels as fol

from fiftyone_cvat.convert.from_cvat.attribute_texts import attribute_values
from fiftyone_cvat.convert.from_cvat.comparison import (
    GEOMETRY_BY_TYPE,
    same_geometry,
)
from fiftyone_cvat.convert.from_cvat.keypoint_lists import keep_in_step
from fiftyone_cvat.convert.shared.attribute_names import (
    TAGS,
    is_attribute_name,
    is_text,
    text_to_tags,
)
from fiftyone_cvat.convert.shared.server_ids import AttributeIds
from fiftyone_cvat.convert.shared.texts import LABEL_ID, text_to_value
from fiftyone_cvat.convert.shared.track_keys import TrackKey
from fiftyone_cvat.types import Json

__all__ = ["Original", "adopt_unchanged"]

_OWN_OF_LABELS = frozenset(("rotation", "location", "dimensions", "mask_path"))
"""Of the geometry that labels have, what a shape may say nothing of."""


@dataclass(slots=True)
class Original:
    """A label as it is in the dataset, and the annotations that it goes up as.

    Attributes:
        held: the label, FiftyOne's own or what its ``build`` makes FiftyOne's own of;
            None if it is not in the dataset any more
        created: its ``annotations``, or what makes them
        left_out: the ``index`` and ``annotations`` of this task's copy of the label
            when another task's was taken instead, or None
        unstored: its parts that the server did not store, as they went up
        points_shown: a keypoint's points as they went up, NaN where a view hid some,
            or None if all did
        key_of_object: of a label with an ``instance`` and no ``index`` the key of its
            track, else None
    """

    held: Any = None
    created: list[Json] | Callable[[], list[Json]] = field(default_factory=list)
    left_out: Json | None = None
    unstored: Sequence[Json] = ()
    points_shown: list[Any] | None = None
    key_of_object: TrackKey | None = None

    @property
    def annotations(self) -> list[Json]:
        """The annotations of its parts, with the server's ids."""
        if callable(self.created):
            self.created = self.created()
        return self.created

    @property
    def places_unstored(self) -> set[int]:
        """Which of its annotations the server did not store, from 0.

        They lie where they went up; one that was changed here since then is told by
        its number, as long as there are as many as there were.
        """
        found: set[int] = set()
        for part in self.unstored:
            number = part["part"]
            same = [
                place
                for place, each in enumerate(self.annotations)
                if place not in found and same_geometry(each, part)
            ]
            if same:
                found.add(number if number in same else same[0])
            elif len(self.annotations) == part["of"]:
                found.add(number)
        return found

    @property
    def stored(self) -> list[Json]:
        """Those of its annotations that the server stored."""
        if not self.unstored:
            return self.annotations
        gone = self.places_unstored
        return [each for n, each in enumerate(self.annotations) if n not in gone]

    @property
    def label(self) -> Any:
        """FiftyOne's label, or None; it is built when it is first asked for."""
        if self.held is not None and not isinstance(self.held, fol.Label):
            self.held = self.held.build()
        return self.held

    @property
    def is_gone(self) -> bool:
        """Whether the label is not in the dataset any more."""
        return self.held is None

    @property
    def track_key(self) -> TrackKey | None:
        """The key of its track in this task, or None."""
        key: TrackKey | None = self.key_in_dataset
        if self.left_out is not None:
            key = self.left_out["index"]
        return key

    @property
    def key_in_dataset(self) -> TrackKey | None:
        """The key of its track in the dataset, or None."""
        index: int | None = getattr(self.held, "index", None)
        return self.key_of_object if index is None else index


def adopt_unchanged(
    label: Any,
    original: Original,
    got: Sequence[Json],
    attribute_ids: AttributeIds,
    defaults: Mapping[int, str],
    key: TrackKey | None = None,
) -> list[str]:
    """Keep of a label that changed what did not change, to the last bit, in place.

    Args:
        label: the label as it came back
        original: the label as it is in the dataset
        got: the annotations of its parts as the server sent them
        attribute_ids: the server's id of a label to its attributes' ids by name
        defaults: attribute id to the text that the server fills in for none
        key: the key of the track that it came back in; by default its index

    Returns:
        what became of values that could not be kept
    """
    before, sent = original.label, original.stored
    if sent and sent[0]["label_id"] == got[0]["label_id"]:
        # the class may have another name in CVAT
        label.label = before.label
    names = GEOMETRY_BY_TYPE.get(type(label), ())
    is_in_place = len(sent) == len(got) and all(map(same_geometry, sent, got))
    if is_in_place:
        for name in names:
            if name in before:
                label[name] = before[name]
    elif isinstance(label, fol.Detection) and before.has_attribute("rotation"):
        # a box that was turned back has no rotation on the server
        label["rotation"] = label.get_attribute_value("rotation", 0.0)

    if names:
        own = label.index if key is None else key
        if own in (None, original.key_in_dataset):
            # a label that is in no track, or has an instance only, has its index, or
            # none, in the dataset
            label.index = before.index
    _adopt_attributes(label, original, got[0], attribute_ids, defaults)
    _adopt_unsaid(label, original, got[0], attribute_ids)
    if isinstance(label, fol.Keypoint) and not is_in_place:
        return keep_in_step(label, before, sent, got, original.points_shown)
    return []


def _adopt_unsaid(
    label: Any,
    original: Original,
    got: Json,
    attribute_ids: Mapping[int, Mapping[str, int]],
) -> None:
    """Keep all that a label has and that did not go up, such as embeddings."""
    before = original.label
    by_shape = {"id", "label", *GEOMETRY_BY_TYPE.get(type(label), ())}
    by_shape -= _OWN_OF_LABELS
    if "index" in label._fields:
        by_shape.add("index")
    said = {name for name, each in label.iter_attributes() if each is not None}
    for each in (*original.annotations[:1], got):
        # also what went up with a class that has it, if the new class has it not
        said.update(filter(is_attribute_name, attribute_values(each, attribute_ids)))
    if "keyframe" in got:
        said.add("keyframe")
    if getattr(label, "mask", None) is not None:
        said.add("mask_path")
    for name in before.field_names:
        if name not in by_shape and name not in said:
            label[name] = before[name]


def _adopt_attributes(
    label: Any,
    original: Original,
    got: Json,
    attribute_ids: AttributeIds,
    defaults: Mapping[int, str],
) -> None:
    before, sent = original.label, original.stored
    texts = attribute_values(got, attribute_ids)
    for name, value in list(label.iter_attributes()):
        known = before.get_attribute_value(name, None)
        if name not in texts and known is None and not value:
            # occlusion and group of an object that has neither say nothing
            label[name] = None
    had = attribute_values(sent[0], attribute_ids) if sent else {}
    specs = attribute_ids.get(got["label_id"], {})
    # editors clear all attributes where a class with other ones is chosen
    cleared = LABEL_ID in specs and not texts.get(LABEL_ID)
    for name, text in texts.items():
        if name == LABEL_ID or not is_attribute_name(name):
            continue
        value = before.get_attribute_value(name, None)
        chosen = text != defaults.get(specs[name])
        if not chosen and (cleared or name not in had):
            # nobody chose this value: the server fills in its default
            label[name] = value
        elif text.strip() == had.get(name, "").strip() and name in had:
            # CVAT takes white space off the ends of texts
            label[name] = value
        elif name == TAGS:
            label[name] = text_to_tags(text, value)
        elif value is not None:
            label[name] = _typed(text, value)


def _typed(text: str, before: Any) -> Any:
    """Read a text as the type of a value; keep the value where it is none."""
    if not is_text(before):
        return before
    words = {"true": 1, "false": 0}
    if not isinstance(before, (str, bool)) and before in (0, 1) and text in words:
        # a checkbox of numbers
        return type(before)(words[text])
    try:
        return text_to_value(text, type(before))
    except ValueError:
        return before
