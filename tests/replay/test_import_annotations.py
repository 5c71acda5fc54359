"""FiftyOne's documented door to work that is in CVAT already: ``import_annotations``.

Each case imports tasks that somebody made in CVAT, through our backend and, beside it,
through the built-in integration, and says where what comes out differs, and why.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.core.metadata as fometa
import fiftyone.utils.cvat as fouc
import fiftyone.utils.video as fouv
import pytest

from fiftyone_cvat import CVATAnnotationAPI
from fiftyone_cvat.dataset.video_metadata import (
    add_video_metadata,
    read_video_metadata,
)
from fiftyone_cvat.errors import ConfigurationError, NotFoundError
from tests.replay.hand_made import (
    NAMES,
    SHAPES,
    SKELETON_TRACKS,
    TRACKS,
    Workshop,
    told,
)
from tests.replay.test_point_clouds import write_pcd

OURS = "fiftyone_cvat.backend.CVATBackendConfig"
THEIRS = "fiftyone.utils.cvat.CVATBackendConfig"

ATTRIBUTES = "color=blue real=True size=3"
LABELS_TOLD = {
    "classifications": ["day"],
    "detections": [
        f"box: thing 2,3 10x10 {ATTRIBUTES}",
        f"mask: thing 8,5 6x4 23 pixels {ATTRIBUTES}",
        f"turned: thing 4,5 10x6 turned 30 {ATTRIBUTES}",
    ],
    "keypoints": [
        "person 3,4 4,5",
        f"points: thing 3,4 5,6 {ATTRIBUTES}",
    ],
    "polylines": [
        f"cuboid: thing closed 4 points 4 points 4 points 4 points {ATTRIBUTES}",
        f"ellipse: thing filled 96 points {ATTRIBUTES}",
        f"line: thing open 3 points {ATTRIBUTES}",
        f"polygon: thing filled 3 points {ATTRIBUTES}",
    ],
}
"""What all shapes of the workshop are."""

DIFFERENCES = {
    f"mask: thing 8,5 6x4 23 pixels {ATTRIBUTES}": (
        f"mask: thing 8,5 5x3 23 pixels {ATTRIBUTES}",
        "the last column and row of a mask are in it",
    ),
    f"ellipse: thing filled 96 points {ATTRIBUTES}": (
        None,
        "an ellipse is a label, too",
    ),
    f"cuboid: thing closed 4 points 4 points 4 points 4 points {ATTRIBUTES}": (
        f"cuboid: thing in space {ATTRIBUTES}",
        "the corners of a cuboid on an image are no place in space",
    ),
}
"""Labels to what the built-in makes of them, and why ours differ."""


def as_built_in(labels: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return what the built-in makes of labels on one frame."""
    found: dict[str, list[str]] = {}
    for name, each in labels.items():
        for words in each:
            theirs = DIFFERENCES.get(words, (words,))[0]
            kind = "detections" if theirs and "in space" in theirs else name
            if theirs:
                found.setdefault(kind, []).append(theirs)
    return {name: sorted(each) for name, each in found.items()}


def all_as_built_in(told_: dict[str, dict]) -> dict[str, dict[str, list[str]]]:
    """Return what the built-in makes of the labels of a dataset."""
    return {name: as_built_in(fields) for name, fields in told_.items()}


def only(*names: str) -> dict[str, list[str]]:
    return {name: LABELS_TOLD[name] for name in names}


def only_as_built_in(*names: str) -> dict[str, list[str]]:
    return {name: as_built_in(LABELS_TOLD)[name] for name in names}


@dataclass
class Case:
    """Tasks, and what an import makes of them.

    Attributes:
        id: what it shows
        make: makes the tasks; returns the arguments of the import
        fill: fills an empty dataset; returns what the labels are imported into
        ours: file, or file and number of the frame, to fields to labels in words
        theirs: what the built-in makes of it, where the labels alone do not tell, or
            the error that it ends with
        why: the reason for that difference
    """

    id: str
    make: Callable[[Workshop], dict[str, Any]]
    fill: Callable[[Any, Workshop], Any]
    ours: dict[str, dict[str, list[str]]]
    theirs: Any = None
    why: str = ""


