"""The documented members that read annotations one by one."""

from __future__ import annotations

from copy import deepcopy

import fiftyone.core.labels as fol
import numpy as np
import pytest

from fiftyone_cvat.api.wide_members import WideMembers
from fiftyone_cvat.convert.shared.server_ids import class_and_attribute_ids
from tests.builders import (
    cvat_schema,
    cvat_shape,
    cvat_tag,
    detection,
    identity,
    object_id,
    server_labels,
    spec,
    stored,
    track_shape,
)

LABELS = server_labels(cvat_schema("cat", "dog", attributes=[spec(), spec("age")]))
_, SPECS = class_and_attribute_ids(LABELS)
CLASSES = {each["id"]: each["name"] for each in LABELS}
CAT, DOG = CLASSES
IMAGES = {0: {"sample_id": "s"}, 1: {"sample_id": "t"}}
VIDEO = {number: {"sample_id": "s", "frame_id": f"f{number}"} for number in range(5)}
SIZES = [{"width": 100, "height": 50}] * 2


def parse(anno_type, *annos, label_type="detections", frame_id_map=IMAGES, **more):
    keywords = {
        "id_map": {},
        "server_id_map": {},
        "class_map": CLASSES,
        "attr_id_map": SPECS,
        "frames": SIZES,
        "ignore_types": (),
        "frame_stop": 10,
        "frame_step": None,
    }
    keywords |= more
    return WideMembers()._parse_shapes_tags(
        anno_type, annos, frame_id_map, label_type, **keywords
    )


def from_server(*annotations):
    return stored(list(annotations), LABELS)


def text(name, value):
    return {"spec_id": name, "value": value}


def key_shape(frame, left=25.0, number=1, **more):
    shape = track_shape(
        frame,
        keyframe=True,
        points=(left, 10.0, left + 10, 20.0),
        attributes=[{"spec_id": SPECS[CAT]["label_id"], "value": object_id(number)}],
        **more,
    )
    return {**shape, "id": number, "label_id": CAT}


def test_boxes_by_sample_and_id():
    shapes = from_server(
        cvat_shape(attributes=[identity(1), text("color", "red"), text("age", "3")]),
        cvat_shape(frame=1, label_id="dog", attributes=[identity(2)], rotation=0.5),
    )
    result = parse("shapes", *shapes)

    assert list(result) == ["detections"]
    assert {key: list(each) for key, each in result["detections"].items()} == {
        "s": [object_id(1)],
        "t": [object_id(2)],
    }
    cat = result["detections"]["s"][object_id(1)]
    dog = result["detections"]["t"][object_id(2)]
    assert (cat.id, cat.label, cat["color"], cat["age"]) == (
        object_id(1),
        "cat",
        "red",
        3,
    )
    assert cat.bounding_box == [0.25, 0.25, 0.5, 0.5]
    assert (dog.label, dog["rotation"]) == ("dog", 0.5)


def test_annotations_are_not_changed():
    shapes = from_server(cvat_shape(attributes=[identity(), text("color", "red")]))
    before = deepcopy(shapes)
    parse("shapes", *shapes)
    assert shapes == before


@pytest.mark.parametrize(
    "annos",
    [
        (),
        from_server(cvat_shape(frame=7)),
        [{**from_server(cvat_shape())[0], "label_id": 999}],
        from_server(cvat_shape("star")),
    ],
    ids=["nothing", "frame of another task", "class of nobody", "unknown shape"],
)
def test_what_is_left_out(annos):
    assert parse("shapes", *annos) == {}


@pytest.mark.parametrize(
    ("ignored", "kinds"),
    [
        ((), ["detections", "polylines"]),
        (["detections"], ["polylines"]),
        ({"detections", "polylines"}, []),
    ],
)
def test_ignored_kinds(ignored, kinds):
    line = cvat_shape("polyline", attributes=[identity(2)])
    result = parse("shapes", *from_server(cvat_shape(), line), ignore_types=ignored)
    assert list(result) == kinds


def test_built_in_defect_copy_replaced_the_first():
    result = parse(
        "shapes",
        *from_server(cvat_shape(), cvat_shape(points=(0.0, 0.0, 10.0, 10.0))),
    )
    first, copy = result["detections"]["s"].values()
    assert (first.id, first.bounding_box) == (object_id(), [0.25, 0.25, 0.5, 0.5])
    assert copy.id != object_id()
    assert copy.bounding_box == [0, 0, 0.1, 0.2]


def test_copies_on_two_images_both_stay():
    result = parse("shapes", *from_server(cvat_shape(), cvat_shape(frame=1)))
    assert [len(each) for each in result["detections"].values()] == [1, 1]


