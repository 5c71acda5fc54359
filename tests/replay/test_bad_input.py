"""What cannot work is refused before anything is created, and leaves nothing."""

from __future__ import annotations

from math import nan
from pathlib import Path
from urllib.parse import urlencode

import fiftyone as fo
import numpy as np
import pytest

from fiftyone_cvat import CVATAnnotationAPI
from fiftyone_cvat.errors import (
    AccessDeniedError,
    AuthenticationError,
    ConfigurationError,
    CVATError,
    MediaError,
    OrganizationError,
    SchemaError,
    ServerJobError,
)
from tests import media
from tests.replay.run import Run, box

SCHEMA = {"cats": {"type": "detections"}}


@pytest.fixture
def cats(dataset, tmp_path):
    for path in media.make_images(tmp_path, ("first.png", "second.png")):
        cats = fo.Detections(detections=[box()])
        dataset.add_sample(fo.Sample(filepath=path, cats=cats))
    return dataset


@pytest.fixture
def nothing_left(cats, server):
    """Check that the run left no task on the server, and its key free."""
    yield
    assert not cats.has_annotation_run("run")
    with CVATAnnotationAPI("cvat", **server.credentials) as api:
        url = f"{api.tasks_url}?{urlencode({'search': task_name(cats)})}"
        assert api._get_paginated_results(url) == []


def task_name(dataset):
    return f"FiftyOne_{dataset.name.replace(' ', '_')}"


def attributes(**info):
    return {"cats": {"type": "detections", "attributes": info}}


@pytest.mark.parametrize(
    ("schema", "kwargs", "error", "words"),
    [
        pytest.param(
            {"cats": {"type": "detections", "classes": ["x" * 65]}},
            {},
            SchemaError,
            "65 characters",
            id="long class",
        ),
        pytest.param(
            attributes(label_id={"type": "text"}), {}, SchemaError, "label_id", id="id"
        ),
        pytest.param(
            attributes(size={"type": "select", "values": []}),
            {},
            SchemaError,
            "size",
            id="no values",
        ),
        pytest.param(
            attributes(size={"type": "radio", "values": ["x" * 201]}),
            {},
            SchemaError,
            "^Field 'cats': The value 'x{60}...' of attribute 'size' has 201 ",
            id="long value",
        ),
        pytest.param(
            SCHEMA, {"task_name": "x" * 257}, ConfigurationError, "257", id="long task"
        ),
        pytest.param(
            SCHEMA,
            {"project_name": "x" * 257},
            ConfigurationError,
            "`project_name` 'x{60}...' has 257 characters; CVAT takes 256",
            id="long project",
        ),
        pytest.param(
            SCHEMA, {"project_id": 999999}, ConfigurationError, "999999", id="project"
        ),
        pytest.param(
            SCHEMA, {"task_assignee": "nessie"}, ConfigurationError, "nessie", id="user"
        ),
        pytest.param(
            SCHEMA,
            {"organization": "atlantis"},
            OrganizationError,
            "atlantis",
            id="org",
        ),
        pytest.param(None, {}, SchemaError, "label_schema", id="no schema"),
    ],
)
def test_refused(cats, server, nothing_left, schema, kwargs, error, words):
    with pytest.raises(error, match=words):
        Run(cats, server, schema, **kwargs)


@pytest.mark.parametrize("what", ["missing", "empty", "unsupported"])
def test_media_that_cannot_go_up(cats, server, nothing_left, what):
    path = Path(cats.first().filepath)
    path.unlink()
    if what == "empty":
        path.touch()
    elif what == "unsupported":
        other = path.with_name("notes")
        other.write_text("no picture")
        cats.set_values("path", [str(other)] * 2)
    kwargs = {"media_field": "path"} if what == "unsupported" else {}

    with pytest.raises(MediaError, match="notes" if kwargs else "first.png"):
        Run(cats, server, SCHEMA, **kwargs)


def test_picture_that_the_server_cannot_read(cats, server, nothing_left):
    Path(cats.last().filepath).write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    with pytest.raises(ServerJobError, match=r"could not build task .* Truncated"):
        Run(cats, server, SCHEMA, task_size=1)


def test_read_only_token(cats, server, nothing_left):
    with pytest.raises(AccessDeniedError, match="read-only"):
        cats.annotate(
            "run",
            label_schema=SCHEMA,
            backend="cvat",
            config_cls="fiftyone_cvat.backend.CVATBackendConfig",
            url=server.url,
            access_token=server.read_only_token,
        )


def test_wrong_password(cats, server, nothing_left):
    with pytest.raises(AuthenticationError, match=server.username):
        cats.annotate(
            "run",
            label_schema=SCHEMA,
            backend="cvat",
            config_cls="fiftyone_cvat.backend.CVATBackendConfig",
            url=server.url,
            username=server.username,
            password="wrong-password",
        )


def unreadable(**kwargs):
    return fo.Detection(label="cat", **{"bounding_box": [0.1, 0.1, 0.5, 0.5], **kwargs})


@pytest.mark.parametrize(
    ("label_type", "label", "words"),
    [
        pytest.param("detections", unreadable(bounding_box=[0, 0, 1]), "4", id="box"),
        pytest.param("detections", unreadable(rotation=nan), "rotation", id="angle"),
        pytest.param("detections", unreadable(note="x" * 4097), "4097", id="text"),
        pytest.param("detections", unreadable(note="a\0b"), "note", id="NUL"),
        pytest.param(
            "instances", unreadable(mask=np.ones((2, 3, 4), bool)), "mask", id="mask"
        ),
        pytest.param(
            "instances", unreadable(mask_path="/nowhere.png"), "nowhere", id="file"
        ),
    ],
)
def test_labels_are_refused_before_anything_is_created(
    cats, server, nothing_left, caplog, label_type, label, words
):
    sample = cats.last()
    sample["things"] = fo.Detections(detections=[label])
    sample.save()

    with pytest.raises(CVATError, match=words) as refusal:
        Run(cats, server, {"things": {"type": label_type}})

    assert "things" in str(refusal.value)
    assert sample.id in str(refusal.value)
    assert label.id in str(refusal.value)
    assert "deleting what it created" not in caplog.text


def test_occlusion_is_refused_before_anything_is_created(
    cats, server, nothing_left, caplog
):
    sample = cats.last()
    sample.cats.detections[0]["hidden"] = [True]
    sample.save()

    with pytest.raises(CVATError, match=r"'hidden' of label .* type list"):
        Run(cats, server, SCHEMA, occluded_attr="hidden")

    assert "deleting what it created" not in caplog.text


def test_texts_that_just_fit(cats, server):
    """What has as many characters as CVAT takes goes up, and comes back as it is."""
    values = [f"{i:02}" + "v" * 97 for i in range(39)] + ["w" * 196 + "  "]
    sample = cats.last()
    sample.cats.detections[0]["note"] = f"  {'x' * 4096}\n"
    sample.cats.detections[0]["size"] = values[0]
    sample.save()
    schema = attributes(
        size={"type": "select", "values": values},
        note={"type": "text", "default": "d" * 128},
    )

    run = Run(cats, server, schema, task_name="ü" * 256)

    [label] = run.api._get_task_labels(run.task_id)
    specs = {each["name"]: each for each in label["attributes"]}
    assert len("\n".join(specs["size"]["values"])) == 4096
    assert specs["note"]["default_value"] == "d" * 128
    assert run.load() == {"cats": {"kept": 2}}
    assert run.differences() == []
