"""Keywords that nothing knows."""

from __future__ import annotations

import pytest

from fiftyone_cvat.backend import CVATBackendConfig
from fiftyone_cvat.runs.keywords import (
    NOT_CONFIGURED,
    tell_other_server,
    tell_unknown_keywords,
)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("orgnization", "organization"),
        ("org", "organization"),
        ("assignee", "job_assignee"),
        ("taks_size", "task_size"),
        ("segmentsize", "segment_size"),
        ("image_qualty", "image_quality"),
        ("project", "project_name"),
        ("occluded_attribute", "occluded_attr"),
        ("colour_of_the_sky", None),
    ],
)
def test_unknown_keywords(name, meant, caplog):
    tell_unknown_keywords(CVATBackendConfig("cvat", {}, **{name: "x"}))
    assert f"knows no `{name}`" in caplog.text
    assert ("did you mean" in caplog.text) is (meant is not None)
    assert meant is None or f"did you mean `{meant}`?" in caplog.text


def test_known_keywords(caplog):
    config = CVATBackendConfig("cvat", {}, organization="a", verify_ssl=False)
    config.load_credentials(username="ann", password="s3cr3t")
    tell_unknown_keywords(config)
    assert "knows no" not in caplog.text


def test_another_server_is_told_once(caplog):
    tell_other_server.cache_clear()
    for configured in ("http://a/", NOT_CONFIGURED, "http://b", "http://b", "http://a"):
        tell_other_server("http://a", configured)
    [told] = [each.getMessage() for each in caplog.records]
    assert told == (
        "The run is at http://a, which is asked with your credentials; the configured "
        "server http://b is not. If the run has moved there, give `url='http://b'`"
    )
