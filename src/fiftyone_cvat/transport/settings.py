"""Where a server is, how to talk to it, and who signs in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fiftyone_cvat.transport.retrying import RetryPolicy

__all__ = ["Credentials", "ServerSettings"]


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
