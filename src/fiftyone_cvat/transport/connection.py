"""The connection to a CVAT server: the one module that imports the cvat-sdk client.

The SDK's ``Client`` signs in, keeps the session and owns the connection pool. Requests
go over that pool as plain JSON: the SDK's generated models would cost about forty
times as much and refuse whatever they do not know. Credentials are sent to the
server's own origin only, and never appear in a message.
"""

from __future__ import annotations

import logging
import ssl
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from http.cookies import CookieError, SimpleCookie
from typing import Any

import urllib3
from cvat_sdk.api_client import models, rest
from cvat_sdk.core.client import AccessTokenCredentials, Client, Config

from fiftyone_cvat.errors import (
    AuthenticationError,
    ConfigurationError,
    OrganizationError,
    RedirectError,
    RequestTimeoutError,
    UnreachableError,
)
from fiftyone_cvat.transport.messages import (
    AnswerIds,
    Response,
    check_headers,
    check_url,
    detail_of,
    encode_body,
    origin_of,
    readable_errors,
    with_params,
)
from fiftyone_cvat.transport.redaction import Secrets, is_secret_header
from fiftyone_cvat.transport.retrying import (
    Outcome,
    RetryPolicy,
    is_repeatable,
)
from fiftyone_cvat.transport.waiting import send_repeatedly, time_left

__all__ = [
    "Connection",
    "Credentials",
    "ServerSettings",
]

MAX_REDIRECTS = 5

MAX_CONNECTIONS = 16
"""Connections that are kept open, as many as there may be threads."""

BLOCK = 1 << 18
"""Bytes of a file that are sent at a time: 16 KB each cost 0.24 s more for 216 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where the server is and how to talk to it.

    Attributes:
        url: the server's address with its scheme; a path prefix is kept
        headers: headers to add to every request to the server
        verify_ssl: True, False, or the path of a CA bundle in PEM form
        timeout: seconds to wait for one answer
        wait_timeout: seconds to wait for work on the server
        retry: how often and how long to try a request that may be sent again
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    verify_ssl: bool | str = True
    timeout: float = 60.0
    wait_timeout: float = 3600.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who signs in: a token, or a password with a user name or an e-mail address."""

    username: str | None = None
    email: str | None = None
    password: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)


