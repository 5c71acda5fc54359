"""What people do wrong ends in an error that says so, before anything is created.

What can be told without the server is told before anybody signs in.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

import fiftyone as fo
import fiftyone.utils.annotations as foua
import numpy as np
import pytest

import fiftyone_cvat
from fiftyone_cvat import CVATAnnotationAPI, CVATError, errors
from tests import media
from tests.faults.server import StandIn
from tests.replay.run import box

CVAT = {"backend": "cvat", "config_cls": "fiftyone_cvat.backend.CVATBackendConfig"}
GT = {"label_field": "gt", "label_type": "detections"}
NEW = {"label_field": "new", "label_type": "detections"}


class Scene:
    """A dataset of three pictures, and a server that notes what it is asked."""

    def __init__(self, dataset, server, folder):
        self.dataset, self.server, self.folder = dataset, server, folder
        self.access = {"url": server.url, "access_token": "token"}
        self.asked = []
        server.watch = lambda method, path, is_done: (
            None if is_done else self.asked.append((method, path))
        )

    def annotate(self, **kwargs):
        return self.dataset.annotate("run", **CVAT, **self.access | GT | kwargs)

    def schema(self, info, field="gt"):
        return self.annotate(label_schema={field: info})

    def sent(self):
        """Send the run, and forget what was asked for that."""
        results = self.annotate()
        self.asked.clear()
        return results


@pytest.fixture
def scene(dataset, tmp_path):
    paths = media.make_images(tmp_path, ("1.png", "2.png", "3.png"))
    for path in paths:
        gt = fo.Detections(detections=[box()])
        dataset.add_sample(fo.Sample(path, gt=gt, count=3, path=path))
    server = StandIn()
    yield Scene(dataset, server, tmp_path)
    server.close()


def attribute(**about):
    return {"attributes": {"color": {"type": "text", **about}}}


def spoil(scene, content, number=1):
    """Spoil some of the files, or delete them."""
    for path in scene.dataset.values("filepath")[:number]:
        Path(path).unlink() if content is None else Path(path).write_bytes(content)
    return scene.annotate()


OF_ANNOTATE = {
    # fields and labels
    "classes are a text": (lambda s: s.annotate(**NEW, classes="car"), r"\['car'\]"),
    "a field's classes are a text": (lambda s: s.schema({"classes": "car"}), "'gt'"),
    "a class is None": (lambda s: s.annotate(classes=["a", None]), "has None"),
    "a class is a number": (lambda s: s.annotate(classes=[1]), "has 1, which is no"),
    "classes are a dict": (lambda s: s.annotate(classes={"car": 1}), "list of names"),
    "classes of a dict lack": (
        lambda s: s.schema({"classes": [{"classes": ["a"]}]}),
        "`attributes` is missing",
    ),
    "a long class": (lambda s: s.annotate(classes=["x" * 65]), "65 characters"),
    "attributes are a number": (lambda s: s.annotate(attributes=5), "`attributes`"),
    "an attribute is a number": (
        lambda s: s.annotate(attributes={"a": 5}),
        "'a': a dict says what it is",
    ),
    "values are a text": (
        lambda s: s.schema(attribute(type="select", values="red")),
        "attribute 'color': `values` must be a list",
    ),
    "read_only is a text": (
        lambda s: s.schema(attribute(read_only="false")),
        "`read_only` must be True or False",
    ),
    "allow_deletions is a text": (
        lambda s: s.annotate(allow_deletions="false"),
        "`allow_deletions` must be True or False",
    ),
    "an attribute is label_id": (
        lambda s: s.schema({"attributes": {"label_id": {"type": "text"}}}),
        "label_id",
    ),
    "an attribute is a part": (
        lambda s: s.schema({"attributes": {"bounding_box": {"type": "text"}}}),
        "parts of labels",
    ),
    "a field is None": (lambda s: s.schema(None), "says None"),
    "a schema is a text": (lambda s: s.annotate(label_schema="gt"), "not 'gt'"),
    "a schema is empty": (lambda s: s.annotate(label_schema={}), "is empty"),
    "a field is a number": (lambda s: s.annotate(label_field=5), "not 5"),
    "fields are a list": (lambda s: s.annotate(label_field=["gt"]), "`label_schema`"),
    "no field": (lambda s: s.annotate(label_field=None), "needs a `label_schema`"),
    "targets are a list": (
        lambda s: s.annotate(
            label_field="new", label_type="segmentation", mask_targets=["road"]
        ),
        "`mask_targets` must be a dict",
    ),
    "the field is filepath": (
        lambda s: s.annotate(label_field="filepath", label_type="scalar"),
        "'filepath' is a field that FiftyOne itself fills",
    ),
    "the field has the media": (
        lambda s: s.annotate(
            label_field="path", label_type="scalar", media_field="path"
        ),
        "paths of the media",
    ),
    # media
    "media are labels": (lambda s: s.annotate(media_field="gt"), "of Detections"),
    "media are numbers": (lambda s: s.annotate(media_field="count"), "of IntField"),
    "no such media": (
        lambda s: s.annotate(media_field="filepth"),
        "did you mean `filepath`",
    ),
    "media are 5": (lambda s: s.annotate(media_field=5), "name of a field, not 5"),
    "a file is missing": (lambda s: spoil(s, None), "field 'filepath'\\)\\. Nothing"),
    "files are missing": (lambda s: spoil(s, None, 3), "and 2 more are missing"),
    "a file is empty": (lambda s: spoil(s, b""), "is empty"),
    "a file is a text": (lambda s: spoil(s, b"<html>404"), "it begins with '<html>404"),
    # settings
    "a tracker is no URL": (lambda s: s.annotate(issue_tracker="no url"), "no url"),
    "an assignee is 5": (lambda s: s.annotate(task_assignee=5), "`task_assignee`"),
    "use_cache is a word": (lambda s: s.annotate(use_cache="maybe"), "`use_cache`"),
    "a type of 5": (lambda s: s.annotate(type=5), "mean `label_type`"),
    "a method of 5": (lambda s: s.annotate(method=5), "mean `backend`"),
    "verify_ssl is a list": (lambda s: s.annotate(verify_ssl=[]), "`verify_ssl`"),
    "a project is a list": (lambda s: s.annotate(project_name=["a"]), "`project_name`"),
    "a task is large": (lambda s: s.annotate(task_size="many"), "`task_size`"),
    "a quality of 101": (lambda s: s.annotate(image_quality=101), "from 0 to 100"),
    "on_failure is odd": (lambda s: s.annotate(on_failure="stop"), "`on_failure`"),
    "a long task name": (lambda s: s.annotate(task_name="x" * 257), "257 characters"),
    "the URL is 5": (lambda s: s.annotate(url=5), "`url` must be a text"),
    "the URL has no scheme": (lambda s: s.annotate(url="cvat"), "not a server's URL"),
    "a password in the URL": (
        lambda s: s.annotate(url="http://a:b@cvat"),
        "holds a user name or a password",
    ),
    "headers are a text": (lambda s: s.annotate(headers="a"), "`headers` must be"),
    "a header is a dict": (lambda s: s.annotate(headers={"a": {}}), "a header must"),
    "no samples are left": (
        lambda s: s.dataset.limit(0).annotate("run", **CVAT, **s.access | GT),
        "empty",
    ),
}
"""What is done wrong with ``annotate``, to what the error says."""

OF_FIFTYONE = {"no samples are left"}
"""What FiftyOne itself refuses, with words of its own."""

OF_CALLS = {
    "resume a name": (lambda s: fiftyone_cvat.resume("name", "run"), "load_dataset"),
    "adopt a name": (lambda s: fiftyone_cvat.adopt_run("name", "run"), "load_dataset"),
    "load a name": (lambda s: fiftyone_cvat.load("name", "run"), "load_dataset"),
    "watch a name": (lambda s: fiftyone_cvat.watch("name", "run"), "load_dataset"),
    "attach a name": (
        lambda s: fiftyone_cvat.attach("name", "run", {1: 2}),
        "load_dataset",
    ),
    "import into a name": (
        lambda s: fiftyone_cvat.import_tasks("name", tasks=1),
        "load_dataset",
    ),
    "resume None": (lambda s: fiftyone_cvat.resume(None, "run"), "None is no dataset"),
    "no such run": (lambda s: fiftyone_cvat.load(s.dataset, "rnu"), "it has none"),
    "import nothing": (
        lambda s: fiftyone_cvat.import_tasks(s.dataset, **s.access),
        "Name what to import",
    ),
    "import a task x": (
        lambda s: fiftyone_cvat.import_tasks(s.dataset, tasks="x", **s.access),
        "are no ids",
    ),
    "import to filepath": (
        lambda s: fiftyone_cvat.import_tasks(
            s.dataset, tasks=1, fields={"car": "filepath"}, **s.access
        ),
        "FiftyOne itself fills",
    ),
    "import fields as a text": (
        lambda s: fiftyone_cvat.import_tasks(
            s.dataset, tasks=1, fields="cars", **s.access
        ),
        "`fields` must be a dict",
    ),
    "import from no folder": (
        lambda s: fiftyone_cvat.import_tasks(
            s.dataset, tasks=1, media=str(s.folder / "none"), **s.access
        ),
        "no folder",
    ),
    "a session of no URL": (
        lambda s: CVATAnnotationAPI("cvat", "cvat.example.com", "a", password="b"),
        "not a server's URL",
    ),
    "a session of 5": (lambda s: CVATAnnotationAPI("cvat", 5), "`url` must be a text"),
    "seconds that are none": (
        lambda s: CVATAnnotationAPI("cvat", s.server.url, timeout="soon"),
        "`timeout`",
    ),
}
"""What is done wrong with other calls, without a run, to what the error says."""

OF_RUNS = {
    "an unknown keyword": (
        lambda s, r: fiftyone_cvat.load(s.dataset, "run", refesh=True),
        "did you mean `refresh`",
    ),
    "a keyword of loads": (
        lambda s, r: s.dataset.load_annotations("run", orgnization="x"),
        "did you mean `organization`",
    ),
    "load to filepath": (
        lambda s, r: fiftyone_cvat.load(s.dataset, "run", dest_field="filepath"),
        "FiftyOne itself fills",
    ),
    "load the kept": (
        lambda s, r: fiftyone_cvat.load(s.dataset, "run", unexpected="kep"),
        "`unexpected` must be",
    ),
    "load jobs of floats": (
        lambda s, r: fiftyone_cvat.load(s.dataset, "run", jobs=[1.5]),
        "no job's id",
    ),
    "load empty ones": (
        lambda s, r: fiftyone_cvat.load(s.dataset, "run", empty="all"),
        "`empty` must be",
    ),
    "attach a number": (
        lambda s, r: fiftyone_cvat.attach(s.dataset, "run", 5),
        "`task_ids` must be a dict",
    ),
    "attach to a text": (
        lambda s, r: fiftyone_cvat.attach(s.dataset, "run", {1: "x"}),
        "whole number",
    ),
    "go on with all": (
        lambda s, r: fiftyone_cvat.resume(s.dataset, "run"),
        "nothing to resume",
    ),
    "watch each soon": (
        lambda s, r: fiftyone_cvat.watch(s.dataset, "run", every="soon"),
        "`every`",
    ),
    "status in a list": (lambda s, r: r.write_status(["a"]), "no name of a field"),
    "issues in filepath": (lambda s, r: r.clear_status("filepath"), "was not made by"),
    "resolve None": (lambda s, r: r.resolve(None), "`issues` must be a list"),
    "assign to 5": (lambda s, r: r.assign(to=5), "`to` must be a list"),
    "advance to done": (lambda s, r: r.advance(state="done"), "`state` must be"),
    "an issue of 5": (lambda s, r: r.add_issue(5, [0.1, 0.1], "a"), "no sample"),
    "an issue of no text": (
        lambda s, r: r.add_issue(s.dataset.first(), [0.1, 0.1], ""),
        "`text`",
    ),
    "a frame of an image": (
        lambda s, r: r.frame_url(s.dataset.first(), frame_number=1),
        "has no videos",
    ),
    "delete a task": (lambda s, r: r.delete_tasks(5), "`task_ids` must be a list"),
    "a task of no name": (
        lambda s, r: r.connect_to_api().create_task(None),
        "`name` must be a text",
    ),
    "a schema of a list": (
        lambda s, r: r.connect_to_api().create_task("a", schema=["car"]),
        "`schema` must be a dict",
    ),
    "a user of 5": (lambda s, r: r.connect_to_api().get_user_id(5), "must be a text"),
    "a URL of 5": (lambda s, r: r.connect_to_api().get(5), "5 is no URL"),
    "a relative URL": (
        lambda s, r: r.connect_to_api().get("api/nope"),
        "must begin with http:// or https://",
    ),
    "a task of a quality of 1000": (
        lambda s, r: r.connect_to_api().create_task("a", image_quality=1000),
        "`image_quality` must be a whole number from 0 to 100",
    ),
    "JSON of an object": (
        lambda s, r: r.connect_to_api().post(s.server.url, json=object()),
        "nothing that JSON knows",
    ),
}
"""What is done wrong with a run, to what the error says; it may be asked about."""


def check(scene, error, words):
    """Check an error: ours, or FiftyOne's own; and that nothing was created."""
    assert re.search(words, str(error), re.DOTALL), str(error)
    assert "POST" not in {method for method, _ in scene.asked}
    assert not getattr(error, "__notes__", None)  # none of a run that was stopped


