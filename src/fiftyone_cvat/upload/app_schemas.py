"""What a run takes from the label schemas of FiftyOne's App, where nothing is given."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fiftyone_cvat.convert.shared.attribute_names import (
    is_attribute_name,
    unfit_attributes,
)
from fiftyone_cvat.convert.shared.texts import shorten
from fiftyone_cvat.convert.to_cvat.app_attributes import app_attribute, is_choice
from fiftyone_cvat.dataset.field_annotations import has_tracks
from fiftyone_cvat.dataset.label_schemas import label_schema_of
from fiftyone_cvat.upload.given_schema import GivenSchema

__all__ = ["take_label_schemas"]

logger = logging.getLogger(__name__)

EDITS = ("label", "index", "spatial")
"""What of labels FiftyOne may be told to leave as it is."""

VALUE = "value"
"""The attribute of a tag in CVAT that is a scalar."""


def take_label_schemas(samples: Any, config: Any) -> None:
    """Take classes and attributes that nobody gave from the dataset's label schemas.

    What is given goes before. Classes that labels have, and the label schema lacks, are
    offered, too: such labels would not be shown. ``read_only`` is shown in CVAT, and
    edits of it are not loaded. All this is done once: the next call changes nothing.

    Args:
        samples: the collection to annotate
        config: the run's :class:`CVATBackendConfig`, whose label schema is changed
    """
    given, config.given_schema = config.given_schema, None
    if given is None:
        return
    for label_field, info in config.label_schema.items():
        if label_field is not None and info.get("existing_field"):
            _take_field(samples, label_field, info, given)


def _take_field(
    samples: Any, label_field: Any, info: dict[str, Any], given: GivenSchema
) -> None:
    """Take classes and attributes of a field that nobody gave, in place."""
    needs_classes = not given.gives_classes(label_field)
    needs_attributes = not given.gives_attributes(label_field)
    found = label_schema_of(samples, label_field)
    if not found or not (needs_classes or needs_attributes):
        return
    if info["type"] == "scalar" and needs_classes:
        _take_scalar(label_field, info, found)
    if info["type"] in ("scalar", "segmentation"):
        return
    if needs_classes:
        _take_classes(label_field, info, found)
    if needs_attributes and found.get("attributes") is not None:
        info["attributes"] = _attributes(samples, label_field, info, found)
    if found.get("read_only"):
        _keep_all(label_field, info)


def _take_classes(
    label_field: Any, info: dict[str, Any], found: Mapping[str, Any]
) -> None:
    """Put the classes of a label schema before those that labels have, in place."""
    classes = [str(each) for each in found.get("classes") or ()]
    others = [each for each in info["classes"] if each not in classes]
    if classes:
        info["classes"] = [*classes, *others]
    if classes and others:
        logger.warning(
            "Field '%s': classes %s are on labels, and not in the dataset's label "
            "schema; they are annotated, too",
            label_field,
            ", ".join(f"'{shorten(str(each))}'" for each in others),
        )


def _attributes(
    samples: Any, label_field: Any, info: Mapping[str, Any], found: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the attributes of a label schema as those of a run."""
    _, root = samples._get_label_field_path(label_field)
    attributes: dict[str, dict[str, Any]] = {}
    for settings in found["attributes"]:
        name = settings["name"]
        # which frames are key frames of a track is nothing to be typed
        of_track = name == "keyframe" and has_tracks(samples, info["type"])
        if of_track or not is_attribute_name(name):
            continue
        field = samples.get_field(f"{root}.{name}")
        is_read_only = found.get("read_only") or getattr(field, "read_only", False)
        more = {"read_only": True} if is_read_only else {}
        attributes[name] = app_attribute(name, {**settings, **more})
        _tell_text(label_field, name, settings, attributes[name])
    _, unheld = unfit_attributes(info["type"], attributes)
    for name in unheld:
        attributes[name] |= {"sent": False, "read_only": True}
    return attributes


def _take_scalar(
    label_field: Any, info: dict[str, Any], found: Mapping[str, Any]
) -> None:
    """Let the value of a scalar be chosen as in the App, in place."""
    tool = app_attribute(VALUE, {**found, "read_only": False})
    if tool["type"] != "text" or "default" in tool:
        info["attributes"] = {VALUE: tool}
    _tell_text(label_field, VALUE, found, tool)
    if found.get("read_only"):
        _keep_all(label_field, info)
        info["read_only"] = True


def _keep_all(label_field: Any, info: dict[str, Any]) -> None:
    """Let no edit of a field be loaded, in place."""
    for name in ("allow_additions", "allow_deletions"):
        info[name] = False
    info |= {f"allow_{part}_edits": False for part in EDITS}
    logger.warning(
        "Field '%s' is `read_only` in the dataset's label schema: it is shown in CVAT, "
        "and nothing of it will be loaded; give `classes` and `attributes`, or change "
        "the label schema, to annotate it",
        label_field,
    )


def _tell_text(
    label_field: Any, name: str, settings: Mapping[str, Any], tool: Mapping[str, Any]
) -> None:
    """Warn of choices that CVAT does not take."""
    if is_choice(settings) and tool["type"] == "text":
        logger.warning(
            "Field '%s': attribute '%s' is typed as text in CVAT, which does not take "
            "the %d values of the dataset's label schema: one is too long, or all are",
            label_field,
            name,
            len(settings["values"]),
        )
