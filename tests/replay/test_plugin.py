"""The operators and the panel of FiftyOne's App, called as the App calls them."""

from __future__ import annotations

from types import SimpleNamespace

import fiftyone as fo
import fiftyone.operators as foo
import pytest
from fiftyone.operators.executor import ExecutionContext, Executor
from typer.testing import CliRunner

import fiftyone_cvat
from fiftyone_cvat import cli
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.upload import run_upload
from tests import media
from tests.replay.run import box
from tests.replay.test_attachment import copy_task

PLUGIN = "@fiftyone-cvat/app"


@pytest.fixture(autouse=True)
def installed(tmp_path, monkeypatch):
    """The plugin in a folder of its own."""
    monkeypatch.setattr(fo.config, "plugins_dir", str(tmp_path / "plugins"))
    CliRunner().invoke(cli.app, ["plugin", "install"], catch_exceptions=False)


@pytest.fixture(autouse=True)
def signed_in(server, monkeypatch):
    """FiftyOne's configuration as that of somebody who has set it up."""
    settings = fo.annotation_config.backends.setdefault("cvat", {})
    for name, value in {"url": server.url, **server.credentials}.items():
        monkeypatch.setitem(settings, name, value)


@pytest.fixture(autouse=True)
def same_token(monkeypatch):
    """The mark of unfinished tasks is the same in every run."""
    monkeypatch.setattr(run_upload.secrets, "token_hex", lambda _: "0123abcd")


@pytest.fixture
def cats(dataset, tmp_path):
    """Three pictures with a cat each."""
    names = [f"{number}.png" for number in range(3)]
    for path in media.make_images(tmp_path, names):
        cats = fo.Detections(detections=[box()])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


def operator(name):
    found = foo.get_operator(f"{PLUGIN}/{name}")
    assert found is not None, foo.list_operators()
    return found


def context(dataset, name, **request):
    """Return the context of an operator as the App makes it."""
    found = operator(name)
    given = {"dataset_name": dataset.name, "params": {}, **request}
    return ExecutionContext(
        given,
        executor=Executor(),
        operator_uri=found.uri,
        required_secrets=found._plugin_secrets,
    )


def form(dataset, name, **request):
    """Return the parts of an operator's form, by their names."""
    ctx = context(dataset, name, **request)
    return operator(name).resolve_input(ctx).type.properties


def execute(dataset, name, messages=None, **params):
    """Execute an operator as the App does; return the operators it calls back.

    ``messages`` is a list to which they are added as they come.
    """
    messages = [] if messages is None else messages
    ctx = context(dataset, name, params=params)
    for each in operator(name).execute(ctx):
        messages.append(each.body)
    return messages


def shown(messages):
    """Return what the App shows in the end: labels and texts of the output."""
    (found,) = [each.params["outputs"] for each in messages if is_output(each)]
    parts = found["type"]["properties"].values()
    return [each["default"] or each["view"]["label"] for each in parts]


def is_output(message):
    return message.operator_uri.endswith("show_output")


def run_key(dataset, **params):
    """Request annotations of the field ``cats``; return the run's key."""
    execute(
        dataset,
        "request_annotations",
        **{"target": "dataset", "anno_key": "first", "fields": ["cats"]} | params,
    )
    return "first"