def told_at(scene, caplog):
    """Return a dict that gets each message, and what was asked before it."""
    told = {}
    add = caplog.handler.emit
    caplog.handler.emit = lambda record: (
        told.setdefault(record.getMessage(), len(scene.asked)),
        add(record),
    )
    return told


@pytest.mark.parametrize("what", OF_ANNOTATE)
def test_annotate(scene, what):
    call, words = OF_ANNOTATE[what]
    with pytest.raises(ValueError if what in OF_FIFTYONE else CVATError) as caught:
        call(scene)

    check(scene, caught.value, words)
    assert scene.asked == []
    assert scene.dataset.list_annotation_runs() == []


@pytest.mark.parametrize("what", OF_CALLS)
def test_call(scene, what):
    call, words = OF_CALLS[what]
    with pytest.raises(CVATError) as caught:
        call(scene)

    check(scene, caught.value, words)
    assert scene.asked == []


@pytest.mark.parametrize("what", OF_RUNS)
def test_call_of_a_run(scene, what):
    call, words = OF_RUNS[what]
    results = scene.sent()
    with pytest.raises(CVATError) as caught:
        call(scene, results)

    check(scene, caught.value, words)
    assert {method for method, _ in scene.asked} <= {"GET"}


def test_unreadable_labels_are_told_before_anything_is_created(scene):
    sample = scene.dataset.last()
    sample.gt.detections[0].bounding_box = [0, 0, 1]
    sample.save()
    with pytest.raises(CVATError) as caught:
        scene.annotate()

    check(scene, caught.value, f"'gt'.*{sample.id}|{sample.id}.*'gt'")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"orgnization": None}, "no `orgnization` .*: did you mean `organization`"),
        ({"taks_size": 5}, "no `taks_size` .*: did you mean `task_size`"),
        ({"clases": ["cat"]}, "no `clases`.*: did you mean `classes`"),
        ({"allow_deletion": False}, "did you mean `allow_deletions`"),
        ({"pasword": "x"}, "no `pasword`.*: did you mean `password`"),
        (
            {"label_schema": {"gt": {"clases": ["a"]}}},
            "Field 'gt': .* no `clases`: did you mean `classes`",
        ),
        (
            {"label_schema": {"gt": attribute(defualt="red")}},
            "Field 'gt', attribute 'color': .* no `defualt`: did you mean `default`",
        ),
        (
            {"attributes": {"color": {"type": "text", "readonly": True}}},
            "attribute 'color': .* no `readonly`: did you mean `read_only`",
        ),
    ],
    ids=[
        *("organization", "size", "annotate", "edits", "password", "classes"),
        *("default", "read_only"),
    ],
)
def test_a_misspelt_name_is_told_before_anybody_signs_in(scene, caplog, given, words):
    told = told_at(scene, caplog)
    with caplog.at_level(logging.WARNING, "fiftyone_cvat"):
        scene.annotate(**given)

    [message] = [each for each in caplog.messages if "did you mean" in each]
    assert re.search(words, message)
    assert told[message] == 0


