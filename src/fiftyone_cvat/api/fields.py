"""From the labels in a field of a dataset to annotations."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import fiftyone.core.media as fom

from fiftyone_cvat.api.conversion import Conversion
from fiftyone_cvat.api.stored import (
    LIST_BY_TYPE,
    labels_by_frame,
    labels_in,
    wrapped,
)
from fiftyone_cvat.convert.attributes import cvat_class, shorten, value_to_text
from fiftyone_cvat.convert.frames import (
    FrameRange,
    FrameRef,
    frame_refs,
    put_at_frame,
    sample_ids_to_frames,
    video_frames_to_frames,
)
from fiftyone_cvat.convert.schema import field_schema
from fiftyone_cvat.convert.segmentations import value_without_target
from fiftyone_cvat.errors import CVATError, GeometryError, SchemaError
from fiftyone_cvat.types import RETURN_TYPES, CVATSchema, Json, Size

__all__ = [
    "FieldConversion",
    "Fields",
    "has_tracks",
    "sizes_in_metadata",
    "warn_of_unsent",
]

logger = logging.getLogger(__name__)

MAX_PIXELS = 10**8
"""Of a picture whose metadata are believed: a mask of as many takes 100 MB."""

TAGS = ("classification", "classifications", "scalar")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldConversion:
    """How the labels of one field become annotations.

    Attributes:
        label_field: the field
        label_info: the field's part of the label schema
        cvat_schema: CVAT class name to its attributes by name
        scalar_attrs: field to whether scalars are values of an attribute
        load_tracks: whether labels with an ``index`` become tracks
        occluded_attrs: CVAT class name to the attribute that holds occlusion
        group_id_attrs: CVAT class name to the attribute that holds the group id
    """

    label_field: str
    label_info: Mapping[str, Any]
    cvat_schema: CVATSchema
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


class Fields(Conversion):
    """Read the labels of fields and convert them, frame by frame."""

    def _create_shapes_tags_tracks(
        self,
        samples: Any,
        label_field: str,
        label_info: dict[str, Any],
        cvat_schema: CVATSchema,
        frame_start: int | None,
        frame_stop: int | None,
        frame_step: int | None,
        assign_scalar_attrs: Mapping[Any, bool | None] | bool = False,
        load_tracks: bool = False,
        only_keyframes: bool = False,
        occluded_attrs: Mapping[Any, dict[str, str]] | None = None,
        group_id_attrs: Mapping[Any, dict[str, str]] | None = None,
        frame_sizes: Mapping[int, Size] | None = None,
        unsent: Counter[str] | None = None,
    ) -> tuple[Any, ...]:
        """Convert the labels of one field of a collection.

        Args:
            samples: a collection whose samples are a task's media, in order
            label_field: the field
            label_info: the field's part of the label schema
            cvat_schema: CVAT class name to its attributes by name
            frame_start: the first frame of a video that is in the task, from 0
            frame_stop: the last one, inclusive
            frame_step: the spacing between them
            assign_scalar_attrs: field to whether scalars are values of an attribute
            load_tracks: whether labels with an ``index`` become tracks
            only_keyframes: whether only key frames of tracks are sent
            occluded_attrs: field to CVAT class name to the attribute with occlusion
            group_id_attrs: field to CVAT class name to the attribute with the group
            frame_sizes: position in the task to the frame's size in pixels; by
                default the samples' metadata tell it
            unsent: where to count why labels are not sent, instead of warning of it

        Returns:
            ``(id_map, tags_or_shapes)``, and the tracks as a third value if
            ``load_tracks`` is set; the first is what FiftyOne wants to know of the
            labels that went up: sample id, and for videos frame id, to label ids
        """
        frames = frame_refs(
            self._build_frame_id_map(samples, frame_start, frame_stop, frame_step)
        )
        if frame_sizes is None:
            frame_sizes = _sizes_from_metadata(samples, frames)
        conversion = FieldConversion.of_field(
            label_field,
            label_info,
            cvat_schema,
            occluded_attrs,
            group_id_attrs,
            scalar_attrs=assign_scalar_attrs,
            load_tracks=load_tracks,
        )
        id_map: dict[str, Any] = {}
        annotations: list[Any] = []
        tracks: dict[str, Any] = {}
        reasons: Counter[str] = Counter() if unsent is None else unsent
        converted = self._convert_frames(samples, conversion, frames, frame_sizes)
        for ref, labels, (ids, created, new_tracks) in converted:
            reasons.update(_unsent(labels, ids, conversion))
            annotations.extend(created)
            self._merge_tracks(tracks, new_tracks)
            holds_one = label_info["type"] not in LIST_BY_TYPE
            if holds_one and isinstance(ids, list):
                put_at_frame(id_map, ref, ids[0] if ids else None)
            else:
                put_at_frame(id_map, ref, ids)
        if unsent is None:
            warn_of_unsent(label_field, reasons)
        if not load_tracks:
            return id_map, annotations
        last = max(frames, default=0)
        return id_map, annotations, self._finalize_tracks(tracks, last, only_keyframes)

    def _update_shapes_tags_tracks(
        self,
        tags: list[Any],
        shapes: list[Any],
        tracks: list[Any],
        id_map: dict[str, Any],
        label_type: str,
        samples_batch: Any,
        label_field: str,
        label_info: dict[str, Any],
        cvat_schema: CVATSchema,
        frame_start: int | None,
        frame_stop: int | None,
        frame_step: int | None,
        assign_scalar_attrs: Mapping[Any, bool | None] | bool,
        only_keyframes: bool,
        occluded_attrs: Mapping[Any, dict[str, str]] | None,
        group_id_attrs: Mapping[Any, dict[str, str]] | None,
        frame_sizes: Mapping[int, Size] | None = None,
        unsent: Counter[str] | None = None,
    ) -> None:
        """Add the annotations of one field to those of a task, in place.

        Args:
            tags: the task's tags
            shapes: the task's shapes
            tracks: the task's tracks
            id_map: field to sample id to label ids
            label_type: the field's type
            samples_batch: a collection whose samples are the task's media, in order
            label_field: the field
            label_info: the field's part of the label schema
            cvat_schema: CVAT class name to its attributes by name
            frame_start: the first frame of a video that is in the task, from 0
            frame_stop: the last one, inclusive
            frame_step: the spacing between them
            assign_scalar_attrs: field to whether scalars are values of an attribute
            only_keyframes: whether only key frames of tracks are sent
            occluded_attrs: field to CVAT class name to the attribute with occlusion
            group_id_attrs: field to CVAT class name to the attribute with the group
            frame_sizes: position in the task to the frame's size in pixels
            unsent: where to count why labels are not sent, instead of warning of it
        """
        ids, created, *created_tracks = self._create_shapes_tags_tracks(
            samples_batch,
            label_field,
            label_info,
            cvat_schema,
            frame_start,
            frame_stop,
            frame_step,
            assign_scalar_attrs=assign_scalar_attrs,
            load_tracks=has_tracks(samples_batch, label_type),
            only_keyframes=only_keyframes,
            occluded_attrs=occluded_attrs,
            group_id_attrs=group_id_attrs,
            frame_sizes=frame_sizes,
            unsent=unsent,
        )
        id_map.setdefault(label_field, {}).update(ids)
        (tags if label_type in TAGS else shapes).extend(created)
        for each in created_tracks:
            tracks.extend(each)

    def _convert_frames(
        self,
        samples: Any,
        conversion: FieldConversion,
        frames: Mapping[int, FrameRef],
        frame_sizes: Mapping[int, Size],
    ) -> Iterator[tuple[FrameRef, Any, tuple[Any, list[Any], dict[str, Any]]]]:
        """Convert what a field holds, frame by frame.

        Args:
            samples: a collection with the task's samples
            conversion: how labels of the field are converted
            frames: the position in the task to what the frame is
            frame_sizes: the position in the task to the frame's size in pixels

        Yields:
            what the frame is, its labels, and what :meth:`_convert` returns
        """
        stored = labels_by_frame(samples, conversion.label_field, frames, _raw=True)
        for frame, ref, value in stored:
            labels = wrapped(value, conversion.label_type)
            if labels is not None:
                size = frame_sizes.get(frame, Size(0, 0))
                yield ref, labels, self._convert(labels, conversion, frame, size, ref)

    def _convert(
        self,
        labels: Any,
        conversion: FieldConversion,
        frame: int,
        size: Size,
        ref: FrameRef,
    ) -> tuple[Any, list[Any], dict[str, Any]]:
        """Convert what a field holds on one frame.

        Args:
            labels: the field's value
            conversion: how labels of the field are converted
            frame: the frame's position in the task, from 0
            size: the frame's size in pixels
            ref: what the frame is, for messages

        Returns:
            a tuple of the ids of the labels, the tags or shapes, the tracks by class
            and index
        """
        create, values, keywords = self._creator(labels, conversion)
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
        self, labels: Any, conversion: FieldConversion
    ) -> tuple[Any, Any, Json]:
        """Return what converts a field's value, what it converts, and its keywords."""
        label_type, info = conversion.label_type, conversion.label_info
        if label_type == "scalar":
            keywords: Json = {"assign_scalar_attrs": conversion.scalar_attrs}
            return self._create_scalar_tags, labels, keywords
        if label_type == "segmentation":
            keywords = {"mask_targets": info.get("mask_targets")}
            return self._create_segmentation_shapes, labels, keywords
        values = labels_in(labels, label_type)
        if label_type in TAGS:
            return self._create_classification_tags, values, {}
        creators: dict[str | None, Any] = {
            "detections": self._create_detection_shapes,
            "polylines": self._create_polyline_shapes,
            "keypoints": self._create_keypoint_shapes,
        }
        creator = creators.get(RETURN_TYPES.get(label_type))
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

    def _build_frame_id_map(
        self,
        samples: Any,
        frame_start: int | None = None,
        frame_stop: int | None = None,
        frame_step: int | None = None,
    ) -> dict[int, dict[str, str]]:
        """Number the frames of a task.

        Args:
            samples: a collection whose samples are the task's media, in order
            frame_start: the first frame of a video that is in the task, from 0
            frame_stop: the last one, inclusive
            frame_step: the spacing between them

        Returns:
            the position in the task, from 0, to the ids of the sample and, of a
            video, of the frame
        """
        if samples.media_type != fom.VIDEO:
            return sample_ids_to_frames(samples.values("id"))
        frames = FrameRange.of_task(frame_start, frame_stop, frame_step)
        result: dict[int, dict[str, str]] = {}
        columns = samples.values(["id", "frames.id", "frames.frame_number"])
        for sample_id, frame_ids, numbers in zip(*columns, strict=True):
            by_number = dict(zip(numbers, frame_ids, strict=True))
            result |= video_frames_to_frames(sample_id, by_number, frames)
        return result

    def _compute_expected_frames(
        self,
        samples: Any,
        frame_start: int | None,
        frame_stop: int | None,
        frame_step: int | None,
    ) -> int:
        """Return how many frames of a video go into a task.

        Args:
            samples: a collection with the video
            frame_start: the first frame to send, from 0
            frame_stop: the last one, inclusive
            frame_step: the spacing between them
        """
        return len(
            self._build_frame_id_map(samples, frame_start, frame_stop, frame_step)
        )

    def _get_batch_size(self, samples: Any, task_size: int | None) -> int:
        """Return how many samples go into one task.

        Args:
            samples: the collection
            task_size: how many the user wants at most, or None for all

        Returns:
            1 for videos, of which a task holds one
        """
        if samples.media_type == fom.VIDEO:
            return 1
        number = len(samples)
        return number if task_size is None else max(1, min(task_size, number))


