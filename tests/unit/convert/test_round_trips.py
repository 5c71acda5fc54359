"""Every type of label to CVAT annotations and back.

The server is imitated in what it does to annotations: they become JSON, texts lose
the white space at their ends, attributes without a value get their default, and the
elements of a skeleton come in any order.

Each label is compared twice: as it is read, which is within 1e-9 of the frame, and
with what is known of it adopted, which is the same to the last bit.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from copy import deepcopy

import fiftyone.core.labels as fol
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fiftyone_cvat.convert.from_cvat.comparison import same_annotation
from fiftyone_cvat.convert.from_cvat.interpolation import interpolate_track
from fiftyone_cvat.convert.from_cvat.label_parts import merge_parts, merge_segmentation
from fiftyone_cvat.convert.from_cvat.labels import read_annotation
from fiftyone_cvat.convert.from_cvat.originals import Original, adopt_unchanged
from fiftyone_cvat.convert.shared.server_ids import (
    class_and_attribute_ids,
    remap_ids,
    remap_track_ids,
)
from fiftyone_cvat.convert.to_cvat.shapes import (
    create_detection_shapes,
    create_keypoint_shapes,
    create_polyline_shapes,
    create_segmentation_shapes,
)
from fiftyone_cvat.convert.to_cvat.tags import (
    create_classification_tags,
    create_scalar_tags,
)
from fiftyone_cvat.convert.to_cvat.tracks import finalize_tracks, merge_tracks
from fiftyone_cvat.types import ClassSchema, Size, Skeleton
from tests.builders import (
    SIZE,
    classification,
    context,
    cvat_schema,
    detection,
    keypoint,
    object_id,
    polyline,
    segmentation,
    server_labels,
    spec,
)

few = settings(max_examples=40, deadline=None)

TYPES = {"word": str, "count": int, "score": float, "crowd": bool, "kind": str}
ATTRIBUTES = [
    spec("word"),
    spec("count"),
    spec("score"),
    spec("crowd", "checkbox", values=["false", "true"]),
    spec("kind", mutable=False),
]
SCHEMA = cvat_schema("cat", "dog", attributes=ATTRIBUTES)
BODY = cvat_schema(
    "cat",
    "dog",
    attributes=ATTRIBUTES,
    skeleton=Skeleton(("nose", "eye", "tail"), ((0, 1),)),
)
PROPERTIES = {
    "occluded_attrs": {"cat": "hidden", "dog": "hidden"},
    "group_id_attrs": {"cat": "team", "dog": "team"},
}
CREATE = {
    "classifications": create_classification_tags,
    "detections": create_detection_shapes,
    "instances": create_detection_shapes,
    "polylines": create_polyline_shapes,
    "polygons": create_polyline_shapes,
    "keypoints": create_keypoint_shapes,
}
NUMBERS_BY_TYPE = {"rectangle": 4, "cuboid": 16, "skeleton": 0}
PAIRS_BY_TYPE = {"polygon": 3, "polyline": 2, "points": 1}
NAN = (math.nan, math.nan)

# what CVAT takes: it refuses NUL, and JSON has no half characters
texts = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.sampled_from(["007", "False", "None", "1e5", "nan", " x ", "", "\tä\n", "1.0"]),
)
int64 = st.integers(-(2**63), 2**63 - 1)
attributes = st.fixed_dictionaries(
    {},
    optional={
        "word": st.none() | texts,
        "count": st.none() | int64,
        # a text without end is no number; a label that has one keeps it in a run
        "score": st.none() | st.floats(allow_infinity=False),
        "crowd": st.none() | st.booleans(),
        "kind": st.none() | texts,
        "own": st.text(max_size=3),  # stays in FiftyOne
    },
)
properties = st.fixed_dictionaries(
    {"hidden": st.booleans(), "team": st.integers(0, 2**31 - 1)}
)
names = st.sampled_from(["cat", "dog"])
finite = st.floats(-1, 2, width=32)
points = st.tuples(finite, finite)
boxes = st.tuples(finite, finite, st.floats(0, 2), st.floats(0, 2))


class Server:
    """What the server does to the annotations of a task."""

    def __init__(self, schema):
        self.labels = server_labels(schema)
        self.class_ids, self.attribute_ids = class_and_attribute_ids(self.labels)
        self.specs = {each["id"]: each["attributes"] for each in self.labels}
        self.label_id_specs = {
            label_id: ids["label_id"]
            for label_id, ids in self.attribute_ids.items()
            if "label_id" in ids
        }
        self.defaults = {
            each["id"]: "false" if each["input_type"] == "checkbox" else ""
            for specs in self.specs.values()
            for each in specs
        }

    def ids_put_in(self, annotations):
        return remap_ids(deepcopy(annotations), self.class_ids, self.attribute_ids)

    def keep(self, annotations):
        """Return tags or shapes as the server sends what it was sent."""
        kept = json.loads(json.dumps(self.ids_put_in(annotations), allow_nan=False))
        for number, each in enumerate(kept, 1):
            each["id"] = number
            if "type" in each:
                self._keep_shape(each)
            self._keep_texts(each, each["label_id"], {True, False})
        return kept[::-1]

    def keep_tracks(self, tracks):
        """Return tracks as the server sends what it was sent."""
        sent = remap_track_ids(deepcopy(tracks), self.class_ids, self.attribute_ids)
        kept = json.loads(json.dumps(sent, allow_nan=False))
        for number, track in enumerate(kept, 1):
            track["id"] = number
            self._keep_texts(track, track["label_id"], {False})
            is_skeleton = {each["type"] == "skeleton" for each in track["shapes"]}
            assert len(is_skeleton) == 1
            assert is_skeleton == {bool(track.get("elements"))}
            for each in track["shapes"]:
                self._keep_shape({**each, "elements": track.get("elements")})
                self._keep_texts(each, track["label_id"], {True})
            for element in track.get("elements", []):
                for each in element["shapes"]:
                    self._keep_shape(each)
            track["shapes"].reverse()
        return kept[::-1]

    def _keep_shape(self, shape):
        count = len(shape["points"])
        assert count == NUMBERS_BY_TYPE.get(shape["type"], count)
        assert count >= 2 * PAIRS_BY_TYPE.get(shape["type"], 0)
        assert 0 <= shape["rotation"] <= 360
        assert bool(shape.get("elements")) == (shape["type"] == "skeleton")
        shape["points"] = [float(each) for each in shape["points"]]
        for each in shape.get("elements") or []:
            if "points" in each:
                self._keep_shape(each)
        if shape.get("elements"):
            shape["elements"] = shape["elements"][::-1]

    def _keep_texts(self, annotation, label_id, mutable):
        kept = annotation["attributes"]
        for each in kept:
            assert len(each["value"]) <= 4096
            assert "\0" not in each["value"]
            each["value"] = each["value"].strip()
        known = {each["spec_id"] for each in kept}
        kept += [
            {"spec_id": each["id"], "value": self.defaults[each["id"]]}
            for each in self.specs[label_id]
            if each["id"] not in known and each["mutable"] in mutable
        ]


def content(label):
    """Return what a label holds, to the last bit: what is None is not there."""
    values = label.to_dict().items()
    return {name: repr(each) for name, each in values if each is not None}


def field_of(label_type, server, size=SIZE, **more):
    return context(
        label_type,
        server.labels,
        size_of_frame=lambda frame: size,
        value_types=TYPES,
        **(more if label_type == "classifications" else PROPERTIES | more),
    )


def parts_by_id(read):
    parts = defaultdict(list)
    for each in sorted(read, key=lambda each: each.part):
        parts[each.label_id].append(each)
    return parts


def round_trip(labels, label_type, schema=SCHEMA, size=SIZE, **more):
    """Send the labels of a frame; return them as they are read, in their order.

    What the server sends must be known for what was sent, and with the unchanged
    adopted each label must be what it was.
    """
    labels = [labels] if isinstance(labels, fol.Label) else labels
    server = Server(schema)
    keywords = {} if label_type == "classifications" else PROPERTIES
    ids, created, _, _ = CREATE[label_type](
        labels, schema, "field", 0, size, label_type, **keywords
    )
    assert ids == [each.id for each in labels]
    anno_type = "tags" if label_type == "classifications" else "shapes"
    field = field_of(label_type, server, size, **more)
    got = parts_by_id(
        read_annotation(each, anno_type, field) for each in server.keep(created)
    )
    sent = parts_by_id(
        read_annotation(each, anno_type, field) for each in server.ids_put_in(created)
    )
    assert got.keys() == set(ids)
    return [_settled(label, sent[label.id], got[label.id], server) for label in labels]


def _settled(before, sent, got, server):
    annotations = [each.annotation for each in sent]
    came = [each.annotation for each in got]
    assert same_annotation(annotations, came, server.defaults, server.label_id_specs)
    label = merge_parts(got)
    label.id = before.id
    adopted = label.copy()
    adopted.id = before.id
    original = Original(before, annotations)
    adopt_unchanged(adopted, original, came, server.attribute_ids, server.defaults)
    known = {*TYPES, "hidden", "team"}
    for name, value in before.iter_attributes():
        if name not in known:
            adopted[name] = value  # FiftyOne does so with what is not in the run
    assert content(adopted) == content(before)
    return label


def near(numbers):
    return pytest.approx(numbers, abs=1e-9, nan_ok=True)


def assert_points(parts, expected):
    assert [[tuple(point) for point in part] for part in parts] == [
        [near(tuple(point)) for point in part] for part in expected
    ]


@few
@given(st.lists(st.tuples(names, attributes), max_size=3))
def test_classifications(given_labels):
    labels = [
        classification(name, number, **values)
        for number, (name, values) in enumerate(given_labels, 1)
    ]
    for before, after in zip(
        labels, round_trip(labels, "classifications"), strict=True
    ):
        assert after.label == before.label
        for name, kind in TYPES.items():
            value = before.get_attribute_value(name, None)
            if value is not None:
                value = value.strip() if kind is str else value
                read = after.get_attribute_value(name, None)
                assert repr(read) == repr(value)


@few
@given(names, attributes)
def test_single_classification(name, values):
    before = classification(name, **values)
    server = Server(SCHEMA)
    label_id, (tag,), _, _ = create_classification_tags(
        [before], SCHEMA, "field", 0, None, "classification"
    )
    read = read_annotation(
        *server.keep([tag]), "tags", field_of("classifications", server)
    )
    assert label_id == read.label_id == object_id()
    assert (read.kind, read.value.label) == ("classifications", name)


@few
@given(st.lists(st.tuples(names, boxes, attributes, properties), max_size=3))
def test_boxes(given_labels):
    labels = [
        detection(name, box, number=number, **values, **more)
        for number, (name, box, values, more) in enumerate(given_labels, 1)
    ]
    for before, after in zip(labels, round_trip(labels, "detections"), strict=True):
        assert after.bounding_box == near(before.bounding_box)
        assert (after.label, after["hidden"], after["team"]) == (
            before.label,
            before["hidden"],
            before["team"],
        )


@few
@given(boxes, st.floats(-1e4, 1e4), properties)
def test_rotated_boxes(box, rotation, more):
    before = detection(box=box, rotation=rotation, **more)
    (after,) = round_trip(before, "detections")
    turn = (after.get_attribute_value("rotation", 0.0) - rotation) % 360
    assert min(turn, 360 - turn) < 1e-9


three = st.lists(
    st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3
)


@few
@given(three, three, three, attributes, properties)
def test_cuboids_in_space(location, rotation, dimensions, values, more):
    place = {"location": location, "rotation": rotation, "dimensions": dimensions}
    before = detection(box=None, **place, **values, **more)
    (after,) = round_trip(before, "detections", is_point_cloud=True)
    assert {name: list(after[name]) for name in place} == place


@st.composite
def arrays(draw, least=1, side=9):
    """Draw masks with at least one pixel: of one pixel, with holes, of many parts."""
    shape = hnp.array_shapes(min_dims=2, max_dims=2, min_side=least, max_side=side)
    mask = draw(hnp.arrays(np.bool_, shape))
    mask[
        draw(st.integers(0, len(mask) - 1)), draw(st.integers(0, len(mask[0]) - 1))
    ] = 1
    return mask


@st.composite
def placed(draw):
    """Draw a mask and where it lies: anywhere in the frame, also along its border."""
    mask = draw(arrays())
    height, width = mask.shape
    left = draw(st.integers(0, SIZE.width - width) | st.just(SIZE.width - width))
    top = draw(st.integers(0, SIZE.height - height) | st.just(SIZE.height - height))
    return mask, left, top


RING = np.ones((5, 5), bool)
RING[1:4, 1:4] = False
MASKS = {
    "one pixel": np.ones((1, 1), bool),
    "hole": RING,
    "part in a hole": RING | np.pad([[True]], 2),
    "several parts": np.eye(7, dtype=bool)[:, ::-1],
    "empty border": np.pad(np.ones((2, 3), bool), 2),
    "whole frame": np.ones((SIZE.height, SIZE.width), bool),
}


def assert_same_mask(label, mask, box):
    assert label.mask.dtype == np.bool_
    np.testing.assert_array_equal(label.mask, mask)
    assert label.bounding_box == near(box)


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("corner", [0, 1], ids=["upper left", "lower right"])
def test_kinds_of_masks_twice(mask, corner):
    height, width = mask.shape
    left, top = corner * (SIZE.width - width), corner * (SIZE.height - height)
    box = [left / 100, top / 50, width / 100, height / 50]
    label = detection(box=box, mask=mask, hidden=True, team=1)
    for _ in range(2):
        (label,) = round_trip(label, "instances")
        assert_same_mask(label, mask, box)


@few
@given(placed(), attributes, properties)
def test_masks_twice(given_mask, values, more):
    mask, left, top = given_mask
    height, width = mask.shape
    box = [left / 100, top / 50, width / 100, height / 50]
    label = detection(box=box, mask=mask, **values, **more)
    for _ in range(2):
        (label,) = round_trip(label, "instances")
        assert_same_mask(label, mask, box)


@few
@given(
    arrays(side=14), st.tuples(*[st.floats(0, 0.7)] * 2, *[st.floats(0.02, 0.3)] * 2)
)
def test_masks_of_another_resolution_than_their_box(mask, box):
    before = detection(box=box, mask=mask, hidden=False, team=0)
    shapes = create_detection_shapes([before], SCHEMA, "field", 0, SIZE, "instances")[1]
    assume(shapes)  # a box may have no room for the few pixels there are
    # the untouched label is what it was: round_trip compares to the last bit
    (first,) = round_trip(before, "instances")
    # one that somebody touched is on the pixels of the frame, and stays there
    (second,) = round_trip(first, "instances")
    assert_same_mask(second, first.mask, first.bounding_box)


def segmentation_round_trip(before, names_of_classes, targets, size):
    """Return a segmentation as it is painted anew of what the server sends."""
    schema = cvat_schema(*names_of_classes)
    server = Server(schema)
    label_id, shapes, _, _ = create_segmentation_shapes(
        before, schema, "field", 0, size, "segmentation", targets
    )
    field = field_of("segmentation", server, size)
    kept = server.keep(shapes)
    read = [read_annotation(each, "shapes", field) for each in kept]
    assert {each.label_id for each in read} <= {label_id}
    assert all(
        same_annotation([sent], [got], server.defaults, server.label_id_specs)
        for sent, got in zip(server.ids_put_in(shapes), kept[::-1], strict=True)
    )
    after = merge_segmentation([each.value for each in read], size, targets, before)
    after.id = before.id
    return after


GRAY = {1: "cat", 2: "dog", 200: "cow"}
DEEP = {1: "cat", 300: "dog", "65535": "cow"}
RGB = {"#ff0000": "cat", "#00ff01": "dog", "#0000fe": "cow"}
sides = hnp.array_shapes(min_dims=2, max_dims=2, max_side=8)


@few
@given(
    st.sampled_from([(np.uint8, GRAY), (np.uint16, DEEP), (np.int64, DEEP)]).flatmap(
        lambda kind: st.tuples(
            hnp.arrays(
                kind[0],
                sides,
                # 77 is no target
                elements=st.sampled_from([0, 77, *(int(each) for each in kind[1])]),
            ),
            st.just(kind[1]),
        )
    )
)
def test_gray_segmentations_twice(given_pixels):
    pixels, targets = given_pixels
    height, width = pixels.shape
    label = segmentation()
    label.mask = pixels
    for _ in range(2):
        label = segmentation_round_trip(
            label, targets.values(), targets, Size(width, height)
        )
        assert label.mask.dtype == pixels.dtype
        np.testing.assert_array_equal(label.mask, pixels)


@few
@given(
    sides.flatmap(
        lambda shape: hnp.arrays(np.uint8, shape, elements=st.integers(0, len(RGB) + 1))
    )
)
def test_rgb_segmentations_twice(numbers):
    colors = [(0, 0, 0), *(tuple(bytes.fromhex(each[1:])) for each in RGB), (1, 2, 3)]
    pixels = np.array(colors, np.uint8)[numbers]
    height, width = numbers.shape
    label = segmentation(pixels)
    for _ in range(2):
        label = segmentation_round_trip(label, RGB.values(), RGB, Size(width, height))
        assert label.mask.dtype == np.uint8
        np.testing.assert_array_equal(label.mask, pixels)


@few
@given(
    hnp.arrays(np.uint8, sides, elements=st.sampled_from([0, 1, 2])),
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
)
def test_segmentations_of_another_resolution_than_the_frame(pixels, size):
    first = segmentation_round_trip(
        segmentation(pixels), GRAY.values(), GRAY, Size(*size)
    )
    second = segmentation_round_trip(first, GRAY.values(), GRAY, Size(*size))
    np.testing.assert_array_equal(first.mask, pixels)
    np.testing.assert_array_equal(second.mask, first.mask)


parts_of_lines = st.lists(
    st.lists(points, min_size=3, max_size=6, unique=True), min_size=1, max_size=3
)


@few
@given(parts_of_lines, st.booleans(), st.booleans(), attributes, properties)
def test_polylines(parts, closed, filled, values, more):
    before = polyline(points=parts, closed=closed, filled=filled, **values, **more)
    (after,) = round_trip(before, "polylines")
    assert_points(after.points, parts)
    # a polygon has no open end
    assert (after.closed, after.filled) == (closed or filled, filled)


@few
@given(st.lists(points | st.just(NAN), min_size=1, max_size=5), attributes, properties)
def test_keypoints(given_points, values, more):
    assume(np.isfinite(given_points).any())
    before = keypoint(points=given_points, **values, **more)
    (after,) = round_trip(before, "keypoints")
    known = [each for each in given_points if each is not NAN]
    assert_points([after.points], [known])


joints = st.lists(points | st.just(NAN), min_size=3, max_size=3).filter(
    lambda each: np.isfinite(each).any()
)


@few
@given(joints, attributes, properties)
def test_skeletons_with_hidden_joints(given_points, values, more):
    before = keypoint(points=given_points, **values, **more)
    (after,) = round_trip(before, "keypoints", BODY)
    assert_points([after.points], [given_points])


scalars = st.one_of(
    texts.map(str.strip),
    st.booleans(),
    int64,
    st.floats(allow_infinity=False),
    st.sampled_from(["", "0"]),
)


def scalar_round_trip(value, schema, in_attribute):
    server = Server(schema)
    _, tags, _, _ = create_scalar_tags(
        value, schema, "field", 0, None, "scalar", assign_scalar_attrs=in_attribute
    )
    (read,) = (
        read_annotation(
            each,
            "tags",
            context(
                "scalar",
                server.labels,
                value_types={"": type(value)},
                scalar_in_attribute=in_attribute,
            ),
        )
        for each in server.keep(tags)
    )
    assert read.kind == "scalar"
    return read.value


@few
@given(scalars)
def test_scalars_as_values_of_an_attribute(value):
    schema = {"field": ClassSchema(value=spec("value"))}
    after = scalar_round_trip(value, schema, in_attribute=True)
    assert repr(after) == repr(value)


@few
@given(scalars)
def test_scalars_as_names_of_classes(value):
    text = str(value).lower() if isinstance(value, bool) else str(value)
    assume(text)  # a class needs a name
    after = scalar_round_trip(value, {text: ClassSchema()}, in_attribute=False)
    assert repr(after) == repr(value)


LAST = 7
frames = st.sets(st.integers(0, LAST), min_size=1)
track_values = attributes.map(
    lambda each: {name: each[name] for name in each if name not in ("kind", "own")}
)


def track_round_trip(labels_by_frame, label_type, schema=SCHEMA, only_keyframes=False):
    """Send a video's labels; return those of each frame as they are read."""
    server = Server(schema)
    tracks = {}
    for frame, labels in labels_by_frame.items():
        _, shapes, created, _ = CREATE[label_type](
            labels,
            schema,
            "field",
            frame,
            SIZE,
            label_type,
            load_tracks=True,
            **PROPERTIES,
        )
        assert not shapes
        merge_tracks(tracks, created)
    kept = server.keep_tracks(finalize_tracks(tracks, LAST, only_keyframes))
    field = field_of(label_type, server)
    found = defaultdict(list)
    for track in kept:
        for shape in interpolate_track(track, LAST):
            found[shape["frame"]].append(read_annotation(shape, "track", field))
    return {
        frame: {
            label_id: merge_parts(parts)
            for label_id, parts in parts_by_id(read).items()
        }
        for frame, read in sorted(found.items())
    }


