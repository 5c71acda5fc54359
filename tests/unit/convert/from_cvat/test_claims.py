"""Which label an annotation is: ids that get lost and get copied."""

from __future__ import annotations

import math
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fiftyone_cvat.convert.from_cvat.claims import (
    Claim,
    box_distance,
    settle_ids,
)
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from tests.builders import cvat_shape, cvat_tag, object_id

A, B = object_id(1), object_id(2)
LEFT = (0.0, 0.0, 10.0, 10.0)
NEAR = (1.0, 0.0, 11.0, 10.0)
RIGHT = (50.0, 0.0, 60.0, 10.0)
FAR = (200.0, 200.0, 210.0, 210.0)


def claim(label_id=None, points=LEFT, server=None, part=1, **more):
    shape = cvat_shape(**{"type": "polyline", "points": points, **more})
    return Claim(label_id, part, server, shape)


def went_up(**points_by_id):
    return {
        {"a": A, "b": B}[name]: [cvat_shape(points=each) for each in points]
        for name, points in points_by_id.items()
    }


def settled(claims, uploaded):
    numbers = count(1)
    return settle_ids(claims, uploaded, lambda: f"new {next(numbers)}")


@pytest.mark.parametrize(
    ("claims", "uploaded", "ids"),
    [
        pytest.param([], went_up(a=[LEFT]), [], id="nothing came back"),
        pytest.param([claim()], {}, ["new 1"], id="nothing went up"),
        pytest.param([claim(A)], went_up(a=[LEFT]), [A], id="id travelled"),
        pytest.param(
            [claim(A, FAR)], went_up(a=[LEFT]), [A], id="id decides over place"
        ),
        pytest.param([claim("x")], went_up(a=[FAR]), ["new 1"], id="unknown id"),
        pytest.param(
            [claim(None, FAR, A)], went_up(a=[LEFT]), [A], id="server's id decides"
        ),
        pytest.param(
            [claim(B, LEFT, A)],
            went_up(a=[LEFT], b=[RIGHT]),
            [B],
            id="id decides over server's id",
        ),
        pytest.param([claim(None, NEAR)], went_up(a=[LEFT]), [A], id="place decides"),
        pytest.param([claim(None, FAR)], went_up(a=[LEFT]), ["new 1"], id="too far"),
        pytest.param(
            [claim(None, RIGHT), claim(None, NEAR)],
            went_up(a=[LEFT], b=[RIGHT]),
            [B, A],
            id="each to the nearest",
        ),
        pytest.param(
            [claim(None, NEAR), claim(None, LEFT)],
            went_up(a=[LEFT]),
            ["new 1", A],
            id="nearest of two without id",
        ),
        pytest.param(
            [claim(A), claim(A, RIGHT, part=2)],
            went_up(a=[LEFT, RIGHT]),
            [A, A],
            id="two parts",
        ),
        pytest.param(
            [claim(A, RIGHT, part=2)], went_up(a=[LEFT, RIGHT]), [A], id="a part left"
        ),
        pytest.param(
            [claim(A, part=5)], went_up(a=[LEFT]), [A], id="part that never went up"
        ),
        pytest.param([claim(A)], {A: []}, [A], id="label that could not go up"),
        pytest.param(
            [claim(None, LEFT, "gone")],
            went_up(a=[LEFT]),
            [A],
            id="server's id of another label",
        ),
        pytest.param(
            [claim(None, FAR, f"{A}.2"), claim(A)],
            went_up(a=[LEFT, RIGHT]),
            [A, A],
            id="server's id of a part",
        ),
        pytest.param(
            [claim(None, NEAR, A), claim(A)],
            went_up(a=[LEFT]),
            ["new 1", A],
            id="server's id of a label that is there",
        ),
        pytest.param(
            [claim(None, (0.0, 0.0, 5.0, 10.0))],
            went_up(a=[LEFT]),
            [A],
            id="half of it",
        ),
        pytest.param(
            [claim(None, (0.0, 0.0, 4.9, 10.0))],
            went_up(a=[LEFT]),
            ["new 1"],
            id="less than half of it",
        ),
        pytest.param(
            [claim(None, NEAR), claim(None, RIGHT)],
            {A: [], B: [cvat_shape(points=RIGHT)]},
            ["new 1", B],
            id="place of a label that could not go up",
        ),
        pytest.param(
            [Claim(None, 1, None, cvat_tag()), claim(None, NEAR)],
            {A: [cvat_tag()], B: [cvat_shape(points=LEFT)]},
            [A, B],
            id="tag and shape without ids",
        ),
    ],
)
def test_settle_ids(claims, uploaded, ids):
    assert settled(claims, uploaded) == ids


