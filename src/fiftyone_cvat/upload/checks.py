"""A run before anything is created: everything that can be checked is checked."""

from __future__ import annotations

import logging
from copy import deepcopy
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import fiftyone.core.media as fom

from fiftyone_cvat.convert.shared.skeletons import check_nodes
from fiftyone_cvat.convert.shared.texts import shorten, value_to_text
from fiftyone_cvat.convert.to_cvat.project_schema import (
    check_properties,
    labels_without_label_id,
    tell_fields_apart,
)
from fiftyone_cvat.convert.to_cvat.schema import build_cvat_schema
from fiftyone_cvat.dataset.media_paths import refuse_multimodal
from fiftyone_cvat.errors import ConfigurationError, SchemaError
from fiftyone_cvat.runs.arguments import one_of_words, web_address
from fiftyone_cvat.server.creations import MAX_NAME
from fiftyone_cvat.types import Json, LabelSchema
from fiftyone_cvat.upload.app_schemas import take_label_schemas
from fiftyone_cvat.upload.field_checks import (
    check_attributes,
    check_fields,
    leave_out_attributes,
)
from fiftyone_cvat.upload.media_checks import check_media, check_media_field
from fiftyone_cvat.upload.run_state import RunState
from fiftyone_cvat.upload.task_options import check_frames, listed

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["check_alone", "check_run", "prepare_run", "run_state"]

logger = logging.getLogger(__name__)

MAX_URL = 2000

SUPPORTED_MEDIA = (fom.IMAGE, fom.VIDEO, fom.POINT_CLOUD, fom.THREE_D)


def check_alone(samples: Any, config: Any) -> None:
    """Check all that can be checked without the server.

    Args:
        samples: the collection to annotate
        config: the run's :class:`CVATBackendConfig`, whose label schema gets what
            nobody gave

    Raises:
        ConfigurationError: if the configuration cannot work
        SchemaError: if a field cannot be annotated, or the label schema cannot be
            expressed in CVAT
        MediaError: if a sample names no media file, or if one is missing or of no kind
            that CVAT takes
    """
    if not len(samples):
        raise ConfigurationError(
            "There are no samples to annotate: the collection is empty"
        )
    refuse_multimodal(samples)
    if samples.media_type not in SUPPORTED_MEDIA:
        raise ConfigurationError(
            f"Collections of type '{samples.media_type}' cannot be annotated in "
            f"CVAT; select samples whose type is {one_of_words(SUPPORTED_MEDIA)}"
        )
    if samples.media_type == fom.THREE_D and config.media_field == "filepath":
        raise ConfigurationError(
            "CVAT takes point clouds (.pcd), not scenes: name the field that holds "
            "the paths of the point clouds as `media_field`"
        )
    if not config.url:
        raise ConfigurationError(
            "No CVAT server: give its address as `url`, or set "
            f"FIFTYONE_{(config.name or 'cvat').upper()}_URL"
        )
    _check_texts(config)
    check_frames(samples, config)
    check_media_field(samples, config.media_field)
    check_fields(samples, config.label_schema, config.media_field)
    if config.project_id is None and config.project_name is None:
        _check_schema(samples, config)
    check_media(samples, config.media_field)
    config._is_checked = True


def check_run(api: CVATAnnotationAPI, samples: Any, config: Any) -> None:
    """Check all that can be checked without the label schema.

    Args:
        api: the session
        samples: the collection to annotate
        config: the run's :class:`CVATBackendConfig`

    Raises:
        ConfigurationError: if the configuration cannot work, or CVAT has no such user
        SchemaError: if a field cannot be annotated
        MediaError: if a media file is missing or of no kind that CVAT takes
    """
    if not vars(config).pop("_is_checked", False):
        check_alone(samples, config)  # whoever calls the API alone has not done so
        del config._is_checked
    names = [*listed(config.task_assignee), *listed(config.job_assignees)]
    usernames = {each for each in names if each is not None}
    with api._told_of_users(usernames):
        unknown = [each for each in usernames if api.get_user_id(each) is None]
    if unknown:
        raise ConfigurationError(
            f"CVAT at {api.base_url} has no user {', '.join(sorted(unknown))} "
            "that you may see: check `task_assignee` and `job_assignees`, and the "
            "`organization`"
        )
    api._parse_reviewers(config.job_reviewers)
    config.job_reviewers = None  # said once, not for every task


def _check_schema(samples: Any, config: Any) -> None:
    """Refuse a label schema that no new project or task of CVAT could have."""
    label_schema = config.label_schema
    if None in label_schema:
        raise SchemaError(
            "Without an existing project a run needs a `label_schema` or a "
            "`label_field`"
        )
    take_label_schemas(samples, config)
    given = (config.occluded_attr, config.group_id_attr)
    check_attributes(label_schema, *given)
    copy = deepcopy(label_schema)
    leave_out_attributes(samples, copy, are_told=False)
    _complete(samples, copy)
    _check_skeletons(copy)
    build_cvat_schema(copy, *given)


def _complete(samples: Any, label_schema: LabelSchema) -> None:
    """Settle what FiftyOne has left open in a label schema, in place."""
    _drop_empty_classes(label_schema)
    _add_skeletons(samples, label_schema)
    _spell_out_scalars(label_schema)


def _check_texts(config: Any) -> None:
    """Check the texts that tasks and projects get."""
    texts = [
        ("project_name", config.project_name, MAX_NAME),
        ("task_name", config.task_name, MAX_NAME),
    ]
    trackers = listed(config.issue_tracker)
    for each in trackers:
        web_address("issue_tracker", each)
    texts += [("issue_tracker", each, MAX_URL) for each in trackers]
    for name, text, most in texts:
        # CVAT takes white space off the ends of texts
        length = 0 if text is None else len(str(text).strip())
        if length > most:
            raise ConfigurationError(
                f"`{name}` '{shorten(str(text))}' has {length} characters; CVAT "
                f"takes {most}: shorten it"
            )


