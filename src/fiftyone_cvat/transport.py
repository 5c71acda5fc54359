"""The connection to a CVAT server: the one module that imports the cvat-sdk client.

The SDK's ``Client`` signs in, keeps the session and owns the connection pool. Requests
go over that pool as plain JSON: the SDK's generated models would cost about forty
times as much and refuse whatever they do not know. Credentials are sent to the
server's own origin only, and never appear in a message.
"""

from __future__ import annotations

import logging
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from typing import Any, TypeVar

import urllib3
from cvat_sdk.api_client import exceptions as sdk_exceptions
from cvat_sdk.api_client import models, rest
from cvat_sdk.core.client import AccessTokenCredentials, Client, Config
from urllib3.exceptions import (
    HTTPError,
    LocationParseError,
    MaxRetryError,
    NewConnectionError,
    ResponseError,
    SSLError,
    TimeoutError,  # noqa: A004  urllib3's own name
)
from urllib3.util import Url, parse_url

from fiftyone_cvat.errors import (
    AuthenticationError,
    CertificateError,
    ConfigurationError,
    OrganizationError,
    RequestTimeoutError,
    UnreachableError,
    WaitTimeoutError,
)
from fiftyone_cvat.messages import (
    Response,
    detail_of,
    encode_body,
    origin_of,
    with_params,
)

__all__ = [
    "Connection",
    "Credentials",
    "ServerSettings",
    "wait_until",
]

logger = logging.getLogger(__name__)

T = TypeVar("T")

