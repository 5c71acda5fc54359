"""Fields with labels of two kinds, of which a run takes one: the others are told."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest

from tests import media
from tests.replay.run import Run, box

TRIANGLE = [[[0.125, 0.25], [0.5, 0.25], [0.5, 0.5]]]


def line(filled):
    return fo.Polyline(label="cat", points=TRIANGLE, filled=filled, closed=filled)


def instance():
    return box(mask=np.ones((6, 10), bool))


MAKERS = {
    "polygons": lambda: [line(True), line(False)],
    "polylines": lambda: [line(None), line(True)],
    "detections": lambda: [box(), instance()],
    "instances": lambda: [instance(), box()],
}
REASONS = {
    "polygons": "they are not filled, as labels of type 'polylines'",
    "polylines": "they are filled, which labels of type 'polygons' are",
    "detections": "they have a mask, which labels of type 'instances' have",
    "instances": "they have no mask, as labels of type 'detections'",
}


@pytest.mark.parametrize("label_type", MAKERS)
def test_labels_of_the_other_kind(dataset, server, tmp_path, label_type, caplog):
    labels = MAKERS[label_type]()
    if isinstance(labels[0], fo.Polyline):
        value = fo.Polylines(polylines=labels)
    else:
        value = fo.Detections(detections=labels)
    path = media.make_image(tmp_path / "1.png")
    dataset.add_sample(fo.Sample(filepath=path, cats=value))
    run = Run(dataset, server, {"cats": {"type": label_type}})
    told = [each for each in caplog.messages if "stay in FiftyOne" in each]
    assert told == [f"Field 'cats': 1 labels stay in FiftyOne: {REASONS[label_type]}"]
    [sent] = run.annotations()["shapes"]

    assert run.load() == {"cats": {"kept": 1}}
    assert run.differences() == []
    run.change("delete", shapes=[sent])
    assert run.load() == {"cats": {"deleted": 1}}
    [left] = dataset.first().cats[value._LABEL_LIST_FIELD]
    assert left.id == labels[1].id
