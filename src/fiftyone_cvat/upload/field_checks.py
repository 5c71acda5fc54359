"""Fields and attributes that could not be loaded are refused before they go up."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import fiftyone.core.fields as fof
import fiftyone.core.media as fom
from fiftyone.core.metadata import ImageMetadata
from fiftyone.core.odm import DynamicEmbeddedDocument

from fiftyone_cvat.convert.shared.attribute_names import (
    INDEX,
    LABEL_TYPES,
    TAGS,
    declared_type,
    is_attribute_name,
    unfit_attributes,
)
from fiftyone_cvat.convert.shared.texts import shorten
from fiftyone_cvat.convert.to_cvat.schema import classes_of
from fiftyone_cvat.dataset.field_annotations import has_tracks
from fiftyone_cvat.dataset.stored_labels import LIST_BY_TYPE
from fiftyone_cvat.errors import SchemaError
from fiftyone_cvat.types import GEOMETRY, RETURN_TYPES, LabelSchema

__all__ = [
    "check_attributes",
    "check_fields",
    "field_faults",
    "leave_out_attributes",
    "own_field",
]

logger = logging.getLogger(__name__)

_OF_SAMPLES = frozenset(
    (
        *("STRICT", "clean", "from_dict", "get_field", "get_field_schema"),
        *("media_reference", "set_field", "to_mongo"),
    )
)
"""Names that FiftyOne's samples cannot do without: with such a field none is read."""

_OF_CLIPS = ("sample_id", "support")
_OF_FRAMES = ("sample_id", "frame_number")
"""Fields that FiftyOne gives to clips and to a view of frames besides a sample's."""

_OF_APP = frozenset(("keyframe", "propagation"))
"""What FiftyOne's App, which names objects by instance, notes of how it made them."""

_PLACES = {
    "detections": ("bounding_box", "mask", *GEOMETRY),
    "polylines": ("points", "closed", "filled"),
    "keypoints": ("points",),
    "segmentation": ("mask",),
}
"""Kinds of label to what a load writes of their places."""


def check_attributes(
    label_schema: LabelSchema,
    occluded_attr: str | None = None,
    group_id_attr: str | None = None,
) -> None:
    """Refuse attributes that labels in FiftyOne cannot have.

    Args:
        label_schema: the run's label schema
        occluded_attr: the attribute that holds occlusion in every field, or None
        group_id_attr: the attribute that holds group ids in every field, or None

    Raises:
        SchemaError: if there are any; it lists them
    """
    given = {occluded_attr: {"type": "occluded"}, group_id_attr: {"type": "group_id"}}
    of_shapes = {name: each for name, each in given.items() if name is not None}
    for label_field, info in label_schema.items():
        names: list[str] = []
        wrong: dict[str, str] = {}
        of_classes = (each for _, each in classes_of(label_field, info))
        for attributes in (of_shapes, info.get("attributes") or {}, *of_classes):
            unfit, unheld = unfit_attributes(info.get("type"), attributes)
            names.extend(unfit)
            wrong |= unheld
        if names:
            raise SchemaError(
                f"Field '{label_field}': labels cannot have attributes named "
                f"{_listed(names)}: these are parts of labels, or no names for the "
                "database; rename them, or leave them out of `attributes`"
            )
        if wrong:
            needs = "; ".join(f"'{name}' holds {what}" for name, what in wrong.items())
            raise SchemaError(
                f"Field '{label_field}': the type or values of {_listed(wrong)} are "
                f"none that labels in FiftyOne can have ({needs}): change `type` and "
                "`values`, or rename the attributes"
            )


def leave_out_attributes(
    samples: Any, label_schema: LabelSchema, *, are_told: bool = True
) -> None:
    """Leave attributes in FiftyOne whose values are no text, in place, and tell it.

    Args:
        samples: the collection to annotate
        label_schema: the run's label schema
        are_told: whether a warning tells which
    """
    for label_field, info in label_schema.items():
        _leave_out_declared(samples, label_field, info)
        of_app = _leave_out_of_app(samples, label_field, info)
        is_of_detections = RETURN_TYPES.get(info.get("type") or "") == "detections"
        in_shapes = GEOMETRY if is_of_detections else ()
        unsent = sorted(
            name
            for name, each in (info.get("attributes") or {}).items()
            if not each.get("sent", True) and name not in in_shapes
        )
        of_tracks = _leave_out_index(samples, label_field, info)
        no_text = [each for each in unsent if is_attribute_name(each)]
        no_names = [each for each in unsent if each not in no_text]
        elsewhere = {*of_app}
        if has_tracks(samples, info.get("type") or ""):
            elsewhere.add("instance")  # it goes up as the track of its object
        no_text = [each for each in no_text if each not in elsewhere]
        for names, reason in (
            (of_app, "FiftyOne's App keeps them for itself"),
            (of_tracks, "in videos it is the track of a label, as which it goes up"),
            (no_text, "their values are no text"),
            (no_names, "they are named like parts of labels"),
        ):
            if names and are_told:
                logger.warning(
                    "Field '%s': attributes %s stay in FiftyOne: %s",
                    label_field,
                    _listed(names),
                    reason,
                )


