"""Tags and shapes as labels."""

from __future__ import annotations

import math

import fiftyone.core.labels as fol
import numpy as np
import pytest

from fiftyone_cvat.convert.from_cvat.attribute_texts import attribute_values
from fiftyone_cvat.convert.from_cvat.labels import read_annotation
from fiftyone_cvat.errors import GeometryError
from fiftyone_cvat.types import Skeleton
from tests.builders import (
    context,
    cvat_schema,
    cvat_shape,
    cvat_tag,
    identity,
    object_id,
    server_labels,
    spec,
    stored,
)

BOXES = ["detection", "detections", "instance", "instances"]
TRIANGLE = [10, 10, 30, 10, 30, 30]
SQUARE = [[True, True], [True, True]]
MASK = [0, 4, 10, 20, 11, 21]
"""A CVAT mask: four pixels at (10, 20)."""


def read(annotation=None, label_type="detections", kind="shapes", schema=None, **more):
    labels = server_labels(schema)
    shape = cvat_shape() if annotation is None else annotation
    (sent,) = stored([shape], labels)
    return read_annotation(sent, kind, context(label_type, labels, **more))


def fields(label):
    """Return what a label holds, without its id."""
    if isinstance(label, fol.Label):
        values = label.to_dict()
        del values["_id"]
        assert not values.pop("attributes", {})
        if label._fields.get("mask") is not None and label.mask is not None:
            values["mask"] = label.mask.tolist()
        return values
    return label


def detection(box=(0.25, 0.25, 0.5, 0.5), **more):
    box = [pytest.approx(each) for each in box]
    base = {"_cls": "Detection", "tags": [], "label": "cat", "bounding_box": box}
    return base | more


def outline(points, **more):
    base = {"_cls": "Polyline", "tags": [], "label": "cat", "points": points}
    return base | {"closed": True, "filled": True} | more


@pytest.mark.parametrize("label_type", [*BOXES, "polylines", "segmentation", None])
def test_rectangle_is_a_detection(label_type):
    result = read(label_type=label_type)
    assert (result.kind, result.frame) == ("detections", 0)
    assert (result.label_id, result.part) == (object_id(), 1)
    assert (result.track, result.index) == (None, None)
    assert fields(result.value) == detection()


@pytest.mark.parametrize(
    ("rotation", "attributes"),
    [
        (0.5, {"rotation": 0.5}),
        (359.9, {"rotation": 359.9}),
        (0.0, {}),
        (None, {}),
    ],
)
def test_rotated_rectangle(rotation, attributes):
    result = read(cvat_shape(rotation=rotation))
    assert fields(result.value) == detection(**attributes)


@pytest.mark.parametrize(
    ("points", "box"),
    [
        ([-50, -25, 150, 75], (-0.5, -0.5, 2, 2)),
        ([10, 10, 10, 10], (0.1, 0.2, 0, 0)),
        ([0.25, 0.5, 1.5, 1.0], (0.0025, 0.01, 0.0125, 0.01)),
    ],
    ids=["outside", "no area", "part of a pixel"],
)
def test_place_of_a_rectangle(points, box):
    assert fields(read(cvat_shape(points=points)).value) == detection(box)


