"""Which frame of a task is which file: by name, folder by folder, never by chance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.shared.file_names import FileNames


def flat(*paths):
    """Return files that went up under the names that they have without folders."""
    return {at: (path.rpartition("/")[2], path) for at, path in enumerate(paths)}


def here(*paths):
    """Return files of which nobody knows a name on the server."""
    return {at: (path,) for at, path in enumerate(paths)}


ONE_NAME = {0: ("1.png", "/a/1.png"), 1: ("1-2.png", "/b/1.png")}
LIKE_NAMES = {0: ("1.png", "/x/a/1.png"), 1: ("1-2.png", "/y/a/1.png")}


@pytest.mark.parametrize(
    ("files", "names", "expected"),
    [
        pytest.param({}, ["1.png"], {}, id="nothing was sent"),
        pytest.param(flat("/d/1.png"), [], {}, id="nothing is there"),
        pytest.param(
            flat("/d/1.png", "/d/2.png"), ["2.png", "1.png"], {0: 1, 1: 0}, id="order"
        ),
        pytest.param(flat("/d/1.png"), ["2.png", "11.png"], {}, id="other files"),
        pytest.param(
            ONE_NAME, ["1-2.png", "1.png"], {0: 1, 1: 0}, id="numbers of the upload"
        ),
        pytest.param(ONE_NAME, ["b/1.png", "a/1.png"], {0: 1, 1: 0}, id="folders"),
        pytest.param(
            LIKE_NAMES, ["a/1.png", "y/a/1.png"], {0: 0, 1: 1}, id="longer tails first"
        ),
        pytest.param(LIKE_NAMES, ["a/1.png"], {}, id="a tail that fits two files"),
        pytest.param(
            flat("/a/1.png"), ["x/1.png", "y/1.png"], {}, id="two frames of one name"
        ),
        pytest.param(
            flat("/a/1.png", "/b/1.png"), ["x/1.png", "y/1.png"], {}, id="two of each"
        ),
        pytest.param(
            flat("/a/1.png"), ["x/1.png", "a/1.png"], {0: 1}, id="the longer tail"
        ),
        pytest.param(
            {0: ("a_b.png", '/d/a"b.png')}, ["a_b.png"], {0: 0}, id="changed characters"
        ),
        pytest.param(
            {0: ("scan.png", "/d/scan")}, ["f/scan.png"], {0: 0}, id="new extension"
        ),
        pytest.param({0: ("scan", "/d/scan")}, ["scan.png"], {0: 0}, id="file is gone"),
        pytest.param(here("/d/scan.jpg"), ["scan.png"], {}, id="another extension"),
        pytest.param(flat("/d/A.PNG"), ["a.png"], {0: 0}, id="case"),
        pytest.param(
            flat("/d/A.png", "/d/a.png", "/e/A.png"),
            ["a.png", "d/A.png"],
            {0: 1, 1: 0},
            id="case that tells files apart",
        ),
        pytest.param(flat("/d/e\u0301.png"), ["\xe9.png"], {0: 0}, id="accents"),
        pytest.param(flat("/d/1.png"), ["d\\1.png"], {0: 0}, id="backslash"),
        pytest.param(here("C:\\x\\a.png"), ["a.png"], {0: 0}, id="Windows"),
        pytest.param(here("/x/ a.png"), [" a.png"], {0: 0}, id="blank"),
        pytest.param(here("/d/a.png", "/d/b.png"), ["a.png"], {0: 0}, id="more here"),
        pytest.param(
            here("/x/1/a.png", "/x/2/a.png"),
            ["data/2/a.png"],
            {1: 0},
            id="other folders before",
        ),
        pytest.param(
            here("/x/1/a.png"), ["1/a.png", "2/a.png"], {0: 0}, id="part is here"
        ),
        pytest.param(
            here("/x/1/a.png", "/x/b.png", "/x/2/a.png"),
            ["a.png", "b.png", "a-2.png"],
            {0: 0, 1: 1, 2: 2},
            id="numbered as they went up",
        ),
        pytest.param(
            here("/x/1/a.png", "/x/2/a.png", "/x/3/a.png"),
            ["a.png", "a-2.png"],
            {},
            id="more files than numbers",
        ),
        pytest.param(
            here("/x/a-2.png", "/x/a.png"), ["a-2.png"], {0: 0}, id="a real number"
        ),
    ],
)
def test_match(files, names, expected):
    assert FileNames(files).match(names).frame_by_file == expected


def test_what_is_not_matched_is_told():
    names = ["a.png", "c.png", "b-2.png", "x/d.png", "y/d.png"]

    found = FileNames(here("/1/a.png", "/2/a.png", "/z/d.png")).match(names)

    assert found.frame_by_file == {}
    assert found.ambiguous == {0: [0, 1], 3: [2], 4: [2]}
    assert found.missing == [1, 2]


PART = st.sampled_from(["a", "b", "c", "C", "c.png"])
PATHS = st.lists(
    st.lists(PART, min_size=1, max_size=4).map("/".join), unique=True, max_size=8
)


@given(PATHS, st.randoms(use_true_random=False))
def test_whole_paths_in_any_order_are_found(paths, random):
    order = list(range(len(paths)))
    random.shuffle(order)
    sent = {at: (f"{at} as sent", f"/{path}") for at, path in enumerate(paths)}

    found = FileNames(sent).match([paths[each] for each in order]).frame_by_file

    # a path that is the tail of a longer one fits that, too
    for position, frame in found.items():
        last = paths[position].rpartition("/")[2].casefold().removesuffix(".png")
        own = paths[order[frame]].rpartition("/")[2].casefold().removesuffix(".png")
        assert order[frame] == position or own == last
    alone = [
        at
        for at, path in enumerate(paths)
        if sum(each.casefold()[-1] == path.casefold()[-1] for each in paths) == 1
        and "c" not in path.casefold()
    ]
    assert {at: order.index(at) for at in alone}.items() <= found.items()


@given(PATHS)
def test_whole_paths_find_themselves(paths):
    files = here(*[f"/{each}" for each in paths])
    alone = {at for at, path in enumerate(paths) if _is_alone(path, paths)}

    found = FileNames(files).match(paths).frame_by_file

    assert {at: at for at in alone}.items() <= found.items()


def _is_alone(path, paths):
    return sum(each.casefold() == path.casefold() for each in paths) == 1


@given(PATHS, PATHS)
def test_each_frame_is_found_missing_or_ambiguous(paths, names):
    found = FileNames(flat(*paths)).match(names)

    matched = [*found.frame_by_file.values()]
    assert sorted([*matched, *found.missing, *found.ambiguous]) == [*range(len(names))]
    for position, frame in found.frame_by_file.items():
        mine, own = (each.split("/")[-1] for each in (paths[position], names[frame]))
        assert own.casefold() in (mine.casefold(), f"{mine}.png".casefold())


@given(PATHS, st.randoms(use_true_random=False))
def test_names_as_they_went_up_are_all_found(paths, random):
    sent = {at: (f"{at}.png", path) for at, path in enumerate(paths)}
    order = list(sent)
    random.shuffle(order)

    found = FileNames(sent).match([f"{each}.png" for each in order])

    assert found.frame_by_file == {each: at for at, each in enumerate(order)}
    assert not found.missing
    assert not found.ambiguous
