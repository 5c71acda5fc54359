"""Issues and comments of the server as labels; answers that cannot be read."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat.convert.from_cvat.issues import (
    ATTRIBUTES,
    check_comments,
    check_issues,
    issue_to_label,
)
from fiftyone_cvat.convert.to_cvat.issue_positions import to_issue_position
from fiftyone_cvat.errors import AnswerError, GeometryError
from fiftyone_cvat.types import Size

SIZE = Size(40, 20)
ISSUE = {
    "id": 3,
    "job": 5,
    "frame": 2,
    "position": [10.0, 5.0],
    "resolved": False,
    "owner": {"id": 1, "username": "ann"},
    "created_date": "2026-11-24T20:11:10.185942+02:00",
}
COMMENT = {
    "id": 7,
    "issue": 3,
    "owner": None,
    "message": "why?",
    "created_date": "2026-11-24T18:11:10Z",
}


def label_of(comments=(COMMENT,), server="http://s", **changes):
    return issue_to_label({**ISSUE, **changes}, comments, SIZE, server, "http://s/f")


@pytest.mark.parametrize(
    ("position", "points"),
    [
        ([10, 5], None),
        (
            [10.0, 5.0, 20.0, 15.0],
            [[0.25, 0.25], [0.5, 0.25], [0.5, 0.75], [0.25, 0.75]],
        ),
        ([0, 0, 40, 0, 20, 10], [[0, 0], [1, 0], [0.5, 0.5]]),
        ([-4.0, 30.0, 44.0, 0.0, 1.0, 1.0, 2.0, 2.0], None),
    ],
)
def test_positions(position, points):
    label = label_of(position=position)

    if len(position) == 2:
        assert isinstance(label, fo.Keypoint)
        assert label.points == [[0.25, 0.25]]
        return
    assert isinstance(label, fo.Polyline)
    assert (label.closed, label.filled) == (True, False)
    [found] = label.points
    assert points is None or found == points
    assert len(found) == (4 if len(position) in (4, 8) else 3)


def test_what_a_label_has():
    label = label_of([COMMENT, {**COMMENT, "id": 8, "message": "so"}])

    assert (label.issue_id, label.job_id, label.resolved) == (3, 5, False)
    assert (label.label, label.author, label.text) == ("open", "ann", "why?")
    assert label.created_at.isoformat() == "2026-11-24T18:11:10.185000"
    assert [each.text for each in label.comments] == ["why?", "so"]
    assert label.comments[0].author is None
    assert label.comments[0].created_at.isoformat() == "2026-11-24T18:11:10"
    assert label.url == "http://s/f"
    own = {"id", "tags", "attributes", "confidence", "index", "instance"}
    assert set(label_of(position=[0, 0, 1, 1]).field_names) - own <= set(ATTRIBUTES)
    assert label_of(resolved=True).label == "resolved"
    assert label_of([]).text is None
    assert label_of(created_date=None, owner=None).created_at is None


def test_ids_are_the_same_in_each_load_and_differ_between_servers():
    ids = [label_of().id, label_of(resolved=True).id]
    others = [label_of(id=4).id, label_of(server="http://t").id]

    assert ids[0] == ids[1]
    assert len({ids[0], *others}) == 3


@pytest.mark.parametrize("position", [[], [1.0], [1.0, 2.0, 3.0]])
def test_positions_that_are_none(position):
    with pytest.raises(GeometryError):
        label_of(position=position)


def test_a_frame_without_a_size():
    with pytest.raises(GeometryError):
        issue_to_label(ISSUE, [], Size(0, 0), "http://s", "")


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": "3"},
        {"id": 2**63},
        {"job": True},
        {"frame": -1},
        {"position": None},
        {"position": ["1", 2]},
        {"position": [1.0, float("nan")]},
        {"position": [1.0, 10**400]},
        {"resolved": None},
        {"created_date": "yesterday"},
        {"created_date": 7},
    ],
)
def test_issues_that_cannot_be_read(change):
    check_issues([ISSUE], "http://s/api/issues")
    with pytest.raises(AnswerError, match="http://s/api/issues was answered"):
        check_issues([ISSUE, {**ISSUE, **change}], "http://s/api/issues")


@pytest.mark.parametrize(
    "change", [{"id": None}, {"issue": None}, {"message": 7}, {"created_date": ""}]
)
def test_comments_that_cannot_be_read(change):
    check_comments([COMMENT], "http://s/api/comments")
    with pytest.raises(AnswerError, match="http://s/api/comments was answered"):
        check_comments([{**COMMENT, **change}], "http://s/api/comments")


@pytest.mark.parametrize("check", [check_issues, check_comments])
def test_what_is_no_object(check):
    with pytest.raises(AnswerError, match="no object"):
        check([7], "http://s")


@pytest.mark.parametrize(
    "place",
    [
        (0.25, 0.5),
        [(0.25, 0.5), (0.75, 0.5), (0.5, 1.0)],
        [(0.0, 0.0), (1.0, 0.5), (0.5, 1.0), (0.25, 0.25), (0.125, 0.5)],
    ],
)
def test_places_go_up_and_come_back(place):
    label = label_of(position=to_issue_position(place, SIZE))

    if isinstance(place, tuple):
        assert label.points == [list(place)]
    else:
        assert label.points == [[list(each) for each in place]]
