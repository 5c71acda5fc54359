"""Where a load puts the labels of a run: what cannot be is refused before it begins."""

from __future__ import annotations

from types import SimpleNamespace

import fiftyone as fo
import pytest

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.workflows import loading

ONE = {"cats": {"type": "detections"}}
TWO = {**ONE, "kind": {"type": "classification"}}
OF_FRAMES = {"frames.cats": {"type": "detections"}}


def holders(fields, dest_field, *, is_frames=False, is_clips=False):
    root = SimpleNamespace(
        _FRAMES_PREFIX="frames.",
        _handle_frame_field=lambda name: (
            name.removeprefix("frames."),
            name.startswith("frames."),
        ),
        _get_default_sample_fields=lambda: ("id", "filepath", "metadata"),
        _get_default_frame_fields=lambda: ("id", "frame_number"),
        get_field=lambda name: SimpleNamespace(document_type=fo.ImageMetadata),
        group_field=None,
    )
    results = SimpleNamespace(
        key="run",
        config=SimpleNamespace(label_schema=fields),
        samples=SimpleNamespace(_root_dataset=root),
        _is_frames=is_frames,
        _is_clips=is_clips,
    )
    return loading._holder_by_field(results, dest_field)


@pytest.mark.parametrize(
    ("fields", "dest_field", "expected"),
    [
        (ONE, None, {}),
        (ONE, {}, {}),
        (ONE, "gt", {"cats": "gt"}),
        (TWO, {"kind": "other"}, {"kind": "other"}),
        (OF_FRAMES, "frames.gt", {"frames.cats": "frames.gt"}),
    ],
)
def test_fields(fields, dest_field, expected):
    assert holders(fields, dest_field) == expected


@pytest.mark.parametrize("name", ["gt", "frames.gt"])
def test_fields_of_a_view_of_frames(name):
    """FiftyOne takes both for the field of the frames."""
    assert holders(ONE, name, is_frames=True) == {"cats": "gt"}


@pytest.mark.parametrize(
    ("fields", "dest_field", "words"),
    [
        (TWO, "gt", "a mapping of the run's fields \\('cats', 'kind'\\)"),
        (ONE, ["gt"], "dest_field. is \\['gt'\\]"),
        (ONE, "", "dest_field. is ''"),
        (ONE, {"cats": None}, "dest_field. is {'cats': None}"),
        (ONE, "filepath", "'filepath' is a field that FiftyOne itself fills"),
        (OF_FRAMES, "frames.frame_number", "that FiftyOne itself fills"),
        (ONE, {"dogs": "gt"}, "names 'dogs', which is no field of run 'run'"),
        (ONE, "frames.gt", "not both fields of frames"),
        (OF_FRAMES, "gt", "not both fields of frames"),
        (TWO, {"cats": "gt", "kind": "gt"}, "'cats' and 'kind' are of different types"),
    ],
)
def test_fields_that_cannot_be(fields, dest_field, words):
    with pytest.raises(ConfigurationError, match=words):
        holders(fields, dest_field)


OWN = ("support", "sample_id", "frame_number", "media_type", "metadata.weather")
"""Names that samples of images give to nothing themselves."""


@pytest.mark.parametrize("name", OWN)
def test_fields_that_only_other_collections_have(name):
    assert holders(ONE, name) == {"cats": name}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("is_clips", "support"),
        ("is_clips", "sample_id"),
        ("is_frames", "sample_id"),
        ("is_frames", "frames.sample_id"),
        ("is_frames", "frame_number"),
        ("is_frames", "filepath"),
        ("is_frames", "metadata.width"),
    ],
)
def test_fields_of_clips_and_frames(kind, name):
    with pytest.raises(ConfigurationError, match="that FiftyOne itself fills"):
        holders(ONE, name, **{kind: True})


@pytest.mark.parametrize("name", ["metadata", "metadata.width", "metadata.size_bytes"])
def test_what_is_declared_of_metadata(name):
    with pytest.raises(ConfigurationError, match="that FiftyOne itself fills"):
        holders(ONE, name)
