"""The doctor's checks, against small servers on this machine and broken set-ups."""

from __future__ import annotations

import datetime
import json
import ssl
import sys

import pytest
import trustme
from typer.testing import CliRunner

from fiftyone_cvat import cli, doctor
from fiftyone_cvat.doctor import CHECKS, Finding, State, machine
from fiftyone_cvat.doctor.configuration import Setup, read_setup
from fiftyone_cvat.doctor.findings import without
from fiftyone_cvat.doctor.server import check_server
from tests.unit.transport.test_connection import Site

OK, WARNING, WRONG, SKIPPED = State.OK, State.WARNING, State.WRONG, State.SKIPPED
SERVER = CHECKS[2:9]
TASKS, LOGIN = "/api/tasks", "/api/auth/login"
SELF, TOKEN = "/api/users/self", "/api/auth/access_tokens/self"
LABEL = {"id": 3, "name": "cat", "type": "any", "attributes": [], "sublabels": []}
JOB = {"id": 5, "type": "annotation", "start_frame": 0, "stop_frame": 1, "task_id": 2}
JOB |= {"stage": "annotation", "state": "new", "assignee": None}
TASK = {"id": 2, "name": "mine", "status": "annotation", "size": 2}
TASK |= {"owner": None, "assignee": None, "created_date": "", "updated_date": ""}
META = {"size": 2, "start_frame": 0, "stop_frame": 1, "frame_filter": ""}
META |= {"deleted_frames": []}
META |= {"frames": [{"width": 32, "height": 24, "name": "a.png"}] * 2}
TAG = {"id": 7, "label_id": 3, "frame": 0, "group": 0, "attributes": []}
ANNOTATIONS = {"version": 0, "tags": [TAG], "shapes": [], "tracks": []}
ISSUE = {"id": 8, "job": 5, "frame": 0, "position": [1.5, 2], "resolved": False}
ISSUE |= {"owner": None, "created_date": None, "comments": {"count": 1}}
COMMENT = {"id": 9, "issue": 8, "owner": {"username": "ann"}, "message": "why?"}
COMMENT |= {"created_date": ""}
OURS = {"FIFTYONE_CVAT_CONFIG_CLS": "fiftyone_cvat.backend.CVATBackendConfig"}


def answer_as_cvat(site):
    """Answer as a CVAT server does to somebody who may do everything."""
    site.answers = {
        "/api/server/about": (200, {}, {"version": "2.73.0"}),
        SELF: (200, {}, {"id": 1, "username": "ann"}),
        TASKS: with_tasks(),
        TOKEN: (200, {}, {"read_only": False, "expiry_date": None}),
        "/api/organizations": (200, {}, {"results": [{"slug": "team"}]}),
        "/api/projects": (200, {}, page()),
        "/api/requests": (200, {}, page()),
        "/api/labels": (200, {}, page(LABEL)),
        "/api/jobs": (200, {}, page(JOB)),
        "/api/issues": (200, {}, page(ISSUE)),
        "/api/comments": (200, {}, page(COMMENT)),
        "/api/tasks/2": (200, {}, TASK),
        "/api/tasks/2/data/meta": (200, {}, META),
        "/api/tasks/2/annotations": (200, {}, ANNOTATIONS),
    }
    return site


def page(*items):
    return {"count": len(items), "next": None, "previous": None, "results": [*items]}


def with_tasks(*tasks, status=400, refusal=None):
    """Answer to a request for tasks; refuse one that is to be created."""

    def answer(request):
        if request["method"] == "GET":
            return 200, {}, page(*tasks)
        return status, {}, refusal or {"name": ["This field is required."]}

    return answer


@pytest.fixture
def site():
    made = answer_as_cvat(Site())
    yield made
    made.close()


@pytest.fixture
def make_secure():
    """Make a TLS server for a host name; return it and its CA."""
    sites = []

    def make(name, **kwargs):
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name, **kwargs).configure_cert(context)
        sites.append(answer_as_cvat(Site(context)))
        return sites[-1], authority

    yield make
    for each in sites:
        each.close()


@pytest.fixture
def configured(monkeypatch):
    """Set what FiftyOne's configuration of a backend is read from."""
    import fiftyone as fo
    import fiftyone.core.config as foc

    def configure(**variables):
        for name, value in (OURS | variables).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(fo, "annotation_config", foc.AnnotationConfig())

    return configure


