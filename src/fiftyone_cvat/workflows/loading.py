"""Labels of a run that are loaded job by job, as the work in CVAT goes on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from fiftyone_cvat.backend import CVATBackendConfig
from fiftyone_cvat.dataset.absent_attributes import restore_attributes
from fiftyone_cvat.download.destinations import check_unexpected, holders_of_fields
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.arguments import one_of
from fiftyone_cvat.runs.chosen_jobs import ChosenJobs, repeatable
from fiftyone_cvat.runs.keywords import check_keywords
from fiftyone_cvat.runs.last_loads import LoadOptions
from fiftyone_cvat.workflows.results import dataset_of, results_of_run

__all__ = ["load"]

UNEXPECTED = ("prompt", "ignore", "keep", "return")
"""What FiftyOne makes of labels that a run's fields do not hold."""

OWN = ("refresh", "empty")
"""What only this load takes."""


def load(
    samples: Any,
    anno_key: str,
    *,
    jobs: ChosenJobs = None,
    refresh: bool = False,
    empty: str | None = None,
    dest_field: Any = None,
    unexpected: Any = "prompt",
    cleanup: bool = False,
    **settings: Any,
) -> Any:
    """Load the labels of a run, or of some of its jobs.

    Labels and frames of jobs that were not chosen stay as they are in the dataset, and
    a later load takes them; ``results.reconciliation.not_asked`` counts the frames. A
    frame that is in several jobs is loaded if one of them is chosen.
    ``dataset.load_annotations(anno_key, jobs=...)`` does the same.

    Args:
        samples: the dataset, or a view into it
        anno_key: the annotation key
        jobs: a state (``"completed"``), a stage (``"acceptance"``), or the name of a
            user who has jobs; a mapping, as ``{"stage": "acceptance", "state":
            "completed"}`` or ``{"assignee": "alice"}``, who may have none yet; ids of
            jobs; a function that is given each job, as the server describes it, and
            tells whether it is meant; None for all
        refresh: whether to read tasks, too, that nobody has changed in CVAT since they
            were loaded by this function; with ``dest_field`` all are read
        empty: ``"completed"`` gives samples and frames of completed jobs, where nothing
            was drawn, an empty list of labels in fields of lists: FiftyOne takes None
            for not labelled yet
        dest_field: another field for the labels, or a mapping of fields to others;
            those of ground truth and replicas, as of ``{"type": "ground_truth"}``,
            always go to others than the run's
        unexpected: what becomes of labels that the run's fields do not hold
        cleanup: whether to delete the run's tasks after the load; not with ``jobs``.
            ``dataset.load_annotations`` does not tell of it before it has loaded: it
            is refused then
        **settings: as for ``load_annotations``: ``url``, ``username``, ``password``,
            ``email``, ``headers``, ``access_token``, ``verify_ssl``, ``organization``,
            ``progress``. With ``update_label_schema=True`` the classes of labels that
            the load reads, and that did not go up with the run, are added to the
            dataset's label schemas, by which FiftyOne's App annotates since 1.16

    Returns:
        what ``load_annotations`` returns: None, or with ``unexpected="return"`` a dict
        of the labels that the run's fields do not hold

    Raises:
        ConfigurationError: if there is no such run, if ``jobs`` names what no job can
            have or a job that is not there, if ``cleanup`` would delete jobs that were
            not asked for, or if a field that ``dest_field`` or ``unexpected`` names
            cannot hold the labels, or would lose others of the run; nothing has
            changed then. Also if somebody would have to be asked what becomes of
            labels, and there is no terminal
        SchemaError: if FiftyOne refuses a label schema to which classes were added; the
            labels are loaded then
    """
    jobs = repeatable(jobs)
    if empty is not None:
        one_of("empty", empty, "completed")
    if isinstance(unexpected, str):
        one_of("unexpected", unexpected, *UNEXPECTED)
    elif not isinstance(unexpected, Collection):
        raise ConfigurationError(
            f"`unexpected` is one of {', '.join(UNEXPECTED)}, or a dict of types of "
            f"labels to fields, not {unexpected!r:.80}"
        )
    if cleanup and jobs is not None:
        raise ConfigurationError(
            f"`cleanup` deletes all tasks of run '{anno_key}', with the jobs that "
            "`jobs` leaves out: load them all first, or leave `cleanup` out"
        )
    dataset = dataset_of(samples)
    more = {"progress", "update_label_schema"}
    check_keywords(CVATBackendConfig, settings.keys() - more, OWN)
    results = results_of_run(dataset, anno_key, **_credentials(settings))
    config = results.config
    are_noted = dest_field is None
    holder_by_field = holders_of_fields(results, dest_field)
    check_unexpected(results, unexpected, holder_by_field)
    config.load_options = LoadOptions(
        are_noted,
        only_changed=are_noted and not refresh,
        fills_empty=empty is not None,
        holder_by_field=holder_by_field,
        progress=settings.get("progress"),
    )
    try:
        return dataset.load_annotations(
            anno_key,
            dest_field=holder_by_field or None,
            unexpected=unexpected,
            cleanup=cleanup,
            jobs=jobs,
            **settings,
        )
    except EOFError:
        raise ConfigurationError(
            f"Labels of run '{anno_key}' came back that its fields do not hold, and "
            "FiftyOne cannot ask here what becomes of them: give `unexpected` as "
            "'ignore', 'keep' or 'return'. What was loaded before them is merged; the "
            "next load goes on"
        ) from None
    finally:
        config.load_options = LoadOptions()
        restore_attributes(results)  # what a load that was stopped has left out


def _credentials(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in settings.items() if name != "progress"}
