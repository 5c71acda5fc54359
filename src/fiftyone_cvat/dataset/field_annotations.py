"""From the labels in a field of a dataset to annotations."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

import fiftyone.core.media as fom

from fiftyone_cvat.convert.shared.attribute_names import TAGS as TAGS_OF_LABELS
from fiftyone_cvat.convert.shared.attribute_names import is_attribute_name, is_text
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.segmentations import value_without_target
from fiftyone_cvat.convert.shared.texts import (
    shorten,
    value_to_checkbox,
    value_to_text,
)
from fiftyone_cvat.convert.shared.track_keys import (
    IndexByObject,
    indexes_by_object,
    instance_id,
    most_frequent,
    objects_in_dispute,
    track_key,
)
from fiftyone_cvat.convert.to_cvat.class_names import cvat_class, field_schema
from fiftyone_cvat.convert.to_cvat.label_attributes import is_checkbox
from fiftyone_cvat.dataset.stored_labels import (
    LIST_BY_TYPE,
    StoredLabel,
    labels_by_frame,
    labels_in,
    wrapped,
)
from fiftyone_cvat.errors import CVATError, GeometryError, SchemaError
from fiftyone_cvat.types import RETURN_TYPES, CVATSchema, FieldSchema, Json, Size

__all__ = [
    "DISPUTED",
    "TAGS",
    "FieldConversion",
    "LabelCreators",
    "convert_frames",
    "convert_labels",
    "count_labels",
    "has_tracks",
    "unsent_reasons",
    "warn_of_unsent",
]

logger = logging.getLogger(__name__)

TAGS = ("classification", "classifications", "scalar")

DISPUTED = (
    "objects have several values of `index`, or share one with another `instance`: "
    "the index tells which track a label is of"
)
"""Why tracks are not what the instances of labels say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldConversion:
    """How the labels of one field become annotations.

    Attributes:
        label_field: the field
        label_info: the field's part of the label schema
        cvat_schema: the field's classes
        scalar_attrs: field to whether scalars are values of an attribute
        load_tracks: whether labels with an ``index`` or an ``instance`` become tracks
        occluded_attrs: CVAT class name to the attribute that holds occlusion
        group_id_attrs: CVAT class name to the attribute that holds the group id
    """

    label_field: str
    label_info: Mapping[str, Any]
    cvat_schema: FieldSchema
    scalar_attrs: Mapping[Any, bool | None] | bool = False
    load_tracks: bool = False
    occluded_attrs: Mapping[str, str] = field(default_factory=dict)
    group_id_attrs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_field(
        cls,
        label_field: str,
        label_info: Mapping[str, Any],
        cvat_schema: CVATSchema,
        occluded_attrs: Mapping[Any, dict[str, str]] | None,
        group_id_attrs: Mapping[Any, dict[str, str]] | None,
        **more: Any,
    ) -> FieldConversion:
        """Take a field's part of what is known about all fields of a run.

        Args:
            label_field: the field
            label_info: the field's part of the label schema
            cvat_schema: CVAT class name to its attributes by name, of all fields
            occluded_attrs: field to CVAT class name to the attribute with occlusion
            group_id_attrs: field to CVAT class name to the attribute with the group
            **more: ``scalar_attrs`` and ``load_tracks``
        """
        return cls(
            label_field=label_field,
            label_info=label_info,
            cvat_schema=field_schema(cvat_schema, label_field, label_info),
            occluded_attrs=(occluded_attrs or {}).get(label_field) or {},
            group_id_attrs=(group_id_attrs or {}).get(label_field) or {},
            **more,
        )

    @property
    def label_type(self) -> str:
        """The field's type."""
        return str(self.label_info["type"])


class LabelCreators(Protocol):
    """The documented members that convert labels, of the API or of a subclass of it."""

    _create_classification_tags: Callable[..., Any]
    _create_scalar_tags: Callable[..., Any]
    _create_detection_shapes: Callable[..., Any]
    _create_polyline_shapes: Callable[..., Any]
    _create_segmentation_shapes: Callable[..., Any]
    _create_keypoint_shapes: Callable[..., Any]


