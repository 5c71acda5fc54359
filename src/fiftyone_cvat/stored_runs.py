"""What is stored of a run: read, and rid of tasks that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["forget", "keep_results", "number_targets", "stored_to_results"]


@contextmanager
def keep_results(run_doc: Any, *, overwrite: bool = True, **_: Any) -> Iterator[None]:
    """Keep the stored results of a run until new ones are saved in the block.

    FiftyOne deletes the file that holds them before it writes another: a process that
    ends in between would leave none, and nobody would know the run's tasks.

    Args:
        run_doc: FiftyOne's document of the run
        overwrite: whether they may be replaced; else FiftyOne refuses it
        **_: what else FiftyOne is told about saving them
    """
    if not overwrite:
        yield
        return
    file = run_doc.results
    old = file.grid_id
    file.grid_id = file.gridout = None
    try:
        yield
    except BaseException:
        file.grid_id, file.gridout = old, None
        raise
    if old:
        file.fs.delete(old)


def stored_to_results(stored: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a run's results from what is stored of them.

    JSON has turned ids that are keys into strings. Runs that the built-in CVAT
    integration saved long ago lack some of them.

    Args:
        stored: what the database holds
    """
    return {
        "id_map": stored["id_map"],
        "server_id_map": {
            kind: {int(server_id): label_id for server_id, label_id in by_id.items()}
            for kind, by_id in (stored.get("server_id_map") or {}).items()
        },
        "project_ids": stored.get("project_ids") or [],
        "task_ids": stored["task_ids"],
        "job_ids": {int(task_id): ids for task_id, ids in stored["job_ids"].items()},
        "frame_id_map": {
            int(task_id): {int(frame): each for frame, each in frames.items()}
            for task_id, frames in stored["frame_id_map"].items()
        },
        "labels_task_map": stored["labels_task_map"],
        "frame_numbering": stored.get("frame_numbering", "source"),
        "progress": stored.get("progress"),
        "merge": stored.get("merge"),
        "deleted": [(name, key) for name, key in stored.get("deleted") or ()],
    }


def number_targets(label_schema: Any) -> None:
    """Make pixel values numbers again where JSON has turned them into texts, in place.

    Args:
        label_schema: the label schema of a run
    """
    for info in label_schema.values() if isinstance(label_schema, dict) else ():
        targets = info.get("mask_targets")
        if isinstance(targets, dict):
            info["mask_targets"] = {
                int(key)
                if isinstance(key, str) and key.lstrip("-").isdecimal()
                else key: name
                for key, name in targets.items()
            }


def forget(results: Any, task_ids: Iterable[int] | None = None) -> None:
    """Take tasks out of a run, with the labels that went up in them.

    Args:
        results: the run's results, which are changed in place
        task_ids: tasks that do not exist any more; None for all that the run has
    """
    if task_ids is None:
        results.project_ids, results.task_ids = [], []
        results.job_ids, results.id_map, results.frame_id_map = {}, {}, {}
        results.server_id_map, results.labels_task_map = {}, {}
        results.deleted = []
        return
    gone = set(task_ids)
    for task_id in gone:
        results.job_ids.pop(task_id, None)
        frames = results.frame_id_map.pop(task_id, {})
        sample_ids = {each["sample_id"] for each in frames.values()}
        for by_sample in results.id_map.values():
            for sample_id in sample_ids:
                by_sample.pop(sample_id, None)
    results.task_ids = [each for each in results.task_ids if each not in gone]
    results.labels_task_map = {
        label_field: [each for each in ids if each not in gone]
        for label_field, ids in results.labels_task_map.items()
    }
