"""The session: sign in, the five HTTP verbs, lists of several pages, names and ids."""

from __future__ import annotations

import logging
import sys
import webbrowser
from collections.abc import Callable, Mapping
from typing import Any

from fiftyone.utils.annotations import AnnotationAPI
from packaging.version import InvalidVersion, Version

from fiftyone_cvat.console import show_lines
from fiftyone_cvat.errors import (
    AnswerError,
    AuthenticationError,
    ConfigurationError,
    RequestError,
)
from fiftyone_cvat.runs.arguments import (
    positive_number,
    server_url,
    stored_text,
    truth_or_text,
)
from fiftyone_cvat.runs.members import name_of
from fiftyone_cvat.server.ledger import Ledger
from fiftyone_cvat.server.urls import Urls
from fiftyone_cvat.transport.connection import Connection
from fiftyone_cvat.transport.requests import check_request_url
from fiftyone_cvat.transport.responses import Response, page_of, value_in, value_of
from fiftyone_cvat.transport.settings import Credentials, ServerSettings

__all__ = ["Session"]

logger = logging.getLogger(__name__)

PAGE_SIZE = 500


class Session(Urls, AnnotationAPI):
    """The signed-in session that everything else in the API uses."""

    _session: Connection = None  # type: ignore[assignment]  # until it is opened
    _organization: str | None = None

    def __init__(
        self,
        name: str,
        url: str,
        username: str | None = None,
        email: str | None = None,
        password: str | None = None,
        headers: dict[str, str] | None = None,
        organization: str | None = None,
        *,
        access_token: str | None = None,
        verify_ssl: bool | str = True,
        timeout: float = 60.0,
        wait_timeout: float = 3600.0,
    ) -> None:
        # None is that of a configuration which was made without FiftyOne's backends
        self._name = None if name is None else name_of("name", name)
        self._url = (server_url(url) or "").strip().rstrip("/")
        self._username = stored_text(name, "username", username)
        self._email = stored_text(name, "email", email)
        self._password = stored_text(name, "password", password)
        self._headers = headers
        self._organization = stored_text(name, "organization", organization)
        self._access_token = stored_text(name, "access_token", access_token)
        self._verify_ssl = truth_or_text(verify_ssl)
        self._timeout = positive_number("timeout", timeout)
        self._wait_timeout = positive_number("wait_timeout", wait_timeout)

        self._user_id_map: dict[str, int] = {}
        self._unknown_users: set[str] = set()
        self._project_id_map: dict[str, int] = {}
        self._ledger = Ledger()
        self._sent_media: dict[int, Any] = {}  # task id to files that it was sent
        self._stored: dict[int, Any] = {}  # task id to annotations that it has got

        self._setup()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self._name}' at {self._url}>"

    def close(self) -> None:
        """Closes the API session."""
        self._session.close()

    def get(self, url: str, **kwargs: Any) -> Response:
        """Sends a GET request to the given CVAT API URL.

        Args:
            url: the url
            **kwargs: additional request parameters; :meth:`post` names them, and what
                is raised

        Returns:
            the request response
        """
        return self._make_request(self._session.get, url, **kwargs)

    def patch(self, url: str, **kwargs: Any) -> Response:
        """Sends a PATCH request to the given CVAT API URL.

        Args:
            url: the url
            **kwargs: additional request parameters; :meth:`post` names them, and what
                is raised

        Returns:
            the request response
        """
        return self._make_request(self._session.patch, url, **kwargs)

    def post(self, url: str, **kwargs: Any) -> Response:
        """Sends a POST request to the given CVAT API URL.

        Args:
            url: the url
            **kwargs: additional request parameters: ``params``, ``json``, ``data``,
                ``files``, ``headers``, ``timeout`` in seconds, ``print_error_info``,
                and ``harmless``, whether the request may be sent again if its answer
                is lost; otherwise the error says so in ``may_have_been_processed``

        Returns:
            the request response

        Raises:
            RequestError: if the server refuses the request
        """
        return self._make_request(self._session.post, url, **kwargs)

    def put(self, url: str, **kwargs: Any) -> Response:
        """Sends a PUT request to the given CVAT API URL.

        Args:
            url: the url
            **kwargs: additional request parameters; :meth:`post` names them, and what
                is raised

        Returns:
            the request response
        """
        return self._make_request(self._session.put, url, **kwargs)

    def delete(self, url: str, **kwargs: Any) -> Response:
        """Sends a DELETE request to the given CVAT API URL.

        Args:
            url: the url to send the request to
            **kwargs: additional request parameters; :meth:`post` names them, and what
                is raised

        Returns:
            the request response
        """
        return self._make_request(self._session.delete, url, **kwargs)

    def launch_editor(self, url: str | None = None) -> None:
        """Launches the CVAT editor in your default web browser.

        Args:
            url: an optional URL to open. By default, the base URL of the server is
                opened
        """
        webbrowser.open(url or self.base_url, new=2)

    def _setup(self) -> None:
        """Open the connection, learn the server's version, and sign in."""
        show_lines()
        if not self._url:
            raise ConfigurationError(
                "No CVAT server: give its address as `url`, or set "
                f"FIFTYONE_{(self._name or 'cvat').upper()}_URL"
            )
        self._session = Connection(
            ServerSettings(
                url=self._url,
                headers=self._headers or {},
                verify_ssl=self._verify_ssl,
                timeout=self._timeout,
                wait_timeout=self._wait_timeout,
            )
        )
        try:
            self._add_referer()
            self._login(self._username, self._password, email=self._email)
            self._add_organization()
            self._server_version = self._ask_version()
        except BaseException:
            self.close()
            raise

    def _ask_version(self) -> Version | None:
        about = self.get(self.about_url, print_error_info=False)
        text = str(value_of(about, "version"))
        try:
            return Version(text)
        except InvalidVersion:
            logger.warning(
                "%s tells a version that is none: '%s'", self._url, about.quote(text)
            )
            return None

    def _login(
        self, username: str | None, password: str | None, email: str | None = None
    ) -> None:
        """Sign in with the session's token, or else with a password.

        Args:
            username: the user name, or None
            password: the password, or None
            email: the e-mail address, or None

        Raises:
            AuthenticationError: if the server does not accept them, or if there are
                none and nobody can be asked
        """
        if not self._access_token and not self._has_authorization_header():
            username, password = self._complete(username, password, email)
        credentials = Credentials(
            username=username,
            email=email,
            password=password,
            access_token=self._access_token,
        )
        self._session.sign_in(credentials)

    def _has_authorization_header(self) -> bool:
        return any(name.lower() == "authorization" for name in self._headers or {})

    def _complete(
        self, username: str | None, password: str | None, email: str | None
    ) -> tuple[str | None, str | None]:
        """Ask for what is missing, if somebody is there to be asked."""
        if password is not None and (username or email):
            return username, password
        if not sys.stdin or not sys.stdin.isatty():
            prefix = f"FIFTYONE_{(self._name or 'cvat').upper()}_"
            raise AuthenticationError(
                f"No credentials for CVAT at {self._url}: give `access_token`, or "
                f"`username` and `password`, or set {prefix}ACCESS_TOKEN, or "
                f"{prefix}USERNAME and {prefix}PASSWORD"
            )
        asked: tuple[str, str] = self._prompt_username_password(
            self._name, username=username or email, password=password
        )
        return (None if email and not username else asked[0]), asked[1]

    def _add_referer(self) -> None:
        """Send the server's own address as referer, which its CSRF check wants."""
        self._session.headers.setdefault("Referer", self.login_url)

    def _add_organization(self) -> None:
        """Work in the organization, if there is one, from now on."""
        if self._organization:
            self._session.enter_organization(self._organization)

    def _make_request(
        self,
        request_method: Callable[..., Response],
        url: str,
        print_error_info: bool = True,
        **kwargs: Any,
    ) -> Response:
        """Send a request with one of the session's verbs and check its answer.

        Args:
            request_method: a verb of the session, such as ``self._session.get``
            url: the url
            print_error_info: whether to log a refusal, besides raising it
            **kwargs: additional request parameters

        Returns:
            the request response

        Raises:
            ConfigurationError: if the URL is none
            RequestError: if the server refuses the request
        """
        check_request_url(url, self.base_api_url)
        response = request_method(url, **kwargs)
        if print_error_info:
            self._validate(response, kwargs)
        else:
            response.raise_for_status()
        return response

    def _validate(self, response: Response, kwargs: dict[str, Any]) -> None:
        """Log and raise a refusal.

        Args:
            response: the answer to a request
            kwargs: the parameters of the request; only their names are logged, since
                they may hold credentials and media

        Raises:
            RequestError: if the status is 400 or more
        """
        try:
            response.raise_for_status()
        except RequestError as error:
            error.advice = self._advice(error)
            logger.error("%s (sent with %s)", error, _content_of(kwargs))
            raise

    def _advice(self, error: RequestError) -> str:
        """Tell why a user may be denied what the error says."""
        if error.status == 401:  # noqa: PLR2004
            return "The session has ended or the token was revoked: connect again."
        if error.status != 403 or error.method == "GET":  # noqa: PLR2004
            return ""
        if self._access_token:
            return (
                "Access tokens are read-only unless they are created otherwise: use "
                "one that may write."
            )
        return "Check that this user may change it."

    def _get_paginated_results(
        self,
        base_url: str,
        get_page_url: Callable[[int], str] | None = None,
        value: str | None = None,
    ) -> list[Any]:
        """Return a whole list of the server, page after page.

        Pages are asked for by number at ``base_url``, not by the address that the
        server gives as ``next``: behind a proxy that one can be wrong.

        Args:
            base_url: the URL of the list
            get_page_url: makes the URL of a page from its number, from 1
            value: the key of the one value to return of each item

        Returns:
            the items, or one value of each

        Raises:
            AnswerError: if the server answers with no list, without an end, or without
                one of the values
        """
        items = self._all_items(base_url, get_page_url)
        return [value_in(item, value, base_url) for item in items] if value else items

    def _all_items(
        self,
        base_url: str,
        get_page_url: Callable[[int], str] | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> list[Any]:
        """Return a whole list of the server, asked for with headers of its own.

        Args:
            base_url: the URL of the list
            get_page_url: makes the URL of a page from its number, from 1
            headers: headers to add; None takes one away
        """
        items: list[Any] = []
        last: Any = None
        number = 1
        more = {"headers": headers} if headers else {}
        while True:
            url = get_page_url(number) if get_page_url else base_url
            page = None if get_page_url else number
            params = {"page": page, "page_size": PAGE_SIZE}
            answer = self.get(url, params=params, **more)
            found = page_of(answer)
            results = found["results"]
            if results and results == last:
                # a server that sends one page again and again would never end
                raise AnswerError(
                    f"{answer.url} answered with 'results' that are those of the page "
                    "before; check that no proxy changes answers, else report it"
                )
            items.extend(results)
            if not results or not found.get("next"):
                return items
            number += 1
            last = results

    def _list_ids(self, base_url: str, get_page_url: Callable[[int], str]) -> list[int]:
        """Return the ids of all objects in a list of the server.

        Args:
            base_url: the URL of the list
            get_page_url: makes the URL of a page from its number, from 1
        """
        return self._get_paginated_results(
            base_url, get_page_url=get_page_url, value="id"
        )

    def _get_value_from_search(
        self,
        search_url_fcn: Callable[[Any], str],
        target: Any,
        target_key: str,
        value_key: str,
    ) -> Any:
        """Return one value of the first item that matches exactly, or None.

        Args:
            search_url_fcn: makes the URL of a search from what is searched
            target: what is searched
            target_key: the key under which an item holds it
            value_key: the key of the value to return
        """
        url = search_url_fcn(target)
        for item in self._get_paginated_results(url):
            if value_in(item, target_key, url) == target:
                return value_in(item, value_key, url)
        return None

    def _get_value_update_map(
        self,
        name: str | None,
        id_map: dict[str, int],
        result_name: str,
        search_url_fcn: Callable[[Any], str],
    ) -> int | None:
        """Return the id for a name, from a map or else from the server.

        Args:
            name: the name, or None
            id_map: ids by name; what the server tells is added, in place
            result_name: the key under which the server's items hold the name
            search_url_fcn: makes the URL of a search from the name

        Returns:
            the id, or None if there is none
        """
        if name is None:
            return None
        name_of(result_name, name)
        if name not in id_map:
            found = self._get_value_from_search(search_url_fcn, name, result_name, "id")
            if found is None:
                return None
            id_map[name] = found
        return id_map[name]

    def _parse_arg(self, arg: Any, config_arg: Any) -> Any:
        """Return an argument, or what the configuration says if it is None."""
        return config_arg if arg is None else arg


def _content_of(kwargs: dict[str, Any]) -> str:
    """Return the names of what was sent in a request."""
    return ", ".join(name for name in kwargs if name != "harmless") or "nothing"
