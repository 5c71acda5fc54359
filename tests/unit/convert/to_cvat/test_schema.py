"""FiftyOne's label schemas as CVAT labels, and back."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

from fiftyone_cvat.convert.to_cvat.project_schema import (
    check_properties,
    ensure_one_field_per_type,
    has_ignored_attributes,
    labels_to_cvat_schema,
    labels_without_label_id,
)
from fiftyone_cvat.convert.to_cvat.schema import (
    build_cvat_schema,
    cvat_schema_to_labels,
    get_return_label_types,
    schema_attributes,
)
from fiftyone_cvat.errors import SchemaError
from fiftyone_cvat.types import RETURN_TYPES, Skeleton
from tests.builders import cvat_schema, server_labels, spec

LABEL_ID = spec("label_id")
LONG = "x" * 65


def info(type="detections", classes=("cat",), existing=True, **more):  # noqa: A002
    base = {"type": type, "classes": list(classes), "existing_field": existing}
    return base | more


def build(**fields):
    return build_cvat_schema(fields)


class TestBuilding:
    def test_one_field(self):
        attributes = {"color": {"type": "text"}}
        result = build(a=info(classes=["cat", "dog"], attributes=attributes))
        own = {"color": spec(), "label_id": LABEL_ID}
        assert result == (
            {"cat": own, "dog": own},
            {"a": None},
            {},
            {},
            {"a": {"cat": "cat", "dog": "dog"}},
        )

    def test_new_field_has_no_ids(self):
        assert build(a=info(existing=False))[0] == {"cat": {}}

    def test_no_field(self):
        assert build() == ({}, {}, {}, {}, {})

    def test_classes_with_attributes_of_their_own(self):
        classes = [
            "cat",
            {"classes": ["dog", "cow"], "attributes": {"breed": {"type": "text"}}},
        ]
        attributes = {"color": {}, "breed": {"mutable": False}}
        schema = build(a=info(classes=classes, attributes=attributes))[0]
        common = {"color": spec(), "breed": spec("breed", mutable=False)}
        assert schema == {
            "cat": common | {"label_id": LABEL_ID},
            "dog": common | {"breed": spec("breed"), "label_id": LABEL_ID},
            "cow": common | {"breed": spec("breed"), "label_id": LABEL_ID},
        }

    @pytest.mark.parametrize(
        ("chosen", "order"),
        [
            pytest.param({}, ["a", "b", "c"], id="found by FiftyOne"),
            pytest.param({"values": []}, ["a", "b", "c"], id="no values"),
            pytest.param({"values": [True, False]}, ["a", "b", "c"], id="a boolean"),
            pytest.param({"default": "x"}, ["c", "a", "b"], id="default"),
            pytest.param({"values": ["x"]}, ["c", "a", "b"], id="values"),
            pytest.param(
                {"type": "radio", "values": ["x"]}, ["c", "a", "b"], id="choice"
            ),
        ],
    )
    def test_attributes_go_by_name_unless_a_user_chose_something(self, chosen, order):
        schema = build(a=info(attributes={"c": chosen, "a": {}, "b": {}}))[0]
        assert list(schema["cat"]) == [*order, "label_id"]

    def test_class_listed_twice_has_the_attributes_of_both(self):
        extra = {"classes": ["cat"], "attributes": {"breed": {}}}
        schema = build(a=info(classes=["cat", extra]))[0]
        assert set(schema["cat"]) == {"breed", "label_id"}

    def test_field_without_classes_is_its_own_class(self):
        assert list(build(a=info(classes=[]))[0]) == ["a"]

    @pytest.mark.parametrize("classes", [[3, 2.5], [np.int64(3), 2.5]])
    def test_classes_that_are_numbers(self, classes):
        assert list(build(a=info(classes=classes))[0]) == ["3", "2.5"]

    def test_shared_class_is_one_label_a_field(self):
        schema, _, _, _, names = build(
            a=info(classes=["cat", "dog"]), b=info("polygons", classes=["cat"])
        )
        assert set(schema) == {"cat_a", "dog", "cat_b"}
        assert names == {"a": {"cat": "cat_a", "dog": "dog"}, "b": {"cat": "cat_b"}}

    def test_built_in_defect_occlusion_of_a_renamed_class_was_lost(self):
        occluded = {"occ": {"type": "occluded"}}
        grouped = {"team": {"type": "group_id"}}
        _, _, occluded_attrs, group_id_attrs, _ = build(
            a=info(attributes=occluded),
            b=info(attributes=grouped),
            c=info(classes=["x"]),
        )
        assert occluded_attrs == {"a": {"cat_a": "occ"}}
        assert group_id_attrs == {"b": {"cat_b": "team"}}

    def test_property_of_one_class(self):
        classes = [
            "cat",
            {"classes": ["dog"], "attributes": {"occ": {"type": "occluded"}}},
        ]
        assert build(a=info(classes=classes))[2] == {"a": {"dog": "occ"}}

    def test_property_of_one_class_is_no_attribute_of_it(self):
        classes = [
            "cat",
            {
                "classes": ["dog"],
                "attributes": {
                    "occ": {"type": "occluded"},
                    "team": {"type": "group_id"},
                },
            },
        ]
        attributes = {"occ": {"type": "checkbox"}, "team": {"type": "text"}}
        schema = build(a=info(classes=classes, attributes=attributes))[0]
        assert {"occ", "team"} <= schema["cat"].keys()
        assert schema["dog"].keys().isdisjoint({"occ", "team"})

    def test_properties_in_every_field(self):
        fields = {
            "a": info(attributes={"occ": {"type": "text"}}),
            "b": info(classes=["dog"], attributes={"own": {"type": "occluded"}}),
        }
        schema, _, occluded, groups, _ = build_cvat_schema(fields, "occ", "team")
        assert schema == {"cat": {"label_id": LABEL_ID}, "dog": {"label_id": LABEL_ID}}
        assert occluded == {"a": {"cat": "occ"}, "b": {"dog": "own"}}
        assert groups == {"a": {"cat": "team"}, "b": {"dog": "team"}}
        assert fields["a"]["attributes"] == {
            "occ": {"type": "occluded"},
            "team": {"type": "group_id"},
        }
        assert fields["b"]["attributes"] == {
            "own": {"type": "occluded"},
            "team": {"type": "group_id"},
        }

    @pytest.mark.parametrize(
        ("label_type", "left"),
        [
            ("detections", {"color", "label_id"}),
            ("instance", {"color", "label_id"}),
            ("polygons", {"color", "rotation", "location", "dimensions", "label_id"}),
        ],
    )
    def test_geometry_of_a_detection_is_no_attribute(self, label_type, left):
        names = ["color", "rotation", "location", "dimensions"]
        attributes = {name: {"type": "text"} for name in names}
        schema = build(a=info(label_type, attributes=attributes))[0]
        assert set(schema["cat"]) == left

    def test_skeleton(self):
        skeleton = {"labels": ["nose", "eye"], "edges": [[0, 1]]}
        schema = build(a=info("keypoints", skeleton=skeleton))[0]
        assert schema["cat"].skeleton == Skeleton(("nose", "eye"), ((0, 1),))
        assert build(a=info("keypoints", skeleton=None))[0]["cat"].skeleton is None

    @pytest.mark.parametrize(
        ("more", "schema", "assigned"),
        [
            pytest.param(
                {"classes": ["sunny"]}, {"sunny": {}}, False, id="names of tags"
            ),
            pytest.param(
                {"classes": []}, {"a": {"value": spec("value")}}, True, id="values"
            ),
            pytest.param(
                {"classes": [], "attributes": {"mood": {}}},
                {"a": {"mood": spec("mood")}},
                True,
                id="values of an attribute",
            ),
        ],
    )
    def test_scalars(self, more, schema, assigned):
        result = build(a=info("scalar") | more)
        assert result[0] == schema
        assert result[1] == {"a": assigned}

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            pytest.param({"a": info(classes=[""])}, "without a name", id="empty"),
            pytest.param({"a": info(classes=["  "])}, "without a name", id="spaces"),
            pytest.param({"a": info(classes=[LONG])}, "65 characters", id="too long"),
            pytest.param(
                {"a": info(classes=["x" * 5000])},
                r"^Class name 'x{60}\.\.\.' of field 'a' has 5000 characters",
                id="much too long",
            ),
            pytest.param(
                {"a": info(classes=["x" * 64]), "b": info(classes=["x" * 64])},
                "66 characters",
                id="too long with its field",
            ),
            pytest.param(
                {"a": info(attributes={"label_id": {}})}, "'label_id'", id="reserved"
            ),
            pytest.param(
                {
                    "a": info(
                        classes=[{"classes": ["x"], "attributes": {"label_id": {}}}]
                    )
                },
                "'label_id'",
                id="reserved, of one class",
            ),
            pytest.param(
                {
                    "b": info(classes=["x_a"]),
                    "a_b": info(classes=["x"]),
                    "c": info(classes=["x", "x_a"]),
                },
                "'x_a_b' in CVAT",
                id="two classes that are renamed to one",
            ),
            pytest.param(
                {"a": info(attributes={"x": {"type": "select"}})},
                "needs `values`",
                id="no values",
            ),
            pytest.param(
                {"a": info(attributes={" x": {}})}, "white space", id="attribute"
            ),
            pytest.param({"a": info(attributes={"": {}})}, "is empty", id="no name"),
            pytest.param(
                {"a": info(classes=["cat "])}, "white space", id="class and a space"
            ),
            pytest.param(
                {"a": info(attributes={"x\0": {}})}, "NUL", id="attribute with NUL"
            ),
            pytest.param({"a": info(classes=["c\0t"])}, "NUL", id="class with NUL"),
            pytest.param(
                {"a": info(attributes={"x": {"type": "radio", "values": ["a\nb"]}})},
                "several lines",
                id="lines",
            ),
        ],
    )
    def test_what_cannot_be_expressed(self, fields, words):
        with pytest.raises(SchemaError, match=words):
            build_cvat_schema(fields)

    def test_attributes_of_classes_are_their_own(self):
        schema = build(a=info(classes=["cat", "dog"], attributes={"color": {}}))[0]
        schema["cat"]["color"]["values"].append("red")
        assert schema["dog"]["color"] == spec()

    def test_label_schema_is_only_completed(self):
        fields = {"a": info(attributes={"color": {"type": "text"}}), "b": info()}
        before = deepcopy(fields)
        build_cvat_schema(fields)
        assert fields == before | {"b": before["b"] | {"attributes": {}}}

    def test_attributes_none(self):
        assert build(a=info(attributes=None))[0] == {"cat": {"label_id": LABEL_ID}}


class TestLabels:
    def test_as_the_server_takes_them(self):
        schema = cvat_schema("cat", attributes=[spec()])
        schema |= cvat_schema("body", skeleton=Skeleton(("nose",), ()))
        cat, body = cvat_schema_to_labels(schema)
        assert cat == {"name": "cat", "attributes": [spec(), LABEL_ID]}
        assert (body["name"], body["type"]) == ("body", "skeleton")
        assert body["attributes"] == [LABEL_ID]
        assert [each["name"] for each in body["sublabels"]] == ["nose"]

    def test_plain_dicts_will_do(self):
        labels = cvat_schema_to_labels({"cat": {"color": spec()}, "dog": {}})
        assert labels == [
            {"name": "cat", "attributes": [spec()]},
            {"name": "dog", "attributes": []},
        ]

    def test_of_an_existing_project(self):
        own = cvat_schema(
            "cat", attributes=[spec("color", "select", values=["a", "b"])]
        )
        own |= cvat_schema("body", skeleton=Skeleton(("nose", "eye"), ()))
        labels = server_labels(own)
        labels[0]["attributes"][0]["default_value"] = "a"
        fields = {"a": info(), "b": {"type": "scalar", "classes": []}, None: {}}
        schema, scalars, occluded, groups, names = labels_to_cvat_schema(
            labels, fields, "occ"
        )
        assert schema == {
            "cat": {"color": labels[0]["attributes"][0], "label_id": LABEL_ID},
            "body": {"label_id": LABEL_ID},
        }
        assert schema["body"].skeleton == Skeleton(("nose", "eye"), ())
        assert scalars == {"a": None, "b": True, None: None}
        each_class = {"cat": "occ", "body": "occ"}
        assert occluded == {"a": each_class, "b": each_class, None: each_class}
        assert groups == {}
        same = {"cat": "cat", "body": "body"}
        assert names == {"a": same, "b": same, None: same}
        color = {"type": "select", "default": "a", "values": ["a", "b"]}
        assert fields["a"]["classes"] == [
            {"classes": ["cat"], "attributes": {"color": color, "occ": {}}},
            {"classes": ["body"], "attributes": {"occ": {}}},
        ]
        assert fields["a"]["attributes"] == {}
        assert fields["b"] == {"type": "scalar", "classes": []}

    def test_of_a_project_without_labels(self):
        fields = {"a": info()}
        assert labels_to_cvat_schema([], fields)[0] == {}
        assert fields["a"]["classes"] == []

    @pytest.mark.parametrize("values", [[], [""]])
    def test_attribute_without_values(self, values):
        labels = server_labels(cvat_schema(attributes=[spec(values=values)]))
        fields = {"a": info()}
        labels_to_cvat_schema(labels, fields)
        attributes = fields["a"]["classes"][0]["attributes"]
        assert attributes == {"color": {"type": "text"}}

    def test_labels_that_lack_the_attribute_of_the_id(self):
        labels = server_labels(cvat_schema("cat", "dog"))
        labels[1]["attributes"] = []
        assert labels_without_label_id(labels) == [labels[1]]
        assert labels_without_label_id([]) == []


class TestFields:
    def test_one_field_of_each_kind(self):
        fields = {
            None: {},
            "a": info("detections"),
            "b": info("instance"),
            "c": info("polygons"),
            "d": info("scalar"),
            "e": info("classifications"),
        }
        kept = {name: fields[name] for name in (None, "a", "c", "d")}
        names = deepcopy(fields)
        assert ensure_one_field_per_type(names, verbose=False) == ["b", "e"]
        assert names == fields
        assert ensure_one_field_per_type(fields) == ["b", "e"]
        assert fields == kept

    @pytest.mark.parametrize(
        ("attributes", "ignored"),
        [
            ({}, False),
            (None, False),
            ({"a": {"type": "text"}}, False),
            ({"a": {"type": "occluded"}}, True),
            ({"a": {"type": "group_id"}}, True),
        ],
    )
    def test_ignored_attributes(self, attributes, ignored):
        assert has_ignored_attributes({"a": {"attributes": attributes}}) is ignored
        assert has_ignored_attributes({"a": {}}) is False

    def test_ignored_attributes_of_one_class(self):
        classes = [{"classes": ["x"], "attributes": {"a": {"type": "occluded"}}}]
        assert has_ignored_attributes({"a": {"classes": classes}}) is True

    @pytest.mark.parametrize("kind", ["occluded", "group_id"])
    def test_one_property_of_a_shape_has_one_attribute(self, kind):
        one = {"type": "detections", "attributes": {kind: {"type": kind}}}
        two = {"attributes": {"hidden": {"type": kind}, kind: {"type": kind}}}
        argument = f"{kind}_attr"

        check_properties({"a": one, "b": {}}, **{argument: kind})
        check_properties({"a": one, "b": {}})
        for label_schema, name in (({"a": one}, "other"), ({"a": two}, None)):
            with pytest.raises(SchemaError, match=argument):
                check_properties(label_schema, **{argument: name})

    def test_properties_of_a_field_in_a_project(self):
        labels = [
            {"id": 1, "name": "cat", "attributes": []},
            {"id": 2, "name": "dog", "attributes": [{"id": 3, **spec("occluded")}]},
        ]
        label_schema = {
            "a": {
                "type": "detections",
                "attributes": {"occluded": {"type": "occluded"}},
            },
            "b": {"type": "polylines", "attributes": {"team": {"type": "group_id"}}},
        }
        for _ in range(2):  # as when it is sent, then as when it is loaded
            _, _, occluded, groups, _ = labels_to_cvat_schema(labels, label_schema)
            assert occluded == {"a": {"cat": "occluded"}}
            assert groups == {"b": {"cat": "team", "dog": "team"}}

    def test_return_types(self):
        fields = {name: info(name) for name in RETURN_TYPES} | {None: {}}
        assert get_return_label_types(fields, fields) == list(RETURN_TYPES.values())
        assert get_return_label_types(fields, [None]) == []
        assert get_return_label_types(fields, []) == []

    def test_all_attributes_of_a_field(self):
        classes = ["x", {"classes": ["y"], "attributes": {"own": {}}}]
        assert schema_attributes({"attributes": {"color": {}}, "classes": classes}) == {
            *("color", "own"),
            *("rotation", "location", "dimensions"),
        }
        assert schema_attributes({"attributes": None, "classes": None}) == {
            "rotation",
            "location",
            "dimensions",
        }
