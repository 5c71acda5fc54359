"""The client of cvat-sdk: the one module that imports it.

The SDK's ``Client`` signs in, keeps the session and owns the connection pool. Requests
go over that pool as plain JSON: the SDK's generated models would cost about forty
times as much and refuse whatever they do not know.
"""

from __future__ import annotations

import logging
import ssl
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.cookies import SimpleCookie

import urllib3
from cvat_sdk.api_client import models, rest
from cvat_sdk.core.client import AccessTokenCredentials, Client, Config

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.arguments import without_secrets
from fiftyone_cvat.transport.requests import check_url
from fiftyone_cvat.transport.settings import Credentials, ServerSettings

__all__ = ["SdkClient"]

MAX_CONNECTIONS = 16
"""Connections that are kept open, as many as there may be threads."""

BLOCK = 1 << 18
"""Bytes of a file that are sent at a time: 16 KB each cost 0.24 s more for 216 MB."""

_NO_RETRIES = urllib3.Retry(
    total=None, connect=0, read=0, redirect=0, status=0, other=0, raise_on_status=False
)
"""For the sign-in, which the SDK sends: a password must not follow a redirect."""


class SdkClient:
    """A session of the SDK with one server, and its pool of connections.

    Args:
        settings: where the server is and how to talk to it

    Attributes:
        headers: what is added to every request to the server

    Raises:
        ConfigurationError: if the URL or the CA bundle cannot be used
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._client = _opened(settings)
        self._timeout = settings.timeout
        self.headers: dict[str, str] = self._client.api_client.default_headers
        self.headers.update(settings.headers)

    @property
    def pool(self) -> urllib3.PoolManager:
        """The pool that all requests go over."""
        pool: urllib3.PoolManager = self._client.api_client.rest_client.pool_manager
        return pool

    @property
    def user_agent(self) -> str:
        """What a request says that comes from here."""
        return str(self._client.api_client.user_agent)

    def take_token(self, token: str) -> None:
        """Sign requests with an access token from now on."""
        self._client.login(AccessTokenCredentials(token))

    def send_password(self, credentials: Credentials) -> urllib3.BaseHTTPResponse:
        """Send a sign-in with a password; return the answer, whatever its status."""
        who: dict[str, str] = {"password": credentials.password or ""}
        if credentials.username:
            who["username"] = credentials.username
        if credentials.email:
            who["email"] = credentials.email
        _, raw = self._client.api_client.auth_api.create_login(
            models.LoginSerializerExRequest(**who),
            _request_timeout=self._timeout,
            _parse_response=False,  # its model differs between SDKs
            _check_status=False,  # its error holds the body
        )
        answer: urllib3.BaseHTTPResponse = raw
        return answer

    def take_csrf_token(self) -> None:
        """Send the token that the server set as a cookie along as a header, too."""
        api = self._client.api_client
        if "csrftoken" in api.cookies:
            token = api.cookies["csrftoken"].value
            api.configuration.api_key["csrfHeaderAuth"] = token

    def take_cookies(self, cookies: SimpleCookie) -> None:
        """Keep cookies that the server has set."""
        self._client.api_client.cookies.update(cookies)

    def enter_organization(self, slug: str) -> None:
        """Work in an organization from now on."""
        self._client.organization_slug = slug

    def signed_headers(self, method: str) -> dict[str, str]:
        """Return the headers that sign a request to the server."""
        api = self._client.api_client
        headers: dict[str, str] = api.get_common_headers()
        settings = api.configuration.auth_settings()
        api.update_params_for_auth(headers, [], settings, "", method, None)
        return headers

    def close(self) -> None:
        """Close the pooled connections; calling it again does no harm."""
        self.pool.clear()
        self._client.close()


def _opened(settings: ServerSettings) -> Client:
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
            f"`verify_ssl` names no CA bundle in PEM form: '{without_secrets(path)}' "
            f"({error.strerror})"
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


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for a URL, as curl and pip do."""
    parts = urllib.parse.urlsplit(url)
    if not parts.hostname or urllib.request.proxy_bypass(parts.hostname):
        return None
    return urllib.request.getproxies().get(parts.scheme)
