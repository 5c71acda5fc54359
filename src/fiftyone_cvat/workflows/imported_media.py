"""Where the media of tasks are that nobody sent: here, or downloaded."""

from __future__ import annotations

import logging
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import fiftyone as fo

from fiftyone_cvat.convert.shared.file_names import FileMatches, FileNames
from fiftyone_cvat.dataset.views import all_slices
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.server.imported_tasks import ImportedTask
from fiftyone_cvat.server.media_download import download_media

__all__ = ["DOWNLOAD", "MAX_NAMED", "find_media", "folder_of"]

logger = logging.getLogger(__name__)

DOWNLOAD = "download"

MAX_NAMED = 5
"""Frames that a message names."""


def find_media(
    api: Any,
    dataset: Any,
    results: Any,
    tasks: Sequence[ImportedTask],
    media: str | Path | Mapping[str, str] | None,
    workers: int,
) -> dict[tuple[int, int], str]:
    """Return task and position of each frame to the path of its file.

    Args:
        api: the session
        dataset: the dataset
        results: those of an earlier import, or None; frames that have a sample keep it
        tasks: the tasks
        media: where the files are
        workers: how many are downloaded at the same time

    Raises:
        ConfigurationError: if ``media`` is no folder
    """
    known = _paths_so_far(dataset, results, tasks)
    if media == DOWNLOAD:
        left = _without_files(tasks, known)
        return {**download_media(api, left, folder_of(dataset), workers), **known}
    files: Mapping[str, str] | FileNames[str]
    if isinstance(media, Mapping):
        files = media
    else:
        files = FileNames({path: [path] for path in _files_here(dataset, media)})
    paths: dict[tuple[int, int], str] = {}
    for task in tasks:
        names = task.name_by_frame
        if isinstance(files, FileNames):
            # all of its names: those that are numbered go by the others
            matches = files.match(task.names)
            _tell_unmatched(task, matches, known)
            of_task = {frame: path for path, frame in matches.frame_by_file.items()}
        else:
            of_task = {at: str(files[names[at]]) for at in names if names[at] in files}
        paths |= {(task.id, at): of_task[at] for at in names if at in of_task}
    if media is not None:
        _tell_other_files(paths, known)
    return {**paths, **known}


def _paths_so_far(
    dataset: Any, results: Any, tasks: Sequence[ImportedTask]
) -> dict[tuple[int, int], str]:
    """Return the files of frames that a run has already, whose samples are here."""
    if results is None:
        return {}
    path_by_id = dict(zip(*all_slices(dataset).values(["id", "filepath"]), strict=True))
    found = {}
    for task in tasks:
        frames = results.frame_id_map.get(task.id, {})
        ids = {frame: each["sample_id"] for frame, each in frames.items()}
        if task.is_video and ids:
            ids = {0: next(iter(ids.values()))}
        for frame in task.name_by_frame:
            if ids.get(frame) in path_by_id:
                found[task.id, frame] = path_by_id[ids[frame]]
    return found


def _without_files(
    tasks: Sequence[ImportedTask], known: Mapping[tuple[int, int], str]
) -> list[ImportedTask]:
    """Return tasks with the frames of which no file is here."""
    here = {key for key, path in known.items() if Path(path).is_file()}
    found = []
    for task in tasks:
        frames = {at for at in task.name_by_frame if (task.id, at) not in here}
        if frames:
            found.append(replace(task, frames=frames))
    return found


def _files_here(dataset: Any, media: str | Path | None) -> list[str]:
    """Return the paths of the files that may be those of tasks."""
    if media is None:
        paths = all_slices(dataset).values("filepath")
        return [str(each) for each in paths if each]
    folder = Path(media)
    return sorted(str(each.absolute()) for each in folder.rglob("*"))


def check_media(media: Any) -> None:
    """Refuse media that are no folder and no files.

    Args:
        media: where the files are, as for ``import_tasks``

    Raises:
        ConfigurationError: if they are none
    """
    if media is None or media == DOWNLOAD or isinstance(media, Mapping):
        return
    if not isinstance(media, str | PathLike) or not Path(media).is_dir():
        raise ConfigurationError(
            f"`media` is no folder that is here: '{media!s:.200}'; \"{DOWNLOAD}\" "
            "downloads the media from CVAT, and a dict names a file for each"
        )


def _tell_other_files(
    paths: Mapping[tuple[int, int], str], known: Mapping[tuple[int, int], str]
) -> None:
    """Warn of frames that keep the sample that they have, and not the file named."""
    others = [key for key in known if paths.get(key, known[key]) != known[key]]
    if others:
        task_id, frame = others[0]
        logger.warning(
            "%d frames keep the samples that an earlier import has found: frame %d of "
            "task %d is '%s', and not '%s'",
            len(others),
            frame,
            task_id,
            known[others[0]],
            paths[others[0]],
        )


def folder_of(dataset: Any) -> Path:
    """Return the folder that media are downloaded to."""
    return Path(fo.config.default_dataset_dir, dataset.name)


def _tell_unmatched(
    task: ImportedTask,
    matches: FileMatches[str],
    known: Container[tuple[int, int]],
) -> None:
    """Warn of frames that no file fits, or several, with their numbers.

    Args:
        task: the task
        matches: which frame is which file
        known: frames that have a sample all the same
    """
    names = {
        at: name
        for at, name in task.name_by_frame.items()
        if (task.id, at) not in known
    }
    for unmatched, what in (
        (matches.missing, "have no file here"),
        (
            matches.ambiguous,
            "fit several files here equally well, or one that fits several frames,",
        ),
    ):
        frames = [each for each in sorted(unmatched) if each in names]
        if frames:
            shown = ", ".join(
                f"{each} ('{names[each]}')" for each in frames[:MAX_NAMED]
            )
            more = ", ..." if len(frames) > MAX_NAMED else ""
            logger.warning(
                "Task %d: %d frames %s and are left out: %s%s",
                task.id,
                len(frames),
                what,
                shown,
                more,
            )
