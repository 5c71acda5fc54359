"""What the server has to say: from its first answer to its version."""

from __future__ import annotations

import datetime
import re
import socket
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.doctor.configuration import Setup
from fiftyone_cvat.doctor.findings import Finding, State, skip, words_and_advice
from fiftyone_cvat.errors import (
    AnswerError,
    AuthenticationError,
    CertificateError,
    ConfigurationError,
    CVATError,
    OrganizationError,
    RedirectError,
    RequestTimeoutError,
)
from fiftyone_cvat.transport.requests import origin_of
from fiftyone_cvat.transport.responses import Response, detail_of, value_of
from fiftyone_cvat.transport.retrying import RetryPolicy
from fiftyone_cvat.transport.wire import ANSWERS, endpoint, faults
from fiftyone_cvat.types import Json

if TYPE_CHECKING:
    from fiftyone_cvat.transport.connection import Connection

__all__ = ["check_server"]

PATIENCE = 10.0
"""Seconds to wait for one answer: who asks a doctor sits and waits."""

FIRST_ANSWERS = (
    "/api/server/about",
    "/api/users/self",
    "/api/requests?page_size=1",
    "/api/projects?page_size=1",
    "/api/tasks?page_size=10",
)
ANSWERS_OF_TASK = (
    "/api/tasks/{id}",
    "/api/labels?task_id={id}",
    "/api/jobs?task_id={id}",
    "/api/tasks/{id}/data/meta",
    "/api/tasks/{id}/annotations",
    "/api/issues?task_id={id}",
    "/api/comments?page_size=1",
)

SOON = datetime.timedelta(days=7)
"""A token that expires earlier is worth a warning."""


def check_server(setup: Setup) -> Iterator[Finding]:
    """Check everything that needs the server, up to its version.

    Args:
        setup: what to connect with

    Yields:
        a finding for each check from "reachability" to "answers"
    """
    try:
        connection = _open(setup)
    except (ConfigurationError, ImportError, AttributeError) as error:
        # of an SDK that does not fit, check_sdk tells more
        bundle = isinstance(error, ConfigurationError) and "CA bundle" in str(error)
        first = Finding("reachability", State.WRONG, *words_and_advice(error))
        if bundle:
            skipped = Finding("reachability", State.SKIPPED, "needs TLS")
            yield skipped
            advice = "give the path of the PEM file of its CA"
            first = replace(first, name="TLS", advice=advice)
        yield first
        yield from skip(first, "answers")
        return
    try:
        yield from _check_with(connection, setup)
    finally:
        connection.close()


def _check_with(connection: Connection, setup: Setup) -> Iterator[Finding]:
    about: Response | CVATError
    try:
        about = connection.get(f"{setup.url}/api/server/about")
    except CVATError as error:
        about = error
    reached = check_reachability(setup.url, about)
    yield reached
    safe = check_tls(setup, about)
    yield safe
    if reached.state is State.WRONG or isinstance(about, CVATError):
        cause = reached if reached.state is State.WRONG else safe
        yield from skip(cause, "answers", after=safe)
        return
    signed_in = check_sign_in(connection, setup)
    yield signed_in
    is_signed_in = signed_in.state is State.OK
    # before the organization: where that is wrong, nothing else is answered
    versions = check_server_version(connection, setup, about, is_signed_in=is_signed_in)
    if is_signed_in:
        rights = check_rights(connection, setup)
        yield rights
        organization = check_organization(connection, setup, rights)
        yield organization
        yield versions
        wrong = [x for x in (organization, versions) if x.state is State.WRONG]
        if wrong:
            yield from skip(wrong[0], "answers", after=versions)
        else:
            yield check_answers(connection, setup)
    else:
        yield from skip(signed_in, "organization")
        yield versions
        yield from skip(signed_in, "answers", after=versions)


def check_reachability(url: str, about: Response | CVATError) -> Finding:
    """Tell whether a CVAT server answers.

    Args:
        url: the server's address
        about: its answer to a request for its version, or what went wrong
    """
    name, where = "reachability", origin_of(url)
    if isinstance(about, CertificateError):
        return Finding(name, State.OK, f"{where} accepts connections")
    if isinstance(about, CVATError):
        words, advice = words_and_advice(about)
        if not isinstance(about, (RedirectError, RequestTimeoutError)):
            host = urllib.parse.urlsplit(url).hostname
            if host and not _is_known(host):
                words = f"the name '{host}' is not known here"
                advice = "check its spelling, the DNS and the VPN"
        return Finding(name, State.WRONG, words, advice)
    try:
        value_of(about, "version")
    except AnswerError:
        status, kind = about.status_code, about.headers.get("content-type", "nothing")
        advice = (
            "check that the URL is that of CVAT's start page, and that no sign-in "
            "page or proxy answers in its place"
        )
        if "HTTPS" in about.text and url.startswith("http:"):
            advice = "the server wants TLS here: write https:// in the URL"
        return Finding(
            name,
            State.WRONG,
            f"{about.url} answers {status} with {kind}: no CVAT",
            advice,
        )
    return Finding(name, State.OK, f"CVAT answers at {where}")


