import pickle
import weakref

import fiftyone.core.labels as fol
import numpy as np
import pytest
from bson import ObjectId
from hypothesis import given, settings
from hypothesis import strategies as st
from mongoengine.errors import ValidationError

from fiftyone_cvat.convert.from_cvat import label_templates
from fiftyone_cvat.convert.from_cvat.label_templates import build_label

NUMBERS = st.floats(0, 1) | st.just(float("nan"))
POINTS = st.lists(st.lists(NUMBERS, min_size=2, max_size=2), max_size=5)
MASKS = st.sampled_from(
    [np.ones((2, 3), bool), np.zeros((2, 3), np.uint8), np.full((1, 1), 255, np.uint8)]
)
COMMON = {
    "label": st.text(max_size=5) | st.none(),
    "tags": st.lists(st.text(max_size=3), max_size=2),
    "index": st.integers(0, 9) | st.none(),
    "confidence": NUMBERS | st.none(),
}
OWN = {
    fol.Classification: {},
    fol.Detection: {
        "bounding_box": st.lists(NUMBERS | st.integers(0, 1), min_size=4, max_size=4),
        "mask": MASKS | st.none(),
        "mask_path": st.just("/a/mask.png") | st.none(),
    },
    fol.Polyline: {
        "points": st.lists(POINTS, max_size=3),
        "closed": st.booleans(),
        "filled": st.booleans(),
    },
    fol.Keypoint: {"points": POINTS},
}
VALUES = (
    st.text(max_size=5)
    | st.integers(-5, 5)
    | st.floats()
    | st.booleans()
    | st.none()
    | st.lists(NUMBERS, max_size=3)
    | st.just({"nested": [1]})
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["color", "note", "pk", "self", "keyframe", "rotation"]), VALUES
)


@pytest.fixture(autouse=True)
def no_models(monkeypatch):
    monkeypatch.setattr(label_templates, "_models", {})


@pytest.fixture
def constructed(monkeypatch):
    """Count what FiftyOne constructs."""
    calls = []

    def count(*args):
        calls.append(args)
        return construct(*args)

    construct = label_templates._constructed
    monkeypatch.setattr(label_templates, "_constructed", count)
    return calls


def new_id():
    return str(ObjectId())


def box(**values):
    fields = {"id": new_id(), "label": "car", "bounding_box": [0.1, 0.2, 0.3, 0.4]}
    return fields | values


def same(label, expected):
    assert type(label) is type(expected)
    assert repr(label) == repr(expected)
    assert repr(label.to_dict()) == repr(expected.to_dict())
    assert label.field_names == expected.field_names
    parts, expected_parts = (
        label_templates._parts(label),
        label_templates._parts(expected),
    )
    assert repr(parts["_data"]) == repr(expected_parts["_data"])
    types = [type(each) for each in parts["_data"].values()]
    assert types == [type(each) for each in expected_parts["_data"].values()]
    assert parts.keys() == expected_parts.keys()
    assert repr(vars(label)) == repr(vars(expected))


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_what_is_built_is_what_fiftyone_constructs(data):
    label_type = data.draw(st.sampled_from([*OWN]))
    names = COMMON | OWN[label_type]
    if label_type is fol.Classification:
        names = {name: each for name, each in names.items() if name != "index"}
    wanted = data.draw(st.sets(st.sampled_from([*names])))
    first, second = (
        ({"id": new_id()} | {each: data.draw(names[each]) for each in sorted(wanted)})
        for _ in range(2)
    )
    attributes = data.draw(ATTRIBUTES)
    if label_type is fol.Keypoint:
        # a confidence for each point
        first.pop("confidence", None), second.pop("confidence", None)
    for fields in (first, second):
        label = build_label(label_type, dict(fields), attributes)

        same(label, label_templates._constructed(label_type, dict(fields), attributes))


