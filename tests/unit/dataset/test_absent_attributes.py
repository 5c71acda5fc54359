"""What FiftyOne is left to merge of the attributes of a run."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace

import pytest

from fiftyone_cvat.dataset.absent_attributes import (
    narrow_attributes,
    restore_attributes,
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
