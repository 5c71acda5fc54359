"""What FiftyOne is left to merge of the attributes of a run."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace

import fiftyone as fo
import pytest

from fiftyone_cvat.dataset.absent_attributes import (
    leave_out_all_fields,
    narrow_attributes,
    restore_attributes,
    restore_instances,
)

NAMES = ("mood", "score", "tags", "mask_path", "a.b", "id", "logits", "attributes")


def run(id_map, *, existing_field):
    attributes = {name: {"type": "text"} for name in NAMES}
    of_class = {"classes": ["cat"], "attributes": deepcopy(attributes)}
    info = {"attributes": attributes, "classes": ["dog", of_class]}
    schema = {"cats": info | {"existing_field": existing_field}}
    config = SimpleNamespace(label_schema=schema)
    return SimpleNamespace(config=config, id_map=id_map, whole_attributes=[])


@pytest.mark.parametrize(
    ("id_map", "existing_field", "left"),
    [
        ({"cats": {}}, True, {"mood"}),
        ({"cats": {}, "other": {}}, True, {"mood", "score", "tags"}),
        ({"cats": {}}, False, {"mood", "score", "tags"}),
    ],
    ids=["edited", "loaded into another field", "new field"],
)
def test_no_part_of_labels_is_merged_as_an_attribute(id_map, existing_field, left):
    results = run(id_map, existing_field=existing_field)
    before = deepcopy(results.config.label_schema)
    narrow_attributes(results, {"cats": {"mood"}})
    info = results.config.label_schema["cats"]
    assert set(info["attributes"]) == left
    assert set(info["classes"][1]["attributes"]) == left
    restore_attributes(results)
    assert results.config.label_schema == before


@pytest.mark.parametrize("listed", [True, False], ids=["list", "label"])
@pytest.mark.parametrize("loaded_into", ["cats", "copies"])
def test_instances_of_labels_that_are_of_another_object(dataset, listed, loaded_into):
    one, two = fo.Instance(), fo.Instance()
    cats = [fo.Detection(label="cat"), fo.Detection(label="cat")]
    for each in cats:
        each["instance"] = one
    first = cats[0]

    def value():
        return fo.Detections(detections=cats) if listed else first

    copies = {"copies": value()} if loaded_into == "copies" else {}
    dataset.add_sample(fo.Sample("/1.png", cats=value(), **copies))
    others = {"cats", *copies}

    def named(field):
        dataset.reload()
        found = dataset.first()[field]
        labels = found.detections if listed else [found]
        held = [each.get_attribute_value("instance", None) for each in labels]
        return [each and each.id for each in held]

    other = "cats" if copies else None
    for instance in (two.id, None):
        restore_instances(dataset, {"cats": {first.id: instance}}, others)
        assert named(loaded_into) == [instance, one.id][: 2 if listed else 1]
        if other is not None:
            assert named(other) == [one.id, one.id][: 2 if listed else 1]
        stored = dataset._sample_collection.find_one({})[loaded_into]
        label = stored["detections"][0] if listed else stored
        assert label.get("instance") == (instance and two.to_dict())
        assert ("instance" in label) == (instance is not None)


def test_fields_that_are_left_out_are_back_in_their_order():
    schema = {"b": {"type": "detections"}, "a": {"type": "scalar"}, "c": {}}
    before = {name: dict(info) for name, info in schema.items()}
    results = SimpleNamespace(
        config=SimpleNamespace(label_schema=schema), whole_attributes=[]
    )

    leave_out_all_fields(results)
    assert schema == {}
    restore_attributes(results)

    assert schema == before
    assert [*schema] == [*before]
    assert results.whole_attributes == []
