"""Fields that FiftyOne itself fills: which they are goes by what the samples are."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat.upload.field_checks import own_field
from tests import media


@pytest.fixture
def pictures(dataset, tmp_path):
    dataset.add_sample(fo.Sample(media.make_image(tmp_path / "1.png")))
    return dataset


@pytest.fixture
def films(dataset, tmp_path):
    sample = fo.Sample(media.copy_video(tmp_path / "1.mp4"), support=[1, 3])
    sample.frames[1] = fo.Frame()
    sample["events"] = fo.TemporalDetections(
        detections=[fo.TemporalDetection(label="a", support=[1, 3])]
    )
    dataset.add_sample(sample)
    return dataset


@pytest.mark.parametrize(
    "name",
    ["support", "sample_id", "frame_number", "media_type", "metadata.weather", "cats"],
)
def test_fields_that_pictures_do_not_have_by_default(pictures, name):
    assert own_field(pictures, name, pictures) is None


@pytest.mark.parametrize(
    "name", ["id", "filepath", "tags", "metadata", "metadata.width", "created_at"]
)
def test_fields_that_they_have(pictures, name):
    assert own_field(pictures, name, pictures) == name


@pytest.mark.parametrize("name", ["support", "sample_id", "filepath"])
def test_fields_of_clips(films, name):
    assert own_field(films, name, films.to_clips("events")) == name


@pytest.mark.parametrize(
    "name", ["sample_id", "frame_number", "filepath", "metadata.width"]
)
def test_fields_of_views_of_frames(films, name):
    assert own_field(films, name, films.to_frames(sample_frames="dynamic")) == name


def test_fields_of_frames(films):
    assert own_field(films, "frames.frame_number", films) == "frame_number"
    assert own_field(films, "frames.support", films) is None
