"""What a dataset sent to a project comes out of it as it was, in a new dataset.

Field by field and label by label: classes, attributes, tags, geometry, indexes and key
frames, with the precision of :mod:`tests.replay.equality`.
"""

from __future__ import annotations

import zipfile
from math import nan
from pathlib import Path

import fiftyone as fo
import numpy as np
import pytest

from fiftyone_cvat import import_tasks
from tests import media
from tests.replay.equality import (
    assert_import_again_changes_nothing,
    assert_same_tracks,
    differences,
    in_field,
)
from tests.replay.hand_made import task_of_archive
from tests.replay.run import Run, box

NAMES = ("top.png", "city/1.png", "city/night/1.png")
ATTRIBUTES = {
    "number": {"type": "text"},
    "mood": {"type": "select", "values": ["calm", "wild"]},
    "weight": {"type": "number", "values": ["0", "100", "0.5"]},
    "crowd": {"type": "checkbox"},
    "note": {"type": "text"},
    "tags": {"type": "text"},
}
KINDS = {
    "scene": "classification",
    "words": "classifications",
    "boxes": "detections",
    "turned": "detections",
    "masks": "instances",
    "areas": "polygons",
    "lines": "polylines",
    "points": "keypoints",
    "hands": "keypoints",
}
CLASSES = {
    "scene": ["day"],
    "words": ["wet"],
    "boxes": ["cat", "dog"],
    "turned": ["boat"],
    "masks": ["coat"],
    "areas": ["lawn", "plate"],
    "lines": ["kerb", "crate"],
    "points": ["dust"],
    "hands": ["hand"],
}
FULL = ("boxes",)
"""Fields whose labels have all attributes; the others have the number alone."""

SCHEMA = {
    name: {
        "type": kind,
        "classes": CLASSES[name],
        "attributes": ATTRIBUTES
        if name in FULL
        else {key: ATTRIBUTES[key] for key in ("number", "tags")},
    }
    for name, kind in KINDS.items()
}
FIELDS = {"|".join(classes): name for name, classes in CLASSES.items()}
PROPERTIES = {"occluded_attr": "hidden", "group_id_attr": "team"}
PART = [(0.1, 0.1), (0.513, 0.127), (0.3, 0.51)]
OTHER_PART = [(0.6, 0.6), (0.9, 0.6), (0.7, 0.9)]


def numbered(field, labels, start):
    """Give labels attributes of every input type, and a number to know them by."""
    for number, each in enumerate(labels, start):
        each["number"] = number
        if field in FULL:
            each["mood"] = ("calm", "wild")[number % 2]
            each["weight"] = number / 2
            each["crowd"] = number % 3 == 0
            each["note"] = f"Ünï & {number}"
        each.tags = ["a", f"b{number}"][: number % 3]
        if not isinstance(each, fo.Classification):
            each["hidden"] = number % 2 == 0
        # groups of classifications stay in FiftyOne, and tags of none are in group 0
        each["team"] = 0 if isinstance(each, fo.Classification) else number % 4
    return labels


def labels_of_picture(seed):
    """Return labels of each kind and form, or of some, other ones for each picture."""
    mask = np.random.default_rng(seed).random((7, 6)) > 0.4
    shift = seed / 50
    left = [10 / 32, 3 / 24, 6 / 32, 7 / 24]
    part = [(x + shift, y + shift) for x, y in PART]
    joints = [part[0], (nan, nan), part[2]]

    def line(label, *parts, closed=False, filled=False):
        return fo.Polyline(label=label, points=[*parts], closed=closed, filled=filled)

    found = {
        "scene": [fo.Classification(label="day")],
        "words": [fo.Classification(label="wet")],
        "boxes": [box("cat", 0.1 + shift), box("dog", 0.5)],
        "turned": [box("boat", rotation=0.5 + seed)],
        "masks": [fo.Detection(label="coat", bounding_box=left, mask=mask)],
        "areas": [
            line("lawn", part, OTHER_PART, closed=True, filled=True),
        ],
        "lines": [line("kerb", part), line("kerb", part, closed=True)],
        "points": [fo.Keypoint(label="dust", points=part)],
        "hands": [fo.Keypoint(label="hand", points=joints)],
    }
    # not every picture has every kind
    some = {
        1: ("words", "turned", "masks", "lines", "hands"),
        2: ("scene", "boxes", "areas"),
    }
    found = {name: found[name] for name in some.get(seed, KINDS)}
    for at, (field, each) in enumerate(found.items()):
        numbered(field, each, 100 * seed + 10 * at)
    return found


