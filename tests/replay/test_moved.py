"""What moves on the server while labels are out: the same labels, or a reason."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat import CVATAnnotationAPI, attach
from fiftyone_cvat.errors import ConfigurationError, RequestError
from tests import media
from tests.replay.people import VIEWER, invite
from tests.replay.run import Run, box, moved
from tests.replay.test_attachment import (
    copy_task,
    edit,
    finished,
    load,
    with_tracks,
)

NAMES = ("1.png", "2.png", "3.png")
COLOUR = {"type": "select", "values": ["red", "blue"], "default": "blue"}
CATS = {"cats": {"type": "detections", "attributes": {"colour": COLOUR}}}
KEYS = ("name", "mutable", "input_type", "default_value", "values")


@pytest.fixture
def cats(dataset, tmp_path):
    for path in media.make_images(tmp_path, NAMES):
        cats = fo.Detections(detections=[box(colour="red"), box("dog", 0.5)])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


def plain(label, rename=str):
    """Return a label as a new project takes it."""
    specs = [{key: each[key] for key in KEYS} for each in label["attributes"]]
    kept = {key: label[key] for key in ("type", "color")}
    return {"name": rename(label["name"]), "attributes": specs, **kept}


def new_project(run, labels):
    body = {"name": "another project", "labels": labels}
    return run.api.post(run.api.projects_url, json=body).json()["id"]


def move(run, project_id, **more):
    """Move the run's task into a project, as the editor does."""
    url = run.api.task_url(run.task_id)
    run.api.patch(url, json={"project_id": project_id, **more})


def own_labels(run):
    return run.api._get_task_labels(run.task_id)


def patch_label(run, label_name, **change):
    """Change a label of the run's task; what is not named stays."""
    [label] = [each for each in own_labels(run) if each["name"] == label_name]
    kept = {key: label[key] for key in ("id", "name", "color", "type")}
    body = {"labels": [{**kept, "attributes": [], **change}]}
    return run.api.patch(run.api.task_url(run.task_id), json=body)


def spec(run, label, name):
    [found] = [each for each in own_labels(run) if each["name"] == label]
    [found] = [each for each in found["attributes"] if each["name"] == name]
    return found


def reasons(run):
    return run.results.reconciliation.reasons


@pytest.mark.parametrize("begin", [{}, {"project_name": "the first"}])
def test_a_task_moved_into_a_project_and_on_to_another(cats, server, begin):
    run = Run(cats, server, CATS, **begin)
    before = {each["id"] for each in own_labels(run)}

    for _ in range(2):
        move(run, new_project(run, [plain(each) for each in own_labels(run)]))
        # the server gives what is moved the ids of the project
        assert before.isdisjoint(each["id"] for each in own_labels(run))
        assert load(run) == {"cats": {"kept": 6}}
        assert run.differences() == []

    edited = edit(run, run.task_id)
    assert load(run) == {"cats": edited}
    assert cats.first().cats.detections[0].colour == "red"
    assert load(run) == {"cats": {"kept": 6}}


def test_all_labels_are_deleted_after_a_move(cats, server):
    run = Run(cats, server, CATS)
    move(run, new_project(run, [plain(each) for each in own_labels(run)]))
    run.change("delete", shapes=run.annotations()["shapes"])

    # its jobs show that the task is the one that was sent
    assert load(run) == {"cats": {"deleted": 6}}


def test_fields_that_share_a_class_after_a_move(cats, server):
    for sample in cats:
        sample["others"] = fo.Detections(detections=[box(x=0.3)])
        sample.save()
    schema = {"cats": {"type": "detections"}, "others": {"type": "detections"}}
    run = Run(cats, server, schema, project_name="the first")
    labels = [plain(each) for each in own_labels(run)]
    assert {"cat_cats", "cat_others"} <= {each["name"] for each in labels}

    move(run, new_project(run, labels[::-1]))

    assert load(run) == {"cats": {"kept": 6}, "others": {"kept": 3}}
    assert run.differences() == []


def test_tracks_after_a_move(dataset, server, tmp_path):
    with_tracks(dataset, tmp_path)
    schema = {"frames.cars": {"type": "detections"}}
    run = Run(dataset, server, schema, segment_size=6)

    move(run, new_project(run, [plain(each) for each in own_labels(run)]))

    assert load(run)["frames.cars"] == {"kept": 16}
    assert run.differences() == []


