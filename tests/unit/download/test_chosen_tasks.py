"""Which tasks of a run are read if some jobs are chosen."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from fiftyone_cvat.download import chosen_tasks
from fiftyone_cvat.download.chosen_tasks import ChosenTasks
from fiftyone_cvat.runs.last_loads import LoadOptions

FRAMES = {
    1: {0: {"sample_id": "a"}, 1: {"sample_id": "b"}},
    2: {0: {"sample_id": "b"}, 1: {"sample_id": "c"}},
    3: {0: {"sample_id": "d"}},
}


def job(job_id, task_id, start, stop, state="completed"):
    return {
        "id": job_id,
        "task_id": task_id,
        "type": "annotation",
        "start_frame": start,
        "stop_frame": stop,
        "stage": "annotation",
        "state": state,
    }


@pytest.fixture
def read(monkeypatch):
    """Choose jobs of a run of tasks 1 and 2, which share a picture, and of task 3."""

    def choose(listed, chosen):
        results = SimpleNamespace(
            config=SimpleNamespace(load_options=LoadOptions(), jobs=chosen),
            task_ids=[1, 2, 3],
            job_ids={1: [11, 12], 2: [21], 3: [31]},
            frame_id_map={key: dict(frames) for key, frames in FRAMES.items()},
            frame_numbering="task",
            labels_task_map={},
            id_map={},
            left_out={},
            unstored={},
            lost={},
        )
        monkeypatch.setattr(chosen_tasks, "jobs_of_tasks", lambda *_: listed)
        tasks = ChosenTasks(None, results)
        tasks.choose()
        tasks.leave_others()
        return results.task_ids, tasks.keys_left()

    return choose


FIRST, SECOND = job(11, 1, 0, 0), job(12, 1, 1, 1, "new")
OTHER, THIRD = job(21, 2, 0, 1, "new"), job(31, 3, 0, 0, "new")


@pytest.mark.parametrize(
    ("chosen", "tasks", "left"),
    [
        ([11, 12, 21, 31], [1, 2, 3], set()),
        ([31], [3], set()),
        # the tasks share a picture, and so does what is read of them
        ([11], [1, 2], {"b", "c"}),
        ([21], [1, 2], {"a"}),
        ([], [], set()),
    ],
)
def test_tasks_that_share_a_picture_are_read_together(read, chosen, tasks, left):
    assert read([FIRST, SECOND, OTHER, THIRD], chosen) == (tasks, left)


def test_jobs_that_the_server_does_not_list_are_not_chosen(read):
    # of task 1 only the completed job is listed, and none of task 3
    assert read([FIRST, OTHER], "completed") == ([1, 2], {"b", "c"})
