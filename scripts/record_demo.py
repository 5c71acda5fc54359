"""Record the session that ``fiftyone-cvat demo`` replays.

Runs the demo against the server of CVAT_RECORD_URL as CVAT_RECORD_USERNAME with
CVAT_RECORD_PASSWORD, and writes ``src/fiftyone_cvat/demo/session.yaml``, without
secrets. The tasks are deleted from the server in the end. The sheet of all edits
becomes ``docs/demo.jpg``, the picture of the README.
"""

from __future__ import annotations

import contextlib
import datetime
import importlib
import json
import os
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image

from fiftyone_cvat.demo.recorded import use_cassette
from fiftyone_cvat.demo.run import CASSETTE, run_demo

# what cleans the cassettes of the tests cleans this one, too
sys.path.insert(0, str(Path(__file__).parents[1]))
cassettes = importlib.import_module("tests.replay.cassettes")

PICTURE = Path(__file__).parents[1] / "docs" / "demo.jpg"
VARIABLES = ("CVAT_RECORD_URL", "CVAT_RECORD_USERNAME", "CVAT_RECORD_PASSWORD")


def main() -> None:
    """Record, and put the new cassette in the place of the old one if all is well."""
    missing = [name for name in VARIABLES if not os.environ.get(name)]
    if missing:
        sys.exit(f"set {', '.join(missing)}")
    url, username, password = (os.environ[name] for name in VARIABLES)
    server = cassettes.Server(url=url, username=username, password=password)
    new = CASSETTE.with_suffix(".new")
    new.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as output, recording(new, server) as cassette:
        finished = run_demo(
            {"url": url, "username": username, "password": password},
            Path(output),
            step,
            cassette=cassette,
        )
        if finished.outcome.surprises:
            new.unlink()
            sys.exit(f"not as it should be: {finished.outcome.surprises}")
        with Image.open(finished.files[-1]) as sheet:
            sheet.save(PICTURE, quality=88, optimize=True)
    new.replace(CASSETTE)
    for path in (CASSETTE, PICTURE):
        print(f"wrote {path}, {path.stat().st_size} bytes")


@contextlib.contextmanager
def recording(path: Path, server: Any) -> Iterator[Any]:
    """Give a cassette that tells when, where and with what it was recorded."""
    with urllib.request.urlopen(f"{server.url}/api/server/about") as answer:  # noqa: S310
        about = json.load(answer)
    cassette = use_cassette(path, record=True, clean=cassettes.Cleaner(server))

    @contextlib.contextmanager
    def with_metadata() -> Iterator[Any]:
        with cassette as session:
            today = datetime.datetime.now(datetime.UTC).date().isoformat()
            for key, value in (
                ("recorded", today),
                ("server", about["version"]),
                ("cvat-sdk", version("cvat-sdk")),
                ("fiftyone", version("fiftyone")),
            ):
                session.get_metadata(key, value)
            yield session

    yield with_metadata()


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Tell what happens."""
    print(text)
    yield


if __name__ == "__main__":
    main()