def assert_track_comes_back(labels_by_frame, label_type, compare, schema=SCHEMA):
    after = track_round_trip(labels_by_frame, label_type, schema)
    assert list(after) == sorted(labels_by_frame)
    for frame, labels in labels_by_frame.items():
        assert after[frame].keys() == {each.id for each in labels}
        for before in labels:
            label = after[frame][before.id]
            assert (label.label, label["hidden"]) == (before.label, before["hidden"])
            for name in ("word", "count", "score", "crowd"):
                value = before.get_attribute_value(name, None)
                if value is not None:
                    value = value.strip() if isinstance(value, str) else value
                    read = label.get_attribute_value(name, None)
                    assert repr(read) == repr(value)
            compare(label, before)


def video(strategy):
    """Draw the labels of one or two tracks by frame, with gaps, from a maker."""

    @st.composite
    def draw_video(draw):
        labels = defaultdict(list)
        for index in range(1, draw(st.integers(1, 2)) + 1):
            team = draw(st.integers(0, 9))
            for frame in draw(frames):
                number = 100 * index + frame
                more = {"index": index, "number": number, "team": team}
                values = dict(draw(track_values), hidden=draw(st.booleans()))
                labels[frame].append(draw(strategy)(**more, **values))
        return dict(labels)

    return draw_video()


