"""The same input through the built-in integration and through ours.

Members that need no server are called on both classes. What comes back is the same but
for the differences below, each with its reason. Shapes are compared without values
that say nothing: those are the server's defaults, too.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import fiftyone as fo
import fiftyone.core.labels as fol
import fiftyone.utils.cvat as fouc
import numpy as np
import pytest
from packaging.version import Version

from fiftyone_cvat import CVATAnnotationAPI
from fiftyone_cvat.convert.shared.server_ids import class_and_attribute_ids
from fiftyone_cvat.types import Skeleton
from tests.builders import (
    classification,
    cvat_schema,
    cvat_shape,
    cvat_tag,
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

pytestmark = pytest.mark.skipif(
    not fo.__version__.startswith("1.22."),
    reason="the built-in integration of FiftyOne 1.22 is what ours is compared with",
)

NAN = math.nan
SCHEMA = cvat_schema(
    "cat", "dog_field", attributes=[spec(), spec("age", mutable=False)]
)
BODY = cvat_schema("cat", skeleton=Skeleton(("nose", "tail"), ((0, 1),)))
FIELD = ("field", 3, (100, 50))
LABELS = server_labels(cvat_schema("cat", attributes=[spec()]))
_, SPECS = class_and_attribute_ids(LABELS)
CAT = LABELS[0]["id"]
NUMBER = 0xCA7
"""Of an id: one that is all digits comes back as a number from the built-in."""
MINE = {"attributes": [identity(NUMBER)]}
SERVER_SAYS_NOTHING = {
    "elements": [],
    "rotation": 0.0,
    "source": "manual",
    "z_order": 0,
}
RAISES = "raises"


@dataclass
class Case:
    """A call of a member, or of several.

    Attributes:
        id: what it shows
        member: the member's name, or a function that calls some of the class it gets
        arguments: makes its arguments, for each of both calls
        keywords: more arguments
        look: what of the result, and of the arguments, is compared
        theirs: what the built-in gives, where it gives something else
        ours: what ours gives then
        why: the reason for the difference
    """

    id: str
    member: Any
    arguments: Any
    keywords: dict[str, Any] = field(default_factory=dict)
    look: Any = lambda result, arguments: result
    theirs: Any = None
    ours: Any = None
    why: str = ""


def sent(label):
    """Return the arguments that convert the labels of one frame."""

    def arguments():
        copy = label.copy()
        copy.id = label.id
        return [copy], SCHEMA, *FIELD

    return arguments


def shapes_of(*names):
    def look(result, arguments):
        _, shapes, _, _ = result
        return [tuple(each.get(name) for name in names) for each in shapes]

    return look


def nodes(result, arguments):
    """Look at the nodes of skeletons: what they are called, and whether hidden."""
    _, shapes, _, _ = result
    return [
        (
            shape["type"],
            [(each["label_id"], each["outside"]) for each in shape.get("elements", [])],
        )
        for shape in shapes
    ]


def ids_and_tracks(result, arguments):
    ids, shapes, tracks, _ = result
    return ids, shapes, tracks


def first_argument(result, arguments):
    return arguments[0]


def parsing(anno_type, *annos, label_type="detections", frames=((100, 50),)):
    """Return the arguments of ``_parse_shapes_tags``."""
    sizes = [{"width": width, "height": height} for width, height in frames]
    place = {number: {"sample_id": "s"} for number in range(5)}

    def arguments():
        found = stored(list(annos), LABELS)
        for each in found:
            if anno_type == "track":
                each |= {"keyframe": True}
        return (
            anno_type,
            found,
            place,
            label_type,
            {},
            {},
            {CAT: "cat"},
            SPECS,
            sizes,
            [],
            4,
            None,
        )

    return arguments


def labels_read(*names):
    """Look at labels without their ids."""

    def look(result, arguments):
        return {
            kind: [
                tuple(
                    type(label).__name__ if name == "type" else value_of(label, name)
                    for name in names
                )
                for label in by_id.values()
            ]
            for kind, by_sample in result.items()
            for by_id in by_sample.values()
        }

    return look


def value_of(label, name):
    value = label.get_attribute_value(name, None)
    return value.shape if isinstance(value, np.ndarray) else value


def segmentation_pixels(api, *arguments):
    """Read a segmentation, whose pieces are outlines at first; return its pixels."""
    results = api._parse_shapes_tags(*arguments)
    metadata = {"s": {"width": 5, "height": 4}}
    api._convert_polylines_to_masks(results, {"mask_targets": TARGETS}, metadata)
    (label,) = results["segmentation"]["s"].values()
    return label.mask.tolist()


TARGETS = {1: "cat", 2: "dog_field"}
RING = [
    [0, 1, 1, 1, 0],
    [0, 1, 0, 1, 0],
    [0, 1, 1, 1, 0],
    [0, 0, 0, 0, 0],
]
"""A segmentation with a hole; as a mask it is 8 runs in a box of 3 by 3."""
RING_SHAPE = cvat_shape("mask", (0, 4, 1, 4, 1, 0, 3, 2))


def segmentation_sent(mask):
    def arguments():
        made = segmentation(mask)
        size = (len(mask[0]), len(mask))
        return made, SCHEMA, "field", 3, size

    return arguments


def schema_of(*infos):
    names = ("a", "b", "c")
    return lambda: (
        {
            name: {"classes": [], "attributes": {}, "type": "detections"} | info
            for name, info in zip(names, infos, strict=False)
        },
    )


def track(*frames, keyframes=()):
    def arguments():
        shapes = [track_shape(each, keyframe=each in keyframes) for each in frames]
        return cvat_track(*shapes, frame=frames[0]), 10

    return arguments


def frames_of_track(result, arguments):
    return [(each["frame"], each["outside"]) for each in result["shapes"]]


CHOICE = {"color": {"type": "select", "values": ["a", None, True, 1]}}

CASES = [
    Case("label", "_parse_label", lambda: (detection(color="red"), SCHEMA, "field")),
    Case(
        "class of two fields",
        "_parse_label",
        lambda: (detection("dog"), SCHEMA, "field"),
    ),
    Case("unknown class", "_parse_label", lambda: (detection("cow"), SCHEMA, "field")),
    Case(
        "label without class",
        "_parse_label",
        lambda: (detection(None), SCHEMA, "field"),
    ),
    Case(
        "immutable number",
        "_parse_label",
        lambda: (detection(age=3, color=""), SCHEMA, "field"),
    ),
    Case(
        "occluded and grouped",
        "_parse_label",
        lambda: (detection(hidden=True, team=7), SCHEMA, "field"),
        {"occluded_attrs": {"cat": "hidden"}, "group_id_attrs": {"cat": "team"}},
    ),
    Case(
        "occlusion as a text",
        "_parse_label",
        lambda: (detection(hidden="0"), SCHEMA, "field"),
        {"occluded_attrs": {"cat": "hidden"}},
        look=lambda result, arguments: result[4],
        theirs=True,
        ours=False,
        why="CVAT and spreadsheets write false as 0",
    ),
    Case(
        "group that is no number",
        "_parse_label",
        lambda: (detection(team="red"), SCHEMA, "field"),
        {"group_id_attrs": {"cat": "team"}},
        look=lambda result, arguments: result[5],
        theirs="red",
        ours=0,
        why="the server refuses the whole upload for a group that is no number",
    ),
    Case(
        "box on whole pixels",
        "_create_detection_shapes",
        sent(detection(box=(0.25, 0.2, 0.5, 0.4), color="red")),
        {"label_type": "detections"},
    ),
    Case(
        "box between pixels",
        "_create_detection_shapes",
        sent(detection(box=(0.123, 0.25, 0.5, 0.5))),
        {"label_type": "detections"},
        look=shapes_of("points"),
        theirs=[([12.0, 12.0, 62.0, 38.0],)],
        ours=[([12.3, 12.5, 62.3, 37.5],)],
        why="boxes that nobody touched must not move",
    ),
    Case(
        "rotation",
        "_create_detection_shapes",
        sent(detection(rotation=0.5)),
        {"label_type": "detections"},
        look=shapes_of("rotation"),
    ),
    Case(
        "negative rotation",
        "_create_detection_shapes",
        sent(detection(rotation=-90)),
        {"label_type": "detections"},
        look=shapes_of("rotation"),
        theirs=[(-90,)],
        ours=[(270.0,)],
        why="the server takes 0 to 360",
    ),
    Case(
        "type of the field is not said",
        "_create_detection_shapes",
        sent(detection()),
        look=shapes_of("type"),
        theirs=[],
        ours=[("rectangle",)],
        why="a detection without a mask is a box, whatever the field",
    ),
    Case(
        "immutable attribute outside of tracks",
        "_create_detection_shapes",
        sent(detection(age=3)),
        {"label_type": "detections"},
        look=shapes_of("attributes"),
        theirs=[([identity()],)],
        ours=[([identity(), {"spec_id": "age", "value": "3"}],)],
        why="on a single shape it has no track to stand on, and got lost",
    ),
    Case(
        "track",
        "_create_detection_shapes",
        sent(detection(box=(0, 0, 1, 1), index=4, keyframe=True, age=3)),
        {"label_type": "detections", "load_tracks": True},
        look=ids_and_tracks,
    ),
    Case(
        "instance of its own size",
        "_create_detection_shapes",
        sent(detection(box=(0.1, 0.2, 0.03, 0.04), mask=np.eye(2, 3, dtype=bool))),
        {"label_type": "instances"},
    ),
    Case(
        "instance beyond the frame",
        "_create_detection_shapes",
        sent(detection(box=(0.99, 0, 0.02, 0.02), mask=np.ones((1, 2), bool))),
        {"label_type": "instances"},
        look=shapes_of("points"),
        theirs=[([0, 2, 99, 0, 100, 0],)],
        ours=[([0, 1, 99, 0, 99, 0],)],
        why="the server refuses masks that leave the frame",
    ),
    Case("polygon", "_create_polyline_shapes", sent(polyline())),
    Case("line", "_create_polyline_shapes", sent(polyline(closed=False, filled=False))),
    Case("no points", "_create_polyline_shapes", sent(polyline(points=()))),
    Case(
        "polygon of two points",
        "_create_polyline_shapes",
        sent(polyline(points=[[(0, 0), (1, 1)]])),
    ),
    Case(
        "line of one point",
        "_create_polyline_shapes",
        sent(polyline(points=[[(0, 0)]], closed=False, filled=False)),
        look=shapes_of("points"),
        theirs=[([0.0, 0.0],)],
        ours=[],
        why="the server refuses the whole upload for it",
    ),
    Case(
        "closed line",
        "_create_polyline_shapes",
        sent(polyline(filled=False)),
        look=shapes_of("points"),
        theirs=[([0.0, 0.0, 50.0, 0.0, 50.0, 25.0],)],
        ours=[([0.0, 0.0, 50.0, 0.0, 50.0, 25.0, 0.0, 0.0],)],
        why="CVAT has only open lines; one that ends where it began is closed again",
    ),
    Case("points", "_create_keypoint_shapes", sent(keypoint())),
    Case(
        "unknown point",
        "_create_keypoint_shapes",
        sent(keypoint(points=[(NAN, NAN), (0.5, 0.5)])),
        look=shapes_of("points"),
        theirs=(RAISES, "ValueError"),
        ours=[([50.0, 25.0],)],
        why="one point that is not known must not stop an upload",
    ),
    Case(
        "skeleton",
        "_create_keypoint_shapes",
        lambda: ([keypoint(points=[(0, 0), (1, 1)])], BODY, *FIELD),
        look=nodes,
        theirs=[("points", [])],
        ours=[("skeleton", [("nose", False), ("tail", False)])],
        why="points of a skeleton have names",
    ),
    Case(
        "skeleton with a hidden joint",
        "_create_keypoint_shapes",
        lambda: ([keypoint(points=[(0, 0), (NAN, NAN)])], BODY, *FIELD),
        look=nodes,
        theirs=(RAISES, "ValueError"),
        ours=[("skeleton", [("nose", False), ("tail", True)])],
        why="a joint that is not known is hidden, and must not stop an upload",
    ),
    Case(
        "track of a skeleton",
        "_create_keypoint_shapes",
        lambda: ([keypoint(index=3)], BODY, *FIELD),
        {"load_tracks": True},
        look=lambda result, arguments: [
            each["type"] for each in result[2]["cat"][3]["shapes"]
        ],
        theirs=["points"],
        ours=["skeleton"],
        why="it is a skeleton on each frame",
    ),
    Case(
        "segmentation",
        "_create_segmentation_shapes",
        segmentation_sent(RING),
        {"mask_targets": TARGETS},
        look=lambda result, arguments: [
            (each["type"], each["points"]) for each in result[1]
        ],
    ),
    Case(
        "segmentation comes down",
        segmentation_pixels,
        parsing("shapes", RING_SHAPE, label_type="segmentation", frames=[(5, 4)]),
        theirs=[
            [0, 1, 0, 0, 0],
            [0, 1, 0, 0, 0],
            [0, 0, 1, 0, 0],
            [0, 0, 0, 0, 0],
        ],
        ours=RING,
        why="rough outlines lose pixels at edges and in corners",
    ),
    Case(
        "text that looks like a number comes down",
        "_parse_shapes_tags",
        parsing(
            "shapes",
            cvat_shape(attributes=[identity(), {"spec_id": "color", "value": "007"}]),
        ),
        look=labels_read("color"),
    ),
    Case("tag", "_create_classification_tags", sent(classification(color="red"))),
    Case(
        "single tag",
        "_create_classification_tags",
        sent(classification()),
        {"label_type": "classification"},
    ),
    Case(
        "scalar as a name",
        "_create_scalar_tags",
        lambda: ("cat", SCHEMA, *FIELD),
        {"assign_scalar_attrs": {"field": False}},
    ),
    Case(
        "scalar as a value",
        "_create_scalar_tags",
        lambda: (True, {"field": {"value": spec("value")}}, *FIELD),
        {"assign_scalar_attrs": {"field": True}},
    ),
    Case(
        "no scalar",
        "_create_scalar_tags",
        lambda: (None, {"field": {"value": spec("value")}}, *FIELD),
        {"assign_scalar_attrs": {"field": True}},
        look=lambda result, arguments: (result[0], len(result[1])),
        theirs=(True, 1),
        ours=(False, 0),
        why="nothing is not an empty text",
    ),
    Case(
        "attributes",
        "_to_cvat_attributes",
        lambda: (CHOICE,),
        look=lambda result, arguments: result[0]["color"]["values"],
    ),
    Case(
        "attributes that are properties of shapes",
        "_to_cvat_attributes",
        lambda: ({"o": {"type": "occluded"}, "g": {"type": "group_id"}},),
    ),
    Case(
        "long name",
        "_to_cvat_attributes",
        lambda: ({"n" * 65: {"type": "text"}},),
        theirs=(RAISES, "ValueError"),
        ours=(RAISES, "SchemaError"),
        why="it is a ValueError, too, and one of ours",
    ),
    Case(
        "nothing to choose from",
        "_to_cvat_attributes",
        lambda: ({"color": {"type": "select"}},),
        theirs=(
            {"color": {"name": "color", "mutable": True, "input_type": "select"}},
            None,
            None,
        ),
        ours=(RAISES, "SchemaError"),
        why="the server would refuse it, without a word on which attribute",
    ),
    Case(
        "schema",
        "_build_cvat_schema",
        schema_of({"classes": ["cat", "dog"], "existing_field": True}),
    ),
    Case(
        "schema of two fields that share a class",
        "_build_cvat_schema",
        schema_of({"classes": ["cat", "dog"]}, {"classes": ["cat"]}),
        look=lambda result, arguments: (result[0], result[1], result[4]),
    ),
    Case(
        "schema of scalars",
        "_build_cvat_schema",
        schema_of({"type": "scalar"}, {"type": "scalar", "classes": ["x"]}),
    ),
    Case(
        "occlusion of a class that was renamed",
        "_build_cvat_schema",
        schema_of(
            {"classes": ["cat"], "attributes": {"occ": {"type": "occluded"}}},
            {"classes": ["cat"]},
        ),
        look=lambda result, arguments: {k: v for k, v in result[2].items() if v},
        theirs={"a": {"cat": "occ"}},
        ours={"a": {"cat_a": "occ"}},
        why="under its old name no shape of it is ever occluded",
    ),
    Case(
        "fields that have the same kind",
        "_ensure_one_field_per_type",
        schema_of({"type": "detections"}, {"type": "instances"}, {"type": "scalar"}),
        look=first_argument,
    ),
    Case(
        "kinds", "_get_return_label_types", lambda: ({"a": {"type": "polygons"}}, ["a"])
    ),
    Case(
        "ignored kinds",
        "_get_ignored_types",
        lambda: (1, ["detections", "keypoints"], "instances", True),
    ),
    Case(
        "nothing is ignored",
        "_get_ignored_types",
        lambda: (None, ["detections", "keypoints"], "instances", True),
        theirs=[],
        ours=set(),
        why="it is a set in the other cases, too",
    ),
    Case(
        "attributes that CVAT has no place for",
        "_has_ignored_attributes",
        schema_of({"attributes": {"occ": {"type": "occluded"}}}),
    ),
    Case(
        "the same of one class",
        "_has_ignored_attributes",
        schema_of(
            {
                "classes": [
                    {"classes": ["x"], "attributes": {"occ": {"type": "occluded"}}}
                ]
            }
        ),
        theirs=False,
        ours=True,
        why="attributes of classes are attributes",
    ),
    Case(
        "ids put in",
        "_remap_ids",
        lambda: (
            [cvat_tag(), cvat_shape(attributes=[])],
            {"cat": 1},
            {1: {"label_id": 2}},
        ),
    ),
    Case(
        "ids put into tracks",
        "_remap_track_ids",
        lambda: ([cvat_track(track_shape())], {"cat": 1}, {1: {"label_id": 2}}),
    ),
    Case(
        "server's ids",
        "_create_server_id_map",
        lambda: (
            {"tags": [], "shapes": stored([cvat_shape()], LABELS), "version": 3},
            SPECS,
        ),
        look=lambda result, arguments: {k: v for k, v in result.items() if v},
    ),
    Case(
        "server's ids of tracks",
        "_create_server_id_map",
        lambda: ({"tracks": [{**server_track(), "id": 9}]}, SPECS),
        look=lambda result, arguments: result["tracks"],
        theirs={},
        ours={9: object_id()},
        why="a track keeps its ids in its shapes",
    ),
    Case(
        "classes of a field",
        "_filter_field_classes",
        lambda: ([{"label_id": 1}], [{"label_id": 2}], [{"label_id": 1}], {1}),
    ),
    Case(
        "shape joins its track",
        "_add_shapes_to_tracks",
        lambda: ({}, [cvat_shape()], "cat", 1, 3, [], True, 5),
        look=first_argument,
    ),
    Case(
        "tracks of two frames",
        "_merge_tracks",
        lambda: (
            {"cat": {1: cvat_track(track_shape(0))}},
            {"cat": {2: cvat_track(track_shape(1), frame=1)}},
        ),
        look=first_argument,
    ),
    Case(
        "first frame of a track",
        "_merge_tracks",
        lambda: (
            {"cat": {1: cvat_track(track_shape(0))}},
            {"cat": {1: cvat_track(track_shape(7), frame=7)}},
        ),
        look=lambda result, arguments: arguments[0]["cat"][1]["frame"],
        theirs=7,
        ours=0,
        why="a track begins at its first frame",
    ),
    Case(
        "end of a track",
        "_finalize_track",
        lambda: (*track(0, 1)(), False),
        look=frames_of_track,
    ),
    Case(
        "gap in a track",
        "_finalize_track",
        lambda: (*track(0, 1, 5)(), False),
        look=frames_of_track,
    ),
    Case(
        "gap in a track of key frames",
        "_finalize_track",
        lambda: (*track(0, 1, 5, 6, keyframes=[0])(), True),
        look=frames_of_track,
        theirs=[(0, False), (1, True), (5, False), (7, True)],
        ours=[(0, False), (1, False), (2, True), (5, False), (6, False), (7, True)],
        why="a stretch ended a frame early, and the last key frame was lost",
    ),
    Case(
        "results",
        "_merge_results",
        lambda: ({"a": {"x": 1}}, {"a": {"x": 2, "y": 3}, "b": 4}),
    ),
    Case(
        "id of a segmentation",
        "_get_segmentation_id",
        lambda: ({"s": ["x"]}, "s", None),
    ),
    Case(
        "no id of a segmentation",
        "_get_segmentation_id",
        lambda: ({"s": ["x", "y"]}, "s", "f"),
    ),
    Case(
        "copy",
        "_add_label_to_results",
        lambda: ({object_id(): detection("a")}, "detections", detection("b")),
        look=lambda result, arguments: [each.label for each in arguments[0].values()],
        theirs=["b"],
        ours=["a", "b"],
        why="no label is dropped because of its id",
    ),
    Case(
        "box comes down",
        "_parse_shapes_tags",
        parsing("shapes", cvat_shape(**MINE)),
        look=labels_read("type", "id", "label", "bounding_box"),
    ),
    Case(
        "attribute comes down",
        "_parse_shapes_tags",
        parsing(
            "shapes",
            cvat_shape(attributes=[identity(), {"spec_id": "color", "value": "true"}]),
        ),
        look=labels_read("color"),
    ),
    Case(
        "polygon comes down",
        "_parse_shapes_tags",
        parsing(
            "shapes", cvat_shape("polygon", (0, 0, 9, 0, 9, 9)), label_type="polygons"
        ),
        look=labels_read("type", "label", "closed", "filled"),
    ),
    Case(
        "polygon comes down into lines",
        "_parse_shapes_tags",
        parsing(
            "shapes", cvat_shape("polygon", (0, 0, 9, 0, 9, 9)), label_type="polylines"
        ),
        look=labels_read("filled"),
        theirs={"polylines": [(False,)]},
        ours={"polylines": [(True,)]},
        why="a polygon is filled, so that it goes up as a polygon again",
    ),
    Case(
        "points come down",
        "_parse_shapes_tags",
        parsing("shapes", cvat_shape("points", (50, 25)), label_type="keypoints"),
        look=labels_read("type", "label"),
    ),
    Case(
        "tag comes down",
        "_parse_shapes_tags",
        parsing("tags", cvat_tag(**MINE), label_type="classifications"),
        look=labels_read("type", "id", "label"),
    ),
    Case(
        "small rotation comes down",
        "_parse_shapes_tags",
        parsing("shapes", cvat_shape(rotation=0.5)),
        look=labels_read("rotation"),
        theirs={"detections": [(None,)]},
        ours={"detections": [(0.5,)]},
        why="half a degree is a rotation",
    ),
    Case(
        "mask comes down",
        "_parse_shapes_tags",
        parsing("shapes", cvat_shape("mask", (0, 6, 10, 10, 12, 11))),
        look=labels_read("bounding_box", "mask"),
        theirs={"detections": [([0.1, 0.2, 0.02, 0.02], (2, 3))]},
        ours={"detections": [([0.1, 0.2, 0.03, 0.04], (2, 3))]},
        why="the box was a pixel smaller than its mask, at each round trip",
    ),
    Case(
        "ellipse comes down",
        "_parse_shapes_tags",
        parsing("shapes", cvat_shape("ellipse", (50, 25, 60, 20))),
        look=labels_read("type"),
        theirs={},
        ours={"detections": [("Detection",)]},
        why="it got lost without a word",
    ),
    Case(
        "cuboid on an image comes down",
        "_parse_shapes_tags",
        parsing("shapes", cvat_shape("cuboid", range(16)), label_type="polylines"),
        look=labels_read("type"),
        theirs={"detections": [("Detection",)]},
        ours={"polylines": [("Polyline",)]},
        why="its corners were taken for a place in space",
    ),
    Case(
        "copies come down",
        "_parse_shapes_tags",
        parsing("shapes", cvat_shape(**MINE), cvat_shape(**MINE)),
        look=lambda result, arguments: len(result["detections"]["s"]),
        theirs=1,
        ours=2,
        why="no label is dropped because of its id",
    ),
    Case(
        "annotations are left as they are",
        "_parse_shapes_tags",
        parsing("tags", cvat_tag(), label_type="classifications"),
        look=lambda result, arguments: arguments[1],
    ),
]


def server_track():
    (shape,) = stored([cvat_shape()], LABELS)
    return cvat_track(shape, label_id=CAT)


def built_in():
    api = fouc.CVATAnnotationAPI.__new__(fouc.CVATAnnotationAPI)
    api._server_version = Version("2.73")
    return api


def outcome(api, case):
    arguments = case.arguments()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call = case.member
            call = getattr(api, call) if isinstance(call, str) else partial(call, api)
            result = call(*arguments, **case.keywords)
        return plain(case.look(result, arguments))
    except (TypeError, ValueError, KeyError) as error:
        return RAISES, type(error).__name__


def plain(value):
    if isinstance(value, fol.Label):
        return value.to_dict()
    if isinstance(value, dict):
        return {
            key: plain(each)
            for key, each in value.items()
            if key not in SERVER_SAYS_NOTHING or SERVER_SAYS_NOTHING[key] != each
        }
    if isinstance(value, (list, tuple)):
        return tuple_or_list(value, plain)
    return value


def tuple_or_list(values, convert):
    found = [convert(each) for each in values]
    return tuple(found) if isinstance(values, tuple) else found


def near(value):
    """Compare numbers in any depth but for rounding."""
    if isinstance(value, float):
        return pytest.approx(value, abs=1e-9)
    if isinstance(value, dict):
        return {key: near(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple_or_list(value, near)
    return value


def cases(*, different):
    return [
        pytest.param(each, id=each.id) for each in CASES if bool(each.why) == different
    ]


@pytest.mark.parametrize("case", cases(different=False))
def test_same(case):
    theirs, ours = outcome(built_in(), case), outcome(offline(), case)
    assert ours == near(theirs)
    assert not (isinstance(ours, tuple) and RAISES in ours)


@pytest.mark.parametrize("case", cases(different=True))
def test_different(case):
    assert outcome(built_in(), case) == near(case.theirs)
    assert outcome(offline(), case) == near(case.ours)


def offline():
    return CVATAnnotationAPI.__new__(CVATAnnotationAPI)


def test_ids_are_unique():
    names = [each.id for each in CASES]
    assert len(names) == len(set(names))
