"""Fields of scalars: values of every type changed, deleted and added as tags."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat.convert.shared.texts import value_to_text
from tests import media
from tests.replay.run import Run

VALUES = {
    # name: values of three samples, the text that the annotator types, what it means
    "string": (["007", "False", None], "0012", "0012"),
    "words": (["a b", "Ünï & cö", None], "1e3", "1e3"),
    "integer": ([7, -3, None], "42", 42),
    "float": ([0.1, 2.0, None], "3", 3.0),
    "boolean": ([True, False, None], "false", False),
}
NAMES = ("1.png", "2.png", "3.png")


def with_values(dataset, tmp_path, values):
    paths = media.make_images(tmp_path, NAMES)
    dataset.add_samples(
        [fo.Sample(filepath=p, state=v) for p, v in zip(paths, values, strict=True)]
    )
    return dataset


def tags_by_frame(run):
    return {tag["frame"]: tag for tag in run.annotations()["tags"]}


def texts(tags):
    return {
        frame: [each["value"] for each in tag["attributes"]]
        for frame, tag in sorted(tags.items())
    }


@pytest.mark.older_servers
@pytest.mark.parametrize("name", VALUES)
def test_changed_deleted_and_added_without_classes(dataset, server, tmp_path, name):
    values, text, meaning = VALUES[name]
    with_values(dataset, tmp_path, values)
    run = Run(dataset, server, {"state": {}})
    assert run.load() == {"state": {"kept": 2}}
    assert run.differences() == []

    tags = tags_by_frame(run)
    assert tags.keys() == {0, 1}
    typed = [{**tags[0]["attributes"][0], "value": text}]
    changed = {**tags[0], "id": None, "attributes": typed}
    run.change("delete", tags=list(tags.values()))
    run.change("create", tags=[changed, {**changed, "frame": 2}])

    counts = run.load()

    assert counts == {"state": {"changed": 1, "added": 1, "deleted": 1}}
    got = dataset.values("state")
    assert got == [meaning, None, meaning]
    assert type(got[0]) is type(meaning)
    before = run.documents()
    assert run.load() == {"state": {"kept": 2}}
    assert run.differences(before) == []


@pytest.mark.parametrize(
    ("values", "classes", "chosen"),
    [
        pytest.param(["007", "x y", None], ["007", "x y", "False"], "False", id="text"),
        pytest.param([7, 8, None], [7, 8, 9], 9, id="integers"),
        pytest.param([0.5, 2.0, None], [0.5, 2.0, 3.5], 3.5, id="floats"),
        pytest.param([True, True, None], [True, False], False, id="booleans"),
    ],
)
def test_with_classes(dataset, server, tmp_path, values, classes, chosen):
    with_values(dataset, tmp_path, values)
    run = Run(dataset, server, {"state": {"classes": classes}})
    assert len(run.label_ids()) == len(classes)
    assert run.load() == {"state": {"kept": 2}}
    assert run.differences() == []

    tags = tags_by_frame(run)
    label_id = run.label_ids()[value_to_text(chosen)]
    other = {**tags[0], "id": None, "label_id": label_id}
    run.change("delete", tags=[tags[0], tags[1]])
    run.change("create", tags=[{**other, "attributes": []}])

    assert run.load() == {"state": {"changed": 1, "deleted": 1}}
    assert dataset.values("state") == [chosen, None, None]
    assert type(dataset.first().state) is type(chosen)


def test_values_that_are_no_class_stay_as_they_are(dataset, server, tmp_path, caplog):
    with_values(dataset, tmp_path, ["a", "neither", None])

    run = Run(dataset, server, {"state": {"classes": ["a", "b"]}})

    why = "1 labels stay in FiftyOne: value 'neither' is none of the run's classes"
    assert f"Field 'state': {why}" in caplog.text
    assert tags_by_frame(run).keys() == {0}
    assert run.load() == {"state": {"kept": 1}}
    assert run.differences() == []


def test_a_new_field(dataset, server, tmp_path):
    dataset.add_samples(
        [fo.Sample(filepath=path) for path in media.make_images(tmp_path, NAMES)]
    )
    run = Run(
        dataset,
        server,
        {"weather": {"type": "scalar", "classes": ["sun", "rain"]}},
    )
    rain = run.label_ids()["rain"]
    run.change("create", tags=[{"frame": 1, "label_id": rain, "attributes": []}])

    assert run.load() == {"weather": {"added": 1}}
    assert dataset.values("weather") == [None, "rain", None]


def test_a_declared_field_without_any_value(dataset, server, tmp_path):
    with_values(dataset, tmp_path, [None, None, None])
    dataset.add_sample_field("count", fo.IntField)
    run = Run(dataset, server, {"count": {}})
    [label] = run.api._get_task_labels(run.task_id)
    [spec] = label["attributes"]
    tag = {
        "frame": 2,
        "label_id": label["id"],
        "attributes": [{"spec_id": spec["id"], "value": "12"}],
    }
    run.change("create", tags=[tag])

    assert run.load() == {"count": {"added": 1}}
    assert dataset.values("count") == [None, None, 12]


@pytest.mark.parametrize("name", ["integer", "float", "boolean"])
def test_a_tag_that_is_emptied_is_a_value_that_is_deleted(
    dataset, server, tmp_path, name
):
    """It is counted once; a new tag without a value is left out, and so is one more."""
    values = VALUES[name][0]
    with_values(dataset, tmp_path, values)
    run = Run(dataset, server, {"state": {}})
    tags = tags_by_frame(run)
    [attribute] = tags[0]["attributes"]
    nothing = [attribute | {"value": ""}]
    more = {"label_id": tags[0]["label_id"], "attributes": nothing}
    run.change("update", tags=[tags[0] | {"attributes": nothing}])
    run.change("create", tags=[more | {"frame": frame} for frame in (0, 1, 2)])

    assert run.load() == {"state": {"kept": 1, "deleted": 1, "unmatched": 2}}
    assert dataset.values("state") == [None, values[1], None]
    why = {"tag of a scalar without a value": 2}
    assert run.results.reconciliation.reasons == why
    assert run.load() == {"state": {"kept": 1, "unmatched": 4}}
    assert dataset.values("state") == [None, values[1], None]


def test_two_tags_where_one_value_fits(dataset, server, tmp_path):
    with_values(dataset, tmp_path, ["a", "b", None])
    run = Run(dataset, server, {"state": {"classes": ["a", "b"]}})
    tag = {"frame": 0, "label_id": run.label_ids()["b"], "attributes": []}
    run.change("create", tags=[tag])

    run.load()

    # either may win, but no other sample and no other value
    assert dataset.first().state in ("a", "b")
    assert dataset.values("state")[1:] == ["b", None]


def test_what_was_deleted_in_the_dataset_stays_deleted(dataset, server, tmp_path):
    with_values(dataset, tmp_path, ["a", "b", None])
    run = Run(dataset, server, {"state": {"classes": ["a", "b"]}})
    sample = dataset.first()
    sample.state = None
    sample.save()

    for _ in range(2):
        assert run.load() == {"state": {"kept": 1, "unmatched": 1}}
        why = {"label that was deleted in the dataset": 1}
        assert run.results.reconciliation.reasons == why
        assert dataset.values("state") == [None, "b", None]


def test_what_was_deleted_in_cvat_may_come_again(dataset, server, tmp_path):
    with_values(dataset, tmp_path, ["a", "b", None])
    run = Run(dataset, server, {"state": {"classes": ["a", "b"]}})
    tag = tags_by_frame(run)[0]
    for _ in range(2):
        run.change("delete", tags=[tag])
        assert run.load() == {"state": {"kept": 1, "deleted": 1}}
        assert dataset.values("state") == [None, "b", None]

        [tag] = run.change("create", tags=[{**tag, "id": None}])["tags"]
        assert run.load() == {"state": {"kept": 1, "added": 1}}
        assert dataset.values("state") == ["a", "b", None]


def test_frames_that_a_view_leaves_out_keep_their_values(dataset, server, tmp_path):
    sample = fo.Sample(filepath=media.copy_video(tmp_path / "v.mp4", 5))
    for number in range(1, 6):
        sample.frames[number] = fo.Frame(state=f"number {number}")
    dataset.add_sample(sample)
    view = dataset.to_frames(sample_frames=True).limit(2)
    run = Run(view, server, {"state": {"type": "scalar"}})
    run.change("delete", tags=[tags_by_frame(run)[0]])

    run.load()

    expected = [None, *(f"number {number}" for number in range(2, 6))]
    assert dataset.values("frames.state", unwind=True) == expected


@pytest.mark.parametrize(
    ("restriction", "expected"),
    [
        ("allow_additions", ["x", None, None]),
        ("allow_deletions", ["x", "b", "x"]),
    ],
)
def test_restrictions(dataset, server, tmp_path, restriction, expected):
    with_values(dataset, tmp_path, ["a", "b", None])
    run = Run(
        dataset, server, {"state": {"classes": ["a", "b", "x"]}}, **{restriction: False}
    )
    tags = tags_by_frame(run)
    changed = {"label_id": run.label_ids()["x"], "attributes": []}
    run.change("delete", tags=list(tags.values()))
    run.change("create", tags=[{**changed, "frame": 0}, {**changed, "frame": 2}])

    run.load()

    assert dataset.values("state") == expected
