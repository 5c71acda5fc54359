"""FiftyOne's database that does not answer."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from pymongo.errors import AutoReconnect, ServerSelectionTimeoutError

from fiftyone_cvat.errors import DatabaseError, UnreachableError
from fiftyone_cvat.workflows.database import asking_database


@pytest.mark.parametrize(
    "error",
    [
        ServerSelectionTimeoutError("localhost: refused (configured timeouts: 1)"),
        AutoReconnect("refused"),
        ConnectionError("refused"),
    ],
)
def test_what_fiftyone_raises_then(error):
    words = r"does not answer \((localhost: )?refused\); check FIFTYONE_DATABASE_URI"
    with pytest.raises(DatabaseError, match=words) as caught, asking_database():
        raise error

    assert caught.value.__cause__ is error
    assert isinstance(caught.value, ConnectionError)


@pytest.mark.parametrize(
    "error", [UnreachableError("CVAT"), RuntimeError("other"), ValueError("other")]
)
def test_what_is_none_of_it(error):
    with pytest.raises(type(error)) as caught, asking_database():
        raise error

    assert caught.value is error


def test_no_database():
    """A call by a dataset's name, as of the command line, ends in our error."""
    code = (
        "import fiftyone_cvat\n"
        "from fiftyone_cvat.workflows.results import dataset_of_name\n"
        "try:\n"
        "    dataset_of_name('roads')\n"
        "except fiftyone_cvat.CVATError as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    address = "ann:s3cr3t@127.0.0.1:1/?serverSelectionTimeoutMS=200"
    given = {"FIFTYONE_DATABASE_URI": f"mongodb://{address}"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | given | {"FIFTYONE_DO_NOT_TRACK": "true"},
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )

    words = "DatabaseError FiftyOne's database does not answer (127.0.0.1:1"
    assert done.stdout.startswith(words)
    assert "check FIFTYONE_DATABASE_URI" in done.stdout
    assert "s3cr3t" not in done.stdout
