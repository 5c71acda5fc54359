"""The options of a request in its form, as far as they suit the media."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import fiftyone.core.media as fom
from fiftyone.operators import types

from fiftyone_cvat.backend import CVATBackendConfig
from fiftyone_cvat.errors import CVATError

__all__ = ["add_options", "chosen_options"]

ALL = (fom.IMAGE, fom.VIDEO, fom.POINT_CLOUD, fom.THREE_D)
EDITS = {
    "allow_additions": "add labels",
    "allow_deletions": "delete labels",
    "allow_label_edits": "change classes",
    "allow_spatial_edits": "move and reshape labels",
    "allow_index_edits": "change tracks",
}


@dataclass(frozen=True, slots=True)
class Option:
    """A keyword of ``annotate`` in the form.

    Attributes:
        label: what it is called there
        kind: ``text``, ``texts``, ``number`` or ``truth``
        media: the kinds of media that it suits
        description: what is to be known of it
        default: what it is if nobody says otherwise
    """

    label: str
    kind: str = "text"
    media: tuple[str, ...] = ALL
    description: str | None = None
    default: Any = None


OPTIONS = {
    "task_name": Option("Name of the tasks"),
    "project_name": Option("Project", description="One of a new name is created"),
    "task_assignee": Option("Who gets the tasks", "texts"),
    "job_assignees": Option("Who gets the jobs, in turn", "texts"),
    "task_size": Option("Samples in a task, at most", "number", (fom.IMAGE, *ALL[2:])),
    "segment_size": Option("Frames in a job, at most", "number", (fom.IMAGE, *ALL[2:])),
    "image_quality": Option(
        "Quality of the images in CVAT, 0 to 100", "number", ALL[:2], default=75
    ),
    "frame_start": Option("First frame of the videos, from 0", "number", (fom.VIDEO,)),
    "frame_stop": Option("Last frame of the videos", "number", (fom.VIDEO,)),
    "frame_step": Option("Each which frame", "number", (fom.VIDEO,)),
    "chunk_size": Option("Frames in a chunk", "number", (fom.VIDEO,)),
    "occluded_attr": Option("Attribute that tells what is occluded", media=ALL[:2]),
    "group_id_attr": Option("Attribute with the numbers of groups"),
    "issue_tracker": Option("Address of an issue tracker"),
    "on_failure": Option(
        "Keep finished tasks if it is stopped, to go on later", "truth", default=True
    ),
}


def add_options(
    inputs: types.Object, media_type: str, params: Mapping[str, Any]
) -> bool:
    """Add the options to a form, with what is wrong beside each.

    Args:
        inputs: the form
        media_type: the kind of media of the request
        params: the values of the form so far

    Returns:
        whether all of them can work, as far as they tell by themselves
    """
    inputs.bool(
        "more", label="More options", default=False, view=types.SwitchView(space=12)
    )
    if not params.get("more"):
        return True
    options = types.Object()
    given = params.get("options") or {}
    is_right = True
    for name, option in OPTIONS.items():
        if media_type not in option.media:
            continue
        made = _add_option(options, name, option)
        fault = _fault(
            name, chosen_options({"more": True, "options": given}, media_type)
        )
        if fault:
            made.invalid, made.error_message = True, fault
            is_right = False
    inputs.define_property("options", options, view=types.ObjectView())
    edits = types.Object()
    for name, words in EDITS.items():
        if name == "allow_index_edits" and media_type != fom.VIDEO:
            continue
        edits.bool(name, default=True, label=f"Annotators may {words}")
    inputs.define_property("edits", edits, view=types.ObjectView())
    return is_right


def chosen_options(params: Mapping[str, Any], media_type: str) -> dict[str, Any]:
    """Return the keywords of ``annotate`` that a form says.

    Args:
        params: the values of the form
        media_type: the kind of media of the request
    """
    if not params.get("more"):
        return {"on_failure": "keep"}
    given = params.get("options") or {}
    chosen = {}
    for name, option in OPTIONS.items():
        value = given.get(name, option.default)
        if media_type in option.media and value not in (None, "", []):
            chosen[name] = value
    chosen["on_failure"] = "keep" if given.get("on_failure", True) else "rollback"
    edits = params.get("edits") or {}
    chosen |= {name: False for name in EDITS if edits.get(name) is False}
    return chosen


def _add_option(options: types.Object, name: str, option: Option) -> types.Property:
    more: dict[str, Any] = {"label": option.label, "description": option.description}
    if option.kind == "number":
        return options.int(name, default=option.default, **more)
    if option.kind == "truth":
        return options.bool(name, default=option.default, **more)
    if option.kind == "texts":
        view = types.AutocompleteView(allow_user_input=True, multiple=True)
        return options.list(name, types.String(), view=view, **more)
    return options.str(name, **more)


def _fault(name: str, chosen: Mapping[str, Any]) -> str | None:
    """Return what is wrong with an option by itself, or None."""
    if name not in chosen:
        return None
    try:
        CVATBackendConfig("cvat", {}, **{name: chosen[name]})
    except CVATError as error:
        return str(error)
    return None
