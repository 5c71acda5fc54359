"""One annotation run in a test: send, change things on the server, load, compare."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import fiftyone as fo

NO_ANNOTATIONS = {"version": 0, "tags": [], "shapes": [], "tracks": []}


class Run:
    """A run on a dataset, as an annotator and a curator see it."""

    def __init__(self, samples: Any, server: Any, label_schema: dict, **kwargs: Any):
        self.dataset = samples._root_dataset
        self.before = self.documents()
        self.credentials = server.credentials
        self.key = kwargs.pop("key", "run")
        self.results = samples.annotate(
            self.key,
            label_schema=label_schema,
            backend="cvat",
            config_cls="fiftyone_cvat.backend.CVATBackendConfig",
            **self.credentials,
            **kwargs,
        )
        self.api = self.results.connect_to_api()

    @property
    def task_id(self) -> int:
        return self.results.task_ids[0]

    def annotations(self, task_id: int | None = None) -> dict[str, list[dict]]:
        url = self.api.task_annotation_url(task_id or self.task_id)
        return self.api.get(url).json()

    def change(self, action: str, task_id: int | None = None, **objects: list) -> dict:
        """Do what an annotator's editor does: update, create or delete objects."""
        url = self.api.task_annotation_url(task_id or self.task_id)
        body = NO_ANNOTATIONS | deepcopy(objects)
        return self.api.patch(url, params={"action": action}, json=body).json()

    def label_ids(self) -> dict[str, int]:
        labels = self.api._get_task_labels(self.task_id)
        return {label["name"]: label["id"] for label in labels}

    def load(self, **kwargs: Any) -> dict[Any, dict[str, int]]:
        """Load the labels; return what came of them by field, zeros left out."""
        self.dataset.load_annotations(
            self.key, **{"unexpected": "keep", **self.credentials, **kwargs}
        )
        counts = self.results.reconciliation
        return {
            name: {what: n for what, n in counts.totals(name).items() if n}
            for name in counts.counts
        }

    def documents(self) -> dict[Any, dict[str, Any]]:
        """Return the raw documents of samples and frames by id."""
        found = list(self.dataset._sample_collection.find({}))
        if self.dataset._has_frame_fields():
            found += self.dataset._frame_collection.find({})
        for each in found:
            each.pop("last_modified_at", None)
        return {each["_id"]: each for each in found}

    def differences(self, before: dict[Any, dict[str, Any]] | None = None) -> list:
        """Return what differs from the raw documents before.

        NaN equals NaN, and the order of a document's keys says nothing.
        """
        before = self.before if before is None else before
        now = self.documents()
        return [
            (name, each[name], now[key].get(name))
            for key, each in before.items()
            for name in each
            if _as_text(each[name]) != _as_text(now[key].get(name))
        ] + [("new document", None, now[key]) for key in now.keys() - before.keys()]


def _as_text(value: Any) -> str:
    if isinstance(value, dict):
        parts = sorted((key, _as_text(each)) for key, each in value.items())
        return str(parts)
    if isinstance(value, list):
        return str([_as_text(each) for each in value])
    return repr(value)


def box(label: str = "cat", x: float = 0.1, **kwargs: Any) -> fo.Detection:
    """Return a detection whose box lies on no pixel's edge."""
    bounding_box = kwargs.pop("bounding_box", [x, 0.2, 0.3137, 0.2718])
    return fo.Detection(label=label, bounding_box=bounding_box, **kwargs)


def moved(shape: dict, by: float = 1.0) -> dict:
    return {**shape, "points": [value + by for value in shape["points"]]}