def check_tls(setup: Setup, about: Response | CVATError) -> Finding:
    """Tell whether the connection is encrypted and the server is who it says.

    Args:
        setup: what was connected with
        about: the answer to a request for the server's version, or what went wrong
    """
    name, parts = "TLS", urllib.parse.urlsplit(setup.url)
    if isinstance(about, CertificateError):
        return Finding(name, State.WRONG, *_certificate_words(str(about)))
    if isinstance(about, CVATError):
        return Finding(name, State.SKIPPED, "needs reachability")
    if parts.scheme == "http":
        if parts.hostname in ("localhost", "127.0.0.1", "::1"):
            return Finding(name, State.OK, "not encrypted, on this machine only")
        return Finding(
            name,
            State.WARNING,
            "not encrypted: credentials can be read on their way",
            "use https:// if the server has it",
        )
    if not setup.verify_ssl:
        return Finding(
            name,
            State.WARNING,
            "encrypted, but the certificate is not checked",
            "give the path of the CA's bundle as `verify_ssl`",
        )
    own = f" with {setup.verify_ssl}" if isinstance(setup.verify_ssl, str) else ""
    return Finding(name, State.OK, f"the certificate verifies{own}")


def check_sign_in(connection: Connection, setup: Setup) -> Finding:
    """Sign in, and tell as whom."""
    from fiftyone_cvat.transport.settings import Credentials

    name = "sign-in"
    if not setup.who:
        return Finding(name, State.SKIPPED, "needs credentials")
    token = setup.access_token
    credentials: Credentials = Credentials(
        username=None if token else setup.username,
        email=None if token else setup.email,
        password=None if token else setup.password,
        access_token=token,
    )
    try:
        connection.sign_in(credentials)
        me = value_of(connection.get(f"{setup.url}/api/users/self"), "username")
    except AuthenticationError:
        advice = (
            "check that the token is complete and has not expired or been revoked; "
            "make a new one in CVAT's user settings"
            if token
            else "check the name and the password by signing in to CVAT in a browser"
        )
        words = f"CVAT does not accept {setup.who}"
        return Finding(name, State.WRONG, words, advice)
    except CVATError as error:
        return Finding(name, State.WRONG, *words_and_advice(error))
    return Finding(name, State.OK, f"as '{me}', with {setup.who}")


def check_rights(connection: Connection, setup: Setup) -> Finding:
    """Tell whether tasks may be created, by a request that is too empty to do it."""
    name = "rights"
    try:
        tried = connection.post(f"{setup.url}/api/tasks", json={})
        token = _token(connection, setup)
    except CVATError as error:
        return Finding(name, State.WRONG, *words_and_advice(error))
    if tried.status_code == 400:  # noqa: PLR2004  only that the task has no name
        return _may_write(token)
    if tried.status_code == 403:  # noqa: PLR2004
        return _may_not_write(token, detail_of(tried))
    words = f"not known: CVAT answers {tried.status_code} to an empty task"
    return Finding(name, State.WARNING, f"{words}: {detail_of(tried)}")


def _may_write(token: Mapping[str, Any]) -> Finding:
    name, words, until = "rights", "may read and write", token.get("expiry_date")
    left = _time_until(until) if until else SOON
    if left >= SOON:
        return Finding(name, State.OK, words)
    hours = left.total_seconds() / 3600
    return Finding(
        name,
        State.WARNING,
        f"{words}, until the token expires in {hours:.0f} h",
        "make a new one in CVAT's user settings",
    )


def _may_not_write(token: Mapping[str, Any], detail: str) -> Finding:
    words = f"may not create tasks: {detail}"
    advice = "ask an administrator for the right to create tasks"
    if token.get("read_only"):
        words = "the token is read-only: labels can be loaded, nothing can be sent"
        advice = "make a token that may write, in CVAT's user settings"
    elif "CSRF" in detail:
        words = f"CVAT refuses every change: {detail}"
        advice = (
            "use an access token, or let the proxy pass on the Host that CVAT knows"
        )
    return Finding("rights", State.WRONG, words, advice)


def check_organization(
    connection: Connection, setup: Setup, rights: Finding
) -> Finding:
    """Tell whether the organization is the user's, and whether tasks may go there.

    Args:
        connection: signed in, in no organization
        setup: what was connected with
        rights: what :func:`check_rights` has found
    """
    name, slug = "organization", setup.organization
    if not slug:
        return Finding(name, State.OK, "none: tasks go to the user's own workspace")
    try:
        answer = connection.get(f"{setup.url}/api/organizations?page_size=500")
        own = value_of(answer, "results")
        connection.enter_organization(slug)
        tried = connection.post(f"{setup.url}/api/tasks", json={})
    except OrganizationError:
        slugs = ", ".join(each["slug"] for each in own) or "none"
        return Finding(
            name,
            State.WRONG,
            f"this user has no organization '{slug}'",
            f"give the short name (slug) of one of this user's: {slugs}",
        )
    except CVATError as error:
        return Finding(name, State.WRONG, *words_and_advice(error))
    if all(each["slug"] != slug for each in own):
        return Finding(
            name,
            State.WRONG,
            f"this user is no member of '{slug}'",
            "ask its owner for an invitation",
        )
    if tried.status_code == 403 and rights.state is not State.WRONG:  # noqa: PLR2004
        return Finding(
            name,
            State.WRONG,
            f"this user may not create tasks in '{slug}'",
            "ask its owner for the role of a supervisor or maintainer there",
        )
    return Finding(name, State.OK, f"'{slug}'")


