"""What the caller of ``annotate`` gave, whatever way it was given."""

from __future__ import annotations

import fiftyone as fo
import fiftyone.utils.annotations as foua
import pytest

from fiftyone_cvat.backend import CVATBackend, CVATBackendConfig
from tests import media

CATS = {"cats": {"type": "detections"}}


class NotedBackendConfig(CVATBackendConfig):
    """Stops a run where it would be sent."""


class NotedBackend(CVATBackend):
    """Raises what was given."""

    def upload_annotations(self, *_, **__):
        raise GivenError(self.config.given_schema)


class GivenError(Exception):
    """Holds what was given."""


@pytest.fixture
def cats(dataset, tmp_path):
    [path] = media.make_images(tmp_path, ("1.png",))
    cat = fo.Detection(label="cat", bounding_box=[0.1, 0.1, 0.5, 0.5], mood="calm")
    cats = fo.Detections(detections=[cat])
    dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


def given(call, *args, **arguments):
    with pytest.raises(GivenError) as caught:
        call(*args, backend="cvat", config_cls=NotedBackendConfig, **arguments)
    [found] = caught.value.args
    return found.gives_classes("cats"), found.gives_attributes("cats")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"label_field": "cats"}, (False, False)),
        ({"label_field": "cats", "classes": []}, (False, False)),
        ({"label_field": "cats", "classes": ["cat"]}, (True, False)),
        ({"label_field": "cats", "attributes": ["mood"]}, (False, True)),
        ({"label_field": "cats", "attributes": False}, (False, True)),
        ({"label_field": "cats", "attributes": {}}, (False, True)),
        ({"label_schema": ["cats"]}, (False, False)),
        ({"label_schema": ["cats"], "classes": ["cat"]}, (True, False)),
        ({"label_schema": CATS}, (False, False)),
        ({"label_schema": {"cats": {"classes": ["cat"]}}}, (True, False)),
        ({"label_schema": {"cats": {"classes": []}}, "classes": ["cat"]}, (False,) * 2),
        ({"label_schema": {"cats": {"attributes": {}}}}, (False, True)),
        ({"label_schema": {"cats": {"attributes": True}}}, (False, False)),
        ({"label_schema": CATS, "attributes": False}, (False, True)),
    ],
)
def test_arguments(cats, arguments, expected):
    assert given(cats.annotate, "one", **arguments) == expected
    assert given(cats.view().annotate, "two", **arguments) == expected
    assert given(foua.annotate, cats, "three", **arguments) == expected


def test_a_configuration_that_nobody_annotates_with():
    assert CVATBackendConfig("cvat", CATS).given_schema is None


def test_it_is_not_stored(cats):
    config = CVATBackendConfig("cvat", CATS)
    assert not [name for name in config.serialize() if "given" in name]