def pictures(dataset, workshop, names=NAMES):
    paths = workshop.images()
    dataset.add_samples([fo.Sample(filepath=each) for each in paths[: len(names)]])
    return dataset


def nothing(dataset, workshop):
    return dataset


FILMS = ("video.mp4", "other.mp4")


def film(dataset, workshop, name=FILMS[0]):
    dataset.add_sample(fo.Sample(filepath=workshop.video(name)))
    return dataset


def films(workshop):
    workshop.project()
    for name in FILMS:
        workshop.draw(workshop.task([workshop.video(name)]), tracks=TRACKS)
    return {"project_id": workshop.project_id}


def a_task(workshop):
    return workshop.draw(workshop.task(workshop.images()))


def two_tasks(workshop):
    paths = workshop.images()
    workshop.draw(workshop.task(paths[:2]))
    workshop.draw(workshop.task(paths[2:]), SHAPES[:1], frame=0)
    return workshop.task_ids


def a_project(workshop):
    workshop.project()
    two_tasks(workshop)
    return workshop.project_id


def manifest(workshop):
    task_id = a_task(workshop)
    path = workshop.folder / "manifest.json"
    files = {name: str(workshop.folder / name) for name in NAMES}
    path.write_text(json.dumps(files))
    return {"task_ids": [task_id], "data_path": str(path)}


def a_film(workshop, **kwargs):
    return workshop.draw(workshop.task([workshop.video()], **kwargs), tracks=TRACKS)


def elsewhere(workshop):
    return str(workshop.folder / "downloaded")


def without_some(task, workshop, *frames):
    task_id = task(workshop)
    workshop.delete_frames(task_id, *frames)
    return task_id


def cloud_path(workshop):
    return write_pcd(workshop.folder / "cloud.pcd")


def some_clouds(workshop):
    cuboid = {"type": "cuboid", "label": "thing", "attributes": {"what": "car"}}
    numbers = [1.5, 2.5, 0.5, 0.0, 0.0, 0.5, 4.0, 2.0, 1.0, *[0.0] * 7]
    task_id = workshop.task([cloud_path(workshop)])
    return workshop.draw(task_id, [{**cuboid, "points": numbers}], frame=0)


def clouds(dataset, workshop):
    dataset.add_sample(fo.Sample(filepath=cloud_path(workshop)))
    return dataset


CLOUD = {
    "cloud.pcd": {
        "classifications": ["day"],
        "detections": ["car: thing in space color=red real=False size=0"],
    }
}


def groups_of_pictures(dataset, workshop):
    return in_groups(dataset, workshop.images()[:2])


def in_groups(dataset, paths):
    """Add a group whose samples are the files, in slices `0`, `1`, ..."""
    dataset.add_group_field("group", default="0")
    group = fo.Group()
    dataset.add_samples(
        [
            fo.Sample(filepath=path, group=group.element(str(number)))
            for number, path in enumerate(paths)
        ]
    )
    return dataset


BOX = f"box: thing 2,3 10x10 {ATTRIBUTES}"
SECOND = {"2.png": LABELS_TOLD}
BOTH = {
    "2.png": LABELS_TOLD,
    "3.png": {"classifications": ["day"], "detections": [BOX]},
}


def parts_of_a_film(workshop):
    workshop.project()
    a_film(workshop, frame_stop=5)
    a_film(workshop, frame_start=6)
    return {"project_id": workshop.project_id}


def another_index(told_):
    return {
        name: {
            kind: [words.replace("index=1", "index=2") for words in labels]
            for kind, labels in fields.items()
        }
        for name, fields in told_.items()
    }


