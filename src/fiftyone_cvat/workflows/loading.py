"""Labels of a run that are loaded job by job, as the work in CVAT goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from fiftyone_cvat.backend import CVATBackendConfig
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.arguments import one_of
from fiftyone_cvat.runs.chosen_jobs import ChosenJobs, repeatable
from fiftyone_cvat.runs.keywords import check_keywords
from fiftyone_cvat.runs.last_loads import LoadOptions
from fiftyone_cvat.upload.field_checks import own_field
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
            ``progress``

    Returns:
        what ``load_annotations`` returns: None, or with ``unexpected="return"`` a dict
        of the labels that the run's fields do not hold

    Raises:
        ConfigurationError: if there is no such run, if ``jobs`` names what no job can
            have or a job that is not there, or if ``cleanup`` would delete jobs that
            were not asked for; nothing has changed then
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
    check_keywords(CVATBackendConfig, settings.keys() - {"progress"}, OWN)
    results = results_of_run(dataset, anno_key, **_credentials(settings))
    config = results.config
    are_noted = dest_field is None
    holder_by_field = _holder_by_field(results, dest_field)
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
    finally:
        config.load_options = LoadOptions()


def _holder_by_field(results: Any, dest_field: Any) -> dict[str, str]:
    """Return the run's fields to those that FiftyOne loads them into, if others.

    Args:
        results: the run's results
        dest_field: a field, for a run of one; or a mapping

    Raises:
        ConfigurationError: if it is anything else, or if labels of videos are to go to
            samples, those of images to frames, or two kinds of labels to one field
    """
    if dest_field is None:
        return {}
    fields = results.config.label_schema
    mapping = dest_field
    if isinstance(dest_field, str) and dest_field and len(fields) == 1:
        mapping = dict.fromkeys(fields, dest_field)
    if not isinstance(mapping, Mapping) or not all(
        isinstance(each, str) and each for each in mapping.values()
    ):
        raise ConfigurationError(
            f"`dest_field` is {dest_field!r}; it is a field for a run of one field, or "
            f"a mapping of the run's fields ({_listed(fields)}) to others"
        )
    unknown = [name for name in mapping if name not in fields]
    if unknown:
        raise ConfigurationError(
            f"`dest_field` names '{unknown[0]}', which is no field of run "
            f"'{results.key}'; it has {_listed(fields)}"
        )
    dataset = results.samples._root_dataset
    prefix = dataset._FRAMES_PREFIX
    holders: dict[str, str] = {}
    for name, holder in mapping.items():
        plain = holder.removeprefix(prefix) if results._is_frames else holder
        if plain.startswith(prefix) != str(name).startswith(prefix):
            raise ConfigurationError(
                f"`dest_field`: '{name}' and '{holder}' are not both fields of frames; "
                f"those of frames begin with '{prefix}'"
            )
        if own_field(dataset, holder, results) is not None:
            raise ConfigurationError(
                f"`dest_field`: '{holder}' is a field that FiftyOne itself fills; name "
                "another"
            )
        kind = fields[name].get("type")
        others = [each for each in holders if holders[each] == plain]
        if any(fields[each].get("type") != kind for each in others):
            raise ConfigurationError(
                f"`dest_field`: '{others[0]}' and '{name}' are of different types, and "
                f"cannot both go to '{holder}'"
            )
        holders[name] = plain
    return holders


def _listed(fields: Iterable[Any]) -> str:
    return ", ".join(f"'{each}'" for each in fields)


def _credentials(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in settings.items() if name != "progress"}