@pytest.mark.parametrize(
    ("shape", "label_type", "kind", "value"),
    [
        pytest.param(
            cvat_shape("polygon", [0, 0, 50, 0, 50, 25]),
            "polygons",
            "polylines",
            outline([[[0, 0], [0.5, 0], [0.5, 0.5]]]),
            id="polygon",
        ),
        pytest.param(
            cvat_shape("polygon", [0, 0, 50, 0, 50, 25]),
            None,
            "polylines",
            outline([[[0, 0], [0.5, 0], [0.5, 0.5]]]),
            id="polygon in any field",
        ),
        pytest.param(
            cvat_shape("polygon", [10, 20, 12, 20, 12, 22, 10, 22]),
            "instances",
            "detections",
            detection((0.1, 0.4, 0.02, 0.04), mask=SQUARE),
            id="polygon in an instance field",
        ),
        pytest.param(
            cvat_shape("polygon", [10, 20, 12, 20, 12, 22, 10, 22]),
            "detections",
            "detections",
            detection((0.1, 0.4, 0.02, 0.04), mask=SQUARE),
            id="polygon in a field of boxes",
        ),
        pytest.param(
            cvat_shape("polyline", [0, 0, 50, 0, 50, 25]),
            "polylines",
            "polylines",
            outline([[[0, 0], [0.5, 0], [0.5, 0.5]]], closed=False, filled=False),
            id="line",
        ),
        pytest.param(
            cvat_shape("polyline", [0, 0, 50, 0, 50, 25, 0, 0]),
            "polylines",
            "polylines",
            outline([[[0, 0], [0.5, 0], [0.5, 0.5]]], filled=False),
            id="line that ends where it began",
        ),
        pytest.param(
            cvat_shape("polyline", [0, 0, 50, 0, 0, 0]),
            "polylines",
            "polylines",
            outline([[[0, 0], [0.5, 0], [0, 0]]], closed=False, filled=False),
            id="there and back",
        ),
        pytest.param(
            cvat_shape("points", [50, 25, 0, 50]),
            "keypoints",
            "keypoints",
            {
                "_cls": "Keypoint",
                "tags": [],
                "label": "cat",
                "points": [[0.5, 0.5], [0, 1]],
                "confidence": None,
            },
            id="points",
        ),
        pytest.param(
            cvat_shape("mask", MASK),
            "instances",
            "detections",
            detection((0.1, 0.4, 0.02, 0.04), mask=SQUARE),
            id="mask",
        ),
        pytest.param(
            cvat_shape("mask", MASK),
            None,
            "detections",
            detection((0.1, 0.4, 0.02, 0.04), mask=SQUARE),
            id="mask in any field",
        ),
        pytest.param(
            cvat_shape("mask", MASK),
            "polygons",
            "polylines",
            outline([[[0.1, 0.4], [0.12, 0.4], [0.12, 0.44], [0.1, 0.44]]]),
            id="mask in a field of polygons",
        ),
        pytest.param(
            cvat_shape("mask", MASK),
            "polyline",
            "polylines",
            outline(
                [[[0.1, 0.4], [0.12, 0.4], [0.12, 0.44], [0.1, 0.44]]], filled=False
            ),
            id="mask in a field of lines",
        ),
        pytest.param(
            cvat_shape("mask", [0, 1, 1, 1, 0, 0, 2, 0]),
            "polygons",
            "polylines",
            outline(
                [
                    [[0, 0], [0.01, 0], [0.01, 0.02], [0, 0.02]],
                    [[0.02, 0], [0.03, 0], [0.03, 0.02], [0.02, 0.02]],
                ]
            ),
            id="mask of two parts",
        ),
        pytest.param(
            cvat_shape("ellipse", [11, 21, 12, 20]),
            "instances",
            "detections",
            detection((0.1, 0.4, 0.02, 0.04), mask=SQUARE),
            id="ellipse in an instance field",
        ),
    ],
)
def test_shape(shape, label_type, kind, value):
    result = read(shape, label_type)
    assert result.kind == kind
    assert fields(result.value) == value


def test_ellipse_is_a_polygon():
    result = read(cvat_shape("ellipse", [50, 25, 60, 20]), "polygons")
    assert result.kind == "polylines"
    (points,) = result.value.points
    assert (result.value.closed, result.value.filled) == (True, True)
    assert np.min(points, axis=0) == pytest.approx([0.4, 0.4])
    assert np.max(points, axis=0) == pytest.approx([0.6, 0.6])


@pytest.mark.parametrize(
    ("shape", "mask", "left", "top"),
    [
        (cvat_shape("mask", MASK, z_order=3), SQUARE, 10, 20),
        (cvat_shape("polygon", [10, 20, 12, 20, 12, 22, 10, 22]), SQUARE, 10, 20),
        (cvat_shape("ellipse", [11, 21, 12, 20]), SQUARE, 10, 20),
    ],
    ids=["mask", "polygon", "ellipse"],
)
def test_piece_of_a_segmentation(shape, mask, left, top):
    result = read(shape, "segmentation")
    piece = result.value
    assert result.kind == "segmentation"
    assert (piece.label, piece.mask.tolist()) == ("cat", mask)
    assert (piece.left, piece.top, piece.z_order) == (left, top, shape["z_order"])


@pytest.mark.parametrize("label_type", [*BOXES, "segmentation"])
@pytest.mark.parametrize(
    "shape",
    [
        cvat_shape("polygon", [500, 500, 510, 500, 510, 510]),
        cvat_shape("polygon", [1.1, 1.1, 1.2, 1.1, 1.2, 1.2]),
        cvat_shape("ellipse", [10, 10, 10, 10]),
    ],
    ids=["outside", "between pixels", "no area"],
)
def test_shape_that_covers_no_pixel(shape, label_type):
    assert read(shape, label_type) is None