def boxed(x, y=None, key=False):
    y = x if y is None else y
    keyed = "keyframe=True " if key else ""
    return f"box: thing {x:g},{y:g} 4x4 color=blue {keyed}real=True size=3 index=1"


def outlined(key=False):
    keyed = "keyframe=True " if key else ""
    return f"polygon: thing filled 3 points color=blue {keyed}real=True size=3 index=1"


def tracks_told(name, numbers):
    """Return the labels of the tracks of the workshop, and of its shapes.

    Args:
        name: the video's name
        numbers: of the frames in FiftyOne, in the order of the task's frames
    """
    frames = [
        {"polylines": [outlined(key=True)]},
        {**LABELS_TOLD, "polylines": sorted([*LABELS_TOLD["polylines"], outlined()])},
        {
            "detections": [boxed(1, key=True)],
            "polylines": [outlined(key=True)],
        },
        {"detections": [boxed(3)]},
        {"detections": [boxed(5, key=True)]},
    ]
    return {
        f"{name} {number}": labels
        for number, labels in zip(numbers, frames, strict=True)
    }


IN_TEAM = "color=blue hidden=True real=True size=3 team=3"
ALONE = "color=blue hidden=False real=True size=3 team=0"
FILM = tracks_told("video.mp4", [1, 2, 3, 4, 5])
STEPS = tracks_told("video.mp4", [2, 4, 6, 8, 10])
BETWEEN = {
    "video.mp4 3": {"polylines": [outlined()]},
    "video.mp4 5": {"polylines": [outlined()]},
    "video.mp4 7": {"detections": [boxed(2)], "polylines": [outlined()]},
    "video.mp4 9": {"detections": [boxed(4)]},
    "video.mp4 11": {"detections": [boxed(5)]},
}
"""What the built-in finds on frames between those that a task has."""

