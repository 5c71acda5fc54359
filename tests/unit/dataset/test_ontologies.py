"""What datasets share of their label schemas, as FiftyOne's App shows it."""

from __future__ import annotations

import pytest

from fiftyone_cvat.dataset.ontologies import with_shared

ontologies = pytest.importorskip(
    "fiftyone.core.ontology", reason="FiftyOne has them since 1.16"
)
attributes = pytest.importorskip("fiftyone.core.annotation.attributes")
nodes = pytest.importorskip("fiftyone.core.annotation.nodes")

Node, Spec = nodes.Node, attributes.AttributeSpec
FIELD = {"type": "detections", "component": "dropdown", "classes": ["car"]}


@pytest.fixture
def taxonomy():
    """Classes below groups, of which one is a class itself; one is given up."""
    root = Node(
        name="all",
        values=[
            Node(name="cars", can_select=False, values=[Node("taxi"), Node("van")]),
            Node(name="bus", values=[Node(name="minibus")]),
            Node(name="tram", deprecated=True),
        ],
    )
    made = ontologies.Taxonomy(name="vehicles", root=root)
    made.save()
    yield made
    made.delete()


@pytest.fixture
def ontology(taxonomy):
    made = ontologies.AnnotationOntology(
        name="damage",
        taxonomy=taxonomy,
        attributes=[Spec(name="harmed", type="bool", component="toggle")],
    )
    made.save()
    yield made
    made.delete()


def test_what_an_ontology_adds(ontology):
    note = {"name": "note", "type": "str", "component": "text"}
    field = {"type": "detections", "applied_ontology": "damage", "attributes": [note]}
    found = with_shared(field)
    assert found["classes"] == ["taxi", "van", "bus", "minibus"]
    assert [each["name"] for each in found["attributes"]] == ["note", "harmed"]
    assert found["attributes"][1]["type"] == "bool"
    own = with_shared({**FIELD, "applied_ontology": "damage"})
    assert own["classes"] == ["car"]


def test_an_attribute_of_a_taxonomy(taxonomy):
    kind = {"name": "kind", "type": "str", "component": "dropdown"}
    [found] = with_shared({**FIELD, "attributes": [{**kind, "taxonomy": "vehicles"}]})[
        "attributes"
    ]
    names = ["taxi", "van", "bus", "minibus"]
    assert found == {**kind, "values": names}
    scalar = {"type": "str", "component": "dropdown"}
    found = with_shared({**scalar, "taxonomy": "vehicles"})
    assert found == {**scalar, "values": names}


def test_a_taxonomy_that_is_gone(caplog):
    kind = {"name": "kind", "type": "str", "component": "dropdown", "taxonomy": "gone"}
    [found] = with_shared({**FIELD, "attributes": [kind]})["attributes"]
    assert found["values"] == []
    assert "no taxonomy 'gone' any more" in caplog.text


def test_what_has_nothing_of_others():
    assert with_shared(FIELD) == FIELD
    assert with_shared({**FIELD, "attributes": []}) == {**FIELD, "attributes": []}


def way(kind, component, *values, **more):
    return {"name": "a", "type": kind, "component": component, **more} | (
        {"values": [*values]} if values else {}
    )


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        (
            [way("str", "radio", "x", "y"), way("str", "radio", "y", "z")],
            way("str", "radio", "x", "y", "z"),
        ),
        (
            [way("str", "radio", "x", default="x"), way("str", "radio", "y")],
            way("str", "radio", "x", "y"),
        ),
        ([way("str", "text"), way("str", "text")], way("str", "text")),
        (
            [way("int", "radio", 1), way("int", "text")],
            way("int", "text") | {"values": [1]},
        ),
        ([way("bool", "toggle"), way("str", "text")], way("str", "text")),
    ],
)
def test_an_attribute_that_is_asked_for_in_several_ways(ways, expected):
    """Which one depends in the App on another value; CVAT knows no conditions."""
    given = [{**each, "when": number} for number, each in enumerate(ways)]
    [found] = with_shared({**FIELD, "attributes": given})["attributes"]
    assert found == expected
