"""Names of classes and attributes to the server's ids, and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from fiftyone_cvat.convert.shared.texts import LABEL_ID
from fiftyone_cvat.types import AttributeValue, Json, Track

__all__ = [
    "AttributeIds",
    "ClassIds",
    "attribute_texts",
    "class_and_attribute_ids",
    "create_server_id_map",
    "filter_field_classes",
    "remap_ids",
    "remap_track_ids",
]

ClassIds = Mapping[Any, int]
"""CVAT class name to the server's id of the label.

The nodes of a skeleton are in it too, under ``(class name, node name)``.
"""

AttributeIds = Mapping[int, Mapping[str, int]]
"""The server's id of a label to the ids of its attributes by name."""


def class_and_attribute_ids(
    labels: Iterable[Json],
) -> tuple[dict[Any, int], dict[int, dict[str, int]]]:
    """Return the ids of labels by name, and of their attributes by label and name.

    Args:
        labels: labels as the server describes them
    """
    class_ids: dict[Any, int] = {}
    attribute_ids: dict[int, dict[str, int]] = {}
    for label in labels:
        class_ids[label["name"]] = label["id"]
        for node in label.get("sublabels") or []:
            class_ids[label["name"], node["name"]] = node["id"]
        attribute_ids[label["id"]] = {
            each["name"]: each["id"] for each in label["attributes"]
        }
    return class_ids, attribute_ids


def remap_ids(
    shapes_or_tags: list[Any], class_id_map: ClassIds, attr_id_map: AttributeIds
) -> list[Any]:
    """Replace names of classes and attributes by the server's ids, in place.

    Attributes that the server's label does not have are dropped.

    Args:
        shapes_or_tags: shapes or tags with names in ``label_id`` and ``spec_id``
        class_id_map: CVAT class name to the server's id of the label
        attr_id_map: the server's id of a label to the ids of its attributes by name

    Returns:
        the list
    """
    for each in shapes_or_tags:
        name = each["label_id"]
        each["label_id"] = class_id = class_id_map[name]
        for element in each.get("elements") or []:
            element["label_id"] = class_id_map[name, element["label_id"]]
        id_by_name = attr_id_map[class_id]
        each["attributes"] = _remapped(each["attributes"], id_by_name)
        for shape in each.get("shapes", ()):
            shape["attributes"] = _remapped(shape["attributes"], id_by_name)
    return shapes_or_tags


def remap_track_ids(
    tracks: list[Track], class_id_map: ClassIds, attr_id_map: AttributeIds
) -> list[Track]:
    """Replace names in tracks and in their shapes, as :func:`remap_ids` does."""
    return remap_ids(tracks, class_id_map, attr_id_map)


def create_server_id_map(
    anno_resp: Mapping[str, Any], attr_id_map: AttributeIds
) -> dict[str, dict[int, str]]:
    """Read which id the server gave to which label.

    Args:
        anno_resp: ``tags``, ``shapes`` and ``tracks`` as the server stored them
        attr_id_map: the server's id of a label to the ids of its attributes by name

    Returns:
        ``tags``, ``shapes`` and ``tracks``, each from the server's id of an
        annotation to the text of its attribute ``label_id``
    """
    server_ids: dict[str, dict[int, str]] = {}
    for kind in ("tags", "shapes", "tracks"):
        by_id = server_ids.setdefault(kind, {})
        for each in anno_resp.get(kind) or []:
            spec_id = attr_id_map.get(each["label_id"], {}).get(LABEL_ID)
            text = next(filter(None, attribute_texts(each, {spec_id})), None)
            if text is not None:
                by_id[each["id"]] = text
    return server_ids


def attribute_texts(
    annotation: Mapping[str, Any], spec_ids: Collection[int | None]
) -> Iterator[str]:
    """Yield the texts of some attributes of an annotation, and of a track's shapes.

    Args:
        annotation: a tag, shape or track with the server's ids
        spec_ids: the ids of the attributes
    """
    for each in (annotation, *(annotation.get("shapes") or [])):
        for attribute in each.get("attributes") or []:
            if attribute["spec_id"] in spec_ids:
                yield attribute["value"]


def filter_field_classes(
    tags: list[Any],
    shapes: list[Any],
    tracks: list[Any],
    _cvat_classes: Iterable[int],
) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the annotations whose label is one of the given.

    Args:
        tags: tags as the server sent them
        shapes: shapes, likewise
        tracks: tracks, likewise
        _cvat_classes: the server's ids of labels
    """
    wanted = set(_cvat_classes)
    kinds = (tags, shapes, tracks)
    kept = [[each for each in kind if each["label_id"] in wanted] for kind in kinds]
    return kept[0], kept[1], kept[2]


def _remapped(
    values: list[AttributeValue], id_by_name: Mapping[str, int]
) -> list[AttributeValue]:
    return [
        AttributeValue(spec_id=id_by_name[each["spec_id"]], value=each["value"])
        for each in values
        if each["spec_id"] in id_by_name
    ]