CASES = [
    Case("task", lambda w: {"task_ids": [a_task(w)]}, pictures, SECOND),
    Case(
        "task as text",
        lambda w: {"task_ids": str(a_task(w))},
        pictures,
        SECOND,
        TypeError,
        "a script's arguments are texts, and the documentation takes an id",
    ),
    Case(
        "tasks as texts",
        lambda w: {"task_ids": [*map(str, two_tasks(w))]},
        pictures,
        BOTH,
        TypeError,
        "a script's arguments are texts, and the documentation takes an id",
    ),
    Case("tasks", lambda w: {"task_ids": two_tasks(w)}, pictures, BOTH),
    Case("project", lambda w: {"project_id": a_project(w)}, pictures, BOTH),
    Case(
        "name of a project",
        lambda w: a_project(w) and {"project_name": w.name},
        pictures,
        BOTH,
    ),
    Case(
        "folder",
        lambda w: {"task_ids": [a_task(w)], "data_path": str(w.folder)},
        nothing,
        SECOND,
    ),
    Case(
        "dict",
        lambda w: {
            "task_ids": [a_task(w)],
            "data_path": {name: str(w.folder / name) for name in NAMES},
        },
        nothing,
        SECOND,
    ),
    Case("JSON file", manifest, nothing, SECOND),
    Case(
        "no new samples",
        lambda w: {
            "task_ids": two_tasks(w),
            "data_path": str(w.folder),
            "insert_new": False,
        },
        lambda dataset, w: pictures(dataset, w, NAMES[:2]),
        SECOND,
    ),
    Case(
        "list of label types",
        lambda w: {
            "task_ids": [a_task(w)],
            "label_types": ["detections", "classifications"],
        },
        pictures,
        {"2.png": only("detections", "classifications")},
        {"2.png": only_as_built_in("detections", "classifications")},
        "the built-in's detections have the cuboid, as a place in space",
    ),
    Case(
        "fields by label type",
        lambda w: {
            "task_ids": [a_task(w)],
            "label_types": {"detections": "boxes", "keypoints": "people"},
        },
        pictures,
        {
            "2.png": {
                "boxes": LABELS_TOLD["detections"],
                "people": LABELS_TOLD["keypoints"],
            }
        },
        {
            "2.png": {
                "boxes": only_as_built_in("detections")["detections"],
                "people": LABELS_TOLD["keypoints"],
            }
        },
        "the built-in's detections have the cuboid, as a place in space",
    ),
    Case(
        "downloaded images",
        lambda w: {
            "task_ids": [a_task(w)],
            "data_path": elsewhere(w),
            "download_media": True,
            "num_workers": 1,
        },
        nothing,
        SECOND,
    ),
    Case(
        "deleted frames",
        lambda w: {"task_ids": [without_some(a_task, w, 0, 1)]},
        pictures,
        {},
    ),
    Case(
        "jobs",
        lambda w: {"task_ids": [w.draw(w.task(w.images(), segment_size=1))]},
        pictures,
        SECOND,
    ),
    Case(
        "view",
        lambda w: {"task_ids": two_tasks(w), "insert_new": False},
        lambda dataset, w: pictures(dataset, w)[1:2],
        SECOND,
    ),
    Case(
        "slices of groups",
        lambda w: {"task_ids": [a_task(w)], "insert_new": False},
        groups_of_pictures,
        SECOND,
        {},
        "the second picture is not in the active slice, but in the collection",
    ),
    Case(
        "occlusion and groups",
        lambda w: {
            "task_ids": [w.draw(w.task(w.images()), SHAPES[:2])],
            "occluded_attr": "hidden",
            "group_id_attr": "team",
        },
        pictures,
        {
            "2.png": {
                "classifications": ["day team=4"],
                "detections": [
                    f"box: thing 2,3 10x10 {IN_TEAM}",
                    f"turned: thing 4,5 10x6 turned 30 {ALONE}",
                ],
            }
        },
        {
            "2.png": {
                "classifications": ["day"],
                "detections": [
                    f"box: thing 2,3 10x10 {IN_TEAM}",
                    f"turned: thing 4,5 10x6 turned 30 {ALONE}",
                ],
            }
        },
        "the documentation stores the group of labels, and a tag is one, too",
    ),
    Case("point clouds", lambda w: {"task_ids": [some_clouds(w)]}, clouds, CLOUD),
    Case(
        "point clouds beside pictures",
        lambda w: {"task_ids": [a_task(w), some_clouds(w)], "insert_new": False},
        lambda dataset, w: in_groups(
            dataset, [w.images()[1], cloud_path(w), w.images()[0]]
        ),
        SECOND | CLOUD,
        all_as_built_in(SECOND),
        "the cloud is not in the active slice, but in the collection",
    ),
    Case("video", lambda w: {"task_ids": [a_film(w)]}, film, FILM),
    Case(
        "video in a folder",
        lambda w: {"task_ids": [a_film(w)], "data_path": str(w.folder)},
        nothing,
        FILM,
    ),
    Case(
        "part of a video",
        lambda w: {"task_ids": [a_film(w, frame_start=2, frame_stop=9)]},
        film,
        tracks_told("video.mp4", [3, 4, 5, 6, 7]),
    ),
    Case(
        "some frames of a video",
        lambda w: {"task_ids": [a_film(w, frame_start=1, frame_step=2)]},
        film,
        STEPS,
        all_as_built_in(STEPS) | BETWEEN,
        "labels are on frames that somebody has seen in CVAT",
    ),
    Case(
        "downloaded video",
        lambda w: {
            "task_ids": [a_film(w)],
            "data_path": elsewhere(w),
            "download_media": True,
        },
        nothing,
        FILM,
    ),
    Case(
        "downloaded part of a video",
        lambda w: {
            "task_ids": [a_film(w, frame_start=2, frame_stop=9)],
            "data_path": elsewhere(w),
            "download_media": True,
        },
        nothing,
        FILM,
        all_as_built_in(tracks_told("video.mp4", [3, 4, 5, 6, 7])),
        "the file that is downloaded begins with the first frame of the part",
    ),
    Case(
        "downloaded frames of a video",
        lambda w: {
            "task_ids": [a_film(w, frame_start=1, frame_step=2)],
            "data_path": elsewhere(w),
            "download_media": True,
        },
        nothing,
        FILM,
        {
            name: labels
            for name, labels in (all_as_built_in(STEPS) | BETWEEN).items()
            if int(name.split()[1]) <= 6  # as many as it has
        },
        "the file that is downloaded has no other frames",
    ),
    Case(
        "deleted frames of a video",
        lambda w: {"task_ids": [without_some(a_film, w, 1)]},
        film,
        {name: FILM[name] for name in FILM if name != "video.mp4 2"},
        all_as_built_in(FILM),
        "what is on a deleted frame exists no longer",
    ),
    Case(
        "tracks of skeletons",
        lambda w: {"task_ids": [w.draw(w.task([w.video()]), (), SKELETON_TRACKS)]},
        film,
        {
            "video.mp4 2": {"classifications": ["day"]},
            "video.mp4 3": {"keypoints": ["person 3,4 4,5 keyframe=True index=1"]},
        },
        NotImplementedError,
        "a track of a skeleton is one of labels, too",
    ),
    Case(
        "project of videos",
        films,
        lambda dataset, w: [film(dataset, w, name) for name in FILMS] and dataset,
        FILM | tracks_told("other.mp4", [1, 2, 3, 4, 5]),
    ),
    Case(
        "parts of one video",
        parts_of_a_film,
        film,
        # CVAT lists the task that was made last first
        another_index(FILM) | tracks_told("video.mp4", [7, 8, 9, 10, 11]),
        all_as_built_in(FILM | tracks_told("video.mp4", [7, 8, 9, 10, 11])),
        "tracks of two tasks are not one track",
    ),
    Case(
        "videos in groups",
        lambda w: {"task_ids": [a_film(w)], "insert_new": False},
        lambda dataset, w: in_groups(dataset, [w.video("other.mp4"), w.video()]),
        FILM,
        {},
        "the video is not in the active slice, but in the collection",
    ),
    Case(
        "video of the active slice",
        lambda w: {"task_ids": [a_film(w)], "insert_new": False},
        lambda dataset, w: in_groups(dataset, [w.video(), w.video("other.mp4")]),
        FILM,
        AttributeError,
        "a video in a group is a video, too",
    ),
    Case(
        "video beside pictures in groups",
        lambda w: {"task_ids": [a_task(w), a_film(w)], "insert_new": False},
        lambda dataset, w: in_groups(dataset, [w.images()[1], w.video()]),
        FILM,
        AttributeError,
        "FiftyOne has no fields for labels of the pictures then: they are left out",
    ),
]


