"""Where a load puts labels: what would lose labels, or cannot be, changes nothing.

FiftyOne's merge deletes from a field what the run has there and does not bring again.
"""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace

import fiftyone as fo
import fiftyone.utils.annotations as foua
import pytest

import fiftyone_cvat
from fiftyone_cvat import ConfigurationError
from fiftyone_cvat.download.destinations import check_unexpected, holders_of_fields
from tests import media
from tests.faults.server import StandIn
from tests.replay.run import box
from tests.test_misuses import CVAT, Scene
from tests.unit.test_fresh_process import start

TWO = {"gt": {"type": "detections"}, "dots": {"type": "keypoints"}}
SAME = {"gt": {"type": "detections"}, "other": {"type": "detections"}}
ONE = {"gt": {"type": "detections"}}
NAMES = {"name": {"type": "scalar"}}
SCALARS = {"count": {"type": "scalar"}}

LOST = {
    "unexpected into another": (
        TWO,
        {"unexpected": {"keypoints": "dots"}},
        "'dots' is a field of run 'run' itself",
    ),
    "unexpected into itself": (
        ONE,
        {"unexpected": {"keypoints": "gt"}},
        "'gt' is a field of run 'run' itself",
    ),
    "unexpected into one that moves": (
        TWO,
        {"dest_field": {"dots": "pts"}, "unexpected": {"keypoints": "dots"}},
        "'dots' is a field of run 'run' itself",
    ),
    "a field into another": (
        SAME,
        {"dest_field": {"gt": "other"}},
        "'other' is a field of run 'run' itself, .* those of 'gt'",
    ),
    "a field into another type": (
        TWO,
        {"dest_field": {"gt": "dots"}},
        "'dots' is a field of run 'run' itself",
    ),
    "fields that are swapped": (
        SAME,
        {"dest_field": {"gt": "other", "other": "gt"}},
        "'other' is a field of run 'run' itself",
    ),
    "fields that move on": (
        SAME,
        {"dest_field": {"other": "new", "gt": "other"}},
        "'other' is a field of run 'run' itself",
    ),
    "two fields into one": (
        SAME,
        {"dest_field": {"gt": "x", "other": "x"}},
        "'gt' and 'other' cannot both go to 'x'",
    ),
    "two fields of two types into one": (
        TWO,
        {"dest_field": {"gt": "x", "dots": "x"}},
        "'gt' and 'dots' cannot both go to 'x'",
    ),
    "unexpected into a dest_field": (
        TWO,
        {"dest_field": {"dots": "pts"}, "unexpected": {"keypoints": "pts"}},
        "'pts' is the `dest_field`",
    ),
    "kept in a dest_field": (
        TWO,
        {"dest_field": {"dots": "keypoints"}, "unexpected": "keep"},
        "'keypoints' is the `dest_field`",
    ),
    "a type kept in a dest_field": (
        TWO,
        {"dest_field": {"dots": "keypoints"}, "unexpected": ["keypoints"]},
        "'keypoints' is the `dest_field`",
    ),
}
"""Loads that would lose labels: the fields, what is asked, what the error says."""