def test_a_project_whose_labels_are_spelled_otherwise(cats, server):
    run = Run(cats, server, CATS)
    labels = own_labels(run)
    project_id = new_project(run, [plain(each, str.upper) for each in labels])
    with pytest.raises(RequestError, match="must be mapped"):
        move(run, project_id)
    assert load(run) == {"cats": {"kept": 6}}

    names = [{"id": each["id"], "name": each["name"].upper()} for each in labels]
    move(run, project_id, labels=names)

    assert load(run) == {"cats": {"changed": 6}}
    found = cats.values("cats.detections.label", unwind=True)
    assert found == ["CAT", "DOG"] * 3
    assert cats.values("cats.detections.colour", unwind=True) == ["red", None] * 3
    before = run.documents()
    assert load(run) == {"cats": {"kept": 6}}
    assert run.differences(before) == []


def test_a_project_without_the_attributes_is_refused(cats, server):
    run = Run(cats, server, CATS)
    names = [{"name": each["name"]} for each in own_labels(run)]

    with pytest.raises(RequestError, match="attribute"):
        move(run, new_project(run, names))

    assert load(run) == {"cats": {"kept": 6}}
    assert run.differences() == []


def test_a_task_out_of_its_project_by_a_backup(cats, server):
    run = Run(cats, server, CATS, project_name="the first")
    api = run.api
    begun = api.post(f"{api.task_url(run.task_id)}/backup/export").json()
    backup = api.get(finished(api, begun["rq_id"])["result_url"]).content
    files = {"task_file": ("backup.zip", backup)}
    begun = api.post(f"{api.tasks_url}/backup", files=files).json()
    new = finished(api, begun["rq_id"])["result_id"]
    assert api.get(api.task_url(new)).json()["project_id"] is None
    try:
        attach(cats, "run", {run.task_id: new}, **run.credentials)

        assert load(run) == {"cats": {"kept": 6}}
        assert run.differences() == []
        assert load(run) == {"cats": {"kept": 6}}
        assert edit(run, new) == load(run)["cats"]
    finally:
        api.delete_task(new)


def renamed(run):
    patch_label(run, "cat", name="tiger")


def recoloured(run):
    patch_label(run, "cat", color="#123456")


def of_one_type(run):
    patch_label(run, "cat", type="rectangle")


def of_another_type(run):
    patch_label(run, "cat", type="polygon")


def with_an_attribute(run):
    new = {
        "name": "age",
        "mutable": True,
        "input_type": "number",
        "default_value": "3",
        "values": ["0", "9", "1"],
    }
    patch_label(run, "cat", attributes=[new])


def without_colour(run):
    gone = {**spec(run, "cat", "colour"), "deleted": True}
    patch_label(run, "cat", attributes=[gone])


def without_label_id(run):
    for name in ("cat", "dog"):
        gone = {**spec(run, name, "label_id"), "deleted": True}
        patch_label(run, name, attributes=[gone])


def colour_renamed(run):
    new = {**spec(run, "cat", "colour"), "name": "tint"}
    patch_label(run, "cat", attributes=[new])


def label_id_renamed(run):
    new = {**spec(run, "cat", "label_id"), "name": "identity"}
    patch_label(run, "cat", attributes=[new])


def another_default(run):
    new = {**spec(run, "cat", "colour"), "default_value": "red"}
    patch_label(run, "cat", attributes=[new])


def more_values(run):
    colour = spec(run, "cat", "colour")
    new = {**colour, "values": [*colour["values"], "green"]}
    patch_label(run, "cat", attributes=[new])


def immutable(run):
    new = {**spec(run, "cat", "colour"), "mutable": False}
    with pytest.raises(RequestError, match="mutable"):
        patch_label(run, "cat", attributes=[new])


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (renamed, {"label": "tiger"}),
        (recoloured, {}),
        (of_one_type, {}),
        (of_another_type, {}),
        (with_an_attribute, {}),
        (without_colour, {}),
        (without_label_id, {}),
        (colour_renamed, {"tint": "red"}),
        (label_id_renamed, {}),
        (another_default, {}),
        (more_values, {}),
        (immutable, {}),
    ],
)
def test_a_label_that_was_changed(cats, server, change, changed):
    run = Run(cats, server, CATS)

    change(run)

    expected = {"kept": 3, "changed": 3} if changed else {"kept": 6}
    assert load(run) == {"cats": expected}
    for sample in cats:
        cat, dog = sample.cats.detections
        assert {name: cat[name] for name in changed} == changed
        assert cat.colour == "red"
        assert dog.label == "dog"
    if not changed:
        assert run.differences() == []
    before = run.documents()
    assert load(run) == {"cats": {"kept": 6}}
    assert run.differences(before) == []


