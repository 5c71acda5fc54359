"""Runs that were stopped before all of their tasks were created."""

from __future__ import annotations

from typing import Any

from fiftyone_cvat.dataset.merges import resume_merge
from fiftyone_cvat.workflows.results import dataset_of, results_of_run

__all__ = ["resume"]


def resume(samples: Any, anno_key: str, **credentials: Any) -> Any:
    """Go on with a run that was stopped or failed, without sending anything twice.

    It works for runs that were begun with ``on_failure="keep"``, whatever stopped
    them: an error, Ctrl-C, or the end of the process. Tasks that were finished stay
    as they are; what was not finished is deleted and created anew.

    Args:
        samples: the dataset, or a view into it
        anno_key: the annotation key
        **credentials: as for ``load_annotations``: ``url``, ``username``, ``password``,
            ``email``, ``headers``, ``access_token``, ``verify_ssl``

    Returns:
        the run's :class:`CVATAnnotationResults`

    Raises:
        ConfigurationError: if there is no such run, if nothing of it is left to do, or
            nothing is known of how far it is
    """
    dataset = dataset_of(samples)
    results = results_of_run(dataset, anno_key, **credentials)
    # to save it would forget what a merge has added that was stopped
    resume_merge(results)
    backend = results.backend
    results = results.connect_to_api().resume_upload(results)
    backend.save_run_results(dataset, anno_key, results)
    return results
