"""A user's whole script, and commands on its run, which tests/test_output.py plays."""

from __future__ import annotations

import runpy
from pathlib import Path

import fiftyone as fo
import pytest
from typer.testing import CliRunner

from fiftyone_cvat import cli
from fiftyone_cvat.workflows.watching import load_finished

SCRIPT = Path(__file__).parents[1] / "session.py"


@pytest.fixture
def session(server, tmp_path):
    if fo.dataset_exists("session"):
        fo.delete_dataset("session")
    settings = {
        "config_cls": "fiftyone_cvat.backend.CVATBackendConfig",
        **server.credentials,
    }
    values = {"folder": tmp_path, "settings": settings}
    yield runpy.run_path(str(SCRIPT), init_globals=values)
    fo.delete_dataset("session")


def test_session(session, server):
    dataset, results = session["dataset"], session["results"]
    assert len(results.task_ids) == 2
    moved_box = dataset.first().cats.detections[0].bounding_box
    assert moved_box[0] == pytest.approx(0.1 + 1 / 32)

    result = CliRunner().invoke(cli.app, ["status", "session", "run"])
    assert result.exit_code == 0, result.output
    loaded = load_finished(
        dataset, "run", jobs="new", url=server.url, access_token=server.access_token
    )
    assert len(loaded.job_ids) == 2
