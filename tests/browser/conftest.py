"""FiftyOne's App with the plugin, in a real browser, against a stand-in for CVAT.

Without playwright, or without a Chromium on the path, these tests are skipped.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

import fiftyone as fo
import pytest

from fiftyone_cvat.commands.plugin import SOURCE
from fiftyone_cvat.plugin.runs import BACKEND
from tests import media
from tests.faults.server import StandIn

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 40
"""Seconds that a part of the App may take on a machine that is busy."""


@pytest.fixture(scope="session")
def chromium():
    """A browser without a window."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright, the extra `browser`"
    )
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    options = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium refuses it to root
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


@pytest.fixture
def cvat():
    """A server without tasks."""
    made = StandIn()
    yield made
    made.close()  # once more, if the test has


@pytest.fixture
def cats(dataset, tmp_path):
    """Four pictures with a cat each, in a dataset that other processes see."""
    dataset.persistent = True
    names = [f"{number}.png" for number in range(4)]
    for path in media.make_images(tmp_path, names):
        cat = fo.Detection(label="cat", bounding_box=[0.25, 0.25, 0.5, 0.5])
        dataset.add_sample(fo.Sample(path, cats=fo.Detections(detections=[cat])))
    return dataset


@pytest.fixture
def app(cvat, cats, tmp_path):
    """The App's address; it serves until the test ends."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "fiftyone-cvat").symlink_to(SOURCE, target_is_directory=True)
    environment = os.environ | {
        "FIFTYONE_PLUGINS_DIR": str(plugins),
        "FIFTYONE_CVAT_CONFIG_CLS": BACKEND,
        "FIFTYONE_CVAT_URL": cvat.url,
        "FIFTYONE_CVAT_USERNAME": "ann",
        "FIFTYONE_CVAT_PASSWORD": "s3cr3t-password",
    }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(fo.__file__).parent / "server"
    command = [sys.executable, "main.py", f"--port={port}", "--address=127.0.0.1"]
    with (tmp_path / "app.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/fiftyone", process)
            yield f"http://127.0.0.1:{port}/datasets/{quote(cats.name)}"
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def page(chromium, app, tmp_path, request):
    """The App, opened at the dataset; a picture is left of what is seen in the end."""
    made = chromium.new_page(viewport={"width": 1500, "height": 900})
    made.set_default_timeout(1000 * PATIENCE)
    made.add_init_script("window.IS_PLAYWRIGHT = true")  # without an advertisement
    made.goto(app)
    yield made
    made.screenshot(path=tmp_path / f"{request.node.name}.png")
    made.close()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, "the App's server has ended"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"{url} does not answer", pytrace=False)