def test_intervals_beside_the_labels(dataset, server, tmp_path):
    with_tracks(dataset, tmp_path)
    run = Run(dataset, server, {"frames.cars": {"type": "detections"}})
    url = run.api.task_url(run.task_id)
    label = {"name": "raining", "type": "interval", "attributes": []}
    run.api.patch(url, json={"labels": [label]})
    label_id = run.label_ids()["raining"]
    interval = {"label_id": label_id, "start": 2, "stop": 7, "attributes": []}
    made = run.change("create", intervals=[interval])
    assert len(made["intervals"]) == 1

    assert load(run)["frames.cars"] == {"kept": 16}

    assert run.differences() == []
    there = run.api.get(run.api.task_annotation_url(run.task_id)).json()
    assert len(there["intervals"]) == 1


@pytest.fixture
def another(server):
    """An organization that a test has made: its short name and its id."""
    with CVATAnnotationAPI("cvat", **server.credentials) as api:
        url = f"{api.base_api_url}/organizations"
        made = api.post(url, json={"slug": "another"}).json()
        try:
            yield made["slug"], made["id"]
        finally:
            api.delete(f"{url}/{made['id']}")


def test_tasks_of_which_a_user_sees_some(cats, server, viewer, caplog):
    who = [VIEWER, server.username, server.username]
    run = Run(cats, server, CATS, task_size=1, task_assignee=who)
    first, *others = run.results.task_ids
    for task_id in run.results.task_ids:
        shapes = run.annotations(task_id)["shapes"]
        run.change("update", task_id, shapes=[moved(shapes[0])])
    admin, run.credentials = run.credentials, viewer

    for expected in ({"kept": 1, "changed": 1}, {"kept": 2}):
        assert load(run) == {"cats": expected}
        assert caplog.text.count("this user may not see it") >= len(others)
        assert run.results.task_ids == [first, *others]

    run.credentials = admin
    assert load(run) == {"cats": {"kept": 4, "changed": 2}}
    assert run.results.task_ids == [first, *others]


def test_a_user_who_sees_none_of_the_tasks(cats, server, viewer):
    run = Run(cats, server, CATS)
    admin, run.credentials = run.credentials, viewer

    with pytest.raises(PermissionError, match=str(run.task_id)):
        load(run)

    assert run.differences() == []
    run.credentials = admin
    assert load(run) == {"cats": {"kept": 6}}


in_any = pytest.mark.parametrize("is_in_one", [True, False], ids=["in one", "in none"])
"""Whether a run is sent to an organization."""


@in_any
def test_another_organization_than_that_of_the_tasks(cats, server, another, is_in_one):
    """The server shows them to whoever may see them, whatever organization is named."""
    slug, _ = another
    own = server.organization if is_in_one else None
    run = Run(cats, server, CATS, organization=own)
    both = f"is in the organization {own} of .* is looked for in {slug}"

    with pytest.raises(ConfigurationError, match=both):
        load(run, organization=slug)

    assert run.differences() == []
    # what was refused is not remembered
    cats.load_annotations("run", **run.credentials)
    assert run.differences() == []
    assert load(run) == {"cats": {"kept": 6}}


def test_no_organization_is_named(dataset, server, tmp_path):
    with_tracks(dataset, tmp_path)
    schema = {"frames.cars": {"type": "detections"}}
    kwargs = {"segment_size": 6, "organization": server.organization}
    run = Run(dataset, server, schema, **kwargs)

    # without one, everything that the user sees is listed
    for kwargs in ({"organization": ""}, {}):
        assert load(run, **kwargs)["frames.cars"] == {"kept": 16}
    assert run.differences() == []


@in_any
def test_another_organization_in_the_environment(
    cats, server, another, monkeypatch, is_in_one
):
    """A run stays with the organization that it was sent to, or with none."""
    slug, _ = another
    own = server.organization if is_in_one else None
    run = Run(cats, server, CATS, organization=own)
    monkeypatch.setenv("FIFTYONE_CVAT_ORGANIZATION", slug)
    settings = fo.annotation_config.backends.setdefault("cvat", {})
    monkeypatch.setitem(settings, "organization", slug)

    assert load(run) == {"cats": {"kept": 6}}
    assert run.results.config.organization == own
    assert run.differences() == []


