"""From the labels in a field of a dataset to annotations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import fiftyone.core.media as fom

from fiftyone_cvat.api.conversion import Conversion
from fiftyone_cvat.convert.frames import FrameRef, sample_ids_to_frames
from fiftyone_cvat.convert.schema import RETURN_TYPES
from fiftyone_cvat.errors import CVATError, GeometryError, SchemaError
from fiftyone_cvat.types import CVATSchema, Json, Size

__all__ = ["Fields"]

TAGS = ("classification", "classifications", "scalar")

_LIST_BY_TYPE = {
    "classifications": "classifications",
    "detections": "detections",
    "instances": "detections",
    "polylines": "polylines",
    "polygons": "polylines",
    "keypoints": "keypoints",
}


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

        Returns:
            ``(id_map, tags_or_shapes)``, and the tracks as a third value if
            ``load_tracks`` is set; the first is what FiftyOne wants to know of the
            labels that went up: sample id to label ids
        """
        label_type = label_info["type"]
        if frame_sizes is None:
            frame_sizes = _sizes_from_metadata(samples)
        id_map: dict[str, Any] = {}
        annotations: list[Any] = []
        tracks: dict[str, Any] = {}
        for number, ref, label in _labels_by_frame(samples, label_field):
            ids, created, new_tracks, _ = self._convert_labels(
                label,
                label_field,
                label_info,
                cvat_schema,
                number,
                frame_sizes.get(number, Size(0, 0)),
                assign_scalar_attrs=assign_scalar_attrs,
                load_tracks=load_tracks,
                occluded_attrs=(occluded_attrs or {}).get(label_field),
                group_id_attrs=(group_id_attrs or {}).get(label_field),
                ref=ref,
            )
            annotations.extend(created)
            self._merge_tracks(tracks, new_tracks)
            if label_type in _LIST_BY_TYPE or not isinstance(ids, list):
                id_map[ref.sample_id] = ids
            else:
                id_map[ref.sample_id] = ids[0] if ids else None
        if not load_tracks:
            return id_map, annotations
        last = max(frame_sizes, default=0)
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
        """
        as_tracks = samples_batch.media_type == fom.VIDEO and label_type not in (
            *TAGS,
            "segmentation",
        )
        ids, created, *created_tracks = self._create_shapes_tags_tracks(
            samples_batch,
            label_field,
            label_info,
            cvat_schema,
            frame_start,
            frame_stop,
            frame_step,
            assign_scalar_attrs=assign_scalar_attrs,
            load_tracks=as_tracks,
            only_keyframes=only_keyframes,
            occluded_attrs=occluded_attrs,
            group_id_attrs=group_id_attrs,
            frame_sizes=frame_sizes,
        )
        id_map.setdefault(label_field, {}).update(ids)
        (tags if label_type in TAGS else shapes).extend(created)
        for each in created_tracks:
            tracks.extend(each)

    def _convert_labels(
        self,
        label: Any,
        label_field: str,
        label_info: dict[str, Any],
        cvat_schema: CVATSchema,
        frame: int,
        size: Size,
        *,
        assign_scalar_attrs: Mapping[Any, bool | None] | bool,
        load_tracks: bool,
        occluded_attrs: Mapping[str, str] | None,
        group_id_attrs: Mapping[str, str] | None,
        ref: FrameRef,
    ) -> tuple[Any, list[Any], dict[str, Any], dict[str, str]]:
        """Convert what a field holds on one frame."""
        label_type = label_info["type"]
        if label_type == "scalar":
            return self._create_scalar_tags(
                label,
                cvat_schema,
                label_field,
                frame,
                size,
                label_type=label_type,
                assign_scalar_attrs=assign_scalar_attrs,
            )
        labels = _listed(label, label_type)
        common: Json = {"label_type": label_type}
        if label_type in TAGS:
            create: Any = self._create_classification_tags
        else:
            create = self._creator(label_type, label_field)
            common |= {
                "load_tracks": load_tracks,
                "occluded_attrs": occluded_attrs,
                "group_id_attrs": group_id_attrs,
            }
        try:
            converted: tuple[Any, list[Any], dict[str, Any], dict[str, str]] = create(
                labels, cvat_schema, label_field, frame, size, **common
            )
        except CVATError as error:
            raise GeometryError(
                f"Field '{label_field}' of sample {ref.sample_id} cannot go to CVAT: "
                f"{error}"
            ) from error
        return converted

    def _creator(self, label_type: str, label_field: str) -> Any:
        creators = {
            "detections": self._create_detection_shapes,
            "polylines": self._create_polyline_shapes,
            "keypoints": self._create_keypoint_shapes,
        }
        creator = creators.get(RETURN_TYPES.get(label_type, ""))
        if creator is None:
            raise SchemaError(
                f"Field '{label_field}' has labels of type '{label_type}', which "
                "cannot go to CVAT"
            )
        return creator

    def _build_frame_id_map(self, samples: Any) -> dict[int, dict[str, str]]:
        """Number the frames of a task.

        Args:
            samples: a collection whose samples are the task's media, in order

        Returns:
            the position in the task, from 0, to the ids of the sample and, of a
            video, of the frame
        """
        return sample_ids_to_frames(samples.values("id"))

    def _get_batch_size(self, samples: Any, task_size: int | None) -> int:
        """Return how many samples go into one task.

        Args:
            samples: the collection
            task_size: how many the user wants at most, or None for all

        Returns:
            1 for videos and point clouds, of which a task holds one
        """
        if samples.media_type != fom.IMAGE:
            return 1
        number = len(samples)
        return number if task_size is None else max(1, min(task_size, number))


def _labels_by_frame(
    samples: Any, label_field: str
) -> Iterator[tuple[int, FrameRef, Any]]:
    """Yield each frame's position, its sample, and what the field holds there."""
    ids, labels = samples.values(["id", label_field])
    for number, (sample_id, label) in enumerate(zip(ids, labels, strict=True)):
        if label is not None:
            yield number, FrameRef(sample_id, None), label


def _listed(label: Any, label_type: str) -> Iterable[Any]:
    name = _LIST_BY_TYPE.get(label_type)
    return [label] if name is None else (label[name] or [])


def _sizes_from_metadata(samples: Any) -> dict[int, Size]:
    samples.compute_metadata()
    widths, heights = samples.values(["metadata.width", "metadata.height"])
    return {
        number: Size(width or 0, height or 0)
        for number, (width, height) in enumerate(zip(widths, heights, strict=True))
    }
