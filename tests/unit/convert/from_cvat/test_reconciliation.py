"""How many labels were kept, changed, added or deleted."""

from __future__ import annotations

from fiftyone_cvat.convert.from_cvat.reconciliation import Reconciliation


def test_counts_by_field_and_task():
    counted = Reconciliation()
    counted.add("a", 1, "kept")
    counted.add("a", 1, "kept", 2)
    counted.add("a", 2, "deleted")
    counted.add(None, 1, "added", 0)
    zero = {"kept": 0, "changed": 0, "added": 0, "deleted": 0, "unmatched": 0}
    assert counted.counts == {
        "a": {1: zero | {"kept": 3}, 2: zero | {"deleted": 1}},
        None: {1: zero},
    }
    assert counted.totals("a") == zero | {"kept": 3, "deleted": 1}
    assert counted.totals("unknown") == zero


def test_lines_for_people():
    counted = Reconciliation()
    counted.add("a", 1, "kept", 2)
    counted.add(None, 1, "added")
    counted.add(None, 2, "unmatched")
    counted.add("none", 1, "deleted", 0)
    counted.add_reason("ellipse that FiftyOne cannot hold")
    counted.add_reason("ellipse that FiftyOne cannot hold")
    counted.deleted_frames = 3
    counted.undecided["label of another type"] = 4
    assert counted.lines() == [
        "a:      2 kept",
        "labels: 1 added, 1 left out",
        "none:   no labels",
        "2 x ellipse that FiftyOne cannot hold",
        "4 x label of another type: `unexpected` says what becomes of it",
        "3 frames were deleted in CVAT: their labels stay as they are",
    ]
    assert Reconciliation().lines() == []


def test_lines_of_one_and_of_several():
    names = ("deleted_frames", "not_asked", "tasks_as_loaded")
    assert Reconciliation(**dict.fromkeys(names, 1)).lines() == [
        "1 frame was deleted in CVAT: its labels stay as they are",
        "1 frame is in a job that was not asked for: its labels stay as they are",
        "1 task has not changed in CVAT since it was loaded",
    ]
    assert Reconciliation(**dict.fromkeys(names, 2)).lines() == [
        "2 frames were deleted in CVAT: their labels stay as they are",
        "2 frames are in jobs that were not asked for: their labels stay as they are",
        "2 tasks have not changed in CVAT since they were loaded",
    ]


def test_a_load_of_nothing_is_one_line():
    counted = Reconciliation(not_asked=2, tasks_as_loaded=1, nothing="Nothing to load")
    assert counted.lines() == ["Nothing to load"]


def test_counts_are_no_other_run_s():
    Reconciliation().add("a", 1, "kept")
    assert Reconciliation().counts == {}
