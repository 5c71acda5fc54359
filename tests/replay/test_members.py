"""Documented underscore members that need a server or a dataset, called directly."""

from __future__ import annotations

import logging

import fiftyone as fo
import pytest
from packaging.version import Version

from fiftyone_cvat.backend import CVATBackend, CVATBackendConfig
from fiftyone_cvat.errors import (
    AuthenticationError,
    ConfigurationError,
    MediaError,
    NotFoundError,
    OrganizationError,
    UploadError,
)
from tests import media
from tests.replay.run import box

COLOUR = {
    "name": "colour",
    "mutable": True,
    "input_type": "select",
    "default_value": "grey",
    "values": ["grey", "red"],
}
LABELS = [{"name": "cat", "attributes": [COLOUR]}, {"name": "dog"}]
SCHEMA = {"cats": {"type": "detections", "classes": ["cat"], "existing_field": True}}


@pytest.fixture
def project_id(api):
    body = {"name": "a project", "labels": LABELS}
    return api.post(api.projects_url, json=body).json()["id"]


@pytest.fixture
def cats(dataset, tmp_path):
    for path in media.make_images(tmp_path, ("first.png", "second.png")):
        cats = fo.Detections(detections=[box(score=0.5)])
        dataset.add_sample(fo.Sample(filepath=str(path), cats=cats))
    return dataset


def specs_of(api, project_id):
    return {
        label["name"]: [each["name"] for each in label["attributes"]]
        for label in api._get_project_labels(project_id)
    }


def test_schema_of_a_project(api, project_id):
    choices = {"type": "select", "default": "grey", "values": ["grey", "red"]}

    assert api._get_label_schema(project_id=project_id, occluded_attr="hidden") == {
        None: {
            "attributes": {},
            "classes": [
                {"classes": ["cat"], "attributes": {"colour": choices, "hidden": {}}},
                {"classes": ["dog"], "attributes": {"hidden": {}}},
            ],
        }
    }
    # whoever asks, as FiftyOne's import of annotations, only reads
    assert specs_of(api, project_id) == {"cat": ["colour"], "dog": []}


def test_schema_of_a_project_or_of_a_run(api, project_id):
    ours, theirs = ({"cats": dict(SCHEMA["cats"])} for _ in range(2))

    schema, *_ = api._get_cvat_schema(ours)
    assert {name: [*each] for name, each in schema.items()} == {"cat": ["label_id"]}
    schema, scalars, occluded, groups, names = api._get_cvat_schema(
        theirs, project_id=project_id, occluded_attr="hidden"
    )
    assert {name: [*each] for name, each in schema.items()} == {
        "cat": ["colour", "label_id"],
        "dog": ["label_id"],
    }
    assert scalars == {"cats": None}
    assert occluded == {"cats": {"cat": "hidden", "dog": "hidden"}}
    assert groups == {}
    assert names == {"cats": {"cat": "cat", "dog": "dog"}}


def test_schema_of_a_task_or_project_that_is_left_as_it_is(api, project_id):
    [task_id, *_] = api.create_task("a task", project_id=project_id)

    for where in ({"task_id": task_id}, {"project_id": project_id}):
        schema, *_ = api._convert_cvat_schema(
            {"cats": dict(SCHEMA["cats"])}, **where, update_server=False
        )
        assert schema.keys() == {"cat", "dog"}
    assert specs_of(api, project_id) == {"cat": ["colour"], "dog": []}
    with pytest.raises(ConfigurationError):
        api._convert_cvat_schema({"cats": dict(SCHEMA["cats"])})


def test_a_task_as_the_server_takes_it(api):
    task_id, labels = api._get_task_id_labels_json({"name": "raw", "labels": LABELS})

    assert api.task_exists(task_id)
    assert [each["name"] for each in labels] == ["cat", "dog"]
    assert labels == api._get_task_labels(task_id)


def test_details_of_a_project(api, project_id):
    assert api._is_empty_project(project_id)
    assert api._parse_project_details(None, None) == (None, None)
    assert api._parse_project_details("nobody's", None) == ("nobody's", None)
    assert api._parse_project_details(" a project ", None) == ("a project", project_id)
    assert api._parse_project_details(None, project_id) == ("a project", project_id)
    with pytest.raises(ConfigurationError, match="999999999"):
        api._parse_project_details(None, 999999999)
    api.create_task("a task", project_id=project_id)
    assert not api._is_empty_project(project_id)


def test_ids_by_name(api, server):
    known = {"somebody": 5}

    def find(name):
        return api._get_value_update_map(name, known, "username", api.user_search_url)

    assert find("somebody") == 5
    assert find(None) is None
    assert find("nobody at all") is None
    user_id = find(server.username)
    assert known == {"somebody": 5, server.username: user_id}
    assert api.get(f"{api.users_url}/self").json()["id"] == user_id