def test_a_task_that_was_transferred(dataset, server, tmp_path, another):
    slug, number = another
    with_tracks(dataset, tmp_path)
    schema = {"frames.cars": {"type": "detections"}}
    kwargs = {"segment_size": 6, "organization": server.organization}
    run = Run(dataset, server, schema, **kwargs)
    task_id = run.task_id
    run.api.patch(run.api.task_url(task_id), json={"organization_id": number})

    assert load(run)["frames.cars"] == {"kept": 16}
    assert run.differences() == []
    assert load(run, organization=slug)["frames.cars"] == {"kept": 16}
    attach(dataset, "run", {task_id: task_id}, organization=slug, **run.credentials)
    assert load(run)["frames.cars"] == {"kept": 16}
    assert run.results.config.organization == slug
    assert run.differences() == []
    run.results.cleanup()


def test_a_task_that_was_transferred_and_who_is_no_admin(cats, server, another, viewer):
    slug, number = another
    invite(server, "maintainer")
    run = Run(cats, server, CATS, organization=server.organization)
    run.api.patch(run.api.task_url(run.task_id), json={"organization_id": number})
    admin, run.credentials = run.credentials, viewer

    # the server tells nobody what is in an organization that is not the user's
    with pytest.raises(PermissionError, match=str(run.task_id)):
        load(run)

    assert run.differences() == []
    assert run.results.task_ids
    invite(server, "maintainer", slug)
    assert load(run) == {"cats": {"kept": 6}}
    assert run.differences() == []
    run.credentials = admin
    load(run)
    run.results.cleanup()


def test_one_of_several_tasks_was_transferred(cats, server, another, caplog):
    (slug, number), own = another, server.organization
    run = Run(cats, server, CATS, task_size=2, organization=own)
    first, second = run.results.task_ids
    run.api.patch(run.api.task_url(second), json={"organization_id": number})

    assert load(run) == {"cats": {"kept": 6}}
    # of the one that is not there, the labels stay, and a warning names both
    assert load(run, organization=slug) == {"cats": {"kept": 2}}
    assert f"{first} of run 'run' is in the organization {own} of" in caplog.text
    assert f"looked for in {slug}" in caplog.text
    assert run.differences() == []
    assert load(run) == {"cats": {"kept": 6}}
    assert run.differences() == []
    assert run.results.task_ids == [first, second]
    run.results.cleanup()


def pretend(run, task_id):
    """Let the run take another task for the one that it has sent."""
    results, old = run.results, run.task_id
    results.task_ids = [task_id]
    for name in ("job_ids", "frame_id_map"):
        getattr(results, name)[task_id] = getattr(results, name).pop(old)
    results.labels_task_map = {"cats": [task_id]}
    results.save()


@pytest.mark.parametrize("drawn", [False, True], ids=["empty", "drawn"])
def test_a_task_of_somebody_else_under_the_number_of_ours(cats, server, caplog, drawn):
    run = Run(cats, server, CATS)
    foreign = copy_task(run, cats.values("filepath"), with_ids=False)
    if not drawn:
        run.change("delete", foreign, shapes=run.annotations(foreign)["shapes"])
    old = run.task_id
    pretend(run, foreign)

    assert load(run) == {"cats": {"kept": 6}}

    assert run.differences() == []
    assert list(reasons(run)) == [
        f"task {foreign} is not the one that was sent: attach the one that is"
    ]
    assert f"attach(dataset, 'run', {{{foreign}: NEW_TASK}})" in caplog.text
    attach(cats, "run", {foreign: old}, **run.credentials)
    assert load(run) == {"cats": {"kept": 6}}
    assert run.differences() == []
    edited = edit(run, old)
    assert load(run) == {"cats": edited}


def test_ids_that_another_server_gave_to_other_pictures(cats, server, tmp_path):
    run = Run(cats, server, CATS)
    paths = media.make_images(tmp_path / "other", ("x.png", "y.png", "z.png"))
    foreign = copy_task(run, paths, with_ids=False)
    pretend(run, foreign)
    run.results.job_ids = {foreign: run.api._get_job_ids(foreign)}
    run.results.fingerprints["labels"] = {
        each["id"]: each["name"] for each in run.api._get_task_labels(foreign)
    }
    run.results.save()

    assert load(run) == {"cats": {"kept": 6}}

    assert run.differences() == []
    assert [each.partition(" is ")[0] for each in reasons(run)] == [f"task {foreign}"]