def maker(make, **strategies):
    return st.fixed_dictionaries(strategies).map(
        lambda fixed: lambda **more: make(**fixed, **more)
    )


def compare_points(label, before):
    parts, expected = label.points, before.points
    if isinstance(label, fol.Keypoint):
        parts, expected = [parts], [expected]
    assert_points(parts, expected)


@few
@given(video(maker(detection, box=boxes, rotation=st.floats(0, 359.9))))
def test_tracks_of_boxes(labels):
    def compare(label, before):
        assert label.bounding_box == near(before.bounding_box)
        assert label.get_attribute_value("rotation", 0.0) == before["rotation"]
        assert label["team"] == before["team"]

    assert_track_comes_back(labels, "detections", compare)


@few
@given(video(maker(detection, mask=arrays(), box=st.just((0.1, 0.2, 0.0, 0.0)))))
def test_tracks_of_masks(labels):
    for each in labels.values():
        for label in each:
            height, width = label.mask.shape
            label.bounding_box = [0.1, 0.2, width / 100, height / 50]

    def compare(label, before):
        assert_same_mask(label, before.mask, before.bounding_box)

    assert_track_comes_back(labels, "instances", compare)


@few
@given(
    st.tuples(st.booleans(), st.booleans()).flatmap(
        lambda drawn: video(
            maker(
                polyline,
                points=parts_of_lines,
                closed=st.just(any(drawn)),
                filled=st.just(drawn[0]),
            )
        )
    )
)
def test_tracks_of_polylines_and_polygons(labels):
    def compare(label, before):
        compare_points(label, before)
        assert (label.closed, label.filled) == (before.closed, before.filled)

    assert_track_comes_back(labels, "polylines", compare)


@few
@given(video(maker(keypoint, points=st.lists(points, min_size=1, max_size=4))))
def test_tracks_of_points(labels):
    assert_track_comes_back(labels, "keypoints", compare_points)


@few
@given(video(maker(keypoint, points=joints)))
def test_tracks_of_skeletons(labels):
    assert_track_comes_back(labels, "keypoints", compare_points, BODY)


@few
@given(frames, boxes, boxes, st.sets(st.integers(0, LAST)))
def test_tracks_of_key_frames_are_filled_in(on_frames, start, end, keyframes):
    labels = {
        frame: [
            detection(
                box=np.array(start) + frame / LAST * np.subtract(end, start),
                index=1,
                number=frame,
                keyframe=frame in keyframes,
            )
        ]
        for frame in on_frames
    }
    after = track_round_trip(labels, "detections", only_keyframes=True)
    assert list(after) == sorted(on_frames)
    for frame, (before,) in labels.items():
        (label,) = after[frame].values()
        assert label.bounding_box == near(before.bounding_box)