MAX_REDIRECTS = 5
FIRST_WAIT = 0.03
WAIT_GROWTH = 1.4
LONGEST_WAIT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where the server is and how to talk to it.

    Attributes:
        url: the server's address with its scheme; a path prefix is kept
        headers: headers to add to every request to the server
        verify_ssl: True, False, or the path of a CA bundle in PEM form
        timeout: seconds to wait for one answer
        wait_timeout: seconds to wait for work on the server
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    verify_ssl: bool | str = True
    timeout: float = 60.0
    wait_timeout: float = 3600.0


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

    Raises:
        ConfigurationError: if the URL or the CA bundle cannot be used
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._origin = origin_of(settings.url)
        self._client = _open_client(settings)
        self.headers: dict[str, str] = self._client.api_client.default_headers
        self.headers.update(settings.headers)

    def sign_in(self, credentials: Credentials) -> None:
        """Sign in and make sure that the server accepts it.

        Args:
            credentials: a token, or a password with a user name or an e-mail; may be
                empty if the settings' headers hold an ``Authorization``

        Raises:
            AuthenticationError: if the server does not accept them
            UnreachableError: if there is no connection
        """
        if credentials.access_token:
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
        **content: Any,
    ) -> Response:
        """Send a request and return its answer, whatever its status.

        Args:
            method: the HTTP method
            url: the full URL; credentials go along only to the server's own origin
            params: query parameters to add; None values are left out
            headers: headers to add; None takes one away
            timeout: seconds to wait, or ``(connect, read)``; the settings' by default
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
        for _ in range(MAX_REDIRECTS):
            sent = self._headers(method, url)
            sent.update(content_headers)
            for name, value in (headers or {}).items():
                if value is None:
                    sent.pop(name, None)
                else:
                    sent[name] = value
            raw = self._send(method, url, body, sent, timeout)
            self._keep_cookies(url, raw)
            location = raw.headers.get("location")
            if raw.status not in (301, 302, 303, 307, 308) or not location:
                return _response(method, url, raw)
            url = self._follow(url, location, method, body)
        raise UnreachableError(f"{url} redirects without end; check the server's URL")

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
        try:
            with _readable(url):
                _, raw = api.auth_api.create_login(
                    models.LoginSerializerExRequest(**who),
                    _request_timeout=self._settings.timeout,
                    _parse_response=False,  # its model differs between SDKs
                )
                status, _ = raw.status, raw.data
        except sdk_exceptions.ApiException as error:
            status = error.status
        if status in (400, 401, 403):
            raise AuthenticationError(
                f"CVAT at {self._settings.url} does not accept this password for "
                f"'{name}'; check user name and password, or use an access token"
            ) from None
        if status != 200:  # noqa: PLR2004
            raise UnreachableError(
                f"{self._settings.url} answered {status} to the sign-in; check that "
                "the URL is that of a CVAT server"
            ) from None
        self._keep_cookies(url, raw)
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

    def _send(
        self,
        method: str,
        url: str,
        body: Any,
        headers: dict[str, str],
        timeout: float | tuple[float, float] | None,
    ) -> urllib3.BaseHTTPResponse:
        pool: urllib3.PoolManager = self._client.api_client.rest_client.pool_manager
        with _readable(url):
            return pool.request(
                method,
                url,
                body=body,
                headers=headers,
                timeout=_timeout(timeout or self._settings.timeout),
                redirect=False,
                retries=_RETRIES,
            )

    def _keep_cookies(self, url: str, raw: urllib3.BaseHTTPResponse) -> None:
        cookies = raw.headers.get("set-cookie")
        if cookies and self.is_own(url):
            self._client.api_client.cookies.update(SimpleCookie(cookies))

    def _follow(self, url: str, location: str, method: str, body: Any) -> str:
        target = urllib.parse.urljoin(url, location)
        if self.is_own(target):
            if body is None or isinstance(body, (bytes, str)):
                return target
            raise UnreachableError(
                f"{url} redirects to {target}, and what was read while it was sent "
                "cannot be sent again; check the server's URL"
            )
        if method != "GET" or self.is_own(url):
            raise UnreachableError(
                f"{url} redirects to {origin_of(target)}, which is not the configured "
                f"server {self._origin}; if that is where CVAT is, use it as `url`"
            )
        return target


_RETRIES = urllib3.Retry(
    total=3,
    connect=2,
    read=0,
    redirect=0,
    status=3,
    other=0,
    status_forcelist=(502, 503, 504),
    backoff_factor=0.2,
    raise_on_status=False,
)
"""Only methods that may be repeated are repeated, and only where nothing was done."""


def wait_until(ask: Callable[[], T | None], *, timeout: float, work: str) -> T:
    """Ask again and again, ever less often, until there is an answer.

    Args:
        ask: returns None as long as there is no answer
        timeout: seconds to wait at most
        work: what is waited for, for the message

    Returns:
        the first answer that is not None

    Raises:
        WaitTimeoutError: if there is none in time
    """
    deadline = time.monotonic() + timeout
    delay = FIRST_WAIT
    while (answer := ask()) is None:
        if time.monotonic() + delay > deadline:
            raise WaitTimeoutError(
                f"{work} did not end within {timeout:g} s; the server may be busy: "
                "look at it there, or raise `wait_timeout`"
            )
        time.sleep(delay)
        delay = min(delay * WAIT_GROWTH, LONGEST_WAIT)
    return answer


def _open_client(settings: ServerSettings) -> Client:
    _check_url(settings.url)
    verify = settings.verify_ssl
    with _undisturbed_logging():
        client = Client(
            settings.url,
            config=Config(verify_ssl=bool(verify)),
            check_server_version=False,
        )
    configuration = client.api_client.configuration
    configuration.retries = _RETRIES  # a password must not follow a redirect
    if isinstance(verify, str):
        _check_bundle(verify)
        configuration.ssl_ca_cert = verify
    proxy = _proxy(settings.url)
    if proxy:
        configuration.proxy = proxy
    # the SDK reads all of this only when it makes its pool
    client.api_client.rest_client = rest.RESTClientObject(configuration)
    return client


def _check_url(url: str) -> None:
    if "@" in url:
        raise ConfigurationError(
            "The server's URL holds a user name or a password; give them as "
            "`username` and `password`"
        )
    try:
        parts = parse_url(url)
    except LocationParseError:
        parts = Url()
    if parts.scheme not in ("http", "https") or not parts.host:
        raise ConfigurationError(
            f"'{url}' is not a server's URL; give it as in 'https://cvat.example.com'"
        )


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
    urllib3_logger = logging.getLogger("urllib3")
    level, debug = urllib3_logger.level, HTTPConnection.debuglevel
    try:
        yield
    finally:
        urllib3_logger.setLevel(level)
        HTTPConnection.debuglevel = debug


@contextmanager
def _readable(url: str) -> Iterator[None]:
    """Turn urllib3's exceptions into ours."""
    where = origin_of(url)
    try:
        yield
    except HTTPError as error:
        cause: BaseException | None = error
        if isinstance(error, MaxRetryError):
            cause = error.reason
        if isinstance(cause, SSLError):
            raise CertificateError(
                f"The certificate of {where} does not verify: {cause}. If the server "
                "uses a private CA, give its bundle's path as `verify_ssl`; "
                "`verify_ssl=False` turns the check off"
            ) from None
        # urllib3 counts a refused connection among its timeouts
        refused = isinstance(cause, NewConnectionError)
        if isinstance(cause, TimeoutError) and not refused:
            raise RequestTimeoutError(
                f"{where} did not answer in time; it may be busy: try again, or "
                "raise `timeout`"
            ) from None
        if isinstance(error, LocationParseError):
            raise ConfigurationError(f"'{url}' is not a URL") from None
        if isinstance(cause, ResponseError):
            raise UnreachableError(
                f"{where} redirects the sign-in; check the server's URL"
            ) from None
        raise UnreachableError(
            f"No connection to {where} ({type(cause).__name__}); check that the URL "
            "is right and that the server runs"
        ) from None


def _timeout(timeout: float | tuple[float, float]) -> urllib3.Timeout:
    if isinstance(timeout, tuple):
        return urllib3.Timeout(connect=timeout[0], read=timeout[1])
    return urllib3.Timeout(connect=timeout, read=timeout)


def _response(method: str, url: str, raw: urllib3.BaseHTTPResponse) -> Response:
    reason = raw.reason or ""
    return Response(method, url, raw.status, reason, raw.headers, raw.data)


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for a URL, as curl and pip do."""
    parts = urllib.parse.urlsplit(url)
    if not parts.hostname or urllib.request.proxy_bypass(parts.hostname):
        return None
    return urllib.request.getproxies().get(parts.scheme)