@pytest.fixture
def workshop(server, tmp_path, request):
    with CVATAnnotationAPI("cvat", **server.credentials) as api:
        yield Workshop(api, tmp_path, f"project of {request.node.name}")


@pytest.fixture(autouse=True)
def without_programs(monkeypatch):
    """Let FiftyOne do without ``ffprobe`` and ``ffmpeg``."""

    def build_for(path, mime_type=None):
        return read_video_metadata(path)

    def concat_videos(paths, target):
        [only_one] = paths
        Path(target).parent.mkdir(exist_ok=True)
        shutil.copyfile(only_one, target)

    monkeypatch.setattr(fometa.VideoMetadata, "build_for", build_for)
    monkeypatch.setattr(fouv, "concat_videos", concat_videos)


def imported(backend, case, arguments, dataset, workshop, server):
    """Return what comes of an import, in words, or the type of its error."""
    samples = case.fill(dataset, workshop)
    credentials = {"url": server.url}
    if backend == OURS:
        credentials = server.credentials
    else:
        credentials |= {"username": server.username, "password": server.password}
    try:
        fouc.import_annotations(samples, **arguments, config_cls=backend, **credentials)
    except (AttributeError, NotImplementedError, TypeError) as error:
        return type(error)
    finally:
        assert dataset.list_annotation_runs() == []
    return told(dataset)


