"""The documented members with wide signatures, for scripts that call them.

Each packs its arguments into a :class:`FieldContext` and calls the function that
reads every annotation of a run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import fiftyone.core.labels as fol
from bson import ObjectId

from fiftyone_cvat.api.conversions import Conversions
from fiftyone_cvat.convert.from_cvat.field_context import FieldContext
from fiftyone_cvat.convert.from_cvat.interpolation import interpolate_track
from fiftyone_cvat.convert.from_cvat.labels import read_annotation
from fiftyone_cvat.convert.shared.polygons import mask_to_polygons
from fiftyone_cvat.convert.shared.segmentations import MaskPiece
from fiftyone_cvat.geometry import pixels_to_points
from fiftyone_cvat.types import Json, Size, Track

__all__ = ["WideMembers"]


class WideMembers(Conversions):
    """Read annotations one by one, or all of one kind."""

    def _parse_shapes_tags(
        self,
        anno_type: str,
        annos: Sequence[Json],
        frame_id_map: Mapping[int, Mapping[str, str]],
        label_type: str | None,
        id_map: Mapping[str, Any],
        server_id_map: Mapping[int, str],
        class_map: Mapping[int, str],
        attr_id_map: Mapping[int, Mapping[str, int]],
        frames: Sequence[Json],
        ignore_types: Collection[str],
        frame_stop: int,
        frame_step: int | None,
        assigned_scalar_attrs: bool | None = False,
        track_index: int | None = None,
        track_group_id: int | None = None,
        immutable_attrs: Sequence[Json] | None = None,
        occluded_attrs: Mapping[str, str] | None = None,
        group_id_attrs: Mapping[str, str] | None = None,
        attr_type_map: Mapping[int, Mapping[int, str]] | None = None,
        skeleton_map: Mapping[int, Sequence[int]] | None = None,
    ) -> dict[str, Any]:
        """Convert annotations of one kind to labels.

        Args:
            anno_type: ``tags``, ``shapes``, or ``track`` for the shapes of one track
            annos: the annotations as the server sent them; those of a track are its
                key shapes, each with the track's ``label_id``
            frame_id_map: position of a frame, from 0, to the ids of sample and frame
            label_type: the field's type, or None
            id_map: sample id, and for videos frame id, to label ids
            server_id_map: the server's id of an annotation to the label's id
            class_map: the server's id of a label to the class name
            attr_id_map: the server's id of a label to its attributes' ids by name
            frames: the frames' ``width`` and ``height`` in pixels; one for a video
            ignore_types: kinds of label to leave out
            frame_stop: the last position to which a track goes on
            frame_step: the spacing of the frames; positions need no correction by it
            assigned_scalar_attrs: whether scalars are values of a tag's attribute
            track_index: the index of the track
            track_group_id: the group of the track
            immutable_attrs: the attributes of the track
            occluded_attrs: class name to the attribute that holds occlusion
            group_id_attrs: class name to the attribute that holds the group id
            attr_type_map: the server's id of a label to its attributes' input types by
                id; if given, no types of texts are guessed
            skeleton_map: the server's id of a skeleton's label to those of its nodes,
                in order

        Returns:
            labels by kind, sample id, for videos frame id, and label id; pieces of a
            segmentation as outlines, see :meth:`_convert_polylines_to_masks`
        """
        shapes: Sequence[Any] = annos
        if anno_type == "track" and annos:
            last = min(max(frame_id_map, default=0), frame_stop)
            track = {
                "label_id": annos[0]["label_id"],
                "frame": annos[0]["frame"],
                "group": track_group_id or 0,
                "source": "manual",
                "shapes": list(annos),
                "attributes": [],
            }
            shapes = interpolate_track(cast("Track", track), last)
            for each in shapes:
                each["label_id"] = track["label_id"]
        results: dict[str, Any] = {}
        prev_type: type | None = None
        for each in shapes:
            prev_type = self._parse_annotation(
                each,
                results,
                anno_type,
                prev_type,
                frame_id_map,
                label_type,
                id_map,
                server_id_map,
                class_map,
                attr_id_map,
                frames,
                ignore_types,
                assigned_scalar_attrs=assigned_scalar_attrs,
                track_index=track_index,
                track_group_id=track_group_id,
                immutable_attrs=immutable_attrs,
                occluded_attrs=occluded_attrs,
                group_id_attrs=group_id_attrs,
                attr_type_map=attr_type_map,
                skeleton_map=skeleton_map,
            )
        return results

    def _parse_annotation(
        self,
        anno: Json,
        results: dict[str, Any],
        anno_type: str,
        prev_type: type | None,
        frame_id_map: Mapping[int, Mapping[str, str]],
        expected_label_type: str | None,
        id_map: Mapping[str, Any],
        server_id_map: Mapping[int, str],
        class_map: Mapping[int, str],
        attr_id_map: Mapping[int, Mapping[str, int]],
        frames: Sequence[Json],
        ignore_types: Collection[str],
        assigned_scalar_attrs: bool | None = False,
        track_index: int | None = None,
        track_group_id: int | None = None,
        immutable_attrs: Sequence[Json] | None = None,
        occluded_attrs: Mapping[str, str] | None = None,
        group_id_attrs: Mapping[str, str] | None = None,
        attr_type_map: Mapping[int, Mapping[int, str]] | None = None,
        skeleton_map: Mapping[int, Sequence[int]] | None = None,
    ) -> type | None:
        """Convert one annotation to a label and add it to the results, in place.

        Args:
            anno: the annotation as the server sent it
            results: labels by kind, sample id, for videos frame id, and label id
            anno_type: ``tags``, ``shapes`` or ``track``
            prev_type: the type of the scalars so far, or None
            frame_id_map: position of a frame, from 0, to the ids of sample and frame
            expected_label_type: the field's type, or None
            id_map: sample id, and for videos frame id, to label ids
            server_id_map: the server's id of an annotation to the label's id
            class_map: the server's id of a label to the class name
            attr_id_map: the server's id of a label to its attributes' ids by name
            frames: the frames' ``width`` and ``height`` in pixels; one for a video
            ignore_types: kinds of label to leave out
            assigned_scalar_attrs: whether scalars are values of a tag's attribute
            track_index: the index of the track
            track_group_id: the group of the track
            immutable_attrs: the attributes of the track
            occluded_attrs: class name to the attribute that holds occlusion
            group_id_attrs: class name to the attribute that holds the group id
            attr_type_map: the server's id of a label to its attributes' input types by
                id; if given, no types of texts are guessed
            skeleton_map: the server's id of a skeleton's label to those of its nodes,
                in order

        Returns:
            the type of the scalars so far, or None
        """
        place = frame_id_map.get(anno["frame"])
        if place is None:
            return prev_type

        def size_of_frame(frame: int) -> Size:
            each = frames[frame] if frame < len(frames) else frames[0]
            return Size(each["width"], each["height"])

        context = FieldContext(
            label_type=expected_label_type,
            class_by_label_id=class_map,
            spec_ids=attr_id_map,
            size_of_frame=size_of_frame,
            value_types={} if prev_type is None else {"": prev_type},
            scalar_in_attribute=bool(assigned_scalar_attrs),
            occluded_attrs=occluded_attrs or {},
            group_id_attrs=group_id_attrs or {},
            input_types=attr_type_map or {},
            keep_text=attr_type_map is not None,
            nodes_by_label_id=skeleton_map or {},
        )
        whole = {
            **anno,
            "group": anno.get("group") or track_group_id or 0,
            "attributes": [*(anno.get("attributes") or []), *(immutable_attrs or [])],
        }
        read = read_annotation(whole, cast("Any", anno_type), context)
        if read is None or read.kind in ignore_types:
            return prev_type

        keys = [read.kind, place["sample_id"]]
        if place.get("frame_id") is not None:
            keys.append(place["frame_id"])
        if read.kind == "scalar":
            parent = _descend(results, keys[:-1])
            parent[keys[-1]] = read.value
            return prev_type or type(read.value)

        label = read.value
        labels = _descend(results, keys)
        if isinstance(label, MaskPiece):
            segmentation_id = self._get_segmentation_id(
                id_map, place["sample_id"], place.get("frame_id")
            )
            outline = _outline(label, size_of_frame(anno["frame"]))
            self._add_label_to_results(labels, read.kind, outline, segmentation_id)
            return prev_type
        between_keys = anno_type == "track" and not anno.get("keyframe")
        known = None if between_keys else read.label_id
        known = known or server_id_map.get(anno.get("id", -1))
        label.id = known or str(ObjectId())
        if track_index is not None:
            label.index = track_index
        self._add_label_to_results(labels, read.kind, label)
        return prev_type


def _descend(results: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    for key in keys:
        results = results.setdefault(key, {})
    return results


def _outline(piece: MaskPiece, size: Size) -> fol.Polyline:
    """Return the outline of a piece of a segmentation, along edges of its pixels."""
    parts = mask_to_polygons(piece.mask, piece.left, piece.top)
    points = [pixels_to_points(each, size) for each in parts]
    return fol.Polyline(label=piece.label, points=points, closed=True, filled=True)