def examine(site, **given):
    given = given or {"access_token": "s3cr3t-token"}
    found = list(check_server(Setup(**{"url": getattr(site, "url", ""), **given})))
    assert [each.name for each in found] == list(SERVER)
    assert "s3cr3t" not in str(found)
    return {each.name: each for each in found}


def check_only(found, name, *words):
    """Make sure that one check is wrong, and says some words."""
    wrong = [each for each in found.values() if each.state is WRONG]
    assert [each.name for each in wrong] == [name]
    for each in words:
        assert each in f"{wrong[0].words} {wrong[0].advice}"
    assert wrong[0].advice


# ---- the configuration ----


def test_right_configuration(configured):
    configured(
        FIFTYONE_CVAT_URL="https://cvat.example.com/",
        FIFTYONE_CVAT_USERNAME="ann",
        FIFTYONE_CVAT_PASSWORD="0123",
        FIFTYONE_CVAT_VERIFY_SSL="false",
        FIFTYONE_CVAT_ORGANIZATION="team",
    )

    setup, findings = read_setup("cvat", {"organization": "other", "url": None})

    assert [each.state for each in findings] == [OK, OK]
    assert "0123" not in f"{findings} {setup}"
    assert setup == Setup(
        url="https://cvat.example.com",
        username="ann",
        password="0123",
        organization="other",
        verify_ssl=False,
    )


@pytest.mark.parametrize(
    ("variables", "state", "words"),
    [
        ({"USERNAME": "ann"}, WRONG, "no password"),
        ({}, WRONG, "no credentials"),
        ({"ACCESS_TOKEN": "t", "URL": "http://ann:s3cr3t@h"}, WRONG, "URL holds"),
        ({"ACCESS_TOKEN": "t", "TIMEOUT": "soon"}, WRONG, "`timeout`"),
        ({"ACCESS_TOKEN": "t", "ACCES_TOKEN": "s3cr3t"}, WARNING, "CVAT_ACCES_TOKEN"),
    ],
    ids=["password", "credentials", "url", "value", "variable"],
)
def test_configuration(configured, variables, state, words):
    given = {f"FIFTYONE_CVAT_{name}": value for name, value in variables.items()}
    configured(**given)

    _, (_, finding) = read_setup("cvat", {})

    assert finding.state is state
    assert words in finding.words
    assert "FIFTYONE_CVAT_" in finding.advice + finding.words
    assert "s3cr3t" not in str(finding)


def test_no_url(configured):
    configured(FIFTYONE_ANNOTATION_BACKENDS="*,other", FIFTYONE_OTHER_CONFIG_CLS="x")

    assert "FIFTYONE_OTHER_URL" in read_setup("other", {})[1][1].advice
    assert "no backend 'third'" in read_setup("third", {})[1][0].words


@pytest.mark.parametrize(
    ("name", "config_cls", "state", "words", "advice"),
    [
        ("cvat", None, OK, "is this package", ""),
        ("cvat", "fiftyone.utils.cvat.X", WARNING, "built-in", "enable()"),
        ("cvat2", "their.Config", WARNING, "their.Config", 'enable("cvat2")'),
    ],
)
def test_backend(configured, name, config_cls, state, words, advice):
    given = {f"FIFTYONE_{name.upper()}_CONFIG_CLS": config_cls} if config_cls else {}
    configured(FIFTYONE_ANNOTATION_BACKENDS="*,cvat2", **given)

    finding = read_setup(name, {})[1][0]

    assert finding.name == CHECKS[0] == "backend"
    assert finding.state is state
    assert words in finding.words
    assert advice in finding.advice
    assert (f"FIFTYONE_{name.upper()}_CONFIG_CLS=" in finding.advice) == bool(advice)


@pytest.mark.parametrize(
    ("given", "used", "unused"),
    [
        ({"username": "eve", "password": "p"}, "password", "access_token"),
        ({"access_token": "given"}, "access_token", "password"),
    ],
)
def test_what_is_given_goes_before_what_is_configured(configured, given, used, unused):
    configured(
        FIFTYONE_CVAT_USERNAME="ann",
        FIFTYONE_CVAT_PASSWORD="other",
        FIFTYONE_CVAT_ACCESS_TOKEN="other",
    )

    setup, _ = read_setup("cvat", given)

    assert getattr(setup, used) == given[used]
    assert getattr(setup, unused) is None