def test_mask_that_leaves_the_frame_is_cropped():
    beyond = cvat_shape("mask", [0, 4, 99, 20, 100, 21])
    result = read(beyond, "instances")
    assert fields(result.value) == detection(
        (0.99, 0.4, 0.01, 0.04), mask=[[True], [True]]
    )
    outside = cvat_shape("mask", [0, 1, 100, 20, 100, 20])
    assert read(outside, "instances") is None


def test_broken_mask_is_an_error():
    with pytest.raises(GeometryError):
        read(cvat_shape("mask", [1, 2, 3]))


@pytest.mark.parametrize("kind", ["hexagon", "", "tag", "interval"])
def test_shape_of_an_unknown_type(kind):
    assert read(cvat_shape(kind)) is None


def test_class_of_another_field():
    assert read(class_by_label_id={}) is None


def test_skeleton_in_the_order_of_its_nodes():
    schema = cvat_schema("cat", skeleton=Skeleton(("a", "b", "c"), ()))
    elements = [
        {"label_id": "c", "points": [100, 50], "outside": False},
        {"label_id": "a", "points": [0, 0], "outside": False},
        {"label_id": "b", "points": [7, 7], "outside": True},
    ]
    shape = cvat_shape("skeleton", [], elements=elements)
    result = read(shape, "keypoints", schema=schema)
    assert result.kind == "keypoints"
    np.testing.assert_array_equal(
        result.value.points, [[0, 0], [math.nan, math.nan], [1, 1]]
    )


CUBOID = [
    *(10, 20, 10, 40),  # front left: top, bottom
    *(30, 20, 30, 40),  # front right
    *(40, 10, 40, 30),  # back right
    *(20, 10, 20, 30),  # back left
]
"""A cuboid on an image in CVAT's order, that of its canvas' edges fl, fr, dr, dl."""


def test_built_in_defect_cuboid_on_an_image_was_taken_for_one_in_space():
    result = read(cvat_shape("cuboid", CUBOID), "polylines")
    assert result.kind == "polylines"
    vertices = [(10, 40), (30, 40), (30, 20), (10, 20)]
    vertices += [(20, 30), (40, 30), (40, 10), (20, 10)]
    expected = fol.Polyline.from_cuboid(
        [(x, y) for x, y in vertices], frame_size=None, label="cat"
    )
    points = [[(100 * x, 50 * y) for x, y in part] for part in result.value.points]
    assert points == [
        [pytest.approx(each) for each in part] for part in expected.points
    ]


def test_cuboid_in_space():
    numbers = [1, 2, 3, 0.1, 0.2, 0.3, 4, 5, 6, *[0] * 7]
    result = read(cvat_shape("cuboid", numbers), is_point_cloud=True)
    assert result.kind == "detections"
    assert result.value["location"] == [1, 2, 3]
    assert result.value["rotation"] == [0.1, 0.2, 0.3]
    assert result.value["dimensions"] == [4, 5, 6]


