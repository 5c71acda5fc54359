"""Tracks that are loaded into another field: no index there is one of two tracks."""

from __future__ import annotations

import fiftyone as fo
import pytest

from tests.replay.run import Run, box
from tests.replay.test_tracks import detections, edit, film

PETS = {"frames.pets": {"type": "detections"}}


def pets(number):
    """A cat and a dog that share an index, and two dogs that have their own."""
    here = [box("cat", number / 40, index=2), box("dog", 0.5, index=2)]
    return detections(*here, box("dog", 0.3, index=5), box("dog", 0.4, index=7))


def tracks(dataset, field):
    """Return index to the classes of its tracks, each with how many labels it has."""
    found = {}
    for frame in dataset.first().frames.values():
        labels = frame[field]
        for label in labels.detections if labels else []:
            by_class = found.setdefault(label.index, {})
            by_class[label.label] = by_class.get(label.label, 0) + 1
    return found


def of_field(documents, field):
    return {key: each[field] for key, each in documents.items() if each.get(field)}


@pytest.mark.parametrize("is_new", [True, False], ids=["new", "has tracks"])
def test_classes_that_share_an_index(dataset, server, tmp_path, is_new):
    film(dataset, tmp_path, range(1, 6), pets=pets)
    own = {}
    if not is_new:
        sample = dataset.first()
        for frame in sample.frames.values():
            foxes = [box("fox", 0.1, index=1), box("fox", 0.6, index=2)]
            frame["copies"] = fo.Detections(detections=foxes)
        sample.save()
        own = tracks(dataset, "copies")
    number = tracks(dataset, "pets")[5]["dog"]
    run = Run(dataset, server, PETS)
    wanted = {"frames.pets": "frames.copies"}

    run.load(dest_field=wanted)

    assert of_field(run.documents(), "pets") == of_field(run.before, "pets")
    found = tracks(dataset, "copies")
    for index, foxes in own.items():
        assert found.pop(index) == foxes
    expected = [{"cat": number, "dog": number}, {"dog": number}, {"dog": number}]
    assert sorted(found.values(), key=len, reverse=True) == expected
    loaded = run.documents()
    run.load(dest_field=wanted)
    assert run.differences(loaded) == []

    track = next(e for e in run.annotations()["tracks"] if e["shapes"][0]["frame"] == 0)
    edit(run, track, 4, points=[1.0, 2.0, 11.0, 12.0])
    run.load(dest_field=wanted)
    assert of_field(run.documents(), "pets") == of_field(run.before, "pets")
    assert tracks(dataset, "copies") == found | own
