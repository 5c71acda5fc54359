"""Labels of a run that are loaded job by job, as the work in CVAT goes on."""

from __future__ import annotations

from typing import Any

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.chosen_jobs import ChosenJobs
from fiftyone_cvat.workflows.results import results_of_run

__all__ = ["load"]


def load(
    samples: Any,
    anno_key: str,
    *,
    jobs: ChosenJobs = None,
    refresh: bool = False,
    dest_field: Any = None,
    unexpected: Any = "prompt",
    cleanup: bool = False,
    progress: Any = None,
    **credentials: Any,
) -> Any:
    """Load the labels of a run, or of some of its jobs.

    Labels and frames of jobs that were not chosen stay as they are in the dataset, and
    a later load takes them; ``results.reconciliation.not_asked`` counts the frames. A
    frame that is in several jobs is loaded if one of them is chosen.
    ``dataset.load_annotations(anno_key, jobs=...)`` does the same.

    Args:
        samples: the dataset, or a view into it
        anno_key: the annotation key
        jobs: a state (``"completed"``) or a stage (``"acceptance"``); a mapping, as
            ``{"stage": "acceptance", "state": "completed"}`` or ``{"assignee":
            "alice"}``; ids of jobs; a function that is given each job, as the server
            describes it, and tells whether it is meant; None for all
        refresh: whether to read tasks, too, that nobody has changed in CVAT since they
            were loaded by this function; with ``dest_field`` all are read
        dest_field: another field for the labels, or a mapping of fields to others
        unexpected: what becomes of labels that the run's fields do not hold
        cleanup: whether to delete the run's tasks after the load; not with ``jobs``
        progress: whether to show FiftyOne's progress bars
        **credentials: as for ``load_annotations``: ``url``, ``username``, ``password``,
            ``email``, ``headers``, ``access_token``, ``verify_ssl``, ``organization``

    Returns:
        what ``load_annotations`` returns: None, or with ``unexpected="return"`` a dict
        of the labels that the run's fields do not hold

    Raises:
        ConfigurationError: if ``jobs`` names what no job can have or a job that is not
            there, or if ``cleanup`` would delete jobs that were not asked for; nothing
            has changed then
    """
    if cleanup and jobs is not None:
        raise ConfigurationError(
            f"`cleanup` deletes all tasks of run '{anno_key}', with the jobs that "
            "`jobs` leaves out: load them all first, or leave `cleanup` out"
        )
    dataset = samples._root_dataset
    config = results_of_run(dataset, anno_key, **credentials).config
    config.notes_loads = dest_field is None
    config.only_changed = dest_field is None and not refresh
    try:
        return dataset.load_annotations(
            anno_key,
            dest_field=dest_field,
            unexpected=unexpected,
            cleanup=cleanup,
            progress=progress,
            jobs=jobs,
            **credentials,
        )
    finally:
        config.notes_loads = config.only_changed = False
