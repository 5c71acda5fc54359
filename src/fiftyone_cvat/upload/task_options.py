"""What a run's keywords say about one of its tasks: name, frames, assignees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import fiftyone.core.media as fom

from fiftyone_cvat.convert.shared.frames import FrameRange, frame_argument
from fiftyone_cvat.convert.shared.texts import shorten
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.server.creations import MAX_NAME

__all__ = [
    "FrameArguments",
    "check_frames",
    "frame_arguments",
    "in_turn",
    "job_assignees",
    "listed",
    "task_name",
]

FrameArguments = tuple[int | None, int | None, int | None]
"""First, last and spacing of the frames of a video that are in a task, from 0."""


FRAMES = ("frame_start", "frame_stop", "frame_step")


def check_frames(samples: Any, config: Any) -> None:
    """Refuse frames that are of no video, or that say nothing of one.

    Args:
        samples: the collection to annotate
        config: the run's :class:`CVATBackendConfig`

    Raises:
        ConfigurationError: if images are to have frames, if a list has not one value
            for each video, or if a path is that of no video
    """
    given = {name: getattr(config, name) for name in FRAMES}
    given = {name: value for name, value in given.items() if value is not None}
    if given and samples.media_type != fom.VIDEO:
        raise ConfigurationError(
            f"`{next(iter(given))}` chooses frames of videos, and the samples are of "
            f"type '{samples.media_type}': leave it out, and select samples instead"
        )
    for name, value in given.items():
        if isinstance(value, list) and len(value) != len(samples):
            raise ConfigurationError(
                f"`{name}` lists {len(value)} values for {len(samples)} videos: give "
                "one for each, or a dict of file paths"
            )
        if isinstance(value, Mapping):
            paths = set(samples.values("filepath"))
            unknown = [each for each in value if each not in paths]
            if unknown:
                raise ConfigurationError(
                    f"`{name}` names '{shorten(str(unknown[0]))}', which is the "
                    "`filepath` of none of the samples; those are absolute"
                )


def frame_arguments(config: Any, batch: Any, index: int) -> FrameArguments:
    """Return first, last and spacing of the frames of a video that go into a task."""
    if batch.media_type != fom.VIDEO:
        return None, None, None
    filepath = batch.values("filepath")[0]
    start, stop, step = (
        frame_argument(value, index, filepath)
        for value in (config.frame_start, config.frame_stop, config.frame_step)
    )
    if not batch._is_clips:
        return start, stop, step
    frames = FrameRange.of_task(start, stop, step).within(batch.values("support")[0])
    return frames.start, frames.stop, step


def listed(value: str | Sequence[str | None] | None) -> list[str | None]:
    """Return what a keyword names that may be one text or several; None for none."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def job_assignees(config: Any, batch: Any, index: int) -> list[str | None]:
    """Return who gets the jobs of a task; a video is one job, of the next in turn."""
    names = listed(config.job_assignees)
    if batch.media_type == fom.IMAGE or not names:
        return names
    return [names[index % len(names)]]


def task_name(config: Any, samples: Any, index: int, count: int) -> str:
    """Return the name of a task of a run, by its number from 0."""
    name = config.task_name
    if name is None:
        name = f"FiftyOne_{samples._root_dataset.name.replace(' ', '_')}"
    number = "" if count == 1 else f"_{index + 1}"
    return str(name)[: MAX_NAME - len(number)] + number


def in_turn(value: str | Sequence[str | None] | None, index: int) -> str | None:
    """Return the value that is the next in turn, if there are several."""
    values = listed(value)
    return values[index % len(values)] if values else None
