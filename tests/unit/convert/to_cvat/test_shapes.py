"""Detections, polylines, keypoints and segmentations as shapes; and the way back."""

from __future__ import annotations

import math
from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fiftyone_cvat.convert.from_cvat.label_parts import merge_parts
from fiftyone_cvat.convert.from_cvat.labels import read_annotation
from fiftyone_cvat.convert.to_cvat.shapes import (
    create_detection_shapes,
    create_keypoint_shapes,
    create_polyline_shapes,
    create_segmentation_shapes,
)
from fiftyone_cvat.convert.to_cvat.tracks import finalize_tracks, merge_tracks
from fiftyone_cvat.errors import GeometryError, SchemaError
from fiftyone_cvat.types import Size, Skeleton
from tests.builders import (
    SIZE,
    context,
    cvat_schema,
    cvat_shape,
    cvat_track,
    detection,
    identity,
    keypoint,
    object_id,
    polyline,
    segmentation,
    server_labels,
    spec,
    stored,
    track_shape,
)

NAN = math.nan
SCHEMA = cvat_schema(
    "cat", "dog_field", attributes=[spec(), spec("age", mutable=False)]
)
FIELD = ("field", 3, SIZE)
BODY = cvat_schema("cat", skeleton=Skeleton(("nose", "eye", "tail"), ((0, 1),)))


def boxes(*labels, label_type="detections", **more):
    return create_detection_shapes(labels, SCHEMA, *FIELD, label_type, **more)


def masks(*labels, **more):
    return boxes(*labels, label_type="instances", **more)


def ones(height, width):
    return np.ones((height, width), bool)