IMPOSSIBLE = {
    "a field of no name": (
        {"unexpected": {"keypoints": 5}},
        "`unexpected`: 5, for 'keypoints', is no name of a field",
    ),
    "unexpected into filepath": (
        {"unexpected": {"keypoints": "filepath"}},
        "'filepath' is a field that FiftyOne itself fills",
    ),
    "unexpected into a number": (
        {"unexpected": {"keypoints": "count"}},
        "'count' is a field of IntField, which cannot hold what 'keypoints'",
    ),
    "unexpected into other labels": (
        {"unexpected": {"keypoints": "boxes"}},
        "'boxes' is a field of Detections, which cannot hold what 'keypoints'",
    ),
    "two types into one": (
        {"unexpected": {"keypoints": "x", "polylines": "x"}},
        "'keypoints' and 'polylines' are of different types",
    ),
    "no type": ({"unexpected": {"points": "x"}}, "names 'points', which is no type"),
    "5 as a type": ({"unexpected": {5: "x"}}, "names 5, which is no type"),
    "a type that comes back otherwise": (
        {"unexpected": {"polygons": "x"}},
        "names 'polygons', .* 'polylines'",
    ),
    "no parent": (
        {"unexpected": {"keypoints": "nope.x"}},
        "the dataset has no field 'nope'",
    ),
    "a hidden name": ({"dest_field": {"gt": "_x"}}, "must not begin with '_'"),
    "a field into filepath": (
        {"dest_field": {"gt": "filepath"}},
        "'filepath' is a field that FiftyOne itself fills",
    ),
    "a field into a number": (
        {"dest_field": {"gt": "count"}},
        "'count' is a field of IntField, which cannot hold what 'gt' is",
    ),
    "a field into other labels": (
        {"dest_field": {"dots": "boxes"}},
        "'boxes' is a field of Detections, which cannot hold what 'dots' is",
    ),
    "a field into that of the media": (
        {"dest_field": {"name": "path"}},
        "'path' has the paths of the media",
    ),
    "a list": ({"dest_field": ["x"]}, "dest_field. is \\['x'\\]"),
    "None": ({"dest_field": {"gt": None}}, "dest_field. is {'gt': None}"),
    "an unknown field": (
        {"dest_field": {"gtt": "x"}},
        "names 'gtt', which is no field of run 'run'; it has 'gt', 'dots', 'name'",
    ),
    "a field of frames": ({"dest_field": {"gt": "frames.x"}}, "both fields of frames"),
}
"""What no load can do, to what the error says."""

FINE = {
    "elsewhere": (TWO, {"dest_field": {"dots": "pts"}}),
    "both elsewhere": (SAME, {"dest_field": {"gt": "x", "other": "y"}}),
    "to itself": (TWO, {"dest_field": {"dots": "dots"}}),
    "into labels that are there": (ONE, {"dest_field": "boxes"}),
    "a text for two, which FiftyOne ignores": (TWO, {"dest_field": "x"}),
    "a new field": (TWO, {"unexpected": {"keypoints": "x", "polylines": "y"}}),
    "none": (TWO, {"unexpected": {"keypoints": None, "polylines": ""}}),
    "other labels": (TWO, {"unexpected": {"detections": "boxes"}}),
    "types": (TWO, {"unexpected": ["keypoints", "detections"]}),
    "keep": (TWO, {"unexpected": "keep", "dest_field": {"dots": "pts"}}),
    "kept as another type": (
        {"dots": TWO["dots"]},
        {"unexpected": "keep", "dest_field": "keypoints"},
    ),
    "numbers": (SCALARS, {"dest_field": "size"}),
}
"""Loads that lose nothing."""


@pytest.fixture
def scene(dataset, tmp_path):
    for path in media.make_images(tmp_path, ("1.png", "2.png")):
        dataset.add_sample(
            fo.Sample(
                path,
                gt=boxes(),
                other=boxes(),
                boxes=boxes(),
                dots=fo.Keypoints(
                    keypoints=[fo.Keypoint(label="cat", points=[(0.5, 0.5)])]
                ),
                count=3,
                size=0.5,
                name="a",
                path=path,
            )
        )
    server = StandIn()
    yield Scene(dataset, server, tmp_path)
    server.close()


def boxes():
    return fo.Detections(detections=[box()])


def send(scene, schema, **settings):
    fields = {name: {**info} for name, info in schema.items()}
    results = scene.dataset.annotate(
        "run", **CVAT, **scene.access, label_schema=fields, **settings
    )
    scene.asked.clear()
    return results


def documents(dataset):
    return list(dataset._sample_collection.find({}))


def of_fiftyone(dataset, **asked):
    return dataset.load_annotations("run", **{"unexpected": "ignore"} | asked)


