"""The documented class: every name, signature and docstring, and no stub behind them.

The tables below are the documentation of ``fiftyone.utils.cvat.CVATAnnotationAPI``.
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from pathlib import Path
from unittest import mock

import fiftyone.core.labels as fol
import fiftyone.utils.cvat
import pytest

from fiftyone_cvat import CVATAnnotationAPI
from fiftyone_cvat.api.conversions import Conversions
from tests import builders

PUBLIC = {
    "__init__": (
        "self, name, url, username=None, email=None, password=None, headers=None, "
        "organization=None"
    ),
    "base_job_url": "self, task_id, job_id",
    "base_task_url": "self, task_id",
    "close": "self",
    "create_project": "self, name, schema=None",
    "create_task": (
        "self, name, schema=None, segment_size=None, image_quality=75, "
        "task_assignee=None, project_id=None, issue_tracker=None"
    ),
    "delete": "self, url, **kwargs",
    "delete_project": "self, project_id",
    "delete_projects": "self, project_ids, progress=None",
    "delete_task": "self, task_id",
    "delete_tasks": "self, task_ids, progress=None",
    "download_annotations": "self, results",
    "get": "self, url, **kwargs",
    "get_empty_projects": "self, project_ids",
    "get_project_id": "self, project_name",
    "get_project_name": "self, project_id",
    "get_project_tasks": "self, project_id",
    "get_user_id": "self, username",
    "job_annotation_url": "self, job_id",
    "job_url": "self, task_id, job_id",
    "jobs_url": "self, task_id",
    "labels_url": "self, task_id",
    "launch_editor": "self, url=None",
    "list_projects": "self",
    "list_tasks": "self",
    "patch": "self, url, **kwargs",
    "post": "self, url, **kwargs",
    "project_exists": "self, project_id",
    "project_id_search_url": "self, project_id",
    "project_search_url": "self, project_name",
    "project_url": "self, project_id",
    "projects_page_url": "self, page_number",
    "put": "self, url, **kwargs",
    "task_annotation_formatted_url": (
        'self, task_id, anno_filepath, anno_format="CVAT 1.1"'
    ),
    "task_annotation_url": "self, task_id",
    "task_data_download_url": (
        'self, task_id, frame_id, data_type="frame", quality="original"'
    ),
    "task_data_meta_url": "self, task_id",
    "task_data_url": "self, task_id",
    "task_exists": "self, task_id",
    "task_id_search_url": "self, task_id",
    "task_status_url": "self, task_id",
    "task_url": "self, task_id",
    "taskless_job_url": "self, job_id",
    "tasks_page_url": "self, page_number",
    "upload_data": (
        "self, task_id, paths, image_quality=75, use_cache=True, "
        "use_zip_chunks=True, chunk_size=None, job_assignees=None, "
        "job_reviewers=None, frame_start=None, frame_stop=None, frame_step=None"
    ),
    "upload_samples": "self, samples, anno_key, backend",
    "user_search_url": "self, username",
}

UNDERSCORE = {
    "__enter__": "self",
    "__exit__": "self, *args",
    "_add_label_to_results": "self, results, label_type, label, seg_id=None",
    "_add_organization": "self",
    "_add_project_label_ids": "self, project_id, labels",
    "_add_referer": "self",
    "_add_shapes_to_tracks": (
        "self, tracks, shapes, class_name, index, frame_id, immutable_attrs, "
        "keyframe, group_id=0"
    ),
    "_build_cvat_schema": "self, label_schema, occluded_attr=None, group_id_attr=None",
    "_build_frame_id_map": "self, samples",
    "_compute_expected_frames": "self, samples, frame_start, frame_stop, frame_step",
    "_convert_cvat_schema": (
        "self, label_schema, project_id=None, task_id=None, occluded_attr=None, "
        "group_id_attr=None, update_server=True"
    ),
    "_convert_polylines": "self, label_id, label, label_info, frame_size",
    "_convert_polylines_to_masks": "self, results, label_info, frames_metadata",
    "_create_classification_tags": (
        "self, classifications, cvat_schema, label_field, frame_id, frame_size, "
        "label_type=None"
    ),
    "_create_detection_shapes": (
        "self, detections, cvat_schema, label_field, frame_id, frame_size, "
        "label_type=None, label_id=None, load_tracks=False, occluded_attrs=None, "
        "group_id_attrs=None"
    ),
    "_create_keypoint_shapes": (
        "self, keypoints, cvat_schema, label_field, frame_id, frame_size, "
        "label_type=None, load_tracks=False, occluded_attrs=None, "
        "group_id_attrs=None"
    ),
    "_create_polyline_shapes": (
        "self, polylines, cvat_schema, label_field, frame_id, frame_size, "
        "label_type=None, load_tracks=False, occluded_attrs=None, "
        "group_id_attrs=None"
    ),
    "_create_scalar_tags": (
        "self, label, cvat_schema, label_field, frame_id, frame_size, "
        "label_type=None, assign_scalar_attrs=False"
    ),
    "_create_segmentation_shapes": (
        "self, segmentation, cvat_schema, label_field, frame_id, frame_size, "
        "label_type=None, mask_targets=None"
    ),
    "_create_server_id_map": "self, anno_resp, attr_id_map",
    "_create_shapes_tags_tracks": (
        "self, samples, label_field, label_info, cvat_schema, frame_start, "
        "frame_stop, frame_step, assign_scalar_attrs=False, load_tracks=False, "
        "only_keyframes=False, occluded_attrs=None, group_id_attrs=None"
    ),
    "_create_task_upload_data": (
        "self, config, idx, task_name, cvat_schema, project_id, samples_batch, "
        "task_ids, job_ids, frame_id_map, frame_start, frame_stop, frame_step"
    ),
    "_ensure_one_field_per_type": "self, label_schema, verbose=True",
    "_filter_field_classes": "self, tags, shapes, tracks, _cvat_classes",
    "_finalize_track": "self, track, frame_count, only_keyframes",
    "_finalize_tracks": "self, tracks, frame_count, only_keyframes",
    "_get_attr_class_maps": "self, task_id",
    "_get_batch_size": "self, samples, task_size",
    "_get_cvat_schema": (
        "self, label_schema, project_id=None, occluded_attr=None, group_id_attr=None"
    ),
    "_get_ignored_types": "self, project_id, label_types, label_type, is_last_field",
    "_get_job_ids": "self, task_id",
    "_get_label_schema": (
        "self, project_id=None, task_id=None, occluded_attr=None, group_id_attr=None"
    ),
    "_get_paginated_results": "self, base_url, get_page_url=None, value=None",
    "_get_project_labels": "self, project_id",
    "_get_return_label_types": "self, label_schema, label_fields",
    "_get_segmentation_id": "self, id_map, sample_id, frame_id",
    "_get_task_id_labels_json": "self, task_json",
    "_get_task_labels": "self, task_id",
    "_get_value_from_search": "self, search_url_fcn, target, target_key, value_key",
    "_get_value_update_map": "self, name, id_map, result_name, search_url_fcn",
    "_has_ignored_attributes": "self, label_schema",
    "_is_empty_project": "self, project_id",
    "_login": "self, username, password, email=None",
    "_make_request": "self, request_method, url, print_error_info=True, **kwargs",
    "_merge_results": "self, results, new_results",
    "_merge_tracks": "self, tracks, new_tracks",
    "_parse_annotation": (
        "self, anno, results, anno_type, prev_type, frame_id_map, "
        "expected_label_type, id_map, server_id_map, class_map, attr_id_map, "
        "frames, ignore_types, assigned_scalar_attrs=False, track_index=None, "
        "track_group_id=None, immutable_attrs=None, occluded_attrs=None, "
        "group_id_attrs=None"
    ),
    "_parse_arg": "self, arg, config_arg",
    "_parse_label": (
        "self, label, cvat_schema, label_field, label_id=None, "
        "occluded_attrs=None, group_id_attrs=None"
    ),
    "_parse_local_files": "self, paths",
    "_parse_project_details": "self, project_name, project_id",
    "_parse_reviewers": "self, job_reviewers",
    "_parse_shapes_tags": (
        "self, anno_type, annos, frame_id_map, label_type, id_map, server_id_map, "
        "class_map, attr_id_map, frames, ignore_types, frame_stop, frame_step, "
        "assigned_scalar_attrs=False, track_index=None, track_group_id=None, "
        "immutable_attrs=None, occluded_attrs=None, group_id_attrs=None"
    ),
    "_prompt_api_key": "self, backend",
    "_prompt_username_password": "self, backend, username=None, password=None",
    "_remap_ids": "self, shapes_or_tags, class_id_map, attr_id_map",
    "_remap_track_ids": "self, tracks, class_id_map, attr_id_map",
    "_setup": "self",
    "_to_cvat_attributes": "self, attributes",
    "_update_shapes_tags_tracks": (
        "self, tags, shapes, tracks, id_map, label_type, samples_batch, "
        "label_field, label_info, cvat_schema, frame_start, frame_stop, "
        "frame_step, assign_scalar_attrs, only_keyframes, occluded_attrs, "
        "group_id_attrs"
    ),
    "_upload_annotations": (
        "self, anno_shapes, anno_tags, anno_tracks, class_id_map, attr_id_map, task_id"
    ),
    "_validate": "self, response, kwargs",
    "_verify_uploaded_frames": (
        "self, task_id, samples, frame_start, frame_stop, frame_step"
    ),
}

PROPERTIES = [
    "about_url",
    "assignee_key",
    "base_api_url",
    "base_url",
    "login_url",
    "projects_url",
    "server_version",
    "tasks_url",
    "users_url",
]

FROM_FIFTYONE = {
    "__enter__",
    "__exit__",
    "_prompt_api_key",
    "_prompt_username_password",
}
MEMBERS = PUBLIC | UNDERSCORE

STATELESS = sorted(
    name for name, member in vars(Conversions).items() if hasattr(member, "__wrapped__")
)
"""What ``as_method`` publishes."""

SCHEMA = builders.cvat_schema()
FIELD = ("field", 3, (100, 50))
CALLS = {
    "_add_label_to_results": ({}, "detections", builders.detection()),
    "_add_shapes_to_tracks": ({}, [], "cat", 1, 0, [], False),
    "_build_cvat_schema": ({"field": {"type": "detections", "classes": ["cat"]}},),
    "_convert_polylines": ("id", builders.detection(), {}, (100, 50)),
    "_convert_polylines_to_masks": ({}, {}, {}),
    "_create_classification_tags": ([builders.classification()], SCHEMA, *FIELD),
    "_create_detection_shapes": ([builders.detection()], SCHEMA, *FIELD),
    "_create_keypoint_shapes": ([builders.keypoint()], SCHEMA, *FIELD),
    "_create_polyline_shapes": ([builders.polyline()], SCHEMA, *FIELD),
    "_create_scalar_tags": ("cat", SCHEMA, *FIELD),
    "_create_segmentation_shapes": (
        builders.segmentation(),
        SCHEMA,
        *FIELD,
        "segmentation",
        {1: "cat"},
    ),
    "_create_server_id_map": ({"tags": [], "shapes": [], "tracks": []}, {}),
    "_ensure_one_field_per_type": ({"a": {"type": "scalar"}},),
    "_filter_field_classes": ([{"label_id": 1}], [], [], [1]),
    "_finalize_track": (builders.cvat_track(builders.track_shape()), 5, True),
    "_finalize_tracks": ({"cat": {1: builders.cvat_track()}}, 5, False),
    "_get_ignored_types": (1, ["detections", "keypoints"], "detections", True),
    "_get_return_label_types": ({"a": {"type": "instance"}}, ["a"]),
    "_get_segmentation_id": ({"sample": "label"}, "sample", None),
    "_has_ignored_attributes": ({"a": {"attributes": {}}},),
    "_merge_results": ({"a": 1}, {"b": 2}),
    "_merge_tracks": ({}, {}),
    "_parse_label": (builders.detection(), SCHEMA, "field"),
    "_remap_ids": ([builders.cvat_tag()], {"cat": 1}, {1: {"label_id": 2}}),
    "_remap_track_ids": ([builders.cvat_track()], {"cat": 1}, {1: {}}),
    "_to_cvat_attributes": ({"color": {"type": "text"}},),
}


class Offline(CVATAnnotationAPI):
    """The class without its connection."""

    def _setup(self):
        pass


def documented(text):
    return inspect.signature(eval(f"lambda {text}: None")).parameters.values()


def described(parameters):
    return [(each.name, each.kind, each.default) for each in parameters]


@pytest.mark.parametrize("name", MEMBERS)
def test_member_takes_the_documented_arguments(name):
    member = getattr(CVATAnnotationAPI, name)
    wanted = list(documented(MEMBERS[name]))
    taken = list(inspect.signature(member).parameters.values())
    ends_in_keywords = wanted[-1].kind is inspect.Parameter.VAR_KEYWORD
    same, more = taken[: len(wanted)], taken[len(wanted) :]

    assert described(same) == described(wanted)
    assert not more or not ends_in_keywords
    for each in more:
        assert each.default is not inspect.Parameter.empty, f"{each} is not optional"


NEWER = {
    "download_annotations": ("coerce_text_attrs",),
    "_parse_annotation": ("attr_type_map", "skeleton_map"),
    "_parse_shapes_tags": ("attr_type_map", "skeleton_map"),
}
"""Keywords that later releases of FiftyOne have added to documented members."""


@pytest.mark.parametrize("name", NEWER)
def test_keywords_of_newer_releases_are_taken(name):
    taken = inspect.signature(getattr(CVATAnnotationAPI, name)).parameters
    for each in NEWER[name]:
        assert taken[each].default is None


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_no_keyword_of_the_installed_release_is_refused(name):
    built_in = getattr(fiftyone.utils.cvat.CVATAnnotationAPI, name)
    known = inspect.signature(built_in).parameters
    taken = inspect.signature(getattr(CVATAnnotationAPI, name)).parameters
    assert known.keys() - taken.keys() == set()


@pytest.mark.parametrize("name", sorted(MEMBERS.keys() - FROM_FIFTYONE - {"__init__"}))
def test_member_is_documented(name):
    text = inspect.getdoc(getattr(CVATAnnotationAPI, name)) or ""
    assert text.partition("\n")[0].strip()


@pytest.mark.parametrize("name", PROPERTIES)
def test_property_is_documented_and_needs_no_connection(name):
    member = getattr(CVATAnnotationAPI, name)
    assert isinstance(member, property)
    assert (member.__doc__ or "").partition("\n")[0].strip()
    getattr(Offline("cvat", "http://cvat.example.com"), name)


def test_class_is_documented():
    text = inspect.getdoc(CVATAnnotationAPI)
    assert text.startswith(
        "A class to facilitate connection to and management of tasks in CVAT."
    )
    names = ["name", "url", "username", "email", "password", "headers", "organization"]
    assert all(f"    {name}: " in text for name in names)


@pytest.mark.parametrize("name", sorted(MEMBERS.keys() - FROM_FIFTYONE) + PROPERTIES)
def test_no_member_is_a_stub(name):
    member = inspect.getattr_static(CVATAnnotationAPI, name)
    function = inspect.unwrap(getattr(member, "fget", member))
    source = textwrap.dedent(inspect.getsource(function))
    body = ast.parse(source).body[0].body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    doing = [each for each in body if not is_stub(each)]
    assert doing, f"{name} does nothing"


def is_stub(statement):
    if isinstance(statement, ast.Pass):
        return True
    if isinstance(statement, ast.Raise):
        return "NotImplemented" in ast.dump(statement)
    value = getattr(statement, "value", None)
    return isinstance(statement, ast.Expr) and isinstance(value, ast.Constant)


def test_each_member_is_called_by_a_test():
    called = set(CALLS)  # below
    for path in Path(__file__).parent.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                # one verb is handed to another: api._make_request(session.get, ...)
                called |= {
                    each.attr
                    for each in (node.func, *node.args)
                    if isinstance(each, ast.Attribute)
                }
    # URLs are asked for by a table of their names
    urls = {name for name in PUBLIC if name.endswith("_url")}
    assert sorted(MEMBERS.keys() - called - urls - FROM_FIFTYONE - {"__init__"}) == []


def test_instance_variables():
    api = Offline(
        "name",
        "https://cvat.example.com/",
        username="user",
        email="e@mail",
        password="secret",
        headers={"X": "y"},
        organization="org",
    )
    known = {
        "_name": "name",
        "_url": "https://cvat.example.com",
        "_username": "user",
        "_email": "e@mail",
        "_password": "secret",
        "_headers": {"X": "y"},
        "_organization": "org",
        "_project_id_map": {},
        "_user_id_map": {},
        "_server_version": None,
    }
    assert {name: getattr(api, name) for name in known} == known
    assert hasattr(api, "_session")
    assert "secret" not in repr(api)


def test_every_stateless_member_has_an_example():
    assert sorted(CALLS) == STATELESS
    assert set(STATELESS) <= set(UNDERSCORE)


@pytest.mark.parametrize("name", CALLS)
def test_stateless_member_may_be_called_with_none_as_instance(name):
    member = getattr(CVATAnnotationAPI, name)
    unbound = call(functools.partial(member, None), *CALLS[name])
    bound = call(getattr(Offline("cvat", "http://localhost"), name), *CALLS[name])
    plain = call(inspect.unwrap(member), *CALLS[name])

    assert unbound == bound == plain


def call(function, *arguments):
    """Call with copies; return the result and what became of the arguments."""
    copies = [copied(each) for each in arguments]
    return comparable([function(*copies), copies])


def copied(value):
    if isinstance(value, fol.Label):
        made = value.copy()
        made.id = value.id
        return made
    if isinstance(value, list):
        return [copied(each) for each in value]
    if isinstance(value, dict) and type(value) is dict:
        return {key: copied(each) for key, each in value.items()}
    return value


def comparable(value):
    if isinstance(value, fol.Label):
        return value.to_dict()
    if isinstance(value, (list, tuple)):
        return [comparable(each) for each in value]
    if type(value) is dict:
        return {key: comparable(each) for key, each in value.items()}
    return value


@pytest.mark.parametrize("name", STATELESS)
def test_stateless_member_may_be_patched(name):
    arguments = CALLS[name]
    with mock.patch.object(Offline, name, autospec=True) as patched:
        getattr(Offline("cvat", "http://localhost"), name)(*arguments)
    patched.assert_called_once()
    assert patched.call_args.args[1:] == arguments


@pytest.mark.parametrize("name", STATELESS)
def test_stateless_member_shows_itself(name):
    member = getattr(CVATAnnotationAPI, name)
    function = inspect.unwrap(member)
    assert inspect.getdoc(member) == inspect.getdoc(function)
    assert [*inspect.signature(member).parameters][1:] == [
        *inspect.signature(function).parameters
    ]
