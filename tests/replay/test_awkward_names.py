"""Pictures keep their order and their labels, whatever their files are called."""

from __future__ import annotations

import fiftyone as fo
import pytest

from tests import media
from tests.awkward_names import AWKWARD_NAMES, PAIRS
from tests.replay.run import Run, box

UPLOADS = [
    pytest.param(1 << 26, 1 << 20, {}, id="one request"),
    pytest.param(6_000, 1 << 20, {}, id="several groups"),
    pytest.param(100, 1_000, {}, id="in chunks"),
    pytest.param(6_000, 1 << 20, {"task_size": 15}, id="several tasks"),
]


@pytest.mark.in_order
@pytest.mark.parametrize(("group_size", "chunk_size", "kwargs"), UPLOADS)
def test_names(dataset, server, tmp_path, monkeypatch, group_size, chunk_size, kwargs):
    monkeypatch.setattr("fiftyone_cvat.server.task_media.GROUP_SIZE", group_size)
    monkeypatch.setattr("fiftyone_cvat.server.large_files.CHUNK_SIZE", chunk_size)
    pairs = [name for pair in PAIRS for name in pair]
    names = [f"names/{each}" for each in AWKWARD_NAMES] + [
        f"pairs/{number // 2}/{each}" for number, each in enumerate(pairs)
    ]
    for number, name in enumerate(names):
        # each picture is of a size of its own
        path = media.make_image(tmp_path / name, 16 + number, 8, seed=number)
        boxes = fo.Detections(detections=[box(number=number)])
        dataset.add_sample(fo.Sample(filepath=path, cats=boxes))

    run = Run(dataset, server, {"cats": {"type": "detections"}}, **kwargs)

    widths = []
    for task_id in run.results.task_ids:
        meta = run.api.get(run.api.task_data_meta_url(task_id)).json()
        widths += [each["width"] for each in meta["frames"]]
    assert widths == [16 + number for number in range(len(names))]
    assert run.load() == {"cats": {"kept": len(names)}}
    assert run.differences() == []