def of_package(dataset, **asked):
    return fiftyone_cvat.load(dataset, "run", **{"unexpected": "ignore"} | asked)


def check_refused(scene, load, asked, words):
    before, schema = documents(scene.dataset), scene.dataset.get_field_schema()
    with pytest.raises(ConfigurationError) as caught:
        load(scene.dataset, **asked)

    assert re.search(words, str(caught.value)), str(caught.value)
    assert scene.asked == []
    assert documents(scene.dataset) == before
    assert scene.dataset.get_field_schema().keys() == schema.keys()


each_load = pytest.mark.parametrize("load", [of_fiftyone, of_package])


@each_load
@pytest.mark.parametrize("what", LOST)
def test_labels_that_would_be_lost(scene, load, what):
    schema, asked, words = LOST[what]
    send(scene, schema)

    check_refused(scene, load, asked, words)


@each_load
@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_impossible(scene, load, what):
    asked, words = IMPOSSIBLE[what]
    send(scene, TWO | NAMES, media_field="path")

    check_refused(scene, load, asked, words)


@pytest.mark.parametrize(
    ("holder", "words"),
    [("gt", "Detections"), ("name", "StringField"), ("", "dest_field. is ''")],
)
def test_numbers_that_cannot_go_there(scene, holder, words):
    send(scene, SCALARS)

    check_refused(scene, of_fiftyone, {"dest_field": holder}, words)


@pytest.mark.parametrize("what", FINE)
def test_labels_that_are_not_lost(scene, what):
    schema, asked = FINE[what]
    send(scene, schema)
    names = [each for each in ("gt", "other", "dots", "boxes") if each in schema]
    before = [scene.dataset.values(each) for each in names]

    of_fiftyone(scene.dataset, **asked)

    assert scene.asked
    assert [scene.dataset.values(each) for each in names] == before


@each_load
def test_a_field_that_has_labels_of_another_one_from_an_earlier_load(scene, load):
    send(scene, SAME)
    of_fiftyone(scene.dataset, dest_field={"gt": "x"})
    assert scene.dataset.count("x.detections") == 2
    scene.asked.clear()

    words = "have put labels of 'gt' into 'x'"
    check_refused(scene, load, {"dest_field": {"other": "x"}}, words)
    check_refused(scene, load, {"unexpected": {"detections": "x"}}, words)
    of_fiftyone(scene.dataset, dest_field={"gt": "x"})
    assert scene.dataset.count("x.detections") == 2


def test_a_clone_of_a_field_of_the_run(scene):
    """Its labels have the same ids, and are no others."""
    scene.dataset.delete_sample_field("other")
    scene.dataset.clone_sample_field("gt", "other")
    send(scene, SAME)

    for _ in range(2):
        of_fiftyone(scene.dataset, dest_field={"gt": "x"})
        assert scene.dataset.count("x.detections") == 2


def test_a_field_that_has_unexpected_labels_from_an_earlier_load(scene):
    results = send(scene, TWO)
    results.other_fields = ["pts"]
    results.id_map["pts"] = {scene.dataset.first().id: ["0" * 24]}

    words = "labels that `unexpected` named it for into 'pts'"
    with pytest.raises(ConfigurationError, match=words):
        holders_of_fields(results, {"dots": "pts"})
    check_unexpected(results, {"keypoints": "pts"}, {})


FRESH = """
import sys
import fiftyone as fo
name, url = sys.argv[1:]
dataset = fo.load_dataset(name)
assert "fiftyone_cvat" not in sys.modules
dataset.load_annotations(
    "run", unexpected={"keypoints": "dots"}, url=url, access_token="token"
)
"""


def test_the_first_load_of_a_process(scene):
    """Nothing has imported the package before FiftyOne reads the run."""
    send(scene, TWO)
    scene.dataset.persistent = True

    done = start(sys.executable, "-c", FRESH, scene.dataset.name, scene.server.url)

    assert "'dots' is a field of run 'run' itself" in done.stderr
    assert scene.asked == []