class TestDetections:
    def test_box(self):
        label = detection(color="red", age=3, other="x", rotation=30.0)
        attributes = [
            identity(),
            {"spec_id": "color", "value": "red"},
            {"spec_id": "age", "value": "3"},
        ]
        shape = cvat_shape(frame=3, rotation=30.0, attributes=attributes)
        assert boxes(label) == ([object_id()], [shape], {}, {})

    def test_classes_that_the_schema_lacks_are_left_out(self):
        labels = [detection(name, number=i) for i, name in enumerate(["dog", "", None])]
        ids, shapes, _, _ = boxes(*labels)
        assert ids == [object_id(0)]
        assert [each["label_id"] for each in shapes] == ["dog_field"]

    def test_nothing(self):
        assert boxes() == ([], [], {}, {})

    @pytest.mark.parametrize(
        ("box", "points"),
        [
            pytest.param((0, 0, 1, 1), [0, 0, 100, 50], id="frame"),
            pytest.param((0.123, 0.456, 0.1, 0.1), None, id="part of a pixel"),
            pytest.param((-0.5, -0.5, 2, 2), [-50, -25, 150, 75], id="outside"),
            pytest.param((0.5, 0.5, 0, 0), [50, 25, 50, 25], id="no area"),
            pytest.param(
                (np.float32(0.5), np.float64(0.5), np.int64(0), 0),
                [50, 25, 50, 25],
                id="numpy",
            ),
            pytest.param((1e6, 0, 1, 1), [1e8, 0, 1e8 + 100, 50], id="huge"),
        ],
    )
    def test_place_of_a_box(self, box, points):
        if points is None:
            points = [12.3, 22.8, 22.3, 27.8]
        (shape,) = boxes(detection(box=box))[1]
        assert shape["points"] == pytest.approx(points)
        assert {type(each) for each in shape["points"]} == {float}

    @pytest.mark.parametrize(
        ("rotation", "degrees"),
        [
            (None, 0.0),
            (0, 0.0),
            (0.5, 0.5),
            (359.5, 359.5),
            (-90, 270.0),
            (-0.25, 359.75),
            (360, 0.0),
            (720.5, 0.5),
            ("30", 30.0),
            (np.float32(1.5), 1.5),
        ],
    )
    def test_rotation_is_from_0_to_360(self, rotation, degrees):
        (shape,) = boxes(detection(rotation=rotation))[1]
        assert shape["rotation"] == degrees
        assert type(shape["rotation"]) is float

    @pytest.mark.parametrize(
        "wrong",
        [
            pytest.param({"box": (0, 0, 1)}, id="three numbers"),
            pytest.param({"box": (NAN, 0, 1, 1)}, id="NaN"),
            pytest.param({"box": (0, 0, math.inf, 1)}, id="infinite"),
            pytest.param({"box": (0, 0, 1, 1, 1)}, id="five numbers"),
            pytest.param({"rotation": "left"}, id="rotation in words"),
            pytest.param({"rotation": [0, 0, 1]}, id="rotation in space"),
            pytest.param({"rotation": NAN}, id="rotation that is NaN"),
            pytest.param({"rotation": math.inf}, id="infinite rotation"),
        ],
    )
    def test_error_names_the_label(self, wrong):
        with pytest.raises(GeometryError, match=object_id()):
            boxes(detection(**wrong))

    @pytest.mark.parametrize(
        "wrong",
        [
            pytest.param({"box": (NAN, 0, 1, 1)}, id="NaN"),
            pytest.param({"box": (0, 0, 1)}, id="three numbers"),
            pytest.param({"mask": np.ones((2, 2, 3), bool)}, id="mask of colours"),
            pytest.param({"mask": np.ones(4, bool)}, id="mask of one row"),
            pytest.param({"box": None}, id="no box"),
        ],
    )
    def test_error_about_a_mask_names_the_label(self, wrong):
        with pytest.raises(GeometryError, match=object_id()):
            masks(detection(**({"mask": ones(2, 2)} | wrong)))

    def test_frame_without_size(self):
        with pytest.raises(GeometryError, match="0 x 0"):
            create_detection_shapes([detection()], SCHEMA, "field", 0, Size(0, 0))

    def test_label_without_box_or_place_in_space(self):
        assert boxes(detection(box=None)) == ([], [], {}, {})

    def test_cuboid_in_space(self):
        label = detection(
            box=None, location=[1, 2, 3], rotation=[0, 0.5, 0], dimensions=[4, 5, 6]
        )
        ids, (shape,), _, _ = create_detection_shapes([label], SCHEMA, "field", 3, [])
        numbers = [1.0, 2.0, 3.0, 0.0, 0.5, 0.0, 4.0, 5.0, 6.0]
        assert ids == [object_id()]
        assert shape == cvat_shape("cuboid", [*numbers, *[0.0] * 7], frame=3)

    @pytest.mark.parametrize(
        "values", [[1, 2], [1, 2, 3, 4], [1, NAN, 3], [1, 2, None]]
    )
    @pytest.mark.parametrize("name", ["location", "rotation", "dimensions"])
    def test_error_about_a_cuboid_names_the_label(self, name, values):
        place = {"location": [1] * 3, "rotation": [0] * 3, "dimensions": [1] * 3}
        label = detection(box=None, **(place | {name: values}))
        with pytest.raises(GeometryError, match=object_id()):
            create_detection_shapes([label], SCHEMA, "field", 3, [])

    def test_id_for_all(self):
        _, shapes, _, _ = boxes(detection(), label_id="one")
        assert shapes[0]["attributes"] == [{"spec_id": "label_id", "value": "one"}]

    def test_occlusion_and_group(self):
        _, (shape,), _, _ = boxes(
            detection(occ=True, group=4),
            occluded_attrs={"cat": "occ"},
            group_id_attrs={"cat": "group"},
        )
        assert shape == cvat_shape(frame=3, occluded=True, group=4)

    def test_labels_and_schema_are_not_changed(self):
        label, schema = detection(color="red", index=1), deepcopy(SCHEMA)
        before = label.to_dict()
        boxes(label, load_tracks=True)
        assert label.to_dict() == before
        assert schema == SCHEMA

    def test_index_makes_a_track(self):
        label = detection(index=7, keyframe=True, color="red", age=3, group=2)
        ids, shapes, tracks, _ = boxes(
            label,
            detection(number=2),
            load_tracks=True,
            group_id_attrs={"cat": "group"},
        )
        mutable = [identity(), {"spec_id": "color", "value": "red"}]
        shape = track_shape(3, keyframe=True, attributes=mutable, group=2)
        track = cvat_track(
            shape, frame=3, attributes=[{"spec_id": "age", "value": "3"}], group=2
        )
        assert ids == [object_id(1), object_id(2)]
        assert shapes == [cvat_shape(frame=3, attributes=[identity(2)])]
        assert tracks == {"cat": {7: track}}

    def test_index_zero_makes_a_track(self):
        _, shapes, tracks, _ = boxes(detection(index=0), load_tracks=True)
        assert shapes == []
        assert list(tracks["cat"]) == [0]

    def test_labels_of_one_index_on_a_frame_do_not_hide_each_other(self):
        labels = [detection(index=7, number=number) for number in (1, 2, 3)]
        tracks = boxes(*labels, load_tracks=True)[2]
        wanted = [[identity(1)], [identity(2)], [identity(3)]]
        assert identities_by_track(tracks) == wanted

    @pytest.mark.parametrize("index", ["a", [1], NAN, 0.5, True, math.inf])
    def test_index_that_is_no_number_is_refused(self, index):
        label = SimpleNamespace(
            id=object_id(),
            label="cat",
            index=index,
            bounding_box=[0.1, 0.1, 0.2, 0.2],
            get_attribute_value=lambda name, default: default,
        )

        assert len(boxes(label)[1]) == 1
        with pytest.raises(SchemaError, match=f"{object_id()}: its index .* no whole"):
            boxes(label, load_tracks=True)

    def test_index_is_nothing_without_tracks(self):
        assert boxes(detection(index=7))[1] == [cvat_shape(frame=3)]