def check_server_version(
    connection: Connection, setup: Setup, about: Response, *, is_signed_in: bool
) -> Finding:
    """Tell the server's version, and whether it has what this package needs.

    Args:
        connection: signed in or not
        setup: what was connected with
        about: the server's answer to a request for its version
        is_signed_in: whether more than the version may be asked
    """
    name, words = "server version", f"CVAT {value_of(about, 'version')}"
    if not is_signed_in:
        return Finding(name, State.OK, words)
    try:
        asked = connection.get(f"{setup.url}/api/requests?page_size=1")
    except CVATError as error:
        return Finding(name, State.WRONG, *words_and_advice(error))
    if asked.status_code == 404:  # noqa: PLR2004
        return Finding(
            name,
            State.WRONG,
            f"{words} has no requests API, by which new tasks are waited for",
            "upgrade the server",
        )
    return Finding(name, State.OK, words)


def check_answers(connection: Connection, setup: Setup) -> Finding:
    """Tell whether the server's answers hold what this package reads of them.

    What a task answers is asked of one that is there: of the ten newest, that with the
    fewest frames.

    Args:
        connection: signed in, and in the organization
        setup: what was connected with
    """
    try:
        tasks, wrong = _ask_for(connection, setup, FIRST_ANSWERS)
        filled = [each for each in tasks if each.get("size")]
        task = min(filled, key=lambda each: int(each["size"]), default=None)
        if task is not None and not wrong:
            paths = [each.format(id=task["id"]) for each in ANSWERS_OF_TASK]
            _, wrong = _ask_for(connection, setup, paths)
    except CVATError as error:
        return Finding("answers", State.WRONG, *words_and_advice(error))
    if wrong:
        advice = (
            "upgrade this package; if it is the newest, report this with the version "
            "of the server"
        )
        return Finding("answers", State.WRONG, wrong, advice)
    if task is None:
        words = "the server answers as this package expects (there is no task to try)"
        return Finding("answers", State.OK, words)
    words = f"the server answers as this package expects (tried with task {task['id']})"
    return Finding("answers", State.OK, words)


def _ask_for(
    connection: Connection, setup: Setup, paths: Iterable[str]
) -> tuple[list[Json], str]:
    """Return the tasks that are answered with, and the first fault of an answer."""
    tasks: list[Json] = []
    for path in paths:
        answer = connection.get(f"{setup.url}{path}")
        answer.raise_for_status()
        name = endpoint("GET", path)
        found = answer.json()
        fault = next(faults(found, ANSWERS[name]), None)
        if fault:
            return [], f"{name}: {fault}"
        if name == "GET /api/tasks":
            tasks = found["results"]
    return tasks, ""


def _open(setup: Setup) -> Connection:
    from fiftyone_cvat.transport.connection import Connection
    from fiftyone_cvat.transport.settings import ServerSettings

    referer = {"Referer": f"{setup.url}/api/auth/login"}  # CVAT's CSRF check wants it
    return Connection(
        ServerSettings(
            url=setup.url,
            headers=referer | dict(setup.headers),
            verify_ssl=setup.verify_ssl,
            timeout=PATIENCE,
            retry=RetryPolicy(attempts=1),
        )
    )


def _token(connection: Connection, setup: Setup) -> dict[str, Any]:
    """Return what the server tells about the token; nothing if it cannot."""
    if not setup.access_token:
        return {}
    answer = connection.get(f"{setup.url}/api/auth/access_tokens/self")
    return dict(answer.json()) if answer.ok else {}


def _time_until(moment: str) -> datetime.timedelta:
    until = datetime.datetime.fromisoformat(moment)
    return until - datetime.datetime.now(datetime.UTC)


def _certificate_words(words: str) -> tuple[str, str]:
    """Return what is wrong with a certificate, and what to do."""
    reason = re.search(r"verify failed: ([^(]+)", words) or re.search(
        r"SSL: (\w+)", words
    )
    found = reason.group(1).strip() if reason else words
    reasons = {
        "WRONG_VERSION": "the server does not speak TLS at this port: use http://",
        "RECORD_LAYER": "the server does not speak TLS at this port: use http://",
        "expired": "let the server's administrator renew it, and check this clock",
        "mismatch": "use the host name that the certificate is made for",
        "not valid for": "use the host name that the certificate is made for",
    }
    trust = (
        "if the server uses a private CA, give the path of its bundle as `verify_ssl` "
        "(--ca-bundle)"
    )
    advice = next((text for key, text in reasons.items() if key in found), trust)
    return f"the certificate does not verify: {found}", advice


def _is_known(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True
