"""Labels of every type that are in a project, imported into a dataset that is new.

Nothing tells their types but what the server describes and has stored: the fields are
those of an import, one for each class.
"""

from __future__ import annotations

import math
from collections import defaultdict

import fiftyone.core.labels as fol
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.from_cvat.import_schema import (
    annotations_to_kinds,
    labels_to_label_schema,
)
from fiftyone_cvat.convert.from_cvat.label_parts import merge_parts
from fiftyone_cvat.convert.from_cvat.labels import read_annotation
from fiftyone_cvat.convert.shared.texts import text_to_value
from fiftyone_cvat.convert.to_cvat.shapes import (
    create_detection_shapes,
    create_keypoint_shapes,
    create_polyline_shapes,
)
from fiftyone_cvat.convert.to_cvat.tags import create_classification_tags
from fiftyone_cvat.types import RETURN_TYPES, Skeleton
from tests.builders import (
    SIZE,
    classification,
    context,
    cvat_schema,
    detection,
    keypoint,
    polyline,
    spec,
)
from tests.unit.convert.test_round_trips import (
    Server,
    boxes,
    few,
    int64,
    joints,
    near,
    parts_of_lines,
    placed,
    points,
    properties,
    texts,
)

ATTRIBUTES = [
    spec("word"),
    spec("count", "number"),
    spec("score", "number"),
    spec("crowd", "checkbox", values=["false", "true"]),
]
BODY = Skeleton(("nose", "eye", "tail"), ((0, 1),))
KIND_BY_CLASS = {
    "car": "detections",
    "boat": "detections",
    "coat": "detections",
    "lawn": "polylines",
    "kerb": "polylines",
    "dust": "keypoints",
    "body": "keypoints",
    "rain": "classifications",
}
SCHEMA = {
    **cvat_schema(*(KIND_BY_CLASS.keys() - {"body"}), attributes=ATTRIBUTES),
    **cvat_schema("body", attributes=ATTRIBUTES, skeleton=BODY),
}
FIELDS = {name: f"all {name}" for name in KIND_BY_CLASS}
CREATE = {
    "classifications": create_classification_tags,
    "detections": create_detection_shapes,
    "polylines": create_polyline_shapes,
    "keypoints": create_keypoint_shapes,
}
PROPERTIES = {
    "occluded_attrs": dict.fromkeys(SCHEMA, "hidden"),
    "group_id_attrs": dict.fromkeys(SCHEMA, "team"),
}

attributes = st.fixed_dictionaries(
    {},
    optional={
        "word": texts,
        "count": int64,
        "score": st.floats(allow_nan=False, allow_infinity=False),
        "crowd": st.booleans(),
    },
)
turns = st.floats(0.125, 359.875)


def mask_label(given_mask):
    mask, left, top = given_mask
    height, width = mask.shape
    box = [left / 100, top / 50, width / 100, height / 50]
    return {"box": box, "mask": mask}


LABELS = {
    "car": (detection, boxes.map(lambda box: {"box": box})),
    "boat": (
        detection,
        st.tuples(boxes, turns).map(lambda each: {"box": each[0], "rotation": each[1]}),
    ),
    "coat": (detection, placed().map(mask_label)),
    "lawn": (polyline, parts_of_lines.map(lambda parts: {"points": parts})),
    "kerb": (
        polyline,
        st.tuples(parts_of_lines, st.booleans()).map(
            lambda each: {"points": each[0], "closed": each[1], "filled": False}
        ),
    ),
    "dust": (
        keypoint,
        st.lists(points, min_size=1, max_size=5).map(lambda each: {"points": each}),
    ),
    "body": (keypoint, joints.map(lambda each: {"points": each})),
    "rain": (classification, st.just({})),
}


@st.composite
def label_sets(draw):
    """Draw some labels of any type, each with an id of its own."""
    names = draw(st.lists(st.sampled_from(sorted(LABELS)), min_size=1, max_size=5))
    found = []
    for number, name in enumerate(names, 1):
        make, places = LABELS[name]
        values = draw(places) | draw(attributes)
        if make is not classification:
            values |= draw(properties)
        found.append(make(label=name, number=number, **values))
    return found


