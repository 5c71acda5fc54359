"""Results that somebody else makes of tasks that no run sent, as our own.

FiftyOne's ``import_annotations`` makes results of the class of the built-in
integration, whatever backend is behind it, for tasks that it found on the server. They
hold what that class has, in its form; from here on they are as those of our runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fiftyone_cvat.errors import ConfigurationError

__all__ = ["own_results"]


def own_results(results: Any, kind: Callable[..., Any]) -> Any:
    """Return results as ours: as they are, if they are ours already.

    What they share with those that were given, such as the ids of labels, stays
    shared.

    Args:
        results: the results of a run, or None
        kind: the class of ours

    Raises:
        ConfigurationError: if one of the task ids is none, or if the labels would be
            lost with the clips, frames or patches that they are imported for
    """
    if results is None or isinstance(results, kind):  # type: ignore[arg-type]
        return results
    if results.samples._dataset._is_generated:
        raise ConfigurationError(
            "Labels can be imported for samples of a dataset, not for clips, frames or "
            "patches that are made of them: they would be lost with these; give the "
            "dataset itself"
        )
    return kind(
        results.samples,
        results.config,
        results.key,
        **_arguments(results),
        backend=results.backend,
    )


def _arguments(results: Any) -> dict[str, Any]:
    """Return what our results are made of.

    Task ids are what the user wrote, texts too, and FiftyOne gives an empty list for
    the jobs, which nobody asked for yet.

    Args:
        results: what FiftyOne made
    """
    jobs = results.job_ids if isinstance(results.job_ids, Mapping) else {}
    frames = results.frame_id_map
    return {
        "id_map": results.id_map,
        "server_id_map": results.server_id_map,
        "project_ids": list(results.project_ids),
        "task_ids": [*map(_task_id, results.task_ids)],
        "job_ids": {_task_id(each): [*ids] for each, ids in jobs.items()},
        "frame_id_map": {_task_id(each): by for each, by in frames.items()},
        "labels_task_map": {
            label_field: [*map(_task_id, ids)]
            for label_field, ids in results.labels_task_map.items()
        },
        "frame_numbering": "file",
    }


def _task_id(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"{value!r} is no id of a task in CVAT: give the number at the end of the "
            "task's address"
        ) from None
