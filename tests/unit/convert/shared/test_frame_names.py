"""Which frame is which file: by name, folder by folder, and never by chance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.shared.frame_names import match_frames


def flat(*paths):
    """Return files that went up under the names that they have without folders."""
    return {at: (path.rpartition("/")[2], path) for at, path in enumerate(paths)}


@pytest.mark.parametrize(
    ("sent", "names", "expected"),
    [
        pytest.param({}, ["1.png"], {}, id="nothing was sent"),
        pytest.param(flat("/d/1.png"), [], {}, id="nothing is there"),
        pytest.param(
            flat("/d/1.png", "/d/2.png"), ["2.png", "1.png"], {0: 1, 1: 0}, id="order"
        ),
        pytest.param(flat("/d/1.png"), ["2.png", "11.png"], {}, id="other files"),
        pytest.param(
            {0: ("1.png", "/a/1.png"), 1: ("1-2.png", "/b/1.png")},
            ["1-2.png", "1.png"],
            {0: 1, 1: 0},
            id="numbers that the upload gave",
        ),
        pytest.param(
            {0: ("1.png", "/a/1.png"), 1: ("1-2.png", "/b/1.png")},
            ["b/1.png", "a/1.png"],
            {0: 1, 1: 0},
            id="folders",
        ),
        pytest.param(
            {0: ("1.png", "/x/a/1.png"), 1: ("1-2.png", "/y/a/1.png")},
            ["a/1.png", "y/a/1.png"],
            {0: 0, 1: 1},
            id="what longer tails leave",
        ),
        pytest.param(
            {0: ("1.png", "/x/a/1.png"), 1: ("1-2.png", "/y/a/1.png")},
            ["a/1.png"],
            {},
            id="a tail that fits two files",
        ),
        pytest.param(
            flat("/a/1.png"), ["x/1.png", "y/1.png"], {}, id="two frames of one name"
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
        pytest.param(flat("/d/A.PNG"), ["a.png"], {0: 0}, id="case"),
        pytest.param(flat("/d/e\u0301.png"), ["\xe9.png"], {0: 0}, id="accents"),
        pytest.param(flat("/d/1.png"), ["d\\1.png"], {0: 0}, id="backslash"),
    ],
)
def test_match(sent, names, expected):
    assert match_frames(sent, names) == expected


PART = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(
    st.lists(PART, min_size=1, max_size=4).map("/".join), unique=True, max_size=8
)


@given(PATHS, st.randoms(use_true_random=False))
def test_whole_paths_in_any_order_are_found(paths, random):
    order = list(range(len(paths)))
    random.shuffle(order)
    sent = {at: (f"{at} as sent", f"/{path}") for at, path in enumerate(paths)}

    found = match_frames(sent, [paths[each] for each in order])

    # a path that is the tail of a longer one fits that, too
    for position, frame in found.items():
        assert order[frame] == position or paths[order[frame]].endswith(
            paths[position].rpartition("/")[2]
        )
    alone = [
        at
        for at, path in enumerate(paths)
        if sum(each.endswith(path[-1]) for each in paths) == 1
    ]
    assert {at: order.index(at) for at in alone}.items() <= found.items()


@given(PATHS, PATHS)
def test_no_frame_is_there_twice_and_names_agree(paths, names):
    found = match_frames(flat(*paths), names)

    assert len(set(found.values())) == len(found)
    for position, frame in found.items():
        last = paths[position].rpartition("/")[2]
        assert names[frame].rpartition("/")[2] == last


@given(PATHS, st.randoms(use_true_random=False))
def test_names_as_they_went_up_are_all_found(paths, random):
    sent = {at: (f"{at}.png", path) for at, path in enumerate(paths)}
    order = list(sent)
    random.shuffle(order)

    found = match_frames(sent, [f"{each}.png" for each in order])

    assert found == {each: at for at, each in enumerate(order)}
