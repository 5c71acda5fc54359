"""Tasks that somebody moves to another organization, or out of one."""

from __future__ import annotations

import fiftyone as fo
import pytest

from tests import media
from tests.replay.run import Run, box

SCHEMA = {"cats": {"type": "detections"}}


@pytest.fixture
def cats(dataset, tmp_path):
    for path in media.make_images(tmp_path, ("1.png", "2.png", "3.png")):
        cats = fo.Detections(detections=[box()])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


def move(run, to):
    """Move the run's task to an organization by its short name, or out of all."""
    url = f"{run.api.base_api_url}/organizations"
    organizations = run.api.get(url).json()["results"]
    ids = {each["slug"]: each["id"] for each in organizations} | {None: None}
    task = run.api.task_url(run.task_id)
    run.api.patch(task, json={"organization_id": ids[to]})


@pytest.mark.parametrize("into", [True, False], ids=["into", "out of"])
def test_status_has_the_jobs(cats, server, caplog, into):
    slug = server.organization
    begin, end = (None, slug) if into else (slug, None)
    run = Run(cats, server, SCHEMA, organization=begin, segment_size=2)
    results = run.results
    move(run, end)
    caplog.clear()

    status = results.get_status()["cats"]

    assert status[run.task_id]["jobs"].keys() == {*results.job_ids[run.task_id]}
    assert sorted(run.api._get_job_ids(run.task_id)) == sorted(
        results.job_ids[run.task_id]
    )
    assert caplog.messages == []
    assert run.load() == {"cats": {"kept": 3}}
    results.cleanup()
    assert results.task_ids == []