def convert_frames(
    creators: LabelCreators,
    samples: Any,
    conversion: FieldConversion,
    frames: Mapping[int, FrameRef],
    frame_sizes: Mapping[int, Size],
    reasons: Counter[str],
) -> Iterator[tuple[FrameRef, Any, tuple[Any, list[Any], dict[str, Any]]]]:
    """Convert the labels of a field, frame by frame.

    Args:
        creators: the API, whose members convert
        samples: a collection with the task's samples
        conversion: how labels of the field are converted
        frames: the position in the task to what the frame is
        frame_sizes: the position in the task to the frame's size in pixels
        reasons: where to count objects whose index and instance do not agree

    Yields:
        what the frame is, its labels, and what :func:`convert_labels` returns
    """
    label_type = conversion.label_type
    stored = [*labels_by_frame(samples, conversion.label_field, frames, _raw=True)]
    indexes: IndexByObject = {}
    if conversion.load_tracks:
        # labels are wrapped anew below: what is decoded of one is held no longer
        every = (wrapped(value, label_type) for _, _, value in stored)
        found = (labels_in(each, label_type) for each in every if each is not None)
        counts = indexes_by_object(chain.from_iterable(found))
        indexes = most_frequent(counts)
        disputed = len(objects_in_dispute(counts))
        reasons.update({DISPUTED: disputed} if disputed else {})
    for frame, ref, value in stored:
        labels = wrapped(value, label_type)
        if labels is None:
            continue
        if indexes:
            labels = _joined(labels, label_type, indexes)
        size = frame_sizes.get(frame, Size(0, 0))
        converted = convert_labels(creators, labels, conversion, frame, size, ref)
        yield ref, labels, converted


def _joined(value: Any, label_type: str, indexes: IndexByObject) -> Any:
    """Return what a field holds, with the indexes that labels' objects have elsewhere.

    So all labels of an object are one track.
    """

    def joined(label: StoredLabel) -> StoredLabel:
        if label.index is not None:
            return label
        index = indexes.get((label.label, instance_id(label) or ""))
        return label if index is None else label.with_value("index", index)

    name = LIST_BY_TYPE.get(label_type)
    if name is None:
        return joined(value)
    return {name: [joined(each) for each in value[name]]}


def convert_labels(
    creators: LabelCreators,
    labels: Any,
    conversion: FieldConversion,
    frame: int,
    size: Size,
    ref: FrameRef,
) -> tuple[Any, list[Any], dict[str, Any]]:
    """Convert what a field holds on one frame.

    Args:
        creators: the API, whose members convert
        labels: the field's value
        conversion: how labels of the field are converted
        frame: the frame's position in the task, from 0
        size: the frame's size in pixels
        ref: what the frame is, for messages

    Returns:
        a tuple of the ids of the labels, the tags or shapes, the tracks by class
        and index
    """
    create, values, keywords = _creator(creators, labels, conversion)
    try:
        ids, created, tracks, _ = create(
            values,
            conversion.cvat_schema,
            conversion.label_field,
            frame,
            size,
            label_type=conversion.label_type,
            **keywords,
        )
    except (CVATError, OSError) as error:
        raise GeometryError(
            f"Field '{conversion.label_field}' of sample {ref.sample_id} cannot "
            f"go to CVAT: {error}"
        ) from error
    return ids, created, tracks


def _creator(
    creators: LabelCreators, labels: Any, conversion: FieldConversion
) -> tuple[Any, Any, Json]:
    """Return what converts a field's value, what it converts, and its keywords."""
    label_type, info = conversion.label_type, conversion.label_info
    if label_type == "scalar":
        keywords: Json = {"assign_scalar_attrs": conversion.scalar_attrs}
        return creators._create_scalar_tags, labels, keywords
    if label_type == "segmentation":
        keywords = {"mask_targets": info.get("mask_targets")}
        return creators._create_segmentation_shapes, labels, keywords
    values = labels_in(labels, label_type)
    if label_type in TAGS:
        return creators._create_classification_tags, values, {}
    creator_by_kind: dict[str | None, Any] = {
        "detections": creators._create_detection_shapes,
        "polylines": creators._create_polyline_shapes,
        "keypoints": creators._create_keypoint_shapes,
    }
    creator = creator_by_kind.get(RETURN_TYPES.get(label_type))
    if creator is None:
        raise SchemaError(
            f"Field '{conversion.label_field}' has labels of type '{label_type}', "
            "which cannot go to CVAT"
        )
    keywords = {
        "load_tracks": conversion.load_tracks,
        "occluded_attrs": conversion.occluded_attrs,
        "group_id_attrs": conversion.group_id_attrs,
    }
    return creator, values, keywords