# ---- the server ----


def test_right_server(site):
    found = examine(site, access_token="s3cr3t-token", organization="team")

    assert {each.state for each in found.values()} == {OK}
    assert found["sign-in"].words.startswith("as 'ann'")
    assert found["server version"].words == "CVAT 2.73.0"


def test_nothing_is_changed(site):
    examine(site, access_token="s3cr3t-token", organization="team")

    changes = [each for each in site.requests if each["method"] != "GET"]
    assert {(each["method"], each["path"]) for each in changes} == {("POST", TASKS)}
    assert {each["body"] for each in changes} == {b"{}"}


def test_closed_port(site):
    site.close()
    found = examine(site)

    check_only(found, "reachability", site.url)
    assert [found[name].state for name in SERVER[1:]] == [SKIPPED] * 6
    assert found["rights"].words == "needs reachability"


def test_unknown_name(monkeypatch, no_network):
    def refuse(*args, **kwargs):
        raise OSError("name not known")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    found = examine(None, url="https://cvat.example.com", access_token="t")

    check_only(found, "reachability", "'cvat.example.com' is not known", "DNS")


@pytest.mark.parametrize("url", ["cvat.example.com", "ftp://cvat.example.com"])
def test_no_url_of_a_server(url):
    check_only(examine(None, url=url, access_token="t"), "reachability", url)


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"Content-Type": "text/html"}, b"<html>Sign in</html>"),
        (404, {"Content-Type": "text/html"}, b""),
        (200, {}, {"status": "fine"}),
        (403, {}, {"detail": "behind a gateway"}),
    ],
    ids=["page", "404", "other", "403"],
)
def test_no_cvat(site, answer):
    site.answers["/api/server/about"] = answer

    check_only(examine(site), "reachability", "no CVAT", str(answer[0]))


def test_redirect(site):
    site.answers["/api/server/about"] = (301, {"Location": "https://h.test/"}, {})

    check_only(examine(site), "reachability", "https://h.test", "`url`")


def test_certificate_that_verifies(make_secure, tmp_path):
    site, authority = make_secure("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    found = examine(site, access_token="t", verify_ssl=str(tmp_path / "ca.pem"))

    assert found["TLS"].state is OK
    assert "ca.pem" in found["TLS"].words


def test_certificate_that_is_not_checked(make_secure):
    found = examine(make_secure("127.0.0.1")[0], access_token="t", verify_ssl=False)

    assert found["TLS"].state is WARNING
    assert found["rights"].state is OK


def test_private_certificate(make_secure):
    found = examine(make_secure("127.0.0.1")[0])

    check_only(found, "TLS", "issuer certificate", "`verify_ssl`")
    assert found["reachability"].state is OK
    assert found["sign-in"] == Finding("sign-in", SKIPPED, "needs TLS")


@pytest.mark.parametrize(
    ("name", "kwargs", "words"),
    [
        ("cvat.example.com", {}, "host name"),
        (
            "127.0.0.1",
            {"not_after": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)},
            "expired",
        ),
    ],
    ids=["name", "date"],
)
def test_certificate_of_another(make_secure, tmp_path, name, kwargs, words):
    site, authority = make_secure(name, **kwargs)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    found = examine(site, access_token="t", verify_ssl=str(tmp_path / "ca.pem"))

    check_only(found, "TLS", words)
    assert "CA" not in found["TLS"].advice


def test_no_tls_at_this_port(site):
    found = examine(site, url=site.url.replace("http:", "https:"), access_token="t")

    check_only(found, "TLS", "http://")


def test_no_bundle(site, tmp_path):
    found = examine(site, access_token="t", verify_ssl=str(tmp_path / "none.pem"))

    check_only(found, "TLS", "none.pem")


