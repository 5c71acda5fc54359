"""The documented members that convert the labels of a field, and number frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import fiftyone.core.media as fom

from fiftyone_cvat.api.conversions import Conversions
from fiftyone_cvat.convert.shared.frames import (
    FrameRange,
    frame_refs,
    put_at_frame,
    sample_ids_to_frames,
    video_frames_to_frames,
)
from fiftyone_cvat.dataset.field_annotations import (
    TAGS,
    FieldConversion,
    convert_frames,
    count_labels,
    has_tracks,
    unsent_reasons,
    warn_of_unsent,
)
from fiftyone_cvat.dataset.frame_sizes import sizes_from_metadata
from fiftyone_cvat.dataset.stored_labels import LIST_BY_TYPE
from fiftyone_cvat.types import CVATSchema, Size

__all__ = ["FieldMembers"]

ABSENT = "labels stay in FiftyOne: on frames that CVAT does not have"


class FieldMembers(Conversions):
    """Convert the labels of a field, and number the frames that they are on."""

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
            load_tracks: whether labels of one object, by ``index`` or ``instance``,
                become tracks
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
            frame_sizes = sizes_from_metadata(samples, frames)
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
        absent = {each: frames.pop(each) for each in frames.keys() - frame_sizes.keys()}
        number = count_labels(samples, label_field, label_info["type"], absent)
        reasons.update({ABSENT: number} if number else {})
        converted = convert_frames(
            self, samples, conversion, frames, frame_sizes, reasons
        )
        for ref, labels, (ids, created, new_tracks) in converted:
            reasons.update(unsent_reasons(labels, ids, conversion))
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