def unsent_reasons(labels: Any, ids: Any, conversion: FieldConversion) -> Iterator[str]:
    """Yield why labels have no annotation, for each that has none."""
    if conversion.label_type == "scalar" and not ids:
        text = shorten(value_to_text(labels))
        yield f"labels stay in FiftyOne: value '{text}' is none of the run's classes"
    if conversion.label_type == "segmentation":
        mask = labels.get_mask()
        given = conversion.label_info.get("mask_targets") or {}
        known = conversion.cvat_schema.cvat_classes
        targets = {each: name for each, name in given.items() if name in known}
        value = None if mask is None else value_without_target(mask, targets)
        if value is not None:
            yield (
                "segmentations keep pixels in FiftyOne whose value has no class in "
                f"the run, such as {value}"
            )
    if conversion.label_type in ("scalar", "segmentation"):
        return
    values = list(labels_in(labels, conversion.label_type))
    yield from _values_that_stay(values, conversion)
    # a field of one label has one id, or None
    sent = {each for each in (ids if isinstance(ids, list) else [ids]) if each}
    if len(sent) == len(values):
        return
    for label in values:
        schema, field_name = conversion.cvat_schema, conversion.label_field
        if label.id in sent:
            continue
        if cvat_class(label.label, schema, field_name) is None:
            what = f"class '{shorten(str(label.label))}' is none of the run's"
        else:
            what = "they have no shape that CVAT takes"
        yield f"labels stay in FiftyOne: {what}"


def _values_that_stay(
    labels: Sequence[Any], conversion: FieldConversion
) -> Iterator[str]:
    """Yield which values of labels have no text that could be read again."""
    names: dict[str, bool] = {}
    for specs in conversion.cvat_schema.values():
        for name, spec in specs.items():
            if name != TAGS_OF_LABELS and is_attribute_name(name):
                names[name] = names.get(name, True) and is_checkbox(spec)
    for label in labels if names else ():
        for name, as_checkbox in names.items():
            value = label.get_attribute_value(name, None)
            if value is None:
                continue
            stays = f"values of attribute '{name}' stay in FiftyOne"
            if not is_text(value):
                yield f"{stays}: no text ({type(value).__name__})"
            elif as_checkbox and value_to_checkbox(value) is None:
                yield f"{stays}: they are neither true nor false, as a checkbox is"


def count_labels(
    samples: Any,
    label_field: str,
    label_type: str,
    frames: Mapping[int, FrameRef],
    *,
    of_tracks: bool = False,
) -> int:
    """Return how many labels, or scalars, a field holds on some frames.

    Args:
        samples: a collection with the task's samples
        label_field: the field
        label_type: the field's type
        frames: any key to what the frame is
        of_tracks: whether to count only labels with an ``index`` or an ``instance``
    """
    if not frames:
        return 0
    number = 0
    for _, _, value in labels_by_frame(samples, label_field, frames, _raw=True):
        labels = wrapped(value, label_type)
        if label_type == "scalar":
            number += 1
        elif labels is not None:
            found = labels_in(labels, label_type)
            number += sum(not of_tracks or _is_of_track(each) for each in found)
    return number


def _is_of_track(label: Any) -> bool:
    return track_key(label, {}) is not None


def warn_of_unsent(label_field: Any, unsent: Mapping[str, int]) -> None:
    """Warn of labels of a field that are not sent, by reason."""
    for reason, number in unsent.items():
        logger.warning("Field '%s': %d %s", label_field, number, reason)


def has_tracks(samples: Any, label_type: str) -> bool:
    """Tell whether labels of one object become tracks: in videos, if of a place."""
    trackable = ("detections", "polylines", "keypoints")
    return samples.media_type == fom.VIDEO and RETURN_TYPES.get(label_type) in trackable
