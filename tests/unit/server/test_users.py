"""Users that the server does not have are told once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from fiftyone_cvat import CVATBackendConfig
from fiftyone_cvat.api import CVATAnnotationAPI
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.review import steering
from fiftyone_cvat.upload.checks import check_run


@pytest.fixture
def api(monkeypatch):
    """An API of a server that has no user but ``ann``."""
    made = object.__new__(CVATAnnotationAPI)
    made._url, made._user_id_map, made._unknown_users = "http://cvat", {}, set()
    found = {"ann": 3}
    monkeypatch.setattr(
        made, "_get_value_from_search", lambda url, name, *_: found.get(name)
    )
    monkeypatch.setattr(made, "_get_paginated_results", lambda *_, **__: ["ann"])
    return made


def test_jobs_in_turn(api, caplog):
    api._assign_jobs([1, 2, 3], ["nobody", "no one"])

    told = ["User 'nobody' not found on http://cvat"]
    assert caplog.messages == [*told, "User 'no one' not found on http://cvat"]


def test_a_run(api, caplog, monkeypatch):
    config = CVATBackendConfig("cvat", {}, task_assignee="nobody", job_assignees="ann")
    config._is_checked = True

    with pytest.raises(ConfigurationError, match="has no user nobody that you may see"):
        check_run(api, None, config)

    assert caplog.messages == []
    # whoever asks for the user is told
    assert api.get_user_id("nobody") is None
    assert len(caplog.messages) == 1


def test_jobs_of_a_run(api, caplog):
    with pytest.raises(ConfigurationError, match="has no user 'nobody'"):
        steering.assign_jobs(api, SimpleNamespace(), None, "nobody")

    assert caplog.messages == []
