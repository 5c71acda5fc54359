"""Whatever a server or a proxy answers: right labels and a report, or an error of ours.

True answers are spoiled at some places and read. In all, that is 400 examples, 2,000
with ``--size large``, and 20,000 with ``--size huge``.
"""

from __future__ import annotations

import contextlib
import signal
from copy import deepcopy

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fiftyone_cvat.dataset import columns
from fiftyone_cvat.errors import AnswerError, CVATError, RequestError
from fiftyone_cvat.transport.messages import Response
from tests.faults.server import StandIn
from tests.fuzz.runs import as_json, pictures_run, video_run
from tests.fuzz.spoiling import may_change, spoiled
from tests.sizes import sized

SECONDS = 10
"""Reading an answer takes a fraction of one."""

NAMES = ["annotations", "meta", "labels", "jobs"]


def examples(share):
    """Return settings for so many of the 20 parts of all examples."""
    return settings(
        max_examples=sized(small=20, large=100, huge=1000) * share,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@contextlib.contextmanager
def in_time():
    def stop(*_):
        raise TimeoutError(f"reading takes more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def server():
    server = StandIn()
    yield server
    server.close()


@pytest.fixture(scope="module")
def runs(server, tmp_path_factory):
    """The runs; what the database holds is read once, since nothing changes it."""
    read, known = columns.labels_by_ref, {}

    def labels_by_ref(samples, label_field, **kwargs):
        ids = samples.values("id")
        key = (samples._root_dataset.name, label_field, *ids, *kwargs)
        if key not in known:
            known[key] = read(samples, label_field, **kwargs)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "labels_by_ref", labels_by_ref)
        made = {}
        for name, make in (("pictures", pictures_run), ("video", video_run)):
            made[name] = make(server, tmp_path_factory.mktemp(name))
        yield made
        for run in made.values():
            run.results.samples._root_dataset.delete()


def load(run, answers):
    """Return what comes out, or None for an error of ours; nothing else may come."""
    with in_time(), contextlib.suppress(CVATError):
        return run.found(run.load(answers))
    return None


def test_a_part_that_became_another_kind_is_a_label_of_its_own(runs):
    run = runs["pictures"]
    annotations = deepcopy(run.answers["annotations"])
    parts = [
        each
        for each in annotations["shapes"]
        if any(str(spec["value"]).endswith(".2") for spec in each["attributes"])
    ]
    assert parts
    for each in parts:
        each["type"] = "points"

    found = load(run, run.answers | {"annotations": annotations})

    assert found is not None
    assert all("." not in key for key in found if isinstance(key, str))
    assert len(found) == len(run.labels) + len(parts)


def assert_untouched_labels_stay(run, data):
    annotations = data.draw(spoiled(run.answers["annotations"])).answer
    found = load(run, run.answers | {"annotations": annotations})
    if found is None:
        return
    changed = may_change(run, annotations)
    for key, value in run.labels.items():
        if key not in changed:
            assert found.get(key) == value


def test_true_answers_leave_all_as_it_is(runs):
    for run in runs.values():
        assert load(run, run.answers) == run.labels


@examples(9)
@given(st.data())
def test_annotations_of_pictures(runs, data):
    assert_untouched_labels_stay(runs["pictures"], data)


@examples(4)
@given(st.data())
def test_annotations_of_a_video(runs, data):
    assert_untouched_labels_stay(runs["video"], data)


@examples(4)
@given(st.data())
def test_descriptions_of_a_task(runs, data):
    run = runs[data.draw(st.sampled_from(sorted(runs)))]
    name = data.draw(st.sampled_from(NAMES[1:]))
    answer = data.draw(spoiled(run.answers[name])).answer
    found = load(run, run.answers | {name: answer})
    if found is not None:
        assert run.labels.keys() <= found.keys()


@pytest.mark.parametrize(
    ("pictures_or_video", "old"),
    [("pictures", "old"), ("pictures", "new"), ("video", "calm")],
)
def test_scalar_whose_class_was_renamed_in_cvat_stays_in_its_field(
    runs, pictures_or_video, old
):
    run = runs[pictures_or_video]
    labels = deepcopy(run.answers["labels"])
    for each in labels["results"]:
        if each["name"] == old:
            each["name"] = "renamed"

    found = load(run, run.answers | {"labels": labels})

    renamed = {key: "renamed" for key, each in run.labels.items() if each == old}
    assert renamed
    assert found == run.labels | renamed


PAGES = (
    *(b"", b" ", b"<!doctype html><html>Sign in</html>", b"null", b"[]", b"{}", b'"x"'),
    *(b"\xff\xfe{\0}\0", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"results": [NaN]}'),
    *(b'{"results": null, "next": "x"}', b"\x1f\x8b\x08\0broken", b"1" * 100_000),
    *(b'{"results": [[[]]], "next": "x"}', b'{"a":' * 900 + b"1" + b"}" * 900),
)


@examples(3)
@given(st.data())
def test_bodies(runs, data):
    run = runs[data.draw(st.sampled_from(sorted(runs)))]
    spoiled_name = data.draw(st.sampled_from(NAMES))
    true = orjson.dumps(run.answers[spoiled_name])
    place = data.draw(st.integers(0, len(true) - 1))
    body = data.draw(
        st.sampled_from(PAGES)
        | st.just(true[:place])
        | st.binary(min_size=1, max_size=4).map(
            lambda some: true[:place] + b"\x80" + some + true[place:]
        )
    )

    def answer(name, url):
        return as_json(url, body if name == spoiled_name else run.answers[name])

    # nobody asks for the jobs of a task without tracks
    unread = spoiled_name == "jobs" and not run.answers["annotations"]["tracks"]
    with in_time():
        if unread:
            assert run.found(run.load_with(answer)) == run.labels
        else:
            with pytest.raises(AnswerError, match="http"):
                run.load_with(answer)


def test_a_list_without_an_end(runs):
    run = runs["pictures"]
    labels = {**run.answers["labels"], "next": "http://cvat/api/labels?page=2"}

    with in_time(), pytest.raises(AnswerError, match="the page before"):
        run.load(run.answers | {"labels": labels})


def renamed(run, path, name):
    """Return the answers of a run with another name at a path in its labels."""
    answers = deepcopy(run.answers)
    place = answers["labels"]["results"]
    for each in path:
        place = place[each]
    place["name"] = name
    return answers


def test_a_class_that_was_renamed_stays_in_its_field(runs):
    run = runs["pictures"]
    names = [each["name"] for each in run.answers["labels"]["results"]]
    run.load(renamed(run, [names.index("sole")], "only"))

    counts = run.results.reconciliation
    assert {name: counts.totals(name)["changed"] for name in ("boxes", "one")} == {
        "boxes": 0,
        "one": 2,
    }
    assert not counts.totals("boxes")["added"]


def test_a_node_that_was_renamed(runs):
    run = runs["video"]
    names = [each["name"] for each in run.answers["labels"]["results"]]
    answers = renamed(run, [names.index("man"), "sublabels", 1], "middle")

    assert run.labels.keys() == run.found(run.load(answers)).keys()


def test_reasons_name_what_is_left_out(runs):
    run = runs["video"]
    answers = deepcopy(run.answers)
    broken = answers["annotations"]["tracks"][0]
    broken["shapes"][1]["points"] = [1.0, None]

    assert load(run, answers) == run.labels
    (reason,) = run.results.reconciliation.reasons
    frame = broken["shapes"][1]["frame"]
    where = f"task {run.task_id} (id {broken['id']}): shape on frame {frame}"
    assert where in reason


def test_an_error_page_of_many_levels():
    body = b'{"a":[' * 400 + b"1" + b"]}" * 400
    answer = Response("GET", "http://cvat/api", 500, "", {}, body)

    with pytest.raises(RequestError, match=r"500 to GET http://cvat/api: a: a: a"):
        answer.raise_for_status()