def test_request_and_load(cats):
    field = {"type": "detections", "classes": ["cat", "dog"], "attributes": []}
    params = {
        "target": "dataset",
        "anno_key": "first",
        "fields": ["cats"],
        "field_cats": field,
        "more": True,
        "options": {"task_size": 2, "segment_size": 1},
    }

    parts = form(cats, "request_annotations", params=params)

    assert parts["preview"].view.label == (
        "3 samples will go to CVAT, in 2 tasks with 3 jobs"
    )
    assert parts["preview"].view.description == (
        "CVAT's labels: cat, dog. Labels that go up: 3 of cats."
    )
    assert not cats.list_annotation_runs()

    sent = shown(execute(cats, "request_annotations", **params))
    results = cats.load_annotation_results("first")
    api = results.connect_to_api()
    first, second = results.task_ids
    assert sent[0] == (
        f"Run **first** is in CVAT: [task {first}]({api.base_task_url(first)}), "
        f"[task {second}]({api.base_task_url(second)})\n\n"
        "The panel 'CVAT' shows how the work goes on."
    )
    assert results.config.label_schema["cats"]["classes"] == ["cat", "dog"]
    url = api.task_annotation_url(first)
    shapes = api.get(url).json()["shapes"]
    none = {"version": 0, "tags": [], "shapes": [], "tracks": []}
    api.patch(url, params={"action": "delete"}, json=none | {"shapes": shapes[1:]})
    shapes[0]["points"][2] += 2
    api.patch(url, params={"action": "update"}, json=none | {"shapes": shapes[:1]})

    assert next(iter(form(cats, "load_annotations"))) == "anno_key"
    loaded = shown(execute(cats, "load_annotations", anno_key="first"))

    assert loaded == ["cats: 1 kept, 1 changed, 1 deleted"]
    assert [len(each) for each in cats.values("cats.detections")] == [1, 0, 1]
    ids = cats.values("id")
    panel = opened(cats)
    assert panel.state["load"]["counts"]["cats"]["deleted"] == 1
    assert panel.state["load"]["samples"]["cats"] == {
        "changed": ids[:1],
        "added": [],
        "deleted": ids[1:2],
    }


@pytest.mark.skipif(
    not hasattr(fo.Dataset, "label_schemas"), reason="FiftyOne has them since 1.16"
)
def test_request_by_the_label_schema_of_the_app(cats):
    mood = {"name": "mood", "type": "str", "component": "radio"}
    mood |= {"values": ["calm", "wild"], "read_only": True}
    schema = {"type": "detections", "component": "radio", "classes": ["cat", "dog"]}
    cats.add_sample_field("cats.detections.mood", fo.StringField)
    cats.set_label_schemas({"cats": {**schema, "attributes": [mood]}})
    params = {"target": "dataset", "anno_key": "first", "fields": ["cats"]}

    parts = form(cats, "request_annotations", params=params)

    section = parts["field_cats"].type.properties
    assert section["of_app"].view.label == (
        "Classes and attributes come from the label schema of the App"
    )
    filled = {name: section[name].default for name in ("classes", "attributes")}
    assert filled == {
        "classes": ["cat", "dog"],
        "attributes": [{"name": "mood", "type": "radio", "values": "calm, wild"}],
    }
    params["field_cats"] = {"type": "detections", **filled}
    execute(cats, "request_annotations", **params)
    results = cats.load_annotation_results("first")
    assert results.config.label_schema["cats"]["attributes"] == {
        "mood": {"type": "radio", "values": ["calm", "wild"], "read_only": True}
    }
    api = results.connect_to_api()
    task_id = results.task_ids[0]
    assert mood_in_cvat(api, task_id) == ("radio", ["calm", "wild"])

    url = api.task_url(task_id)
    api.patch(url, json={"labels": [{"name": "cow", "attributes": []}]})
    (shape, *_) = api.get(api.task_annotation_url(task_id)).json()["shapes"]
    (cow,) = [
        each["id"] for each in api._get_task_labels(task_id) if each["name"] == "cow"
    ]
    new = {**shape, "id": None, "label_id": cow, "attributes": []}
    new["points"] = [each + 3 for each in shape["points"]]
    none = {"version": 0, "tags": [], "shapes": [new], "tracks": []}
    api.patch(api.task_annotation_url(task_id), params={"action": "create"}, json=none)
    assert "update_label_schema" in form(cats, "load_annotations")
    loaded = {"anno_key": "first", "update_label_schema": True}
    assert shown(execute(cats, "load_annotations", **loaded)) == [
        "cats: 3 kept, 1 added"
    ]
    cats.reload()
    assert cats.label_schemas["cats"]["classes"] == ["cat", "dog", "cow"]


def mood_in_cvat(api, task_id):
    """Return how CVAT asks for the attribute ``mood`` of cats, and its own values."""
    (cat,) = [each for each in api._get_task_labels(task_id) if each["name"] == "cat"]
    (asked,) = [each for each in cat["attributes"] if each["name"] == "mood"]
    return asked["input_type"], [each for each in asked["values"] if each]


