"""The media of tasks, downloaded into a folder."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.console import Work, tell
from fiftyone_cvat.errors import MediaError
from fiftyone_cvat.runs.job_status import counted
from fiftyone_cvat.server.imported_tasks import ImportedTask
from fiftyone_cvat.server.server_work import wait_for_work
from fiftyone_cvat.transport.responses import value_of
from fiftyone_cvat.transport.side_by_side import side_by_side

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["download_media", "path_in_folder", "write_whole"]

PIECE = 16 * 2**20
"""Bytes that are asked for at a time."""


def path_in_folder(folder: Path, name: str) -> Path:
    """Return where a file of a task goes, which is never outside of the folder.

    Args:
        folder: the folder
        name: the file's name, as the server has it

    Raises:
        MediaError: if the name leads out of the folder, or is none
    """
    parts = [each for each in name.replace("\\", "/").split("/") if each != "."]
    is_rooted = name.startswith(("/", "\\")) or ":" in "".join(parts[:1])
    is_named = bool(parts) and all(parts) and ".." not in parts and "\0" not in name
    if is_rooted or not is_named:
        raise MediaError(
            f"CVAT names a file '{name}', which leads out of '{folder}': nothing is "
            "written there"
        )
    path = folder.joinpath(*parts)
    root = folder.resolve()
    if root not in path.resolve().parents:
        raise MediaError(f"'{path}' is a link that leads out of '{folder}'")
    return path


def download_media(
    api: CVATAnnotationAPI, tasks: Sequence[ImportedTask], folder: Path, workers: int
) -> dict[tuple[int, int], str]:
    """Download the media of tasks; files that are there stay, so it can go on.

    Args:
        api: the session
        tasks: the tasks
        folder: where they go: each task's to a folder of its own
        workers: how many files are asked for at a time

    Returns:
        task and position of a frame, 0 for a video, to the path of its file

    Raises:
        ServerJobError: if CVAT cannot hand out a video
        MediaError: if it has not got it, or a name leads out of the folder
    """
    paths = {
        (task.id, frame): path_in_folder(folder / f"task_{task.id}", name)
        for task in tasks
        for frame, name in task.name_by_frame.items()
    }
    missing = sum(not path.is_file() for path in paths.values())
    if missing:
        tell(f"Downloading {counted(missing, 'file')} of media to '{folder}'...")
    with Work(len(paths), "files", "downloaded", has_bar=missing > 1) as work:
        for task in tasks:
            if task.is_video:
                _download_video(api, task.id, task.names[0], paths[task.id, 0])
                work.add()
                continue
            of_task = {frame: paths[task.id, frame] for frame in task.name_by_frame}
            download = partial(_download_frame, api, task.id, of_task)
            with side_by_side(download, of_task, workers) as done:
                for _ in done:
                    work.add()
    return {key: str(path.absolute()) for key, path in paths.items()}


def _download_frame(
    api: CVATAnnotationAPI, task_id: int, path_by_frame: Mapping[int, Path], frame: int
) -> None:
    """Download the original of an image or a point cloud."""
    path = path_by_frame[frame]
    if not path.is_file():
        write_whole(path, api.get(api.task_data_download_url(task_id, frame)).content)


def _download_video(
    api: CVATAnnotationAPI, task_id: int, name: str, path: Path
) -> None:
    """Download the file that a task of a video was made of.

    CVAT gives frames of it, and the file itself only in a backup of the task.
    """
    if path.is_file():
        return
    task = api.base_task_url(task_id)
    url = f"{api.task_url(task_id)}/backup/export"
    request_id = value_of(api.post(url), "rq_id")
    done = wait_for_work(
        api,
        str(request_id),
        work=f"The backup of {task}",
        failure=f"CVAT could not make a backup of {task}",
    )
    with tempfile.TemporaryFile() as file:
        _fetch(api, done["result_url"], file)
        with zipfile.ZipFile(file) as archive:
            try:
                member = archive.open(f"data/{name}")
            except KeyError:
                raise MediaError(
                    f"The backup of {task} has no file '{name}': its media are on a "
                    "share or in a cloud storage; name the folder with them as `media`"
                ) from None
            with member:
                write_whole(path, member)


def _fetch(api: CVATAnnotationAPI, url: str, file: Any) -> None:
    """Write what a URL gives to a file, piece by piece where the server can do that."""
    while True:
        begin = file.tell()
        wanted = {"Range": f"bytes={begin}-{begin + PIECE - 1}"}
        answer = api.get(url, headers=wanted)
        file.write(answer.content)
        whole = answer.headers.get("content-range", "").rpartition("/")[2]
        is_part = answer.status_code == 206  # noqa: PLR2004
        if not is_part or not whole.isdigit() or file.tell() >= int(whole):
            return


def write_whole(path: Path, content: Any) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                while piece := content.read(PIECE):
                    file.write(piece)
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink()
        raise