@pytest.fixture
def pictures(dataset, tmp_path):
    """A dataset of pictures in folders, with labels of each kind."""
    dataset.skeletons = {
        "hands": fo.KeypointSkeleton(labels=["a", "b", "c"], edges=[[0, 1, 2]])
    }
    for seed, name in enumerate(NAMES):
        path = media.make_image(tmp_path / "pictures" / name, seed=seed)
        sample = fo.Sample(filepath=path)
        for field, labels in labels_of_picture(seed).items():
            sample[field] = in_field(KINDS[field], labels)
        dataset.add_sample(sample)
    return dataset


def draw(run, task_id, label_id, kind, points, **more):
    """Draw a shape that FiftyOne has no label of its own for."""
    shape = {"type": kind, "frame": 0, "label_id": label_id}
    shape |= {"points": points, "attributes": [], **more}
    run.change("create", task_id, shapes=[shape])


def put_into_folders(run, root):
    """Put a run's tasks in CVAT anew, with folders in the names of their files."""
    path_by_id = dict(zip(*run.dataset.values(["id", "filepath"]), strict=True))
    for number, task_id in enumerate(run.results.task_ids):
        frames = run.results.frame_id_map[task_id].items()
        paths = {at: Path(path_by_id[frame["sample_id"]]) for at, frame in frames}
        names = {
            at: path.relative_to(root / "pictures").as_posix()
            for at, path in paths.items()
        }
        archive = root / f"{number}.zip"
        with zipfile.ZipFile(archive, "w") as file:
            for at, path in paths.items():
                # without the time of today, which no other day has
                file.writestr(zipfile.ZipInfo(names[at]), path.read_bytes())
        project_id = run.results.project_ids[0]
        new_id = task_of_archive(run.api, archive, project_id=project_id)
        url = run.api.task_data_meta_url(new_id)
        order = [each["name"] for each in run.api.get(url).json()["frames"]]
        annotations = run.annotations(task_id)
        moved = {
            kind: [
                drawn_anew(each, order.index(names[each["frame"]]))
                for each in annotations[kind]
            ]
            for kind in ("tags", "shapes")
        }
        run.change("create", new_id, **moved)
        run.api.delete_task(task_id)


def drawn_anew(annotation, frame):
    """Return an annotation without the server's ids, on another frame."""
    found = {name: value for name, value in annotation.items() if name != "id"}
    if "elements" in found:
        found["elements"] = [drawn_anew(each, frame) for each in found["elements"]]
    return found | {"frame": frame}


def test_pictures_in_folders(pictures, empty, server, tmp_path):
    run = Run(pictures, server, SCHEMA, project_name="equal", task_size=2, **PROPERTIES)
    first, second = run.results.task_ids
    ids = run.label_ids()
    draw(run, second, ids["plate"], "ellipse", [16.0, 12.0, 26.0, 6.0], rotation=30.0)
    corners = [4, 8, 4, 20, 14, 8, 14, 20, 20, 4, 20, 16, 10, 4, 10, 16]
    draw(run, first, ids["crate"], "cuboid", [float(each) for each in corners])
    run.load()
    put_into_folders(run, tmp_path)
    where = {
        "project": "equal",
        "media": tmp_path / "pictures",
        "fields": FIELDS,
        **PROPERTIES,
        **server.credentials,
    }

    import_tasks(empty, **where)

    assert len(empty) == len(pictures)
    theirs = {each.filepath: each for each in pictures}
    assert empty.get_field_schema().keys() == pictures.get_field_schema().keys()
    for ours in empty:
        assert differences(ours, theirs[ours.filepath], KINDS) == []
    assert_import_again_changes_nothing(empty, **where)