@pytest.mark.parametrize("order", [1, -1], ids=["copy last", "copy first"])
def test_built_in_defect_copied_object_disappeared(order):
    claims = [claim(A, NEAR, server=A), claim(A, FAR)][::order]
    assert settled(claims, went_up(a=[LEFT])) == [A, "new 1"][::order]


def test_copy_is_never_taken_for_a_label_that_lost_its_id():
    claims = [claim(A, LEFT), claim(A, RIGHT)]
    uploaded = went_up(a=[LEFT], b=[RIGHT])
    assert settled(claims, uploaded) == [A, "new 1"]


def test_object_that_was_given_another_s_id_by_hand_stays_what_the_server_says():
    claims = [claim(A, LEFT, server=A), claim(A, RIGHT, server=B)]
    assert settled(claims, went_up(a=[LEFT], b=[RIGHT])) == [A, B]


def test_copy_of_a_deleted_object_keeps_its_id():
    assert settled([claim(A, FAR)], went_up(a=[LEFT])) == [A]


def test_parts_of_a_copy_are_one_label():
    claims = [
        claim(A, points, part=part)
        for points, part in [(LEFT, 1), (RIGHT, 2), (FAR, 2), (FAR, 1), (FAR, 2)]
    ]

    ids = settled(claims, went_up(a=[LEFT, RIGHT]))

    assert ids == [A, A, "new 1", "new 1", "new 2"]


def test_a_box_is_no_second_part():
    places = [(LEFT, 1), (RIGHT, 2), (FAR, 2)]
    claims = [claim(A, each, part=part, type="rectangle") for each, part in places]

    assert settled(claims, went_up(a=[LEFT])) == [A, "new 1", "new 2"]


def test_many_copies_all_come_back():
    claims = [claim(A, (x, 0.0, x + 10.0, 10.0)) for x in (30.0, 2.0, 60.0, 90.0)]
    ids = settled(claims, went_up(a=[LEFT]))
    assert ids == ["new 1", A, "new 2", "new 3"]


def test_built_in_defect_changed_class_lost_identity():
    assert settled([claim(None, NEAR, server=A)], went_up(a=[LEFT])) == [A]
    assert settled([claim(None, NEAR)], went_up(a=[LEFT])) == [A]