each_case = pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in CASES])


@each_case
def test_import(dataset, workshop, server, case):
    arguments = case.make(workshop)

    found = imported(OURS, case, arguments, dataset, workshop, server)

    assert found == case.ours


@pytest.mark.skipif(
    not fo.__version__.startswith("1.22."),
    reason="the built-in integration of FiftyOne 1.22 is what ours is compared with",
)
@each_case
def test_as_the_built_in(dataset, workshop, server, case):
    arguments = case.make(workshop)

    found = imported(THEIRS, case, arguments, dataset, workshop, server)

    expected = all_as_built_in(case.ours) if case.theirs is None else case.theirs
    assert found == expected
    assert (case.theirs is not None) is bool(case.why)


def import_ours(samples, server, **kwargs):
    fouc.import_annotations(
        samples, config_cls=OURS, **{**server.credentials, **kwargs}
    )


def ids(dataset, field):
    _, path = dataset._get_label_field_path(field, "id")
    return [str(each) for each in dataset.values(path, unwind=True)]


def outline(x, label_id):
    points = [x, 1, x + 5, 1, x + 5, 6]
    text = {"label_id": label_id}
    made = {"type": "polygon", "label": "thing", "points": points, "attributes": text}
    return {**made, "points": [float(each) for each in points]}


def test_labels_that_were_sent_from_elsewhere(dataset, workshop, server):
    """They keep their ids, and their parts; what was pasted gets ids of its own."""
    first, second = f"{1:024x}", f"{2:024x}"
    spec = {"name": "label_id", "input_type": "text", "mutable": True, "values": [""]}
    spec["default_value"] = ""
    workshop.project(
        [{"name": "thing", "attributes": [spec]}, {"name": "day", "attributes": []}]
    )
    shapes = [
        outline(1, first),
        outline(8, f"{first}.2"),
        outline(15, second),
        outline(16, second),
        outline(17, "nonsense"),
    ]
    task_id = workshop.draw(workshop.task(workshop.images()), shapes)
    pictures(dataset, workshop)

    import_ours(dataset, server, task_ids=[task_id])

    labels = dataset.values("polylines.polylines", unwind=True)
    assert [len(each.points) for each in labels] == [2, 1, 1, 1]
    found = ids(dataset, "polylines")
    assert found[:2] == [first, second]
    assert len({*found}) == 4

    # the dataset has them now: what is imported again is another label
    import_ours(dataset, server, task_ids=[task_id], label_types={"polylines": "more"})

    more = ids(dataset, "more")
    assert len(more) == 4
    assert not {*found} & {*more}


def test_nothing_changes_on_the_server(dataset, workshop, server):
    """A token that may only read is enough."""
    project_id = a_project(workshop)
    labels = workshop.api._get_project_labels(project_id)
    pictures(dataset, workshop)
    token = {"url": server.url, "access_token": server.read_only_token}

    fouc.import_annotations(dataset, project_id=project_id, config_cls=OURS, **token)

    assert told(dataset) == BOTH
    assert workshop.api._get_project_labels(project_id) == labels


def test_attributes_that_labels_cannot_have(dataset, workshop, server, caplog):
    names = ["a.b", "$x", "id", "label", "points", "_cls", "kept"]
    spec = {"input_type": "text", "mutable": True, "default_value": "", "values": [""]}
    specs = [{**spec, "name": name} for name in names]
    workshop.project([{"name": "thing", "attributes": specs}, {"name": "day"}])
    texts = dict.fromkeys(names, "text")
    box = {"type": "rectangle", "label": "thing", "points": [2.0, 3.0, 12.0, 13.0]}
    task_id = workshop.task(workshop.images())
    workshop.draw(task_id, [{**box, "attributes": texts}])
    pictures(dataset, workshop)

    import_ours(dataset, server, task_ids=[task_id])

    assert told(dataset)["2.png"]["detections"] == ["thing 2,3 10x10 kept=text"]
    named = "'$x', '_cls', 'a.b', 'id', 'label', 'points'"
    assert f"the attributes {named} of labels in CVAT are left out" in caplog.text