class Connection:
    """A signed-in connection to one server; safe to use from several threads.

    Args:
        settings: where the server is and how to talk to it

    Attributes:
        headers: what is added to every request to the server
        retry: how often and how long to try
        server_date: the ``Date`` of the server's last answer, or None

    Raises:
        ConfigurationError: if the URL or the CA bundle cannot be used
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._origin = origin_of(settings.url)
        check_headers(settings.headers)
        self._client = _open_client(settings)
        self.headers: dict[str, str] = self._client.api_client.default_headers
        self.headers.update(settings.headers)
        self._secrets = Secrets()
        self._secrets.add_headers(settings.headers)
        self.retry = settings.retry
        self.server_date: str | None = None
        self._is_reached = False
        self._answer_ids = AnswerIds()

    def sign_in(self, credentials: Credentials) -> None:
        """Sign in and make sure that the server accepts it.

        Args:
            credentials: a token, or a password with a user name or an e-mail; may be
                empty if the settings' headers hold an ``Authorization``

        Raises:
            AuthenticationError: if the server does not accept them
            UnreachableError: if there is no connection
            ConfigurationError: if the token can be none
        """
        self._secrets.add(credentials.password, credentials.access_token)
        if credentials.access_token:
            check_headers({"Authorization": credentials.access_token})
            self._client.login(AccessTokenCredentials(credentials.access_token))
        elif credentials.password is not None:
            self._sign_in_with_password(credentials)
            return
        self._who_am_i().raise_for_status()

    def enter_organization(self, slug: str) -> None:
        """Work in an organization from now on.

        Args:
            slug: the organization's short name

        Raises:
            OrganizationError: if the user has no such organization
        """
        self._client.organization_slug = slug
        response = self._who_am_i()
        if response.status_code in (403, 404):
            raise OrganizationError(
                f"CVAT at {self._settings.url} has no organization '{slug}' for this "
                f"user: {detail_of(response)} Give the organization's short name "
                "(slug), not its full name, and check that you are a member"
            )
        response.raise_for_status()

    def get(self, url: str, **kwargs: Any) -> Response:
        """Send a GET request; keywords as for :meth:`request`."""
        return self.request("GET", url, **kwargs)

    def post(self, url: str, **kwargs: Any) -> Response:
        """Send a POST request; keywords as for :meth:`request`."""
        return self.request("POST", url, **kwargs)

    def put(self, url: str, **kwargs: Any) -> Response:
        """Send a PUT request; keywords as for :meth:`request`."""
        return self.request("PUT", url, **kwargs)

    def patch(self, url: str, **kwargs: Any) -> Response:
        """Send a PATCH request; keywords as for :meth:`request`."""
        return self.request("PATCH", url, **kwargs)

    def delete(self, url: str, **kwargs: Any) -> Response:
        """Send a DELETE request; keywords as for :meth:`request`."""
        return self.request("DELETE", url, **kwargs)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        timeout: float | tuple[float, float] | None = None,
        harmless: bool | None = None,
        **content: Any,
    ) -> Response:
        """Send a request and return its answer, whatever its status.

        A request to the server is sent again, after a while, where the server has not
        begun to do it, and where doing it twice does no harm: see
        :mod:`fiftyone_cvat.transport.retrying`. A DELETE that finds nothing when it
        is sent again has done its work.

        Args:
            method: the HTTP method
            url: the full URL; credentials go along only to the server's own origin
            params: query parameters to add; None values are left out
            headers: headers to add; None takes one away
            timeout: seconds to wait for one answer, or ``(connect, read)``; the
                settings' by default
            harmless: whether doing this request twice does no harm; None if its
                method tells: GET, PUT and DELETE do none
            **content: at most one kind of body: ``json``, a JSON value; ``files``,
                field name to ``(file name, bytes or file)``, with ``data``, field
                name to value; ``data`` alone, a form, bytes, or a file that is read
                while it is sent

        Returns:
            a :class:`Response`

        Raises:
            UnreachableError: if there is no connection or it breaks
            RequestTimeoutError: if there is no answer in time
        """
        url = with_params(url, params)
        body, content_headers = encode_body(**content)
        more = content_headers | dict(headers or {})
        start = _position(body)
        lost = False

        def send() -> Response:
            nonlocal lost
            if start is not None:
                body.seek(start)
            response = self._send_along(method, url, body, more, timeout)
            if method == "DELETE" and lost and response.status_code == 404:  # noqa: PLR2004
                return replace(response, status_code=204, reason="No Content")
            return response

        def may_repeat(outcome: Outcome) -> bool:
            nonlocal lost
            lost = lost or outcome is not Outcome.NOT_PROCESSED
            can = is_repeatable(method, outcome, harmless=harmless)
            return can and self.is_own(url) and (start is not None or _is_whole(body))

        return self._repeatedly(send, may_repeat)

    def _repeatedly(
        self, send: Callable[[], Response], may_repeat: Callable[[Outcome], bool]
    ) -> Response:
        return send_repeatedly(send, may_repeat, self.retry, is_known=self._is_reached)

    def close(self) -> None:
        """Close the pooled connections; calling it again does no harm."""
        self._client.api_client.rest_client.pool_manager.clear()
        self._client.close()

    def is_own(self, url: str) -> bool:
        """Tell whether a URL lies at the server's own origin."""
        return origin_of(url) == self._origin

    def _sign_in_with_password(self, credentials: Credentials) -> None:
        who: dict[str, str] = {"password": credentials.password or ""}
        if credentials.username:
            who["username"] = credentials.username
        if credentials.email:
            who["email"] = credentials.email
        api = self._client.api_client
        name = credentials.username or credentials.email
        url = f"{self._settings.url}/api/auth/login"

        def send() -> Response:
            with readable_errors(url):
                _, raw = api.auth_api.create_login(
                    models.LoginSerializerExRequest(**who),
                    _request_timeout=self._settings.timeout,
                    _parse_response=False,  # its model differs between SDKs
                    _check_status=False,  # its error holds the body
                )
                self._answer_ids.add(raw, api.rest_client.pool_manager)
            self._note(url, raw)
            return self._answer("POST", url, raw)

        # a sign-in whose answer is lost leaves a session that nobody uses
        answer = self._repeatedly(send, lambda outcome: outcome is not Outcome.ANSWERED)
        status = answer.status_code
        if status in (400, 401, 403):
            raise AuthenticationError(
                f"CVAT at {self._settings.url} does not accept this password for "
                f"'{name}'; check user name and password, or use an access token"
            ) from None
        if status != 200:  # noqa: PLR2004
            tried = f" ({answer.tried})" if answer.tried else ""
            raise UnreachableError(
                f"{self._settings.url} answered {status} to the sign-in{tried}; check "
                "that the URL is that of a CVAT server"
            )
        if "csrftoken" in api.cookies:
            token = api.cookies["csrftoken"].value
            api.configuration.api_key["csrfHeaderAuth"] = token

    def _who_am_i(self) -> Response:
        response = self.get(f"{self._settings.url}/api/users/self")
        if response.status_code == 401:  # noqa: PLR2004
            raise AuthenticationError(
                f"CVAT at {self._settings.url} does not accept these credentials: "
                f"{detail_of(response)} Check that the access token is complete and "
                "has not expired or been revoked"
            )
        return response

    def _headers(self, method: str, url: str) -> dict[str, str]:
        """Return the session's headers for a URL; none of them for a foreign one."""
        api = self._client.api_client
        if not self.is_own(url):
            return {"User-Agent": api.user_agent}
        headers: dict[str, str] = api.get_common_headers()
        settings = api.configuration.auth_settings()
        api.update_params_for_auth(headers, [], settings, "", method, None)
        return headers

    def _send_along(
        self,
        method: str,
        url: str,
        body: Any,
        more: Mapping[str, str | None],
        timeout: float | tuple[float, float] | None,
    ) -> Response:
        """Send a request once, and along its redirects at the server."""
        check_headers(more)
        shown = url
        for _ in range(MAX_REDIRECTS):
            sent = self._headers(method, url)
            for name, value in more.items():
                if value is None:
                    sent.pop(name, None)
                else:
                    sent[name] = value
            self._secrets.add_headers(
                {name: sent[name] for name in sent if is_secret_header(name)}
            )
            raw = self._send(method, url, body, sent, timeout)
            self._note(url, raw)
            location = raw.headers.get("location")
            if raw.status not in (301, 302, 303, 307, 308) or not location:
                return self._answer(method, shown, raw)
            url = self._follow(url, location, method, body)
            shown = self._secrets.blank_out(url)
        raise RedirectError(f"{shown} redirects without end; check the server's URL")

    def _send(
        self,
        method: str,
        url: str,
        body: Any,
        headers: dict[str, str],
        timeout: float | tuple[float, float] | None,
    ) -> urllib3.BaseHTTPResponse:
        pool: urllib3.PoolManager = self._client.api_client.rest_client.pool_manager
        with readable_errors(url):
            raw = pool.request(
                method,
                url,
                body=body,
                headers=headers,
                timeout=_timeout(timeout or self._settings.timeout, url),
                redirect=False,
                retries=False,
            )
            self._answer_ids.add(raw, pool)
            return raw

    def _note(self, url: str, raw: urllib3.BaseHTTPResponse) -> None:
        """Keep what an answer of the server tells about the session."""
        if not self.is_own(url):
            return
        self._is_reached = True
        self.server_date = raw.headers.get("date", self.server_date)
        for text in raw.headers.getlist("set-cookie"):
            try:
                found = SimpleCookie(text)
            except CookieError:
                continue  # a browser does not take it either
            self._secrets.add_cookies(found)
            self._client.api_client.cookies.update(found)

    def _answer(self, method: str, url: str, raw: urllib3.BaseHTTPResponse) -> Response:
        return Response(
            method,
            url,
            raw.status,
            raw.reason or "",
            raw.headers,
            raw.data,
            secrets=self._secrets,
        )

    def _follow(self, url: str, location: str, method: str, body: Any) -> str:
        quote = self._secrets.blank_out
        try:
            target = urllib.parse.urljoin(url, location)
        except ValueError:
            raise RedirectError(
                f"{url} redirects to what is no URL; check the server's URL"
            ) from None
        if self.is_own(target):
            if _is_whole(body):
                return target
            raise RedirectError(
                f"{url} redirects to {quote(target)}, and what was read while it was "
                "sent cannot be sent again; check the server's URL"
            )
        if method != "GET" or self.is_own(url):
            raise RedirectError(
                f"{url} redirects to {quote(origin_of(target))}, which is not the "
                f"configured server {self._origin}; if that is where CVAT is, use it "
                "as `url`"
            )
        return target


