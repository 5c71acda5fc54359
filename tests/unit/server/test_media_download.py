"""Where downloaded media go: never outside of their folder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.errors import MediaError
from fiftyone_cvat.server.media_download import path_in_folder

OUTSIDE = [
    "../a.png",
    "a/../../b.png",
    "/etc/passwd",
    "\\a.png",
    "..\\a.png",
    "C:\\a.png",
    "a\0.png",
    "",
    "a//b.png",
    "..",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_that_lead_out_of_the_folder(name, tmp_path):
    with pytest.raises(MediaError):
        path_in_folder(tmp_path, name)


@pytest.mark.parametrize("name", ["a.png", "1/2/a.png", "1\\a.png", "a b.png", "..a"])
def test_names_of_files_in_the_folder(name, tmp_path):
    assert tmp_path in path_in_folder(tmp_path, name).parents


def test_a_link_that_leads_out_of_the_folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path)
    with pytest.raises(MediaError, match="link"):
        path_in_folder(tmp_path / "in", "link/a.png")


@given(st.text(alphabet="./\\:a\0 ", max_size=12))
def test_no_name_leads_out_of_the_folder(tmp_path_factory, name):
    folder = tmp_path_factory.getbasetemp() / "media"
    try:
        path = path_in_folder(folder, name)
    except MediaError:
        return
    assert folder.resolve() in path.resolve().parents
