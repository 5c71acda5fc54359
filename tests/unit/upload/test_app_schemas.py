"""What a run takes from label schemas of the App, before anything is sent."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace

import fiftyone as fo
import pytest

from fiftyone_cvat.backend import CVATBackendConfig
from fiftyone_cvat.errors import SchemaError
from fiftyone_cvat.upload.app_schemas import take_label_schemas
from fiftyone_cvat.upload.checks import check_alone
from fiftyone_cvat.upload.given_schema import GivenSchema
from tests import media
from tests.builders import detection

pytestmark = pytest.mark.skipif(
    not hasattr(fo.Dataset, "label_schemas"), reason="FiftyOne has them since 1.16"
)

NOTHING = GivenSchema(None, None, attributes=True)
FOUND = {
    "type": "detections",
    "classes": ["cat"],
    "attributes": {"found": {"type": "text", "values": []}},
    "existing_field": True,
}
CLASSES = {"type": "detections", "component": "radio", "classes": ["cat", "dog"]}
MOOD = {"name": "mood", "type": "str", "component": "text"}


def taken(samples, info=FOUND, given=NOTHING, name="cats"):
    config = SimpleNamespace(given_schema=given, label_schema={name: deepcopy(info)})
    take_label_schemas(samples, config)
    return config.label_schema[name]


@pytest.fixture
def cats(dataset):
    cats = fo.Detections(detections=[detection("cat", mood="calm")])
    dataset.add_sample(fo.Sample("/1.png", cats=cats, mood="a"), dynamic=True)
    return dataset


def test_without_a_label_schema(cats):
    assert taken(cats) == FOUND


def test_a_field_that_is_not_there(cats):
    cats.set_label_schemas({"cats": CLASSES})
    new = {**FOUND, "existing_field": False}
    assert taken(cats, new) == new


def test_a_configuration_that_was_not_made_to_annotate(cats):
    cats.set_label_schemas({"cats": CLASSES})
    assert taken(cats, given=None) == FOUND


def test_a_run_without_fields(cats):
    config = SimpleNamespace(given_schema=NOTHING, label_schema={None: {}})
    take_label_schemas(cats, config)
    assert config.label_schema == {None: {}}


@pytest.mark.parametrize("is_active", [True, False])
def test_what_the_app_shows_or_hides(cats, is_active):
    cats.set_label_schemas({"cats": {**CLASSES, "attributes": [MOOD]}})
    if is_active:
        cats.activate_label_schemas()
    found = taken(cats)
    assert found["classes"] == ["cat", "dog"]
    assert found["attributes"] == {"mood": {"type": "text", "values": []}}


@pytest.mark.parametrize(
    ("attributes", "expected"), [({}, FOUND["attributes"]), ({"attributes": []}, {})]
)
def test_a_label_schema_that_says_nothing_of_attributes(cats, attributes, expected):
    """To say that there are none is to say something."""
    cats.set_label_schemas({"cats": {**CLASSES, **attributes}})
    assert taken(cats)["attributes"] == expected


def test_classes_that_may_be_typed(cats):
    cats.set_label_schemas({"cats": {"type": "detections", "component": "text"}})
    assert taken(cats)["classes"] == ["cat"]


@pytest.mark.parametrize(
    ("given", "classes", "attributes"),
    [
        (NOTHING, ["cat", "dog"], ["mood"]),
        (GivenSchema(None, ["cat"], attributes=True), ["cat"], ["mood"]),
        (GivenSchema(None, None, attributes=False), ["cat", "dog"], ["found"]),
        (GivenSchema(None, ["cat"], attributes=["found"]), ["cat"], ["found"]),
    ],
)
def test_what_is_given(cats, given, classes, attributes):
    cats.set_label_schemas({"cats": {**CLASSES, "attributes": [MOOD]}})
    found = taken(cats, given=given)
    assert (found["classes"], [*found["attributes"]]) == (classes, attributes)


def test_values_that_do_not_fit(cats, caplog):
    values = [f"{number} {'x' * 100}" for number in range(100)]
    long = {**MOOD, "component": "dropdown", "values": values}
    cats.set_label_schemas({"cats": {**CLASSES, "attributes": [long]}})
    assert taken(cats)["attributes"]["mood"]["type"] == "text"
    assert "attribute 'mood' is typed as text in CVAT" in caplog.text


def test_what_is_read_only(cats):
    """The kind: an attribute, its field in the dataset, and all of a field's labels."""
    field = {**CLASSES, "attributes": [MOOD]}
    cats.set_label_schemas({"cats": {**field, "read_only": True}})
    found = taken(cats)
    assert found["attributes"]["mood"]["read_only"] is True
    assert [name for name in found if found[name] is False] == [
        "allow_additions",
        "allow_deletions",
        "allow_label_edits",
        "allow_index_edits",
        "allow_spatial_edits",
    ]
    cats.set_label_schemas({"cats": field})
    assert "read_only" not in taken(cats)["attributes"]["mood"]
    mood = cats.get_field("cats.detections.mood")
    mood.read_only = True
    mood.save()
    assert taken(cats)["attributes"]["mood"]["read_only"] is True