class TestTags:
    def test_classification(self):
        result = read(cvat_tag(frame=4), "classifications", "tags")
        assert (result.kind, result.frame) == ("classifications", 4)
        assert result.label_id == object_id()
        assert fields(result.value) == {
            "_cls": "Classification",
            "tags": [],
            "label": "cat",
        }

    @pytest.mark.parametrize("label_type", ["detections", None, "segmentation"])
    def test_tag_where_none_is_expected_is_a_classification(self, label_type):
        assert read(cvat_tag(), label_type, "tags").kind == "classifications"

    @pytest.mark.parametrize(
        ("name", "kind", "value"),
        [
            ("0001", None, "0001"),
            ("0001", str, "0001"),
            ("7", int, 7),
            ("7", float, 7.0),
            ("true", bool, True),
            ("False", bool, False),
        ],
    )
    def test_scalar_is_the_name_of_a_tag(self, name, kind, value):
        types = {} if kind is None else {"": kind}
        result = read(
            cvat_tag(name, attributes=[]),
            "scalar",
            "tags",
            cvat_schema(name),
            value_types=types,
        )
        assert (result.kind, result.value) == ("scalar", value)
        assert type(result.value) is type(value)

    @pytest.mark.parametrize(
        ("text", "kind", "keep_text", "value"),
        [
            ("sunny", str, False, "sunny"),
            ("0001", str, False, "0001"),
            ("", str, False, ""),
            ("7", int, False, 7),
            ("0001", None, False, 1),
            ("0001", None, True, "0001"),
            ("7.5", float, True, 7.5),
            ("true", bool, False, True),
        ],
    )
    def test_scalar_is_the_value_of_an_attribute(self, text, kind, keep_text, value):
        result = self.scalar(text, kind, keep_text)
        assert (result.kind, result.value) == ("scalar", value)
        assert type(result.value) is type(value)

    @pytest.mark.parametrize("kind", [int, float, bool, None])
    def test_scalar_that_was_left_empty(self, kind):
        assert self.scalar("", kind, False) is None

    @pytest.mark.parametrize(
        ("text", "kind"), [("seven", int), ("7.5", int), ("x", float), ("2", bool)]
    )
    def test_text_that_is_no_scalar_of_its_field(self, text, kind):
        assert self.scalar(text, kind, False).value is None
        tag = cvat_tag(text, attributes=[])
        types = {"": kind}
        result = read(tag, "scalar", "tags", cvat_schema(text), value_types=types)
        assert (result.kind, result.value) == ("scalar", None)

    def test_tag_of_a_scalar_without_its_attribute(self):
        tag = cvat_tag(attributes=[])
        assert read(tag, "scalar", "tags", scalar_in_attribute=True) is None

    def scalar(self, text, kind, keep_text):
        return read(
            cvat_tag(attributes=[{"spec_id": "value", "value": text}]),
            "scalar",
            "tags",
            cvat_schema("cat", attributes=[spec("value")]),
            scalar_in_attribute=True,
            keep_text=keep_text,
            value_types={} if kind is None else {"": kind},
        )


class TestAttributes:
    def read(self, value="red", input_type="text", name="color", values=(), **more):
        schema = cvat_schema("cat", attributes=[spec(name, input_type, values=values)])
        shape = cvat_shape(attributes=[identity(), {"spec_id": name, "value": value}])
        return read(shape, schema=schema, **more).value

    @pytest.mark.parametrize(
        ("text", "kind", "value"),
        [
            pytest.param("red", None, "red", id="text"),
            pytest.param("Ünï 🐈", None, "Ünï 🐈", id="unicode"),
            pytest.param("7", None, 7, id="guessed number"),
            pytest.param("0001", str, "0001", id="digits of a text"),
            pytest.param("False", str, "False", id="word of a text"),
            pytest.param("", str, "", id="empty text"),
            pytest.param("7", float, 7.0, id="float"),
            pytest.param("1", bool, True, id="bool"),
        ],
    )
    def test_value_has_the_type_of_the_dataset(self, text, kind, value):
        types = {} if kind is None else {"color": kind}
        label = self.read(text, value_types=types)
        assert label["color"] == value
        assert type(label["color"]) is type(value)

    @pytest.mark.parametrize("text", ["", "  ", "None"])
    def test_nothing_is_no_value(self, text):
        assert not self.read(text).has_attribute("color")

    @pytest.mark.parametrize("text", ["0001", "False", "7"])
    @pytest.mark.parametrize("input_type", ["text", "select", "radio"])
    def test_text_is_kept_where_that_is_asked_for(self, text, input_type):
        label = self.read(text, input_type, values=["0001", "7"], keep_text=True)
        assert label["color"] == text

    @pytest.mark.parametrize(
        ("text", "input_type", "value"),
        [("7", "number", 7), ("true", "checkbox", True), ("false", "checkbox", False)],
    )
    def test_kept_text_is_only_text(self, text, input_type, value):
        assert self.read(text, input_type, keep_text=True)["color"] is value

    @pytest.mark.parametrize("text", ["", "blue"])
    def test_text_that_cannot_be_chosen_is_left_out(self, text):
        schema = cvat_schema("cat", attributes=[spec("color", "select")])
        labels = server_labels(schema)
        spec_id = labels[0]["attributes"][0]["id"]
        label = self.read(text, "select", choices={spec_id: ["red"]})
        assert not label.has_attribute("color")

    @pytest.mark.parametrize("text", ["seven", "7.5", "true"])
    def test_text_that_is_no_value_of_its_attribute(self, text):
        assert not self.read(text, value_types={"color": int}).has_attribute("color")

    @pytest.mark.parametrize(
        "name",
        [
            *("id", "label", "bounding_box", "mask", "mask_path", "logits", "points"),
            *("_id", "_cls", "attributes", "closed", "filled"),
        ],
    )
    def test_attribute_named_like_a_part_of_a_label_spoils_nothing(self, name):
        label = self.read("7", name=name)
        assert fields(label) == detection()
        assert isinstance(label.id, str)

    @pytest.mark.parametrize("name", ["a.b", "$a", "size (cm)", "ünï"])
    def test_attribute_of_any_name_is_read(self, name):
        assert fields(self.read("7", name=name))["bounding_box"]

    @pytest.mark.parametrize("name", ["confidence", "index"])
    def test_field_of_a_label_may_be_an_attribute(self, name):
        assert self.read("7", name=name)[name] == 7

    def test_occlusion_and_group_have_a_place(self):
        places = {
            "occluded_attrs": {"cat": "occ"},
            "group_id_attrs": {"cat": "team"},
        }
        label = read(cvat_shape(occluded=True, group=3), **places).value
        assert (label["occ"], label["team"]) == (True, 3)
        label = read(cvat_shape(), **places).value
        assert (label["occ"], label["team"]) == (False, 0)
        label = read(cvat_shape(occluded=True, group=3)).value
        assert fields(label) == detection()

    def test_tag_has_a_group_and_no_occlusion(self):
        label = read(
            cvat_tag(group=3),
            "classifications",
            "tags",
            occluded_attrs={"cat": "occ"},
            group_id_attrs={"cat": "team"},
        ).value
        assert label["team"] == 3
        assert not label.has_attribute("occ")

    def test_key_frame_is_marked(self):
        assert read(cvat_shape(keyframe=True), kind="track").value["keyframe"] is True
        between = read(cvat_shape(keyframe=False), kind="track").value
        assert not between.has_attribute("keyframe")

    @pytest.mark.parametrize("attributes", [None, []])
    def test_no_attributes(self, attributes):
        shape = cvat_shape(label_id=1, id=1) | {"attributes": attributes}
        result = read_annotation(shape, "shapes", context())
        assert fields(result.value) == detection()
        assert (result.label_id, result.part) == (None, 1)

    def test_values_by_name(self):
        shape = cvat_shape(
            label_id=1,
            attributes=[{"spec_id": 5, "value": "a"}, {"spec_id": 9, "value": "b"}],
        )
        assert attribute_values(shape, {1: {"x": 5, "y": 6}}) == {"x": "a"}
        assert attribute_values(shape, {}) == {}


