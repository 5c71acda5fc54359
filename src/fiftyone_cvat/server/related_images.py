"""The related images of frames, which CVAT shows beside them as context."""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from fiftyone_cvat.console import Work, tell
from fiftyone_cvat.runs.job_status import counted
from fiftyone_cvat.server.imported_tasks import ImportedTask
from fiftyone_cvat.server.media_download import path_in_folder, write_whole
from fiftyone_cvat.transport.side_by_side import side_by_side

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["FRAME_SLICE", "download_related_images", "slices_of_images"]

FRAME_SLICE = "frame"
"""The slice of a group that has what is annotated."""


def download_related_images(
    api: CVATAnnotationAPI, tasks: Sequence[ImportedTask], folder: Path, workers: int
) -> dict[tuple[int, int], list[str]]:
    """Download the related images of frames, which CVAT hands out as JPEG.

    Those of frames that have as many as they should stay, so it can go on.

    Args:
        api: the session
        tasks: the tasks
        folder: where they go: each frame's to a folder of its own
        workers: how many frames are asked for at a time

    Returns:
        task and position of each frame that has some to their paths, in order

    Raises:
        MediaError: if a name leads out of the folder
    """
    found: dict[tuple[int, int], list[str]] = {}
    folders = {
        task.id: {
            frame: folder / f"task_{task.id}_related" / str(frame)
            for frame in task.name_by_frame
            if not task.is_video and task.meta["frames"][frame].get("related_files")
        }
        for task in tasks
    }
    total = sum(map(len, folders.values()))
    if total:
        tell(f"Downloading the related images of {counted(total, 'frame')}...")
    with Work(total, "frames", "done", has_bar=total > 1) as work:
        for task in tasks:
            of_frames = folders[task.id]
            download = partial(_download, api, task, of_frames)
            with side_by_side(download, of_frames, workers) as answers:
                for frame, paths in zip(of_frames, answers, strict=True):
                    found[task.id, frame] = paths
                    work.add()
    return found


def _download(
    api: CVATAnnotationAPI,
    task: ImportedTask,
    folder_by_frame: Mapping[int, Path],
    frame: int,
) -> list[str]:
    folder = folder_by_frame[frame]
    if len(_files_in(folder)) < task.meta["frames"][frame]["related_files"]:
        url = f"{api.task_data_url(task.id)}?type=context_image&number={frame}"
        with zipfile.ZipFile(io.BytesIO(api.get(url).content)) as archive:
            for name in archive.namelist():
                write_whole(path_in_folder(folder, name), archive.read(name))
    return _files_in(folder)


def _files_in(folder: Path) -> list[str]:
    paths = (each for each in folder.rglob("*") if each.is_file())
    return sorted(
        str(each.absolute()) for each in paths if not each.name.startswith(".part-")
    )


def slices_of_images(
    paths_by_frame: Mapping[tuple[int, int], Sequence[str]],
) -> dict[tuple[int, int], dict[str, str]]:
    """Return the slices that the related images of frames are.

    They are called as their files are, if those of all frames are called alike, else
    ``related_1``, ``related_2``, in the order of their names.

    Args:
        paths_by_frame: task and position of a frame to the paths of its images

    Returns:
        task and position of a frame to the name of a slice to a path
    """
    stems: dict[tuple[int, int], list[str]] = defaultdict(list)
    for frame, paths in paths_by_frame.items():
        stems[frame] = [PurePosixPath(each).stem for each in paths]
    known = {each for names in stems.values() for each in names}
    most = max(map(len, stems.values()), default=0)
    is_alike = (
        len(known) == most
        and FRAME_SLICE not in known
        and all(len(names) == len(set(names)) for names in stems.values())
    )
    return {
        frame: dict(
            zip(
                stems[frame]
                if is_alike
                else [f"related_{number}" for number in range(1, len(paths) + 1)],
                paths,
                strict=True,
            )
        )
        for frame, paths in paths_by_frame.items()
    }
