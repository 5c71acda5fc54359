"""The field with the paths of a run's media: declared, or known by its values."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.upload.media_checks import check_media, check_media_field
from tests import media


@pytest.fixture
def images(dataset, tmp_path):
    paths = media.make_images(tmp_path, ("1.png", "2.png"))
    for path in paths:
        sample = fo.Sample(path, gt=fo.Classification(label="a"))
        sample.metadata = fo.ImageMetadata(width=10, height=10)
        sample.metadata["original"] = path
        inner = fo.DynamicEmbeddedDocument(path=path)
        sample["doc"] = fo.DynamicEmbeddedDocument(path=path, number=1, inner=inner)
        sample["doc"]["texts"] = [path]
        sample["table"] = {"path": path, "number": 1}
        dataset.add_sample(sample)
    assert dataset.get_field("doc.path") is None
    return dataset


UNDECLARED = ("doc.path", "doc.inner.path", "metadata.original", "table.path")


@pytest.mark.parametrize("name", UNDECLARED)
def test_attributes_that_are_not_declared(images, name):
    for samples in (images, images.limit(1)):
        check_media_field(samples, name)
        check_media(samples, name)


@pytest.mark.parametrize("name", ["doc.path", "doc.inner.path", "metadata.original"])
def test_attributes_that_are_declared(images, name):
    images.add_dynamic_sample_fields()
    assert images.get_field(name) is not None
    check_media_field(images, name)


def test_an_attribute_that_a_few_have(images):
    images.add_sample(fo.Sample("/3.png"))
    check_media_field(images, "doc.path")


@pytest.mark.parametrize(
    "name",
    [
        *("doc.pth", "doc.path.x", "doc.", "table.x", "metadata.x", "nothing.path"),
        *(".path", "gt.x", "filepath.x", "tags.x"),
    ],
)
def test_attributes_that_are_not_there(images, name):
    with pytest.raises(ConfigurationError, match="no field of that name"):
        check_media_field(images, name)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("doc.number", "int"),
        ("doc.texts", "list"),
        ("doc.inner", "dict"),
        ("table.number", "int"),
        ("metadata.width", "IntField"),
    ],
)
def test_attributes_that_hold_no_paths(images, name, what):
    with pytest.raises(ConfigurationError, match=f"'{name}', which is .* of {what}; "):
        check_media_field(images, name)


def test_an_attribute_that_holds_paths_and_others(images):
    sample = images.last()
    sample["doc"]["path"] = 5
    sample.save()
    with pytest.raises(ConfigurationError, match="a field of int and str;"):
        check_media_field(images, "doc.path")
