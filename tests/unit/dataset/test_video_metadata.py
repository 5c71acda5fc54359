"""Metadata and frames of videos."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat.dataset import video_metadata
from fiftyone_cvat.dataset.video_metadata import (
    add_video_metadata,
    ensure_frames,
    read_video_metadata,
)
from fiftyone_cvat.errors import MediaError
from tests.media import copy_video

NUMBERS = {
    "frame_width": 32,
    "frame_height": 24,
    "frame_rate": 10.0,
    "total_frame_count": 12,
    "duration": 1.2,
}


@pytest.fixture
def video(dataset, tmp_path):
    sample = fo.Sample(copy_video(tmp_path / "video.mp4"))
    dataset.add_sample(sample)
    return sample


@pytest.fixture
def without_ffprobe(monkeypatch):
    monkeypatch.setattr(video_metadata.shutil, "which", lambda name: None)


def numbers(metadata):
    return {name: metadata[name] for name in NUMBERS}


def test_metadata_of_a_video(tmp_path):
    metadata = read_video_metadata(copy_video(tmp_path / "video.mp4"))
    assert numbers(metadata) == NUMBERS
    assert metadata.size_bytes == (tmp_path / "video.mp4").stat().st_size


def test_metadata_of_a_path_that_is_not_ascii(tmp_path):
    metadata = read_video_metadata(copy_video(tmp_path / "Ünï 🐈.mp4"))
    assert numbers(metadata) == NUMBERS


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_what_is_no_video_is_named(tmp_path, content):
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=r"broken\.mp4"):
        read_video_metadata(str(path))
    with pytest.raises(MediaError, match=r"absent\.mp4"):
        read_video_metadata(str(tmp_path / "absent.mp4"))


def test_metadata_without_ffprobe(dataset, video, without_ffprobe):
    add_video_metadata(dataset)
    video.reload()
    assert numbers(video.metadata) == NUMBERS


def test_known_metadata_are_kept(dataset, video, without_ffprobe):
    video.metadata = fo.VideoMetadata(total_frame_count=5, frame_width=9)
    video.save()
    add_video_metadata(dataset)
    video.reload()
    assert (video.metadata.total_frame_count, video.metadata.frame_width) == (5, 9)


def test_metadata_of_a_view(dataset, video, tmp_path, without_ffprobe):
    other = fo.Sample(copy_video(tmp_path / "other.mp4"))
    dataset.add_sample(other)
    add_video_metadata(dataset.select(other.id))
    assert dataset[other.id].metadata.total_frame_count == 12
    assert dataset[video.id].metadata is None


def test_each_frame_gets_a_document(dataset, video, without_ffprobe):
    add_video_metadata(dataset)
    ensure_frames(dataset)
    assert dataset.values("frames.frame_number", unwind=True) == list(range(1, 13))


def test_frames_of_clips_are_those_of_their_video(dataset, video, without_ffprobe):
    add_video_metadata(dataset)
    video.reload()
    video["events"] = fo.TemporalDetections(
        detections=[fo.TemporalDetection(label="x", support=[3, 5])]
    )
    video.save()
    ensure_frames(dataset.to_clips("events"))
    assert dataset.values("frames.frame_number", unwind=True) == list(range(1, 13))
    assert len(dataset) == 1