def test_tags_without_an_id_are_told_by_the_server_s():
    tags = [Claim(None, 1, B, cvat_tag(id=2)), Claim(None, 1, A, cvat_tag(id=1))]
    assert settled(tags, {A: [cvat_tag()], B: [cvat_tag()]}) == [B, A]


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        pytest.param(cvat_tag(), cvat_tag(), 0.0, id="tags"),
        pytest.param(cvat_tag(), cvat_shape(), math.inf, id="tag and shape"),
        pytest.param(cvat_shape(), cvat_shape(), 0.0, id="same"),
        pytest.param(
            cvat_shape(points=[0, 0, 2, 2]),
            cvat_shape(points=[1, 0, 3, 2]),
            1 - 2 / 6,
            id="a third",
        ),
        pytest.param(
            cvat_shape(points=[0, 0, 2, 2]),
            cvat_shape(points=[3, 4, 5, 6]),
            6.0,
            id="apart",
        ),
        pytest.param(
            cvat_shape(points=[0, 0, 2, 2]),
            cvat_shape(points=[2, 0, 4, 2]),
            3.0,
            id="side by side",
        ),
        pytest.param(
            cvat_shape("points", [5, 5]), cvat_shape("points", [5, 5]), 0.0, id="points"
        ),
        pytest.param(
            cvat_shape("points", [5, 5]),
            cvat_shape("points", [5, 6]),
            0.5,
            id="points apart",
        ),
        pytest.param(
            cvat_shape("mask", [0, 4, 3, 4, 4, 5]),
            cvat_shape(points=[3, 4, 5, 6]),
            0.0,
            id="mask and its box",
        ),
        pytest.param(
            cvat_shape("ellipse", [10, 10, 15, 7]),
            cvat_shape(points=[5, 7, 15, 13]),
            0.0,
            id="ellipse and its box",
        ),
        pytest.param(
            cvat_shape(
                "skeleton", [], elements=[{"points": [0, 0]}, {"points": [4, 2]}]
            ),
            cvat_shape(points=[0, 0, 4, 2]),
            0.0,
            id="skeleton and its box",
        ),
        pytest.param(
            cvat_shape("polygon", [0, 0, 4, 0, 4, 2]),
            cvat_shape(points=[0, 0, 4, 2]),
            0.0,
            id="polygon and its box",
        ),
        pytest.param(
            cvat_shape(points=[0, 0, 0, 0]), cvat_shape(), None, id="box without area"
        ),
    ],
)
def test_box_distance(first, second, distance):
    measured = box_distance(first, second)
    assert measured == box_distance(second, first)
    assert measured >= 0
    if distance is not None:
        assert measured == pytest.approx(distance)


boxes = st.tuples(*[st.integers(0, 12)] * 2, *[st.integers(0, 6)] * 2).map(
    lambda box: [box[0], box[1], box[0] + box[2], box[1] + box[3]]
)
shapes = st.builds(
    lambda points, kind: cvat_shape(kind, points[: 2 if kind == "points" else 4]),
    boxes,
    st.sampled_from(["rectangle", "points", "polyline"]),
)
names = st.sampled_from([A, B, object_id(3)])
claims_of_a_frame = st.lists(
    st.builds(
        Claim,
        st.none() | names | st.just("unknown"),
        st.integers(1, 3),
        st.none() | names | names.map(lambda name: f"{name}.2") | st.just("gone"),
        shapes | st.just(cvat_tag()),
    ),
    max_size=7,
)
uploads = st.dictionaries(names, st.lists(shapes, max_size=3), max_size=3)


@settings(max_examples=500, deadline=None)
@given(claims_of_a_frame, uploads)
def test_every_annotation_has_one_id_and_no_part_is_given_twice(claims, uploaded):
    ids = settled(claims, uploaded)
    new = [each for each in ids if each.startswith("new")]
    first = list(dict.fromkeys(new))

    assert len(ids) == len(claims)
    assert first == [f"new {number}" for number in range(1, len(first) + 1)]
    for label_id in first:
        parts = [c for c, each in zip(claims, ids, strict=True) if each == label_id]
        assert len({each.label_id for each in parts}) == 1
        assert len({each.part for each in parts}) == len(parts)
    assert set(ids) <= set(new) | set(uploaded)
    assert settled(claims, uploaded) == ids
    for label_id in uploaded:
        wanted = {part for each in claims for part in parts_claimed(each, label_id)}
        # by its place an annotation becomes a label that nobody claims
        assert ids.count(label_id) <= max(1, len(wanted))


def parts_claimed(each, label_id):
    """Return the parts of a label that an annotation may be by one of its ids."""
    known = [(each.label_id, each.part), split_label_id(each.server_label_id)]
    outline = each.shape.get("type") == "polyline"
    return {part if outline else 1 for claimed, part in known if claimed == label_id}


@settings(max_examples=500, deadline=None)
@given(claims_of_a_frame, uploads)
def test_no_id_goes_to_what_claims_another_known_id(claims, uploaded):
    for each, label_id in zip(claims, settled(claims, uploaded), strict=True):
        if each.label_id in uploaded:
            own = {each.label_id, split_label_id(each.server_label_id)[0]}
            assert label_id in own or label_id not in uploaded