def test_request_that_is_refused(api, caplog):
    url = api.task_url(999999999)

    with pytest.raises(NotFoundError):
        api._make_request(api._session.get, url, print_error_info=False)
    assert not caplog.records
    with pytest.raises(NotFoundError):
        api._make_request(api._session.get, url)
    [record] = caplog.records
    assert (record.levelno, url in record.getMessage()) == (logging.ERROR, True)
    with pytest.raises(NotFoundError):
        api._validate(api._session.get(url), {})
    api._validate(api._session.get(api.about_url), {})


def test_parts_of_a_sign_in(api, server):
    api._setup()

    assert isinstance(api.server_version, Version)
    api._session.headers.pop("Referer")
    api._add_referer()
    assert api._session.headers["Referer"] == api.login_url
    api._login(None, None)
    api._organization = None
    api._add_organization()
    api._organization = "nobody-s"
    with pytest.raises(OrganizationError, match="nobody-s"):
        api._add_organization()


def test_sign_in_again_with_a_wrong_password(api, server):
    api._access_token = None
    with pytest.raises(AuthenticationError):
        api._login(server.username, "wrong-password")


def test_a_task_with_media_and_annotations_by_hand(api, cats):
    config = CVATBackendConfig("cvat", SCHEMA, url=api.base_url, image_quality=60)
    task_ids, job_ids, frames = [], {}, {}
    schema, scalars, occluded, groups, _ = api._build_cvat_schema(SCHEMA)

    task_id, class_ids, attribute_ids = api._create_task_upload_data(
        *(config, 0, "by hand", schema, None, cats, task_ids, job_ids, frames),
        *(None, None, None),
    )

    ids = cats.values("id")
    assert task_ids == [task_id]
    assert job_ids == {task_id: api._get_job_ids(task_id)}
    assert frames == {task_id: api._build_frame_id_map(cats)}
    assert frames[task_id] == {0: {"sample_id": ids[0]}, 1: {"sample_id": ids[1]}}
    meta = api._verify_uploaded_frames(task_id, cats, None, None, None)
    assert [each["name"] for each in meta["frames"]] == ["first.png", "second.png"]
    with pytest.raises(UploadError, match=f"Task {task_id} .* 1 were sent"):
        api._verify_uploaded_frames(task_id, cats[:1], None, None, None)

    tags, shapes, tracks, id_map = [], [], [], {}
    api._update_shapes_tags_tracks(
        *(tags, shapes, tracks, id_map, "detections", cats, "cats", SCHEMA["cats"]),
        *(schema, None, None, None, scalars, False, occluded, groups),
    )
    label_ids = cats.values("cats.detections.id")
    assert id_map == {"cats": dict(zip(ids, label_ids, strict=True))}
    assert (tags, len(shapes), tracks) == ([], 2, [])
    server_ids = api._upload_annotations(
        shapes, tags, tracks, class_ids, attribute_ids, task_id
    )
    assert [[each] for each in server_ids["shapes"].values()] == label_ids


def test_a_run_by_hand(api, cats):
    config = CVATBackendConfig("cvat", SCHEMA, url=api.base_url)

    # without a run of FiftyOne's
    results = api.upload_samples(cats, "run", CVATBackend(config))

    [task_id] = results.task_ids
    assert len(api.get(api.task_annotation_url(task_id)).json()["shapes"]) == 2
    labels = api.download_annotations(results)["cats"]["detections"]
    assert {sample_id: [*by_id] for sample_id, by_id in labels.items()} == (
        results.id_map["cats"]
    )
    assert results.id_map["cats"] == dict(
        zip(*cats.values(["id", "cats.detections.id"]), strict=True)
    )


def test_what_goes_into_tasks(api, cats, dataset, tmp_path, caplog):
    paths = cats.values("filepath")
    files = api._parse_local_files(paths)

    assert [(str(each.path), each.name) for each in files] == [
        (path, path.rpartition("/")[2]) for path in paths
    ]
    with pytest.raises(MediaError, match=r"none\.png"):
        api._parse_local_files([str(tmp_path / "none.png")])
    assert [api._get_batch_size(cats, size) for size in (None, 1, 9)] == [2, 1, 2]
    assert (api._parse_arg(None, 5), api._parse_arg(0, 5)) == (5, 0)
    api._parse_reviewers(None)
    assert not caplog.records
    api._parse_reviewers(["reviewer"])
    assert "reviewer" in caplog.text

    dataset.clear()
    video = fo.Sample(filepath=str(media.copy_video(tmp_path / "video.mp4")))
    for number in range(1, 13):
        video.frames[number] = fo.Frame()
    videos = fo.Dataset()
    videos.add_sample(video)
    assert api._get_batch_size(videos, 9) == 1
    ranges = [(None, None, None), (2, None, None), (2, 8, None), (2, 8, 3)]
    expected = [api._compute_expected_frames(videos, *each) for each in ranges]
    assert expected == [12, 10, 7, 3]