class TestInstances:
    @pytest.mark.parametrize(
        ("box", "mask", "points"),
        [
            pytest.param((0.1, 0.2, 0.03, 0.04), ones(2, 3), [0, 6, 10, 10, 12, 11]),
            pytest.param((0, 0, 1, 1), ones(50, 100), [0, 5000, 0, 0, 99, 49]),
            pytest.param((0, 0, 0.02, 0.02), ones(1, 1), [0, 2, 0, 0, 1, 0]),
            pytest.param((-0.01, 0, 0.02, 0.02), ones(1, 2), [0, 1, 0, 0, 0, 0]),
            pytest.param((0.99, 0.98, 0.05, 0.1), ones(5, 5), [0, 1, 99, 49, 99, 49]),
            pytest.param(
                (0, 0, 0.02, 0.04), np.array([[0, 255], [7, 0]]), [1, 2, 1, 0, 0, 1, 1]
            ),
            pytest.param((0, 0, 0.04, 0.04), ones(1, 1), [0, 8, 0, 0, 3, 1]),
            pytest.param((0, 0, 0.02, 0.02), ones(1, 2)[..., None], [0, 2, 0, 0, 1, 0]),
            pytest.param((0.5, 0.5, 0, 0), ones(3, 3), [0, 1, 50, 25, 50, 25]),
            pytest.param((0.1, 0.2, 0.036, 0.05), ones(2, 3), [0, 6, 10, 10, 12, 11]),
        ],
        ids=[
            "its own size",
            "whole frame",
            "wider than one pixel",
            "left of the frame",
            "over the corner",
            "integers",
            "stretched",
            "one channel",
            "box without area",
            "less than a pixel smaller than its box",
        ],
    )
    def test_mask(self, box, mask, points):
        _, (shape,), _, _ = masks(detection(box=box, mask=mask))
        assert shape == cvat_shape("mask", points, frame=3)

    @pytest.mark.parametrize(
        "label",
        [
            pytest.param(detection(), id="no mask"),
            pytest.param(detection(box=(2, 2, 1, 1), mask=ones(2, 2)), id="outside"),
            pytest.param(detection(mask=np.zeros((0, 0), bool)), id="no array"),
            pytest.param(detection(mask=np.zeros((9, 9), bool)), id="no pixels"),
            pytest.param(
                detection(box=(0.99, 0, 0.02, 0.02), mask=np.array([[False, True]])),
                id="pixels outside of the frame",
            ),
            pytest.param(
                detection(box=(0, 0, 0.01, 0.02), mask=np.eye(64, dtype=bool)[::-1]),
                id="pixels that its box has no room for",
            ),
        ],
    )
    def test_label_without_pixels_does_not_go_up(self, label):
        assert masks(label) == ([], [], {}, {})

    @settings(deadline=None)
    @given(
        hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)),
        st.integers(0, 60),
        st.integers(0, 30),
    )
    def test_built_in_defect_mask_shrank(self, mask, left, top):
        mask[-1, -1] = True
        height, width = mask.shape
        box = [left / 100, top / 50, width / 100, height / 50]
        label = detection(box=box, mask=mask)
        for _ in range(3):
            label = round_trip(masks(label)[1], "instances")
            assert label.bounding_box == pytest.approx(box, abs=1e-12)
            np.testing.assert_array_equal(label.mask, mask)


