"""Imports under a key that exists: what may be said again, and what is refused."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat import import_tasks
from fiftyone_cvat.errors import ConfigurationError
from tests import media
from tests.replay.run import Run, box
from tests.replay.test_import_tasks import counts, documents

BOXES = {"boxes": {"type": "detections"}}
FIELDS = {"cat|dog": "pets"}
BEGUN = {"fields": FIELDS, "occluded_attr": "hidden", "group_id_attr": "team"}


@pytest.fixture
def pictures(dataset, tmp_path):
    for path in media.make_images(tmp_path / "a", ("1.png", "2.png")):
        boxes = fo.Detections(detections=[box("cat"), box("dog", 0.5)])
        dataset.add_sample(fo.Sample(filepath=path, boxes=boxes))
    return dataset


def add_samples(dataset, source):
    dataset.add_samples([fo.Sample(filepath=p) for p in source.values("filepath")])


def state(dataset, key="cvat_import"):
    """Return all that an import may change, besides times."""
    info = dataset.get_annotation_info(key)
    results = dataset.load_annotation_results(key, cache=False)
    return [
        repr(documents(dataset)),
        info.config.serialize(),
        [results.task_ids, results.frame_id_map, results.id_map],
        dataset.info,
        dataset.classes,
    ]


AS_BEFORE = {
    "nothing": {},
    "all": BEGUN,
    "another spelling": {"fields": {"dog|cat": "pets"}, "occluded_attr": None},
    "what is of the call": {"max_workers": 2, "timeout": 30.0},
}
OTHERWISE = {
    "another field": ({"fields": {"cat|dog": "animals"}}, "pets", "animals"),
    "other classes": ({"fields": {"cat": "pets"}}, "cat|dog", "{'cat': 'pets'}"),
    "one field more": ({"fields": {**FIELDS, "car": "cars"}}, "pets", "cars"),
    "occlusion": ({"occluded_attr": "covered"}, "hidden", "covered"),
    "groups": ({"group_id_attr": "herd"}, "team", "herd"),
    "server": (
        {"url": "http://other.example.com/"},
        "http",
        "http://other.example.com",
    ),
    "types": ({"coerce_text_attrs": False}, "True", "False"),
    "what nobody knows": ({"label_types": ["detections"]}, "None", "detections"),
}


def test_arguments(pictures, empty, server):
    run = Run(pictures, server, BOXES)
    add_samples(empty, pictures)
    where = {"tasks": run.task_id, **server.credentials}
    import_tasks(empty, **where, **BEGUN)
    before = state(empty)

    for name, given in AS_BEFORE.items():
        results = import_tasks(empty, **where, **given)
        assert counts(results)["pets"] == {"kept": 4}, name
        assert state(empty) == before, name
        if "max_workers" in given:
            assert results.config.max_workers == 2

    for name, (given, stored, asked) in OTHERWISE.items():
        with pytest.raises(ConfigurationError) as caught:
            import_tasks(empty, **{**where, **given})
        [argument] = given
        for part in (
            "'cvat_import'",
            f"`{argument}` was ",
            stored,
            asked,
            "`anno_key`",
        ):
            assert part in str(caught.value), (name, part)
        assert state(empty) == before, name
    # what was refused leaves the run as it was for the next load
    empty.load_annotations("cvat_import", **server.credentials)
    assert state(empty) == before


def test_an_import_without_fields(pictures, empty, server):
    run = Run(pictures, server, BOXES)
    add_samples(empty, pictures)
    where = {"tasks": run.task_id, **server.credentials}
    import_tasks(empty, **where)
    before = state(empty)

    with pytest.raises(ConfigurationError, match="`fields` was None and is"):
        import_tasks(empty, **where, **BEGUN)

    assert state(empty) == before
    # under another key they are another import
    results = import_tasks(empty, **where, **BEGUN, anno_key="pets")
    assert counts(results) == {"pets": {"added": 4}}
    assert empty.count("detections.detections") == empty.count("pets.detections") == 4


def test_tasks(pictures, empty, server):
    first = Run(pictures[:1], server, BOXES, key="first", project_name="first")
    second = Run(pictures[1:], server, BOXES, key="second", project_name="second")
    own, other = first.results.project_ids[0], second.results.project_ids[0]
    add_samples(empty, pictures)
    import_tasks(empty, project="first", **server.credentials)
    before = state(empty)

    for asked, said in (
        ({"project": "second"}, rf"`project` was {own} and is {other} now"),
        ({"tasks": second.task_id}, rf"{own} and is task {second.task_id} of project"),
        ({"jobs": second.results.job_ids[second.task_id]}, rf"of project {other} now"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            import_tasks(empty, **asked, **server.credentials)
        assert state(empty) == before

    results = import_tasks(empty, tasks=first.task_id, **server.credentials)
    assert counts(results)["detections"] == {"kept": 2}
    assert state(empty) == before

    # tasks that are named one by one are of no project: others come in
    where = {"anno_key": "both", "fields": FIELDS, **server.credentials}
    import_tasks(empty, tasks=first.task_id, **where)
    results = import_tasks(empty, project=other, **where)
    assert results.task_ids == [first.task_id, second.task_id]
    assert counts(results)["pets"] == {"kept": 2, "added": 2}


def test_videos_and_pictures(pictures, empty, server, tmp_path):
    path = media.copy_video(tmp_path / "film.mp4", 5)
    films = fo.Dataset(f"{pictures.name} of films")
    try:
        films.add_sample(fo.Sample(filepath=path))
        sample = films.first()
        sample.frames[1] = fo.Frame(boxes=fo.Detections(detections=[box("cat")]))
        sample.save()
        film = Run(films, server, {"frames.boxes": {"type": "detections"}})
        run = Run(pictures, server, BOXES)
        here = {"media": tmp_path, **server.credentials}
        import_tasks(empty, tasks=run.task_id, **here)
        before = state(empty)

        with pytest.raises(ConfigurationError, match="is not of videos"):
            import_tasks(empty, tasks=film.task_id, **here)
        # both at once: nothing is added before it is refused
        with pytest.raises(ConfigurationError, match="one after the other"):
            import_tasks(
                empty, tasks=[run.task_id, film.task_id], anno_key="new", **here
            )
        assert state(empty) == before
        assert empty.list_annotation_runs() == ["cvat_import"]

        import_tasks(films, tasks=film.task_id, **here)
        before = state(films)
        with pytest.raises(ConfigurationError, match="is of videos, and these tasks"):
            import_tasks(films, tasks=run.task_id, **here)
        assert state(films) == before
    finally:
        films.delete()


def test_media(pictures, empty, server, tmp_path, caplog):
    """Frames keep the samples that they have; new ones take the media named."""
    run = Run(pictures, server, BOXES, segment_size=1)
    first, second = run.results.job_ids[run.task_id]
    import_tasks(empty, jobs=first, media=tmp_path / "a", **server.credentials)
    before = state(empty)
    there = media.make_images(tmp_path / "b", ("1.png", "2.png"))

    import_tasks(empty, jobs=first, media=tmp_path / "b", **server.credentials)

    assert state(empty) == before
    assert "1 frames keep the samples" in caplog.text
    assert there[0] in caplog.text

    results = import_tasks(
        empty, jobs=[first, second], media=tmp_path / "b", **server.credentials
    )
    assert counts(results)["detections"] == {"kept": 2, "added": 2}
    assert empty.values("filepath") == [pictures.first().filepath, there[1]]
    # where the files have moved to is for the dataset to say
    empty.first().filepath = there[0]
    results = import_tasks(empty, tasks=run.task_id, **server.credentials)
    assert counts(results)["detections"] == {"kept": 4}


def test_another_organization(pictures, empty, server):
    run = Run(pictures, server, BOXES)
    add_samples(empty, pictures)
    where = {"tasks": run.task_id, **server.credentials}
    import_tasks(empty, **where)
    before = state(empty)
    slug = server.organization

    with pytest.raises(ConfigurationError, match=f"looked for in {slug}; .* to None"):
        import_tasks(empty, **where, organization=slug)

    assert state(empty) == before
    import_tasks(empty, **where)
    assert state(empty) == before
    url = f"{run.api.base_api_url}/organizations"
    there = {each["slug"]: each["id"] for each in run.api.get(url).json()["results"]}
    run.api.patch(run.api.task_url(run.task_id), json={"organization_id": there[slug]})

    results = import_tasks(empty, **where, organization=slug)

    assert counts(results)["detections"] == {"kept": 4}
    assert state(empty) == before
    run.results.cleanup()