class Opened:
    """The panel as the App has it open: its state, and what it was sent last."""

    def __init__(self, dataset):
        self.dataset, self.state = dataset, {}
        self.call("on_load")

    def call(self, method, **params):
        """Call a method as a click does; return what the App is called back with."""
        given = {"panel_id": "one", "panel_state": self.state, "__method__": method}
        ctx = context(self.dataset, "cvat", params=given | params)
        operator("cvat").execute(ctx)
        self.state = ctx.panel_state
        sent = ctx.executor._requests
        (layout,) = [each for each in sent if each.operator_uri == "show_panel_output"]
        self.layout = layout.params["output"]
        # the App shows what the state has of such a name in place of the text
        parts = self.layout["type"]["properties"]
        texts = {name for name, each in parts.items() if each.get("default")}
        assert not texts & self.state.keys()
        return [each for each in sent if each is not layout]

    @property
    def texts(self):
        """The texts that it shows."""
        return list(texts_of(self.layout))


def texts_of(part):
    view = part.get("view") or {}
    yield from (each for each in (part.get("default"), view.get("label")) if each)
    if view.get("description"):
        yield view["description"]
    for each in (part["type"].get("properties") or {}).values():
        yield from texts_of(each)


def opened(dataset):
    return Opened(dataset)


def test_panel_follows_the_work(cats, server):
    run_key(
        cats,
        more=True,
        options={"segment_size": 1, "job_assignees": [server.other_user]},
    )
    results = cats.load_annotation_results("first")
    first, second, third = results.job_ids[results.task_ids[0]]
    results.advance(jobs=[first, third], state="completed")
    results.add_issue(cats.first(), (0.5, 0.5), "what is this?")

    panel = opened(cats)

    texts = panel.texts
    assert {"1 new", "2 completed", "**3 jobs**", str(first)} <= {*texts}
    assert texts.count(server.other_user) == 3
    assert "1 open" in texts
    assert panel.state["jobs"][0]["url"] in str(panel.layout)
    panel.call("choose_state", state="new")
    assert "**1 of 3 jobs: new**" in panel.texts
    (view, told) = panel.call("show_job", job_id=second)
    assert view.operator_uri == "set_view"
    assert cats.values("id")[1] in str(view.params)
    assert told.params["message"] == "1 sample"
    panel.call("choose_state", state="new")
    assert "**3 jobs**" in panel.texts
    (prompt,) = panel.call("begin", operator="load_annotations")
    assert prompt.params["operator_uri"] == f"{PLUGIN}/load_annotations"
    assert prompt.params["params"] == {"anno_key": "first"}

    parts = form(cats, "load_annotations", params={"anno_key": "first"})
    assert parts["state"].type.values == [
        "every",
        "new",
        "in progress",
        "rejected",
        "completed",
    ]
    loaded = shown(execute(cats, "load_annotations", anno_key="first", state="new"))
    assert loaded[0].endswith("their labels stay as they are")
    written = shown(execute(cats, "write_status", anno_key="first"))
    assert written[0].startswith("Field **cvat** is written: 2 samples completed, 1")
    assert cats.values("cvat.state") == ["completed", "new", "completed"]
    issues = shown(execute(cats, "load_issues", anno_key="first"))
    assert issues == [
        "Issues in field **cvat\\_issues**: 1 added, 0 changed, 0 kept, 0 deleted"
    ]


OUTSIDE = "**Last load** just now, outside the App: no details"


def test_last_load_wherever_it_was(cats):
    """The kind: FiftyOne's load, this package's, into another field, and the App's."""
    run_key(cats)
    assert not [each for each in opened(cats).texts if "Last load" in each]

    cats.load_annotations("first")
    assert OUTSIDE in opened(cats).texts

    execute(cats, "load_annotations", anno_key="first")
    assert {"**Last load** just now", "3 kept"} <= {*opened(cats).texts}

    fiftyone_cvat.load(cats, "first")
    texts = opened(cats).texts
    assert OUTSIDE in texts
    assert "3 kept" not in texts
    execute(cats, "load_annotations", anno_key="first", refresh=True)
    assert "3 kept" in opened(cats).texts
    fiftyone_cvat.load(cats, "first", dest_field="copies")
    panel = opened(cats)
    assert OUTSIDE in panel.texts
    assert (
        cats.load_annotation_results("first", cache=False).load_date
        == (panel.state["load"]["date"])
    )