FILM_KINDS = {
    "cars": "detections",
    "lanes": "polygons",
    "hands": "keypoints",
    "masks": "instances",
    "weather": "classifications",
}
FILM_CLASSES = {
    "cars": ["car", "van"],
    "lanes": ["lane"],
    "hands": ["hand"],
    "masks": ["coat"],
    "weather": ["wet", "dry"],
}
FILM_FIELDS = {"|".join(each): name for name, each in FILM_CLASSES.items()}
KEYS = (1, 3, 5)


def labels_of_frame(frame, seed):
    """Return the labels of a frame: tracks that move evenly between key frames."""
    x = 0.01 * frame + 0.02 * seed
    mask = np.random.default_rng(10 * seed + frame).random((7, 6)) > 0.4
    key = {"keyframe": True} if frame in KEYS else {}
    part = [(x + dx, dy) for dx, dy in PART]
    other = [(dx - x, dy) for dx, dy in OTHER_PART]
    joints = [part[0], (nan, nan), part[2]]
    found = {
        "cars": [
            box("car", x, index=30 + seed, number=1, **key),
            box("car", x + 0.2, index=7, number=2, **key),
            box("van", 0.5, number=3),
        ],
        "lanes": [
            fo.Polyline(
                label="lane",
                points=[part, other],
                closed=True,
                filled=True,
                index=4,
                number=1,
                **key,
            )
        ],
        "hands": [fo.Keypoint(label="hand", points=joints, index=2, number=1, **key)],
        "masks": [
            fo.Detection(
                label="coat",
                bounding_box=[10 / 32, 3 / 24, 6 / 32, 7 / 24],
                mask=mask,
                number=1,
            )
        ],
        "weather": [fo.Classification(label=("wet", "dry")[frame % 2], number=frame)],
    }
    if frame not in KEYS:
        del found["masks"]
    if frame > KEYS[1]:
        # one that is there for some frames only
        del found["cars"][1]
    return found


@pytest.fixture
def films(dataset, tmp_path):
    """A dataset of two videos in folders, with tracks and what lies beside them."""
    dataset.skeletons = {
        "frames.hands": fo.KeypointSkeleton(labels=["a", "b", "c"], edges=[[0, 1, 2]])
    }
    for seed, (name, count) in enumerate((("north/a.mp4", 8), ("south/b.mp4", 5))):
        path = tmp_path / "films" / name
        path.parent.mkdir(parents=True)
        sample = fo.Sample(filepath=media.copy_video(path, count))
        for number in range(1, KEYS[-1] + 1):
            labels = labels_of_frame(number, seed)
            frame = fo.Frame()
            for field, each in labels.items():
                frame[field] = in_field(FILM_KINDS[field], each)
            sample.frames[number] = frame
        dataset.add_sample(sample)
    return dataset


def test_two_videos(films, empty, server, tmp_path):
    schema = {
        f"frames.{name}": {
            "type": kind,
            "classes": FILM_CLASSES[name],
            "attributes": {"number": {"type": "text"}},
            "only_keyframes": True,
        }
        for name, kind in FILM_KINDS.items()
    }
    Run(films, server, schema, project_name="equal films")
    where = {
        "project": "equal films",
        "media": tmp_path / "films",
        "fields": FILM_FIELDS,
        **server.credentials,
    }

    import_tasks(empty, **where)

    theirs = {each.filepath: each for each in films}
    assert set(empty.values("filepath")) == theirs.keys()
    for ours in empty:
        own = theirs[ours.filepath]
        for number, frame in own.frames.items():
            found = differences(ours.frames[number], frame, FILM_KINDS)
            assert [each for each in found if each[1] != "index"] == [], number
        for field in ("cars", "lanes", "hands"):
            assert_same_tracks(ours, own, field)
    assert_import_again_changes_nothing(empty, **where)
