"""The results of a run that somebody names."""

from __future__ import annotations

from typing import Any

from fiftyone_cvat.backend import CVATAnnotationResults
from fiftyone_cvat.errors import ConfigurationError

__all__ = ["results_of_run"]


def results_of_run(dataset: Any, anno_key: str, **kwargs: Any) -> CVATAnnotationResults:
    """Return the results of a run of this package.

    Args:
        dataset: the dataset
        anno_key: the annotation key
        **kwargs: as for ``load_annotation_results``

    Raises:
        ConfigurationError: if there is no such run, or if it is none of this package
    """
    if anno_key not in dataset.list_annotation_runs():
        known = ", ".join(dataset.list_annotation_runs()) or "none"
        raise ConfigurationError(
            f"Dataset '{dataset.name}' has no annotation run '{anno_key}'; it has "
            f"{known}"
        )
    results = dataset.load_annotation_results(anno_key, **kwargs)
    if not isinstance(results, CVATAnnotationResults):
        raise ConfigurationError(
            f"Run '{anno_key}' has no tasks that this package knows: one that "
            "FiftyOne's built-in integration saved is taken over with "
            f"`fiftyone_cvat.adopt_run(dataset, '{anno_key}')`"
        )
    return results