class OtherBackendConfig(foua.AnnotationBackendConfig):
    """The configuration of a backend that is not this package's."""


class OtherResults(foua.AnnotationResults):
    """The results of its runs."""


class OtherBackend(foua.AnnotationBackend):
    """A backend whose annotators draw a point on each image, in a field of boxes."""

    supported_media_types = (fo.core.media.IMAGE,)
    supported_label_types = ("detections", "keypoints")
    supported_scalar_types = supported_attr_types = ()
    supports_clips_views = supports_keyframes = supports_video_sample_fields = False
    requires_label_schema = True

    def upload_annotations(self, samples, anno_key, **_):
        return OtherResults(samples, self.config, anno_key, {}, backend=self)

    def download_annotations(self, results):
        new = {
            each: {(point := fo.Keypoint(points=[(0.1, 0.1)])).id: point}
            for each in results.samples.values("id")
        }
        return {"gt": {"keypoints": new, "detections": {}}}


def test_runs_of_other_backends(scene):
    """They are FiftyOne's matter: what is refused here is loaded there as it was."""
    schema = {name: {**TWO[name]} for name in ("dots", "gt")}
    scene.dataset.annotate("run", backend=OtherBackendConfig, label_schema=schema)

    of_fiftyone(scene.dataset, unexpected={"keypoints": "dots"})

    assert scene.dataset.count("dots.keypoints") == 4


# --- videos ------------------------------------------------------------------


@pytest.fixture
def video(dataset, tmp_path):
    path = media.copy_video(tmp_path / "video.mp4")
    dataset.add_sample(fo.Sample(filepath=str(path)))
    dataset.first().frames  # noqa: B018
    return dataset


class Results:
    """What the checks read of a run's results."""

    def __init__(self, samples, *names):
        self.key, self.samples, self.id_map, self.other_fields = "run", samples, {}, []
        self._is_frames = samples._is_frames
        fields = {each: {"type": "detections"} for each in names}
        self.config = SimpleNamespace(label_schema=fields, media_field="filepath")


def test_fields_of_frames(video):
    results = Results(video, "frames.cats", "frames.dogs")

    assert holders_of_fields(results, {"frames.cats": "frames.new"}) == {
        "frames.cats": "frames.new"
    }
    for holder, words in {
        "new": "not both fields of frames",
        "frames.dogs": "'frames.dogs' is a field of run 'run' itself",
        "frames.frame_number": "that FiftyOne itself fills",
    }.items():
        with pytest.raises(ConfigurationError, match=words):
            holders_of_fields(results, {"frames.cats": holder})
    check_unexpected(results, {"detections": "new", "keypoints": "frames.kp"}, {})
    for holder in ("dogs", "frames.dogs"):
        with pytest.raises(ConfigurationError, match=f"'{holder}' is a field of run"):
            check_unexpected(results, {"detections": holder}, {})


@pytest.mark.parametrize("prefix", ["", "frames."])
def test_a_view_of_frames(video, prefix):
    """FiftyOne takes both for the field of the frames; not as `unexpected`."""
    frames = video.to_frames(sample_frames=True)
    results = Results(frames, "cats", "dogs")

    holders = holders_of_fields(results, {"cats": f"{prefix}new"})

    assert holders == {"cats": "new"}
    with pytest.raises(ConfigurationError, match="is a field of run 'run' itself"):
        holders_of_fields(results, {"cats": f"{prefix}dogs"})
    with pytest.raises(ConfigurationError, match="is the `dest_field`"):
        check_unexpected(results, {"detections": "new"}, holders)
    with pytest.raises(ConfigurationError, match=r"is a field of run|is named 'dogs'"):
        check_unexpected(results, {"detections": f"{prefix}dogs"}, {})
