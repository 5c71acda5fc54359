"""Fields that a run makes beside those it annotates: status and issues."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.dataset.issue_fields import IssueCounts, write_issue_fields
from fiftyone_cvat.dataset.run_samples import ids_of, present
from fiftyone_cvat.dataset.status_fields import clear_status_field, write_status_field
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.job_status import FrameStatus
from tests.unit.runs.test_job_status import job


@pytest.fixture
def pictures(dataset):
    dataset.add_samples([fo.Sample(f"{n}.png") for n in range(3)])
    return dataset


@pytest.fixture
def groups(dataset):
    """Two groups of a left and a right picture."""
    dataset.add_group_field("group", default="left")
    for number in range(2):
        group = fo.Group()
        dataset.add_samples(
            [
                fo.Sample(f"{number}-{side}.png", group=group.element(side))
                for side in ("left", "right")
            ]
        )
    return dataset


def status(state="new", **more):
    return FrameStatus(job(state=state, **more), "http://s/f", 0, 0)


def write(dataset, by_sample, by_frame=None, *, field="cvat", frames=False):
    write_status_field(dataset, field, "run", by_sample, by_frame or {}, frames=frames)


def refs_of(samples):
    return [FrameRef(each, None) for each in samples.values("id")]


def outline(number, **more):
    points = [[[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]]]
    return fo.Polyline(points=points, issue_id=number, label="open", **more)


def point(number):
    return fo.Keypoint(points=[[0.5, 0.5]], issue_id=number, label="open")


def counts_of(*numbers):
    return IssueCounts(*numbers)


def test_groups_have_views_of_all_slices(groups):
    every = groups.select_group_slices(_allow_mixed=True)
    states = ["new", "completed", "completed", "new"]
    by_sample = dict(
        zip(every.values("id"), [status(each) for each in states], strict=True)
    )

    write(groups, by_sample)

    assert every.values("cvat.state") == states
    assert groups.load_saved_view("cvat completed").values("id") == [
        each for each, found in by_sample.items() if found.job.state == "completed"
    ]
    clear_status_field(groups, "cvat", "run")
    assert not groups.has_field("cvat")
    assert not groups.list_saved_views()


def test_who_has_no_status_any_more_loses_it(pictures):
    first, second, _ = pictures.values("id")
    write(pictures, {first: status(), second: status()})
    pictures.delete_saved_view("cvat new")

    write(pictures, {second: status("completed")})

    assert pictures.values("cvat.state") == [None, "completed", None]
    assert pictures.first().cvat is None
    assert len(pictures.list_saved_views()) == 4


def test_a_state_that_only_the_server_knows_has_a_view(pictures):
    first, *_ = pictures.values("id")

    write(pictures, {first: status("paused")})

    assert len(pictures.load_saved_view("cvat paused")) == 1


def test_the_field_can_be_filtered_by(pictures):
    write(pictures, {})

    schema = pictures.get_field_schema(flat=True)
    assert isinstance(schema["cvat.state"], fo.StringField)
    assert isinstance(schema["cvat.job_id"], fo.IntField)
    assert isinstance(schema["cvat.unresolved_issues"], fo.IntField)


def test_frames_are_written_if_asked_and_then_kept_up_to_date(dataset, pictures):
    write(pictures, {}, frames=True)
    assert not pictures._has_frame_fields()
    video = fo.Dataset()
    sample = fo.Sample("a.mp4")
    sample.frames[1] = fo.Frame()
    video.add_sample(sample)
    frame = {sample.frames[1].id: status()}
    try:
        write(video, {}, frame)
        assert not video.has_field("frames.cvat")
        write(video, {}, frame, frames=True)
        assert video.values("frames.cvat.state") == [["new"]]
        write(video, {})
        assert video.values("frames.cvat.state") == [[None]]
        clear_status_field(video, "cvat", "run")
        assert not video.has_field("frames.cvat")
    finally:
        video.delete()


@pytest.mark.parametrize("field", ["", "frames.cvat", "a b", None, 7])
def test_names_that_are_none(pictures, field):
    for do in (
        lambda: write(pictures, {}, field=field),
        lambda: write_issue_fields(pictures, field, "run", {}, refs_of(pictures)),
    ):
        with pytest.raises(ConfigurationError, match="no name of a field"):
            do()


def test_issues_that_are_not_asked_for_stay(pictures):
    first, second, third = refs_of(pictures)
    labels = {first: [outline(1)], second: [outline(2)]}
    found = write_issue_fields(pictures, "said", "run", labels, [first, second, third])
    assert found == counts_of(2)
    before = pictures.values("said.polylines.id")

    found = write_issue_fields(pictures, "said", "run", {}, [second])

    assert found == counts_of(0, 0, 0, 1)
    assert pictures.values("said.polylines.id") == [before[0], None, None]


def test_labels_that_somebody_drew_into_the_field_stay(pictures):
    first, *_ = refs_of(pictures)
    write_issue_fields(pictures, "said", "run", {first: [outline(1)]}, [first])
    sample = pictures.first()
    sample.said.polylines.append(fo.Polyline(points=[[[0, 0], [1, 1]]], label="mine"))
    sample.said.polylines[0]["priority"] = 3
    sample.save()

    now = {first: [outline(1, resolved=True), outline(2)]}
    assert write_issue_fields(pictures, "said", "run", now, [first]) == counts_of(1, 1)

    found = pictures.first().said.polylines
    assert {each.label for each in found} == {"mine", "open"}
    [known] = [each for each in found if each.has_field("priority")]
    assert (known.resolved, known.priority) == (True, 3)
    assert write_issue_fields(pictures, "said", "run", {}, [first]).deleted == 2
    assert [each.label for each in pictures.first().said.polylines] == ["mine"]


def test_points_have_a_field_when_there_are_any(pictures):
    first, *_ = refs_of(pictures)
    write_issue_fields(pictures, "said", "run", {first: [outline(1)]}, [first])
    assert not pictures.has_field("said_keypoints")

    write_issue_fields(pictures, "said", "run", {first: [point(1)]}, [first])

    assert pictures.first().said is None
    assert pictures.first().said_keypoints.keypoints[0].issue_id == 1


def test_what_is_not_there_any_more(pictures):
    first, second, _ = refs_of(pictures)
    gone = FrameRef("0" * 24, None)
    frame = FrameRef(first.sample_id, "0" * 24)

    assert present(pictures, [first, gone]) == {first}
    pictures.delete_samples([second.sample_id])
    assert present(pictures, [first, second]) == {first}
    assert present(pictures, []) == set()
    assert frame.frame_id


def test_frames_that_are_not_there_any_more(dataset):
    sample = fo.Sample("a.mp4")
    sample.frames[1] = fo.Frame()
    sample.frames[2] = fo.Frame()
    dataset.add_sample(sample)
    ids = [sample.frames[number].id for number in (1, 2)]
    refs = [FrameRef(sample.id, each) for each in ids]

    assert present(dataset, refs) == set(refs)
    dataset.delete_frames([ids[0]])
    assert present(dataset, refs) == {refs[1]}


def test_ids_by_which_something_is_known(pictures):
    sample = pictures.first()

    assert ids_of(sample)[0] == sample.id
    assert ids_of(sample.id) == [sample.id]
    with pytest.raises(ConfigurationError, match="7 is no sample"):
        ids_of(7)