class TestPolylines:
    @pytest.mark.parametrize(
        ("label", "shape"),
        [
            pytest.param(
                polyline(), ("polygon", [0, 0, 50, 0, 50, 25]), id="filled and closed"
            ),
            pytest.param(
                polyline(closed=False), ("polygon", [0, 0, 50, 0, 50, 25]), id="filled"
            ),
            pytest.param(
                polyline(filled=False),
                ("polyline", [0, 0, 50, 0, 50, 25, 0, 0]),
                id="closed",
            ),
            pytest.param(
                polyline(points=[[(0, 0), (1, 0), (1, 1), (0, 0)]], filled=False),
                ("polyline", [0, 0, 100, 0, 100, 50, 0, 0]),
                id="closed already",
            ),
            pytest.param(
                polyline(closed=False, filled=False),
                ("polyline", [0, 0, 50, 0, 50, 25]),
                id="open",
            ),
            pytest.param(
                polyline(points=[[(-1, 2), (0.5, 3)]], closed=False, filled=False),
                ("polyline", [-100, 100, 50, 150]),
                id="outside the frame",
            ),
            pytest.param(
                polyline(points=[[(0, 0), (NAN, 1), (1, 0), (1, 1)]]),
                ("polygon", [0, 0, 100, 0, 100, 50]),
                id="unknown vertex",
            ),
        ],
    )
    def test_shape(self, label, shape):
        result = create_polyline_shapes([label], SCHEMA, *FIELD, "polylines")
        assert result == ([object_id()], [cvat_shape(*shape, frame=3)], {}, {})

    @pytest.mark.parametrize(
        "label",
        [
            pytest.param(polyline(points=[]), id="no part"),
            pytest.param(polyline(points=[[]]), id="empty part"),
            pytest.param(polyline(points=[[(0, 0), (1, 1)]]), id="two points"),
            pytest.param(polyline(points=[[(0, 0)]], filled=False), id="one point"),
            pytest.param(polyline(points=[[(NAN, NAN)] * 4]), id="nothing known"),
        ],
    )
    def test_built_in_defect_polygon_of_too_few_points(self, label):
        result = create_polyline_shapes([label], SCHEMA, *FIELD)
        assert result == ([], [], {}, {})

    @pytest.mark.parametrize(
        ("point", "message"),
        [
            ((math.inf, 0), "a point at"),
            ((0, -math.inf), "a point at"),
            ((0.5,), "a point of 1 numbers"),
            ((0.5, 0.5, 0.5), "a point of 3 numbers"),
        ],
    )
    def test_error_about_a_point_names_the_label(self, point, message):
        points = [(0, 0), (1, 1), point]
        wanted = f"{object_id()}: {message}"
        with pytest.raises(GeometryError, match=wanted):
            create_polyline_shapes([polyline(points=[points])], SCHEMA, *FIELD)
        for schema in (SCHEMA, BODY):
            with pytest.raises(GeometryError, match=wanted):
                create_keypoint_shapes([keypoint(points=points)], schema, *FIELD)

    def test_parts_say_their_number(self):
        part = [(0, 0), (1, 0), (1, 1)]
        label = polyline(points=[part, [(0, 0)], part, part], color="red")
        ids, shapes, _, _ = create_polyline_shapes([label], SCHEMA, *FIELD)
        red = {"spec_id": "color", "value": "red"}
        assert ids == [object_id()]
        assert shapes == [
            cvat_shape(
                "polygon",
                [0, 0, 100, 0, 100, 50],
                frame=3,
                attributes=[identity(1, number), red],
            )
            for number in (1, 2, 3)
        ]

    def test_parts_of_a_track_do_not_hide_each_other(self):
        part = [(0, 0), (1, 0), (1, 1)]
        label = polyline(points=[part, part], index=1)
        tracks = create_polyline_shapes([label], SCHEMA, *FIELD, load_tracks=True)[2]
        assert identities_by_track(tracks) == [[identity()], [identity(1, 2)]]