@pytest.mark.parametrize("part", [1, 2, 12])
def test_part_of_a_label(part):
    result = read(cvat_shape(attributes=[identity(3, part)]))
    assert (result.label_id, result.part) == (object_id(3), part)
    assert not result.value.has_attribute("label_id")


def test_annotation_is_not_changed():
    labels = server_labels()
    (shape,) = stored([cvat_shape()], labels)
    before = repr(shape)
    result = read_annotation(shape, "shapes", context(labels=labels))
    assert repr(shape) == before
    assert result.annotation is shape


@pytest.mark.parametrize("label_type", [*BOXES, "polylines", "segmentation", None])
@pytest.mark.parametrize(
    "points",
    [
        [16, 0, 0, 3, 3],
        [1, 0, 0, 0, 0],
        [3, 0, 13, 0, 0, 3, 3],
        [0, 0, 16, 0, 0, 0, 3, 3],
        [2, 2, 2, 2, 98, 0, 101, 1],
        [0, 4, 200, 0, 201, 1],
        [0, 4, -9, -9, -8, -8],
    ],
)
def test_mask_without_pixels_in_the_picture_is_no_label(label_type, points):
    assert read(cvat_shape("mask", points), label_type) is None


@pytest.mark.parametrize("label_type", ["instances", "detections", "segmentation"])
@pytest.mark.parametrize(
    "shape",
    [
        cvat_shape("polygon", [3.6, 3, 3.9, 3, 3.9, 3.4]),
        cvat_shape("polygon", [5, 5, 5, 5, 5, 5]),
        cvat_shape("polygon", [-9, -9, -5, -9, -5, -5]),
        cvat_shape("ellipse", [3, 3, 3.1, 2.9]),
    ],
)
def test_outline_without_pixels_is_no_label_of_pixels(label_type, shape):
    assert read(shape, label_type) is None