def _unsent(labels: Any, ids: Any, conversion: FieldConversion) -> Iterator[str]:
    """Yield why labels have no annotation, for each that has none."""
    if conversion.label_type == "scalar" and not ids:
        text = shorten(value_to_text(labels))
        yield f"labels stay in FiftyOne: value '{text}' is none of the run's classes"
    if conversion.label_type == "segmentation":
        mask = labels.get_mask()
        targets = conversion.label_info.get("mask_targets") or {}
        value = None if mask is None else value_without_target(mask, targets)
        if value is not None:
            yield (
                "segmentations keep pixels in FiftyOne whose value is none of the "
                f"run's mask targets, such as {value}"
            )
    if conversion.label_type in ("scalar", "segmentation"):
        return
    values = list(labels_in(labels, conversion.label_type))
    sent = set(ids if isinstance(ids, list) else [ids])
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


def warn_of_unsent(label_field: Any, unsent: Mapping[str, int]) -> None:
    """Warn of labels of a field that are not sent, by reason."""
    for reason, number in unsent.items():
        logger.warning("Field '%s': %d %s", label_field, number, reason)


def sizes_in_metadata(
    samples: Any, frames: Mapping[int, FrameRef]
) -> dict[int, Size] | None:
    """Return what the samples' metadata tell of the sizes of a task's frames.

    Args:
        samples: a collection with the task's samples
        frames: the position in the task to what the frame is

    Returns:
        the position to the size in pixels, as the server tells it unless it turns a
        picture as its EXIF data say; None if it is not known of all, or one is too
        large to trust in it before the server says so
    """
    if samples.media_type not in (fom.IMAGE, fom.VIDEO):
        return dict.fromkeys(frames, Size(0, 0))
    sizes = _sizes_told(samples, frames)
    is_known = all(
        min(size) > 0 and math.prod(size) <= MAX_PIXELS for size in sizes.values()
    )
    return sizes if is_known else None


def has_tracks(samples: Any, label_type: str) -> bool:
    """Tell whether labels with an ``index`` become tracks: in videos, if of a place."""
    trackable = ("detections", "polylines", "keypoints")
    return samples.media_type == fom.VIDEO and RETURN_TYPES.get(label_type) in trackable


def _sizes_from_metadata(
    samples: Any, frames: Mapping[int, FrameRef]
) -> dict[int, Size]:
    samples.compute_metadata()
    return _sizes_told(samples, frames)


def _sizes_told(samples: Any, frames: Mapping[int, FrameRef]) -> dict[int, Size]:
    """Return what metadata tell of the sizes of frames, 0 for what they do not."""
    names = ["id", "metadata.width", "metadata.height"]
    if samples.media_type == fom.VIDEO:
        names = ["id", "metadata.frame_width", "metadata.frame_height"]
    sizes = {
        sample_id: Size(width or 0, height or 0)
        for sample_id, width, height in zip(*samples.values(names), strict=True)
    }
    return {position: sizes[ref.sample_id] for position, ref in frames.items()}
