"""Names of files in tasks, and the files here that they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.shared.file_names import match_files


@pytest.mark.parametrize(
    ("names", "paths", "expected"),
    [
        pytest.param(["a.png"], ["/d/a.png", "/d/b.png"], {"a.png": 0}, id="last part"),
        pytest.param(
            ["2/a.png", "1/a.png"],
            ["/x/1/a.png", "/x/2/a.png"],
            {"2/a.png": 1, "1/a.png": 0},
            id="sub-folders",
        ),
        pytest.param(
            ["data/2/a.png"],
            ["/x/1/a.png", "/x/2/a.png"],
            {"data/2/a.png": 1},
            id="other folders before",
        ),
        pytest.param(
            ["a.png", "b.png", "a-2.png"],
            ["/x/1/a.png", "/x/b.png", "/x/2/a.png"],
            {"a.png": 0, "b.png": 1, "a-2.png": 2},
            id="numbered as they went up",
        ),
        pytest.param(
            ["a-2.png"], ["/x/a-2.png", "/x/a.png"], {"a-2.png": 0}, id="a real number"
        ),
        pytest.param(["a.png"], ["C:\\x\\a.png"], {"a.png": 0}, id="Windows"),
        pytest.param(["1\\a.png"], ["/x/1/a.png"], {"1\\a.png": 0}, id="backslash"),
        pytest.param([" a.png"], ["/x/ a.png"], {" a.png": 0}, id="blank"),
    ],
)
def test_files_that_are_found(names, paths, expected):
    found = match_files(names, paths)
    assert found.path_by_name == {name: paths[at] for name, at in expected.items()}
    assert not found.missing
    assert not found.ambiguous


def test_files_that_are_not_found():
    found = match_files(["a.png", "c.png", "b-2.png"], ["/1/a.png", "/2/a.png"])
    assert found.path_by_name == {}
    assert found.ambiguous == {"a.png": ["/1/a.png", "/2/a.png"]}
    assert found.missing == ["c.png", "b-2.png"]


PARTS = st.lists(st.sampled_from(["a", "b", "x.png"]), min_size=1, max_size=4)
PATHS = st.lists(PARTS, min_size=1, max_size=6, unique_by=tuple)


@given(PATHS, st.integers(0, 3))
def test_whole_paths_find_themselves(paths, dropped):
    ours = ["/" + "/".join(each) for each in paths]
    found = match_files([each[1:] for each in ours], ours)
    assert found.path_by_name == {each[1:]: each for each in ours}
    # whatever is left of the names, none is another file's that says more of it
    short = ["/".join(each[dropped:] or each[-1:]) for each in paths]
    for name, path in match_files(short, ours).path_by_name.items():
        assert path.endswith("/" + name) or name.split("/")[-1] == path.split("/")[-1]


@given(PATHS, PATHS)
def test_each_name_is_found_missing_or_ambiguous(names, paths):
    given_names = ["/".join(each) for each in names]
    found = match_files(given_names, ["/" + "/".join(each) for each in paths])
    parts = [set(found.path_by_name), set(found.missing), set(found.ambiguous)]
    assert set.union(*parts) == set(given_names)
    assert sum(map(len, parts)) == len(set(given_names))
