"""FiftyOne's database: whether it answers, in words that say what to do if not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import fiftyone as fo
import fiftyone.core.odm as foo
import pymongo
from fiftyone.core.config import FiftyOneConfigError
from fiftyone.core.service import ServiceException
from pymongo.errors import ConnectionFailure, PyMongoError

from fiftyone_cvat.errors import CVATError, DatabaseError

__all__ = ["ask_database", "asking_database", "open_database"]

PATIENCE_MS = 5000
"""FiftyOne itself waits for half a minute."""

ADVICE = (
    "check FIFTYONE_DATABASE_URI, or leave it away to let FiftyOne start its own "
    "database; see https://docs.voxel51.com/user_guide/config.html"
)


def ask_database(patience_ms: int | None = None) -> tuple[str, list[str]]:
    """Ask FiftyOne's database who it is; it is started if FiftyOne does that.

    Args:
        patience_ms: how long to wait for it, in milliseconds; 5 s by default

    Returns:
        its version, and its addresses, such as "localhost:27017"

    Raises:
        DatabaseError: if it does not answer in time, or does not start
    """
    uri = fo.config.database_uri
    with _plain_words(), ExitStack() as stack:
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
        DatabaseError: if it does not, or if FiftyOne refuses it
    """
    ask_database(patience_ms)
    with _plain_words():
        foo.get_db_conn()


@contextmanager
def asking_database() -> Iterator[None]:
    """Raise one error if FiftyOne's database does not answer in the block.

    FiftyOne connects when it first needs it, and raises what fits to where it is then.

    Raises:
        DatabaseError: if it is not there, cannot be started, or refuses the user
    """
    try:
        yield
    except CVATError:
        raise  # those of connections are ConnectionErrors, too
    except (
        *(ConnectionFailure, ConnectionError, RuntimeError),
        *(FiftyOneConfigError, ServiceException),
    ) as error:
        cause = error.__cause__
        if isinstance(error, RuntimeError) and not isinstance(cause, PyMongoError):
            raise
        raise _database_error(cause or error) from error


@contextmanager
def _plain_words() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # pymongo's errors, FiftyOne's and the system's have no root in common
        raise _database_error(error) from error


def _database_error(error: BaseException) -> DatabaseError:
    """Return what says that the database is away, without a password of its address."""
    words = " ".join(re.sub(r"//[^/@\s]*@", "//", str(error)).split())
    words = words.partition(" (configured")[0].partition(", Timeout:")[0]
    words = re.sub(r"\[Errno -?\d+\] ", "", words).strip() or type(error).__name__
    is_own = fo.config.database_uri is None
    what = "does not start on this machine" if is_own else "does not answer"
    return DatabaseError(f"FiftyOne's database {what} ({words[:300]}); {ADVICE}")