def in_cvat(labels, server):
    """Return the annotations of labels as the server has them."""
    tags, shapes = [], []
    for label in labels:
        kind = KIND_BY_CLASS[label.label]
        more = {} if kind == "classifications" else PROPERTIES
        created = CREATE[kind](
            [label], SCHEMA, "field", 0, SIZE, _type_of(label), **more
        )[1]
        (tags if kind == "classifications" else shapes).extend(created)
    return {"tags": server.keep(tags), "shapes": server.keep(shapes), "tracks": []}


def _type_of(label):
    kind = KIND_BY_CLASS[label.label]
    is_mask = kind == "detections" and label.mask is not None
    return "instances" if is_mask else kind


def imported(annotations, server, *, keep_text):
    """Return each label by its id, as the field of its class reads it."""
    kinds = annotations_to_kinds(annotations, server.labels)
    schema = labels_to_label_schema(server.labels, FIELDS, "", kinds)
    name_by_id = {number: name for name, number in server.class_ids.items()}
    parts = defaultdict(list)
    for what in ("tags", "shapes"):
        for annotation in annotations[what]:
            name = name_by_id[annotation["label_id"]]
            info = schema[FIELDS[name]]
            assert info == {"type": KIND_BY_CLASS[name], "cvat_classes": {name: name}}
            known = context(
                info["type"],
                server.labels,
                size_of_frame=lambda frame: SIZE,
                value_types={},
                keep_text=keep_text,
                **PROPERTIES,
            )
            read = read_annotation(annotation, what, known)
            assert read.kind == RETURN_TYPES[info["type"]]
            parts[read.label_id].append(read)
    found = {
        label_id: merge_parts(sorted(each, key=lambda part: part.part))
        for label_id, each in parts.items()
    }
    for label_id, label in found.items():
        label.id = label_id
    return found


def assert_same_place(after, before):
    if isinstance(before, fol.Detection):
        assert after.bounding_box == near(before.bounding_box)
        turn = before.get_attribute_value("rotation", None)
        assert after.get_attribute_value("rotation", None) == (turn and near(turn))
        assert (after.mask is None) == (before.mask is None)
        if before.mask is not None:
            np.testing.assert_array_equal(after.mask, before.mask)
    elif isinstance(before, fol.Polyline):
        assert (after.closed, after.filled) == (before.closed, before.filled)
        assert len(after.points) == len(before.points)
        for mine, own in zip(after.points, before.points, strict=True):
            assert [tuple(each) for each in mine] == [near(tuple(each)) for each in own]
    elif isinstance(before, fol.Keypoint):
        own = [each for each in before.points if before.label == "body" or _is_at(each)]
        assert [tuple(each) for each in after.points] == [
            near(tuple(each)) for each in own
        ]


def _is_at(point):
    return not any(map(math.isnan, point))


def assert_same_attributes(after, before, *, keep_text):
    for name in ("count", "score", "crowd", "hidden", "team"):
        value = before.get_attribute_value(name, None)
        if name == "crowd" and value is None:
            value = False  # what a checkbox says that nobody has touched
        elif name == "team" and isinstance(before, fol.Classification):
            value = 0
        assert after.get_attribute_value(name, None) == value, name
    word = (before.get_attribute_value("word", None) or "").strip()
    # without types, text that is a number is read as one
    read = word if keep_text else text_to_value(word)
    found = after.get_attribute_value("word", None)
    assert repr(found) == repr(None if word == "" else read)


@few
@given(label_sets(), st.booleans())
def test_labels_of_every_type(labels, keep_text):
    server = Server(SCHEMA)
    annotations = in_cvat(labels, server)

    found = imported(annotations, server, keep_text=keep_text)

    assert found.keys() == {each.id for each in labels}
    for before in labels:
        after = found[before.id]
        assert (type(after), after.label) == (type(before), before.label)
        assert_same_place(after, before)
        assert_same_attributes(after, before, keep_text=keep_text)
    # the same labels, sent by whoever has imported them, are the same once more
    again = imported(in_cvat(found.values(), server), server, keep_text=keep_text)
    for label_id, after in found.items():
        assert_same_place(again[label_id], after)
