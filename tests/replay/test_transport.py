"""The connection against a real server: signing in, refusals, one task's life."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiftyone_cvat.errors import (
    AccessDeniedError,
    AuthenticationError,
    NotFoundError,
    OrganizationError,
    RequestError,
)
from fiftyone_cvat.transport.connection import Connection
from fiftyone_cvat.transport.responses import value_of
from fiftyone_cvat.transport.settings import Credentials, ServerSettings
from fiftyone_cvat.transport.waiting import wait_until
from tests import media


@pytest.fixture
def connection(server):
    made = Connection(ServerSettings(url=server.url, wait_timeout=60))
    yield made
    made.close()


@pytest.fixture
def signed_in(connection, server):
    connection.sign_in(Credentials(access_token=server.access_token))
    return connection


def who_am_i(connection, server):
    return connection.get(f"{server.url}/api/users/self").json()["username"]


def test_user_name(connection, server):
    connection.sign_in(Credentials(username=server.username, password=server.password))

    assert who_am_i(connection, server) == server.username


def test_email(connection, server):
    connection.sign_in(Credentials(email=server.email, password=server.password))

    assert who_am_i(connection, server) == server.username


def test_token(signed_in, server):
    assert who_am_i(signed_in, server) == server.username


@pytest.mark.parametrize("key", ["username", "email"])
def test_wrong_password(connection, server, key):
    who = {key: getattr(server, key)}

    with pytest.raises(AuthenticationError, match=getattr(server, key)) as caught:
        connection.sign_in(Credentials(**who, password="wrong-password"))

    assert "wrong-password" not in str(caught.value)


def test_wrong_token(connection):
    with pytest.raises(AuthenticationError, match="access token") as caught:
        connection.sign_in(Credentials(access_token="wrong.token"))

    assert "wrong.token" not in str(caught.value)


def test_no_credentials(connection):
    with pytest.raises(AuthenticationError):
        connection.sign_in(Credentials())


def test_organization(signed_in, server):
    signed_in.enter_organization(server.organization)

    organizations = signed_in.get(f"{server.url}/api/organizations").json()
    assert server.organization in [each["slug"] for each in organizations["results"]]


def test_unknown_organization(signed_in):
    with pytest.raises(OrganizationError, match="'no-such-organization'"):
        signed_in.enter_organization("no-such-organization")


def test_password_session_may_write(connection, server):
    connection.sign_in(Credentials(username=server.username, password=server.password))

    response = connection.post(f"{server.url}/api/tasks", json={"name": "by password"})

    assert response.status_code == 201
    assert connection.delete(f"{server.url}/api/tasks/{response.json()['id']}").ok


def test_read_only_token_may_not_write(connection, server):
    connection.sign_in(Credentials(access_token=server.read_only_token))

    response = connection.post(f"{server.url}/api/tasks", json={"name": "refused"})

    with pytest.raises(AccessDeniedError) as caught:
        response.raise_for_status()
    assert caught.value.status == 403
    assert caught.value.method == "POST"
    assert caught.value.url == f"{server.url}/api/tasks"


def test_unknown_task(signed_in, server):
    with pytest.raises(NotFoundError) as caught:
        signed_in.get(f"{server.url}/api/tasks/999999999").raise_for_status()

    assert caught.value.status_code == 404


def test_invalid_task(signed_in, server):
    task = {"name": "invalid", "labels": [{"name": "a"}, {"name": "a"}]}

    with pytest.raises(RequestError, match="label") as caught:
        signed_in.post(f"{server.url}/api/tasks", json=task).raise_for_status()

    assert caught.value.status == 400


def test_query_parameters(signed_in, server):
    url = f"{server.url}/api/users?search={server.username}"

    answer = signed_in.get(url, params={"page": 1, "page_size": 10, "id": None}).json()

    assert server.username in [each["username"] for each in answer["results"]]


@pytest.mark.parametrize("kind", ["token", "password"])
def test_task_with_images(connection, server, tmp_path, kind):
    if kind == "token":
        connection.sign_in(Credentials(access_token=server.access_token))
    else:
        credentials = Credentials(username=server.username, password=server.password)
        connection.sign_in(credentials)
    tasks = f"{server.url}/api/tasks"
    task = {"name": "three images", "labels": [{"name": "cat", "type": "any"}]}
    made = connection.post(tasks, json=task)
    made.raise_for_status()
    url = f"{tasks}/{value_of(made, 'id')}"

    names = ["b.png", "a.png", "c d.png"]
    paths = media.make_images(tmp_path, names)
    files = {}
    for number, (name, path) in enumerate(zip(names, paths, strict=True)):
        files[f"client_files[{number}]"] = (name, Path(path).read_bytes())
    form = {"image_quality": 75, "sorting_method": "predefined", "use_cache": True}
    sent = connection.post(f"{url}/data", files=files, data=form)
    sent.raise_for_status()
    request = f"{server.url}/api/requests/{value_of(sent, 'rq_id')}"

    def finished():
        answer = connection.get(request).json()
        assert answer["status"] != "failed", answer["message"]
        return True if answer["status"] == "finished" else None

    assert wait_until(finished, timeout=60, work="reading three images")
    frames = connection.get(f"{url}/data/meta").json()["frames"]
    assert [frame["name"] for frame in frames] == names
    assert {(frame["width"], frame["height"]) for frame in frames} == {(32, 24)}

    assert connection.delete(url).status_code == 204
    assert connection.get(url).status_code == 404
