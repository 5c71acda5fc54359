"""Frames with the images that CVAT shows beside them, imported as groups."""

from __future__ import annotations

import zipfile
from pathlib import Path

import fiftyone as fo
import numpy as np
import pytest
from PIL import Image

from fiftyone_cvat import CVATAnnotationAPI, import_tasks
from fiftyone_cvat.errors import ConfigurationError
from tests import media
from tests.replay.hand_made import task_of_archive
from tests.replay.test_point_clouds import write_pcd

RELATED = "related_images"


@pytest.fixture
def api(server):
    with CVATAnnotationAPI("cvat", **server.credentials) as made:
        yield made


@pytest.fixture
def task_id(api, tmp_path):
    """A task of three frames: the first has two related images, the second has one."""
    names = ("1.png", "2.png", "3.png")
    related = {"1_png": ("left.png", "right.png"), "2_png": ("left.png",)}
    files = [*names]
    files += [f"{RELATED}/{of}/{name}" for of, own in related.items() for name in own]
    archive = tmp_path / "frames.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for seed, name in enumerate(files):
            path = media.make_image(tmp_path / "made" / name, seed=seed)
            # without the time of today, which no other day has
            file.writestr(zipfile.ZipInfo(name), Path(path).read_bytes())
    labels = [{"name": "car", "type": "rectangle", "attributes": []}]
    made = task_of_archive(api, archive, labels=labels)
    [label] = api._get_task_labels(made)
    shape = {"type": "rectangle", "label_id": label["id"], "attributes": []}
    shapes = [
        {**shape, "frame": frame, "points": [2.0, 3.0, 12.0, 13.0]} for frame in (0, 2)
    ]
    body = {"version": 0, "tags": [], "shapes": shapes, "tracks": []}
    api.put(api.task_annotation_url(made), json=body)
    return made


def slices_by_group(dataset):
    """Return the slices of each group, with what they show, in order."""
    found = []
    for group in dataset.iter_groups():
        found.append({name: Path(each.filepath) for name, each in group.items()})
    return found


def test_slices(dataset, task_id, server, tmp_path, monkeypatch):
    monkeypatch.setattr(fo.config, "default_dataset_dir", str(tmp_path / "new"))
    where = {"tasks": task_id, "media": "download", "related_slices": True}
    where |= server.credentials

    results = import_tasks(dataset, **where)

    assert results.reconciliation.totals("detections")["added"] == 2
    groups = slices_by_group(dataset)
    assert [sorted(each) for each in groups] == [
        ["frame", "left", "right"],
        ["frame", "left"],
        ["frame"],
    ]
    made = tmp_path / "made"
    for number, group in enumerate(groups, 1):
        for name, path in group.items():
            assert path.is_relative_to(tmp_path / "new")
            own = made / f"{number}.png"
            if name != "frame":
                own = made / RELATED / f"{number}_png" / f"{name}.png"
                first, second = (
                    np.asarray(Image.open(each), np.int16) for each in (own, path)
                )
                # CVAT hands them out as JPEG, which differs where colours jump
                assert np.median(np.abs(first - second)) == 0
            else:
                assert path.read_bytes() == own.read_bytes()
    labelled = dataset.select_group_slices("frame").exists("detections")
    assert [Path(each).name for each in labelled.values("filepath")] == [
        "1.png",
        "3.png",
    ]

    import_tasks(dataset, **where)
    assert slices_by_group(dataset) == groups
    assert results.task_ids == [task_id]


def test_point_clouds(dataset, api, server, tmp_path, monkeypatch):
    monkeypatch.setattr(fo.config, "default_dataset_dir", str(tmp_path / "new"))
    cloud = Path(write_pcd(tmp_path / "1.pcd"))
    picture = Path(media.make_image(tmp_path / "1.png"))
    archive = tmp_path / "clouds.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name, path in (
            ("pointcloud/1.pcd", cloud),
            (f"{RELATED}/1_pcd/camera.png", picture),
        ):
            file.writestr(zipfile.ZipInfo(name), path.read_bytes())
    labels = [{"name": "car", "type": "cuboid", "attributes": []}]
    made = task_of_archive(api, archive, labels=labels)
    [label] = api._get_task_labels(made)
    place = [1.0, 2.0, 3.0, 0.1, 0.2, 0.3, 4.0, 5.0, 6.0]
    shape = {"type": "cuboid", "label_id": label["id"], "frame": 0, "attributes": []}
    shape |= {"points": place + [0.0] * 7}
    body = {"version": 0, "tags": [], "shapes": [shape], "tracks": []}
    api.put(api.task_annotation_url(made), json=body)

    import_tasks(
        dataset,
        tasks=made,
        media="download",
        related_slices=True,
        **server.credentials,
    )

    assert dataset.group_media_types == {"frame": "point-cloud", "camera": "image"}
    [group] = slices_by_group(dataset)
    assert group["frame"].read_bytes() == cloud.read_bytes()
    [car] = dataset.select_group_slices("frame").first().detections.detections
    assert [*car.location, *car.rotation, *car.dimensions] == place


def test_datasets_without_groups(dataset, task_id, server, tmp_path):
    with pytest.raises(ConfigurationError, match="where their media are"):
        import_tasks(dataset, tasks=task_id, related_slices=True, **server.credentials)
    media_here = tmp_path / "made"
    dataset.add_sample(fo.Sample(filepath=str(media_here / "other.png")))
    where = {"tasks": task_id, "media": media_here, "related_slices": True}
    with pytest.raises(ConfigurationError, match="samples that are in no group"):
        import_tasks(dataset, **where, **server.credentials)
    assert dataset.list_annotation_runs() == []
