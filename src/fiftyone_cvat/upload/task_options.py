"""What a run's keywords say about one of its tasks: name, frames, assignees."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import fiftyone.core.media as fom

from fiftyone_cvat.convert.shared.frames import FrameRange, frame_argument
from fiftyone_cvat.convert.shared.texts import shorten
from fiftyone_cvat.dataset.views import all_slices
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

logger = logging.getLogger(__name__)

FrameArguments = tuple[int | None, int | None, int | None]
"""First, last and spacing of the frames of a video that are in a task, from 0."""


FRAMES = ("frame_start", "frame_stop", "frame_step")


def check_frames(samples: Any, config: Any) -> None:
    """Refuse frames that leave a video out; tell those that say nothing of one.

    Args:
        samples: the collection to annotate
        config: the run's :class:`CVATBackendConfig`

    Raises:
        ConfigurationError: if a list is too short, or if no path of a dict is that of
            a video of the dataset
    """
    given = {name: getattr(config, name) for name in FRAMES}
    given = {name: value for name, value in given.items() if value is not None}
    if given and samples.media_type != fom.VIDEO:
        # what is configured for all runs may be there for others
        logger.warning(
            "`%s` chooses frames of videos: it says nothing of samples of type '%s', "
            "which all go up",
            "`, `".join(given),
            samples.media_type,
        )
        return
    for name, value in given.items():
        if isinstance(value, Mapping):
            _check_paths(samples, name, value)
        elif isinstance(value, list):
            _check_count(samples, name, value)


def _check_count(samples: Any, name: str, values: list[Any]) -> None:
    words = f"`{name}` lists {len(values)} values for {len(samples)} videos"
    if len(values) < len(samples):
        raise ConfigurationError(f"{words}: give one for each, or a dict of file paths")
    if len(values) > len(samples):
        logger.warning(
            "%s: the first are taken, in the order of the videos, and the others are "
            "ignored",
            words,
        )


def _check_paths(samples: Any, name: str, values: Mapping[str, Any]) -> None:
    """Refuse paths that are none of the dataset's; a view may leave some of them out.

    Of those that are of other datasets, too, the others are told.
    """
    dataset = all_slices(samples._root_dataset)
    paths = {*samples.values("filepath"), *dataset.values("filepath")}
    unknown = [each for each in values if each not in paths]
    if not unknown:
        return
    words = (
        f"`{name}` names '{shorten(str(unknown[0]))}', which is the `filepath` of none "
        "of the samples; those are absolute"
    )
    if len(unknown) == len(values):
        raise ConfigurationError(words)
    more = f" (and {len(unknown) - 1} more)" if unknown[1:] else ""
    logger.warning("%s: it is ignored%s", words, more)


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
