"""The doctor and a real server: a right set-up, and what can be wrong with one."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from fiftyone_cvat import cli
from fiftyone_cvat.doctor.configuration import Setup
from fiftyone_cvat.doctor.findings import State
from fiftyone_cvat.doctor.server import check_server

LATER = {"rights", "organization", "answers"}


def examine(server, **given):
    found = check_server(Setup(url=server.url, **given))
    return {each.name: each for each in found}


def states(findings, state):
    return {name for name, each in findings.items() if each.state is state}


def test_right(server):
    arguments = ["--url", server.url, "--access-token", server.access_token]
    arguments += ["--organization", server.organization, "--json"]

    result = CliRunner().invoke(cli.app, ["doctor", *arguments])

    assert result.exit_code == 0, result.output
    found = {each["name"]: each for each in json.loads(result.stdout)}
    assert {each["state"] for each in found.values()} <= {"ok", "warning"}
    for name in ("reachability", "sign-in", "rights", "organization", "MongoDB"):
        assert found[name]["state"] == "ok"
    assert server.username in found["sign-in"]["words"]
    assert found["rights"]["words"] == "may read and write"
    assert server.access_token not in result.output


@pytest.mark.older_servers
def test_password(server):
    who = {"username": server.username, "password": server.password}
    found = examine(server, **who, organization=server.organization)

    assert not states(found, State.WRONG) | states(found, State.SKIPPED)


def test_wrong_password(server):
    found = examine(server, username=server.username, password="wrong-password")

    assert states(found, State.WRONG) == {"sign-in"}
    assert states(found, State.SKIPPED) == LATER
    assert found["server version"].state is State.OK
    assert "wrong-password" not in str(found)


def test_wrong_token(server):
    found = examine(server, access_token="wrong.token")

    assert states(found, State.WRONG) == {"sign-in"}
    assert "revoked" in found["sign-in"].advice
    assert "wrong.token" not in str(found)


def test_read_only_token(server):
    found = examine(server, access_token=server.read_only_token)

    assert states(found, State.WRONG) == {"rights"}
    assert "read-only" in found["rights"].words


def test_read_only_token_in_an_organization(server):
    """What the token may not do is not blamed on the role in the organization."""
    token, slug = server.read_only_token, server.organization

    found = examine(server, access_token=token, organization=slug)

    assert states(found, State.WRONG) == {"rights"}
    assert found["organization"].state is State.OK


def test_unknown_organization(server):
    found = examine(server, access_token=server.access_token, organization="nowhere")

    assert states(found, State.WRONG) == {"organization"}
    assert server.organization in found["organization"].advice
    assert found["server version"].state is State.OK