@pytest.mark.parametrize("name", ["frame_start", "frame_stop", "frame_step"])
@pytest.mark.parametrize("value", [5, [5], {"/1.mp4": 5}], ids=["one", "list", "dict"])
def test_frames_of_images_are_told_before_anybody_signs_in(scene, caplog, name, value):
    """A configuration file may set them for all runs."""
    told = told_at(scene, caplog)
    scene.annotate(**{name: value})

    words = f"`{name}` chooses frames of videos: it says nothing of samples of type 'im"
    [message] = [each for each in caplog.messages if words in each]
    assert told[message] == 0


def test_a_misspelt_keyword_of_a_session_is_told(scene, caplog):
    foua.connect_to_api(**CVAT, **scene.access, orgnization="x").close()

    assert "did you mean `organization`" in caplog.text


def test_a_misspelt_keyword_of_an_import_is_told(scene, caplog):
    with pytest.raises(CVATError):
        fiftyone_cvat.import_tasks(scene.dataset, tasks=9, feilds={}, **scene.access)

    assert "did you mean `fields`" in caplog.text
    assert "is_import" not in caplog.text


@pytest.mark.parametrize(
    ("bounding_box", "words"),
    [
        ([0.1, 0.1, 0, 0.2], "no width or no height"),
        ([0.5, 0.5, -0.1, 0.2], "no width or no height"),
        ([120, 80, 40, 30], "outside of the picture"),
    ],
    ids=["flat", "turned", "pixels"],
)
def test_boxes_that_nobody_sees_are_told(scene, caplog, bounding_box, words):
    sample = scene.dataset.last()
    sample.gt.detections[0].bounding_box = bounding_box
    sample.save()
    at = []
    add = caplog.handler.emit
    caplog.handler.emit = lambda record: (at.append(list(scene.asked)), add(record))
    scene.annotate()

    [message] = [each for each in caplog.messages if words in each]
    assert "Field 'gt': 1 box" in message
    assert sample.id in message
    assert sample.gt.detections[0].id in message
    told = at[caplog.messages.index(message)]
    assert "POST" not in {method for method, _ in told}