@settings(max_examples=500, deadline=None)
@given(claims_of_a_frame, uploads)
def test_known_ids_that_were_claimed_do_not_get_lost(claims, uploaded):
    ids = settled(claims, uploaded)
    assert {each.label_id for each in claims} & set(uploaded) <= set(ids)


def in_space(x, y, z=0.5, size=(0.6, 0.6, 1.7)):
    """Return a cuboid in a point cloud as CVAT writes it."""
    return cvat_shape("cuboid", [x, y, z, 0, 0, 0, *size, *[0] * 7])


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        pytest.param(in_space(3, 2), in_space(3, 2), 0.0, id="same"),
        pytest.param(in_space(3, 2), in_space(3.3, 2), 2 / 3, id="half of it"),
        pytest.param(in_space(3, 2), in_space(6, 6), 6.0, id="do not meet"),
        pytest.param(in_space(3, 2), in_space(3, 2, 4.5), 5.0, id="one above other"),
    ],
)
def test_distance_in_space(first, second, distance):
    measured = box_distance(first, second, in_space=True)
    assert measured == pytest.approx(distance)
    assert measured == box_distance(second, first, in_space=True)


def test_in_space_a_new_one_some_way_off_is_not_a_deleted_one():
    claims = [Claim(None, 1, None, in_space(27, 18))]
    uploaded = {A: [in_space(30, 20)]}
    assert settle_ids(claims, uploaded, lambda: "new", in_space=True) == ["new"]


def test_in_space_the_nearer_of_two_copies_keeps_the_id():
    size = (4, 2, 1.5)
    moved, copy = in_space(1, 0, -8.3, size), in_space(3, 1.5, -8, size)
    uploaded = {A: [in_space(1, 0, -8, size)]}
    for shapes, expected in (([moved, copy], [A, "new"]), ([copy, moved], ["new", A])):
        claims = [Claim(A, 1, None, each) for each in shapes]
        ids = settle_ids(claims, uploaded, lambda: "new", in_space=True)
        assert ids == expected


@given(st.permutations([LEFT, RIGHT, FAR, (90.0, 30.0, 99.0, 40.0)]))
def test_order_does_not_matter(points):
    uploaded = went_up(a=[LEFT], b=[RIGHT])
    claims = [claim(None, each) for each in points]
    ids = dict(zip(points, settled(claims, uploaded), strict=True))
    assert (ids[LEFT], ids[RIGHT]) == (A, B)
    assert ids[FAR].startswith("new")


@given(shapes, shapes)
def test_distance_is_symmetric_and_zero_only_for_the_same_box(first, second):
    assert box_distance(first, second) == box_distance(second, first) >= 0
    assert box_distance(first, first) == 0


def test_parts_that_lost_their_ids_are_placed_each():
    lost = [claim(None, RIGHT), claim(None, FAR), claim(None, NEAR)]
    uploaded = {A: [cvat_shape(type="polyline", points=each) for each in (LEFT, RIGHT)]}

    assert settled(lost, uploaded) == [A, "new 1", A]
    assert [each.part for each in lost] == [2, 1, 1]


PLACES = st.integers(0, 9).map(lambda n: (n * 100.0, 0.0, n * 100.0 + 10, 10.0))


@given(
    st.lists(PLACES, unique=True, max_size=6).flatmap(
        lambda places: st.tuples(
            st.permutations(places),
            st.lists(st.booleans(), min_size=6, max_size=6),
            st.floats(-3, 3),
        )
    )
)
def test_each_label_is_found_by_its_id_or_its_place(drawn):
    places, have_ids, by = drawn
    ids = {place: object_id(number) for number, place in enumerate(sorted(places))}
    uploaded = {each: [cvat_shape(points=place)] for place, each in sorted(ids.items())}
    came = [
        claim(
            ids[place] if has_id else None,
            (place[0] + by, *place[1:2], place[2] + by, *place[3:]),
            type="rectangle",
        )
        for place, has_id in zip(places, have_ids, strict=False)
    ]

    assert settled(came, uploaded) == [ids[place] for place in places]
