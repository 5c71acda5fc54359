"""Three hundred pictures with awkward names stay in order and keep their boxes."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat.convert.shared import frames
from fiftyone_cvat.upload import run_upload
from tests import media
from tests.replay.run import Run

FOLDERS = (
    "a b",
    "ünï cödé",
    "漢字",
    "100%",
    "#hash",
    "it's",
    "x;y",
    "a&b=c",
    "[1]",
    "b",
)
NAMES = ("same.png", "Same.png", "ähnlich 1.png", "10.png", "9.png", "a+b (2).png")


@pytest.mark.in_order
def test_order_ids_and_boxes(dataset, server, tmp_path, monkeypatch):
    sizes = []

    def frames_to_sizes(meta):
        result = frames.frames_to_sizes(meta)
        sizes.extend(result.values())
        return result

    monkeypatch.setattr(run_upload, "frames_to_sizes", frames_to_sizes)
    samples = []
    for number in range(300):
        folder = FOLDERS[number % len(FOLDERS)]
        name = NAMES[number // len(FOLDERS) % len(NAMES)]
        path = tmp_path / folder / str(number // 60) / name
        media.make_image(path, 8 + number % 7, 8 + number % 5, seed=number)
        where = [0.1 + number / 1000, 0.2, 0.3137, 0.2718]
        cats = [fo.Detection(label="cat", bounding_box=where, number=number)]
        labels = fo.Detections(detections=cats) if number % 3 else None
        samples.append(fo.Sample(filepath=str(path), cats=labels))
    dataset.add_samples(samples)
    run = Run(dataset, server, {"cats": {"type": "detections"}}, task_size=200)

    assert sizes == [(8 + number % 7, 8 + number % 5) for number in range(300)]
    assert run.load() == {"cats": {"kept": 200}}
    assert run.differences() == []