def identities_by_track(tracks):
    """Return who is in each track that goes up; CVAT keeps one shape of it a frame."""
    return [
        [shape["attributes"][0] for shape in track["shapes"]]
        for track in finalize_tracks(tracks, 3, False)
    ]


class TestKeypoints:
    def test_points(self):
        label = keypoint(points=[(0.5, 0.5), (0, 1)])
        result = create_keypoint_shapes([label], SCHEMA, *FIELD)
        shape = cvat_shape("points", [50, 25, 0, 50], frame=3)
        assert result == ([object_id()], [shape], {}, {})

    def test_built_in_defect_unknown_point_crashed(self):
        label = keypoint(points=[(NAN, NAN), (0.5, 0.5), (NAN, 1)])
        _, shapes, _, _ = create_keypoint_shapes([label], SCHEMA, *FIELD)
        assert shapes == [cvat_shape("points", [50, 25], frame=3)]

    @pytest.mark.parametrize("points", [[], [(NAN, NAN)], [(NAN, NAN)] * 3])
    @pytest.mark.parametrize("schema", [SCHEMA, BODY], ids=["points", "skeleton"])
    def test_nothing_is_known(self, points, schema):
        label = keypoint(points=points)
        result = create_keypoint_shapes([label], schema, *FIELD)
        assert result == ([], [], {}, {})

    def test_skeleton(self):
        label = keypoint(points=[(0, 0), (NAN, NAN), (1, 1)])
        _, (shape,), _, _ = create_keypoint_shapes([label], BODY, *FIELD)
        elements = shape.pop("elements")
        assert shape | {"elements": []} == cvat_shape("skeleton", [], frame=3)
        assert [
            (each["label_id"], each["points"], each["outside"], each["frame"])
            for each in elements
        ] == [
            ("nose", [0, 0], False, 3),
            ("eye", [50, 25], True, 3),
            ("tail", [100, 50], False, 3),
        ]

    def test_more_points_than_nodes_are_points(self):
        label = keypoint(points=[(0, 0)] * 4)
        _, (shape,), _, _ = create_keypoint_shapes([label], BODY, *FIELD)
        assert shape == cvat_shape("points", [0] * 8, frame=3)