@pytest.mark.parametrize(
    ("attributes", "server_id_map", "label_id"),
    [
        ([identity(5)], {1: object_id(6)}, object_id(5)),
        ([], {1: object_id(6)}, object_id(6)),
        ([text("label_id", "")], {1: object_id(6)}, object_id(6)),
        ([], {2: object_id(6)}, None),
        ([], {}, None),
    ],
    ids=["its own", "the server's", "empty", "of another shape", "none"],
)
def test_id(attributes, server_id_map, label_id):
    result = parse(
        "shapes",
        *from_server(cvat_shape(attributes=attributes)),
        server_id_map=server_id_map,
    )
    ((key, label),) = result["detections"]["s"].items()
    assert key == label.id
    assert len(key) == 24
    assert label_id in (None, key)


def test_occlusion_and_group():
    shapes = from_server(cvat_shape(occluded=True, group=4))
    result = parse(
        "shapes",
        *shapes,
        occluded_attrs={"cat": "hidden"},
        group_id_attrs={"cat": "team"},
    )
    label = result["detections"]["s"][object_id()]
    assert (label["hidden"], label["team"]) == (True, 4)


def test_tags():
    tag = cvat_tag(attributes=[identity(), text("color", "0001")])
    result = parse("tags", *from_server(tag), label_type="classifications")
    label = result["classifications"]["s"][object_id()]
    assert isinstance(label, fol.Classification)
    assert label.label == "cat"


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1", "2"], {"s": 1, "t": 2}),
        (["1", "x"], {"s": 1, "t": None}),
        (["a", "2"], {"s": "a", "t": "2"}),
        (["false", "true"], {"s": False, "t": True}),
        (["", "2"], {"t": 2}),
        (["0.5", "1"], {"s": 0.5, "t": 1.0}),
    ],
)
def test_scalars_have_the_type_of_the_first(texts, values):
    tags = [
        cvat_tag(frame=frame, attributes=[text("color", each)])
        for frame, each in enumerate(texts)
    ]
    result = parse(
        "tags", *from_server(*tags), label_type="scalar", assigned_scalar_attrs=True
    )
    assert result == {"scalar": values}
    assert all(type(result["scalar"][key]) is type(values[key]) for key in values)


def test_scalars_that_are_names_of_tags():
    tags = from_server(cvat_tag("dog", 0, []), cvat_tag("cat", 1, []))
    result = parse("tags", *tags, label_type="scalar")
    assert result == {"scalar": {"s": "dog", "t": "cat"}}


def test_pieces_of_a_segmentation_become_its_mask():
    shapes = from_server(
        cvat_shape("mask", (0, 4, 10, 10, 11, 11)),
        cvat_shape("mask", (0, 1, 11, 11, 11, 11), label_id="dog"),
    )
    sizes = {"s": {"width": 100, "height": 50}}
    info = {"mask_targets": {1: "cat", 2: "dog"}}
    result = parse(
        "shapes", *shapes, label_type="segmentation", id_map={"s": [object_id(8)]}
    )
    WideMembers()._convert_polylines_to_masks(result, info, sizes)

    label = result["segmentation"]["s"][object_id(8)]
    expected = np.zeros((50, 100), np.uint8)
    expected[10:12, 10:12] = 1
    expected[11, 11] = 2
    np.testing.assert_array_equal(label.mask, expected)


def test_new_segmentation_has_an_id():
    shapes = from_server(cvat_shape("mask", (0, 1, 3, 3, 3, 3)))
    result = parse("shapes", *shapes, label_type="segmentation")
    (key,) = result["segmentation"]["s"]
    assert len(key) == 24


def test_built_in_defect_ellipse_was_lost():
    shapes = from_server(cvat_shape("ellipse", (50.0, 25.0, 60.0, 20.0)))
    result = parse("shapes", *shapes)
    label = result["detections"]["s"][object_id()]
    assert label.mask.any()


class TestTracks:
    def parse(self, *shapes, **more):
        keywords = {
            "frame_id_map": VIDEO,
            "frames": SIZES[:1],
            "track_index": 7,
            "frame_stop": 4,
        }
        return parse("track", *shapes, **keywords | more)

    def labels(self, *shapes, **more):
        by_frame = self.parse(*shapes, **more)["detections"]["s"]
        return {
            frame: label
            for frame, by_id in by_frame.items()
            for label in by_id.values()
        }

    def test_one_label_a_frame(self):
        labels = self.labels(key_shape(0, 0.0), key_shape(2, 20.0, number=2))
        assert {key: each.bounding_box[0] for key, each in labels.items()} == {
            "f0": 0.0,
            "f1": pytest.approx(0.1),
            "f2": pytest.approx(0.2),
            "f3": pytest.approx(0.2),
            "f4": pytest.approx(0.2),
        }
        assert {each.index for each in labels.values()} == {7}
        marked = [key for key, each in labels.items() if each.has_attribute("keyframe")]
        assert marked == ["f0", "f2"]

    def test_only_key_shapes_have_the_id_that_went_up(self):
        labels = self.labels(key_shape(0), key_shape(2, number=2))
        known = {object_id(1), object_id(2)}
        assert [each.id in known for each in labels.values()] == [
            True,
            False,
            True,
            False,
            False,
        ]
        assert len({each.id for each in labels.values()}) == 5

    def test_nothing_where_it_is_outside(self):
        labels = self.labels(key_shape(1), key_shape(3, outside=True))
        assert list(labels) == ["f1", "f2"]

    def test_last_frame_to_show(self):
        assert list(self.labels(key_shape(0), frame_stop=1)) == ["f0", "f1"]

    def test_attributes_and_group_of_the_track(self):
        fixed = [{"spec_id": SPECS[CAT]["color"], "value": "red"}]
        labels = self.labels(
            key_shape(0),
            immutable_attrs=fixed,
            track_group_id=3,
            group_id_attrs={"cat": "team"},
        )
        assert {(each["color"], each["team"]) for each in labels.values()} == {
            ("red", 3)
        }

    def test_no_frames(self):
        assert self.parse(key_shape(0), frame_id_map={}) == {}


