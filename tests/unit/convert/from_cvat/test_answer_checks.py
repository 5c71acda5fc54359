"""Answers that cannot be used as a whole."""

from __future__ import annotations

from copy import deepcopy

import pytest

from fiftyone_cvat.convert.from_cvat.answer_checks import (
    check_annotations,
    check_frames,
    check_jobs,
    check_labels,
    check_meta,
    check_states,
)
from fiftyone_cvat.errors import AnswerError

WHERE = "Task 7: http://cvat/api"
LABEL = {
    "id": 2,
    "name": "cat",
    "attributes": [{"id": 3, "name": "color", "input_type": "text", "values": []}],
    "sublabels": [],
}
JOB = {"id": 5, "task_id": 7, "start_frame": 0, "stop_frame": 1}
JOB |= {"stage": "annotation", "state": "new", "organization": None}
JOB |= {"issues": {"count": 0, "url": "http://cvat/api/issues"}}
META = {"size": 2, "frames": [{"width": 9, "height": 5}] * 2, "deleted_frames": None}


def without(value, key):
    return {name: each for name, each in value.items() if name != key}


@pytest.mark.parametrize("answer", [None, [], {}, {"tags": [], "shapes": []}])
def test_lists_of_annotations_are_needed(answer):
    check_annotations({"tags": [], "shapes": [], "tracks": []}, WHERE)
    with pytest.raises(AnswerError, match=f"{WHERE} was answered"):
        check_annotations(answer, WHERE)


@pytest.mark.parametrize(
    "change",
    [
        *({"size": None}, {"size": 10**12}, {"size": 1}, {"frames": {}}),
        *({"frames": [7, 7]}, {"frames": META["frames"][:1]}, {"start_frame": -1}),
        *({"frames": [{"width": 2**19, "height": 2**19}] * 2}, {"frame_filter": "x"}),
        *({"frames": [{"width": -1, "height": 1}] * 2}, {"deleted_frames": [None]}),
    ],
)
def test_descriptions_of_data(change):
    check_meta(META, [0, 1], WHERE)
    check_meta({**META, "frames": META["frames"][:1], "size": 99}, [], WHERE)
    with pytest.raises(AnswerError, match=WHERE):
        check_meta({**META, **change}, [0, 1], WHERE)


@pytest.mark.parametrize(
    "meta",
    [
        *(None, [], {}, {"frames": None}, {"frames": [7]}),
        *({"frames": [{"width": "9"}]}, {"frames": [], "included_frames": 7}),
        {"frames": [], "included_frames": [None]},
        {"frames": [], "included_frames": [2], "start_frame": "2"},
        {"frames": [], "included_frames": [2], "frame_filter": "step=two"},
    ],
)
def test_frames_of_jobs(meta):
    for known in ({}, {"included_frames": None}, {"included_frames": [0, 7]}):
        check_frames({"frames": META["frames"], **known}, WHERE)
    with pytest.raises(AnswerError, match=WHERE):
        check_frames(meta, WHERE)


@pytest.mark.parametrize("job", [None, {}, {"start_frame": 0, "stop_frame": "1"}])
def test_jobs(job):
    check_jobs([{"start_frame": 0, "stop_frame": 1}], WHERE)
    with pytest.raises(AnswerError, match=WHERE):
        check_jobs([job], WHERE)


@pytest.mark.parametrize(
    "change",
    [
        *({"id": None}, {"id": True}, {"id": 2**63}, {"task_id": "7"}),
        *({"stage": None}, {"stage": ["annotation"]}, {"state": 7}, {"state": {}}),
        *({"organization": "team"}, {"organization": True}, {"issues": 7}),
        *({"issues": {"count": "1"}}, {"issues": {"count": -1}}, {"stop_frame": None}),
    ],
)
def test_where_jobs_stand(change):
    for known in (JOB, without(JOB, "issues"), {**JOB, "issues": {}}):
        check_states([known], WHERE)
    with pytest.raises(AnswerError, match=WHERE):
        check_states([JOB, {**JOB, **change}], WHERE)


@pytest.mark.parametrize(
    "change",
    [
        *({"id": None}, {"name": 7}, {"attributes": None}, {"sublabels": 7}),
        *({"svg": 7}, {"type": []}, {"sublabels": [{"id": 8}]}),
        {"attributes": [without(LABEL["attributes"][0], "input_type")]},
        {"attributes": LABEL["attributes"] * 2},
        {"attributes": [{**LABEL["attributes"][0], "values": [None]}]},
        {"attributes": [{**LABEL["attributes"][0], "default_value": 7}]},
    ],
)
def test_labels(change):
    check_labels([LABEL], WHERE)
    with pytest.raises(AnswerError, match=WHERE):
        check_labels([{**deepcopy(LABEL), **change}], WHERE)


@pytest.mark.parametrize("change", [{}, {"id": 9}, {"name": "dog"}])
def test_two_labels_with_one_name_or_id(change):
    with pytest.raises(AnswerError, match="two"):
        check_labels([LABEL, {**LABEL, **change}], WHERE)
