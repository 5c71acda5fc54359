"""Where things are on a server."""

from __future__ import annotations

import pytest
from packaging.version import Version

from fiftyone_cvat.api import CVATAnnotationAPI
from fiftyone_cvat.server.urls import Urls

ROOT = "https://cvat.example.com:8443/cvat"


def urls(address=ROOT):
    made = Urls()
    made._url = address
    return made


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("base_url", ""),
        ("base_api_url", "/api"),
        ("login_url", "/api/auth/login"),
        ("about_url", "/api/server/about"),
        ("users_url", "/api/users"),
        ("projects_url", "/api/projects"),
        ("tasks_url", "/api/tasks"),
        ("issues_url", "/api/issues"),
        ("comments_url", "/api/comments"),
    ],
)
def test_property(name, url):
    assert getattr(urls(), name) == ROOT + url


@pytest.mark.parametrize(
    ("name", "arguments", "url"),
    [
        ("projects_page_url", (2,), "/api/projects?page=2"),
        ("project_url", (5,), "/api/projects/5"),
        ("project_search_url", ("cats",), "/api/projects?search=cats"),
        ("project_id_search_url", (5,), "/api/projects?id=5"),
        ("tasks_page_url", (2,), "/api/tasks?page=2"),
        ("task_url", (5,), "/api/tasks/5"),
        ("task_id_search_url", (5,), "/api/tasks?id=5"),
        ("task_status_url", (5,), "/api/tasks/5/status"),
        ("task_data_url", (5,), "/api/tasks/5/data"),
        (
            "task_data_download_url",
            (5, 7),
            "/api/tasks/5/data?type=frame&quality=original&number=7",
        ),
        (
            "task_data_download_url",
            (5, 7, "chunk", "compressed"),
            "/api/tasks/5/data?type=chunk&quality=compressed&number=7",
        ),
        ("task_data_meta_url", (5,), "/api/tasks/5/data/meta"),
        ("task_annotation_url", (5,), "/api/tasks/5/annotations"),
        (
            "task_annotation_formatted_url",
            (5, "a.xml"),
            "/api/tasks/5/annotations?format=CVAT+1.1&filename=a.xml",
        ),
        (
            "task_annotation_formatted_url",
            (5, "a b&c.json", "COCO 1.0"),
            "/api/tasks/5/annotations?format=COCO+1.0&filename=a+b%26c.json",
        ),
        ("labels_url", (5,), "/api/labels?task_id=5"),
        ("jobs_url", (5,), "/api/jobs?task_id=5"),
        ("job_url", (5, 7), "/api/jobs/7"),
        ("taskless_job_url", (7,), "/api/jobs/7"),
        ("job_annotation_url", (7,), "/api/jobs/7/annotations"),
        ("base_task_url", (5,), "/tasks/5"),
        ("base_job_url", (5, 7), "/tasks/5/jobs/7"),
        ("job_data_meta_url", (7,), "/api/jobs/7/data/meta"),
        ("job_frame_url", (5, 7, 3), "/tasks/5/jobs/7?frame=3"),
        ("issue_url", (9,), "/api/issues/9"),
        ("user_search_url", ("me",), "/api/users?search=me"),
    ],
)
def test_url(name, arguments, url):
    assert getattr(urls(), name)(*arguments) == ROOT + url


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("two words", "two%20words"),
        ("a&b=c", "a%26b%3Dc"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("Ünï", "%C3%9Cn%C3%AF"),
        ("100%", "100%25"),
        ("", ""),
    ],
)
def test_text_of_a_search_is_quoted(text, quoted):
    assert urls().project_search_url(text) == f"{ROOT}/api/projects?search={quoted}"
    assert urls().user_search_url(text) == f"{ROOT}/api/users?search={quoted}"


def test_no_connection_is_needed():
    bare = CVATAnnotationAPI.__new__(CVATAnnotationAPI)
    assert bare.task_url(5) == "/api/tasks/5"
    assert bare.server_version is None


def test_version_and_assignee():
    known = urls()
    assert known.server_version is None
    known._server_version = Version("2.80.0")
    assert known.server_version == Version("2.80")
    assert known.assignee_key == "assignee"