def _leave_out_declared(samples: Any, label_field: Any, info: dict[str, Any]) -> None:
    """Leave out what the dataset declares as a list, an array, an id or the like.

    Ids look like text where FiftyOne looks for attributes.
    """
    kind = RETURN_TYPES.get(info.get("type") or "")
    if kind not in LABEL_TYPES or not info.get("existing_field"):
        return
    _, root = samples._get_label_field_path(label_field)
    of_classes = (each for _, each in classes_of(label_field, info))
    for attributes in (info.get("attributes") or {}, *of_classes):
        for name in attributes:
            is_place = name in GEOMETRY and kind == "detections"
            declared = declared_type(samples.get_field(f"{root}.{name}"))
            if declared is object and name != TAGS and not is_place:
                attributes[name] |= {"sent": False, "read_only": True}


def _leave_out_of_app(
    samples: Any, label_field: Any, info: dict[str, Any]
) -> list[str]:
    """Leave out what FiftyOne's App notes on labels that have an instance.

    Returns:
        the attributes that are left out
    """
    of_classes = (each for _, each in classes_of(label_field, info))
    places = [
        each
        for each in (info.get("attributes") or {}, *of_classes)
        if not _OF_APP.isdisjoint(each)
    ]
    kind = RETURN_TYPES.get(info.get("type") or "")
    if not places or kind not in LABEL_TYPES or not info.get("existing_field"):
        return []
    _, path = samples._get_label_field_path(label_field, "instance")
    if not samples.count(path):
        return []
    found: set[str] = set()
    for attributes in places:
        for name in _OF_APP.intersection(attributes):
            attributes[name] |= {"sent": False, "read_only": True}
            found.add(name)
    return sorted(found)


def _leave_out_index(samples: Any, label_field: Any, info: dict[str, Any]) -> list[str]:
    """Leave out the index of labels of videos: whoever types one makes no track.

    Returns:
        the attribute, if it is left out
    """
    of_classes = (each for _, each in classes_of(label_field, info))
    places = [
        each for each in (info.get("attributes") or {}, *of_classes) if INDEX in each
    ]
    if not places or not has_tracks(samples, info.get("type") or ""):
        return []
    for attributes in places:
        attributes[INDEX] |= {"sent": False, "read_only": True}
    return [INDEX]


def check_fields(
    samples: Any, label_schema: LabelSchema, media_field: str | None = None
) -> None:
    """Refuse fields that labels could not be loaded into.

    Args:
        samples: the collection to annotate
        label_schema: the run's label schema
        media_field: the field with the paths of its media

    Raises:
        SchemaError: if there is one
    """
    dataset = samples._root_dataset
    for label_field, info in label_schema.items():
        if label_field is None:
            continue
        path = label_field
        if samples._is_frames and not path.startswith(dataset._FRAMES_PREFIX):
            path = dataset._FRAMES_PREFIX + path
        faults = field_faults(samples, path, info)
        fault = next(faults, None)
        if fault is not None:
            raise SchemaError(
                f"Field '{shorten(label_field)}' cannot be annotated, since its labels "
                f"could not be loaded: {fault}"
            )
        if label_field == media_field:
            raise SchemaError(
                f"Field '{shorten(label_field)}' cannot be annotated: it has the paths "
                "of the media; name another `label_field`"
            )


def field_faults(samples: Any, path: str, info: Mapping[str, Any]) -> Iterator[str]:
    """Yield why labels cannot be loaded into a field.

    Args:
        samples: the collection to annotate
        path: the name of the field in the dataset
        info: what the run's label schema says of it, or of that whose labels they are
    """
    dataset = samples._root_dataset
    name, is_of_frames = dataset._handle_frame_field(path)
    prefix = dataset._FRAMES_PREFIX if is_of_frames else ""
    parts = name.split(".")
    parents = [".".join(parts[:end]) for end in range(1, len(parts))]
    for parent in parents:
        yield from _parent_faults(samples, prefix, parent)
    own = own_field(dataset, path, samples)
    if own is not None:
        yield (
            f"'{own}' is a field that FiftyOne itself fills; choose another, "
            "which need not exist yet"
        )
    if dataset.get_field(path) is None:
        yield from _name_faults(dataset, parts, is_of_frames=is_of_frames)
    for each in (*(prefix + parent for parent in parents), *_written(path, info)):
        field = dataset.get_field(each)
        if getattr(field, "read_only", False):
            yield (
                f"'{each}' is read-only; set its `read_only` to False, or annotate "
                "another field"
            )


