"""What came back as it went up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.from_cvat.comparison import (
    same_annotation,
    same_geometry,
    same_label,
    same_scalar,
)
from tests.builders import cvat_shape, cvat_tag, detection


def attribute(spec_id, text):
    return {"spec_id": spec_id, "value": text}


def skeleton(*nodes):
    elements = [
        {"type": "points", "label_id": name, "points": [x, y], "outside": outside}
        for name, x, y, outside in nodes
    ]
    return cvat_shape("skeleton", [], elements=elements)


@pytest.mark.parametrize(
    ("sent", "got", "same"),
    [
        pytest.param(cvat_shape(), cvat_shape(), True, id="same"),
        pytest.param(
            cvat_shape(),
            cvat_shape(points=[25.0005, 12.5, 75.0, 37.5]),
            True,
            id="nearly",
        ),
        pytest.param(
            cvat_shape(),
            cvat_shape(points=[25.01, 12.5, 75.0, 37.5]),
            False,
            id="moved",
        ),
        pytest.param(cvat_shape(), cvat_shape("polygon"), False, id="another type"),
        pytest.param(
            cvat_shape("polygon", [0, 0, 1, 0, 1, 1]),
            cvat_shape("polygon", [0, 0, 1, 0, 1, 1, 0, 1]),
            False,
            id="another vertex",
        ),
        pytest.param(cvat_shape(), cvat_shape(rotation=0.5), False, id="half a degree"),
        pytest.param(
            cvat_shape(rotation=30.0), cvat_shape(rotation=0.0), False, id="turned back"
        ),
        pytest.param(
            cvat_shape(rotation=0.0),
            cvat_shape(rotation=359.9999),
            True,
            id="full turn",
        ),
        pytest.param(
            cvat_shape(rotation=-90.0), cvat_shape(rotation=270.0), True, id="negative"
        ),
        pytest.param(
            cvat_shape(rotation=None), cvat_shape(rotation=0.0), True, id="no rotation"
        ),
        pytest.param(
            cvat_shape(),
            cvat_shape(points=[75.0, 12.5, 25.0, 37.5]),
            True,
            id="swapped corners",
        ),
        pytest.param(
            cvat_shape("polyline"),
            cvat_shape("polyline", points=[75.0, 12.5, 25.0, 37.5]),
            False,
            id="another line",
        ),
        pytest.param(cvat_tag(), cvat_tag(frame=3), True, id="tags"),
        pytest.param(
            skeleton(("a", 1, 2, False), ("b", 3, 4, True)),
            skeleton(("b", 9, 9, True), ("a", 1, 2, False)),
            True,
            id="outside node elsewhere",
        ),
        pytest.param(
            skeleton(("a", 1, 2, False)),
            skeleton(("a", 1, 3, False)),
            False,
            id="node moved",
        ),
        pytest.param(
            skeleton(("a", 1, 2, False)),
            skeleton(("a", 1, 2, True)),
            False,
            id="node hidden",
        ),
        pytest.param(
            skeleton(("a", 1, 2, False)),
            skeleton(("a", 1, 2, False), ("b", 1, 2, False)),
            False,
            id="node added",
        ),
    ],
)
def test_same_geometry(sent, got, same):
    assert same_geometry(sent, got) is same
    assert same_geometry(got, sent) is same


numbers = st.floats(0, 5000)


@given(st.data(), st.sampled_from(["rectangle", "polygon", "polyline", "points"]))
def test_what_an_export_rounds_is_the_same_place(data, shape_type):
    count = 4 if shape_type == "rectangle" else 6
    points = data.draw(st.lists(numbers, min_size=count, max_size=count))
    turn = data.draw(st.floats(0, 359.999)) if shape_type == "rectangle" else 0.0
    sent = cvat_shape(shape_type, points, rotation=turn)
    exported = [float(f"{each:.2f}") for each in points]
    got = cvat_shape(shape_type, exported, rotation=float(f"{turn:.2f}"))
    assert same_geometry(sent, got)
    moved = cvat_shape(shape_type, [each + 0.02 for each in exported], rotation=turn)
    assert not same_geometry(sent, moved)


def test_a_third_of_a_degree_is_a_turn_in_space():
    numbers = [1.0, 2.0, 3.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0, *[0.0] * 7]
    turned = [*numbers[:5], 0.505, *numbers[6:]]
    assert not same_geometry(
        cvat_shape("cuboid", numbers), cvat_shape("cuboid", turned)
    )


@pytest.mark.parametrize(
    ("sent", "got", "same"),
    [
        pytest.param({}, {}, True, id="same"),
        pytest.param({}, {"label_id": 2}, False, id="another class"),
        pytest.param({}, {"z_order": 5}, True, id="drawing order"),
        pytest.param({}, {"source": "auto"}, True, id="source"),
        pytest.param({}, {"occluded": True}, False, id="occluded"),
        pytest.param({}, {"group": 5}, False, id="grouped"),
        pytest.param(
            {"attributes": [attribute(1, "x")]},
            {"attributes": [attribute(1, "y")]},
            False,
            id="attribute changed",
        ),
        pytest.param(
            {"attributes": [attribute(1, "x"), attribute(2, "y")]},
            {"attributes": [attribute(2, "y"), attribute(1, "x")]},
            True,
            id="attributes in another order",
        ),
        pytest.param(
            {"attributes": []},
            {"attributes": [attribute(1, "default")]},
            True,
            id="default filled in",
        ),
        pytest.param(
            {"attributes": [attribute(1, "x"), attribute(9, "id")]},
            {"attributes": [attribute(1, "default"), attribute(9, "id")]},
            False,
            id="set to the default",
        ),
        pytest.param(
            {"attributes": [attribute(9, "id")]},
            {"attributes": []},
            True,
            id="id lost",
        ),
        pytest.param(
            {"attributes": [attribute(1, "x"), attribute(9, "id")]},
            {"attributes": [attribute(1, "default"), attribute(9, "")]},
            True,
            id="cleared by an editor",
        ),
        pytest.param(
            {"attributes": [attribute(1, "x"), attribute(9, "id")]},
            {"attributes": [attribute(1, "y"), attribute(9, "")]},
            False,
            id="cleared and filled in",
        ),
        pytest.param({"attributes": None}, {"attributes": []}, True, id="no list"),
    ],
)
def test_same_annotation(sent, got, same):
    before = cvat_shape(label_id=1, attributes=[]) | sent
    after = cvat_shape(label_id=1, attributes=[]) | got
    assert same_annotation([before], [after], {1: "default"}, {1: 9, 2: 9}) is same


def test_occlusion_without_a_place_in_the_dataset_is_no_change():
    before = cvat_shape()
    del before["occluded"], before["group"]
    assert same_annotation([before], [cvat_shape(occluded=True, group=3)], {}, {})


def test_every_part_has_to_come_back():
    one = cvat_shape()
    assert same_annotation([], [], {}, {})
    assert not same_annotation([one, one], [one], {}, {})
    assert not same_annotation([one], [one, one], {}, {})


@pytest.mark.parametrize(
    ("value", "before", "same"),
    [
        ("a", "a ", True),
        (7, "007", False),
        (7, 7, True),
        (7.0, 7, False),
        (True, True, True),
        (True, "true", True),
        (1, True, False),
        ("a", None, False),
    ],
)
def test_scalars_as_they_went_up_or_were_read(value, before, same):
    assert same_scalar(value, before) is same


def test_a_mask_in_a_file_says_nothing_besides_one_in_the_label():
    pixels = np.ones((2, 3), dtype=bool)
    drawn, stored = detection(mask=pixels), detection(mask=pixels)
    stored.mask_path = "older.png"
    in_file = detection()
    in_file.mask_path = "older.png"

    assert same_label(drawn, stored, ())
    assert not same_label(drawn, detection(mask=~pixels), ())
    assert not same_label(drawn, in_file, ())
    assert not same_label(detection(), in_file, ())
