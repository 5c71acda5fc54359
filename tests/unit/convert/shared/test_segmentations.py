"""Segmentations split into masks, and painted of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fiftyone_cvat.convert.shared.masks import stretch_mask
from fiftyone_cvat.convert.shared.segmentations import (
    MaskPiece,
    check_pixels,
    class_masks,
    paint_in_own_size,
    paint_segmentation,
    shows_pieces,
    value_without_target,
)
from fiftyone_cvat.errors import GeometryError

TARGETS = {1: "cat", 2: "dog", 300: "bird"}
RGB = {"#ff0000": "red", "#00ff00": "green", "#010203": "dark"}
shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)


def pixels(*rows, dtype=np.uint8):
    return np.array(rows, dtype=dtype)


def piece(label="cat", rows=((1,),), left=0, top=0, z_order=0):
    return MaskPiece(label, np.array(rows, dtype=bool), left, top, z_order)


def split(array, targets=TARGETS):
    return [
        (name, mask.tolist(), left, top)
        for name, mask, left, top in class_masks(array, targets)
    ]


@pytest.mark.parametrize(
    ("array", "targets", "masks"),
    [
        pytest.param(pixels([0, 0], [0, 0]), TARGETS, [], id="background"),
        pytest.param(pixels([1, 1]), {}, [], id="no targets"),
        pytest.param(pixels([7, 7]), TARGETS, [], id="unknown value"),
        pytest.param(
            pixels([1, 1], [1, 1]),
            TARGETS,
            [("cat", [[True, True], [True, True]], 0, 0)],
            id="everything",
        ),
        pytest.param(
            pixels([0, 0, 2], [1, 0, 0], [0, 1, 0]),
            TARGETS,
            [("cat", [[True, False], [False, True]], 0, 1), ("dog", [[True]], 2, 0)],
            id="two classes",
        ),
        pytest.param(
            pixels([0, 300], dtype=np.uint16),
            TARGETS,
            [("bird", [[True]], 1, 0)],
            id="16 bits",
        ),
        pytest.param(
            pixels([0, 1], dtype=np.int64),
            TARGETS,
            [("cat", [[True]], 1, 0)],
            id="int64",
        ),
        pytest.param(
            pixels([0.0, 1.0], dtype=float),
            TARGETS,
            [("cat", [[True]], 1, 0)],
            id="float",
        ),
        pytest.param(
            pixels([False, True], dtype=bool),
            TARGETS,
            [("cat", [[True]], 1, 0)],
            id="bool",
        ),
        pytest.param(
            pixels([1, 0]),
            {0: "nothing", 1: "cat"},
            [("cat", [[True]], 0, 0)],
            id="zero",
        ),
        pytest.param(
            pixels([1, 0]), {"1": "cat"}, [("cat", [[True]], 0, 0)], id="key of JSON"
        ),
        pytest.param(
            pixels([[255, 0, 0], [0, 0, 0], [1, 2, 3]]),
            RGB,
            [("red", [[True]], 0, 0), ("dark", [[True]], 2, 0)],
            id="RGB",
        ),
        pytest.param(
            pixels([[255, 0, 0]]),
            {"#FF0000": "red", "#000000": "black"},
            [("red", [[True]], 0, 0)],
            id="capital hex and black",
        ),
        pytest.param(
            pixels([[0, 255, 0, 128]]), RGB, [("green", [[True]], 0, 0)], id="RGBA"
        ),
        pytest.param(
            pixels([[0], [2]]), TARGETS, [("dog", [[True]], 1, 0)], id="one channel"
        ),
    ],
)
def test_class_masks(array, targets, masks):
    assert split(array, targets) == masks


@pytest.mark.parametrize(
    ("array", "targets", "value"),
    [
        pytest.param([[0, 1], [2, 2]], {1: "cat", 2: "dog"}, None, id="all"),
        pytest.param([[0, 9], [7, 2]], {2: "dog"}, 7, id="the smallest"),
        pytest.param([[0, 0]], {}, None, id="background"),
        pytest.param(
            [[[255, 0, 0], [0, 255, 0]]], {"#00ff00": "x"}, "#ff0000", id="rgb"
        ),
    ],
)
def test_value_without_target(array, targets, value):
    assert value_without_target(np.array(array, np.uint8), targets) == value


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((4,), r"shape \(4,\): it must have height"),
        ((), r"shape \(\): it must have height"),
        ((2, 2, 2), r"shape \(2, 2, 2\): it must have height"),
        ((2, 2, 5), r"shape \(2, 2, 5\): it must have height"),
        ((1, 2, 2, 3), r"shape \(1, 2, 2, 3\): it must have height"),
        ((0, 0), r"shape \(0, 0\) has no pixels"),
        ((0, 4), r"shape \(0, 4\) has no pixels"),
        ((2, 0, 3), r"shape \(2, 0, 3\) has no pixels"),
    ],
)
def test_array_that_is_no_segmentation(shape, message):
    with pytest.raises(GeometryError, match=message):
        class_masks(np.zeros(shape, np.uint8), TARGETS)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_nothing_is_painted_on_no_pixels(shape, dtype):
    for base in (None, np.zeros(shape, dtype)):
        painted = paint_segmentation([piece()], shape, TARGETS, base)
        assert painted.shape == shape
        assert base is None or painted.dtype == dtype


def test_base_of_one_channel_keeps_its_values():
    base = pixels([[7], [1]])
    painted = paint_segmentation([], (1, 2), TARGETS, base)
    assert painted.tolist() == [[7, 0]]


def test_built_in_defect_region_inside_another_is_a_hole_of_it():
    array = pixels([1, 1, 1], [1, 2, 1], [1, 1, 1])
    ring = [[True, True, True], [True, False, True], [True, True, True]]
    assert split(array) == [("cat", ring, 0, 0), ("dog", [[True]], 1, 1)]


@pytest.mark.parametrize(
    ("pieces", "painted"),
    [
        pytest.param([], [[0, 0, 0]], id="nothing"),
        pytest.param([piece("cat", [[1, 0]])], [[1, 0, 0]], id="left"),
        pytest.param([piece("cat", [[1, 1]], left=2)], [[0, 0, 1]], id="over the edge"),
        pytest.param([piece("cat", [[1]], left=7, top=7)], [[0, 0, 0]], id="outside"),
        pytest.param([piece("cow")], [[0, 0, 0]], id="no target"),
        pytest.param(
            [piece("cat", [[1, 1]]), piece("dog", [[1]])], [[2, 1, 0]], id="last on top"
        ),
        pytest.param(
            [piece("cat", [[1, 1]], z_order=1), piece("dog", [[1]])],
            [[1, 1, 0]],
            id="z-order",
        ),
        pytest.param(
            [piece("cat", [[1, 1]], z_order=-1), piece("dog", [[0, 1]], z_order=-2)],
            [[1, 1, 0]],
            id="negative z-order",
        ),
    ],
)
def test_paint(pieces, painted):
    result = paint_segmentation(pieces, (1, 3), TARGETS)
    assert result.tolist() == painted
    assert result.dtype == np.uint8


def test_paint_rgb():
    result = paint_segmentation(
        [piece("red"), piece("dark", left=1)], (1, 3), RGB, pixels([[9, 9, 9]])
    )
    assert result.tolist() == [[[255, 0, 0], [1, 2, 3], [9, 9, 9]]]
    assert result.dtype == np.uint8


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64])
def test_type_of_the_segmentation_before_is_kept(dtype):
    base = pixels([1, 9, 2], dtype=dtype)
    result = paint_segmentation([piece("dog", left=0)], (1, 3), TARGETS, base)
    assert result.tolist() == [[2, 9, 0]]
    assert result.dtype == dtype
    assert base.tolist() == [[1, 9, 2]]


def test_value_that_does_not_fit_widens_the_type():
    base = pixels([1, 0])
    result = paint_segmentation([piece("bird")], (1, 2), TARGETS, base)
    assert result.tolist() == [[300, 0]]
    assert result.dtype == np.uint16


def test_segmentation_of_another_size_is_stretched():
    base = pixels([9, 7], [1, 2], dtype=np.int32)
    result = paint_segmentation([piece()], (4, 4), TARGETS, base)
    assert result.tolist() == [[1, 9, 7, 7], [9, 9, 7, 7], [0] * 4, [0] * 4]
    assert result.dtype == np.int32
    assert base.shape == (2, 2)


def test_pixels_of_no_target_are_kept_in_rgb_too():
    base = pixels([[255, 0, 0], [9, 9, 9]])
    result = paint_segmentation([piece("green")], (1, 2), RGB, base)
    assert result.tolist() == [[[0, 255, 0], [9, 9, 9]]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pixels_keep_how_transparent_they_are(dtype):
    most = np.iinfo(dtype).max
    base = pixels([[255, 0, 0, 10], [9, 9, 9, most]], dtype=dtype)
    result = paint_segmentation([piece("green")], (1, 2), RGB, base)
    assert result.tolist() == [[[0, 255, 0, 10], [9, 9, 9, most]]]


def test_negative_values_are_kept():
    base = pixels([1, -1], dtype=np.int8)
    result = paint_segmentation([piece("dog")], (1, 2), TARGETS, base)
    assert (result.tolist(), result.dtype) == ([[2, -1]], np.int8)
    wider = paint_segmentation([piece("bird")], (1, 2), TARGETS, base)
    assert wider.tolist() == [[300, -1]]


@pytest.mark.parametrize(
    ("array", "targets", "message"),
    [
        (pixels([0, 1]), RGB, "in gray, but mask targets in color"),
        (pixels([[0, 0, 1]]), TARGETS, "in color, but mask targets that are integers"),
        (np.array([[0, 1.5]]), TARGETS, "no integers"),
        (np.array([[0, np.nan]]), TARGETS, "no integers"),
        (np.array([[0, np.inf]]), TARGETS, "no integers"),
        (np.array([[0, 1e19]]), TARGETS, "no integers"),
        (np.array([[0, 1j]]), TARGETS, "no integers"),
        (pixels([[0, 0, 0xFF00]], dtype=np.int32), RGB, "not from 0 to 255"),
        (pixels([[0, 0, -1]], dtype=np.int32), RGB, "not from 0 to 255"),
    ],
)
def test_pixels_that_the_targets_cannot_tell(array, targets, message):
    with pytest.raises(GeometryError, match=message):
        check_pixels(array, targets)


@pytest.mark.parametrize(
    ("array", "targets"),
    [
        (pixels([0, 1]), TARGETS),
        (pixels([0, 1]), {}),
        (pixels([True], dtype=bool), TARGETS),
        (np.array([[0, 2.0]]), TARGETS),
        (pixels([[0, 0, 1]]), RGB),
        (pixels([[0, 0, 1]]), {}),
    ],
)
def test_pixels_that_the_targets_can_tell(array, targets):
    check_pixels(array, targets)


def test_values_that_share_a_name_stay_apart_and_are_erased_alike():
    targets = {1: "cat", 2: "cat", 3: "dog"}
    base = pixels([0, 1, 1, 2, 3, 1])
    pieces = [piece(rows=[[1, 1, 0, 1]]), piece("dog", left=4)]
    result = paint_segmentation(pieces, (1, 6), targets, base)
    # the first is new, the third and the last are gone
    assert result.tolist() == [[2, 1, 0, 2, 3, 0]]


def test_background_that_has_a_name_is_painted_over():
    result = paint_segmentation([piece()], (1, 2), {0: "cat", 1: "cat"}, pixels([0, 0]))
    assert result.tolist() == [[1, 0]]


def test_bool_mask_before():
    base = pixels([True, False], dtype=bool)
    result = paint_segmentation([piece("dog")], (1, 2), TARGETS, base)
    assert result.tolist() == [[2, 0]]


@given(hnp.arrays(np.uint16, shapes, elements=st.sampled_from([0, 1, 2, 300])))
def test_split_and_painted_it_is_the_same(array):
    pieces = [MaskPiece(*each, z_order=0) for each in class_masks(array, TARGETS)]
    for each in pieces:
        assert each.mask.any(axis=0)[[0, -1]].all()
        assert each.mask.any(axis=1)[[0, -1]].all()
    np.testing.assert_array_equal(
        paint_segmentation(pieces, array.shape, TARGETS), array
    )
    painted = paint_segmentation(pieces, array.shape, TARGETS, array)
    assert painted.dtype == array.dtype
    np.testing.assert_array_equal(painted, array)


colors = st.sampled_from([(0, 0, 0), (255, 0, 0), (0, 255, 0), (1, 2, 3)])
pictures = shapes.flatmap(
    lambda shape: st.lists(
        colors, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]
    ).map(lambda drawn: np.array(drawn, np.uint8).reshape(*shape, 3))
)


@given(pictures)
def test_rgb_split_and_painted_is_the_same(array):
    pieces = [MaskPiece(*each, z_order=0) for each in class_masks(array, RGB)]
    np.testing.assert_array_equal(
        paint_segmentation(pieces, array.shape[:2], RGB), array
    )


@given(
    hnp.arrays(np.int16, shapes, elements=st.sampled_from([0, 1, 2, 5, 300])),
    st.data(),
)
def test_what_shows_its_pieces_is_what_painting_gives(before, data):
    pieces = [MaskPiece(*each, 0) for each in class_masks(before, TARGETS)]
    if pieces and data.draw(st.booleans()):
        chosen = data.draw(st.sampled_from(pieces))
        y, x = (data.draw(st.integers(0, each - 1)) for each in chosen.mask.shape)
        chosen.mask = chosen.mask.copy()
        chosen.mask[y, x] ^= True
    if pieces and data.draw(st.booleans()):
        chosen = data.draw(st.sampled_from(pieces))
        chosen.label = data.draw(st.sampled_from(list(TARGETS.values())))
    painted = paint_segmentation(pieces, before.shape, TARGETS, before)

    if shows_pieces(before, pieces, before.shape, TARGETS):
        assert np.array_equal(painted, before)


@given(hnp.arrays(np.int16, shapes, elements=st.sampled_from([0, 1, 2, 5, 300])))
def test_a_segmentation_shows_the_masks_of_its_classes(before):
    pieces = [MaskPiece(*each, 0) for each in class_masks(before, TARGETS)]

    assert shows_pieces(before, pieces, before.shape, TARGETS)
    for each in pieces:
        rest = [other for other in pieces if other is not each]
        assert not shows_pieces(before, rest, before.shape, TARGETS)


def test_only_painting_tells_of_colors_and_of_classes_of_several_values():
    mask = piece(rows=((1, 1),))
    ones = pixels([1, 1])
    assert shows_pieces(ones, [mask], (1, 2), TARGETS)
    assert not shows_pieces(ones, [mask], (1, 2), {1: "cat", 2: "cat"})
    assert not shows_pieces(ones, [mask], (1, 2), {"#000001": "cat"})
    assert not shows_pieces(ones, [mask], (1, 2), {1: "cat", 0: "none"})
    assert not shows_pieces(ones, [mask], (2, 2), TARGETS)
    assert not shows_pieces(ones, [], (1, 2), TARGETS)


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.uint16, np.int32, np.int64]),
        shapes,
        elements=st.integers(0, 4),
    )
)
def test_split_is_what_sorting_all_pixels_finds(array):
    targets = {value: str(value) for value in range(4)}
    found = []
    for value in sorted(set(np.unique(array).tolist()) & {1, 2, 3}):
        rows, columns = np.nonzero(array == value)
        top, left = int(rows.min()), int(columns.min())
        part = array[top : rows.max() + 1, left : columns.max() + 1] == value
        found.append((str(value), part.tolist(), left, top))
    assert split(array, targets) == found
    assert value_without_target(array, targets) == (4 if (array == 4).any() else None)


@given(
    hnp.arrays(np.uint8, st.tuples(*[st.integers(1, 5)] * 2, st.sampled_from([3, 4])))
)
def test_value_in_color_is_the_smallest_of_all_pixels(array):
    colors = {
        f"#{red:02x}{green:02x}{blue:02x}"
        for red, green, blue in array[..., :3].reshape(-1, 3).tolist()
    }
    assert value_without_target(array, RGB) == min(
        colors - {"#000000", *RGB}, default=None
    )


@given(
    hnp.arrays(np.uint8, shapes, elements=st.sampled_from([0, 1, 2, 9])),
    shapes,
    st.booleans(),
)
def test_what_nobody_painted_keeps_its_size_and_every_pixel(base, shape, in_color):
    targets = {"#000001": "cat", "#000002": "dog"} if in_color else {1: "cat", 2: "dog"}
    if in_color:
        base = np.stack([base * 0, base * 0, base], axis=-1)
    seen = stretch_mask(base, shape[1], shape[0])
    pieces = [MaskPiece(*each, 0) for each in class_masks(seen, targets)]
    same = paint_in_own_size(base, paint_segmentation(pieces, shape, targets, base))
    np.testing.assert_array_equal(same, base)
    assert same.dtype == base.dtype

    left = np.zeros(shape, bool)
    left[:, : shape[1] // 2] = True
    pieces.append(MaskPiece("dog", left, 0, 0, 1))
    mask = paint_in_own_size(base, paint_segmentation(pieces, shape, targets, base))
    centres = (np.arange(base.shape[1]) + 0.5) * shape[1] / base.shape[1]
    is_left = centres < shape[1] // 2
    np.testing.assert_array_equal(mask[:, ~is_left], base[:, ~is_left])
