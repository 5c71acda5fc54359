"""The members of the API that need no server: functions of the conversion."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from fiftyone_cvat.convert.from_cvat import nested_results, polylines_to_masks
from fiftyone_cvat.convert.shared import server_ids
from fiftyone_cvat.convert.to_cvat import (
    attribute_specs,
    label_attributes,
    project_schema,
    schema,
    shapes,
    tags,
    tracks,
)

__all__ = ["Conversions", "as_method"]

P = ParamSpec("P")
R = TypeVar("R")


def as_method(function: Callable[P, R]) -> Callable[Concatenate[Any, P], R]:
    """Return a function as a method that makes no use of its instance.

    It may be called on the class with None as instance, as scripts in the wild do.
    """

    @functools.wraps(function)
    def method(_: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    signature = inspect.signature(function)
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    method.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[this, *signature.parameters.values()]
    )
    return method


class Conversions:
    """The stateless members of the API."""

    _build_cvat_schema = as_method(schema.build_cvat_schema)
    _ensure_one_field_per_type = as_method(project_schema.ensure_one_field_per_type)
    _get_return_label_types = as_method(schema.get_return_label_types)
    _has_ignored_attributes = as_method(project_schema.has_ignored_attributes)
    _to_cvat_attributes = as_method(attribute_specs.to_cvat_attributes)

    _parse_label = as_method(label_attributes.parse_label)
    _create_classification_tags = as_method(tags.create_classification_tags)
    _create_scalar_tags = as_method(tags.create_scalar_tags)
    _create_detection_shapes = as_method(shapes.create_detection_shapes)
    _create_polyline_shapes = as_method(shapes.create_polyline_shapes)
    _create_segmentation_shapes = as_method(shapes.create_segmentation_shapes)
    _create_keypoint_shapes = as_method(shapes.create_keypoint_shapes)

    _add_shapes_to_tracks = as_method(tracks.add_shapes_to_tracks)
    _merge_tracks = as_method(tracks.merge_tracks)
    _finalize_track = as_method(tracks.finalize_track)
    _finalize_tracks = as_method(tracks.finalize_tracks)

    _add_label_to_results = as_method(nested_results.add_label_to_results)
    _convert_polylines = as_method(polylines_to_masks.convert_polylines)
    _convert_polylines_to_masks = as_method(
        polylines_to_masks.convert_polylines_to_masks
    )
    _get_ignored_types = as_method(nested_results.get_ignored_types)
    _get_segmentation_id = as_method(nested_results.get_segmentation_id)
    _merge_results = as_method(nested_results.merge_results)

    _create_server_id_map = as_method(server_ids.create_server_id_map)
    _filter_field_classes = as_method(server_ids.filter_field_classes)
    _remap_ids = as_method(server_ids.remap_ids)
    _remap_track_ids = as_method(server_ids.remap_track_ids)
