"""Frames that several clips of a run have."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace

import pytest

from fiftyone_cvat.runs.absent_tasks import forget
from fiftyone_cvat.runs.stored_runs import gather_frames

NOT_SENT = {"annotations": [], "index": None}


@pytest.fixture
def clips():
    """Clip c1 has frames f1 and f2, clip c2 has f2 and f3."""

    def frames(clip_id, *frame_ids):
        each = [{"sample_id": clip_id, "frame_id": frame_id} for frame_id in frame_ids]
        return dict(enumerate(each))

    return SimpleNamespace(
        lost={},
        project_ids=[],
        task_ids=[1, 2],
        job_ids={1: [11], 2: [21]},
        labels_task_map={},
        frame_id_map={1: frames("c1", "f1", "f2"), 2: frames("c2", "f2", "f3")},
        id_map={
            "_clips": {"c1": "s", "c2": "s"},
            "frames.a": {
                "c1": {"f1": ["a1"], "f2": ["a2", "a3"]},
                "c2": {"f2": ["a2", "a4"], "f3": ["a5"]},
            },
            "frames.one": {"c1": {"f2": "b1"}, "c2": {"f2": "b1"}},
            "frames.value": {"c2": {"f2": True}},
        },
        left_out={},
        unstored={},
        deleted=[],
    )


def test_the_first_clip_has_the_labels_of_a_frame(clips):
    assert gather_frames(clips) == {"f1": "c1", "f2": "c1", "f3": "c2"}
    del clips.id_map["_clips"]
    assert clips.id_map == {
        "frames.a": {
            "c1": {"f1": ["a1"], "f2": ["a2", "a3", "a4"]},
            "c2": {"f3": ["a5"]},
        },
        "frames.one": {"c1": {"f2": "b1"}, "c2": {}},
        "frames.value": {"c2": {}, "c1": {"f2": True}},
    }


def test_what_a_task_has_not_got_is_not_deleted_there(clips):
    gather_frames(clips)
    assert clips.left_out == {
        1: {"f2": {"a4": NOT_SENT, "frames.value": NOT_SENT}},
        2: {"f2": {"a3": NOT_SENT}},
    }


def test_gathering_twice_changes_nothing(clips):
    gather_frames(clips)
    before = deepcopy(clips)
    gather_frames(clips)
    assert clips == before


def test_frames_that_another_task_has_are_not_forgotten(clips):
    gather_frames(clips)
    forget(clips, [1])
    assert clips.id_map["frames.a"] == {"c2": {"f2": ["a2", "a3", "a4"], "f3": ["a5"]}}
    assert clips.id_map["frames.one"] == {"c2": {"f2": "b1"}}
    assert clips.left_out == {2: {"f2": {"a3": NOT_SENT}}}
