"""Tasks: created with all they can have, filled with media in order, deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiftyone_cvat.convert.to_cvat.attribute_specs import label_id_attribute
from fiftyone_cvat.errors import MediaError, ServerJobError
from tests import media

SCHEMA = {
    "cat": {
        "label_id": label_id_attribute(),
        "colour": {
            "name": "colour",
            "mutable": False,
            "input_type": "select",
            "default_value": "grey",
            "values": ["grey", "red"],
        },
    },
    "Käfer & co": {},
}
NAMES = [
    *("b.png", "a.png", "10.png", "9.png", "two words.png", "Käfer 甲虫.png"),
    *("50% #1?.png", "it's, (so) & [so].png", "UPPER.PNG", "upper.png", "no suffix"),
]


def new_task(api, name="a task"):
    return api.create_task(name, schema={"cat": {}})[0]


def task_of(api, task_id):
    return api.get(api.task_url(task_id)).json()


def data_of(api, task_id):
    """What the task's data say about themselves, without its frames."""
    return api.get(api.task_data_meta_url(task_id)).json()


def frame_names(api, task_id):
    return [frame["name"] for frame in data_of(api, task_id)["frames"]]


def jobs_of(api, job_ids):
    return [api.get(api.taskless_job_url(each)).json() for each in job_ids]


def assignees(api, job_ids):
    people = [each["assignee"] for each in jobs_of(api, job_ids)]
    return [each and each["username"] for each in people]


def differing(folder, heights):
    """Write pictures of different heights, by which the server's order shows."""
    return [
        media.make_image(Path(folder) / str(number) / "same.png", height=each)
        for number, each in enumerate(heights)
    ]


def heights_of(api, task_id):
    return [frame["height"] for frame in data_of(api, task_id)["frames"]]


def test_all_that_a_task_can_have(api, server):
    task_id, class_ids, attribute_ids = api.create_task(
        "Käfer & co/1 #2",
        schema=SCHEMA,
        segment_size=2,
        image_quality=50,
        task_assignee=server.other_user,
        issue_tracker="https://example.com/issues?a=1&b=2",
    )

    task = task_of(api, task_id)
    assert task["name"] == "Käfer & co/1 #2"
    assert task["assignee"]["username"] == server.other_user
    assert task["bug_tracker"] == "https://example.com/issues?a=1&b=2"
    assert task["project_id"] is None
    labels = {label["name"]: label for label in api._get_task_labels(task_id)}
    assert class_ids == {name: label["id"] for name, label in labels.items()}
    assert attribute_ids == {
        label["id"]: {each["name"]: each["id"] for each in label["attributes"]}
        for label in labels.values()
    }
    assert set(attribute_ids[class_ids["cat"]]) == {"label_id", "colour"}
    assert attribute_ids[class_ids["Käfer & co"]] == {}
    [colour] = [a for a in labels["cat"]["attributes"] if a["name"] == "colour"]
    spec = SCHEMA["cat"]["colour"]
    assert {key: colour[key] for key in spec} == spec
    assert api._get_attr_class_maps(task_id) == (attribute_ids, class_ids)


def test_in_a_project_the_labels_are_the_projects(api):
    project_id = api.create_project("labels", {"dog": {}})

    task_id, class_ids, _ = api.create_task("t", schema=SCHEMA, project_id=project_id)

    assert class_ids.keys() == {"dog"}
    assert task_of(api, task_id)["project_id"] == project_id


def test_nothing_but_a_name(api):
    task_id, class_ids, attribute_ids = api.create_task("a name")

    assert (class_ids, attribute_ids) == ({}, {})
    assert task_of(api, task_id)["name"] == "a name"


def test_an_unknown_assignee_is_named_and_left_out(api, caplog):
    task_id, _, _ = api.create_task("t", task_assignee="no-such-user")

    assert "no-such-user" in caplog.text
    assert task_of(api, task_id)["assignee"] is None