def test_project_that_is_none(dataset, workshop, server):
    with pytest.raises(NotFoundError, match="No Project matches"):
        import_ours(dataset, server, project_id=99_999_999)


def test_organization(dataset, tmp_path, server, api):
    workshop = Workshop(api, tmp_path, "a project")
    task_id = a_task(workshop)
    pictures(dataset, workshop)
    organization = server.organization

    import_ours(dataset, server, task_ids=[task_id], organization=organization)

    assert told(dataset) == SECOND


def test_images_side_by_side(dataset, workshop, server):
    task_id = a_task(workshop)
    folder = elsewhere(workshop)

    import_ours(
        dataset,
        server,
        task_ids=[task_id],
        data_path=folder,
        download_media=True,
        num_workers=2,
    )

    for name in NAMES:
        original = (workshop.folder / name).read_bytes()
        assert Path(folder, name).read_bytes() == original


def test_clips(dataset, workshop, server):
    """They are a dataset of their own, which is gone when the view is."""
    task_id = a_film(workshop)
    film(dataset, workshop)
    sample = dataset.first()
    event = fo.TemporalDetection(label="event", support=[2, 4])
    sample["events"] = fo.TemporalDetections(detections=[event])
    sample.save()
    add_video_metadata(dataset)

    with pytest.raises(ConfigurationError, match="give the dataset itself"):
        import_ours(dataset.to_clips("events"), server, task_ids=[task_id])

    assert told(dataset) == {"video.mp4": {"events": ["event"]}}


def test_part_of_the_groups(dataset, workshop, server):
    """Samples of groups that were not given are left out, in whatever slice."""
    task_id = workshop.task(workshop.images())
    for frame in range(3):
        workshop.draw_more(task_id, SHAPES[:1], frame)
    first, second, third = workshop.images()
    in_groups(dataset, [first, second])
    group = fo.Group()
    dataset.add_sample(fo.Sample(filepath=third, group=group.element("0")))
    given = dataset.match({"filepath": first})
    assert given.media_type == "group"

    import_ours(given, server, task_ids=[task_id], insert_new=False)

    found = {name: fields.keys() for name, fields in told(dataset).items()}
    assert found == {"1.png": {"detections"}, "2.png": {"detections"}}


def test_files_by_other_names(dataset, workshop, server):
    """What the caller says of a file counts, whatever another sample is called."""
    task_id = workshop.draw(workshop.task(workshop.images()), SHAPES[:1], frame=1)
    first, second, _ = workshop.images()
    in_groups(dataset, [first, second])
    files = {"2.png": first}

    import_ours(dataset, server, task_ids=[task_id], data_path=files, insert_new=False)

    assert told(dataset).keys() == {"1.png"}


def test_files_of_one_name(dataset, workshop, server, caplog):
    task_id = workshop.draw(workshop.task(workshop.images()), frame=0)
    same = Path(workshop.folder, "right", "1.png")
    same.parent.mkdir()
    shutil.copyfile(workshop.folder / "1.png", same)
    in_groups(dataset, [str(workshop.folder / "1.png"), str(same)])

    import_ours(dataset, server, task_ids=[task_id], insert_new=False)

    assert told(dataset) == {}
    assert "since several samples have their name (eg 1.png)" in caplog.text


def test_task_that_is_none(dataset, workshop, server):
    pictures(dataset, workshop)

    with pytest.raises(NotFoundError, match="404"):
        import_ours(dataset, server, task_ids=[99_999_999])

    assert dataset.list_annotation_runs() == []
