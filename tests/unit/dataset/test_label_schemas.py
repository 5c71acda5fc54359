"""Classes of labels that came down, written into the dataset's label schemas."""

from __future__ import annotations

from types import SimpleNamespace

import fiftyone as fo
import pytest

from fiftyone_cvat.dataset.label_schemas import note_new_classes, write_new_classes
from fiftyone_cvat.errors import SchemaError
from fiftyone_cvat.runs.last_loads import LoadOptions
from tests.builders import classification, detection

pytestmark = pytest.mark.skipif(
    not hasattr(fo.Dataset, "label_schemas"), reason="FiftyOne has them since 1.16"
)

CATS = {"type": "detections", "component": "dropdown", "classes": ["cat"]}


@pytest.fixture
def cats(dataset):
    cats = fo.Detections(detections=[detection("cat")])
    dataset.add_sample(fo.Sample("/1.png", cats=cats, kind=classification("a")))
    return dataset


def results(samples, label_schema, *, asked=True, **options):
    options = LoadOptions(updates_label_schema=asked, **options)
    config = SimpleNamespace(label_schema=label_schema, load_options=options)
    return SimpleNamespace(samples=samples, config=config, key="run", new_classes={})


def of_type(label_type, *classes):
    return {"type": label_type, "classes": [*classes]}


ANNOTATIONS = {
    "cats": {
        "detections": {"s": {"l1": detection("dog"), "l2": detection("cat")}},
        "polylines": {"s": {"l3": detection("of another type")}},
    },
    "kind": {"classifications": {"s": {"l4": classification("b")}}},
    "frames.cars": {"detections": {"s": {"f": {"l5": detection("taxi")}}}},
    "weather": {"scalar": {"s": "fog"}},
    None: {"detections": {"s": {"l6": detection("of no field")}}},
}
SCHEMA = {
    "cats": of_type("detections", "cat"),
    "kind": of_type("classification", {"classes": ["a"], "attributes": {}}),
    "frames.cars": of_type("detections", "car"),
    "weather": of_type("scalar"),
}


def test_classes_that_did_not_go_up():
    run = results(None, SCHEMA)
    note_new_classes(run, ANNOTATIONS)
    assert run.new_classes == {"cats": ["dog"], "kind": ["b"], "frames.cars": ["taxi"]}
    note_new_classes(run, {})
    assert run.new_classes == {}


def test_nobody_asked():
    run = results(None, SCHEMA, asked=False)
    note_new_classes(run, ANNOTATIONS)
    assert run.new_classes == {}


def test_where_the_labels_go():
    run = results(None, SCHEMA, holder_by_field={"cats": "copies"})
    note_new_classes(run, ANNOTATIONS)
    assert run.new_classes["copies"] == ["dog"]
    assert "cats" not in run.new_classes


def test_a_run_without_fields():
    run = results(None, {None: {}})
    note_new_classes(run, ANNOTATIONS)
    assert run.new_classes == {}


def test_they_are_written_once(cats):
    kind = {**CATS, "type": "classification", "classes": ["a", "b"]}
    cats.set_label_schemas({"cats": CATS, "kind": kind})
    run = results(cats.view(), SCHEMA)
    run.new_classes = {"cats": ["cat", "dog"], "kind": ["b"]}
    write_new_classes(run)
    assert cats.label_schemas["cats"] == {**CATS, "classes": ["cat", "dog"]}
    assert cats.label_schemas["kind"] == kind
    cats.set_label_schemas({"cats": CATS})
    write_new_classes(run)
    assert cats.label_schemas == {"cats": CATS}


def test_a_label_schema_in_which_classes_are_typed(cats, caplog):
    typed = {"type": "detections", "component": "text"}
    cats.set_label_schemas({"cats": typed})
    run = results(cats, SCHEMA)
    run.new_classes = {"cats": ["dog"]}
    write_new_classes(run)
    assert cats.label_schemas == {"cats": typed}
    assert caplog.text == ""


def test_what_fiftyone_refuses(cats):
    cats.set_label_schemas({"cats": CATS})
    cats._doc.label_schemas["cats"]["attributes"] = [{"name": "gone", "type": "str"}]
    cats._doc.save()
    run = results(cats, SCHEMA)
    run.new_classes = {"cats": ["dog"]}
    with pytest.raises(SchemaError, match=r"run 'run' are loaded, but classes 'dog'"):
        write_new_classes(run)


def test_no_results():
    write_new_classes(None)
