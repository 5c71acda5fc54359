"""Projects found by names of all kinds, listed page by page, deleted in bulk."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("two words", id="spaces"),
        pytest.param("Käfer 甲虫", id="unicode"),
        pytest.param("cats/dogs & co?#%", id="reserved"),
        pytest.param('it\'s "so" \\ <b>', id="quotes"),
        pytest.param("n" * 256, id="long"),
    ],
)
def test_found_by_its_name(api, name):
    assert api.get_project_id(name) is None

    project_id = api.create_project(name)

    api._project_id_map.clear()
    assert api.get_project_id(name) == project_id
    api._project_id_map.clear()
    assert api.get_project_name(project_id) == name


def test_a_name_that_is_part_of_another_is_not_it(api):
    longer = api.create_project("all the animals")
    api._project_id_map.clear()

    assert api.get_project_id("animals") is None

    shorter = api.create_project("animals")
    api._project_id_map.clear()
    assert api.get_project_id("animals") == shorter
    assert api.get_project_id("all the animals") == longer


@pytest.mark.parametrize("progress", [None, False, True, "callback"])
def test_many_deleted_with_progress(api, progress):
    ids = [api.create_project(f"project {number}") for number in range(3)]
    seen = []
    if progress == "callback":
        progress = lambda bar: seen.append(bar.iteration)  # noqa: E731

    api.delete_projects(ids, progress=progress)

    assert not any(map(api.project_exists, ids))
    assert not callable(progress) or seen[-1] == 3


def test_projects_on_several_pages(api, monkeypatch):
    monkeypatch.setattr("fiftyone_cvat.server.session.PAGE_SIZE", 2)
    ids = [api.create_project(f"project {number}") for number in range(3)]

    listed = api.list_projects()

    assert set(ids) <= set(listed)
    assert len(set(listed)) == len(listed)
