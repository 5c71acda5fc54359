"""Samples that have no media file: CVAT has nothing to show of them."""

from __future__ import annotations

from typing import Any

import fiftyone.core.media as fom

from fiftyone_cvat.errors import MediaError

__all__ = ["MULTIMODAL", "refuse_multimodal"]

MULTIMODAL = getattr(fom, "MULTIMODAL", "multimodal")
"""Media of several sensors, which samples name by a reference; of FiftyOne 1.19."""

MAX_NAMED = 5
"""Samples that a message names."""


def refuse_multimodal(samples: Any) -> None:
    """Refuse samples that are recordings of several sensors.

    Args:
        samples: a collection

    Raises:
        MediaError: if they are; it names some
    """
    if samples.media_type == MULTIMODAL:
        raise MediaError(
            f"{_named(samples.values('id'))} multimodal, without a file that CVAT "
            "shows: write pictures, videos or point clouds to files, and annotate a "
            "dataset of these"
        )


def _named(ids: list[str]) -> str:
    """Return some of the samples, as the beginning of a sentence."""
    more = f" and {len(ids) - MAX_NAMED} more" if len(ids) > MAX_NAMED else ""
    names = ", ".join(ids[:MAX_NAMED]) + more
    return f"Sample {names} is" if len(ids) == 1 else f"Samples {names} are"
