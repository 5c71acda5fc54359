"""Several videos in one run: a task each, with frames and tracks of its own."""

from __future__ import annotations

import fiftyone as fo
import pytest

from fiftyone_cvat.dataset import video_metadata
from tests import media
from tests.replay.run import Run, box, moved

LENGTHS = (12, 5, 8)
SCHEMA = {"frames.cars": {"type": "detections"}, "frames.weather": {}}


def video(path, length, **fields):
    sample = fo.Sample(filepath=str(path), **fields)
    for number in range(1, length + 1):
        cars = [box("car", number / 40, index=1, speed=number), box("bus", 0.55)]
        sample.frames[number] = fo.Frame(
            cars=fo.Detections(detections=cars), weather="wet" if number < 4 else "dry"
        )
    return sample


@pytest.fixture
def paths(tmp_path):
    return [media.copy_video(tmp_path / f"{length}.mp4", length) for length in LENGTHS]


@pytest.fixture
def films(dataset, paths):
    """Three videos; the same car, of the same index, goes through each of them."""
    dataset.add_samples(map(video, paths, LENGTHS))
    return dataset


def kept_only(counts):
    return all(each.keys() == {"kept"} for each in counts.values())


def frames_sent(run):
    """Return the numbers of the frames in each task, from 1, by the dataset."""
    columns = run.dataset.values(["frames.id", "frames.frame_number"], unwind=True)
    numbers = dict(zip(*columns, strict=True))
    return [
        [numbers[each["frame_id"]] for each in run.results.frame_id_map[task].values()]
        for task in run.results.task_ids
    ]


def frames_of_server(run):
    """Return the first and last frame in each task, and their number."""
    metas = [
        run.api.get(run.api.task_data_meta_url(task)).json()
        for task in run.results.task_ids
    ]
    return [(meta["start_frame"], meta["stop_frame"], meta["size"]) for meta in metas]


FIRST, SECOND, THIRD = (list(range(1, length + 1)) for length in LENGTHS)


@pytest.mark.parametrize(
    ("frames", "sent"),
    [
        pytest.param(lambda paths: {}, [FIRST, SECOND, THIRD], id="all"),
        pytest.param(
            lambda paths: {"frame_start": 1, "frame_stop": 4, "frame_step": 2},
            [[2, 4]] * 3,
            id="numbers",
        ),
        pytest.param(
            lambda paths: {
                "frame_start": [0, 2, None],
                "frame_stop": [5, None, 6],
                "frame_step": [5, 1, 3],
            },
            [[1, 6], [3, 4, 5], [1, 4, 7]],
            id="lists",
        ),
        pytest.param(
            lambda paths: {
                "frame_start": {paths[1]: 3},
                "frame_stop": {paths[0]: 1, paths[2]: 2},
                "frame_step": {paths[2]: 2},
            },
            [[1, 2], [4, 5], [1, 3]],
            id="dicts",
        ),
    ],
)
def test_untouched(films, paths, server, frames, sent):
    run = Run(films, server, SCHEMA, **frames(paths))

    counts = run.load()

    number = sum(map(len, sent))
    assert counts == {
        "frames.cars": {"kept": 2 * number},
        "frames.weather": {"kept": number},
    }
    assert run.differences() == []
    assert run.load() == counts
    assert run.differences() == []
    assert frames_sent(run) == sent
    sizes = [size for _, _, size in frames_of_server(run)]
    assert sizes == list(map(len, sent))


def test_an_edit_of_one_video_leaves_the_others_alone(films, server):
    run = Run(films, server, SCHEMA)
    _, second, third = run.results.task_ids
    annotations = run.annotations(second)
    [track] = annotations["tracks"]
    track["shapes"] = [
        moved(shape) if shape["frame"] == 2 else shape for shape in track["shapes"]
    ]
    shapes = annotations["shapes"]
    gone = [shape for shape in shapes if shape["frame"] == 4]
    run.change("update", second, tracks=[track])
    run.change("delete", second, shapes=gone)
    [other] = run.annotations(third)["tracks"]
    run.change("delete", third, tracks=[other])

    counts = run.load()

    kept = 2 * sum(LENGTHS) - 1 - 1 - LENGTHS[2]
    assert counts["frames.cars"] == {"kept": kept, "changed": 1, "deleted": 9}
    cars = [
        [[car.label for car in frame.cars.detections] for frame in each.frames.values()]
        for each in films
    ]
    assert cars == [
        [["car", "bus"]] * 12,
        [["car", "bus"]] * 4 + [["car"]],
        [["bus"]] * 8,
    ]
    before = films.values("frames.cars.detections.bounding_box")
    assert before[1][2][0][0] == pytest.approx(3 / 40 + 1 / 32)
    assert before[0][2][0][0] == 3 / 40
    indexes = films.values("frames.cars.detections.index", unwind=True)
    assert set(indexes) == {1, None}
    again = run.documents()
    assert kept_only(run.load())
    assert run.differences(again) == []


def test_new_tracks_of_each_video_are_numbered_alone(films, server):
    run = Run(films, server, SCHEMA)
    for task_id in run.results.task_ids[1:]:
        [track] = run.annotations(task_id)["tracks"]
        shape = {**moved(track["shapes"][1], 3), "attributes": []}
        copy = {**track, "frame": 1, "shapes": [shape]}
        del copy["id"], shape["id"]
        run.change("create", task_id, tracks=[copy])

    counts = run.load()

    assert counts["frames.cars"] == {"kept": 2 * sum(LENGTHS), "added": 4 + 7}
    indexes = films.values("frames.cars.detections.index")
    found = [{each for frame in own for each in frame} - {None} for own in indexes]
    assert found == [{1}, {1, 2}, {1, 2}]
    before = run.documents()
    assert kept_only(run.load())
    assert run.differences(before) == []


def test_slices_of_groups(dataset, paths, server):
    """Two cameras see the same: one run for each, and one for both."""
    dataset.add_group_field("group", default="left")
    for first, second in ((0, 1), (2, 1)):
        group = fo.Group()
        folder = [paths[first], paths[second].replace(".mp4", f"-{first}.mp4")]
        media.copy_video(folder[1], LENGTHS[second])
        left = video(folder[0], LENGTHS[first], group=group.element("left"))
        right = video(folder[1], LENGTHS[second], group=group.element("right"))
        dataset.add_samples([left, right])

    run = Run(dataset.select_group_slices("left"), server, SCHEMA)
    other = Run(dataset.select_group_slices(), server, SCHEMA, key="both")

    assert run.load()["frames.cars"] == {"kept": 2 * (12 + 8)}
    assert run.differences() == []
    assert other.load()["frames.cars"] == {"kept": 2 * (12 + 5 + 8 + 5)}
    assert other.differences() == []


def test_built_in_defect_videos_needed_ffprobe(films, server, monkeypatch, tmp_path):
    """Nothing but OpenCV says then how long a video is."""
    folder = tmp_path / "no programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    assert video_metadata.shutil.which("ffprobe") is None
    assert films.values("metadata") == [None] * 3

    run = Run(films, server, SCHEMA)

    assert films.values("metadata.total_frame_count") == list(LENGTHS)
    assert kept_only(run.load())
    assert [d for d in run.differences() if d[0] != "metadata"] == []
