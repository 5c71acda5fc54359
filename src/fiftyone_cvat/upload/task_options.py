"""What a run's keywords say about one of its tasks: name, frames, assignees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import fiftyone.core.media as fom

from fiftyone_cvat.convert.shared.frames import FrameRange, frame_argument
from fiftyone_cvat.server.creations import MAX_NAME

__all__ = [
    "FrameArguments",
    "frame_arguments",
    "in_turn",
    "job_assignees",
    "listed",
    "task_name",
]

FrameArguments = tuple[int | None, int | None, int | None]
"""First, last and spacing of the frames of a video that are in a task, from 0."""


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
