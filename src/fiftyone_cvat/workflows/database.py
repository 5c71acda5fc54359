"""FiftyOne's database: where it does not answer, one error says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import fiftyone as fo
from fiftyone.core.config import FiftyOneConfigError
from fiftyone.core.service import ServiceException
from pymongo.errors import ConnectionFailure, PyMongoError

from fiftyone_cvat.errors import CVATError, DatabaseError

__all__ = ["asking_database"]


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
        # what follows are pymongo's own notes
        words = str(cause or error).partition(" (configured")[0][:200]
        raise DatabaseError(
            f"FiftyOne's database {_place()} does not answer: {words}. Start MongoDB, "
            "or set FIFTYONE_DATABASE_URI to where it is; `fiftyone-cvat doctor` "
            "checks it"
        ) from error


def _place() -> str:
    uri = fo.config.database_uri
    shown = re.sub(r"//[^/@\s]*@", "//", uri or "")
    return f"at '{shown}'" if uri else "on this machine"
