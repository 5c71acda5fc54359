"""The connection to a CVAT server: requests are signed, sent, redirected and repeated.

They go over the SDK's pool as plain JSON. Credentials are sent to the server's own
origin only, and never appear in a message.
"""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import urllib3

from fiftyone_cvat.errors import (
    AuthenticationError,
    OrganizationError,
    RedirectError,
    RequestTimeoutError,
    UnreachableError,
)
from fiftyone_cvat.transport.failures import AnswerIds, readable_errors
from fiftyone_cvat.transport.redaction import Secrets, is_secret_header
from fiftyone_cvat.transport.requests import (
    check_headers,
    encode_body,
    origin_of,
    with_params,
)
from fiftyone_cvat.transport.responses import Response, cookies_in, detail_of
from fiftyone_cvat.transport.retrying import (
    Outcome,
    is_repeatable,
)
from fiftyone_cvat.transport.sdk_client import SdkClient
from fiftyone_cvat.transport.settings import Credentials, ServerSettings
from fiftyone_cvat.transport.waiting import send_repeatedly, time_left

__all__ = ["Connection"]

MAX_REDIRECTS = 5


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
        self._sdk = SdkClient(settings)
        self.headers = self._sdk.headers
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
            self._sdk.take_token(credentials.access_token)
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
        self._sdk.enter_organization(slug)
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
        stream: bool = False,  # noqa: ARG002  what `requests` calls this takes it
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
            stream: not used: answers are read whole
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
        self._sdk.close()

    def is_own(self, url: str) -> bool:
        """Return whether a URL lies at the server's own origin."""
        return origin_of(url) == self._origin

    def _sign_in_with_password(self, credentials: Credentials) -> None:
        name = credentials.username or credentials.email
        url = f"{self._settings.url}/api/auth/login"

        def send() -> Response:
            with readable_errors(url):
                raw = self._sdk.send_password(credentials)
                self._answer_ids.add(raw, self._sdk.pool)
            self._note(url, raw)
            return self._answer("POST", url, raw)

        # a sign-in whose answer is lost leaves a session that nobody uses
        answer = self._repeatedly(send, lambda outcome: outcome is not Outcome.ANSWERED)
        status = answer.status_code
        if status in (400, 401, 403):
            refusal = AuthenticationError(
                f"CVAT at {self._settings.url} does not accept this password for "
                f"'{name}'; check user name and password, or use an access token"
            )
            refusal.response = answer
            raise refusal from None
        if status != 200:  # noqa: PLR2004
            tried = f" ({answer.tried})" if answer.tried else ""
            raise UnreachableError(
                f"{self._settings.url} answered {status} to the sign-in{tried}; check "
                "that the URL is that of a CVAT server"
            )
        self._sdk.take_csrf_token()

    def _who_am_i(self) -> Response:
        response = self.get(f"{self._settings.url}/api/users/self")
        if response.status_code == 401:  # noqa: PLR2004
            refusal = AuthenticationError(
                f"CVAT at {self._settings.url} does not accept these credentials: "
                f"{detail_of(response)} Check that the access token is complete and "
                "has not expired or been revoked"
            )
            refusal.response = response
            raise refusal from None
        return response

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
            if self.is_own(url):
                sent = self._sdk.signed_headers(method)
            else:
                sent = {"User-Agent": self._sdk.user_agent}
            for name, value in more.items():
                if value is None:
                    sent.pop(name, None)
                else:
                    sent[name] = value
            self._secrets.add_headers(
                {name: sent[name] for name in sent if is_secret_header(name)}
            )
            began = time.monotonic()
            raw = self._send(method, url, body, sent, timeout)
            elapsed = timedelta(seconds=time.monotonic() - began)
            self._note(url, raw)
            location = raw.headers.get("location")
            if raw.status not in (301, 302, 303, 307, 308) or not location:
                return replace(self._answer(method, shown, raw), elapsed=elapsed)
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
        pool = self._sdk.pool
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
        for found in cookies_in(raw.headers):
            self._secrets.add_cookies(found)
            self._sdk.take_cookies(found)

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


def _is_whole(body: Any) -> bool:
    """Return whether a body is in memory, and not read while it is sent."""
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
