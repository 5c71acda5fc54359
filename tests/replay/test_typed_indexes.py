"""An attribute `index` of labels of videos: tracks tell it, and nobody types it."""

from __future__ import annotations

import fiftyone as fo
import pytest

from tests import media
from tests.replay.run import Run, box, moved

INFO = {"type": "detections", "classes": ["cat"]}
INDEX = {"index": {"type": "text"}}
REASON = "index that was typed: in videos the track of a label tells it"


@pytest.fixture
def film(dataset, tmp_path):
    """Return a video: a track in two frames, and a box of no track in the first."""
    sample = fo.Sample(filepath=media.copy_video(tmp_path / "video.mp4"))
    for number in (1, 2):
        labels = [box(index=3), *([box(x=0.5)] if number == 1 else [])]
        sample.frames[number] = fo.Frame(cats=fo.Detections(detections=labels))
    dataset.add_sample(sample)
    return dataset


def drawn(run, kind, *texts):
    """Return a shape of no label, with a text for each attribute but `label_id`."""
    [label] = run.api._get_task_labels(run.task_id)
    names = [each for each in label["attributes"] if each["name"] != "label_id"]
    values = [
        {"spec_id": each["id"], "value": text}
        for each, text in zip(names, texts, strict=True)
    ]
    shape = {"type": "rectangle", "frame": 1, "points": [20.0, 1.0, 25.0, 9.0]}
    own = {"label_id": label["id"], "group": 0, "source": "manual"}
    if kind == "shapes":
        return shape | own | {"attributes": values}
    shape |= {"outside": False, "attributes": values}
    end = shape | {"frame": 2, "outside": True}
    return own | {"frame": 1, "attributes": [], "shapes": [shape, end]}


def indexes(dataset):
    return [
        [each.index for each in frame.cats.detections]
        for _, frame in sorted(dataset.first().frames.items())
        if frame.cats
    ]


@pytest.mark.parametrize("of_class", [False, True], ids=["field", "class"])
def test_it_does_not_go_up(film, server, of_class, caplog):
    info = INFO | {"attributes": INDEX}
    if of_class:
        of_cats = {"classes": ["cat"], "attributes": INDEX}
        info = {"type": "detections", "classes": [of_cats]}
    run = Run(film, server, {"frames.cats": info})
    assert (
        "Field 'frames.cats': attributes 'index' stay in FiftyOne: in videos it is the "
        "track of a label, as which it goes up"
    ) in caplog.messages
    [label] = run.api._get_task_labels(run.task_id)
    assert [each["name"] for each in label["attributes"]] == ["label_id"]
    assert run.load() == {"frames.cats": {"kept": 3}}
    assert [each for each in run.differences() if each[0] != "new document"] == []

    run.change("create", shapes=[drawn(run, "shapes")], tracks=[drawn(run, "tracks")])

    assert run.load() == {"frames.cats": {"kept": 3, "added": 2}}
    assert run.load() == {"frames.cats": {"kept": 5}}
    assert indexes(film) == [[3, None], [3, None, 4]]


def test_it_is_an_attribute_of_a_project(film, server, api):
    spec = {"name": "index", "mutable": True, "input_type": "text"}
    spec |= {"default_value": "", "values": [""]}
    labels = [{"name": "cat", "attributes": [spec]}]
    answer = api.post(api.projects_url, json={"name": "indexes", "labels": labels})
    project_id = answer.json()["id"]
    organization = server.organization
    run = Run(
        film,
        server,
        {"frames.cats": {"type": "detections"}},
        project_id=project_id,
        organization=organization,
    )
    assert run.load() == {"frames.cats": {"kept": 3}}
    assert run.results.reconciliation.reasons == {}
    [sent] = run.annotations()["shapes"]
    typed = drawn(run, "shapes", "8")["attributes"]
    run.change(
        "create",
        shapes=[drawn(run, "shapes", "7")],
        tracks=[drawn(run, "tracks", "9")],
    )
    edited = sent | {"attributes": [*sent["attributes"], *typed]}
    run.change("update", shapes=[moved(edited)])

    assert run.load() == {"frames.cats": {"kept": 2, "changed": 1, "added": 2}}

    told = {REASON: 3}
    assert run.results.reconciliation.reasons == told
    assert indexes(film) == [[3, None], [3, None, 4]]
    before = run.documents()
    for _ in range(2):
        assert run.load() == {"frames.cats": {"kept": 5}}
        assert run.results.reconciliation.reasons == told
        assert run.differences(before) == []


def test_images_have_no_tracks(dataset, server, tmp_path):
    path = media.make_image(tmp_path / "1.png")
    cats = fo.Detections(detections=[box(index=3)])
    dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    run = Run(dataset, server, {"cats": INFO | {"attributes": INDEX}})
    assert run.load() == {"cats": {"kept": 1}}
    [sent] = run.annotations()["shapes"]
    for each in sent["attributes"]:
        each["value"] = "8" if each["value"] == "3" else each["value"]
    run.change("update", shapes=[sent])

    assert run.load() == {"cats": {"changed": 1}}

    assert dataset.values("cats.detections.index") == [[8]]
    assert run.load() == {"cats": {"kept": 1}}