def own_field(dataset: Any, path: str, run: Any = None) -> str | None:
    """Return the field that FiftyOne gives to each sample or frame, if a path is in it.

    A document of metadata may have fields of others beside those that FiftyOne fills.

    Args:
        dataset: the dataset
        path: the name of a field, with ``frames.`` for those of frames; also of a
            part of one, as ``metadata.width``
        run: the collection that is annotated, or the results of a run, which tell
            whether the labels are those of clips or of a view of frames; or None

    Returns:
        None if it is in none
    """
    name: str
    name, is_of_frames = dataset._handle_frame_field(path)
    name = name.removeprefix(dataset._FRAMES_PREFIX)
    own = [*dataset._get_default_sample_fields(), dataset.group_field]
    metadata = dataset.get_field("metadata").document_type
    if run is not None and run._is_frames:
        own += [*dataset._get_default_frame_fields(), *_OF_FRAMES]
        metadata = ImageMetadata
    elif is_of_frames:
        own = [*dataset._get_default_frame_fields()]
    elif run is not None and run._is_clips:
        own += _OF_CLIPS
    first, *parts = name.split(".")
    if first not in own:
        return None
    if first != "metadata" or not parts:
        return first
    # a dataset that declares no one kind of metadata, such as groups, may have any
    kinds = (metadata, *metadata.__subclasses__())
    is_declared = any(parts[0] in each._fields for each in kinds)
    return f"{first}.{parts[0]}" if is_declared else None


def _name_faults(
    dataset: Any, parts: list[str], *, is_of_frames: bool
) -> Iterator[str]:
    """Yield why a field of a name cannot be created."""
    rename = "; choose another name"
    for part in parts:
        if not part:
            yield f"a part of its name is empty{rename}"
        elif part != part.strip():
            yield f"white space is at an end of '{part}'{rename}"
        elif part.startswith("_") or "$" in part:
            yield f"names must not begin with '_' or contain '$'{rename}"
        elif "\0" in part:
            yield f"its name has a NUL character{rename}"
    reserved = {fom.VIDEO: "frames", fom.GROUP: "groups"}.get(dataset.media_type)
    if parts[0] in _OF_SAMPLES or (not is_of_frames and parts == [reserved]):
        yield f"'{parts[0]}' is a name that FiftyOne itself uses{rename}"


def _parent_faults(samples: Any, prefix: str, parent: str) -> Iterator[str]:
    """Yield why a field of a parent can hold no labels."""
    field = samples._root_dataset.get_field(prefix + parent)
    if field is None:
        hint = "; only videos have frames" if parent == "frames" else ""
        yield f"the dataset has no field '{prefix}{parent}'{hint}"
    elif isinstance(field, fof.ListField):
        yield f"'{parent}' is a list, whose elements have no fields of their own"
    elif not isinstance(field, fof.EmbeddedDocumentField):
        yield f"'{parent}' is a {type(field).__name__}, which holds no fields"
    elif not issubclass(DynamicEmbeddedDocument, field.document_type):
        # FiftyOne makes a document of no type of what is not there
        are_frames = bool(prefix) and not samples._is_frames
        total = samples.count("frames") if are_frames else len(samples)
        number = total - samples.count(prefix + parent if are_frames else parent)
        if number:
            what = "frames" if prefix else "samples"
            yield f"{number} {what} have no '{parent}' to put it in"


def _written(path: str, info: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields that a load writes."""
    yield path
    label_type = info.get("type")
    kind = RETURN_TYPES.get(label_type or "")
    if kind in (None, "scalar"):
        return
    root = path
    if label_type in LIST_BY_TYPE:
        root = f"{path}.{LIST_BY_TYPE[label_type]}"
        yield root
    if kind != "segmentation" and info.get("allow_label_edits", True):
        yield f"{root}.label"
    if info.get("allow_spatial_edits", True):
        yield from (f"{root}.{each}" for each in _PLACES.get(kind, ()))
    if info.get("allow_index_edits"):
        yield f"{root}.index"
    of_classes = (each for _, each in classes_of(path, info))
    for attributes in (info.get("attributes") or {}, *of_classes):
        for name, each in attributes.items():
            if each.get("sent", True) and not each.get("read_only", False):
                yield f"{root}.{name}"


def _listed(names: Any) -> str:
    return ", ".join(f"'{shorten(str(each))}'" for each in dict.fromkeys(names))
