"""Errors about media files, with the samples that the files are of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fiftyone_cvat.errors import CVATError

__all__ = ["naming_samples"]

MAX_NAMED = 5
"""Samples that a message names."""


@contextmanager
def naming_samples(samples: Any, media_field: str) -> Iterator[None]:
    """Name in an error about media files the samples that they are of.

    Args:
        samples: a collection
        media_field: the field with the paths of the media
    """
    try:
        yield
    except CVATError as error:
        media = {each and Path(each) for each in error.media}
        if media:
            columns = samples.values(["id", media_field])
            ids = [
                sample_id
                for sample_id, path in zip(*columns, strict=True)
                if (path and Path(path)) in media
            ]
            error.args = (_with_samples(str(error), ids),)
            error.media = ()  # they are named
        raise


def _with_samples(message: str, ids: list[str]) -> str:
    if not ids:
        return message
    more = f" and {len(ids) - MAX_NAMED} more" if len(ids) > MAX_NAMED else ""
    word = "sample" if len(ids) == 1 else "samples"
    return f"{message} ({word} {', '.join(ids[:MAX_NAMED])}{more})"