@pytest.mark.parametrize(
    ("given", "path", "answer"),
    [
        ({"access_token": "s3cr3t-token"}, SELF, (401, {}, {"detail": "s3cr3t?"})),
        ({"username": "ann", "password": "s3cr3t"}, LOGIN, (400, {}, {"x": "s3cr3t"})),
        ({"username": "ann", "password": "s3cr3t"}, LOGIN, (500, {}, {})),
        ({"headers": {"Authorization": "s3cr3t"}}, SELF, (401, {}, {})),
    ],
    ids=["token", "password", "failure", "header"],
)
def test_sign_in(site, given, path, answer):
    site.answers[path] = answer
    found = examine(site, **given)

    check_only(found, "sign-in")
    assert found["rights"].state is SKIPPED
    assert found["server version"].state is OK


@pytest.mark.parametrize(
    ("token", "detail", "words"),
    [
        ({"read_only": True}, "no permission", "read-only"),
        ({"read_only": False}, "no permission", "administrator"),
        ({"read_only": False}, "CSRF Failed: Origin checking failed", "Host"),
    ],
    ids=["read-only", "user", "csrf"],
)
def test_no_right_to_write(site, token, detail, words):
    site.answers[TOKEN] = (200, {}, token)
    site.answers[TASKS] = with_tasks(status=403, refusal={"detail": detail})

    check_only(examine(site), "rights", words)


def test_unexpected_answer_on_rights(site):
    site.answers[TASKS] = with_tasks(status=418, refusal={"detail": "a teapot"})

    assert examine(site)["rights"].state is WARNING


@pytest.mark.parametrize(("days", "state"), [(2, WARNING), (30, OK), (-1, WARNING)])
def test_token_that_expires(site, days, state):
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    answer = {"read_only": False, "expiry_date": until.isoformat()}
    site.answers[TOKEN] = (200, {}, answer)

    assert examine(site)["rights"].state is state


def test_server_that_tells_nothing_of_its_tokens(site):
    site.answers[TOKEN] = (404, {}, {})

    assert examine(site)["rights"].state is OK


def test_unknown_organization(site):
    site.answers[SELF] = lambda request: (
        (404, {}, {"detail": "nope"})
        if request["headers"].get("x-organization")
        else (200, {}, {"username": "ann"})
    )
    found = examine(site, access_token="t", organization="nope")

    check_only(found, "organization", "'nope'", "team")


def test_organization_of_others(site):
    found = examine(site, access_token="t", organization="others")

    check_only(found, "organization", "no member")


def test_role_that_may_not_create_tasks(site):
    site.answers[TASKS] = lambda request: (
        403 if request["headers"].get("x-organization") else 400,
        {},
        {},
    )
    found = examine(site, access_token="t", organization="team")

    check_only(found, "organization", "role")


def test_old_server(site):
    site.answers["/api/requests"] = (404, {}, {})

    check_only(examine(site), "server version", "2.73.0", "upgrade")


# ---- its answers ----


def test_answers_without_any_task(site):
    assert "no task" in examine(site)["answers"].words


def test_answers_of_the_smallest_task_that_has_media(site):
    larger, empty = {**TASK, "id": 1, "size": 9}, {**TASK, "id": 4, "size": 0}
    site.answers[TASKS] = with_tasks(larger, TASK, empty)

    found = examine(site)["answers"]

    assert found.state is OK
    assert "task 2" in found.words


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        (SELF, {"username": "ann"}, "GET /api/users/self: 'id' is missing"),
        ("/api/projects", page({}), "GET /api/projects: 'results[].id' is missing"),
        ("/api/labels", page({**LABEL, "name": 7}), "'results[].name' is a whole"),
        ("/api/tasks/2", {**TASK, "status": None}, "'status' is null, not a text"),
        (
            "/api/tasks/2/annotations",
            {**ANNOTATIONS, "tags": [{**TAG, "frame": "0"}]},
            "annotations: 'tags[].frame' is a text, not a whole number",
        ),
        ("/api/jobs", page({**JOB, "task_id": None}), "'results[].task_id' is null"),
        ("/api/issues", page({**ISSUE, "position": 1}), "'results[].position' is a"),
        ("/api/comments", page({**COMMENT, "message": None}), "'results[].message'"),
    ],
)
def test_an_answer_that_is_other_than_it_was(site, path, answer, words):
    site.answers[TASKS] = with_tasks(TASK)
    site.answers[path] = (200, {}, answer)

    check_only(examine(site), "answers", words, "upgrade this package")