@pytest.mark.parametrize(
    ("label_type", "fields", "attributes"),
    [
        (fol.Classification, {"label": "car"}, {"note": "x"}),
        (fol.Detection, {"label": "car", "bounding_box": [0.1, 0.2, 0.3, 0.4]}, {}),
        (
            fol.Detection,
            {"label": "car", "mask": np.ones((2, 2), bool), "tags": ["a"]},
            {"color": "red", "is_new": True, "count": 2, "share": 0.5, "none": None},
        ),
        (fol.Polyline, {"points": [[[0.1, 0.2], [0.3, 0.4]]], "filled": True}, {}),
        (fol.Keypoint, {"points": [[0.1, float("nan")]]}, {"index": 3}),
    ],
)
def test_fiftyone_constructs_one_of_a_kind(label_type, fields, attributes, constructed):
    for _ in range(3):
        build_label(label_type, fields | {"id": new_id()}, attributes)

    assert len(constructed) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"bounding_box": [0, 1, 0.5, 0.5]},
        {"bounding_box": (0.1, 0.2, 0.3, 0.4)},
        {"bounding_box": [np.float64(0.1), 0.2, 0.3, 0.4]},
        {"tags": [0.5]},
    ],
)
def test_what_fiftyone_converts_or_refuses_is_left_to_it(fields, constructed):
    for _ in range(2):
        build_label(fol.Detection, box(), {})
    before = len(constructed)
    given_fields = box(**fields)
    try:
        expected = fol.Detection(**given_fields)
    except ValidationError as error:
        with pytest.raises(type(error)):
            build_label(fol.Detection, given_fields, {})
    else:
        same(build_label(fol.Detection, given_fields, {}), expected)
    assert len(constructed) > before


@pytest.mark.parametrize(
    ("label_type", "good", "points"),
    [
        (fol.Polyline, [[[0.1, 0.2]]], [[0.1, 0.2]]),
        (fol.Polyline, [[[0.1, 0.2]]], [0.1]),
        (fol.Polyline, [[[0.1, 0.2]]], [[[0.1, 0.2, 0.3]]]),
        (fol.Polyline, [[[0.1, 0.2]]], [[[[0.1]]]]),
        (fol.Keypoint, [[0.1, 0.2]], [0.1, 0.2]),
        (fol.Keypoint, [[0.1, 0.2]], [[0.1, 0.2, 0.3]]),
        (fol.Keypoint, [[0.1, 0.2]], [[[0.1, 0.2]]]),
    ],
)
def test_points_that_are_none_are_refused(label_type, good, points):
    for _ in range(2):
        build_label(label_type, {"id": new_id(), "points": good}, {})
    with pytest.raises(ValidationError):
        build_label(label_type, {"id": new_id(), "points": points}, {})


def test_a_model_does_not_keep_the_values_of_its_label():
    mask = np.ones((2, 2), bool)
    alive = weakref.ref(mask)
    build_label(fol.Detection, box(mask=mask), {"color": "red"})
    del mask

    assert alive() is None
    again = build_label(fol.Detection, box(mask=np.zeros((1, 1), bool)), {"color": "b"})
    assert (again.mask.shape, again.color) == ((1, 1), "b")


def test_copies_share_nothing_that_changes():
    first, second, third = (
        build_label(fol.Detection, box(), {"color": "red"}) for _ in range(3)
    )
    second.tags.append("seen")
    second["more"] = 1
    second.attributes["old"] = fol.Attribute(value=1)
    second.bounding_box[0] = 0.9
    second.color = "blue"

    assert second.field_names[-2:] == ("color", "more")
    assert second.to_dict()["more"] == 1
    for other in (first, third, build_label(fol.Detection, box(), {"color": "red"})):
        assert (other.tags, other.attributes, other.color) == ([], {}, "red")
        assert not other.has_field("more")
        assert "more" not in other.to_dict()
        assert other.bounding_box[0] == 0.1


def test_a_copy_lives_like_any_label():
    copies = [build_label(fol.Detection, box(), {"color": "red"}) for _ in range(2)]
    label = copies[1]

    assert pickle.loads(pickle.dumps(label)) == label
    assert label.copy().to_dict().keys() == label.to_dict().keys()
    del label["color"]
    assert not label.has_field("color") or label.color is None
    label.index = 3
    assert fol.Detection.from_dict(label.to_dict()).index == 3


def test_where_a_copy_is_not_the_same_fiftyone_constructs_all(monkeypatch, constructed):
    original = label_templates._parts

    def more_parts(label):
        # a part that each label has its own of
        return original(label) | {"_instance": object()}

    monkeypatch.setattr(label_templates, "_parts", more_parts)
    for _ in range(3):
        build_label(fol.Detection, box(), {})

    assert len(constructed) == 3


def test_kinds_are_kept_up_to_a_number(monkeypatch, constructed):
    monkeypatch.setattr(label_templates, "MAX_KINDS", 2)
    for _ in range(2):
        for name in ("a", "b", "c"):
            build_label(fol.Detection, box(), {name: "x"})

    assert len(label_templates._models) == 2
    assert len(constructed) == 4