def test_run_of_the_built_in_is_taken_over(cats, server):
    cats.annotate(
        "old",
        label_schema={"cats": {"type": "detections", "classes": ["cat"]}},
        backend="cvat",
        config_cls="fiftyone.utils.cvat.CVATBackendConfig",
        url=server.url,
        username=server.username,
        password=server.password,
    )

    panel = opened(cats)

    assert panel.state["keys"] == []
    assert {"old", "Take over"} <= {*panel.texts}
    panel.call("take_over", anno_key="gone")
    assert panel.state["built_in"] == ["old"]
    assert any("no annotation run 'gone'" in each for each in panel.texts)
    panel.call("take_over", anno_key="old")
    assert (panel.state["keys"], panel.state["anno_key"]) == (["old"], "old")
    assert "Take over" not in panel.texts
    assert "**1 job**" in panel.texts
    ids = cats.values("cats.detections.id")
    execute(cats, "load_annotations", anno_key="old")
    assert cats.values("cats.detections.id") == ids
    assert "**Last load** just now" in opened(cats).texts


def test_sample_in_view(cats):
    run_key(cats)
    sample = cats.skip(1).first()
    label = sample.cats.detections[0]
    selected = {"label_id": label.id, "sample_id": sample.id, "field": "cats"}
    here = {"current_sample": sample.id, "params": {"anno_key": "first"}}
    results = cats.load_annotation_results("first")

    link = form(cats, "open_in_cvat", **here)["link"].view
    assert link.href == results.frame_url(sample)
    assert operator("open_in_cvat").execute(context(cats, "open_in_cvat", **here)) == {
        "url": link.href
    }
    here["selected_labels"] = [selected]
    assert form(cats, "raise_issue", **here)["place"].view.label == (
        f"At the selected label '{label.label}'"
    )
    here["params"]["text"] = "this is a dog"
    messages = operator("raise_issue").execute(context(cats, "raise_issue", **here))
    (told,) = shown([each.body for each in messages])
    assert told.endswith(f"[see the frame in CVAT]({link.href})")
    results.load_issues()
    cats.reload()
    (issue,) = cats[sample.id].cvat_issues.polylines
    assert issue.text == "this is a dog"
    corner = label.bounding_box[:2]
    assert issue.points[0][0] == pytest.approx(corner, abs=0.05)

    deleted = shown(
        execute(cats, "clean_up", anno_key="first", tasks=True, record=True)
    )
    assert deleted == [
        "1 task of run **first** deleted\n\nThe record of run **first** is deleted"
    ]
    assert cats.list_annotation_runs() == []
    assert "no_runs" in form(cats, "load_annotations")


def test_run_that_is_looked_after(cats):
    run_key(cats)
    results = cats.load_annotation_results("first")
    run = SimpleNamespace(api=results.connect_to_api(), task_id=results.task_ids[0])
    run.annotations = lambda old: run.api.get(run.api.task_annotation_url(old)).json()
    old, new = run.task_id, copy_task(run, cats.values("filepath"))

    with pytest.raises(ConfigurationError, match="nothing to resume"):
        execute(cats, "resume_run", anno_key="first")
    given = context(cats, "attach_tasks", params={"anno_key": "first"})
    parts = operator("attach_tasks").resolve_input(given).type.properties
    assert list(parts["tasks"].type.properties) == [f"task_{old}"]

    attached = shown(
        execute(cats, "attach_tasks", anno_key="first", tasks={f"task_{old}": new})
    )

    counts = "cats: 3 kept"
    assert attached == [f"Run **first** has the tasks {new}\n\n{counts}"]
    request = {"params": {"anno_key": "first"}, "delegated": True}
    ctx = context(cats, "load_annotations", **request)
    assert list(operator("load_annotations").execute(ctx)) == []
    assert opened(cats).state["load"]["counts"]["cats"]["kept"] == 3


def test_errors_are_shown_and_raised(cats):
    run_key(cats)
    results = cats.load_annotation_results("first")
    results.delete_tasks(results.task_ids)
    results.backend.store(results)
    messages = []

    with pytest.raises(ConfigurationError, match="has no tasks any more"):
        execute(cats, "write_status", messages, anno_key="first")

    assert shown(messages) == ["Run 'first' has no tasks any more"]
    panel = opened(cats)
    assert panel.state["jobs"] == []
    assert "Run 'first' has no tasks any more" in panel.texts
