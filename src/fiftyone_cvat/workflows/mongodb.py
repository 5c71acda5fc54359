"""FiftyOne's database: whether it answers, in words that say what to do if not."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import fiftyone as fo
import fiftyone.core.odm as foo
import pymongo

from fiftyone_cvat.errors import CVATError

__all__ = ["NoDatabaseError", "ask_database", "open_database"]

PATIENCE_MS = 5000
"""FiftyOne itself waits for half a minute."""

ADVICE = (
    "check FIFTYONE_DATABASE_URI, or leave it away to let FiftyOne start its own "
    "database; see https://docs.voxel51.com/user_guide/config.html"
)


class NoDatabaseError(CVATError, ConnectionError):
    """FiftyOne's database, MongoDB, does not answer or does not start."""


def ask_database(patience_ms: int | None = None) -> tuple[str, list[str]]:
    """Ask FiftyOne's database who it is; it is started if FiftyOne does that.

    Args:
        patience_ms: how long to wait for it, in milliseconds; 5 s by default

    Returns:
        its version, and its addresses, such as "localhost:27017"

    Raises:
        NoDatabaseError: if it does not answer in time, or does not start
    """
    uri = fo.config.database_uri
    with _plain_words(uri), contextlib.ExitStack() as stack:
        if uri is None:
            client = foo.get_db_conn().client
        else:
            wait = patience_ms or PATIENCE_MS
            client = pymongo.MongoClient(uri, serverSelectionTimeoutMS=wait)
            stack.callback(client.close)
        version: str = client.server_info()["version"]
        return version, [f"{host}:{port}" for host, port in sorted(client.nodes)]


def open_database(patience_ms: int | None = None) -> None:
    """Connect FiftyOne to its database, if it answers.

    Args:
        patience_ms: how long to wait for it, in milliseconds; 5 s by default

    Raises:
        NoDatabaseError: if it does not, or if FiftyOne refuses it
    """
    ask_database(patience_ms)
    with _plain_words(fo.config.database_uri):
        foo.get_db_conn()


@contextlib.contextmanager
def _plain_words(uri: str | None) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # pymongo's errors, FiftyOne's and the system's have no root in common
        words = f"FiftyOne's database {_what_happened(error, uri)}; {ADVICE}"
        raise NoDatabaseError(words) from error


def _what_happened(error: Exception, uri: str | None) -> str:
    """Say what is wrong with the database, without a password of its address."""
    words = " ".join(re.sub(r"//[^/@\s]*@", "//", str(error)).split())
    words = words.partition(" (configured")[0].partition(", Timeout:")[0]
    words = re.sub(r"\[Errno -?\d+\] ", "", words).strip() or type(error).__name__
    what = "does not start on this machine" if uri is None else "does not answer"
    return f"{what} ({words[:300]})"