def test_an_answer_that_is_refused(site):
    site.answers["/api/projects"] = (403, {}, {"detail": "Not for you."})

    found = examine(site)["answers"]

    assert found.state is WRONG
    assert "Not for you." in found.words


# ---- this machine ----


def test_sdk(monkeypatch):
    assert machine.check_sdk().state is OK
    monkeypatch.setattr(machine, "version", lambda name: "2.3.0")

    finding = machine.check_sdk()

    assert finding.state is WRONG
    assert "2.3.0 is too old" in finding.words
    assert "pip install 'cvat-sdk>=" in finding.advice


def test_sdk_that_does_not_fit(monkeypatch):
    monkeypatch.delitem(sys.modules, "fiftyone_cvat.transport.sdk_client")
    monkeypatch.delattr("cvat_sdk.core.client.AccessTokenCredentials")

    finding = machine.check_sdk()

    assert finding.state is WRONG
    assert "AccessTokenCredentials" in finding.words


def test_no_sdk(monkeypatch):
    def version(name):
        raise machine.PackageNotFoundError(name)

    monkeypatch.setattr(machine, "version", version)

    assert machine.check_sdk().words == "cvat-sdk is not installed"


def test_mongodb():
    finding = machine.check_mongodb()

    assert finding.state is OK
    assert "127.0.0.1" in finding.words


def test_old_mongodb(monkeypatch):
    import fiftyone as fo

    monkeypatch.setattr(fo.config, "database_validation", True)
    monkeypatch.setattr("fiftyone.constants.MONGODB_MIN_VERSION", machine.Version("99"))

    finding = machine.check_mongodb()

    assert finding.state is WRONG
    assert "99 or newer" in finding.advice


@pytest.mark.parametrize("uri", ["mongodb://me:s3cr3t@{}", "mongo://me:s3cr3t@{}"])
def test_no_mongodb(monkeypatch, site, uri):
    import fiftyone as fo

    site.close()
    place = site.url.removeprefix("http://")
    monkeypatch.setattr(fo.config, "database_uri", uri.format(place))
    monkeypatch.setattr("fiftyone_cvat.workflows.database.PATIENCE_MS", 300)

    finding = machine.check_mongodb()

    assert finding.state is WRONG
    assert "s3cr3t" not in str(finding)


@pytest.mark.parametrize(
    ("script", "state"),
    [("echo ffprobe version 7 Copyright", OK), ("exit 1", WRONG), (None, WARNING)],
)
def test_ffprobe(monkeypatch, tmp_path, script, state):
    if script:
        program = tmp_path / "ffprobe"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    finding = machine.check_ffprobe()

    assert finding.state is state
    assert bool(finding.advice) == (state is not OK)


# ---- the command ----


def test_secrets_are_blanked_out():
    finding = Finding("rights", WRONG, "token s3cr3t, a", "not s3cr3t")

    assert without([None, "", "a", "s3cr3t"], finding) == Finding(
        "rights", WRONG, "token ***, a", "not ***"
    )


@pytest.mark.parametrize("right", [True, False])
def test_command(site, configured, right):
    configured(FIFTYONE_CVAT_URL=site.url, FIFTYONE_CVAT_ACCESS_TOKEN="s3cr3t")
    if not right:
        site.answers[TASKS] = with_tasks(status=403, refusal={"detail": "s3cr3t"})

    lines = CliRunner().invoke(cli.app, ["doctor"])
    as_json = CliRunner().invoke(cli.app, ["doctor", "--json"])

    assert lines.exit_code == as_json.exit_code == (0 if right else 1)
    found = json.loads(as_json.stdout)
    assert tuple(each["name"] for each in found) == CHECKS
    for each in found:
        assert f"{each['name']:<15} {each['words']}" in lines.stdout
    assert "s3cr3t" not in lines.output + as_json.output


def test_unusable_configuration_skips_the_server(configured):
    configured()
    found = list(doctor.diagnose("cvat", url="https://a:s3cr3t@h"))

    assert tuple(each.name for each in found) == CHECKS
    assert {each.state for each in found[2:8]} == {SKIPPED}