def test_the_life_of_a_task(api):
    task_id = new_task(api)
    assert api.task_exists(task_id)
    assert task_id in api.list_tasks()

    api.delete_task(task_id)

    assert not api.task_exists(task_id)
    assert task_id not in api.list_tasks()
    api.delete_task(task_id)  # gone already: no error


@pytest.mark.parametrize("progress", [None, False, True, "callback"])
def test_many_deleted_with_progress(api, progress):
    ids = [new_task(api, f"task {number}") for number in range(3)]
    seen = []
    if progress == "callback":
        progress = lambda bar: seen.append(bar.iteration)  # noqa: E731

    api.delete_tasks(iter(ids), progress=progress)

    assert not any(map(api.task_exists, ids))
    assert not callable(progress) or seen[-1] == 3


def test_tasks_and_jobs_on_several_pages(api, tmp_path, monkeypatch):
    monkeypatch.setattr("fiftyone_cvat.server.session.PAGE_SIZE", 2)
    ids = [new_task(api, f"task {number}") for number in range(2)]
    task_id, _, _ = api.create_task("jobs", schema=SCHEMA, segment_size=1)

    job_ids = api.upload_data(task_id, media.make_images(tmp_path, list("abcde")))

    assert {*ids, task_id} <= set(api.list_tasks())
    assert len(set(job_ids)) == 5
    assert [job["start_frame"] for job in jobs_of(api, job_ids)] == [0, 1, 2, 3, 4]


def test_names_and_order_of_images(api, tmp_path):
    task_id = new_task(api)
    paths = [
        media.make_image(tmp_path / str(number) / name, height=8 + number)
        for number, name in enumerate(NAMES)
    ]

    [job_id] = api.upload_data(task_id, paths)

    assert heights_of(api, task_id) == [8 + number for number in range(len(NAMES))]
    expected = [*NAMES[:9], "upper-2.png", "no suffix.png"]
    assert frame_names(api, task_id) == expected
    [job] = jobs_of(api, [job_id])
    assert (job["start_frame"], job["stop_frame"]) == (0, len(NAMES) - 1)


def test_same_base_names_in_different_folders(api, tmp_path):
    task_id = new_task(api)

    api.upload_data(task_id, differing(tmp_path, (9, 8, 10)))

    assert heights_of(api, task_id) == [9, 8, 10]
    assert frame_names(api, task_id) == ["same.png", "same-2.png", "same-3.png"]


def test_one_file_twice(api, tmp_path):
    task_id = new_task(api)
    a, b = differing(tmp_path, (9, 8))

    api.upload_data(task_id, [b, a, b])

    assert heights_of(api, task_id) == [8, 9, 8]


@pytest.mark.parametrize(
    ("group_size", "chunk_size"),
    [
        pytest.param(3000, 10_000, id="groups"),
        pytest.param(1000, 700, id="chunks"),
        pytest.param(1000, 10_000, id="one chunk"),
        pytest.param(1300, 700, id="both"),
    ],
)
def test_many_requests_keep_the_order(
    api, tmp_path, monkeypatch, group_size, chunk_size
):
    monkeypatch.setattr("fiftyone_cvat.server.task_media.GROUP_SIZE", group_size)
    monkeypatch.setattr("fiftyone_cvat.server.large_files.CHUNK_SIZE", chunk_size)
    task_id = new_task(api)
    heights = (12, 9, 14, 8, 13, 10)  # 100 bytes a line: some are over 1300 bytes
    paths = differing(tmp_path, heights)

    api.upload_data(task_id, paths, image_quality=90)

    assert heights_of(api, task_id) == list(heights)
    assert data_of(api, task_id)["size"] == len(heights)


def test_a_video_in_chunks(api, tmp_path, monkeypatch):
    monkeypatch.setattr("fiftyone_cvat.server.task_media.GROUP_SIZE", 1000)
    monkeypatch.setattr("fiftyone_cvat.server.large_files.CHUNK_SIZE", 2000)
    task_id = new_task(api)

    api.upload_data(task_id, [media.copy_video(tmp_path / "Käfer #1.mp4")])

    meta = data_of(api, task_id)
    assert meta["size"] == 12
    assert [frame["name"] for frame in meta["frames"]] == ["Käfer #1.mp4"]


