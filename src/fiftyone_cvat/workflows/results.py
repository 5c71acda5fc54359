"""The dataset, the run and its results that somebody names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import fiftyone as fo
import fiftyone.core.odm as foo

from fiftyone_cvat.backend import CVATAnnotationResults, CVATBackend
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.cached_runs import take_stored
from fiftyone_cvat.runs.keywords import nearest
from fiftyone_cvat.workflows.database import asking_database

__all__ = [
    "check_run",
    "dataset_of",
    "dataset_of_name",
    "newest_results",
    "results_of_run",
]

MAX_NAMED = 10
"""Names that a message lists."""

OF_CVAT = "cvat"
"""What is in the name of a configuration of this package, a subclass, or FiftyOne's."""


def dataset_of(samples: Any) -> Any:
    """Return the dataset that a call is about.

    Args:
        samples: the dataset, or a view into it

    Raises:
        ConfigurationError: if it is neither, such as the name of one
    """
    dataset = getattr(samples, "_root_dataset", None)
    if dataset is None:
        hint = "a dataset, or a view into one, comes first"
        if isinstance(samples, str):
            hint = f"load the dataset of this name: `fo.load_dataset({samples!r})`"
        raise ConfigurationError(f"{samples!r:.80} is no dataset: {hint}")
    return dataset


def dataset_of_name(name: str) -> fo.Dataset:
    """Return a dataset.

    Args:
        name: its name

    Raises:
        ConfigurationError: if there is none; the error names the one that may be
            meant, or those that have runs of CVAT
        DatabaseError: if FiftyOne's database does not answer
    """
    with asking_database():
        if not fo.dataset_exists(name):
            raise ConfigurationError(f"FiftyOne has no dataset '{name}'{_meant(name)}")
        return fo.load_dataset(name)


def _meant(name: str) -> str:
    """Return the end of a sentence that names datasets in place of one."""
    known = fo.list_datasets()
    if not known:
        return ": its database has none at all"
    near = nearest(name, known)
    if near is not None:
        return f": did you mean '{near}'?"
    database = foo.get_db_conn()
    is_of_cvat = {"config.cls": {"$regex": OF_CVAT, "$options": "i"}}
    ids = database.runs.distinct("_dataset_id", is_of_cvat)
    found = database.datasets.find({"_id": {"$in": ids}}, {"name": 1})
    names = sorted(each["name"] for each in found)
    return f"; datasets with runs of CVAT: {_listed(names)}" if names else ""


def check_run(dataset: Any, anno_key: str) -> None:
    """Refuse a key that no run of a dataset has.

    Args:
        dataset: the dataset
        anno_key: the annotation key

    Raises:
        ConfigurationError: if there is no such run; the error names the one that may
            be meant, and those of CVAT that there are
    """
    keys = dataset.list_annotation_runs()
    if anno_key in keys:
        return
    of_cvat = [key for key in keys if _is_of_cvat(dataset, key)]
    which = (
        f"its runs of CVAT: {_listed(of_cvat)}" if of_cvat else "it has none of CVAT"
    )
    near = nearest(str(anno_key), of_cvat)
    raise ConfigurationError(
        f"Dataset '{dataset.name}' has no annotation run '{anno_key}'"
        + (f"; {which}" if near is None else f": did you mean '{near}'? ({which})")
    )


def _is_of_cvat(dataset: Any, anno_key: str) -> bool:
    """Tell whether a run is of this package or of FiftyOne's CVAT integration."""
    stored = CVATBackend._get_run_doc(dataset, anno_key).config.get("cls")
    return OF_CVAT in str(stored).lower()


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{each}'" for each in names[:MAX_NAMED])
    return f"{shown}, ... ({len(names)})" if len(names) > MAX_NAMED else shown


def results_of_run(dataset: Any, anno_key: str, **kwargs: Any) -> CVATAnnotationResults:
    """Return the results of a run of this package.

    Args:
        dataset: the dataset
        anno_key: the annotation key
        **kwargs: as for ``load_annotation_results``

    Raises:
        ConfigurationError: if there is no such run, if it is none of this package, or
            if it has saved nothing
        DatabaseError: if FiftyOne's database does not answer
    """
    with asking_database():
        check_run(dataset, anno_key)
        results = dataset.load_annotation_results(anno_key, **kwargs)
    if results is None:
        raise ConfigurationError(
            f"Nothing is known of how far run '{anno_key}' is: it was stopped before "
            'it had created anything, or begun without `on_failure="keep"`. Delete '
            f"it with `dataset.delete_annotation_run('{anno_key}')` and begin again"
        )
    if not isinstance(results, CVATAnnotationResults):
        raise ConfigurationError(
            f"Run '{anno_key}' has no tasks that this package knows: one that "
            "FiftyOne's built-in integration saved is taken over with "
            f"`fiftyone_cvat.adopt_run(dataset, '{anno_key}')`"
        )
    return results


def newest_results(
    dataset: Any, anno_key: str, *, is_known: bool, **kwargs: Any
) -> CVATAnnotationResults:
    """Return the results of a run that others may have changed or deleted meanwhile.

    Args:
        dataset: the dataset
        anno_key: the annotation key
        is_known: whether what this process knows of the run may be right: a load that
            was stopped leaves it half done
        **kwargs: as for ``load_annotation_results``

    Raises:
        ConfigurationError: as for :func:`results_of_run`, and if the run or the dataset
            was deleted
    """
    with asking_database():
        check_run(dataset, anno_key)
        run_doc = CVATBackend._get_run_doc(dataset, anno_key)
        stored = run_doc._get_collection().find_one({"_id": run_doc.id}, {"_id": 1})
    if stored is None:
        raise ConfigurationError(
            f"Run '{anno_key}' of dataset '{dataset.name}' is not there any more: it "
            "was deleted, or the dataset was"
        )
    results = results_of_run(dataset, anno_key, **kwargs)
    if not is_known:
        take_stored(results, results_of_run(dataset, anno_key, cache=False, **kwargs))
    return results
