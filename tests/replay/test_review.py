"""Following a run: status on samples, issues, jobs that are assigned and advanced."""

from __future__ import annotations

import json
import logging
from datetime import datetime

import fiftyone as fo
import pytest
from typer.testing import CliRunner

from fiftyone_cvat import CVATAnnotationAPI, cli
from fiftyone_cvat.errors import AccessDeniedError, ConfigurationError, GeometryError
from tests import media
from tests.replay.people import VIEWER, invite
from tests.replay.run import Run, box
from tests.replay.test_replicas import add_ground_truth

CATS = {"cats": {"type": "detections"}}
FRAMES_CATS = {"frames.cats": {"type": "detections"}}
BOX = [0.25, 0.25, 0.5, 0.5]
OUTLINE = [(0.25, 0.25), (0.5, 0.25), (0.375, 0.75)]


@pytest.fixture
def cats(dataset, tmp_path):
    """Five pictures with a cat each; as tasks of 3 and jobs of 2 there are 3 jobs."""
    names = [f"{number}.png" for number in range(5)]
    for path in media.make_images(tmp_path, names):
        cats = fo.Detections(detections=[box()])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


@pytest.fixture
def video(dataset, tmp_path):
    """A video of 12 frames with a cat on each."""
    sample = fo.Sample(filepath=media.copy_video(tmp_path / "video.mp4"))
    for number in range(1, 13):
        sample.frames[number] = fo.Frame(cats=fo.Detections(detections=[box()]))
    dataset.add_sample(sample)
    return dataset


def jobs_of(run):
    return [each for ids in run.results.job_ids.values() for each in ids]


def sent(samples, server, schema=CATS, **kwargs):
    return Run(samples, server, schema, task_size=3, segment_size=2, **kwargs)


def labels_in(dataset, field):
    """Return the labels of issues by the position of their sample."""
    values = dataset.values(field)
    name = "keypoints" if field.endswith("_keypoints") else "polylines"
    return {n: each[name] for n, each in enumerate(values) if each is not None}


def test_status_on_samples(cats, server):
    run = sent(cats, server, job_assignees=[server.other_user, server.username])
    results, (first, second, third) = run.results, jobs_of(run)
    before = cats.get_field_schema()
    run.results.advance(jobs=first, state="completed")
    results.advance(jobs=[second], stage="validation", state="in progress")
    issue = results.add_issue(cats.first(), BOX, "a tail is missing")
    results.add_issue(cats.first(), (0.5, 0.5), "what is this?")
    results.resolve(issue)

    assert results.write_status() == {"completed": 2, "in progress": 1, "new": 2}

    assert cats.values("cvat.job_id") == [first, first, second, third, third]
    assert cats.values("cvat.task_id")[2:4] == results.task_ids
    assert (
        cats.values("cvat.stage")
        == ["annotation"] * 2 + ["validation"] + ["annotation"] * 2
    )
    assert cats.values("cvat.assignee")[1:4] == [
        server.other_user,
        server.username,
        server.other_user,
    ]
    assert cats.values("cvat.issues") == [2, 0, 0, 0, 0]
    assert cats.values("cvat.unresolved_issues") == [1, 0, 0, 0, 0]
    url = f"{server.url}/tasks/{results.task_ids[0]}/jobs"
    urls = [f"{url}/{first}?frame=0", f"{url}/{first}?frame=1"]
    urls.append(f"{url}/{second}?frame=2")
    assert cats.values("cvat.url")[:3] == urls
    assert [results.frame_url(each) for each in cats[:2]] == urls[:2]
    assert results.frame_url(cats.skip(2).first().id) == urls[2]
    views = {name: len(cats.load_saved_view(name)) for name in cats.list_saved_views()}
    assert views == {
        "cvat new": 2,
        "cvat in progress": 1,
        "cvat rejected": 0,
        "cvat completed": 2,
    }
    assert run.load() == {"cats": {"kept": 5}}

    results.clear_status()

    assert cats.get_field_schema() == before
    assert cats.list_saved_views() == []
    assert run.differences() == []
    results.clear_status()


