"""The frames of a run: what leaves a video out is refused, the rest is told."""

from __future__ import annotations

from types import SimpleNamespace

import fiftyone as fo
import pytest

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.upload.task_options import FRAMES, check_frames, frame_arguments

PATHS = ["/1.mp4", "/2.mp4", "/3.mp4"]


def config(**given):
    return SimpleNamespace(**dict.fromkeys(FRAMES) | given)


@pytest.fixture
def videos(dataset):
    metadata = fo.VideoMetadata(total_frame_count=9)
    dataset.add_samples(fo.Sample(path, metadata=metadata) for path in PATHS)
    return dataset


@pytest.fixture
def slices(dataset):
    """Groups of a video and a picture, of which the picture is the default."""
    dataset.add_group_field("group", default="picture")
    for path in PATHS:
        group = fo.Group()
        dataset.add_samples(
            [
                fo.Sample(path, group=group.element("video")),
                fo.Sample(f"{path}.png", group=group.element("picture")),
            ]
        )
    return dataset.select_group_slices("video")


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("kind", ["videos", "slices"])
def test_paths_of_the_dataset_that_a_view_leaves_out(request, caplog, name, kind):
    samples = request.getfixturevalue(kind)
    for view in (samples, samples.limit(1), samples.skip(2)):
        check_frames(view, config(**{name: dict.fromkeys(PATHS, 2)}))
        check_frames(view, config(**{name: {PATHS[1]: 2}}))
    assert not caplog.messages


def test_paths_of_clips(videos, caplog):
    clips = videos.to_clips([[[1, 2]], [], []])
    check_frames(clips, config(frame_start=dict.fromkeys(PATHS, 0)))
    assert not caplog.messages


def test_paths_that_are_nowhere(videos, caplog):
    with pytest.raises(ConfigurationError, match=r"`frame_stop` names '1\.mp4'"):
        check_frames(videos, config(frame_stop={"1.mp4": 1, "2.mp4": 1}))

    check_frames(videos, config(frame_stop={PATHS[0]: 1, "2.mp4": 1, "3.mp4": 1}))
    [message] = caplog.messages
    assert "`frame_stop` names '2.mp4'" in message
    assert message.endswith("it is ignored (and 1 more)")


@pytest.mark.parametrize("name", FRAMES)
def test_a_list_that_is_longer(videos, caplog, name):
    given = config(**{name: [1, 2, 3, 4]})
    check_frames(videos, given)
    [message] = caplog.messages
    assert f"`{name}` lists 4 values for 3 videos" in message
    found = [frame_arguments(given, videos.skip(n).limit(1), n) for n in range(3)]
    assert [each[FRAMES.index(name)] for each in found] == [1, 2, 3]


@pytest.mark.parametrize("name", FRAMES)
def test_a_list_that_is_shorter(videos, name):
    with pytest.raises(ConfigurationError, match=f"`{name}` lists 2 values for 3"):
        check_frames(videos, config(**{name: [1, 2]}))


def test_a_list_of_one_for_each(videos, caplog):
    check_frames(videos, config(frame_step=[1, None, 2]))
    assert not caplog.messages