@pytest.mark.parametrize("use_cache", [True, False])
def test_quality_chunks_and_cache(api, tmp_path, use_cache):
    task_id = new_task(api)
    paths = media.make_images(tmp_path, ["a.png", "b.png", "c.png"])

    api.upload_data(task_id, paths, image_quality=31, use_cache=use_cache, chunk_size=2)

    meta, task = data_of(api, task_id), task_of(api, task_id)
    assert meta["image_quality"] == 31
    assert meta["chunk_size"] == 2
    assert task["data_chunk_size"] == 2
    assert task["data_compressed_chunk_type"] == "imageset"


@pytest.mark.parametrize(
    ("zipped", "kind"), [(True, "imageset"), (False, "video")], ids=["zip", "video"]
)
def test_chunks_of_a_video(api, tmp_path, zipped, kind):
    task_id = new_task(api)
    path = media.copy_video(tmp_path / "video.mp4")

    api.upload_data(task_id, [path], use_zip_chunks=zipped)

    assert task_of(api, task_id)["data_compressed_chunk_type"] == kind


def test_some_frames_of_a_video(api, tmp_path):
    task_id = new_task(api)
    path = media.copy_video(tmp_path / "video.mp4")

    [job_id] = api.upload_data(
        task_id, [path], frame_start=1, frame_stop=9, frame_step=3
    )

    meta = data_of(api, task_id)
    assert (meta["start_frame"], meta["frame_filter"]) == (1, "step=3")
    assert meta["size"] == 3
    [job] = jobs_of(api, [job_id])
    assert (job["start_frame"], job["stop_frame"]) == (0, 2)


def test_jobs_are_assigned_in_turn(api, server, tmp_path, caplog):
    task_id, _, _ = api.create_task("t", schema=SCHEMA, segment_size=1)
    paths = media.make_images(tmp_path, [f"{number}.png" for number in range(5)])
    names = [server.other_user, server.username]

    job_ids = api.upload_data(
        task_id, paths, job_assignees=names, job_reviewers=["someone"]
    )

    assert assignees(api, job_ids) == [*names, *names, names[0]]
    assert "reviewers" in caplog.text


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"this is no picture", id="other"),
        pytest.param(b"\x89PNG\r\n\x1a\n no picture", id="cut off"),
    ],
)
def test_a_corrupt_image(api, tmp_path, content):
    task_id = new_task(api)
    good = media.make_image(tmp_path / "good.png")
    bad = tmp_path / "bad.png"
    bad.write_bytes(content)

    with pytest.raises(ServerJobError, match=rf"task {task_id} .*bad\.png"):
        api.upload_data(task_id, [good, bad])

    api.delete_task(task_id)
    assert not api.task_exists(task_id)


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "folder"])
def test_what_is_no_medium_is_not_sent(api, tmp_path, kind):
    task_id = new_task(api)
    path = tmp_path / "medium.png"
    if kind == "empty":
        path.touch()
    elif kind == "folder":
        path.mkdir()
    elif kind == "text":
        path = tmp_path / "notes.txt"
        path.write_text("notes")

    with pytest.raises(MediaError, match=path.name):
        api.upload_data(task_id, [media.make_image(tmp_path / "good.png"), path])

    assert not task_of(api, task_id).get("size")


def test_a_summary(api, server, tmp_path, caplog):
    task_id, _, _ = api.create_task("a summary", segment_size=1)
    paths = media.make_images(tmp_path, ["a.png", "b.png"])
    job_ids = api.upload_data(task_id, paths, job_assignees=[server.other_user])

    summary = api.task_summary(task_id)

    assert summary["name"] == "a summary"
    assert summary["assignee"] is None
    assert sorted(summary["jobs"]) == sorted(job_ids)
    people = {job["assignee"]["username"] for job in summary["jobs"].values()}
    assert people == {server.other_user}
    api.delete_task(task_id)
    assert api.task_summary(task_id) is None
    assert str(task_id) in caplog.text