class TestOne:
    def parse(self, anno, results, **more):
        keywords = {"prev_type": None, "expected_label_type": "detections"} | more
        return WideMembers()._parse_annotation(
            anno,
            results,
            "shapes",
            frame_id_map=IMAGES,
            id_map={},
            server_id_map={},
            class_map=CLASSES,
            attr_id_map=SPECS,
            frames=SIZES,
            ignore_types=(),
            **keywords,
        )

    def test_labels_join_what_is_there(self):
        other = detection(number=9)
        results = {"detections": {"s": {other.id: other}}}
        (shape,) = from_server(cvat_shape())
        assert self.parse(shape, results) is None
        assert list(results["detections"]["s"]) == [other.id, object_id(1)]

    def test_type_of_the_scalars_so_far_is_kept(self):
        (shape,) = from_server(cvat_shape())
        assert self.parse(shape, {}, prev_type=str) is str

    @pytest.mark.parametrize(
        ("value", "so_far", "scalar"),
        [
            ("3", None, (int, 3)),
            ("3", float, (float, 3.0)),
            ("x", int, (int, None)),
            ("3", str, (str, "3")),
        ],
    )
    def test_type_of_a_scalar_is_that_of_those_before(self, value, so_far, scalar):
        (tag,) = from_server(cvat_tag(attributes=[text("color", value)]))
        results = {}
        known = WideMembers()._parse_annotation(
            tag,
            results,
            "tags",
            so_far,
            IMAGES,
            "scalar",
            {},
            {},
            CLASSES,
            SPECS,
            SIZES,
            (),
            assigned_scalar_attrs=True,
        )
        assert (known, results["scalar"]["s"]) == scalar

    @pytest.mark.parametrize("attributes", [None, []])
    def test_no_attributes(self, attributes):
        (shape,) = from_server(cvat_shape(attributes=[]))
        results = {}
        self.parse({**shape, "attributes": attributes}, results)
        assert len(results["detections"]["s"]) == 1

    def test_all_kinds_where_none_is_expected(self):
        results = {}
        for number, shape in enumerate(
            [
                cvat_shape(),
                cvat_shape("polygon", (0, 0, 9, 0, 9, 9)),
                cvat_shape("points", (1, 1)),
                cvat_shape("mask", (0, 1, 3, 3, 3, 3)),
            ]
        ):
            shape["attributes"] = [identity(number + 1)]
            (anno,) = from_server(shape)
            self.parse(anno, results, expected_label_type=None)
        assert {kind: list(each["s"]) for kind, each in results.items()} == {
            "detections": [object_id(1), object_id(4)],
            "polylines": [object_id(2)],
            "keypoints": [object_id(3)],
        }


@pytest.mark.parametrize(
    ("more", "age"),
    [
        ({}, 3),
        ({"attr_type_map": None}, 3),
        ({"attr_type_map": {CAT: {SPECS[CAT]["age"]: "text"}}}, "3"),
    ],
)
def test_types_of_texts_are_guessed_unless_they_are_told(more, age):
    shape = cvat_shape(attributes=[identity(1), text("age", "3")])
    [label] = parse("shapes", *from_server(shape), **more)["detections"]["s"].values()
    assert label.age == age


def test_nodes_of_a_skeleton_in_the_order_that_is_told():
    nodes = [
        {"label_id": each, "type": "points", "points": [10.0 * each, 10.0]}
        | {"occluded": False, "outside": False, "z_order": 0, "rotation": 0.0}
        for each in (2, 1)
    ]
    [shape] = from_server(cvat_shape(attributes=[identity(1)]))
    shape |= {"type": "skeleton", "points": [], "elements": nodes}
    [label] = parse(
        "shapes",
        shape,
        label_type="keypoints",
        skeleton_map={CAT: [1, 2]},
    )["keypoints"]["s"].values()
    assert label.points == [[0.1, 0.2], [0.2, 0.2]]