_NO_RETRIES = urllib3.Retry(
    total=None, connect=0, read=0, redirect=0, status=0, other=0, raise_on_status=False
)
"""For the sign-in, which the SDK sends: a password must not follow a redirect."""


def _open_client(settings: ServerSettings) -> Client:
    check_url(settings.url)
    verify = settings.verify_ssl
    with _undisturbed_logging():
        client = Client(
            settings.url,
            config=Config(verify_ssl=verify is not False),
            check_server_version=False,
        )
    configuration = client.api_client.configuration
    configuration.retries = _NO_RETRIES
    configuration.connection_pool_maxsize = MAX_CONNECTIONS
    if isinstance(verify, str) and verify:
        _check_bundle(verify)
        configuration.ssl_ca_cert = verify
    proxy = _proxy(settings.url)
    if proxy:
        configuration.proxy = proxy
    # the SDK reads all of this only when it makes its pool
    rest_client = client.api_client.rest_client = rest.RESTClientObject(configuration)
    rest_client.pool_manager.connection_pool_kw["blocksize"] = BLOCK
    return client


def _check_bundle(path: str) -> None:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ConfigurationError(
            f"`verify_ssl` names no CA bundle in PEM form: '{path}' ({error.strerror})"
        ) from None


@contextmanager
def _undisturbed_logging() -> Iterator[None]:
    """Undo what making a ``Client`` does to logging in the whole process."""
    loggers = [logging.getLogger(each) for each in ("urllib3", "cvat_sdk.api_client")]
    levels, debug = [each.level for each in loggers], HTTPConnection.debuglevel
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        HTTPConnection.debuglevel = debug


def _is_whole(body: Any) -> bool:
    """Tell whether a body is in memory, and not read while it is sent."""
    return body is None or isinstance(body, (bytes, str))


def _position(body: Any) -> int | None:
    """Return where the file that a body is read from stands; None if it is no file."""
    return body.tell() if hasattr(body, "seek") and body.seekable() else None


def _timeout(timeout: float | tuple[float, float], url: str) -> urllib3.Timeout:
    left = time_left()
    if left <= 0:
        raise RequestTimeoutError(f"No time is left to ask {origin_of(url)}")
    connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    return urllib3.Timeout(connect=min(connect, left), read=min(read, left))


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for a URL, as curl and pip do."""
    parts = urllib.parse.urlsplit(url)
    if not parts.hostname or urllib.request.proxy_bypass(parts.hostname):
        return None
    return urllib.request.getproxies().get(parts.scheme)