def test_parts_of_labels(cats):
    """A label schema that FiftyOne generates lists them."""
    cats.set_label_schemas({"cats": cats.generate_label_schemas("cats")})
    names = {*taken(cats)["attributes"]}
    assert {"mood", "tags"} <= names <= {"confidence", "index", "mood", "tags"}


def test_scalars(cats):
    info = {"type": "scalar", "classes": [], "attributes": {}, "existing_field": True}
    mood = {"type": "str", "component": "radio", "values": ["a", "b"]}
    cats.set_label_schemas({"mood": mood})
    found = taken(cats, info, name="mood")
    assert found["attributes"] == {"value": {"type": "radio", "values": ["a", "b"]}}
    given = GivenSchema(None, ["c"], attributes=True)
    assert taken(cats, info, given, name="mood") == info
    cats.set_label_schemas({"mood": {"type": "str", "component": "text"}})
    assert taken(cats, info, name="mood") == info


@pytest.fixture
def run_of_cats(dataset, tmp_path):
    """A run of which nothing is given, as it is checked before anybody signs in."""
    path = media.make_image(tmp_path / "1.png")
    cats = fo.Detections(detections=[detection("cow")])
    dataset.add_sample(fo.Sample(path, cats=cats))
    info = {"cats": {**FOUND, "classes": ["cow"], "attributes": {}}}
    config = CVATBackendConfig("cvat", info, url="http://127.0.0.1:1")
    config.given_schema = NOTHING
    return dataset, config


def test_it_is_done_once(run_of_cats, caplog):
    samples, config = run_of_cats
    samples.set_label_schemas({"cats": CLASSES})
    check_alone(samples, config)
    take_label_schemas(samples, config)
    assert config.label_schema["cats"]["classes"] == ["cat", "dog", "cow"]
    assert caplog.text.count("classes 'cow' are on labels") == 1


def test_what_cvat_does_not_take_is_refused_alone(run_of_cats):
    samples, config = run_of_cats
    samples.set_label_schemas({"cats": {**CLASSES, "classes": ["x" * 65]}})
    with pytest.raises(SchemaError, match="65 characters"):
        check_alone(samples, config)


def test_a_view_of_frames(dataset, tmp_path):
    sample = fo.Sample(filepath=media.copy_video(tmp_path / "video.mp4"))
    cats = fo.Detections(detections=[detection("cat")])
    sample.frames[1] = fo.Frame(cats=cats)
    dataset.add_sample(sample)
    dataset.set_label_schemas({"frames.cats": CLASSES})
    view = dataset.to_frames(sample_frames="dynamic")
    assert taken(view)["classes"] == ["cat", "dog"]
    assert taken(dataset, name="frames.cats")["classes"] == ["cat", "dog"]