class TestSegmentations:
    def create(self, label, targets=None, size=(2, 2)):
        targets = {1: "cat", 2: "dog", 3: "cow"} if targets is None else targets
        return create_segmentation_shapes(
            label, SCHEMA, "field", 3, size, "segmentation", targets
        )

    def test_a_mask_for_each_class(self):
        label_id, shapes, *rest = self.create(segmentation([[0, 1], [2, 3]]))
        assert (label_id, *rest) == (object_id(), {}, {})
        assert [each | {"elements": []} for each in shapes] == [
            cvat_shape("mask", [0, 1, 1, 0, 1, 0], frame=3),
            cvat_shape("mask", [0, 1, 0, 1, 0, 1], "dog_field", frame=3),
        ]

    @pytest.mark.parametrize(
        ("mask", "targets"),
        [
            pytest.param(None, None, id="no mask"),
            pytest.param([[0, 0]], None, id="background"),
            pytest.param([[9, 9]], None, id="unknown value"),
            pytest.param([[1, 1]], {}, id="no targets"),
        ],
    )
    def test_nothing(self, mask, targets):
        result = self.create(segmentation(mask), targets)
        assert result == (object_id(), [], {}, {})

    def test_targets_none(self):
        result = create_segmentation_shapes(segmentation(), SCHEMA, *FIELD)
        assert result[1] == []

    def test_mask_of_one_channel(self):
        one, two = segmentation([[[1], [0]]]), segmentation([[1, 0]])
        assert self.create(one, size=(4, 2)) == self.create(two, size=(4, 2))

    @pytest.mark.parametrize("shape", [(4,), (2, 2, 2), (1, 1, 1, 3), (0, 2)])
    def test_error_names_the_label(self, shape):
        with pytest.raises(GeometryError, match=f"{object_id()}: a segmentation of"):
            self.create(segmentation(np.zeros(shape)))

    @pytest.mark.parametrize(
        ("mask", "targets"),
        [([[0, 1]], {"#ff0000": "cat"}), ([[[0, 0, 1]]], None)],
        ids=["gray, targets in color", "in color, integers as targets"],
    )
    def test_pixels_that_would_not_come_back(self, mask, targets):
        with pytest.raises(GeometryError, match=f"{object_id()}: a segmentation "):
            self.create(segmentation(mask), targets)

    def test_mask_is_stretched_over_the_frame(self):
        _, (shape,), _, _ = self.create(segmentation([[1, 0]]), size=(4, 2))
        assert shape["points"] == [0, 4, 0, 0, 1, 1]

    def test_rgb(self):
        label = segmentation([[[255, 0, 0], [0, 0, 0]]])
        _, shapes, _, _ = self.create(label, {"#ff0000": "cat"}, (2, 1))
        assert [each["points"] for each in shapes] == [[0, 1, 0, 0, 0, 0]]


def round_trip(shapes, label_type, schema=SCHEMA):
    """Send shapes to a server and read the one label that they are."""
    labels = server_labels(schema)
    field = context(label_type, labels)
    read = [read_annotation(each, "shapes", field) for each in stored(shapes, labels)]
    assert {each.label_id for each in read} == {object_id()}
    assert [each.part for each in read] == list(range(1, len(read) + 1))
    label = merge_parts(read)
    label.id = object_id()
    return label


@pytest.mark.parametrize(
    "rotation",
    [
        *(-1e-20, -1e-14, -0.0, 0, 360, 720, 720.5, -720.25, 359.9999, 1e9, "-90"),
        *(np.float32(-0.5), np.float64(-1e-20), np.int64(-1), np.float32(-1e-20)),
    ],
)
def test_rotation_is_one_that_the_server_takes(rotation):
    (shape,) = boxes(detection(rotation=rotation))[1]
    assert 0 <= shape["rotation"] < 360
    turn = (float(rotation) - shape["rotation"]) % 360
    assert min(turn, 360 - turn) < 1e-9
    assert math.copysign(1, shape["rotation"]) == 1


def test_keypoints_with_more_points_than_nodes_stay_out_of_the_track():
    tracks, shapes = {}, []
    for frame, number in enumerate((3, 4, 3)):
        label = keypoint(points=[(0.1, 0.1)] * number, index=1, number=frame)
        found = create_keypoint_shapes(
            [label], BODY, "field", frame, SIZE, load_tracks=True
        )
        assert found[0] == [object_id(frame)]
        shapes += found[1]
        merge_tracks(tracks, found[2])
    assert shapes == [
        cvat_shape("points", [10, 5] * 4, frame=1, attributes=[identity(1)])
    ]
    (track,) = finalize_tracks(tracks, 5, only_keyframes=False)
    assert [(each["type"], each["outside"]) for each in track["shapes"]] == [
        ("skeleton", False),
        ("skeleton", True),
        ("skeleton", False),
        ("skeleton", True),
    ]
