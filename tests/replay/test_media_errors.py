"""Errors about media name the file and the sample."""

from __future__ import annotations

from pathlib import Path

import fiftyone as fo
import pytest

from fiftyone_cvat.errors import CVATError, ServerJobError
from tests import media
from tests.replay.run import Run
from tests.unit.server.test_media_faults import too_large

CATS = {"cats": {"type": "detections", "classes": ["cat"]}}


def make_too_large(path):
    too_large(path)


def make_broken(path):
    path.write_bytes(b"\x89PNG\r\n\x1a\n no picture")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(make_too_large, "more pixels"), (make_broken, "cannot be read as a picture")],
)
def test_a_picture_that_cvat_cannot_read(dataset, server, tmp_path, spoil, words):
    for path in media.make_images(tmp_path, ("1.png", "2.png", "3.png")):
        dataset.add_sample(fo.Sample(filepath=path))
    sample = dataset.skip(1).first()
    spoil(Path(sample.filepath))

    with pytest.raises(ServerJobError, match="CVAT could not build") as caught:
        Run(dataset, server, CATS)

    message = str(caught.value)
    assert f"'{sample.filepath}'" in message
    assert words in message
    assert f"(sample {sample.id})" in message
    assert dataset.first().filepath not in message
    assert dataset.list_annotation_runs() == []


def test_a_video_that_cvat_cannot_read(dataset, server, tmp_path):
    good, bad = (media.copy_video(tmp_path / name) for name in ("1.mp4", "2.mp4"))
    dataset.add_samples([fo.Sample(filepath=good), fo.Sample(filepath=bad)])
    dataset.compute_metadata()
    Path(bad).write_bytes(b"\0no video")

    with pytest.raises(CVATError, match=r"2\.mp4") as caught:
        Run(dataset, server, {"frames.cats": CATS["cats"]})

    assert dataset.last().id in str(caught.value)