def test_status_that_changes(cats, server):
    run = sent(cats, server)
    results, (first, *others) = run.results, jobs_of(run)
    run.api.delete_task(results.task_ids[1])
    assert results.write_status("work") == {"new": 3}
    written = run.documents()
    assert results.write_status("work") == {"new": 3}
    assert run.differences(written) == []
    cats.delete_samples([cats.first().id])

    results.advance(jobs="new", state="rejected")

    assert results.write_status("work") == {"rejected": 2}
    assert len(cats.load_saved_view("work rejected")) == 2
    assert cats.values("work.job_id") == [first, others[0], None, None]
    assert not cats.has_field("cvat")


def test_fields_and_views_of_others_stay(cats, server):
    run = Run(cats, server, CATS)
    other = Run(cats, server, CATS, key="other")
    cats.add_sample_field("mine", fo.StringField)
    cats.save_view("cvat_2 new", cats.limit(1))
    run.results.write_status()
    run.results.load_issues()

    for write, words in [
        (other.results.write_status, "'cvat' .*run 'run'.*'cvat_other'"),
        (other.results.clear_status, "'cvat' .*run 'run'"),
        (other.results.load_issues, "'cvat_issues' .*run 'run'"),
        (lambda: run.results.write_status("mine"), "'mine' .*not made by"),
        (lambda: run.results.clear_status("mine"), "'mine' .*not made by"),
        (lambda: run.results.load_issues("cats"), "'cats' .*not made by"),
        (lambda: run.results.load_issues("cvat"), "'cvat' "),
        (lambda: run.results.write_status("cvat_2"), "saved view 'cvat_2 new'"),
        (lambda: run.results.write_status("frames.cvat"), "no name of a field"),
    ]:
        with pytest.raises(ConfigurationError, match=words):
            write()

    assert not cats.has_field("cvat_2")
    assert len(cats.load_saved_view("cvat_2 new")) == 1
    cats.delete_annotation_run("run")
    assert other.results.write_status() == {"new": 5}


def test_status_of_a_video(video, server):
    run = Run(video, server, FRAMES_CATS, segment_size=6)
    results, (first, second, third) = run.results, jobs_of(run)
    results.advance(jobs=[first, third], state="completed")
    results.advance(jobs=second, state="in progress")
    sample = video.first()
    results.add_issue(sample, (0.5, 0.5), "blurred", frame_number=7)
    before = video.get_frame_field_schema()

    assert results.write_status(frames=True) == {"in progress": 1}

    assert video.values("cvat.job_id") == [second]
    assert video.values("cvat.issues") == [1]
    url = run.api.job_frame_url
    status = video.first().frames
    found = [status[number].cvat.job_id for number in range(1, 13)]
    # they overlap by 3 frames, which are the first one's
    assert found == [first] * 6 + [second] * 3 + [third] * 3
    assert status[7].cvat.issues == 1
    for number in (1, 7, 12):
        expected = url(run.task_id, status[number].cvat.job_id, number - 1)
        assert status[number].cvat.url == expected
        assert results.frame_url(sample, frame_number=number) == expected
        assert results.frame_url(sample.frames[number]) == expected
    assert results.frame_url(sample) == url(run.task_id, first, 0)
    with pytest.raises(ConfigurationError, match="frame 13 of sample"):
        results.frame_url(sample, frame_number=13)

    results.clear_status()

    assert video.get_frame_field_schema() == before
    assert run.differences() == []


def clips_of(dataset):
    events = [
        fo.TemporalDetection(label="e", support=each) for each in ([1, 4], [7, 9])
    ]
    sample = dataset.first()
    sample["events"] = fo.TemporalDetections(detections=events)
    sample.save()
    return dataset.to_clips("events")


def test_status_of_clips(video, server):
    clips = clips_of(video)
    run = Run(clips, server, FRAMES_CATS)
    results, (first, second) = run.results, jobs_of(run)
    results.advance(jobs=first, state="completed")

    assert results.write_status(frames=True) == {"new": 1}

    assert video.values("cvat.job_id") == [second]
    pairs = ["frames.frame_number", "frames.cvat.job_id"]
    found = dict(zip(*video.values(pairs, unwind=True), strict=True))
    assert found == {
        number: first if number <= 4 else second if 7 <= number <= 9 else None
        for number in range(1, 13)
    }
    urls = [
        run.api.job_frame_url(task_id, job_ids[0], 0)
        for task_id, job_ids in results.job_ids.items()
    ]
    assert [results.frame_url(each) for each in clips] == urls
    issue = results.add_issue(clips.last(), BOX, "which one?", frame_number=8)
    assert results.load_issues().added == 1
    [label] = video.first().frames[8].cvat_issues.polylines
    assert label.issue_id == issue


