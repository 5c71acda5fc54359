"""Tasks that take the place of others: what is kept of those, and what is forgotten."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace

import pytest

from fiftyone_cvat.runs.absent_tasks import forget, hide, regain, show_hidden, take_back
from fiftyone_cvat.runs.replacement import (
    Replacement,
    leave_frames,
    leave_labels,
    replace_task,
)
from fiftyone_cvat.runs.stored_runs import stored_to_results


@pytest.fixture
def results():
    """Task 1 has samples a and b, task 2 has c; label 7 is on both of the first."""
    return SimpleNamespace(
        project_ids=[],
        task_ids=[1, 2],
        tasks_with_view=[1],
        last_loads={1: ["a day", None, []], 2: ["a day", None, []]},
        job_ids={1: [11], 2: [21]},
        labels_task_map={"cats": [1, 2], "state": [1]},
        frame_id_map={
            1: {0: {"sample_id": "a"}, 1: {"sample_id": "b"}},
            2: {0: {"sample_id": "c"}},
        },
        id_map={
            "cats": {"a": ["l1", "l2"], "b": ["l3"], "c": ["l4"]},
            "state": {"a": True},
            "_clips_frame_start": {"1": 5},
        },
        server_id_map={"tags": {}, "shapes": {5: "l1", 6: "l2.2", 7: "l4"}},
        fingerprints={"shapes": {5: "f5", 6: "f6", 7: "f7"}, "tags": {3: "f3"}},
        left_out={1: {"a": {"l9": {"annotations": [], "index": None}}}},
        unstored={1: {"a": {"l1": [{"part": 1}]}}},
        deleted=[],
        lost={},
        attached={},
        set_aside=None,
        ids_to_merge=None,
        ids_beside=None,
        beside_ids={},
        other_fields=[],
    )


def a_task(**more):
    arguments = {"old": 1, "new": 8, "frames": {0: 1, 1: 0}, "job_ids": [81]}
    return Replacement(**arguments | {"label_names": {4: "cat"}} | more)


def test_a_task_in_the_place_of_another(results):
    replace_task(results, a_task())

    assert results.task_ids == [8, 2]
    assert results.job_ids == {8: [81], 2: [21]}
    assert results.frame_id_map[8] == {0: {"sample_id": "b"}, 1: {"sample_id": "a"}}
    assert 1 not in results.frame_id_map
    assert results.labels_task_map == {"cats": [8, 2], "state": [8]}
    assert results.left_out == {8: {"a": {"l9": {"annotations": [], "index": None}}}}
    assert results.unstored == {8: {"a": {"l1": [{"part": 1}]}}}
    assert results.id_map["_clips_frame_start"] == {"8": 5}
    assert results.attached == {8: 1}
    # which annotations its labels were is forgotten, and only of its own
    assert results.server_id_map["shapes"] == {7: "l4"}
    assert results.fingerprints["shapes"] == {7: "f7"}
    assert results.fingerprints["labels"] == {4: "cat"}


def test_a_task_that_is_lost_is_back_first(results):
    before = deepcopy(results)
    results.lost = forget(results, [1])
    assert results.task_ids == [2]
    assert "a" not in results.id_map["cats"]

    replace_task(results, a_task())

    assert results.lost == {}
    assert results.task_ids == [2, 8]
    assert results.id_map["cats"] == before.id_map["cats"]
    assert results.frame_id_map[8] == {0: {"sample_id": "b"}, 1: {"sample_id": "a"}}


def test_annotations_of_copies_that_were_left_out_are_forgotten(results):
    results.left_out[1]["a"]["l9"] = {"annotations": [{"points": []}], "index": None}

    replace_task(results, a_task())

    assert results.left_out == {}


def test_frames_that_no_task_has_leave(results):
    replace_task(results, a_task(frames={1: 0}))
    leave_frames(results, [{"sample_id": "a"}])

    assert results.id_map["cats"] == {"b": ["l3"], "c": ["l4"]}
    assert results.id_map["state"] == {}


def test_frames_that_another_task_has_stay(results):
    leave_frames(results, [{"sample_id": "c"}])

    assert results.id_map["cats"]["c"] == ["l4"]


def test_frames_of_videos_leave_alone():
    by_frame = {"f1": ["l1"], "f2": ["l2"]}
    results = SimpleNamespace(
        frame_id_map={8: {0: {"sample_id": "v", "frame_id": "f2"}}},
        id_map={"cars": {"v": by_frame}, "_clips": {"v": "s"}},
    )

    leave_frames(results, [{"sample_id": "v", "frame_id": "f1"}])

    assert results.id_map == {"cars": {"v": {"f2": ["l2"]}}, "_clips": {"v": "s"}}


def test_labels_and_scalars_leave(results):
    results.id_map["cat"] = {"a": "l2", "b": {"f1": "l3"}}

    leave_labels(results, {("cats", "l2"), ("state", "a")})

    assert results.id_map["cats"] == {"a": ["l1"], "b": ["l3"], "c": ["l4"]}
    assert results.id_map["state"] == {}
    # wherever they were loaded to
    assert results.id_map["cat"] == {"a": None, "b": {"f1": "l3"}}


@pytest.mark.parametrize("gone", [[1], [2], [1, 2], [2, 1], []])
def test_what_is_forgotten_is_regained(results, gone):
    before = deepcopy(results)

    regain(results, forget(results, gone))

    assert sorted(results.task_ids) == before.task_ids
    for name in ("job_ids", "frame_id_map", "id_map", "left_out", "unstored"):
        assert getattr(results, name) == getattr(before, name)
    tasks = {name: sorted(each) for name, each in results.labels_task_map.items()}
    assert tasks == before.labels_task_map


@pytest.mark.parametrize("back", [take_back, show_hidden])
def test_hidden_tasks_are_back_with_what_a_load_has_added(results, back):
    results.lost = {9: {"frame_id_map": {}}}
    hide(results, [1])
    assert results.task_ids == [2]
    # what is stored until then has them
    assert results.lost.keys() == {9, 1}
    results.id_map["cats"]["c"].append("new")

    back(results)

    assert results.task_ids == [1, 2]
    # a status is shown in this order
    assert results.labels_task_map == {"cats": [1, 2], "state": [1]}
    assert results.lost.keys() == {9}
    assert results.id_map["cats"] == {
        "a": ["l1", "l2"],
        "b": ["l3"],
        "c": ["l4", "new"],
    }
    assert results.set_aside is None


def test_what_a_run_has_is_not_copied_for_each_task_that_is_back(results):
    class Ids(dict):
        copies = 0

        def __ror__(self, other):
            Ids.copies += 1
            return {**other, **self}

    hide(results, [1])
    results.id_map = {name: Ids(each) for name, each in results.id_map.items()}

    show_hidden(results)

    assert results.id_map["cats"] == {"a": ["l1", "l2"], "b": ["l3"], "c": ["l4"]}
    assert Ids.copies == 0


def test_lost_tasks_are_stored_with_their_frames(results):
    lost = forget(results, [1])
    texts = {str(task_id): dict(part) for task_id, part in lost.items()}
    texts["1"]["frame_id_map"] = {
        str(frame): each for frame, each in lost[1]["frame_id_map"].items()
    }
    stored = {
        "id_map": {},
        "task_ids": [],
        "job_ids": {},
        "frame_id_map": {},
        "labels_task_map": {},
        "lost": texts,
        "attached": {"8": 1},
    }

    again = stored_to_results(stored)

    assert again["lost"] == lost
    assert again["attached"] == {8: 1}
