"""ObjectIds that are the same in every run of a test."""

from __future__ import annotations

import hashlib
import itertools
import sys
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["RepeatableIds"]

RECORDED_MAKERS = {
    "fiftyone_cvat.api.wide_members": "fiftyone_cvat.api.parsing",
    "fiftyone_cvat.convert.from_cvat.labels": "fiftyone_cvat.convert.labels",
    "fiftyone_cvat.convert.from_cvat.nested_results": "fiftyone_cvat.convert.arranging",
    "fiftyone_cvat.download.annotation_ids": "fiftyone_cvat.api.loading",
}
"""Modules that make ids, to the names that they had when cassettes were recorded."""


class RepeatableIds:
    """Makes new ObjectIds, which go by the name of a cassette.

    Labels send theirs to the server. Each module that makes ids has a count of its
    own: what FiftyOne does once in a process must not shift those of the labels.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._counts: dict[str, itertools.count] = {}
        self._first = 1
        self._lock = threading.Lock()

    def begin_at(self, number: int) -> None:
        """Let all counts begin anew."""
        self._first = number
        self._counts.clear()

    def method(self) -> Callable[[Any], None]:
        """Return what takes the place of ``ObjectId._ObjectId__generate``."""

        def generate(made: Any) -> None:
            name = sys._getframe(2).f_globals["__name__"]
            maker = RECORDED_MAKERS.get(name, name)
            with self._lock:
                new = itertools.count(self._first)
                number = next(self._counts.setdefault(maker, new))
            seed = hashlib.sha256(f"{self._name} {maker}".encode())
            start_of_2024 = (1_704_067_200).to_bytes(4)
            made._ObjectId__id = start_of_2024 + seed.digest()[:5] + number.to_bytes(3)

        return generate