@pytest.mark.older_servers
def test_status_of_patches(cats, server):
    patches = cats.to_patches("cats")
    run = Run(patches.limit(3), server, CATS)

    assert run.results.write_status() == {"new": 3}

    assert cats.values("cvat.state") == ["new"] * 3 + [None] * 2
    [job] = jobs_of(run)
    url = run.api.job_frame_url(run.task_id, job, 1)
    assert run.results.frame_url(patches.skip(1).first()) == url
    with pytest.raises(ConfigurationError, match=f"not sent sample '{cats.last().id}'"):
        run.results.frame_url(cats.last())


def test_issues(cats, server, caplog):
    run = Run(cats, server, CATS)
    results, (first, *_) = run.results, jobs_of(run)
    samples = list(cats)
    ids = [
        results.add_issue(samples[0], BOX, "too large"),
        results.add_issue(samples[0], (0.5, 0.25), "an eye"),
        results.add_issue(samples[2].id, OUTLINE, "a cat, too"),
        results.add_issue(samples[4], [(0.25, 0.25), (0.5, 0.75)], "two corners"),
    ]
    results.resolve(ids[0], text="made it smaller")

    assert results.load_issues().added == 4

    outlines = labels_in(cats, "cvat_issues")
    assert {n: [each.issue_id for each in found] for n, found in outlines.items()} == {
        0: [ids[0]],
        2: [ids[2]],
        4: [ids[3]],
    }
    [label] = outlines[0]
    assert isinstance(label, fo.Polyline)
    assert label.closed
    assert not label.filled
    assert label.points == [[[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]]
    assert (label.label, label.resolved) == ("resolved", True)
    assert (label.author, label.text) == (server.username, "too large")
    assert isinstance(label.created_at, datetime)
    assert [(each.author, each.text) for each in label.comments] == [
        (server.username, "too large"),
        (server.username, "made it smaller"),
    ]
    assert all(isinstance(each.created_at, datetime) for each in label.comments)
    assert label.job_id == first
    assert label.url == results.frame_url(samples[0])
    assert outlines[2][0].points == [[list(each) for each in OUTLINE]]
    assert (outlines[2][0].label, outlines[2][0].resolved) == ("open", False)
    corners = [[0.25, 0.25], [0.5, 0.25], [0.5, 0.75], [0.25, 0.75]]
    assert outlines[4][0].points == [corners]
    [point] = labels_in(cats, "cvat_issues_keypoints")[0]
    assert isinstance(point, fo.Keypoint)
    assert point.points == [[0.5, 0.25]]
    assert point.issue_id == ids[1]

    loaded = run.documents()
    counts = results.load_issues()
    assert (counts.kept, counts.added, counts.changed, counts.deleted) == (4, 0, 0, 0)
    assert run.differences(loaded) == []
    assert run.load() == {"cats": {"kept": 5}}


def test_issues_that_change(cats, server):
    run = Run(cats, server, CATS)
    results, api = run.results, run.api
    samples = list(cats)
    gone, moving, answered, tagged = (
        results.add_issue(samples[n], BOX, f"issue {n}") for n in (0, 0, 1, 3)
    )
    results.load_issues()
    ids = dict(zip(*cats.values(["id", "cvat_issues.polylines.id"]), strict=True))
    cats.match_labels(ids=ids[samples[3].id]).tag_labels("mine", "cvat_issues")
    api.delete(api.issue_url(gone))
    api.patch(api.issue_url(moving), json={"position": [8.0, 6.0]})
    results.resolve(answered, text="no")
    results.resolve(labels_in(cats, "cvat_issues")[3])

    counts = results.load_issues()

    assert (counts.kept, counts.added, counts.changed, counts.deleted) == (0, 1, 2, 2)
    outlines = labels_in(cats, "cvat_issues")
    assert outlines.keys() == {1, 3}
    assert [each.text for each in outlines[1][0].comments] == ["issue 1", "no"]
    assert outlines[1][0].id == ids[samples[1].id][0]
    assert (outlines[3][0].resolved, outlines[3][0].tags) == (True, ["mine"])
    assert labels_in(cats, "cvat_issues_keypoints")[0][0].issue_id == moving
    assert results.resolve([tagged, answered], resolved=False) == [tagged, answered]
    assert results.load_issues().changed == 2


def test_issues_of_a_video(video, server):
    run = Run(video, server, FRAMES_CATS, segment_size=6)
    results, sample = run.results, video.first()
    ids = [
        results.add_issue(sample, BOX, "the first frame"),
        results.add_issue(sample, (0.5, 0.5), "the last", frame_number=12),
        results.add_issue(sample.frames[6], BOX, "in the middle"),
    ]

    assert results.load_issues("said").added == 3

    frames = video.first().frames
    assert frames[1].said.polylines[0].issue_id == ids[0]
    assert frames[12].said_keypoints.keypoints[0].issue_id == ids[1]
    assert frames[6].said.polylines[0].issue_id == ids[2]
    assert frames[6].said.polylines[0].url.endswith("?frame=5")
    loaded = run.documents()
    assert results.load_issues("said").kept == 3
    assert run.differences(loaded) == []


def test_an_annotator_and_a_reviewer(cats, server, viewer):
    """One annotates, another one reviews; each sees and may do what is theirs."""
    run = sent(cats[:3], server, job_assignees=[VIEWER])
    reviewed, (first, *_) = run.results, jobs_of(run)
    sample = cats.first()
    with CVATAnnotationAPI("cvat", **viewer) as annotator:
        reviewer = run.api
        # the annotator finishes a job; its stage is not theirs to change
        reviewed.use_api(annotator)
        begun = {"stage": "annotation", "state": "in progress"}
        assert reviewed.advance(jobs=first, **begun) == [first]
        assert reviewed.advance(jobs=first, state="completed") == [first]
        with pytest.raises(PermissionError, match="owner") as caught:
            reviewed.advance(jobs="completed", stage="acceptance")
        assert isinstance(caught.value, AccessDeniedError)
        with pytest.raises(PermissionError, match="owner"):
            reviewed.assign(jobs=first, to=None)
        # the reviewer rejects it
        reviewed.use_api(reviewer)
        assert reviewed.write_status()["completed"] == 2
        issue = reviewed.add_issue(sample, BOX, "this is a dog")
        reviewed.advance(jobs="completed", stage="validation", state="rejected")
        # the annotator reads why, and answers
        reviewed.use_api(annotator)
        assert reviewed.write_status()["rejected"] == 2
        assert reviewed.load_issues().added == 1
        [label] = labels_in(cats, "cvat_issues")[0]
        assert (label.author, label.text) == (server.username, "this is a dog")
        assert reviewed.resolve(label, text="so it is") == [issue]
        reviewed.advance(jobs="rejected", state="completed")
        # the reviewer accepts
        reviewed.use_api(reviewer)
        assert reviewed.load_issues().changed == 1
        [label] = labels_in(cats, "cvat_issues")[0]
        assert [each.author for each in label.comments] == [server.username, VIEWER]
        done = {"stage": "validation", "state": "completed"}
        assert reviewed.advance(jobs=done, stage="acceptance") == [first]
        jobs = {each.job_id: each for each in reviewed.job_status()}
        assert (jobs[first].stage, jobs[first].state) == ("acceptance", "new")
        assert (jobs[first].issues, jobs[first].unresolved_issues) == (1, 0)


def test_in_an_organization(cats, server):
    """Also where the session is in none."""
    run = sent(cats[:3], server, organization=server.organization)
    results = run.results
    first, *_ = jobs_of(run)
    inside = run.api
    issue = results.add_issue(cats.first(), BOX, "too large")
    with CVATAnnotationAPI("cvat", **server.credentials) as outside:
        for api in (inside, outside):
            results.use_api(api)
            results.resolve(issue, text=f"seen from {len(api._organization or '')}")
            results.assign(jobs=first, to=server.other_user)
            results.advance(jobs=first, state="completed")
            assert results.write_status() == {"completed": 2, "new": 1}
            results.load_issues()
            [label] = labels_in(cats, "cvat_issues")[0]
            assert label.comments[0].text == "too large"
    assert len(label.comments) == 3
    assert cats.first().cvat.assignee == server.other_user


def test_a_maintainer_of_the_organization(cats, server, viewer):
    """Only as a member one sees what others say about tasks that are not one's own."""
    run = sent(cats, server, organization=server.organization)
    results, (first, *_) = run.results, jobs_of(run)
    issue = results.add_issue(cats.first(), BOX, "too large")
    invite(server, "maintainer")
    with CVATAnnotationAPI("cvat", **viewer) as outside:
        results.use_api(outside)
        with pytest.raises(ConfigurationError, match="organization: none"):
            results.load_issues()
    with CVATAnnotationAPI(
        "cvat", **viewer, organization=server.organization
    ) as inside:
        results.use_api(inside)
        assert results.advance(jobs="new", stage="validation")[0] == first
        results.resolve(issue, text="so it is")
        assert results.load_issues().added == 1
        assert results.write_status() == {"new": 5}

    [label] = labels_in(cats, "cvat_issues")[0]
    assert [(each.author, each.text) for each in label.comments] == [
        (server.username, "too large"),
        (VIEWER, "so it is"),
    ]
    assert cats.distinct("cvat.stage") == ["validation"]


@pytest.mark.older_servers
def test_in_another_organization_than_the_session(cats, server, caplog):
    run = sent(cats, server)
    results = run.results
    issue = results.add_issue(cats.first(), BOX, "too large")
    with CVATAnnotationAPI(
        "cvat", **server.credentials, organization=server.organization
    ) as elsewhere:
        results.use_api(elsewhere)

        assert results.write_status() == {"new": 5}
        results.resolve(issue, text="no")
        assert results.load_issues().added == 1

    assert [each.text for each in labels_in(cats, "cvat_issues")[0][0].comments] == [
        "too large",
        "no",
    ]


def test_steering(cats, server, caplog):
    run = sent(cats, server)
    results, (first, second, third) = run.results, jobs_of(run)
    names = [server.username, server.other_user]
    status = {}

    def look():
        status.update({each.job_id: each for each in results.job_status()})
        return [
            (status[each].assignee, status[each].stage, status[each].state)
            for each in (first, second, third)
        ]

    assert results.assign(to=names) == [first, second, third]
    results.advance(jobs={"assignee": server.other_user}, stage="acceptance")
    results.advance(jobs=lambda job: job["start_frame"] == 0, state="in progress")
    one, two = names
    assert look() == [
        (one, "annotation", "in progress"),
        (two, "acceptance", "new"),
        (one, "annotation", "in progress"),
    ]
    results.advance(jobs="acceptance", state="completed")
    # what is so already is not asked for again
    assert results.advance(jobs=second, stage="acceptance") == [second]
    assert results.assign(jobs={"state": "in progress"}, to=None) == [first, third]
    assert look() == [
        (None, "annotation", "in progress"),
        (two, "acceptance", "completed"),
        (None, "annotation", "in progress"),
    ]
    with caplog.at_level(logging.WARNING, logger="fiftyone_cvat"):
        assert results.advance(jobs="rejected", state="new") == []
    assert "2 in annotation, in progress" in caplog.text


def test_ground_truth_is_left_out_unless_it_is_asked_for(cats, server):
    run = Run(cats, server, CATS)
    results, (job,) = run.results, jobs_of(run)
    truth = add_ground_truth(run, [1, 4])["id"]
    issue = {"job": truth, "frame": 4, "position": [8.0, 6.0], "message": "look"}
    run.api.post(run.api.issues_url, json=issue)

    assert results.advance(state="completed") == [job]
    assert [each.job_id for each in results.job_status()] == [job]
    assert results.write_status() == {"completed": 5}
    assert cats.values("cvat.issues") == [0] * 5

    chosen = {"type": "ground_truth"}
    assert results.assign(jobs=chosen, to=server.other_user) == [truth]
    assert results.load_issues().added == 1
    [point] = labels_in(cats, "cvat_issues_keypoints")[4]
    assert (point.points, point.job_id) == ([[0.25, 0.25]], truth)


def test_bad_input(cats, server):
    run = Run(cats, server, CATS)
    results, (first, *_) = run.results, jobs_of(run)
    issue = results.add_issue(cats.first(), BOX, "a")
    before = results.job_status()

    for do, words in [
        (lambda: results.advance(jobs="done", state="new"), "'in progress'"),
        (lambda: results.advance(jobs=first, state="done"), "'completed'"),
        (lambda: results.advance(jobs=first, stage="review"), "'acceptance'"),
        (lambda: results.advance(jobs=first), "`stage` or a `state`"),
        (lambda: results.advance(jobs=[first, 1], state="completed"), "job 1 is not"),
        (lambda: results.assign(jobs=1, to=server.username), "job 1 is not"),
        (lambda: results.assign(jobs=first, to="nobody-of-this"), server.username),
        (lambda: results.assign(jobs=first, to=[]), "names nobody"),
        (lambda: results.resolve(1), f"no issue 1: .* has {issue}"),
        (lambda: results.resolve("1"), "is no issue"),
        (lambda: results.resolve(issue, text=" "), "what is to be said"),
        (lambda: results.add_issue(cats.first(), BOX, ""), "what is to be said"),
        (lambda: results.add_issue("0" * 24, BOX, "a"), "not sent sample '000"),
        (lambda: results.frame_url(7), "no sample"),
    ]:
        with pytest.raises(ConfigurationError, match=words):
            do()
    for place in (
        [0.5],
        BOX[:3],
        "box",
        None,
        [(0.5, float("nan"))],
        [[0.1, 0.2, 0.3]],
    ):
        with pytest.raises(GeometryError):
            results.add_issue(cats.first(), place, "a")

    assert results.job_status() == before
    assert before[0].issues == 1


def test_read_only_token(cats, server):
    run = sent(cats, server)
    results, (first, *_) = run.results, jobs_of(run)
    token = {"url": server.url, "access_token": server.read_only_token}
    with CVATAnnotationAPI("cvat", **token) as reader:
        results.use_api(reader)

        for do in (
            lambda: results.advance(jobs=first, state="completed"),
            lambda: results.assign(jobs=first, to=server.username),
            lambda: results.add_issue(cats.first(), BOX, "a"),
        ):
            with pytest.raises(PermissionError, match="read-only"):
                do()

        assert results.write_status() == {"new": 5}
        assert results.load_issues().added == 0


@pytest.mark.older_servers
def test_runs_whose_tasks_are_gone(cats, server):
    run = sent(cats, server)
    for task_id in run.results.task_ids:
        run.api.delete_task(task_id)

    for do in (run.results.write_status, run.results.load_issues):
        with pytest.raises(
            ConfigurationError, match=f"tasks {run.task_id}, .* deleted"
        ):
            do()
    with pytest.raises(ConfigurationError, match="shows no jobs"):
        run.results.advance(jobs="new", state="completed")

    assert run.differences() == []


def test_the_command(cats, server, monkeypatch):
    monkeypatch.setitem(
        fo.annotation_config.backends["cvat"], "access_token", server.access_token
    )
    run = sent(cats, server, job_assignees=[server.other_user])
    first, second, third = jobs_of(run)
    run.results.advance(jobs=first, state="completed")
    run.results.add_issue(cats.first(), BOX, "a")

    table = CliRunner().invoke(cli.app, ["status", cats.name, "run"])

    assert table.exit_code == 0, table.output
    lines = [" ".join(each.split()) for each in table.stdout.splitlines()]
    assert lines[0] == f"Run 'run' of dataset '{cats.name}'"
    assert "new ████████████░░░░░░░░ 60% 2 jobs, 3 frames" in lines
    assert "completed ████████░░░░░░░░░░░░ 40% 1 job, 2 frames" in lines
    task = run.task_id
    who = server.other_user
    assert f"{first} {task} 0-1 annotation completed {who} 1 (1 open)" in lines

    found = CliRunner().invoke(cli.app, ["status", cats.name, "run", "--json"])

    assert found.exit_code == 0, found.output
    read = json.loads(found.stdout)
    assert [each["job_id"] for each in read["jobs"]] == [first, second, third]
    assert read["jobs"][0]["state"] == "completed"
    assert read["jobs"][0]["unresolved_issues"] == 1
