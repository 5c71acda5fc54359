"""Fields that hold one label: what is left out is told, on every way."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest

from tests import media
from tests.replay.run import Run

OUTLINE = [[(0.1, 0.1), (0.5, 0.1), (0.5, 0.5)]]
BOX = {"bounding_box": [0.1, 0.1, 0.3, 0.3]}
MASK = np.ones((7, 10), bool)
KINDS = {
    "classification": (lambda name: fo.Classification(label=name), None),
    "detection": (
        lambda name: fo.Detection(label=name, **BOX),
        {"type": "rectangle", "points": [3.0, 4.0, 9.0, 12.0]},
    ),
    "instance": (
        lambda name: fo.Detection(label=name, mask=MASK, **BOX),
        {"type": "mask", "points": [0.0, 9.0, 2.0, 2.0, 4.0, 4.0]},
    ),
    "polyline": (
        lambda name: fo.Polyline(label=name, points=OUTLINE),
        {"type": "polyline", "points": [3.0, 4.0, 9.0, 12.0]},
    ),
    "polygon": (
        lambda name: fo.Polyline(label=name, points=OUTLINE, closed=True, filled=True),
        {"type": "polygon", "points": [3.0, 4.0, 9.0, 4.0, 9.0, 12.0]},
    ),
    "keypoint": (
        lambda name: fo.Keypoint(label=name, points=[(0.1, 0.1)]),
        {"type": "points", "points": [3.0, 4.0]},
    ),
}
"""The type of the field: what makes a label, and what is drawn; None for a tag."""


@pytest.mark.parametrize("label_type", KINDS)
def test_what_is_left_out_is_told(dataset, server, tmp_path, caplog, label_type):
    """One picture has a label that goes up, one a label that does not, one has none."""
    make, shape = KINDS[label_type]
    paths = media.make_images(tmp_path, ("1.png", "2.png", "3.png"))
    labels = [make("car"), make("truck"), None]
    for path, label in zip(paths, labels, strict=True):
        dataset.add_sample(fo.Sample(filepath=path, one=label))
    run = Run(dataset, server, {"one": {"type": label_type, "classes": ["car"]}})
    told = "Field 'one': 1 labels stay in FiftyOne: class 'truck' is none of the run's"
    assert told in caplog.messages

    car = {"label_id": run.label_ids()["car"], "attributes": []}
    drawn = [car | (shape or {}) | {"frame": frame} for frame in (0, 1, 2, 2)]
    run.change("create", **{"tags" if shape is None else "shapes": drawn})

    assert run.load() == {"one": {"kept": 1, "added": 1, "unmatched": 3}}
    why = {"label beyond the one that 'one' holds": 3}
    assert run.results.reconciliation.reasons == why
    assert [label.label for label in dataset.values("one")] == ["car", "truck", "car"]
    loaded = run.documents()
    assert run.load() == {"one": {"kept": 2, "unmatched": 3}}
    assert run.results.reconciliation.reasons == why
    assert run.differences(loaded) == []
