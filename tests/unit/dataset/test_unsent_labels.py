"""Why labels are not sent: a field of one label tells it as a field of many does."""

from __future__ import annotations

from collections import Counter

import fiftyone as fo
import numpy as np
import pytest

from fiftyone_cvat.api.field_members import FieldMembers
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.to_cvat.schema import build_cvat_schema
from fiftyone_cvat.dataset.field_annotations import (
    FieldConversion,
    convert_labels,
    unsent_reasons,
)
from fiftyone_cvat.types import Size

OUTLINE = {"points": [[(0.1, 0.1), (0.5, 0.1), (0.5, 0.5)]], "closed": True}
BOX = {"bounding_box": [0.1, 0.1, 0.2, 0.2]}
MASK = np.ones((4, 4), bool)
KINDS = {
    "classification": (fo.Classification, {}, None),
    "detection": (fo.Detection, BOX, {}),
    "instance": (fo.Detection, {**BOX, "mask": MASK}, {**BOX, "mask": ~MASK}),
    "polyline": (fo.Polyline, OUTLINE, {"points": []}),
    "polygon": (fo.Polyline, {**OUTLINE, "filled": True}, {"points": []}),
    "keypoint": (fo.Keypoint, {"points": [(0.1, 0.2)]}, {"points": []}),
}
"""Types of field that hold one label: its class, a place that goes up, one that not."""


def reasons(label_type, value):
    info = {"type": label_type, "classes": ["car"], "existing_field": True}
    schema, *_ = build_cvat_schema({"x": info})
    conversion = FieldConversion.of_field("x", info, schema, {}, {})
    ref, size = FrameRef("0" * 24, None), Size(40, 30)
    ids, *_ = convert_labels(FieldMembers(), value, conversion, 0, size, ref)
    return Counter(unsent_reasons(value, ids, conversion))


@pytest.mark.parametrize("label_type", KINDS)
@pytest.mark.parametrize("name", ["car", "truck", None])
@pytest.mark.parametrize("has_place", [True, False])
def test_one_label_is_told_as_in_a_list(label_type, name, has_place):
    make, good, bad = KINDS[label_type]
    if not has_place and bad is None:
        pytest.skip("a classification has no place")
    label = make(label=name, **(good if has_place else bad))
    field = {"classification": "classifications", "instance": "detections"}.get(
        label_type, f"{'polyline' if label_type == 'polygon' else label_type}s"
    )

    one = reasons(label_type, label)

    assert one == reasons(f"{label_type}s", {field: [label]})
    assert one.total() == (name != "car" or not has_place)