def prepare_run(api: CVATAnnotationAPI, samples: Any, config: Any) -> RunState:
    """Settle the project and the schema of a run, without creating anything.

    Args:
        api: the session
        samples: the collection to annotate
        config: the run's :class:`CVATBackendConfig`, whose label schema is completed

    Raises:
        SchemaError: if the label schema cannot be expressed in CVAT
        ConfigurationError: if there is no such project
    """
    name, project_id = api._parse_project_details(
        config.project_name, config.project_id
    )
    if project_id is None:
        take_label_schemas(samples, config)
    label_schema = config.label_schema
    if project_id is None and None in label_schema:
        raise SchemaError(
            "Without an existing project a run needs a `label_schema` or a "
            "`label_field`"
        )
    # a project brings its own attributes: what labels cannot have of them is left out
    schema = label_schema
    if project_id is not None:
        schema = {
            name: {"type": info.get("type")} for name, info in label_schema.items()
        }
    check_attributes(schema, config.occluded_attr, config.group_id_attr)
    lacking: list[Json] = []
    if project_id is not None:
        lacking = labels_without_label_id(
            _check_project_schema(api, config, project_id)
        )
    else:
        leave_out_attributes(samples, label_schema)
    _complete(samples, label_schema)
    if project_id is None:
        _check_skeletons(label_schema)
    # a run that is refused leaves the project as it is
    run = run_state(api, config, project_id, update_server=False)
    run.labels_without_id = lacking
    run.new_project_name = name if project_id is None else None
    for label_field in label_schema:
        run.before.id_map[label_field] = {}
        run.before.labels_task_map[label_field] = []
    return run


def run_state(
    api: CVATAnnotationAPI,
    config: Any,
    project_id: int | None,
    *,
    update_server: bool = True,
) -> RunState:
    """Return a run that has its schema and nothing on the server yet.

    Args:
        api: the session
        config: the run's :class:`CVATBackendConfig`, whose label schema is completed
        project_id: the existing project that it goes to, or None
        update_server: whether labels of the project get the attribute ``label_id``
    """
    attributes = {
        "occluded_attr": config.occluded_attr,
        "group_id_attr": config.group_id_attr,
    }
    if project_id is None or update_server:
        parts = api._get_cvat_schema(
            config.label_schema, project_id=project_id, **attributes
        )
    else:
        parts = api._convert_cvat_schema(
            config.label_schema,
            project_id=project_id,
            update_server=False,
            **attributes,
        )
    schema, scalars, occluded, group_ids, _ = parts
    return RunState(
        schema, scalars, occluded, group_ids, project_id, config.label_schema
    )


def _check_project_schema(
    api: CVATAnnotationAPI, config: Any, project_id: int
) -> list[Json]:
    """Check what an existing project's own labels make impossible; return these."""
    label_schema: LabelSchema = config.label_schema
    if api._has_ignored_attributes(label_schema):
        check_properties(label_schema, config.occluded_attr, config.group_id_attr)
    labels = api._get_project_labels(project_id)
    tell_fields_apart(label_schema, labels)
    for each in api._ensure_one_field_per_type(label_schema):
        logger.warning(
            "Field '%s' is left out: its classes in this project do not tell it "
            "from another field of the same type",
            each,
        )
    return labels


def _drop_empty_classes(label_schema: LabelSchema) -> None:
    """Take "" out of the classes of fields that have labels, in place.

    FiftyOne lists it where a label has no class yet; such labels stay where they are.
    """
    for info in label_schema.values():
        if not info.get("existing_field") or info.get("type") == "scalar":
            continue
        classes = []
        for each in info.get("classes") or []:
            if isinstance(each, dict):
                named = [name for name in each["classes"] if name != ""]
                each = each | {"classes": named}  # noqa: PLW2901
            if each != "":
                classes.append(each)
        if classes:
            info["classes"] = classes


def _spell_out_scalars(label_schema: LabelSchema) -> None:
    """Make classes that are numbers or truth values text, in place.

    FiftyOne takes what is no text for a dict of classes when labels are loaded.
    """
    for info in label_schema.values():
        if info.get("type") == "scalar" and info.get("classes"):
            info["classes"] = [
                each if isinstance(each, dict) else value_to_text(each)
                for each in info["classes"]
            ]


def _add_skeletons(samples: Any, label_schema: LabelSchema) -> None:
    """Add the dataset's skeletons to the fields of keypoints, in place."""
    for name, info in label_schema.items():
        if info.get("type") not in ("keypoint", "keypoints"):
            continue
        skeleton = samples.skeletons.get(name) or samples.default_skeleton
        if skeleton is not None:
            edges = [list(pair) for line in skeleton.edges for pair in pairwise(line)]
            count = 1 + max((node for pair in edges for node in pair), default=-1)
            labels = skeleton.labels or [str(node + 1) for node in range(count)]
            info["skeleton"] = {"labels": list(labels), "edges": edges}


def _check_skeletons(label_schema: LabelSchema) -> None:
    """Refuse skeletons whose nodes CVAT could not tell apart, or would rename."""
    for name, info in label_schema.items():
        if info.get("skeleton"):
            labels, edges = info["skeleton"]["labels"], info["skeleton"]["edges"]
            try:
                check_nodes(str(name), labels, edges)
            except SchemaError as error:
                raise SchemaError(
                    f"Field '{name}': {error}. Nodes are named in the dataset's "
                    "`skeletons` or `default_skeleton`"
                ) from error