def documents(scene):
    """Give the samples documents and metadata with attributes of their own."""
    for sample in scene.dataset:
        sample["doc"] = fo.DynamicEmbeddedDocument(path=sample.filepath)
        sample.metadata = fo.ImageMetadata(width=1, height=1)
        sample.metadata["weather"] = "sunny"
        sample.save()
    return scene


def scalar(scene, name):
    return scene.annotate(label_field=name, label_type="scalar")


def drawn_by_hand(scene):
    path = scene.folder / "1.pgm"
    path.write_bytes(b"P2\n2 1\n255\n0 255\n")
    scene.dataset.add_sample(fo.Sample(str(path)))
    return scene.annotate()


NO_MISUSES = {
    "a picture of digits": drawn_by_hand,
    **{
        f"a field {name}": lambda s, name=name: scalar(s, name)
        for name in ("support", "sample_id", "frame_number", "media_type")
    },
    "a field in metadata": lambda s: scalar(documents(s), "metadata.weather"),
    "media in a document": lambda s: documents(s).annotate(media_field="doc.path"),
    "classes in an array": lambda s: s.annotate(classes=np.array(["cat", "dog"])),
    "classes of a generator": lambda s: s.annotate(classes=(c for c in ("a", "b"))),
    "classes of a dict": lambda s: s.annotate(classes={"a": 1}.keys()),
    "values in an array": lambda s: s.schema(
        attribute(type="select", values=np.array(["red", "blue"]))
    ),
    "truths of NumPy": lambda s: s.annotate(
        attributes=np.True_, use_cache=np.True_, allow_deletions=np.False_
    ),
}
"""What looks wrong, and is not."""


@pytest.mark.parametrize("what", NO_MISUSES)
def test_what_is_no_misuse(scene, what):
    results = NO_MISUSES[what](scene)

    assert results.task_ids
    assert scene.dataset.list_annotation_runs() == ["run"]
    stored = scene.dataset.get_annotation_info("run").config
    assert stored.label_schema == results.config.label_schema


def test_all_errors_are_there_to_be_caught():
    for name in errors.__all__:
        assert getattr(fiftyone_cvat, name) is getattr(errors, name)
        assert name in fiftyone_cvat.__all__
    assert issubclass(fiftyone_cvat.CVATError, Exception)
